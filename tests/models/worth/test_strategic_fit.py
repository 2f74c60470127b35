"""Strategic fit: the truth behind simulated ratings, honest intervals, and what is refused."""

import numpy as np
import orjson
import pytest
from lead_worlds import make_design
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design
from redumbrella.models.base import Parts, Vector
from redumbrella.models.worth.strategic_fit import StrategicFit, fit_strategic_fit

CUTS = np.array([-2.0, -0.7, 0.6, 1.9])
SCALE = (1.0, 5.0)
ROWS = 1_500


def true_fit(design: Design, signal: float = 1.5) -> Vector:
    z = signal * np.nan_to_num(design.profile[:, 0])
    return np.asarray(100.0 * expit(z[:, None] - CUTS).mean(axis=1))


def rated(number: int, seed: int = 0, signal: float = 1.5) -> tuple[Design, Vector]:
    """1,500 leads; `number` of them have a rating from 1 to 5 by proportional odds."""
    design, rng = make_design(ROWS, seed), np.random.default_rng(seed)
    z = signal * np.nan_to_num(design.profile[:, 0]) + rng.logistic(size=ROWS)
    rating = np.full(ROWS, np.nan)
    chosen = rng.permutation(ROWS)[:number]
    rating[chosen] = 1.0 + (z[chosen, None] > CUTS).sum(axis=1)
    return design, rating


NOBODY = np.zeros(ROWS, np.bool_)


def test_many_ratings_give_the_truth() -> None:
    design, rating = rated(1_200)
    model = fit_strategic_fit(design, rating, SCALE, NOBODY)
    assert (model.basis, model.ratings) == ("feedback", 1_200)
    np.testing.assert_allclose(model.cuts, CUTS, atol=0.35)
    unseen = make_design(1_000, 77)
    value, true = model.estimate(unseen).value, true_fit(unseen)
    assert np.abs(value - true).mean() < 4.0
    assert np.corrcoef(value, true)[0, 1] > 0.97


@pytest.mark.parametrize("number", [10, 40, 300])
def test_intervals_cover_the_truth(number: int) -> None:
    covered, widths = [], []
    for seed in range(6):
        model = fit_strategic_fit(*rated(number, seed), SCALE, NOBODY)
        unseen = make_design(400, seed + 500)
        value, low, high = model.estimate(unseen)
        assert (low <= value).all()
        assert (value <= high).all()
        true = true_fit(unseen)
        covered.append(np.mean((low <= true) & (true <= high)))
        widths.append((high - low).mean())
    assert np.mean(covered) > 0.8
    assert np.mean(widths) < {10: 80.0, 40: 60.0, 300: 30.0}[number]


def test_more_ratings_narrow_the_interval() -> None:
    widths = []
    for number in (8, 60, 500):
        estimate = fit_strategic_fit(*rated(number), SCALE, NOBODY).estimate(make_design(300, 9))
        widths.append(float((estimate.high - estimate.low).mean()))
    assert widths[0] > widths[1] > widths[2]


def test_ratings_without_a_pattern_give_everybody_the_mean() -> None:
    design, rating = rated(200, 3, signal=0.0)
    value = fit_strategic_fit(design, rating, SCALE, NOBODY).estimate(design).value
    mean = 100.0 * (np.nanmean(rating) - 1.0) / 4.0
    assert value.mean() == pytest.approx(mean, abs=2.0)
    assert value.std() < 6.0


def test_two_levels_are_a_ridge_logistic_regression() -> None:
    """The peer sees the same encoded columns; its penalty is that of the prior."""
    design, rating = rated(400)
    yes = np.where(np.isnan(rating), np.nan, (rating > 3).astype(float))
    model = fit_strategic_fit(design, yes, (0.0, 1.0), NOBODY)
    assert model.encoding is not None
    known = np.flatnonzero(~np.isnan(yes))
    X = model.encoding.transform(design)[known].toarray() - model.means
    X, y = np.vstack([X, np.zeros((2, X.shape[1]))]), np.concatenate([yes[known], [0.0, 1.0]])
    weight = np.concatenate([np.ones(known.size), [0.5, 0.5]])
    peer = LogisticRegression(C=model.spread**2, tol=1e-10, max_iter=5_000)
    peer.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.effects, peer.coef_[0], atol=0.01)
    assert model.cuts[0] == pytest.approx(-peer.intercept_[0], abs=0.02)


