"""Connections that nobody can hold for long: uvicorn's protocol with the time-outs it has not.

uvicorn ends a connection that is quiet after an answer (timeout_keep_alive) and limits the size of
a head. It waits without end for the first head, for the rest of a head or of a refused body, and
for a client that does not read. Promise: each of these ends after a stated time, and where there
are too many connections, the one that has waited longest for a head makes room.
"""

import asyncio
import resource
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0  # from the first letter of a head, or from connecting, to its end
LINGER_SECONDS = 2.0  # for the rest of a body whose request is answered already
STALL_SECONDS = 30.0  # in which a client must read some 50 kB of what waits for it
MOST_CONNECTIONS = 512  # and no more than half of the files that the process may open


class GuardedProtocol(H11Protocol):
    """One connection, with a time limit for everything that its client does."""

    transport: asyncio.Transport

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._since = self.loop.time()  # waiting for a head
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The head must come soon, and somebody may have to make room."""
        super().connection_made(transport)
        self._since = self.loop.time()  # many may have come before the first was looked at
        if len(self.connections) > _most_connections():
            self._make_room()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Some of a head or of a body."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """What is left of the body is passed over for a moment, so that the answer is read."""
        super().on_response_complete()
        self._since = self.loop.time()
        if self.transport.is_closing():
            self._arm("stall", STALL_SECONDS, self.transport.abort)
        elif self.conn.their_state is h11.SEND_BODY:
            self._arm("linger", LINGER_SECONDS, self._end)

    def timeout_keep_alive_handler(self) -> None:
        """What was not read until now has a limit too."""
        super().timeout_keep_alive_handler()
        self._arm("stall", STALL_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to."""
        super().pause_writing()
        self._arm("stall", STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read most of it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._disarm("stall")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        super().connection_lost(exc)
        for name in list(self._timers):
            self._disarm(name)

    @property
    def _awaits_head(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        return answered and self.conn.their_state is h11.IDLE

    def _watch(self) -> None:
        answered = self.cycle is not None and self.cycle.response_complete
        if not answered or self.conn.their_state is not h11.SEND_BODY:
            # The body is over; its end and the next head may have come together.
            self._disarm("linger")
        if not self._awaits_head:
            self._disarm("head")
            return
        if "head" not in self._timers:
            self._since = self.loop.time()
            self._arm("head", HEAD_SECONDS, self._end)

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
        self._arm("stall", STALL_SECONDS, self.transport.abort)

    def _arm(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        if name not in self._timers:
            self._timers[name] = self.loop.call_later(seconds, action)

    def _disarm(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _make_room(self) -> None:
        """Ends the connection that has waited longest for a head; this one where none does."""
        waiting = [
            other
            for other in self.connections
            if isinstance(other, GuardedProtocol) and other._awaits_head
        ]
        oldest = min(waiting, key=lambda other: other._since, default=self)
        self.connections.discard(oldest)
        oldest.transport.abort()


@lru_cache(maxsize=1)
def _most_connections() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files < 0 else max(16, min(MOST_CONNECTIONS, files // 2))
