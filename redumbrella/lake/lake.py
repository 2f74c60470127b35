# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What happened: one Delta table per canonical table, appended by ingestion, read by DuckDB.

Rows come in as Arrow tables with the canonical columns, the fields under their source names and
the INTERNAL columns; Arrow tables in the order of reading go out. Promise: an append is one atomic
commit, so a killed writer leaves either all of it or nothing, and readers of an older version are
not disturbed. A table opens only as it was written (`seals`): a lost or altered file is one
EngineError, `lake_damaged`. Types of a column: string, float64, bool, timestamp[us, UTC].

Two writers must not append at once (`_order` continues the last one): hold the workspace lock.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from redumbrella.columns import INTERNAL, ORDER, TABLES
from redumbrella.errors import DataError, EngineError, NotFoundError, nearest
from redumbrella.lake.duckdb_options import BATCH_ROWS, OFFLINE
from redumbrella.lake.failures import damaged, reading, writing
from redumbrella.lake.quoting import literal, quoted
from redumbrella.lake.seals import FOLDER, LOG, Seal, Seals
from redumbrella.lake.text_columns import rows_as_text, select_as_text
from redumbrella.lake.versions import current_facts, current_records

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

Compression = Literal["SNAPPY", "ZSTD"]
# The writer keeps a row group in memory until it is full.
_ROW_GROUP_ROWS = 65_536
# Files of a table, and entries of its log, from which on they are joined.
MOST_FILES = 8
# A reader that opened a table before a change reads it to its end meanwhile.
KEEP_MICROSECONDS = 24 * 3_600 * 1_000_000
# A table that changes while it is opened is opened again.
_TRIES = 5
# What killed commands leave in the lake's folder; nobody needs it.
LEFT_BEHIND = (".*.new", ".*.old", ".spill", f"{FOLDER}/*.part")
# The number of a version at the start of a name in the log.
_DIGITS = 20
# Types of a column of the lake, by Arrow's name, as DuckDB calls them; the rest are texts.
_SQL_TYPES = {
    "double": "DOUBLE", "bool": "BOOLEAN", "int64": "BIGINT",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}  # fmt: skip


