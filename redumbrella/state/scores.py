"""Today's beliefs, as the list shows them, and what each target's list rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    tuple_,
)

from redumbrella.state.bulk import Row, in_order, insert_many, json_text, mappings, without_indexes
from redumbrella.state.metadata import metadata

# The long text stands last, so that reading a row's other columns does not touch it.
scores = Table(
    "scores",
    metadata,
    Column("target", String, primary_key=True),
    Column("lead_id", String, primary_key=True),
    Column("product_id", String, primary_key=True, default=""),
    Column("person_id", String),
    Column("as_of", BigInteger, nullable=False),
    Column("probability", Float, nullable=False),
    Column("low", Float),
    Column("high", Float),
    Column("percentile", Float),
    Column("grade", String),
    Column("amount", Float),
    Column("ltv", Float),
    Column("expected_value", Float),
    Column("regime", String, nullable=False),
    Column("reliable", Boolean, nullable=False),
    Column("model_version", String, nullable=False),
    Column("label", String, nullable=False),
    Column("created_at", BigInteger),
    Column("source", String),
    Column("campaign_id", String),
    Column("rep_id", String),
    Column("search", String, nullable=False),  # lower case "lead_id label", for contains-search
    Column("reasons", Text, nullable=False),
    Column("qualification", Float),  # total of the card, 0 to 100
    Column("details", Text, nullable=False, default="{}"),  # value, time, effort, fit, card
    Index("scores_by_qualification", "target", "qualification", "lead_id"),
    Index("scores_by_probability", "target", "probability", "lead_id"),
    Index("scores_by_percentile", "target", "percentile", "lead_id"),
    Index("scores_by_expected_value", "target", "expected_value", "lead_id"),
    Index("scores_by_label", "target", "label", "lead_id"),
    Index("scores_by_created_at", "target", "created_at", "lead_id"),
    Index("scores_by_grade", "target", "grade", "probability"),
    Index("scores_by_source", "target", "source", "probability"),
    Index("scores_by_campaign", "target", "campaign_id", "probability"),
    Index("scores_by_rep", "target", "rep_id", "probability"),
    Index("scores_by_product", "target", "product_id", "probability"),
    # Narrow and complete for "contains x, best first": the wide rows are fetched only for a page.
    Index("scores_by_search", "target", "search", "probability", "lead_id", "product_id"),
)

# What the list of each target rests on: one row a target, replaced with its scores.
scorings = Table(
    "scorings",
    metadata,
    Column("target", String, primary_key=True),
    Column("scored_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("model_version", String, nullable=False),
    Column("asked", BigInteger, nullable=False),  # leads or people that were scored
    Column("inputs", String, nullable=False),  # fingerprint of what the scores rest on
    Column("lake", Text, nullable=False),  # version of each table of the lake, JSON
)

_CARD_KEY = (scores.c.target, scores.c.lead_id, scores.c.product_id)


def replace_scores(connection: Connection, target: str, rows: Iterable[Row]) -> int:
    """Replaces all scores of a target; returns how many there are now.

    A row has the columns of `scores` but target and search; absent ones are empty, `reasons` may
    be a mapping. Readers see the old scores until the transaction ends.
    """
    values = [_values(target, row) for row in rows]
    with without_indexes(connection, scores):
        connection.execute(delete(scores).where(scores.c.target == target))
        insert_many(connection, scores, values)
    return len(values)


def record_scoring(connection: Connection, scoring: Row) -> None:
    """Notes what the list of a target rests on; `scoring` has the columns of `scorings`."""
    connection.execute(delete(scorings).where(scorings.c.target == scoring["target"]))
    connection.execute(insert(scorings).values(**{**scoring, "lake": json_text(scoring["lake"])}))


def scoring_of(connection: Connection, target: str) -> dict[str, Any] | None:
    """What the list of a target rests on; None where it was never scored."""
    found = mappings(connection, select(scorings).where(scorings.c.target == target))
    return found[0] if found else None


def probabilities(connection: Connection, target: str) -> dict[str, float]:
    """The probability of each lead or person of a target, by id."""
    query = select(scores.c.lead_id, scores.c.probability).where(scores.c.target == target)
    return {row[0]: row[1] for row in connection.execute(query)}


def hold_scores(connection: Connection) -> None:
    """Keeps everybody else from replacing scores until this transaction that writes ends.

    In SQLite one that writes shuts out others anyway. Readers are not kept waiting.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE scores IN SHARE ROW EXCLUSIVE MODE")


def cards(connection: Connection, size: int = 5_000) -> Iterator[list[dict[str, Any]]]:
    """All scores that have a qualification card, in batches that may be replaced meanwhile.

    A row has target, lead_id, product_id, label, qualification and details (JSON text).
    """
    key = tuple_(scores.c.target, scores.c.lead_id, scores.c.product_id)
    columns = (*_CARD_KEY, scores.c.label, scores.c.qualification, scores.c.details)
    query = select(*columns).where(scores.c.qualification.is_not(None))
    query = query.order_by(*_CARD_KEY).limit(size)
    last: tuple[str, ...] | None = None
    while True:
        wanted = query if last is None else query.where(key > tuple_(*last))
        batch = [dict(row) for row in connection.execute(wanted).mappings()]
        if not batch:
            return
        last = tuple(batch[-1][column.name] for column in _CARD_KEY)
        yield batch


def replace_cards(connection: Connection, rows: Sequence[Row]) -> None:
    """Replaces qualification and details of scores: target, lead_id, product_id and those."""
    if not rows:
        return
    new, same = ("qualification", "details"), tuple(column.name for column in _CARD_KEY)
    values = [tuple(row[name] for name in (*new, *same)) for row in rows]
    driver: Any = connection.connection.driver_connection
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    changes = ", ".join(f"{name} = {mark}" for name in new)
    where = " AND ".join(f"{name} = {mark}" for name in same)
    with closing(driver.cursor()) as cursor:
        cursor.executemany(f"UPDATE scores SET {changes} WHERE {where}", values)  # noqa: S608


def _values(target: str, row: Row) -> tuple[Any, ...]:
    label = row.get("label") or row["lead_id"]
    full = {
        **row,
        "target": target,
        "product_id": row.get("product_id") or "",
        "label": label,
        "search": f"{row['lead_id']} {label}".lower(),
        "reasons": json_text(row.get("reasons") or {}),
        "details": json_text(row.get("details") or {}),
    }
    return in_order(scores, full)
