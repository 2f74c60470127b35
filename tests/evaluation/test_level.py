"""The level of a period and what it does to intervals: worlds whose level is known."""

import numpy as np
import pytest

from redumbrella.evaluation.level import Level, measure_level
from redumbrella.evaluation.metrics import auc, auc_error
from redumbrella.evaluation.order import order_holds
from redumbrella.models.base import probability_of
from redumbrella.models.calibration import level_shift

ROWS = 2_000


def periods(
    wander: float, count: int, seed: int, rows: int = ROWS
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """What was said about each period's leads, and what came: the level moved by `wander`."""
    rng = np.random.default_rng(seed)
    said = [rng.normal(-1.5, 1.0, rows) for _ in range(count)]
    shifts = rng.normal(0.0, wander, count) if wander else np.zeros(count)
    won = [
        (rng.random(rows) < probability_of(z + shift)).astype(float)
        for z, shift in zip(said, shifts, strict=True)
    ]
    numbers = [np.arange(k * rows, (k + 1) * rows) for k in range(count)]
    return numbers, said, won


def test_a_level_that_stands_still_adds_next_to_nothing() -> None:
    found = [measure_level(*periods(0.0, 6, seed), forward=True) for seed in range(40)]
    assert np.mean([level.variance == 0.0 for level in found]) > 0.4
    assert np.sqrt(np.mean([level.variance for level in found])) < 0.06


@pytest.mark.parametrize("wander", [0.3, 0.8])
def test_the_spread_of_levels_is_found(wander: float) -> None:
    found = [measure_level(*periods(wander, 13, seed), forward=True) for seed in range(40)]
    mean_square = np.sqrt(np.mean([level.wandering**2 for level in found]))
    assert mean_square == pytest.approx(wander, rel=0.15)


@pytest.mark.parametrize("wander", [0.0, 0.3, 0.8])
def test_the_next_period_lies_within_the_interval_nine_times_in_ten(wander: float) -> None:
    kept = 0
    for seed in range(150):
        numbers, said, won = periods(wander, 7, 1_000 + seed)
        level = measure_level(numbers[:6], said[:6], won[:6], forward=True)
        shift, chance = level_shift(said[6], won[6])
        kept += bool(abs(shift) <= 1.645 * np.sqrt(level.variance + chance))
    # Five periods, one of them left out, say little about the spread of all.
    assert 0.83 <= kept / 150 <= 0.97


def test_the_first_period_that_walks_forward_was_not_calibrated_and_does_not_count() -> None:
    numbers, said, won = periods(0.0, 5, 3)
    said[0] = said[0] + 3.0
    assert measure_level(numbers, said, won, forward=True).wandering < 0.1
    assert measure_level(numbers, said, won, forward=False).wandering > 1.0


def test_drawn_folds_are_cut_in_periods_of_the_record() -> None:
    rng = np.random.default_rng(0)
    rows = 10_000
    z = rng.normal(-1.0, 1.0, rows)
    shift = np.repeat([0.8, -0.8, 0.8, -0.8, 0.0], rows // 5)
    won = (rng.random(rows) < probability_of(z + shift)).astype(float)
    parts = np.array_split(rng.permutation(rows), 3)
    found = measure_level(parts, [z[p] for p in parts], [won[p] for p in parts], forward=False)
    assert len(found.periods) == 5
    assert [round(period.shift, 1) for period in found.periods] == pytest.approx(
        [0.8, -0.8, 0.8, -0.8, 0.0], abs=0.11
    )
    assert [auc for auc, _ in found.orders] == pytest.approx([0.75] * 5, abs=0.03)


def test_the_error_of_an_order_is_what_other_leads_would_show() -> None:
    rng = np.random.default_rng(1)
    areas = []
    for _ in range(200):
        z = rng.normal(-1.0, 1.0, 600)
        won = (rng.random(600) < probability_of(z)).astype(float)
        areas.append((auc(z, won), auc_error(auc(z, won), won.sum(), 600 - won.sum())))
    measured, said = np.array(areas).T
    assert said.mean() == pytest.approx(measured.std(), rel=0.2)


def test_periods_are_as_long_as_the_list_that_is_asked_about() -> None:
    """What jumps from month to month cancels out over four months, not over a list of one."""
    rng = np.random.default_rng(8)
    said = [rng.normal(-1.0, 1.0, 800) for _ in range(6)]
    jumps = np.repeat([0.7, -0.7, 0.7, -0.7, -0.7, 0.7, -0.7, 0.7] * 3, 200).reshape(6, 800)
    won = [
        (rng.random(800) < probability_of(z + jump)).astype(float)
        for z, jump in zip(said, jumps, strict=True)
    ]
    numbers = [np.arange(k * 800, (k + 1) * 800) for k in range(6)]
    place = np.arange(4_800.0)
    whole = measure_level(numbers, said, won, forward=True)
    month = measure_level(numbers, said, won, forward=True, position=place, span=199.0)
    assert [period.rows.size for period in whole.periods] == [800] * 5
    assert [period.rows.size for period in month.periods] == [200] * 5
    assert whole.wandering < 0.15
    assert 0.5 < month.wandering < 1.0  # five months say it roughly
    long = measure_level(numbers, said, won, forward=True, position=place, span=5_000.0)
    assert long.variance == whole.variance


def test_an_order_holds_on_the_mean_and_in_most_periods() -> None:
    assert order_holds([(0.6, 0.02), (0.62, 0.02), (0.45, 0.02)])
    assert not order_holds([(0.52, 0.02), (0.5, 0.02), (0.5, 0.02)])
    assert not order_holds([(0.9, 0.02), (0.49, 0.02), (0.5, 0.02)])
    assert not order_holds([])


def test_one_period_says_nothing() -> None:
    found = measure_level(*periods(0.5, 2, 0), forward=True)
    assert not found.measured
    assert found.variance == 0.0
    assert Level().orders == []
