"""A running server of a workspace, and a client to ask it, for tests of pages and REST."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from redumbrella.access.rules import Access
from redumbrella.server.app import create_app, server_config
from redumbrella.server.listening import bind
from redumbrella.workspace import Workspace

# One client for all: making one loads certificates, which is slow and not needed here.
HTTP = httpx.Client(verify=False, trust_env=False, timeout=60)


@contextmanager
def serving(workspace: Workspace, access: Access | None = None) -> Iterator[str]:
    """The application on a free port of 127.0.0.1; yields its address."""
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = uvicorn.Server(server_config(create_app(workspace, access)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
