"""The state database, SQLite or PostgreSQL: a URL in, connections to read and to write out.

Which tables there are, and what is written to them, stands in the other files of this room; their
functions take one of these connections. Promises: every change is one transaction; whoever reads
never waits for a writer, needs no right to write and no room on the disk; what the database
refuses is said in words (see `failures`). Only a command that writes migrates the schema.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, StaticPool, create_engine, event
from sqlalchemy.exc import ProgrammingError

from redumbrella.errors import EngineError
from redumbrella.masking import shown_address
from redumbrella.state.failures import in_words
from redumbrella.state.kept import KeptAnswers
from redumbrella.state.metadata import SCHEMA_VERSION, metadata
from redumbrella.state.schema import ensure_schema, refuse_newer, version_of

_BUSY_SECONDS = 30
_POLL_SECONDS = 0.003  # a writer that has many short changes to make leaves gaps between them


class State:
    """An opened state database.

    Raises EngineError when the database cannot be opened, or is newer than this Red Umbrella.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.path = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else None
        if self.path is not None and not self.path.parent.is_dir():
            folder = self.path.parent
            message = f"The folder of the state database does not exist: {folder}. Make it first."
            raise EngineError(message, reason="state_unreachable")
        if self.path is not None and self.path.is_dir():
            message = f"The state database {self.path} is a folder. Name a file in it, or another."
            raise EngineError(message, reason="state_unreachable")
        # Where lists are that are replaced as a whole (see `lists`): beside it, or within.
        self.folder = None if self.path is None else self.path.with_name(f"{self.path.name}.lists")
        self.engine = _postgresql_engine(url) if self.path is None else _sqlite_engine(self.path)
        own = {"lists": self.folder, "postgresql_readonly": True, "kept": KeptAnswers()}
        self._reader = self.engine if self.path is None else _reading_engine(self.path)
        self._reader = self._reader.execution_options(**own)
        # SQLite: a transaction that will write takes its lock at once, else two could deadlock.
        self._writer = self.engine.execution_options(writes=True, lists=self.folder)
        self.place = shown_address(url)
        self._is_ready = False
        self._empty: Engine | None = None
        with self._connected():
            pass

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()
        self._reader.dispose()

    def bring_up_to_date(self) -> None:
        """Makes the tables, or brings them to today's schema; for commands that will write."""
        if not self._is_ready:
            with in_words(self.place):
                ensure_schema(self._writer)
            self._is_ready = True

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes; rolled back when the block raises.

        Raises EngineError when the database does not take it.
        """
        self.bring_up_to_date()
        with in_words(self.place), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_BUSY_SECONDS}s'")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, with one view of the database while it is open.

        Where nothing was ever written, all tables are there and empty. Raises EngineError when
        the database does not answer, or has the schema of an earlier version.
        """
        with self._connected() as (connection, version):
            if version is None:
                connection.close()
                with self._nothing().connect() as empty:
                    yield empty
                return
            if version < SCHEMA_VERSION:
                message = (
                    f"The state database {self.place} was written by an earlier version of Red "
                    f"Umbrella (schema {version}, now {SCHEMA_VERSION}). Run `umbrella run` once: "
                    "it brings the database up to date and keeps what is in it."
                )
                raise EngineError(message, reason="state_older")
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[tuple[Connection, str | None]]:
        """A connection that only reads, and the schema that it finds; None for none."""
        if self.path is not None and not self.path.exists():
            with self._nothing().connect() as connection:
                yield connection, SCHEMA_VERSION
            return
        with in_words(self.place), _closing(self._reader.connect()) as connection:
            version: str | None = SCHEMA_VERSION
            if not self._is_ready:
                version = version_of(connection)
                refuse_newer(version)
                self._is_ready = version == SCHEMA_VERSION
            yield connection, version
            _refuse_changed(connection)

    def _nothing(self) -> Engine:
        """A database in memory that has all tables and no rows."""
        if self._empty is None:
            engine = create_engine(
                "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
            self._empty = engine
        # Each time: a list that is imported on demand brings its table along.
        metadata.create_all(self._empty)
        return self._empty


@contextmanager
def _closing(connection: Connection) -> Iterator[Connection]:
    try:
        yield connection
    finally:
        # A list that was streamed and left: what is below may have been collected before.
        with suppress(ProgrammingError):
            connection.close()


def _postgresql_engine(url: str) -> Engine:
    # A server whose machine is gone says nothing: after a minute of silence it counts as gone.
    alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, **alive},
    )


def _sqlite_engine(path: Path) -> Engine:
    # Not from the text: a folder may have ? or % in its name.
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the BEGIN below, not the driver's own
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            _begin_to_write(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_to_write(connection: Connection) -> None:
    """Takes the write lock, asking for it so often that a short gap between others is found."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    last = time.monotonic() + _BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as problem:
                is_busy = problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > last:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")


class _ReadConnection(sqlite3.Connection):
    """A connection that only reads; `seen`: of a file that nobody was writing when it was opened.

    Such a file is read without SQLite's locks, which cannot be had where nothing may be written.
    """

    seen: tuple[Path, tuple[int, int]] | None = None


def _reading_engine(path: Path) -> Engine:
    # Each time a new connection: it sees the lists of its time, and holds no file of older ones.
    engine = create_engine("sqlite://", creator=lambda: _open_to_read(path), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _open_to_read(path: Path) -> _ReadConnection:
    connection = _opened(f"file:{quote(str(path))}?mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as problem:
        # WAL wants a file of shared memory beside the database, even to read.
        connection.close()
        cannot = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
                  sqlite3.SQLITE_FULL}  # fmt: skip
        if problem.sqlite_errorcode & 0xFF not in cannot or _is_being_written(path):
            raise
        seen = (path, _stamp(path))
        connection = _opened(f"file:{quote(str(path))}?mode=ro&immutable=1")
        connection.seen = seen
    return connection


def _opened(address: str) -> _ReadConnection:
    connection = sqlite3.connect(
        address, uri=True, timeout=5, factory=_ReadConnection, check_same_thread=False
    )
    connection.isolation_level = None
    return connection


def _is_being_written(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _refuse_changed(connection: Connection) -> None:
    driver = None if connection.closed else connection.connection.driver_connection
    seen = getattr(driver, "seen", None)
    if seen is not None and (_stamp(seen[0]) != seen[1] or _is_being_written(seen[0])):
        message = f"The state database {seen[0]} was written while it was read. Read it once more."
        raise EngineError(message, reason="state_changed")
