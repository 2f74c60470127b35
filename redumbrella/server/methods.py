"""The methods that an address takes: for the Allow header, and as the answer to OPTIONS."""

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

_ASKED = ("GET", "POST", "PUT", "PATCH", "DELETE")


class OptionsAnswer:
    """Answers OPTIONS of any address that there is; passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """204 with Allow; where nothing answers, the application says so."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            allowed = allowed_methods(scope["app"], scope)
            if allowed:
                answer = Response(status_code=204, headers={"Allow": ", ".join(allowed)})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def allowed_methods(app: Starlette, scope: Scope) -> list[str]:
    """Every method that some route takes at this address, with HEAD and OPTIONS; [] for none."""
    bare = {name: scope[name] for name in ("type", "path", "root_path", "headers")}
    found = [
        method
        for method in _ASKED
        if any(route.matches({**bare, "method": method})[0] is Match.FULL for route in app.routes)
    ]
    if "GET" in found:
        found.insert(1, "HEAD")
    return [*found, "OPTIONS"] if found else []
