"""Who may ask a running server: host names, the token, sessions."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address

from redumbrella.access.attempts import Attempts
from redumbrella.access.sessions import Sessions

COOKIE = "umbrella_session"

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

MIN_TOKEN_LENGTH = 16

# A name or an address, of IPv6 in brackets, and perhaps a port.
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:/?#@\s]+))(?::[0-9]{0,5})?")


@dataclass(frozen=True)
class TokenVerdict:
    """Whether an offered token fits; wait: seconds until one is looked at again, 0 for looked at.

    is_guess: whether it was looked at and wrong.
    """

    fits: bool
    wait: float = 0.0
    is_guess: bool = False


@dataclass(frozen=True)
class Access:
    """The rules of one running server.

    Without a token the server answers anyone who reaches it, which is meant for loopback only,
    until there are users: from then on they log in, and the token counts no more.
    people_only: there were users when the server started, and without them it answers nobody.
    """

    token: str | None = None
    host_names: frozenset[str] = LOOPBACK_NAMES
    people_only: bool = False
    any_address: bool = False  # also answer to bare IP addresses, when open to the network
    sessions: Sessions = field(default_factory=Sessions, repr=False, compare=False)
    attempts: Attempts = field(default_factory=Attempts, repr=False, compare=False)

    def verdict(self, offered: str, address: str, now: float) -> TokenVerdict:
        """Looks at a token that came from an address, unless too many wrong ones came from it.

        now: seconds of a clock that only runs forward.
        """
        if not offered or self.token is None:
            return TokenVerdict(fits=False)  # no guess
        wait = self.attempts.wait(address, now)
        if wait > 0.0 and not self.attempts.is_trusted(address, now):
            return TokenVerdict(fits=False, wait=wait)
        if _same(offered, self.token):
            self.attempts.right(address, now)
            return TokenVerdict(fits=True)
        if wait > 0.0:
            return TokenVerdict(fits=False, wait=wait)
        self.attempts.wrong(address, now)
        return TokenVerdict(fits=False, is_guess=True)

    def host_fits(self, host: str) -> bool:
        """Whether a Host header names this server; a foreign name means DNS rebinding."""
        name = _without_port(host)
        if name in self.host_names:
            return True
        return self.any_address and _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; a name but localhost may lead anywhere."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def host_names(names: Iterable[str]) -> frozenset[str]:
    """Names this server answers to: those given and the loopback ones, in lower case."""
    return LOOPBACK_NAMES | {_without_port(name) for name in names if name}


def _same(offered: str, expected: str) -> bool:
    """Compares in constant time, whatever the lengths."""
    return hmac.compare_digest(
        hashlib.sha256(offered.encode("utf-8", "surrogatepass")).digest(),
        hashlib.sha256(expected.encode()).digest(),
    )


def _without_port(host: str) -> str:
    """The name in a Host header, in lower case; empty where it is none."""
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        # A bare IPv6 address, as people give it to --host.
        return host.strip().lower() if _is_address(host.strip()) else ""
    return (found[1] or found[2]).rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
