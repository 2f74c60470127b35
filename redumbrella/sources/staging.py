# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""A place to look at everything that was read before anything is written: DuckDB, in memory.

Chunks of records come in and are cleaned (blanks trimmed, empty texts NULL); one table of texts and
instants per canonical table goes out. Words such as NA stay and are counted for each column: what
they mean is decided when all rows are known. A date is the last microsecond of its day. Memory is
bounded: DuckDB moves what does not fit into a temporary folder, which is removed at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redumbrella.lake.quoting import quoted
from redumbrella.sources.connection import MEMORY_LIMIT
from redumbrella.sources.formats.records import Chunk
from redumbrella.sources.spellings.instants import end_of_day_sql
from redumbrella.sources.spellings.placeholders import ALWAYS_MISSING, MISSING_WORDS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Megabytes. Rows go to disk where memory is short; what is worked on of each column cannot: up to
# 2 MB with two threads, and where texts are long, so many rows.
MORE_PER_COLUMN = 4
_ROWS_AT_WORK = 4 * 2_048
FILE = "_file"  # position of the file among those read, from 0
ROW = "_row"  # number of the record in its file
BAD = "_bad"  # why a typed row is set aside, NULL when it is good
ITEM = "_item"  # bool: a further item of an order, without an amount of its own

_SAMPLED = 1_000  # characters: more than any number or time has
_BLANKS = " \t\r\n\f\u00a0\ufeff"


