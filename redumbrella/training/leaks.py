"""The leak guard: fields that could only be known after the outcome.

In: closed leads with outcomes, and the open leads beside them. Out: findings with their evidence.
A `leak` is left out of every model unless the user keeps it; a `suspect` stays in, is named in
the report, and is for a person to judge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.figures import percent
from redumbrella.training.word_leaks import words_at_close

LEAST_ROWS = 20
MOST_BINS = 50
ROWS_PER_BIN = 40  # with fewer, what a bin tells drowns in its own chance
EMPTY_WORDS = ("", "unknown", "none", "select", "n/a", "na", "-", "0", "0.0", "false")
TELLING_NAMES = ("duration", "closed", "close_date", "outcome", "reason", "status", "stage", "lost")


@dataclass(frozen=True)
class Leak:
    """A field, the kind of evidence, and the evidence as a sentence.

    kept: the user insists on the field, so that models use it all the same.
    """

    column: str
    reason: Literal[
        "only_when_closed",
        "determines_outcome",
        "only_one_outcome",
        "after_close",
        "words_at_close",
    ]
    evidence: str
    severity: Literal["leak", "suspect"]
    kept: bool = False


def find_leaks(
    closed: pa.Table,
    won: NDArray[np.float64],
    open_leads: pa.Table,
    candidates: Sequence[str],
    keep: Sequence[str],
) -> list[Leak]:
    """Looks at each candidate field; the first and strongest evidence is reported."""
    tests: tuple[Callable[[str], Leak | None], ...] = (
        lambda name: _only_when_closed(name, closed, open_leads),
        lambda name: _after_close(name, closed),
        lambda name: _only_one_outcome(name, closed, won),
        lambda name: _words_at_close(name, closed, won, open_leads),
        lambda name: _determines_outcome(name, closed, won),
    )
    found = []
    for name in candidates:
        leak = next((leak for test in tests if (leak := test(name)) is not None), None)
        if leak is not None:
            found.append(replace(leak, kept=name in keep))
    return found


def _only_when_closed(name: str, closed: pa.Table, open_leads: pa.Table) -> Leak | None:
    """Filled for closed leads, empty (or one empty-like value) for every open one."""
    rows, opened = closed.num_rows, open_leads.num_rows
    if not rows or not opened or name not in open_leads.column_names:
        return None
    filled = 1.0 - closed[name].null_count / rows
    filled_open = 1.0 - open_leads[name].null_count / opened
    never_by_chance = (1.0 - filled) ** opened < 1e-3
    if filled_open == 0.0 and filled > 0.0 and (filled == 1.0 or never_by_chance):
        return Leak(
            name,
            "only_when_closed",
            f"filled for {percent(filled, 0)} of the {rows:,} closed leads and for none of the "
            f"{opened:,} open ones: it is only known once a lead is closed",
            "leak",
        )
    if filled > 0.5 and filled_open < 0.1 * filled and opened >= LEAST_ROWS:
        return Leak(
            name,
            "only_when_closed",
            f"filled for {percent(filled, 0)} of the closed leads but only "
            f"{percent(filled_open, 0)} of the open "
            "ones: it is mostly known once a lead is closed",
            "leak",
        )
    return _placeholder(name, closed, open_leads)


def _placeholder(name: str, closed: pa.Table, open_leads: pa.Table) -> Leak | None:
    """One empty-like word for every open lead that has any; rows without one say nothing."""
    known, known_open = closed[name].drop_null(), open_leads[name].drop_null()
    if len(known_open) < LEAST_ROWS:
        return None
    values = pc.unique(known_open)
    if len(values) != 1 or _plain(values[0]) not in EMPTY_WORDS:
        return None
    same = pc.sum(pc.equal(known, values[0])).as_py() or 0
    if len(known) == 0 or same > 0.05 * len(known):
        return None
    return Leak(
        name,
        "only_when_closed",
        f'"{_plain(values[0])}" for every open lead, but something else for '
        f"{percent(1 - same / len(known), 0)} of the closed ones: it is filled in when a "
        "lead closes",
        "leak",
    )


def _plain(value: Any) -> str:
    return str(value.as_py()).strip().lower()


def _after_close(name: str, closed: pa.Table) -> Leak | None:
    """A date at or after the close of the lead, for most leads that have both.

    Of a lead that closed within a day of its creation every early date is near the close, so only
    dates after the close count there.
    """
    if not pa.types.is_timestamp(closed[name].type) or "closed_at" not in closed.column_names:
        return None
    gap = _days_between(closed["closed_at"], closed[name])
    if "created_at" in closed.column_names:
        lasted = ~(_days_between(closed["created_at"], closed["closed_at"]) <= 1.0)
    else:
        lasted = np.ones(gap.size, np.bool_)
    known = ~np.isnan(gap)
    gap, lasted = gap[known], lasted[known]
    if gap.size < LEAST_ROWS:
        return None
    late = float(np.mean((gap > 0.0) | ((gap == 0.0) & lasted)))
    near = float(np.mean((np.abs(gap) <= 1.0) & lasted))
    if late < 0.5 and near < 0.9:
        return None
    return Leak(
        name,
        "after_close",
        f"not before the close of the lead in {percent(late, 0)} of {gap.size:,} cases, and within "
        f"a day of it in {percent(near, 0)}: it is written when the lead closes",
        "leak",
    )


def _days_between(first: pa.ChunkedArray, second: pa.ChunkedArray) -> NDArray[np.float64]:
    gap = pc.subtract(second.cast(pa.int64()), first.cast(pa.int64())).cast(pa.float64())
    days = gap.to_numpy(zero_copy_only=False) / MICROSECONDS_PER_DAY
    return np.asarray(days, np.float64)


def _only_one_outcome(name: str, closed: pa.Table, won: NDArray[np.float64]) -> Leak | None:
    """Filled for some leads, and all of those had the same outcome: no accident."""
    present = pc.is_valid(closed[name]).to_numpy(zero_copy_only=False)
    count = int(present.sum())
    if count < LEAST_ROWS or count > 0.95 * won.size or count < 0.01 * won.size:
        return None
    share, base = float(won[present].mean()), float(won.mean())
    if share not in (0.0, 1.0):
        return None
    chance = base if share == 1.0 else 1.0 - base
    if count * np.log(max(chance, 1e-12)) > np.log(1e-9):
        return None
    outcome = "won" if share == 1.0 else "lost"
    return Leak(
        name,
        "only_one_outcome",
        f"filled for {count:,} closed leads, and every one of them was {outcome}: it is written "
        f"when a lead is {outcome}",
        "leak",
    )


def _words_at_close(
    name: str, closed: pa.Table, won: NDArray[np.float64], open_leads: pa.Table
) -> Leak | None:
    """Words that are written when a lead ends."""
    opened = open_leads[name] if name in open_leads.column_names else None
    found = words_at_close(name, closed[name], won, opened)
    return None if found is None else Leak(name, "words_at_close", *found)


def _determines_outcome(name: str, closed: pa.Table, won: NDArray[np.float64]) -> Leak | None:
    """How much of the outcome the field alone tells, on leads it was not learned from."""
    if not won.size >= 2 * LEAST_ROWS or min(won.sum(), won.size - won.sum()) < LEAST_ROWS:
        return None
    codes = _coarse(closed[name])
    told = _told_share(codes, won)
    if told > 0.85:
        return Leak(
            name,
            "determines_outcome",
            f"alone it tells {percent(told, 0)} of what there is to know about the outcome, on "
            "leads it was not learned from: it repeats the outcome or follows from it",
            "leak",
        )
    telling = any(word in name.lower() for word in TELLING_NAMES)
    if told > 0.45 or (telling and told > 0.1):
        return Leak(
            name,
            "determines_outcome",
            f"alone it tells {percent(told, 0)} of what there is to know about the outcome"
            + (", and its name sounds like something known at the end" if telling else "")
            + ". If it is only known afterwards, list it under ignore",
            "suspect",
        )
    return None


def _coarse(column: pa.ChunkedArray) -> NDArray[np.intp]:
    """Values as small codes: categories as they are, numbers and dates in bins, 0 = missing."""
    kind = column.type
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    if pa.types.is_string(kind) or pa.types.is_boolean(kind):
        encoded = pc.dictionary_encode(column.combine_chunks())
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.intp)
        return np.asarray(codes + 1, np.intp)
    numbers = column.cast(pa.int64()) if pa.types.is_timestamp(kind) else column
    values = numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    known = values[~missing]
    if known.size == 0:
        return np.zeros(values.size, np.intp)
    distinct = np.unique(known)
    bins = min(MOST_BINS, max(5, known.size // ROWS_PER_BIN))
    edges = (
        distinct
        if distinct.size <= bins
        else np.unique(np.quantile(known, np.arange(1, bins) / bins))
    )
    codes = np.searchsorted(edges, np.where(missing, 0.0, values), side="left") + 1
    return np.where(missing, 0, codes).astype(np.intp)


def _told_share(codes: NDArray[np.intp], won: NDArray[np.float64]) -> float:
    """Share of the outcome's log loss that disappears when rates per code, learned on one half
    of the rows, are asked about the other half (both ways)."""
    even = np.arange(won.size) % 2 == 0
    told, total = 0.0, 0.0
    for test in (even, ~even):
        base = float(np.clip(won[~test].mean(), 1e-6, 1 - 1e-6))
        size = int(codes.max()) + 1
        count = np.bincount(codes[~test], minlength=size)
        hits = np.bincount(codes[~test], won[~test], minlength=size)
        rate = (hits + 0.5 * base) / (count + 0.5)
        p = np.clip(rate[codes[test]], 1e-4, 1 - 1e-4)
        y = won[test]
        told += -float(np.sum(np.log(np.where(y == 1, p, 1 - p))))
        total += -float(np.sum(np.log(np.where(y == 1, base, 1 - base))))
    return max(0.0, 1.0 - told / max(total, 1e-12))
