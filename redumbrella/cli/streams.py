"""Standard output and error as commands need them: there, never a reason to fail, read to the end.

A stream that was closed before the start is put in place again, or the first file that is opened
would take its number. A terminal that knows few letters gets the nearest it can show. A reader that
has gone, such as `head`, has seen enough; a full disk is said.
"""

import codecs
import os
import sys
from contextlib import suppress

from redumbrella.errors import EngineError
from redumbrella.visible import visible

_NEAREST = "redumbrella.nearest"
_PLAIN = {
    "\u00a0": " ", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2026": "...", "\u00d7": "x",
    "\u00f7": "/", "\u00b1": "+/-", "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'",
}  # fmt: skip


def prepare_streams() -> None:
    """Standard input, output and error that can be used, whatever the command was started with."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            pass  # takes the lowest free number: those of the closed streams
        os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    codecs.register_error(_NEAREST, _nearest)
    for stream in (sys.stdout, sys.stderr):
        # A stream of somebody else's, such as that of a notebook, may not offer it.
        with suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors=_NEAREST)  # type: ignore[union-attr]


def finish_output() -> None:
    """Writes what waits. Raises EngineError where it cannot be written, but not for a reader gone.

    Afterwards nothing is left to fail at the end of the process.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence()
    except OSError as problem:
        silence()
        message = (
            f"The output could not be written: {problem.strerror}. Make room, or send it elsewhere."
        )
        raise EngineError(message, reason="output_not_written") from None
    except ValueError:  # closed meanwhile
        return


def silence() -> None:
    """Standard output leads nowhere from here on."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _nearest(problem: UnicodeError) -> tuple[str, int]:
    """What stands for characters that the stream's encoding has not."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    part = problem.object[problem.start : problem.end]
    return "".join(_PLAIN.get(one) or _numbered(one) for one in part), problem.end


def _numbered(character: str) -> str:
    shown = visible(character)
    return shown if shown.isascii() else character.encode("ascii", "backslashreplace").decode()
