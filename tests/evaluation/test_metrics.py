"""Metrics and curves against numbers by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from redumbrella.evaluation.curves import (
    calibration_curve,
    confusion_at,
    confusion_curve,
    distribution,
    lift_curve,
)
from redumbrella.evaluation.metrics import (
    METRICS,
    auc,
    average_precision,
    bootstrap_error,
    brier,
    calibration_error,
    equal_bins,
    lift_at,
    log_loss,
    row_log_loss,
    wilson,
)
from redumbrella.models.base import Vector

P = np.array([0.9, 0.8, 0.6, 0.4, 0.3, 0.1])
WON = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
answers = st.lists(
    st.tuples(st.integers(1, 19).map(lambda n: n / 20), st.booleans()), min_size=2, max_size=60
).filter(lambda rows: len({won for _, won in rows}) == 2)


def split(rows: list[tuple[float, bool]]) -> tuple[Vector, Vector]:
    return np.array([p for p, _ in rows]), np.array([float(w) for _, w in rows])


def test_by_hand() -> None:
    expected = -np.log([0.9, 0.2, 0.6, 0.6, 0.3, 0.9])
    np.testing.assert_allclose(row_log_loss(P, WON), expected)
    assert log_loss(P, WON) == pytest.approx(expected.mean())
    assert brier(P, WON) == pytest.approx((0.01 + 0.64 + 0.16 + 0.16 + 0.49 + 0.01) / 6)
    # Pairs won above lost: 0.9 beats three, 0.6 beats two, 0.3 beats one: 6 of 9.
    assert auc(P, WON) == pytest.approx(6 / 9)
    assert average_precision(P, WON) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert lift_at(P, WON, 1 / 3) == pytest.approx(1.0)
    assert lift_at(P, WON, 0.01) == pytest.approx(2.0)


@settings(deadline=None, max_examples=80)
@given(answers)
def test_as_scikit_learn_with_many_ties(rows: list[tuple[float, bool]]) -> None:
    p, won = split(rows)
    assert log_loss(p, won) == pytest.approx(peer.log_loss(won, p))
    assert brier(p, won) == pytest.approx(peer.brier_score_loss(won, p))
    assert auc(p, won) == pytest.approx(peer.roc_auc_score(won, p))
    assert average_precision(p, won) == pytest.approx(peer.average_precision_score(won, p))
    point = confusion_at(p, won, 0.5)
    tn, fp, fn, tp = peer.confusion_matrix(won, p >= 0.5, labels=[0, 1]).ravel()
    assert (point.tn, point.fp, point.fn, point.tp) == (tn, fp, fn, tp)
    assert point.accuracy == pytest.approx(peer.accuracy_score(won, p >= 0.5))
    assert point.recall == pytest.approx(peer.recall_score(won, p >= 0.5))
    expected = peer.precision_score(won, p >= 0.5, zero_division=0)
    assert point.precision == pytest.approx(expected)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_only_is_not_defined_or_finite(outcome: float) -> None:
    won = np.full(6, outcome)
    assert np.isnan(auc(P, won))
    for name, metric in METRICS.items():
        assert np.isnan(metric(P, won)) == (
            name == "auc" or (name == "average_precision" and outcome == 0.0)
        )
    assert np.isnan(lift_at(P, won, 0.1)) == (outcome == 0.0)


def test_calibration_error_by_hand_and_by_simulation() -> None:
    p = np.full(1_000, 0.5)
    rng = np.random.default_rng(0)
    fair = rng.permutation(np.repeat([0.0, 1.0], 500))
    assert calibration_error(p, fair) < 0.02
    assert calibration_error(np.full(1_000, 0.7), fair) == pytest.approx(0.2, abs=0.01)
    said = rng.uniform(0.05, 0.95, 4_000)
    truthful = (rng.random(4_000) < said).astype(float)
    assert calibration_error(said, truthful) < 0.02
    overconfident = (rng.random(4_000) < 0.5 + 0.5 * (said - 0.5)).astype(float)
    # |said - happened| = |said - 0.5| / 2: the root of its mean square is 0.9 / (4 sqrt 3).
    assert calibration_error(said, overconfident) == pytest.approx(0.13, abs=0.025)


def test_a_few_leads_do_not_look_miscalibrated() -> None:
    """Twelve leads with the right probabilities, as in a fold of a small company."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        p = rng.uniform(0.2, 0.6, 12)
        found.append(calibration_error(p, (rng.random(12) < p).astype(float)))
    assert np.mean(found) < 0.12


