"""Whether the state can be read, and how much it lists: for load balancers and monitors."""

from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from typing_extensions import TypedDict

from redumbrella.state.customers import customers
from redumbrella.state.scores import scores, scorings
from redumbrella.workspace import Workspace

# What SQLAlchemy raises while a database is away, full, locked, or asked by too many at once.
UNREACHABLE = (OperationalError, InterfaceError, NoConnectionError)


class Health(TypedDict):
    """Whether the server can read its state, and what it shows."""

    status: str
    version: str
    workspace: str
    scored_leads: int
    valued_customers: int
    model_version: str | None


def health_of(workspace: Workspace, version: str) -> Health:
    """Status ok; raises EngineError when the state database does not answer."""
    main = workspace.settings.main_target
    target = "" if main is None else main.name
    with workspace.state.reading() as connection:
        used = select(scorings.c.model_version).where(scorings.c.target == target)
        return Health(
            status="ok",
            version=version,
            workspace=workspace.settings.name,
            scored_leads=_count(connection, scores, scores.c.target == target),
            valued_customers=_count(connection, customers),
            model_version=connection.execute(used).scalar(),
        )


def _count(connection: Connection, table: Any, *conditions: Any) -> int:
    query = select(func.count()).select_from(table).where(*conditions)
    return int(connection.execute(query).scalar_one())
