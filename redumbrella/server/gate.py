"""Who may ask: host names, no forged forms, then whoever is known: a user, a key, a token.

Plain ASGI layers around the application. Requests come in; those that may not pass get one clear
answer and never reach a route. What somebody may do who passes stands in `server.rights`.
"""

from math import ceil
from urllib.parse import quote, urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from redumbrella.access.acting import act_as
from redumbrella.access.roles import ANYONE, NOBODY, Caller
from redumbrella.access.rules import Access
from redumbrella.errors import EngineError
from redumbrella.server.api.responses import error_json, refused
from redumbrella.server.callers import Callers, SlowDownError, actor_of, note_caller, patience
from redumbrella.server.errors import our_error
from redumbrella.server.request_limits import UNSUBSCRIBE

_ONLY_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Here no session counts, so that nobody can be made to act for another. Providers of mail send the
# form of UNSUBSCRIBE themselves, from pages of theirs (RFC 8058): the signed link alone counts.
LOGIN, STATIC = "/login", "/static/"
# Besides the threads of routes; together they are no more than the database has connections.
_THREADS = 2


class AccessGate:
    """Lets through what `Access` allows: known host names, no writing that another site sends for
    the reader, then whoever is known.
    """

    def __init__(self, app: ASGIApp, access: Access, callers: Callers) -> None:
        self.app = app
        self.access = access
        self.callers = callers
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 400 for a foreign host, 403 to another site, 401 or a log-in to nobody known."""
        if scope["type"] == "http":
            refusal = self._refusal(scope) or await self._unknown(scope)
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
        is_foreign = scope["method"] not in _ONLY_READS and not same_origin(headers)
        if is_foreign and not is_unsubscribing(scope["path"]):
            message = (
                "Another site sent this. Nothing was changed; open the page of this server itself."
            )
            return refused(scope["path"], 403, "other_site", message)
        return None

    async def _unknown(self, scope: Scope) -> Response | None:
        """Notes who asks; the answer to whoever is not known."""
        path = str(scope["path"])
        if path == LOGIN or path.startswith(STATIC) or is_unsubscribing(path):
            note_caller(scope, ANYONE if self.callers.is_open_to_all else NOBODY)
            return None
        try:
            caller = self.callers.at_once() or await self._looked_up(scope)
        except SlowDownError as slow:
            return _too_many_wrong(slow.wait)
        except EngineError as problem:
            note_caller(scope, ANYONE if self.callers.is_open_to_all else NOBODY)
            return our_error(Request(scope), problem)
        if caller.kind == "nobody":
            return _not_known(scope, people=self.callers.knows_people)
        note_caller(scope, caller)
        act_as(actor_of(scope, caller))
        return None

    async def _looked_up(self, scope: Scope) -> Caller:
        """In a thread: a database may keep one waiting."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(_THREADS)
        return await to_thread.run_sync(self.callers.caller, scope, limiter=self._limiter)


def is_unsubscribing(path: str) -> bool:
    """Whether this is the address of the link in a mail: one part after /unsubscribe/."""
    return path.startswith(UNSUBSCRIBE) and "/" not in path.removeprefix(UNSUBSCRIBE)


def _too_many_wrong(wait: float) -> Response:
    answer = error_json(429, "too_many_attempts", patience(wait))
    answer.headers["Retry-After"] = str(ceil(wait))
    return answer


def _not_known(scope: Scope, *, people: bool) -> Response:
    """What to send along, for programs; the log-in for people."""
    if scope["path"].startswith("/api/") or "authorization" in Headers(scope=scope):
        if people:
            reason, message = "login_required", (
                "This server answers those it knows: send the header Authorization: Bearer KEY "
                "with a key of `umbrella key add`. None came, or one that is unknown or revoked."
            )  # fmt: skip
        else:
            reason, message = "token_required", (
                "This server needs the token that it was started with: send the header "
                "Authorization: Bearer TOKEN. None came, or another one."
            )  # fmt: skip
        answer = error_json(401, reason, message)
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
