"""Boosted trees: log-odds = start + sum over trees of the value of the leaf a lead falls into.

LightGBM (Ke et al. 2017) on the design as it is: missing values and categories are split
natively, rare categories are smoothed. The number of trees, and how much to smooth, are found on
the last leads in time, then forests of two shapes are grown on all leads and averaged, which lowers
the variance of each.
Contributions are exact TreeSHAP values (Lundberg et al. 2020). Many leads at once are scored and
explained by our own code, with the same results (`scorer`, `contributions`); few by LightGBM, which
needs no preparation.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Family, Parts, Vector, base_log_odds
from redumbrella.models.parallel import THREADS
from redumbrella.models.trees.lightgbm import lightgbm, tree_matrix

SHARE_HELD_OUT = 0.15
PATIENCE = 40
MAX_ROUNDS = 1_500
LEAVES = (15, 31, 31)  # most leaves of a tree, forest by forest; large records do without the first
LEARNING_RATE = 0.05
LARGE_LEADS = 45_000  # by weight: the stages of one lead count as one, old leads less
LARGE_ROWS = 70_000
COLUMNS_PER_TREE = 60  # a tree looks at so many, but at no less than a fifth of them
MANY_COLUMNS, BINS, FEW_BINS = 200, 255, 63
LEAST_COLUMNS = 10  # fewer are not enough to see what belongs together
# Leads added to a category before it is set beside others: much where most of them tell little,
# little where each of many has a rate of its own.
SMOOTHING = (20.0, 10.0)
ONE_HOT_LEVELS = 4  # so few categories are tried one by one, without smoothing
MANY_TO_SCORE = 20_000  # leads, over all calls, that are worth a second of preparation
MANY_TO_EXPLAIN = 1_000  # leads in one call
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "boost_from_average": True,
    "min_data_in_leaf": 20,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "cat_l2": 10.0,
    "max_cat_to_onehot": ONE_HOT_LEVELS,
    "min_data_per_group": 50,
    "data_random_seed": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
    "num_threads": THREADS,
}


@dataclass(frozen=True)
class Growth:
    """How forests grow. rounds: number of trees. rate: the share of each that counts (shrinkage).

    smoothing: leads added to a category. Rounds mean something only with the rate.
    """

    rounds: int
    rate: float = LEARNING_RATE
    smoothing: float = SMOOTHING[0]


@dataclass
class Boosted(Family):
    """Forests of boosted trees, averaged; with `given` one quick forest that grows like that."""

    features: tuple[Feature, ...] = ()
    growth: Growth = Growth(0)
    start: float = 0.0
    forests: list[Any] = field(default_factory=list)
    given: Growth | None = None
    scored: int = field(default=0, init=False, repr=False)
    scorers: list[Any] = field(default_factory=list, init=False, repr=False)
    explainers: list[Any] = field(default_factory=list, init=False, repr=False)

    name: ClassVar[str] = "boosted"
    label: ClassVar[str] = "Boosted trees"
    complexity: ClassVar[int] = 7

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Finds how to grow on the last leads, then grows the forests on all."""
        self.features = design.features
        self.start = base_log_odds(won, weight)
        X = tree_matrix(design)
        self.growth = self.given or self._find_growth(X, won, weight)
        shapes = LEAVES[-1:] if self.given else LEAVES[int(_is_large(weight)) :]
        self.forests, self.scorers, self.explainers, self.scored = [], [], [], 0
        if self.features and 0 < won.sum() < won.size:
            # Values are put in bins once; shapes and seeds change nothing about them.
            rows = self._dataset(X, won, weight, _parameters(shapes[0], X, self.growth))
            self.forests = [self._grow(rows, X, leaves, seed) for seed, leaves in enumerate(shapes)]
        return self

    def quick(self) -> "Boosted":
        """One forest that grows as was found to be best."""
        return Boosted(given=replace(self.growth, rounds=max(self.growth.rounds, 10)))

    def log_odds(self, design: Design) -> Vector:
        """Mean of the forests' raw scores."""
        if not self.forests:
            return np.full(design.rows, self.start)
        self.scored += design.rows
        if self.scored >= MANY_TO_SCORE:  # both ways give the same bits
            raw = [scorer.raw(design.profile, design.history) for scorer in self._scorers()]
        else:
            X = tree_matrix(design)
            raw = [f.predict(X, raw_score=True, num_threads=THREADS) for f in self.forests]
        return np.asarray(np.mean(raw, axis=0), np.float64)

    def contributions(self, design: Design) -> Contributions:
        """TreeSHAP, averaged over the forests."""
        width = len(self.features)
        if not self.forests or not design.rows:
            return Contributions(self.start, np.zeros((design.rows, width)))
        if design.rows >= MANY_TO_EXPLAIN:
            return self._contributions_of_many(design)
        total = np.zeros((design.rows, width + 1))
        for forest in self.forests:
            shap = forest.predict(tree_matrix(design), pred_contrib=True, num_threads=THREADS)
            total += shap.toarray() if sp.issparse(shap) else shap
        total /= len(self.forests)
        return Contributions(float(total[0, -1]), total[:, :-1])

    def to_parts(self) -> Parts:
        """Each forest in LightGBM's own text form."""
        forests = [forest.model_to_string() for forest in self.forests]
        return Parts({**asdict(self.growth), "start": self.start, "forests": forests}, {})

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        facts = parts.facts
        forests = [lightgbm().Booster(model_str=text) for text in facts["forests"]]
        # Models saved earlier did not tell all of it.
        known = {name: facts[name] for name in ("rounds", "rate", "smoothing") if name in facts}
        return cls(features, Growth(**known), facts["start"], forests)

    def _scorers(self) -> list[Any]:
        """The forests made ready for scoring many leads."""
        from redumbrella.models.trees.forest import parse_forest
        from redumbrella.models.trees.scorer import Scorer

        if not self.scorers:
            self.scorers = [Scorer(parse_forest(forest)) for forest in self.forests]
        return self.scorers

    def _contributions_of_many(self, design: Design) -> Contributions:
        from redumbrella.models.trees.forest import parse_forest
        from redumbrella.models.trees.tree_shap import Explainer

        if not self.explainers:
            self.explainers = [Explainer(parse_forest(forest)) for forest in self.forests]
        base = float(np.mean([explainer.base for explainer in self.explainers]))
        values = np.zeros((design.rows, len(self.features)))
        for explainer in self.explainers:
            values += explainer.contributions(design.profile, design.history)
        return Contributions(base, values / len(self.explainers))

    def _find_growth(self, X: Any, won: Vector, weight: Vector) -> Growth:
        rate = _rate(weight)
        cut = int(len(won) * (1.0 - SHARE_HELD_OUT))
        held = won[cut:]
        if not self.features or not 0 < won[:cut].sum() < cut or not 0 < held.sum() < held.size:
            return Growth(50, rate)
        lgb = lightgbm()
        parameters = _parameters(LEAVES[-1], X, Growth(0, rate))
        train = self._dataset(X[:cut], won[:cut], weight[:cut], parameters)
        valid = train.create_valid(X[cut:], held, weight=weight[cut:])
        tried = []
        for smoothing in SMOOTHING if self._has_many_levels() else SMOOTHING[:1]:
            parameters["cat_smooth"] = smoothing
            stop = lgb.early_stopping(PATIENCE, verbose=False)
            forest = lgb.train(parameters, train, MAX_ROUNDS, valid_sets=[valid], callbacks=[stop])
            rounds = max(10, int(forest.best_iteration * 1.1))
            loss = forest.best_score["valid_0"]["binary_logloss"]
            tried.append((loss, Growth(rounds, rate, smoothing)))
        return min(tried, key=lambda trial: trial[0])[1]

    def _has_many_levels(self) -> bool:
        """Whether smoothing matters."""
        levels = [len(f.levels) for f in self.features if f.kind == "category"]
        return max(levels, default=0) > ONE_HOT_LEVELS

    def _grow(self, rows: Any, X: Any, leaves: int, seed: int) -> Any:
        parameters = _parameters(leaves, X, self.growth) | {"seed": seed}
        rounds = self.growth.rounds if leaves == LEAVES[-1] else round(self.growth.rounds * 1.3)
        return lightgbm().train(parameters, rows, rounds)

    def _dataset(self, X: Any, won: Vector, weight: Vector, parameters: dict[str, Any]) -> Any:
        categories = [j for j, f in enumerate(self.features) if f.kind == "category"]
        return lightgbm().Dataset(
            X, won, weight=weight, categorical_feature=categories, params=parameters
        )


