"""The pages: filters of an address come in, server-made HTML goes out.

Each page shows the read model that its JSON twin under /api/v1 answers, and works without
JavaScript.
"""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse

from redumbrella.api.parameters import lead_query, opened_workspace
from redumbrella.errors import NotFoundError
from redumbrella.web.formats import environment, query_string
from redumbrella.web.report_view import report_view
from redumbrella.workflows.lead_detail import LeadDetail, lead_detail
from redumbrella.workflows.lead_list import LeadPage, LeadQuery, LeadRow, list_leads
from redumbrella.workflows.model_report import (
    ModelReport,
    current_report,
    default_target,
    model_versions,
    report_of,
)
from redumbrella.workspace import Workspace

MENU = (("/leads", "Leads"), ("/models", "Models"))

# Columns that a person first wants to see from the top down.
_FALLING = frozenset({"probability", "percentile", "expected_value", "created_at"})
_ORDERS = (
    ("-probability", "most probable first"),
    ("probability", "least probable first"),
    ("-created_at", "newest first"),
    ("lead", "by name"),
    ("grade", "by grade"),
)
_OPTIONAL = ("expected_value", "source", "campaign_id", "rep_id", "product_id", "created_at")

Opened = Annotated[Workspace, Depends(opened_workspace)]
Query = Annotated[LeadQuery, Depends(lead_query)]

router = APIRouter(include_in_schema=False)


@router.get("/")
def start() -> RedirectResponse:
    """The list of leads is where everybody begins."""
    return RedirectResponse("/leads")


@router.get("/leads")
def leads(request: Request, workspace: Opened, query: Query) -> HTMLResponse:
    """The ordered list, with filters, sortable columns and pages."""
    page = list_leads(workspace, query, with_choices=True)
    name = ("-" if page.query.descending else "") + page.query.sort
    return render(
        request,
        "leads.html",
        section="/leads",
        page=page,
        parameters=dict(request.query_params),
        targets=[target.name for target in workspace.settings.targets],
        order=name,
        orders=_with_current(name),
        falling=_FALLING,
        shown=_shown(page),
        top=_bar_top(page),
        lead_query=lambda lead: _lead_query(workspace, lead),
        default_target=default_target(workspace),
        currency=workspace.settings.currency,
        timezone=workspace.settings.timezone,
    )


@router.get("/leads/{lead_id:path}")
def lead(
    request: Request,
    workspace: Opened,
    lead_id: str,
    target: str | None = None,
    product: str | None = None,
) -> HTMLResponse:
    """One lead: score, reasons, record, model."""
    detail = lead_detail(workspace, lead_id, target, product)
    return render(
        request, "lead.html", section="/leads", lead=detail, top=_largest_contribution(detail)
    )


@router.get("/models")
def current_model(
    request: Request,
    workspace: Opened,
    target: str | None = None,
    threshold: str = "",
    capacity: str = "",
) -> HTMLResponse:
    """The report of the model in use, or what to do when there is none."""
    try:
        report = current_report(workspace, target)
    except NotFoundError as problem:
        if problem.reason != "no_model":
            raise
        return render(request, "no_model.html", section="/models")
    return _model_page(request, workspace, report, threshold, capacity)


@router.get("/models/{version}")
def model(
    request: Request, workspace: Opened, version: str, threshold: str = "", capacity: str = ""
) -> HTMLResponse:
    """The report of one model version."""
    return _model_page(request, workspace, report_of(workspace, version), threshold, capacity)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template with what every page needs."""
    state = request.app.state
    frame = {
        "workspace_name": state.workspace.settings.name,
        "menu": MENU,
        "can_log_out": state.access.token is not None,
        "section": "",
    }
    html = _environment().get_template(template).render({**frame, **values})
    return HTMLResponse(html, status_code=status)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment()


def _model_page(
    request: Request, workspace: Workspace, report: ModelReport, threshold: str, capacity: str
) -> HTMLResponse:
    view = report_view(workspace, report, threshold, capacity)
    versions = model_versions(workspace)
    return render(
        request, "model.html", section="/models", versions=versions, still=False, **vars(view)
    )


def _shown(page: LeadPage) -> dict[str, bool]:
    """Optional columns are shown when some lead of the page has a value."""
    return {name: any(getattr(row, name) for row in page.rows) for name in _OPTIONAL}


def _bar_top(page: LeadPage) -> float:
    """The end of the bars' common scale: the next round share above every interval."""
    largest = max((row.high or row.probability for row in page.rows), default=1.0)
    return next((top for top in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if largest <= top), 1.0)


def _largest_contribution(lead: LeadDetail) -> float:
    why = lead.explanation
    if why is None:
        return 1.0
    sizes = [abs(reason.contribution) for reason in why.raises + why.lowers]
    return max([abs(why.rest), *sizes]) or 1.0


def _lead_query(workspace: Workspace, row: LeadRow) -> str:
    """What the address of a lead needs besides the id."""
    target = "" if row.target == default_target(workspace) else row.target
    found = query_string({"target": target, "product": row.product_id})
    return "" if found == "?" else found


def _with_current(name: str) -> tuple[tuple[str, str], ...]:
    if any(name == value for value, _ in _ORDERS):
        return _ORDERS
    return (*_ORDERS, (name, name.removeprefix("-").replace("_", " ")))
