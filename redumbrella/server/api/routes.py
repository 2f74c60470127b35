"""REST under /api/v1: each route is one read model, the same object that the page shows."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse
from typing_extensions import TypedDict

from redumbrella.reports.model import ReportDocument
from redumbrella.server.api.responses import JsonResponse
from redumbrella.server.parameters import customer_query, lead_query, opened_workspace
from redumbrella.views.backtests import BacktestFacts, backtests
from redumbrella.views.customers import (
    CustomerPage,
    CustomerQuery,
    every_customer,
    list_customers,
)
from redumbrella.views.lead import LeadDetail, lead_detail
from redumbrella.views.leads import LeadPage, LeadQuery, every_lead, list_leads
from redumbrella.views.models import current_report, report_of
from redumbrella.views.products import ProductTable, list_products
from redumbrella.workflows.customer_export import customer_csv_lines
from redumbrella.workflows.export import csv_lines, json_array
from redumbrella.workflows.set_weights import (
    Reweighed,
    WeightsHistory,
    set_weights,
    weights_history,
)
from redumbrella.workspace import Workspace


class Problem(TypedDict):
    """A short code for machines and a message for a person."""

    reason: str
    message: str


class ErrorAnswer(TypedDict):
    """What every route answers when it cannot do what was asked."""

    error: Problem


class NewWeights(BaseModel):
    """Weights by criterion, from 0 up; criteria that are not named keep theirs."""

    model_config = ConfigDict(extra="forbid")

    weights: dict[str, float] = Field(description="By criterion: ease_of_conversion and so on.")
    by: str = Field(default="", description="Who sets them.")
    note: str = Field(default="", description="Why.")


class Health(TypedDict):
    """Whether the server can read its state, and what it shows."""

    status: str
    version: str
    workspace: str
    scored_leads: int
    valued_customers: int
    model_version: str | None


Opened = Annotated[Workspace, Depends(opened_workspace)]
Query = Annotated[LeadQuery, Depends(lead_query)]
Customers = Annotated[CustomerQuery, Depends(customer_query)]


def _answers(model: Any) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says a route answers; the body itself is written without a second check."""
    return {200: {"model": model}, **_ERRORS}


def _file(media_type: str, schema: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says a download answers."""
    return {200: {"content": {media_type: {"schema": schema}}}, **_ERRORS}


_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer} for status in (400, 401, 403, 404, 409, 422, 500, 503)
}


router = APIRouter(prefix="/api/v1", default_response_class=JsonResponse)


@router.get("/leads", responses=_answers(LeadPage), summary="The ordered list of scored leads")
def leads(workspace: Opened, query: Query) -> JsonResponse:
    """One page of scored leads; filter, sort and page like the list page."""
    return JsonResponse(list_leads(workspace, query))


@router.get(
    "/leads.csv",
    response_class=StreamingResponse,
    responses=_file("text/csv", {"type": "string"}),
    summary="All matching leads as CSV",
)
def leads_csv(workspace: Opened, query: Query) -> StreamingResponse:
    """Every matching lead, with the columns of `umbrella export scores`."""
    rows = every_lead(workspace, query)
    return _download(csv_lines(rows), "text/csv; charset=utf-8", "leads.csv")


@router.get(
    "/leads.json",
    response_class=StreamingResponse,
    responses=_file("application/json", {"type": "array", "items": {"type": "object"}}),
    summary="All matching leads as JSON",
)
def leads_json(workspace: Opened, query: Query) -> StreamingResponse:
    """Every matching lead as one array of records."""
    return _download(json_array(every_lead(workspace, query)), "application/json", "leads.json")


@router.get(
    "/leads/{lead_id:path}", responses=_answers(LeadDetail), summary="One lead and its reasons"
)
def lead(
    workspace: Opened, lead_id: str, target: str | None = None, product: str | None = None
) -> JsonResponse:
    """The score of one lead, why it is what it is, and the lead's record."""
    return JsonResponse(lead_detail(workspace, lead_id, target, product))


@router.get("/customers", responses=_answers(CustomerPage), summary="What customers are worth")
def customers(workspace: Opened, query: Customers) -> JsonResponse:
    """One page of customers with value and churn, and the figures of all of them."""
    return JsonResponse(list_customers(workspace, query))


@router.get(
    "/customers.csv",
    response_class=StreamingResponse,
    responses=_file("text/csv", {"type": "string"}),
    summary="All matching customers as CSV",
)
def customers_csv(workspace: Opened, query: Customers) -> StreamingResponse:
    """Every matching customer, with the columns of `umbrella export customers`."""
    lines = customer_csv_lines(every_customer(workspace, query))
    return _download(lines, "text/csv; charset=utf-8", "customers.csv")


@router.get("/products", responses=_answers(ProductTable), summary="What will be bought")
def products(
    workspace: Opened, target: str | None = None, sort: str = "expected_revenue"
) -> JsonResponse:
    """All products of a target with one model per product, and how good the models are."""
    return JsonResponse(list_products(workspace, target, sort))


@router.get("/models/current", responses=_answers(ReportDocument), summary="The model in use")
def current_model(workspace: Opened, target: str | None = None) -> JsonResponse:
    """The report of the model in use."""
    return JsonResponse(current_report(workspace, target).document)


@router.get("/models/{version}", responses=_answers(ReportDocument), summary="One model")
def model(workspace: Opened, version: str) -> JsonResponse:
    """The report of one model version."""
    return JsonResponse(report_of(workspace, version).document)


@router.get("/weights", responses=_answers(WeightsHistory), summary="The company's objectives")
def weights(workspace: Opened) -> JsonResponse:
    """The weights of the four criteria of the qualification card, and all versions of them."""
    return JsonResponse(weights_history(workspace))


@router.put("/weights", responses=_answers(Reweighed), summary="Set the company's objectives")
def put_weights(workspace: Opened, given: NewWeights) -> JsonResponse:
    """Stores a new version, weighs every card anew, and answers which leads moved most."""
    return JsonResponse(set_weights(workspace, given.weights, given.by, given.note))


@router.get(
    "/backtests", responses=_answers(list[BacktestFacts]), summary="What was said, and what came"
)
def past_backtests(workspace: Opened, target: str | None = None) -> JsonResponse:
    """The finished backtests, newest first."""
    return JsonResponse(backtests(workspace, target))


@router.get("/health", responses=_answers(Health), summary="Is the server well?")
def health(workspace: Opened) -> JsonResponse:
    """Status ok when the state database answers; how many leads and customers it lists."""
    scored, model_version = 0, None
    if workspace.settings.targets:
        page = list_leads(workspace, LeadQuery(page_size=1))
        scored, model_version = page.total, page.model.version if page.model else None
    answer = Health(
        status="ok",
        version=version("redumbrella"),
        workspace=workspace.settings.name,
        scored_leads=scored,
        valued_customers=list_customers(workspace, CustomerQuery(page_size=1)).total,
        model_version=model_version,
    )
    return JsonResponse(answer)


def _download(pieces: Any, media_type: str, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)
