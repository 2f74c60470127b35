# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Which type each column has, decided by all of its values.

Staged texts and the mapping come in; one `ColumnRead` per canonical column and field goes out: how
it is read, how much is missing, what could not be read. A sample proposes readings, a count of all
values decides between them, and a type that the lake already has for a field is kept if it fits.
"""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass

from redumbrella.columns import TABLES, CanonicalColumn
from redumbrella.errors import SettingsError
from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.mapping import Mapping
from redumbrella.sources.staging import ROW, Staging
from redumbrella.sources.values import (
    BEYOND_REASON,
    CODE,
    Reading,
    Type,
    flag_reading,
    sample_readings,
)

# A field is a number, flag or time only when so many of its values can be read so.
READABLE_SHARE = 0.99


@dataclass(frozen=True)
class ColumnRead:
    """One column of the canonical table as it was found.

    `name` in the lake, `column` in the source; `kind` of a canonical column, None for a field;
    `present` and `unreadable` count values; `widened` says that the lake has had another type for
    the field, which now becomes text.
    """

    name: str
    column: str
    kind: str | None
    reading: Reading
    here: str
    present: int
    unreadable: int
    widened: bool = False
    notes: tuple[str, ...] = ()

    @property
    def type(self) -> Type:
        """number, flag, time, text or empty."""
        return self.reading.type

    @property
    def sql(self) -> str:
        """The typed value in the staging table."""
        return self.reading.sql(self.here)


@dataclass(frozen=True)
class _Wanted:
    """A column to decide on and the readings that may fit."""

    name: str
    origin: ColumnSource
    kind: str | None
    here: str
    readings: tuple[Reading, ...]


def read_columns(
    staging: Staging,
    mapping: Mapping,
    table: str,
    timezone: str,
    lake_types: MappingOf[str, Type],
) -> tuple[list[ColumnRead], list[str]]:
    """The type of every mapped column and field of a staged table, and problems."""
    samples = staging.samples(
        [name for name, here in staging.columns.items() if here not in staging.instants]
    )
    wanted = []
    for column in TABLES[table].columns:
        origin = mapping.canonical.get(column.name)
        if origin is not None:
            wanted.append(_canonical(column, origin, staging, samples))
    for name, origin in mapping.of_amount.items():
        wanted.append(_canonical(CanonicalColumn(name, "number"), origin, staging, samples))
    for name, source in mapping.fields.items():
        wanted.append(_field(name, source, staging, samples, lake_types.get(name)))
    counts = _count(staging, wanted)
    has_commas = any(
        _count_of(one, found, ",") > _count_of(one, found, ".")
        for one, found in zip(wanted, counts, strict=True)
    )
    problems: list[str] = []
    columns = []
    for one, found in zip(wanted, counts, strict=True):
        known = lake_types.get(one.name) if one.kind is None else None
        columns.append(
            _decide(
                one,
                found,
                known=known,
                has_commas=has_commas,
                timezone=timezone,
                problems=problems,
            )
        )
    return columns, [f"[tables.{table}] {problem}" for problem in problems]


def check_formats(staging: Staging, mapping: Mapping, table: str) -> None:
    """Raises SettingsError for a format in the settings that is no strptime format."""
    import duckdb

    for name, origin in mapping.canonical.items():
        if origin.format is None:
            continue
        try:
            staging.one(f"SELECT try_strptime('', {literal(origin.format)})")
        except duckdb.Error as problem:
            message = (
                f'[tables.{table}.columns] {name}: format = "{origin.format}" is no strptime '
                f'format ({problem}). Example: "%d.%m.%Y %H:%M" for 21.11.2026 08:30.'
            )
            raise SettingsError(message, reason="bad_format") from None


def _canonical(
    column: CanonicalColumn,
    origin: ColumnSource,
    staging: Staging,
    samples: MappingOf[str, list[str]],
) -> _Wanted:
    if origin.row:
        return _Wanted(column.name, origin, column.kind, ROW, (Reading("text"),))
    here = staging.columns[origin.column]
    sample = samples.get(origin.column, [])
    readings = [Reading("text")]
    if column.kind == "flag":
        readings = [flag_reading(origin.won, origin.lost)]
    elif column.kind == "number":
        readings = [one for one in sample_readings(sample) if one.type == "number"]
        readings = readings or [Reading("number", "."), Reading("number", ",")]
    elif column.kind == "time" and here in staging.instants:
        readings = [Reading("time", "typed")]
    elif column.kind == "time" and origin.format is not None:
        readings = [Reading("time", origin.format)]
    elif column.kind == "time":
        proposed = sample_readings(sample, compact_times=True)
        readings = [one for one in proposed if one.type == "time"] or [Reading("time", "iso")]
    return _Wanted(column.name, origin, column.kind, here, tuple(readings))


def _field(
    name: str,
    source: str,
    staging: Staging,
    samples: MappingOf[str, list[str]],
    known: Type | None,
) -> _Wanted:
    here = staging.columns[source]
    if here in staging.instants:
        readings = [Reading("time", "typed")]
    elif known == "text":
        readings = []
    else:
        readings = sample_readings(samples[source])
        if known is not None and known not in {one.type for one in readings}:
            readings = [*readings, *_readings_of(known)]
    return _Wanted(name, ColumnSource(source), None, here, tuple(readings))


def _readings_of(known: Type) -> list[Reading]:
    """What may fit a type that the lake already has."""
    if known == "number":
        return [Reading("number", "."), Reading("number", ",")]
    return [Reading("time", "iso") if known == "time" else Reading("flag")]


def _count(staging: Staging, wanted: Sequence[_Wanted]) -> list[list[int]]:
    """For each column: present values, values that are codes, values that each reading reads."""
    if not wanted:
        return []
    parts = []
    for one in wanted:
        is_text = one.here not in staging.instants and one.here != ROW
        has_number = any(reading.type == "number" for reading in one.readings)
        codes = f"count(*) FILTER (regexp_full_match({one.here}, {literal(CODE)}))"
        parts += [f"count({one.here})", codes if is_text and has_number else "0"]
        parts += [f"count({reading.sql(one.here)})" for reading in one.readings]
    flat = list(staging.one(f"SELECT {', '.join(parts)} FROM {quoted(staging.name)}"))
    counts = []
    for one in wanted:
        size = 2 + len(one.readings)
        counts.append([int(number) for number in flat[:size]])
        flat = flat[size:]
    return counts


def _count_of(one: _Wanted, found: Sequence[int], mark: str) -> int:
    """How many values are numbers with this decimal mark."""
    counts = zip(one.readings, found[2:], strict=True)
    return max(
        (n for reading, n in counts if (reading.type, reading.style) == ("number", mark)), default=0
    )


def _decide(
    one: _Wanted,
    found: Sequence[int],
    *,
    known: Type | None,
    has_commas: bool,
    timezone: str,
    problems: list[str],
) -> ColumnRead:
    present, codes, *counts = found
    notes: list[str] = []
    best = _best(one, counts, has_commas)
    reading = one.readings[best] if one.readings else Reading("text")
    readable = counts[best] if counts else present
    ties = [r for r, n in zip(one.readings, counts, strict=True) if n == readable > 0]
    if reading.type == "time" and len(ties) > 1:
        reading = _day_or_month(one, ties, timezone, notes, problems)
    if one.kind is None:
        reading = _field_reading(one, found, reading, readable, known)
        if reading.type in {"text", "empty"}:
            readable = present
    widened = known not in {None, reading.type} and reading.type == "text"
    if widened:
        notes.append(f"was {_named(known)} before: it is text from now on")
    if present > readable and one.kind is None:
        what = f"no {reading.type}"
        if reading.type == "number":
            what += f" below {BEYOND_REASON:,}"
        many = present - readable
        said = "1 value is {}, and counts" if many == 1 else f"{many:,} values are {{}} and count"
        notes.append(f"{said.format(what)} as missing")
    with_comma, with_point = _count_of(one, found, ","), _count_of(one, found, ".")
    if reading.type == "number" and reading.style == "," and with_comma > with_point:
        notes.append("numbers with a decimal comma")
    if codes and one.kind is None:
        notes.append("digits that are codes (leading zeros or very long), kept as text")
    return ColumnRead(
        name=one.name,
        column=one.origin.column,
        kind=one.kind,
        reading=reading,
        here=one.here,
        present=present,
        unreadable=present - readable,
        widened=widened,
        notes=tuple(notes),
    )


def _best(one: _Wanted, counts: Sequence[int], has_commas: bool) -> int:
    """Position of the reading that reads most; commas win a tie in a file that has them."""
    if not counts:
        return 0

    def rank(position: int) -> tuple[int, bool, int]:
        comma = one.readings[position].style == "," and has_commas
        return counts[position], comma, -position

    return max(range(len(counts)), key=rank)


def _field_reading(
    one: _Wanted, found: Sequence[int], reading: Reading, readable: int, known: Type | None
) -> Reading:
    """The reading of a field, or plain text when too little of it can be read."""
    present, codes, *counts = found
    if present == 0:
        return Reading("empty")
    if known is not None and known != reading.type:
        # What the lake already has is kept where it fits as well.
        fitting = [
            other
            for other, count in zip(one.readings, counts, strict=True)
            if other.type == known and count >= READABLE_SHARE * present
        ]
        return fitting[0] if fitting else Reading("text")
    is_code = reading.type == "number" and codes > 0
    return Reading("text") if is_code or readable < READABLE_SHARE * present else reading


def _day_or_month(
    one: _Wanted, ties: Sequence[Reading], timezone: str, notes: list[str], problems: list[str]
) -> Reading:
    """Which of several formats that read every value equally well is meant."""
    styles = " or ".join(f'"{reading.style}"' for reading in ties)
    if one.kind is not None:
        problems.append(
            f'the times in "{one.origin.column}" can be read as {styles}. Say which: '
            f'{one.name} = {{ column = "{one.origin.column}", format = "{ties[0].style}" }}'
        )
        return ties[0]
    month_first = timezone.startswith(("America/", "US/"))
    wanted = "%m" if month_first else "%d"
    chosen = next((one for one in ties if one.style.startswith(wanted)), ties[0])
    notes.append(f"times that fit {styles}: read as {chosen.style}")
    return chosen


def _named(known: Type | None) -> str:
    return {"number": "a number", "flag": "yes or no", "time": "a time"}.get(known or "", "text")
