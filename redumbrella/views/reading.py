"""Connections of the read models: they take no write lock, so pages never wait for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import orjson
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from redumbrella.errors import EngineError
from redumbrella.reports.customers import Lifetime
from redumbrella.state import metadata as tables
from redumbrella.workspace import Workspace

VALUING = "value"  # the verb of the runs that value customers


@contextmanager
def reading(workspace: Workspace) -> Iterator[Connection]:
    """A connection to the state database that only reads, with one view of it while it is open.

    Raises EngineError when the database does not answer.
    """
    try:
        with workspace.state.engine.connect() as connection:
            yield connection
    except DBAPIError as problem:
        message = (
            f"The state database could not be read: {problem.orig}. "
            "Check that it is there and that the server runs, then try again."
        )
        raise EngineError(message, reason="state_unreachable") from None


def newest_lifetime(connection: Connection) -> Lifetime | None:
    """The figures of the last time that customers were valued, None for never."""
    runs = tables.runs.c
    done = (runs.verb == VALUING) & (runs.status == "done")
    query = select(runs.detail).where(done).order_by(runs.id.desc()).limit(1)
    found = connection.execute(query).scalar()
    return None if found is None else cast("Lifetime", orjson.loads(found)["lifetime"])