def _is_large(weight: Vector) -> bool:
    """Whether there is so much to learn from that fewer trees, grown faster, say the same."""
    return bool(weight.size > LARGE_ROWS or weight.sum() > LARGE_LEADS)


def _rate(weight: Vector) -> float:
    """A large record needs less shrinkage per tree: half the trees, hardly a difference."""
    return 2.0 * LEARNING_RATE if _is_large(weight) else LEARNING_RATE


def _parameters(leaves: int, X: Any, growth: Growth) -> dict[str, Any]:
    """What depends on the table.

    Of many columns, most of them variables of histories that tell much the same, a tree sees fewer,
    so that trees differ and their sum varies less (random subspaces: Ho 1998). Few columns are no
    choice: a tree that lacks one of two that belong together learns nothing of them. In hundreds of
    dense columns fewer bins, each of them with more leads, take a third less time.
    """
    columns = X.shape[1]
    share = float(np.clip(COLUMNS_PER_TREE / max(columns, 1), 0.2, 0.6))
    return PARAMETERS | {
        "num_leaves": leaves,
        "max_bin": FEW_BINS if columns >= MANY_COLUMNS and not sp.issparse(X) else BINS,
        "learning_rate": growth.rate,
        "cat_smooth": growth.smoothing,
        "feature_fraction": max(share, min(1.0, LEAST_COLUMNS / max(columns, 1))),
    }
