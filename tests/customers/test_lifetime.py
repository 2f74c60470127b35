"""Lifetime value: exact means, intervals that hold what comes, discount, whole periods gone off."""

import json
from dataclasses import replace

import numpy as np
import pytest
from purchase_worlds import FINE, World

from redumbrella.customers.bg_nbd import RepeatModel, fit_repeat
from redumbrella.customers.gamma_gamma import AmountModel, fit_gamma_gamma
from redumbrella.customers.history import Holdout, RepeatSummary, split_holdout, summarise
from redumbrella.customers.lifetime import LifetimeValue, value
from redumbrella.customers.period_shock import (
    OPINION,
    USUAL,
    PeriodShock,
    earlier_periods,
    fit_shock,
    learn_shock,
)
from redumbrella.errors import DataError
from redumbrella.models.base import Parts

WORLD = World()
REPEAT = RepeatModel(0.6, 6.0, 0.8, 2.5, np.zeros((4, 4)), 0.0, 1.0, False)
AMOUNT = AmountModel(5.0, 4.0, 20.0, np.zeros((3, 3)), 0.0, 0.0, 33.0, 1.0, False)


def held_out(customers: int, seed: int) -> Holdout:
    purchases = WORLD.purchases(customers, 78.0, seed, join=12.0)
    return split_holdout(*purchases, 39.0, 78.0, FINE)


def fitted(known: RepeatSummary) -> tuple[RepeatModel, AmountModel]:
    return (
        fit_repeat(known.frequency, known.recency, known.age),
        fit_gamma_gamma(known.frequency, known.mean_amount),
    )


def three() -> RepeatSummary:
    person = np.array([0, 0, 0, 0, 1, 2, 2])
    return summarise(person, [0, 5, 20, 36, 3, 1, 9], [9.0, 30, 50, 40, 5, 7, 20], 39.0)


def test_simulated_futures_have_the_exact_mean() -> None:
    """With known parameters, the totals of many copies of a customer surround the formula."""
    known = three()
    for one in range(3):
        rows = np.full(2_000, one)
        copies = RepeatSummary(
            known.person[rows], known.frequency[rows], known.recency[rows], known.age[rows],
            known.mean_amount[rows], known.first[rows], 1.0, 0.0,
        )  # fmt: skip
        for annual in (0.0, 3.0)[: 1 + (one == 0)]:
            found = value(REPEAT, AMOUNT, copies, 52.0, annual)
            middle = 0.5 * (found.total_low + found.total_high)
            assert middle == pytest.approx(found.total, rel=0.03)
            assert found.total_low < found.total < found.total_high


def test_the_value_is_purchases_times_amount() -> None:
    known = three()
    found = value(REPEAT, AMOUNT, known, 52.0)
    bought = REPEAT.expected_purchases(52.0, known.frequency, known.recency, known.age)
    mean = AMOUNT.expected_mean(known.frequency, known.mean_amount)
    assert found.purchases == pytest.approx(bought)
    assert found.expected == pytest.approx(bought * mean)
    assert found.total == pytest.approx(found.expected.sum())
    assert found.alive == pytest.approx(REPEAT.alive(known.frequency, known.recency, known.age))


def test_discount_is_the_sum_over_short_periods() -> None:
    """Purchases of each of 500 steps, each discounted by its own time: the limit of DERT."""
    known, annual = three(), 0.15
    edges = np.linspace(0.0, 500.0, 501)
    until = np.array(
        [REPEAT.expected_purchases(t, known.frequency, known.recency, known.age) for t in edges]
    )
    factors = (1 + annual) ** (-0.5 * (edges[1:] + edges[:-1]) / 365.25)
    mean = AMOUNT.expected_mean(known.frequency, known.mean_amount)
    found = value(REPEAT, AMOUNT, known, 500.0, annual)
    assert found.expected == pytest.approx(factors @ np.diff(until, axis=0) * mean, rel=1e-4)
    weeks = replace(known, unit_days=7.0)  # the same numbers, meant as weeks: discounted longer
    assert value(REPEAT, AMOUNT, weeks, 500.0, annual).total < found.total


def test_intervals_hold_what_comes_to_customers_and_to_all() -> None:
    """Fitted on 39 weeks of a world, judged on the next 39; 90 % intervals."""
    totals, all_customers, of_buyers = [], [], []
    for seed in range(12):
        known = held_out(250, seed)
        found = value(*fitted(known.history), known.history, known.horizon, seed=100 + seed)
        inside = (found.low <= known.amount) & (known.amount <= found.high)
        totals.append(found.total_low <= known.amount.sum() <= found.total_high)
        all_customers.append(inside.mean())
        of_buyers.append(inside[found.high > 0].mean())
    assert np.mean(totals) >= 0.75
    assert 0.87 <= np.mean(all_customers) <= 0.97
    assert 0.87 <= np.mean(of_buyers) <= 0.94


