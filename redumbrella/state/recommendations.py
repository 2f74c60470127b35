"""Which products are put before whom: one row a list of a person, and what each product goes with.

A list is one row, not one for each of its places: a million people with three lists of thirty
places would be ninety million rows, and a list is always read whole.
"""

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

# Both stand apart, see `lists`.
recommendations = Table(
    "recommendations",
    metadata,
    Column("recommender", String, primary_key=True),
    Column("list", String, primary_key=True),  # again, new, newcomer, all
    Column("person_id", String, primary_key=True),
    Column("label", String, nullable=False),  # how the person is called
    Column("method", String, nullable=False),
    Column("product_id", String, nullable=False),  # the first place
    Column("product", String, nullable=False),  # how it is called
    Column("probability", Float),  # of the first place
    Column("expected_value", Float),  # probability x margin of the first place
    Column("as_of", BigInteger, nullable=False),
    Column("search", String, nullable=False),  # the person and what is shown, in lower case
    Column("places", Text, nullable=False),  # a list of `Place` as JSON
    Index("recommendations_by_person", "person_id"),
    Index("recommendations_by_probability", "probability", "person_id"),
    Index("recommendations_by_value", "expected_value", "person_id"),
    Index("recommendations_by_product", "product_id", "probability"),
    info=REPLACED,
)

recommended_products = Table(
    "recommended_products",
    metadata,
    Column("recommender", String, primary_key=True),
    Column("product_id", String, primary_key=True),
    Column("product", String, nullable=False),
    Column("product_type", String, nullable=False),
    Column("price", Float),
    Column("buyers", BigInteger, nullable=False),
    Column("popularity", Float, nullable=False),  # buyers of late, 1 for the one with the most
    Column("shown", BigInteger, nullable=False),  # on how many lists it stands
    Column("search", String, nullable=False),
    Column("details", Text, nullable=False),  # what it is similar to and bought together with
    Index("recommended_products_by_shown", "shown", "product_id"),
    Index("recommended_products_by_buyers", "buyers", "product_id"),
    Index("recommended_products_by_popularity", "popularity", "product_id"),
    info=REPLACED,
)

# Each time that lists were made, with what they were chosen by; the newest of each counts.
recommendings = Table(
    "recommendings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recommender", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("inputs", String, nullable=False),  # fingerprint of what the lists rest on
    Column("report", Text, nullable=False),  # a document of reports.recommenders
    Index("recommendings_by_name", "recommender", "id"),
)


def new_recommendations(state: State, rows: Iterable[Row]) -> AbstractContextManager[NewList]:
    """Writes the lists of all people, to be taken into use within the block.

    A row has the columns of `recommendations`, `places` as `Place`s.
    """
    return new_list(state, recommendations, map(_list_values, rows))


def new_recommended_products(state: State, rows: Iterable[Row]) -> AbstractContextManager[NewList]:
    """Writes what is known of products, to be taken into use within the block.

    A row has the columns of `recommended_products` but search, `details` as a mapping.
    """
    return new_list(state, recommended_products, map(_product_values, rows))


def record_recommending(connection: Connection, made: Row) -> None:
    """Notes that lists were made: the columns of `recommendings` but id, report a mapping."""
    row = {**made, "report": json_text(made["report"])}
    connection.execute(insert(recommendings).values(**row))


def newest_recommending(connection: Connection, recommender: str) -> dict[str, Any] | None:
    """The last time that this recommender's lists were made, `report` as text; None for never."""
    found = mappings(
        connection,
        select(recommendings)
        .where(recommendings.c.recommender == recommender)
        .order_by(recommendings.c.id.desc())
        .limit(1),
    )
    return found[0] if found else None


def lists_of_person(
    connection: Connection, recommender: str, person_id: str
) -> list[dict[str, Any]]:
    """All lists of a person as stored, `places` as text."""
    used = list_in_use(connection, recommendations)
    query = select(used).where(used.c.person_id == person_id, used.c.recommender == recommender)
    return mappings(connection, query)


def people_with_list(
    connection: Connection, recommender: str, lists: Sequence[str]
) -> dict[str, str]:
    """How everybody is called who has one of these lists, by person_id; in order of it."""
    used = list_in_use(connection, recommendations)
    query = (
        select(used.c.person_id, used.c.label)
        .where(used.c.recommender == recommender, used.c.list.in_(lists))
        .order_by(used.c.person_id)
    )
    return {row.person_id: row.label for row in connection.execute(query)}


def recommended_product(
    connection: Connection, recommender: str, product_id: str
) -> dict[str, Any] | None:
    """What is known of one product, `details` as text; None for an unknown one."""
    used = list_in_use(connection, recommended_products)
    query = select(used).where(used.c.product_id == product_id, used.c.recommender == recommender)
    found = mappings(connection, query)
    return found[0] if found else None


def _list_values(row: Row) -> tuple[Any, ...]:
    places = [tuple(place) for place in row["places"]]
    return in_order(recommendations, {**row, "places": json_text(places)})


def _product_values(row: Row) -> tuple[Any, ...]:
    full = {
        **row,
        "search": f"{row['product_id']} {row['product']}".lower(),
        "details": json_text(row["details"]),
    }
    return in_order(recommended_products, full)
