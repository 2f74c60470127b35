# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Which rows can be used: typed rows, and values that cannot be read.

A staged table and the decision how to read each column come in; a table of typed rows with a
content hash goes out, in which every unusable row carries the reason why. Promise: no row
disappears here; each is good or rejected with a reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redumbrella.clock import to_iso
from redumbrella.columns import ROW_HASH, STAGE, TABLES, Table
from redumbrella.lake.days import is_later
from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.sources import Source
from redumbrella.sources.amounts import Amounts
from redumbrella.sources.decided import only_where_decided
from redumbrella.sources.inference import ColumnRead
from redumbrella.sources.spellings.numbers import BEYOND_REASON
from redumbrella.sources.spellings.values import Reading
from redumbrella.sources.staging import BAD, FILE, ITEM, ROW, Staging

SQL_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "number": "DOUBLE",
    "time": "TIMESTAMPTZ",
    "flag": "BOOLEAN",
}
# So many rejected rows of one table are kept with their text; all are counted.
KEPT_REJECTED = 100_000
_KEPT_TEXT = 2_000  # characters of each of their fields
# Rows that are no mistakes: exact copies of another one, and older versions of its record.
IDENTICAL, OLDER = "identical", "older"


@dataclass(frozen=True)
class Rejected:
    """One row that was set aside. `file` is the position of its file, `record` its number there."""

    file: int
    record: int
    reason: str
    message: str
    raw: str


