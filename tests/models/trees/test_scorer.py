"""Our scorer against LightGBM: equal in every bit, wherever the leads come from."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from grown_forests import GROWTH, QUIET, grow, hard_cases, raw_scores, sparse, table
from lead_worlds import draw, make_design, truth

from redumbrella.errors import DataError, ModelError
from redumbrella.models.families import boosted
from redumbrella.models.families.boosted import Boosted
from redumbrella.models.trees.forest import NAN, NEVER, ZERO, ZERO_WIDTH, parse_forest
from redumbrella.models.trees.lightgbm import lightgbm
from redumbrella.models.trees.scorer import Scorer


def same(ours: Any, theirs: Any) -> bool:
    return bool(ours.tobytes() == theirs.tobytes())


def as_type(X: Any, dtype: Any) -> Any:
    with np.errstate(over="ignore"):  # some thresholds and cases are beyond float32
        return X.astype(dtype)


@pytest.mark.parametrize("kind", GROWTH)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_to_lightgbm_in_every_bit(kind: str, dtype: Any) -> None:
    booster = grow(kind, seed=3, dtype=dtype)
    X = as_type(hard_cases(booster, seed=3), dtype)
    scorer = Scorer(parse_forest(booster))
    dense = raw_scores(booster, X)
    assert np.unique(dense).size > 1_000
    assert same(scorer.raw(X), dense)
    assert same(scorer.raw(np.asfortranarray(X)), dense)
    assert same(scorer.raw(X[::-1]), dense[::-1].copy())
    cells = sparse(X)
    assert same(scorer.raw(cells), raw_scores(booster, cells))
    # LightGBM takes a number near 0 for 0 in dense leads only; side by side is like dense.
    X[np.abs(X) <= ZERO_WIDTH] = 0.0
    profile, history = X[:, :4].astype(np.float64), sparse(as_type(X[:, 4:], np.float32))
    beside = sp.hstack([sparse(profile), history.astype(np.float64)], format="csr")
    assert same(scorer.raw(profile, history), raw_scores(booster, beside))


def test_all_kinds_of_splits_are_in_these_forests() -> None:
    forests = {kind: parse_forest(grow(kind, seed=3)) for kind in GROWTH}
    usual = forests["usual"]
    numbers = ~usual.is_category
    assert set(usual.missing[numbers]) == {NEVER, NAN}
    assert set(usual.default_left[numbers & (usual.missing == NAN)]) == {True, False}
    assert usual.is_category.mean() > 0.1
    assert ZERO in forests["zero is missing"].missing
    nothing = forests["nothing is missing"]
    assert set(nothing.missing[~nothing.is_category]) == {NEVER}
    with_gaps = parse_forest(grow("usual", seed=3, dtype=np.float32))
    assert np.isinf(with_gaps.threshold).any()  # missing or not, whatever the number
    assert [int(forests[kind].leaves.max()) for kind in ("small", "more bits")] == [15, 60]
    assert forests["walked"].leaves.max() > 64


def test_any_number_of_threads_and_rows() -> None:
    booster = grow("usual", seed=4)
    scorer, X = Scorer(parse_forest(booster)), table(9_000, 5)
    all_rows = raw_scores(booster, X)
    assert same(scorer.raw(X, threads=1), all_rows)
    assert same(scorer.raw(X, threads=3), all_rows)
    for rows in (0, 1, 63, 64, 65, 4_097):
        assert same(scorer.raw(X[:rows]), all_rows[:rows])
    whole = np.round(np.nan_to_num(X, posinf=0.0)).astype(np.int64)
    assert same(scorer.raw(whole), raw_scores(booster, whole.astype(float)))


def test_cells_of_a_csr_may_be_stored_zeros_and_in_any_order() -> None:
    booster = grow("zero is missing", seed=6)
    X = sparse(table(500, 7))
    X.data[::5] = 0.0
    backwards = X.copy()
    for row in range(500):
        cells = slice(X.indptr[row], X.indptr[row + 1])
        backwards.indices[cells] = X.indices[cells][::-1]
        backwards.data[cells] = X.data[cells][::-1]
    backwards.indptr, backwards.indices = (
        part.astype(np.int64) for part in (backwards.indptr, backwards.indices)
    )
    assert same(Scorer(parse_forest(booster)).raw(backwards), raw_scores(booster, X))


def test_trees_that_are_one_leaf_and_trees_that_early_stopping_kept() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = X[:, 0] + rng.normal(size=400)
    data = lightgbm().Dataset(X, y)
    constant = lightgbm().train(QUIET | {"min_data_in_leaf": 350}, data, 3)
    scorer = Scorer(parse_forest(constant))
    assert same(scorer.raw(X), raw_scores(constant, X))
    assert same(scorer.raw(sp.csr_matrix(X)), raw_scores(constant, X))
    stop = lightgbm().early_stopping(3, verbose=False)
    train = lightgbm().Dataset(X[:200], y[:200])
    valid = lightgbm().Dataset(X[200:], y[200:], reference=train)
    stopped = lightgbm().train(
        QUIET, train, 90, [valid], callbacks=[stop], keep_training_booster=True
    )
    forest = parse_forest(stopped)
    assert forest.trees == stopped.best_iteration < stopped.current_iteration()
    assert same(Scorer(forest).raw(X), raw_scores(stopped, X))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"objective": "multiclass", "num_class": 3}, "has several classes"),
        ({"linear_tree": True}, "has linear functions"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "averages its trees"),
    ],
)
def test_what_is_not_a_sum_of_leaves_is_refused(parameters: dict[str, Any], words: str) -> None:
    X, y = np.random.default_rng(1).normal(size=(300, 3)), np.arange(300) % 3
    data = lightgbm().Dataset(X, y, params=QUIET | parameters)
    booster = lightgbm().train(QUIET | parameters, data, 3)
    with pytest.raises(ModelError, match=words):
        parse_forest(booster)


def test_texts_that_are_no_forest_are_refused() -> None:
    with pytest.raises(ModelError, match="not the text of a LightGBM model"):
        parse_forest("tree\nversion=v4\n")
    text = grow("small", seed=8, trees=2).model_to_string()
    for broken in (
        text.replace("leaf_value=", "leaf_values="),
        text.replace("threshold=", "threshold=x"),
    ):
        with pytest.raises(ModelError, match="text of the trees is broken"):
            parse_forest(broken)
    forest = parse_forest(text)
    feature = int(forest.feature[~forest.is_category][0])
    first = int(np.flatnonzero(forest.feature == feature)[0])
    is_category, set_of = forest.is_category.copy(), forest.set_of.copy()
    is_category[first], set_of[first] = True, 0
    both = replace(forest, is_category=is_category, set_of=set_of, sets=(np.array([1]),))
    if (forest.feature == feature).sum() > 1:
        with pytest.raises(ModelError, match=f"Feature {feature} is split as a number and as"):
            Scorer(both)


def test_other_columns_are_refused() -> None:
    scorer = Scorer(parse_forest(grow("small", seed=8, trees=2)))
    with pytest.raises(DataError, match="8 columns; the trees were grown on 9 columns"):
        scorer.raw(table(5, 0)[:, :8])
    with pytest.raises(DataError, match="5 rows, 4 in their sparse block"):
        scorer.raw(table(5, 0)[:, :4], sparse(table(4, 0)[:, 4:]))


@pytest.mark.parametrize("history", [False, True])
def test_many_leads_get_the_same_log_odds_as_few(
    history: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = make_design(1_200, history=history)
    family = Boosted().fit(design, draw(truth(design)), np.ones(1_200))
    assert len(family.forests) == 3
    few = family.log_odds(design)
    monkeypatch.setattr(boosted, "MANY_TO_SCORE", 1)
    monkeypatch.setattr(lightgbm().Booster, "predict", None)
    assert same(family.log_odds(design), few)
    family.fit(design, draw(truth(design), seed=9), np.ones(1_200))
    assert not same(family.log_odds(design), few)


# A process of its own, because other tests have compiled other variants in this one.
USE = """
import numpy as np, scipy.sparse as sp
from numba.core import dispatcher
from grown_forests import grow, table
from redumbrella.models.compilation import warm_models
from redumbrella.models.trees.tree_shap import Explainer
from redumbrella.models.trees.forest import parse_forest
from redumbrella.models.trees.scorer import Scorer

warm_models()
compiled = []
compile_anew = dispatcher.Dispatcher.compile
dispatcher.Dispatcher.compile = lambda self, sig: (
    self.overloads.get(tuple(sig)) is None and compiled.append(str(self)),
    compile_anew(self, sig),
)[1]
X = table(100, 0)
history = sp.csr_matrix(np.nan_to_num(X[:, 3:6]).astype(np.float32))
long = sp.csr_matrix((history.data, history.indices.astype(np.int64),
                      history.indptr.astype(np.int64)), history.shape)
for kind in ("usual", "more bits"):
    forest = parse_forest(grow(kind, 0))
    for design in ((X,), (X[::-1],), (np.delete(X, [3, 4, 5], 1), history), (X[:, :6], long)):
        Scorer(forest).raw(*design)
        Explainer(forest).contributions(*design)
print(compiled)
"""


def test_nothing_is_compiled_after_warm() -> None:
    root = Path(__file__).parents[3]
    paths = os.pathsep.join([str(root), str(root / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", USE],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
