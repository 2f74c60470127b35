"""Forms that log what came of a contact, on today's list and on the page of a lead, and undo it.

A plain form comes in; the answer is a redirect to the page it came from, or a page that says what
is wrong, with the form as it was typed. Forms of other sites never get here, see `server.gate`.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from redumbrella.clock import now, to_datetime
from redumbrella.errors import DataError, SettingsError, UmbrellaError
from redumbrella.outcomes import OUTCOMES, OutcomeRequest, amount_of, day_of_text
from redumbrella.server.parameters import Opened, Owners
from redumbrella.server.web.rendering import render
from redumbrella.views.lead import check_seen, is_scored
from redumbrella.views.logged import known_reps, lead_of, logged_of_lead
from redumbrella.workflows.log_outcome import log_outcome, newest_number, undo_outcome
from redumbrella.workspace import Workspace

HOME = "/today"
OTHER = "other"
_BACK = ("/today", "/leads/")
_TYPED = ("amount", "date", "reason", "minutes", "note", "rep")

router = APIRouter(include_in_schema=False)


def form_parts(workspace: Workspace) -> dict[str, Any]:
    """What the form needs besides its lead: the outcomes, the reps, and new keys."""
    return {"outcomes": OUTCOMES, "reps": known_reps(workspace), "new_key": lambda: uuid4().hex}


@router.post("/outcomes")
async def post_outcome(request: Request, workspace: Opened, owners: Owners) -> Response:
    """Logs an outcome and goes back; what is wrong is said, and can be mended."""
    form = _whole({name: str(value) for name, value in (await request.form()).items()})
    await run_sync(check_seen, workspace, form.get("lead_id", ""), owners)
    return await run_sync(_log, request, workspace, form)


@router.post("/outcomes/{number}/undo")
def undo(
    request: Request,
    workspace: Opened,
    owners: Owners,
    number: int,
    back: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
) -> Response:
    """Takes an outcome back and goes back; place: of the line on today's list."""
    check_seen(workspace, lead_of(workspace, number), owners)
    back = _at_line(back, place)
    try:
        undo_outcome(workspace, number)
    except DataError as problem:
        return _message(request, workspace, "", back, problem)
    return RedirectResponse(_inside(back), status_code=303)


@router.get("/outcomes")
def of_lead(
    request: Request, workspace: Opened, owners: Owners, lead_id: str, back: str = ""
) -> HTMLResponse:
    """What was logged of a lead, also of one that is closed."""
    check_seen(workspace, lead_id, owners)
    return _message(request, workspace, lead_id, back, None)


def _whole(form: Mapping[str, str]) -> dict[str, str]:
    """The form of a lead, also where one form stands for all lines of today's list.

    A button there is named like its outcome and says what differs between lines: seen/place/lead.
    """
    pressed = next((name for name in (*OUTCOMES, OTHER) if name in form), "")
    seen, *rest = form.get(pressed, "").split("/", 2)
    if len(rest) != 2:
        return dict(form)
    place, lead_id = rest
    key, back = f"{form.get('key', '')}/{place}", _at_line(form.get("back", ""), place)
    return {**form, "what": pressed, "seen": seen, "lead_id": lead_id, "key": key, "back": back}


def _at_line(back: str, place: str) -> str:
    """The address of the list, at a line of it."""
    return f"{back}#line-{place}" if back and place.isascii() and place.isdigit() else back


def _log(request: Request, workspace: Workspace, form: Mapping[str, str]) -> Response:
    lead_id, back = form.get("lead_id", ""), form.get("back", "")
    if form.get("what") == OTHER:  # the page with the whole form
        query = urlencode({"lead_id": lead_id, "back": _inside(back)})
        return RedirectResponse(f"/outcomes?{query}", status_code=303)
    try:
        asked = _asked(form)
        result = log_outcome(workspace, asked, form.get("key", ""))
    except (SettingsError, DataError) as problem:
        return _message(request, workspace, lead_id, back, problem, form)
    if result.closed and _inside(back).startswith("/leads/"):  # that page is gone with the score
        return RedirectResponse(f"/outcomes?{urlencode({'lead_id': lead_id})}", status_code=303)
    return RedirectResponse(_inside(back), status_code=303)


def _asked(form: Mapping[str, str]) -> OutcomeRequest:
    """The request of a form. A field that does not belong to the button that was pressed, such as
    an amount beside "reached", is refused like everywhere.
    """
    seen = form.get("seen", "")
    return OutcomeRequest(
        form.get("lead_id", ""),
        form.get("what", ""),
        amount=amount_of(form.get("amount", "")),
        date=day_of_text(form.get("date", "")),
        reason=form.get("reason", ""),
        minutes=amount_of(form.get("minutes", ""), "number of minutes"),
        note=form.get("note", ""),
        rep=form.get("rep", ""),
        seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None,
    )


def _message(
    request: Request,
    workspace: Workspace,
    lead_id: str,
    back: str,
    problem: UmbrellaError | None,
    form: Mapping[str, str] | None = None,
) -> HTMLResponse:
    typed = {name: (form or {}).get(name, "") for name in _TYPED}
    target = workspace.settings.target().name
    return render(
        request,
        "outcome.html",
        200 if problem is None else problem.http_status,
        section=HOME,
        lead_id=lead_id,
        problem="" if problem is None else problem.message,
        entries=logged_of_lead(workspace, lead_id, target),
        is_open=is_scored(workspace, lead_id),
        seen=newest_number(workspace, lead_id),
        back=_inside(back),
        key=uuid4().hex,
        typed=typed,
        now=to_datetime(now()),
        timezone=workspace.settings.timezone,
        currency=workspace.settings.currency,
        **form_parts(workspace),
    )


def _inside(back: str) -> str:
    """The page of ours that a form came from; today's list for anything else."""
    parts = urlsplit(back) if back.isprintable() and "\\" not in back else urlsplit("")
    is_ours = not parts.scheme and not parts.netloc and back.startswith(_BACK)
    return back if is_ours else HOME
