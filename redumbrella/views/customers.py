"""The list of customers: filters, order and page in, `CustomerPage` out.

Reads the state database only. The page, `/api/v1/customers`, `umbrella customers` and the downloads
all show these objects.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Any

import orjson
from sqlalchemy import ColumnElement, RowMapping, Select, func, select

from redumbrella.clock import to_datetime
from redumbrella.customers.segments import SEGMENTS
from redumbrella.errors import NotFoundError, SettingsError, nearest
from redumbrella.reports.customers import Lifetime
from redumbrella.state import metadata as tables
from redumbrella.views.reading import newest_lifetime, reading
from redumbrella.workspace import Workspace

MAX_PAGE_SIZE = 1_000
_CUSTOMERS = tables.customers.c

# What a person may sort by, and the column behind it.
CUSTOMER_SORTS: dict[str, ColumnElement[Any]] = {
    "customer": _CUSTOMERS.label,
    "value": _CUSTOMERS.value,
    "churn": _CUSTOMERS.churn,
    "alive": _CUSTOMERS.alive,
    "expected_purchases": _CUSTOMERS.expected_purchases,
    "purchases": _CUSTOMERS.purchases,
    "spent": _CUSTOMERS.spent,
    "last_purchase": _CUSTOMERS.last_purchase,
    "segment": _CUSTOMERS.segment,
}
_NEVER_EMPTY = frozenset({"customer", "purchases", "spent"})


@dataclass(frozen=True)
class CustomerQuery:
    """Which customers, in which order, which page. Empty filters mean all."""

    search: str = ""
    segment: str = ""
    sort: str = "value"
    descending: bool = True
    page: int = 1
    page_size: int = 50

    @property
    def filtered(self) -> bool:
        """Whether any filter narrows the list."""
        return bool(self.search or self.segment)


@dataclass(frozen=True)
class CustomerRow:
    """One customer as the list shows it. Probabilities are shares; times are UTC.

    Money is in the workspace's currency; the value is what is expected within the horizon, revenue
    times margin, discounted, and its interval is of the money that will come.
    """

    person_id: str
    as_of: datetime
    label: str  # how people call the customer; the id when there is no name
    segment: str | None  # active | new | at risk | lost
    purchases: int  # days with a purchase
    spent: float  # so far, refunds taken off
    last_purchase: datetime | None
    alive: float | None  # probability to be still a customer
    expected_purchases: float | None  # within the horizon
    value: float | None
    value_low: float | None
    value_high: float | None
    churn: float | None  # probability of the churn target


@dataclass(frozen=True)
class CustomerPage:
    """One page of the list, with what was asked and the figures of all customers."""

    rows: tuple[CustomerRow, ...]
    total: int  # customers that match the filters
    page: int
    pages: int
    page_size: int
    query: CustomerQuery
    lifetime: Lifetime | None  # None while nobody was valued
    currency: str
    timezone: str

    @property
    def first_rank(self) -> int:
        """Position of the first shown row in the whole ordered list, from 1."""
        return (self.page - 1) * self.page_size + 1


def customer_order(text: str) -> tuple[str, bool]:
    """'-value' → ('value', True): the column and whether it runs downwards.

    Raises SettingsError with the nearest name for a column that cannot be sorted by.
    """
    name = text.removeprefix("-")
    if name not in CUSTOMER_SORTS:
        known = ", ".join(CUSTOMER_SORTS)
        message = f'Customers cannot be sorted by "{name}". Choose one of: {known}.'
        hint = nearest(name, list(CUSTOMER_SORTS))
        raise SettingsError(message + hint, reason="unknown_sort")
    return name, text.startswith("-")


def checked_segment(segment: str) -> str:
    """A segment's name, or empty for all. Raises NotFoundError with the nearest name."""
    if segment and segment not in SEGMENTS:
        message = f'There is no segment "{segment}". Segments: {", ".join(SEGMENTS)}.'
        raise NotFoundError(message + nearest(segment, SEGMENTS), reason="unknown_segment")
    return segment


def list_customers(workspace: Workspace, query: CustomerQuery) -> CustomerPage:
    """One page of customers; a page past the end shows the last one.

    Raises SettingsError for an unknown sort column, NotFoundError for an unknown segment.
    """
    customer_order(query.sort)
    checked_segment(query.segment)
    size = min(max(query.page_size, 1), MAX_PAGE_SIZE)
    with reading(workspace) as connection:
        count = select(func.count()).select_from(tables.customers).where(*_conditions(query))
        total = connection.execute(count).scalar_one()
        pages = max(1, ceil(total / size))
        page = min(max(query.page, 1), pages)
        chosen = _ordered(query).limit(size).offset((page - 1) * size)
        rows = tuple(customer_row(row) for row in connection.execute(chosen).mappings())
        lifetime = newest_lifetime(connection)
    query = replace(query, page=page, page_size=size)
    settings = workspace.settings
    return CustomerPage(
        rows, total, page, pages, size, query, lifetime, settings.currency, settings.timezone
    )


def every_customer(workspace: Workspace, query: CustomerQuery) -> Iterator[RowMapping]:
    """All matching rows of `customers` in order, read in batches: for downloads and exports.

    Raises SettingsError and NotFoundError as `list_customers` does, before the first row.
    """
    customer_order(query.sort)
    checked_segment(query.segment)
    return _stream(workspace, _ordered(query))


def has_customers(workspace: Workspace) -> bool:
    """Whether anybody was valued."""
    with reading(workspace) as connection:
        return connection.execute(select(_CUSTOMERS.person_id).limit(1)).first() is not None


def customer_row(row: RowMapping) -> CustomerRow:
    """One row of `customers` as the list shows it."""
    last = row["last_purchase"]
    return CustomerRow(
        person_id=row["person_id"],
        as_of=to_datetime(row["as_of"]),
        label=row["label"] or row["person_id"],
        segment=row["segment"],
        purchases=row["purchases"],
        spent=row["spent"],
        last_purchase=None if last is None else to_datetime(last),
        alive=row["alive"],
        expected_purchases=row["expected_purchases"],
        value=row["value"],
        value_low=row["value_low"],
        value_high=row["value_high"],
        churn=row["churn"],
    )


def customer_segments(row: RowMapping) -> dict[str, str]:
    """The customer's group by each way to group: {"class": "new", "country": "France"}."""
    return dict(orjson.loads(row["details"]).get("segments", {}))


def _stream(workspace: Workspace, statement: Select[Any]) -> Iterator[RowMapping]:
    with reading(workspace) as connection:
        rows = connection.execution_options(yield_per=2_000).execute(statement)
        yield from rows.mappings()


def _conditions(query: CustomerQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.segment:
        conditions.append(_CUSTOMERS.segment == query.segment)
    conditions.extend(
        _CUSTOMERS.search.contains(word, autoescape=True) for word in query.search.lower().split()
    )
    return conditions


def _ordered(query: CustomerQuery) -> Select[Any]:
    name, _ = customer_order(query.sort)
    # In one direction, so that an index on (column, person_id) gives the order.
    columns = (CUSTOMER_SORTS[name], _CUSTOMERS.person_id)
    order = [column.desc() if query.descending else column.asc() for column in columns]
    if name not in _NEVER_EMPTY:
        order[0] = order[0].nulls_last()
    if name == "segment":  # many customers share one: the most valuable of them come first
        order.insert(1, _CUSTOMERS.value.desc().nulls_last())
    return select(tables.customers).where(*_conditions(query)).order_by(*order)
