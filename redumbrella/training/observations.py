"""What a lesson is: closed leads in order of time with their outcome, and the open ones to score.

In: the lake's current leads and an instant. Out: `Observations`. A lead without an outcome is
open; a lead that closed after the instant was still open then. An outcome that is written down is
decided, though: a close that is dated after Red Umbrella learned of it is a typing error or the
start of a contract, and the lead counts as closed from when it was learned. The order of time is
that of `created_at`; where nobody recorded it, the order of the rows stands in, and the report says
so.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime
from redumbrella.columns import INGESTED_AT, ORDER
from redumbrella.errors import DataError
from redumbrella.training.stages import Stages

Order = Literal["created_at", "rows", "none"]
LEAST_DATED_SHARE = 0.9
AMONG_SHARE = 0.35
_DAY = pa.scalar(MICROSECONDS_PER_DAY, pa.duration("us"))


@dataclass(frozen=True)
class Observations:
    """Closed leads (n rows, oldest first), their outcomes, and the open leads.

    position: where each lead stands in time: `created_at` in microseconds, or the number of its
    row. open_among: the open leads lie among the closed ones in time (their outcomes are late),
    not after them. stages: where a lead or a person teaches at several instants, those of each row;
    None: every row is a lead of its own, as it was created. waits: how far behind a lead must be
    before it teaches, in the unit of position; 0 where all that are closed teach. held: so many of
    the open leads, the last ones, are closed and were held out.
    """

    closed: pa.Table
    won: NDArray[np.float64]
    position: NDArray[np.float64]
    open: pa.Table
    open_position: NDArray[np.float64]
    order: Order
    open_among: bool
    stages: Stages | None = None
    waits: float = 0.0
    held: int = 0

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
    leads = leads.filter(is_there(leads, as_of))
    is_closed = is_decided(leads, as_of)
    if "closed_at" in leads.column_names:
        leads = _with_known_closes(leads)
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


def is_there(leads: pa.Table, as_of: int) -> pa.ChunkedArray:
    """Which leads had come at an instant (UTC microseconds)."""
    if "created_at" not in leads.column_names:
        return pa.chunked_array([pa.array(np.ones(leads.num_rows, np.bool_))])
    instant = pa.scalar(to_datetime(as_of), pa.timestamp("us", "UTC"))
    return pc.fill_null(pc.less(begun_at(leads["created_at"]), instant), True)


def is_decided(leads: pa.Table, as_of: int) -> pa.ChunkedArray:
    """Which leads had an outcome at an instant (UTC microseconds)."""
    is_closed = pc.is_valid(leads["won"])
    if "closed_at" not in leads.column_names:
        return is_closed
    instant = pa.scalar(to_datetime(as_of), pa.timestamp("us", "UTC"))
    return pc.and_(is_closed, pc.fill_null(pc.less(decided_at(leads), instant), True))


def held_out(observed: Observations, share: float) -> Observations:
    """The newest closed leads as if they were open, to see what would have been said of them.

    share: of the closed leads, or, from 1 on, how many. Raises DataError where fewer than half of
    the closed leads would be left to learn from.
    """
    closed = observed.won.size
    held = max(1, round(share * closed if share < 1.0 else share))
    if 2 * held > closed:
        raise DataError(
            f"{held:,} leads are to be held out, but only {closed:,} are closed, and half of them "
            "have to stay to learn from. Hold out fewer, such as --hold-out 10%.",
            reason="bad_share",
        )
    kept = closed - held
    return replace(
        observed,
        closed=observed.closed.slice(0, kept),
        won=observed.won[:kept],
        position=observed.position[:kept],
        open=pa.concat_tables([observed.open, observed.closed.slice(kept)]),
        open_position=np.concatenate([observed.open_position, observed.position[kept:]]),
        held=held,
    )


def decided_at(leads: pa.Table) -> pa.ChunkedArray:
    """Instants from which on leads with an outcome are decided; unknown where nobody wrote it.

    That is when they closed, at the latest when Red Umbrella learned of it. Of leads without an
    outcome it is the planned close, which decides nothing.
    """
    closed = leads["closed_at"]
    if INGESTED_AT not in leads.column_names:
        return closed
    is_later = pc.and_(pc.greater(closed, leads[INGESTED_AT]), pc.is_valid(leads["won"]))
    return pc.if_else(pc.fill_null(is_later, False), leads[INGESTED_AT], closed)


def _with_known_closes(leads: pa.Table) -> pa.Table:
    """The leads as they were decided, with the close unknown where it cannot be right: a day or
    more after it was learned, or before the creation. (A day without a time counts to its end.)
    """
    closed, decided = leads["closed_at"], decided_at(leads)
    wrong = pc.greater_equal(closed, pc.add(decided, _DAY))
    if "created_at" in leads.column_names:
        wrong = pc.or_kleene(wrong, pc.less(pc.add(closed, _DAY), leads["created_at"]))
    wrong = pc.and_(pc.fill_null(wrong, False), pc.is_valid(leads["won"]))
    known = pc.if_else(wrong, pa.scalar(None, closed.type), decided)
    return leads.set_column(leads.column_names.index("closed_at"), "closed_at", known)


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
        here = pc.and_(here, pc.is_valid(leads["won"]))
        later = pc.greater_equal(leads["closed_at"], pc.add(instant, _DAY))
        later = pc.fill_null(later, False)
        not_yet = pc.fill_null(pc.greater_equal(decided_at(leads), instant), False)
        if count := pc.sum(pc.and_(here, pc.and_not(later, not_yet))).as_py():
            notes.append(
                f"Leads that are won or lost with a close date in the future: {count:,}. They "
                "count as decided, and when they closed as unknown. If the dates are wrong, "
                "correct closed_at in the source."
            )
        if count := pc.sum(pc.and_(here, not_yet)).as_py():
            notes.append(
                f"Leads with an outcome that are closed after this instant: {count:,}. They count "
                "as open until then."
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
