# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""The life of one person in order: what was seen, said and bought, newest first.

Comes in: a person's id and perhaps a lead's. Goes out: `TimelineEntry` per fact, which the lead
page, `/api/v1/leads/{id}` and `umbrella explain` show. Asked of DuckDB directly: a look-up must
not wait for Arrow to load.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from redumbrella.columns import ORDER
from redumbrella.figures import money, quantity
from redumbrella.lake.quoting import literal, quoted
from redumbrella.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

MOST = 50


@dataclass(frozen=True)
class TimelineEntry:
    """One fact: when, in which table, what happened, and further details that are known."""

    at: datetime
    table: str
    what: str
    detail: str


# What is told of each table: its main word, and details with their unit.
_TOLD = {
    "events": ("kind", ("page_category", "product_id", "duration_s", "value")),
    "activities": ("kind", ("outcome", "product_id", "rep_id", "duration_s")),
    "purchases": ("'purchase'", ("amount", "product_id", "promotion", "quantity")),
}
_WORDS = {"page_category": "page", "product_id": "product", "rep_id": "rep"}


def timeline(
    workspace: Workspace,
    person_id: str,
    lead_id: str | None,
    most: int = MOST,
    tables: Collection[str] = ("events", "activities", "purchases"),
) -> tuple[tuple[TimelineEntry, ...], int]:
    """The newest `most` facts about a person or lead, and how many there are in all.

    tables: of which facts.
    """
    import duckdb

    entries: list[TimelineEntry] = []
    total = 0
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in _TOLD:
            if table in tables and workspace.lake.exists(table):
                found, count = _of_table(connection, workspace, table, person_id, lead_id, most)
                entries += found
                total += count
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return tuple(entries[:most]), total


def _of_table(
    connection: "duckdb.DuckDBPyConnection",
    workspace: Workspace,
    table: str,
    person_id: str,
    lead_id: str | None,
    most: int,
) -> tuple[list[TimelineEntry], int]:
    word, details = _TOLD[table]
    own = f"person_id = {literal(person_id)}"
    if table == "activities" and lead_id is not None:
        own = f"({own} OR lead_id = {literal(lead_id)})"
    with workspace.lake.attached(connection, table) as view:
        listed = ", ".join(quoted(name) for name in details)
        facts = workspace.lake.facts(table, view=view)
        rows = connection.execute(
            f"SELECT t.at, {word}, {listed}, count(*) OVER () FROM {facts} t WHERE {own} "
            f"ORDER BY t.at DESC, t.{ORDER} DESC LIMIT {most}"
        ).fetchall()
    currency = workspace.settings.currency
    entries = [
        TimelineEntry(
            row[0].astimezone(UTC), table, _words(row[1]), _detail(details, row[2:-1], currency)
        )
        for row in rows
    ]
    return entries, int(rows[0][-1]) if rows else 0


def _detail(names: tuple[str, ...], values: tuple[object, ...], currency: str) -> str:
    """Details as one line: 'product X, 5 min'."""
    parts = []
    for name, value in zip(names, values, strict=True):
        if value is None or value == "":
            continue
        if name == "duration_s" and isinstance(value, float):
            parts.append(_length(value))
        elif isinstance(value, float):
            said = money(value, currency) if name == "amount" else quantity(value, 6)
            parts.append(f"{name.removesuffix('_s')} {said}")
        else:
            said = str(value) if name.endswith("_id") else _words(value)
            parts.append(f"{_WORDS.get(name, '')} {said}".strip())
    return ", ".join(parts)


def _words(code: object) -> str:
    """A code in words: "no_answer" is "no answer"."""
    return " ".join(str(code).replace("_", " ").split())


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
