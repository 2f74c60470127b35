"""Amounts: means and quantiles against worlds with a known truth, exact reasons, odd input."""

from functools import cache

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lead_worlds import make_design
from sklearn.linear_model import GammaRegressor
from sklearn.metrics import mean_tweedie_deviance

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design
from redumbrella.models.base import Parts, Vector
from redumbrella.models.worth import tweedie as log_mean
from redumbrella.models.worth.amount import Amount, fit_amount, pinball
from redumbrella.models.worth.tweedie import best_of, row_loss

SIGMA = 0.6


def with_level(design: Design, name: str, level: str) -> Design:
    """The same rows as if a category had this level."""
    column = [feature.name for feature in design.profile_features].index(name)
    profile = design.profile.copy()
    profile[:, column] = design.features[column].levels.index(level)
    return Design(design.features, profile, design.history)


def true_mean(design: Design) -> Vector:
    """Rises with visits, triples for students."""
    visits = np.nan_to_num(design.profile[:, 0])
    student = np.nan_to_num(design.profile[:, 4]) == 3
    return np.asarray(200.0 * np.exp(0.5 * visits + np.log(3.0) * student))


def sales(rows: int, seed: int = 0, *, history: bool = False) -> tuple[Design, Vector]:
    """Lognormal amounts around `true_mean`."""
    design = make_design(rows, seed, history=history)
    noise = np.random.default_rng(seed + 1).normal(-0.5 * SIGMA**2, SIGMA, rows)
    return design, true_mean(design) * np.exp(noise)


@cache
def learned(rows: int) -> Amount:
    return fit_amount(*sales(rows))


def test_the_mean_is_that_of_the_truth() -> None:
    unseen = make_design(2_000, 70)
    true, said = true_mean(unseen), learned(2_000).mean(unseen)
    error = np.abs(np.log(said / true))
    assert error.mean() < 0.12
    assert said.mean() == pytest.approx(true.mean(), rel=0.06)
    assert "log-linear" in learned(2_000).log_mean.kind


@pytest.mark.parametrize(("rows", "slack"), [(60, 0.09), (2_000, 0.03)])
def test_quantiles_keep_their_word_on_unseen_sales(rows: int, slack: float) -> None:
    below = []
    for seed in range(4):
        model = learned(rows) if rows > 1_000 else fit_amount(*sales(rows, seed))
        asked, amount = sales(1_500, 300 + seed)
        quantiles = model.quantiles(asked)
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert (quantiles >= 0).all()
        below.append((amount[:, None] <= quantiles).mean(axis=0))
    np.testing.assert_allclose(np.mean(below, axis=0), [0.1, 0.5, 0.9], atol=slack)


def test_quantiles_know_more_than_the_plain_distribution() -> None:
    asked, amount = sales(1_500, 300)
    plain = np.tile(np.quantile(sales(2_000)[1], [0.1, 0.5, 0.9]), (1_500, 1))
    model = learned(2_000)
    assert pinball(model.quantiles(asked), amount).mean() < 0.75 * pinball(plain, amount).mean()
    value, low, high = model.estimate(asked)
    np.testing.assert_array_equal(value, model.mean(asked))
    np.testing.assert_array_equal(np.column_stack([low, high]), model.quantiles(asked)[:, [0, 2]])


@pytest.mark.parametrize("rows", [10, 30, 80, 450])
@pytest.mark.parametrize("history", [False, True])
def test_reasons_are_exact_factors_of_the_mean(rows: int, history: bool) -> None:
    design, amount = sales(rows, history=history)
    model = fit_amount(design, amount)
    asked = make_design(40, 5, history=history)
    part = model.contributions(asked)
    factors = np.exp(part.base) * np.exp(part.values).prod(axis=1)
    np.testing.assert_allclose(factors, model.mean(asked), rtol=1e-9)
    if rows == 450:
        assert set(np.argsort(-part.values.std(axis=0))[:2]) == {0, 4}


@pytest.mark.parametrize(
    ("rows", "regime"), [(1, "plain"), (19, "plain"), (30, "shrunken"), (60, "model")]
)
def test_regimes(rows: int, regime: str) -> None:
    design, amount = sales(rows, 4)
    model = fit_amount(design, amount)
    assert model.regime == regime
    if regime == "plain":
        np.testing.assert_allclose(model.mean(design), amount.mean())
        expected = np.sort(amount)[{1: [0, 0, 0], 19: [1, 9, 17]}[rows]]  # levels of (n + 1)
        np.testing.assert_allclose(model.quantiles(design)[0], expected)
    if regime == "shrunken":
        free = np.log(true_mean(design)).std()
        assert 0 < np.log(model.mean(design)).std() < 0.8 * free


def test_noise_teaches_the_plain_mean() -> None:
    design = make_design(500)
    amount = np.random.default_rng(0).gamma(2.0, 50.0, 500)
    model = fit_amount(design, amount)
    np.testing.assert_allclose(model.mean(design).mean(), amount.mean(), rtol=0.02)
    assert model.mean(design).std() < 0.15 * amount.mean()
    assert model.quantiles(design).std(axis=0).max() < 0.3 * amount.std()


