"""Every exception of Red Umbrella, on one tree.

    UmbrellaError
    ├── SettingsError      umbrella.toml or the command line asks for something impossible
    ├── DataError          the data cannot be used as they are
    │   ├── NotFoundError  a lead, model or file that does not exist
    │   └── ConflictError  somebody did it already, or did something else meanwhile
    ├── ModelError         no model can be trained, loaded or promoted
    ├── EngineError        a store, database or server does not answer
    └── AccessError        the caller may not do this

Each class maps to one exit code of the command line and one HTTP status. The message says what
happened, where, what was expected and what to do next; `reason` is a short code for machines.
"""

from collections.abc import Sequence
from difflib import get_close_matches

from redumbrella.masking import masked


class UmbrellaError(Exception):
    """Root of the tree: a message for a person, a reason code for a machine.

    The message is shown, logged and stored: passwords in it are masked here, once for all.
    """

    exit_code = 1
    http_status = 500

    def __init__(self, message: str, *, reason: str) -> None:
        self.message = masked(message)
        super().__init__(self.message)
        self.reason = reason


class SettingsError(UmbrellaError):
    """The settings or the command line ask for something that cannot be done."""

    exit_code = 2
    http_status = 400


class DataError(UmbrellaError):
    """The data cannot be used as they are."""

    exit_code = 2
    http_status = 422


class NotFoundError(DataError):
    """A lead, a model or a file that was asked for does not exist."""

    http_status = 404


class ConflictError(DataError):
    """It was done already, or something else was done meanwhile: what is known is out of date."""

    http_status = 409


class ModelError(UmbrellaError):
    """No model can be trained, loaded or promoted."""

    http_status = 409


class EngineError(UmbrellaError):
    """A store, a database or a server does not answer."""

    http_status = 503


class AccessError(UmbrellaError):
    """The caller may not do this."""

    http_status = 403


def said_by(problem: OSError) -> str:
    """Why the system refused, in its own words; libraries give them in different places."""
    text = problem.strerror or " ".join(str(problem).split()) or type(problem).__name__
    return text.removesuffix(".")


def nearest(name: str, valid: Sequence[str]) -> str:
    """A hint ' Did you mean "x"?' with the nearest valid name, or '' when none is near."""
    match = get_close_matches(name, valid, n=1, cutoff=0.6)
    return f' Did you mean "{match[0]}"?' if match else ""
