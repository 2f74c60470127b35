"""The list of products: how often each will be bought, and how good its model is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from typing_extensions import TypedDict

from redumbrella.clock import to_datetime
from redumbrella.reports.products import ProductsReport
from redumbrella.reports.wording import basis
from redumbrella.settings.settings import Settings
from redumbrella.state.forecasts import product_forecasts
from redumbrella.state.scores import scorings
from redumbrella.views.kinds import COUNT, FLAG, MONEY, SHARE, TEXT, Row, decimals
from redumbrella.views.models import ModelFacts, find_current
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.views.trust import Trust, trust_in
from redumbrella.workspace import Workspace


class AroundProducts(TypedDict):
    """What the list of products says besides its rows.

    trust: whether it may be relied on that people buy at all, on which each product's model rests.
    """

    trust: Trust
    horizon_days: float | None  # None before training
    people: int | None  # who were asked about; None before scoring
    as_of: datetime | None
    figures: ProductsReport | None  # how good the models were on a later period
    model: ModelFacts | None
    currency: str
    timezone: str


def has_products(workspace: Workspace) -> bool:
    """Whether a target asks for one model per product."""
    return any(target.per == "product" for target in workspace.settings.targets)


def _around(workspace: Workspace, connection: Connection, query: Query) -> Mapping[str, Any]:
    target = query.target
    assert target is not None
    report = find_current(connection, target)
    figures = None if report is None else report.document["products"]
    asked = select(scorings.c.asked, scorings.c.as_of).where(scorings.c.target == target)
    scored = connection.execute(asked).first()
    return {
        "trust": trust_in(None if report is None else report.facts, target),
        "horizon_days": None if figures is None else figures["horizon_days"],
        "people": None if scored is None else scored.asked,
        "as_of": None if scored is None else to_datetime(scored.as_of),
        "figures": figures,
        "model": None if report is None else report.facts,
        "currency": workspace.settings.currency,
        "timezone": workspace.settings.timezone,
    }


def _target(settings: Settings, name: str | None) -> str:
    return settings.product_target(name).name


def _nothing(workspace: Workspace, target: str | None) -> str:
    name = workspace.settings.product_target(target).name
    return f'No model of "{name}" that knows products is trained yet. Run `umbrella run` first.'


def _basis(row: Row) -> str:
    return basis(row["regime"], reliable=bool(row["reliable"]))


PRODUCTS = View(
    name="products",
    title="What will be bought",
    noun=("product", "products"),
    table=product_forecasts,
    key=("product_id",),
    columns=(
        Column("product_id", "Product", TEXT, sort="product", cell="bought"),
        Column(
            "expected_revenue",
            "Expected revenue",
            MONEY,
            sort="expected_revenue",
            falling=True,
            cell="revenue",
            help="One mean sale for each expected sale.",
        ),
        Column(
            "expected_sales",
            "Expected sales",
            decimals(1),
            sort="expected_sales",
            falling=True,
            help="People who are expected to buy it within the horizon; empty before scoring.",
        ),
        Column(
            "price",
            "Mean sale",
            MONEY,
            sort="price",
            falling=True,
            secondary=True,
            help="Mean amount of a sale.",
        ),
        Column(
            "sales",
            "Sales learned from",
            COUNT,
            sort="sales",
            falling=True,
            secondary=True,
            help="Sales that the model learned from.",
        ),
        Column(
            "later_sales",
            "Later sales",
            COUNT,
            sort="later_sales",
            falling=True,
            secondary=True,
            help="In the later period that the model was examined on.",
        ),
        Column("log_loss", "Log loss", decimals(4), help="On that period, before it was seen."),
        Column(
            "prior_log_loss",
            "Share's log loss",
            decimals(4),
            help="Of the product's share of buyers.",
        ),
        Column(
            "gain",
            "Better than its share",
            SHARE,
            sort="gain",
            falling=True,
            secondary=True,
            help="By how much the log loss is below that of the share of buyers.",
        ),
        Column("regime", "Regime", TEXT, help="shrunken: few sales; model."),
        Column("reliable", "Reliable", FLAG),
        Column(
            "basis",
            "Basis",
            TEXT,
            value=_basis,
            comparing=True,
            cell="basis",
            in_list=False,
            in_export=False,
        ),
    ),
    order="-expected_revenue",
    shown=(
        "product_id",
        "expected_revenue",
        "expected_sales",
        "price",
        "sales",
        "later_sales",
        "gain",
        "basis",
    ),
    terminal=(
        "product_id",
        "expected_sales",
        "expected_revenue",
        "price",
        "sales",
        "gain",
        "basis",
    ),
    nothing=_nothing,
    orders=(
        NamedOrder("-expected_revenue", "most revenue first"),
        NamedOrder("-expected_sales", "most sales first"),
        NamedOrder("-gain", "best model first"),
        NamedOrder("product", "by name"),
    ),
    search="search",
    search_words="a product's id",
    target=_target,
    around=_around,
    around_type=AroundProducts,
    bar=("expected_revenue",),
    of_model={"expected_revenue": "trust", "expected_sales": "trust"},
    placed="expected_revenue",
    template="products.html",
    is_in_menu=has_products,
)
