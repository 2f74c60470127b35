"""From source columns to canonical columns and fields.

The columns of a source and its settings come in; which canonical column is read from which source
column, which others become fields, notes and problems go out. Values are not looked at here.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from redumbrella.columns import RANKS, RHYTHM, TABLES, WRITTEN, Table
from redumbrella.errors import nearest
from redumbrella.settings.sources import ColumnSource, Source
from redumbrella.sources.staging import BAD, FILE, ROW

# What an amount rests on beside its own column, as it is called among the columns read.
TIMES, LESS = "amount: times", "amount: less"
_SHOWN_COLUMNS = 12
# So many mapped columns have to be gone, and half of them, where another file was put in place.
_LEAST_GONE, _SHOWN_GONE = 3, 4
# When a row was copied says nothing about it, and changes with every copy.
_COPIED = re.compile(
    r"_(fivetran|airbyte|sdc|dlt|hevo|stitch|rivery)_.*|_?(last_)?(synced|loaded|extracted|exported|"
    r"ingested|replicated)_(at|on|time|date)|_?(sync|load|extract|export|etl|ingest|ingestion|"
    r"snapshot)_(at|time|timestamp|date|ts|id)"
)


@dataclass(frozen=True)
class Mapping:
    """What each source column is for.

    `canonical`: canonical column -> where it comes from. `fields`: name of the field -> source
    column; they differ only where the name was taken. `problems` make reading impossible.
    """

    canonical: dict[str, ColumnSource]
    fields: dict[str, str]
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def of_amount(self) -> dict[str, ColumnSource]:
        """The further columns of numbers that the amount rests on, by TIMES and LESS."""
        amount = self.canonical.get("amount", ColumnSource())
        named = {TIMES: amount.times, LESS: amount.less}
        return {name: ColumnSource(column) for name, column in named.items() if column}


def map_columns(source: Source, columns: Sequence[str], lake: Iterable[str] = ()) -> Mapping:
    """Maps the columns of a source; explicit settings win, then equal names.

    Names are equal without capitals, blanks and marks too ("Cancelled at", "cancelledAt") and in
    American spelling ("Canceled At"): then a note says so.
    lake: names of the fields that the lake has. One that differs only in capitals is the same.
    """
    table = TABLES[source.table]
    problems = _unknown_names(source, columns)
    canonical = {
        name: origin
        for name, origin in source.columns.items()
        if origin.row or origin.column in columns
    }
    used = {origin.column for origin in canonical.values()}
    free = [name for name in columns if name not in used and name not in source.ignore]
    for name in free:
        target = table.column(name) or table.column(name.casefold())
        if target is not None and target.name not in source.columns:
            canonical.setdefault(target.name, ColumnSource(name))
    alike = _spelled_alike(source, table, canonical, free)
    canonical |= {target: ColumnSource(name) for target, name in alike.items()}
    used = {origin.column for origin in canonical.values()}
    problems += [
        f'"{origin.column}" is mapped to {name} and also ignored: remove one of the two.'
        for name, origin in source.columns.items()
        if origin.column in source.ignore
    ]
    problems += _required(source, table, canonical, columns)
    if problems and len(columns) == 1:
        problems.insert(
            0,
            f'only one column was found, "{columns[0][:80]}": is the delimiter right? '
            'Set it with delimiter = ";" (or "," or "tab" or "|").',
        )
    spelled = {name.casefold(): name for name in lake}
    left = [name for name in free if name not in used]
    copied = [name for name in left if _says_when_copied(name) and name not in source.keep]
    fields, notes = _fields([name for name in left if name not in copied], table, spelled)
    notes += [
        f'"{name}" says when the row was copied, not what happened: it is left out.'
        for name in copied
    ]
    notes += [
        f'"{name}" is taken for {target}. If it is not, put it into ignore, or name the column: '
        f'{target} = "…" under [tables.{source.table}.columns].'
        for target, name in alike.items()
    ]
    place = f"[tables.{source.table}]"
    return Mapping(canonical, fields, tuple(notes), tuple(f"{place} {one}" for one in problems))


def _spelled_alike(
    source: Source, table: Table, canonical: MappingOf[str, ColumnSource], free: Sequence[str]
) -> dict[str, str]:
    """Canonical column -> the first source column whose name differs only in spelling."""
    used = {origin.column for origin in canonical.values()}
    open_yet = {
        _letters(name): name
        for name in table.names
        if name not in canonical and name not in source.columns
    }
    alike: dict[str, str] = {}
    for name in free:
        target = open_yet.get(_letters(name))
        if target is not None and name not in used:
            alike.setdefault(target, name)
    return alike


def _letters(name: str) -> str:
    """A name without capitals, blanks and marks, in one spelling."""
    bare = "".join(letter for letter in name.casefold() if letter.isalnum())
    return bare.replace("canceled", "cancelled")


def _unknown_names(source: Source, columns: Sequence[str]) -> list[str]:
    """Names in the settings that no source column has."""
    named = [(f"{name} =", origin.column) for name, origin in source.columns.items()]
    named += [
        (f"{name} = {{ … }}", other)
        for name, origin in source.columns.items()
        for other in (origin.times, origin.less, origin.currency, origin.status, origin.decided)
        if other
    ]
    if said := _other_columns(source, [name for _, name in named if name], columns):
        return [said]
    named += [("ignore:", name) for name in source.ignore]
    named += [("keep:", name) for name in source.keep]
    return [
        f'{where} "{name}" is no column of the source.{nearest(name, columns)} '
        f"Columns: {_listed(columns)}. Correct the name in umbrella.toml, or export the column too."
        for where, name in named
        if name and name not in columns
    ]


def _other_columns(source: Source, named: Sequence[str], columns: Sequence[str]) -> str:
    """What is said where half of the mapped columns are gone: it is another file."""
    missing = list(dict.fromkeys(name for name in named if name not in columns))
    if len(missing) < _LEAST_GONE or 2 * len(missing) < len(set(named)):
        return ""
    this = "this file" if source.path else "the query"
    listed = ", ".join(f'"{name[:60]}"' for name in missing[:_SHOWN_GONE])
    more = f" and {len(missing) - _SHOWN_GONE} more" if len(missing) > _SHOWN_GONE else ""
    return (
        f"{this} has other columns than before, when umbrella.toml was written for it: "
        f"{len(missing)} of {len(set(named))} are gone. If another file took its place, put the "
        "right one back; if the columns have new names, write them under "
        f"[tables.{source.table}.columns], or let `umbrella init` write settings anew.\n"
        f"  Gone: {listed}{more}\n  Columns now: {_listed(columns)}"
    )


def _required(
    source: Source, table: Table, canonical: dict[str, ColumnSource], columns: Sequence[str]
) -> list[str]:
    """Required canonical columns that nothing is mapped to."""
    wanted: list[tuple[str, ...]] = [
        (column.name,)
        for column in table.columns
        if column.required and column.name not in source.columns
    ]
    if table.one_of and not set(table.one_of) & set(source.columns):
        wanted.append(table.one_of)
    problems = []
    for names in wanted:
        if set(names) & set(canonical):
            continue
        name = names[0]
        hint = nearest(name, [column.casefold() for column in columns])
        row = f" or, if rows have no id, {name} = {{ row = true }}" if name in table.key else ""
        problems.append(
            f"{' or '.join(names)} is required, but no column is mapped to it. Add "
            f'{name} = "…" under [tables.{source.table}.columns]{row}.{hint} '
            f"Columns: {_listed(columns)}."
        )
    return problems


def _fields(
    names: Sequence[str], table: Table, spelled: MappingOf[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Names for the fields; one that a canonical or internal column has gets a number.

    spelled: casefolded name -> the name in the lake, of the fields that it has.
    """
    # A lead's record also gets RHYTHM and RANKS where people have bought.
    taken = {n.casefold() for n in (*table.names, *WRITTEN, FILE, ROW, BAD, RHYTHM, *RANKS)}
    fields: dict[str, str] = {}
    notes = []
    for name in names:
        field, number = name, 2
        while field.casefold() in taken:
            field, number = f"{name} ({number})", number + 1
        if field != name:
            notes.append(f'The field "{name}" is called "{field}": {name} is a column of its own.')
        taken.add(field.casefold())
        fields[spelled.get(field.casefold(), field)] = name
    return fields, notes


def _says_when_copied(name: str) -> bool:
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])|[\s.-]+", "_", name.strip()).lower()
    return _COPIED.fullmatch(spelled) is not None


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(name[:60] for name in columns[:_SHOWN_COLUMNS])
    more = len(columns) - _SHOWN_COLUMNS
    return f"{shown} and {more} more" if more > 0 else shown