def test_likeness_to_the_best_where_ratings_are_few() -> None:
    design, rating = rated(7)
    z = 1.5 * np.nan_to_num(design.profile[:, 0]) - 3.0
    best = np.random.default_rng(1).random(ROWS) < expit(z)
    model = fit_strategic_fit(design, rating, SCALE, best)
    assert (model.basis, model.ratings) == ("likeness", int(best.sum()))
    value, low, high = model.estimate(design)
    assert value[best].mean() > 60.0
    assert value[~best].mean() < 50.0
    assert np.corrcoef(value, z)[0, 1] > 0.85
    assert ((low < value) & (value < high)).all()
    # Neither like the best nor like the rest: the ratio of the two densities is 1 there.
    ratio = expit(z) / best.mean() / ((1 - expit(z)) / (1 - best.mean()))
    np.testing.assert_allclose(value.mean(), 100 * (ratio / (1 + ratio)).mean(), atol=6.0)


def test_the_likeness_of_chance_picks_is_no_likeness() -> None:
    design, _ = rated(0)
    best = np.arange(ROWS) % 30 == 0
    value = fit_strategic_fit(design, np.full(ROWS, np.nan), SCALE, best).estimate(design).value
    assert abs(value.mean() - 50.0) < 3.0
    assert value.std() < 8.0


@pytest.mark.parametrize("best", [NOBODY, ~NOBODY, np.arange(ROWS) < 7])
def test_nothing_known_says_so(best: np.ndarray) -> None:
    design, rating = rated(7)
    model = fit_strategic_fit(design, rating, SCALE, best)
    assert model.basis == "none"
    value, low, high = model.estimate(design.take(slice(0, 2)))
    assert (value.tolist(), low.tolist(), high.tolist()) == ([50.0] * 2, [0.0] * 2, [100.0] * 2)
    assert not model.contributions(design).values.any()


def test_all_ratings_equal() -> None:
    design, rating = rated(30)
    rating[~np.isnan(rating)] = 4.0
    value, low, high = fit_strategic_fit(design, rating, SCALE, NOBODY).estimate(design)
    assert value.mean() == pytest.approx(75.0, abs=3.0)
    assert value.std() < 2.0
    assert (low < 75.0).all()
    assert (high > 75.0).all()


@pytest.mark.parametrize(("scale", "factor"), [((0.0, 100.0), 25.0), ((0.0, 1.0), 0.25)])
def test_other_scales_and_fractions(scale: tuple[float, float], factor: float) -> None:
    design, rating = rated(600)
    plain = fit_strategic_fit(design, rating, SCALE, NOBODY).estimate(design).value
    other = fit_strategic_fit(design, factor * (rating - 1.0), scale, NOBODY).estimate(design).value
    assert np.abs(plain - other).mean() < 4.0


def test_contributions_add_up_and_name_the_cause() -> None:
    design, rating = rated(500)
    model = fit_strategic_fit(design, rating, SCALE, NOBODY)
    part = model.contributions(design)
    z = part.base + part.values.sum(axis=1)
    np.testing.assert_allclose(
        model.estimate(design).value, 100.0 * expit(z[:, None] - model.cuts).mean(axis=1)
    )
    assert np.argmax(part.values.std(axis=0)) == 0


@pytest.mark.parametrize("number", [0, 8, 200])
def test_parts_through_json_and_repetition(number: int) -> None:
    design, rating = rated(number)
    model = fit_strategic_fit(design, rating, SCALE, NOBODY)
    parts = model.to_parts()
    facts = orjson.loads(orjson.dumps(parts.facts))
    again = StrategicFit.from_parts(Parts(facts, parts.arrays), design.features)
    repeated = fit_strategic_fit(design, rating, SCALE, NOBODY)
    for one, two, three in zip(
        *(m.estimate(design) for m in (model, again, repeated)), strict=True
    ):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_a_history_counts_and_unlike_leads_are_uncertain() -> None:
    design = make_design(300, history=True)
    seen = design.history.toarray()[:, 0]  # type: ignore[union-attr]
    rating = np.where(np.arange(300) < 150, np.where(seen > 0, 5.0, 2.0), np.nan)
    model = fit_strategic_fit(design, rating, SCALE, np.zeros(300, np.bool_))
    value = model.estimate(design).value
    assert value[seen > 0].min() > value[seen == 0].max()
    strange = make_design(2, history=True)
    strange.profile[0, :2] = 1e6
    strange.profile[1] = np.nan
    strange.history.data[:] = 50.0  # type: ignore[union-attr]
    odd = model.estimate(strange)
    usual = model.estimate(design)
    z_width = (odd.high - odd.low) / (odd.value * (100 - odd.value))
    assert (
        z_width > np.median((usual.high - usual.low) / (usual.value * (100 - usual.value)))
    ).all()


def test_ratings_outside_the_scale_are_counted() -> None:
    design, rating = rated(20)
    rating[:3] = [0.0, 9.0, np.inf]
    with pytest.raises(DataError, match=r"^3 of 2\d ratings are outside .* 1 to 5, such as 0;"):
        fit_strategic_fit(design, rating, SCALE, NOBODY)
    with pytest.raises(DataError, match="must rise, but goes from 5 to 1"):
        fit_strategic_fit(design, rating, (5.0, 1.0), NOBODY)
