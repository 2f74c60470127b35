"""REST of automations: rules, their switches, dry runs, the stop of all; and single actions."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field

from redumbrella.destinations.files import csv_lines
from redumbrella.server.api.answers import answers, file_answer
from redumbrella.server.api.downloads import Download
from redumbrella.server.api.openapi import API
from redumbrella.server.api.responses import JsonResponse
from redumbrella.server.parameters import Opened, Owners
from redumbrella.views.automations import (
    AutomationDetail,
    Automations,
    automation_detail,
    automations,
)
from redumbrella.views.rules import rule_named
from redumbrella.workspace import Workspace

_EXAMPLE: dict[str, Any] = {
    "trigger": {"kind": "jump", "from": 0.3, "to": 0.9, "days": 1},
    "where": {"grade": "A", "source": "web"},
    "action": {
        "kind": "mail",
        "subject": "{{ first_name }}, your offer",
        "text": "Dear {{ name }}, …",
        "send": "next working morning at 08:00",
    },
}


class RuleBody(BaseModel):
    """A rule as umbrella.toml writes it, without its name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    trigger: dict[str, Any] = Field(description="What fires: kind, and the fields of that kind.")
    action: dict[str, Any] = Field(description="What is done: kind, and the fields of that kind.")
    where: dict[str, Any] | None = Field(default=None, description="Which leads it is for.")
    control: float | None = Field(
        default=None, strict=True, description="Share left alone; default: [outreach]."
    )
    cool_down_days: float | None = Field(
        default=None, strict=True, description="Between two contacts; default: [outreach]."
    )
    a_day: int | None = Field(default=None, strict=True, description="Most actions a day.")
    goal: str | None = Field(default=None, description="won, purchase, or a kind of event.")
    goal_days: float | None = Field(default=None, strict=True, description="Within so many days.")


class NewRule(RuleBody):
    """A rule as umbrella.toml writes it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Hot overnight", **_EXAMPLE}}
    )

    name: str = Field(description="At most 80 letters, digits and spaces.")


@dataclass(frozen=True)
class RuleRemoved:
    """The rule that is gone; what it did stays in the outbox."""

    removed: str


@dataclass(frozen=True)
class StopState:
    """Whether all automations are stopped."""

    stopped: bool


@dataclass(frozen=True)
class ActionCancelled:
    """The action that is cancelled."""

    cancelled: int


@dataclass(frozen=True)
class ActionPlannedAgain:
    """The action that failed and waits again."""

    planned: int


@dataclass(frozen=True)
class TaskEnded:
    """The task that is done, and whether it was done just now."""

    done: int
    just_now: bool


class DryRunLine(BaseModel):
    """One firing: for whom, why, when, and what would have become of it."""

    lead_id: str
    person_id: str
    label: str
    why: str
    fired_at: str
    due_at: str
    state: str
    outcome: str


class DryRunAnswer(BaseModel):
    """What a rule would have done in the last days; lines: the newest firings."""

    rule: str
    days: int
    fired: int
    counts: dict[str, int]
    told: str
    said: list[str]
    lines: list[DryRunLine]


class UpliftAnswer(BaseModel):
    """What a rule brings, in words and with a 90 % interval of the difference."""

    goal: str
    days: float
    says: str
    acted: int
    control: int
    rate_acted: float | None
    rate_control: float | None
    difference: float | None
    low: float | None
    high: float | None
    waiting: int


router = APIRouter(prefix=API, default_response_class=JsonResponse)
_WRITES = (403, 404, 408, 409, 413, 415)


@router.get("/automations", responses=answers(Automations), summary="Every rule, and the workers")
def every_rule(workspace: Opened) -> JsonResponse:
    """All rules in the order in which they win, what each did, and what keeps it from working."""
    # Brings Arrow along, for which no other page should wait.
    from redumbrella.workflows.check_automations import problems_of_rules

    return JsonResponse(automations(workspace, problems_of_rules(workspace)))


@router.post("/automations", responses=answers(AutomationDetail, *_WRITES), summary="Make a rule")
def make_rule(workspace: Opened, given: NewRule) -> JsonResponse:
    """Makes a rule, or a newer version of one that was made so; a new one is off at first."""
    return _saved(workspace, given.model_dump(exclude_none=True))


@router.post(
    "/automations/stop", responses=answers(StopState, *_WRITES), summary="Stop all automations"
)
def stop_all(workspace: Opened) -> JsonResponse:
    """Nothing is planned or sent from then on."""
    return _stopped(workspace, is_stopped=True)


@router.post(
    "/automations/resume", responses=answers(StopState, *_WRITES), summary="Let them go on"
)
def resume_all(workspace: Opened) -> JsonResponse:
    """Automations go on; what was planned is sent."""
    return _stopped(workspace, is_stopped=False)


@router.get(
    "/automations/{rule}", responses=answers(AutomationDetail, 404), summary="One rule whole"
)
def one_rule(workspace: Opened, rule: str) -> JsonResponse:
    """What it did, its content, how umbrella.toml writes it, its versions."""
    return _detail(workspace, rule)


@router.put(
    "/automations/{rule}", responses=answers(AutomationDetail, *_WRITES), summary="Change a rule"
)
def put_rule(workspace: Opened, rule: str, given: RuleBody) -> JsonResponse:
    """Makes the rule of this name, or a newer version of it; whether it is on stays."""
    return _saved(workspace, {"name": rule, **given.model_dump(exclude_none=True)})


@router.delete(
    "/automations/{rule}", responses=answers(RuleRemoved, *_WRITES), summary="Remove a rule"
)
def delete_rule(workspace: Opened, rule: str) -> JsonResponse:
    """Removes a rule that was not written in umbrella.toml; what it planned is cancelled."""
    from redumbrella.workflows.automation_rules import remove_automation

    remove_automation(workspace, rule)
    return JsonResponse(RuleRemoved(rule))


@router.post(
    "/automations/{rule}/on",
    responses=answers(AutomationDetail, *_WRITES),
    summary="Switch a rule on",
)
def rule_on(workspace: Opened, rule: str) -> JsonResponse:
    """It looks at what comes from then on."""
    return _switched(workspace, rule, is_on=True)


@router.post(
    "/automations/{rule}/off",
    responses=answers(AutomationDetail, *_WRITES),
    summary="Switch a rule off",
)
def rule_off(workspace: Opened, rule: str) -> JsonResponse:
    """What it has planned is cancelled."""
    return _switched(workspace, rule, is_on=False)


@router.post(
    "/automations/{rule}/dry-run",
    responses=answers(DryRunAnswer, *_WRITES, 422),
    summary="Whom a rule would have acted on",
)
def rule_dry_run(
    workspace: Opened,
    rule: str,
    days: Annotated[int, Parameter(ge=1, le=366, description="How far back.")] = 30,
) -> JsonResponse:
    """Looks back so many days; nothing is planned or sent."""
    from redumbrella.workflows.try_automation import try_automation

    with workspace.state.reading() as connection:
        found = rule_named(workspace.settings, connection, rule)
    return JsonResponse(try_automation(workspace, found.automation, days))


@router.get(
    "/automations/{rule}/uplift", responses=answers(UpliftAnswer, 404), summary="What it brings"
)
def rule_uplift(workspace: Opened, rule: str) -> JsonResponse:
    """Those it acted on against those it left alone by lot, by the rule's own goal."""
    from redumbrella.workflows.measure_uplift import measure_uplift

    with workspace.state.reading() as connection:
        found = rule_named(workspace.settings, connection, rule)
    return JsonResponse(measure_uplift(workspace, found.automation))


