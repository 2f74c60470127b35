"""Sessions of people who logged in: a random value each, known to this running server alone.

In: instants in seconds of any clock that only runs forward. Promise: a value proves nothing after
its log-out or its end, and there is room for a bounded number of them.
"""

import hashlib
import secrets
from threading import Lock

SESSION_SECONDS = 12 * 3600.0
MOST_SESSIONS = 1_000


class Sessions:
    """The sessions of one running server; only digests of their values are kept."""

    def __init__(self) -> None:
        self._ends: dict[bytes, float] = {}  # by digest, the oldest first
        self._lock = Lock()

    def begin(self, now: float) -> str:
        """The value of a new session; where there are too many, the oldest one ends."""
        value = secrets.token_urlsafe(32)
        with self._lock:
            self._ends = {digest: end for digest, end in self._ends.items() if end > now}
            while len(self._ends) >= MOST_SESSIONS:
                del self._ends[next(iter(self._ends))]
            self._ends[_digest(value)] = now + SESSION_SECONDS
        return value

    def lasts(self, value: str, now: float) -> bool:
        """Whether this is the value of a session that has not ended."""
        return self._ends.get(_digest(value), 0.0) > now

    def end(self, value: str) -> None:
        """Ends a session; a value of none is passed over."""
        with self._lock:
            self._ends.pop(_digest(value), None)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
