"""What a list is worth against another one that nobody used, from lists with known chances.

In: for every lead and day on which it might have been listed, the chance with which it was, whether
it was, what it brought within a while, and what was expected. Out: what the list earned more a day
than another order would have, with a 90 % interval, or why that cannot be told yet.

Doubly robust estimate of the effect of a place on the list (Dudik, Erhan, Langford & Li,
Statistical Science 29, 2014): of a lead with chance p, placed a in {0, 1}, outcome y and
expectation m it is a (y - m) / p - (1 - a) (y - m) / (1 - p), unbiased whatever m. An order that
would have placed it with chance q differs by (p - q) times that. Outcomes of one lead on several
days belong together, so the error is counted over leads.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Vector = NDArray[np.float64]
LEAST_SIZE = 50.0  # effective number of leads below which nothing is said
MOST_WEIGHT = 0.2  # of all weight that a single lead may have
LEVEL = 0.9


@dataclass(frozen=True)
class Placements:
    """n leads on days on which they might have been listed.

    lead, day: (n,) whole numbers that tell them apart. chance: (n,) to be listed. listed: (n,) 0 or
    1. outcome: (n,) what the lead brought within the while. expected: (n,) what was expected.
    """

    lead: NDArray[np.intp]
    day: NDArray[np.intp]
    chance: Vector
    listed: Vector
    outcome: Vector
    expected: Vector


@dataclass(frozen=True)
class Gain:
    """How much more the list earned a day than another order: with an interval, or why not.

    effective: how many leads the estimate rests on, weighed. refused: why nothing is said, empty
    where something is. days_needed: after how many days in all such a difference would be clear;
    None where it is, or where it cannot be told.
    """

    value: float
    low: float
    high: float
    days: int
    effective: float
    refused: str
    days_needed: int | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval tells which of both is better."""
        return not self.refused and (self.low > 0.0 or self.high < 0.0)


def gain_over(placements: Placements, other: Vector) -> Gain:
    """What the lists earned more a day than lists that place each lead with the chance `other`."""
    a, p = placements.listed, placements.chance
    days = np.unique(placements.day).size
    moved = p - other
    counts = np.abs(moved) > 1e-12
    stuck = counts & ((p <= 0.0) | (p >= 1.0))
    if days == 0 or not counts.any():
        return _refused(days, 0.0, "Both would have listed the same leads.")
    if stuck.any():
        why = (
            f"{int(stuck.sum()):,} places were certain: what their leads bring without is unknown."
        )
        return _refused(days, 0.0, why)
    weight = moved * np.where(a > 0.0, 1.0 / np.where(a > 0.0, p, 1.0),
                              -1.0 / np.where(a > 0.0, 1.0, 1.0 - p))  # fmt: skip
    effective, heaviest = _effective(np.abs(moved[counts]), p[counts])
    if effective < LEAST_SIZE or heaviest > MOST_WEIGHT:
        return _refused(days, effective, "Not enough was tried out yet.")
    _, number = np.unique(placements.lead, return_inverse=True)
    of_lead = np.bincount(number, weight * (placements.outcome - placements.expected))
    total = float(of_lead.sum())
    leads = of_lead.size
    error = float(np.sqrt(leads * of_lead.var(ddof=1))) if leads > 1 else float("inf")
    half = float(stdtrit(max(leads - 1, 1), 0.5 + LEVEL / 2.0)) * error
    value, half = total / days, half / days
    needed = None
    if abs(value) <= half and value != 0.0:
        needed = int(np.ceil(days * (half / abs(value)) ** 2))
    return Gain(value, value - half, value + half, days, effective, "", needed)


def _effective(moved: Vector, p: Vector) -> tuple[float, float]:
    """How many leads the weights are worth, and the largest share that one of them may have.

    Of the weights that the chances make likely, not of those that were drawn: one place of fifty
    that is never left out in a month looks sure, and is what the estimate does not know.
    """
    total = 2.0 * moved.sum()  # of the mean sizes: p * moved / p + (1 - p) * moved / (1 - p)
    squares = (moved**2 * (1.0 / p + 1.0 / (1.0 - p))).sum()
    return float(total**2 / squares), float((moved / np.minimum(p, 1.0 - p)).max() / total)


def _refused(days: int, effective: float, why: str) -> Gain:
    unknown = float("nan")
    return Gain(unknown, unknown, unknown, days, effective, why, None)


def first_places(day: NDArray[np.intp], order: Vector, places: Vector) -> Vector:
    """1 for the first leads of each day by `order` (larger first), as many as were listed, else 0.

    places: (n,) how many were listed on the day of each.
    """
    by_day = np.lexsort((-order, day))
    start = np.r_[0, np.flatnonzero(np.diff(day[by_day])) + 1]
    rank = np.arange(day.size) - np.repeat(start, np.diff(np.r_[start, day.size]))
    found = np.zeros(day.size)
    found[by_day] = rank < places[by_day]
    return found
