"""How sure is a probability? Intervals on the log-odds scale, from models of half the data.

Two models that learned from two halves without a common lead differ only by chance. For a lead x,
variance at n leads = (z_A(x) - z_B(x))^2 / 2 * h / n, h leads in a half (half-sample replication,
McCarthy 1969). One pair is a noisy measure, so a lead's own value is drawn to the typical one. To
this come the uncertainty of the base rate itself, 1 / won + 1 / lost, the doubt between families
that the record cannot tell apart, and how far the level of a period lies from what was said before
it (`evaluation/level.py`), which half samples of the same periods cannot show.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from redumbrella.features.matrix import Design
from redumbrella.models.base import Family, Vector, probability_of
from redumbrella.models.blend import Blend
from redumbrella.models.calibration import Calibration
from redumbrella.models.parallel import run_all

LEVEL = 0.9
MAX_HALF_ROWS = 12_000
# Shrinkage makes the halves agree where both are wrong in the same way; in simulation the spread
# had to be widened by this factor to cover the true probabilities at the stated level.
WIDENING = 1.5
WEIGHT_OF_TYPICAL = 2.0


@dataclass(frozen=True)
class Spread:
    """Pairs of half models, and what turns their disagreement into a standard deviation.

    scale: h / (2 n). typical: mean variance over training leads. base: variance of the base rate,
    by chance. doubt: variance between plausible families. level: variance of the level of a later
    period, beyond chance.
    """

    pairs: Sequence[tuple[Blend, Blend]]
    scale: float
    typical: float
    base: float
    doubt: float
    level: float = 0.0

    @property
    def shared(self) -> float:
        """Standard deviation of the error, in log-odds, that all leads of a list share."""
        return float(np.sqrt(self.base + self.level))

    def deviation(self, design: Design) -> Vector:
        """Standard deviation of each lead's log-odds, (n,)."""
        own = WEIGHT_OF_TYPICAL * np.full(design.rows, self.typical)
        for first, second in self.pairs:
            own += self.scale * (first.log_odds(design) - second.log_odds(design)) ** 2
        shape = own / (len(self.pairs) + WEIGHT_OF_TYPICAL)
        return np.asarray(np.sqrt(WIDENING**2 * shape + self.base + self.doubt + self.level))

    def interval(self, log_odds: Vector, deviation: Vector) -> tuple[Vector, Vector]:
        """Low and high probability around calibrated log-odds, at LEVEL, each (n,)."""
        z = float(ndtri(0.5 + LEVEL / 2)) * deviation
        return probability_of(log_odds - z), probability_of(log_odds + z)


def fit_spread(
    makers: Mapping[str, Callable[[], Family]],
    weights: Mapping[str, float],
    calibration: Calibration,
    design: Design,
    won: Vector,
    weight: Vector,
    doubt: float,
    pairs: int = 2,
) -> Spread:
    """Fits pairs of half models. design, won, weight: the n closed leads, in order of time.

    makers: families by name, to be fitted anew; weights, calibration: those of the blend.
    doubt: as in `Spread`.
    """
    base = 1.0 / (float(won.sum()) + 0.5) + 1.0 / (float((1.0 - won).sum()) + 0.5)
    half = min(won.size // 2, MAX_HALF_ROWS)
    if set(makers) <= {"prior"} or half < 4:
        return Spread((), 0.0, 0.0, base, doubt)
    scale = half / (2.0 * won.size)
    orders = [np.random.default_rng(seed).permutation(won.size) for seed in range(pairs)]
    halves = [np.sort(o[k * half : (k + 1) * half]) for o in orders for k in (0, 1)]

    def fit(rows: NDArray[np.intp]) -> Blend:
        part, outcomes, counts = design.take(rows), won[rows], weight[rows]
        members = {name: make().fit(part, outcomes, counts) for name, make in makers.items()}
        return Blend(members, weights, calibration)

    blends = run_all([partial(fit, rows) for rows in halves])
    fitted = list(zip(blends[::2], blends[1::2], strict=True))
    variances = []
    for order, (first, second) in zip(orders, fitted, strict=True):
        asked = design.take(np.sort(order[:2_000]))
        gap = first.log_odds(asked) - second.log_odds(asked)
        variances.append(float(np.mean(scale * gap**2)))
    return Spread(tuple(fitted), scale, float(np.mean(variances)), base, doubt)
