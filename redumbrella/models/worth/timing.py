"""Time to convert: P(won by day t) for each lead, learned from leads that may still be open.

In: a design, the age in days at which each lead was won, lost or last seen open. Out: a rising
curve per lead, its median and spread, P(won within any horizon).

Time is cut in intervals at quantiles of the observed conversion times. In each interval a lead is
won, lost or neither; the chances are a multinomial logit with two hazards (discrete-time competing
risks: Tutz and Schmid 2016, ch. 8), each fitted as a binary model against "neither" (Begg and Gray
1984). A hazard is a ridge-logistic where that beats the life table on the last leads by a standard
error, else the life table.

Promise: the same rows give the same model, bit for bit; a lead still open teaches only what was
seen of it; of more than MAX_LEADS rows so many are drawn, with a fixed seed.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts, Vector, prefixed, unprefixed
from redumbrella.models.linear.encoding import Encoding, encoding_from, fit_encoding
from redumbrella.models.parallel import run_all
from redumbrella.models.worth.amount import Estimate

CENSORED, WON, LOST = 0, 1, 2
MAX_INTERVALS = 20
WINS_IN_INTERVAL = 5
LEAST_TO_LEARN = 20  # ends of a kind below which only the life table is used
MAX_LEADS = 200_000  # rows drawn from a larger record
MAX_TO_CHOOSE = 30_000  # the latest rows, for everything that is only compared
INVERSE_RIDGES = (0.001, 0.01, 0.1)
SHARE_HELD_OUT = 0.2
SHORTEST = 1.0 / 86_400.0  # days
STOP = {"maxiter": 150, "ftol": 1e-7}


@dataclass(frozen=True)
class Curves:
    """P(won by edge) of n leads. edges: (k + 1,) days, from 0; won: (n, k + 1), rising from 0.

    Between two edges the curve is a straight line, after the last one it is flat: nobody was ever
    won later.
    """

    edges: Vector
    won: Vector

    @property
    def limit(self) -> Vector:
        """P(won at all), (n,)."""
        return self.won[:, -1]

    def within(self, days: float) -> Vector:
        """P(won within so many days), (n,)."""
        k = int(np.clip(np.searchsorted(self.edges, days, "right") - 1, 0, self.edges.size - 2))
        share = (days - self.edges[k]) / (self.edges[k + 1] - self.edges[k])
        step = self.won[:, k + 1] - self.won[:, k]
        return np.asarray(self.won[:, k] + min(max(share, 0.0), 1.0) * step)

    def days_to_convert(self) -> Estimate:
        """Days until a lead is won, given that it is: median, and 10 % and 90 % as low and high."""
        return Estimate(self._quantile(0.5), self._quantile(0.1), self._quantile(0.9))

    def consistent_with(self, probability: Vector) -> "Curves":
        """The same shapes with the given limits, (n,): P(won at all) of the conversion model.

        The low and the high end of a probability give a low and a high curve.
        """
        return Curves(self.edges, self._shape() * probability[:, None])

    def _shape(self) -> Vector:
        return np.asarray(self.won / self.won[:, -1:])

    def _quantile(self, share: float) -> Vector:
        shape, rows = self._shape(), np.arange(len(self.won))
        k = np.minimum((shape[:, 1:] < share).sum(axis=1), self.edges.size - 2)
        below, step = shape[rows, k], shape[rows, k + 1] - shape[rows, k]
        part = np.clip((share - below) / np.maximum(step, 1e-12), 0.0, 1.0)
        return np.asarray(self.edges[k] + part * np.diff(self.edges)[k])


@dataclass(frozen=True)
class LifeTable:
    """Leads by intervals. weight: (n, k), 0 where nothing was seen; ended: (n, k), 0 or 1."""

    weight: Vector
    ended: Vector

    def take(self, rows: slice) -> "LifeTable":
        """The cells of some leads."""
        return LifeTable(self.weight[rows], self.ended[rows])

    def surprise(self, log_odds: Vector) -> tuple[Vector, Vector]:
        """Log loss of each lead, (n,), summed over its intervals; its slope by log-odds, (n, k)."""
        sign = 2.0 * self.ended - 1.0
        happened = np.maximum(expit(sign * log_odds), 1e-300)
        loss = -(self.weight * np.log(happened)).sum(axis=1)
        return np.asarray(loss), self.weight * sign * (happened - 1.0)


@dataclass
class Hazard:
    """Log-odds of one kind of end in each interval, against staying open.

    table: (k,) those of all leads together; without an encoding, those of each lead. coefficients:
    (k + 2 d,) a shift per interval, an effect of each encoded column, and how much that effect
    grows from the first to the last interval.
    """

    table: Vector
    strength: float = 0.0
    coefficients: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None

    @property
    def kind(self) -> str:
        """What it is made of, in words."""
        return "life table" if self.encoding is None else "logistic"

    def log_odds(self, design: Design) -> Vector:
        """(n, k)."""
        if self.encoding is None:
            return np.tile(self.table, (design.rows, 1))
        return _linear(self.encoding.transform(design), self.table, self.coefficients)

    def to_parts(self) -> Parts:
        """Table, coefficients and encoding."""
        arrays = {"table": self.table, "coefficients": self.coefficients}
        if self.encoding is not None:
            arrays |= self.encoding.to_parts().arrays
        return Parts({"strength": self.strength, "linear": bool(self.encoding)}, arrays)

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The hazard that `to_parts` described."""
        facts, arrays = parts.facts, parts.arrays
        encoding = encoding_from(features, parts) if facts["linear"] else None
        return cls(arrays["table"], facts["strength"], arrays["coefficients"], encoding)