class Lake:
    """The Delta tables below one folder. compression: of its files, None for Delta's own."""

    def __init__(self, root: Path, compression: Compression | None = None) -> None:
        self.root, self.compression = root, compression
        self.seals = Seals(root)

    def exists(self, table: str) -> bool:
        """Whether anything was ever appended to the table, damaged or not."""
        folder = self.root / table
        with reading(self.root, table):
            if not self._is_there():
                return False
            if (folder / LOG).is_dir():
                return True
            seal = self.seals.read(table)
            if seal is not None:
                return not seal.open or bool(seal.data)
            return folder.is_file() or (folder.is_dir() and any(folder.iterdir()))

    def tables(self) -> tuple[str, ...]:
        """Names of the tables that exist, sorted."""
        with reading(self.root):
            if not self._is_there():
                return ()
            found = {path.name for path in self.root.iterdir() if not path.name.startswith(".")}
            found |= self.seals.names()
        return tuple(sorted(name for name in found if self.exists(name)))

    def _is_there(self) -> bool:
        if self.root.is_dir():
            return True
        if self.root.exists():
            message = f"{self.root} is a file, and the lake's folder belongs there. Move it away."
            raise EngineError(message, reason="lake_folder")
        return False

    def version(self, table: str) -> int | None:
        """The newest Delta version of the table, or None when it does not exist."""
        return self._delta(table).version() if self.exists(table) else None

    def content(self, table: str) -> str:
        """A name for the rows of the table: other rows have another, files that were joined not."""
        delta, seal = self._opened(table)
        own = f"{delta.metadata().id}:{delta.version()}"
        return own if seal is None or seal.open else seal.content

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
            rows = rows_as_text(rows, conflicts)
        return self._write(table, rows, mode="append", schema_mode="merge")

    def widen(self, table: str, columns: Sequence[str]) -> None:
        """Turns columns of an existing table into strings, in one commit; none given: no change.

        Whole numbers are written without a fraction, times as ISO 8601 in UTC.
        """
        if not columns:
            return
        with self._connection((table,)) as connection:
            rows = connection.sql(
                f"SELECT {select_as_text(self.schema(table), columns)} FROM {quoted(table)}"
            ).to_arrow_reader(BATCH_ROWS)
            self._write(table, rows, mode="overwrite", schema_mode="overwrite")

    def overwrite(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> int:
        """Replaces the whole table in one commit; only for reading all its sources again.

        One that is damaged is written beside its place and takes it at the end.
        """
        if self.exists(table) and not self._is_whole(table):
            return self._renew(table, rows)
        return self._write(table, rows, mode="overwrite", schema_mode="overwrite")

    def replace(self, table: str, rows: pa.Table, where: str) -> int:
        """Puts rows in the place of those for which `where` holds, in one commit.

        where: SQL that holds for all of the new rows. A table that is not there yet is made. For
        tables without the columns of ingestion.
        """
        if not self.exists(table):
            return self._write(table, rows, mode="append")
        return self._write(table, rows, mode="overwrite", predicate=where)

    def remove(self, table: str, where: str) -> int:
        """Removes the rows for which `where` (SQL) holds, in one commit; returns how many.

        Their bytes stay in files that no version needs until `tidy` removes those, a day later.
        """
        if not self.exists(table):
            return 0
        before = self._opened(table)[1]
        with writing(self.root, table):
            if before is not None:
                self.seals.write(replace(before, open=True))
            found = self._delta(table).delete(where)
            self._seal(table, before)
        return int(found["num_deleted_rows"] or 0)

    @contextmanager
    def room(self) -> Iterator[Path]:
        """An empty folder for what does not fit into memory; a killed run may have left one."""
        folder = self.root / ".staging"
        with writing(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Removes what killed commands left beside the tables. Hold the workspace lock."""
        with reading(self.root):
            for pattern in LEFT_BEHIND:
                for left in self.root.glob(pattern):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()

    def settle(self, table: str) -> None:
        """Checks every file of a table, and seals it where a killed writer or an older version of
        Red Umbrella did not. Hold the workspace lock.
        """
        delta, seal = self._opened(table)
        self._files(delta, seal, table)
        if seal is None or seal.open:
            with writing(self.root, table):
                self._seal(table, seal)

    def tidy(self, table: str, now: int) -> None:
        """Joins many small files, and removes what no version needs any more, a day afterwards.

        now: UTC microseconds. The rows stay as they are, and so does `content`. Hold the lock.
        """
        delta, seal = self._opened(table)
        if seal is None or seal.open:
            return  # `settle` comes first
        files = self._files(delta, seal, table)
        entries = [name for name in seal.log if name.endswith(".json") and name not in seal.gone]
        with writing(self.root, table):
            if len(files) > MOST_FILES or len(entries) > MOST_FILES:
                self.seals.write(replace(seal, open=True))
                if len(files) > MOST_FILES:
                    delta.optimize.compact(writer_properties=_properties(self.compression))
                delta.create_checkpoint()
                seal = self._seal(table, seal, content=seal.content)
            self._remove_gone(seal, now)

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows in the order of reading. Raises NotFoundError for a table or column."""
        self._check_columns(table, columns)
        return self.query(f"SELECT {_listed(columns)} FROM {quoted(table)} ORDER BY {ORDER}")

    def current(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The newest version of each record, in the order in which records first arrived.

        Tables without a key hold facts: their newest versions, in the order of reading.
        """
        self._check_columns(table, columns)
        known = TABLES.get(table)
        if known is not None and known.key:
            return self.query(current_records(known, _listed(columns)))
        return self.query(f"SELECT {_listed(columns)} FROM {self.facts(table)} ORDER BY {ORDER}")

    def newest(self, table: str) -> str:
        """SQL for `query`: the newest version of each record or fact, in any order."""
        known = TABLES.get(table)
        if known is not None and known.key:
            return f"({current_records(known, '*')})"
        return self.facts(table)

    def facts(self, table: str, as_of: int | None = None, view: str | None = None) -> str:
        """SQL for `query`, or for the view of `attached`: the rows of a fact table that count.

        as_of: UTC microseconds, None for now, see `versions`.
        """
        if table not in TABLES:
            return quoted(view or table)
        return current_facts(TABLES[table], self.schema(table).names, as_of, view)

    def query(self, sql: str) -> pa.Table:
        """The result of one SELECT in which every table of the lake is a view of its name.

        Raises EngineError when the SQL or a file cannot be read.
        """
        # To open a table costs more than most questions, so only those that are named are.
        with self.asking([name for name in self.tables() if name in sql]) as ask:
            return ask(sql)

    @contextmanager
    def asking(
        self, tables: Sequence[str], beside: Mapping[str, pa.Table] | None = None
    ) -> Iterator[Callable[[str], pa.Table]]:
        """Several questions as in `query`, of these tables, which are opened once.

        beside: further tables by name that the questions may use, such as ids to look for.
        """
        import duckdb

        with self._connection(tables) as connection:
            for name, rows in (beside or {}).items():
                connection.register(name, rows)

            def ask(sql: str) -> pa.Table:
                try:
                    with reading(self.root):
                        return connection.sql(sql).to_arrow_table()
                except duckdb.OutOfMemoryException as problem:
                    what = str(problem).splitlines()[0]
                    message = (
                        f"Not enough memory or disk to read the lake ({what}). Close other "
                        f"programs, or free room in {self.root}, and run the command again."
                    )
                    raise EngineError(message, reason="out_of_memory") from None
                except duckdb.Error as problem:
                    message = f"The lake could not be read: {problem}"
                    raise EngineError(message, reason="lake_query") from None

            yield ask

    @contextmanager
    def attached(self, connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
        """Makes a table readable in somebody else's DuckDB connection; yields the view's name."""
        view = f"lake_{table}"
        self._create_view(connection, table, view)
        try:
            with reading(self.root, table):
                yield view
        finally:
            connection.execute(f"DROP VIEW {quoted(view)}")

    @contextmanager
    def _connection(self, tables: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        connection = duckdb.connect(config={**OFFLINE, "temp_directory": str(self.root / ".spill")})
        try:
            connection.execute("SET TimeZone = 'UTC'")
            for table in tables:
                self._create_view(connection, table, table)
            yield connection
        finally:
            connection.close()

    def _create_view(self, connection: duckdb.DuckDBPyConnection, table: str, view: str) -> None:
        delta, seal = self._opened(table)
        names = [column.name for column in delta.schema().fields]
        files = self._files(delta, seal, table)
        if not files:
            connection.register(view, self.schema(table).empty_table())
            return
        listed = ", ".join(literal(_pattern(file)) for file in files)
        with reading(self.root, table):
            source = f"FROM read_parquet([{listed}], union_by_name = true)"
            # Temporary: no other connection to the same DuckDB has it.
            create = f"CREATE TEMP VIEW {quoted(view)} AS SELECT"
            try:
                columns = ", ".join(map(quoted, names))
                connection.execute(f"{create} {columns} {source}")
            except _binder_error():
                # The columns come from the log, and the files do not have them. With a seal both
                # are as they were written: the only rows that had such a column were removed.
                if seal is None or seal.open:
                    raise damaged(table, LOG, "names other columns than the files have") from None
                found = connection.execute(f"DESCRIBE SELECT * {source}").fetchall()
                columns = _columns_or_null(self.schema(table), {row[0] for row in found})
                connection.execute(f"{create} {columns} {source}")

    def _delta(self, table: str) -> DeltaTable:
        return self._opened(table)[0]

    def _opened(self, table: str) -> tuple[DeltaTable, Seal | None]:
        """The newest version of a table whose log is whole, and its seal."""
        if not self.exists(table):
            hint = nearest(table, self.tables())
            message = f'The lake has no table "{table}" yet.{hint} Run `umbrella ingest` first.'
            raise NotFoundError(message, reason="no_table")
        for _ in range(_TRIES):
            seal = self.seals.read(table)
            try:
                return self._opened_as(table, seal), seal
            except EngineError as problem:
                # Another command may have changed the table in between.
                if self.seals.read(table) == seal:
                    raise
                last = problem
        raise last

    def _opened_as(self, table: str, seal: Seal | None) -> DeltaTable:
        from deltalake import DeltaTable

        with reading(self.root, table):
            if not (self.root / table / LOG).is_dir():
                raise damaged(table, LOG, "is not there")
            if seal is not None:
                self.seals.check_log(seal)
            delta = DeltaTable(self.root / table)
            if seal is not None and not seal.open and set(_names(delta)) != set(seal.data):
                raise damaged(table, LOG, "lists other files than were written")
            return delta

    def _files(self, delta: DeltaTable, seal: Seal | None, table: str) -> list[str]:
        """The files of the newest version as Delta names them, each of them whole."""
        uris: list[str] = delta.file_uris()
        with reading(self.root, table):
            if seal is not None:
                self.seals.check_data(seal, set(_names(delta)))
            if seal is None or seal.open:
                self._check_lengths(delta, table)
        return uris

    def _check_lengths(self, delta: DeltaTable, table: str) -> None:
        """Compares files that no seal knows with what the log says of their length."""
        import pyarrow as pa

        actions = pa.table(delta.get_add_actions(flatten=True))
        for name, length in zip(
            actions["path"].to_pylist(), actions["size_bytes"].to_pylist(), strict=True
        ):
            path = self.root / table / unquote(name)
            if not path.is_file():
                raise damaged(table, path.name, "is not there")
            if path.stat().st_size != length:
                raise damaged(table, path.name, "has another length than was written")

    def _is_whole(self, table: str) -> bool:
        try:
            self._files(*self._opened(table), table)
        except EngineError as problem:
            if problem.reason != "lake_damaged":
                raise
            return False
        return True

    def _write(self, table: str, rows: Any, **how: Any) -> int:
        path = self.root.resolve() / table
        _refuse_odd(path)
        before = self._opened(table)[1] if self.exists(table) else Seal(table, "", open=True)
        had = {file.name for file in path.iterdir()} if path.is_dir() else set()
        with writing(path, table):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with TemporaryFile(dir=path if path.is_dir() else path.parent):
                    pass  # asked here, where the answer is one line
                if before is not None:
                    self.seals.write(replace(before, open=True))
                self._commit(path, rows, **how)
                self._seal(table, before)
            except BaseException:
                self._undo(table, before, had)
                raise
        return self._delta(table).version()

    def _undo(self, table: str, before: Seal | None, had: set[str]) -> None:
        """Removes what a writing that failed left: files that belong to no version."""
        from deltalake import DeltaTable

        folder = self.root / table
        with suppress(Exception):
            kept = had
            if DeltaTable.is_deltatable(str(folder.resolve())):
                kept = had | {LOG, *_names(DeltaTable(folder))}
            for file in folder.iterdir():
                if file.name not in kept:
                    shutil.rmtree(file) if file.is_dir() else file.unlink()
            if not had and kept == had:
                folder.rmdir()
                self.seals.forget(table)
            elif before is not None:
                unchanged = set(_names(DeltaTable(folder))) == set(before.data)
                self._seal(table, before, content=before.content if unchanged else None)

    def _renew(self, table: str, rows: Any) -> int:
        """Writes a damaged table anew beside its place; a kill leaves the one or the other."""
        place = self.root.resolve() / table
        fresh, old = place.with_name(f".{table}.new"), place.with_name(f".{table}.old")
        with writing(place, table):
            try:
                for left in (fresh, old):
                    shutil.rmtree(left, ignore_errors=True)
                self._commit(fresh, rows, mode="overwrite")
                if place.exists():
                    place.rename(old)
                self.seals.forget(table)
                fresh.rename(place)
                self._seal(table, Seal(table, ""))
            finally:
                for left in (fresh, old):
                    shutil.rmtree(left, ignore_errors=True)
                    left.unlink(missing_ok=True)
        return self._delta(table).version()

    def _commit(self, path: Path, rows: Any, **how: Any) -> None:
        from deltalake import write_deltalake

        write_deltalake(path, rows, writer_properties=_properties(self.compression), **how)

    def _seal(self, table: str, before: Seal | None, *, content: str | None = None) -> Seal:
        """Seals the newest version. before: the seal of the version before, whose files it may
        have; content: None where the rows may have changed.
        """
        from deltalake import DeltaTable

        delta = DeltaTable(self.root / table)
        own = content or f"{delta.metadata().id}:{delta.version()}"
        names = set(_names(delta))
        seal = self.seals.made(before or Seal(table, own), own, names)
        self.seals.write(seal)
        return seal

    def _remove_gone(self, seal: Seal, now: int) -> None:
        """Notes what is not needed any more, and removes what was not a day ago."""
        folder = self.root / seal.table
        whole = [name for name in seal.log if ".checkpoint" in name]
        newest = max(whole, default="")[:_DIGITS]
        files = {file.name for file in folder.iterdir() if file.is_file()} - set(seal.data)
        entries = {file.name for file in (folder / LOG).iterdir() if file.name[:_DIGITS] < newest}
        gone = {name: seal.gone.get(name, now) for name in files | entries}
        if gone != seal.gone:
            log = {name: known for name, known in seal.log.items() if name not in gone}
            seal = replace(seal, log=log, gone=gone)
            self.seals.write(seal)
        for name, since in gone.items():
            if now - since >= KEEP_MICROSECONDS:
                place = folder / LOG / name if name in entries else folder / name
                place.unlink(missing_ok=True)

    def _check_columns(self, table: str, columns: Sequence[str] | None) -> None:
        names = self.schema(table).names
        for column in columns or ():
            if column not in names:
                hint = nearest(column, names)
                message = f'The lake table {table} has no column "{column}".{hint}'
                raise NotFoundError(message, reason="no_column")


def _refuse_odd(path: Path) -> None:
    """Delta takes folders for URLs, and its URLs cannot carry these characters."""
    if odd := re.search(r"[\[\]|^]|%[0-9A-Fa-f]{2}", str(path)):
        message = f'The lake cannot live in {path}: rename the folder without "{odd.group()}".'
        raise EngineError(message, reason="lake_folder")


def _properties(compression: Compression | None) -> Any:
    from deltalake import WriterProperties

    return WriterProperties(max_row_group_size=_ROW_GROUP_ROWS, compression=compression)


def _names(delta: DeltaTable) -> list[str]:
    """The files of the newest version by name; tables of the lake have no partitions."""
    return [unquote(uri).rsplit("/", 1)[-1] for uri in delta.file_uris()]


def _binder_error() -> type[Exception]:
    import duckdb

    return duckdb.BinderException


def _columns_or_null(schema: pa.Schema, there: set[str]) -> str:
    """SQL of all columns in order; those that no file has are empty."""
    return ", ".join(
        quoted(field.name)
        if field.name in there
        else f"CAST(NULL AS {_SQL_TYPES.get(str(field.type), 'VARCHAR')}) AS {quoted(field.name)}"
        for field in schema
    )


def _pattern(uri: str) -> str:
    """A file of Delta (percent-encoded) as a path for DuckDB (which expands * ? and [ ])."""
    return re.sub(r"[*?\[]", r"[\g<0>]", unquote(uri))


def _listed(columns: Sequence[str] | None) -> str:
    return "*" if columns is None else ", ".join(quoted(name) for name in columns)
