"""Pages of lists that are given again as they are while nothing was written.

Making a page of fifty rows takes tens of milliseconds of the processor, asking whether anything was
written less than one. In: a request for the page of a list, from whoever the gate let in. Out: the
page as it was made for the same address and the same caller, if the state database is as it was
then and that is no more than KEPT_SECONDS ago, for pages speak of the time; else a new one. A
browser that has it already is told so (304).
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from time import monotonic

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redumbrella.errors import EngineError
from redumbrella.server.callers import caller_of, cookie_of
from redumbrella.server.head_requests import BODY_IS_KEPT_BACK
from redumbrella.views.catalogue import VIEWS
from redumbrella.workspace import Workspace

KEPT_SECONDS = 30.0
MOST_BYTES = 32_000_000


@dataclass(frozen=True)
class _Page:
    """A whole answer, what the state was before it was made, and when that was."""

    mark: Hashable
    made_at: float
    start: Message
    body: bytes
    tag: str


class KeptPages:
    """Keeps whole pages of lists; everything else passes through."""

    def __init__(self, app: ASGIApp, workspace: Workspace) -> None:
        self.app = app
        self._state = workspace.state
        self._addresses = frozenset(view.page_address for view in VIEWS.values())
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Gives a kept page, or passes the request on and keeps what comes back."""
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or scope["path"] not in self._addresses
            or scope.get(BODY_IS_KEPT_BACK)
        ):
            await self.app(scope, receive, send)
            return
        try:
            mark = await to_thread.run_sync(self._state.mark)
        except EngineError:  # the page itself will say so
            mark = None
        if mark is None:
            await self.app(scope, receive, send)
            return
        key = _key(scope)
        page = self._known(key, mark)
        if page is None:
            await self._made(scope, receive, send, key, mark)
        else:
            await _answer(scope, send, page)

    def _known(self, key: Hashable, mark: Hashable) -> _Page | None:
        with self._lock:
            page = self._pages.get(key)
            if page is None:
                return None
            if page.mark != mark or monotonic() - page.made_at > KEPT_SECONDS:
                self._forget(key)
                return None
            self._pages.move_to_end(key)
            return page

    async def _made(
        self, scope: Scope, receive: Receive, send: Send, key: Hashable, mark: Hashable
    ) -> None:
        began, start = monotonic(), None

        async def send_kept(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message  # until its body is known
                return
            if start is None:
                await send(message)
                return
            head, start = start, None
            if message["type"] != "http.response.body" or message.get("more_body", False):
                await send(head)
                await send(message)
                return
            body = message.get("body", b"")
            tag = f'W/"{blake2b(body, digest_size=16).hexdigest()}"'
            MutableHeaders(scope=head)["ETag"] = tag
            page = _Page(mark, began, {**head, "headers": [*head["headers"]]}, body, tag)
            self._keep(key, page)
            await _answer(scope, send, page)

        await self.app(scope, receive, send_kept)

    def _keep(self, key: Hashable, page: _Page) -> None:
        with self._lock:
            self._forget(key)
            self._pages[key] = page
            self._bytes += len(page.body)
            while self._bytes > MOST_BYTES:
                self._forget(next(iter(self._pages)))

    def _forget(self, key: Hashable) -> None:
        page = self._pages.pop(key, None)
        self._bytes -= 0 if page is None else len(page.body)


async def _answer(scope: Scope, send: Send, page: _Page) -> None:
    headers = Headers(scope=scope)
    start, body = {**page.start, "headers": [*page.start["headers"]]}, page.body
    if page.tag in headers.get("if-none-match", ""):
        start["status"], body = 304, b""
        kept = (b"content-length", b"content-type", b"content-encoding")
        start["headers"] = [(name, value) for name, value in start["headers"] if name not in kept]
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return start["status"] == 200 and is_html and "set-cookie" not in headers


def _key(scope: Scope) -> Hashable:
    """Everything of a request that a page depends on: the form's token comes from the cookie."""
    headers = Headers(scope=scope)
    return (
        scope["path"],
        scope["query_string"],
        scope.get("root_path", ""),
        "gzip" in headers.get("accept-encoding", ""),
        caller_of(Request(scope)),
        cookie_of(scope),
    )
