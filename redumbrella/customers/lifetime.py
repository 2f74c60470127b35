"""What are the customers worth? Purchases (BG/NBD) times amounts (Gamma-Gamma), with intervals.

In: the two fitted models, the customers' histories, a horizon, a yearly rate of discount. Out: the
expected value of each customer and of all of them together, each with an interval at LEVEL.
Promise: an interval is of the money that will come, not of its mean: it holds what the parameters
leave open and what chance does to a customer even when the parameters are known.

Means are exact. Intervals are simulated: each draw takes one set of parameters for everybody, then
a future for each customer given the history. With the rate and the loss chance of an alive
customer independent given the history, the purchases of a horizon are min(K, D): K negative
binomial (what a customer never lost would buy), D geometric with a beta chance (the purchase after
which the customer is lost). The amounts of y purchases add to Gamma(p y) / nu.
"""

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from redumbrella.customers.bg_nbd import RepeatModel
from redumbrella.customers.gamma_gamma import AmountModel
from redumbrella.customers.history import RepeatSummary
from redumbrella.customers.period_shock import PeriodShock
from redumbrella.errors import DataError
from redumbrella.models.base import Vector
from redumbrella.models.parallel import run_all

LEVEL = 0.9
DAYS_IN_YEAR = 365.25
# With 199 draws the 10th and the 190th of them in order hold exactly 90 % of what is to come.
DRAWS = 199
ROWS_AT_ONCE = 10_000
DISCOUNT_NODES = 8


@dataclass(frozen=True)
class LifetimeValue:
    """What n customers will bring within the horizon; money is discounted to today.

    alive: (n,), probability not to be lost. purchases: (n,), expected number, not discounted.
    expected, low, high: (n,), money. low is 0 where more than 5 % of the simulated futures bring
    nothing, and high is then the 90 % quantile. total, total_low, total_high: of all customers.
    """

    alive: Vector
    purchases: Vector
    expected: Vector
    low: Vector
    high: Vector
    total: float
    total_low: float
    total_high: float


