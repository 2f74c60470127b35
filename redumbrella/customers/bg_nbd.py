"""How often will a customer buy again? BG/NBD (Fader, Hardie and Lee 2005, Marketing Science 24).

In: for each customer the number of repeat purchases, the time of the last one and the time since
the first purchase. Out: the probability to be alive and the expected purchases of any horizon.
Promise: all times are in one unit that the caller chooses (days or weeks); the parameters, the
horizon and the answers are in that unit. Numbers in brackets are the equations of the paper.

The story: an alive customer buys at random with a rate lambda; after each repeat purchase the
customer is lost with probability p. Across customers lambda is Gamma(r, alpha), p is Beta(a, b).
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, expit, gammaln, hyp2f1

from redumbrella.customers.likelihood import (
    LogLikelihood,
    best_start,
    log_normal_draws,
    maximise,
)
from redumbrella.errors import DataError
from redumbrella.models.base import Parts, Vector

NAMES = ("r", "alpha", "a", "b")
# The formula of the expectation divides by a - 1 and is smooth there: neighbours are averaged.
NEAR_ONE = 1e-4
THINNED_ROWS = 20_000


@dataclass(frozen=True)
class RepeatModel:
    """A fitted BG/NBD.

    r, alpha: shape and rate of the gamma of purchase rates (alpha in the caller's time unit).
    a, b: of the beta of the chance to be lost after a purchase. covariance: (4, 4), of the logs of
    (r, alpha, a, b). customers: how many (total weight) the fit saw. penalised: whether the data
    left a parameter open, so that a vague prior opinion helped (see `likelihood`).
    """

    r: float
    alpha: float
    a: float
    b: float
    covariance: Vector
    log_likelihood: float
    customers: float
    penalised: bool

    @property
    def parameters(self) -> Vector:
        """(r, alpha, a, b)."""
        return np.array([self.r, self.alpha, self.a, self.b])

    @property
    def standard_errors(self) -> dict[str, float]:
        """By the delta method: a parameter times the standard error of its logarithm."""
        errors = self.parameters * np.sqrt(np.diag(self.covariance))
        return dict(zip(NAMES, errors.tolist(), strict=True))

    def alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Vector:
        """Probability that a customer is not lost, (n,); 1 before the first repeat purchase.

        From (3) and (6): 1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x)).
        """
        x, last, T = _checked(frequency, recency, age)
        odds = (
            np.log(self.a)
            - np.log(self.b + np.maximum(x, 1.0) - 1.0)
            + (self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + last))
        )
        return np.where(x > 0, expit(-odds), 1.0)

    def expected_purchases(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> Vector:
        """Expected purchases within the next `horizon`, given the history (10); (n,)."""
        x, last, T = _checked(frequency, recency, age)
        return self.alive(x, last, T) * self.expected_alive(horizon, x, T)

    def expected_alive(self, horizon: ArrayLike, frequency: ArrayLike, age: ArrayLike) -> Vector:
        """Expected purchases within the next `horizon` of a customer known to be alive, (n,)."""
        t, x, T = np.broadcast_arrays(_horizon(horizon), np.asarray(frequency), np.asarray(age))
        # Many customers share a history; the hypergeometric function is worth asking once.
        keys, back = _distinct(np.column_stack([t.ravel(), x.ravel(), T.ravel()]))
        each = _mixed_expectation(
            self.r + keys[:, 1], self.alpha + keys[:, 2], self.a, self.b + keys[:, 1], keys[:, 0]
        )
        return np.asarray(each[back].reshape(t.shape))

    def expected_new(self, horizon: ArrayLike) -> Vector:
        """Expected repeat purchases of a new customer within `horizon` of the first one (9)."""
        t = _horizon(horizon)
        return self.expected_alive(t, np.zeros_like(t), np.zeros_like(t))

    def expected_cumulative(self, first: ArrayLike, times: ArrayLike) -> Vector:
        """Expected repeat purchases of a whole cohort up to each time, (k,).

        first: (n,), when each customer bought first. times: (k,), on the same clock.
        """
        began, counts = np.unique(np.asarray(first, np.float64), return_counts=True)
        gone = np.maximum(np.asarray(times, np.float64)[:, None] - began, 0.0)
        return np.asarray(self.expected_new(gone.ravel()).reshape(gone.shape) @ counts)

    def draws(self, number: int, generator: np.random.Generator) -> list[Self]:
        """Models whose parameters are drawn from what the data leave possible."""
        drawn = log_normal_draws(
            np.log(self.parameters), self.covariance, number, _bounds(self.alpha), generator
        )
        return [replace(self, **dict(zip(NAMES, one, strict=True))) for one in drawn.tolist()]

    def to_parts(self) -> Parts:
        """The fitted parameters as data."""
        facts = {name: getattr(self, name) for name in NAMES} | {
            "log_likelihood": self.log_likelihood,
            "customers": self.customers,
            "penalised": self.penalised,
        }
        return Parts(facts, {"covariance": self.covariance})

    @classmethod
    def from_parts(cls, parts: Parts) -> Self:
        """The model that `to_parts` described."""
        return cls(**parts.facts, covariance=parts.arrays["covariance"])


def fit_repeat(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, weight: ArrayLike | None = None
) -> RepeatModel:
    """Fits BG/NBD by maximum likelihood (7).

    frequency: (n,), repeat purchases, whole numbers. recency: (n,), time from the first to the last
    purchase, 0 without repeat purchases. age: (n,), time from the first purchase to the end of
    observation. weight: (n,) > 0, how many customers each row stands for. Raises DataError where
    there is no customer or a row is impossible. Where nobody bought twice, or customers are so few
    that a parameter stays open, the answer leans on a vague prior and says `penalised`.
    """
    x, last, T = _checked(frequency, recency, age)
    w = np.ones_like(x) if weight is None else np.asarray(weight, np.float64)
    if x.size == 0 or not (w > 0).all() or w.shape != x.shape or T.max() <= 0:
        raise DataError(
            "There is no customer whose purchases could be learned from: at least one row with a "
            "positive weight and some time since the first purchase is expected. Give customers "
            "that were observed for longer.",
            reason="no_customers",
        )
    typical = float(w @ T / w.sum())
    starts = np.log(
        [[0.5, 0.5, 0.8, 2.5], [0.2, 0.1, 1.0, 3.0], [2.0, 2.0, 0.2, 4.0], [1.0, 0.2, 3.0, 1.5]]
    ) + np.array([0.0, np.log(typical), 0.0, 0.0])
    bounds = _bounds(typical)
    thin = slice(None, None, max(1, x.size // THINNED_ROWS))
    few = log_likelihood(x[thin], last[thin], T[thin], w[thin])
    start = best_start(few, starts, bounds)
    found = maximise(log_likelihood(x, last, T, w), start, starts[0], bounds, float(w.sum()))
    r, alpha, a, b = np.exp(found.log_parameters).tolist()
    return RepeatModel(
        r, alpha, a, b, found.covariance, found.log_likelihood, float(w.sum()), found.penalised
    )


def log_likelihood(x: Vector, last: Vector, T: Vector, w: Vector) -> LogLikelihood:
    """The log likelihood (7) as a function of ln(r, alpha, a, b), with its gradient.

    x, last, T, w: (n,) frequency, recency, age and weight. Customers of the same history are one
    row, and what depends on the number of purchases alone is asked once for each number.
    """
    rows, back = _distinct(np.column_stack([T, last, x]))
    w = np.bincount(back, w).astype(np.float64)
    T, last, x = np.ascontiguousarray(rows.T)
    again = x > 0
    numbers, at = np.unique(x, return_inverse=True)
    counts, total = np.bincount(at, w), float(w.sum())

    def of(logs: Vector) -> tuple[float, Vector]:
        r, alpha, a, b = np.exp(logs)
        log_T, log_last = np.log(alpha + T), np.log(alpha + last)
        # ln A_3 and ln A_4 of the paper; a customer without repeat purchase cannot be lost.
        kept = -(r + x) * log_T
        lost = np.full(x.size, -np.inf)
        before = b + x[again] - 1.0
        lost[again] = np.log(a) - np.log(before) - (r + x[again]) * log_last[again]
        alive = np.ones(x.size)
        alive[again] = expit(kept[again] - lost[again])
        gone = 1.0 - alive
        by_number = (
            gammaln(r + numbers) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) - gammaln(b) + gammaln(b + numbers) - gammaln(a + b + numbers)
        )  # fmt: skip
        level = counts @ by_number + w @ np.logaddexp(kept, lost)
        both = digamma(a + b) * total - counts @ digamma(a + b + numbers)
        slope = np.array([
            counts @ digamma(r + numbers) + total * (np.log(alpha) - digamma(r))
            - w @ (alive * log_T + gone * log_last),
            total * r / alpha - w @ ((r + x) * (alive / (alpha + T) + gone / (alpha + last))),
            both + w @ gone / a,
            both + counts @ digamma(b + numbers) - digamma(b) * total
            - w[again] @ (gone[again] / before),
        ])  # fmt: skip
        return float(level), slope * np.exp(logs)

    return of


def _bounds(time: float) -> Vector:
    """Bounds of the log-parameters; outside, the likelihood is flat or the formulas overflow."""
    return np.log([[1e-4, 1e3], [1e-4 * time, 1e4 * time], [1e-4, 40.0], [1e-4, 1e5]])


def _mixed_expectation(r: Vector, alpha: Vector, a: float, b: Vector, t: Vector) -> Vector:
    """Equation (9) for given parameters, (n,), also where it divides by a - 1 = 0."""
    if abs(a - 1.0) >= NEAR_ONE:
        return _expectation(r, alpha, a, b, t)
    low, high = 1.0 - NEAR_ONE, 1.0 + NEAR_ONE
    share = (a - low) / (high - low)
    below, above = (_expectation(r, alpha, end, b, t) for end in (low, high))
    return (1.0 - share) * below + share * above


def _expectation(r: Vector, alpha: Vector, a: float, b: Vector, t: Vector) -> Vector:
    """Equation (9) away from a = 1, (n,).

    Euler's transformation of the paper's 2F1 keeps one parameter at a - 1, so that 10,000
    purchases neither overflow nor cancel.
    """
    c, z = a + b - 1.0, t / (alpha + t)
    stay = np.exp((1.0 - a) * np.log1p(t / alpha)) * hyp2f1(c - r, a - 1.0, c, z)
    return np.asarray(np.maximum(c / (a - 1.0) * (1.0 - stay), 0.0))


def _distinct(rows: Vector) -> tuple[Vector, NDArray[np.intp]]:
    """The distinct rows of (n, k), and for each row which of them it is."""
    order = np.lexsort(rows.T)
    ordered = rows[order]
    is_new = np.ones(len(rows), np.bool_)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    back = np.empty(len(rows), np.intp)
    back[order] = np.cumsum(is_new) - 1
    return ordered[is_new], back


def _horizon(horizon: ArrayLike) -> Vector:
    t = np.asarray(horizon, np.float64)
    if not (np.isfinite(t) & (t >= 0)).all():
        raise DataError(
            "A horizon is negative or not a number; a time of at least 0 is expected. Give the "
            "time ahead in the unit of the customers' ages.",
            reason="bad_horizon",
        )
    return t


def _checked(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> tuple[Vector, Vector, Vector]:
    """The three numbers of each customer, refused where no history could look so."""
    x, last, T = (np.atleast_1d(np.asarray(v, np.float64)) for v in (frequency, recency, age))
    if not x.shape == last.shape == T.shape or x.ndim != 1:
        raise DataError(
            f"Frequency, recency and age have the shapes {x.shape}, {last.shape} and {T.shape}; "
            "one number each for every customer is expected. Give arrays of one length.",
            reason="bad_history",
        )
    possible = (
        np.isfinite(x + last + T) & (x >= 0) & (x == np.floor(x)) & (last >= 0) & (last <= T)
        & ((x > 0) == (last > 0))
    )  # fmt: skip
    if not possible.all():
        row = int(np.argmin(possible))
        raise DataError(
            f"Customer {row} has frequency {x[row]:g}, recency {last[row]:g} and age {T[row]:g}; "
            "a whole frequency of at least 0 and 0 <= recency <= age are expected, with recency 0 "
            "exactly where frequency is 0. Count repeat purchases with `summarise`.",
            reason="bad_history",
        )
    return x, last, T
