"""Time to convert, against worlds whose true curves are known and values by hand."""

from functools import cache

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_worlds import make_design, truth

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts, Vector, probability_of
from redumbrella.models.worth import timing
from redumbrella.models.worth.timing import CENSORED, LOST, WON, Curves, Timing, fit_timing

World = tuple[Design, Vector, np.ndarray]
SPEED, SHAPE, LOSING = 6.0, 2.0, 15.0


def world(rows: int, seed: int = 0, *, censored: bool = True, signal: float = 1.0) -> World:
    """Won with the probabilities of `truth`, after a Weibull time that is longer for students.

    Lost leads leave after an exponential time; open ones were last seen at any day up to 40.
    """
    design = make_design(rows, seed)
    rng = np.random.default_rng(seed + 50)
    won = rng.random(rows) < probability_of(signal * truth(design))
    slow = 1.0 + signal * (np.nan_to_num(design.profile[:, 4]) == 3)
    days = np.where(won, slow * SPEED * rng.weibull(SHAPE, rows), rng.exponential(LOSING, rows))
    seen = rng.uniform(0.0, 40.0, rows) if censored else np.full(rows, np.inf)
    end = np.where(days > seen, CENSORED, np.where(won, WON, LOST))
    return design, np.minimum(days, seen), end


def true_chance(design: Design, days: float) -> Vector:
    slow = 1.0 + (np.nan_to_num(design.profile[:, 4]) == 3)
    reached = -np.expm1(-((days / slow / SPEED) ** SHAPE))
    return np.asarray(probability_of(truth(design)) * reached)


@cache
def learned() -> Timing:
    return fit_timing(*world(2_500))


def test_curves_are_those_of_the_truth() -> None:
    model, unseen = learned(), make_design(2_000, 99)
    curves = model.curves(unseen)
    assert model.winning.kind != "life table"
    for days in (3.0, 7.0, 14.0, 30.0):
        true, said = true_chance(unseen, days), curves.within(days)
        variation = np.abs(true.mean() - true).mean()
        assert np.abs(said - true).mean() < 0.55 * variation
        assert abs(said.mean() - true.mean()) < 0.025
    student = np.nan_to_num(unseen.profile[:, 4]) == 3
    median = curves.days_to_convert().value
    usual = SPEED * np.log(2) ** (1 / SHAPE)
    assert np.median(median[~student]) == pytest.approx(usual, rel=0.15)
    assert np.median(median[student]) == pytest.approx(2 * usual, rel=0.2)


def test_open_leads_do_not_count_as_lost() -> None:
    design, days, end = world(2_500)
    true = true_chance(design, 30.0).mean()
    honest = learned().curves(design).within(30.0).mean()
    naive = fit_timing(design, days, np.where(end == CENSORED, LOST, end))
    assert abs(honest - true) < 0.03
    assert naive.curves(design).within(30.0).mean() < true - 0.05


def test_without_features_the_curve_is_the_observed_share() -> None:
    _, days, end = world(3_000, censored=False)
    nobody = Design((), np.empty((3_000, 0)))
    curves = fit_timing(nobody, days, end).curves(nobody)
    for k, edge in enumerate(curves.edges[1:], 1):
        share = np.mean((end == WON) & (days <= edge))
        assert curves.won[0, k] == pytest.approx(share, abs=0.001)
    assert curves.edges[-1] == days[end == WON].max()


def test_the_time_seen_of_an_open_lead_counts() -> None:
    """Half the leads are seen for half of the only interval: the chance is wins per time seen."""
    days = np.concatenate([np.full(50, 10.0), np.full(100, 5.0), np.full(50, 11.0)])
    end = np.repeat([WON, CENSORED, LOST], [50, 100, 50])
    nobody = Design((), np.empty((200, 0)))
    model = fit_timing(nobody, days, end)
    np.testing.assert_allclose(model.edges, [0.0, 10.0])
    assert model.curves(nobody).limit[0] == pytest.approx(50 / 150, abs=0.005)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_curves_rise_from_zero_and_stay_below_one(seed: int, rows: int) -> None:
    design, days, end = world(rows, seed)
    end[seed % rows] = WON
    curves = fit_timing(design, days, end).curves(design)
    assert (curves.won[:, 0] == 0).all()
    assert (np.diff(curves.won, axis=1) >= 0).all()
    assert (curves.limit < 1).all()
    assert (np.diff(curves.edges) > 0).all()
    estimate = curves.days_to_convert()
    assert (estimate.low <= estimate.value).all()
    assert (estimate.value <= estimate.high).all()
    assert (estimate.high <= curves.edges[-1]).all()


def test_within_and_quantiles_by_hand() -> None:
    curves = Curves(np.array([0.0, 10.0, 30.0]), np.array([[0.0, 0.2, 0.4], [0.0, 0.5, 0.5]]))
    np.testing.assert_allclose(curves.within(5.0), [0.1, 0.25])
    np.testing.assert_allclose(curves.within(20.0), [0.3, 0.5])
    np.testing.assert_allclose(curves.within(1e9), [0.4, 0.5])
    np.testing.assert_allclose(curves.within(0.0), [0.0, 0.0])
    found = curves.days_to_convert()
    np.testing.assert_allclose(found.value, [10.0, 5.0])
    np.testing.assert_allclose(found.low, [2.0, 1.0])
    np.testing.assert_allclose(found.high, [26.0, 9.0])


