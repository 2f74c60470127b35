"""REST under /api/v1 for what is not a list: one lead, models, objectives, backtests, health."""

import datetime as dt
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from redumbrella.clock import now, to_microseconds
from redumbrella.outcomes import OUTCOMES, OutcomeRequest
from redumbrella.reports.changes import ScoreChange
from redumbrella.reports.list_worth import ListWorth
from redumbrella.reports.model import ReportDocument
from redumbrella.reports.outcomes import LoggedOutcome
from redumbrella.server.api.answers import answers
from redumbrella.server.api.openapi import API
from redumbrella.server.api.responses import JsonResponse
from redumbrella.server.callers import known_name
from redumbrella.server.parameters import LeadId, Opened, Owners
from redumbrella.views.access import KeyFacts, UserFacts, list_keys, list_users
from redumbrella.views.backtests import BacktestFacts, list_backtests
from redumbrella.views.health import Health, health_of
from redumbrella.views.lead import LeadDetail, check_seen, lead_detail
from redumbrella.views.logged import Logged, logged_of_lead
from redumbrella.views.models import current_report, report_of
from redumbrella.views.score_history import ScoreHistory, score_history
from redumbrella.views.similar_leads import SimilarLeads, similar_to
from redumbrella.views.table import parse_day
from redumbrella.views.weights import WeightsHistory, weights_history
from redumbrella.workflows.log_outcome import log_outcome, undo_outcome
from redumbrella.workflows.promote import Promoted, promote
from redumbrella.workflows.set_weights import Reweighed, set_weights
from redumbrella.workspace import Workspace


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


class NewOutcome(BaseModel):
    """What came of a contact. won needs an amount, later a date, lost a reason."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"what": "won", "amount": 1200.0, "rep": "ana"}},
    )

    what: str = Field(description=", ".join(OUTCOMES) + ".")
    amount: float | None = Field(default=None, strict=True, description="Of the sale.")
    date: dt.date | None = Field(default=None, description="When to contact it again.")
    reason: str = Field(default="", description="Why it was lost.")
    minutes: float | None = Field(
        default=None, strict=True, description="How long the contact took."
    )
    note: str = Field(default="", description="Anything else.")
    rep: str = Field(default="", description="Who had the contact, by id.")
    kind: str = Field(default="call", description="Of the contact: call, email and so on.")
    at: dt.datetime | None = Field(default=None, description="When it was; default: now.")
    seen: int | None = Field(
        default=None, description="The newest outcome of the lead that you know of, 0 for none."
    )


@dataclass(frozen=True)
class MadeToday:
    """Whether a list was made; it is read at GET /today."""

    made: bool


router = APIRouter(prefix=API, default_response_class=JsonResponse)


@router.post(
    "/leads/{lead_id:text}/outcomes",
    responses=answers(LoggedOutcome, 403, 404, 408, 409, 413, 415, 422),
    summary="Log what came of a contact",
)
def post_outcome(
    workspace: Opened,
    lead_id: LeadId,
    given: NewOutcome,
    owners: Owners,
    idempotency_key: Annotated[
        str, Header(description="Sent again with the same key and body, it is logged once.")
    ] = "",
) -> JsonResponse:
    """It becomes a fact, closes the lead where it was won or lost, and the lead is scored again."""
    check_seen(workspace, lead_id, owners)
    asked = OutcomeRequest(
        lead_id, given.what, given.amount, given.date, given.reason, given.minutes, given.note,
        given.rep, given.kind,
        None if given.at is None else to_microseconds(_with_zone(given.at, workspace)),
        given.seen,
    )  # fmt: skip
    return JsonResponse(log_outcome(workspace, asked, idempotency_key))


@router.delete(
    "/leads/{lead_id:text}/outcomes/{number}",
    responses=answers(LoggedOutcome, 403, 404, 408, 409),
    summary="Take an outcome back",
)
def delete_outcome(
    workspace: Opened, lead_id: LeadId, owners: Owners, number: int, by: str = ""
) -> JsonResponse:
    """Within a day of its logging, as if it had never been logged. by: who does it."""
    check_seen(workspace, lead_id, owners)
    return JsonResponse(undo_outcome(workspace, number, by, lead_id))


@router.get(
    "/leads/{lead_id:text}/outcomes",
    responses=answers(list[Logged], 404),
    summary="What was logged of one lead",
)
def outcomes(
    workspace: Opened, lead_id: LeadId, owners: Owners, target: str | None = None
) -> JsonResponse:
    """The newest outcomes that stand, newest first."""
    check_seen(workspace, lead_id, owners)
    name = workspace.settings.target(target).name
    return JsonResponse(logged_of_lead(workspace, lead_id, name))


@router.post(
    "/today",
    responses=answers(MadeToday, 403, 404, 408, 409, 413, 415),
    summary="Make today's list",
)
def make_today(workspace: Opened, target: str | None = None) -> JsonResponse:
    """Makes the list of the day where there is none; else it stays, and `made` is false."""
    # Brings numbers along, for which no other page should wait.
    from redumbrella.workflows.make_list import make_due_list

    made = make_due_list(workspace, target, now())
    return JsonResponse(MadeToday(made=made is not None))


@router.get(
    "/today/worth",
    responses=answers(tuple[ListWorth, ...], 404),
    summary="What today's lists were worth",
)
def worth(workspace: Opened, target: str | None = None) -> JsonResponse:
    """What the lists earned more a day than other orders would have, or why it is not known yet."""
    # Brings Arrow and numbers along, for which no other page should wait.
    from redumbrella.views.list_worth import list_worth

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
def why_moved(
    workspace: Opened, lead_id: LeadId, owners: Owners, since: str = "", target: str | None = None
) -> JsonResponse:
    """The difference of the log-odds since a day (2026-11-01; default: the last day but one), as
    parts that sum to it."""
    # Brings the models along, for which no other page should wait.
    from redumbrella.views.score_change import explain_change

    return JsonResponse(explain_change(workspace, lead_id, parse_day(since), target, owners))


@router.get(
    "/leads/{lead_id:text}/similar",
    responses=answers(SimilarLeads, 404),
    summary="Closed leads most like one lead",
)
def similar(
    workspace: Opened,
    lead_id: LeadId,
    owners: Owners,
    target: str | None = None,
    product: str | None = None,
) -> JsonResponse:
    """How the closed leads ended that are most like it, and in what they are; a second or two."""
    return JsonResponse(similar_to(workspace, lead_id, target, product, owners))


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


def _with_zone(at: dt.datetime, workspace: Workspace) -> dt.datetime:
    """An instant in UTC; one without an offset is in the workspace's time zone."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(workspace.settings.timezone))
    return at.astimezone(dt.UTC)


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
def use_version(workspace: Opened, version: str) -> JsonResponse:
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
