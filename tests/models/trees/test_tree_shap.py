"""Contributions against the definition of the Shapley value, and against LightGBM."""

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from grown_forests import GROWTH, grow, hard_cases, raw_scores, sparse, table
from lead_worlds import draw, make_design, truth
from numpy.typing import NDArray

from redumbrella.models.families import boosted
from redumbrella.models.families.boosted import Boosted
from redumbrella.models.trees import tree_shap as contributions
from redumbrella.models.trees.forest import NAN, ZERO_WIDTH, Forest, parse_forest
from redumbrella.models.trees.lightgbm import lightgbm
from redumbrella.models.trees.tree_shap import Explainer


def lightgbms(booster: Any, X: Any) -> NDArray[np.float64]:
    return np.asarray(booster.predict(X, pred_contrib=True, num_threads=1))


def goes_left(forest: Forest, split: int, x: float) -> bool:
    """A split's own rule, written down once more."""
    if forest.is_category[split]:
        return np.isfinite(x) and int(x) in forest.sets[forest.set_of[split]]
    missing = forest.missing[split]
    if np.isnan(x) and missing != NAN:
        x = 0.0
    if np.isnan(x) or (missing == 1 and abs(x) <= ZERO_WIDTH):
        return bool(forest.default_left[split])
    return bool(x <= forest.threshold[split])


def expected(forest: Forest, tree: int, x: NDArray[np.float64], known: set[int]) -> float:
    """The mean value of a tree for a lead of which only some features are known."""

    def below(number: int) -> tuple[float, float]:
        if number < 0:
            return float(forest.leaf_value[~number]), float(forest.leaf_rows[~number])
        (left, m), (right, n) = (below(int(c[number])) for c in (forest.left, forest.right))
        feature = int(forest.feature[number])
        if feature in known:
            return (left if goes_left(forest, number, x[feature]) else right), m + n
        return (left * m + right * n) / (m + n), m + n

    return below(forest.root(tree))[0]


def shapley(forest: Forest, tree: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Shapley values of one tree by their definition, over all coalitions."""
    first, end = forest.split_first[tree : tree + 2]
    players = sorted(set(forest.feature[first:end].tolist()))
    values = np.zeros(forest.n_features)
    for player in players:
        others = [p for p in players if p != player]
        for size in range(len(players)):
            weight = 1.0 / (len(players) * comb(len(players) - 1, size))
            for coalition in combinations(others, size):
                gain = expected(forest, tree, x, {*coalition, player})
                values[player] += weight * (gain - expected(forest, tree, x, set(coalition)))
    return values


def test_they_are_the_shapley_values_by_definition() -> None:
    booster = grow("small", seed=1, trees=3)
    forest, X = parse_forest(booster), hard_cases(booster, seed=1)[:6]
    wanted = [sum(shapley(forest, tree, x) for tree in range(3)) for x in X]
    explainer = Explainer(forest)
    values = explainer.contributions(X)
    assert np.abs(values - wanted).max() < 1e-12
    nothing_known = sum(expected(forest, tree, X[0], set()) for tree in range(3))
    assert explainer.base == pytest.approx(nothing_known, abs=1e-12)


@pytest.mark.parametrize("kind", GROWTH)
def test_equal_to_lightgbm(kind: str) -> None:
    booster = grow(kind, seed=2, trees=10)
    X = hard_cases(booster, seed=2)[:400]
    explainer = Explainer(parse_forest(booster))
    wanted = lightgbms(booster, X)
    values = explainer.contributions(X)
    assert np.abs(values - wanted[:, :-1]).max() < 1e-9
    assert explainer.base == pytest.approx(wanted[0, -1], abs=1e-9)
    whole = explainer.base + values.sum(axis=1)
    assert np.abs(whole - raw_scores(booster, X)).max() < 1e-9


def test_dense_sparse_and_both_side_by_side() -> None:
    booster = grow("zero is missing", seed=5, dtype=np.float32)
    X = table(300, 6).astype(np.float32).astype(np.float64)
    X[np.abs(X) < 1e-30] = 0.0
    explainer = Explainer(parse_forest(booster))
    wanted = lightgbms(booster, X)[:, :-1]
    history = sparse(X[:, 4:].astype(np.float32))
    for leads in ((X,), (X.astype(np.float32),), (sparse(X),), (X[:, :4], history)):
        assert np.abs(explainer.contributions(*leads) - wanted).max() < 1e-9


@pytest.mark.parametrize("kinds", [1, 8, 60])
def test_deep_leaves_and_small_tables_change_nothing(
    kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    booster = grow("chains of categories", seed=3)
    X = table(3_000, 4)
    forest = parse_forest(booster)
    usual = Explainer(forest).contributions(X)
    monkeypatch.setattr(contributions, "KINDS", kinds)
    monkeypatch.setattr(contributions, "TABLE_BYTES", 1_500)
    explainer = Explainer(forest)
    assert len(explainer._batches()) > 2 or kinds == 1
    assert (explainer._parts.kinds == 0).any()
    assert np.abs(explainer.contributions(X) - usual).max() < 1e-12


def test_threads_rows_and_repetition_change_no_bit() -> None:
    booster = grow("usual", seed=7)
    explainer, X = Explainer(parse_forest(booster)), table(5_000, 8)
    once = explainer.contributions(X, threads=1)
    assert explainer.contributions(X, threads=3).tobytes() == once.tobytes()
    for rows in (0, 1, 7, 2_049):
        assert explainer.contributions(X[:rows]).tobytes() == once[:rows].tobytes()


def test_trees_without_a_split_have_only_a_base() -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    booster = lightgbm().train(
        {"min_data_in_leaf": 150, "verbosity": -1}, lightgbm().Dataset(X, X[:, 0]), 3
    )
    explainer = Explainer(parse_forest(booster))
    assert explainer.base == pytest.approx(X[:, 0].mean())
    assert not explainer.contributions(X).any()


@pytest.mark.parametrize("history", [False, True])
def test_many_leads_get_the_same_contributions_as_few(
    history: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = make_design(900, history=history)
    family = Boosted().fit(design, draw(truth(design)), np.ones(900))
    few, log_odds = family.contributions(design), family.log_odds(design)
    monkeypatch.setattr(boosted, "MANY_TO_EXPLAIN", 1)
    monkeypatch.setattr(lightgbm().Booster, "predict", None)
    many = family.contributions(design)
    assert many.base == pytest.approx(few.base, abs=1e-9)
    assert np.abs(many.values - few.values).max() < 1e-9
    assert np.abs(many.base + many.values.sum(axis=1) - log_odds).max() < 1e-9
