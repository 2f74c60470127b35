# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Outcomes as facts: what people logged comes from the state, an activity and a closed lead go out.

An activity each, and where the lead is closed by it a newer version of the lead: a copy of the
newest one that a source gave, with its row hash, so that reading the same source again finds
nothing new. A source that later gives a newer row of the lead has it compared by `with_logged`: the
source wins where it was updated after the outcome, or, without updated_at, where it knows an
outcome itself; else the outcome is put on top of the new row. Undoing removes the rows.

Promise: done twice it adds nothing, so a killed command is simply done again.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from redumbrella.clock import to_datetime
from redumbrella.columns import INGESTED_AT, LOGGED, ORDER, ROW_HASH, STAGE, TABLES
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.outcomes import OUTCOMES
from redumbrella.state.outcomes import (
    LAKE_WAITS,
    SCORES_WAIT,
    note_progress,
    pending_outcomes,
    standing_outcomes,
)
from redumbrella.workspace import Workspace

_ACTIVITIES, _LEADS = "activities", "leads"
_TYPES = {
    "id": pa.string(), "text": pa.string(), "number": pa.float64(), "flag": pa.bool_(),
    "time": pa.timestamp("us", "UTC"),
}  # fmt: skip
_WRITTEN = {
    INGESTED_AT: pa.timestamp("us", "UTC"), ORDER: pa.int64(), ROW_HASH: pa.int64(),
    LOGGED: pa.string(),
}  # fmt: skip
Row = Mapping[str, Any]


def outcomes_to_lake(workspace: Workspace, moment: int) -> None:
    """Brings the lake in line with what was logged and undone. Hold the workspace lock.

    moment: now, UTC microseconds.
    """
    with workspace.state.reading() as connection:
        waiting = pending_outcomes(connection, LAKE_WAITS)
    if not waiting:
        return
    lake = workspace.lake
    undone = [row["activity_id"] for row in waiting if row["undone_at"] is not None]
    for table in (_ACTIVITIES, _LEADS):
        if undone and _has_logged(lake, table):
            lake.remove(table, f"{LOGGED} IN ({_listed(undone)})")
    made = [row for row in waiting if row["undone_at"] is None]
    _add_activities(lake, made, moment)
    _close_leads(lake, made, moment)
    with workspace.state.writing() as connection:
        note_progress(connection, [row["id"] for row in waiting], SCORES_WAIT)


