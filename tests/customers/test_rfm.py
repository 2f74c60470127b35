"""What is known of customers at an instant, and the family that corrects their rhythm."""

import numpy as np
import pytest
from purchase_worlds import World

from redumbrella.columns import RANKS, RHYTHM
from redumbrella.customers.rfm import Sales, customers_then
from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import probability_of
from redumbrella.models.families.bg_nbd_offset import BgNbdOffset, has_bg_nbd

HORIZON = 90.0


def world(customers: int = 3_000, seed: int = 0) -> Sales:
    who, week, amount = World().purchases(customers, 78.0, seed, join=26.0)
    return Sales(who, 7.0 * week, amount)


def at(sales: Sales, instant: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:  # type: ignore[type-arg]
    asked = np.unique(sales.customer[sales.day < instant])
    return asked, customers_then(sales, asked, np.full(asked.size, instant), HORIZON)


def test_as_many_buy_as_the_rhythm_says() -> None:
    sales = world()
    asked, columns = at(sales, 400.0)
    later = (sales.day >= 400.0) & (sales.day < 400.0 + HORIZON)
    buys = np.isin(asked, sales.customer[later])
    said = probability_of(columns[RHYTHM])
    assert said.mean() == pytest.approx(buys.mean(), abs=0.03)
    likely = said > np.median(said)
    assert buys[likely].mean() > buys[~likely].mean() + 0.2
    assert said[likely].mean() == pytest.approx(buys[likely].mean(), abs=0.04)


def test_only_purchases_before_the_instant_count_in_any_order() -> None:
    sales = world(500)
    known = sales.day < 400.0
    early = Sales(sales.customer[known], sales.day[known], sales.amount[known])
    mixed = np.random.default_rng(1).permutation(sales.day.size)
    shuffled = Sales(sales.customer[mixed], sales.day[mixed], sales.amount[mixed])
    _, first = at(early, 400.0)
    for other in (sales, shuffled):
        _, second = at(other, 400.0)
        for name in (RHYTHM, *RANKS):
            np.testing.assert_allclose(first[name], second[name], rtol=1e-12)


def test_ranks_are_places_among_those_of_the_same_instant() -> None:
    # Customer 0 bought most, 1 latest, 2 a year ago in the season to come; 3 has never bought.
    sales = Sales(
        np.array([0, 0, 1, 2]),
        np.array([300.0, 310.0, 395.0, 40.0]),
        np.array([5.0, 5.0, 7.0, 1.0]),
    )
    asked = np.array([2, 1, 0, 3])
    columns = customers_then(sales, asked, np.full(4, 400.0), HORIZON)
    places = {name: np.round(columns[name], 2).tolist()[:3] for name in RANKS}
    low, middle, high = 0.17, 0.5, 0.83
    assert places["recency_rank"] == [low, high, middle]
    assert places["frequency_rank"] == [0.33, 0.33, high]
    assert places["money_rank"] == [low, middle, high]
    assert places["season_rank"] == [high, 0.33, 0.33]
    assert all(np.isnan(columns[name][3]) for name in RANKS)
    assert np.isnan(columns[RHYTHM]).all()  # nobody can tell a rhythm from three customers


def test_before_the_first_purchase_nothing_is_known() -> None:
    columns = customers_then(world(50), np.arange(5), np.full(5, -1.0), HORIZON)
    assert set(columns) == {RHYTHM, *RANKS}
    assert all(np.isnan(values).all() for values in columns.values())


def designed(rows: int, seed: int, level: float = 0.0) -> tuple[Design, np.ndarray]:  # type: ignore[type-arg]
    """Rows whose outcomes follow the rhythm, more so with a higher money rank; and a level."""
    rng = np.random.default_rng(seed)
    rhythm, ranks = rng.normal(-1.0, 1.0, rows), rng.random((rows, len(RANKS)))
    names = ("size", *RANKS, RHYTHM)
    profile = np.column_stack([rng.normal(size=rows), ranks, rhythm])
    features = tuple(Feature(name, name, "number") for name in names)
    z = level + rhythm + 2.0 * (ranks[:, 2] - 0.5)
    return Design(features, profile), (rng.random(rows) < probability_of(z)).astype(float)


@pytest.mark.parametrize("absence", [False, True])
def test_it_learns_where_outcomes_differ_from_the_rhythm(absence: bool) -> None:
    design, won = designed(6_000, 0)
    test, later = designed(6_000, 1)
    won, later = (1.0 - won, 1.0 - later) if absence else (won, later)
    family = BgNbdOffset().fit(design, won, np.ones(won.size))
    z = family.log_odds(test)
    sign = -1.0 if absence else 1.0
    truth = sign * (test.profile[:, -1] + 2.0 * (test.profile[:, 3] - 0.5))
    assert family.sign == sign
    assert np.sqrt(np.mean((z - truth) ** 2)) < 0.15
    assert probability_of(z).mean() == pytest.approx(later.mean(), abs=0.02)


def test_the_level_is_that_of_the_rhythm_whatever_the_past_was() -> None:
    design, won = designed(6_000, 2, level=1.5)
    family = BgNbdOffset().fit(design, won, np.ones(won.size))
    assert family.log_odds(design).mean() == pytest.approx(design.profile[:, -1].mean(), abs=1e-9)


def test_contributions_add_up_and_parts_say_the_same() -> None:
    design, won = designed(500, 3)
    design.profile[:20, -1] = np.nan
    design.profile[10:30, 1] = np.nan
    family = BgNbdOffset().fit(design, won, np.ones(won.size))
    z, parts = family.log_odds(design), family.contributions(design)
    np.testing.assert_allclose(parts.base + parts.values.sum(axis=1), z, atol=1e-12)
    assert not parts.values[:, 0].any()
    assert np.ptp(z[:10] - (family._encoded(design)[:10] @ family.coefficients)) < 1e-12
    again = BgNbdOffset.from_parts(family.to_parts(), design.features)
    np.testing.assert_array_equal(again.log_odds(design), z)
    assert np.isfinite(family.quick().fit(design.take(np.arange(50)), won[:50], np.ones(50))
                       .log_odds(design)).all()  # fmt: skip


def test_one_class_or_no_rhythm_at_all_still_gives_an_answer() -> None:
    design, _ = designed(50, 4)
    everybody = BgNbdOffset().fit(design, np.ones(50), np.ones(50))
    assert np.isfinite(everybody.log_odds(design)).all()
    design.profile[:, -1] = np.nan
    won = np.arange(50) % 5 == 0
    family = BgNbdOffset().fit(design, won.astype(float), np.ones(50))
    assert probability_of(family.log_odds(design)).mean() == pytest.approx(0.2, abs=0.05)


def test_a_design_without_all_of_its_columns_has_no_rhythm() -> None:
    design, _ = designed(5, 5)
    assert has_bg_nbd(design.features)
    assert not has_bg_nbd(design.features[:-1])
    assert not has_bg_nbd(design.features[2:])
