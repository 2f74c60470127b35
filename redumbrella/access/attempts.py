"""Wrong tokens by address: the first few are answered at once, further ones are slowed.

In: an address, and the instant in seconds of a clock that only runs forward. Promise: an address
has FREE_ATTEMPTS wrong tokens and gets one more each SECONDS_EACH; beyond them its tokens are not
looked at, unless the right one came from it within TRUSTED_SECONDS: then the right one passes
always, so that a stranger behind the same router or proxy locks nobody out. Memory is bounded.
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock

FREE_ATTEMPTS = 10
SECONDS_EACH = 5.0
TRUSTED_SECONDS = 24 * 3600.0
MOST_ADDRESSES = 10_000


@dataclass
class _Address:
    """What is left at an instant, and until when the address is trusted."""

    left: float
    at: float
    trusted_until: float = float("-inf")


class Attempts:
    """The addresses that offered tokens lately; the one that was quiet longest is forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Address] = OrderedDict()
        self._lock = Lock()

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may offer a token again; 0 for at once."""
        with self._lock:
            known = self._known.get(address)
            left = float(FREE_ATTEMPTS) if known is None else _left(known, now)
        return max(0.0, (1.0 - left) * SECONDS_EACH)

    def is_trusted(self, address: str, now: float) -> bool:
        """Whether the right token came from here lately."""
        known = self._known.get(address)
        return known is not None and now < known.trusted_until

    def wrong(self, address: str, now: float) -> None:
        """Notes a wrong token."""
        with self._lock:
            known = self._of(address, now)
            known.left, known.at = max(0.0, _left(known, now) - 1.0), now

    def right(self, address: str, now: float) -> None:
        """Notes that the right token came from here."""
        with self._lock:
            self._of(address, now).trusted_until = now + TRUSTED_SECONDS

    def _of(self, address: str, now: float) -> _Address:
        known = self._known.setdefault(address, _Address(float(FREE_ATTEMPTS), now))
        self._known.move_to_end(address)
        while len(self._known) > MOST_ADDRESSES:
            self._known.popitem(last=False)
        return known


def address_of(client: str) -> str:
    """The address whose attempts count together: of IPv6 the network that one household has."""
    try:
        found = ip_address(client)
    except ValueError:  # a proxy may pass on any word
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def _left(known: _Address, now: float) -> float:
    return min(float(FREE_ATTEMPTS), known.left + (now - known.at) / SECONDS_EACH)
