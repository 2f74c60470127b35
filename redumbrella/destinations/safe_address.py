"""Connections to addresses that were checked: a web address in, an open connection out.

A webhook could else be used to reach what only this machine reaches: its own services, its
neighbours, the metadata service of a cloud. Promise: unless `private` is allowed, every address
that the host's name stands for must be public, one that is not refuses them all; and what is
connected to is the very address that was checked, so that a name that changes meanwhile (DNS
rebinding) changes nothing. The certificate is checked against the name.

The ranges are those of the IANA special-purpose address registries (RFC 6890); of IPv6 only
2000::/3 is public, less the parts of it that stand for IPv4 addresses or for nothing. That leaves
out loopback, link-local and private addresses, and those that carry an IPv4 address inside:
::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48.
"""

import http.client
import socket
import ssl
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from queue import Empty, Queue
from threading import Thread, Timer
from time import monotonic
from typing import Any

from redumbrella.errors import EngineError, SettingsError, said_by
from redumbrella.settings.web_addresses import WebAddress

CONNECT_SECONDS = 10.0
_NOT_PUBLIC = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_PUBLIC_SIX = IPv6Network("2000::/3")
# Protocols with Teredo, documentation, 6to4.
_NOT_PUBLIC_SIX = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; False for what is none."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if ip.version == 4:
        return not any(ip in network for network in _NOT_PUBLIC)
    return ip in _PUBLIC_SIX and not any(ip in network for network in _NOT_PUBLIC_SIX)


def checked_addresses(host: str, port: int, *, private: bool, seconds: float) -> tuple[str, ...]:
    """All IP addresses of a host, each one checked, in the order in which to try them.

    Raises SettingsError (private_address) where one of them is not public, and EngineError
    (unknown_host) where the name has no address, or none within so many seconds.
    """
    addresses = _resolved(host, port, seconds)
    if private:
        return addresses
    for address in addresses:
        if not is_public(address) or _is_own(address):
            raise SettingsError(
                f"{host} stands for {address}, an address of this machine or of a private "
                "network, which webhooks may not reach. If that is wanted, write private = true "
                "at the webhook.",
                reason="private_address",
            )
    return addresses


class CheckedConnection(http.client.HTTPConnection):
    """An HTTP connection to an address that was checked, cut when its time is over.

    seconds: for everything, from the look-up of the name to the last byte; a receiver that sends
    one byte a second is cut too. `is_late` says whether that happened, `is_connected` whether
    anything can have been sent. Used as a context manager: its end closes all.
    """

    def __init__(self, address: WebAddress, *, private: bool, seconds: float) -> None:
        super().__init__(address.host, address.port)
        self.default_port = 443 if address.scheme == "https" else 80
        self.is_late = self.is_connected = False
        self._address = address
        self._private = private
        self._end = monotonic() + seconds
        self._watched: socket.socket | None = None
        self._timer: Timer | None = None

    def __enter__(self) -> "CheckedConnection":
        return self

    def __exit__(self, *_: object) -> None:
        # Not in close(): the library closes while an answer of unknown length is still read.
        if self._timer is not None:
            self._timer.cancel()
        self.close()
        if self._watched is not None:
            self._watched.close()

    def connect(self) -> None:
        """Opens the connection to one of the checked addresses.

        Raises SettingsError for an address that is not allowed, EngineError for a host without
        one, OSError where none answers or the certificate is not that of the name.
        """
        end = min(self._end, monotonic() + CONNECT_SECONDS)
        host, port = self._address.host, self._address.port
        addresses = checked_addresses(host, port, private=self._private, seconds=end - monotonic())
        opened = _first_open(addresses, port, end)
        self._watched = opened.dup()  # the same connection, whatever becomes of `opened`
        self._timer = Timer(max(self._end - monotonic(), 0.0), self._cut)
        self._timer.daemon = True
        self._timer.start()
        opened.settimeout(max(end - monotonic(), 0.001))
        if self._address.scheme == "https":
            opened = tls_context().wrap_socket(opened, server_hostname=host)
        opened.settimeout(max(self._end - monotonic(), 0.001))
        self.sock = opened
        self.is_connected = True

    def _cut(self) -> None:
        self.is_late = True
        with suppress(OSError):
            if self._watched is not None:
                self._watched.shutdown(socket.SHUT_RDWR)


@lru_cache(1)
def tls_context() -> ssl.SSLContext:
    """How certificates are checked: against the system's authorities, or those of SSL_CERT_FILE."""
    return ssl.create_default_context()


def _resolved(host: str, port: int, seconds: float) -> tuple[str, ...]:
    """The addresses of a host. The system's look-up has no time-out of its own, so a thread waits
    for it."""
    answers: Queue[Any] = Queue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as problem:
            answers.put(problem)

    Thread(target=look_up, daemon=True).start()
    try:
        found = answers.get(timeout=max(seconds, 0.001))
    except Empty:
        found = OSError("no answer in time")
    if isinstance(found, Exception) or not found:
        why = said_by(found) if isinstance(found, OSError) else "no address"
        message = f"The name {host} cannot be looked up: {why}. Check the address, and the network."
        raise EngineError(message, reason="unknown_host")
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_own(address: str) -> bool:
    """Whether a public address is one of this machine: it would then talk to itself from there.

    Connecting UDP chooses the way and sends nothing.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return str(probe.getsockname()[0]) == address
    except OSError:
        return False  # no way there: nor will the connection find one


def _first_open(addresses: tuple[str, ...], port: int, end: float) -> socket.socket:
    """A connection to the first address that answers; each may take its share of the time."""
    problem = OSError("no address")
    for number, address in enumerate(addresses):
        share = (end - monotonic()) / (len(addresses) - number)
        try:
            return _connected(address, port, max(share, 0.001))
        except OSError as failed:
            problem = failed
    raise problem


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an IP address; by hand, so that nothing looks a name up once more."""
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        opened.settimeout(seconds)
        opened.connect((address, port))
    except OSError:
        opened.close()
        raise
    return opened