def test_quantiles_within_each_promotion() -> None:
    """Students' amounts are wild, clerks' are not; the mean does not tell."""
    design, rng = make_design(6_000, 2), np.random.default_rng(1)
    job = np.nan_to_num(design.profile[:, 4])
    wild = np.where(job == 3, 1.2, 0.2)
    amount = 100.0 * np.exp(rng.normal(0.0, wild))
    half = slice(0, 4_000)
    model = fit_amount(design.take(half), amount[half], promotion="job")
    later, truth = design.take(slice(4_000, None)), amount[4_000:]
    quantiles = model.quantiles(later)
    for code in (1, 3):
        rows = np.nan_to_num(later.profile[:, 4]) == code
        inside = (truth >= quantiles[:, 0]) & (truth <= quantiles[:, 2])
        assert inside[rows].mean() == pytest.approx(0.8, abs=0.08)
    rows = later.take(slice(0, 5))
    width = [np.diff(model.quantiles(with_level(rows, "job", level))[:, [0, 2]]).mean()
             for level in ("clerk", "student")]  # fmt: skip
    assert width[1] > 3 * width[0]
    unheard = with_level(rows, "job", "(other)")
    unheard.profile[:, 4] = 9.0
    assert np.isfinite(model.quantiles(unheard)).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1_000), st.integers(1, 60), st.floats(0.0, 0.9), st.floats(-8, 8))
@example(80, 20, 0.875, 0.0)  # the only sale is unseen in one fold, which learns from zeros
def test_any_skewed_amounts_give_finite_rising_quantiles(
    seed: int, rows: int, zeros: float, unit: float
) -> None:
    design, amount = sales(rows, seed)
    rng = np.random.default_rng(seed)
    amount = amount * 10.0**unit * (rng.random(rows) >= zeros)
    amount[seed % rows] = 10.0**unit
    model = fit_amount(design, amount)
    asked = make_design(30, seed + 1)
    mean, quantiles = model.mean(asked), model.quantiles(asked)
    assert np.isfinite(mean).all()
    assert (mean > 0).all()
    assert np.isfinite(quantiles).all()
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_the_unit_of_money_does_not_matter() -> None:
    design, amount = sales(300)
    euro, cent = fit_amount(design, amount), fit_amount(design, 100.0 * amount)
    np.testing.assert_allclose(cent.mean(design), 100.0 * euro.mean(design), rtol=1e-3)
    np.testing.assert_allclose(cent.quantiles(design), 100.0 * euro.quantiles(design), rtol=1e-3)


@pytest.mark.parametrize("rows", [5, 30, 450])
def test_parts_through_json_and_repetition(rows: int) -> None:
    design, amount = sales(rows)
    model = fit_amount(design, amount, promotion="job")
    parts = model.to_parts()
    facts = orjson.loads(orjson.dumps(parts.facts))
    again = Amount.from_parts(Parts(facts, parts.arrays), design.features)
    repeated = fit_amount(design, amount, promotion="job")
    asked = make_design(50, 8)
    for other in (again, repeated):
        np.testing.assert_array_equal(other.mean(asked), model.mean(asked))
        np.testing.assert_array_equal(other.quantiles(asked), model.quantiles(asked))
        assert other.regime == model.regime


def test_nobody_asked() -> None:
    nobody = make_design(0)
    for rows in (30, 2_000):
        assert learned(rows).mean(nobody).shape == (0,)
        assert learned(rows).quantiles(nobody).shape == (0, 3)
        assert learned(rows).contributions(nobody).values.shape == (0, 5)


def test_losses_as_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    mean, amount = rng.gamma(2, 2, 200), rng.gamma(2, 2, 200)
    for power in (1.0, 1.5, 2.0):
        ours = 2.0 * (row_loss(mean, amount, power) - row_loss(amount, amount, power)).mean()
        assert ours == pytest.approx(mean_tweedie_deviance(amount, mean, power=power))


def test_the_linear_mean_as_scikit_learn() -> None:
    design, amount = sales(300)
    ours = log_mean._fit_linear(design, amount / amount.mean(), 0.0, 2.0, (0.1,))[0]
    assert ours.encoding is not None
    X = ours.encoding.transform(design)
    # scikit-learn takes the mean loss and half of it: alpha = ridge / rows.
    peer = GammaRegressor(alpha=10.0 / 300, tol=1e-8, max_iter=5_000).fit(X, amount / amount.mean())
    np.testing.assert_allclose(ours.coefficients[1:], peer.coef_, atol=2e-3)
    assert ours.coefficients[0] == pytest.approx(peer.intercept_, abs=2e-3)


def test_a_model_must_clearly_beat_the_plain_mean() -> None:
    noise = np.random.default_rng(0).normal(size=100)
    plain = np.full(100, 5.0)
    assert best_of(np.array([plain, plain - 0.05 + noise])) == 0
    assert best_of(np.array([plain, plain - 0.5 + noise, plain - 0.9 + noise])) == 2


@pytest.mark.parametrize(
    ("amount", "words", "reason"),
    [
        ([], "no amounts to learn from", "no_rows"),
        ([3.0, -5.0, -1.0], "2 of 3 amounts are below zero, such as -5", "bad_quantity"),
        ([3.0, np.nan], "1 of 2 amounts are no number", "bad_quantity"),
        ([0.0, 0.0], "All 2 amounts are zero", "all_zero"),
    ],
)
def test_impossible_amounts_are_refused(amount: list[float], words: str, reason: str) -> None:
    with pytest.raises(DataError, match=words) as error:
        fit_amount(make_design(len(amount)), np.array(amount))
    assert error.value.reason == reason


def test_equal_amounts_and_one_sale() -> None:
    for rows in (1, 5, 200):
        design = make_design(rows)
        model = fit_amount(design, np.full(rows, 49.9))
        np.testing.assert_allclose(model.mean(design), 49.9)
        np.testing.assert_allclose(model.quantiles(design), 49.9)


def test_unknown_promotions_are_refused() -> None:
    design, amount = sales(60)
    with pytest.raises(DataError, match='"visits" is no category'):
        fit_amount(design, amount, promotion="visits")
