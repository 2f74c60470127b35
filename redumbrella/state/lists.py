"""Lists that are replaced as a whole: a new one is written apart, then put into use in an instant.

A million rows take a minute to write. They are written where nobody looks and nobody waits: beside
SQLite's database into a file of their own, in PostgreSQL into a table of their own. One row of
`lists` says which is in use, so that taking the new one is one short change that goes together
with others. Promise: readers see the old list whole or the new one whole and never wait; others
who write do not wait either; a killed writer leaves the old list, and the next removes its rest.

Lists that were written before there were such (schema 0004) are read where they are, in the table
itself, until they are replaced. A migration that changes columns of these tables must change them
in every list, or take all out of use.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    literal_column,
    quoted_name,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable

from redumbrella.errors import EngineError
from redumbrella.state.bulk import insert_many, insertion_of
from redumbrella.state.database import State
from redumbrella.state.failures import in_words
from redumbrella.state.kept import MARK
from redumbrella.state.metadata import metadata
from redumbrella.state.runs import was_killed

lists = Table(
    "lists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),  # the table whose columns it has
    Column("target", String, nullable=False),  # empty for a list of no target
    Column("is_current", Boolean, nullable=False),
    # Who is writing it; nobody where it is no longer wanted.
    Column("host", String, nullable=False),
    Column("process", Integer, nullable=False),
)

# Any fixed numbers: PostgreSQL's names for the locks of taking lists into use, and of removing.
_TAKING, _REMOVING = 7_242_002, 7_242_003
# A mark of the tables whose rows are in lists.
REPLACED = {"is_replaced": True}
_COPIED_AT_ONCE = 1 << 30
_GONE_AT_ONCE = 500  # leads that one statement takes from a list
_LEGACY_ROWS = 2_000  # that are removed from the table itself in one short change


@dataclass(frozen=True)
class NewList:
    """A list that is written and not yet in use: its number, what it is of, and its rows."""

    id: int
    kind: str
    target: str
    rows: int


def list_in_use(connection: Connection, table: Table, target: str = "") -> Table:
    """Where the rows of a list are, for a connection that reads: a table with the same columns.

    The table itself where its rows are not in lists.

    Raises EngineError (list_missing) where its file is gone or cut off.
    """
    if not table.info.get("is_replaced"):
        return table
    for attempt in (1, 2, 3):
        if connection.dialect.name == "postgresql":  # nobody removes a list from here on
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_REMOVING})")
        number, changed = _mark(connection, table, target)
        if number is None:
            return table
        found = _opened(connection, table, number, changed)
        if found is not None:
            return found
        if attempt < 3:  # replaced since this view of the database was taken: take a new one
            connection.rollback()
    message = (
        f"The file of the list of {table.name} in the folder "
        f"{connection.get_execution_options().get('lists')} is gone or cut off. Put it back, or "
        "run `umbrella run`: it writes the list again."
    )
    raise EngineError(message, reason="list_missing")


def number_in_use(connection: Connection, table: Table, target: str = "") -> int | None:
    """The number of the list in use; None where none was ever written apart."""
    query = select(lists.c.id).where(*_own(table.name, target), lists.c.is_current)
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def _mark(connection: Connection, table: Table, target: str) -> tuple[int | None, str]:
    """The number of the list in use, and what is another text after each change in place."""
    is_postgresql = connection.dialect.name == "postgresql"
    changed: ColumnElement[str] = literal_column("xmin::text" if is_postgresql else "''")
    query = select(lists.c.id, changed).where(*_own(table.name, target), lists.c.is_current)
    found = connection.execute(query).first()
    return (None, "") if found is None else (int(found[0]), str(found[1]))


def is_list_there(connection: Connection, table: Table, target: str = "") -> bool:
    """Whether the rows of the list in use can be read; somebody may have lost its file."""
    number, folder = number_in_use(connection, table, target), _folder(connection)
    return number is None or folder is None or _is_whole(_file(folder, table.name, number))


@contextmanager
def new_list(
    state: State, table: Table, rows: Iterable[tuple[Any, ...]], target: str = ""
) -> Iterator[NewList]:
    """Writes a list with these rows (values in the order of the columns); the block may take it.

    Whatever is no longer in use after the block is removed, the new list too.
    """
    mine = {"host": socket.gethostname(), "process": os.getpid()}
    row = {"kind": table.name, "target": target, "is_current": False, **mine}
    with state.writing() as connection:
        made = connection.execute(insert(lists).values(**row))
        number = int(made.inserted_primary_key[0])  # type: ignore[index]
    try:
        if state.folder is None:
            count = _write_table(state, _named(table, number), rows)
        else:
            with in_words(str(state.folder), files=True):
                count = _write_file(_file(state.folder, table.name, number), table, rows)
        yield NewList(number, table.name, target, count)
    finally:
        # What cannot be removed now is removed after the next list.
        with suppress(EngineError):
            _remove_unused(state, table, number)
            _clear_legacy(state, table, target)


@dataclass(frozen=True)
class ChangedList:
    """A list in use with some rows changed, to be taken into use; `take` does it.

    new: the copy that has them; None where they are changed in place, in the taking transaction.
    """

    before: int | None
    table: Table
    target: str
    gone: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    new: NewList | None

    def take(self, connection: Connection) -> bool:
        """Puts the changed rows into use when this transaction ends; False where another list was
        taken meanwhile, and nothing is done.
        """
        hold_lists(connection)
        if number_in_use(connection, self.table, self.target) != self.before:
            return False
        if self.new is not None:
            take_into_use(connection, self.new)
            return True
        place = self.table if self.before is None else _named(self.table, self.before)
        for start in range(0, len(self.gone), _GONE_AT_ONCE):
            some = place.c.lead_id.in_(self.gone[start : start + _GONE_AT_ONCE])
            connection.execute(delete(place).where(place.c.target == self.target, some))
        insert_many(connection, place, self.rows)
        # Its row is written again, which gives it another xmin: see `_mark`.
        again = update(lists).where(lists.c.id == self.before).values(is_current=True)
        connection.execute(again)
        return True


@contextmanager
def changed_list(
    state: State, table: Table, target: str, gone: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> Iterator[ChangedList]:
    """The list in use without the rows of some leads and with these rows; the block may take it.

    Nobody who reads a file of SQLite's looks for changes in it, so a copy is changed; a table of
    PostgreSQL is changed in place. Raises EngineError (list_missing) where its file is gone.
    """
    with state.reading() as connection:
        list_in_use(connection, table, target)
        before = number_in_use(connection, table, target)
    wanted = ChangedList(before, table, target, gone, rows, None)
    if before is None or state.folder is None:
        yield wanted
        return
    mine = {"host": socket.gethostname(), "process": os.getpid()}
    row = {"kind": table.name, "target": target, "is_current": False, **mine}
    with state.writing() as connection:
        made = connection.execute(insert(lists).values(**row))
        number = int(made.inserted_primary_key[0])  # type: ignore[index]
    try:
        with in_words(str(state.folder), files=True):
            old, path = (_file(state.folder, table.name, n) for n in (before, number))
            _copy_changed(old, path, wanted)
        yield replace(wanted, new=NewList(number, table.name, target, len(rows)))
    finally:
        with suppress(EngineError):
            _remove_unused(state, table, number)


def hold_lists(connection: Connection) -> None:
    """Keeps everybody else from taking a list into use until this transaction that writes ends.

    In SQLite one that writes shuts out others anyway. Readers are not kept waiting.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TAKING})")


