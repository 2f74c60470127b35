"""The pages that are no lists: one lead, the model report, the start.

Each page shows the read model that its JSON twin under /api/v1 answers, and works without
JavaScript.
"""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from redumbrella.errors import NotFoundError
from redumbrella.server.parameters import LeadId, Opened
from redumbrella.server.web.conversion_curve import conversion_curve
from redumbrella.server.web.rendering import menu_of, render
from redumbrella.server.web.report_view import report_view
from redumbrella.views.backtests import list_backtests
from redumbrella.views.lead import LeadDetail, ProductChance, lead_detail
from redumbrella.views.listing import list_page
from redumbrella.views.models import MODELS, ModelReport, current_report, report_of
from redumbrella.views.worth import parts_of
from redumbrella.workspace import Workspace

router = APIRouter(include_in_schema=False)


@router.get("/")
def start(workspace: Opened) -> RedirectResponse:
    """The list of leads is where everybody begins; that of customers where nothing is scored."""
    return RedirectResponse(menu_of(workspace)[0][0])


@router.get("/leads/{lead_id:text}")
def lead(
    request: Request,
    workspace: Opened,
    lead_id: LeadId,
    target: str | None = None,
    product: str | None = None,
) -> HTMLResponse:
    """One lead: score, worth, reasons, record, model."""
    detail = lead_detail(workspace, lead_id, target, product)
    default = workspace.settings.target().name
    return render(
        request,
        "lead.html",
        section="/leads",
        lead=detail,
        top=_largest_contribution(detail),
        scale=_bar_top(detail.products),
        lead_target="" if detail.score["target"] == default else detail.score["target"],
        parts=parts_of(detail.worth, detail.currency),
        curve=conversion_curve(detail.worth.timing) if detail.worth else None,
    )


@router.get("/models")
def page_in_use(
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


def _model_page(
    request: Request, workspace: Workspace, report: ModelReport, threshold: str, capacity: str
) -> HTMLResponse:
    view = report_view(workspace, report, threshold, capacity)
    versions = list_page(workspace, MODELS, MODELS.query({})).rows
    past = list_backtests(workspace, report.facts.target)
    return render(
        request,
        "model.html",
        section="/models",
        versions=versions,
        past=past,
        still=False,
        **vars(view),
    )


def _bar_top(products: Sequence[ProductChance]) -> float:
    """The end of the bars' common scale: the next round share above every interval."""
    largest = max((row.high or row.probability for row in products), default=1.0)
    return next((top for top in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if largest <= top), 1.0)


def _largest_contribution(lead: LeadDetail) -> float:
    why = lead.explanation
    if why is None:
        return 1.0
    sizes = [abs(reason.contribution) for reason in why.raises + why.lowers]
    return max([abs(why.rest), *sizes]) or 1.0
