"""Purchases to histories: one row of frequency, recency, age and mean amount for each customer.

In: one row for each purchase (whose, when, how much). Out: what BG/NBD and Gamma-Gamma read.
Promise: nothing after the end of observation is seen.

Rules. Purchases of one person within the same `occasion_days` (a day by default) are one occasion;
their amounts are added, refunds with them. An occasion whose total is not positive (a refund on a
day of its own, a free sample) is no purchase and does not count; what was paid back so is summed in
`refunded`. The first occasion makes a customer; frequency and mean amount are of the later ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from redumbrella.errors import DataError
from redumbrella.models.base import Vector


@dataclass(frozen=True)
class RepeatSummary:
    """Histories of n customers, in order of person.

    person: (n,), as given. frequency: repeat occasions. recency: time from the first to the last
    occasion. age: time from the first occasion to the end. mean_amount: of the repeat occasions, 0
    where there is none. first: day of the first occasion. Times are in units of `unit_days` days,
    except `first`, which is a day. refunded: total of the occasions that were not positive.
    """

    person: NDArray[np.int64]
    frequency: Vector
    recency: Vector
    age: Vector
    mean_amount: Vector
    first: Vector
    unit_days: float
    refunded: float


@dataclass(frozen=True)
class Holdout:
    """Histories up to a cut, and what the same customers did afterwards.

    purchases: (n,), occasions after the cut. amount: (n,), their total. horizon: time from the cut
    to the end, in units of `history.unit_days`.
    """

    history: RepeatSummary
    purchases: Vector
    amount: Vector
    horizon: float


@dataclass(frozen=True)
class _Occasions:
    """All occasions in order of person and time, those of no or negative amount with them."""

    person: NDArray[np.int64]
    day: Vector
    amount: Vector


def summarise(
    person: ArrayLike,
    at_days: ArrayLike,
    amount: ArrayLike,
    end: float,
    occasion_days: float = 1.0,
    unit_days: float = 1.0,
) -> RepeatSummary:
    """Histories of the customers with at least one purchase up to `end`.

    person: (k,), whole numbers. at_days: (k,), time of each purchase in days. amount: (k,), refunds
    below 0. end: day of the end of observation, that day included; occasions that start later are
    left out. occasion_days: see the rules above; an occasion's time is its start. unit_days: days
    in the unit of the answer's times, 7 for weeks. Raises DataError where rows are not numbers.
    """
    return _history(_occasions(person, at_days, amount, occasion_days), end, unit_days)


def split_holdout(
    person: ArrayLike,
    at_days: ArrayLike,
    amount: ArrayLike,
    cut: float,
    end: float,
    occasion_days: float = 1.0,
    unit_days: float = 1.0,
) -> Holdout:
    """Histories up to the cut (that day included), and what followed until `end`.

    Arguments as in `summarise`. Customers who first bought after the cut are left out. Raises
    DataError where the end is not after the cut.
    """
    if not end > cut:
        raise DataError(
            f"The holdout ends on day {end:g} and begins after day {cut:g}; an end after the cut "
            "is expected. Choose an earlier cut.",
            reason="bad_holdout",
        )
    occasions = _occasions(person, at_days, amount, occasion_days)
    history = _history(occasions, cut, unit_days)
    later = (occasions.amount > 0) & (occasions.day > cut) & (occasions.day <= end)
    later &= np.isin(occasions.person, history.person)
    where, size = np.searchsorted(history.person, occasions.person[later]), history.person.size
    return Holdout(
        history,
        np.bincount(where, minlength=size).astype(np.float64),
        np.bincount(where, occasions.amount[later], minlength=size).astype(np.float64),
        (end - cut) / unit_days,
    )


def _occasions(
    person: ArrayLike, at_days: ArrayLike, amount: ArrayLike, occasion_days: float
) -> _Occasions:
    """Purchases of the same person and the same time put together."""
    who = np.asarray(person, np.int64)
    at, paid = np.asarray(at_days, np.float64), np.asarray(amount, np.float64)
    if not who.shape == at.shape == paid.shape or who.ndim != 1:
        raise DataError(
            f"Persons, times and amounts of purchases have the shapes {who.shape}, {at.shape} and "
            f"{paid.shape}; one of each for every purchase is expected. Give arrays of one length.",
            reason="bad_purchases",
        )
    if not np.isfinite(at).all() or not np.isfinite(paid).all():
        raise DataError(
            "A purchase has a time or an amount that is not a number; both are expected. Leave "
            "such purchases out.",
            reason="bad_purchases",
        )
    bucket = np.floor(at / occasion_days)
    order = np.lexsort((bucket, who))
    who, bucket, paid = who[order], bucket[order], paid[order]
    is_new = np.ones(who.size, np.bool_)
    is_new[1:] = (who[1:] != who[:-1]) | (bucket[1:] != bucket[:-1])
    starts = np.flatnonzero(is_new)
    total = np.add.reduceat(paid, starts) if starts.size else paid
    return _Occasions(who[starts], bucket[starts] * occasion_days, total)


def _history(occasions: _Occasions, end: float, unit_days: float) -> RepeatSummary:
    known = occasions.day <= end
    seen = known & (occasions.amount > 0)
    who, day, paid = occasions.person[seen], occasions.day[seen], occasions.amount[seen]
    person, starts, counts = np.unique(who, return_index=True, return_counts=True)
    first, last = day[starts], day[starts + counts - 1]
    frequency = counts.astype(np.float64) - 1.0
    total = np.add.reduceat(paid, starts) if starts.size else paid
    repeated = np.maximum(total - paid[starts], 0.0)
    return RepeatSummary(
        person=person,
        frequency=frequency,
        recency=(last - first) / unit_days,
        age=(end - first) / unit_days,
        mean_amount=np.divide(
            repeated, frequency, out=np.zeros_like(repeated), where=frequency > 0
        ),
        first=first,
        unit_days=unit_days,
        refunded=float(occasions.amount[known & ~seen].sum()),
    )
