"""The account of whoever is logged in: the password, and a log-out everywhere."""

from math import ceil
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from redumbrella.access.passwords import MIN_LENGTH
from redumbrella.access.roles import ROLE_WORDS
from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.server.callers import caller_of, callers_of, patience
from redumbrella.server.parameters import Opened
from redumbrella.server.web.login import logged_out
from redumbrella.server.web.rendering import render
from redumbrella.views.access import user_of
from redumbrella.workflows.manage_access import change_own_password, close_own_sessions
from redumbrella.workspace import Workspace

_FIELD_OF = {"wrong_password": "current", "weak_password": "new", "not_twice": "again"}

router = APIRouter(include_in_schema=False)


@router.get("/account")
def account(request: Request, workspace: Opened) -> Response:
    """Who is logged in, with which role, and the forms."""
    return _page(request, workspace)


@router.post("/account/password")
def set_own_password(
    request: Request,
    workspace: Opened,
    current: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Changes the password, ends every session and asks for the new one."""
    callers, caller = callers_of(request), caller_of(request)
    wait = callers.wait_of(request.scope, caller.name)
    if wait:
        page = _page(request, workspace, 429, {"current": patience(wait)})
        page.headers["Retry-After"] = str(ceil(wait))
        return page
    try:
        if new != again:
            raise SettingsError("The two new passwords are not the same.", reason="not_twice")
        change_own_password(workspace, _number(request), current, new)
    except SettingsError as problem:
        if problem.reason == "wrong_password":
            callers.wrong_password(request.scope, caller.name)
        wrong = {_FIELD_OF.get(problem.reason, "new"): problem.message}
        return _page(request, workspace, 400, wrong)
    return logged_out("/login?said=password")


@router.post("/account/log-out-everywhere")
def log_out_everywhere(request: Request, workspace: Opened) -> Response:
    """Ends every session of whoever is logged in, this one too."""
    close_own_sessions(workspace, _number(request))
    return logged_out("/login?said=everywhere")


def _number(request: Request) -> int:
    number = caller_of(request).user_id
    assert number is not None, "the right of this route is for users"
    return number


def _page(
    request: Request, workspace: Workspace, status: int = 200, wrong: dict[str, str] | None = None
) -> Response:
    user = user_of(workspace, _number(request))
    if user is None:
        raise NotFoundError("This user is gone.", reason="unknown_user")
    return render(
        request,
        "account.html",
        status,
        section="/account",
        account=user,
        role_words=ROLE_WORDS.get(user.role, ""),
        wrong=wrong or {},
        least=MIN_LENGTH,
        timezone=workspace.settings.timezone,
    )
