"""Logistic regression with a ridge: log-odds = intercept + sum of coefficient * encoded value.

Numbers enter as scaled value and as quantile bins, categories one-hot, so that the sum can bend.
The ridge (Hoerl and Kennard 1970; le Cessie and van Houwelingen 1992) shrinks every coefficient;
it is chosen on the last leads in time.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import (
    Contributions,
    Family,
    Parts,
    Vector,
    base_log_odds,
    probability_of,
)
from redumbrella.models.encoding import Encoding, encoding_from, fit_encoding

INVERSE_RIDGES = (0.01, 0.1, 1.0)
SHRUNKEN_INVERSE_RIDGE = 0.02
SHARE_HELD_OUT = 0.2
MAX_ROWS_TO_CHOOSE = 20_000


@dataclass
class Logistic(Family):
    """A ridge-logistic model; `inverse_ridges` are the strengths to choose from."""

    inverse_ridges: tuple[float, ...] = INVERSE_RIDGES
    strength: float = 0.1
    features: tuple[Feature, ...] = ()
    intercept: float = 0.0
    coefficients: Vector = field(default_factory=lambda: np.empty(0))
    means: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None

    name: ClassVar[str] = "logistic"
    label: ClassVar[str] = "Logistic regression"
    complexity: ClassVar[int] = 3

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Chooses the ridge on the last fifth, then fits on all leads."""
        self.features = design.features
        self.encoding = fit_encoding(design)
        X = self.encoding.transform(design)
        self.means = np.asarray(weight @ X).ravel() / weight.sum()
        self.intercept, self.coefficients = base_log_odds(won, weight), np.zeros(X.shape[1])
        if 0 < won.sum() < won.size and X.shape[1]:
            self.strength = self._choose(X, won, weight)
            self.intercept, self.coefficients = _solve(X, won, weight, self.strength)
        return self

    def quick(self) -> "Logistic":
        """The same ridge, without choosing it again."""
        return Logistic(inverse_ridges=(self.strength,))

    def log_odds(self, design: Design) -> Vector:
        """intercept + X @ coefficients."""
        assert self.encoding is not None
        return np.asarray(self.intercept + self.encoding.transform(design) @ self.coefficients)

    def contributions(self, design: Design) -> Contributions:
        """coefficient * (value - mean of training), summed over the columns of a feature."""
        assert self.encoding is not None
        X = self.encoding.transform(design)
        owner = self.encoding.owner
        collect = sp.csr_matrix(
            (self.coefficients, (np.arange(owner.size), owner)),
            shape=(owner.size, len(self.features)),
        )
        usual = np.asarray(self.means @ collect).ravel()
        values = np.asarray((X @ collect).todense()) - usual
        return Contributions(self.intercept + float(usual.sum()), values)

    def to_parts(self) -> Parts:
        """Coefficients, means and the encoding."""
        assert self.encoding is not None
        arrays = {"coefficients": self.coefficients, "means": self.means}
        return Parts({"intercept": self.intercept}, arrays | self.encoding.to_parts().arrays)

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        return cls(
            features=features,
            intercept=parts.facts["intercept"],
            coefficients=parts.arrays["coefficients"],
            means=parts.arrays["means"],
            encoding=encoding_from(features, parts),
        )

    def _choose(self, X: sp.csr_matrix, won: Vector, weight: Vector) -> float:
        latest = slice(max(0, X.shape[0] - MAX_ROWS_TO_CHOOSE), None)
        X, won, weight = X[latest], won[latest], weight[latest]
        cut = int(X.shape[0] * (1.0 - SHARE_HELD_OUT))
        if len(self.inverse_ridges) == 1 or not 0 < won[:cut].sum() < cut:
            return self.inverse_ridges[-1] if len(self.inverse_ridges) == 1 else 0.1
        losses = []
        for strength in self.inverse_ridges:
            intercept, coefficients = _solve(X[:cut], won[:cut], weight[:cut], strength)
            p = probability_of(np.asarray(intercept + X[cut:] @ coefficients))
            losses.append(-float(weight[cut:] @ np.log(np.where(won[cut:] == 1, p, 1.0 - p))))
        return self.inverse_ridges[int(np.argmin(losses))]


def _solve(
    X: sp.csr_matrix, won: Vector, weight: Vector, inverse_ridge: float
) -> tuple[float, Vector]:
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(C=inverse_ridge, solver="lbfgs", max_iter=400, tol=1e-4)
    solver.fit(X, won, sample_weight=weight)
    return float(solver.intercept_[0]), solver.coef_.ravel().astype(np.float64)