@dataclass
class Timing:
    """Hazards of winning and of losing over the same intervals; edges: (k + 1,) days, from 0."""

    edges: Vector
    winning: Hazard
    losing: Hazard

    def curves(self, design: Design) -> Curves:
        """P(won by t) of n leads, counted from the instant at which their features were known."""
        if not design.rows:
            return Curves(self.edges, np.zeros((0, self.edges.size)))
        win, lose = self.winning.log_odds(design), self.losing.log_odds(design)
        stay = -np.logaddexp(0.0, np.logaddexp(win, lose))
        still_open = np.exp(np.cumsum(stay, axis=1))
        before = np.column_stack([np.ones(design.rows), still_open[:, :-1]])
        won = np.cumsum(before * np.exp(win + stay), axis=1)
        return Curves(self.edges, np.column_stack([np.zeros(design.rows), won]))

    def to_parts(self) -> Parts:
        """Both hazards and the edges."""
        both = {"winning": self.winning.to_parts(), "losing": self.losing.to_parts()}
        return prefixed(both | {"edges": Parts({}, {"days": self.edges})})

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described, for the features of its design."""
        win, lose = (
            Hazard.from_parts(unprefixed(parts, key), features) for key in ("winning", "losing")
        )
        return cls(parts.arrays["edges/days"], win, lose)


def fit_timing(
    design: Design, days: Vector, end: NDArray[np.int_], weight: Vector | None = None
) -> Timing:
    """Learns from n rows in order of time: leads at creation, or at any instant of their life.

    days: (n,) >= 0, from that instant to the end, or to when an open lead was last seen. end: (n,)
    WON, LOST or CENSORED. weight: (n,) > 0, for leads with several rows. DataError where a value
    cannot be or no lead was won.
    """
    _check(days, end)
    weight = np.ones(days.size) if weight is None else weight
    if days.size > MAX_LEADS:
        kept = np.sort(np.random.default_rng(0).permutation(days.size)[:MAX_LEADS])
        design, days, end, weight = design.take(kept), days[kept], end[kept], weight[kept]
        _check(days, end)
    edges = _edges(days[end == WON])
    causes = [_cells(edges, days, end, weight, cause) for cause in (WON, LOST)]
    win, lose = run_all([partial(_choose, design, cells) for cells in causes])
    return Timing(edges, win, lose)


def _check(days: Vector, end: NDArray[np.int_]) -> None:
    wrong = ~(days >= 0) | ~np.isfinite(days)
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} of {days.size} leads have an age at their end that is negative or "
            f"not a number, such as {days[wrong][0]:g} days. An end cannot come before the "
            "beginning: correct created_at or closed_at of these leads.",
            reason="negative_age",
        )
    if not (end == WON).any():
        seen = "all of them are still open" if (end == CENSORED).all() else "none of them was won"
        raise DataError(
            f"Time to convert cannot be learned from {days.size} leads: {seen}. "
            "At least one won lead with its closing date is needed.",
            reason="no_conversions",
        )


def _edges(won_days: Vector) -> Vector:
    """0, then quantiles of the conversion times, a few wins in each interval."""
    intervals = int(np.clip(won_days.size // WINS_IN_INTERVAL, 1, MAX_INTERVALS))
    found = np.quantile(won_days, np.linspace(0.0, 1.0, intervals + 1)[1:])
    return np.concatenate([[0.0], np.unique(np.maximum(found, SHORTEST))])


def _cells(
    edges: Vector, days: Vector, end: NDArray[np.int_], weight: Vector, cause: int
) -> LifeTable:
    """What each interval says of one kind of end: the cell of the other kind says nothing.

    An open lead counts in its last interval by the part of it that was seen.
    """
    start, length = edges[:-1], np.diff(edges)
    seen = np.clip((days[:, None] - start) / length, 0.0, 1.0)
    last = np.minimum(np.searchsorted(edges[1:], days, side="left"), length.size)
    here = last[:, None] == np.arange(length.size)
    closed = (end != CENSORED)[:, None] & here
    seen = np.where(closed, (end == cause)[:, None], seen)
    ended = closed & (end == cause)[:, None]
    return LifeTable(seen * weight[:, None], ended.astype(np.float64))


def _life_table(cells: LifeTable) -> Vector:
    """Log-odds per interval; one imaginary lead with the usual odds keeps them finite."""
    ended = (cells.weight * cells.ended).sum(axis=0)
    stayed = cells.weight.sum(axis=0) - ended
    usual = (ended.sum() + 0.5) / (stayed.sum() + 1.0)
    return np.asarray(np.log((ended + usual) / (stayed + 1.0)))


def _choose(design: Design, cells: LifeTable) -> Hazard:
    """Logistic with the ridge that was best on the last fifth of leads, if clearly better there."""
    first = max(0, design.rows - MAX_TO_CHOOSE)
    cut = first + int((design.rows - first) * (1.0 - SHARE_HELD_OUT))
    early, late = cells.take(slice(first, cut)), cells.take(slice(cut, None))
    few = cells.ended.sum() < LEAST_TO_LEARN or not design.features
    if few or not (early.ended.any() and late.weight.any()):
        return Hazard(_life_table(cells))
    past, held = design.take(slice(first, cut)), design.take(slice(cut, None))
    tried = _fit_linear(past, early, INVERSE_RIDGES)
    losses = np.array([late.surprise(hazard.log_odds(held))[0] for hazard in tried])
    best = int(np.argmin(losses.sum(axis=1)))
    gain = late.surprise(Hazard(_life_table(early)).log_odds(held))[0] - losses[best]
    if gain.sum() <= gain.std() * np.sqrt(gain.size):
        return Hazard(_life_table(cells))
    return _fit_linear(design, cells, (tried[best].strength,))[0]


def _growth(intervals: int) -> Vector:
    """How far along each interval is, from -1 to 1."""
    return np.linspace(-1.0, 1.0, intervals) if intervals > 1 else np.zeros(1)


def _linear(X: sp.csr_matrix, table: Vector, coefficients: Vector) -> Vector:
    k, d = table.size, X.shape[1]
    shift, level, growth = np.split(coefficients, [k, k + d])
    return np.asarray(table + shift + (X @ level)[:, None] + (X @ growth)[:, None] * _growth(k))


def _fit_linear(design: Design, cells: LifeTable, strengths: tuple[float, ...]) -> list[Hazard]:
    """Ridge-logistic over all cells, one per inverse ridge, each starting from the one before.

    The gradient is summed per lead, so that features are not repeated for every cell.
    """
    encoding = fit_encoding(design)
    X = encoding.transform(design)
    table = _life_table(cells)
    along = _growth(table.size)

    def loss(at: Vector, strength: float) -> tuple[float, Vector]:
        value, wrong = cells.surprise(_linear(X, table, at))
        slope = np.concatenate([wrong.sum(axis=0), X.T @ wrong.sum(axis=1), X.T @ (wrong @ along)])
        return float(value.sum() + 0.5 * at @ at / strength), slope + at / strength

    at, found = np.zeros(table.size + 2 * X.shape[1]), []
    for strength in strengths:
        at = minimize(loss, at, (strength,), jac=True, method="L-BFGS-B", options=STOP).x
        found.append(Hazard(table, strength, at, encoding))
    return found
