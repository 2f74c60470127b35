"""Models of many products: better than shares and than one score, honest about doubt, exact."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts
from redumbrella.models.products.products import Products, fit_products, log_loss_by_product
from redumbrella.training.product_sales import UNKNOWN

N, COLUMNS, K = 6_000, 40, 10


@pytest.fixture(scope="module")
def world() -> tuple[Design, np.ndarray, np.ndarray]:
    """Design, outcomes and true log-odds: a shared part, a taste per range, rare products too."""
    rng = np.random.default_rng(1)
    history = sp.random(
        N, COLUMNS, density=0.3, random_state=1, format="csr", dtype=np.float32,
        data_rvs=lambda size: rng.exponential(3.0, size),
    )  # fmt: skip
    seen = np.asarray((history > 0).todense(), np.float64)
    shared = seen @ rng.normal(0, 0.3, COLUMNS)
    taste = seen @ rng.normal(0, 0.4, (COLUMNS, 2))
    level = np.linspace(-5.0, -1.5, K)
    z = (
        level
        + 0.8 * (shared - shared.mean())[:, None]
        + (taste - taste.mean(0))[:, np.arange(K) % 2]
    )
    outcome = (rng.random((N, K)) < 1 / (1 + np.exp(-z))).astype(np.uint8)
    profile = rng.normal(size=(N, 1))
    features = (
        Feature("age", "number", "age"),
        *(Feature(f"c{j}", "number", f"c{j}") for j in range(COLUMNS)),
    )
    return Design(features, profile, history), outcome, z


@pytest.fixture(scope="module")
def model(world: tuple[Design, np.ndarray, np.ndarray]) -> Products:
    design, outcome, _ = world
    rows = np.arange(N // 2)
    return fit_products(design.take(rows), _names(), outcome[rows], rows)


def _names() -> tuple[str, ...]:
    return tuple(f"p{k}" for k in range(K))


def test_unseen_people_are_told_apart_better_than_by_shares_and_by_the_pooled_score(
    world: tuple[Design, np.ndarray, np.ndarray], model: Products
) -> None:
    design, outcome, z = world
    unseen = np.arange(N // 2, N)
    y = outcome[unseen]
    part = design.take(unseen)
    share = (outcome[: N // 2].sum(axis=0) + 0.5) / (N // 2 + 1)
    constant = np.tile(np.log(share / (1 - share)), (unseen.size, 1)).astype(np.float32)
    alone = model.coefficients.copy()
    alone[2:] = 0.0
    pooled = replace(model, coefficients=alone)
    ours, best = (
        log_loss_by_product(model.log_odds(part), y).mean(),
        log_loss_by_product(z[unseen], y).mean(),
    )
    by_share, by_score = (
        log_loss_by_product(constant, y).mean(),
        log_loss_by_product(pooled.log_odds(part), y).mean(),
    )
    assert best < ours < by_score < by_share
    assert ours - best < 0.4 * (by_share - best)


def test_contributions_of_every_product_sum_to_its_log_odds(
    world: tuple[Design, np.ndarray, np.ndarray], model: Products
) -> None:
    design = world[0].take(np.arange(50))
    said = model.log_odds(design)
    for k in range(K):
        why = model.contributions(design, k)
        np.testing.assert_allclose(why.base + why.values.sum(axis=1), said[:, k], atol=2e-4)


def test_intervals_cover_the_true_log_odds_about_as_often_as_they_say(
    world: tuple[Design, np.ndarray, np.ndarray], model: Products
) -> None:
    design, _, z = world
    unseen = np.arange(N // 2, N)
    part = design.take(unseen)
    inside = np.abs(model.log_odds(part) - z[unseen]) < 1.645 * model.deviation(part)
    assert 0.75 < inside.mean() < 0.995


def test_products_with_few_sales_stay_nearer_to_what_all_have_in_common(model: Products) -> None:
    own = np.abs(model.coefficients[2:]).sum(axis=0)
    few, many = np.argsort(model.sold)[:3], np.argsort(model.sold)[-3:]
    assert own[few].mean() < own[many].mean()


def test_a_stored_model_says_the_same(
    world: tuple[Design, np.ndarray, np.ndarray], model: Products
) -> None:
    design = world[0].take(np.arange(200))
    parts = model.to_parts()
    again = Products.from_parts(Parts(parts.facts, parts.arrays), design.features)
    np.testing.assert_array_equal(again.log_odds(design), model.log_odds(design))
    np.testing.assert_array_equal(again.deviation(design), model.deviation(design))


def test_a_level_that_moved_is_followed_where_outcomes_say_so(
    world: tuple[Design, np.ndarray, np.ndarray], model: Products
) -> None:
    design, _, z = world
    rng = np.random.default_rng(9)
    later = np.arange(N // 2, N)
    came = (rng.random((later.size, K)) < 1 / (1 + np.exp(-(z[later] + 1.0)))).astype(np.uint8)
    said = model.log_odds(design.take(later))
    moved = model.calibrated(said, came).log_odds(design.take(later))
    assert log_loss_by_product(moved, came).mean() < log_loss_by_product(said, came).mean()
    nothing = np.full_like(came, UNKNOWN)
    assert model.calibrated(said, nothing) is model


def test_a_sample_of_those_who_buy_nothing_says_nearly_the_same_as_all_of_them() -> None:
    rng = np.random.default_rng(4)
    n = 60_000
    x = (rng.random((n, 3)) < 0.3).astype(np.float32)
    z = -4.5 + x @ np.array([1.5, 0.8, -0.5])
    outcome = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.uint8)[:, None]
    features = tuple(Feature(f"c{j}", "number", f"c{j}") for j in range(3))
    design = Design(features, np.empty((n, 0)), sp.csr_matrix(x))
    model = fit_products(design, ("p",), outcome, np.arange(n))
    said = 1 / (1 + np.exp(-model.log_odds(design).astype(np.float64)))
    assert said.mean() == pytest.approx(outcome.mean(), rel=0.05)
