"""Strategic fit, 0 to 100: what clients say of leads like this one, or else how alike it is to the
company's best customers.

In: a design of leads and customers, a few ratings, the best customers. Out: (value, low, high) per
lead and the basis: feedback (from 8 ratings), likeness (from 8 best customers) or none.

Feedback: proportional odds (McCullagh 1980), P(rating <= k) = 1 / (1 + exp(x effects - cut k)),
fit = expected rating on a scale of 0 to 100. Likeness: the same with two levels, best and rest,
weighted as if both were equally common, fit = chance of being among the best; 50 is neither.
Effects get a normal prior of a usual size, or of another where the data clearly support it (their
evidence by Laplace's approximation, MacKay 1992). The interval is that of the posterior, at LEVEL.

Promise: the same rows give the same model; the fewer ratings, the wider the interval.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, ndtri

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Parts, Vector
from redumbrella.models.linear.encoding import Encoding, encoding_from, fit_encoding
from redumbrella.models.parallel import run_all
from redumbrella.models.uncertainty import LEVEL
from redumbrella.models.worth.amount import Estimate

Basis = Literal["feedback", "likeness", "none"]
LEAST_RATINGS = 8
LEAST_BEST = 8
MAX_RATINGS = 2_000  # the latest ones
MAX_ROWS = 1_000  # drawn from the best, and from the rest
MAX_LEVELS = 21  # a finer scale is cut in ten steps
SPREADS = (
    1.0,
    0.1,
    0.3,
    2.0,
)  # of log-odds between leads, before anything is known; the usual first
WORTH_A_MENTION = 3.0  # how many times better than the usual another spread must explain the data
SHIFT_SPREAD = 3.0  # of the cuts together
DIRECTIONS = 100


@dataclass
class StrategicFit:
    """A fitted strategic fit.

    ratings: how many ratings or best customers are behind it. cuts: (k - 1,) log-odds between
    levels. effects: (d,) of the encoded columns, around their means (d,). spread: prior deviation
    of one effect. directions: (1 + d, r) in which the data have narrowed the prior, and narrowed:
    (r,) by what share; the first row is the shift of the cuts.
    """

    basis: Basis
    features: tuple[Feature, ...]
    ratings: int = 0
    cuts: Vector = field(default_factory=lambda: np.empty(0))
    effects: Vector = field(default_factory=lambda: np.empty(0))
    means: Vector = field(default_factory=lambda: np.empty(0))
    spread: float = 0.0
    directions: Vector = field(default_factory=lambda: np.empty((0, 0)))
    narrowed: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None

    def estimate(self, design: Design) -> Estimate:
        """Fit from 0 to 100 with its interval, each (n,); (50, 0, 100) where nothing is known."""
        if self.encoding is None:
            n = design.rows
            return Estimate(np.full(n, 50.0), np.zeros(n), np.full(n, 100.0))
        X = self.encoding.transform(design)
        z = np.asarray(X @ self.effects - self.means @ self.effects)
        margin = float(ndtri(0.5 + LEVEL / 2)) * self._deviation(X)
        return Estimate(self._score(z), self._score(z - margin), self._score(z + margin))

    def contributions(self, design: Design) -> Contributions:
        """What each feature adds to the log-odds of a better rating; 0 is the usual lead."""
        width = len(design.features)
        if self.encoding is None:
            return Contributions(0.0, np.zeros((design.rows, width)))
        owner = self.encoding.owner
        collect = sp.csr_matrix(
            (self.effects, (np.arange(owner.size), owner)), shape=(owner.size, width)
        )
        usual = np.asarray(self.means @ collect).ravel()
        return Contributions(
            0.0, np.asarray((self.encoding.transform(design) @ collect).todense()) - usual
        )

    def to_parts(self) -> Parts:
        """Numbers and arrays."""
        facts = {"basis": self.basis, "ratings": self.ratings, "spread": float(self.spread)}
        names = ("cuts", "effects", "means", "directions", "narrowed")
        arrays = {name: getattr(self, name) for name in names}
        return Parts(facts, arrays | (self.encoding.to_parts().arrays if self.encoding else {}))

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described, for the features of its design."""
        f, a = parts.facts, parts.arrays
        encoding = None if f["basis"] == "none" else encoding_from(features, parts)
        return cls(f["basis"], features, f["ratings"], a["cuts"], a["effects"], a["means"],
                   f["spread"], a["directions"], a["narrowed"], encoding)  # fmt: skip

    def _score(self, z: Vector) -> Vector:
        """Expected level: each cut that is passed is worth the same."""
        return np.asarray(100.0 * expit(z[:, None] - self.cuts).mean(axis=1))

    def _deviation(self, X: sp.csr_matrix) -> Vector:
        """Standard deviation of z against the cuts: the prior's, less what the data have said."""
        shift, slopes = self.directions[:1] * -SHIFT_SPREAD, self.directions[1:] * self.spread
        along = np.asarray(X @ slopes) - self.means @ slopes + shift
        square = np.asarray(X.multiply(X).sum(axis=1)).ravel()
        size = square - 2.0 * np.asarray(X @ self.means) + self.means @ self.means
        prior = SHIFT_SPREAD**2 + self.spread**2 * np.maximum(size, 0.0)
        return np.asarray(np.sqrt(np.maximum(prior - along**2 @ self.narrowed, 0.0)))


