"""Who of the customers spends more than BG/NBD and Gamma-Gamma expect? Boosted trees on RFM.

In: lessons at earlier days, each with columns of recency, frequency, money and windows, what the
purchase models expected then, and what was spent. Out: today's expectation shared out anew.
Promise: the total stays that of the purchase models; the trees only move money between customers.

Trees that learn money directly learn the season of their lessons with it, and were worse than
BG/NBD on Online Retail II; the differences between customers last longer than a season does. So
each lesson is scaled to its expected total, and trees grow on the logarithm of the expectation
(Tweedie deviance, Jørgensen 1987: zeros are as usual here as large amounts).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from redumbrella.models.base import Parts, Vector
from redumbrella.models.parallel import THREADS
from redumbrella.models.trees.lightgbm import lightgbm

LEAST_ROWS = 200
LEAST_BUYERS = 50
ROUNDS = 60
POWER = 1.5
SMALLEST = 1e-3  # of a mean expectation: below it the logarithm says nothing
PARAMETERS: dict[str, Any] = {
    "objective": "tweedie",
    "tweedie_variance_power": POWER,
    "num_leaves": 8,
    "learning_rate": 0.05,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
    "num_threads": THREADS,
    "seed": 0,
}


@dataclass(frozen=True)
class SpendLesson:
    """Customers at an earlier day: columns (n, d), expected and spent (n,) within the horizon."""

    columns: Vector
    expected: Vector
    spent: Vector


@dataclass(frozen=True)
class SpendShares:
    """Fitted trees; unit: the mean expectation of the lessons."""

    forest: Any
    unit: float

    def factors(self, columns: Vector, expected: Vector) -> Vector:
        """What to multiply each expectation by, (n,); `expected` is of the lessons' horizon."""
        inputs = _inputs(columns, expected, self.unit)
        return np.asarray(np.exp(self.forest.predict(inputs, raw_score=True, num_threads=THREADS)))

    def to_parts(self) -> Parts:
        """The trees in LightGBM's own text form."""
        return Parts({"forest": self.forest.model_to_string(), "unit": self.unit}, {})

    @classmethod
    def from_parts(cls, parts: Parts) -> Self:
        """The model that `to_parts` described."""
        forest = lightgbm().Booster(model_str=parts.facts["forest"])
        return cls(forest, parts.facts["unit"])


def fit_spend_shares(lessons: Sequence[SpendLesson]) -> SpendShares | None:
    """Learns from all lessons together; None where they are too few to learn from."""
    usable = [each for each in lessons if each.spent.sum() > 0 and each.expected.sum() > 0]
    rows = sum(each.spent.size for each in usable)
    buyers = sum(int((each.spent > 0).sum()) for each in usable)
    if rows < LEAST_ROWS or buyers < LEAST_BUYERS:
        return None
    expected = np.concatenate([each.expected for each in usable])
    level = [each.spent * (each.expected.sum() / each.spent.sum()) for each in usable]
    unit = float(expected.mean())
    columns = np.vstack([each.columns for each in usable])
    library = lightgbm()
    data = library.Dataset(
        _inputs(columns, expected, unit),
        np.concatenate(level) / unit,
        init_score=_logarithm(expected, unit),
        params=PARAMETERS,
    )
    return SpendShares(library.train(PARAMETERS, data, ROUNDS), unit)


def share_out(expected: Vector, factors: Vector) -> Vector:
    """The expectations (n,) times their factors (n,), scaled so that the total stays."""
    moved = expected * factors
    total = float(moved.sum())
    return moved * (float(expected.sum()) / total) if total > 0 else expected


def row_deviance(spent: Vector, expected: Vector) -> Vector:
    """Tweedie deviance at power 1.5 of each customer, (n,): 4 (sqrt y - sqrt m)^2 / sqrt m."""
    m = np.sqrt(np.maximum(expected, SMALLEST * max(float(expected.mean()), 1e-12)))
    return np.asarray(4.0 * (np.sqrt(spent) - m) ** 2 / m)


def _inputs(columns: Vector, expected: Vector, unit: float) -> Vector:
    return np.column_stack([columns, _logarithm(expected, unit)])


def _logarithm(expected: Vector, unit: float) -> Vector:
    return np.log(np.maximum(expected / unit, SMALLEST))
