"""What single lists say beside their rows on the page; most say nothing."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from redumbrella.clock import now, to_datetime
from redumbrella.outcomes import OUTCOMES
from redumbrella.reports.wording import base_total, products_asked, products_examined
from redumbrella.server.web.customer_charts import customer_charts
from redumbrella.views.listing import Page
from redumbrella.views.logged import seen_outcomes
from redumbrella.views.outbox import delivery_faults
from redumbrella.views.pipeline import GROUPINGS
from redumbrella.views.today import is_due
from redumbrella.workspace import Workspace


def parts_beside(workspace: Workspace, page: Page) -> Mapping[str, Any]:
    """Values that the template of this list needs besides the table's."""
    make = _PARTS.get(page.view.name)
    return {} if make is None else make(workspace, page)


def _customers(_workspace: Workspace, page: Page) -> dict[str, Any]:
    lifetime, currency = page.around["lifetime"], page.frame.currency
    return {
        "lifetime": lifetime,
        "base": None if lifetime is None else base_total(lifetime, currency),
        "charts": [] if lifetime is None else customer_charts(lifetime, currency),
    }


def _products(_workspace: Workspace, page: Page) -> dict[str, Any]:
    figures = page.around["figures"]
    if figures is None:
        return {"words": []}
    asked = products_asked(page.around["people"], page.around["horizon_days"])
    return {"words": [asked, products_examined(figures)]}


def _pipeline(_workspace: Workspace, page: Page) -> dict[str, Any]:
    return {"filter_name": GROUPINGS[page.query.by][2]}


def _outbox(workspace: Workspace, _page: Page) -> dict[str, Any]:
    with workspace.state.reading() as connection:
        return {"faults": delivery_faults(connection)}


def _today(workspace: Workspace, page: Page) -> dict[str, Any]:
    """What the buttons of the lines need; the whole form is a page of its own."""
    leads = [row["lead_id"] for row in page.rows]
    return {
        "seen": seen_outcomes(workspace, leads),
        "now": to_datetime(now()),
        "key": uuid4().hex,
        "is_due": is_due(workspace, page.query.target, now()),
        "outcomes": OUTCOMES,
    }


_PARTS: Mapping[str, Callable[[Workspace, Page], dict[str, Any]]] = {
    "customers": _customers,
    "outbox": _outbox,
    "pipeline": _pipeline,
    "products": _products,
    "today": _today,
}