def test_consistent_with_the_conversion_model() -> None:
    design = make_design(300, 3)
    curves = learned().curves(design)
    wanted = np.linspace(0.0, 0.9, 300)
    scaled = curves.consistent_with(wanted)
    np.testing.assert_allclose(scaled.limit, wanted)
    np.testing.assert_allclose(scaled.within(1e6), wanted)
    np.testing.assert_allclose(scaled.within(7.0), wanted * curves.within(7.0) / curves.limit)
    certain = wanted > 0
    part = Curves(scaled.edges, scaled.won[certain])
    for one, other in zip(part.days_to_convert(), curves.days_to_convert(), strict=True):
        np.testing.assert_allclose(one, other[certain], rtol=1e-9)


def test_noise_teaches_the_life_table() -> None:
    design, days, end = world(1_500, 7, signal=0.0)
    model = fit_timing(design, days, end)
    assert model.winning.kind == "life table"
    curves = model.curves(design)
    assert np.ptp(curves.limit) == 0


@pytest.mark.parametrize("rows", [12, 120, 900])
def test_parts_through_json_give_the_same_curves(rows: int) -> None:
    design, days, end = world(rows)
    model = fit_timing(design, days, end)
    parts = model.to_parts()
    facts = orjson.loads(orjson.dumps(parts.facts))
    again = Timing.from_parts(Parts(facts, parts.arrays), design.features)
    asked = make_design(50, 8)
    np.testing.assert_array_equal(again.curves(asked).won, model.curves(asked).won)
    assert again.winning.kind == model.winning.kind
    repeated = fit_timing(design, days, end)
    np.testing.assert_array_equal(repeated.curves(asked).won, model.curves(asked).won)


def test_a_history_is_used() -> None:
    design = make_design(1_200, history=True)
    rng = np.random.default_rng(0)
    seen = design.history.toarray()[:, 0]  # type: ignore[union-attr]
    days = rng.exponential(np.where(seen > 0, 3.0, 12.0))
    model = fit_timing(design, days, np.full(1_200, WON))
    median = model.curves(design).days_to_convert().value
    assert 2.0 * median[seen > 0].mean() < median[seen == 0].mean()


def test_weights_and_several_rows_of_a_lead() -> None:
    design, days, end = world(400)
    twice = np.repeat(np.arange(400), 2)
    once = fit_timing(design, days, end)
    halves = fit_timing(design.take(twice), days[twice], end[twice], np.full(800, 0.5))
    asked = make_design(200, 5)
    a, b = once.curves(asked).within(10.0), halves.curves(asked).within(10.0)
    assert np.abs(a - b).mean() < 0.05


def test_a_large_record_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MAX_LEADS", 2_000)
    monkeypatch.setattr(timing, "MAX_TO_CHOOSE", 1_000)
    design, days, end = world(4_000, 1)
    model = fit_timing(design, days, end)
    for when in (7.0, 30.0):
        said, true = model.curves(design).within(when), true_chance(design, when)
        assert abs(said.mean() - true.mean()) < 0.03
        assert np.corrcoef(said, true)[0, 1] > 0.85


def test_one_won_lead_is_enough() -> None:
    one = make_design(1)
    curves = fit_timing(one, np.array([4.0]), np.array([WON])).curves(one)
    assert curves.edges.tolist() == [0.0, 4.0]
    assert 0.0 < curves.limit[0] < 1.0


def test_everybody_won_at_once() -> None:
    design = make_design(60)
    curves = fit_timing(design, np.zeros(60), np.full(60, WON)).curves(design)
    assert (curves.limit > 0.9).all()
    assert (curves.days_to_convert().high < 1e-4).all()


def test_nobody_asked() -> None:
    curves = learned().curves(make_design(0))
    assert curves.within(3.0).shape == curves.days_to_convert().value.shape == (0,)


@pytest.mark.parametrize("kind", [CENSORED, LOST])
def test_no_conversion_is_said(kind: int) -> None:
    design = make_design(5)
    with pytest.raises(DataError, match=r"from 5 leads: .* At least one won lead") as error:
        fit_timing(design, np.ones(5), np.full(5, kind))
    assert ("all of them are still open" in error.value.message) == (kind == CENSORED)
    assert error.value.reason == "no_conversions"


def test_impossible_ages_are_counted() -> None:
    days = np.array([1.0, -2.5, np.nan, 3.0])
    with pytest.raises(DataError, match=r"2 of 4 leads .* such as -2.5 days") as error:
        fit_timing(make_design(4), days, np.full(4, WON))
    assert error.value.reason == "negative_age"


def test_columns_of_categories_alone() -> None:
    features = (Feature("job", "job", "category", ("(other)", "a", "b")),)
    job = np.tile([1.0, 2.0, np.nan], 200)
    design = Design(features, job[:, None])
    days = np.where(job == 1.0, 2.0, 9.0) + np.linspace(0, 1, 600)
    model = fit_timing(design, days, np.full(600, WON))
    median = model.curves(design).days_to_convert().value
    assert median[0] < 4.0 < median[1]
