# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What moves between two nights stands in the history of scores at once, on its day.

In: rows of a list that were made anew in the day. Out: rows of `score_changes` in the place of
those that the leads have on that day already, each with the step from the last value written on an
earlier day, so that steps add up. The snapshot in the lake stays that of the night; the day says
which one it is (`snapshot_of`), and the next one takes what moved since into account (`overlaid`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from redumbrella.errors import EngineError
from redumbrella.lake.quoting import literal
from redumbrella.reports.changes import STEP, date_of, day_in_zone
from redumbrella.scores.history import FORMER, TABLE, kept_figure
from redumbrella.state.history import moves_between, next_number, scored_days, write_moves
from redumbrella.workspace import Workspace

Row = Mapping[str, Any]


@dataclass(frozen=True)
class DayMoves:
    """Rows of one day that wait to be noted; `note` does it."""

    day: Row
    changes: Sequence[tuple[Any, ...]]
    moment: int

    def note(self, connection: Connection, more: int, known: Row | None = None) -> None:
        """Writes them; to be called where the changed list is put into use.

        more: by how many leads the list grows. known: what it has read by now, with the instant at
        which its leads were last asked about; None where that is as it was.
        """
        own = {"number": next_number(connection), "asked": self.day["asked"] + more}
        if known is not None:
            own |= {
                "scored_at": self.moment,
                "as_of": known["as_of"],
                "known": {**known, "snapshot": self.day["known"]["snapshot"]},
            }
        write_moves(connection, {**self.day, **own}, self.changes)


def moves_of_day(
    workspace: Workspace,
    scoring: Row,
    rows: Sequence[Row],
    causes: Mapping[str, str],
    moment: int,
) -> DayMoves | None:
    """What these rows of a list change on the day of a moment (UTC microseconds).

    scoring: what the list rests on. causes: of each lead. None where the list is no part of the
    history of scores, or the clock was set back behind its last day.
    """
    target = scoring["target"]
    with workspace.state.reading() as connection:
        days = scored_days(connection, target)
    last = max(days, key=lambda one: one["number"], default=None)
    today = day_in_zone(moment, workspace.settings.timezone)
    is_kept = scoring["known"].get("kept", True)
    if last is None or not is_kept or last["day"] > today:
        return None
    if last["model_version"] != scoring["model_version"]:
        return None
    day, number = snapshot_of(last)
    leads = [row["lead_id"] for row in rows]
    with workspace.state.reading() as connection:
        moved = moves_between(connection, target, (day, today), leads)
    written = _written(workspace, target, (day, number), leads)
    changes = _changes(target, today, rows, causes, (moved, written))
    known = {**last["known"], "snapshot": {"day": day, "number": number}}
    return DayMoves({**last, "day": today, "known": known}, changes, moment)


def snapshot_of(day: Row) -> tuple[int, int]:
    """The day and the number of the last snapshot that was written by the end of a scored day."""
    own = day["known"].get("snapshot")
    return (day["day"], day["number"]) if own is None else (own["day"], own["number"])


def overlaid(
    connection: Connection, target: str, day: Row, former: pa.Table | None
) -> pa.Table | None:
    """The last snapshot by the end of a scored day, with what moved after it was written.

    former: the snapshot with its columns FORMER.
    """
    first, number = snapshot_of(day)
    if former is None or number == day["number"]:
        return former
    moved = moves_between(connection, target, (first, day["day"]))
    if not moved:
        return former
    newest = {(row["lead_id"], row["product_id"]): row for row in moved}
    rows = [
        {**row, "written": row["probability"], "lead_id": lead, "product_id": product}
        for (lead, product), row in newest.items()
    ]
    changed = pa.Table.from_pylist(
        [{name: row[name] for name in FORMER} for row in rows], former.schema
    )
    keys = (_keys(former), _keys(changed))
    stays = pc.invert(pc.is_in(keys[0], value_set=keys[1].combine_chunks()))
    return pa.concat_tables([former.filter(stays), changed])


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["lead_id"], rows["product_id"], "\0")


def _written(
    workspace: Workspace, target: str, snapshot: tuple[int, int], leads: Sequence[str]
) -> dict[str, tuple[float, str | None]]:
    """The last written score of these leads and their grade, by a snapshot."""
    lake, (day, number) = workspace.snapshots, snapshot
    if not leads or not lake.exists(TABLE):
        return {}
    own = f"target = {literal(target)} AND day = DATE '{date_of(day)}' AND number = {number}"
    try:
        with lake.asking(
            (TABLE,), {"meant": pa.table({"id": pa.array(leads, pa.string())})}
        ) as ask:
            found = ask(
                f"SELECT lead_id, written, grade FROM {TABLE} "
                f"WHERE {own} AND lead_id IN (SELECT id FROM meant)"
            )
    except EngineError as problem:
        if problem.reason != "lake_damaged":
            raise
        return {}  # the next whole scoring begins snapshots anew and says so
    columns = (found[name].to_pylist() for name in ("lead_id", "written", "grade"))
    return {lead: (kept_figure(value), grade) for lead, value, grade in zip(*columns, strict=True)}


def _changes(
    target: str,
    today: int,
    rows: Sequence[Row],
    causes: Mapping[str, str],
    before: tuple[Sequence[Row], Mapping[str, tuple[float, str | None]]],
) -> list[tuple[Any, ...]]:
    """The rows of today, in the order of the columns of `score_changes`."""
    moved, written = before
    of_today = {row["lead_id"]: row for row in moved if row["day"] == today}
    earlier = {row["lead_id"]: row for row in moved if row["day"] < today}
    found: list[tuple[Any, ...]] = []
    for row in rows:
        lead, grade = row["lead_id"], row.get("grade")
        now = kept_figure(row["probability"])
        own, last = of_today.get(lead), earlier.get(lead)
        base, former = written.get(lead, (None, None))
        if last is not None:
            base, former = last["probability"], last["grade"]
        if own is not None:
            base = None if own["change"] is None else own["probability"] - own["change"]
        step = None if base is None else round(now - base, 6)
        is_moved = step is None or abs(step) > STEP or grade != former
        if own is not None or is_moved:
            cause = "new" if step is None else causes.get(lead, "record")
            product = row.get("product_id") or ""
            found.append((target, today, lead, product, now, step, grade, cause))
    return found