def test_intervals_are_ordered_and_repeatable() -> None:
    known = held_out(200, 1)
    models = fitted(known.history)
    first, second = (value(*models, known.history, 39.0) for _ in range(2))
    assert (first.low <= first.high).all()
    assert (first.low >= 0).all()
    assert np.array_equal(first.high, second.high)
    assert first.total_high == second.total_high
    other = value(*models, known.history, 39.0, seed=1)
    assert other.total == first.total
    assert other.total_high != first.total_high


def test_doubt_about_parameters_widens_the_total() -> None:
    known = held_out(300, 2).history
    repeat, amount = fitted(known)

    def width(found: LifetimeValue) -> float:
        return found.total_high - found.total_low

    sure = value(
        replace(repeat, covariance=np.zeros((4, 4))),
        replace(amount, covariance=np.zeros((3, 3))),
        known,
        39.0,
    )
    unsure = value(repeat, amount, known, 39.0)
    shocked = value(repeat, amount, known, 39.0, shock=fit_shock([0.4, -0.4, 0.3]))
    assert width(sure) < width(unsure) < width(shocked)
    assert unsure.total == shocked.total


def test_no_customers_are_worth_nothing() -> None:
    empty = summarise([], [], [], 10.0)
    found = value(REPEAT, AMOUNT, empty, 39.0)
    assert found.total == found.total_low == found.total_high == 0
    assert found.expected.size == 0


def test_a_very_frequent_customer_has_a_value() -> None:
    often = RepeatSummary(
        np.array([1]), np.array([10_000.0]), np.array([9_999.0]), np.array([10_000.0]),
        np.array([20.0]), np.array([0.0]), 1.0, 0.0,
    )  # fmt: skip
    found = value(REPEAT, AMOUNT, often, 30.0)
    assert found.low[0] < found.expected[0] < found.high[0]
    assert found.expected[0] == pytest.approx(600, rel=0.05)


@pytest.mark.parametrize(("horizon", "annual"), [(0, 0.1), (-5, 0.1), (np.nan, 0.1), (5, -0.1)])
def test_impossible_horizons_and_rates_are_refused(horizon: float, annual: float) -> None:
    with pytest.raises(DataError, match="horizon"):
        value(REPEAT, AMOUNT, three(), horizon, annual)


def test_earlier_periods_lie_before_the_end_and_after_some_history() -> None:
    assert earlier_periods(0.0, 365.0, 90.0) == [(275, 365), (185, 275), (95, 185)]
    assert earlier_periods(0.0, 365.0, 400.0) == [(182, 365)]
    assert earlier_periods(10.0, 10.0, 5.0) == []
    assert earlier_periods(10.0, 11.0, 5.0) == []


def test_a_shock_is_the_spread_of_earlier_periods_and_an_opinion() -> None:
    alone = fit_shock([])
    assert alone.deviation == pytest.approx(USUAL)
    assert alone.degrees == OPINION
    calm, wild = fit_shock([0.01] * 10), fit_shock([0.5, -0.6, 0.4])
    assert calm.deviation < USUAL < wild.deviation
    factors = wild.factors(9_999, np.random.default_rng(0))
    assert np.median(factors) == pytest.approx(1.0)
    inside = np.mean(np.abs(np.log(factors)) < 2.015 * wild.deviation)
    assert inside == pytest.approx(0.9, abs=0.002)  # t with 5 degrees of freedom


def test_a_shock_is_learned_from_the_past_alone() -> None:
    person, at, amount = WORLD.purchases(600, 78.0, 5, join=12.0)
    shock = learn_shock(person, at, amount, 60.0, 15.0, FINE)
    assert shock.log_ratios.size == 3
    assert np.abs(shock.log_ratios).max() < 0.4
    later = np.where(at > 60.0, 1e6, amount)
    assert learn_shock(person, at, later, 60.0, 15.0, FINE).deviation == shock.deviation
    # A boom that lifts the last period shows.
    boom = np.where((at > 45.0) & (at <= 60.0), 3 * amount, amount)
    assert learn_shock(person, at, boom, 60.0, 15.0, FINE).log_ratios[0] > 0.7


def test_a_record_too_short_leaves_the_opinion() -> None:
    assert learn_shock([], [], [], 5.0, 10.0).log_ratios.size == 0
    assert learn_shock([1, 2], [0.0, 1.0], [5.0, 5.0], 30.0, 10.0).deviation == USUAL


def test_a_shock_survives_as_json_and_arrays() -> None:
    shock = fit_shock([0.2, -0.1])
    parts = shock.to_parts()
    again = PeriodShock.from_parts(Parts(json.loads(json.dumps(parts.facts)), parts.arrays))
    assert again.deviation == shock.deviation
    assert again.log_ratios.tolist() == shock.log_ratios.tolist()