def take_into_use(connection: Connection, new: NewList) -> None:
    """Puts a new list in the place of the one in use, when this transaction ends."""
    hold_lists(connection)
    old = (*_own(new.kind, new.target), lists.c.is_current)
    nobody = {"host": "", "process": 0}
    connection.execute(update(lists).where(*old).values(is_current=False, **nobody))
    connection.execute(update(lists).where(lists.c.id == new.id).values(is_current=True, **nobody))


def _own(kind: str, target: str) -> tuple[Any, ...]:
    return lists.c.kind == kind, lists.c.target == target


def _folder(connection: Connection) -> Path | None:
    found: Path | None = connection.get_execution_options().get("lists")
    return found


def _file(folder: Path, kind: str, number: int) -> Path:
    return folder / f"{kind}-{number}.db"


def _is_whole(file: Path) -> bool:
    """Whether a file is there and as long as its head says (https://sqlite.org/fileformat.html)."""
    try:
        with file.open("rb") as opened:
            head = opened.read(32)
        size = file.stat().st_size
    except OSError:
        return False
    page = int.from_bytes(head[16:18], "big")
    page = 65_536 if page == 1 else page
    return head.startswith(b"SQLite format 3\0") and size == page * int.from_bytes(
        head[28:32], "big"
    )


def _opened(connection: Connection, table: Table, number: int, changed: str) -> Table | None:
    """The list of this number as a table; None where its file is gone or cut off."""
    folder = _folder(connection)
    if folder is None:
        return _named(table, number, changed)
    name, file = f"{table.name}_{number}", _file(folder, table.name, number)
    opened = {row[1] for row in connection.exec_driver_sql("PRAGMA database_list")}
    if name not in opened:
        if not _is_whole(file):
            return None
        # Nobody changes such a file: it is read without locks.
        address = f"file:{quote(str(file))}?mode=ro&immutable=1"
        try:
            connection.exec_driver_sql(f"ATTACH ? AS {name}", (address,))
        except DBAPIError:
            if file.is_file():
                raise
            return None
    return _within(table, name)


@lru_cache(64)
def _within(table: Table, schema: str) -> Table:
    """The table in the file of a list."""
    made = table.to_metadata(MetaData(), schema=schema)
    made.info = {**table.info, MARK: schema}
    return made


