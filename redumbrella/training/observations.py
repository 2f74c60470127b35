"""What a lesson is: closed leads in order of time with their outcome, and the open ones to score.

In: the lake's current leads and an instant. Out: `Observations`. A lead without an outcome is
open; a lead that closed after the instant was still open then. The order of time is that of
`created_at`; where nobody recorded it, the order of the rows stands in, and the report says so.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime
from redumbrella.columns import ORDER
from redumbrella.errors import DataError
from redumbrella.training.stages import Stages

Order = Literal["created_at", "rows", "none"]
LEAST_DATED_SHARE = 0.9
AMONG_SHARE = 0.35


@dataclass(frozen=True)
class Observations:
    """Closed leads (n rows, oldest first), their outcomes, and the open leads.

    position: where each lead stands in time: `created_at` in microseconds, or the number of its
    row. open_among: the open leads lie among the closed ones in time (their outcomes are late),
    not after them. stages: where a lead or a person teaches at several instants, those of each row;
    None: every row is a lead of its own, as it was created.
    """

    closed: pa.Table
    won: NDArray[np.float64]
    position: NDArray[np.float64]
    open: pa.Table
    open_position: NDArray[np.float64]
    order: Order
    open_among: bool
    stages: Stages | None = None

    def conversions(self) -> tuple[int, int]:
        """How many leads or people were won, and how many were lost, at least once."""
        if self.stages is None:
            return int(self.won.sum()), int((1.0 - self.won).sum())
        subject = self.stages.subject
        won, lost = np.unique(subject[self.won == 1.0]), np.unique(subject[self.won == 0.0])
        return int(won.size), int(lost.size)

    def independent(self) -> NDArray[np.intp]:
        """Rows that do not repeat each other: all of them, or one drawn per lead or person."""
        rows = np.arange(self.won.size)
        return rows if self.stages is None else self.stages.one_each(rows)

    def weight(self) -> NDArray[np.float64]:
        """How much each row teaches, (n,)."""
        return np.ones(self.won.size) if self.stages is None else self.stages.weight

    def at_stages(self, stages: Stages) -> "Observations":
        """The same leads at several stages each; stages.subject numbers the present rows."""
        rows = stages.subject
        return replace(
            self,
            closed=self.closed.take(pa.array(rows)),
            won=self.won[rows],
            position=self.position[rows],
            stages=stages,
        )


def lead_observations(leads: pa.Table, as_of: int) -> Observations:
    """Splits the current leads at `as_of` (UTC microseconds).

    Raises DataError when no lead has an outcome column at all.
    """
    if "won" not in leads.column_names or leads["won"].null_count == leads.num_rows:
        raise DataError(
            "No lead has an outcome yet, so there is nothing to learn from. Map the column that "
            'says won or lost in umbrella.toml, such as  won = "Converted"  under '
            "[tables.leads.columns], or add leads that are already closed.",
            reason="no_outcomes",
        )
    instant = pa.scalar(to_datetime(as_of), pa.timestamp("us", "UTC"))
    if "created_at" in leads.column_names:
        known = pc.fill_null(pc.less(begun_at(leads["created_at"]), instant), True)
        leads = leads.filter(known)
    is_closed = pc.is_valid(leads["won"])
    if "closed_at" in leads.column_names:
        closed_then = pc.fill_null(pc.less(leads["closed_at"], instant), True)
        is_closed = pc.and_(is_closed, closed_then)
    position, order = _positions(leads, is_closed)
    mask = is_closed.to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(mask)
    arrival = leads[ORDER].to_numpy()
    rows = rows[np.lexsort((arrival[rows], position[rows]))]
    open_rows = np.flatnonzero(~mask)
    closed = leads.take(pa.array(rows))
    return Observations(
        closed=closed,
        won=pc.cast(closed["won"], pa.float64()).to_numpy(zero_copy_only=False).copy(),
        position=position[rows],
        open=leads.take(pa.array(open_rows)),
        open_position=position[open_rows],
        order=order,
        open_among=_lie_among(position[open_rows], position[rows], order),
    )


def notes_on_the_future(leads: pa.Table, as_of: int) -> list[str]:
    """What is dated at or after the instant (UTC microseconds), and what becomes of it."""
    instant = pa.scalar(to_datetime(as_of), pa.timestamp("us", "UTC"))
    notes = []
    here = pa.chunked_array([pa.array(np.ones(leads.num_rows, np.bool_))])
    if "created_at" in leads.column_names:
        here = pc.fill_null(pc.less(begun_at(leads["created_at"]), instant), True)
        if later := pc.sum(pc.invert(here)).as_py():
            notes.append(
                f"Leads created after this instant: {later:,}. They are neither learned from nor "
                "scored yet. If they are there already, correct created_at in the source."
            )
    if {"closed_at", "won"} <= set(leads.column_names):
        later = pc.fill_null(pc.greater_equal(leads["closed_at"], instant), False)
        ended = pc.and_(pc.and_(later, pc.is_valid(leads["won"])), here)
        if count := pc.sum(ended).as_py():
            notes.append(
                f"Leads with an outcome that are closed after this instant: {count:,}. They count "
                "as open until then. If they are closed already, correct closed_at in the source, "
                "or leave it empty."
            )
    return notes


def begun_at(created: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants of creation; of a lead of which only the day is known, the beginning of that day.

    Such an instant is kept as the last microsecond of its day, when all that happened on it is
    known. The lead may have come at any time of it, and is asked about with what was known before.
    created: timestamps in the workspace's zone, or without one.
    """
    local = created if created.type.tz is None else pc.local_timestamp(created)
    day = pc.floor_temporal(local, unit="day")
    is_day = pc.equal(pc.subtract(local, day).cast(pa.int64()), MICROSECONDS_PER_DAY - 1)
    if created.type.tz is not None:
        day = pc.assume_timezone(day, created.type.tz, ambiguous="earliest", nonexistent="latest")
    return pc.if_else(is_day, day, created)


