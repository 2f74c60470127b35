"""SQL: SQLite files, PostgreSQL, and DuckDB over the files of the workspace, one query per table.

A URL and a query come in; records of text go out in batches, so that memory does not grow with the
result. Nothing is ever written to the database, and DuckDB fetches nothing from outside.
"""

from __future__ import annotations

import glob
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from redumbrella.errors import DataError, EngineError, nearest
from redumbrella.lake.quoting import literal, quoted
from redumbrella.masking import masked, shown_address
from redumbrella.settings.addresses import address_problem
from redumbrella.sources.connection import staging_connection
from redumbrella.sources.formats.records import Chunk, Records, as_text, bounded, unique_names

if TYPE_CHECKING:
    import duckdb

Header = tuple[tuple[str, ...], list[str]]

OVER_FILES = "duckdb:"  # the url of a query over files
BETWEEN = " | "  # stands between the database and the query in the name of an input
_BATCH_ROWS = 20_000
_NESTED = ("list", "array", "struct", "map", "union")


@dataclass(frozen=True)
class QueryInput:
    """One query to be read. `name` shows the database and the query, without passwords.

    Files that the query names are relative to `folder`.
    """

    name: str
    url: str
    query: str
    folder: Path


def find_query(url: str, query: str, root: Path) -> QueryInput:
    """The database and query of a source; files are relative to the workspace `root`."""
    shown = url
    if url.startswith("sqlite:///"):
        path = root / url.removeprefix("sqlite:///")
        if not path.is_file():
            names = sorted(file.name for file in path.parent.glob("*") if file.is_file())
            hint = nearest(path.name, names)
            raise DataError(f"There is no SQLite file {path}.{hint}", reason="missing_file")
        url = f"{path.resolve().as_uri()}?mode=ro"
    elif url != OVER_FILES:
        if address_problem(url):
            message = "url is no database address. Expected postgresql://user@host:5432/database"
            raise DataError(message, reason="bad_url")
        place = url.split("://", 1)[1]
        url, shown = f"postgresql+psycopg://{place}", shown_address(f"postgresql://{place}")
    return QueryInput(f"{shown}{BETWEEN}{masked(' '.join(query.split()))}", url, query, root)


def database_tables(path: Path) -> list[str]:
    """The tables and views of a SQLite file, by name. Raises DataError when it is damaged."""
    query = (
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite|_%' ESCAPE '|' ORDER BY name"
    )
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return [str(name) for (name,) in database.execute(query)]
    except sqlite3.Error as problem:
        message = f"{path.name} is a SQLite database that cannot be read: {problem}."
        raise DataError(message, reason="damaged_file") from None


def is_query(name: str) -> bool:
    """Whether the name of an input is that of a query, not of a file."""
    return BETWEEN in name


def read_query(source: QueryInput, timezone: str) -> Records:
    """Runs the query and opens its records. Raises DataError or EngineError.

    `timezone` is where a query over files takes times without an offset to be.
    """
    if source.url == OVER_FILES:
        chunks = _file_chunks(source, timezone)
    else:
        chunks = _chunks(_engine(source.url), source)
    # The first item is the header: the query has run by then.
    header = next(chunks)
    assert isinstance(header, tuple)
    names, renamed = header
    rows = (chunk for chunk in chunks if isinstance(chunk, Chunk))
    return bounded(
        Records(names, rows, [], tuple(renamed), lambda records: {n: n for n in records})
    )


def _engine(url: str) -> Engine:
    if url.startswith("file:"):
        return create_engine("sqlite://", creator=lambda: sqlite3.connect(url, uri=True))
    return create_engine(url, connect_args={"connect_timeout": 10})


def _chunks(engine: Engine, source: QueryInput) -> Iterator[Chunk | Header]:
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
    said = str(getattr(problem, "orig", problem)).strip().split("\n")[0]
    detail = masked(said, source.url)
    place, _, query = source.name.partition(BETWEEN)
    if "connect" in detail.lower():
        message = f"The database {place} does not answer: {detail}. Check url and the server."
        return EngineError(message, reason="database_unreachable")
    message = f"The query on {place} failed: {detail}. Query: {query[:300]}"
    return DataError(message, reason="bad_query")


# ---- DuckDB over files ------------------------------------------------------------------------


def _file_chunks(source: QueryInput, timezone: str) -> Iterator[Chunk | Header]:
    import duckdb
    import numpy as np
    import pyarrow as pa

    with staging_connection(timezone) as connection:
        try:
            # A table that does not exist must not be taken from the variables of this program.
            connection.execute("SET python_enable_replacements = false")
            connection.execute(f"SET file_search_path = {literal(str(source.folder.resolve()))}")
            found = connection.sql(_absolute(connection, _only_select(connection, source), source))
            names, renamed = unique_names(list(found.columns))
            texts = [_as_text(f"#{n}", kind.id) for n, kind in enumerate(found.types, start=1)]
            batches = found.project(", ".join(texts)).to_arrow_reader(_BATCH_ROWS)
            yield names, renamed
            begin = 1
            for batch in batches:
                numbers = np.arange(begin, begin + batch.num_rows, dtype=np.int64)
                begin += batch.num_rows
                yield Chunk(pa.table(batch).rename_columns(list(names)), numbers)
        except duckdb.OutOfMemoryException:
            raise
        except (duckdb.Error, pa.ArrowException, OSError) as problem:
            raise _plain_over_files(source, str(problem)) from None


