"""Stages of a lead's life, and the folds that keep everybody on one side of time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.training.stages import Stages, forward_folds, lead_stages, shuffled_folds

HOUR = DAY // 24


def stages(touches: list[tuple[int, int]], closed: list[int], **options: object) -> Stages:
    """Two leads, created at day 0 and 10; touches as (person, instant)."""
    ordered = sorted(touches)
    return lead_stages(
        np.array([0, 1], np.int32),
        np.array([0, 10 * DAY]),
        np.array(closed),
        np.array([person for person, _ in ordered], np.int32),
        np.array([at for _, at in ordered], np.int64),
        **options,  # type: ignore[arg-type]
    )


def of_lead(found: Stages, lead: int) -> list[int]:
    return found.as_of[found.subject == lead].tolist()


def test_a_lead_teaches_at_creation_and_just_after_each_touch_until_it_closes() -> None:
    touches = [(0, 2 * HOUR), (0, 5 * HOUR), (0, 5 * HOUR), (0, 9 * HOUR), (0, 2 * DAY), (2, HOUR)]
    found = stages(touches, [9 * HOUR, 10 * DAY])
    assert of_lead(found, 0) == [0, 2 * HOUR + 1, 5 * HOUR + 1]  # the close itself is no touch
    assert of_lead(found, 1) == [10 * DAY]
    assert len(set(found.weight)) == 1  # every stage counts alike
    assert found.weight.sum() == pytest.approx(2.0)
    assert set(found.outcome_known[found.subject == 0]) == {9 * HOUR}


def test_touches_before_creation_are_history_and_no_stage() -> None:
    found = stages([(1, 3 * DAY), (1, 10 * DAY)], [HOUR, 10 * DAY + 5 * HOUR])
    assert of_lead(found, 1) == [10 * DAY, 10 * DAY + 1]


def test_a_long_silence_is_a_stage_too() -> None:
    found = stages([(0, HOUR)], [9 * DAY, 10 * DAY])
    first, touched, silent = of_lead(found, 0)
    assert (first, touched) == (0, HOUR + 1)
    assert touched < silent < 9 * DAY
    assert of_lead(stages([(0, HOUR)], [9 * DAY, 10 * DAY], silences=False), 0) == [0, HOUR + 1]


def test_a_busy_lead_keeps_its_creation_and_a_draw_of_the_rest() -> None:
    touches = [(0, k * HOUR) for k in range(1, 20)]
    found = stages(touches, [20 * HOUR, 10 * DAY], most_per_lead=4)
    assert len(of_lead(found, 0)) == 4
    assert of_lead(found, 0)[0] == 0
    first, *rest = found.weight[found.subject == 0] / found.weight[0]
    assert first == 1.0
    assert rest == pytest.approx([5.0] * 3)  # 19 touches in three rows, at most five each
    again = stages(touches, [20 * HOUR, 10 * DAY], most_per_lead=4)
    assert of_lead(again, 0) == of_lead(found, 0)


@settings(max_examples=50, deadline=None)
@given(
    touches=st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 60)), max_size=40),
    closed=st.tuples(st.integers(-2, 40), st.integers(0, 60)),
    most=st.integers(1, 6),
)
def test_weights_and_instants_of_any_life(
    touches: list[tuple[int, int]], closed: tuple[int, int], most: int
) -> None:
    ends = [day * DAY for day in closed]
    found = stages([(p, day * DAY) for p, day in touches], ends, most_per_lead=most)
    assert found.asked is not None
    born = [0, 10 * DAY]
    for lead in (0, 1):
        own = of_lead(found, lead)
        assert own == sorted(own)
        assert own[0] == born[lead]
        assert len(own) <= most
        assert all(at < max(ends[lead], born[lead] + 1) + 1 for at in own)
        assert found.asked[found.subject == lead].sum() <= 1
    assert found.weight.sum() == pytest.approx(2.0)


def test_the_share_won_at_each_stage_is_that_of_the_leads_that_reached_it() -> None:
    """Won leads live long. A vote shared among stages would make every early score too low."""
    rng = np.random.default_rng(8)
    leads = 4_000
    won = rng.random(leads) < 0.3
    touches = np.where(won, 12, 3)
    person = np.repeat(np.arange(leads), touches).astype(np.int32)
    at = np.concatenate([np.arange(1, n + 1) for n in touches]) * HOUR
    created = np.zeros(leads, np.int64)
    closed = np.where(won, 13, 4) * HOUR
    found = lead_stages(np.arange(leads, dtype=np.int32), created, closed, person, at)
    stage = np.round(found.as_of / HOUR).astype(int)
    weighted = won[found.subject] * found.weight
    for k in (0, 1, 3):
        rows = stage == k
        assert weighted[rows].sum() / found.weight[rows].sum() == pytest.approx(0.3, abs=0.06)
    assert found.asked is not None
    early = found.asked & (stage <= 3)
    assert won[found.subject[early]].mean() == pytest.approx(0.3, abs=0.06)


def many(*, returns: bool) -> Stages:
    """300 leads with 3 stages each, or 100 people at 9 instants."""
    if returns:
        at = np.repeat(np.arange(9), 100) * DAY * 30
        known = at + 30 * DAY
        return Stages(np.tile(np.arange(100), 9), at, np.ones(900), known, returns=True)
    lead = np.repeat(np.arange(300), 3)
    at = lead * DAY + np.tile([0, HOUR, 2 * HOUR], 300)
    asked = np.tile([True, False, False], 300)
    return Stages(lead, at, np.full(900, 1 / 3), (lead + 5) * DAY, asked)


@pytest.mark.parametrize("returns", [False, True])
def test_forward_folds_learn_only_from_what_was_known_and_from_others(returns: bool) -> None:
    world = many(returns=returns)
    folds = forward_folds(world, 4)
    assert len(folds) >= 3
    for fold in folds:
        begin = world.as_of[fold.test].min()
        assert world.outcome_known[fold.train].max() <= begin
        assert not set(world.subject[fold.train]) & set(world.subject[fold.test])
        assert np.unique(world.subject[fold.test]).size == fold.test.size
        assert fold.weight is not None
        np.testing.assert_array_equal(fold.weight, world.weight[fold.train])
    starts = [int(world.as_of[fold.test].min()) for fold in folds]
    assert starts == sorted(starts)


@pytest.mark.parametrize("returns", [False, True])
def test_shuffled_folds_ask_everybody_once(returns: bool) -> None:
    world = many(returns=returns)
    folds = shuffled_folds(world, 5)
    asked = np.concatenate([world.subject[fold.test] for fold in folds])
    assert len(asked) == len(set(asked))
    assert len(asked) > 0.5 * len(set(world.subject))
    for fold in folds:
        assert not set(world.subject[fold.train]) & set(world.subject[fold.test])
