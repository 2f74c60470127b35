"""Addresses of web servers that are sent to: a text comes in, its parts go out, or what is wrong.

Read once, here: what is connected to is made from these parts, so that no second reading can take
the same text for another host. Nothing is resolved here; `destinations/safe_address` does that.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from redumbrella.errors import SettingsError
from redumbrella.settings.mailboxes import ascii_host

_PORTS = {"http": 80, "https": 443}
_LONGEST = 2_000
_BROKEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff\u2028\u2029]")
_SIX = re.compile(r"[0-9a-f:.]{2,45}", re.IGNORECASE)


@dataclass(frozen=True)
class WebAddress:
    """Where a request goes: host in ASCII (IPv6 without brackets), and the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as messages show it: a path may hold a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def read_web_address(url: str, *, private: bool = False) -> WebAddress:
    """The parts of an address; http only with `private`, for it can be read on its way.

    Raises SettingsError (bad_address) that says what is wrong, without repeating what may be a
    password.
    """
    if len(url) > _LONGEST or _BROKEN.search(url):
        raise _bad("it is too long, or holds a blank, a backslash or a line break")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad("its host or its port cannot be read") from None
    if parts.scheme not in _PORTS or not host:
        raise _bad("expected https://host/path")
    if "@" in parts.netloc:
        raise _bad(
            "it holds a user or a password. Secrets stand in the environment: name the variable "
            "with secret_env or header_env"
        )
    if parts.scheme == "http" and not private:
        raise _bad(
            "http can be read and changed on its way. Use https, or private = true for a receiver "
            "in your own network"
        )
    name = _host(host)
    if name is None or port == 0:
        raise _bad("its host or its port cannot be read")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    )
    return WebAddress(parts.scheme, name, port or _PORTS[parts.scheme], target)


def _host(host: str) -> str | None:
    if ":" in host:  # IPv6; with a zone (%) it is an address of this network alone
        return host.lower() if _SIX.fullmatch(host) else None
    return ascii_host(host.removesuffix("."))


def _bad(what: str) -> SettingsError:
    return SettingsError(f"The address cannot be used: {what}.", reason="bad_address")
