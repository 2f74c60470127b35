"""REST under /api/v1 for what is not a list: one lead, models, objectives, backtests, health."""

from importlib.metadata import version

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from redumbrella.clock import now
from redumbrella.reports.model import ReportDocument
from redumbrella.server.api.answers import answers
from redumbrella.server.api.openapi import API
from redumbrella.server.api.responses import JsonResponse
from redumbrella.server.callers import known_name
from redumbrella.server.parameters import LeadId, Opened, Owners
from redumbrella.views.access import KeyFacts, UserFacts, list_keys, list_users
from redumbrella.views.backtests import BacktestFacts, list_backtests
from redumbrella.views.health import Health, health_of
from redumbrella.views.lead import LeadDetail, lead_detail
from redumbrella.views.list_worth import ListWorth, list_worth
from redumbrella.views.models import current_report, report_of
from redumbrella.views.score_history import (
    ScoreChange,
    ScoreHistory,
    explain_change,
    score_history,
)
from redumbrella.views.table import parse_day
from redumbrella.views.weights import WeightsHistory, weights_history
from redumbrella.workflows.promote import Promoted, promote
from redumbrella.workflows.set_weights import Reweighed, set_weights


class NewWeights(BaseModel):
    """Weights by criterion, from 0 up; criteria that are not named keep theirs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"weights": {"profit": 2.0}, "note": "A better quarter."}},
    )

    weights: dict[str, float] = Field(description="By criterion: ease_of_conversion and so on.")
    by: str = Field(
        default="", description="Who sets them; where the server knows who asks, it says so itself."
    )
    note: str = Field(default="", description="Why.")


router = APIRouter(prefix=API, default_response_class=JsonResponse)


@router.get(
    "/today/worth",
    responses=answers(tuple[ListWorth, ...], 404),
    summary="What today's lists were worth",
)
def worth(workspace: Opened, target: str | None = None) -> JsonResponse:
    """What the lists earned more a day than other orders would have, or why it is not known yet."""
    return JsonResponse(list_worth(workspace, target, now()))


@router.get(
    "/leads/{lead_id:text}/history",
    responses=answers(ScoreHistory, 404),
    summary="The scores of one lead on every day",
)
def history(
    workspace: Opened,
    lead_id: LeadId,
    owners: Owners,
    target: str | None = None,
    product: str | None = None,
) -> JsonResponse:
    """Every day that was scored since the lead came, the days on which it moved, and contacts."""
    return JsonResponse(score_history(workspace, lead_id, target, product, owners))


@router.get(
    "/leads/{lead_id:text}/change",
    responses=answers(ScoreChange, 404, 409),
    summary="Why the score of one lead moved",
)
def change(
    workspace: Opened, lead_id: LeadId, owners: Owners, since: str = "", target: str | None = None
) -> JsonResponse:
    """The difference of the log-odds since a day (2026-11-01; default: the last day but one), as
    parts that sum to it."""
    return JsonResponse(explain_change(workspace, lead_id, parse_day(since), target, owners))


@router.get(
    "/leads/{lead_id:text}", responses=answers(LeadDetail, 404), summary="One lead and its reasons"
)
def lead(
    workspace: Opened,
    lead_id: LeadId,
    owners: Owners,
    target: str | None = None,
    product: str | None = None,
) -> JsonResponse:
    """The score of one lead, why it is what it is, and the lead's record."""
    return JsonResponse(lead_detail(workspace, lead_id, target, product, owners))


@router.get(
    "/models/current", responses=answers(ReportDocument, 404, 409), summary="The model in use"
)
def report_in_use(workspace: Opened, target: str | None = None) -> JsonResponse:
    """The report of the model in use."""
    return JsonResponse(current_report(workspace, target).document)


@router.get("/models/{version}", responses=answers(ReportDocument, 404, 409), summary="One model")
def model(workspace: Opened, version: str) -> JsonResponse:
    """The report of one model version."""
    return JsonResponse(report_of(workspace, version).document)


@router.post(
    "/models/{version}/use",
    responses=answers(Promoted, 403, 404, 408, 413, 415),
    summary="Put a model version into use",
)
def use_model(workspace: Opened, version: str) -> JsonResponse:
    """Puts an earlier or later version into use; `said` tells how its scores are made."""
    return JsonResponse(promote(workspace, version))


@router.get("/weights", responses=answers(WeightsHistory), summary="The company's objectives")
def weights(workspace: Opened) -> JsonResponse:
    """The weights of the four criteria of the qualification card, and all versions of them."""
    return JsonResponse(weights_history(workspace))


@router.put(
    "/weights",
    responses=answers(Reweighed, 403, 408, 413, 415),
    summary="Set the company's objectives",
)
def put_weights(request: Request, workspace: Opened, given: NewWeights) -> JsonResponse:
    """Stores a new version, weighs every card anew, and answers which leads moved most."""
    by = known_name(request) or given.by
    return JsonResponse(set_weights(workspace, given.weights, by, given.note))


@router.get(
    "/backtests",
    responses=answers(list[BacktestFacts], 404),
    summary="What was said, and what came",
)
def past_backtests(workspace: Opened, target: str | None = None) -> JsonResponse:
    """The finished backtests, newest first; of all targets, or of one."""
    name = None if target is None else workspace.settings.target(target).name
    return JsonResponse(list_backtests(workspace, name))


@router.get("/users", responses=answers(list[UserFacts]), summary="Who may log in")
def users(workspace: Opened) -> JsonResponse:
    """Every user with role and rep, by e-mail; for admins who are logged in."""
    return JsonResponse(list_users(workspace))


@router.get("/keys", responses=answers(list[KeyFacts]), summary="The API keys")
def keys(workspace: Opened) -> JsonResponse:
    """Every key with its scopes, never the key itself; for admins who are logged in."""
    return JsonResponse(list_keys(workspace))


@router.get("/health", responses=answers(Health), summary="Is the server well?")
def health(workspace: Opened) -> JsonResponse:
    """Status ok when the state database answers; how many leads and customers it lists."""
    return JsonResponse(health_of(workspace, version("redumbrella")))
