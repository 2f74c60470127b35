"""What will be bought of each product, and what would have been said in the past (backtests)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
)

from redumbrella.state.bulk import Row, in_order, insert_many, json_text
from redumbrella.state.metadata import metadata

# One row for each product of a target with one model per product; replaced with its scores.
product_forecasts = Table(
    "product_forecasts",
    metadata,
    Column("target", String, primary_key=True),
    Column("product_id", String, primary_key=True),
    Column("sales", BigInteger, nullable=False),  # that were learned from
    Column("regime", String, nullable=False),
    Column("reliable", Boolean, nullable=False),
    Column("price", Float, nullable=False),  # mean amount of a sale
    Column("expected_sales", Float),  # of all people who were asked about; None before scoring
    Column("expected_revenue", Float),
    Column("later_sales", BigInteger, nullable=False),  # in the period of examination
    Column("log_loss", Float, nullable=False),
    Column("prior_log_loss", Float, nullable=False),
    Column("gain", Float, nullable=False),  # share by which log_loss lies below prior_log_loss
    Column("search", String, nullable=False),
)

backtests = Table(
    "backtests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ran_at", BigInteger, nullable=False),
    Column("target", String, nullable=False),
    Column("document", Text, nullable=False),  # of views.backtests.BacktestFacts
    Index("backtests_by_target", "target"),
)


def replace_product_forecasts(connection: Connection, target: str, rows: Iterable[Row]) -> None:
    """Replaces what is known of a target's products; absent columns are empty."""
    own = product_forecasts.c.target == target
    values = [
        in_order(product_forecasts, {**row, "target": target, "search": row["product_id"].lower()})
        for row in rows
    ]
    connection.execute(delete(product_forecasts).where(own))
    insert_many(connection, product_forecasts, values)


def record_backtest(connection: Connection, ran_at: int, target: str, document: Row) -> None:
    """Keeps the summary of a finished backtest."""
    row = {"ran_at": ran_at, "target": target, "document": json_text(document)}
    connection.execute(insert(backtests).values(**row))
