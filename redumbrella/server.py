"""The web application: an opened workspace comes in, pages and REST go out over HTTP.

Promise: it listens on loopback only unless a token protects it; every error is one clear message,
as JSON under /api and as a page elsewhere.
"""

import socket
from importlib.metadata import version
from time import monotonic

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redumbrella.api import routes
from redumbrella.api.access import (
    LOOPBACK_NAMES,
    MIN_TOKEN_LENGTH,
    SAFE_HEADERS,
    Access,
    Gate,
    SafeHeaders,
    host_names,
)
from redumbrella.api.responses import error_json
from redumbrella.errors import EngineError, SettingsError, UmbrellaError
from redumbrella.logs import is_logging, log_event
from redumbrella.web import assets, login, pages, settings_page
from redumbrella.workspace import Workspace

WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  named to be recognised, not bound
# FastAPI would else follow environment variables and report requests to a collector.
_NO_TELEMETRY = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADINGS = {400: "That cannot be shown", 404: "Not found", 503: "Not available now"}


def create_app(workspace: Workspace, access: Access | None = None) -> FastAPI:
    """The application over one workspace; without `access` it answers on loopback names only."""
    access = access or Access()
    app = FastAPI(
        title="Red Umbrella",
        version=version("redumbrella"),
        description="The ordered list of leads, why each has its score, and whether to trust it.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # the usual explorer loads its scripts from outside
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.workspace = workspace
    app.state.access = access
    for part in (routes, assets, login, pages, settings_page):
        app.include_router(part.router)
    app.add_exception_handler(UmbrellaError, _our_error)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
    # The last one added stands outermost.
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Gate, access=access)
    app.add_middleware(SafeHeaders)
    if is_logging():
        app.add_middleware(RequestLog)
    return app


class RequestLog:
    """Logs each answer: method, route, status and milliseconds.

    Never the address, in which ids of leads and words that were searched for stand: the route is
    the one that the code names, such as /leads/{lead_id}.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; an exception, answered further out, counts as status 500."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = monotonic(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            log_event(
                "server",
                "request",
                failed=status >= 500,
                # A client may send any word as the method.
                method=scope["method"] if scope["method"] in _METHODS else "other",
                route=getattr(scope.get("route"), "path", "none"),
                status=status,
                milliseconds=round(1_000 * (monotonic() - started), 1),
            )


def serve(workspace: Workspace, listening: socket.socket, access: Access) -> None:
    """Serves on a socket of `bind` until it is stopped."""
    import uvicorn

    app = create_app(workspace, access)
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        access_log=False,
        # Where logging is on, the server's warnings go the same way.
        log_config=None if is_logging() else uvicorn.config.LOGGING_CONFIG,
    )
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def access_for(
    host: str, *, allow_remote: bool, token: str | None, names: tuple[str, ...] = ()
) -> Access:
    """The rules for listening on `host`.

    Raises SettingsError for any host but loopback without `allow_remote` and a good token.
    """
    if token is not None and len(token) < MIN_TOKEN_LENGTH:
        message = (
            f"The token is too short: at least {MIN_TOKEN_LENGTH} characters. "
            "`openssl rand -hex 24` makes a good one."
        )
        raise SettingsError(message, reason="weak_token")
    if is_loopback(host):
        return Access(token=token, host_names=host_names((host, *names)))
    if not allow_remote:
        message = (
            f"Listening on {host} would open the leads to the network. Add --allow-remote and a "
            "token (--token or $UMBRELLA_TOKEN) if that is meant, or leave --host out."
        )
        raise SettingsError(message, reason="remote_not_allowed")
    if token is None:
        message = (
            "A server that is open to the network needs a token: set $UMBRELLA_TOKEN or give "
            "--token. `openssl rand -hex 24` makes a good one."
        )
        raise SettingsError(message, reason="token_required")
    own = () if host in WILDCARDS else (host,)
    machine = (socket.gethostname(), socket.getfqdn())
    return Access(token=token, host_names=host_names((*own, *machine, *names)), any_address=True)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    return host in LOOPBACK_NAMES or host.startswith("127.")


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; EngineError that says what to do when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as problem:
        listening.close()
        message = (
            f"Cannot listen on {host} port {port}: {problem.strerror or problem}. Another program "
            f"may be using it: stop that one, or take another port with --port {port + 1}."
        )
        raise EngineError(message, reason="port_unavailable") from None
    return listening


def _our_error(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, UmbrellaError)
    return _error(request, problem.http_status, problem.reason, problem.message)


def _bad_parameter(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    message = f"{first['loc'][-1]}: {first['msg']}."
    return _error(request, 400, "bad_parameter", message)


def _http_error(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    known = {404: "There is no such page.", 405: "This address cannot be used in that way."}
    message = known.get(problem.status_code, str(problem.detail))
    reason = {404: "unknown_page", 405: "wrong_method"}.get(problem.status_code, "http_error")
    answer = _error(request, problem.status_code, reason, message)
    answer.headers.update(problem.headers or {})  # such as Allow, which a wrong method asks for
    return answer


def _unexpected(request: Request, _problem: Exception) -> Response:
    """The traceback goes to the server's log, never to the reader."""
    message = "Something went wrong inside Red Umbrella. The server's log says more."
    answer = _error(request, 500, "internal", message)
    answer.headers.update(SAFE_HEADERS)  # this answer is made outside the layer that adds them
    return answer


def _error(request: Request, status: int, reason: str, message: str) -> Response:
    if request.url.path.startswith("/api/"):
        return error_json(status, reason, message)
    heading = _HEADINGS.get(status, "That did not work")
    return pages.render(request, "message.html", status, heading=heading, message=message)
