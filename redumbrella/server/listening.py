"""Where a server listens, and what that asks for."""

import socket

from redumbrella.access.rules import MIN_TOKEN_LENGTH, Access, host_names, is_loopback
from redumbrella.errors import EngineError, SettingsError

WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  named to be recognised, not bound


def access_for(
    host: str,
    *,
    allow_remote: bool,
    token: str | None,
    names: tuple[str, ...] = (),
    people: bool = False,
) -> Access:
    """The rules for listening on `host`; people: there are users, who log in.

    Raises SettingsError for any host but loopback without `allow_remote` and users or a good token,
    and for a token that is blank, short or cannot be sent; blanks around it do not count.
    """
    token = None if token is None else _good_token(token.strip())
    if is_loopback(host):
        return Access(token=token, host_names=host_names((host, *names)), people_only=people)
    if not allow_remote:
        message = (
            f"Listening on {host} would open the leads to the network. Add --allow-remote, and "
            "users (`umbrella user add`) or a token (--token or $UMBRELLA_TOKEN), if that is "
            "meant, or leave --host out."
        )
        raise SettingsError(message, reason="remote_not_allowed")
    if token is None and not people:
        message = (
            "A server that is open to the network needs people who log in: umbrella user add "
            "EMAIL --role admin --password-stdin. Or a token that all share: set $UMBRELLA_TOKEN "
            "or give --token. `openssl rand -hex 24` makes a good one."
        )
        raise SettingsError(message, reason="token_required")
    own = () if host in WILDCARDS else (host,)
    machine = (socket.gethostname(), socket.getfqdn())
    return Access(
        token=token,
        host_names=host_names((*own, *machine, *names)),
        people_only=people,
        any_address=True,
    )


def _good_token(token: str) -> str:
    problem = ""
    if not token:
        problem = "The token is blank."
    elif len(token) < MIN_TOKEN_LENGTH:
        problem = f"The token is too short: at least {MIN_TOKEN_LENGTH} characters."
    elif not all("!" <= letter <= "~" for letter in token):
        problem = "The token may hold letters without accents, digits and signs, and no blanks."
    if problem:
        message = f"{problem} `openssl rand -hex 24` makes a good one."
        raise SettingsError(message, reason="weak_token")
    return token


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; EngineError that says what to do when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, UnicodeError) as problem:  # the latter for a name that no computer can have
        listening.close()
        why = getattr(problem, "strerror", None) or problem
        message = (
            f"Cannot listen on {host} port {port}: {why}. Another program "
            f"may be using it: stop that one, or take another port with --port {port + 1}."
        )
        raise EngineError(message, reason="port_unavailable") from None
    return listening
