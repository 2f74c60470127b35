"""Today's list: whom to contact next, from scores, rules of contact and places.

In: the scored leads with what they are worth and what they take, why some may not be contacted, and
how many places there are. Out: who is on the list in which order, with the chance of every lead
that could have been there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from redumbrella.decisions.exploration import (
    Positions,
    Trial,
    Vector,
    inclusion_chances,
    systematic_draw,
)

Order = Literal["value", "probability"]
AGREED = "agreed"  # in place of why a lead may not be contacted: today was agreed on with it
INTERVAL = 3.2897  # deviations of a normal distribution between its 5 and its 95 % quantile
_EDGE = 1e-6


@dataclass(frozen=True)
class Candidates:
    """n leads that might be contacted.

    probability, low, high: (n,) with the 90 % interval. value: (n,) expected value. minutes: (n,)
    of the work until the lead is closed; contacts: (n,) how many contacts that takes. NaN where
    not known. blocked: (n,) why a lead may not be contacted, "" where it may. contact_minutes: the
    mean length of a contact, where that is on record.
    """

    probability: Vector
    low: Vector
    high: Vector
    value: Vector
    minutes: Vector
    contacts: Vector
    blocked: NDArray[np.str_]
    contact_minutes: float | None = None


@dataclass(frozen=True)
class Worklist:
    """A list drawn from n leads.

    listed: positions in the order of the list. chance: (n,) to be listed, NaN of those that might
    not. is_trial: (n,) whether a lead would not be on the list without any trial.
    """

    order: Order
    listed: Positions
    chance: Vector
    is_trial: NDArray[np.bool_]


def draw_worklist(
    candidates: Candidates, order: Order, places: int, trial: Trial, seed: Sequence[int]
) -> Worklist:
    """Draws a list of at most so many places among those who may be contacted.

    The best stand in their order; those that are tried out stand at random places between them, so
    that whoever works only half of the list tries out half of them. The same seed draws the same.
    Those with whom today was agreed on stand first, surely, even if there are more than places.
    """
    generator = np.random.default_rng(list(seed))
    worth, doubt = worth_and_doubt(candidates, order)
    may = np.flatnonzero((candidates.blocked == "") & ~np.isnan(worth))
    agreed = np.flatnonzero(candidates.blocked == AGREED)
    agreed = agreed[np.argsort(-worth[agreed], kind="stable")]
    places = min(max(places - agreed.size, 0), may.size)
    chance = np.full(worth.size, np.nan)
    chance[agreed] = 1.0
    is_trial = np.ones(worth.size, np.bool_)
    is_trial[agreed] = False
    is_trial[may[np.argsort(-worth[may], kind="stable")[:places]]] = False
    if places == 0:
        return Worklist(order, agreed, chance, is_trial)
    chance[may] = inclusion_chances(worth[may], doubt[may], places, trial)
    listed = may[systematic_draw(chance[may], generator)]
    listed = listed[np.argsort(-worth[listed], kind="stable")]
    tried = is_trial[listed]
    # The best keep their order; the others fall between them, before the first or after the last.
    at = np.cumsum(~tried).astype(np.float64)
    at[tried] = 0.5 + generator.random(int(tried.sum())) * ((~tried).sum() + 1)
    listed = listed[np.argsort(at, kind="stable")]
    return Worklist(order, np.concatenate([agreed, listed]), chance, is_trial)


def worth_and_doubt(candidates: Candidates, order: Order) -> tuple[Vector, Vector]:
    """What decides the order of n leads, larger first, and its standard deviation.

    By probability: the log-odds. By value: the expected value for each minute of the work, where
    minutes are known; work is never shorter than one contact.
    """
    p = np.clip(candidates.probability, _EDGE, 1.0 - _EDGE)
    doubt = (_log_odds(candidates.high) - _log_odds(candidates.low)) / INTERVAL
    doubt = np.where(np.isnan(doubt), 0.0, np.maximum(doubt, 0.0))
    if order == "probability":
        return np.where(np.isnan(candidates.probability), np.nan, _log_odds(p)), doubt
    worth = candidates.value / work_minutes(candidates)
    # The value is nearly proportional to the probability, whose slope by the log-odds is p (1 - p).
    return worth, np.abs(worth) * (1.0 - p) * doubt


def work_minutes(candidates: Candidates) -> Vector:
    """Minutes of work for each of n leads, at least one contact; 1 for all where none are known.

    The work that is expected may be less than a contact, as many leads are closed without another
    one; but who stands on the list gets one.
    """
    minutes, contacts = candidates.minutes, candidates.contacts
    known = ~np.isnan(minutes) & (minutes > 0.0)
    if not known.any():
        return np.ones(minutes.size)
    usual = float(np.median(minutes[known]))
    counted = known & (contacts > 0.0)
    one = float(np.median(minutes[counted] / contacts[counted])) if counted.any() else usual
    one = one if candidates.contact_minutes is None else candidates.contact_minutes
    return np.where(known, np.maximum(minutes, one), max(usual, one))


def _log_odds(probability: Vector) -> Vector:
    p = np.clip(probability, _EDGE, 1.0 - _EDGE)
    return np.asarray(np.log(p) - np.log1p(-p))
