"""The rhythm of purchases, corrected: log-odds = rhythm + coefficients * (encoded ranks - usual).

The rhythm (models.rhythm) needs no outcomes to be learned, so it holds where the past is no guide:
in a young record nobody has yet been silent for a year, and a model that learns from outcomes alone
has to guess what such a silence means. It is an offset here, with no coefficient of its own. A
ridge-logistic model learns from outcomes where customers differ from it, by their ranks of recency,
frequency, money and season alone: those mean the same at every instant, and around the usual ranks
they move people up and down the list, but leave the level to the rhythm. Where the outcome is that
a purchase stays away, the rhythm changes its sign; rows without one get the base rate in its place.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.columns import RANKS, RHYTHM
from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Family, Parts, Vector, base_log_odds
from redumbrella.models.linear.ridge import estimate_variances, solve

RECENCY, FREQUENCY, MONEY, SEASON = range(len(RANKS))
# Which rank each encoded column rises with, and from where on. The season is straight: in the first
# year of a record all share its middle, and a bend would take that for something about customers.
RANK = np.array([*np.repeat([RECENCY, FREQUENCY, MONEY], 4), SEASON])
KNOT = np.array([*np.tile([0.0, 0.25, 0.5, 0.75], 3), 0.0])


@dataclass
class BgNbdOffset(Family):
    """sign: 1 where a purchase is the outcome, -1 where its absence is. without: log-odds of rows
    without a rhythm. typical: mean of the signed rhythm in training. usual: means of the encoded
    ranks in training. variance: of each column's coefficient; None: it is estimated.
    """

    variance: Vector | None = None
    features: tuple[Feature, ...] = ()
    sign: float = 1.0
    without: float = 0.0
    typical: float = 0.0
    coefficients: Vector = field(default_factory=lambda: np.zeros(RANK.size))
    usual: Vector = field(default_factory=lambda: np.zeros(RANK.size))

    name: ClassVar[str] = "rhythm"
    label: ClassVar[str] = "Rhythm of purchases"
    complexity: ClassVar[int] = 2

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Finds the sign, estimates the ridges where none are given, then the coefficients."""
        self.features = design.features
        self.without = base_log_odds(won, weight)
        self.sign = _sign(_column(design, RHYTHM), won, weight)
        known = self._rhythm(design)
        self.typical = float(weight @ known / weight.sum())
        X = self._encoded(design)
        self.usual = np.asarray(weight @ X / weight.sum())
        if 0 < won.sum() < won.size:
            sparse = sp.csr_matrix(X)
            if self.variance is None:
                self.variance = estimate_variances(sparse, won, weight, RANK, known)
            _, self.coefficients = solve(sparse, won, weight, self.variance, offset=known)
        return self

    def quick(self) -> "BgNbdOffset":
        """The same ridges, without estimating them again."""
        return BgNbdOffset(variance=self.variance)

    def log_odds(self, design: Design) -> Vector:
        """rhythm + (X - usual) @ coefficients."""
        correction = (self._encoded(design) - self.usual) @ self.coefficients
        return np.asarray(self._rhythm(design) + correction)

    def contributions(self, design: Design) -> Contributions:
        """coefficient * (value - usual), summed over the columns of a rank; and by how much the
        rhythm differs from the typical one.
        """
        each = (self._encoded(design) - self.usual) * self.coefficients
        values = np.zeros((design.rows, len(self.features)))
        for column, feature in enumerate(self.features):
            if feature.name in RANKS:
                values[:, column] = each[:, RANKS.index(feature.name) == RANK].sum(axis=1)
            elif feature.name == RHYTHM:
                values[:, column] = self._rhythm(design) - self.typical
        return Contributions(self.typical, values)

    def to_parts(self) -> Parts:
        """Coefficients and what is usual."""
        facts = {"sign": self.sign, "without": self.without, "typical": self.typical}
        return Parts(facts, {"coefficients": self.coefficients, "usual": self.usual})

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        return cls(
            features=features,
            **parts.facts,
            coefficients=parts.arrays["coefficients"],
            usual=parts.arrays["usual"],
        )

    def _rhythm(self, design: Design) -> Vector:
        z = _column(design, RHYTHM)
        return np.where(np.isnan(z), self.without, self.sign * z)

    def _encoded(self, design: Design) -> Vector:
        """How far each rank is above each knot, (n, columns); an unknown rank is the middle."""
        ranks = np.column_stack([_column(design, name) for name in RANKS])
        return np.asarray(np.maximum(np.nan_to_num(ranks, nan=0.5)[:, RANK] - KNOT, 0.0))


def has_bg_nbd(features: tuple[Feature, ...]) -> bool:
    """Whether a design has the columns that this family needs."""
    return {RHYTHM, *RANKS} <= {feature.name for feature in features}


def _column(design: Design, name: str) -> Vector:
    """A column of the profile by its name, (n,); NaN where the design has none."""
    names = [feature.name for feature in design.profile_features]
    return design.profile[:, names.index(name)] if name in names else np.full(design.rows, np.nan)


def _sign(rhythm: Vector, won: Vector, weight: Vector) -> float:
    """Whether the outcome goes with the rhythm or against it."""
    known: NDArray[np.bool_] = ~np.isnan(rhythm)
    z, y, w = rhythm[known], won[known], weight[known]
    if not y.size:
        return 1.0
    together = float(w @ ((y - w @ y / w.sum()) * (z - w @ z / w.sum())))
    return 1.0 if together >= 0 else -1.0
