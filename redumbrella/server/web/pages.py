"""The pages that are no lists: one lead, the model report, the start.

Each page shows the read model that its JSON twin under /api/v1 answers, and works without
JavaScript.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse

from redumbrella.access.roles import PROMOTE_MODELS
from redumbrella.clock import now, to_datetime
from redumbrella.errors import ModelError, NotFoundError, SettingsError
from redumbrella.reports.changes import ScoreChange
from redumbrella.reports.list_worth import WITHIN_DAYS
from redumbrella.server.callers import caller_of
from redumbrella.server.parameters import LeadId, Opened, Owners
from redumbrella.server.web.conversion_curve import conversion_curve
from redumbrella.server.web.outcome_forms import form_parts
from redumbrella.server.web.rendering import menu_of, render
from redumbrella.server.web.report_view import ReportView, report_view
from redumbrella.server.web.score_line import score_line
from redumbrella.views.backtests import list_backtests
from redumbrella.views.lead import LeadDetail, ProductChance, lead_detail
from redumbrella.views.listing import list_page
from redumbrella.views.logged import logged_of_lead
from redumbrella.views.models import MODELS, current_report, report_of, scored_by
from redumbrella.views.recommendations import (
    PersonRecommendations,
    people_with_lists,
    recommendations_of,
)
from redumbrella.views.score_history import score_history
from redumbrella.views.similar_leads import SimilarLeads, similar_to
from redumbrella.views.table import parse_day
from redumbrella.views.trust import trust_in_use
from redumbrella.views.worth import parts_of
from redumbrella.workflows.promote import promote
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class MoreAsked:
    """What the page of a lead tells only when asked, as each takes a second or two.

    since: a day, since which the score moved; similar: closed leads most like it.
    """

    since: str = ""
    similar: bool = False


_OFFERED = 3  # products of each list on the page of a lead

More = Annotated[MoreAsked, Depends()]
router = APIRouter(include_in_schema=False)


@router.get("/")
def start(request: Request, workspace: Opened) -> RedirectResponse:
    """The list of leads is where everybody begins; that of customers where nothing is scored."""
    pages = menu_of(workspace, caller_of(request))
    return RedirectResponse(pages[0][0] if pages else "/account")


@router.post("/today")
def make_today(workspace: Opened, target: Annotated[str, Form()] = "") -> RedirectResponse:
    """Makes today's list where the day has none; else it stays as it is."""
    # Brings numbers along, for which no other page should wait.
    from redumbrella.workflows.make_list import make_due_list

    make_due_list(workspace, target or None, now())
    query = urlencode({"target": target}) if target else ""
    return RedirectResponse(f"/today?{query}".rstrip("?"), status_code=303)


@router.get("/today/worth")
def worth(request: Request, workspace: Opened, target: str | None = None) -> HTMLResponse:
    """What the lists of the last days were worth, or why it is not known yet."""
    # Brings Arrow and numbers along, for which no other page should wait.
    from redumbrella.views.list_worth import list_worth

    return render(
        request,
        "list_worth.html",
        section="/today",
        trusts=(),
        judged=list_worth(workspace, target, now()),
        within=WITHIN_DAYS,
    )


@router.get("/leads/{lead_id:text}")
def lead(
    request: Request,
    workspace: Opened,
    lead_id: LeadId,
    owners: Owners,
    more: More,
    target: str | None = None,
    product: str | None = None,
    *,
    insist: bool = False,
) -> HTMLResponse:
    """One lead: score, worth, reasons, record, model; figures that may be relied on, or all."""
    detail = lead_detail(workspace, lead_id, target, product, owners)
    past = score_history(workspace, lead_id, target, detail.score["product_id"])
    change, refused = _change(workspace, lead_id, more.since, target)
    alike, unlike = (
        _similar(workspace, lead_id, target, product, owners) if more.similar else (None, "")
    )
    default = workspace.settings.target().name
    return render(
        request,
        "lead.html",
        section="/leads",
        trusts=[detail.trust],
        insist=insist,
        numbers=insist or detail.trust.shows_numbers,
        lead=detail,
        top=_largest_contribution(detail),
        scale=_bar_top(detail.products),
        lead_target="" if detail.score["target"] == default else detail.score["target"],
        parts=parts_of(detail.worth, detail.currency, numbers=insist or detail.trust.shows_numbers),
        curve=conversion_curve(detail.worth.timing) if detail.worth else None,
        past=past,
        line=score_line(past, detail.timezone),
        change=change,
        refused=refused,
        alike=alike,
        unlike=unlike,
        entries=logged_of_lead(workspace, lead_id, detail.score["target"]),
        now=to_datetime(now()),
        offers=_offers(workspace, detail.score["person_id"] or lead_id),
        **form_parts(workspace),
    )


