"""Maximum likelihood for models of a few positive parameters, on the logarithms of the parameters.

In: a log likelihood with its gradient, starting points. Out: the maximum, and how sure it is.
Promise: an answer that is finite also where the likelihood has no maximum (nobody bought twice,
one customer), and that then says so.

Standard errors come from the observed information: the second derivatives of the log likelihood at
its maximum. Where the data leave a parameter open, the fit is repeated with a penalty that is worth
one vague prior opinion: each log-parameter is normal around the first starting point, with standard
deviation `VAGUE` (a factor of 20 to either side at 95 %).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import ThreadpoolController

from redumbrella.models.base import Vector

VAGUE = 1.5
# A log-parameter that is less sure than this is left open by the data.
OPEN = 2.0
STEP = 1e-4

LogLikelihood = Callable[[Vector], tuple[float, Vector]]


@dataclass(frozen=True)
class MaximumLikelihood:
    """A maximum of the likelihood of k parameters.

    log_parameters: (k,). covariance: (k, k), of the log-parameters. log_likelihood: at the maximum,
    without the penalty. penalised: whether the data alone did not settle the parameters.
    """

    log_parameters: Vector
    covariance: Vector
    log_likelihood: float
    penalised: bool


def log_normal_draws(
    centre: Vector,
    covariance: Vector,
    number: int,
    bounds: Vector,
    generator: np.random.Generator,
) -> Vector:
    """(number, k) positive parameters whose logarithms are normal; bounds: (k, 2), of the logs."""
    values, directions = np.linalg.eigh(covariance)
    scale = directions * np.sqrt(np.maximum(values, 0.0))
    logs = centre + generator.standard_normal((number, centre.size)) @ scale.T
    return np.asarray(np.exp(np.clip(logs, bounds[:, 0], bounds[:, 1])))


def best_start(log_likelihood: LogLikelihood, starts: Vector, bounds: Vector) -> Vector:
    """Where the climb from the best of the starting points ends. starts: (s, k), logs."""
    ends = [_climb(log_likelihood, start, bounds, 1e-9) for start in starts]
    return max(ends, key=lambda end: log_likelihood(end)[0])


def maximise(
    log_likelihood: LogLikelihood,
    start: Vector,
    vague: Vector,
    bounds: Vector,
    customers: float,
) -> MaximumLikelihood:
    """The maximum of a log likelihood over log-parameters inside bounds.

    log_likelihood: (k,) to its value and (k,) gradient. start: (k,). vague: (k,), centre of the
    penalty if one is needed. bounds: (k, 2). customers: total weight, the scale of convergence.
    """

    def scaled(at: Vector) -> tuple[float, Vector]:
        level, slope = log_likelihood(at)
        return level / customers, slope / customers

    def drawn(at: Vector) -> tuple[float, Vector]:
        level, slope = log_likelihood(at)
        pull = (at - vague) / VAGUE
        return (level - 0.5 * float(pull @ pull)) / customers, (slope - pull / VAGUE) / customers

    top = _climb(scaled, start, bounds, 1e-14)
    covariance = _covariance(scaled, top, customers)
    at_edge = bool((np.abs(top[:, None] - bounds) < 1e-3).any())
    penalised = at_edge or covariance is None or bool(np.diag(covariance).max() > OPEN**2)
    if penalised:
        top = _climb(drawn, vague, bounds, 1e-14)
        covariance = _covariance(drawn, top, customers)
    if covariance is None:  # not even the penalty made a peak: only the prior opinion is left
        covariance = np.eye(top.size) * VAGUE**2
    return MaximumLikelihood(top, covariance, log_likelihood(top)[0], penalised)


def _climb(rises: LogLikelihood, start: Vector, bounds: Vector, tolerance: float) -> Vector:
    def falls(at: Vector) -> tuple[float, Vector]:
        level, slope = rises(at)
        return -level, -slope

    # The climb solves systems of four unknowns; BLAS threads would only wait for each other.
    options = {"maxiter": 1_000, "maxfun": 2_000, "ftol": tolerance, "gtol": 1e-9, "maxcor": 20}
    with _threads().limit(limits=1, user_api="blas"):
        found = minimize(falls, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x)


@cache
def _threads() -> ThreadpoolController:
    """The BLAS of this process; to look for it takes longer than a small fit."""
    return ThreadpoolController()


def _covariance(rises: LogLikelihood, top: Vector, customers: float) -> Vector | None:
    """Inverse of the observed information, None where the likelihood does not curve down."""
    steps = STEP * np.eye(top.size)
    rows = [(rises(top + step)[1] - rises(top - step)[1]) / (2.0 * STEP) for step in steps]
    information = -customers * np.array(rows)
    information = 0.5 * (information + information.T)
    if not np.isfinite(information).all() or np.linalg.eigvalsh(information).min() <= 0.0:
        return None
    return np.asarray(np.linalg.inv(information))