def _only_select(connection: duckdb.DuckDBPyConnection, source: QueryInput) -> str:
    """The query, if it is one that only reads."""
    import duckdb

    kinds = [one.type for one in connection.extract_statements(source.query)]
    if kinds != [duckdb.StatementType.SELECT]:
        said = ", ".join(kind.name for kind in kinds) or "nothing"
        message = (
            f"The query on {OVER_FILES} must be one SELECT, as files are only read, but it holds "
            f"{said}. (PIVOT needs its values: IN (…).) Query: {_shown(source)}"
        )
        raise DataError(message, reason="bad_query")
    return source.query


def _absolute(connection: duckdb.DuckDBPyConnection, query: str, source: QueryInput) -> str:
    """The query with full paths in place of the names of files that exist.

    DuckDB looks into the folder where the command was typed first, and then into its search path:
    a file of the same name there would be read instead of that of the workspace.
    """
    answer = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    assert answer is not None
    text = query.encode()
    folder = source.folder.resolve()
    for place, name in sorted(set(_file_names(json.loads(answer[0]))), reverse=True):
        if not glob.glob(name, root_dir=folder) and not glob.glob(name):
            continue
        full = literal(str(Path(glob.escape(str(folder))) / name)).encode()
        for spelled in (literal(name).encode(), quoted(name).encode()):
            if text.startswith(spelled, place):
                text = text[:place] + full + text[place + len(spelled) :]
    return text.decode()


def _file_names(parsed: Any) -> Iterator[tuple[int, str]]:
    """Every text in a parsed query that may name a file, with its position in bytes."""
    if isinstance(parsed, list):
        for one in parsed:
            yield from _file_names(one)
    if not isinstance(parsed, dict):
        return
    if parsed.get("type") == "BASE_TABLE":
        yield parsed["query_location"], parsed["table_name"]
    if parsed.get("type") == "TABLE_FUNCTION":
        first = parsed["function"]["children"][:1]
        if first and first[0].get("function_name") == "list_value":
            first = first[0]["children"]
        for argument in first:
            value = argument.get("value", {})
            if isinstance(value, dict) and isinstance(value.get("value"), str):
                yield argument["query_location"], value["value"]
    for one in parsed.values():
        yield from _file_names(one)


def _as_text(column: str, kind: str) -> str:
    """SQL for a column as the text that the other databases give; instants carry their zone."""
    if kind in _NESTED:
        return f"to_json({column})::VARCHAR"
    if kind == "timestamp with time zone":
        instant = f"({column} AT TIME ZONE 'UTC')::VARCHAR"
        return f"replace({instant}, ' ', 'T') || '+00:00'"
    if kind.startswith("timestamp"):
        return f"replace({column}::TIMESTAMP::VARCHAR, ' ', 'T')"
    if kind in ("float", "double"):
        # As exports write them: no fraction on whole numbers.
        return (
            f"CASE WHEN {column} = trunc({column}) AND abs({column}) < 1e15 "
            f"THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
        )
    return f"{column}::VARCHAR"


def _plain_over_files(source: QueryInput, said: str) -> DataError:
    """What DuckDB says, in words that name the file and the way out."""
    missing = re.search('No files found that match the pattern "(.*)"', said)
    if missing:
        folder = source.folder.resolve()
        name = missing[1].removeprefix(f"{glob.escape(str(folder))}/")
        files = sorted(file.name for file in (folder / name).parent.glob("*") if file.is_file())
        hint = nearest(Path(name).name, files) or f" Files there: {', '.join(files[:8]) or 'none'}."
        message = f'The query on {OVER_FILES} names "{name}", which is not in {folder}.{hint}'
        return DataError(message, reason="missing_file")
    needed = re.search("required extension '(.*?)'", said)
    if needed:
        message = (
            f"The query on {OVER_FILES} needs the DuckDB extension {needed[1]}, which is not "
            "installed, and nothing is fetched. Put CSV, Parquet or JSON lines into the workspace."
        )
        return DataError(message, reason="bad_query")
    detail = " ".join(said.partition("\n\nLINE ")[0].split()).partition("Error: ")
    advice = ""
    if "Table with name" in said:
        detail = (*detail[:2], detail[2].partition("!")[0])
        advice = " A file is named in single quotes: FROM 'leads.csv'."
    message = (
        f"The query on {OVER_FILES} failed: {(detail[2] or detail[0]).rstrip('.')}.{advice} "
        f"Query: {_shown(source)}"
    )
    return DataError(message, reason="bad_query")


def _shown(source: QueryInput) -> str:
    return source.name.partition(BETWEEN)[2][:300]
