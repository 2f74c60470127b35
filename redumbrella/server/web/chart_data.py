"""What the interactive charts are made of, asked for when somebody points at a chart.

The pages show pictures made on the server, see `drawing`; specifications and the chart library
weigh more than all else on them. In: a model version, or nothing for customers. Out: the Vega-Lite
specification of each chart by name.
"""

from typing import Any

from fastapi import APIRouter

from redumbrella.server.parameters import Opened
from redumbrella.server.web.charts import Chart
from redumbrella.server.web.customer_charts import customer_charts
from redumbrella.server.web.report_view import report_view
from redumbrella.views.lifetime import lifetime_of
from redumbrella.views.models import report_of

router = APIRouter(include_in_schema=False)


@router.get("/models/{version}/charts")
def of_model(
    workspace: Opened, version: str, threshold: str = "", capacity: str = ""
) -> dict[str, Any]:
    """The charts of a model report, at what its page was asked for."""
    view = report_view(workspace, report_of(workspace, version), threshold, capacity)
    return _specifications(view.charts)


@router.get("/customers/charts")
def of_customers(workspace: Opened) -> dict[str, Any]:
    """The charts above the list of customers; none before they are valued."""
    lifetime = lifetime_of(workspace)
    if lifetime is None:
        return {}
    return _specifications(customer_charts(lifetime, workspace.settings.currency))


def _specifications(charts: list[Chart]) -> dict[str, Any]:
    return {chart.name: chart.specification for chart in charts}