@router.post(
    "/outbox/{number}/cancel",
    responses=answers(ActionCancelled, *_WRITES),
    summary="Cancel an action that waits",
)
def cancel(workspace: Opened, number: int) -> JsonResponse:
    """It is not done any more; 409 where it is done already or just being done."""
    from redumbrella.workflows.cancel_action import cancel_action

    cancel_action(workspace, number)
    return JsonResponse(ActionCancelled(number))


@router.post(
    "/outbox/{number}/retry",
    responses=answers(ActionPlannedAgain, *_WRITES),
    summary="Try a failed action again",
)
def retry(workspace: Opened, number: int) -> JsonResponse:
    """It waits again under the same id, with all its tries; 409 where it has not failed."""
    from redumbrella.workflows.retry_action import retry_action

    retry_action(workspace, number)
    return JsonResponse(ActionPlannedAgain(number))


@router.get(
    "/audience-file",
    response_class=Download,
    responses=file_answer("text/csv; charset=utf-8", 404),
    summary="An audience for advertising platforms",
)
def audience_file(workspace: Opened, audience: str) -> Download:
    """CSV of its members' e-mail addresses and their SHA-256: of those alone who may be written
    to when it is asked for."""
    from redumbrella.workflows.audience_file import AUDIENCE_FIELDS, audience_rows

    rows = audience_rows(workspace, audience)
    headers = {"Content-Disposition": 'attachment; filename="audience.csv"'}
    return Download(csv_lines(AUDIENCE_FIELDS, rows), "text/csv; charset=utf-8", headers)


@router.post(
    "/tasks/{number}/done", responses=answers(TaskEnded, *_WRITES), summary="A task is done"
)
def task_done(workspace: Opened, owners: Owners, number: int) -> JsonResponse:
    """It is on no list any more."""
    from redumbrella.workflows.finish_task import finish_task

    return JsonResponse(TaskEnded(number, finish_task(workspace, number, owners)))


def _saved(workspace: Workspace, content: dict[str, Any]) -> JsonResponse:
    from redumbrella.workflows.automation_rules import save_automation

    return _detail(workspace, save_automation(workspace, content).automation.name)


def _switched(workspace: Workspace, name: str, *, is_on: bool) -> JsonResponse:
    from redumbrella.workflows.automation_rules import switch_automation

    return _detail(workspace, switch_automation(workspace, name, is_on=is_on).automation.name)


def _stopped(workspace: Workspace, *, is_stopped: bool) -> JsonResponse:
    from redumbrella.workflows.automation_rules import stop_automations

    stop_automations(workspace, is_stopped=is_stopped)
    return JsonResponse(StopState(is_stopped))


def _detail(workspace: Workspace, name: str) -> JsonResponse:
    from redumbrella.workflows.check_automations import problems_of_rule

    with workspace.state.reading() as connection:
        found = rule_named(workspace.settings, connection, name).automation
    problems = {found.name: problems_of_rule(workspace, found)}
    return JsonResponse(automation_detail(workspace, found.name, problems))
