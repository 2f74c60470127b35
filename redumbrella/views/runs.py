"""The list of runs: every command that changed something, when it ran and how it ended."""

from redumbrella.state.runs import runs, was_killed
from redumbrella.views.kinds import INSTANT, TEXT, CellType, Row
from redumbrella.views.table import Column, View

STATUSES = ("running", "done", "failed", "crashed", "stopped", "killed")


def _in_words(seconds: float | None, _frame: object) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


DURATION = CellType("duration", _in_words, float, "float64", 12.5, is_number=True)


def _status(row: Row) -> str:
    """A run whose process is gone was killed, whoever notes it first."""
    gone = row["status"] == "running" and was_killed(row["host"], row["process"])
    return "killed" if gone else str(row["status"])


def _seconds(row: Row) -> float | None:
    ended = row["ended_at"]
    # A clock that is set back meanwhile must not make it less than nothing.
    return None if ended is None else max(0, ended - row["started_at"]) / 1e6


RUNS = View(
    name="runs",
    title="Runs",
    noun=("run", "runs"),
    table=runs,
    key=("id",),
    columns=(
        Column("verb", "Command", TEXT, sort="verb", filter="verb"),
        Column("started_at", "Began", INSTANT, sort="started_at", falling=True, sorted_by="id"),
        Column("ended_at", "Ended", INSTANT),
        Column("seconds", "Took", DURATION, value=_seconds, secondary=True),
        Column(
            "status",
            "Status",
            TEXT,
            value=_status,
            sort="status",
            filter="status",
            choices=STATUSES,
            cell="status",
        ),
        Column("message", "What it said", TEXT),
    ),
    order="-started_at",
    shown=("started_at", "verb", "status", "seconds", "message"),
    terminal=("started_at", "verb", "status", "seconds", "message"),
    nothing=lambda _workspace, _target: "No command has run yet. Start with `umbrella run`.",
    best="started_at",
)
