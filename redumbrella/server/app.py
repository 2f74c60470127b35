"""The web application: an opened workspace comes in, pages and REST go out over HTTP.

Promise: it listens on loopback only unless a token protects it; every error is one clear message,
as JSON under /api and as a page elsewhere.
"""

import socket
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from redumbrella.access.rules import Access
from redumbrella.errors import UmbrellaError
from redumbrella.server.api import routes
from redumbrella.server.errors import bad_parameter, http_error, our_error, unexpected
from redumbrella.server.gate import Gate, SafeHeaders
from redumbrella.server.web import assets, login, pages, settings_page
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
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # the usual explorer loads its scripts from outside
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.workspace = workspace
    app.state.access = access
    for part in (routes, assets, login, pages, settings_page):
        app.include_router(part.router)
    app.add_exception_handler(UmbrellaError, our_error)
    app.add_exception_handler(RequestValidationError, bad_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
    # The last one added stands outermost.
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Gate, access=access)
    app.add_middleware(SafeHeaders)
    return app


def serve(workspace: Workspace, listening: socket.socket, access: Access) -> None:
    """Serves on a socket of `bind` until it is stopped."""
    import uvicorn

    app = create_app(workspace, access)
    config = uvicorn.Config(app, log_level="warning", server_header=False, access_log=False)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])
