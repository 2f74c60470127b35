"""Logistic regression with pairs: log-odds = intercept + sum of effects of fields and of pairs.

A generalized additive model with pairwise interactions (GA2M; Lou, Caruana, Gehrke and Hooker
2013). A field's effect is that of the logistic model (models.logistic). A pair's is a table over
the cells of both fields, with a slope of each number within each cell of the other
(models.pair_columns). Pairs are sought in the residuals of the fields alone; then all effects are
fitted together, each with a ridge of its own (models.ridge). Where no pair is telling, this is the
logistic model.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import (
    Contributions,
    Family,
    Parts,
    Vector,
    base_log_odds,
    probability_of,
)
from redumbrella.models.linear.encoding import Encoding, encoding_from, fit_encoding
from redumbrella.models.linear.fields import KNOTS, Fields, fit_fields
from redumbrella.models.linear.pair_columns import (
    MOST_FIELDS,
    PairColumns,
    find_pairs,
    fit_cells,
    pair_columns_from,
)
from redumbrella.models.linear.ridge import fit_ridges, solve, thinned


@dataclass
class Pairs(Family):
    """A ridge-logistic model of fields and pairs of fields.

    variance: 1 / ridge of each column, those of the fields first; columns: the pairs. None: they
    are estimated and sought.
    """

    variance: Vector | None = None
    columns: PairColumns | None = None
    features: tuple[Feature, ...] = ()
    intercept: float = 0.0
    coefficients: Vector = field(default_factory=lambda: np.empty(0))
    means: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None

    name: ClassVar[str] = "pairs"
    label: ClassVar[str] = "Logistic regression with pairs"
    complexity: ClassVar[int] = 6

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Seeks the pairs and estimates the ridges where none are given, then the coefficients."""
        self.features = design.features
        if self.variance is None or not self._fits(design):
            fields = fit_fields(design, won, weight)
            self.encoding, self.variance, self.means = (
                fields.encoding,
                fields.variance,
                fields.means,
            )
            self.intercept, self.coefficients = fields.intercept, fields.coefficients
            self.columns = self._find(fields, design, won, weight)
            if not len(self.columns.pairs):
                return self
            self.variance = None
        else:
            self.encoding = fit_encoding(design, KNOTS)
        X = self._encode(design)
        self.means = np.asarray(weight @ X).ravel() / weight.sum()
        self.intercept, self.coefficients = base_log_odds(won, weight), np.zeros(X.shape[1])
        if 0 < won.sum() < won.size and X.shape[1]:
            if self.variance is None or self.variance.size != X.shape[1]:
                self.variance, fit = fit_ridges(X, won, weight, self._group())
            else:
                fit = solve(X, won, weight, self.variance)
            self.intercept, self.coefficients = fit
        return self

    def quick(self) -> "Pairs":
        """The same pairs and ridges, neither sought nor estimated again."""
        return Pairs(self.variance, self.columns)

    def log_odds(self, design: Design) -> Vector:
        """intercept + X @ coefficients."""
        return np.asarray(self.intercept + self._encode(design) @ self.coefficients)

    def contributions(self, design: Design) -> Contributions:
        """coefficient * (value - mean of training), summed over the columns of a feature.

        Both features of a pair get half of what it adds.
        """
        collect = self._collect(self.coefficients)
        usual = np.asarray(self.means @ collect).ravel()
        values = np.asarray((self._encode(design) @ collect).todense()) - usual
        return Contributions(self.intercept + float(usual.sum()), values)

    def to_parts(self) -> Parts:
        """Coefficients, means, the encoding and the pairs."""
        assert self.encoding is not None
        assert self.columns is not None
        arrays = {"coefficients": self.coefficients, "means": self.means}
        learned = self.encoding.to_parts().arrays | self.columns.to_parts().arrays
        return Parts({"intercept": self.intercept}, arrays | learned)

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        return cls(
            columns=pair_columns_from(features, parts),
            features=features,
            intercept=parts.facts["intercept"],
            coefficients=parts.arrays["coefficients"],
            means=parts.arrays["means"],
            encoding=encoding_from(features, parts),
        )

    def _find(self, fields: Fields, design: Design, won: Vector, weight: Vector) -> PairColumns:
        """The pairs that the residuals of the fields alone show.

        Of a large record every k-th lead is asked.
        """
        cells = fit_cells(design)
        none = PairColumns(cells, np.empty((0, 2), np.intp))
        if fields.variance is None:
            return none
        self.columns = none
        every = thinned(design.rows)
        design, won, weight = design.take(every), won[every], weight[every]
        X = fields.encoding.transform(design)
        p = probability_of(fields.intercept + X @ fields.coefficients)
        asked = np.arange(design.profile.shape[1])
        if asked.size > MOST_FIELDS:  # those whose effects differ most between leads
            effects = (X @ self._collect(fields.coefficients)).toarray()[:, asked]
            asked = np.argsort(-effects.std(axis=0), kind="stable")[:MOST_FIELDS]
        return find_pairs(cells, design, asked, weight * (won - p), weight * p * (1.0 - p))

    def _fits(self, design: Design) -> bool:
        """Whether the pairs are pairs of the fields of this design."""
        return self.columns is not None and self.columns.cells.features == design.profile_features

    def _encode(self, design: Design) -> sp.csr_matrix:
        """A design of n rows as CSR (n, m): the columns of the fields, then those of the pairs."""
        assert self.encoding is not None
        return self._with_pairs(self.encoding.transform(design), design)

    def _with_pairs(self, X: sp.csr_matrix, design: Design) -> sp.csr_matrix:
        """The columns X of the fields, (n, columns of the fields), and those of the pairs."""
        assert self.encoding is not None
        assert self.columns is not None
        if not len(self.columns.pairs):
            return X
        return sp.hstack([X, self.columns.transform(design, self.encoding)], format="csr")

    def _group(self) -> NDArray[np.intp]:
        """For each column, (m,), the number of the group that shares a ridge."""
        assert self.encoding is not None
        assert self.columns is not None
        of_fields = self.encoding.group(self.features)
        return np.concatenate([of_fields, of_fields.max() + 1 + self.columns.group])

    def _collect(self, coefficients: Vector) -> sp.csr_matrix:
        """Coefficients as (m, p + q): each in the row of its column, half at either owner."""
        assert self.encoding is not None
        assert self.columns is not None
        own = self.encoding.owner
        owners = np.concatenate([np.column_stack([own, own]), self.columns.owners])
        rows = np.arange(len(coefficients))
        halves = np.repeat(0.5 * coefficients, 2)
        return sp.csr_matrix(
            (halves, (np.repeat(rows, 2), owners[: rows.size].ravel())),
            shape=(rows.size, len(self.features)),
        )
