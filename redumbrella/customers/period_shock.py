"""How far do whole periods go off? Seasons, prices and campaigns move all customers at once.

In: the purchases so far. Out: a shock, the spread of actual over expected totals. Promise: learned
only from periods before the end of observation, each foretold from what was known at its start.

The models of purchases treat customers as independent, so that the chances of a thousand customers
cancel and the total looks sure to a few per cent. Real totals are not: a good December lifts all.
The remedy is plain: foretell earlier periods of the same length, and take the spread of the
logarithm of actual over expected. With few periods an opinion helps: `USUAL`, worth `OPINION`
periods; the next period is then Student's t with OPINION + periods degrees of freedom.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from redumbrella.customers.bg_nbd import fit_repeat
from redumbrella.customers.gamma_gamma import fit_gamma_gamma
from redumbrella.customers.history import Holdout, split_holdout
from redumbrella.errors import DataError
from redumbrella.models.base import Parts, Vector

USUAL = 0.2
OPINION = 2.0
# Less history than this share of the horizon says too little about the period after it.
LEAST_HISTORY = 0.5
MOST_PERIODS = 12


@dataclass(frozen=True)
class PeriodShock:
    """deviation: of the logarithm of actual over expected total, before degrees are few.

    degrees: of freedom of the Student's t of a new period. log_ratios: (k,), ln(actual / expected)
    of the earlier periods, the latest first.
    """

    deviation: float
    degrees: float
    log_ratios: Vector

    def factors(self, number: int, generator: np.random.Generator) -> Vector:
        """(number,) draws of actual over expected for a period to come.

        They are evenly spread over the distribution, in random order, so that few of them do.
        """
        places = generator.permutation(np.arange(1, number + 1) / (number + 1.0))
        return np.asarray(np.exp(self.deviation * stdtrit(self.degrees, places)))

    def to_parts(self) -> Parts:
        """The shock as data."""
        facts = {"deviation": self.deviation, "degrees": self.degrees}
        return Parts(facts, {"log_ratios": self.log_ratios})

    @classmethod
    def from_parts(cls, parts: Parts) -> Self:
        """The shock that `to_parts` described."""
        return cls(**parts.facts, log_ratios=parts.arrays["log_ratios"])


def fit_shock(log_ratios: ArrayLike) -> PeriodShock:
    """The shock after earlier periods' ln(actual / expected), (k,); k = 0 leaves the opinion."""
    ratios = np.atleast_1d(np.asarray(log_ratios, np.float64))
    degrees = OPINION + ratios.size
    spread = (OPINION * USUAL**2 + float(ratios @ ratios)) / degrees
    return PeriodShock(float(np.sqrt(spread)), degrees, ratios)


def learn_shock(
    person: ArrayLike,
    at_days: ArrayLike,
    amount: ArrayLike,
    end: float,
    horizon_days: float,
    occasion_days: float = 1.0,
) -> PeriodShock:
    """Foretells earlier periods of `horizon_days`, one before the other back from `end`.

    person, at_days, amount, end, occasion_days: as in `summarise`. Where not one period has history
    enough before it, the second half of the record is the period. A period before which nobody had
    bought twice is left out.
    """
    at = np.asarray(at_days, np.float64)
    seen = at[at <= end]
    if seen.size == 0:
        return fit_shock(np.empty(0))
    ratios = []
    for start, stop in earlier_periods(float(np.floor(seen.min())), end, horizon_days):
        holdout = split_holdout(person, at, amount, start, stop, occasion_days)
        try:
            ratios.append(_log_ratio(holdout))
        except DataError:
            continue
    return fit_shock(np.array(ratios))


def earlier_periods(began: float, end: float, horizon: float) -> list[tuple[float, float]]:
    """(start, stop) of the periods that can be foretold, the latest first."""
    periods: list[tuple[float, float]] = []
    stop = end
    while stop - horizon - began >= LEAST_HISTORY * horizon and len(periods) < MOST_PERIODS:
        periods.append((stop - horizon, stop))
        stop -= horizon
    middle = float(np.floor(0.5 * (began + end)))
    return periods or ([(middle, end)] if began < middle < end else [])


def _log_ratio(holdout: Holdout) -> float:
    """ln(actual / expected total), with one mean purchase added to both."""
    known = holdout.history
    repeat = fit_repeat(known.frequency, known.recency, known.age)
    amount = fit_gamma_gamma(known.frequency, known.mean_amount)
    coming = repeat.expected_purchases(
        holdout.horizon, known.frequency, known.recency, known.age
    ) @ amount.expected_mean(known.frequency, known.mean_amount)
    one = amount.observed_mean
    return float(np.log((holdout.amount.sum() + one) / (coming + one)))