def fit_strategic_fit(
    design: Design, rating: Vector, scale: tuple[float, float], best: NDArray[np.bool_]
) -> StrategicFit:
    """Learns from n leads and customers in order of time.

    rating: (n,) of the clients, NaN where none was given. scale: lowest and highest rating, the
    highest being the best. best: (n,) True for the company's best customers. DataError for an
    impossible scale and for ratings outside it.
    """
    level, levels = _levels(rating, scale)
    rated, rest = np.flatnonzero(level >= 0)[-MAX_RATINGS:], np.flatnonzero(~best)
    if design.features and rated.size >= LEAST_RATINGS:
        weight = np.ones(rated.size)
        return _fit("feedback", design, rated, level[rated], levels, weight, rated.size)
    few = min(int(best.sum()), rest.size)
    if design.features and few >= LEAST_BEST:
        random = np.random.default_rng(0)
        groups = [np.sort(random.permutation(g)[:MAX_ROWS]) for g in (rest, np.flatnonzero(best))]
        sizes = np.array([group.size for group in groups])
        weight = np.repeat(sizes.min() / sizes, sizes)
        rows, like = np.concatenate(groups), np.repeat([0, 1], sizes)
        return _fit("likeness", design, rows, like, 2, weight, int(best.sum()))
    return StrategicFit("none", design.features)


def _levels(rating: Vector, scale: tuple[float, float]) -> tuple[NDArray[np.intp], int]:
    """The level of each rating, -1 where there is none, and the number of levels."""
    low, high = scale
    if not low < high:
        raise DataError(
            f"The scale of ratings must rise, but goes from {low:g} to {high:g}.",
            reason="bad_scale",
        )
    wrong = (rating < low) | (rating > high)
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} of {int((~np.isnan(rating)).sum())} ratings are outside the scale "
            f"from {low:g} to {high:g}, such as {rating[wrong][0]:g}; correct them or the scale.",
            reason="rating_outside_scale",
        )
    known = ~np.isnan(rating)
    steps = high - low
    above = rating[known] - low
    if steps >= MAX_LEVELS or steps % 1.0 or (above % 1.0).any():
        above, steps = 10.0 * above / steps, 10.0
    level = np.full(rating.size, -1, np.intp)
    level[known] = np.round(above).astype(np.intp)
    return level, int(steps) + 1


