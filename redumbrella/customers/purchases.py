"""Purchases as one list: whose, on which day, how much; with refunds taken off what they give back.

In: one row for each purchase or refund. Out: the same list cut at a day, netted, and described by
windows of time. Promise: a cut at a day shows nothing of what came after it.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from redumbrella.customers.history import RepeatSummary
from redumbrella.models.base import Vector

WINDOWS = (30.0, 90.0, 180.0, 365.0)  # days
COLUMNS = (
    "days since the last purchase",
    "days since the first purchase",
    "repeat purchases",
    "mean days between purchases",
    "days since the last purchase by that mean",
    "mean amount",
    "amount of the last purchase",
    "largest amount",
    "spent",
    *(f"{what} in {days:g} days" for days in WINDOWS for what in ("purchases", "spent")),
)
# A refund may miss what it gives back by the rounding of prices.
CENT = 0.005
# A refund is looked for among so many rows of its customer before it: of one who has millions,
# looking through all of them for each would take days.
MOST_BACK = 10_000


@dataclass(frozen=True)
class Purchases:
    """Rows in order of person and time.

    person: (k,), whole numbers. day: (k,), in days, the time of day as a fraction. amount: (k,),
    refunds below 0.
    """

    person: NDArray[np.int64]
    day: Vector
    amount: Vector

    @classmethod
    def of(cls, person: NDArray[np.int64], day: Vector, amount: Vector) -> Self:
        """Rows in any order."""
        order = np.lexsort((day, person))
        return cls(person[order], day[order], amount[order])

    def within(self, after: float, end: float) -> Self:
        """Rows after the day `after` until the day `end`; that day included."""
        whole = np.floor(self.day)
        return self._where((whole > after) & (whole <= end))

    def until(self, end: float) -> Self:
        """Rows until the day `end`, that day included."""
        return self.within(-np.inf, end)

    def net(self) -> Self:
        """Purchases alone, each less what was given back of it.

        A refund is of the customer's latest earlier purchase of that amount, else of the latest
        ones, as far as it reaches; what is left of it was bought before the record begins and is
        dropped. Purchases of which nothing is left are none. It reaches MOST_BACK rows back.
        """
        left = self.amount.copy()
        refunds = np.flatnonzero(self.amount < 0)
        starts = np.searchsorted(self.person, self.person[refunds])
        for row, start in zip(refunds.tolist(), starts.tolist(), strict=True):
            owed, first = -float(self.amount[row]), max(start, row - MOST_BACK)
            same = np.flatnonzero(np.abs(left[first:row] - owed) <= CENT)
            if same.size:
                left[first + same[-1]] = 0.0
                continue
            for before in first + np.flatnonzero(left[first:row] > 0)[::-1]:
                if owed <= CENT:
                    break
                taken = min(owed, float(left[before]))
                left[before] -= taken
                owed -= taken
        spent_back = (self.amount > 0) & (left <= np.minimum(CENT, 0.5 * self.amount))
        kept = self.amount.copy()
        kept[self.amount > 0] = left[self.amount > 0]
        net = type(self)(self.person, self.day, kept)
        return net._where((self.amount > 0) & ~spent_back)

    def _where(self, rows: NDArray[np.bool_]) -> Self:
        return type(self)(self.person[rows], self.day[rows], self.amount[rows])


def window_columns(purchases: Purchases, known: RepeatSummary, end: float) -> Vector:
    """COLUMNS of each customer of `known`, (n, 17), from net purchases until the day `end`."""
    seen = purchases.until(end)
    own = np.isin(seen.person, known.person)
    who = np.searchsorted(known.person, seen.person[own])
    ago, amount = end - np.floor(seen.day[own]), seen.amount[own]
    size = known.person.size
    last = np.zeros(size)
    last[who] = amount  # rows are in order of time, so the last one stays
    largest = np.zeros(size)
    np.maximum.at(largest, who, amount)
    days = known.unit_days
    since = (known.age - known.recency) * days
    gap = np.divide(
        known.recency * days, known.frequency, out=np.full(size, np.nan), where=known.frequency > 0
    )
    spent = np.bincount(who, amount, minlength=size)
    columns = [
        since, known.age * days, known.frequency, gap, since / gap, known.mean_amount, last,
        largest, spent,
    ]  # fmt: skip
    for window in WINDOWS:
        recent = ago < window
        columns.append(np.bincount(who[recent], minlength=size).astype(np.float64))
        columns.append(np.bincount(who[recent], amount[recent], minlength=size))
    return np.column_stack(columns)
