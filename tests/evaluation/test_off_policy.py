"""What a list is worth: right in the mean, with an interval that holds, and silent where thin."""

import numpy as np
import pytest

from redumbrella.decisions.exploration import Trial, inclusion_chances, systematic_draw
from redumbrella.evaluation.off_policy import Gain, Placements, first_places, gain_over

LEADS, PLACES, DAYS = 120, 15, 40


def lived(seed: int, trial: Trial) -> tuple[Placements, np.ndarray, float]:
    """Days of leads whose value and gain by contact are known; a rival order; its true loss."""
    chance = np.random.default_rng(seed)
    parts, rival_chances, truth = [], [], 0.0
    for day in range(DAYS):
        base, gain = chance.normal(size=(2, LEADS))
        without = 0.1 * np.exp(0.5 * base)
        with_contact = without + 0.15 * np.exp(0.4 * gain)
        score = base + 0.5 * gain + 0.5 * chance.normal(size=LEADS)
        doubt = np.full(LEADS, 0.5)
        p = inclusion_chances(score, doubt, PLACES, trial)
        drawn = systematic_draw(p, chance)
        a = np.zeros(LEADS)
        a[drawn] = 1.0
        y = (chance.random(LEADS) < np.where(a > 0, with_contact, without)).astype(float) * 10
        arrival = chance.random(LEADS)
        q = first_places(np.zeros(LEADS, np.intp), arrival, np.full(LEADS, PLACES))
        truth += ((p - q) * (with_contact - without)).sum() * 10 / DAYS
        rival_chances.append(q)
        parts.append((np.arange(LEADS) + day * LEADS, np.full(LEADS, day), p, a, y, 10 * without))
    whole = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Placements(*whole), np.concatenate(rival_chances), truth


def test_the_estimate_is_right_in_the_mean_and_its_interval_holds() -> None:
    found: list[tuple[Gain, float]] = []
    for seed in range(80):
        placements, rival, truth = lived(seed, Trial(0.3, 0.2))
        found.append((gain_over(placements, rival), truth))
    assert not any(one.refused for one, _ in found)
    errors = np.array([one.value - truth for one, truth in found])
    assert abs(errors.mean()) < 3.0 * errors.std(ddof=1) / np.sqrt(errors.size)
    held = np.mean([one.low <= truth <= one.high for one, truth in found])
    assert 0.80 <= held <= 0.99


def test_thin_logs_are_refused() -> None:
    placements, rival, _ = lived(1, Trial(0.1, 0.0))
    assert gain_over(placements, rival).refused
    placements, rival, _ = lived(1, Trial(0.3, 0.2))
    few = Placements(*(values[:200] for values in vars(placements).values()))
    assert gain_over(few, rival[:200]).refused == "Not enough was tried out yet."


def test_the_same_list_is_worth_the_same() -> None:
    placements, _, _ = lived(1, Trial(0.3, 0.2))
    assert "the same leads" in gain_over(placements, placements.chance).refused


def test_an_unclear_difference_says_how_long_it_takes() -> None:
    for seed in range(20):
        placements, rival, _ = lived(seed, Trial(0.3, 0.2))
        found = gain_over(placements, rival)
        assert found.is_clear == (found.days_needed is None)
        assert found.days_needed is None or found.days_needed > found.days


def test_first_places_are_those_of_each_day() -> None:
    day = np.array([0, 1, 0, 1, 0], np.intp)
    order = np.array([1.0, 5.0, 3.0, 4.0, 2.0])
    places = np.array([2, 1, 2, 1, 2], float)
    assert first_places(day, order, places).tolist() == [0, 1, 1, 0, 1]


def test_outcomes_of_one_lead_belong_together() -> None:
    """The same leads on every day: as many rows tell as little as there are leads."""
    placements, rival, _ = lived(3, Trial(0.3, 0.2))
    apart = gain_over(placements, rival)
    same = Placements(placements.lead % LEADS, *list(vars(placements).values())[1:])
    together = gain_over(same, rival)
    assert together.value == pytest.approx(apart.value)
    assert together.high - together.low != pytest.approx(apart.high - apart.low)
