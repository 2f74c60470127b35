"""The list of valuations: what the whole base of customers was worth, each time it was valued."""

from typing import Any

import orjson
from sqlalchemy import Connection
from typing_extensions import TypedDict

from redumbrella.state.customers import valuations
from redumbrella.views.kinds import COUNT, INSTANT, MONEY, TEXT, Row
from redumbrella.views.lifetime import newest_lifetime
from redumbrella.views.table import Column, Query, View
from redumbrella.views.trust import Trust, trust_in_values
from redumbrella.workspace import Workspace


class AroundValuations(TypedDict):
    """What the list of valuations says besides its rows: how far the newest may be relied on."""

    trust: Trust | None


def _around(workspace: Workspace, connection: Connection, _query: Query) -> AroundValuations:
    newest = newest_lifetime(connection)
    currency = workspace.settings.currency
    return {"trust": None if newest is None else trust_in_values(newest, currency)}


def _base(name: str) -> Any:
    """A figure of the base of customers, out of the stored document."""

    def value(row: Row) -> float | None:
        found: float | None = orjson.loads(row["lifetime"])["base"][name]
        return found

    return value


def _counted(row: Row) -> str:
    """Revenue, or profit where a margin was given."""
    return "revenue" if orjson.loads(row["lifetime"])["margin"] == 1.0 else "profit"


def _days(row: Row) -> int:
    return int(orjson.loads(row["lifetime"])["horizon_days"])


_SHOWN = ("valued_at", "as_of", "customers", "expected", "low", "high", "counted", "days")

VALUATIONS = View(
    name="valuations",
    title="What the base was worth",
    noun=("valuation", "valuations"),
    table=valuations,
    key=("id",),
    columns=(
        Column("valued_at", "Valued", INSTANT, sort="valued_at", falling=True, sorted_by="id"),
        Column("as_of", "As of", INSTANT, help="Purchases up to this instant were used."),
        Column("customers", "Customers", COUNT, sort="customers", falling=True),
        Column("expected", "Expected value", MONEY, value=_base("expected")),
        Column("low", "Low", MONEY, value=_base("low"), help="Lower end of the interval."),
        Column("high", "High", MONEY, value=_base("high"), help="Upper end of the interval."),
        Column(
            "counted",
            "Counted",
            TEXT,
            value=_counted,
            help="Revenue, or profit with a margin.",
        ),
        Column("days", "Days ahead", COUNT, value=_days, help="How far ahead it was looked."),
    ),
    order="-valued_at",
    shown=_SHOWN,
    terminal=_SHOWN,
    around=_around,
    around_type=AroundValuations,
    nothing=lambda _workspace, _target: "No customer is valued yet. Run `umbrella run` first.",
)