def activities_of(rows: Sequence[Row], first: int, moment: int) -> pa.Table:
    """Outcomes as activities of the lake, in the order of reading from `first` on."""
    columns = {column.name: _TYPES[column.kind] for column in TABLES[_ACTIVITIES].columns}
    values = [
        {
            "person_id": row["person_id"],
            "lead_id": row["lead_id"] if row["is_lead"] else None,
            "at": to_datetime(row["at"]),
            "kind": row["kind"],
            "activity_id": row["activity_id"],
            "product_id": row["product_id"],
            "rep_id": row["rep_id"] or None,
            "outcome": row["what"],
            "duration_s": None if row["minutes"] is None else 60.0 * row["minutes"],
            INGESTED_AT: to_datetime(moment),
            ORDER: first + n,
            ROW_HASH: _hash_of(row["activity_id"]),
            LOGGED: row["activity_id"],
        }
        for n, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(values, pa.schema([*columns.items(), *_WRITTEN.items()]))


def with_logged(
    rows: pa.RecordBatchReader, workspace: Workspace, table: str, moment: int, *, afresh: bool
) -> pa.RecordBatchReader:
    """Rows that a source gives, to be appended, with what was logged on top of them.

    afresh: whether they take the place of all that the lake has of the table.
    """
    if table not in (_ACTIVITIES, _LEADS):
        return rows
    with workspace.state.reading() as connection:
        found = standing_outcomes(connection, closing=table == _LEADS)
    if not found or (table == _ACTIVITIES and not afresh):
        return rows
    schema = rows.schema.append(pa.field(LOGGED, pa.string()))
    if table == _ACTIVITIES:
        batches = _followed_by_activities(rows, found, moment, schema)
    else:
        batches = _followed_by_closed(rows, {row["lead_id"]: row for row in found}, schema)
    return pa.RecordBatchReader.from_batches(schema, batches)


def _followed_by_activities(
    rows: pa.RecordBatchReader, found: Sequence[Row], moment: int, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    end = 0
    for batch in rows:
        end += batch.num_rows
        yield _unlogged(batch, schema)
    yield from _fitted(activities_of(found, end, moment), schema).to_batches()


def _followed_by_closed(
    rows: pa.RecordBatchReader, closings: Mapping[str, Row], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Where the outcome of a lead that was logged still stands, the lead closed by it follows."""
    closed: list[dict[str, Any]] = []
    wanted, last = pa.array(list(closings), pa.string()), -1
    for batch in rows:
        yield _unlogged(batch, schema)
        if batch.num_rows:
            last = batch.column(ORDER)[-1].as_py()
        for row in batch.filter(pc.is_in(batch.column("lead_id"), wanted)).to_pylist():
            closing = closings[row["lead_id"]]
            if not _source_wins(row, closing):
                closed.append(_closed(row, closing))
    for n, row in enumerate(closed, 1):
        row[ORDER] = last + n
    yield from pa.Table.from_pylist(closed, schema).to_batches()


def _source_wins(row: Row, closing: Row) -> bool:
    """Whether a row of a source knows more than the outcome that was logged."""
    updated: datetime | None = row.get("updated_at")
    if updated is not None:
        return updated > to_datetime(closing["at"])
    return row["won"] is not None


def _closed(row: Row, closing: Row) -> dict[str, Any]:
    """A version of a lead that is closed by an outcome."""
    outcome = OUTCOMES[closing["what"]]
    amount = row["amount"] if closing["amount"] is None else closing["amount"]
    changed = {"won": outcome.won, "closed_at": to_datetime(closing["at"]), "amount": amount}
    if STAGE in row:
        changed[STAGE] = None
    return {**row, **changed, LOGGED: closing["activity_id"]}


def _unlogged(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [*batch.columns, pa.nulls(batch.num_rows, pa.string())], schema=schema
    )


def _fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with exactly these columns."""
    return pa.table(
        [
            rows[field.name].cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _add_activities(lake: Lake, rows: Sequence[Row], moment: int) -> None:
    there = _those_there(lake, _ACTIVITIES, rows)
    new = [row for row in rows if row["activity_id"] not in there]
    if new:
        lake.append(_ACTIVITIES, activities_of(new, _next_place(lake, _ACTIVITIES), moment))


def _close_leads(lake: Lake, rows: Sequence[Row], moment: int) -> None:
    closing = [row for row in rows if row["closes"] and row["is_lead"]]
    there = _those_there(lake, _LEADS, closing)
    new = {row["lead_id"]: row for row in closing if row["activity_id"] not in there}
    if not new or not lake.exists(_LEADS):
        return
    found = lake.query(
        f"SELECT * FROM {_LEADS} WHERE lead_id IN ({_listed(list(new))}) "
        f"QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY {ORDER} DESC) = 1"
    )
    schema = found.schema
    if LOGGED not in schema.names:
        schema = schema.append(pa.field(LOGGED, pa.string()))
    closed: list[dict[str, Any]] = []
    place = _next_place(lake, _LEADS)
    for row in found.to_pylist():
        if row["won"] is None:
            own = {ORDER: place + len(closed), INGESTED_AT: to_datetime(moment)}
            closed.append(_closed(row, new[row["lead_id"]]) | own)
    if closed:
        lake.append(_LEADS, pa.Table.from_pylist(closed, schema))


def _those_there(lake: Lake, table: str, rows: Sequence[Row]) -> set[str]:
    """Which outcomes the lake has already."""
    if not rows or not _has_logged(lake, table):
        return set()
    listed = _listed([row["activity_id"] for row in rows])
    with lake.asking((table,)) as ask:
        found = ask(
            f"SELECT DISTINCT {LOGGED} AS id FROM {quoted(table)} WHERE {LOGGED} IN ({listed})"
        )
    return set(found["id"].to_pylist())


def _has_logged(lake: Lake, table: str) -> bool:
    return lake.exists(table) and LOGGED in lake.schema(table).names


def _next_place(lake: Lake, table: str) -> int:
    if not lake.exists(table):
        return 0
    with lake.asking((table,)) as ask:
        last = ask(f"SELECT max({ORDER}) AS last FROM {quoted(table)}")["last"][0].as_py()
    return 0 if last is None else int(last) + 1


def _hash_of(activity_id: str) -> int:
    """A hash that no row of a source has, but by a chance of one in 2^63."""
    digest = hashlib.blake2b(f"logged {activity_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(literal(one) for one in ids)
