"""The settings page: what counts in the qualification of leads, and what changing it did.

A plain form comes in; the answer to it is a redirect, so that loading the page again sets nothing.
Another site's forms never get here: see `server.gate`.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from redumbrella.decisions.qualification import CRITERIA, LABELS
from redumbrella.errors import SettingsError
from redumbrella.figures import plain
from redumbrella.server.callers import known_name
from redumbrella.server.parameters import Opened
from redumbrella.server.web.rendering import render
from redumbrella.views.weights import change_to, weights_history
from redumbrella.workflows.set_weights import MOST_CHARACTERS, set_weights
from redumbrella.workspace import Workspace

EXPLAINED = {
    "ease_of_conversion": "How likely the lead converts.",
    "ease_of_delivery": "How little work is still to come, against other leads.",
    "profit": "What it brings if it converts, after the cost of the work, against other leads.",
    "fit": "How well it fits the company: ratings of clients, else likeness to the best customers.",
}

# As large as the database counts.
Version = Annotated[int | None, Query(ge=0, le=2**31 - 1)]

router = APIRouter(include_in_schema=False)


@router.get("/settings")
def settings(request: Request, workspace: Opened, changed: Version = None) -> HTMLResponse:
    """The form, what the change `changed` did to the order of leads, and all versions."""
    return _page(request, workspace, changed=changed)


@router.post("/settings")
def set_settings(
    request: Request,
    workspace: Opened,
    ease_of_conversion: Annotated[str, Form()] = "",
    ease_of_delivery: Annotated[str, Form()] = "",
    profit: Annotated[str, Form()] = "",
    fit: Annotated[str, Form()] = "",
    by: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Sets the weights and shows what that did; a wrong number shows the form again, as typed."""
    typed = dict(zip(CRITERIA, (ease_of_conversion, ease_of_delivery, profit, fit), strict=True))
    try:
        weights = {name: _number(name, text) for name, text in typed.items() if text.strip()}
        result = set_weights(workspace, weights, known_name(request) or by, note)
    except SettingsError as problem:
        typed |= {"by": by, "note": note}
        return _page(request, workspace, 400, typed=typed, problem=problem.message)
    return RedirectResponse(f"/settings?changed={result.current.version}#change", status_code=303)


def _number(name: str, text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        message = f'{LABELS[name]}: "{text}" is no number. Expected a number from 0 up.'
        raise SettingsError(message, reason="bad_weight") from None


def _page(
    request: Request,
    workspace: Workspace,
    status: int = 200,
    *,
    changed: int | None = None,
    typed: dict[str, str] | None = None,
    problem: str = "",
) -> HTMLResponse:
    history = weights_history(workspace)
    current = history.current.weights
    shown = {name: plain(current.get(name, 0.0)) for name in CRITERIA} | {"by": "", "note": ""}
    return render(
        request,
        "settings.html",
        status,
        section="/settings",
        history=history,
        labels=LABELS,
        explained=EXPLAINED,
        typed=shown | (typed or {}),
        problem=problem,
        change=None if changed is None else change_to(workspace, changed),
        total=sum(current.values()),
        most_characters=MOST_CHARACTERS,
        several=len(workspace.settings.targets) > 1,
        timezone=workspace.settings.timezone,
    )
