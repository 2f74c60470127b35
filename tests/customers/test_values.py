"""Refunds, windows, learned shares, and the choice between them on customers with a known truth."""

import numpy as np
import pytest
from numpy.typing import NDArray
from purchase_worlds import World

from redumbrella.customers.history import summarise
from redumbrella.customers.purchases import COLUMNS, Purchases, window_columns
from redumbrella.customers.reallocation import (
    SpendLesson,
    SpendShares,
    fit_spend_shares,
    row_deviance,
    share_out,
)
from redumbrella.customers.values import CustomerValues, Horizon, value_all
from redumbrella.errors import DataError
from redumbrella.models.base import Parts

Vector = NDArray[np.float64]
WEEKS, AHEAD = 70.0, 26.0


def listed(*rows: tuple[int, float, float]) -> Purchases:
    person, day, amount = (np.array(column) for column in zip(*rows, strict=True))
    return Purchases.of(person.astype(np.int64), day.astype(float), amount.astype(float))


def quiet(_step: str, _share: float) -> None:
    """Nobody watches."""


def test_a_refund_takes_off_what_it_gives_back() -> None:
    net = listed(
        (1, 0, 50), (1, 5, 20), (1, 6, 30), (1, 9, -20),  # exactly the second purchase
        (2, 0, 50), (2, 3, 10), (2, 8, -15),  # the last one and a part of the first
        (3, 4, -99), (3, 5, 10),  # bought before the record begins
    ).net()  # fmt: skip
    assert net.person.tolist() == [1, 1, 2, 3]
    assert net.day.tolist() == [0, 6, 0, 5]
    assert net.amount.tolist() == [50, 30, 45, 10]


def test_a_cut_shows_nothing_of_what_came_after() -> None:
    whole = listed((1, 0.9, 50), (1, 5.5, 20), (1, 9, -20))
    assert whole.until(5).amount.tolist() == [50, 20]
    assert whole.within(0, 5).amount.tolist() == [20]
    assert whole.until(5).net().amount.tolist() == [50, 20]


def test_windows_of_two_customers() -> None:
    net = listed((1, 0, 10), (1, 95, 30), (1, 100, 20), (7, 40, 5))
    known = summarise(net.person, net.day, net.amount, 100, unit_days=7)
    found = dict(zip(COLUMNS, window_columns(net, known, 100).T, strict=True))
    assert found["days since the last purchase"].tolist() == [0, 60]
    assert found["mean days between purchases"][0] == pytest.approx(50)
    assert np.isnan(found["mean days between purchases"][1])
    assert found["purchases in 30 days"].tolist() == [2, 0]
    assert found["spent in 90 days"].tolist() == [50, 5]
    assert found["amount of the last purchase"].tolist() == [20, 5]
    assert found["largest amount"].tolist() == [30, 5]
    assert found["spent"].tolist() == [60, 5]


def test_learned_shares_move_money_but_keep_the_total() -> None:
    rng = np.random.default_rng(0)
    column, expected = rng.normal(size=(600, 1)), rng.gamma(2.0, 50.0, 600)
    spent = rng.gamma(1.0, 1.0, 600) * expected * np.exp(0.8 * column[:, 0])
    fitted = fit_spend_shares([SpendLesson(column[:300], expected[:300], 7.0 * spent[:300])])
    assert fitted is not None
    later, plain = spent[300:], expected[300:]
    moved = share_out(plain, fitted.factors(column[300:], plain))
    assert moved.sum() == pytest.approx(plain.sum())
    level = later.sum() / plain.sum()
    assert (
        row_deviance(later, level * moved).mean() < 0.9 * row_deviance(later, level * plain).mean()
    )
    parts = fitted.to_parts()
    again = SpendShares.from_parts(Parts(parts.facts, parts.arrays))
    assert again.factors(column, expected) == pytest.approx(fitted.factors(column, expected))


def test_too_few_lessons_teach_nothing() -> None:
    few = SpendLesson(np.zeros((30, 1)), np.ones(30), np.ones(30))
    assert fit_spend_shares([few]) is None
    assert fit_spend_shares([]) is None


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest) -> tuple[CustomerValues, Vector]:
    """Values of 500 simulated customers, and what each then brought."""
    person, week, amount = World().purchases(500, WEEKS + AHEAD, request.param, join=20.0)
    end = 7.0 * WEEKS - 1.0
    purchases = Purchases.of(person, 7.0 * week, amount)
    values = value_all(purchases, end, Horizon(7.0 * AHEAD), quiet)
    later = purchases.within(end, np.inf)
    known = values.known.person
    brought = np.bincount(np.searchsorted(known, later.person), later.amount, known.size)
    return values, brought


