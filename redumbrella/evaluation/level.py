"""How far does the level of a period lie from what was said before it? And does the order hold?

In: what was said about leads that the model had not seen, and what came, period by period. Out: a
`Level`: the shift of each period in log-odds, how far periods differ beyond chance, and the AUC of
each period alone. The world moves for all leads of a period at once, so no number of leads makes
this error smaller, and half samples of the past, which share its periods, cannot show it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from redumbrella.evaluation.metrics import Vector, auc, auc_error
from redumbrella.evaluation.order import Order
from redumbrella.models.base import probability_of
from redumbrella.models.calibration import level_shift
from redumbrella.models.uncertainty import LEVEL
from redumbrella.training.splits import Rows

LEAST_PERIODS = 2
PARTS_OF_FOLD = 5  # a period is a fifth of a fold at least
PERIODS_OF_DRAWN, MOST_PERIODS_OF_DRAWN = 5, 20  # of a record whose folds are drawn at random
LEAST_ROWS = 50  # of a period; fewer leads show nothing but chance


@dataclass(frozen=True)
class PeriodLevel:
    """One period: how many were won and expected; shift: what was missing, in log-odds.

    rows: numbers of its leads in the record, in order of time. chance: the variance that the shift
    has by chance alone. auc, auc_error: of the leads of this period; nan where all came alike.
    """

    rows: Rows
    won: float
    expected: float
    shift: float
    chance: float
    auc: float
    auc_error: float


@dataclass(frozen=True)
class Level:
    """Spread of levels between periods. wandering: its standard deviation, in log-odds.

    variance: what it adds to the variance of every lead's log-odds, so that an interval at
    `LEVEL` of the normal law holds although so few periods were seen; 0 where the level stood
    still as far as can be seen. chance: variance of the mean level of the periods by chance, which
    is how well calibration can know it.
    """

    periods: tuple[PeriodLevel, ...] = ()
    wandering: float = 0.0
    variance: float = 0.0
    chance: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether there were periods enough to say anything about the level."""
        return len(self.periods) >= LEAST_PERIODS

    @property
    def orders(self) -> list[Order]:
        """AUC of each period that was won in part, and its standard error."""
        return [(p.auc, p.auc_error) for p in self.periods if not np.isnan(p.auc)]


def measure_level(
    rows: Sequence[Rows],
    said: Sequence[Vector],
    won: Sequence[Vector],
    *,
    forward: bool,
    asked: int = 0,
) -> Level:
    """The level of each period, and how far it wanders.

    rows, said, won: one array per fold: numbers of its leads in order of time, log-odds given to
    them unseen, outcomes. forward: the folds follow each other in time; the first of them, which
    nothing was calibrated by, is left out. asked: how many open leads there are: what jumps from
    month to month cancels out over a year, so periods are cut to about as many leads, as far as
    that leaves enough of them.

    The spread beyond chance is a mean square about zero, what was said being the forecast, by
    moments as DerSimonian and Laird (1986) take them. Few folds say little about the spread of
    all, so an interval takes the quantile of Student's law with as many degrees of freedom.
    """
    if forward:
        folds = list(zip(rows[1:], said[1:], won[1:], strict=True))
        independent, least, most = len(folds), 1, PARTS_OF_FOLD
    else:
        every, z, y = np.concatenate(rows), np.concatenate(said), np.concatenate(won)
        order = np.argsort(every, kind="stable")
        folds = [(every[order], z[order], y[order])]
        independent, least, most = PERIODS_OF_DRAWN, PERIODS_OF_DRAWN, MOST_PERIODS_OF_DRAWN
    periods = tuple(
        _period(*part) for fold in folds for part in _cut(fold, asked, least, most) if part[0].size
    )
    if len(periods) < LEAST_PERIODS:
        return Level(periods)
    shifts = np.array([period.shift for period in periods])
    chance = np.array([period.chance for period in periods])
    variance = _beyond_chance(shifts, chance)
    quantile = 0.5 + LEVEL / 2
    widening = float(student.ppf(quantile, independent) / norm.ppf(quantile))
    of_mean = float(chance.mean()) / len(periods)
    return Level(periods, float(np.sqrt(variance)), variance * widening**2, of_mean)


def _cut(
    fold: tuple[Rows, Vector, Vector], asked: int, least: int, most: int
) -> Iterator[tuple[Rows, Vector, Vector]]:
    """The fold in parts of about as many leads as are asked about, from `least` to `most` parts."""
    size = fold[0].size
    parts = round(size / max(asked, LEAST_ROWS)) if asked else least
    parts = max(least, min(parts, most))
    yield from zip(*(np.array_split(values, parts) for values in fold), strict=True)


def _period(rows: Rows, said: Vector, won: Vector) -> PeriodLevel:
    shift, chance = level_shift(said, won)
    area, count = auc(said, won), float(won.sum())
    return PeriodLevel(
        rows=rows,
        won=count,
        expected=float(probability_of(said).sum()),
        shift=shift,
        chance=chance,
        auc=area,
        auc_error=auc_error(area, count, won.size - count),
    )


def _beyond_chance(shifts: Vector, chance: Vector) -> float:
    """tau^2 with which mean w (shift^2 - chance) = tau^2, w = 1 / (chance + tau^2)^2; at least 0.

    shifts, chance: (periods,).
    """
    found = 0.0
    for _ in range(100):
        weight = 1.0 / (chance + found) ** 2
        new = max(0.0, float(weight @ (shifts**2 - chance) / weight.sum()))
        if abs(new - found) < 1e-9:
            break
        found = new
    return found
