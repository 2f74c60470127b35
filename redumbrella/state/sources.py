"""Every file or query as it was last read, to skip it while it is unchanged; rows set aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from redumbrella.state.bulk import Row, mappings
from redumbrella.state.metadata import metadata

RAW_CHARACTERS = 2_000

sources = Table(
    "sources",
    metadata,
    Column("table_name", String, primary_key=True),
    Column("path", String, primary_key=True),  # or the database and its query
    Column("fingerprint", String, nullable=False),  # of the content and of how it was read
    Column("mapping", String, nullable=False),  # of how it was read alone
    Column("size", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("ingested_at", BigInteger, nullable=False),
)

# Every row that was set aside, and why.
rejected_rows = Table(
    "rejected_rows",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("table_name", String, nullable=False),
    Column("file", String, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("raw", Text, nullable=False),  # at most RAW_CHARACTERS
    Index("rejected_rows_by_file", "table_name", "file"),
    Index("rejected_rows_by_reason", "reason"),
)


def sources_of(connection: Connection, table: str) -> list[dict[str, Any]]:
    """All sources ever read into a table, by path."""
    query = select(sources).where(sources.c.table_name == table).order_by(sources.c.path)
    return mappings(connection, query)


def count_rejected(connection: Connection, table: str) -> int:
    """How many rows of a table are set aside."""
    query = select(func.count()).select_from(rejected_rows)
    return int(connection.execute(query.where(rejected_rows.c.table_name == table)).scalar_one())


def record_source(
    connection: Connection, source: Row, rejected: Sequence[Row], *, run_id: int
) -> None:
    """Notes that a source was read, and replaces its rejected rows.

    `source` has the columns of `sources`; each rejected row has line, reason, message, raw.
    """
    table, path = source["table_name"], source["path"]
    is_old = (rejected_rows.c.table_name == table) & (rejected_rows.c.file == path)
    is_source = (sources.c.table_name == table) & (sources.c.path == path)
    connection.execute(delete(sources).where(is_source))
    connection.execute(insert(sources).values(**source))
    connection.execute(delete(rejected_rows).where(is_old))
    if rejected:
        common = {"run_id": run_id, "table_name": table, "file": path}
        rows = [{**row, **common, "raw": row["raw"][:RAW_CHARACTERS]} for row in rejected]
        connection.execute(insert(rejected_rows), rows)


def forget_sources(connection: Connection, table: str) -> None:
    """Forgets that the sources of a table were read, and which of their rows were rejected."""
    connection.execute(delete(sources).where(sources.c.table_name == table))
    connection.execute(delete(rejected_rows).where(rejected_rows.c.table_name == table))
