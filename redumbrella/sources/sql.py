"""SQL databases: SQLite files and PostgreSQL, one query per table.

A URL and a query come in; records of text go out in batches, so that memory does not grow with the
result. Nothing is ever written to the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from redumbrella.errors import DataError, EngineError, nearest
from redumbrella.sources.delimited import Chunk, unique_names
from redumbrella.sources.files import Records, as_text

_BATCH_ROWS = 20_000


@dataclass(frozen=True)
class QueryInput:
    """One query to be read. `name` shows the database without its password, and the query."""

    name: str
    url: str
    query: str


def find_query(url: str, query: str, root: Path) -> QueryInput:
    """The database and query of a source; SQLite files are relative to the workspace."""
    if url.startswith("sqlite:///"):
        shown = url
        path = root / url.removeprefix("sqlite:///")
        if not path.is_file():
            names = sorted(file.name for file in path.parent.glob("*") if file.is_file())
            hint = nearest(path.name, names)
            raise DataError(f"There is no SQLite file {path}.{hint}", reason="missing_file")
        url = f"{path.resolve().as_uri()}?mode=ro"
    else:
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
        shown = _without_password(url)
    return QueryInput(f"{shown} | {' '.join(query.split())}", url, query)


def _without_password(url: str) -> str:
    try:
        return make_url(url).set(drivername="postgresql").render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError):
        message = "url is no database address. Expected postgresql://user@host:5432/database"
        raise DataError(message, reason="bad_url") from None


def read_query(source: QueryInput) -> Records:
    """Runs the query and opens its records. Raises DataError or EngineError."""
    engine = _engine(source.url)
    chunks = _chunks(engine, source)
    # The first item is the header: the query has run by then.
    header = next(chunks)
    assert isinstance(header, tuple)
    names, renamed = header
    rows = (chunk for chunk in chunks if isinstance(chunk, Chunk))
    return Records(names, rows, [], tuple(renamed), lambda records: {n: n for n in records})


def _engine(url: str) -> Engine:
    if url.startswith("file:"):
        return create_engine("sqlite://", creator=lambda: sqlite3.connect(url, uri=True))
    return create_engine(url, connect_args={"connect_timeout": 10})


def _chunks(
    engine: Engine, source: QueryInput
) -> Iterator[Chunk | tuple[tuple[str, ...], list[str]]]:
    import numpy as np
    import pyarrow as pa

    try:
        with engine.connect() as plain:
            # Without parameters a per cent sign in the query stands for itself.
            connection = plain.execution_options(stream_results=True, no_parameters=True)
            if engine.dialect.name == "postgresql":
                connection = plain.execution_options(postgresql_readonly=True)
            result = connection.exec_driver_sql(source.query)
            names, renamed = unique_names(list(result.keys()))
            yield names, renamed
            begin = 1
            while rows := result.fetchmany(_BATCH_ROWS):
                arrays = [
                    pa.array([as_text(value) for value in column], pa.string())
                    for column in zip(*rows, strict=True)
                ]
                numbers = np.arange(begin, begin + len(rows), dtype=np.int64)
                begin += len(rows)
                yield Chunk(pa.table(arrays, names=list(names)), numbers)
    except SQLAlchemyError as problem:
        raise _plain(source, problem) from None
    finally:
        engine.dispose()


def _plain(source: QueryInput, problem: SQLAlchemyError) -> DataError | EngineError:
    detail = str(getattr(problem, "orig", problem)).strip().split("\n")[0]
    place, _, query = source.name.partition(" | ")
    if "connect" in detail.lower():
        message = f"The database {place} does not answer: {detail}. Check url and the server."
        return EngineError(message, reason="database_unreachable")
    message = f"The query on {place} failed: {detail}. Query: {query[:300]}"
    return DataError(message, reason="bad_query")
