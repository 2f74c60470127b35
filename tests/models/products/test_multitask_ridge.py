"""Many regressions at once: each is the one that a general optimiser finds alone."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize

from redumbrella.models.products.multitask_ridge import TOLERANCE, JointRidge
from redumbrella.training.product_sales import UNKNOWN

N, M, K = 900, 12, 4


@pytest.fixture
def problem() -> tuple[JointRidge, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = sp.random(N, M, density=0.4, random_state=3, dtype=np.float32, format="csr")
    x = sp.hstack([sp.csr_matrix(np.ones((N, 1), np.float32)), x], format="csr", dtype=np.float32)
    truth = rng.normal(0, 1.5, (M + 1, K))
    truth[0] = [-3, -1, 0, 1]
    outcome = (rng.random((N, K)) < 1 / (1 + np.exp(-(x @ truth)))).astype(np.uint8)
    outcome[rng.random((N, K)) < 0.1] = UNKNOWN
    weight = rng.uniform(0.5, 2.0, N).astype(np.float32)
    center = rng.normal(0, 0.2, (M + 1, K)).astype(np.float32)
    variance = rng.uniform(0.05, 2.0, (M + 1, K)).astype(np.float32)
    return JointRidge(x, outcome, weight, np.arange(N)), center, variance


def _loss(ridge: JointRidge, k: int, w: np.ndarray, c: np.ndarray, v: np.ndarray) -> float:
    known = ridge.outcome[:, k] != UNKNOWN
    z = ridge.columns[known].astype(np.float64) @ w
    sign = 2.0 * ridge.outcome[known, k] - 1.0
    return float(ridge.weight[known] @ np.logaddexp(0, -sign * z) + ((w - c) ** 2 / (2 * v)).sum())


def test_the_gradient_is_that_of_the_log_loss(problem: tuple[JointRidge, ...]) -> None:
    ridge, center, _ = problem
    known = ridge.outcome != UNKNOWN
    p = 1 / (1 + np.exp(-(ridge.columns.astype(np.float64) @ center)))
    expected = ridge.columns.T @ ((p - ridge.outcome) * known * ridge.weight[:, None])
    np.testing.assert_allclose(ridge.gradient(center), expected, rtol=2e-3, atol=2e-3)


def test_each_product_gets_the_coefficients_that_minimise_its_own_loss(
    problem: tuple[JointRidge, ...],
) -> None:
    ridge, center, variance = problem
    curvature = ridge.curvature(center)
    found = ridge.fit(curvature, center, variance, center.copy())
    for k in range(K):
        c, v = center[:, k].astype(np.float64), variance[:, k].astype(np.float64)
        best = minimize(lambda w, k=k, c=c, v=v: _loss(ridge, k, w, c, v), c, method="L-BFGS-B")
        lost = _loss(ridge, k, found[:, k].astype(np.float64), c, v) - best.fun
        assert lost < 2 * TOLERANCE * curvature.total[k]  # nats, of hundreds


def test_without_outcomes_the_coefficients_are_those_of_the_prior(
    problem: tuple[JointRidge, ...],
) -> None:
    ridge, center, variance = problem
    nothing = JointRidge(
        ridge.columns, np.full_like(ridge.outcome, UNKNOWN), ridge.weight, ridge.rows
    )
    found = nothing.fit(nothing.curvature(center), center, variance, np.zeros_like(center))
    np.testing.assert_allclose(found, center, atol=1e-3)


def test_adapted_priors_shrink_what_says_nothing_more_than_what_says_much() -> None:
    rng = np.random.default_rng(8)
    x = sp.csr_matrix(rng.normal(size=(3_000, 20)).astype(np.float32))
    z = 2.0 * x[:, 0].toarray().ravel()
    outcome = (rng.random(3_000) < 1 / (1 + np.exp(-z))).astype(np.uint8)[:, None]
    ridge = JointRidge(x, outcome, np.ones(3_000, np.float32), np.arange(3_000))
    center = np.zeros((20, 1), np.float32)
    fits = ridge.adapt(ridge.curvature(center), center, np.full((20, 1), 0.05, np.float32), center)
    first, _ = next(fits)
    for _ in range(3):
        later, _ = next(fits)
    assert abs(later[0, 0] - 2.0) < abs(first[0, 0] - 2.0)
    assert np.abs(later[1:]).sum() < np.abs(first[1:]).sum()
