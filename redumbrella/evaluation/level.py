"""How far does the level of a period lie from what was said before it? And does the order hold?

In: what was said about leads that the model had not seen, and what came, period by period. Out: a
`Level`: the shift of each period in log-odds, how far periods differ beyond chance, and the AUC of
each period alone. The world moves for all leads of a period at once, so no number of leads makes
this error smaller, and half samples of the past, which share its periods, cannot show it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from redumbrella.evaluation.metrics import Vector, auc, auc_error
from redumbrella.evaluation.order import Order
from redumbrella.models.base import probability_of
from redumbrella.models.calibration import level_shift
from redumbrella.models.uncertainty import LEVEL
from redumbrella.training.splits import Rows

LEAST_PERIODS = 2
PERIODS_OF_DRAWN = 5  # where folds are drawn at random, the record is cut in so many periods
LEAST_ROWS = 50  # of a period; fewer leads show nothing but chance

Part = tuple[Rows, Vector, Vector]  # of a fold: rows, what was said, what came


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
    position: Vector | None = None,
    span: float = 0.0,
) -> Level:
    """The level of each period, and how far it wanders.

    rows, said, won: one array per fold: numbers of its leads in order of time, log-odds given to
    them unseen, outcomes. forward: the folds follow each other in time; the first of them, which
    nothing was calibrated by, is left out. position: (n,) places in time of all leads of the
    record; span: how much time the open leads take up. What jumps from month to month cancels out
    over a year, and what is said a year ahead is less sure than a month ahead. So a period is what
    comes right after a fold's lessons, about as long as the open leads take.

    The spread beyond chance is a mean square about zero, what was said being the forecast, by
    moments as DerSimonian and Laird (1986) take them. Few periods say little about the spread of
    all, so an interval takes the quantile of Student's law with as many degrees of freedom.
    """
    if forward:
        folds = zip(rows[1:], said[1:], won[1:], strict=True)
        parts = [_first(fold, position, span) for fold in folds]
    else:
        every = np.concatenate(rows)
        cuts = np.array_split(np.argsort(every, kind="stable"), PERIODS_OF_DRAWN)
        z, y = np.concatenate(said), np.concatenate(won)
        parts = [(every[cut], z[cut], y[cut]) for cut in cuts]
    periods = tuple(_period(*part) for part in parts if part[0].size)
    if len(periods) < LEAST_PERIODS:
        return Level(periods)
    shifts = np.array([period.shift for period in periods])
    chance = np.array([period.chance for period in periods])
    variance = _beyond_chance(shifts, chance)
    quantile = 0.5 + LEVEL / 2
    widening = float(stdtrit(len(periods), quantile) / ndtri(quantile))
    of_mean = float(chance.mean()) / len(periods)
    return Level(periods, float(np.sqrt(variance)), variance * widening**2, of_mean)


def _first(fold: Part, position: Vector | None, span: float) -> Part:
    """The leads of a fold within `span` of its first one, LEAST_ROWS of them at least."""
    if position is None or not span:
        return fold
    at = position[fold[0]]
    near = max(int(np.searchsorted(at, at[0] + span, side="right")), LEAST_ROWS)
    return fold[0][:near], fold[1][:near], fold[2][:near]


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
