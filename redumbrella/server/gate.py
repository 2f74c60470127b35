"""Who may ask: host names, the token of a server that is open to the network, no forged forms.

Plain ASGI layers around the application. Requests come in; those that may not pass get one clear
answer and never reach a route.
"""

from math import ceil
from time import monotonic
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from redumbrella.access.attempts import address_of
from redumbrella.access.rules import COOKIE, Access, TokenVerdict
from redumbrella.logs import log_event
from redumbrella.server.api.responses import error_json, refused

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
            message = (
                "Another site sent this. Nothing was changed; open the page of this server itself."
            )
            return refused(scope["path"], 403, "other_site", message)
        if self.access.token is None or self._is_open(scope):
            return None
        scheme, _, offered = headers.get("authorization", "").partition(" ")
        verdict = TokenVerdict(fits=False)
        if scheme.lower() == "bearer":
            verdict = looked_at(self.access, scope, offered)
        if verdict.fits:
            return None
        if verdict.wait > 0.0:
            return _too_many_wrong(verdict.wait)
        return _without_token(scope, is_program="authorization" in headers)

    def _is_open(self, scope: Scope) -> bool:
        """Whether no token is needed: for the log-in, its style, and who has logged in."""
        if scope["path"] == "/login" or str(scope["path"]).startswith("/static/"):
            return True
        value = Request(scope).cookies.get(COOKIE, "")
        return self.access.sessions.lasts(value, monotonic())


def looked_at(access: Access, scope: Scope, offered: str) -> TokenVerdict:
    """Whether a token that came with this request fits; a wrong one is logged without itself."""
    client = scope.get("client")
    address = address_of(client[0] if client else "")
    verdict = access.verdict(offered.strip(), address, monotonic())
    if verdict.is_guess:
        log_event("server", "wrong token", address=address)
    return verdict


def patience(wait: float) -> str:
    """What to do after too many wrong tokens."""
    return (
        f"Too many wrong tokens came from your address. Wait {ceil(wait)} seconds, then try again; "
        "whoever is logged in may go on."
    )


def _too_many_wrong(wait: float) -> Response:
    answer = error_json(429, "too_many_attempts", patience(wait))
    answer.headers["Retry-After"] = str(ceil(wait))
    return answer


def _without_token(scope: Scope, *, is_program: bool) -> Response:
    if scope["path"].startswith("/api/") or is_program:
        message = (
            "This server needs the token that it was started with: send the header "
            "Authorization: Bearer TOKEN. None came, or another one."
        )
        answer = error_json(401, "token_required", message)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if scope["method"] not in _ONLY_READS:  # what was sent is lost; a form is not sent again
        return RedirectResponse("/login", status_code=303)
    # As it was sent: an id may hold a question mark.
    asked = scope["raw_path"].decode("latin-1")
    asked += f"?{scope['query_string'].decode('latin-1')}" * bool(scope["query_string"])
    return RedirectResponse(f"/login?next={quote(asked, safe='')}", status_code=303)


def same_origin(headers: Headers) -> bool:
    """Whether a request that writes comes from a page of this server, or from no page at all.

    Browsers say where a request comes from in Sec-Fetch-Site, older ones in Origin; programs say
    nothing, and cannot be made to act for a person who is logged in.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:  # such as http://[
        return False
