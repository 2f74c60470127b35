# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Which rows of a table count: the newest version of each record and of each fact.

A table and the columns that the lake has of it come in; SQL for its rows that count goes out.
Records (tables with a key) are told by their key, facts by their own id where they have one: all
rows that were read together under one id are one version of it. Facts without an id are what they
are.
"""

from collections.abc import Collection

from redumbrella.clock import to_iso
from redumbrella.columns import INGESTED_AT, ORDER, REPLACES, Table
from redumbrella.lake.quoting import literal, quoted


def current_facts(
    table: Table, columns: Collection[str], as_of: int | None = None, view: str | None = None
) -> str:
    """SQL of the rows of a fact table that count, in parentheses where it is not the table itself.

    columns: those that the lake has. as_of: the version known at that instant (UTC microseconds),
    the first one where none was known yet; None: the newest. view: how the table is called in the
    connection, where not by its name.
    """
    name = quoted(view or table.name)
    if REPLACES not in columns or table.own_id not in columns:
        return name
    own = quoted(table.own_id)
    newest = f"max({INGESTED_AT})"
    if as_of is not None:
        known = f"{INGESTED_AT} < TIMESTAMPTZ {literal(to_iso(as_of))}"
        newest = f"coalesce(max({INGESTED_AT}) FILTER ({known}), min({INGESTED_AT}))"
    # Few facts are ever replaced: only those are looked up.
    versions = (
        f"SELECT {own} AS id, {newest} AS read_at FROM {name} WHERE {own} IN "
        f"(SELECT {own} FROM {name} WHERE {REPLACES}) GROUP BY 1"
    )
    return (
        f"(SELECT f.* FROM {name} f LEFT JOIN ({versions}) v ON v.id = f.{own} "
        f"WHERE v.read_at IS NULL OR f.{INGESTED_AT} = v.read_at)"
    )


def current_records(table: Table, listed: str) -> str:
    """SELECT of the newest version of each record, in the order in which records first arrived.

    listed: what is selected.
    """
    keys = ", ".join(quoted(key) for key in table.key)
    return (
        f"SELECT {listed} FROM {quoted(table.name)} "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {ORDER} DESC) = 1 "
        f"ORDER BY min({ORDER}) OVER (PARTITION BY {keys})"
    )


def known_last(column: str) -> str:
    """SQL of what is known last of a person in a column, for one group of rows a person."""
    at = "coalesce(known_at, TIMESTAMPTZ '1970-01-01 00:00:00+00')"
    return f"arg_max({quoted(column)}, {at}) AS {quoted(column)}"
