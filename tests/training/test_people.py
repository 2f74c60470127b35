"""Lessons about people: regular instants, horizons that have passed, and who is asked."""

import numpy as np
import pytest

from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.training import people
from redumbrella.training.people import Instants, PersonTarget, cutoffs, person_lessons


def instants(*facts: tuple[int, int]) -> Instants:
    return Instants.of(
        np.array([p for p, _ in facts], np.int32), np.array([d * DAY for _, d in facts], np.int64)
    )


def target(
    touches: Instants, hits: Instants, *, absence: bool = False, population: str = "active"
) -> PersonTarget:
    return PersonTarget(
        touches,
        hits,
        hits,
        4,
        30 * DAY,
        60 * DAY,
        absence,
        population,  # type: ignore[arg-type]
    )


VISITS = instants((0, 0), (0, 100), (1, 50), (2, 120), (3, 1), (-1, 5))
BUYS = instants((0, 100), (1, 85), (2, 120))


def test_people_are_asked_while_they_are_active() -> None:
    asked = target(VISITS, BUYS)
    assert asked.eligible(30 * DAY).tolist() == [0, 3]
    assert asked.eligible(90 * DAY).tolist() == [1]
    assert asked.eligible(100 * DAY).tolist() == [1]  # a touch at the instant is not yet known
    assert asked.eligible(110 * DAY).tolist() == [0, 1]
    assert asked.eligible(111 * DAY).tolist() == [0]


def test_the_outcome_is_looked_for_in_the_horizon_alone() -> None:
    asked = target(VISITS, BUYS)
    everyone = np.arange(4)
    assert asked.outcome(everyone, 85 * DAY).tolist() == [1, 1, 0, 0]
    assert asked.outcome(everyone, 86 * DAY).tolist() == [1, 0, 0, 0]
    assert asked.outcome(everyone, 70 * DAY).tolist() == [0, 1, 0, 0]  # day 100 is day 30


def test_churn_asks_those_who_did_it_lately_whether_they_stop() -> None:
    asked = target(VISITS, BUYS, absence=True)
    assert asked.eligible(90 * DAY).tolist() == [1]
    assert asked.outcome(np.array([1]), 90 * DAY).tolist() == [1]
    assert asked.outcome(np.array([0]), 90 * DAY).tolist() == [0]


def test_populations_of_customers_and_of_others() -> None:
    assert target(VISITS, BUYS, population="customers").eligible(110 * DAY).tolist() == [0, 1]
    assert target(VISITS, BUYS, population="non_customers").eligible(60 * DAY).tolist() == [0, 1, 3]


def test_rows_whose_horizon_is_not_over_are_no_lessons() -> None:
    asked = target(VISITS, BUYS)
    found = person_lessons(asked, 130 * DAY)
    assert found.as_of.max() == 100 * DAY
    assert (np.diff(found.as_of) >= 0).all()
    assert set(np.diff(cutoffs(asked, 130 * DAY))) == {10 * DAY}
    assert min(cutoffs(asked, 130 * DAY)) >= 30 * DAY
    assert person_lessons(asked, 40 * DAY).outcome.size == 0


def test_of_very_many_rows_a_draw_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    person = rng.integers(0, 500, 20_000).astype(np.int32)
    at = rng.integers(0, 300, 20_000) * DAY
    every = Instants.of(person, at)
    asked = PersonTarget(every, every, every, 500, 30 * DAY, 60 * DAY, False, "active")
    whole = person_lessons(asked, 300 * DAY)
    monkeypatch.setattr(people, "MOST_ROWS", 2_000)
    drawn = person_lessons(asked, 300 * DAY)
    assert 1_700 < drawn.outcome.size < 2_300 < whole.outcome.size
    assert np.unique(drawn.as_of).size == np.unique(whole.as_of).size
