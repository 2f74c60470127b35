"""Stability: would another sample of the same record have taught the same? (article 003)

The chosen families learn from a random 70 % and are asked about the other 30 %, several times.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from redumbrella.evaluation.examination import Maker, answer, mix
from redumbrella.evaluation.metrics import Vector, auc, log_loss
from redumbrella.features.matrix import Design
from redumbrella.models.base import probability_of
from redumbrella.models.calibration import Calibration
from redumbrella.training.memory import Memory
from redumbrella.training.splits import random_share

TRAIN_SHARE = 0.7
MAX_ROWS = 12_000


@dataclass(frozen=True)
class Stability:
    """Log loss and AUC of each repeat, on leads that it had not seen."""

    log_loss: Vector
    auc: Vector

    def summary(self) -> dict[str, object]:
        """Mean, standard deviation and range of both, as the report shows them."""
        return {
            "repeats": int(self.log_loss.size),
            "train_share": TRAIN_SHARE,
            "log_loss": _spread(self.log_loss),
            "auc": _spread(self.auc),
        }


def repeated_split(
    makers: Mapping[str, Maker],
    weights: Mapping[str, float],
    calibration: Calibration,
    design: Design,
    won: Vector,
    repeats: int,
    report: Callable[[str, float], None],
) -> Stability:
    """Repeats the 70/30 split; of a large record every k-th lead takes part."""
    thin = np.arange(0, won.size, max(1, won.size // MAX_ROWS))
    design, won = design.take(thin), won[thin]
    losses, areas = [], []
    for seed in range(repeats):
        report(f"Stability: repeat {seed + 1}", seed / repeats)
        fold = random_share(won.size, TRAIN_SHARE, seed)
        z = {name: answer(make(), design, won, fold, Memory()) for name, make in makers.items()}
        p = probability_of(calibration.apply(mix(z, weights)))
        losses.append(log_loss(p, won[fold.test]))
        areas.append(auc(p, won[fold.test]))
    return Stability(np.array(losses), np.array(areas))


def _spread(values: Vector) -> dict[str, float]:
    known = values[~np.isnan(values)]
    if known.size == 0:
        return {"mean": float("nan"), "sd": float("nan"), "low": float("nan"), "high": float("nan")}
    sd = float(known.std(ddof=1)) if known.size > 1 else 0.0
    return {
        "mean": float(known.mean()),
        "sd": sd,
        "low": float(known.min()),
        "high": float(known.max()),
    }
