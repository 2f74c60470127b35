"""Gamma-Gamma: the published figures, hand-computed likelihoods, recovery, and odd amounts."""

import json

import numpy as np
import pytest
from cdnow_sample import cdnow
from numpy.typing import NDArray

from redumbrella.customers.gamma_gamma import AmountModel, fit_gamma_gamma, log_likelihood
from redumbrella.customers.history import summarise
from redumbrella.errors import DataError
from redumbrella.models.base import Parts

Vector = NDArray[np.float64]


def amounts(
    customers: int, p: float, q: float, gamma: float, seed: int
) -> tuple[Vector, Vector, Vector]:
    """Frequency (some 0), mean amount, and the true mean of each customer."""
    rng = np.random.default_rng(seed)
    x = rng.poisson(rng.gamma(0.8, 3.0, customers))
    nu = rng.gamma(q, 1.0 / gamma, customers)
    total = np.array([rng.gamma(p, 1.0 / one, n).sum() for one, n in zip(nu, x, strict=True)])
    return x.astype(np.float64), total / np.maximum(x, 1), p / nu


def level(p: float, q: float, gamma: float, x: float, m: float) -> float:
    return log_likelihood(np.array([x]), np.array([m]))(np.log([p, q, gamma]))[0]


def test_the_published_fit_of_cdnow() -> None:
    """Fader and Hardie (2013): 946 customers with repeat purchases in weeks 1-39."""
    history = summarise(*cdnow(), end=272, unit_days=7)
    model = fit_gamma_gamma(history.frequency, history.mean_amount)
    assert model.customers == 946
    assert model.p == pytest.approx(6.25, abs=0.005)
    assert model.q == pytest.approx(3.74, abs=0.005)
    assert model.gamma == pytest.approx(15.44, abs=0.005)
    assert 0.0 < model.correlation < 0.2


def test_likelihoods_computed_by_hand() -> None:
    # Gamma(2) / (Gamma(1) Gamma(1)) * 1 / (1 + 1)^2
    assert level(1, 1, 1, 1, 1) == pytest.approx(np.log(1 / 4))
    # Gamma(4) / (Gamma(2) Gamma(2)) * 1 * 2^2 / (1 + 2)^4
    assert level(1, 2, 1, 2, 1) == pytest.approx(np.log(6 * 4 / 81))


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_agrees_with_finite_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    of = log_likelihood(np.array([1.0, 2, 2, 7, 300]), rng.uniform(1, 90, 5))
    at, step = rng.normal(1.0, 0.7, 3), 1e-5
    slope = of(at)[1]
    for k, side in enumerate(step * np.eye(3)):
        difference = (of(at + side)[0] - of(at - side)[0]) / (2 * step)
        assert slope[k] == pytest.approx(difference, rel=1e-5, abs=1e-5)


def test_the_truth_lies_within_its_standard_errors() -> None:
    truth, z = np.log([5.0, 4.0, 20.0]), []
    for seed in range(25):
        x, m, _ = amounts(800, 5.0, 4.0, 20.0, seed)
        model = fit_gamma_gamma(x, m)
        assert not model.penalised
        z.append((np.log(model.parameters) - truth) / np.sqrt(np.diag(model.covariance)))
    assert 0.8 <= np.mean(np.abs(z) < 1.645) <= 0.97


def test_a_customers_mean_is_drawn_to_that_of_all() -> None:
    x, m, true = amounts(5_000, 5.0, 4.0, 20.0, 0)
    model = fit_gamma_gamma(x, m)
    said = model.expected_mean(x, m)
    again = x > 0
    overall = model.population_mean
    assert overall == pytest.approx(20.0 * 5.0 / 3.0, rel=0.05)
    assert said[~again] == pytest.approx(overall)
    assert (np.abs(said - overall)[again] <= np.abs(m - overall)[again] + 1e-9).all()
    assert np.mean((said - true)[again] ** 2) < np.mean((m - true)[again] ** 2)
    assert said.mean() == pytest.approx(true.mean(), rel=0.05)


def test_without_a_mean_of_the_population_the_observed_one_is_used() -> None:
    heavy = AmountModel(2.0, 0.8, 9.0, np.zeros((3, 3)), 0.0, 0.0, 31.0, 10.0, False)
    assert heavy.population_mean == 31.0
    assert heavy.expected_mean([0, 3], [0, 30.0])[0] == 31.0
    assert heavy.expected_mean([0, 3], [0, 30.0])[1] == pytest.approx(2 * 99 / 5.8)
    tiny = AmountModel(0.1, 0.8, 9.0, np.zeros((3, 3)), 0.0, 0.0, 31.0, 10.0, False)
    assert tiny.expected_mean([1], [30.0])[0] == 31.0


def test_the_correlation_of_frequency_and_amount_is_told() -> None:
    x = np.array([1.0, 2, 3, 4, 0, 0])
    assert fit_gamma_gamma(x, np.array([10.0, 20, 30, 40, 0, 0])).correlation == pytest.approx(1.0)
    assert fit_gamma_gamma(x, np.full(6, 7.0)).correlation == 0.0


@pytest.mark.parametrize(
    ("x", "m"), [([2], [30.0]), ([1] * 50, [12.5] * 50), ([1] * 3, [1e-9, 5, 1e9])]
)
def test_what_the_data_leave_open_is_said(x: Vector, m: Vector) -> None:
    model = fit_gamma_gamma(x, m)
    assert model.penalised
    assert np.isfinite(model.parameters).all()
    assert np.isfinite(model.covariance).all()
    assert (model.expected_mean(x, m) > 0).all()


def test_the_currency_only_scales_gamma() -> None:
    x, m, _ = amounts(600, 5.0, 4.0, 20.0, 1)
    euro, cent = fit_gamma_gamma(x, m), fit_gamma_gamma(x, 100 * m)
    assert cent.parameters == pytest.approx(euro.parameters * [1, 1, 100], rel=1e-4)


@pytest.mark.parametrize(
    ("x", "m", "says"),
    [
        ([], [], "bought twice"),
        ([0, 0], [0, 0], "bought twice"),
        ([2, 1], [5.0, -3.0], "mean amount -3"),
        ([2, 1], [5.0, 0.0], "mean amount 0"),
        ([1], [np.nan], "nan"),
        ([-1], [5.0], "frequency -1"),
        ([1, 2], [5.0], "shapes"),
    ],
)
def test_impossible_amounts_are_refused(x: Vector, m: Vector, says: str) -> None:
    with pytest.raises(DataError, match=says):
        fit_gamma_gamma(x, m)


def test_a_model_survives_as_json_and_arrays() -> None:
    model = fit_gamma_gamma([1, 2, 0, 5], [10.0, 30.0, 0.0, 22.0])
    parts = model.to_parts()
    again = AmountModel.from_parts(Parts(json.loads(json.dumps(parts.facts)), parts.arrays))
    assert again.parameters == pytest.approx(model.parameters)
    assert again.population_mean == model.population_mean
    assert again.standard_errors == model.standard_errors
