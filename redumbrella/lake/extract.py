# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""A few rows of a lake in memory, read like the lake itself: all that is known of a few people.

In: a lake, people and leads. Out: an `Extract`, and from it what was known at an earlier
reading. Promise: what a lead's variables are made of is there as it is in the whole lake.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from redumbrella.columns import ORDER, REPLACES, TABLES
from redumbrella.errors import NotFoundError
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_TABLES = ("events", "activities", "purchases", "identities", "leads", "people", "products")


class Extract(Lake):
    """Tables in memory that are read like those of a lake; nothing can be written."""

    def __init__(self, lake: Lake, rows: Mapping[str, pa.Table]) -> None:
        super().__init__(lake.root)
        self.rows = rows
        self._stack = ExitStack()
        self._opened_once: duckdb.DuckDBPyConnection | None = None

    def exists(self, table: str) -> bool:
        """Whether it has the table."""
        return table in self.rows

    def tables(self) -> tuple[str, ...]:
        """Names of its tables, sorted."""
        return tuple(sorted(self.rows))

    def schema(self, table: str) -> pa.Schema:
        """Names and types of the columns of a table. Raises NotFoundError."""
        if table not in self.rows:
            raise NotFoundError(f'There is no table "{table}".', reason="no_table")
        return self.rows[table].schema

    def _create_view(self, connection: duckdb.DuckDBPyConnection, table: str, view: str) -> None:
        connection.register(view, self.rows[table])

    def is_same(self, other: Extract) -> bool:
        """Whether it has as many rows of each table as another extract of the same rows."""
        mine = {name: rows.num_rows for name, rows in self.rows.items()}
        return mine == {name: rows.num_rows for name, rows in other.rows.items()}

    @contextmanager
    def _connection(self, _tables: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """One connection with all tables: to open one takes longer than to answer from it."""
        if self._opened_once is None:
            self._opened_once = self._stack.enter_context(super()._connection(self.tables()))
        yield self._opened_once

    def keeping(self, wanted: Callable[[str, pa.Table], Any]) -> Extract:
        """The rows for which a mask (table name, rows -> booleans) holds; None drops a table."""
        kept = {}
        for name, rows in self.rows.items():
            mask = wanted(name, rows)
            if mask is not None:
                kept[name] = rows.filter(mask)
        return Extract(self, kept)


def everything_of(lake: Lake, people: Collection[str], leads: Collection[str]) -> Extract:
    """All that the lake has of a few people and of these leads, and the products."""
    have = [name for name in _TABLES if lake.exists(name)]
    columns = {name: set(lake.schema(name).names) for name in have}
    own = f"person_id IN ({_listed(people)})"
    of_leads = f"lead_id IN ({_listed(leads)})"
    if "person_id" in columns.get("leads", ()):
        of_leads = f"({own} OR {of_leads})"
    with lake.asking(have) as ask:
        known = {*leads, *_ids(ask, "leads", "lead_id", of_leads, have)}
        visitors = _listed(_ids(ask, "identities", "anonymous_id", own, have))
        where = {
            "events": f"{own} OR anonymous_id IN ({visitors})",
            "activities": f"{own} OR lead_id IN ({_listed(known)})",
            "identities": f"anonymous_id IN ({visitors})",
            "leads": of_leads,
            "products": "true",
        }
        rows = {
            name: ask(
                f"SELECT * FROM {quoted(name)} "
                f"WHERE {_with_versions(name, columns[name], where.get(name, own))} "
                f"ORDER BY {ORDER}"
            )
            for name in have
        }
    return Extract(lake, rows)


def _with_versions(table: str, columns: set[str], where: str) -> str:
    """SQL that also holds for newer versions of a fact, which may be somebody else's."""
    own_id = TABLES[table].own_id
    if not own_id or REPLACES not in columns or own_id not in columns:
        return where
    return f"{where} OR {own_id} IN (SELECT {own_id} FROM {quoted(table)} WHERE {where})"


def _ids(
    ask: Callable[[str], pa.Table], table: str, column: str, where: str, have: Sequence[str]
) -> set[str]:
    if table not in have:
        return set()
    found = ask(f"SELECT DISTINCT {column} AS id FROM {table} WHERE {where}")
    return {one for one in found["id"].to_pylist() if one is not None}


def _listed(ids: Collection[str]) -> str:
    return ", ".join(literal(one) for one in sorted(ids)) or "NULL"
