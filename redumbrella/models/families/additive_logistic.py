"""Logistic regression with a ridge: log-odds = intercept + sum of coefficient * encoded value.

Numbers enter as scaled value, as quantile bins and as distances above the quartiles, categories
one-hot, so that the sum can step and bend.
The ridge (Hoerl and Kennard 1970; le Cessie and van Houwelingen 1992) shrinks every coefficient;
each field has a ridge of its own, estimated from the data (models.ridge), or all share a given one.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Family, Parts, Regime, Vector, base_log_odds
from redumbrella.models.linear.encoding import Encoding, encoding_from, fit_encoding
from redumbrella.models.linear.fields import KNOTS, fit_fields
from redumbrella.models.linear.ridge import solve

SHRUNKEN_VARIANCE = 0.02


@dataclass
class AdditiveLogistic(Family):
    """A ridge-logistic model; `variance` is 1 / ridge of each encoded column, or of all of them.

    None: it is estimated.
    """

    variance: float | Vector | None = None
    features: tuple[Feature, ...] = ()
    intercept: float = 0.0
    coefficients: Vector = field(default_factory=lambda: np.empty(0))
    means: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None

    name: ClassVar[str] = "logistic"
    label: ClassVar[str] = "Logistic regression"
    complexity: ClassVar[int] = 5
    needs: ClassVar[Regime] = "shrunken"

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Estimates the ridges where none is given, then the coefficients."""
        self.features = design.features
        if self.variance is None:
            fields = fit_fields(design, won, weight)
            self.encoding, self.variance, self.means = (
                fields.encoding,
                fields.variance,
                fields.means,
            )
            self.intercept, self.coefficients = fields.intercept, fields.coefficients
            return self
        self.encoding = self._fit_encoding(design)
        X = self.encoding.transform(design)
        self.means = np.asarray(weight @ X).ravel() / weight.sum()
        self.intercept, self.coefficients = base_log_odds(won, weight), np.zeros(X.shape[1])
        if 0 < won.sum() < won.size and X.shape[1]:
            variance = np.broadcast_to(self.variance, X.shape[1])
            self.intercept, self.coefficients = solve(X, won, weight, variance)
        return self

    def quick(self) -> Self:
        """The same ridges, without estimating them again."""
        return type(self)(variance=self.variance)

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

    def _fit_encoding(self, design: Design) -> Encoding:
        return fit_encoding(design, KNOTS)