def _fit(
    basis: Basis,
    design: Design,
    rows: NDArray[np.intp],
    level: NDArray[np.intp],
    levels: int,
    weight: Vector,
    ratings: int,
) -> StrategicFit:
    """The posterior of the spread in use; scales and means are those of all leads."""
    encoding = fit_encoding(design)
    everyone = encoding.transform(design)
    means = np.asarray(everyone.mean(axis=0)).ravel()
    size = float(everyone.multiply(everyone).sum()) / design.rows - float(means @ means)
    X = everyone[rows].toarray() - means
    # One imaginary usual lead, rated a little of everything, keeps every level possible.
    X = np.vstack([X, np.zeros((levels, X.shape[1]))])
    level = np.concatenate([level, np.arange(levels)])
    weight = np.concatenate([weight, np.full(levels, 1.0 / levels)])
    # The prior is the same in every direction, so only the ones that ratings differ in need work.
    U, S, V = np.linalg.svd(X, full_matrices=False)
    usual = 1.0 / max(np.sqrt(size), 1e-9)
    found, *others = run_all(
        [partial(_posterior, U * S, level, levels, weight, s * usual) for s in SPREADS]
    )
    better = max(others, key=lambda posterior: posterior.evidence)
    if better.evidence - found.evidence > np.log(WORTH_A_MENTION):
        found = better
    directions = np.vstack([found.directions[:1], V.T @ found.directions[1:]])
    return StrategicFit(
        basis, design.features, ratings, found.cuts, V.T @ found.effects, means,
        found.spread, directions, found.narrowed, encoding,
    )  # fmt: skip


class _Posterior(NamedTuple):
    evidence: float
    spread: float
    cuts: Vector
    effects: Vector
    directions: Vector
    narrowed: Vector


def _posterior(
    X: Vector, level: NDArray[np.intp], levels: int, weight: Vector, spread: float
) -> _Posterior:
    """Most likely cuts and effects, what the data narrow, and the log evidence of the spread.

    The gaps between cuts are taken as known; their shift together is not.
    """

    def loss(at: Vector) -> tuple[float, Vector]:
        cuts, effects = _cuts(at[: levels - 1]), at[levels - 1 :]
        upper, lower = _sides(spread * (X @ effects), cuts, level)
        chance = np.maximum(expit(upper) - expit(lower), 1e-300)
        value = -float(weight @ np.log(chance)) + 0.5 * float(effects @ effects)
        by_upper, by_lower = (
            -weight * expit(side) * expit(-side) / chance for side in (upper, lower)
        )
        by_cut = (
            np.bincount(level, by_upper, levels)[:-1] - np.bincount(level, by_lower, levels)[1:]
        )
        slope = np.cumsum(by_cut[::-1])[::-1]  # a cut moves with every gap below it
        gaps = np.concatenate([[1.0], np.diff(cuts)])
        by_effect = spread * (X.T @ (by_lower - by_upper)) + effects
        # A weak pull keeps the cuts of levels that nobody gave within reach.
        shift = at[0] / SHIFT_SPREAD**2 * np.eye(1, levels - 1).ravel()
        value += 0.5 * at[0] ** 2 / SHIFT_SPREAD**2
        return value, np.concatenate([slope * gaps + shift, by_effect])

    start = np.zeros(levels - 1 + X.shape[1])
    start[0] = -0.5 * (levels - 2)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    cuts, effects = _cuts(best.x[: levels - 1]), best.x[levels - 1 :]
    upper, lower = _sides(spread * (X @ effects), cuts, level)
    curve = weight * (expit(upper) * expit(-upper) + expit(lower) * expit(-lower))
    A = np.sqrt(curve)[:, None] * np.column_stack([np.full(len(X), -SHIFT_SPREAD), spread * X])
    _, singular, directions = np.linalg.svd(A, full_matrices=False)
    evidence = -float(best.fun) - 0.5 * float(np.log1p(singular**2).sum())
    kept = slice(min(DIRECTIONS, singular.size))
    narrowed = (singular**2 / (1.0 + singular**2))[kept]
    return _Posterior(evidence, spread, cuts, spread * effects, directions[kept].T, narrowed)


def _cuts(at: Vector) -> Vector:
    """Rising cuts from the first one and the logarithms of the gaps."""
    return np.cumsum(np.concatenate([at[:1], np.exp(np.clip(at[1:], -10.0, 10.0))]))


def _sides(z: Vector, cuts: Vector, level: NDArray[np.intp]) -> tuple[Vector, Vector]:
    """Log-odds of at most this level, and of at most the level below."""
    ends = np.concatenate([[-np.inf], cuts, [np.inf]])
    return ends[level + 1] - z, ends[level] - z
