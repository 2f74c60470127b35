"""Calibration: log-odds of a model → log-odds that happen. calibrated = intercept + slope * raw.

Two numbers (Platt 1999; Cox 1958), fitted on leads that the model has not seen. Because the map
is a straight line on the log-odds scale, contributions of features stay contributions.
"""

from dataclasses import dataclass

import numpy as np

from redumbrella.models.base import Vector, probability_of

Line = tuple[float, float]
# A larger correction is not miscalibration but a world that changed, and may change again.
SLOPES = (0.6, 1.25)
MAX_SHIFT = 0.3


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


def fit_calibration(raw: list[Vector], won: list[Vector]) -> Calibration:
    """The line that held in every fold, as far as the folds agree.

    raw, won: one array per fold, out of sample. A correction that differs from fold to fold
    (the world moves) would be wrong in the next period too: slope and intercept are shrunk
    towards (1, 0) by mean^2 / (mean^2 + variance of the mean).
    """
    usable = [(z, y) for z, y in zip(raw, won, strict=True) if 0 < y.sum() < y.size]
    if not usable:
        return Calibration()
    z, y = np.concatenate([u[0] for u in usable]), np.concatenate([u[1] for u in usable])
    # Around the usual lead, slope and shift hardly depend on each other.
    usual = float(z.mean())
    slope, shift = fit_line(z - usual, y, np.ones_like(y), ridge=5.0, offset=usual)
    change = np.array([slope - 1.0, shift])
    if len(usable) > 1:
        lines = [fit_line(zf - usual, yf, np.ones_like(yf), 5.0, usual) for zf, yf in usable]
        variance = np.array(lines).var(axis=0, ddof=1) / len(usable)
        change = change**3 / (change**2 + variance + 1e-12)
    slope = float(np.clip(1.0 + change[0], *SLOPES))
    shift = float(np.clip(change[1], -MAX_SHIFT, MAX_SHIFT))
    return Calibration(slope, usual * (1.0 - slope) + shift)
