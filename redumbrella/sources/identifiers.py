# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""The rule by which the text of an id becomes the id that is stored, alike for every table.

Staged texts of id columns come in; SQL for the stored id, notes on what it changed, and one
DataError for ids that a spreadsheet has spoilt go out. The rule looks at one text alone, so the
same text is the same id in every file, on every day. Promise: two texts that differ become one id
only by this rule, and where they do it is said.

What is taken off: blanks and invisible characters; what spreadsheets put around numbers to keep
them as text (="10001", '10001, "10001"); a fraction of zeros (10001.0). Addresses of e-mail lose
`mailto:` and count in small letters, and so do UUIDs, without braces. All else stays as it is:
leading zeros, capitals of other ids, hyphens.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from redumbrella.columns import Table
from redumbrella.errors import DataError
from redumbrella.lake.quoting import literal, quoted
from redumbrella.sources.inference import ColumnRead
from redumbrella.sources.staging import ROW, Staging

# From so many spoilt ids on, a table that needs the id cannot be read.
SPOILT_SHARE = 0.2

# Most ids are so plain that nothing can be taken off. Of the others most are of visible characters
# with letters or digits at both ends: nothing stands around them.
_PLAIN = "[0-9A-Za-z_-]*"
_SURROUNDED = "[^!-~]|^[^0-9A-Za-z]|[^0-9A-Za-z]$"
_UUID_LENGTH = 36
_INVISIBLE = r"[\p{Cf}\p{Cc}]|^[\s\p{Z}]+|[\s\p{Z}]+$"
_WRAPPED = r"""^(?:=?"([^"]*)"|='([^']*)'|'+([^']*)'?)$"""
# Not 1.000, which may be one thousand.
_FLOAT = r"^(?:(\d+)\.(?:0{1,2}|0{4,})|(\d{4,})\.000|(\d+),0{1,2})$"
_EMAIL = r"(?i)(?:mailto:)?[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+"
_UUID = r"(?i)\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?"
# What a spreadsheet makes of a number of more than 11 digits, and of those beyond the 15th.
_SPOILT = r"\d(?:[.,]\d*)?[eE]\+\d{1,3}"
_LONG, _ROUNDED = r"\d{16,}", r"\d{15}0+"
_ROUNDED_SHARE, _FEWEST_ROUNDED = 0.9, 5


def id_sql(text: str) -> str:
    """SQL: the id that is stored for an SQL column of type text; NULL where nothing is left."""
    shown = f"regexp_replace({text}, {literal(_INVISIBLE)}, '', 'g')"
    bare = rf"trim(regexp_replace({shown}, {literal(_WRAPPED)}, '\1\2\3'))"
    # Of an expression that stands several times each is worked out: as a variable it is one.
    return (
        f"CASE WHEN {_is_plain(text)} THEN {text} "
        f"WHEN NOT regexp_matches({text}, {literal(_SURROUNDED)}) THEN {_unified(text)} "
        f"ELSE list_transform([{bare}], lambda bare: nullif({_unified('bare')}, ''))[1] END"
    )


def _is_plain(text: str) -> str:
    """SQL: whether an id stays as it is, told cheaply; capitals of a UUID do not count."""
    return (
        f"(regexp_full_match({text}, {literal(_PLAIN)}) "
        f"AND (length({text}) <> {_UUID_LENGTH} OR lower({text}) = {text}))"
    )


def _unified(text: str) -> str:
    """SQL: an id around which nothing stands, in the spelling that is stored."""
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(_FLOAT)}) "
        rf"THEN regexp_replace({text}, {literal(_FLOAT)}, '\1\2\3') "
        f"WHEN contains({text}, '@') AND regexp_full_match({text}, {literal(_EMAIL)}) "
        f"THEN regexp_replace(lower({text}), '^mailto:', '') "
        f"WHEN length({text}) IN ({_UUID_LENGTH}, {_UUID_LENGTH + 2}) "
        f"AND regexp_full_match({text}, {literal(_UUID)}) THEN lower(trim({text}, '{{}}')) "
        f"ELSE {text} END"
    )


def is_id(column: ColumnRead) -> bool:
    """Whether the rule of ids applies to a column: to canonical ids, and to addresses of e-mail."""
    is_email = column.kind == "text" and column.name == "email"
    return column.here != ROW and (column.kind == "id" or is_email)


_ID_NAME = re.compile(r"(^|[^a-z])(id|nr|no|number|nummer|key|code)s?$", re.IGNORECASE)


@dataclass(frozen=True)
class _Odd:
    """The values of an id column that are not plain: how many are there, changed by the rule,
    spoilt; with examples.
    """

    changed: int
    before: str | None
    after: str | None
    spoilt: int
    spoilt_ids: int
    example: str | None