def _positions(leads: pa.Table, is_closed: pa.ChunkedArray) -> tuple[NDArray[np.float64], Order]:
    arrival = leads[ORDER].cast(pa.float64()).to_numpy(zero_copy_only=False)
    if "created_at" in leads.column_names:
        created = begun_at(leads["created_at"])
        if created.null_count <= (1.0 - LEAST_DATED_SHARE) * leads.num_rows:
            micros = created.cast(pa.int64()).cast(pa.float64(), safe=False)
            at = micros.to_numpy(zero_copy_only=False).copy()
            at[np.isnan(at)] = np.nanmin(at) if not np.isnan(at).all() else 0.0
            return at, "created_at"
    if _is_sorted_by_outcome(leads, is_closed, arrival):
        shuffled = np.random.default_rng(0).permutation(leads.num_rows).astype(np.float64)
        return shuffled, "none"
    return arrival, "rows"


def _is_sorted_by_outcome(
    leads: pa.Table, is_closed: pa.ChunkedArray, arrival: NDArray[np.float64]
) -> bool:
    """True when the file lists one outcome after the other: then its order is not time."""
    mask = is_closed.to_numpy(zero_copy_only=False)
    won = pc.fill_null(leads["won"], False).to_numpy(zero_copy_only=False)[mask]
    won = won[np.argsort(arrival[mask])].astype(np.float64)
    least = min(won.sum(), won.size - won.sum())
    if least < 5:
        return False
    changes = float(np.abs(np.diff(won)).sum())
    return bool(changes < 0.05 * least)


def _lie_among(
    open_position: NDArray[np.float64], position: NDArray[np.float64], order: Order
) -> bool:
    if order == "none" or open_position.size == 0 or position.size == 0:
        return order == "none"
    return bool(np.mean(open_position < np.quantile(position, 0.98)) > AMONG_SHARE)
