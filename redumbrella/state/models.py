"""Every model that was trained, which one of each target is in use, and its report."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from redumbrella.state.bulk import Row, json_text, mappings
from redumbrella.state.metadata import metadata

models = Table(
    "models",
    metadata,
    Column("version", String, primary_key=True),
    Column("number", BigInteger, nullable=False),  # in the order of training, whatever the clock
    Column("target", String, nullable=False),
    Column("trained_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("family", String, nullable=False),
    Column("regime", String, nullable=False),
    Column("reliable", Boolean, nullable=False),
    Column("verdict", String, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("lake_version", BigInteger),
    Column("inputs", String, nullable=False, default=""),  # fingerprint of what it rests on
    Column("report", Text, nullable=False),
    Index("models_by_target", "target", "is_current"),
)


def store_model(connection: Connection, model: Row, *, current: bool = True) -> None:
    """Stores a model (columns of `models` but number; `report` a mapping) and makes it current."""
    last = connection.execute(select(func.max(models.c.number))).scalar() or 0
    row = {**model, "is_current": current, "report": json_text(model["report"])}
    row["number"] = last + 1
    if current:
        others = models.c.target == model["target"]
        connection.execute(update(models).where(others).values(is_current=False))
    connection.execute(delete(models).where(models.c.version == model["version"]))
    connection.execute(insert(models).values(**row))


def current_model(connection: Connection, target: str) -> dict[str, Any] | None:
    """The model of a target that is in use, `report` as a mapping; None for none."""
    return _first(connection, (models.c.target == target) & models.c.is_current)


def use_model(connection: Connection, version: str) -> str | None:
    """Makes a stored version the current one of its target; returns which was before."""
    own = models.c.version == version
    target = connection.execute(select(models.c.target).where(own)).scalar_one()
    of_target = models.c.target == target
    former = connection.execute(
        select(models.c.version).where(of_target, models.c.is_current)
    ).scalar()
    connection.execute(update(models).where(of_target).values(is_current=False))
    connection.execute(update(models).where(own).values(is_current=True))
    return former


def model_before(connection: Connection, target: str) -> str | None:
    """The version that was trained last before the current one of a target; None for none."""
    of_target = models.c.target == target
    number = select(models.c.number).where(of_target, models.c.is_current).scalar_subquery()
    query = select(models.c.version).where(of_target, models.c.number < number)
    return connection.execute(query.order_by(models.c.number.desc()).limit(1)).scalar()


def newest_model(connection: Connection, target: str) -> dict[str, Any] | None:
    """The model of a target that was trained last, in use or not; `report` as a mapping."""
    return _first(connection, models.c.target == target)


def report_of_version(connection: Connection, version: str) -> dict[str, Any]:
    """The report of a model; empty for an unknown one."""
    found = _first(connection, models.c.version == version)
    return {} if found is None else dict(found["report"])


def is_version_taken(connection: Connection, version: str) -> bool:
    """Whether a model has this version."""
    query = select(models.c.version).where(models.c.version == version)
    return connection.execute(query).first() is not None


def _first(connection: Connection, condition: Any) -> dict[str, Any] | None:
    query = select(models).where(condition).order_by(models.c.number.desc()).limit(1)
    found = mappings(connection, query)
    return found[0] | {"report": orjson.loads(found[0]["report"])} if found else None
