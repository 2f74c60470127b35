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

from collections.abc import Sequence
from dataclasses import dataclass

from redumbrella.columns import Table
from redumbrella.errors import DataError
from redumbrella.lake.quoting import literal, quoted
from redumbrella.sources.inference import ColumnRead
from redumbrella.sources.staging import ROW, Staging

# From so many spoilt ids on, a table that needs the id cannot be read.
SPOILT_SHARE = 0.2

# Most ids are so plain that nothing can be taken off; all but UUIDs are told by this alone.
_PLAIN = "[0-9A-Za-z_-]*"
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
    """SQL: the id that is stored for an SQL expression of type text; NULL where nothing is left."""
    shown = f"regexp_replace({text}, {literal(_INVISIBLE)}, '', 'g')"
    bare = rf"regexp_replace({shown}, {literal(_WRAPPED)}, '\1\2\3')"
    whole = rf"regexp_replace(trim({bare}), {literal(_FLOAT)}, '\1\2\3')"
    small = (
        f"CASE WHEN regexp_full_match({whole}, {literal(_EMAIL)}) "
        f"THEN regexp_replace(lower({whole}), '^mailto:', '') "
        f"WHEN regexp_full_match({whole}, {literal(_UUID)}) THEN lower(trim({whole}, '{{}}')) "
        f"ELSE {whole} END"
    )
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(_PLAIN)}) "
        f"AND length({text}) <> {_UUID_LENGTH} THEN {text} ELSE nullif({small}, '') END"
    )


def is_id(column: ColumnRead) -> bool:
    """Whether the rule of ids applies to a column: to canonical ids, and to addresses of e-mail."""
    return column.here != ROW and (column.kind == "id" or _is_email(column))


def _is_email(column: ColumnRead) -> bool:
    return column.kind == "text" and column.name == "email"


@dataclass(frozen=True)
class _Counted:
    """How many values of an id column are present, changed by the rule, spoilt; examples."""

    column: ColumnRead
    present: int
    changed: int
    before: str | None
    after: str | None
    spoilt: int
    spoilt_ids: int
    example: str | None
    long: int
    rounded: int


def check_ids(
    staging: Staging, columns: Sequence[ColumnRead], table: Table, files: str
) -> list[str]:
    """Notes on the id columns of a staged table: what the rule changed, and ids that are spoilt.

    files: their names, for messages. Raises DataError when a required id is spoilt in SPOILT_SHARE
    of the rows, or stands in several rows of a table in which it names one.
    """
    counts = _count(staging, [one for one in columns if is_id(one) and one.present])
    required = {column.name for column in table.columns if column.required} | set(table.one_of)
    notes: list[str] = []
    for one in counts:
        if one.spoilt:
            said = f"{files}: {_spoilt(one)}"
            is_shared = table.key == (one.column.name,) and one.spoilt > one.spoilt_ids
            is_often = one.spoilt >= SPOILT_SHARE * one.present
            if is_shared or (is_often and one.column.name in required):
                raise DataError(f"[tables.{table.name}] {said}", reason="spoilt_ids")
            notes.append(said)
        if one.rounded >= max(_ROUNDED_SHARE * one.long, _FEWEST_ROUNDED):
            notes.append(_rounded(one))
        if one.changed:
            notes.append(_changed(staging, one))
    return notes


def _count(staging: Staging, columns: Sequence[ColumnRead]) -> list[_Counted]:
    if not columns:
        return []
    parts = []
    for column in columns:
        text = _text(column)
        differs = f"{text} <> coalesce({id_sql(text)}, '')"
        spoilt = f"regexp_full_match({text}, {literal(_SPOILT)})"
        parts += [
            f"count({text})",
            f"count(*) FILTER ({differs})",
            f"min({text}) FILTER ({differs})",
            f"arg_min({id_sql(text)}, {text}) FILTER ({differs})",
            f"count(*) FILTER ({spoilt})",
            f"count(DISTINCT {text}) FILTER ({spoilt})",
            f"min({text}) FILTER ({spoilt})",
            f"count(*) FILTER (regexp_full_match({text}, {literal(_LONG)}))",
            f"count(*) FILTER (regexp_full_match({text}, {literal(_ROUNDED)}))",
        ]
    size = len(parts) // len(columns)
    found = staging.one(f"SELECT {', '.join(parts)} FROM {quoted(staging.name)}")
    return [_Counted(one, *found[size * n : size * (n + 1)]) for n, one in enumerate(columns)]


def _text(column: ColumnRead) -> str:
    return f"{column.here}::VARCHAR"


def _spoilt(one: _Counted) -> str:
    many = f"all {one.spoilt:,}" if one.spoilt == one.present else f"{one.spoilt:,} of "
    many += "" if one.spoilt == one.present else f"{one.present:,}"
    return (
        f'column "{one.column.column}" ({one.column.name}): {many} ids look like '
        f'"{one.example}", only {one.spoilt_ids:,} different ones. A spreadsheet has cut off their '
        "digits, so that different ones have become one. Export again with this column as text, "
        "without opening the file in a spreadsheet in between."
    )


def _rounded(one: _Counted) -> str:
    return (
        f'Column "{one.column.column}" ({one.column.name}): {one.rounded:,} of {one.long:,} ids of '
        "more than 15 digits end in zeros. A spreadsheet rounds such numbers, so that different "
        "ids become one. If these are not the real ids, export again with this column as text."
    )


def _changed(staging: Staging, one: _Counted) -> str:
    text = _text(one.column)
    twice = staging.one(
        f"SELECT count(*), min(spelled) FROM (SELECT list_sort(list(DISTINCT {text})) AS spelled, "
        f"count(DISTINCT {text}) AS n FROM {quoted(staging.name)} WHERE {text} IS NOT NULL "
        f"GROUP BY {id_sql(text)} HAVING n > 1)"
    )
    said = (
        f'Column "{one.column.column}" ({one.column.name}): {one.changed:,} ids written like '
        f"{_shown(one.before)} are stored as {_shown(one.after)}."
    )
    if twice[0]:
        spelled = " and ".join(_shown(text) for text in twice[1][:3])
        said += f" {twice[0]:,} ids are written in several ways, such as {spelled}: each is one."
    return said


def _shown(text: str | None) -> str:
    if text is None:
        return "none"
    visible = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return f'"{visible[:60]}"'
