"""Automations for managers: every rule in a sentence, one rule whole, switches, and the stop.

Plain forms; what they do is done by the same verbs as REST and the command. The form that makes a
rule is in `rule_pages`.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from redumbrella.access.roles import AUTOMATE
from redumbrella.clock import now, to_datetime
from redumbrella.errors import SettingsError, UmbrellaError
from redumbrella.server.callers import caller_of, known_name
from redumbrella.server.parameters import Opened, Owners
from redumbrella.server.security_headers import SAFE_HEADERS
from redumbrella.server.web.formats import rule_path
from redumbrella.server.web.rendering import render
from redumbrella.settings.automations import Automation
from redumbrella.state.rules import PAGE
from redumbrella.views.automations import automation_detail, automations
from redumbrella.views.rules import rule_named
from redumbrella.workspace import Workspace

SECTION = "/automations"
DAYS = (7, 30, 90, 365)
_SAID = {
    "made": "The rule is made, and off. Look at its dry run below, then switch it on.",
    "changed": "The rule is changed.",
    "on": "The rule is on: it looks at what comes from now on.",
    "off": "The rule is off, and what it had planned is cancelled.",
    "tested": "The test mail is sent to you.",
    "removed": "The rule is removed. What it did stays in the outbox.",
    "stopped": "All automations are stopped. Nothing is planned or sent.",
    "resumed": "Automations go on.",
}
# Of the page around the message, and of the message itself: it may show itself and nothing else.
_FRAMING = f"{SAFE_HEADERS['Content-Security-Policy']}; frame-src 'self'"
_MESSAGE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
)
Said = Annotated[str, Query(max_length=20)]

router = APIRouter(include_in_schema=False)


@router.get("/automations")
def automations_page(request: Request, workspace: Opened, said: Said = "") -> HTMLResponse:
    """Every rule; said: what was just done."""
    # Bring Arrow along, for which no other page should wait.
    from redumbrella.workflows.check_automations import problems_of_rules

    return render(
        request,
        "automations.html",
        section=SECTION,
        found=automations(workspace, problems_of_rules(workspace)),
        said=_SAID.get(said, ""),
        may_automate=caller_of(request).may(AUTOMATE),
        timezone=workspace.settings.timezone,
        now=to_datetime(now()),
    )


@router.post("/automations/stop")
def stop_in_form(workspace: Opened) -> Response:
    """Stops all rules."""
    from redumbrella.workflows.automation_rules import stop_automations

    stop_automations(workspace, is_stopped=True)
    return RedirectResponse("/automations?said=stopped", status_code=303)


@router.post("/automations/resume")
def resume_in_form(workspace: Opened) -> Response:
    """Lets all rules go on."""
    from redumbrella.workflows.automation_rules import stop_automations

    stop_automations(workspace, is_stopped=False)
    return RedirectResponse("/automations?said=resumed", status_code=303)


@router.post("/automations/{rule}/on")
def switch_on(workspace: Opened, rule: str) -> Response:
    """Switches a rule on."""
    return _switched(workspace, rule, is_on=True)


@router.post("/automations/{rule}/off")
def switch_off(workspace: Opened, rule: str) -> Response:
    """Switches a rule off."""
    return _switched(workspace, rule, is_on=False)


@router.post("/automations/{rule}/remove")
def remove_in_form(workspace: Opened, rule: str) -> Response:
    """Removes a rule that was made on the page."""
    from redumbrella.workflows.automation_rules import remove_automation

    remove_automation(workspace, rule)
    return RedirectResponse("/automations?said=removed", status_code=303)


@router.get("/automations/{rule}/message")
def message(workspace: Opened, rule: str, lead: str = "") -> Response:
    """The HTML of a rule's mail for one lead, alone in its frame: nothing of it can run or load."""
    from redumbrella.workflows.try_automation import preview_message

    found = preview_message(workspace, _rule(workspace, rule), lead)
    headers = {
        "Content-Security-Policy": _MESSAGE,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(found.html or "", headers=headers)


@router.get("/automations/{rule}")
def automation_page(
    request: Request,
    workspace: Opened,
    rule: str,
    said: Said = "",
    days: Annotated[int, Query(ge=0, le=DAYS[-1])] = 0,
    lead: Annotated[str, Query(max_length=200)] = "",
    *,
    measured: bool = False,
) -> HTMLResponse:
    """One rule. days: also what it would have done in so many; lead: whose message is shown;
    measured: also what it brings."""
    from redumbrella.workflows.check_automations import hints_of_rule, problems_of_rule

    one = _rule(workspace, rule)
    detail = automation_detail(workspace, one.name, {one.name: problems_of_rule(workspace, one)})
    page = render(
        request,
        "automation.html",
        section=SECTION,
        found=detail,
        said=_SAID.get(said, ""),
        here=rule_path(one.name),
        is_of_page=detail.rule.origin == PAGE,
        may_automate=caller_of(request).may(AUTOMATE),
        timezone=workspace.settings.timezone,
        days=days,
        choices=DAYS,
        lead=lead,
        action=one.action,
        hints=hints_of_rule(workspace, one),
        test_to=known_name(request) if _has_address(request, one) else "",
        brings=_measured(workspace, one) if measured else None,
        **_tried(workspace, one, days, lead),
    )
    page.headers["Content-Security-Policy"] = _FRAMING
    return page


@router.post("/automations/{rule}/test-mail")
def mail_to_oneself(
    request: Request, workspace: Opened, rule: str, lead: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Sends a rule's mail for one lead to whoever is logged in."""
    from redumbrella.workflows.send_test_mail import send_test_mail

    one = _rule(workspace, rule)
    if caller_of(request).kind != "user":
        raise SettingsError(
            "Nobody is logged in, so there is no address to send it to: `umbrella automations "
            "test-mail RULE --to ADDRESS` sends one.",
            reason="no_address",
        )
    send_test_mail(workspace, one, known_name(request), lead)
    return RedirectResponse(f"{rule_path(one.name)}?said=tested", status_code=303)


@router.post("/outbox/{number}/retry")
def retry_in_form(workspace: Opened, number: int) -> Response:
    """Tries a failed action again."""
    from redumbrella.workflows.retry_action import retry_action

    retry_action(workspace, number)
    return RedirectResponse("/outbox", status_code=303)


@router.post("/outbox/{number}/cancel")
def cancel_in_form(workspace: Opened, number: int) -> Response:
    """Cancels one action that waits."""
    from redumbrella.workflows.cancel_action import cancel_action

    cancel_action(workspace, number)
    return RedirectResponse("/outbox", status_code=303)


@router.post("/tasks/{number}/done")
def done_in_form(
    workspace: Opened, owners: Owners, number: int, back: Annotated[str, Form()] = ""
) -> Response:
    """Notes that a task is done, and goes back to the list it was done on."""
    from redumbrella.workflows.finish_task import finish_task

    finish_task(workspace, number, owners)
    is_page = back == "/today" or (back.startswith("/leads/") and back.isprintable())
    return RedirectResponse(back if is_page and "\\" not in back else "/tasks", status_code=303)


def _has_address(request: Request, rule: Automation) -> bool:
    return rule.action.kind == "mail" and caller_of(request).kind == "user"


def _rule(workspace: Workspace, name: str) -> Automation:
    with workspace.state.reading() as connection:
        return rule_named(workspace.settings, connection, name).automation


def _switched(workspace: Workspace, name: str, *, is_on: bool) -> Response:
    from redumbrella.workflows.automation_rules import switch_automation

    rule = switch_automation(workspace, name, is_on=is_on)
    said = "on" if is_on else "off"
    return RedirectResponse(f"{rule_path(rule.automation.name)}?said={said}", status_code=303)


def _measured(workspace: Workspace, rule: Automation) -> Any:
    # Brings numbers along, for which no other page should wait.
    from redumbrella.workflows.measure_uplift import measure_uplift

    return measure_uplift(workspace, rule)


def _tried(workspace: Workspace, rule: Automation, days: int, lead: str) -> dict[str, Any]:
    """The dry run that was asked for, and the message for whoever was chosen, else for the newest
    of the dry run; what keeps them from being made is told instead."""
    from redumbrella.workflows.try_automation import (
        newest_of,
        preview_message,
        try_automation,
    )

    found: dict[str, Any] = {"tried": None, "tried_problem": "", "shown": None, "shown_problem": ""}
    of = None
    try:
        if days:
            found["tried"] = tried = try_automation(workspace, rule, days)
            of = newest_of(tried, lead)
            lead = lead or ("" if of is None else of.lead_id or of.person_id)
    except UmbrellaError as problem:
        found["tried_problem"] = problem.message
    try:
        if lead:
            found["shown"] = preview_message(workspace, rule, lead, of)
    except UmbrellaError as problem:
        found["shown_problem"] = problem.message
    return found
