"""Where a server listens, and what that asks for."""

import socket

from redumbrella.access.rules import LOOPBACK_NAMES, MIN_TOKEN_LENGTH, Access, host_names
from redumbrella.errors import EngineError, SettingsError

WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  named to be recognised, not bound


def access_for(
    host: str, *, allow_remote: bool, token: str | None, names: tuple[str, ...] = ()
) -> Access:
    """The rules for listening on `host`.

    Raises SettingsError for any host but loopback without `allow_remote` and a good token.
    """
    if token is not None and len(token) < MIN_TOKEN_LENGTH:
        message = (
            f"The token is too short: at least {MIN_TOKEN_LENGTH} characters. "
            "`openssl rand -hex 24` makes a good one."
        )
        raise SettingsError(message, reason="weak_token")
    if is_loopback(host):
        return Access(token=token, host_names=host_names((host, *names)))
    if not allow_remote:
        message = (
            f"Listening on {host} would open the leads to the network. Add --allow-remote and a "
            "token (--token or $UMBRELLA_TOKEN) if that is meant, or leave --host out."
        )
        raise SettingsError(message, reason="remote_not_allowed")
    if token is None:
        message = (
            "A server that is open to the network needs a token: set $UMBRELLA_TOKEN or give "
            "--token. `openssl rand -hex 24` makes a good one."
        )
        raise SettingsError(message, reason="token_required")
    own = () if host in WILDCARDS else (host,)
    machine = (socket.gethostname(), socket.getfqdn())
    return Access(token=token, host_names=host_names((*own, *machine, *names)), any_address=True)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    return host in LOOPBACK_NAMES or host.startswith("127.")


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; EngineError that says what to do when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as problem:
        listening.close()
        message = (
            f"Cannot listen on {host} port {port}: {problem.strerror or problem}. Another program "
            f"may be using it: stop that one, or take another port with --port {port + 1}."
        )
        raise EngineError(message, reason="port_unavailable") from None
    return listening