def _offers(workspace: Workspace, person_id: str) -> PersonRecommendations | None:
    """The first products of each list of whom a lead is about; None where there are none."""
    if not people_with_lists(workspace, [person_id]):
        return None
    try:
        found = recommendations_of(workspace, person_id, now(), n=_OFFERED)
    except NotFoundError:  # made by another recommender than the first
        return None
    lists = [each for each in found["lists"] if each["name"] != "all" and each["products"]]
    return {**found, "lists": lists} if lists else None


def _similar(
    workspace: Workspace,
    lead_id: str,
    target: str | None,
    product: str | None,
    owners: tuple[str, ...] | None,
) -> tuple[SimilarLeads | None, str]:
    """The closed leads most like one, or why there are none."""
    try:
        return similar_to(workspace, lead_id, target, product, owners), ""
    except NotFoundError as problem:
        return None, problem.message


def _change(
    workspace: Workspace, lead_id: str, since: str, target: str | None
) -> tuple[ScoreChange | None, str]:
    """Why a score moved, or why that cannot be said; neither where nobody asks."""
    if not since:
        return None, ""
    # Brings the models along, for which no other page should wait.
    from redumbrella.views.score_change import explain_change

    try:
        return explain_change(workspace, lead_id, parse_day(since), target), ""
    except (NotFoundError, ModelError, SettingsError) as problem:
        return None, problem.message


@router.get("/models")
def page_in_use(
    request: Request,
    workspace: Opened,
    target: str | None = None,
    threshold: str = "",
    capacity: str = "",
    *,
    insist: bool = False,
) -> HTMLResponse:
    """The report of the model in use, or what to do when there is none."""
    try:
        report = current_report(workspace, target)
    except NotFoundError as problem:
        if problem.reason != "no_model":
            raise
        trust = trust_in_use(workspace, target)
        return render(request, "no_model.html", section="/models", trusts=[trust])
    view = report_view(workspace, report, threshold, capacity)
    return _model_page(request, workspace, view, insist=insist)


@router.get("/models/{version}")
def model(
    request: Request,
    workspace: Opened,
    version: str,
    threshold: str = "",
    capacity: str = "",
    *,
    insist: bool = False,
) -> HTMLResponse:
    """The report of one model version."""
    view = report_view(workspace, report_of(workspace, version), threshold, capacity)
    return _model_page(request, workspace, view, insist=insist)


@router.post("/models/{version}/use")
def use_version(workspace: Opened, version: str) -> RedirectResponse:
    """Puts a version into use; its page says what to do next."""
    promote(workspace, version)
    return RedirectResponse(f"/models/{quote(version, safe='')}", status_code=303)


def _model_page(
    request: Request, workspace: Workspace, view: ReportView, *, insist: bool
) -> HTMLResponse:
    """The report; what today's leads are said to be is left out while the model is not ready."""
    versions = list_page(workspace, MODELS, MODELS.query({})).rows
    past = list_backtests(workspace, view.report.facts.target)
    if not (insist or view.trust.shows_numbers):
        charts = [chart for chart in view.charts if chart.name != "distribution"]
        view = replace(view, charts=charts)
    return render(
        request,
        "model.html",
        section="/models",
        trusts=[view.trust],
        insist=insist,
        versions=versions,
        past=past,
        still=False,
        may_promote=caller_of(request).may(PROMOTE_MODELS)
        and not view.report.facts.is_current
        and (workspace.models / view.report.facts.version).is_dir(),
        scored_by=scored_by(workspace, view.report.facts.target),
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
