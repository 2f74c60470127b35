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
from redumbrella.server.rights import FORM_FIELD
from redumbrella.server.web.formats import environment
from redumbrella.server.web.navigation import entries_of
from redumbrella.workspace import Workspace

SETTINGS = ("/settings", "Settings")


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template with what every page needs."""
    state = request.app.state
    settings = state.workspace.settings
    main = settings.main_target
    caller = caller_of(request)
    is_user = caller.kind == "user"
    entries = [] if "menu" in values else entries_of(state.workspace, caller)
    section = values.get("section", "")
    frame = {
        "workspace_name": settings.name,
        "menu": [(entry.address, entry.words) for entry in entries],
        "below": next((entry for entry in entries if entry.address == section), None),
        "user": caller.name if is_user else "",
        "can_log_out": caller.kind in ("user", "token"),
        "form_field": _form_field(request) if is_user else "",
        "sees_models": caller.may(roles.SEE_MODELS),
        "sets": caller.may(roles.SETTINGS),
        "works": caller.may(roles.WORK_LEADS),
        "automates": caller.may(roles.AUTOMATE),
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


def render_alone(request: Request, template: str, status: int, **values: Any) -> HTMLResponse:
    """A page for somebody outside the company: it knows the workspace's name and nothing else."""
    name = request.app.state.workspace.settings.name
    html = _environment().get_template(template).render(workspace_name=name, **values)
    return HTMLResponse(html, status_code=status)


def menu_of(workspace: Workspace, caller: Caller) -> list[tuple[str, str]]:
    """The menu: address and words of each entry, see `navigation`."""
    return [(entry.address, entry.words) for entry in entries_of(workspace, caller)]


def _form_field(request: Request) -> Markup:
    """The hidden field without which no form of a session is taken."""
    field = '<input type="hidden" name="{}" value="{}">'
    return Markup(field).format(FORM_FIELD, form_token(cookie_of(request.scope)))  # noqa: S704


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment()
