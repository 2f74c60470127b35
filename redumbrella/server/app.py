"""The web application: an opened workspace comes in, pages and REST go out over HTTP.

Promise: it listens on loopback only unless a token protects it; every error is one clear message,
as JSON under /api and as a page elsewhere.
"""

import socket
from importlib.metadata import version

from fastapi import Depends, FastAPI, Security
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from redumbrella.access.rules import Access
from redumbrella.errors import UmbrellaError
from redumbrella.logs import is_logging
from redumbrella.server.api import openapi, routes
from redumbrella.server.api.lists import list_routes
from redumbrella.server.api.openapi import TOKEN, describe
from redumbrella.server.errors import bad_parameter, http_error, our_error, unexpected
from redumbrella.server.gate import AccessGate
from redumbrella.server.head_requests import HeadAsGet
from redumbrella.server.parameters import only_known
from redumbrella.server.request_log import RequestLog
from redumbrella.server.security_headers import SafeHeaders
from redumbrella.server.web import assets, docs_page, login, pages, settings_page
from redumbrella.server.web.list_page import list_pages
from redumbrella.workspace import Workspace

# FastAPI would else follow environment variables and report requests to a collector.
_NO_TELEMETRY = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)


def create_app(workspace: Workspace, access: Access | None = None) -> FastAPI:
    """The application over one workspace; without `access` it answers on loopback names only."""
    access = access or Access()
    app = FastAPI(
        title="Red Umbrella",
        version=version("redumbrella"),
        description="The ordered list of leads, why each has its score, and whether to trust it.",
        openapi_url=None,
        docs_url=None,  # the usual explorer loads its scripts from outside; ours is docs_page
        redoc_url=None,
        dependencies=[Depends(only_known)],
        telemetry=_NO_TELEMETRY,
    )
    app.state.workspace = workspace
    app.state.access = access
    # Lists first: /models/all is a list, and /models/{version} would take it for a version.
    for router in (list_routes(), routes.router):
        app.include_router(router, dependencies=[Security(TOKEN)])
    app.include_router(list_pages())
    for part in (openapi, assets, docs_page, login, pages, settings_page):
        app.include_router(part.router)
    describe(app)
    app.add_exception_handler(UmbrellaError, our_error)
    app.add_exception_handler(RequestValidationError, bad_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
    # The last one added stands outermost.
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(AccessGate, access=access)
    app.add_middleware(SafeHeaders)
    app.add_middleware(HeadAsGet)
    if is_logging():
        app.add_middleware(RequestLog)
    return app


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