def value(
    repeat: RepeatModel,
    amount: AmountModel,
    customers: RepeatSummary,
    horizon: float,
    annual_rate: float = 0.0,
    shock: PeriodShock | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> LifetimeValue:
    """The value of the purchases to come within `horizon` (in the customers' time unit).

    annual_rate: money of a year ahead is worth 1 / (1 + annual_rate) of today's. shock: widens all
    intervals, see `learn_shock`; without it the interval of the total knows chance and the doubt
    about parameters alone, and held one in five totals of real shops. draws: simulated futures, 199
    or more. Raises DataError for an impossible horizon or rate. The value is revenue: multiply by
    the margin where profit is asked.
    """
    if not (np.isfinite(horizon) and horizon > 0 and np.isfinite(annual_rate) and annual_rate >= 0):
        raise DataError(
            f"The horizon is {horizon:g} and the yearly rate {annual_rate:g}; a horizon above 0 "
            "and a rate of at least 0 are expected. Give a time ahead in the unit of the ages and "
            "a rate such as 0.1 for 10 % a year.",
            reason="bad_horizon",
        )
    force = np.log1p(annual_rate) * customers.unit_days / DAYS_IN_YEAR
    x, last, T = customers.frequency, customers.recency, customers.age
    mean = amount.expected_mean(x, customers.mean_amount)
    alive = repeat.alive(x, last, T)
    expected = alive * _discounted_alive(repeat, x, T, horizon, force) * mean
    futures = _Futures.drawn(repeat, amount, shock, horizon, force, draws, seed)
    low, high, totals = futures.intervals(customers)
    rank = _rank(totals.size)
    ordered = np.sort(totals)
    return LifetimeValue(
        alive=alive,
        purchases=alive * repeat.expected_alive(horizon, x, T),
        expected=expected,
        low=low,
        high=high,
        total=float(expected.sum()),
        total_low=float(ordered[rank]),
        total_high=float(ordered[-1 - rank]),
    )


def _discounted_alive(
    repeat: RepeatModel, x: Vector, T: Vector, horizon: float, force: float
) -> Vector:
    """Expected purchases of alive customers, each discounted by exp(-force * its time), (n,).

    By parts: exp(-force t) N(t) + force * integral of exp(-force s) N(s) over the horizon, with
    N(s) the expected purchases until s and Gauss-Legendre nodes for the integral.
    """
    total = np.exp(-force * horizon) * repeat.expected_alive(horizon, x, T)
    if force > 0:
        nodes, weights = np.polynomial.legendre.leggauss(DISCOUNT_NODES)
        times = 0.5 * horizon * (nodes + 1.0)
        shares = 0.5 * horizon * weights * force * np.exp(-force * times)
        for time, share in zip(times, shares, strict=True):
            total += share * repeat.expected_alive(time, x, T)
    return np.asarray(total)


def _rank(draws: int) -> int:
    """Place, from either end, of the ordered draws that bound LEVEL of what is to come."""
    return max(round(0.5 * (1.0 - LEVEL) * (draws + 1)) - 1, 0)


@dataclass(frozen=True)
class _Futures:
    """Sets of parameters, one for each simulated future; a set is shared by all customers."""

    repeats: list[RepeatModel]
    amounts: list[AmountModel]
    factors: Vector
    horizon: float
    force: float
    seed: np.random.SeedSequence

    @classmethod
    def drawn(
        cls,
        repeat: RepeatModel,
        amount: AmountModel,
        shock: PeriodShock | None,
        horizon: float,
        force: float,
        draws: int,
        seed: int,
    ) -> Self:
        """Draws the parameters of all futures."""
        sequence = np.random.SeedSequence(seed)
        generator = np.random.default_rng(sequence)
        repeats, amounts = repeat.draws(draws, generator), amount.draws(draws, generator)
        factors = shock.factors(draws, generator) if shock else np.ones(draws)
        return cls(repeats, amounts, factors, horizon, force, sequence)

    def intervals(self, customers: RepeatSummary) -> tuple[Vector, Vector, Vector]:
        """Low and high of each customer, (n,) each, and the total of each future, (draws,)."""
        size, draws = customers.frequency.size, self.factors.size
        low, high = np.zeros(size), np.zeros(size)
        rank = _rank(draws)
        places = [rank, draws - 2 - 2 * rank, draws - 1 - rank]

        def some(start: int, seed: np.random.SeedSequence) -> Vector:
            rows = slice(start, start + ROWS_AT_ONCE)
            money = self._simulate(customers, rows, np.random.default_rng(seed))
            total = money.sum(axis=1)
            bottom, upper, top = np.partition(money, places, axis=0)[places]
            low[rows], high[rows] = bottom, np.where(bottom > 0, top, upper)
            return np.asarray(total)

        starts = range(0, size, ROWS_AT_ONCE)
        seeds = self.seed.spawn(len(starts))
        tasks = [partial(some, *each) for each in zip(starts, seeds, strict=True)]
        return low, high, np.sum(run_all(tasks), axis=0) if tasks else np.zeros(draws)

    def _simulate(
        self, customers: RepeatSummary, rows: slice, generator: np.random.Generator
    ) -> Vector:
        """Money of each future and customer, (draws, rows)."""
        x, last, T = customers.frequency[rows], customers.recency[rows], customers.age[rows]
        spent = x * customers.mean_amount[rows]
        out = np.zeros((self.factors.size, x.size))
        for n, (repeat, amount) in enumerate(zip(self.repeats, self.amounts, strict=True)):
            alive = generator.random(x.size) < repeat.alive(x, last, T)
            could, bought = self._purchases(repeat, x, T, alive, generator)
            who = np.flatnonzero(bought)
            y, k = bought[who], could[who]
            nu = generator.gamma(amount.q + amount.p * x[who]) / (amount.gamma + spent[who])
            money = generator.gamma(amount.p * y) / np.maximum(nu, 1e-300)
            # K purchases are spread evenly over the horizon; the mean time of the first y of them
            # stands for all of them.
            money *= np.exp(-self.force * self.horizon * (y + 1.0) / (2.0 * (k + 1.0)))
            out[n, who] = money * self.factors[n]
        return out

    def _purchases(
        self,
        repeat: RepeatModel,
        x: Vector,
        T: Vector,
        alive: NDArray[np.bool_],
        generator: np.random.Generator,
    ) -> tuple[Vector, Vector]:
        """Purchases that a customer never lost would make, and those that are made; (n,) each."""
        ready = (repeat.alpha + T) / (repeat.alpha + T + self.horizon)
        could = generator.negative_binomial(repeat.r + x, ready) * alive
        who = np.flatnonzero(could)
        chance = generator.beta(repeat.a, repeat.b + x[who])
        until_lost = generator.geometric(np.maximum(chance, 1e-12))
        bought = np.zeros(x.size)
        bought[who] = np.minimum(could[who], until_lost)
        return could.astype(np.float64), bought
