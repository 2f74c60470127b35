"""One score for all products: how much a person is likely to buy of anything.

A Poisson forest (LightGBM, Ke et al. 2017) of the number of products that a person buys. The count
says more than whether anything is bought: who buys five products is likelier to buy any of them.
Two forests are grown, each on one half of the rows; the other half stops it and gets its score from
it, so that no row is scored by trees that saw its outcome. New rows get the mean of both.

Where outcomes of some products are not known, the count is that of the known ones and the exposure
is their share of all sales: rate = count / exposure, weighted by exposure.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Parts, Vector
from redumbrella.models.parallel import THREADS, run_all
from redumbrella.models.trees.forest import Forest, parse_forest
from redumbrella.models.trees.lightgbm import lightgbm
from redumbrella.models.trees.tree_shap import Explainer

Floats = NDArray[np.float32]

ROUNDS = 150
PATIENCE = 10
FEWEST_BUYERS = 20  # in each half
MANY = 20_000  # rows that are worth a second of preparation
TREES = 20  # of each forest whose leaves are columns: the first say most
PARAMETERS: dict[str, Any] = {
    "objective": "poisson",
    "metric": "poisson",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.5,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "cat_smooth": 20.0,
    "cat_l2": 10.0,
    "min_data_per_group": 50,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
    "num_threads": THREADS,
}


@dataclass(frozen=True, eq=False)
class SharedForest:
    """score = (mean raw score of the forests - center) / scale; 0 where there is no forest."""

    features: tuple[Feature, ...]
    forests: tuple[Any, ...] = ()
    center: float = 0.0
    scale: float = 1.0
    first_trees: list[Forest] = field(default_factory=list, init=False, repr=False)
    explainers: list[Explainer] = field(default_factory=list, init=False, repr=False)

    def score(self, design: Design) -> Vector:
        """The score of each row, (n,)."""
        if not self.forests or not design.rows:
            return np.zeros(design.rows)
        raw = np.mean([_raw(forest, design) for forest in self.forests], axis=0)
        return np.asarray((raw - self.center) / self.scale, np.float64)

    @property
    def leaf_count(self) -> int:
        """Number of leaves of the first TREES trees of all forests."""
        return sum(self._leaves_of_first_trees())

    def leaves(self, design: Design) -> sp.csr_matrix:
        """Which leaves each row falls into, 0 or 1, float32 CSR (n, leaf_count)."""
        width = self._leaves_of_first_trees()
        if not width or not design.rows:
            return sp.csr_matrix((design.rows, sum(width)), dtype=np.float32)
        X = matrix_of(design)
        found = [
            f.predict(X, pred_leaf=True, num_iteration=TREES, num_threads=THREADS).reshape(
                design.rows, -1
            )
            for f in self.forests
        ]
        first = np.concatenate([[0], np.cumsum(width)[:-1]])
        numbers = (np.hstack(found).astype(np.int32) + first.astype(np.int32)).ravel()
        each = len(width)
        starts = np.arange(0, design.rows * each + 1, each)
        ones = np.ones(numbers.size, np.float32)
        return sp.csr_matrix((ones, numbers, starts), shape=(design.rows, sum(width)))

    def score_contributions(self, design: Design) -> Contributions:
        """What each feature adds to the score: TreeSHAP (Lundberg et al. 2020) of the forests."""
        if not self.explainers:
            self.explainers.extend(Explainer(parse_forest(forest)) for forest in self.forests)
        base, values = _explained(self.explainers, design)
        many = max(len(self.explainers), 1)
        return Contributions(base / many, values / many).scaled(
            1.0 / self.scale, -self.center / self.scale if self.forests else 0.0
        )

    def leaf_contributions(self, design: Design, leaf: Vector) -> Contributions:
        """What each feature adds to leaves @ leaf; leaf: (leaf_count,).

        The first trees with other values in their leaves are trees like any others.
        """
        explainers, first = [], 0
        for forest in self._first_trees():
            own = leaf[first : first + forest.leaf_value.size]
            first += own.size
            explainers.append(Explainer(replace(forest, leaf_value=own)))
        return Contributions(*_explained(explainers, design))

    def _leaves_of_first_trees(self) -> list[int]:
        return [int(width) for forest in self._first_trees() for width in forest.leaves]

    def _first_trees(self) -> list[Forest]:
        if not self.first_trees:
            texts = [forest.model_to_string(num_iteration=TREES) for forest in self.forests]
            self.first_trees.extend(parse_forest(text) for text in texts)
        return self.first_trees

    def to_parts(self) -> Parts:
        """Each forest in LightGBM's own text form."""
        forests = [forest.model_to_string() for forest in self.forests]
        return Parts({"forests": forests, "center": self.center, "scale": self.scale}, {})

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The forests that `to_parts` described."""
        facts = parts.facts
        forests = tuple(lightgbm().Booster(model_str=text) for text in facts["forests"])
        return cls(features, forests, facts["center"], facts["scale"])


def fit_shared_forest(
    design: Design, count: Vector, exposure: Vector, weight: Floats, half: NDArray[np.intp]
) -> tuple[SharedForest, Vector]:
    """The forests, and for each of the n training rows the score of the forest that never saw it.

    count: (n,) products bought. exposure: (n,) >= 0, share of the sales that were known; rows with
    0 teach nothing. weight: (n,) how many rows each stands for. half: (n,) 0 or 1. With fewer than
    20 buyers in a half there is no forest.
    """
    taught = exposure > 0
    rows = [np.flatnonzero(taught & (half == h)) for h in (0, 1)]
    buyers = [int((count[r] > 0).sum()) for r in rows]
    if min(buyers) < FEWEST_BUYERS or not design.features:
        return SharedForest(design.features), np.zeros(design.rows)
    rate = np.divide(count, exposure, out=np.zeros(len(count)), where=taught)
    categories = [j for j, f in enumerate(design.features) if f.kind == "category"]
    X = matrix_of(design)
    whole = lightgbm().Dataset(
        X, rate, weight=exposure * weight, categorical_feature=categories, params=PARAMETERS
    )
    whole.construct()
    forests = run_all(
        [lambda a=a, b=b: _grow(whole, rows[a], rows[b]) for a, b in ((0, 1), (1, 0))]  # type: ignore[misc]
    )
    raw = np.empty(design.rows)
    for h, forest in ((1, forests[0]), (0, forests[1])):
        unseen = np.flatnonzero(half == h)
        if unseen.size:
            raw[unseen] = _raw(forest, design.take(unseen))
    center, scale = float(raw.mean()), float(raw.std()) or 1.0
    return SharedForest(design.features, tuple(forests), center, scale), (raw - center) / scale


def matrix_of(design: Design) -> NDArray[np.float64] | sp.csr_matrix:
    """The p + q columns side by side, as LightGBM takes them."""
    if design.history is None:
        return design.profile
    if not design.profile.shape[1]:
        return design.history
    profile = sp.csr_matrix(np.where(design.profile == 0.0, 0.0, design.profile))
    return sp.hstack([profile, design.history], format="csr")


def _explained(explainers: list[Explainer], design: Design) -> tuple[float, NDArray[np.float64]]:
    base, values = 0.0, np.zeros((design.rows, len(design.features)))
    for explainer in explainers:
        base += explainer.base
        values += explainer.contributions(design.profile, design.history)
    return base, values


def _grow(whole: Any, taught: NDArray[np.intp], unseen: NDArray[np.intp]) -> Any:
    lgb = lightgbm()
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    train, valid = whole.subset(taught), whole.subset(unseen)
    return lgb.train(PARAMETERS, train, ROUNDS, valid_sets=[valid], callbacks=[stop])


def _raw(forest: Any, design: Design) -> Vector:
    """Both ways give the same bits."""
    if design.rows < MANY:
        raw = forest.predict(matrix_of(design), raw_score=True, num_threads=THREADS)
        return np.asarray(raw, np.float64)
    from redumbrella.models.trees.scorer import Scorer

    return Scorer(parse_forest(forest)).raw(design.profile, design.history)
