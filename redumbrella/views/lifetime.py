"""What customers were last said to be worth together: state database in, `Lifetime` out."""

from typing import cast

import orjson
from sqlalchemy import Connection

from redumbrella.reports.customers import Lifetime
from redumbrella.state.customers import newest_valuation
from redumbrella.workspace import Workspace


def newest_lifetime(connection: Connection) -> Lifetime | None:
    """The figures of the last time that customers were valued, None for never."""
    found = newest_valuation(connection)
    return None if found is None else cast("Lifetime", orjson.loads(found["lifetime"]))


def lifetime_of(workspace: Workspace) -> Lifetime | None:
    """What customers are worth, as last valued; None for never."""
    with workspace.state.reading() as connection:
        return newest_lifetime(connection)
