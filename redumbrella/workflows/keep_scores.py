# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Keeping every score of every day: a scoring comes in, its snapshot goes to lake and state.

The rows are written to the lake of snapshots first, under a number that counts only when the state
notes it, in the transaction that puts the list into use: a killed run leaves the old day or the new
one, never half. The last scoring of a day counts. A list of the past is kept as of its day only
where the lake knows of nothing later, as in a simulated company; with later facts it would be a
score that nobody saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from redumbrella.clock import to_iso
from redumbrella.errors import EngineError
from redumbrella.lake.days import is_later
from redumbrella.lake.failures import writing
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.lake.read_since import causes_read_of
from redumbrella.reports.changes import date_of, day_in_zone
from redumbrella.scores.history import FORMER, TABLE, Snapshot, snapshot
from redumbrella.state.history import forget_leads, next_number, scored_days, write_score_day
from redumbrella.workflows.note_moves import overlaid, snapshot_of
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace

FACTS = ("events", "activities", "purchases")


@dataclass(frozen=True)
class KeptDay:
    """A snapshot that is in the lake and waits to be noted; `note` does it. said: what is lost."""

    row: Mapping[str, Any]
    snapshot: Snapshot = field(repr=False)
    said: str = ""

    def note(self, connection: Connection) -> None:
        """Writes the day into the state; to be called where the list is put into use."""
        write_score_day(connection, self.row, self.snapshot.changes())


def why_not_kept(lake: Lake, as_of: int, started: int, *, held_out: bool) -> str:
    """Why a scoring is no part of the history of scores; empty where it is."""
    if held_out:
        return "closed leads were held out"
    if as_of == started:
        return ""
    instant = f"TIMESTAMPTZ {literal(to_iso(as_of))}"
    for table, column in (*((name, "at") for name in FACTS), ("leads", "created_at")):
        if lake.exists(table) and column in lake.schema(table).names:
            later = is_later(f"t.{quoted(column)}", instant)
            found = lake.query(f"SELECT count(*) AS n FROM {quoted(table)} t WHERE {later}")
            if (n := found["n"][0].as_py()) > 0:
                return f"{n:,} {table} are dated later, which nobody knew on that day"
    return ""


def keep_scores(
    workspace: Workspace,
    rows: list[dict[str, Any]],
    scoring: Mapping[str, Any],
    as_of: int,
) -> KeptDay:
    """Writes the snapshot of a scoring into the lake; the state is to be told.

    scoring: the columns of `scorings`. as_of: the instant of the leads that were scored.
    """
    target = scoring["target"]
    day = day_in_zone(scoring["as_of"], workspace.settings.timezone)
    with workspace.state.reading() as connection:
        days = scored_days(connection, target)
        number = next_number(connection)
    same = next((snapshot_of(one) for one in days if one["day"] == day), (day, 0))
    noted = same[1] if same[0] == day else 0
    last = max((one for one in days if one["day"] < day), key=lambda one: one["day"], default=None)
    former, is_whole = _former(workspace, target, last)
    said, causes = "", dict[str, str]()
    if last is not None:
        causes = causes_read_of(workspace.lake, last["known"], last["as_of"])
    is_new_model = last is not None and last["model_version"] != scoring["model_version"]
    made = snapshot(target, day, number, rows, former, causes, is_new_model=is_new_model)
    own = f"target = {literal(target)} AND day = DATE '{date_of(day)}'"
    if rows:
        said = _write(workspace.snapshots, made, f"{own} AND number <> {noted}", is_whole=is_whole)
    row = {
        **{name: scoring[name] for name in ("target", "model_version", "scored_at", "asked")},
        "day": day,
        "number": number,
        "as_of": as_of,
        "known": scoring["known"],
    }
    return KeptDay(row, made, said)


def forget_scores(workspace: Workspace, person_id: str) -> int:
    """Removes all kept scores of a person and of its leads from lake and state; how many rows."""
    with recorded(workspace, "forget") as run:
        ids = [person_id]
        if workspace.lake.exists("leads") and "person_id" in workspace.lake.schema("leads").names:
            own = f"person_id = {literal(person_id)}"
            found = workspace.lake.query(f"SELECT DISTINCT lead_id FROM leads WHERE {own}")
            ids += found["lead_id"].to_pylist()
        listed = ", ".join(map(literal, ids))
        gone = workspace.snapshots.remove(TABLE, f"lead_id IN ({listed})")
        with workspace.state.writing() as connection:
            gone += forget_leads(connection, ids)
        run.message = f"{gone:,} kept scores of one person removed"
    return gone


def _write(lake: Lake, made: Snapshot, where: str, *, is_whole: bool) -> str:
    """Writes a snapshot in the place of the rows for which `where` holds; says what was lost.

    Snapshots that are damaged are put aside, for somebody may have them whole elsewhere.
    """
    if is_whole:
        try:
            lake.replace(TABLE, made.table, where)
        except EngineError as problem:
            if problem.reason != "lake_damaged":
                raise
        else:
            return ""
    aside = _free_name(lake.root)
    with writing(lake.root):
        lake.root.rename(aside)
    lake.replace(TABLE, made.table, where)
    return (
        f"The snapshots of earlier scores are damaged. They were moved to {aside.name}, and new "
        "ones are begun; what moved before today is still in the state database."
    )


def _free_name(folder: Path) -> Path:
    names = (folder.with_name(f"{folder.name}.damaged-{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def _former(
    workspace: Workspace, target: str, day: Mapping[str, Any] | None
) -> tuple[pa.Table | None, bool]:
    """The scores at the end of a day, None where there are none, and whether the snapshots are
    whole."""
    lake = workspace.snapshots
    if day is None or not lake.exists(TABLE):
        return None, True
    listed, (written, number) = ", ".join(FORMER), snapshot_of(day)
    try:
        found = lake.query(
            f"SELECT {listed} FROM {TABLE} WHERE target = {literal(target)} "
            f"AND day = DATE '{date_of(written)}' AND number = {number}"
        )
    except EngineError as problem:
        if problem.reason != "lake_damaged":
            raise
        return None, False
    with workspace.state.reading() as connection:
        return overlaid(connection, target, day, found), True
