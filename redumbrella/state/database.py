"""The state database, SQLite or PostgreSQL: a URL in, connections to read and to write out.

Which tables there are, and what is written to them, stands in the other files of this room; their
functions take one of these connections. Promise: every change is one transaction; readers never
wait for a writer (WAL in SQLite).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from redumbrella.errors import EngineError
from redumbrella.masking import masked, shown_address
from redumbrella.state.schema import ensure_schema

_BUSY_SECONDS = 30


class State:
    """An opened state database whose schema is up to date.

    Raises EngineError when the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        # SQLite: a transaction that will write takes its lock at once, else two could deadlock.
        self._writer = self.engine.execution_options(writes=True)
        try:
            ensure_schema(self._writer)
        except DBAPIError as problem:
            place = shown_address(url)
            message = (
                f"The state database {place} cannot be opened: {masked(str(problem.orig), url)}. "
                "Check [workspace] state in umbrella.toml and that the server or folder is there."
            )
            raise EngineError(message, reason="state_unreachable") from None

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes; rolled back when the block raises."""
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, with one view of the database while it is open.

        Raises EngineError when the database does not answer.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except DBAPIError as problem:
            message = (
                f"The state database could not be read: {problem.orig}. "
                "Check that it is there and that the server runs, then try again."
            )
            raise EngineError(message, reason="state_unreachable") from None


def _engine(url: str) -> Engine:
    if url.startswith("sqlite:"):
        return _sqlite_engine(url)
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10},
    )


def _sqlite_engine(url: str) -> Engine:
    path = Path(url.removeprefix("sqlite:///"))
    if not path.parent.is_dir():
        message = f"The folder of the state database does not exist: {path.parent}. Make it first."
        raise EngineError(message, reason="state_unreachable")
    # Not from the text: a folder may have ? or % in its name.
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the BEGIN below, not the driver's own
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # Kibibytes; with the default of 2 MB, replacing 120,000 scores takes several times as long.
        connection.execute("PRAGMA cache_size = -65536")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
