"""How much does a customer spend at a time? Gamma-Gamma (Fader and Hardie 2013, note 025).

In: for each customer the number of repeat purchases and their mean amount. Out: the expected mean
amount of the purchases to come. Promise: amounts stay in the caller's currency.

The story: a customer's purchases are Gamma(p, nu), so that they vary around the customer's own
mean; across customers nu is Gamma(q, gamma). The model assumes that those who buy often do not
spend more or less at a time: `correlation` says how far that holds.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from redumbrella.customers.likelihood import (
    LogLikelihood,
    best_start,
    log_normal_draws,
    maximise,
)
from redumbrella.errors import DataError
from redumbrella.models.base import Parts, Vector

NAMES = ("p", "q", "gamma")
THINNED_ROWS = 20_000


@dataclass(frozen=True)
class AmountModel:
    """A fitted Gamma-Gamma.

    p: shape of a customer's purchases. q, gamma: shape and rate across customers. covariance:
    (3, 3), of the logs of (p, q, gamma). correlation: of the frequency and the mean amount of the
    customers who bought again; the model assumes 0. observed_mean: mean amount of a repeat
    purchase. customers: how many had repeat purchases. penalised: as in `likelihood`.
    """

    p: float
    q: float
    gamma: float
    covariance: Vector
    log_likelihood: float
    correlation: float
    observed_mean: float
    customers: float
    penalised: bool

    @property
    def parameters(self) -> Vector:
        """(p, q, gamma)."""
        return np.array([self.p, self.q, self.gamma])

    @property
    def standard_errors(self) -> dict[str, float]:
        """By the delta method: a parameter times the standard error of its logarithm."""
        errors = self.parameters * np.sqrt(np.diag(self.covariance))
        return dict(zip(NAMES, errors.tolist(), strict=True))

    @property
    def population_mean(self) -> float:
        """Mean amount of a customer about whom nothing is known: p gamma / (q - 1).

        Where q <= 1 the model has no finite mean; the observed mean takes its place.
        """
        return self.p * self.gamma / (self.q - 1.0) if self.q > 1.0 else self.observed_mean

    def expected_mean(self, frequency: ArrayLike, mean_amount: ArrayLike) -> Vector:
        """Expected mean amount of a customer's purchases to come, (n,).

        p (gamma + x m) / (p x + q - 1): the customer's own mean, drawn to that of the population.
        Without repeat purchases, and in the rare case that p x + q <= 1 leaves no mean, it is the
        population mean.
        """
        x, m = _checked(frequency, mean_amount)
        left = self.p * x + self.q - 1.0
        known = (x > 0) & (left > 0)
        own = self.p * (self.gamma + x * m) / np.where(known, left, 1.0)
        return np.where(known, own, self.population_mean)

    def draws(self, number: int, generator: np.random.Generator) -> list[Self]:
        """Models whose parameters are drawn from what the data leave possible."""
        drawn = log_normal_draws(
            np.log(self.parameters), self.covariance, number, _bounds(self.gamma), generator
        )
        return [replace(self, **dict(zip(NAMES, one, strict=True))) for one in drawn.tolist()]

    def to_parts(self) -> Parts:
        """The fitted parameters as data."""
        names = (*NAMES, "log_likelihood", "correlation", "observed_mean", "customers", "penalised")
        return Parts({n: getattr(self, n) for n in names}, {"covariance": self.covariance})

    @classmethod
    def from_parts(cls, parts: Parts) -> Self:
        """The model that `to_parts` described."""
        return cls(**parts.facts, covariance=parts.arrays["covariance"])


def fit_gamma_gamma(frequency: ArrayLike, mean_amount: ArrayLike) -> AmountModel:
    """Fits Gamma-Gamma by maximum likelihood to the customers with repeat purchases.

    frequency: (n,), repeat purchases. mean_amount: (n,), their mean amount, > 0 where frequency is;
    not read elsewhere. Raises DataError where nobody bought again or an amount is not positive.
    Where customers are so few or so alike that a parameter stays open, the answer leans on a vague
    prior and says `penalised`.
    """
    x, m = _checked(frequency, mean_amount)
    x, m = x[x > 0], m[x > 0]
    if x.size == 0:
        raise DataError(
            "No customer bought twice, so amounts of repeat purchases are unknown; at least one "
            "customer with a repeat purchase is expected. Fit on the first purchases instead "
            "(frequency 1, their amounts) or wait for more purchases.",
            reason="no_repeat_purchases",
        )
    typical = float(x @ m / x.sum())
    shapes = np.array([[4.0, 4.0], [1.0, 2.0], [20.0, 3.0]])
    starts = np.log(np.column_stack([shapes, typical * (shapes[:, 1] - 1.0) / shapes[:, 0]]))
    bounds = _bounds(typical)
    thin = slice(None, None, max(1, x.size // THINNED_ROWS))
    start = best_start(log_likelihood(x[thin], m[thin]), starts, bounds)
    found = maximise(log_likelihood(x, m), start, starts[0], bounds, float(x.size))
    p, q, gamma = np.exp(found.log_parameters).tolist()
    return AmountModel(
        p, q, gamma, found.covariance, found.log_likelihood, _correlation(x, m), typical,
        float(x.size), found.penalised,
    )  # fmt: skip


def log_likelihood(x: Vector, m: Vector) -> LogLikelihood:
    """The log likelihood as a function of ln(p, q, gamma), with its gradient.

    x, m: (n,) frequency > 0 and mean amount. The note's likelihood of one customer, summed.
    """
    numbers, at, counts = np.unique(x, return_inverse=True, return_counts=True)
    spent, log_m, log_x = x * m, np.log(m), np.log(numbers)
    # Sums that no parameter changes are taken once.
    fixed = float(x @ log_m + (numbers * counts) @ log_x)
    logs_of_amounts = float(log_m.sum())

    def of(logs: Vector) -> tuple[float, Vector]:
        p, q, gamma = np.exp(logs)
        shape = p * numbers
        log_pool = np.log(gamma + spent)
        pooled = np.bincount(at, log_pool)
        by_number = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(gamma)
        level = counts @ by_number + p * fixed - logs_of_amounts - (shape + q) @ pooled
        together = digamma(shape + q)
        slope = np.array([
            (counts * numbers) @ (together - digamma(shape)) + fixed - numbers @ pooled,
            counts @ (together - digamma(q) + np.log(gamma)) - pooled.sum(),
            x.size * q / gamma - (shape[at] + q) @ (1.0 / (gamma + spent)),
        ])  # fmt: skip
        return float(level), slope * np.exp(logs)

    return of


def _bounds(amount: float) -> Vector:
    """Bounds of the log-parameters; outside, the likelihood is flat or the formulas overflow."""
    return np.log([[1e-3, 1e4], [1e-2, 1e4], [1e-7 * amount, 1e7 * amount]])


def _correlation(x: Vector, m: Vector) -> float:
    """Pearson's, 0 where either does not vary."""
    apart = (x - x.mean()), (m - m.mean())
    spread = float(np.sqrt((apart[0] @ apart[0]) * (apart[1] @ apart[1])))
    return float(apart[0] @ apart[1]) / spread if spread > 0 else 0.0


def _checked(frequency: ArrayLike, mean_amount: ArrayLike) -> tuple[Vector, Vector]:
    x, m = (np.atleast_1d(np.asarray(v, np.float64)) for v in (frequency, mean_amount))
    if x.shape != m.shape or x.ndim != 1:
        raise DataError(
            f"Frequency and mean amount have the shapes {x.shape} and {m.shape}; one number each "
            "for every customer is expected. Give arrays of one length.",
            reason="bad_amounts",
        )
    possible = np.isfinite(x) & (x >= 0) & ((x == 0) | (np.isfinite(m) & (m > 0)))
    if not possible.all():
        row = int(np.argmin(possible))
        raise DataError(
            f"Customer {row} has frequency {x[row]:g} and mean amount {m[row]:g}; a frequency of "
            "at least 0 is expected and, where it is above 0, a mean amount above 0. Net refunds "
            "and leave out free purchases with `summarise`.",
            reason="bad_amounts",
        )
    return x, np.where(x > 0, m, 0.0)
