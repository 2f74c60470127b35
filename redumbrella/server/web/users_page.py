"""Users for admins: who may log in, with which role; forms that add, change and disable."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from redumbrella.access.passwords import MIN_LENGTH
from redumbrella.access.roles import ROLE_WORDS
from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.server.callers import caller_of
from redumbrella.server.parameters import Opened
from redumbrella.server.web.rendering import SETTINGS, render
from redumbrella.views.access import UserFacts, known_reps, list_users, user_of
from redumbrella.workflows.manage_access import add_user, refuse_without_users, set_user
from redumbrella.workspace import Workspace

_FIELD_OF = {
    "bad_email": "email",
    "email_taken": "email",
    "unknown_role": "role",
    "first_admin": "role",
    "last_admin": "role",
    "unknown_rep": "rep",
    "weak_password": "password",
    "bad_name": "name",
}
_SAID = {
    "added": "is added and can log in.",
    "changed": "is changed; sessions have ended where role or rep changed.",
    "password": "has a new password, and every session has ended.",
    "disabled": "is disabled, and every session has ended.",
    "enabled": "can log in again.",
}
Typed = Annotated[str, Form()]

router = APIRouter(include_in_schema=False)


@router.get("/settings/users")
def users_page(
    request: Request,
    workspace: Opened,
    said: Annotated[str, Query(max_length=20)] = "",
    of: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Everybody, and the form that adds one; said: what was just done to the user `of`."""
    return _list(request, workspace, said=_said(workspace, said, of))


@router.post("/settings/users")
def add_in_form(
    request: Request,
    workspace: Opened,
    email: Typed = "",
    name: Typed = "",
    role: Typed = "",
    rep: Typed = "",
    password: Typed = "",
) -> Response:
    """Adds a user; what is wrong is told beside its field, and the rest stays as typed."""
    refuse_without_users(workspace)
    typed = {"email": email, "name": name, "role": role, "rep": rep}
    try:
        user = add_user(workspace, email, role, password, name, rep)
    except SettingsError as problem:
        wrong = {_FIELD_OF.get(problem.reason, "email"): problem.message}
        return _list(request, workspace, 400, typed=typed, wrong=wrong)
    return _back("added", user)


@router.get("/settings/users/{user}")
def user_page(request: Request, workspace: Opened, user: int) -> Response:
    """One user, with the forms that change it."""
    return _one(request, workspace, _known(workspace, user))


@router.post("/settings/users/{user}")
def change_in_form(
    request: Request,
    workspace: Opened,
    user: int,
    name: Typed = "",
    role: Typed = "",
    rep: Typed = "",
) -> Response:
    """Changes name, role and rep."""
    found = _known(workspace, user)
    typed = {"name": name, "role": role, "rep": rep}
    try:
        set_user(workspace, found.email, role=role, rep_id=rep, name=name)
    except SettingsError as problem:
        return _one(request, workspace, found, problem, typed)
    return _back("changed", found)


@router.post("/settings/users/{user}/password")
def set_password(request: Request, workspace: Opened, user: int, password: Typed = "") -> Response:
    """Sets a password that the admin tells the user."""
    found = _known(workspace, user)
    try:
        set_user(workspace, found.email, password=password)
    except SettingsError as problem:
        return _one(request, workspace, found, problem)
    return _back("password", found)


@router.post("/settings/users/{user}/disable")
def disable(request: Request, workspace: Opened, user: int) -> Response:
    """Ends every session of a user, who cannot log in any more."""
    found = _known(workspace, user)
    try:
        set_user(workspace, found.email, disabled=True)
    except SettingsError as problem:
        return _one(request, workspace, found, problem)
    return _back("disabled", found)


@router.post("/settings/users/{user}/enable")
def enable(workspace: Opened, user: int) -> Response:
    """Lets a user log in again."""
    found = _known(workspace, user)
    set_user(workspace, found.email, disabled=False)
    return _back("enabled", found)


def _known(workspace: Workspace, user: int) -> UserFacts:
    found = user_of(workspace, user) if 0 <= user < 2**31 else None
    if found is None:
        message = f"There is no user no. {user}. The list under Settings shows everybody."
        raise NotFoundError(message, reason="unknown_user")
    return found


def _back(said: str, user: UserFacts) -> Response:
    """To the list, so that loading the page again does nothing twice."""
    return RedirectResponse(f"/settings/users?said={said}&of={user.id}", status_code=303)


def _said(workspace: Workspace, said: str, user: int) -> str:
    found = user_of(workspace, user) if said in _SAID else None
    return "" if found is None else f"{found.email} {_SAID[said]}"


def _list(
    request: Request,
    workspace: Workspace,
    status: int = 200,
    *,
    said: str = "",
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    empty = {"email": "", "name": "", "role": "sales", "rep": ""}
    return render(
        request,
        "users.html",
        status,
        **_shared(workspace),
        users=list_users(workspace),
        said=said,
        typed=typed or empty,
        wrong=wrong or {},
    )


def _one(
    request: Request,
    workspace: Workspace,
    user: UserFacts,
    problem: SettingsError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    wrong = {} if problem is None else {_FIELD_OF.get(problem.reason, "name"): problem.message}
    return render(
        request,
        "user.html",
        200 if problem is None else 400,
        **_shared(workspace),
        shown=user,
        is_self=caller_of(request).user_id == user.id,
        typed=typed or {"name": user.name, "role": user.role, "rep": user.rep_id},
        wrong=wrong,
    )


def _shared(workspace: Workspace) -> dict[str, Any]:
    return {
        "section": SETTINGS[0],
        "roles": ROLE_WORDS,
        "reps": known_reps(workspace),
        "least": MIN_LENGTH,
        "timezone": workspace.settings.timezone,
    }
