"""How good are probabilities? Every metric sees arrays: what was said and what happened.

All take probability (n,) in (0, 1) and won (n,) of 0 or 1, and return one float; nan where the
metric is not defined (only one outcome present).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from redumbrella.ranks import mean_ranks

Vector = NDArray[np.float64]
CALIBRATION_BINS = 10
LEAST_IN_BIN = 20


def log_loss(probability: Vector, won: Vector) -> float:
    """Mean surprise, -ln of the probability given to what happened (Good 1952). 0 is perfect."""
    return float(np.mean(row_log_loss(probability, won)))


def row_log_loss(probability: Vector, won: Vector) -> Vector:
    """Surprise of each lead, (n,)."""
    return -np.log(np.where(won == 1, probability, 1.0 - probability))


def brier(probability: Vector, won: Vector) -> float:
    """Mean squared error of the probabilities (Brier 1950). 0 is perfect."""
    return float(np.mean((probability - won) ** 2))


def auc(probability: Vector, won: Vector) -> float:
    """Chance that a won lead stands above a lost one (Mann and Whitney 1947); ties count half."""
    n1 = float(won.sum())
    n0 = won.size - n1
    if n1 == 0 or n0 == 0:
        return float("nan")
    ranks = mean_ranks(probability)
    return float((ranks[won == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def auc_error(area: float, won: float, lost: float) -> float:
    """Standard error of an AUC measured on so many won and lost leads (Hanley and McNeil 1982)."""
    if not won * lost:
        return float("nan")
    of_won, of_lost = area / (2.0 - area), 2.0 * area**2 / (1.0 + area)
    spread = (won - 1.0) * (of_won - area**2) + (lost - 1.0) * (of_lost - area**2)
    return float(np.sqrt((area * (1.0 - area) + spread) / (won * lost)))


def average_precision(probability: Vector, won: Vector) -> float:
    """Precision averaged over the won leads, from the top of the list down; ties share a rank."""
    if won.sum() == 0:
        return float("nan")
    order = np.argsort(-probability, kind="stable")
    p, y = probability[order], won[order]
    last_of_tie = np.r_[p[1:] != p[:-1], True]
    hits, listed = np.cumsum(y)[last_of_tie], np.flatnonzero(last_of_tie) + 1.0
    gained = np.diff(np.r_[0.0, hits])
    return float(np.sum(gained * hits / listed) / won.sum())


def calibration_error(probability: Vector, won: Vector) -> float:
    """Mean distance between what was said and what happened, over up to ten equally full bins.

    What chance alone would show is taken off in squares, so that a small sample does not look
    miscalibrated (debiased estimator, Kumar, Liang and Ma 2019).
    """
    squares = 0.0
    # A bin of a few leads shows nothing but their chance.
    bins = max(1, min(CALIBRATION_BINS, won.size // LEAST_IN_BIN))
    for rows in equal_bins(probability, bins):
        gap = float(won[rows].mean() - probability[rows].mean())
        chance = float(won[rows].var()) / max(rows.size - 1, 1)
        squares += rows.size / won.size * (gap**2 - chance)
    return float(np.sqrt(max(squares, 0.0)))


def equal_bins(probability: Vector, bins: int) -> list[NDArray[np.intp]]:
    """Rows in order of probability, cut in `bins` parts of nearly equal size; ties are shuffled.

    Rows often stand in order of time: ties in that order would put one period in one bin.
    """
    chance = np.random.default_rng(0).random(probability.size)
    order = np.lexsort((chance, probability))
    return [part for part in np.array_split(order, bins) if part.size]


def lift_at(probability: Vector, won: Vector, share: float) -> float:
    """Share won in the top `share` of the list over the share won in all."""
    top = max(1, round(share * won.size))
    rate = float(won.mean())
    if rate == 0:
        return float("nan")
    return float(ranked_wins(probability, won)[top - 1] / top / rate)


def ranked_wins(probability: Vector, won: Vector) -> Vector:
    """Expected wins among the first 1, 2 … n leads of the list, (n,); ties are in random order."""
    _, tie = np.unique(-probability, return_inverse=True)
    share = np.bincount(tie, won) / np.bincount(tie)
    return np.asarray(np.cumsum(share[np.sort(tie)]), np.float64)


METRICS: dict[str, Callable[[Vector, Vector], float]] = {
    "log_loss": log_loss,
    "auc": auc,
    "average_precision": average_precision,
    "brier": brier,
    "calibration_error": calibration_error,
}


def bootstrap_error(
    metric: Callable[[Vector, Vector], float], probability: Vector, won: Vector, repeats: int = 40
) -> float:
    """Standard error of a metric by resampling the leads (Efron 1979), with a fixed seed."""
    rng = np.random.default_rng(0)
    values = []
    for _ in range(repeats):
        rows = rng.integers(0, won.size, won.size)
        values.append(metric(probability[rows], won[rows]))
    known = [value for value in values if not np.isnan(value)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else float("nan")


def wilson(won: int, leads: int, z: float = 1.645) -> tuple[float, float]:
    """Wilson's (1927) interval of a share; 90 % for the default z."""
    if leads == 0:
        return 0.0, 1.0
    p, n = won / leads, float(leads)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)
