"""Many rows at once, and documents as text: what the tables of lists have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]


def json_text(document: Any) -> str:
    """A document as JSON text; a text is taken for one already."""
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return document if isinstance(document, str) else orjson.dumps(document, option=option).decode()


def mappings(connection: Connection, query: Any) -> list[dict[str, Any]]:
    """All rows of a query as dictionaries."""
    return [dict(row) for row in connection.execute(query).mappings()]


def in_order(table: Table, row: Row) -> tuple[Any, ...]:
    """A row's values in the order of the table's columns, None for absent ones.

    Raises KeyError for a name that is no column: a misspelt one must not vanish.
    """
    names = [column.name for column in table.columns]
    unknown = row.keys() - set(names)
    if unknown:
        raise KeyError(f"{table.name} has no column {sorted(unknown)}")
    return tuple(row.get(name) for name in names)


def insertion_of(table: Table) -> str:
    """SQLite's statement that inserts one row, values in the order of the columns."""
    columns = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608


def insert_many(connection: Connection, table: Table, values: Iterable[tuple[Any, ...]]) -> None:
    """Inserts rows by the driver's fastest way; an ORM would take many times as long."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        columns = ", ".join(column.name for column in table.columns)
        with driver.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
    else:
        driver.executemany(insertion_of(table), values)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row], key: str) -> int:
    """Inserts the rows whose unique column `key` is not there yet; returns how many."""
    if not rows:
        return 0
    is_postgresql = connection.dialect.name == "postgresql"
    insert: Any = postgresql.insert if is_postgresql else sqlite.insert
    statement = insert(table).on_conflict_do_nothing(index_elements=[key])
    count = select(func.count()).select_from(table)
    if len(rows) == 1:
        return int(connection.execute(statement.values(**rows[0])).rowcount)
    before = connection.execute(count).scalar_one()
    connection.execute(statement, list(rows))
    return int(connection.execute(count).scalar_one() - before)
