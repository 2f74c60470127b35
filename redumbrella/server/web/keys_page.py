"""API keys for admins: which there are, and forms that make one, shown once, and revoke."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from redumbrella.access.roles import SCOPE_WORDS
from redumbrella.errors import SettingsError
from redumbrella.server.parameters import Opened
from redumbrella.server.web.rendering import SETTINGS, render
from redumbrella.views.access import KeyFacts, list_keys
from redumbrella.workflows.manage_access import add_key, refuse_without_users, revoke_key
from redumbrella.workspace import Workspace

_FIELD_OF = {"no_name": "name", "bad_name": "name"}
Ticked = Annotated[bool, Form()]

router = APIRouter(include_in_schema=False)


@router.get("/settings/keys")
def keys_page(request: Request, workspace: Opened) -> Response:
    """All keys, and the form that makes one."""
    return _page(request, workspace)


@router.post("/settings/keys")
def make_key(
    request: Request,
    workspace: Opened,
    name: Annotated[str, Form()] = "",
    *,
    read: Ticked = False,
    write: Ticked = False,
    track: Ticked = False,
) -> Response:
    """Makes a key and shows it: the answer to this form is the only page that ever does."""
    refuse_without_users(workspace)
    ticked = {"read": read, "write": write, "track": track}
    scopes = tuple(scope for scope, wanted in ticked.items() if wanted)
    try:
        key, whole = add_key(workspace, name, scopes)
    except SettingsError as problem:
        wrong = {_FIELD_OF.get(problem.reason, "scopes"): problem.message}
        return _page(request, workspace, 400, name=name, ticked=scopes, wrong=wrong)
    return _page(request, workspace, made=(key, whole))


@router.post("/settings/keys/{key}/revoke")
def revoke_in_form(workspace: Opened, key: str) -> Response:
    """Ends a key for good."""
    revoke_key(workspace, key)
    return RedirectResponse("/settings/keys", status_code=303)


def _page(
    request: Request,
    workspace: Workspace,
    status: int = 200,
    *,
    name: str = "",
    ticked: tuple[str, ...] = (),
    wrong: dict[str, str] | None = None,
    made: tuple[KeyFacts, str] | None = None,
) -> Response:
    page = render(
        request,
        "keys.html",
        status,
        section=SETTINGS[0],
        keys=list_keys(workspace),
        scopes=SCOPE_WORDS,
        name=name,
        ticked=ticked,
        wrong=wrong or {},
        made=made,
        timezone=workspace.settings.timezone,
    )
    if made is not None:
        page.headers["Cache-Control"] = "no-store"
    return page
