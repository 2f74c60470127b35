"""ln(mean) of a skewed quantity that is never negative, as a sum over features.

Plain, a log-linear model with ridge, or the mean of that and boosted trees on the log scale. Both
are fitted by Tweedie quasi-likelihood with a log link (Jørgensen 1987): the variance grows like
mean ** power, from counts (1) to money (2), and zeros need no special care. The best on unseen rows
is chosen, if it beats the plain mean by a standard error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Parts, Vector
from redumbrella.models.linear.encoding import Encoding, encoding_from, fit_encoding
from redumbrella.models.parallel import THREADS, run_all
from redumbrella.models.trees.lightgbm import lightgbm, tree_matrix

LEAST_TO_LEARN = 40  # rows below which only the strongest ridge is tried
LEAST_TO_BOOST = 100
INVERSE_RIDGES = (0.001, 0.01, 0.1)
# Of the mean. Nothing but zeros has no likeliest mean, and LightGBM's gamma metric refuses zeros.
LEAST_RELATIVE = 1e-6
STOP = {"maxiter": 200, "ftol": 1e-8}
MAX_ROUNDS, PATIENCE = 400, 30
PARAMETERS: dict[str, Any] = {
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "cat_smooth": 20.0,
    "cat_l2": 10.0,
    "max_bin": 255,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
    "num_threads": THREADS,
    "seed": 0,
}
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]  # rows to learn from, unseen rows


@dataclass
class LogMean:
    """A fitted ln(mean).

    level: ln of the plain mean. coefficients: (1 + d,) intercept and effects of the encoded
    columns; means: (d,) of training; forest: trees. With both, the mean of the two is added.
    """

    level: float
    strength: float = 0.0
    coefficients: Vector = field(default_factory=lambda: np.empty(0))
    means: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None
    forest: Any = None

    @property
    def kind(self) -> str:
        """What it is made of, in words."""
        made_of = {"log-linear": self.encoding, "boosted": self.forest}
        return " and ".join(name for name, part in made_of.items() if part) or "plain"

    def of(self, design: Design) -> Vector:
        """ln(mean), (n,)."""
        found = []
        if self.encoding is not None:
            X = self.encoding.transform(design)
            found.append(self.coefficients[0] + X @ self.coefficients[1:])
        if self.forest is not None and design.rows:
            found.append(
                self.forest.predict(tree_matrix(design), raw_score=True, num_threads=THREADS)
            )
        parts = found or [np.zeros(design.rows)]
        return np.asarray(self.level + sum(parts) / len(parts), np.float64)

    def contributions(self, design: Design) -> Contributions:
        """What each feature adds to ln(mean): exp of it is the feature's factor."""
        base, values = 0.0, np.zeros((design.rows, len(design.features)))
        found = []
        if self.encoding is not None:
            found.append(self._linear_contributions(design))
        if self.forest is not None and design.rows:
            shap = self.forest.predict(tree_matrix(design), pred_contrib=True, num_threads=THREADS)
            shap = np.asarray(shap.toarray() if sp.issparse(shap) else shap)
            found.append(Contributions(float(shap[0, -1]), shap[:, :-1]))
        for part in found:
            base += part.base / len(found)
            values += part.values / len(found)
        return Contributions(self.level + base, values)

    def to_parts(self) -> Parts:
        """Coefficients and encoding; the forest in LightGBM's own text form."""
        facts = {
            "level": self.level,
            "strength": self.strength,
            "linear": self.encoding is not None,
            "forest": None if self.forest is None else self.forest.model_to_string(),
        }
        arrays = {"coefficients": self.coefficients, "means": self.means}
        return Parts(facts, arrays | (self.encoding.to_parts().arrays if self.encoding else {}))

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        facts, arrays = parts.facts, parts.arrays
        encoding = encoding_from(features, parts) if facts["linear"] else None
        forest = lightgbm().Booster(model_str=facts["forest"]) if facts["forest"] else None
        coefficients, means = arrays["coefficients"], arrays["means"]
        return cls(facts["level"], facts["strength"], coefficients, means, encoding, forest)

    def _linear_contributions(self, design: Design) -> Contributions:
        assert self.encoding is not None
        X, owner = self.encoding.transform(design), self.encoding.owner
        collect = sp.csr_matrix(
            (self.coefficients[1:], (np.arange(owner.size), owner)),
            shape=(owner.size, len(design.features)),
        )
        usual = np.asarray(self.means @ collect).ravel()
        base = float(self.coefficients[0] + usual.sum())
        return Contributions(base, np.asarray((X @ collect).todense()) - usual)


