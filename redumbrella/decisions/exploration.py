"""A list on which every lead's chance of being there is known: chances first, then the draw.

In: what each lead is worth, how sure that is, and the number of places. Out: chances that add up to
the number of places exactly, and a draw that keeps them exactly, so that what was tried can be
weighed by them later (inverse-probability estimators; Horvitz & Thompson 1952).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Vector = NDArray[np.float64]
Positions = NDArray[np.intp]
_HALVINGS = 100
_LEAST_WEIGHT = 1e-9  # where nobody else may belong on the list, its places are still filled


@dataclass(frozen=True)
class Trial:
    """How much of a list is tried out.

    explore: share of the places that the best leads leave to others, which are drawn with a chance
    that is higher the likelier they belong on the list. control: share of the places that is drawn
    evenly from all, and the chance with which even the best lead is left out; both in [0, 1].
    """

    explore: float = 0.1
    control: float = 0.02


def inclusion_chances(worth: Vector, doubt: Vector, places: int, trial: Trial) -> Vector:
    """The chance of each of n leads to be on a list of so many places; they add up to `places`.

    worth: (n,) what decides the order, larger first. doubt: (n,) >= 0, standard deviation of worth.
    The best (1 - explore) of the places have the highest chance, 1 - control. Each other lead has a
    chance that rises with the probability that it is worth more than the last one that would be on
    the list without any trial, and never falls below control * places / n. All have 1 where all
    have room.
    """
    count = worth.size
    if places >= count:
        return np.ones(count)
    floor = trial.control * places / count
    ceiling = max(1.0 - trial.control, places / count)
    order = np.argsort(-worth, kind="stable")
    best, rest = np.split(order, [round((1.0 - trial.explore) * places)])
    border = worth[order[places - 1]]
    with np.errstate(over="ignore"):  # without any doubt a lead belongs on the list or does not
        above = ndtr((worth[rest] - border) / np.maximum(doubt[rest], np.finfo(np.float64).tiny))
    chances = np.full(count, ceiling)
    chances[rest] = _adding_up(above, places - best.size * ceiling, floor, ceiling)
    return chances


def _adding_up(weights: Vector, total: float, floor: float, ceiling: float) -> Vector:
    """floor + c * weights, at most ceiling, with the c for which they add up to `total`."""
    weights = weights + _LEAST_WEIGHT

    def chances(factor: float) -> Vector:
        return np.asarray(np.clip(floor + factor * weights, floor, ceiling))

    low, high = 0.0, 1.0 / _LEAST_WEIGHT
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if chances(middle).sum() < total else (low, middle)
    return chances(high)


def systematic_draw(chances: Vector, generator: np.random.Generator) -> Positions:
    """Positions of those drawn, as many as the chances add up to: position i with `chances[i]`.

    Madow's systematic draw (Annals of Mathematical Statistics 20, 1949): one number u, even in
    [0, 1), and the leads in a random order; taken is where the running sum passes u, u + 1, ...
    """
    order = generator.permutation(chances.size)
    passed = np.cumsum(chances[order])
    places = round(float(passed[-1])) if passed.size else 0
    # The sum is whole but for rounding, which must not cost the last place.
    passed *= places / passed[-1] if places else 1.0
    drawn = np.searchsorted(passed, generator.random() + np.arange(places), side="right")
    return np.asarray(order[np.minimum(drawn, chances.size - 1)], np.intp)
