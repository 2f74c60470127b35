"""The list of products: how likely, how often and for how much each will be bought, and how good
the models are. Report of the model in use and newest score run in, `ProductTable` out.

The page `/products`, `/api/v1/products` and `umbrella products` all show these objects.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from redumbrella.clock import to_datetime
from redumbrella.errors import NotFoundError, SettingsError, nearest
from redumbrella.reports.products import ProductFigures, ProductsReport
from redumbrella.state import metadata as tables
from redumbrella.views.models import ModelFacts, current_report
from redumbrella.views.reading import reading
from redumbrella.workspace import Workspace

# What a person may sort by; the product itself runs upwards, all else downwards.
PRODUCT_SORTS = ("product", "expected_revenue", "expected_sales", "sales", "price", "gain")


@dataclass(frozen=True)
class ProductRow:
    """One product. Money is in the workspace's currency, expectations are for the horizon."""

    product_id: str
    sales: int  # in the lessons
    regime: str  # shrunken: few sales, drawn to what all products have in common | model
    reliable: bool
    price: float  # mean amount of a sale
    expected_sales: float | None  # people who are expected to buy it; None before scoring
    expected_revenue: float | None
    later_sales: int  # in the later period that the model was examined on
    log_loss: float  # there, before the model had seen it
    prior_log_loss: float  # of the product's share of buyers
    gain: float  # by how much the log loss is below that of the share, as a part of it


@dataclass(frozen=True)
class ProductTable:
    """All products of a target with one model per product, and the figures of all together."""

    rows: tuple[ProductRow, ...]
    target: str
    sort: str
    horizon_days: float
    people: int | None  # who were asked about; None before scoring
    as_of: datetime | None
    figures: ProductsReport  # how good the models were on a later period
    model: ModelFacts
    currency: str
    timezone: str


def product_target(workspace: Workspace, target: str | None = None) -> str:
    """The target with one model per product.

    Raises NotFoundError when there is none, or when the named one is not of products.
    """
    names = [item.name for item in workspace.settings.targets if item.per == "product"]
    if not names:
        raise NotFoundError(
            "No target asks for one model per product. Add purchase = true and "
            'per = "product" to a target in umbrella.toml, then run `umbrella run`.',
            reason="no_products",
        )
    if target is not None and target not in names:
        message = f'The target "{target}" is not learned per product. Those are: '
        raise NotFoundError(
            message + ", ".join(names) + "." + nearest(target, names), reason="unknown_target"
        )
    return names[0] if target is None else target


def has_products(workspace: Workspace) -> bool:
    """Whether a target asks for one model per product."""
    return any(target.per == "product" for target in workspace.settings.targets)


def list_products(
    workspace: Workspace, target: str | None = None, sort: str = "expected_revenue"
) -> ProductTable:
    """All products of a target, in order.

    Raises SettingsError for an unknown sort column, NotFoundError where nothing is trained yet.
    """
    if sort not in PRODUCT_SORTS:
        message = f'Products cannot be sorted by "{sort}". Choose one of: '
        known = ", ".join(PRODUCT_SORTS) + "."
        raise SettingsError(message + known + nearest(sort, PRODUCT_SORTS), reason="unknown_sort")
    name = product_target(workspace, target)
    report = current_report(workspace, name)
    figures = report.document["products"]
    if figures is None:
        message = f'The model of "{name}" knows no products. Train again: umbrella run'
        raise NotFoundError(message, reason="no_model")
    with reading(workspace) as connection:
        scored = _newest_scores(connection, name)
    expected = scored.get("expected_sales") or {}
    rows = [_row(product, expected.get(product["product_id"])) for product in figures["products"]]
    as_of = scored.get("as_of")
    return ProductTable(
        rows=tuple(sorted(rows, key=lambda row: _place(row, sort))),
        target=name,
        sort=sort,
        horizon_days=figures["horizon_days"],
        people=scored.get("people"),
        as_of=None if as_of is None else to_datetime(as_of),
        figures=figures,
        model=report.facts,
        currency=workspace.settings.currency,
        timezone=workspace.settings.timezone,
    )


def _row(product: ProductFigures, expected: float | None) -> ProductRow:
    prior = product["prior_log_loss"]
    return ProductRow(
        **product,
        expected_sales=expected,
        expected_revenue=None if expected is None else expected * product["price"],
        gain=1.0 - product["log_loss"] / prior if prior > 0 else 0.0,
    )


def _place(row: ProductRow, sort: str) -> tuple[Any, ...]:
    if sort == "product":
        return (row.product_id,)
    value = getattr(row, sort)
    return (value is None, 0.0 if value is None else -value, row.product_id)


def _newest_scores(connection: Connection, target: str) -> dict[str, Any]:
    """What the last score run of the target said about all products, {} for never."""
    runs = tables.runs.c
    done = (runs.verb == "score") & (runs.status == "done")
    query = select(runs.detail).where(done).order_by(runs.id.desc()).limit(200)
    for text in connection.execute(query).scalars():
        detail = orjson.loads(text)
        if detail.get("target") == target:
            return dict(detail)
    return {}
