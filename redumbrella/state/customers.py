"""What each customer is worth, and whether he is leaving: one list, and the figures behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
)

from redumbrella.state.bulk import Row, in_order, json_text, mappings
from redumbrella.state.database import State
from redumbrella.state.lists import REPLACED, NewList, list_in_use, new_list
from redumbrella.state.metadata import metadata

# The list stands apart, see `lists`; here are its columns, and a list of old.
customers = Table(
    "customers",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("label", String, nullable=False),
    Column("segment", String),
    Column("purchases", BigInteger, nullable=False),
    Column("spent", Float, nullable=False),
    Column("last_purchase", BigInteger),
    Column("alive", Float),  # P(still a customer)
    Column("expected_purchases", Float),
    Column("value", Float),  # expected within the horizon, discounted
    Column("value_low", Float),
    Column("value_high", Float),
    Column("churn", Float),  # probability of the churn target, where there is one
    Column("search", String, nullable=False),
    Column("details", Text, nullable=False, default="{}"),
    Index("customers_by_value", "value", "person_id"),
    Index("customers_by_churn", "churn", "person_id"),
    Index("customers_by_alive", "alive", "person_id"),
    Index("customers_by_segment", "segment", "value"),
    Index("customers_by_label", "label", "person_id"),
    Index("customers_by_spent", "spent", "person_id"),
    Index("customers_by_purchases", "purchases", "person_id"),
    Index("customers_by_last_purchase", "last_purchase", "person_id"),
    Index("customers_by_expected_purchases", "expected_purchases", "person_id"),
    info=REPLACED,
)

# Each time that customers were valued, with the figures of all of them; the newest counts.
valuations = Table(
    "valuations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("valued_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("customers", BigInteger, nullable=False),
    Column("inputs", String, nullable=False),  # fingerprint of what the values rest on
    Column("lifetime", Text, nullable=False),  # a document of reports.customers.Lifetime
)


def new_customers(state: State, rows: Iterable[Row]) -> AbstractContextManager[NewList]:
    """Writes a list of customers, to be taken into use within the block.

    A row has the columns of `customers` but search; absent ones are empty, `details` may be a
    mapping. Readers see the old list until the new one is taken.
    """
    return new_list(state, customers, map(_values, rows))


def segments_of(connection: Connection, segments: Sequence[str]) -> list[str]:
    """The people of these segments."""
    used = list_in_use(connection, customers)
    query = select(used.c.person_id).where(used.c.segment.in_(segments))
    return list(connection.execute(query).scalars())


def record_valuation(connection: Connection, valuation: Row) -> None:
    """Notes that customers were valued: the columns of `valuations` but id, lifetime a mapping."""
    row = {**valuation, "lifetime": json_text(valuation["lifetime"])}
    connection.execute(insert(valuations).values(**row))


def newest_valuation(connection: Connection) -> dict[str, Any] | None:
    """The last time that customers were valued, `lifetime` as JSON text; None for never."""
    found = mappings(connection, select(valuations).order_by(valuations.c.id.desc()).limit(1))
    return found[0] if found else None


def _values(row: Row) -> tuple[Any, ...]:
    label = row.get("label") or row["person_id"]
    full = {
        **row,
        "label": label,
        "search": f"{row['person_id']} {label}".lower(),
        "details": json_text(row.get("details") or {}),
    }
    return in_order(customers, full)
