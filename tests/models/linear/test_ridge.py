"""Estimated ridges: telling groups keep their effects, silent groups lose theirs."""

import numpy as np
import pytest
import scipy.sparse as sp
from lead_worlds import draw, make_design, truth
from sklearn.linear_model import LogisticRegression

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import probability_of
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.linear import ridge
from redumbrella.models.linear.encoding import fit_encoding
from redumbrella.models.linear.ridge import LIMITS, estimate_variances, fit_ridges, solve

ROWS = 3_000


def one_hot(levels: int, seed: int) -> tuple[sp.csr_matrix, np.ndarray]:
    code = np.random.default_rng(seed).integers(0, levels, ROWS)
    return sp.csr_matrix((np.ones(ROWS), (np.arange(ROWS), code)), (ROWS, levels)), code


def test_solve_as_scikit_learn() -> None:
    X, _ = one_hot(6, 0)
    won = draw(np.random.default_rng(1).normal(-1, 1, ROWS))
    weight = np.random.default_rng(2).uniform(0.2, 2.0, ROWS)
    intercept, coefficients = solve(X, won, weight, np.full(6, 0.3))
    peer = LogisticRegression(C=0.3, tol=1e-10, max_iter=1_000).fit(X, won, sample_weight=weight)
    assert intercept == pytest.approx(peer.intercept_[0], abs=2e-3)
    np.testing.assert_allclose(coefficients, peer.coef_[0], atol=2e-3)


def test_each_group_gets_the_size_of_its_effects() -> None:
    telling, code = one_hot(40, 0)
    silent, _ = one_hot(300, 1)
    effects = np.random.default_rng(2).normal(0.0, 1.0, 40)
    won = draw(-1.0 + effects[code])
    X = sp.hstack([telling, silent], format="csr")
    group = np.repeat([0, 1], [40, 300])
    variance = estimate_variances(X, won, np.ones(ROWS), group)
    assert np.unique(variance[:40]).size == np.unique(variance[40:]).size == 1
    assert variance[0] == pytest.approx(effects.var(), rel=0.5)
    assert variance[-1] < 0.2 * variance[0]
    assert LIMITS[0] <= variance.min() <= variance.max() <= LIMITS[1]


def test_rare_levels_get_the_size_of_their_effects() -> None:
    """Where a level has six leads, the size of effects is learned from all levels together."""
    columns, code = one_hot(500, 8)
    effects = np.random.default_rng(9).normal(0.0, 1.0, 500)
    won = draw(-1.0 + effects[code])
    variance = estimate_variances(columns, won, np.ones(ROWS), np.zeros(500, np.intp))
    assert 0.5 < variance[0] < 1.6


def test_silent_fields_cost_little() -> None:
    """Beside 300 levels of noise the estimated ridges beat one ridge for all."""
    telling, code = one_hot(10, 3)
    silent, _ = one_hot(300, 4)
    z = -1.0 + np.random.default_rng(5).normal(0.0, 1.2, 10)[code]
    won, asked = draw(z, 6), draw(z, 7)
    X = sp.hstack([telling, silent], format="csr")

    def loss(variance: np.ndarray) -> float:
        intercept, coefficients = solve(X, won, np.ones(ROWS), variance)
        p = probability_of(intercept + X @ coefficients)
        return float(-np.mean(np.log(np.where(asked == 1, p, 1 - p))))

    estimated = estimate_variances(X, won, np.ones(ROWS), np.repeat([0, 1], [10, 300]))
    assert loss(estimated) < min(loss(np.full(310, v)) for v in (0.01, 0.1, 1.0))


def test_groups_of_the_encoding() -> None:
    design = make_design(200, history=True)
    encoding = fit_encoding(design)
    group, owner = encoding.group(design.features), encoding.owner
    assert group.size == owner.size == encoding.transform(design).shape[1]
    number, category = group[owner == 0], group[owner == 4]
    assert np.unique(number).size == 3  # value, missing, bins
    assert np.unique(category).size == 1
    assert set(number).isdisjoint(category)
    history = group[owner >= 5]  # two sources of one column each
    assert np.unique(history).size == 2


def test_knots_are_distances_above_a_quantile() -> None:
    design = make_design(400)
    plain, bent = fit_encoding(design), fit_encoding(design, (1, 3, 5))
    group, owner = bent.group(design.features), bent.owner
    assert np.unique(group[owner == 0]).size == 4  # value, missing, bins, knots
    X = bent.transform(design).toarray()
    assert X.shape[1] == owner.size == group.size
    shared = plain.transform(design).toarray()
    visits = design.profile[:, 0]
    knots = X[:, owner == 0][:, -3:]
    quartiles = np.nanquantile(visits, [0.25, 0.5, 0.75])
    distance = np.maximum(visits[:, None] - quartiles, 0.0) / np.nanstd(visits)
    np.testing.assert_allclose(knots, np.nan_to_num(distance), atol=1e-12)
    np.testing.assert_array_equal(X[:, owner == 0][:, :-3], shared[:, plain.owner == 0])
    # A constant has no quantiles, so it bends nowhere; a category has no knots.
    assert not X[:, owner == 2][:, -3:].any()
    assert (owner == 4).sum() == (plain.owner == 4).sum()
    np.testing.assert_array_equal(bent.scaled_values.nonzero()[0][:4], [0, 10, 11, 12])


def test_a_bend_is_learned_better_than_by_steps_alone() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(24_000, 1))
    z = 1.5 * np.abs(x[:, 0]) - 1.5
    design = Design((Feature("x", "x", "number"),), x)
    rows = np.arange(4_000)
    model = AdditiveLogistic().fit(design.take(rows), draw(z[rows]), np.ones(4_000))
    missed = np.mean((model.log_odds(design) - z)[4_000:] ** 2)
    assert missed < 0.03 * np.var(z)


def test_a_given_variance_is_kept() -> None:
    design = make_design(300)
    won = draw(truth(design))
    tight = AdditiveLogistic(variance=1e-4).fit(design, won, np.ones(300))
    free = AdditiveLogistic().fit(design, won, np.ones(300))
    assert np.abs(tight.coefficients).max() < 0.1 < np.abs(free.coefficients).max()
    assert free.quick().variance is free.variance


def test_of_many_groups_fewer_steps_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    X = sp.csr_matrix(rng.normal(size=(1_000, 40)))
    won = draw(-1.0 + X[:, [0]].toarray().ravel())
    group, weight = np.arange(40), np.ones(1_000)
    full, (_, plain) = fit_ridges(X, won, weight, group)
    monkeypatch.setattr(ridge, "MANY_GROUPS", 40)
    quick, (_, found) = fit_ridges(X, won, weight, group)
    np.testing.assert_allclose(quick, full, rtol=0.05)
    np.testing.assert_allclose(found, plain, atol=5e-3)
