"""How forests grow: their size and rate belong together, columns and categories decide the rest."""

import numpy as np
import pytest
from lead_worlds import draw, make_design, truth
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.families import boosted
from redumbrella.models.families.boosted import LEARNING_RATE, SMOOTHING, Boosted, Growth

LEADS = 1_200


def test_a_large_record_takes_fewer_trees_that_count_double(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design = make_design(LEADS)
    won = draw(truth(design))
    slow = Boosted().fit(design, won, np.ones(LEADS))
    monkeypatch.setattr(boosted, "LARGE_LEADS", LEADS - 1)
    fast = Boosted().fit(design, won, np.ones(LEADS))
    assert (slow.growth.rate, fast.growth.rate) == (LEARNING_RATE, 2 * LEARNING_RATE)
    assert fast.growth.rounds < slow.growth.rounds
    assert (len(slow.forests), len(fast.forests)) == (3, 2)


def test_a_quick_copy_keeps_the_rate_that_its_number_of_trees_was_found_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design, half = make_design(LEADS), np.arange(0, LEADS, 2)
    won = draw(truth(design))
    monkeypatch.setattr(boosted, "LARGE_LEADS", LEADS - 1)  # the whole is large, half is not
    whole = Boosted().fit(design, won, np.ones(LEADS))
    copy = whole.quick().fit(design.take(half), won[half], np.ones(half.size))
    assert copy.growth == whole.growth
    slower = Boosted(given=Growth(whole.growth.rounds))
    slower.fit(design.take(half), won[half], np.ones(half.size))
    spread = [np.std(model.log_odds(design)) for model in (slower, copy)]
    assert spread[1] > 1.1 * spread[0]  # at half the rate these trees would stop half-way


def categories(levels: int, spread: float, seed: int) -> tuple[Design, NDArray[np.float64]]:
    """Leads with one category, whose levels have log-odds around -1 with this deviation."""
    random = np.random.default_rng(seed)
    code = random.integers(1, levels + 1, 6_000)
    log_odds = random.normal(-1.0, spread, levels + 1)[code]
    won = (random.random(code.size) < 1.0 / (1.0 + np.exp(-log_odds))).astype(float)
    names = ("(other)", *(f"level {k}" for k in range(levels)))
    return Design((Feature("place", "place", "category", names),), code[:, None].astype(float)), won


def test_categories_with_rates_of_their_own_are_smoothed_less() -> None:
    strong, weak = SMOOTHING
    ones = np.ones(6_000)
    own = [Boosted().fit(*categories(300, 3.0, seed), ones).growth.smoothing for seed in range(3)]
    assert own == [weak] * 3
    few = Boosted().fit(*categories(3, 3.0, 0), ones).growth.smoothing
    assert few == strong  # tried one by one, so that nothing is chosen


@pytest.mark.parametrize(("columns", "seen"), [(4, 1.0), (16, 0.625), (40, 0.6), (200, 0.3)])
def test_a_tree_looks_at_ten_columns_at_least(columns: int, seen: float) -> None:
    profile = np.random.default_rng(0).normal(size=(400, columns))
    design = Design(tuple(Feature(f"x{j}", f"x{j}", "number") for j in range(columns)), profile)
    model = Boosted().fit(design, (profile[:, 0] > 0).astype(float), np.ones(400))
    assert [forest.params["feature_fraction"] for forest in model.forests] == [seen] * 3


def test_hundreds_of_columns_are_put_in_fewer_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    design = Design((Feature("x", "x", "number"),), rng.normal(size=(3_000, 1)))
    won = draw(2.0 * np.sin(9.0 * design.profile[:, 0]))

    def thresholds() -> int:
        forest = Boosted(given=Growth(100)).fit(design, won, np.ones(3_000)).forests[0]
        return int(forest.trees_to_dataframe()["threshold"].dropna().nunique())

    assert thresholds() > boosted.FEW_BINS
    monkeypatch.setattr(boosted, "MANY_COLUMNS", 1)
    assert thresholds() < boosted.FEW_BINS
