"""The form that makes or changes a rule: first what fires and what is done, then their fields."""

from collections.abc import Mapping
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from redumbrella.errors import ConflictError, SettingsError
from redumbrella.server.parameters import Opened
from redumbrella.server.web.automations_page import SECTION
from redumbrella.server.web.formats import rule_path
from redumbrella.server.web.rendering import render
from redumbrella.server.web.rule_form import RuleFields, chosen_of, content_of, fields_of, typed_of
from redumbrella.settings.automations import ACTIONS, TRIGGERS, Action, automation_of
from redumbrella.settings.toml_text import rule_toml
from redumbrella.state.rules import PAGE
from redumbrella.views.rule_choices import rule_choices
from redumbrella.views.rule_words import automation_sentence
from redumbrella.views.rules import RuleInUse, rule_named, rules_in_use
from redumbrella.workspace import Workspace

router = APIRouter(include_in_schema=False)


@router.get("/automations/new")
def new_rule(
    request: Request, workspace: Opened, trigger: str = "", action: str = ""
) -> HTMLResponse:
    """First which trigger and which action; then their fields."""
    if trigger in TRIGGERS and action in ACTIONS:
        return _form(request, workspace, {"trigger": trigger, "action": action})
    wrong = {}
    if trigger or action:
        wrong = {name: "Choose one of these." for name, value, known in
                 (("trigger", trigger, TRIGGERS), ("action", action, ACTIONS))
                 if value not in known}  # fmt: skip
    return render(
        request, "automation_new.html", 400 if wrong else 200, section=SECTION, triggers=TRIGGERS,
        actions=ACTIONS, typed={"trigger": trigger, "action": action}, wrong=wrong,
    )  # fmt: skip


@router.post("/automations")
async def make_in_form(request: Request, workspace: Opened) -> Response:
    """Makes a rule; what is wrong is told beside its field, and the rest stays as typed."""
    typed = {name: str(value) for name, value in (await request.form()).items()}
    return await run_sync(_made, request, workspace, typed, "")


@router.get("/automations/{rule}/change")
def change_rule(request: Request, workspace: Opened, rule: str) -> HTMLResponse:
    """The form, filled in as the rule is now."""
    found = _changeable(workspace, rule)
    kinds = {"trigger": found.automation.trigger.kind, "action": found.automation.action.kind}
    return _form(request, workspace, kinds, of=found)


@router.post("/automations/{rule}/change")
async def change_in_form(request: Request, workspace: Opened, rule: str) -> Response:
    """Makes a newer version of a rule."""
    typed = {name: str(value) for name, value in (await request.form()).items()}
    return await run_sync(_made, request, workspace, typed, rule)


def _made(request: Request, workspace: Workspace, typed: dict[str, str], name: str) -> Response:
    # Bring Arrow along, for which no other page should wait.
    from redumbrella.workflows.automation_rules import save_automation
    from redumbrella.workflows.check_automations import template_problems

    of = _changeable(workspace, name) if name else None
    if of is not None:
        typed["name"] = of.automation.name
    if typed.get("trigger") not in TRIGGERS or typed.get("action") not in ACTIONS:
        return RedirectResponse("/automations/new", status_code=303)
    fields = fields_of(typed["trigger"], typed["action"], rule_choices(workspace))
    content, wrong = content_of(typed, fields)
    for part, problem in template_problems(workspace, _texts(content["action"])):
        wrong.setdefault(f"action.{part}", problem)
    if of is None and _is_taken(workspace, content["name"]):
        wrong.setdefault("name", "There is a rule of this name: give this one another.")
    if not wrong:
        try:
            saved = save_automation(workspace, content)
        except (SettingsError, ConflictError) as problem:
            wrong["name"] = problem.message
        else:
            said = "made" if of is None else "changed"
            return RedirectResponse(f"{rule_path(saved.automation.name)}?said={said}", 303)
    return _form(request, workspace, typed, wrong=wrong, of=of)


def _texts(typed: Mapping[str, Any]) -> Action:
    """The templates that were typed, whatever else is wrong with the action."""
    subject, text, html, path = (
        str(typed.get(name, "")) for name in ("subject", "text", "html", "path")
    )
    return Action(
        typed["kind"], subject=subject, text=text, html=html, path=path, body=typed.get("body", {})
    )


def _form(
    request: Request,
    workspace: Workspace,
    typed: Mapping[str, str],
    *,
    wrong: Mapping[str, str] | None = None,
    of: RuleInUse | None = None,
) -> HTMLResponse:
    fields = fields_of(typed["trigger"], typed["action"], rule_choices(workspace))
    if of is not None and wrong is None:
        typed = {**typed, **typed_of(of.automation.content, fields)}
    return render(
        request,
        "automation_form.html",
        400 if wrong else 200,
        section=SECTION,
        fields=fields,
        typed=typed,
        wrong=wrong or {},
        chosen=chosen_of,
        trigger_words=TRIGGERS[typed["trigger"]],
        action_words=ACTIONS[typed["action"]],
        of=None if of is None else of.automation.name,
        here="/automations" if of is None else rule_path(of.automation.name) + "/change",
        **_so_far(typed, fields),
    )


def _so_far(typed: Mapping[str, str], fields: RuleFields) -> dict[str, Any]:
    """What the form says so far, as a sentence and as umbrella.toml would hold it."""
    content, problems = content_of(typed, fields)
    if problems:
        return {"toml": "", "sentence": ""}
    return {"toml": rule_toml(content), "sentence": automation_sentence(automation_of(content))}


def _changeable(workspace: Workspace, name: str) -> RuleInUse:
    """A rule that was made on the page. Raises NotFoundError, ConflictError for one of the file."""
    with workspace.state.reading() as connection:
        found = rule_named(workspace.settings, connection, name)
    if found.origin != PAGE:
        message = f'The rule "{found.automation.name}" stands in umbrella.toml: change it there.'
        raise ConflictError(message, reason="rule_of_file")
    return found


def _is_taken(workspace: Workspace, name: str) -> bool:
    with workspace.state.reading() as connection:
        rules = rules_in_use(workspace.settings, connection)
    return name.casefold() in {rule.automation.name.casefold() for rule in rules}
