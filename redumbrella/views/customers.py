"""The list of customers: what each is worth, and who is leaving."""

from typing import Any

import orjson
from sqlalchemy import Connection, select
from typing_extensions import TypedDict

from redumbrella.reports.customers import SEGMENTS, Lifetime
from redumbrella.state.customers import customers
from redumbrella.state.lists import list_in_use
from redumbrella.views.kinds import (
    COUNT,
    DAY,
    INSTANT,
    MONEY,
    MONEY_RANGE,
    SHARE,
    TEXT,
    Row,
    decimals,
)
from redumbrella.views.lifetime import newest_lifetime
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.views.trust import Trust, trust_in_list, trust_in_values
from redumbrella.workspace import Workspace


class AroundCustomers(TypedDict):
    """What the list of customers says besides its rows: the figures of all customers.

    trust: whether the values may be relied on; churn_trust: whether the chances to leave may be.
    Null where there are none.
    """

    trust: Trust | None
    churn_trust: Trust | None
    lifetime: Lifetime | None
    currency: str
    timezone: str


def has_customers(workspace: Workspace) -> bool:
    """Whether anybody was valued."""
    with workspace.state.reading() as connection:
        used = list_in_use(connection, customers)
        return connection.execute(select(used.c.person_id).limit(1)).first() is not None


def _around(workspace: Workspace, connection: Connection, _query: Query) -> dict[str, Any]:
    settings = workspace.settings
    lifetime = newest_lifetime(connection)
    leaving = None if lifetime is None else lifetime["churn_target"]
    return {
        "trust": None if lifetime is None else trust_in_values(lifetime, settings.currency),
        "churn_trust": None if leaving is None else trust_in_list(connection, leaving),
        "lifetime": lifetime,
        "currency": settings.currency,
        "timezone": settings.timezone,
    }


def _detail(name: str) -> Any:
    return lambda row: orjson.loads(row["details"]).get(name)


def _group(by: str) -> Any:
    return lambda row: orjson.loads(row["details"]).get("segments", {}).get(by)


def _name(row: Row) -> str:
    return str(row["label"] or row["person_id"])


def _nothing(workspace: Workspace, _target: str | None) -> str:
    if "purchases" in workspace.settings.tables:
        return "No customer is valued yet. Run `umbrella run` first."
    return (
        "No customer is valued yet. Name the file of purchases under [tables.purchases] in "
        "umbrella.toml, then run `umbrella run`."
    )


CUSTOMERS = View(
    name="customers",
    title="What customers are worth",
    noun=("customer", "customers"),
    table=customers,
    key=("person_id",),
    columns=(
        Column("person_id", "Id", TEXT, help="Id of the person."),
        Column(
            "label",
            "Customer",
            TEXT,
            value=_name,
            sort="customer",
            cell="customer",
            help="Name of the person, else the id.",
        ),
        Column("as_of", "As of", INSTANT, help="Purchases up to this instant were used."),
        Column(
            "segment",
            "Segment",
            TEXT,
            sort="segment",
            filter="segment",
            choices=SEGMENTS,
            cell="segment",
            help="By the days since the last purchase.",
        ),
        Column(
            "purchases",
            "Purchases",
            COUNT,
            sort="purchases",
            falling=True,
            secondary=True,
            help="Days with a purchase.",
        ),
        Column(
            "spent",
            "Spent",
            MONEY,
            sort="spent",
            falling=True,
            secondary=True,
            help="So far, refunds taken off.",
        ),
        Column(
            "last_purchase",
            "Last purchase",
            DAY,
            sort="last_purchase",
            falling=True,
            secondary=True,
        ),
        Column(
            "alive",
            "Still a customer",
            SHARE,
            sort="alive",
            falling=True,
            optional=True,
            secondary=True,
            help="Probability to be still a customer (BG/NBD).",
        ),
        Column(
            "expected_purchases",
            "Purchases ahead",
            decimals(1),
            sort="expected_purchases",
            falling=True,
            optional=True,
            secondary=True,
            help="Expected within the horizon.",
        ),
        Column(
            "value",
            "Value",
            MONEY,
            sort="value",
            falling=True,
            cell="value",
            help="Expected within the horizon, revenue times margin, discounted.",
        ),
        Column(
            "value_low",
            "Value, low",
            MONEY,
            help="Lower end of the 90 % interval of the money that will come.",
        ),
        Column("value_high", "Value, high", MONEY, help="Upper end of that interval."),
        Column(
            "churn",
            "Leaves",
            SHARE,
            sort="churn",
            falling=True,
            optional=True,
            secondary=True,
            help="Probability of the first scored target with absence_of. Empty: none is scored.",
        ),
        Column(
            "mean_repeat_amount",
            "Mean amount",
            MONEY,
            value=_detail("mean_repeat_amount"),
            in_list=False,
            help="Mean amount of the repeat purchases so far, 0 without any.",
        ),
        Column(
            "by_purchase_models",
            "By purchase models",
            MONEY,
            value=_detail("by_purchase_models"),
            in_list=False,
            help="Value by BG/NBD and Gamma-Gamma.",
        ),
        Column(
            "by_learned_shares",
            "By learned shares",
            MONEY,
            value=_detail("by_learned_shares"),
            in_list=False,
            help="The same total shared out by boosted trees. Empty: not learned.",
        ),
        Column(
            "value_group",
            "Value group",
            TEXT,
            value=_group("value"),
            in_list=False,
            help="Quarter of the customers by value.",
        ),
        Column(
            "first_purchase_group",
            "First purchase",
            TEXT,
            value=_group("first purchase"),
            in_list=False,
            help="Quarter or year of the first purchase.",
        ),
        Column(
            "country",
            "Country",
            TEXT,
            value=_group("country"),
            in_list=False,
            help="Country of the person, where one is recorded.",
        ),
        Column(
            "interval",
            "Interval",
            MONEY_RANGE,
            value=lambda row: (row["value_low"], row["value_high"]),
            in_list=False,
            in_export=False,
        ),
    ),
    order="-value",
    shown=(
        "label",
        "value",
        "segment",
        "alive",
        "churn",
        "expected_purchases",
        "purchases",
        "spent",
        "last_purchase",
    ),
    terminal=(
        "label",
        "value",
        "interval",
        "alive",
        "churn",
        "purchases",
        "spent",
        "last_purchase",
        "segment",
    ),
    nothing=_nothing,
    orders=(
        NamedOrder("-value", "most valuable first"),
        NamedOrder("-churn", "most likely to leave first"),
        NamedOrder("alive", "least likely still a customer first"),
        NamedOrder("-last_purchase", "last purchase first"),
        NamedOrder("customer", "by name"),
    ),
    search="search",
    search_words="a customer's name or id",
    best="value",
    around=_around,
    around_type=AroundCustomers,
    bar=("value_high", "value"),
    of_model={"churn": "churn_trust"},
    template="customers.html",
    is_in_menu=has_customers,
)
