"""What was logged: the outcomes of a lead, and the lines of today's list that are done.

In: a lead, or a list. Out: `Logged`, each outcome in words with who, when, and what it did to the
score; read from the state database alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from redumbrella.clock import to_datetime
from redumbrella.outcomes import OUTCOMES, UNDO_MICROSECONDS
from redumbrella.reports.changes import date_of
from redumbrella.state.outcomes import (
    lines_done,
    newest_numbers,
    outcome_of_number,
    outcomes_of_lead,
)
from redumbrella.workspace import Workspace

MOST_SHOWN = 20


@dataclass(frozen=True)
class Logged:
    """One outcome that stands.

    before, after: the probability, None where the lead is not on the list. waiting: whether facts
    and score have not followed yet.
    """

    id: int
    lead_id: str
    what: str
    words: str
    closed: bool
    rep: str
    at: datetime
    undo_until: datetime
    amount: float | None
    due: date | None
    reason: str
    minutes: float | None
    note: str
    before: float | None
    after: float | None
    waiting: bool


def logged_of_lead(workspace: Workspace, lead_id: str, target: str) -> tuple[Logged, ...]:
    """The newest outcomes of a lead, newest first."""
    with workspace.state.reading() as connection:
        rows = outcomes_of_lead(connection, lead_id, MOST_SHOWN)
    return tuple(_logged(row, target) for row in rows)


def seen_outcomes(workspace: Workspace, leads: Sequence[str]) -> dict[str, int]:
    """The number of the newest outcome of each of these leads, of those that have one."""
    with workspace.state.reading() as connection:
        return newest_numbers(connection, leads)


def known_reps(workspace: Workspace) -> list[tuple[str, str]]:
    """The reps by id with what they are called, in the order of their names."""
    lake = workspace.lake
    if not lake.exists("reps"):
        return []
    rows = lake.current("reps", ["rep_id", "name"]).to_pylist()
    found = [(row["rep_id"], row["name"] or row["rep_id"]) for row in rows]
    return sorted(found, key=lambda rep: (rep[1], rep[0]))


def done_on_list(
    connection: Connection, target: str, number: int, reps: Sequence[str] | None = None
) -> dict[str, Logged]:
    """What was done of a list, by lead; of all its lines, or of those that some reps take."""
    rows = lines_done(connection, target, number)
    return {
        row["lead_id"]: _logged(row, target)
        for row in rows
        if reps is None or (row["owner"] or "") in reps
    }


def lead_of(workspace: Workspace, number: int) -> str:
    """The lead that an outcome is about, "" where there is no such outcome."""
    with workspace.state.reading() as connection:
        found = outcome_of_number(connection, number)
    return "" if found is None else str(found["lead_id"])


def _logged(row: Mapping[str, Any], target: str) -> Logged:
    move: Mapping[str, Any] = next((m for m in row["moves"] if m["target"] == target), {})
    words = OUTCOMES[row["what"]].words if row["what"] in OUTCOMES else row["what"]
    return Logged(
        id=row["id"],
        lead_id=row["lead_id"],
        what=row["what"],
        words=words,
        closed=bool(row["closes"]),
        rep=row["rep_id"],
        at=to_datetime(row["at"]),
        undo_until=to_datetime(row["logged_at"] + UNDO_MICROSECONDS),
        amount=row["amount"],
        due=None if row["due_day"] is None else date_of(row["due_day"]),
        reason=row["reason"],
        minutes=row["minutes"],
        note=row["note"],
        before=move.get("before"),
        after=move.get("after"),
        waiting=row["pending"] != 0,
    )
