"""The model that scores: one family, or a weighted mean of several on the log-odds scale.

calibrated log-odds = intercept + slope * sum over members of weight * log-odds. The weights are
not negative and sum to one. Each fold votes with the weights that minimise the log loss of its
leads, which the members have not seen, drawn to equal weights by a few imaginary leads. Where the
world stands still the folds agree; where it moves they do not, and the mean of their votes spreads
the weight over families that were right at different times (Bates and Granger 1969).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from redumbrella.features.matrix import Design
from redumbrella.models.base import Contributions, Family, Vector, probability_of
from redumbrella.models.calibration import Calibration

LEAST_WEIGHT = 0.04
IMAGINARY_LEADS = 3.0


@dataclass(frozen=True)
class Blend:
    """Fitted members, their weights and the calibration of their mean."""

    members: Mapping[str, Family]
    weights: Mapping[str, float]
    calibration: Calibration

    def log_odds(self, design: Design) -> Vector:
        """Calibrated log-odds of each lead, (n,)."""
        total = np.zeros(design.rows)
        for name, family in self.members.items():
            total += self.weights[name] * family.log_odds(design)
        return self.calibration.apply(total)

    def probability(self, design: Design) -> Vector:
        """Calibrated probability of each lead, (n,)."""
        return probability_of(self.log_odds(design))

    def contributions(self, design: Design) -> Contributions:
        """What each feature adds to the calibrated log-odds; base + sum = `log_odds`."""
        base, values = 0.0, np.zeros((design.rows, len(design.features)))
        for name, family in self.members.items():
            part = family.contributions(design)
            base += self.weights[name] * part.base
            values += self.weights[name] * part.values
        line = self.calibration
        return Contributions(base, values).scaled(line.slope, line.intercept)


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
    """Minimises, over w = softmax(a), the log loss of Z @ w less IMAGINARY_LEADS * mean of ln w.

    Z: (n, members). The second term is a Dirichlet prior around equal weights.
    """
    members = Z.shape[1]

    def loss(a: Vector) -> tuple[float, Vector]:
        w = _softmax(a)
        p = probability_of(Z @ w)
        value = -float(np.sum(np.log(np.where(won == 1, p, 1.0 - p))))
        value -= IMAGINARY_LEADS * float(np.mean(np.log(w)))
        by_weight = Z.T @ (p - won)
        gradient = w * (by_weight - w @ by_weight) - IMAGINARY_LEADS * (1.0 / members - w)
        return value / won.size, gradient / won.size

    found = minimize(
        loss, np.zeros(members), jac=True, method="L-BFGS-B", bounds=[(-6, 6)] * members
    )
    return _softmax(found.x)


def _softmax(a: Vector) -> Vector:
    e = np.exp(a - a.max())
    return np.asarray(e / e.sum())
