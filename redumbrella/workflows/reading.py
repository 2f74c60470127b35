"""Connections of the read models: they take no write lock, so pages never wait for a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from redumbrella.errors import EngineError
from redumbrella.workspace import Workspace


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
