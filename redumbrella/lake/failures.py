"""What can go wrong with the files of the lake, in words: every such message is made here.

In: what DuckDB, Delta or the system raised, and of which table. Out: one EngineError that names the
table, the file where it is known, and what to do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redumbrella.errors import EngineError, said_by

_FILE = re.compile(r"([\w-]+)/([\w-]+(?:\.[\w-]+)*\.parquet)")

_OF_SYSTEM = re.compile(r"\(os error (\d+)\)")


def damaged(table: str, file: str, what: str) -> EngineError:
    """A file of a table is not what was written."""
    return EngineError(
        f"{_named(table)} is damaged: {file} {what}. Put it back from a backup, or read the table "
        f"again from its sources: umbrella ingest --reread {table or 'TABLE'}",
        reason="lake_damaged",
    )


@contextmanager
def reading(root: Path, table: str = "") -> Iterator[None]:
    """Translates what is raised while files of a table are read; what SQL is to blame for stays.

    table: "" where it is about any of them.
    """
    try:
        yield
    except OSError as problem:
        raise _unreadable(root, table, problem) from None
    except Exception as problem:
        if _is_damage(problem):
            raise _broken(table, problem) from None
        raise


@contextmanager
def writing(path: Path, table: str = "") -> Iterator[None]:
    """Translates what is raised while a table is written, or where "" what stands beside them."""
    import pyarrow as pa
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (DeltaError, pa.ArrowException, OSError) as problem:
        system = _OF_SYSTEM.search(str(problem))
        why = _first_line(problem)
        if isinstance(problem, OSError) and problem.strerror:
            why = said_by(problem)
        elif system is not None:
            why = os.strerror(int(system[1]))
        raise EngineError(
            f"{_named(table)} could not be written to {path}: {why}. What was read before "
            "stays as it was. Check the room on the disk and the rights of the folder, then run "
            "the command again.",
            reason="lake_write",
        ) from None


def _named(table: str) -> str:
    return f"The lake's table {table}" if table else "The lake"


def _unreadable(root: Path, table: str, problem: OSError) -> EngineError:
    name = Path(str(problem.filename)).name if problem.filename else "a file"
    if isinstance(problem, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return damaged(table, name, "is not there")
    return EngineError(
        f"{_named(table)} in {root} cannot be read: {name}: {said_by(problem)}. Check "
        "the rights of the folder and of its files, then run the command again.",
        reason="lake_unreadable",
    )


def _is_damage(problem: Exception) -> bool:
    """Whether files are to blame: Delta's errors, and those of DuckDB that are not about SQL."""
    import duckdb
    from deltalake.exceptions import DeltaError

    about_sql = (
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.ParserException,
        duckdb.SyntaxException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
        duckdb.OutOfMemoryException,
        duckdb.InterruptException,
    )
    return isinstance(problem, DeltaError) or (
        isinstance(problem, duckdb.Error) and not isinstance(problem, about_sql)
    )


def _broken(table: str, problem: Exception) -> EngineError:
    why = f"cannot be read ({_first_line(problem)})"
    named = _FILE.search(str(problem))
    return damaged(table, "a file", why) if named is None else damaged(named[1], named[2], why)


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0].rstrip(".")