def test_the_total_that_comes_is_within_its_interval(world: tuple[CustomerValues, Vector]) -> None:
    values, brought = world
    assert values.total_low < brought.sum() < values.total_high
    assert values.total == pytest.approx(values.value.sum())
    inside = (brought >= values.low) & (brought <= values.high)
    assert inside.mean() > 0.85
    assert (values.low <= values.value).all()


def test_values_order_customers(world: tuple[CustomerValues, Vector]) -> None:
    values, brought = world
    order = np.argsort(-values.value)
    assert brought[order[:125]].sum() > 0.5 * brought.sum()
    assert values.holdout is not None
    constant = np.abs(brought - brought.mean()).mean()
    assert np.abs(brought - values.value).mean() < 0.8 * constant
    assert set(values.holdout.error) <= {"purchase models", "learned shares"}
    assert values.holdout.low < values.holdout.actual < values.holdout.high


def test_money_to_come_is_discounted() -> None:
    person, week, amount = World().purchases(200, 60, 3, join=20.0)
    purchases = Purchases.of(person, 7.0 * week, amount)
    plain = value_all(purchases, 419.0, Horizon(365.0, 0.0), quiet)
    discounted = value_all(purchases, 419.0, Horizon(365.0, 0.5), quiet)
    assert 0.7 * plain.total < discounted.total < 0.95 * plain.total


def test_few_repeating_customers_are_worth_the_mean() -> None:
    rows = [(n, 10.0 * n, 40.0) for n in range(20)] + [(n, 10.0 * n + 30, 60.0) for n in range(5)]
    values = value_all(listed(*rows), 300.0, Horizon(100.0), quiet)
    assert values.chosen == "mean spend"
    days = sum(300 - 10 * n for n in range(20))
    assert values.value[0] == pytest.approx(100 * 5 * 60 / days)
    assert values.total == pytest.approx(20 * values.value[0])
    assert values.total_low < values.total < values.total_high
    assert values.repeat is None


@pytest.mark.parametrize("rows", [[(1, 0.0, 5.0)], [(1, 0.0, 5.0), (2, 3.0, 7.0), (2, 3.5, -7.0)]])
def test_one_customer_on_the_last_day_is_no_failure(rows: list[tuple[int, float, float]]) -> None:
    values = value_all(listed(*rows), 0.0 if len(rows) == 1 else 5.0, Horizon(30.0), quiet)
    assert values.value.tolist() == [0.0]


def test_without_purchases_it_says_so() -> None:
    with pytest.raises(DataError, match=r"tables\.purchases"):
        value_all(listed((1, 5.0, 10.0)), 3.0, Horizon(30.0), quiet)


def test_a_customer_with_10000_purchases_is_valued() -> None:
    person, week, amount = World().purchases(150, 60, 4, join=20.0)
    rng = np.random.default_rng(0)
    many = 10_000
    purchases = Purchases.of(
        np.concatenate([person, np.full(many, 9_999)]),
        np.concatenate([7.0 * week, 420.0 * rng.random(many)]),
        np.concatenate([amount, rng.gamma(2.0, 10.0, many)]),
    )
    values = value_all(purchases, 420.0, Horizon(90.0), quiet)
    assert np.isfinite(values.value).all()
    assert values.value[-1] == values.value.max()
    rate = values.spent[-1] / 420.0
    assert 0.5 * 90 * rate < values.value[-1] < 1.5 * 90 * rate


def test_one_customer_with_very_many_purchases_and_refunds() -> None:
    """A refund reaches MOST_BACK rows back; ten thousand of them take no minutes."""
    n = 300_000
    amount = np.full(n, 10.0)
    amount[0] = 77.0
    amount[30_001::30] = -7.0  # of no purchase: taken off the latest ones
    amount[-1] = -77.0  # the purchase lies too far back
    purchases = Purchases.of(np.zeros(n, np.int64), np.arange(n) / 1000.0, amount)
    net = purchases.net().amount
    assert net[0] == 77.0
    assert net.sum() == pytest.approx(amount.sum())
