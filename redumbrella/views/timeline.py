# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""The life of one person in order: what was seen, said and bought, newest first.

Comes in: a person's id and perhaps a lead's. Goes out: `TimelineEntry` per fact, which the lead
page, `/api/v1/leads/{id}` and `umbrella explain` show. Asked of DuckDB directly: a look-up must
not wait for Arrow to load.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from redumbrella.columns import ORDER
from redumbrella.figures import money, quantity
from redumbrella.lake.quoting import literal, quoted
from redumbrella.views.names import NAMED, Names, names_known
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


@dataclass(frozen=True)
class _Fact:
    """One fact as it was found: details by column, ids without their names."""

    at: datetime
    table: str
    what: str
    details: Mapping[str, Any]


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

    facts: list[_Fact] = []
    total = 0
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in _TOLD:
            if table in tables and workspace.lake.exists(table):
                found, count = _of_table(connection, workspace, table, person_id, lead_id, most)
                facts += found
                total += count
    facts.sort(key=lambda fact: fact.at, reverse=True)
    shown = facts[:most]
    names = names_known(
        workspace, {column: {fact.details.get(column) for fact in shown} for column in NAMED}
    )
    currency = workspace.settings.currency
    return tuple(
        TimelineEntry(fact.at, fact.table, fact.what, _detail(fact.details, names, currency))
        for fact in shown
    ), total


def _of_table(
    connection: "duckdb.DuckDBPyConnection",
    workspace: Workspace,
    table: str,
    person_id: str,
    lead_id: str | None,
    most: int,
) -> tuple[list[_Fact], int]:
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
    found = [
        _Fact(
            row[0].astimezone(UTC),
            table,
            code_in_words(row[1]),
            dict(zip(details, row[2:-1], strict=True)),
        )
        for row in rows
    ]
    return found, int(rows[0][-1]) if rows else 0


def _detail(details: Mapping[str, Any], names: Names, currency: str) -> str:
    """Details as one line: 'product X, 5 min'."""
    parts = []
    for name, value in details.items():
        if value is None or value == "":
            continue
        if name == "duration_s" and isinstance(value, float):
            parts.append(_length(value))
        elif isinstance(value, float):
            said = money(value, currency) if name == "amount" else quantity(value, 6)
            parts.append(f"{name.removesuffix('_s')} {said}")
        else:
            said = names.of(name, str(value)) if name in NAMED else code_in_words(value)
            parts.append(f"{_WORDS.get(name, '')} {said}".strip())
    return ", ".join(parts)


def code_in_words(code: object) -> str:
    """A code in words: "no_answer" is "no answer"."""
    return " ".join(str(code).replace("_", " ").split())


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
