"""A company with three nights of scores and some rules, for tests of automations: no training."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import select
from stored import put_scores

from redumbrella.clock import to_datetime, to_microseconds
from redumbrella.reports.changes import day_in_zone
from redumbrella.state.bulk import mappings
from redumbrella.state.history import next_number, write_score_day
from redumbrella.state.outbox import outbox
from redumbrella.workspace import Workspace, open_workspace

ZONE = "Europe/Lisbon"
# Tuesday; the clocks of Lisbon went back two days before.
NIGHT = datetime(2026, 10, 27, 3, 0, tzinfo=UTC)  # the same in Lisbon
SETTINGS = f"""\
[workspace]
name = "Umbrella & Sons"
timezone = "{ZONE}"
[tables.leads]
path = "leads.csv"
"""
HOT = """
[[automations]]
name = "Hot overnight"
trigger = { kind = "jump", from = 0.3, to = 0.9, days = 1 }
control = 0
[automations.action]
kind = "mail"
subject = "An offer for {{ first_name }}"
text = "Dear {{ name }}, your chance is {{ chance|percent }}."
send = "next working morning at 08:00"
"""
Row = Mapping[str, Any]


def instant(moment: datetime) -> int:
    """UTC microseconds."""
    return to_microseconds(moment.astimezone(UTC))


def people(*names: str, **fields: Any) -> list[dict[str, Any]]:
    """One person a name, with address and consent; fields: what is otherwise, for all."""
    return [
        {"person_id": f"P-{name}", "known_at": None, "name": f"{name} Sousa", "consent": "yes",
         "email": f"{name.lower()}@people.example", **fields}
        for name in names
    ]  # fmt: skip


def leads(*names: str, **fields: Any) -> list[dict[str, Any]]:
    """An open lead of each of these people."""
    return [
        {"lead_id": f"L-{name}", "person_id": f"P-{name}", "rep_id": "R-1", "won": None,
         "created_at": datetime(2026, 10, 1, tzinfo=UTC), "source": "web", **fields}
        for name in names
    ]  # fmt: skip


def company(
    root: Path, settings: str, tables: Mapping[str, Sequence[Row]], state: str = ""
) -> Workspace:
    """A workspace with these settings and rows, all read at midnight."""
    root.mkdir(parents=True, exist_ok=True)
    text = SETTINGS + settings
    if state:
        text = text.replace("[workspace]", f'[workspace]\nstate = "{state}"', 1)
    (root / "umbrella.toml").write_text(text, "utf-8")
    workspace = open_workspace(root)
    workspace.state.bring_up_to_date()
    for table, rows in tables.items():
        add_rows(workspace, table, rows, NIGHT - timedelta(hours=3))
    return workspace


def add_rows(workspace: Workspace, table: str, rows: Sequence[Row], read_at: datetime) -> None:
    """Appends rows to the lake as if they had been read then."""
    start = workspace.lake.read(table, ["_order"]).num_rows if workspace.lake.exists(table) else 0
    full = [
        {**row, "_ingested_at": read_at.astimezone(UTC), "_order": start + n,
         "_row_hash": start + n}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    found = pa.Table.from_pylist(full)
    for place, field in enumerate(found.schema):
        if field.type == pa.timestamp("us", "UTC") or field.name in ("_ingested_at", "at"):
            found = found.set_column(place, field.name, found[field.name].cast(
                pa.timestamp("us", "UTC")))  # fmt: skip
        elif field.type == pa.null():
            kind = pa.timestamp("us", "UTC") if field.name.endswith("_at") else pa.string()
            kind = pa.bool_() if field.name == "won" else kind
            found = found.set_column(place, field.name, found[field.name].cast(kind))
    workspace.lake.append(table, found)


def scored(
    workspace: Workspace, night: datetime, chances: Mapping[str, float], target: str = "conversion"
) -> None:
    """A night's scores of leads by name: the list in use and the history, with grades."""
    at = instant(night)
    before = {row["lead_id"]: row["probability"] for row in _listed(workspace, target)}
    rows = [
        {"lead_id": f"L-{name}", "person_id": f"P-{name}", "as_of": at, "probability": p,
         "low": p, "high": p, "percentile": 100 * p, "grade": "A" if p >= 0.5 else "C",
         "regime": "model", "reliable": True, "model_version": "m-1", "label": f"{name} Sousa",
         "reasons": {}, "source": "web", "rep_id": "R-1", "expected_value": 100 * p}
        for name, p in chances.items()
    ]  # fmt: skip
    put_scores(workspace, target, rows)
    with workspace.state.writing() as connection:
        day = day_in_zone(at, ZONE)
        noted = {"target": target, "day": day, "number": next_number(connection), "scored_at": at,
                 "as_of": at, "model_version": "m-1", "asked": len(rows),
                 "known": {"rows": {}, "order": "rows", "first": 0.0}}  # fmt: skip
        moved = [
            (target, day, row["lead_id"], "", row["probability"],
             None if row["lead_id"] not in before
             else row["probability"] - before[row["lead_id"]], row["grade"], "did")
            for row in rows
            if abs(row["probability"] - before.get(row["lead_id"], -1.0)) > 0.005
        ]  # fmt: skip
        write_score_day(connection, noted, moved)


def _listed(workspace: Workspace, target: str) -> list[dict[str, Any]]:
    from redumbrella.state.scores import every_score

    with workspace.state.reading() as connection:
        return list(every_score(connection, target))


def actions(workspace: Workspace, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of every row of the outbox."""
    with workspace.state.reading() as connection:
        rows = mappings(connection, select(outbox).order_by(outbox.c.id))
    return [tuple(row[name] for name in columns) for row in rows]


def local(microseconds: int) -> str:
    """An instant in the company's zone."""
    return to_datetime(microseconds).astimezone(ZoneInfo(ZONE)).strftime("%a %d %b %H:%M")


def states(rows: Iterable[tuple[Any, ...]]) -> dict[str, int]:
    """How many rows of each first value."""
    found: dict[str, int] = {}
    for row in rows:
        found[row[0]] = found.get(row[0], 0) + 1
    return found
