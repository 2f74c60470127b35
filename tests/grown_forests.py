"""Random forests, grown by LightGBM on data with everything that a split can treat specially."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.models.trees.lightgbm import lightgbm

QUIET = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_col_wise": True}
NUMBERS, CATEGORIES = 6, 3
GROWTH = {
    "small": {"num_leaves": 15},
    "usual": {"num_leaves": 31},
    "more bits": {"num_leaves": 60},
    "walked": {"num_leaves": 150, "min_data_in_leaf": 2},
    "zero is missing": {"num_leaves": 31, "zero_as_missing": True},
    "nothing is missing": {"num_leaves": 31, "use_missing": False},
    "chains of categories": {"num_leaves": 31, "max_cat_to_onehot": 200, "min_data_in_leaf": 2},
}


def table(rows: int, seed: int) -> NDArray[np.float64]:
    """Numbers (continuous, whole, tiny, with many zeros and gaps) and categories (4, 33, 150)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, NUMBERS + CATEGORIES))
    X[:, 1] = np.round(3 * X[:, 1])
    X[:, 2] = rng.choice([0.0, -0.0, 1e-36, -1e-36, 1e-35, 0.1, 1.1, -2.5], rows)
    X[:, 3] *= rng.random(rows) < 0.3
    X[:, 4] = np.exp(9 * X[:, 4])
    for place, levels in enumerate((4, 33, 150)):
        X[:, NUMBERS + place] = rng.integers(0, levels, rows)
    gaps = rng.random(X.shape) < 0.1
    gaps[:, 5] = False
    X[gaps] = np.nan
    return X


def grow(kind: str, seed: int, trees: int = 25, dtype: Any = np.float64) -> Any:
    """A booster of this kind of growth; its outcome depends on every column."""
    X = table(1_500, seed).astype(dtype)
    rng = np.random.default_rng(seed + 1)
    score = np.nan_to_num(X[:, :2]).sum(axis=1) + np.sin(X[:, NUMBERS:].astype(float)).sum(axis=1)
    outcome = (np.nan_to_num(score) + rng.normal(size=len(X)) > 0).astype(float)
    parameters = QUIET | {"objective": "binary", "learning_rate": 0.2, "cat_smooth": 1.0,
                          "min_data_per_group": 5, "min_data_in_leaf": 5, "seed": seed}  # fmt: skip
    categories = list(range(NUMBERS, NUMBERS + CATEGORIES))
    data = lightgbm().Dataset(X, outcome, categorical_feature=categories)
    return lightgbm().train(parameters | GROWTH[kind], data, trees)


def hard_cases(booster: Any, seed: int) -> NDArray[np.float64]:
    """Rows of every threshold and its neighbours, odd categories, gaps and infinities."""
    from redumbrella.models.trees.forest import parse_forest

    forest = parse_forest(booster)
    rng = np.random.default_rng(seed)
    X = table(3_000, seed + 2)
    for feature in range(forest.n_features):
        own = forest.feature == feature
        values = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e300, 3.5e38]
        if forest.is_category[own].any():
            values += [-1.0, -0.5, -0.0, 2.7, 1e9, 2.0**31, 2.0**33, 5_000.0]
        else:
            cuts = forest.threshold[own]
            values += [*cuts, *np.nextafter(cuts, np.inf), *np.nextafter(cuts, -np.inf)]
            near = cuts[np.abs(cuts) < 1e38].astype(np.float32)
            up, down = np.float32(np.inf), np.float32(-np.inf)
            values += [*near, *np.nextafter(near, up), *np.nextafter(near, down)]
        chosen = rng.random(len(X)) < 0.5
        X[chosen, feature] = rng.choice(values, int(chosen.sum()))
    return X


def raw_scores(booster: Any, X: Any) -> NDArray[np.float64]:
    """LightGBM's own raw scores."""
    return np.asarray(booster.predict(X, raw_score=True, num_threads=1))


def sparse(X: NDArray[Any]) -> sp.csr_matrix:
    """Every cell that is not 0, as CSR."""
    return sp.csr_matrix(np.where(X == 0, 0, X))
