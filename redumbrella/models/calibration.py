"""Calibration: log-odds of a model → log-odds that happen. calibrated = intercept + slope * raw.

Two numbers (Platt 1999; Cox 1958), fitted on leads that the model has not seen. Because the map
is a straight line on the log-odds scale, contributions of features stay contributions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from redumbrella.models.base import Vector, probability_of

Line = tuple[float, float]
SLOPES = (0.6, 1.25)
MAX_SHIFT = 1.0
RIDGE = 5.0


@dataclass(frozen=True)
class Calibration:
    """calibrated log-odds = intercept + slope * log-odds; (1, 0) changes nothing."""

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, log_odds: Vector) -> Vector:
        """The calibrated log-odds, same shape."""
        return self.intercept + self.slope * log_odds


def fit_line(
    raw: Vector, won: Vector, weight: Vector, ridge: float = 1.0, offset: float = 0.0
) -> Line:
    """Slope and intercept by Newton's method, drawn to (1, 0) by a ridge worth `ridge` leads.

    raw, won, weight: (n,). Minimises the weighted log loss of offset + intercept + slope * raw,
    plus ridge/2 ((slope - 1)^2 + intercept^2).
    """
    plain = np.array([1.0, 0.0])
    X = np.column_stack([raw, np.ones_like(raw)])

    def loss(at: Vector) -> float:
        p = probability_of(offset + X @ at)
        surprise = -float(weight @ np.log(np.where(won == 1, p, 1.0 - p)))
        return surprise + 0.5 * ridge * float((at - plain) @ (at - plain))

    line, lowest = plain, loss(plain)
    for _ in range(50):
        p = probability_of(offset + X @ line)
        gradient = X.T @ (weight * (p - won)) + ridge * (line - plain)
        hessian = (X * (weight * p * (1.0 - p))[:, None]).T @ X + ridge * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # A full step may overshoot where probabilities are near 0 or 1; the loss decides.
        while loss(line - step) > lowest and np.abs(step).max() > 1e-10:
            step = 0.5 * step
        line = line - step
        lowest = loss(line)
        if np.abs(step).max() < 1e-9:
            break
    return float(line[0]), float(line[1])


def fit_calibration(raw: Sequence[Vector], won: Sequence[Vector], share: Vector) -> Calibration:
    """The line that the folds ask for, as far as it may be believed.

    raw, won: one array per fold, out of sample; share: (folds,) how much each fold counts. A slope
    that differs from fold to fold would be wrong in the next period too: it is shrunk towards 1 by
    the variance of the folds' slopes. The level of the outcomes wanders, and where it was last is
    the best guess of where it will be: the shift is shrunk only by what chance does to it. Both
    are shrunk by change^2 / (change^2 + variance of the change).
    """
    usable = [k for k, y in enumerate(won) if 0 < y.sum() < y.size]
    if not usable:
        return Calibration()
    share = share[usable] / share[usable].sum()
    folds = [(raw[k], won[k]) for k in usable]
    z, y = np.concatenate([zf for zf, _ in folds]), np.concatenate([yf for _, yf in folds])
    weight = np.concatenate(
        [
            np.full(yf.size, part * y.size / yf.size)
            for part, (_, yf) in zip(share, folds, strict=True)
        ]
    )
    # Around the usual lead, slope and shift hardly depend on each other.
    usual = float(weight @ z / weight.sum())
    slope, shift = fit_line(z - usual, y, weight, ridge=RIDGE, offset=usual)
    by_chance = 0.0
    for part, (zf, _) in zip(share, folds, strict=True):
        p = probability_of(usual + shift + slope * (zf - usual))
        by_chance += part**2 / max(float(p @ (1.0 - p)), 1e-9)
    slopes = [fit_line(zf - usual, yf, np.ones_like(yf), RIDGE, usual)[0] for zf, yf in folds]
    slope = 1.0 + _believed(slope - 1.0, _variance_of_mean(np.array(slopes), share))
    slope = float(np.clip(slope, *SLOPES))
    shift = float(np.clip(_believed(shift, by_chance), -MAX_SHIFT, MAX_SHIFT))
    return Calibration(slope, usual * (1.0 - slope) + shift)


def _believed(change: float, variance: float) -> float:
    return change**3 / (change**2 + variance + 1e-12)


def _variance_of_mean(values: Vector, share: Vector) -> float:
    """Variance of the mean of values that count by share; 0 for a single one."""
    squared = float(share @ share)
    if values.size == 1 or squared > 1.0 - 1e-9:
        return 0.0
    return float(share @ (values - share @ values) ** 2) * squared / (1.0 - squared)
