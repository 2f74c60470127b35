"""Naive Bayes: log-odds = base + s * sum over features of ln P(value | won) / P(value | lost).

Values are the bins and levels of the encoding. Counts are smoothed towards the overall share of
the value (m-estimate, Cestnik 1990), and s <= 1 tempers the doubled evidence of dependent
features; it is fitted on leads that the counts have not seen.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize_scalar

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

IMAGINARY_LEADS = 10.0


@dataclass
class NaiveBayes(Family):
    """Evidence of each value, added up and tempered."""

    features: tuple[Feature, ...] = ()
    start: float = 0.0
    temper: float = 1.0
    evidence: Vector = field(default_factory=lambda: np.empty(0))
    usual: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None

    name: ClassVar[str] = "naive_bayes"
    label: ClassVar[str] = "Naive Bayes"
    complexity: ClassVar[int] = 3

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Counts on all leads; the temper on each half by the counts of the other."""
        self.features = design.features
        self.encoding = fit_encoding(design)
        X = self._indicators(design)
        self.start = base_log_odds(won, weight)
        self.evidence = _evidence(X, won, weight)
        self.usual = np.asarray(weight @ X).ravel() / weight.sum()
        self.temper = _fit_temper(X, won, weight, self.start)
        return self

    def log_odds(self, design: Design) -> Vector:
        """Base plus tempered evidence, centred on the usual lead."""
        centred = self._indicators(design) @ self.evidence - self.usual @ self.evidence
        return np.asarray(self.start + self.temper * centred)

    def contributions(self, design: Design) -> Contributions:
        """Tempered evidence of each feature's value, less that of the usual lead."""
        assert self.encoding is not None
        owner = self.encoding.owner
        collect = sp.csr_matrix(
            (self.evidence, (np.arange(owner.size), owner)), shape=(owner.size, len(self.features))
        )
        values = np.asarray((self._indicators(design) @ collect).todense())
        return Contributions(self.start, self.temper * (values - self.usual @ collect))

    def to_parts(self) -> Parts:
        """Evidence, usual shares and the encoding."""
        assert self.encoding is not None
        arrays = {"evidence": self.evidence, "usual": self.usual}
        facts = {"start": self.start, "temper": self.temper}
        return Parts(facts, arrays | self.encoding.to_parts().arrays)

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        facts, a = parts.facts, parts.arrays
        encoding = encoding_from(features, parts)
        return cls(features, facts["start"], facts["temper"], a["evidence"], a["usual"], encoding)

    def _indicators(self, design: Design) -> sp.csr_matrix:
        """The encoded columns that say yes or no: levels, bins, missing, history seen."""
        assert self.encoding is not None
        X = self.encoding.transform(design)
        X.data = ((X.data != 0) & ~self.encoding.scaled_values[X.indices]).astype(np.float64)
        X.eliminate_zeros()
        return X


def _evidence(X: sp.csr_matrix, won: Vector, weight: Vector) -> Vector:
    of_won = np.asarray((weight * won) @ X).ravel()
    of_all = np.asarray(weight @ X).ravel()
    total_won, total = float(weight @ won), float(weight.sum())
    share = (of_all + 1e-9) / total
    in_won = (of_won + IMAGINARY_LEADS * share) / (total_won + IMAGINARY_LEADS)
    in_lost = (of_all - of_won + IMAGINARY_LEADS * share) / (total - total_won + IMAGINARY_LEADS)
    return np.asarray(np.log(in_won) - np.log(in_lost))


def _fit_temper(X: sp.csr_matrix, won: Vector, weight: Vector, start: float) -> float:
    even = np.arange(X.shape[0]) % 2 == 0
    unseen = np.empty(X.shape[0])
    for half in (even, ~even):
        if not 0 < won[~half].sum() < (~half).sum():
            return 0.0
        evidence = _evidence(X[~half], won[~half], weight[~half])
        unseen[half] = X[half] @ evidence - np.asarray(weight @ X).ravel() @ evidence / weight.sum()

    def loss(temper: float) -> float:
        p = probability_of(start + temper * unseen)
        return -float(weight @ np.log(np.where(won == 1, p, 1.0 - p)))

    return float(minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded").x)
