"""What a database refuses, in words: every failure of the state becomes an EngineError here.

Promise: a full disk, a database that may not be written, one that is damaged, gone or locked for
too long each have one message that says what to do, and a reason of their own, in reading and in
writing. Faults of ours (a wrong statement, the same key twice) stay what they are.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from redumbrella.errors import EngineError
from redumbrella.masking import masked

_SQLITE = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_IOERR: "io",
    sqlite3.SQLITE_CANTOPEN: "gone",
    sqlite3.SQLITE_PROTOCOL: "busy",
}
# By SQLSTATE or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "53100": "disk_full",
    "25006": "read_only",
    "42501": "read_only",
    "55P03": "busy",
    "40P01": "busy",
    "XX001": "damaged",
    "XX002": "damaged",
    "58030": "io",
    "08": "gone",
    "53": "gone",
    "57": "gone",
}
_FILES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
}


@contextmanager
def in_words(place: str, *, files: bool = False) -> Iterator[None]:
    """Raises EngineError for what the database at `place` refuses within the block.

    files: whether what the block does with files is the database's too.
    """
    try:
        yield
    except PoolTimeout as problem:
        raise _said("busy", place, problem) from None
    except (DBAPIError, sqlite3.Error) as problem:
        original = problem.orig if isinstance(problem, DBAPIError) else problem
        _raise(_kind(original), place, original)
        raise
    except OSError as problem:
        _raise(_FILES.get(problem.errno or 0, "io") if files else None, place, problem)
        raise
    except Exception as problem:
        # Rows go to PostgreSQL past SQLAlchemy, and its driver is loaded only where it is used.
        if type(problem).__module__.startswith("psycopg"):
            _raise(_kind(problem), place, problem)
        raise


def _raise(kind: str | None, place: str, original: object) -> None:
    if kind is not None:
        raise _said(kind, place, original) from None


def _kind(original: Any) -> str | None:
    """Which of the failures it is; None for a fault of ours."""
    if isinstance(original, sqlite3.Error):
        return _SQLITE.get((getattr(original, "sqlite_errorcode", 0) or 0) & 0xFF)
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    # Where the server is gone, there is nobody to give a code.
    is_gone = type(original).__name__ in {"OperationalError", "InterfaceError"}
    return "gone" if is_gone or "connection option" in str(original) else None


def _said(kind: str, place: str, original: object) -> EngineError:
    """The error that says it."""
    named = original.strerror if isinstance(original, OSError) else None
    lines = (named or str(original)).strip().splitlines()
    why = masked(lines[0].rstrip(".")) if lines else type(original).__name__
    said = {
        "disk_full": EngineError(
            f"The disk of the state database {place} is full ({why}). Free some space on it, then "
            "run the command again. What was finished before stays as it was.",
            reason="state_disk_full",
        ),
        "read_only": EngineError(
            f"The state database {place} may not be written ({why}). Give this user the right to "
            "write it and its folder, or run the command as a user who has it.",
            reason="state_read_only",
        ),
        "busy": EngineError(
            f"The state database {place} is locked by another program that did not let go in time "
            f"({why}). Wait until that one is done, or stop it, then run the command again.",
            reason="state_busy",
        ),
        "damaged": EngineError(
            f"The state database {place} is damaged, or is no database ({why}). Put a backup in "
            "its place; or move it away and run `umbrella run`, which makes the lists anew.",
            reason="state_damaged",
        ),
        "io": EngineError(
            f"The state database {place} could not be read or written ({why}). Its disk may be "
            "full or broken, or a limit on the size of files reached (`ulimit -f`). Mend that, "
            "then run the command again. What was finished before stays as it was.",
            reason="state_disk_error",
        ),
        "gone": EngineError(
            f"The state database {place} does not answer ({why}). Check [workspace] state in "
            "umbrella.toml and that the server or folder is there, then run the command again.",
            reason="state_unreachable",
        ),
    }
    return said[kind]
