"""The model that scores: one family, or the weighted mean of the probabilities of several.

p = sum over members of weight * probability (a linear opinion pool: Stone 1961), then calibrated
on the log-odds scale, because a mean of probabilities is too cautious (Ranjan and Gneiting 2010).
Where the members agree, the mean of their log-odds would say the same. Where they do not, as on
leads unlike any before, that mean is as bold as the boldest of them, and the mean of probabilities
is not (decision 5).

The weights are not negative and sum to one. Each fold votes with the weights that minimise the log
loss of its leads, which the members have not seen, drawn to equal weights by a few imaginary leads.
Where the world stands still the folds agree; where it moves they do not, and the mean of their
votes spreads the weight over families that were right at different times (Bates and Granger 1969).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from redumbrella.features.matrix import Design
from redumbrella.models.base import Contributions, Family, Vector, probability_of
from redumbrella.models.calibration import Calibration

LEAST_WEIGHT = 0.04
IMAGINARY_LEADS = 3.0
SAME = 1e-3  # half log-odds: nearer than this, a series is exact to rounding


@dataclass(frozen=True)
class Blend:
    """Fitted members, their weights and the calibration of their mean."""

    members: Mapping[str, Family]
    weights: Mapping[str, float]
    calibration: Calibration

    def log_odds(self, design: Design) -> Vector:
        """Calibrated log-odds of each lead, (n,)."""
        said = {name: family.log_odds(design) for name, family in self.members.items()}
        return self.calibration.apply(pooled(said, self.weights))

    def probability(self, design: Design) -> Vector:
        """Calibrated probability of each lead, (n,)."""
        return probability_of(self.log_odds(design))

    def contributions(self, design: Design) -> Contributions:
        """What each feature adds to the calibrated log-odds; base + sum = `log_odds`.

        From its base to its log-odds a member moves the pool by weight * (slope of its probability)
        / (slope of the pool's), slopes being means over the way. So its contributions count by that
        much, and the sum is exact.
        """
        parts = {name: family.contributions(design) for name, family in self.members.items()}
        bases = {name: np.array([part.base]) for name, part in parts.items()}
        ends = {name: part.base + part.values.sum(axis=1) for name, part in parts.items()}
        base, end = pooled(bases, self.weights), pooled(ends, self.weights)
        values = np.zeros((design.rows, len(design.features)))
        for name, part in parts.items():
            steeper = _log_slope(bases[name], ends[name]) - _log_slope(base, end)
            values += (self.weights[name] * np.exp(steeper))[:, None] * part.values
        line = self.calibration
        return Contributions(float(base[0]), values).scaled(line.slope, line.intercept)


def pooled(log_odds: Mapping[str, Vector], weights: Mapping[str, float]) -> Vector:
    """Log-odds of the weighted mean of the members' probabilities, (n,).

    log_odds: (n,) per member; weights: not negative, they sum to one.
    """
    if len(weights) == 1:
        return log_odds[next(iter(weights))]
    Z = np.stack([log_odds[name] for name in weights])
    w = np.array(list(weights.values()))[:, None]
    # ln(p) and ln(1 - p), each summed by itself: nothing is lost where p is near 0 or 1.
    won, lost = (logsumexp(-np.logaddexp(0.0, side), axis=0, b=w) for side in (-Z, Z))
    return np.asarray(won - lost)


def _log_slope(start: Vector, end: Vector) -> Vector:
    """ln of the mean slope of 1 / (1 + exp(-z)) between two log-odds.

    (p(b) - p(a)) / (b - a) = sinh(d) / d / (4 cosh(a/2) cosh(b/2)) with d = (b - a) / 2.
    """
    d = np.abs(end - start) / 2.0
    near = d < SAME
    far = np.where(near, 1.0, d)
    ratio = np.where(near, d**2 / 6.0, far + np.log(-np.expm1(-2.0 * far) / (2.0 * far)))
    return np.asarray(ratio - _log_2cosh(start / 2.0) - _log_2cosh(end / 2.0))


def _log_2cosh(x: Vector) -> Vector:
    return np.asarray(np.logaddexp(x, -x))


def fit_weights(
    log_odds: Mapping[str, Sequence[Vector]], won: Sequence[Vector], share: Vector
) -> dict[str, float]:
    """Weights of the members, the mean of the folds' votes; without a fold all are equal.

    log_odds: per member one array per fold, out of sample; won: outcomes, one array per fold;
    share: (folds,) how much each fold counts, sums to one. Small weights are dropped: a member
    that hardly counts costs time and clouds the reasons.
    """
    names = list(log_odds)
    votes = [
        part * _vote(np.column_stack([log_odds[name][k] for name in names]), won[k])
        for k, part in enumerate(share)
    ]
    weights = np.sum(votes, axis=0) if votes else np.full(len(names), 1.0 / len(names))
    kept = np.where(weights < min(LEAST_WEIGHT, float(weights.max())), 0.0, weights)
    kept /= kept.sum()
    return {name: float(weight) for name, weight in zip(names, kept, strict=True) if weight > 0}


def _vote(Z: Vector, won: Vector) -> Vector:
    """Minimises, over w = softmax(a), the log loss of the pool less IMAGINARY_LEADS * mean of ln w.

    Z: log-odds (n, members). The second term is a Dirichlet prior around equal weights.
    """
    members = Z.shape[1]
    happened = probability_of(np.where(won[:, None] == 1, Z, -Z))

    def loss(a: Vector) -> tuple[float, Vector]:
        w = _softmax(a)
        said = happened @ w
        value = -float(np.log(said).sum()) - IMAGINARY_LEADS * float(np.mean(np.log(w)))
        by_weight = -(happened / said[:, None]).sum(axis=0)
        gradient = w * (by_weight - w @ by_weight) - IMAGINARY_LEADS * (1.0 / members - w)
        return value / won.size, gradient / won.size

    found = minimize(
        loss, np.zeros(members), jac=True, method="L-BFGS-B", bounds=[(-6, 6)] * members
    )
    return _softmax(found.x)


def _softmax(a: Vector) -> Vector:
    e = np.exp(a - a.max())
    return np.asarray(e / e.sum())
