"""What is each customer worth? Purchase models, learned shares beside them, the better is used.

In: all purchases and refunds, the end of the record, a horizon and a yearly rate. Out: for each
customer the chance to be still a customer, expected purchases and money with an interval, the total
of all, and how well both models foretold the last part of the record. Promise: the comparison
learns only from what was known at its start; money is revenue, discounted to the end.

BG/NBD and Gamma-Gamma (`lifetime`) give the total and its interval. Whether the total is shared
out as they say, or as boosted trees on recency, frequency, money and windows would, is decided on
the holdout: trees (`spend_shares`) are used where their deviance is lower by more than a standard
error. Below LEAST_REPEATERS customers with a repeat purchase nothing is fitted, and everybody is
worth the mean repeat spend per customer and day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from redumbrella.customers.bg_nbd import RepeatModel, fit_repeat
from redumbrella.customers.gamma_gamma import AmountModel, fit_gamma_gamma
from redumbrella.customers.history import RepeatSummary, summarise
from redumbrella.customers.lifetime import DAYS_IN_YEAR, DRAWS, LEVEL, LifetimeValue, value
from redumbrella.customers.period_shock import PeriodShock, learn_shock
from redumbrella.customers.purchases import CENT, Purchases, window_columns
from redumbrella.customers.reallocation import (
    SpendLesson,
    SpendShares,
    fit_spend_shares,
    row_deviance,
    share_out,
)
from redumbrella.errors import DataError
from redumbrella.models.base import Vector

ModelName = Literal["purchase models", "learned shares", "mean spend"]
LEAST_REPEATERS = 30
LEAST_HOLDOUT_DAYS = 14.0
HISTORY_OF_HOLDOUT = 1.5  # times its length: what must lie before the holdout
HISTORY_OF_LESSON = 0.25  # the same for a lesson
MOST_LESSONS = 6


@dataclass(frozen=True)
class Horizon:
    """days ahead, yearly rate of discount, and days in the unit of the models."""

    days: float
    discount: float = 0.0
    unit_days: float = 1.0


@dataclass(frozen=True)
class HoldoutFigures:
    """How the models foretold the last `days` days from what was known before them.

    error: mean absolute error of a customer's money; deviance: Tweedie's at power 1.5, by model;
    the learned one is absent where it could not be learned. difference: mean and standard error of
    the deviance of the purchase models less that of the learned shares. covered: share of customers
    whose money was within the interval. total, low, high: foretold; actual: what came.
    """

    start: float
    days: float
    customers: int
    error: dict[str, float]
    deviance: dict[str, float]
    difference: tuple[float, float] | None
    covered: float
    total: float
    low: float
    high: float
    actual: float


@dataclass(frozen=True)
class CustomerValues:
    """n customers in order of person. Money is revenue within the horizon, discounted.

    spent: (n,), net money so far. largest, last: (n,), amounts of purchases. alive: (n,), chance to
    be still a customer. purchases, value, low, high, by_purchase_models: (n,). by_shares: (n,) or
    None. Where nothing was fitted, alive, purchases, low and high are not numbers.
    """

    known: RepeatSummary
    spent: Vector
    alive: Vector
    purchases: Vector
    value: Vector
    low: Vector
    high: Vector
    by_purchase_models: Vector
    by_shares: Vector | None
    total: float
    total_low: float
    total_high: float
    chosen: ModelName
    repeat: RepeatModel | None
    amount: AmountModel | None
    shock: PeriodShock | None
    holdout: HoldoutFigures | None


@dataclass(frozen=True, eq=False)
class _Known:
    """What the purchase models say at a day: net purchases, histories, both models."""

    end: float
    net: Purchases
    history: RepeatSummary
    repeat: RepeatModel
    amount: AmountModel

    def expected(self, days: float) -> Vector:
        """Money of each customer within the next days, (n,)."""
        h = self.history
        coming = self.repeat.expected_purchases(days / h.unit_days, h.frequency, h.recency, h.age)
        return np.asarray(coming * self.amount.expected_mean(h.frequency, h.mean_amount))

    def columns(self) -> Vector:
        """Recency, frequency, money and windows of each customer, (n, d)."""
        return window_columns(self.net, self.history, self.end)


def value_all(
    purchases: Purchases, end: float, horizon: Horizon, report: Callable[[str, float], None]
) -> CustomerValues:
    """Values all customers who bought until the day `end`, that day included.

    Raises DataError where nobody did.
    """
    report("Counting purchases", 0.0)
    net = purchases.until(end).net()
    history = _history(net, end, horizon)
    if history.person.size == 0:
        raise DataError(
            "There are no purchases before this instant, so no customer can be valued. Name their "
            "file under [tables.purchases] in umbrella.toml, then run `umbrella ingest`.",
            reason="no_purchases",
        )
    if int((history.frequency > 0).sum()) < LEAST_REPEATERS or history.age.max() <= 0:
        return _mean_spend(net, history, horizon)
    now = _known(purchases, end, horizon)
    report("Foretelling earlier periods", 0.2)
    shock = _shock(net, end, horizon.days)
    report("Simulating futures", 0.4)
    life = _life(now, horizon, shock)
    report("Comparing models on the last period", 0.6)
    days = _holdout_days(purchases, end, horizon.days)
    # Lessons of the comparison and of today's model are partly the same days.
    known_at = lru_cache(maxsize=None)(lambda day: _try_known(purchases, day, horizon))
    holdout = _compare(purchases, end, days, horizon, known_at) if days else None
    shares = fit_spend_shares(_lessons(purchases, end, days, known_at)) if days else None
    report("Valuing customers", 0.9)
    return _valued(now, life, shock, shares, days, holdout)


def _valued(
    now: _Known,
    life: LifetimeValue,
    shock: PeriodShock,
    shares: SpendShares | None,
    days: float,
    holdout: HoldoutFigures | None,
) -> CustomerValues:
    by_shares, chosen = None, "purchase models"
    if shares is not None:
        factors = shares.factors(now.columns(), now.expected(days))
        by_shares = share_out(life.expected, factors)
        if holdout is not None and holdout.difference is not None:
            gain, error = holdout.difference
            chosen = "learned shares" if gain > error else chosen
    amount, low, high = life.expected, life.low, life.high
    if by_shares is not None and chosen == "learned shares":
        amount = by_shares
        low, high = _moved(life, by_shares)
    return CustomerValues(
        known=now.history, spent=_spent(now.net, now.history), alive=life.alive,
        purchases=life.purchases, value=amount, low=low, high=high,
        by_purchase_models=life.expected, by_shares=by_shares, total=life.total,
        total_low=life.total_low, total_high=life.total_high,
        chosen=chosen,  # type: ignore[arg-type]
        repeat=now.repeat, amount=now.amount, shock=shock, holdout=holdout,
    )  # fmt: skip


def _moved(life: LifetimeValue, money: Vector) -> tuple[Vector, Vector]:
    """The interval of each customer moved as the expectation was; it holds the expectation."""
    by = np.divide(money, life.expected, out=np.ones_like(money), where=life.expected > 0)
    return np.minimum(life.low * by, money), np.maximum(life.high * by, money)


def _history(net: Purchases, end: float, horizon: Horizon) -> RepeatSummary:
    return summarise(net.person, net.day, net.amount, end, unit_days=horizon.unit_days)


def _known(purchases: Purchases, end: float, horizon: Horizon) -> _Known:
    net = purchases.until(end).net()
    history = _history(net, end, horizon)
    repeat = fit_repeat(history.frequency, history.recency, history.age)
    # Orders that cost nothing are purchases, but tell nothing about amounts.
    paid = history.mean_amount > CENT
    amount = fit_gamma_gamma(np.where(paid, history.frequency, 0.0), history.mean_amount)
    return _Known(end, net, history, repeat, amount)


def _try_known(purchases: Purchases, end: float, horizon: Horizon) -> _Known | None:
    """As `_known`, None where the record until then is too small."""
    try:
        found = _known(purchases, end, horizon)
    except DataError:
        return None
    return found if int((found.history.frequency > 0).sum()) >= LEAST_REPEATERS else None


def _shock(net: Purchases, end: float, days: float) -> PeriodShock:
    return learn_shock(net.person, net.day, net.amount, end, days)


def _life(known: _Known, horizon: Horizon, shock: PeriodShock) -> LifetimeValue:
    ahead = horizon.days / horizon.unit_days
    return value(known.repeat, known.amount, known.history, ahead, horizon.discount, shock)


def _holdout_days(purchases: Purchases, end: float, days: float) -> float:
    """Length of the holdout: the horizon, or less where the record is short; 0 for none."""
    span = end - float(np.floor(purchases.day.min()))
    found = float(np.floor(min(days, span / (1.0 + HISTORY_OF_HOLDOUT))))
    return found if found >= LEAST_HOLDOUT_DAYS else 0.0


KnownAt = Callable[[float], _Known | None]


def _lessons(purchases: Purchases, end: float, days: float, known_at: KnownAt) -> list[SpendLesson]:
    """Lessons whose horizon of `days` lies before the end, the latest first."""
    began = float(np.floor(purchases.day.min()))
    found: list[SpendLesson] = []
    day = end - days
    while day - began >= HISTORY_OF_LESSON * days and len(found) < MOST_LESSONS:
        known = known_at(day)
        if known is not None:
            spent = _spent(purchases.within(day, day + days).net(), known.history)
            found.append(SpendLesson(known.columns(), known.expected(days), spent))
        day = float(np.floor(day - 0.25 * days))
    return found


def _compare(
    purchases: Purchases, end: float, days: float, horizon: Horizon, known_at: KnownAt
) -> HoldoutFigures | None:
    """Both models at the start of the last `days` days, against what came."""
    start = end - days
    known = known_at(start)
    if known is None:
        return None
    spent = _spent(purchases.within(start, end).net(), known.history)
    ahead = Horizon(days, 0.0, horizon.unit_days)
    life = _life(known, ahead, _shock(known.net, start, days))
    money = {"purchase models": life.expected}
    within = [life.low, life.high]
    shares = fit_spend_shares(_lessons(purchases, start, days, known_at))
    difference = None
    if shares is not None:
        moved = share_out(life.expected, shares.factors(known.columns(), life.expected))
        money["learned shares"] = moved
        gap = row_deviance(spent, life.expected) - row_deviance(spent, moved)
        difference = float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(gap.size))
        if difference[0] > difference[1]:
            within = list(_moved(life, moved))
    covered = (spent >= within[0]) & (spent <= within[1])
    return HoldoutFigures(
        start=start, days=days, customers=spent.size,
        error={name: float(np.abs(spent - m).mean()) for name, m in money.items()},
        deviance={name: float(row_deviance(spent, m).mean()) for name, m in money.items()},
        difference=difference, covered=float(covered.mean()), total=life.total,
        low=life.total_low, high=life.total_high, actual=float(spent.sum()),
    )  # fmt: skip


def _spent(net: Purchases, history: RepeatSummary) -> Vector:
    """Money of each customer of the history in these purchases, (n,)."""
    own = np.isin(net.person, history.person)
    who = np.searchsorted(history.person, net.person[own])
    # A free order counts as a purchase through a token amount, which is no money.
    money = np.where(net.amount[own] > CENT, net.amount[own], 0.0)
    found = np.bincount(who, money, minlength=history.person.size)
    return found.astype(np.float64)


def _mean_spend(net: Purchases, history: RepeatSummary, horizon: Horizon) -> CustomerValues:
    """Everybody brings the mean repeat spend per customer and time; the total with an interval.

    The interval is of the total if other customers of the same kind had been met (bootstrap).
    """
    again, time = history.frequency * history.mean_amount, history.age
    size = time.size
    worth = (
        horizon.days
        / horizon.unit_days
        * (1.0 + horizon.discount) ** (-0.5 * horizon.days / DAYS_IN_YEAR)
    )
    generator = np.random.default_rng(0)
    weights = generator.multinomial(size, np.full(size, 1.0 / size), DRAWS).astype(np.float64)
    totals = np.sort(size * worth * _rate(weights @ again, weights @ time))
    rank = max(round(0.5 * (1.0 - LEVEL) * (DRAWS + 1)) - 1, 0)
    each = float(worth * _rate(again.sum(), time.sum()))
    unknown, money = np.full(size, np.nan), np.full(size, each)
    return CustomerValues(
        known=history, spent=_spent(net, history), alive=unknown, purchases=unknown, value=money,
        low=unknown, high=unknown, by_purchase_models=money, by_shares=None, total=each * size,
        total_low=float(totals[rank]), total_high=float(totals[-1 - rank]), chosen="mean spend",
        repeat=None, amount=None, shock=None, holdout=None,
    )  # fmt: skip


def _rate(money: Vector | float, time: Vector | float) -> Vector:
    """Money per time, 0 where no time has passed."""
    found, gone = np.asarray(money, np.float64), np.asarray(time, np.float64)
    return np.divide(found, gone, out=np.zeros_like(found), where=gone > 0)
