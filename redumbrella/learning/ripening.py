"""Ripening: which closed leads teach, and at which stages of their lives.

In: gathered leads. Out: those whose time is decided, with a note on those that wait. A lead waits
while leads of its age usually are undecided (see `training.maturity` and `training.ripeness`).
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.learning.gathering import Gathered, person_ids, touches
from redumbrella.training.maturity import settling_time
from redumbrella.training.observations import Observations
from redumbrella.training.ripeness import said_of_age, said_of_unripe, unripe_since
from redumbrella.training.stages import MOST_PER_SUBJECT, lead_stages

MOST_ROWS = 80_000
SLOWER = 1.5  # deciding takes so much longer than winning, and an open lead's age tells
OLD_SHARE, LEAST_OLD = 0.2, 20  # of the open leads
LEAST_MATURE = 40  # won and lost leads below which even young ones must teach


@dataclass(frozen=True, eq=False)
class Ripe:
    """The closed leads that teach, and why others wait.

    settling: microseconds that deciding takes, 0 where no closing is dated. note: what is said of
    outcomes that are not ripe; None where there are none. care: why scores of old open leads are
    too high, if they are.
    """

    observed: Observations
    settling: int = 0
    note: str | None = None
    care: str | None = None


def ripe(gathered: Gathered) -> Ripe:
    """The closed leads whose time is decided; people are asked at instants that are over."""
    observed = gathered.observed
    if observed.stages is not None or observed.order == "none":
        return Ripe(observed)
    settled, settling = _settled(gathered)
    since = _unripe_since(gathered)
    care = _said_of_age(gathered, settling)
    if since is None:
        return Ripe(settled, settling, None, care)
    rows = np.flatnonzero(observed.position < since)
    ends = (observed.position.max(initial=since), observed.open_position.max(initial=since))
    waits = max(float(settling), float(max(ends)) - since)
    kept = replace(_only(observed, rows), waits=waits)
    if settling:
        rows = np.flatnonzero(kept.position < gathered.as_of - settling)
        won = kept.won[rows]
        if min(won.sum(), (1.0 - won).sum()) >= LEAST_MATURE:
            kept = _only(kept, rows)
    dated = observed.order == "created_at"
    late = observed.won[observed.position >= since]
    before = float(kept.won.mean()) if kept.won.size else 0.0
    note = None
    if gathered.lost_after is None and late.size:
        note = said_of_unripe(since, dated, late.size, float(late.mean()), before)
    return Ripe(kept, round(waits) if dated else 0, note, care or note)


def _said_of_age(gathered: Gathered, settling: int) -> str | None:
    """That most open leads are past the time in which leads are won, where no score sees it."""
    observed, closed_at = gathered.observed, _closed_at(gathered.observed)
    if closed_at is None or gathered.sees_history or not settling:
        return None
    took = (closed_at - observed.position)[(observed.won == 1.0)]
    took = took[took > 0]
    if took.size < LEAST_MATURE:
        return None
    quick = float(np.quantile(took, 0.99))
    still_open = observed.open_position[: observed.open_position.size - observed.held]
    end = max(observed.position.max(initial=0.0), still_open.max(initial=0.0))
    older = int((still_open < end - quick).sum())
    if SLOWER * quick > settling or older < OLD_SHARE * still_open.size or older < LEAST_OLD:
        return None
    days = MICROSECONDS_PER_DAY
    return said_of_age(quick / days, settling / days, older)


def _settled(gathered: Gathered) -> tuple[Observations, int]:
    """The closed leads that are older than deciding takes, and how long that is (microseconds)."""
    observed = gathered.observed
    closed_at = _closed_at(observed)
    if closed_at is None:
        return observed, 0
    created = observed.position.astype(np.int64)
    settling = settling_time(created, closed_at)
    rows = np.flatnonzero(created < gathered.as_of - settling)
    won = observed.won[rows]
    if settling == 0 or min(won.sum(), (1.0 - won).sum()) < LEAST_MATURE:
        return observed, 0
    return _only(observed, rows), settling


def _unripe_since(gathered: Gathered) -> float | None:
    """From which place in time on leads are not ripe; None where all closed ones are."""
    observed = gathered.observed
    position = np.concatenate([observed.position, observed.open_position])
    if gathered.lost_after is not None and observed.order == "created_at" and position.size:
        return float(position.max()) - gathered.lost_after
    decided = np.arange(position.size) < observed.won.size
    won = np.concatenate([observed.won == 1.0, np.zeros(observed.open_position.size, np.bool_)])
    return unripe_since(position, decided, won)


def _only(observed: Observations, rows: NDArray[np.intp]) -> Observations:
    """The same with some of the closed leads."""
    return replace(
        observed,
        closed=observed.closed.take(pa.array(rows)),
        won=observed.won[rows],
        position=observed.position[rows],
    )


def staged(gathered: Gathered, observed: Observations, settling: int) -> Observations:
    """Closed leads at the stages of their lives; people are already rows at many instants."""
    closed_at = _closed_at(observed)
    if observed.stages is not None or closed_at is None:
        return observed
    created = observed.position.astype(np.int64)
    people, touched = touches(gathered.facts)
    most = int(np.clip(MOST_ROWS // max(created.size, 1), 2, MOST_PER_SUBJECT))
    stages = lead_stages(
        people.index_of(person_ids(observed.closed)),
        created,
        closed_at,
        touched.person,
        touched.at,
        most_per_lead=most,
        settling=settling,
    )
    return observed.at_stages(stages)


def _closed_at(observed: Observations) -> NDArray[np.int64] | None:
    """Instants of closing, the creation where unknown; None when nobody recorded any."""
    if observed.order != "created_at" or "closed_at" not in observed.closed.column_names:
        return None
    closed_at = observed.closed["closed_at"].cast(pa.int64())
    if closed_at.null_count == len(closed_at):
        return None
    return np.where(
        closed_at.is_valid().to_numpy(zero_copy_only=False),
        closed_at.fill_null(0).to_numpy(zero_copy_only=False),
        observed.position.astype(np.int64),
    )