@dataclass
class Staging:
    """The records of all files of one canonical table, as texts and instants.

    `columns` maps each source column to its column here ("Name" and "name" of two files are one);
    `instants` are those here that came as times. `missing`: texts of the settings that stand for a
    missing value, besides empty ones; `missing_texts` counts them, with their columns here. `words`
    counts the words of each column here that may stand for one; `delimiters` are those of the
    files. `widest`: mean bytes of a record, where they are longest. `marks`: bool columns that were
    added.
    """

    connection: duckdb.DuckDBPyConnection
    name: str
    columns: dict[str, str] = field(default_factory=dict)
    instants: set[str] = field(default_factory=set)
    missing: tuple[str, ...] | None = None
    missing_texts: dict[str, Counter[str]] = field(default_factory=dict)
    words: dict[str, Counter[str]] = field(default_factory=dict)
    delimiters: set[str] = field(default_factory=set)
    widest: int = 0
    marks: set[str] = field(default_factory=set)

    def create(self) -> None:
        """Makes the empty table."""
        self.connection.execute(f"CREATE TABLE {quoted(self.name)} ({FILE} INTEGER, {ROW} BIGINT)")

    def add(self, file: int, chunk: Chunk) -> int:
        """Adds the records of a chunk, without those that are empty in every column."""
        names = [self._prepare(column) for column in chunk.rows.schema]
        rows = self._clean(chunk.rows.rename_columns(names))
        values = ", ".join(f"{self._value(column)} AS {column.name}" for column in rows.schema)
        self.widest = max(self.widest, rows.nbytes // max(rows.num_rows, 1))
        self._make_room()
        some = " OR ".join(f"{name} IS NOT NULL" for name in names)
        self.connection.register("chunk", rows.append_column(ROW, [chunk.numbers]))
        try:
            before = self.count()
            self.connection.execute(
                f"INSERT INTO {quoted(self.name)} BY NAME SELECT * FROM ("
                f"SELECT {file} AS {FILE}, {ROW}, {values} FROM chunk) WHERE {some}"
            )
        finally:
            self.connection.unregister("chunk")
        return self.count() - before

    def know(self, columns: Sequence[str]) -> None:
        """Makes room for the columns of a file that has no records."""
        import pyarrow as pa

        for name in columns:
            self._prepare(pa.field(name, pa.string()))

    def mark(self, name: str) -> None:
        """Adds a bool column, false everywhere."""
        self._alter(f"ADD COLUMN {name} BOOLEAN DEFAULT FALSE")
        self.marks.add(name)

    def count(self, condition: str = "TRUE") -> int:
        """Number of records for which an SQL condition holds."""
        return int(self.one(f"SELECT count(*) FROM {quoted(self.name)} WHERE {condition}")[0])

    def drop(self) -> None:
        """Frees the memory of the texts."""
        self.connection.execute(f"DROP TABLE {quoted(self.name)}")

    def one(self, query: str) -> tuple[Any, ...]:
        """The only row of a query."""
        found = self.connection.execute(query).fetchone()
        assert found is not None
        return tuple(found)

    def samples(self, columns: Sequence[str], rows: int = 5_000) -> dict[str, list[str]]:
        """Present texts of source columns, from records spread evenly over all; long ones cut."""
        if not columns:
            return {}
        step = max(self.count() // rows, 1)
        wanted = ", ".join(f"left({self.columns[column]}, {_SAMPLED})" for column in columns)
        table = self.connection.sql(
            f"SELECT {wanted} FROM {quoted(self.name)} WHERE rowid % {step} = 0"
        ).to_arrow_table()
        return {
            column: table.column(position).drop_null().to_pylist()
            for position, column in enumerate(columns)
        }

    def _prepare(self, column: pa.Field) -> str:
        """The column here for a source column; one that is a time only in some files is text."""
        is_instant = _is_instant(column)
        spelled = {name.casefold(): here for name, here in self.columns.items()}
        here = spelled.get(column.name.casefold())
        if here is None:
            here = self.columns[column.name] = f"c{len(self.columns)}"
            self._alter(f"ADD COLUMN {here} {'TIMESTAMPTZ' if is_instant else 'VARCHAR'}")
            self._make_room()
            if is_instant:
                self.instants.add(here)
        elif here in self.instants and not is_instant:
            self._alter(f"ALTER COLUMN {here} TYPE VARCHAR USING {_instant_text(here)}")
            self.instants.discard(here)
        return here

    def _make_room(self) -> None:
        at_work = _ROWS_AT_WORK * self.widest >> 20
        room = MEMORY_LIMIT + MORE_PER_COLUMN * len(self.columns) + at_work
        self.connection.execute(f"SET memory_limit = '{room}MB'")

    def _alter(self, change: str) -> None:
        self.connection.execute(f"ALTER TABLE {quoted(self.name)} {change}")

    def _clean(self, rows: pa.Table) -> pa.Table:
        """The texts without blanks around them, and without those that stand for nothing."""
        import pyarrow as pa
        from pyarrow import compute

        nothing = pa.scalar(None, pa.string())
        missing = pa.array([*ALWAYS_MISSING, *(self.missing or ())])
        words = pa.array(sorted(MISSING_WORDS))
        for position, column in enumerate(rows.schema):
            if not _is_text(column):
                continue
            texts = compute.utf8_trim(rows.column(position).cast(pa.string()), _BLANKS)
            is_missing = compute.is_in(texts, value_set=missing)
            self._note(self.missing_texts, column.name, texts.filter(is_missing))
            texts = compute.if_else(is_missing, nothing, texts)
            is_word = compute.is_in(texts, value_set=words)
            self._note(self.words, column.name, texts.filter(is_word))
            rows = rows.set_column(position, column.name, texts)
        return rows

    @staticmethod
    def _note(counters: dict[str, Counter[str]], here: str, texts: pa.ChunkedArray) -> None:
        """Counts texts of a column here."""
        from pyarrow import compute

        for found in compute.value_counts(texts).to_pylist():
            if found["values"]:
                counters.setdefault(here, Counter())[found["values"]] += found["counts"]

    def _value(self, column: pa.Field) -> str:
        """SQL for a column of a chunk as the text or instant that is kept here."""
        import pyarrow as pa

        name = column.name
        if _is_instant(column):
            instant = f"{name}::TIMESTAMPTZ"
            if pa.types.is_date(column.type):
                instant = end_of_day_sql(f"{name}::TIMESTAMP")
            return instant if name in self.instants else _instant_text(instant)
        if pa.types.is_floating(column.type):
            # As exports write them: no fraction on whole numbers, NaN is missing.
            number = f"{name}::DOUBLE"
            return (
                f"CASE WHEN isnan({number}) THEN NULL "
                f"WHEN {number} = trunc({number}) AND abs({number}) < 1e15 "
                f"THEN {number}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
            )
        if pa.types.is_nested(column.type):
            return f"to_json({name})::VARCHAR"
        return f"{name}::VARCHAR"


def _is_instant(column: pa.Field) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))


def _is_text(column: pa.Field) -> bool:
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _instant_text(name: str) -> str:
    return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
