"""What probabilities mean in practice: calibration, lift, the confusion at every threshold.

All take probability (n,) and won (n,) of leads that the model had not seen.
"""

from dataclasses import dataclass

import numpy as np

from redumbrella.evaluation.metrics import Vector, equal_bins, ranked_wins, wilson

THRESHOLDS = 101


@dataclass(frozen=True)
class CalibrationPoint:
    """One tenth of the leads: what was said, what happened, and its 90 % interval (Wilson)."""

    mean_probability: float
    observed: float
    count: int
    observed_low: float
    observed_high: float


@dataclass(frozen=True)
class Confusion:
    """What calling every lead at or above a threshold would have meant."""

    threshold: float
    capacity: float
    tp: int
    fp: int
    tn: int
    fn: int
    accuracy: float
    precision: float
    recall: float


@dataclass(frozen=True)
class LiftPoint:
    """The top `share` of the list: its rate over the mean rate, and the share of all wins in it."""

    share: float
    lift: float
    captured: float


def calibration_curve(probability: Vector, won: Vector, bins: int = 10) -> list[CalibrationPoint]:
    """What was said against what happened, in equally full bins from low to high."""
    points = []
    for rows in equal_bins(probability, bins):
        low, high = wilson(int(won[rows].sum()), rows.size)
        said, happened = float(probability[rows].mean()), float(won[rows].mean())
        points.append(CalibrationPoint(said, happened, int(rows.size), low, high))
    return points


def confusion_curve(probability: Vector, won: Vector) -> list[Confusion]:
    """The confusion matrix at about a hundred thresholds, from calling everyone to the top few."""
    ordered = np.sort(probability)[::-1]
    ranks = np.unique(np.linspace(1, won.size, THRESHOLDS).round().astype(int))
    thresholds = np.unique(ordered[ranks - 1])
    return [confusion_at(probability, won, float(threshold)) for threshold in thresholds]


def confusion_at(probability: Vector, won: Vector, threshold: float) -> Confusion:
    """The confusion matrix when every lead with probability >= threshold is called."""
    called = probability >= threshold
    tp = int(won[called].sum())
    fp = int(called.sum()) - tp
    fn = int(won.sum()) - tp
    tn = won.size - tp - fp - fn
    return Confusion(
        threshold=threshold,
        capacity=(tp + fp) / won.size,
        tp=tp,
        fp=fp,
        tn=tn,
        fn=fn,
        accuracy=(tp + tn) / won.size,
        precision=tp / max(tp + fp, 1),
        recall=tp / max(tp + fn, 1),
    )


def lift_curve(probability: Vector, won: Vector) -> list[LiftPoint]:
    """Lift and captured wins for the top 5 %, 10 %, 20 % … 100 % of the list."""
    rate = float(won.mean())
    if rate == 0:
        return []
    by_rank = ranked_wins(probability, won)
    points = []
    for share in (0.05, *np.arange(1, 11) / 10):
        top = max(1, round(float(share) * won.size))
        hits = float(by_rank[top - 1])
        points.append(LiftPoint(float(share), hits / top / rate, hits / float(won.sum())))
    return points


def distribution(probability: Vector, bins: int = 20) -> list[dict[str, float]]:
    """How many leads have which probability: counts in equal steps from 0 to the highest score."""
    top = float(np.ceil(max(float(probability.max()), 0.05) * 20) / 20)
    counts, edges = np.histogram(probability, bins=bins, range=(0.0, top))
    return [
        {"low": float(low), "high": float(high), "count": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
