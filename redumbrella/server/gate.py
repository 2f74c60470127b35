"""Who may ask: host names, the token of a server that is open to the network, no forged forms.

Plain ASGI layers around the application. Requests come in; those that may not pass get one clear
answer and never reach a route.
"""

from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from redumbrella.access.rules import COOKIE, Access
from redumbrella.server.api.responses import error_json

_ONLY_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class AccessGate:
    """Lets through what `Access` allows: known host names, no writing that another site sends for
    the reader, then the token where one is set.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 400 for a foreign host, 403 to another site, 401 or a log-in without a token."""
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self.access.host_fits(headers.get("host", "")):
            message = (
                "This server does not answer to that host name. Open it under the address that "
                "`umbrella serve` printed, or start it with --host-name NAME.\n"
            )
            return PlainTextResponse(message, status_code=400)
        if scope["method"] not in _ONLY_READS and not same_origin(headers):
            return _refused_origin(str(scope["path"]))
        if self.access.token is None or self._may_pass(scope):
            return None
        path = str(scope["path"])
        if path.startswith("/api/") or headers.get("authorization"):
            message = "This server needs a token: send the header Authorization: Bearer TOKEN."
            answer = error_json(401, "token_required", message)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        asked = path + (f"?{scope['query_string'].decode('latin-1')}" * bool(scope["query_string"]))
        return RedirectResponse(f"/login?next={quote(asked, safe='')}", status_code=303)

    def _may_pass(self, scope: Scope) -> bool:
        if scope["path"] == "/login" or str(scope["path"]).startswith("/static/"):
            return True
        request = Request(scope)
        scheme, _, offered = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.access.token_fits(offered.strip()):
            return True
        return self.access.session_fits(request.cookies.get(COOKIE, ""))


def same_origin(headers: Headers) -> bool:
    """Whether a request that writes comes from a page of this server, or from no page at all.

    Browsers say where a request comes from in Sec-Fetch-Site, older ones in Origin; programs say
    nothing, and cannot be made to act for a person who is logged in.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _refused_origin(path: str) -> Response:
    message = "Another site sent this. Nothing was changed; open the page of this server itself."
    if path.startswith("/api/"):
        return error_json(403, "other_site", message)
    return PlainTextResponse(message + "\n", status_code=403)
