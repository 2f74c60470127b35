"""Who is at work just now, for the audit: a person or a key at an address, or a command.

Set by the server for each request; a command is the account that it runs as.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from getpass import getuser

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Actor:
    """A name (e-mail, key, account) and where from (an address, or the command line)."""

    name: str
    address: str


_ACTING: ContextVar[Actor | None] = ContextVar("acting", default=None)


def act_as(actor: Actor) -> None:
    """Says who is at work in this context: the rest of a request."""
    _ACTING.set(actor)


def acting() -> Actor:
    """Who is at work: whom the server named, else the account of this process."""
    found = _ACTING.get()
    return Actor(_account(), COMMAND_LINE) if found is None else found


def _account() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # a service may run as a number without a name
        return "unknown account"