@dataclass(frozen=True)
class TypedRows:
    """The typed rows of a table: the name of their DuckDB table, their columns, the read columns.

    `columns` are the canonical columns, all of them, and then the fields that have values, each
    with the name it has here: a field is numbered, because a source may call it as it likes, and
    `rowid` or a name of ours would hide what DuckDB and we call so.
    """

    staging: Staging
    table: Table
    name: str
    columns: Mapping[str, str]
    read: tuple[ColumnRead, ...]

    def count(self) -> int:
        """Number of rows, good and bad."""
        return int(self.staging.one(f"SELECT count(*) FROM {self.name}")[0])

    def counts(self, files: int) -> list[Counter[str]]:
        """For each file how many rows do not count, by reason.

        Those that are IDENTICAL or OLDER are no mistakes.
        """
        counts = [Counter[str]() for _ in range(files)]
        found = self.staging.connection.execute(
            f"SELECT {FILE}, split_part({BAD}, ':', 1), count(*) FROM {self.name} "
            f"WHERE {BAD} IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        for file, reason, count in found:
            counts[file][reason] = count
        return counts


def type_rows(
    staging: Staging,
    source: Source,
    read: Sequence[ColumnRead],
    files: Sequence[str] | None,
    amounts: Amounts | None = None,
) -> TypedRows:
    """Makes the table of typed rows. `files`: names to put before ids made of row numbers.

    amounts: how the amount of a row is read, where the table has amounts.
    """
    table = TABLES[source.table]
    by_name = {column.name: column for column in read if column.kind is not None}
    expressions: dict[str, str] = {}
    for column in table.columns:
        found = by_name.get(column.name)
        kind = SQL_TYPES[column.kind]
        if found is None:
            expressions[column.name] = f"NULL::{kind}"
        elif found.here == ROW:
            expressions[column.name] = _row_id(files)
        else:
            expressions[column.name] = f"({_canonical_sql(found, staging)})::{kind}"
    if amounts is not None:
        expressions["amount"] = f"({amounts.sql})::DOUBLE"
    if amounts is not None and amounts.void is not None:
        at, cancelled = expressions["at"], expressions["cancelled_at"]
        expressions["cancelled_at"] = (
            f"CASE WHEN {amounts.void} THEN coalesce({cancelled}, {at}) ELSE {cancelled} END"
        )
    for name, origin in source.columns.items():
        if origin.decided is not None:
            here = staging.columns[origin.decided]
            is_instant = here in staging.instants
            expressions[name] = only_where_decided(expressions[name], here, is_instant=is_instant)
    if source.table == "leads":
        lead, person = expressions["lead_id"], expressions["person_id"]
        expressions["person_id"] = f"coalesce({person}, {lead})"
    if source.stage_column is not None and "won" in by_name:
        # Of open leads alone, so that no outcome comes back by another name.
        stage = f"({by_name['won'].text})::VARCHAR"
        expressions[STAGE] = f"CASE WHEN ({expressions['won']}) IS NULL THEN {stage} END"
    fields = [column for column in read if column.kind is None and column.type != "empty"]
    named = {name: name for name in expressions}
    named |= {column.name: f"_field{number}" for number, column in enumerate(fields)}
    expressions |= {column.name: column.sql for column in fields}
    listed = ", ".join(f"{sql} AS {quoted(named[name])}" for name, sql in expressions.items())
    name = f"typed_{source.table}"
    staging.connection.execute(
        f"CREATE TABLE {name} AS SELECT {FILE}, {ROW}, {listed}, "
        f"{_hash(expressions, table, fields)} AS {ROW_HASH}, {_bad(table, by_name, staging)} "
        f"AS {BAD} FROM {quoted(staging.name)}"
    )
    return TypedRows(staging, table, name, named, tuple(read))


# What it means when an instant of these columns has not come yet.
_UNTIL_THEN = {
    "at": "do not count until then",
    "known_at": "are not known until then",
    "created_at": "are neither learned from nor scored until then",
    "closed_at": "are won or lost all the same; when they closed counts as unknown",
    "cancelled_at": "count as purchases until then",
}


def future_notes(rows: TypedRows, now: int) -> list[str]:
    """How many good rows are dated at or after `now` (UTC microseconds), and what that means."""
    dated = [
        column
        for column in rows.read
        if column.kind == "time" and column.name in _UNTIL_THEN and column.present
    ]
    if not dated:
        return []
    instant = f"make_timestamptz({now})"
    counts = [_later(column.name, rows.table, instant) for column in dated]
    found = rows.staging.one(f"SELECT {', '.join(counts)} FROM {rows.name} WHERE {BAD} IS NULL")
    return [
        f'Rows whose "{column.column}" lies in the future, after {to_iso(now)[:10]}: {count:,}. '
        f"They {_UNTIL_THEN[column.name]}. If it has passed, correct it in the source, or say its "
        "format in umbrella.toml."
        for column, count in zip(dated, found, strict=True)
        if count
    ]


def _later(name: str, table: Table, instant: str) -> str:
    """SQL: how many rows are dated later; a lead without an outcome may be expected to close."""
    closed = " AND won IS NOT NULL" if name == "closed_at" and table.column("won") else ""
    return f"count(*) FILTER ({is_later(quoted(name), instant)}{closed})"


def find_rejected(rows: TypedRows, limit: int = KEPT_REJECTED) -> list[Rejected]:
    """The rows that were set aside, in the order of reading, with what was wrong."""
    staging = rows.staging
    by_name = {column.name: column for column in rows.read}
    columns = list(staging.columns.items())
    raw = ", ".join(f"left(r.{here}::VARCHAR, {_KEPT_TEXT})" for _, here in columns)
    found = staging.connection.execute(
        f"SELECT t.{FILE}, t.{ROW}, t.{BAD}, {raw} FROM {rows.name} t "
        f"JOIN {quoted(staging.name)} r ON t.{FILE} = r.{FILE} AND t.{ROW} = r.{ROW} "
        f"WHERE t.{BAD} IS NOT NULL AND t.{BAD} NOT IN ({literal(IDENTICAL)}, {literal(OLDER)}) "
        f"ORDER BY t.{FILE}, t.{ROW} LIMIT {limit}"
    ).fetchall()
    result = []
    for file, record, bad, *values in found:
        reason, _, name = bad.partition(":")
        present = dict(zip((here for _, here in columns), values, strict=True))
        message = _message(reason, by_name.get(name), name, present, rows.table)
        text = ", ".join("" if value is None else str(value) for value in values)
        result.append(Rejected(file, record, reason, message, text))
    return result


def _canonical_sql(column: ColumnRead, staging: Staging) -> str:
    if column.here in staging.instants and column.reading.style != "typed":
        return column.reading.sql(f"({column.text})::VARCHAR")
    return column.sql


def _row_id(files: Sequence[str] | None) -> str:
    if files is None:
        return f"{ROW}::VARCHAR"
    listed = ", ".join(literal(name) for name in files)
    return f"[{listed}][{FILE} + 1] || '#' || {ROW}"


def _hash(expressions: dict[str, str], table: Table, fields: Sequence[ColumnRead]) -> str:
    """A 64-bit hash of what the row says: independent of the order of columns and of field types.

    Fields count by their text, so that a column that changes its type later leaves old rows alone;
    missing values do not count, so that a new empty column changes nothing.
    """
    texts = {}
    for column in table.columns:
        sql = expressions[column.name]
        if not sql.startswith("NULL::"):
            texts[column.name] = f"epoch_us({sql})" if column.kind == "time" else sql
    if STAGE in expressions:
        texts[STAGE] = expressions[STAGE]
    for field in fields:
        is_instant = field.reading.style == "typed"
        texts[field.name] = f"epoch_us({field.text})" if is_instant else field.text
    parts = ", ".join(
        f"{literal(name)} || chr(30) || ({sql})::VARCHAR" for name, sql in sorted(texts.items())
    )
    joined = f"md5_number_lower(concat_ws(chr(31), {parts}))"
    return f"({joined}::HUGEINT - 9223372036854775808)::BIGINT"


def _bad(table: Table, by_name: dict[str, ColumnRead], staging: Staging) -> str:
    """Why a row cannot be used, as 'reason:column'; NULL when it can."""
    cases = []
    for column in table.columns:
        found = by_name.get(column.name)
        if found is None or found.here == ROW:
            continue
        if column.required:
            missing = literal(f"missing_required:{column.name}")
            # A further item of an order has no amount of its own.
            unless = f" AND NOT {ITEM}" if column.name == "amount" and ITEM in staging.marks else ""
            cases.append(f"WHEN {found.text} IS NULL{unless} THEN {missing}")
        # An outcome with listed values is open for every other value.
        lists_values = column.kind == "flag" and found.reading != Reading("flag")
        if found.type != "text" and found.sets_aside and not lists_values:
            unreadable = literal(f"unreadable_value:{column.name}")
            typed = _canonical_sql(found, staging)
            cases.append(f"WHEN {found.text} IS NOT NULL AND ({typed}) IS NULL THEN {unreadable}")
    given = [by_name[name].text for name in table.one_of if name in by_name]
    if given:
        none = " AND ".join(f"{text} IS NULL" for text in given)
        cases.append(f"WHEN {none} THEN {literal(f'missing_required:{table.one_of[0]}')}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"


def _message(
    reason: str,
    column: ColumnRead | None,
    name: str,
    values: dict[str, Any],
    table: Table,
) -> str:
    if reason in {"duplicate_id", "two_outcomes"}:
        what = "another outcome" if reason == "two_outcomes" else "other values"
        key = " and ".join(table.key)
        return f"row {name} has the same {key} with {what}: that row counts"
    assert column is not None
    if reason == "missing_required":
        needed = " or ".join(table.one_of) if name in table.one_of else name
        return f'column "{column.column}" is empty, but {needed} is required'
    value = str(values[column.here])[:100]
    if column.reading.is_beyond(value):
        return (
            f'column "{column.column}": "{value}" is beyond reason: less than {BEYOND_REASON:,} '
            "either way is expected"
        )
    return f'column "{column.column}": "{value}" is not {column.reading.expected}'
