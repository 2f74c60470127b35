"""Outcomes that are no picture of those to come are found, and nothing where both are alike."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.columns import ORDER
from redumbrella.training.observations import lead_observations
from redumbrella.training.ripeness import (
    end_of_record,
    one_sided,
    said_of,
    said_of_unripe,
    unripe_since,
    with_old_ones_lost,
)

DAYS = 800
NOW = DAYS * DAY
Days = NDArray[np.float64]


def record(
    late: float, *, seed: int = 0, leads: int = 4_000, rate: float = 0.3, recorded: float = 1.0
) -> tuple[Days, NDArray[np.bool_], NDArray[np.bool_], Days]:
    """Creation, whether decided at day DAYS, whether won, and the day of writing it down.

    Wins are written after 6 days on average, losses as much and `late` days later, and a share of
    them alone.
    """
    rng = np.random.default_rng(seed)
    created = np.sort(rng.uniform(0, DAYS, leads))
    won = rng.random(leads) < rate
    written = created + rng.exponential(6.0, leads) + np.where(won, 0.0, late)
    written[~won & (rng.random(leads) >= recorded)] = np.inf
    return created, written < DAYS, won, written


def table(
    created: Days, decided: NDArray[np.bool_], won: NDArray[np.bool_], written: Days, *, dated: bool
) -> pa.Table:
    """The record as a lake has it."""
    utc = pa.timestamp("us", "UTC")
    columns = {
        "lead_id": pa.array([f"L{n}" for n in range(created.size)]),
        "created_at": pa.array((created * DAY).astype(np.int64)).cast(utc),
        "won": pa.array(won, mask=~decided),
        ORDER: pa.array(np.arange(created.size)),
    }
    if dated:
        at = (np.where(decided, written, 0.0) * DAY).astype(np.int64)
        columns["closed_at"] = pa.array(at, mask=~decided).cast(utc)
    return pa.table(columns)


@pytest.mark.parametrize("seed", range(5))
def test_late_losses_make_the_recent_time_unripe(seed: int) -> None:
    created, decided, won, _ = record(90.0, seed=seed)
    since = unripe_since(created, decided, won)
    assert since is not None
    assert DAYS - 150 < since < DAYS - 80
    taught = decided & (created < since)
    assert won[taught].mean() == pytest.approx(0.3, abs=0.03)
    assert won[decided & (created >= since)].mean() > 0.65


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_found_where_both_are_decided_alike(seed: int) -> None:
    created, decided, won, _ = record(0.0, seed=seed, leads=int(300 * 1.3**seed))
    assert unripe_since(created, decided, won) is None
    slow = decided & (np.random.default_rng(seed).random(created.size) < 0.7)
    assert unripe_since(created, slow, won) is None


@pytest.mark.parametrize("seed", range(10))
def test_a_level_that_moves_is_not_unripe(seed: int) -> None:
    created, decided, _, _ = record(0.0, seed=seed)
    chance = 0.1 + 0.6 * created / DAYS
    won = np.random.default_rng(seed + 50).random(created.size) < chance
    assert unripe_since(created, decided, won) is None


def test_late_wins_are_found_as_well() -> None:
    created, decided, won, _ = record(90.0)
    assert unripe_since(created, decided, ~won) == unripe_since(created, decided, won)


def test_a_yearly_clean_up_is_found() -> None:
    created, _, won, _ = record(0.0)
    written = created + np.where(won, 3.0, (np.floor(created / 365) + 1) * 365 - created)
    since = unripe_since(created, written < DAYS, won)
    assert since is not None
    assert since == pytest.approx(730, abs=20)


@pytest.mark.parametrize("dated", [True, False])
def test_losses_that_are_never_written_down_are_told_from_a_high_rate(dated: bool) -> None:
    world = record(0.0, recorded=0.01)
    found = one_sided(table(*world, dated=dated), NOW)
    assert found is not None
    created, decided, _, _ = world
    old = created < created.max() - found.days
    assert found.old == pytest.approx(old.sum(), abs=10)
    assert found.undecided == pytest.approx((old & ~decided).sum(), abs=10)
    assert (found.slowest is None) != dated
    assert f"{found.undecided:,} are neither won nor lost" in said_of(found)
    assert f"lost_after_days = {found.days} under [tables.leads]" in said_of(found)
    high = record(0.0, rate=0.97)
    assert one_sided(table(*high, dated=dated), NOW) is None
    assert one_sided(table(*record(0.0, recorded=0.9), dated=dated), NOW) is None


def test_old_leads_without_an_outcome_are_lost_and_young_ones_open() -> None:
    world = record(0.0, recorded=0.01)
    leads = table(*world, dated=True)
    changed = with_old_ones_lost(leads, 60, NOW)
    created, decided, won, _ = world
    end = end_of_record(leads, NOW) / DAY
    lost = ~decided & (created + 60 < end)
    assert 0 < lost.sum() < (~decided).sum()
    observed = lead_observations(changed, NOW)
    assert observed.open.num_rows == (~decided & ~lost).sum()
    assert observed.conversions() == ((won & decided).sum(), (~won & decided).sum() + lost.sum())
    took = changed["closed_at"].cast(pa.int64()).to_numpy() - leads["created_at"].cast(
        pa.int64()
    ).to_numpy(zero_copy_only=False)
    assert np.all(took[lost] == 60 * DAY)
    # As of an earlier instant they were open until their time was over.
    then = lead_observations(with_old_ones_lost(leads, 60, NOW), 400 * DAY)
    assert np.all(then.open_position[1:] >= 0)
    late = then.open_position < (400 - 61) * DAY
    assert not late.any()


def test_time_ends_with_the_record() -> None:
    leads = table(*record(0.0), dated=True)
    assert end_of_record(leads, 10 * NOW) <= NOW
    assert end_of_record(leads, 100 * DAY) <= 100 * DAY
    assert with_old_ones_lost(leads, 60, 10 * NOW)["won"].null_count == (
        with_old_ones_lost(leads, 60, NOW)["won"].null_count
    )


def test_what_is_said_names_the_day_or_the_row() -> None:
    assert "from 1970-01-11 on" in said_of_unripe(10.5 * DAY, True, 12, 0.98, 0.3)
    assert "from row 40 on" in said_of_unripe(40.0, False, 12, 0.98, 0.3)
