"""The tables of a new SQLite state database, made by the migrations once and then repeated.

Nearly every test begins with a new database; the migrations take a tenth of a second each time.
Tests of the state room run them every time, and so does every program that a test starts.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from redumbrella.state import schema


@contextmanager
def ready_schema() -> Iterator[Callable[..., None]]:
    """While it is open, a new database gets its tables from what the first one was given.

    Yields what runs the migrations.
    """
    migrate = schema._upgrade
    known: list[str] = []

    def upgrade(connection: Connection, revision: str = "head") -> None:
        driver = connection.connection.driver_connection
        is_new = revision == "head" and connection.dialect.name == "sqlite" and _is_empty(driver)
        if not is_new or not known:
            migrate(connection, revision)
            if is_new:
                # Between BEGIN and COMMIT: the transaction is the caller's.
                known[:] = list(driver.iterdump())[1:-1]
            return
        for statement in known:
            driver.execute(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_upgrade", upgrade)
        yield migrate


def _is_empty(driver: object) -> bool:
    assert isinstance(driver, sqlite3.Connection)
    found = driver.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(found == (0,))
