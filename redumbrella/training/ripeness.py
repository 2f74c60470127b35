"""Ripeness: whether the outcomes that are written down are a picture of those that will come.

In: when leads came, which of them are decided, and which were won. Out: from when on they are not
ripe, and whether losses are written down at all. Where a win is dated at once and a loss months
later, the recent leads that are closed are nearly all won; a model that learned from them would
take every open lead for a sure thing.

A recent period is not ripe where fewer of its leads are decided than of older ones, and those that
are decided were won far more, or far less, often than before. Where both are decided alike, or
levels merely move, nothing is found, and every closed lead teaches.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime
from redumbrella.training.observations import decided_at

MOST_PERIODS, LEAST_IN_PERIOD = 60, 30
LEAST_PERIODS = 6
DECIDED = 0.95  # of the share that is decided among older leads: so much, and a period is ripe
LEAST_DECIDED = 0.3  # below, older leads say nothing about when the others are decided
LEAST_UNRIPE = 10  # decided leads of the recent time, to compare them
CLEAR_DIFFERENCE, CLEAR_ERRORS = 0.5, 4.0  # in log-odds, and in standard errors

ONE_SIDED = 0.9  # won among the decided
LEAST_UNDECIDED = 0.3  # of the old leads
LEAST_OLD = 50
USUAL_DAYS, LEAST_DAYS, MOST_DAYS = 180, 30, 365


@dataclass(frozen=True)
class OneSided:
    """Old leads that nobody decided, where nearly all that are decided were won.

    days: older than that is old. old, undecided: how many leads are, and how many of them are
    neither won nor lost. won: share of the decided leads that were won. slowest: days within which
    99 of 100 wins came; None where no closing is dated.
    """

    days: int
    old: int
    undecided: int
    won: float
    slowest: float | None


def unripe_since(
    position: NDArray[np.float64], decided: NDArray[np.bool_], won: NDArray[np.bool_]
) -> float | None:
    """The place in time from which leads are not ripe; None where all that are decided teach.

    position, decided, won: (n,) of all leads, in any order; won counts where decided.
    """
    order = np.argsort(position, kind="stable")
    periods = min(MOST_PERIODS, position.size // LEAST_IN_PERIOD)
    if periods < LEAST_PERIODS:
        return None
    edges = np.linspace(0, position.size, periods + 1).astype(np.intp)
    leads = np.diff(edges)
    closed = np.add.reduceat(decided[order].astype(np.intp), edges[:-1])
    wins = np.add.reduceat((won & decided)[order].astype(np.intp), edges[:-1])
    share = closed / leads
    usual = float(np.median(share[: periods // 2]))
    if usual < LEAST_DECIDED:
        return None
    error = np.sqrt(usual * (1.0 - usual) / leads.min())
    ripe = np.flatnonzero(share >= DECIDED * usual - error)
    first = int(ripe.max()) + 1
    if first >= periods:
        return None
    before = slice(max(0, first - max(first // 3, LEAST_PERIODS // 2)), first)
    recent = (int(wins[first:].sum()), int(closed[first:].sum()))
    if not _is_another_level((int(wins[before].sum()), int(closed[before].sum())), recent):
        return None
    return float(position[order[edges[first]]])


def _is_another_level(before: tuple[int, int], recent: tuple[int, int]) -> bool:
    """Whether two shares (won, decided) are clearly apart in log-odds."""
    if min(before[1], recent[1]) < LEAST_UNRIPE:
        return False
    was, now = (np.log((won + 0.5) / (of - won + 0.5)) for won, of in (before, recent))
    pooled = (before[0] + recent[0]) / (before[1] + recent[1])
    error = np.sqrt(pooled * (1.0 - pooled) * (1.0 / before[1] + 1.0 / recent[1]))
    gap = abs(recent[0] / recent[1] - before[0] / before[1])
    return bool(abs(now - was) > CLEAR_DIFFERENCE and gap > CLEAR_ERRORS * error)


def one_sided(leads: pa.Table, as_of: int) -> OneSided | None:
    """What shows that losses are not written down; None where they are, or nobody can know.

    leads: with won, created_at and maybe closed_at. as_of: UTC microseconds.
    """
    if not {"created_at", "won"} <= set(leads.column_names):
        return None
    end = end_of_record(leads, as_of)
    created = _micros(leads, "created_at")
    decided = _decided(leads, as_of)
    won = decided & pc.fill_null(leads["won"], False).to_numpy(zero_copy_only=False)
    dated = (created >= 0) & (created < as_of)
    if int(dated.sum()) < LEAST_OLD:
        return None
    slowest = _slowest_wins(leads, created, won)
    days = _days_to_wait(slowest, (end - int(created[dated].min())) / MICROSECONDS_PER_DAY)
    old = dated & (created < end - days * MICROSECONDS_PER_DAY)
    undecided, count = int((old & ~decided).sum()), int(old.sum())
    share = float(won[decided].mean()) if decided.any() else 0.0
    if count < LEAST_OLD or undecided < LEAST_UNDECIDED * count or share < ONE_SIDED:
        return None
    return OneSided(days, count, undecided, share, slowest)


def with_old_ones_lost(leads: pa.Table, days: float, as_of: int) -> pa.Table:
    """The leads, each without an outcome lost `days` after it came, once that time is over.

    Time ends at as_of (UTC microseconds) or with the record, if that ends before: of a record that
    ends in May nobody knows what was won in June. A lead without a time of creation stays open.
    """
    if "created_at" not in leads.column_names or "won" not in leads.column_names:
        return leads
    created = _micros(leads, "created_at")
    lost_at = created + round(days * MICROSECONDS_PER_DAY)
    lost = ~_decided(leads, as_of) & (created >= 0) & (lost_at < end_of_record(leads, as_of))
    mask = pa.array(lost)
    changed = _replaced(leads, "won", pc.if_else(mask, False, leads["won"]))
    if "closed_at" not in leads.column_names:
        return changed
    closed = leads["closed_at"]
    if closed.null_count == len(closed):
        return changed  # dates for losses alone would say that wins take no time
    at = pa.array(lost_at).cast(pa.timestamp("us", "UTC")).cast(closed.type)
    return _replaced(changed, "closed_at", pc.if_else(mask, at, closed))


def end_of_record(leads: pa.Table, as_of: int) -> int:
    """Just after the last lead came or was closed, as_of at the latest (UTC microseconds)."""
    last = -1
    for name in ("created_at", "closed_at"):
        if name in leads.column_names:
            at = _micros(leads, name)
            last = max(last, int(at[at < as_of].max(initial=-1)))
    return as_of if last < 0 else min(as_of, last + 1)


def said_of(found: OneSided) -> str:
    """In plain words what is wrong, and the two ways to mend it."""
    counted = (
        "" if found.slowest is None else f" Of 100 wins 99 came within {found.slowest:.0f} days."
    )
    return (
        f"Losses are not recorded: of {found.old:,} leads older than {found.days} days "
        f"{found.undecided:,} are neither won nor lost, and {100 * found.won:.1f} % of the decided "
        f"ones were won.{counted} The {found.undecided:,} are probably lost, and until you say so "
        "they are counted as lost here and are not on the list. Close them in the source, or write "
        f"lost_after_days = {found.days} under [tables.leads]; then the scores can be relied on."
    )


def said_of_unripe(since: float, dated: bool, left_out: int, won: float, before: float) -> str:
    """In plain words from when on leads wait, and why.

    since: an instant in microseconds where dated, else the number of a row. left_out: closed leads
    that wait. won, before: shares won among these, and among those that teach.
    """
    place = f"row {since:.0f}"
    if dated:
        place = to_datetime(int(since)).strftime("%Y-%m-%d")
    return (
        f"Leads from {place} on do not teach yet, {left_out:,} closed ones: fewer of their time "
        f"are decided than of older leads, and {100 * won:.0f} % of these were won, against "
        f"{100 * before:.0f} % before. One outcome is written down later than the other"
        + (", so fewer open leads will be won than their scores say." if won > before else ".")
    )


def said_of_age(quick: float, settling: float, older: int) -> str:
    """In plain words that open leads are too old for their scores.

    quick: days within which 99 of 100 wins came; settling: days that deciding takes; older: open
    leads that are older than quick.
    """
    return (
        f"Of 100 wins 99 came within {quick:.0f} days, and losses took up to {settling:.0f}. A "
        "score says what becomes of such a lead from the day it came; the "
        f"{older:,} open leads older than {quick:.0f} days will be won far more rarely than that."
    )


def _decided(leads: pa.Table, as_of: int) -> NDArray[np.bool_]:
    """Which leads had an outcome at as_of."""
    decided = leads["won"].is_valid().to_numpy(zero_copy_only=False)
    if "closed_at" in leads.column_names:
        at = pc.fill_null(decided_at(leads).cast(pa.int64()), -1)
        decided = decided & (at.to_numpy(zero_copy_only=False) < as_of)
    return np.asarray(decided, np.bool_)


def _slowest_wins(
    leads: pa.Table, created: NDArray[np.int64], won: NDArray[np.bool_]
) -> float | None:
    if "closed_at" not in leads.column_names:
        return None
    took = (_micros(leads, "closed_at") - created) / MICROSECONDS_PER_DAY
    took = took[won & (created >= 0) & (took > 0)]
    return float(np.quantile(took, 0.99)) if took.size >= LEAST_OLD else None


def _days_to_wait(slowest: float | None, span: float) -> int:
    """After how many days nobody is won any more, as far as the record says; not half of it."""
    days = USUAL_DAYS if slowest is None else int(np.ceil(1.5 * slowest / 10) * 10)
    return int(max(1, min(max(days, LEAST_DAYS), MOST_DAYS, span / 2)))


def _micros(leads: pa.Table, name: str) -> NDArray[np.int64]:
    """Instants in microseconds, -1 where there is none."""
    at = pc.fill_null(leads[name].cast(pa.int64()), -1)
    return np.asarray(at.to_numpy(zero_copy_only=False), np.int64)


def _replaced(leads: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return leads.set_column(leads.column_names.index(name), name, values)
