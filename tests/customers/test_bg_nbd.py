"""BG/NBD: the published figures, hand-computed likelihoods, recovery, and awkward customers."""

import json

import numpy as np
import pytest
from cdnow_sample import cdnow
from numpy.typing import NDArray
from purchase_worlds import FINE, World
from scipy.special import betaln
from scipy.stats import beta, gamma, nbinom

from redumbrella.customers.bg_nbd import RepeatModel, fit_repeat, log_likelihood
from redumbrella.customers.history import split_holdout, summarise
from redumbrella.errors import DataError
from redumbrella.models.base import Parts

Vector = NDArray[np.float64]
PUBLISHED = RepeatModel(0.243, 4.414, 0.793, 2.426, np.zeros((4, 4)), -9582.4, 2357.0, False)


def test_the_published_fit_and_forecast_of_cdnow() -> None:
    """Fader, Hardie and Lee (2005), section 7: weeks 1-39 to fit, weeks 40-78 held out."""
    known = split_holdout(*cdnow(), cut=272, end=545, unit_days=7)
    history = known.history
    assert history.person.size == 2357
    model = fit_repeat(history.frequency, history.recency, history.age)
    assert model.r == pytest.approx(0.243, abs=0.0005)
    assert model.alpha == pytest.approx(4.414, abs=0.0005)
    assert model.a == pytest.approx(0.793, abs=0.0005)
    assert model.b == pytest.approx(2.426, abs=0.0005)
    assert model.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert not model.penalised
    coming = model.expected_purchases(39, history.frequency, history.recency, history.age)
    none = history.frequency == 0
    assert known.purchases[none].sum() == 334
    assert none.sum() == 1411
    assert coming[none].mean() == pytest.approx(0.23, abs=0.005)
    assert np.corrcoef(coming, known.purchases)[0, 1] == pytest.approx(0.626, abs=0.0005)
    tracked = model.expected_cumulative(history.first / 7, [78.0])[0]
    happened = history.frequency.sum() + known.purchases.sum()
    assert tracked / happened == pytest.approx(0.96, abs=0.005)


def level(model: RepeatModel, x: float, last: float, T: float) -> float:
    one = [np.array([v]) for v in (x, last, T, 1.0)]
    return log_likelihood(*one)(np.log(model.parameters))[0]


def test_likelihoods_computed_by_hand() -> None:
    ones = RepeatModel(1.0, 1.0, 1.0, 1.0, np.zeros((4, 4)), 0.0, 1.0, False)
    # A_1 A_2 (A_3 + A_4) = 1 * 1/2 * (1/16 + 1/4)
    assert level(ones, 1, 1, 3) == pytest.approx(np.log(5 / 32))
    # Nothing bought until T: (alpha / (alpha + T))^r
    assert level(PUBLISHED, 0, 0, 38.86) == pytest.approx(0.243 * np.log(4.414 / 43.274))


