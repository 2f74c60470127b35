"""Lists with known chances: they add up, the draw keeps them, and estimates by them are right."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.decisions.exploration import Trial, inclusion_chances, systematic_draw

shares = st.floats(0.0, 1.0)
controls = st.floats(0.0, 0.5)


def some_leads(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return chance.normal(size=count), np.exp(0.3 * chance.normal(size=count)) * 0.4


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000), count=st.integers(1, 80), places=st.integers(1, 90),
    explore=shares, control=controls, is_sure=st.booleans(),
)  # fmt: skip
def test_chances_add_up_and_the_draw_has_as_many(
    seed: int, count: int, places: int, explore: float, control: float, is_sure: bool
) -> None:
    worth, doubt = some_leads(seed, count)
    doubt = np.zeros(count) if is_sure else doubt
    chances = inclusion_chances(worth, doubt, places, Trial(explore, control))
    wanted = min(places, count)
    assert chances.sum() == pytest.approx(wanted, abs=1e-7)
    assert chances.min() >= 0.0
    assert chances.max() <= 1.0
    drawn = systematic_draw(chances, np.random.default_rng(seed))
    assert np.unique(drawn).size == drawn.size == wanted


def test_nobody_is_tried_out_where_nothing_is_to_be() -> None:
    worth, doubt = some_leads(1, 50)
    chances = inclusion_chances(worth, doubt, 10, Trial(0.0, 0.0))
    assert set(np.flatnonzero(chances > 0.5)) == set(np.argsort(-worth)[:10])
    assert chances.max() == 1.0
    assert np.sort(chances)[:40].max() < 1e-6


def test_the_control_bounds_every_chance() -> None:
    worth, doubt = some_leads(2, 200)
    chances = inclusion_chances(worth, doubt, 20, Trial(0.1, 0.05))
    assert chances.min() >= 0.05 * 20 / 200 - 1e-12
    assert chances.max() <= 0.95
    assert (chances[np.argsort(-worth)[:18]] == 0.95).all()


def test_the_likelier_one_belongs_on_the_list_the_higher_its_chance() -> None:
    """Of two leads below the border the nearer one, and of two as near the less sure one."""
    worth = np.array([5.0, 4.0, 3.0, 2.0, 2.0, 1.0, 1.0, 0.0])
    doubt = np.array([0.5, 0.5, 0.5, 0.5, 2.0, 0.5, 2.0, 0.5])
    chances = inclusion_chances(worth, doubt, 3, Trial(0.34, 0.0))
    assert chances[4] > chances[3] > chances[5]
    assert chances[6] > chances[5] > chances[7]


def test_the_draw_keeps_the_chances() -> None:
    """Within 4 standard deviations in 20,000 draws, and so do places of two leads together."""
    worth, doubt = some_leads(3, 60)
    chances = inclusion_chances(worth, doubt, 12, Trial(0.25, 0.1))
    generator, draws = np.random.default_rng(4), 20_000
    counts = np.zeros(60)
    for _ in range(draws):
        counts[systematic_draw(chances, generator)] += 1
    error = np.sqrt(chances * (1 - chances) / draws)
    assert (np.abs(counts / draws - chances) <= 4.0 * error + 1e-12).all()


def test_another_list_can_be_judged_by_the_chances() -> None:
    """The inverse-probability estimate of what a rival list earns is right in the mean."""
    chance = np.random.default_rng(5)
    worth, doubt = some_leads(6, 100)
    chances = inclusion_chances(worth, doubt, 20, Trial(0.3, 0.2))
    earns = chance.random(100)
    rival = np.argsort(-earns)[:20]
    found = []
    for _ in range(4_000):
        drawn = systematic_draw(chances, chance)
        both = np.intersect1d(drawn, rival)
        found.append((earns[both] / chances[both]).sum())
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - earns[rival].sum()) < 4.0 * error