def fit_log_mean(
    design: Design, quantity: Vector, power: float, folds: list[Fold]
) -> tuple[LogMean, Vector]:
    """The chosen model fitted on all n rows, and its ln(mean) for the unseen rows of the folds.

    quantity: (n,) >= 0, not all zero. power: of the variance over the mean, in [1, 2].
    """
    relative, level = quantity / quantity.mean(), float(np.log(quantity.mean()))
    strengths = INVERSE_RIDGES if quantity.size >= LEAST_TO_LEARN else INVERSE_RIDGES[:1]
    tasks: list[Callable[[], Any]] = []
    for train, test in folds:
        past, held = (design.take(train), relative[train]), (design.take(test), relative[test])
        tasks.append(partial(_fit_linear, *past, level, power, strengths))
        if quantity.size >= LEAST_TO_BOOST:
            tasks.append(partial(_grow_mean, power, *past, None, held))
    fitted, tried = iter(run_all(tasks)), []
    for train, _ in folds:
        usual = float(relative[train].mean())
        linear = next(fitted)
        tried.append([LogMean(level + float(np.log(max(usual, LEAST_RELATIVE)))), *linear])
        if quantity.size >= LEAST_TO_BOOST:
            forest = next(fitted)
            tried[-1] += [replace(model, forest=forest) for model in linear]
    said = np.concatenate(
        [[model.of(design.take(test)) for model in models]
         for models, (_, test) in zip(tried, folds, strict=True)], axis=1,
    )  # fmt: skip
    truth = relative[np.concatenate([test for _, test in folds])]
    best = best_of(row_loss(np.exp(said - level), truth, power))
    chosen = [models[best] for models in tried]
    return _fit_again(chosen, design, relative, level, power), np.asarray(said[best])


def _fit_again(
    chosen: list[LogMean], design: Design, relative: Vector, level: float, power: float
) -> LogMean:
    """The chosen kind of model, fitted on all rows; chosen: that of each fold."""
    tasks: list[Callable[[], Any]] = []
    if chosen[0].encoding is not None:
        tasks.append(partial(_fit_linear, design, relative, level, power, (chosen[0].strength,)))
    if chosen[0].forest is not None:
        trees = int(np.mean([model.forest.current_iteration() for model in chosen]))
        tasks.append(partial(_grow_mean, power, design, relative, max(10, trees)))
    fitted = run_all(tasks)
    found = fitted[0][0] if fitted else LogMean(level)
    return replace(found, forest=fitted[1]) if len(fitted) > 1 else found


def best_of(losses: Vector) -> int:
    """The lowest loss if it beats the plain first candidate by a standard error, else that one.

    losses: (candidates, rows).
    """
    best = int(np.argmin(losses.sum(axis=1)))
    gain = losses[0] - losses[best]
    return best if gain.sum() > gain.std() * np.sqrt(gain.size) else 0


def row_loss(mean: Vector, quantity: Vector, power: float) -> Vector:
    """Negative Tweedie quasi-log-likelihood of each row: half the deviance, up to a constant."""
    if power == 1.0:
        return np.asarray(mean - quantity * np.log(mean))
    if power == 2.0:
        return np.asarray(quantity / mean + np.log(mean))
    tail = quantity * mean ** (1.0 - power) / (1.0 - power)
    return np.asarray(mean ** (2.0 - power) / (2.0 - power) - tail)


def grow(
    objective: dict[str, Any],
    design: Design,
    target: Vector,
    rounds: int | None,
    held: tuple[Design, Vector] | None,
) -> Any:
    """A forest of `rounds` trees, or of as many as help on held-out rows."""
    lgb = lightgbm()
    parameters = PARAMETERS | objective
    columns = [j for j, f in enumerate(design.features) if f.kind == "category"]
    train = lgb.Dataset(tree_matrix(design), target, categorical_feature=columns, params=parameters)
    if held is None:
        return lgb.train(parameters, train, rounds)
    valid = train.create_valid(tree_matrix(held[0]), held[1])
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    forest = lgb.train(parameters, train, MAX_ROUNDS, valid_sets=[valid], callbacks=[stop])
    # Prediction uses the best iteration; the rest is cut, so that it is also what is kept.
    return lgb.Booster(model_str=forest.model_to_string(num_iteration=forest.best_iteration))


def _fit_linear(
    design: Design, relative: Vector, level: float, power: float, strengths: tuple[float, ...]
) -> list[LogMean]:
    """One model per inverse ridge; each starts from the one before."""
    encoding = fit_encoding(design)
    X = encoding.transform(design)
    means = np.asarray(X.mean(axis=0)).ravel()
    relative = np.maximum(relative, LEAST_RELATIVE)

    def loss(at: Vector, strength: float) -> tuple[float, Vector]:
        mean = np.exp(np.clip(at[0] + X @ at[1:], -30.0, 30.0))
        wrong = (mean - relative) * mean ** (1.0 - power)
        slope = np.concatenate([[wrong.sum()], X.T @ wrong])
        ridge = np.concatenate([[0.0], at[1:]]) / strength
        return float(row_loss(mean, relative, power).sum() + 0.5 * ridge @ at), slope + ridge

    at, found = np.zeros(1 + X.shape[1]), []
    for strength in strengths:
        at = minimize(loss, at, (strength,), jac=True, method="L-BFGS-B", options=STOP).x
        found.append(LogMean(level, strength, at, means, encoding))
    return found


def _grow_mean(
    power: float,
    design: Design,
    relative: Vector,
    rounds: int | None,
    held: tuple[Design, Vector] | None = None,
) -> Any:
    objective: dict[str, Any] = {"objective": "poisson" if power == 1.0 else "gamma"}
    if 1.0 < power < 2.0:
        objective = {"objective": "tweedie", "tweedie_variance_power": power}
    if held is not None:
        held = held[0], np.maximum(held[1], LEAST_RELATIVE)
    return grow(objective, design, np.maximum(relative, LEAST_RELATIVE), rounds, held)
