"""Files for download: pieces come in and are made at once, bytes go out as the client reads them.

Promise: a client that reads slowly or not at all holds no connection to the database, for the file
is complete, in memory or on disk, before its first byte is sent; a failure on the way is an answer
that says so, not half a file. A bounded number of them is under way at the same time.
"""

from asyncio import create_task
from collections.abc import Generator, Iterable, Mapping
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from redumbrella.errors import EngineError
from redumbrella.server.api.responses import error_json
from redumbrella.server.head_requests import BODY_IS_KEPT_BACK

MOST_DOWNLOADS = 8
RETRY_SECONDS = "10"
CHUNK = 1 << 16
_IN_MEMORY = 1 << 20  # bytes of a file that is not written to disk


class DownloadPlaces:
    """How many downloads are under way."""

    def __init__(self, most: int = MOST_DOWNLOADS) -> None:
        self.free = most

    def take(self) -> bool:
        """Whether there was a place; it is to be given back."""
        if self.free <= 0:
            return False
        self.free -= 1
        return True

    def give_back(self) -> None:
        """Ends a download."""
        self.free += 1


class Download(Response):
    """A file made of pieces, which are asked for in a thread."""

    def __init__(
        self,
        pieces: Iterable[str | bytes],
        media_type: str,
        headers: Mapping[str, str],
        status_code: int = 200,
    ) -> None:
        self.pieces = pieces
        self.status_code = status_code
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the file; 503 where too many are under way. Raises EngineError before the head."""
        if scope.get(BODY_IS_KEPT_BACK):
            await self._start(send)
            await send({"type": "http.response.body", "body": b""})
            return
        places = scope["app"].state.downloads
        if not places.take():
            await _too_many()(scope, receive, send)
            return
        try:
            await self._made_and_sent(receive, send)
        finally:
            places.give_back()

    async def _made_and_sent(self, receive: Receive, send: Send) -> None:
        gone = Event()
        watching = create_task(_set_when_gone(gone, receive))
        try:
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
                await run_in_threadpool(_fill, file, self.pieces, gone)
                await self._start(send)
                while not gone.is_set() and (chunk := file.read(CHUNK)):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        finally:
            watching.cancel()

    async def _start(self, send: Send) -> None:
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        # The first of several pieces: HEAD and GET are compressed alike, and so are empty files.
        await send({"type": "http.response.body", "body": b"", "more_body": True})


async def _set_when_gone(gone: Event, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


def _fill(file: IO[bytes], pieces: Iterable[str | bytes], gone: Event) -> None:
    """Writes all pieces; stops when nobody waits for them any more."""
    try:
        for piece in pieces:
            if gone.is_set():
                break
            file.write(piece.encode() if isinstance(piece, str) else piece)
        file.seek(0)
    except OSError as problem:
        message = (
            f"The file could not be made: {problem.strerror or problem}. Make room where temporary "
            "files are kept, or ask for fewer rows."
        )
        raise EngineError(message, reason="no_room") from None
    finally:
        if isinstance(pieces, Generator):
            pieces.close()  # gives the database's connection back


def _too_many() -> Response:
    message = (
        f"{MOST_DOWNLOADS} files are being downloaded already. Try again in "
        f"{RETRY_SECONDS} seconds, or use `umbrella export` on the server."
    )
    answer = error_json(503, "too_many_downloads", message)
    answer.headers["Retry-After"] = RETRY_SECONDS
    return answer
