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
WANDERING = 0.02  # variance that the level of a fold has besides chance


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


def fit_calibration(
    raw: Sequence[Vector], won: Sequence[Vector], share: Vector, *, forward: bool = False
) -> Calibration:
    """The line that the folds ask for, as far as it may be believed.

    raw, won: one array per fold, out of sample; share: (folds,) how much each fold counts. A slope
    that differs from fold to fold would be wrong in the next period too: it is shrunk towards 1 by
    the variance of the folds' slopes. The shift is shrunk by what chance does to it. Both are
    shrunk by change^2 / (change^2 + variance of the change). forward: the folds follow each other
    in time; then as much of the shift is taken as usually was still there a fold later.
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
    slopes = [fit_line(zf - usual, yf, np.ones_like(yf), RIDGE, usual)[0] for zf, yf in folds]
    slope = 1.0 + _believed(slope - 1.0, _variance_of_mean(np.array(slopes), share))
    slope = float(np.clip(slope, *SLOPES))
    levels = [level_shift(usual + slope * (zf - usual), yf) for zf, yf in folds]
    shifts, chance = np.array(levels).T
    shift = float(np.clip(_believed(shift, float(share**2 @ chance)), -MAX_SHIFT, MAX_SHIFT))
    if forward:
        shift *= _persistence(shifts, chance, share)
    return Calibration(slope, usual * (1.0 - slope) + shift)


def level_shift(log_odds: Vector, won: Vector) -> tuple[float, float]:
    """The shift with which as many leads would have been expected to win as did, and its variance
    by chance.
    """
    shift, information = 0.0, 0.0
    for _ in range(50):
        p = probability_of(log_odds + shift)
        information = max(float(p @ (1.0 - p)), 1e-9)
        step = float(np.clip((won - p).sum() / information, -1.0, 1.0))
        shift += step
        if abs(step) < 1e-9:
            break
    return shift, 1.0 / information


def _persistence(shifts: Vector, chance: Vector, share: Vector) -> float:
    """How much of a level is still there a fold later, from 0 to 1.

    The slope of a regression through the origin of each fold's shift, (folds,), on the level that
    the folds before it said, drawn to one half by as much evidence as one level as large as
    its error brings. A shift that stays has a slope of 1, one that comes and goes 0.
    """
    weight = 1.0 / (chance + WANDERING)
    before = np.array([share[:k] @ shifts[:k] / share[:k].sum() for k in range(1, shifts.size)])
    seen = weight[1:] * before
    return float(np.clip((0.5 + seen @ shifts[1:]) / (1.0 + seen @ before), 0.0, 1.0))


def _believed(change: float, variance: float) -> float:
    return change**3 / (change**2 + variance + 1e-12)


def _variance_of_mean(values: Vector, share: Vector) -> float:
    """Variance of the mean of values that count by share; 0 for a single one."""
    squared = float(share @ share)
    if values.size == 1 or squared > 1.0 - 1e-9:
        return 0.0
    return float(share @ (values - share @ values) ** 2) * squared / (1.0 - squared)
