"""What a request may hold: the size of address, head and body, and letters that are text.

Plain ASGI layers. Requests come in; those that are too large, too slow or no text get one clear
answer and reach no route. `PlainHeads` looks at address and head alone and stands outside the
gate; `SmallBodies` reads the body, and only behind the gate, so that nobody without the token is
listened to for longer than a head takes.
"""

import asyncio
import re
from collections import Counter
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redumbrella.server.api.responses import refused

MOST_ADDRESS = 8_192  # bytes of path and parameters
MOST_HEAD = 16_384  # bytes of all header lines
MOST_BODY = 16_384  # bytes, of any route that is not named below
BODY_LIMITS = {
    "/login": 12_288,  # a token and an address to go on to
    "/logout": 1_024,  # nothing
    "/api/v1/recommendations/rank": 131_072,  # the ids of a thousand products
}
BODY_SECONDS = 10.0
MOST_BODIES = 100  # that are read at the same time
MOST_REQUESTS = 400  # that are answered at the same time
RETRY_SECONDS = "5"

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ONLY_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PARTS = "multipart/form-data"
UNSUBSCRIBE = "/unsubscribe/"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


class _RefusedError(Exception):
    """A status, a code and a message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message

    def answer(self, path: str) -> Response:
        found = refused(path, self.status, self.reason, self.message)
        if self.status == 503:
            found.headers["Retry-After"] = RETRY_SECONDS
        return found


class PlainHeads:
    """Refuses addresses and heads that are too long, and addresses that are no text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """414, 431 or 400."""
        if scope["type"] == "http":
            try:
                _check_head(scope)
            except _RefusedError as problem:
                await problem.answer(scope["path"])(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _check_head(scope: Scope) -> None:
    path, query = scope["raw_path"], scope["query_string"]
    if len(path) + len(query) > MOST_ADDRESS:
        message = f"The address is too long: at most {MOST_ADDRESS:,} characters. Shorten it."
        raise _RefusedError(414, "address_too_long", message)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEAD:
        message = f"The request has too many headers: at most {MOST_HEAD:,} characters together."
        raise _RefusedError(431, "head_too_large", message)
    for text, what in ((path, "address"), (query, "parameters of the address")):
        _check_text(text, what)


def _check_text(text: bytes, what: str) -> None:
    """Raises _RefusedError for escapes that are none, that give no UTF-8, and for NUL."""
    if _BROKEN_ESCAPE.search(text):
        message = f"The {what}: % must be followed by two hex digits; a percent sign is %25."
        raise _RefusedError(400, "bad_text", message)
    plain = unquote_to_bytes(text)
    if b"\0" in plain:
        message = f"The {what}: the letter with the number 0 cannot be stored or looked for."
        raise _RefusedError(400, "bad_text", message)
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        message = f"The {what}: this is no text in UTF-8."
        raise _RefusedError(400, "bad_text", message) from None


class SmallBodies:
    """Reads the whole body, where there is one, and limits how much is done at the same time.

    Bodies that are too large or too slow, of another type than routes take, or no text, are
    refused; the application gets the others in one piece.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.bodies = 0
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """413, 408, 415, 400, or 503 when too much is asked at once."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
            if self.requests >= MOST_REQUESTS:
                raise _RefusedError(
                    503, "busy", "Too many people ask at once. Try again in a moment."
                )
        except _RefusedError as problem:
            await problem.answer(scope["path"])(scope, receive, send)
            return
        self.requests += 1
        try:
            await self.app(scope, _replayed(body, receive), send)
        finally:
            self.requests -= 1

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        headers = Headers(scope=scope)
        if "content-length" not in headers and "transfer-encoding" not in headers:
            return b""
        most = BODY_LIMITS.get(scope["path"], MOST_BODY)
        if int(headers.get("content-length", 0)) > most:
            raise _too_large(most)
        if self.bodies >= MOST_BODIES:
            raise _RefusedError(503, "busy", "Too much is sent at once. Try again in a moment.")
        self.bodies += 1
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(receive, most)
        except TimeoutError:
            message = f"The request did not end within {BODY_SECONDS:g} seconds. Send it again."
            raise _RefusedError(408, "too_slow", message) from None
        finally:
            self.bodies -= 1
        if body and scope["method"] not in _ONLY_READS:
            _check_body(body, headers.get("content-type", ""), scope["path"])
        return body


async def _read(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _RefusedError(400, "broken_off", "The request was broken off.")
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once, then what the server says: that the client is gone."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _too_large(most: int) -> _RefusedError:
    return _RefusedError(
        413, "too_large", f"This is too much: at most {most:,} bytes are taken here."
    )


def _check_body(body: bytes, content_type: str, path: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _PARTS and path.startswith(UNSUBSCRIBE):
        return  # as RFC 8058 allows; nobody reads it, the address says everything
    if kind == _FORM:
        _check_text(body, "form")
        names = Counter(part.partition(b"=")[0] for part in body.split(b"&"))
        if max(names.values()) > 1:
            raise _RefusedError(400, "duplicate_parameter", "The form names a field twice.")
    elif kind == _JSON:
        _check_json(body)
    else:
        message = f"Send {_JSON} to the API and {_FORM} to a page; this is something else."
        raise _RefusedError(415, "wrong_content_type", message)


def _check_json(body: bytes) -> None:
    try:
        waiting: list[Any] = [orjson.loads(body)]
    except orjson.JSONDecodeError as problem:
        raise _RefusedError(400, "bad_json", f"This is no JSON: {problem.msg}.") from None
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [*part, *part.values()]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and "\0" in part:
            message = "The letter with the number 0 cannot be stored."
            raise _RefusedError(400, "bad_text", message)