def clean_ids(
    staging: Staging, columns: Sequence[ColumnRead], table: Table, files: str
) -> list[str]:
    """Gives the staged id columns the ids that are stored; notes on what changed and is spoilt.

    files: their names, for messages. Raises DataError when a required id is spoilt in SPOILT_SHARE
    of the rows, or stands in several rows of a table in which it names one.
    """
    # An instant that serves as id is none of anybody's spelling.
    ids = [one for one in columns if is_id(one) and one.present]
    ids = [one for one in ids if one.here not in staging.instants]
    required = {column.name for column in table.columns if column.required} | set(table.one_of)
    notes: list[str] = []
    for here in dict.fromkeys(one.here for one in ids):
        same = [one for one in ids if one.here == here]
        column = next((one for one in same if one.name in required), same[0])
        present, odd, long, rounded = _count(staging, here)
        if rounded >= max(_ROUNDED_SHARE * long, _FEWEST_ROUNDED):
            notes.append(_rounded(column, long, rounded))
        found = _look_at_odd(staging, here) if odd else None
        if found is not None and found.spoilt:
            said = f"{files}: {_spoilt(column, present, found)}"
            is_shared = table.key == (column.name,) and found.spoilt > found.spoilt_ids
            is_often = found.spoilt >= SPOILT_SHARE * present
            if is_shared or (is_often and column.name in required):
                raise DataError(f"[tables.{table.name}] {said}", reason="spoilt_ids")
            notes.append(said)
        if found is not None and found.changed:
            notes.append(_changed(staging, column, found))
            staging.connection.execute(
                f"UPDATE {quoted(staging.name)} SET {here} = {id_sql(here)} "
                f"WHERE NOT {_is_plain(here)} AND {here} IS DISTINCT FROM {id_sql(here)}"
            )
    return [*notes, *_spoilt_fields(staging, columns)]


def _spoilt_fields(staging: Staging, columns: Sequence[ColumnRead]) -> list[str]:
    """Notes on fields that are called like ids, and are spoilt."""
    notes = []
    for column in columns:
        if column.kind is None and column.type == "text" and _ID_NAME.search(column.column):
            found = _look_at_odd(staging, column.here)
            if found.spoilt >= SPOILT_SHARE * max(column.present, 1):
                said = _spoilt(column, column.present, found)
                notes.append(f"{said[0].upper()}{said[1:]}")
    return notes


def _count(staging: Staging, here: str) -> tuple[int, ...]:
    """How many values are present, not plain, of more than 15 digits, and end in zeros then."""
    long = f"length({here}) > 15 AND regexp_full_match({here}, {literal(_LONG)})"
    return staging.one(
        f"SELECT count({here}), count(*) FILTER (NOT {_is_plain(here)}), "
        f"count(*) FILTER ({long}), "
        f"count(*) FILTER ({long} AND regexp_full_match({here}, {literal(_ROUNDED)})) "
        f"FROM {quoted(staging.name)}"
    )


def _look_at_odd(staging: Staging, here: str) -> _Odd:
    spoilt = f"regexp_full_match(text, {literal(_SPOILT)})"
    differs = "text IS DISTINCT FROM id"
    found = staging.one(
        f"SELECT count(*) FILTER ({differs}), min(text) FILTER ({differs}), "
        f"arg_min(id, text) FILTER ({differs}), count(*) FILTER ({spoilt}), "
        f"count(DISTINCT text) FILTER ({spoilt}), min(text) FILTER ({spoilt}) FROM ("
        f"SELECT {here} AS text, {id_sql(here)} AS id FROM {quoted(staging.name)} "
        f"WHERE NOT {_is_plain(here)})"
    )
    return _Odd(*found)


def _spoilt(column: ColumnRead, present: int, found: _Odd) -> str:
    is_all = found.spoilt == present
    many = f"all {present:,}" if is_all else f"{found.spoilt:,} of {present:,}"
    return (
        f'column "{column.column}" ({column.name}): {many} ids look like "{found.example}", only '
        f"{found.spoilt_ids:,} different ones. A spreadsheet has cut off their digits, so that "
        "different ones have become one. Export again with this column as text, without opening "
        "the file in a spreadsheet in between."
    )


def _rounded(column: ColumnRead, long: int, rounded: int) -> str:
    return (
        f'Column "{column.column}" ({column.name}): {rounded:,} of {long:,} ids of more than 15 '
        "digits end in zeros. A spreadsheet rounds such numbers, so that different ids become "
        "one. If these are not the real ids, export again with this column as text."
    )


def _changed(staging: Staging, column: ColumnRead, found: _Odd) -> str:
    """What the rule does to a column; ids that are written in several ways are counted."""
    twice, spelled = staging.one(
        f"SELECT count(*), min(spelled) FROM (SELECT list_sort(list(text)) AS spelled FROM ("
        f"SELECT text, {id_sql('text')} AS id FROM (SELECT DISTINCT {column.here} AS text "
        f"FROM {quoted(staging.name)} WHERE {column.here} IS NOT NULL)) "
        f"WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1)"
    )
    said = (
        f'Column "{column.column}" ({column.name}): {found.changed:,} ids written like '
        f"{_shown(found.before)} are stored as {_shown(found.after)}."
    )
    if twice:
        texts = " and ".join(_shown(text) for text in spelled[:3])
        said += f" {twice:,} ids are written in several ways, such as {texts}: each is one."
    return said


def _shown(text: str | None) -> str:
    if text is None:
        return "none"
    visible = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return f'"{visible[:60]}"'