def test_the_likelihood_is_the_integral_over_rates_and_losses() -> None:
    model, x, last, T = RepeatModel(1.5, 3.0, 2.0, 3.0, np.zeros((4, 4)), 0, 1, False), 3, 4.0, 6.0
    p, rate = np.linspace(0, 1, 801)[:, None], np.linspace(0, 12, 801)[None, :]
    alive = (1 - p) ** x * rate**x * np.exp(-rate * T)
    gone = p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * last)
    density = (alive + gone) * beta.pdf(p, 2.0, 3.0) * gamma.pdf(rate, 1.5, scale=1 / 3.0)
    integral = np.trapezoid(np.trapezoid(density, rate, axis=1), p[:, 0])
    assert level(model, x, last, T) == pytest.approx(np.log(integral), abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_agrees_with_finite_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.array([0, 0, 1, 2, 2, 30, 10_000], np.float64)
    T = rng.uniform(20, 60, x.size)
    last = np.where(x > 0, T * rng.uniform(0.1, 1.0, x.size), 0.0)
    of = log_likelihood(x, last, T, rng.uniform(0.5, 2.0, x.size))
    at, step = rng.normal(0, 0.7, 4), 1e-5
    slope = of(at)[1]
    for k, side in enumerate(step * np.eye(4)):
        difference = (of(at + side)[0] - of(at - side)[0]) / (2 * step)
        assert slope[k] == pytest.approx(difference, rel=1e-5, abs=1e-4)


def test_the_truth_lies_within_its_standard_errors() -> None:
    """Over 20 worlds, the 90 % intervals of the log-parameters hold the truth."""
    world = World()
    truth = np.log([world.r, world.alpha, world.a, world.b])
    z = []
    for seed in range(20):
        person, at, amount = world.purchases(1_000, 60.0, seed, join=12.0)
        s = summarise(person, at, amount, 60.0, FINE)
        model = fit_repeat(s.frequency, s.recency, s.age)
        assert not model.penalised
        z.append((np.log(model.parameters) - truth) / np.sqrt(np.diag(model.covariance)))
    assert 0.8 <= np.mean(np.abs(z) < 1.645) <= 0.97
    assert np.abs(np.mean(z, axis=0)).max() < 0.6


def series(model: RepeatModel, t: float, x: float, T: float) -> float:
    """Expected purchases as a sum of positive terms: P(K >= y) * P(not lost before y)."""
    y = np.arange(1, 30_000)
    ready = (model.alpha + T) / (model.alpha + T + t)
    bought = nbinom.sf(y - 1, model.r + x, ready)
    kept = np.exp(betaln(model.a, model.b + x + y - 1) - betaln(model.a, model.b + x))
    return float(bought @ kept)


@pytest.mark.parametrize("a", [0.05, 0.793, 0.99999, 1.0, 1.00005, 3.0, 40.0])
@pytest.mark.parametrize(("x", "T"), [(0, 0.0), (3, 30.0), (200, 100.0), (10_000, 9_000.0)])
def test_expectations_are_stable_for_any_frequency(a: float, x: int, T: float) -> None:
    model = RepeatModel(0.243, 4.414, a, 2.426, np.zeros((4, 4)), 0.0, 1.0, False)
    for t in (0.1, 39.0, 400.0):
        expected = series(model, t, x, T)
        assert model.expected_alive(t, x, T) == pytest.approx(expected, rel=2e-6)


def test_a_frequent_customer_gets_finite_answers() -> None:
    coming = PUBLISHED.expected_purchases(52, [10_000, 10_000], [9_999, 5_000], [10_000, 10_000])
    assert 45 < coming[0] < 53
    assert coming[1] == 0
    assert PUBLISHED.alive([10_000, 0], [9_999.9, 0], [10_000, 30])[1] == 1
    fitted = fit_repeat([10_000, 0, 3], [9_999, 0, 40], [10_000, 100, 90])
    assert np.isfinite(fitted.parameters).all()
    assert np.isfinite(fitted.covariance).all()


def test_a_purchase_of_long_ago_speaks_against_a_frequent_customer() -> None:
    alive = PUBLISHED.alive([1, 10], [10, 10], [60, 60])
    assert alive[0] > 0.3
    assert alive[1] < 0.001
    later = PUBLISHED.alive(np.full(5, 4), np.full(5, 10), np.arange(10, 60, 10))
    assert (np.diff(later) < 0).all()


def test_a_new_customer_and_a_cohort() -> None:
    t = np.array([0.0, 5.0, 39.0])
    new = PUBLISHED.expected_new(t)
    assert new[0] == 0
    assert (np.diff(new) > 0).all()
    assert new == pytest.approx(PUBLISHED.expected_alive(t, [0, 0, 0], [0, 0, 0]))
    cohort = PUBLISHED.expected_cumulative([0.0, 0.0, 34.0], [0.0, 39.0])
    assert cohort == pytest.approx([0.0, 2 * new[2] + new[1]])


def test_weights_are_repeated_customers() -> None:
    x, last, T = np.array([0, 1, 4, 0, 9]), np.array([0, 5, 30, 0, 39]), np.full(5, 40.0)
    times = np.array([400, 120, 60, 200, 20])
    whole = fit_repeat(*(np.repeat(v, times) for v in (x, last, T)))
    weighted = fit_repeat(x, last, T, times)
    assert weighted.parameters == pytest.approx(whole.parameters, rel=1e-4)
    assert weighted.log_likelihood == pytest.approx(whole.log_likelihood)
    assert weighted.covariance == pytest.approx(whole.covariance, rel=1e-2, abs=1e-4)


def test_the_unit_of_time_only_scales_alpha() -> None:
    person, at, amount = World().purchases(800, 60.0, 3, join=12.0)
    weeks = summarise(person, at, amount, 60.0, FINE)
    slow = fit_repeat(weeks.frequency, weeks.recency, weeks.age)
    fast = fit_repeat(weeks.frequency, 7 * weeks.recency, 7 * weeks.age)
    assert fast.parameters == pytest.approx(slow.parameters * [1, 7, 1, 1], rel=1e-4)
    shift = weeks.frequency.sum() * np.log(7)
    assert fast.log_likelihood == pytest.approx(slow.log_likelihood - shift)


@pytest.mark.parametrize(
    ("x", "last", "T"),
    [(np.zeros(500), np.zeros(500), np.linspace(1, 50, 500)), ([0], [0], [5]), ([3], [4], [5])],
    ids=["nobody bought twice", "one new customer", "one customer"],
)
def test_what_the_data_leave_open_is_said(x: Vector, last: Vector, T: Vector) -> None:
    model = fit_repeat(x, last, T)
    assert model.penalised
    assert np.isfinite(model.parameters).all()
    assert np.linalg.eigvalsh(model.covariance).min() > 0
    coming = model.expected_purchases(10, x, last, T)
    assert np.isfinite(coming).all()
    if len(T) == 500:
        assert 0 < coming.mean() < 0.05


@pytest.mark.parametrize(
    ("x", "last", "T"),
    [
        ([], [], []),
        ([0, 0], [0, 0], [0, 0]),
        ([-1], [0], [5]),
        ([1.5], [2], [5]),
        ([1], [6], [5]),
        ([0], [2], [5]),
        ([1], [0], [5]),
        ([np.nan], [0], [5]),
        ([1, 2], [1], [5]),
    ],
)
def test_impossible_histories_are_refused(
    x: list[float], last: list[float], T: list[float]
) -> None:
    with pytest.raises(DataError):
        fit_repeat(x, last, T)


def test_impossible_weights_and_horizons_are_refused() -> None:
    with pytest.raises(DataError, match="positive weight"):
        fit_repeat([1, 0], [2, 0], [5, 5], [1.0, 0.0])
    with pytest.raises(DataError, match="horizon"):
        PUBLISHED.expected_new(-1.0)


def test_a_model_survives_as_json_and_arrays() -> None:
    model = fit_repeat([3, 0, 1, 0, 2], [4, 0, 2, 0, 9], [5, 9, 8, 7, 12])
    parts = model.to_parts()
    again = RepeatModel.from_parts(Parts(json.loads(json.dumps(parts.facts)), parts.arrays))
    assert again.parameters == pytest.approx(model.parameters)
    assert again.standard_errors == pytest.approx(model.standard_errors)
    assert again.log_likelihood == model.log_likelihood