@given(st.integers(0, 60), st.integers(1, 12))
def test_bins_hold_every_row_once_from_low_to_high(rows: int, bins: int) -> None:
    p = np.random.default_rng(rows).random(rows)
    parts = equal_bins(p, bins)
    assert len(parts) == min(rows, bins)
    joined = np.concatenate([*parts, np.empty(0, np.intp)])
    assert sorted(joined.tolist()) == list(range(rows))
    assert (np.diff(p[joined.astype(int)]) >= 0).all()


def test_wilson_as_published() -> None:
    # Newcombe (1998), table I: 81 of 263 at 95 % is 0.2553 to 0.3662.
    low, high = wilson(81, 263, z=1.959964)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0


def test_the_bootstrap_finds_the_error_of_a_mean() -> None:
    rng = np.random.default_rng(1)
    won = (rng.random(2_000) < 0.3).astype(float)

    def rate(_p: Vector, y: Vector) -> float:
        return float(y.mean())

    error = bootstrap_error(rate, won, won, repeats=200)
    assert error == pytest.approx(np.sqrt(0.21 / 2_000), rel=0.2)
    assert bootstrap_error(rate, won, won) == bootstrap_error(rate, won, won)
    assert np.isnan(bootstrap_error(auc, P, np.ones(6)))


def test_ties_share_their_wins_in_the_lift() -> None:
    # One probability for everyone says nothing about order, whatever the order of the rows.
    same, sorted_won = np.full(100, 0.2), np.repeat([1.0, 0.0], [20, 80])
    for won in (sorted_won, sorted_won[::-1]):
        assert lift_at(same, won, 0.1) == pytest.approx(1.0)
        for point in lift_curve(same, won):
            assert point.lift == pytest.approx(1.0)
            assert point.captured == pytest.approx(point.share)


def test_the_lift_curve_by_hand() -> None:
    p = np.arange(20, 0, -1) / 21
    won = np.array([1.0, 1.0, 0.0, 1.0] + [0.0] * 15 + [1.0])
    points = {round(point.share, 2): point for point in lift_curve(p, won)}
    assert points[0.05].lift == pytest.approx(5.0)
    assert points[0.1].captured == pytest.approx(0.5)
    assert points[0.2].lift == pytest.approx(0.75 / 0.2)
    assert points[1.0].lift == pytest.approx(1.0)
    assert points[1.0].captured == pytest.approx(1.0)
    assert lift_curve(p, np.zeros(20)) == []


@settings(deadline=None, max_examples=50)
@given(answers)
def test_curves_are_consistent(rows: list[tuple[float, bool]]) -> None:
    p, won = split(rows)
    points = calibration_curve(p, won)
    assert sum(point.count for point in points) == won.size
    weighted = sum(point.count * point.observed for point in points)
    assert weighted == pytest.approx(won.sum())
    for point in points:
        assert point.observed_low - 1e-9 <= point.observed <= point.observed_high + 1e-9
    said = [point.mean_probability for point in points]
    assert said == sorted(said)
    curve = confusion_curve(p, won)
    thresholds = [point.threshold for point in curve]
    assert thresholds == sorted(set(thresholds))
    assert curve[0].capacity == 1.0
    assert curve[0].recall == 1.0
    recalls = [point.recall for point in curve]
    assert recalls == sorted(recalls, reverse=True)
    for point in curve:
        assert point.tp + point.fp + point.tn + point.fn == won.size
    captured = [point.captured for point in lift_curve(p, won)]
    assert captured == sorted(captured)
    bars = distribution(p)
    assert sum(bar["count"] for bar in bars) == won.size
    assert bars[0]["low"] == 0.0
    assert bars[-1]["high"] >= p.max() - 1e-9
