"""Templates with what every page needs: the workspace's name, the menu, the log-out."""

from functools import lru_cache
from typing import Any

from fastapi import Request
from jinja2 import Environment
from markupsafe import Markup
from starlette.responses import HTMLResponse

from redumbrella.access import roles
from redumbrella.access.keys import form_token
from redumbrella.access.roles import Caller
from redumbrella.server.callers import caller_of, cookie_of
from redumbrella.server.rights import FORM_FIELD, may_open
from redumbrella.server.web.formats import environment
from redumbrella.views.catalogue import in_menu
from redumbrella.workspace import Workspace

MODELS = ("/models", "Models")
SETTINGS = ("/settings", "Settings")
DATA = ("/sources", "Data")
_TABS = (
    ("/settings", "What counts"),
    ("/settings/users", "Users"),
    ("/settings/keys", "API keys"),
    ("/settings/audit", "Audit"),
)
_IN_MENU = ("today", "leads", "changes", "pipeline", "products", "customers")
_WORDS = {name: name.capitalize() for name in _IN_MENU}


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template with what every page needs."""
    state = request.app.state
    settings = state.workspace.settings
    main = settings.main_target
    caller = caller_of(request)
    is_user = caller.kind == "user"
    frame = {
        "workspace_name": settings.name,
        "menu": () if "menu" in values else menu_of(state.workspace, caller),
        "user": caller.name if is_user else "",
        "can_log_out": caller.kind in ("user", "token"),
        "form_field": _form_field(request) if is_user else "",
        "sees_models": caller.may(roles.SEE_MODELS),
        "sets": caller.may(roles.SETTINGS),
        "settings_tabs": [tab for tab in _TABS if may_open(caller, tab[0])],
        "section": "",
        "path": request.url.path,
        "trusts": (),
        "insist": False,
        "parameters": dict(request.query_params),
        "default_target": "" if main is None else main.name,
        "several_targets": len(settings.targets) > 1,
    }
    html = _environment().get_template(template).render({**frame, **values})
    return HTMLResponse(html, status_code=status)


def menu_of(workspace: Workspace, caller: Caller) -> list[tuple[str, str]]:
    """What works in this workspace and may be opened by the caller: lists, models where something
    is predicted, settings, data."""
    settings = workspace.settings
    found = [(view.page_address, _WORDS[view.name]) for view in in_menu(workspace, "main")]
    if settings.targets:
        found.append(MODELS)
    elif not found:
        found.append(("/customers", "Customers"))
    if caller.kind == "user" or any(target.from_ is not None for target in settings.targets):
        found.append(SETTINGS)
    return [entry for entry in (*found, DATA) if may_open(caller, entry[0])]


def _form_field(request: Request) -> Markup:
    """The hidden field without which no form of a session is taken."""
    field = '<input type="hidden" name="{}" value="{}">'
    return Markup(field).format(FORM_FIELD, form_token(cookie_of(request.scope)))  # noqa: S704


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment()
