"""Whether the state can be read, and how much it lists: for load balancers and monitors."""

from sqlalchemy import Connection, Table, func, select
from typing_extensions import TypedDict

from redumbrella.state.customers import customers
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores, scorings
from redumbrella.workspace import Workspace


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
            scored_leads=_count(connection, scores, target),
            valued_customers=_count(connection, customers),
            model_version=connection.execute(used).scalar(),
        )


def _count(connection: Connection, table: Table, target: str = "") -> int:
    own = list_in_use(connection, table, target)
    query = select(func.count()).select_from(own)
    if target:
        query = query.where(own.c.target == target)
    return int(connection.execute(query).scalar_one())
