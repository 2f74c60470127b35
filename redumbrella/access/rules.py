"""Who may ask a running server: host names, the token, sessions."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address

COOKIE = "umbrella_session"

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

MIN_TOKEN_LENGTH = 16


@dataclass(frozen=True)
class Access:
    """The rules of one running server.

    Without a token the server answers anyone who reaches it, which is meant for loopback only.
    """

    token: str | None = None
    host_names: frozenset[str] = LOOPBACK_NAMES
    any_address: bool = False  # also answer to bare IP addresses, when open to the network
    session_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def token_fits(self, offered: str) -> bool:
        """Compares in constant time, whatever the lengths."""
        return self.token is not None and _same(offered, self.token)

    def session(self) -> str:
        """The value of the log-in cookie: proves the token without containing it."""
        assert self.token is not None
        return hmac.new(self.session_key, self.token.encode(), hashlib.sha256).hexdigest()

    def session_fits(self, offered: str) -> bool:
        """Whether this cookie was given out by this running server."""
        return self.token is not None and _same(offered, self.session())

    def host_fits(self, host: str) -> bool:
        """Whether a Host header names this server; a foreign name means DNS rebinding."""
        name = _without_port(host)
        if name in self.host_names:
            return True
        return self.any_address and _is_address(name)


def host_names(names: Iterable[str]) -> frozenset[str]:
    """Names this server answers to: those given and the loopback ones, in lower case."""
    return LOOPBACK_NAMES | {_without_port(name) for name in names if name}


def _same(offered: str, expected: str) -> bool:
    return hmac.compare_digest(
        hashlib.sha256(offered.encode()).digest(), hashlib.sha256(expected.encode()).digest()
    )


def _without_port(host: str) -> str:
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and ":" not in name:
        host = name
    return host.rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
