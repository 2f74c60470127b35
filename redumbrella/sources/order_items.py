# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Order books with one row for each item: what stands only on the first row of an order.

A staged table of purchases comes in and is completed: a row without an amount, below one of the
same order that has one, is a further item, which takes person, time and cancellation from above. Of
an order whose total stands on each of its rows the first one keeps it. Promise: an order's money
counts once, and no item is lost.
"""

from collections.abc import Mapping

from redumbrella.lake.quoting import quoted
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.staging import FILE, ITEM, ROW, Staging

_FILLED = ("person_id", "at", "cancelled_at", "status")
# Totals are told from prices of items by that they are equal within so many orders, and vary.
_LEAST_ORDERS, _LEAST_EQUAL, _LEAST_AMOUNTS = 20, 0.98, 10


def complete_items(staging: Staging, canonical: Mapping[str, ColumnSource]) -> list[str]:
    """Completes the items of orders in place; notes on what was done."""
    here = {
        name: staging.columns[canonical[name].column]
        for name in ("purchase_id", "amount", "product_id", *_FILLED)
        if name in canonical and canonical[name].column in staging.columns
    }
    if not {"purchase_id", "amount", "person_id", "at"} <= set(here):
        return []
    status = canonical["amount"].status
    if status is not None and status in staging.columns:
        here["status"] = staging.columns[status]
    staging.mark(ITEM)
    return [
        *_continued(staging, here),
        *_repeated_totals(staging, here, is_price=bool(canonical["amount"].times)),
    ]


def _continued(staging: Staging, here: Mapping[str, str]) -> list[str]:
    """Rows without an amount continue the order above them."""
    order, amount = here["purchase_id"], here["amount"]
    blank = " AND ".join(f"{here[name]} IS NULL" for name in ("person_id", "at"))
    if not staging.count(f"{amount} IS NULL"):
        return []
    table = quoted(staging.name)
    # Where not even the order's number is repeated, the row belongs to the one above.
    above = (
        f"SELECT *, CASE WHEN {order} IS NULL AND {amount} IS NULL AND {blank} THEN "
        f"last_value({order} IGNORE NULLS) OVER (PARTITION BY {FILE} ORDER BY {ROW}) "
        f"ELSE {order} END AS of FROM {table}"
    )
    window = f"(PARTITION BY {FILE}, of ORDER BY {ROW})"
    filled = {
        here[name]: f"first_value({here[name]} IGNORE NULLS) OVER {window}"
        for name in _FILLED
        if name in here
    }
    parts = "".join(f", {sql} AS {column}" for column, sql in filled.items())
    staging.connection.execute(
        f"UPDATE {table} SET {ITEM} = TRUE, {order} = o.of"
        + "".join(f", {column} = coalesce({table}.{column}, o.{column})" for column in filled)
        + f" FROM (SELECT {FILE}, {ROW}, of, {amount} AS amount, "
        f"first_value({amount} IGNORE NULLS) OVER {window} AS total{parts} FROM ({above})) o "
        f"WHERE o.{FILE} = {table}.{FILE} AND o.{ROW} = {table}.{ROW} "
        "AND o.amount IS NULL AND o.total IS NOT NULL AND o.of IS NOT NULL"
    )
    count = staging.count(ITEM)
    if not count:
        return []
    rows = (
        "1 row has no amount: it is" if count == 1 else f"{count:,} rows have no amount: they are"
    )
    return [f"{rows} further items of the order above, whose amount counts once."]


def _repeated_totals(staging: Staging, here: Mapping[str, str], *, is_price: bool) -> list[str]:
    """Orders with several products whose amount is the same on all rows: it is their total."""
    if "product_id" not in here or is_price:
        return []
    order, amount, table = here["purchase_id"], here["amount"], quoted(staging.name)
    orders, equal, amounts = staging.one(
        f"SELECT count(*), count(*) FILTER (amounts = 1), count(DISTINCT amount) FROM ("
        f"SELECT count(DISTINCT {amount}) AS amounts, min({amount}) AS amount FROM {table} "
        f"WHERE NOT {ITEM} AND {order} IS NOT NULL AND {amount} IS NOT NULL "
        f"GROUP BY {FILE}, {order} HAVING count(DISTINCT {here['product_id']}) > 1)"
    )
    if orders < _LEAST_ORDERS or equal < _LEAST_EQUAL * orders or amounts < _LEAST_AMOUNTS:
        return []
    staging.connection.execute(
        f"UPDATE {table} SET {ITEM} = TRUE, {amount} = NULL FROM (SELECT {FILE}, {ROW} "
        f"FROM {table} WHERE {order} IS NOT NULL AND {amount} IS NOT NULL QUALIFY "
        f"row_number() OVER (PARTITION BY {FILE}, {order}, {amount} ORDER BY {ROW}) > 1) o "
        f"WHERE o.{FILE} = {table}.{FILE} AND o.{ROW} = {table}.{ROW}"
    )
    return [
        f"The amount stands on each row of an order ({equal:,} orders of several products): it is "
        "the order's total and counts once."
    ]
