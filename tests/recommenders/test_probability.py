"""Probabilities come true, fall along a list, and are not told where too little is known."""

from dataclasses import replace

import numpy as np
import pytest
from recommender_worlds import END, small_interactions

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.recommenders.lists import Lists
from redumbrella.recommenders.parts import SimpleParts, fit_parts, situation_of
from redumbrella.recommenders.probability import (
    ListProbability,
    Outcomes,
    fit_probability,
    isotonic,
)


def outcomes(seed: int, people: int = 1_500, n: int = 20, level: float = 0.0) -> Outcomes:
    """Lists whose truth is known: it rests on score, place, days and purchases."""
    rng = np.random.default_rng(seed)
    score = np.sort(rng.lognormal(0, 1, (people, n)), axis=1)[:, ::-1].astype(np.float32)
    days = rng.exponential(60, people).astype(np.float32)
    purchases = rng.integers(1, 40, people).astype(np.float32)
    chance = truth(score, days, purchases, level)
    score[rng.random(people) < 0.1, n // 2 :] = np.nan  # shorter lists
    hit = (rng.random((people, n)) < chance) & np.isfinite(score)
    return Outcomes(np.arange(people), score, hit, days, purchases)


def truth(
    score: np.ndarray, days: np.ndarray, purchases: np.ndarray, level: float = 0.0
) -> np.ndarray:
    person = -0.8 * np.log1p(days) + 0.5 * np.log1p(purchases)
    place = np.log(np.arange(1, score.shape[1] + 1))
    z = level - 1.5 + np.log(score) - 0.5 * place + person[:, None]
    return 1 / (1 + np.exp(-z))


def said_of(probability: ListProbability, asked: Outcomes) -> np.ndarray:
    """As `ListProbability.of`, for outcomes that no parts made."""
    there = np.isfinite(asked.score)
    products = np.where(there, 0, -1).astype(np.int32)
    people = np.arange(len(asked.person))
    parts = SimpleParts.__new__(SimpleParts)
    object.__setattr__(parts, "instant", 0)
    last = -(asked.days.astype(np.float64) * MICROSECONDS_PER_DAY).astype(np.int64)
    # Instants count from 1970: moved, so that no last purchase is before it.
    object.__setattr__(parts, "instant", int(-last.min()) + 1)
    parts.__dict__["last_bought"] = parts.instant + last
    parts.__dict__["faded_purchases"] = asked.purchases
    return probability.of(Lists(products, np.nan_to_num(asked.score)), people, parts)


def test_what_is_said_of_new_people_comes_true() -> None:
    fitted = fit_probability([outcomes(0), outcomes(1)])
    assert isinstance(fitted, ListProbability)
    asked = outcomes(2)
    said = said_of(fitted, asked)
    there = np.isfinite(asked.score)
    np.testing.assert_array_equal(np.isfinite(said), there)
    real = truth(asked.score, asked.days, asked.purchases)
    assert np.abs(said[there] - real[there]).mean() < 0.01
    assert np.corrcoef(said[there], real[there])[0, 1] > 0.97
    assert abs(said[there].sum() / asked.hits - 1) < 0.06
    # Along a list it never rises.
    falls = np.diff(said, axis=1)
    assert (falls[np.isfinite(falls)] <= 1e-7).all()
    assert said[there].min() > 0
    assert said[there].max() < 1


def test_the_newest_outcomes_set_the_level() -> None:
    fitted = fit_probability([outcomes(0, level=1.0), outcomes(1)])
    assert isinstance(fitted, ListProbability)
    asked = outcomes(2)
    assert abs(np.nansum(said_of(fitted, asked)) / asked.hits - 1) < 0.08


def test_the_calibration_is_of_people_who_taught_nothing() -> None:
    """With outcomes that nothing tells, what was learned from noise must not look good."""
    rng = np.random.default_rng(0)
    made = outcomes(0, people=300)
    noise = [replace(made, is_hit=(rng.random(made.score.shape) < 0.05) & (made.score > 0))] * 2
    fitted = fit_probability(noise[:1])
    assert isinstance(fitted, ListProbability)
    found = fitted.calibration
    assert found.log_loss >= found.log_loss_of_share - 0.0005
    true = fit_probability([outcomes(0), outcomes(1)])
    assert isinstance(true, ListProbability)
    assert true.calibration.log_loss < 0.9 * true.calibration.log_loss_of_share
    assert true.calibration.people == 1_500
    assert true.calibration.hits == outcomes(1).hits
    assert true.calibration.rows == sum(rows for _, _, rows in true.calibration.tenths)
    said, came, rows = np.array(true.calibration.tenths).T
    assert (np.diff(said) >= 0).all()
    assert (np.abs(said - came) < 4.5 * np.sqrt(np.maximum(said, 0.002) / rows) + 0.002).all()


def test_one_horizon_is_halved() -> None:
    fitted = fit_probability([outcomes(1)])
    assert isinstance(fitted, ListProbability)
    asked = outcomes(2)
    said = said_of(fitted, asked)
    assert abs(np.nansum(said) / asked.hits - 1) < 0.06
    few = replace(outcomes(0), is_hit=np.zeros((1_500, 20), np.bool_))
    again = fit_probability([few, outcomes(1)])  # of the other nothing can be learned
    assert isinstance(again, ListProbability)
    np.testing.assert_array_equal(said_of(again, asked), said)


def test_a_score_that_misleads_does_not_turn_lists_over() -> None:
    made = outcomes(0)
    turned = replace(made, is_hit=made.is_hit[:, ::-1] & np.isfinite(made.score))
    fitted = fit_probability([turned])
    assert isinstance(fitted, ListProbability)
    assert fitted.weight[1] >= 0
    assert fitted.weight[2] <= 0
    falls = np.diff(said_of(fitted, made), axis=1)
    assert (falls[np.isfinite(falls)] <= 1e-7).all()


def test_too_few_purchases_are_told_of() -> None:
    assert "no horizon" in str(fit_probability([]))
    made = outcomes(0, people=40)
    few = replace(made, is_hit=made.is_hit & (np.cumsum(made.is_hit).reshape(40, 20) <= 49))
    text = fit_probability([few])
    assert isinstance(text, str)
    assert "of the lists of 40 people, 49 products were bought within a horizon; 50 are" in text
    nobody = few.where(np.zeros(40, np.bool_))
    assert "nobody was known" in str(fit_probability([nobody]))


def test_a_level_is_drawn_to_the_share_of_all_and_never_certain() -> None:
    x = np.repeat([0.0, 1.0, 2.0], [10, 1_000, 10])
    hit = np.concatenate([np.zeros(10), np.arange(1_000) % 10 == 0, np.ones(10)]).astype(bool)
    steps = isotonic(x, hit)
    share = (110 + 0.5) / 1_021
    assert steps.at.tolist() == [0, 1, 2]
    expected = [5 * share / 15, (100 + 5 * share) / 1_005, (10 + 5 * share) / 15]
    np.testing.assert_allclose(steps.value, expected)
    assert steps(np.array([-1.0, 0.5, 9.0])).tolist() == pytest.approx(
        [steps.value[0], steps.value[:2].mean(), steps.value[2]]
    )


def test_outcomes_are_of_the_parts_that_made_the_lists() -> None:
    parts = fit_parts(situation_of(small_interactions(), 14.0), END)
    people = np.array([3, 0, 7])
    lists = Lists(np.array([[1, -1], [2, 3], [-1, -1]], np.int32), np.ones((3, 2), np.float32))
    made = Outcomes.of(lists, people, parts, lists.products == 3)
    assert made.hits == 1
    assert np.isnan(made.score).tolist() == [[False, True], [False, False], [True, True]]
    rows = parts.known.person == 3
    newest = parts.known.at[rows].max()
    assert made.days[0] == pytest.approx((END - newest) / MICROSECONDS_PER_DAY, rel=1e-5)
    ago = (parts.instant - parts.known.at[rows]) / MICROSECONDS_PER_DAY
    assert made.purchases[0] == pytest.approx((0.5 ** (ago / (3 * 14.0))).sum(), rel=1e-4)
    (score, *_), hit = made.rows
    assert score.size == hit.size == 3
