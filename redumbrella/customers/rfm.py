"""What is known of customers at an instant: their rhythm, and their places among the others.

In: everybody's purchases, rows (customer, instant), a horizon. Out: columns, one number per row.
Promise: a row sees only purchases before its instant, and so does the BG/NBD fitted for it.

The rhythm is the log-odds that BG/NBD alone gives to a purchase within the horizon t. A customer
with x repeats who is alive at age T buys at a rate drawn from Gamma(r + x, alpha + T), so that

    P(buys) = P(alive) (1 - ((alpha + T) / (alpha + T + t))^(r + x))

(Fader, Hardie and Lee 2005, Marketing Science 24, with the symbols of `purchase_rate`).

Recency, frequency and money come as ranks among the rows of the same instant, as RFM scoring has
them (Hughes 1994): in a record that grows older everybody's days and sums grow, their order does
not. The season is how often a customer bought a year before the horizon.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.columns import RANKS, RHYTHM
from redumbrella.customers.bg_nbd import RepeatModel, fit_repeat
from redumbrella.models.base import Vector
from redumbrella.ranks import mean_ranks

DAYS_PER_WEEK, DAYS_PER_YEAR = 7.0, 365.0
LEAST_REPEATS = 30  # customers who bought again, below which nobody can tell a rhythm
MOST_CUSTOMERS = 20_000  # four parameters need no more to be fitted
FARTHEST = 3.5  # log-odds; nearer to 0 and 1 BG/NBD is surer than the customers
NAMES = (RHYTHM, *RANKS)


@dataclass(frozen=True, eq=False)
class Sales:
    """Purchases (k,) in any order: number of the customer, time in days, amount."""

    customer: NDArray[np.integer]
    day: Vector
    amount: Vector


def customers_then(
    sales: Sales, asked: NDArray[np.integer], as_of: Vector, horizon: float
) -> dict[str, Vector]:
    """Columns by name, (n,) each; NaN for who had not bought by then.

    asked, as_of: (n,), customer and instant (days) of each row. horizon: days. The rhythm is also
    NaN at an instant at which hardly anybody had bought twice.
    """
    order = np.lexsort((sales.day, sales.customer))
    sales = Sales(sales.customer[order], sales.day[order], sales.amount[order])
    found = {name: np.full(asked.size, np.nan) for name in NAMES}
    for instant in np.unique(as_of):
        rows = np.flatnonzero(as_of == instant)
        columns = _at(sales, asked[rows], float(instant), horizon)
        for name, values in zip(NAMES, columns, strict=False):
            found[name][rows] = values
    return found


def _at(sales: Sales, asked: NDArray[np.integer], instant: float, horizon: float) -> list[Vector]:
    """The columns `NAMES` of the rows of one instant; sales in order of customer and time."""
    known = sales.day < instant
    customer, day, amount = sales.customer[known], sales.day[known], sales.amount[known]
    if not customer.size:
        return []
    other = customer[1:] != customer[:-1]  # whether a sale is of another customer than the last
    first = np.flatnonzero(np.append(True, other))
    people, end = customer[first], np.append(first[1:], customer.size)
    date = np.floor(day)
    new = np.append(True, other | (date[1:] != date[:-1])).astype(np.float64)
    occasions = np.add.reduceat(new, first)
    year_ago = instant - DAYS_PER_YEAR
    in_season = new * ((day >= year_ago) & (day < year_ago + horizon))
    place = np.minimum(np.searchsorted(people, asked), people.size - 1)
    own = people[place] == asked
    rhythm = _rhythm(occasions - 1.0, date[end - 1] - date[first], instant - date[first], horizon)
    ranked = (
        day[end - 1],
        occasions,
        np.add.reduceat(amount, first),
        np.add.reduceat(in_season, first),
    )
    return [np.where(own, rhythm[place], np.nan), *(_rank(v[place], own) for v in ranked)]


def _rank(values: Vector, own: NDArray[np.bool_]) -> Vector:
    """Places of the rows that have a value, from 0 to 1; equals share the mean of their places."""
    places = np.full(values.size, np.nan)
    places[own] = np.round((mean_ranks(values[own]) - 0.5) / max(own.sum(), 1), 4)
    return places


def _rhythm(repeats: Vector, recency: Vector, age: Vector, horizon: float) -> Vector:
    """Log-odds of a purchase within the horizon for each history; all times in days."""
    if (repeats > 0).sum() < LEAST_REPEATS:
        return np.full(repeats.size, np.nan)
    last, T, t = recency / DAYS_PER_WEEK, age / DAYS_PER_WEEK, horizon / DAYS_PER_WEEK
    some = slice(None, None, -(-repeats.size // MOST_CUSTOMERS))
    return _log_odds(fit_repeat(repeats[some], last[some], T[some]), repeats, last, T, t)


def _log_odds(model: RepeatModel, x: Vector, last: Vector, T: Vector, t: float) -> Vector:
    nothing = (model.r + x) * (np.log(model.alpha + T) - np.log(model.alpha + T + t))
    buys = model.alive(x, last, T) * -np.expm1(nothing)
    with np.errstate(divide="ignore"):
        z = np.log(buys) - np.log1p(-buys)
    return np.asarray(np.clip(z, -FARTHEST, FARTHEST))