@lru_cache(64)
def _named(table: Table, number: int, changed: str = "") -> Table:
    """The table of a list within the database."""
    made = table.to_metadata(MetaData(), name=f"{table.name}_{number}")
    made.info = {**table.info, MARK: (made.name, changed)}
    for index in made.indexes:
        index.name = quoted_name(f"{index.name}_{number}", quote=None)
    return made


def _counted(rows: Iterable[tuple[Any, ...]], count: list[int]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        count[0] += 1
        yield row


def _write_table(state: State, table: Table, rows: Iterable[tuple[Any, ...]]) -> int:
    count = [0]
    with state.writing() as connection:
        connection.execute(CreateTable(table))
        insert_many(connection, table, _counted(rows, count))
        for index in table.indexes:  # in a fraction of the time that keeping them row by row takes
            connection.execute(CreateIndex(index))
        connection.exec_driver_sql(f"ANALYZE {table.name}")
    return count[0]


def _write_file(path: Path, table: Table, rows: Iterable[tuple[Any, ...]]) -> int:
    """Writes the file beside its final place and renames it once it is on the disk."""
    path.parent.mkdir(exist_ok=True)
    temporary = _unfinished(path)
    temporary.unlink(missing_ok=True)
    count, dialect = [0], sqlite.dialect()
    connection = sqlite3.connect(temporary, isolation_level=None)
    try:
        # Half a file is thrown away, so there is nothing to undo.
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536",
                        "locking_mode = EXCLUSIVE"):  # fmt: skip
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN")
        connection.execute(str(CreateTable(table).compile(dialect=dialect)))
        connection.executemany(insertion_of(table), _counted(rows, count))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
        connection.execute("COMMIT")
    finally:
        connection.close()
    _sync(temporary)
    temporary.rename(path)
    _sync(path.parent)
    return count[0]


def _copy_changed(old: Path, path: Path, wanted: ChangedList) -> None:
    """Copies the file of a list and changes rows in the copy, before it gets its final name."""
    table, target, gone, rows = wanted.table, wanted.target, wanted.gone, wanted.rows
    temporary = _unfinished(path)
    temporary.unlink(missing_ok=True)
    _copy(old, temporary)
    connection = sqlite3.connect(temporary, isolation_level=None)
    try:
        for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN")
        own = f"DELETE FROM {table.name} WHERE target = ? AND lead_id = ?"  # noqa: S608  our name
        connection.executemany(own, ((target, lead) for lead in gone))
        connection.executemany(insertion_of(table), rows)
        connection.execute("COMMIT")
    finally:
        connection.close()
    _sync(temporary)
    temporary.rename(path)
    _sync(path.parent)


def _copy(old: Path, new: Path) -> None:
    """Copies a file; where the file system can share its blocks, in an instant."""
    try:
        with old.open("rb") as source, new.open("wb") as copy:
            while os.copy_file_range(source.fileno(), copy.fileno(), _COPIED_AT_ONCE):
                pass
    except (AttributeError, OSError):  # not everywhere
        shutil.copyfile(old, new)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.writing")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_unused(state: State, table: Table, own: int) -> None:
    """Removes lists of this kind that nobody uses or writes: what was replaced, what was killed."""
    with state.reading() as connection:
        unused = select(lists).where(lists.c.kind == table.name, lists.c.is_current.is_(False))
        found = connection.execute(unused).all()
    for row in found:
        if row.id != own and row.process != 0 and not was_killed(row.host, row.process):
            continue
        if state.folder is not None:
            path = _file(state.folder, table.name, row.id)
            with in_words(str(state.folder), files=True):
                for each in (path, _unfinished(path)):
                    each.unlink(missing_ok=True)
        with state.writing() as connection:
            if state.folder is None:
                if not _is_nobody_reading(connection):
                    return
                connection.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_named(table, row.id).name}")
            connection.execute(delete(lists).where(lists.c.id == row.id))


def _is_nobody_reading(connection: Connection) -> bool:
    """Whether no list is being read, in PostgreSQL; from then on readers wait for this change."""
    for _ in range(20):
        ask = f"SELECT pg_try_advisory_xact_lock({_REMOVING})"
        if connection.exec_driver_sql(ask).scalar():
            return True
        time.sleep(0.05)
    return False


def _clear_legacy(state: State, table: Table, target: str) -> None:
    """Removes the rows of a list that stood in the table itself, in short changes."""
    key = list(table.primary_key.columns)
    own = [table.c.target == target] if "target" in table.c else []
    some = select(*key).where(*own).limit(_LEGACY_ROWS)
    with state.reading() as connection:
        if number_in_use(connection, table, target) is None:
            return
        is_clear = connection.execute(some.limit(1)).first() is None
    while not is_clear:
        with state.writing() as connection:
            done = connection.execute(delete(table).where(tuple_(*key).in_(some)))
        is_clear = done.rowcount < _LEGACY_ROWS
