"""Templates with what every page needs: the workspace's name, the menu, the log-out."""

from functools import lru_cache
from typing import Any

from fastapi import Request
from jinja2 import Environment
from starlette.responses import HTMLResponse

from redumbrella.server.web.formats import environment
from redumbrella.views.catalogue import in_menu
from redumbrella.workspace import Workspace

MODELS = ("/models", "Models")
SETTINGS = ("/settings", "Settings")
DATA = ("/sources", "Data")
_NAMES = ("today", "leads", "changes", "pipeline", "products", "customers")
_WORDS = {name: name.capitalize() for name in _NAMES}


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template with what every page needs."""
    state = request.app.state
    settings = state.workspace.settings
    main = settings.main_target
    frame = {
        "workspace_name": settings.name,
        "menu": () if "menu" in values else menu_of(state.workspace),
        "can_log_out": state.access.token is not None,
        "section": "",
        "trusts": (),
        "insist": False,
        "parameters": dict(request.query_params),
        "default_target": "" if main is None else main.name,
        "several_targets": len(settings.targets) > 1,
    }
    html = _environment().get_template(template).render({**frame, **values})
    return HTMLResponse(html, status_code=status)


def menu_of(workspace: Workspace) -> list[tuple[str, str]]:
    """What works in this workspace: lists, models where something is predicted, settings, data."""
    found = [(view.page_address, _WORDS[view.name]) for view in in_menu(workspace, "main")]
    if workspace.settings.targets:
        found.append(MODELS)
    elif not found:
        found.append(("/customers", "Customers"))
    if any(target.from_ is not None for target in workspace.settings.targets):
        found.append(SETTINGS)
    return [*found, DATA]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment()
