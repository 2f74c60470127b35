"""Stability: would another sample of the same record have taught the same? (article 003)

The chosen families learn from a random 70 % and are asked about the other 30 %, several times.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from redumbrella.evaluation.examination import Maker, answer
from redumbrella.evaluation.metrics import Vector, auc, log_loss
from redumbrella.features.matrix import Design
from redumbrella.models.base import probability_of
from redumbrella.models.blend import pooled
from redumbrella.models.calibration import Calibration
from redumbrella.models.parallel import run_all
from redumbrella.training.decay import Decay
from redumbrella.training.splits import random_share

TRAIN_SHARE = 0.7
MAX_ROWS = 12_000


@dataclass(frozen=True)
class Stability:
    """Log loss and AUC of each repeat, on leads that it had not seen.

    rows: leads that were split, a sample of a large record.
    """

    rows: int
    log_loss: Vector
    auc: Vector

    def summary(self) -> dict[str, object]:
        """Mean, standard deviation and range of both, as the report shows them."""
        return {
            "repeats": int(self.log_loss.size),
            "rows": self.rows,
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
    done = 0

    def task(seed: int) -> tuple[float, float]:
        nonlocal done
        fold = random_share(won.size, TRAIN_SHARE, seed)
        z = {name: answer(make(), design, won, fold, Decay()) for name, make in makers.items()}
        p = probability_of(calibration.apply(pooled(z, weights)))
        done += 1
        report("Stability: random 70/30 splits", done / repeats)
        return log_loss(p, won[fold.test]), auc(p, won[fold.test])

    measured = np.array(run_all([partial(task, seed) for seed in range(repeats)]))
    return Stability(won.size, measured[:, 0], measured[:, 1])


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
