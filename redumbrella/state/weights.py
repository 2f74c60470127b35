"""The company's objectives as weights of the qualification card; the newest row counts."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
)

from redumbrella.state.bulk import Row, json_text, mappings
from redumbrella.state.metadata import metadata

weightings = Table(
    "weightings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("set_at", BigInteger, nullable=False),
    Column("set_by", String, nullable=False, default=""),
    Column("weights", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("changes", Text, nullable=False, default=""),  # what setting them did, JSON
)


def newest_weighting(connection: Connection) -> dict[str, Any] | None:
    """The newest weights, `weights` as a mapping; None when nobody set any."""
    found = list_weightings(connection, limit=1)
    return found[0] if found else None


def list_weightings(connection: Connection, limit: int = 100) -> list[dict[str, Any]]:
    """The newest weights first, `weights` as mappings."""
    found = mappings(connection, select(weightings).order_by(weightings.c.id.desc()).limit(limit))
    return [row | {"weights": orjson.loads(row["weights"])} for row in found]


def add_weighting(connection: Connection, weighting: Row) -> None:
    """Adds weights: the columns of `weightings`, id the version after the newest one."""
    row = {**weighting, "weights": json_text(weighting["weights"])}
    row["changes"] = json_text(weighting["changes"])
    connection.execute(insert(weightings).values(**row))


def changes_of(connection: Connection, version: int) -> dict[str, Any] | None:
    """What setting a version of the weights did, as it was noted; None when unknown."""
    query = select(weightings.c.changes).where(weightings.c.id == version)
    found = connection.execute(query).scalar()
    return dict(orjson.loads(found)) if found else None
