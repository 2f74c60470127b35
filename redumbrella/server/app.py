"""The web application: an opened workspace comes in, pages and REST go out over HTTP.

Promise: it listens on loopback only unless users log in or a token protects it; every error is one
clear message, as JSON under /api and as a page elsewhere.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI, Security
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from redumbrella.access.rules import Access
from redumbrella.errors import UmbrellaError
from redumbrella.logs import is_logging
from redumbrella.server.api import automation_routes, openapi, recommender_routes, routes
from redumbrella.server.api.downloads import DownloadPlaces
from redumbrella.server.api.lists import list_routes
from redumbrella.server.api.openapi import TOKEN, describe
from redumbrella.server.callers import Callers
from redumbrella.server.connections import GuardedProtocol
from redumbrella.server.errors import bad_parameter, http_error, our_error, unexpected
from redumbrella.server.gate import AccessGate
from redumbrella.server.head_requests import HeadAsGet
from redumbrella.server.methods import OptionsAnswer
from redumbrella.server.parameters import only_known
from redumbrella.server.request_limits import MOST_HEAD, PlainHeads, SmallBodies
from redumbrella.server.request_log import RequestLog
from redumbrella.server.rights import only_allowed
from redumbrella.server.security_headers import SafeHeaders
from redumbrella.server.web import (
    account_page,
    assets,
    automations_page,
    chart_data,
    docs_page,
    keys_page,
    login,
    outcome_forms,
    pages,
    recommender_pages,
    rule_pages,
    settings_page,
    unsubscribe_page,
    users_page,
)
from redumbrella.server.web.list_page import list_pages
from redumbrella.workspace import Workspace

if TYPE_CHECKING:
    import uvicorn

# FastAPI would else follow environment variables and report requests to a collector.
_NO_TELEMETRY = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)


# Fewer than the database has connections: a page that asks for a second one gets it.
_THREADS = 12
KEEP_ALIVE_SECONDS = 5
STOP_SECONDS = 5  # for what is under way at Ctrl-C


@asynccontextmanager
async def _few_threads(_app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = _THREADS
    yield


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
        dependencies=[Depends(only_allowed), Depends(only_known)],
        telemetry=_NO_TELEMETRY,
        lifespan=_few_threads,
    )
    app.state.workspace = workspace
    app.state.access = access
    app.state.callers = Callers(workspace, access)
    app.state.downloads = DownloadPlaces()
    # Lists first: /models/all is a list, and /models/{version} would take it for a version.
    own_routes = (routes, automation_routes, recommender_routes)
    for router in (list_routes(), *(part.router for part in own_routes)):
        app.include_router(router, dependencies=[Security(TOKEN)])
    app.include_router(list_pages())
    own = (account_page, login, keys_page, users_page, rule_pages, automations_page)
    rest = (openapi, assets, chart_data, docs_page, pages, settings_page, outcome_forms)
    for part in (*rest, *own, recommender_pages, unsubscribe_page):
        app.include_router(part.router)
    describe(app)
    app.add_exception_handler(UmbrellaError, our_error)
    app.add_exception_handler(RequestValidationError, bad_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
    # The last one added stands outermost.
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(OptionsAnswer)
    app.add_middleware(SmallBodies)
    app.add_middleware(AccessGate, access=access, callers=app.state.callers)
    app.add_middleware(PlainHeads)
    app.add_middleware(SafeHeaders)
    app.add_middleware(HeadAsGet)
    if is_logging():
        app.add_middleware(RequestLog)
    return app


def serve(workspace: Workspace, listening: socket.socket, access: Access) -> None:
    """Serves on a socket of `bind` until it is stopped."""
    import uvicorn

    with listening:
        uvicorn.Server(server_config(create_app(workspace, access))).run(sockets=[listening])


def server_config(app: FastAPI) -> "uvicorn.Config":
    """How an application is served: what uvicorn limits itself, and our protocol for the rest.

    uvicorn's limit_concurrency is not among it: it counts connections that ask for nothing, so
    that a few hundred of them would shut everybody else out. See `server.connections`.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        h11_max_incomplete_event_size=MOST_HEAD,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        # X-Forwarded-For and -Proto count from a proxy on this machine, or in $FORWARDED_ALLOW_IPS.
        proxy_headers=True,
        log_level="warning",
        server_header=False,
        access_log=False,
        # Where logging is on, the server's warnings go the same way.
        log_config=None if is_logging() else uvicorn.config.LOGGING_CONFIG,
    )
