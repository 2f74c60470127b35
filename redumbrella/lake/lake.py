# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What happened: one Delta table per canonical table, appended by ingestion, read by DuckDB.

Rows come in as Arrow tables with the canonical columns, the fields under their source names and
the INTERNAL columns; Arrow tables in the order of reading go out. Promise: an append is one atomic
commit, so a killed writer leaves either all of it or nothing, and readers of an older version are
not disturbed. Types of a column: string, float64, bool, timestamp[us, UTC].

Two writers must not append at once (`_order` continues the last one): hold the workspace lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from redumbrella.columns import INTERNAL, ORDER, TABLES
from redumbrella.errors import DataError, EngineError, NotFoundError, nearest
from redumbrella.lake.quoting import literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

# Rows per batch between DuckDB, Arrow and Delta: large enough to be fast, small in memory.
BATCH_ROWS = 50_000
# DuckDB may load what came with it, but fetch nothing.
OFFLINE: dict[str, Any] = {"autoinstall_known_extensions": False}
# The writer keeps a row group in memory until it is full.
_ROW_GROUP_ROWS = 65_536


class Lake:
    """The Delta tables below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def exists(self, table: str) -> bool:
        """Whether anything was ever appended to the table."""
        return (self.root / table / "_delta_log").is_dir()

    def tables(self) -> tuple[str, ...]:
        """Names of the tables that exist, sorted."""
        if not self.root.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.root.iterdir() if self.exists(path.name)))

    def version(self, table: str) -> int | None:
        """The newest Delta version of the table, or None when it does not exist."""
        return self._delta(table).version() if self.exists(table) else None

    def schema(self, table: str) -> pa.Schema:
        """Names and Arrow types of the table's columns. Raises NotFoundError."""
        import pyarrow as pa

        return pa.schema(self._delta(table).schema())

    def append(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> int:
        """Appends rows in one commit and returns the new Delta version.

        New columns are added to the table. Where the type of a column differs from what the table
        has, both become strings. Raises DataError when an INTERNAL column is missing.
        """
        import pyarrow as pa

        missing = [name for name in INTERNAL if name not in rows.schema.names]
        if missing:
            message = f"Rows for {table} lack the columns {', '.join(missing)} of ingestion."
            raise DataError(message, reason="missing_internal_columns")
        if not self.exists(table):
            return self._write(table, rows, mode="append")
        known = {column.name: column.type for column in self.schema(table)}
        conflicts = [
            column.name
            for column in rows.schema
            if not known.get(column.name, column.type).equals(column.type)
        ]
        self.widen(table, [name for name in conflicts if known[name] != pa.string()])
        if conflicts:
            rows = _select_from(rows, conflicts)
        return self._write(table, rows, mode="append", schema_mode="merge")

    def widen(self, table: str, columns: Sequence[str]) -> None:
        """Turns columns of an existing table into strings, in one commit; none given: no change.

        Whole numbers are written without a fraction, times as ISO 8601 in UTC.
        """
        if not columns:
            return
        with self._connection((table,)) as connection:
            rows = connection.sql(
                f"SELECT {_as_text(self.schema(table), columns)} FROM {quoted(table)}"
            ).to_arrow_reader(BATCH_ROWS)
            self._write(table, rows, mode="overwrite", schema_mode="overwrite")

    def overwrite(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> int:
        """Replaces the whole table in one commit; only for reading all its sources again."""
        return self._write(table, rows, mode="overwrite", schema_mode="overwrite")

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows in the order of reading. Raises NotFoundError for a table or column."""
        self._check_columns(table, columns)
        return self.query(f"SELECT {_listed(columns)} FROM {quoted(table)} ORDER BY {ORDER}")

    def current(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The newest version of each record, in the order in which records first arrived.

        Tables without a key hold facts, each of which is its own record: they are read as they are.
        """
        self._check_columns(table, columns)
        key = TABLES[table].key if table in TABLES else ()
        if not key:
            return self.read(table, columns)
        keys = ", ".join(quoted(name) for name in key)
        return self.query(
            f"SELECT {_listed(columns)} FROM {quoted(table)} "
            f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {ORDER} DESC) = 1 "
            f"ORDER BY min({ORDER}) OVER (PARTITION BY {keys})"
        )

    def query(self, sql: str) -> pa.Table:
        """The result of one SELECT in which every table of the lake is a view of its name.

        Raises EngineError when the SQL or a file cannot be read.
        """
        import duckdb

        with self._connection(self.tables()) as connection:
            try:
                return connection.sql(sql).to_arrow_table()
            except duckdb.Error as problem:
                message = f"The lake could not be read: {problem}"
                raise EngineError(message, reason="lake_query") from None

    @contextmanager
    def attached(self, connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
        """Makes a table readable in somebody else's DuckDB connection; yields the view's name."""
        view = f"lake_{table}"
        self._create_view(connection, table, view)
        try:
            yield view
        finally:
            connection.execute(f"DROP VIEW {quoted(view)}")

    @contextmanager
    def _connection(self, tables: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        connection = duckdb.connect(config=OFFLINE)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            for table in tables:
                self._create_view(connection, table, table)
            yield connection
        finally:
            connection.close()

    def _create_view(self, connection: duckdb.DuckDBPyConnection, table: str, view: str) -> None:
        delta = self._delta(table)
        columns = ", ".join(quoted(column.name) for column in delta.schema().fields)
        files = delta.file_uris()
        if not files:
            connection.register(view, self.schema(table).empty_table())
            return
        listed = ", ".join(literal(_pattern(file)) for file in files)
        connection.execute(
            f"CREATE VIEW {quoted(view)} AS "
            f"SELECT {columns} FROM read_parquet([{listed}], union_by_name = true)"
        )

    def _delta(self, table: str) -> DeltaTable:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if not self.exists(table):
            hint = nearest(table, self.tables())
            message = f'The lake has no table "{table}" yet.{hint} Run `umbrella ingest` first.'
            raise NotFoundError(message, reason="no_table")
        try:
            return DeltaTable(self.root / table)
        except DeltaError as problem:
            message = f"The lake table in {self.root / table} is damaged: {problem}"
            raise EngineError(message, reason="lake_damaged") from None

    def _write(self, table: str, rows: Any, **how: Any) -> int:
        from deltalake import WriterProperties, write_deltalake
        from deltalake.exceptions import DeltaError

        path = self.root.resolve() / table
        # Delta takes folders for URLs, and its URLs cannot carry these characters.
        if odd := re.search(r"[\[\]|^]|%[0-9A-Fa-f]{2}", str(path)):
            message = f'The lake cannot live in {path}: rename the folder without "{odd.group()}".'
            raise EngineError(message, reason="lake_folder")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            properties = WriterProperties(max_row_group_size=_ROW_GROUP_ROWS)
            write_deltalake(path, rows, writer_properties=properties, **how)
        except (DeltaError, OSError) as problem:
            message = f"The lake table in {path} could not be written: {problem}"
            raise EngineError(message, reason="lake_write") from None
        return self._delta(table).version()

    def _check_columns(self, table: str, columns: Sequence[str] | None) -> None:
        names = self.schema(table).names
        for column in columns or ():
            if column not in names:
                hint = nearest(column, names)
                message = f'The lake table {table} has no column "{column}".{hint}'
                raise NotFoundError(message, reason="no_column")


def _pattern(uri: str) -> str:
    """A file of Delta (percent-encoded) as a path for DuckDB (which expands * ? and [ ])."""
    return re.sub(r"[*?\[]", r"[\g<0>]", unquote(uri))


def _listed(columns: Sequence[str] | None) -> str:
    return "*" if columns is None else ", ".join(quoted(name) for name in columns)


def _as_text(schema: pa.Schema, columns: Sequence[str]) -> str:
    """A SELECT list of all columns, those named in `columns` as text."""
    return ", ".join(
        f"{_text_of(column)} AS {quoted(column.name)}"
        if column.name in columns
        else quoted(column.name)
        for column in schema
    )


def _text_of(column: pa.Field) -> str:
    import pyarrow as pa

    name = quoted(column.name)
    if pa.types.is_floating(column.type):
        whole = f"{name} = trunc({name}) AND abs({name}) < 1e15"
        return f"CASE WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
    if pa.types.is_timestamp(column.type):
        return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"{name}::VARCHAR"


def _select_from(rows: pa.Table | pa.RecordBatchReader, as_text: Sequence[str]) -> Any:
    """Arrow rows with some columns turned into text."""
    import duckdb

    connection = duckdb.connect(config=OFFLINE)
    connection.execute("SET TimeZone = 'UTC'")
    schema = rows.schema
    connection.register("rows", rows)
    return connection.sql(f"SELECT {_as_text(schema, as_text)} FROM rows").to_arrow_reader(
        BATCH_ROWS
    )
