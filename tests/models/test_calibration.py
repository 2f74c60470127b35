"""Calibration and what is shared by families, against values by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_worlds import draw, make_design, truth
from sklearn.linear_model import LogisticRegression

from redumbrella.models.base import (
    Contributions,
    base_log_odds,
    log_odds_of,
    prefixed,
    probability_of,
    unprefixed,
)
from redumbrella.models.calibration import (
    MAX_SHIFT,
    SLOPES,
    Calibration,
    fit_calibration,
    fit_line,
)
from redumbrella.models.families.naive_bayes import NaiveBayes

Z = np.random.default_rng(0).normal(-1.0, 1.3, 6_000)
EVEN = np.full(4, 0.25)


def test_base_rate_with_half_a_lead_on_each_side() -> None:
    won, weight = np.array([1.0, 0.0, 0.0]), np.array([2.0, 1.0, 1.0])
    assert base_log_odds(won, weight) == pytest.approx(np.log(2.5 / 2.5))
    assert base_log_odds(np.empty(0), np.empty(0)) == pytest.approx(0.0)
    assert log_odds_of(0.5) == 0.0
    assert log_odds_of(0.0) == pytest.approx(-13.8155, abs=1e-4)


@given(st.floats(1e-6, 1 - 1e-6))
def test_log_odds_and_probability_are_inverse(p: float) -> None:
    assert probability_of(np.array([log_odds_of(p)]))[0] == pytest.approx(p, rel=1e-9)


def test_probabilities_stay_inside() -> None:
    p = probability_of(np.array([-1e9, 1e9, -800.0, 0.0]))
    np.testing.assert_allclose(p, [1e-6, 1 - 1e-6, 1e-6, 0.5])


def test_fit_line_as_scikit_learn_without_a_ridge() -> None:
    won = draw(0.8 * Z + 0.4)
    weight = np.random.default_rng(1).uniform(0.2, 2.0, Z.size)
    slope, intercept = fit_line(Z, won, weight, ridge=1e-9)
    peer = LogisticRegression(C=np.inf, tol=1e-10).fit(Z[:, None], won, sample_weight=weight)
    assert slope == pytest.approx(peer.coef_[0, 0], abs=1e-4)
    assert intercept == pytest.approx(peer.intercept_[0], abs=1e-4)


def test_fit_line_is_drawn_to_no_change() -> None:
    won = draw(0.8 * Z + 0.4)
    one = np.ones(Z.size)
    free, tied = fit_line(Z, won, one, 1e-9), fit_line(Z, won, one, 1e9)
    assert tied == pytest.approx((1.0, 0.0), abs=1e-3)
    assert abs(free[0] - 1) > 0.1
    offset = fit_line(Z, won, one, 1e-9, offset=0.4)
    assert offset[1] == pytest.approx(free[1] - 0.4, abs=1e-6)


def test_calibration_by_folds_finds_what_all_folds_share() -> None:
    won = draw(0.8 * Z + 0.1)
    found = fit_calibration(np.array_split(Z, 4), np.array_split(won, 4), EVEN)
    assert found.slope == pytest.approx(0.8, abs=0.06)
    said, happened = probability_of(found.apply(Z)).mean(), won.mean()
    assert said == pytest.approx(happened, abs=0.01)
    honest = fit_calibration(np.array_split(Z, 4), np.array_split(draw(Z), 4), EVEN)
    assert honest.slope == pytest.approx(1.0, abs=0.05)


def test_the_level_is_that_of_the_folds_that_count_most() -> None:
    parts = np.array_split(Z, 4)
    usual = Z.mean()
    steady = fit_calibration(parts, [draw(z + 0.2, k) for k, z in enumerate(parts)], EVEN)
    assert steady.apply(usual) - usual == pytest.approx(0.2, abs=0.08)
    rising = [draw(z + s, k) for k, (z, s) in enumerate(zip(parts, (0, 0, 0.7, 0.7), strict=True))]
    fading = 0.5 ** np.arange(4)[::-1]
    late = fit_calibration(parts, rising, fading / fading.sum())
    assert late.apply(usual) - usual == pytest.approx(0.7 * 12 / 15, abs=0.1)
    # A fold that counts nothing changes nothing.
    only = fit_calibration(parts, rising, np.array([1.0, 0.0, 0.0, 0.0]))
    first = fit_calibration(parts[:1], rising[:1], np.ones(1))
    assert only.apply(usual) == pytest.approx(first.apply(usual), abs=0.02)


def test_a_slope_that_comes_and_goes_is_not_believed() -> None:
    parts = np.array_split(Z, 4)
    bent = [0.7 * z - 0.3 for z in parts]
    steady = fit_calibration(parts, [draw(z, k) for k, z in enumerate(bent)], EVEN)
    moving = [
        draw(s * z + s - 1, k)
        for k, (z, s) in enumerate(zip(parts, (0.3, 1.4, 0.4, 1.3), strict=True))
    ]
    wild = fit_calibration(parts, moving, EVEN)
    assert steady.slope == pytest.approx(0.7, abs=0.08)
    assert abs(wild.slope - 1.0) < 0.15 < abs(steady.slope - 1.0)


def test_a_few_leads_shift_little() -> None:
    parts = np.array_split(np.full(40, -1.4), 4)
    won = [np.array([1.0] * 3 + [0.0] * 7)] * 4
    asked = log_odds_of(0.3) + 1.4
    shift = float(fit_calibration(parts, won, EVEN).apply(np.array([-1.4]))[0]) + 1.4
    assert 0.1 * asked < shift < 0.6 * asked


@settings(deadline=None, max_examples=40)
@given(st.floats(-4, 4), st.floats(-5, 5), st.integers(0, 50))
def test_corrections_are_bounded(slope: float, shift: float, seed: int) -> None:
    z = Z[:300]
    found = fit_calibration([z], [draw(slope * z + shift, seed)], np.ones(1))
    assert SLOPES[0] <= found.slope <= SLOPES[1]
    middle = float(z.mean())
    assert abs(found.apply(np.array([middle]))[0] - middle) <= MAX_SHIFT + 1e-9


def test_nothing_to_calibrate_by() -> None:
    assert fit_calibration([], [], np.empty(0)) == Calibration()
    assert fit_calibration([Z[:9]], [np.ones(9)], np.ones(1)) == Calibration()
    np.testing.assert_array_equal(Calibration().apply(Z), Z)


def test_scaled_contributions() -> None:
    scaled = Contributions(1.0, np.array([[2.0, -1.0]])).scaled(0.5, 3.0)
    assert scaled.base == 3.5
    np.testing.assert_array_equal(scaled.values, [[1.0, -0.5]])


def test_parts_side_by_side() -> None:
    design = make_design(60)
    fitted = NaiveBayes().fit(design, draw(truth(design)), np.ones(60)).to_parts()
    both = prefixed({"a": fitted, "b": prefixed({"c": fitted})})
    inner = unprefixed(unprefixed(both, "b"), "c")
    assert inner.facts == fitted.facts
    assert inner.arrays.keys() == fitted.arrays.keys()
