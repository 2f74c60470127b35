"""Lessons about people: at regular instants, did it happen within the horizon?

In: the instants of everybody's touches and of what is to be predicted. Out: rows (person, instant)
with an outcome, for everyone who was active then; and the people to be scored today. A row whose
horizon has not passed is censored: it is no lesson, and never a no.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY

Population = Literal["active", "customers", "non_customers"]
POPULATIONS: tuple[Population, ...] = ("active", "customers", "non_customers")

CUTOFFS = 24  # at most so many instants teach
PER_HORIZON = 3  # instants within one horizon: closer ones repeat each other
MOST_ROWS = 80_000


@dataclass(frozen=True, eq=False)
class Instants:
    """Instants of facts in order of person and time: person (n,), at (n,) UTC microseconds."""

    person: NDArray[np.int32]
    at: NDArray[np.int64]

    @staticmethod
    def of(person: NDArray[np.int32], at: NDArray[np.int64]) -> "Instants":
        """Puts facts in order; those of nobody (-1) are left out."""
        known = person >= 0
        person, at = person[known], at[known]
        order = np.lexsort((at, person))
        return Instants(person[order], at[order])

    def last_before(self, people: int, instant: int) -> NDArray[np.int64]:
        """Each person's last instant before this one, (people,); the lowest int64 = never."""
        found = np.full(people, np.iinfo(np.int64).min)
        earlier = self.at < instant
        # In order of time within a person, so the last assignment is the latest fact.
        found[self.person[earlier]] = self.at[earlier]
        return found

    def within(self, people: int, start: int, end: int) -> NDArray[np.bool_]:
        """Whether each person has an instant in [start, end), (people,)."""
        found = np.zeros(people, np.bool_)
        found[self.person[(self.at >= start) & (self.at < end)]] = True
        return found


@dataclass(frozen=True, eq=False)
class PersonTarget:
    """What is asked about people.

    hits: when the event in question happened. absence: whether its absence is the outcome (churn).
    purchases: when people bought, for populations of customers.
    """

    touches: Instants
    hits: Instants
    purchases: Instants
    people: int
    horizon: int  # microseconds
    active: int  # microseconds
    absence: bool
    population: Population

    def eligible(self, instant: int) -> NDArray[np.intp]:
        """People to be asked about at an instant: touched lately, and of the population."""
        # Only who did it lately can stop doing it.
        touched = self.hits if self.absence else self.touches
        lately = touched.last_before(self.people, instant) >= instant - self.active
        if self.population != "active":
            bought = self.purchases.last_before(self.people, instant) > np.iinfo(np.int64).min
            lately &= bought if self.population == "customers" else ~bought
        return np.flatnonzero(lately)

    def outcome(self, people: NDArray[np.intp], instant: int) -> NDArray[np.float64]:
        """Whether it happens (or stays away) in [instant, instant + horizon), for some people."""
        happened = self.hits.within(self.people, instant, instant + self.horizon)[people]
        return np.asarray(~happened if self.absence else happened, np.float64)


@dataclass(frozen=True, eq=False)
class PersonLessons:
    """Rows in order of time: person (n,), as_of (n,) and outcome (n,)."""

    person: NDArray[np.intp]
    as_of: NDArray[np.int64]
    outcome: NDArray[np.float64]


def person_lessons(target: PersonTarget, as_of: int, *, seed: int = 0) -> PersonLessons:
    """Lessons known at `as_of`: rows at regular instants whose horizon has passed by then.

    Of more than MOST_ROWS rows some are drawn at random, the same share at every instant.
    """
    instants = cutoffs(target, as_of)
    asked = [target.eligible(instant) for instant in instants]
    total = sum(people.size for people in asked)
    share = min(1.0, MOST_ROWS / max(total, 1))
    lot = np.random.default_rng(seed)
    asked = [people[lot.random(people.size) < share] for people in asked]
    if not instants:
        return PersonLessons(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0))
    return PersonLessons(
        np.concatenate(asked),
        np.concatenate(
            [np.full(p.size, at, np.int64) for p, at in zip(asked, instants, strict=True)]
        ),
        np.concatenate([target.outcome(p, at) for p, at in zip(asked, instants, strict=True)]),
    )


def cutoffs(target: PersonTarget, as_of: int) -> list[int]:
    """Regular instants, oldest first: the last one a horizon ago, the first with some history."""
    if target.touches.at.size == 0:
        return []
    step = max(target.horizon // PER_HORIZON, MICROSECONDS_PER_DAY)
    begin = int(target.touches.at.min())
    last = as_of - target.horizon
    # Before the first horizon is over, nobody has a history that could tell anything.
    earliest = begin + min(target.horizon, target.active)
    found = [last - k * step for k in range(CUTOFFS) if last - k * step >= earliest]
    return found[::-1]
