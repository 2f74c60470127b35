"""The model that scores: one family, or a weighted mean of several on the log-odds scale.

calibrated log-odds = intercept + slope * sum over members of weight * log-odds. The weights are
not negative and sum to one; they minimise the log loss of leads that the members have not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from redumbrella.features.matrix import Design
from redumbrella.models.base import Contributions, Family, Vector, probability_of
from redumbrella.models.calibration import Calibration

LEAST_WEIGHT = 0.04


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


def fit_weights(log_odds: Mapping[str, Vector], won: Vector) -> dict[str, float]:
    """Weights of the members from their log-odds on unseen leads, (n,) each.

    Small weights are dropped: a member that hardly counts costs time and clouds the reasons.
    """
    names = list(log_odds)
    while len(names) > 1:
        weights = _simplex_weights(np.column_stack([log_odds[name] for name in names]), won)
        kept = [name for name, w in zip(names, weights, strict=True) if w >= LEAST_WEIGHT]
        if len(kept) == len(names):
            return dict(zip(names, (float(w) for w in weights), strict=True))
        names = kept
    return {names[0]: 1.0}


def _simplex_weights(Z: Vector, won: Vector) -> Vector:
    """Minimises the mean log loss of softmax(a) @ Z over a, by L-BFGS with its gradient."""

    def loss(a: Vector) -> tuple[float, Vector]:
        w = _softmax(a)
        p = probability_of(Z @ w)
        value = -float(np.mean(np.log(np.where(won == 1, p, 1.0 - p))))
        by_weight = Z.T @ (p - won) / won.size
        return value, w * (by_weight - w @ by_weight)

    found = minimize(
        loss, np.zeros(Z.shape[1]), jac=True, method="L-BFGS-B", bounds=[(-6, 6)] * Z.shape[1]
    )
    return _softmax(found.x)


def _softmax(a: Vector) -> Vector:
    e = np.exp(a - a.max())
    return np.asarray(e / e.sum())
