"""Logistic regression whose ridge is estimated: one prior variance for each group of columns.

In: encoded columns X (n, m), outcomes, weights, the group of each column. Out: prior variances,
and for given variances intercept and coefficients. Coefficients of group g are taken as drawn from
Normal(0, variance_g), the intercept is free. The variances move towards the maximum of the marginal
likelihood by a few rounds of MacKay's fixed point (1992, also Tipping 2001) on a Laplace
approximation with a diagonal Hessian, under a vague inverse-gamma prior:

    variance_g = (sum over g of b^2 + 2 SCALE) / (sum over g of known + 2 SHAPE)
    known = h / (h + 1 / variance_g),  h = sum of weight * p (1 - p) x^2

known is how much of a coefficient the data say, from 0 to 1. So a field that says little is drawn
to zero by its own ridge, and a field with a thousand levels does not pay for it; nothing is held
out to choose by. Expectation maximisation has the same end, but hardly moves where most levels are
rare: its steps are as small as what is known of them (decision 19).
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from redumbrella.models.base import Vector, base_log_odds, probability_of

ROUNDS = 5
FIRST_VARIANCE = 0.1
SHAPE, SCALE = 0.5, 0.005
LIMITS = (1e-5, 10.0)
MAX_ROWS = 40_000  # of a larger record every k-th lead: the variances need no more
STEPS, ROUGH_STEPS = 200, 60
# With so many groups a round takes fewer steps: the next one goes on where it ended.
MANY_GROUPS, FEW_STEPS = 400, 20

RidgeFit = tuple[float, Vector]


def estimate_variances(
    X: sp.csr_matrix,
    won: Vector,
    weight: Vector,
    group: NDArray[np.intp],
    offset: Vector | None = None,
) -> Vector:
    """Prior variance of each column's coefficient, (m,), equal within a group.

    won: (n,) 0 or 1, both present. group: (m,) numbers from 0. offset: see `solve`.
    """
    return _estimated(X, won, weight, group, offset)[0]


def fit_ridges(
    X: sp.csr_matrix, won: Vector, weight: Vector, group: NDArray[np.intp]
) -> tuple[Vector, RidgeFit]:
    """`estimate_variances`, then `solve` with these: variances (m,), intercept and coefficients.

    Of many groups the solution begins where the estimate ended.
    """
    variance, fit = _estimated(X, won, weight, group, None)
    start = fit if int(group.max()) + 1 >= MANY_GROUPS else None
    return variance, solve(X, won, weight, variance, start)


def _estimated(
    X: sp.csr_matrix,
    won: Vector,
    weight: Vector,
    group: NDArray[np.intp],
    offset: Vector | None,
) -> tuple[Vector, RidgeFit]:
    every = thinned(X.shape[0])
    X, won, weight = X[every], won[every], weight[every]
    known = np.zeros(won.size) if offset is None else offset[every]
    squares = sp.csr_matrix((X.data**2, X.indices, X.indptr), shape=X.shape)
    size = int(group.max()) + 1
    steps = FEW_STEPS if size >= MANY_GROUPS else ROUGH_STEPS
    variance = np.full(size, FIRST_VARIANCE)
    fit = (base_log_odds(won, weight), np.zeros(X.shape[1]))
    for _ in range(ROUNDS):
        fit = solve(X, won, weight, variance[group], fit, steps, known)
        p = probability_of(known + fit[0] + X @ fit[1])
        curvature = squares.T @ (weight * p * (1.0 - p))
        known_share = curvature / (curvature + 1.0 / variance[group])
        squared, effective = (np.bincount(group, x, size) for x in (fit[1] ** 2, known_share))
        found = (squared + 2.0 * SCALE) / (effective + 2.0 * SHAPE)
        variance = np.clip(found, *LIMITS)
    return np.asarray(variance[group]), fit


def thinned(rows: int) -> slice:
    """Every row of a record, or every k-th of a large one: at most MAX_ROWS of them."""
    return slice(None, None, max(1, -(-rows // MAX_ROWS)))


def solve(
    X: sp.csr_matrix,
    won: Vector,
    weight: Vector,
    variance: Vector,
    start: RidgeFit | None = None,
    steps: int = STEPS,
    offset: Vector | None = None,
) -> RidgeFit:
    """Intercept and coefficients (m,) at the mode of the posterior, by L-BFGS from `start`.

    Minimises sum of weight * log loss + sum of b^2 / (2 variance) over the columns, (m,) each.
    offset: (n,), log-odds that are known already, to which intercept and columns are added.
    """
    known = np.zeros(won.size) if offset is None else offset
    # In units of its prior's standard deviation every coefficient has the same ridge.
    unit = np.sqrt(variance)
    total = float(weight.sum())

    def loss(at: Vector) -> tuple[float, Vector]:
        z = known + at[0] + X @ (unit * at[1:])
        wrong = weight * (0.5 * (1.0 + np.tanh(0.5 * z)) - won)
        value = float(weight @ (np.logaddexp(0.0, z) - won * z)) + 0.5 * float(at[1:] @ at[1:])
        gradient = np.concatenate([[wrong.sum()], unit * (X.T @ wrong) + at[1:]])
        return value / total, gradient / total

    first = (base_log_odds(won, weight), np.zeros(X.shape[1])) if start is None else start
    options = {"maxiter": steps, "gtol": 1e-5, "ftol": 1e-9}
    begin = np.concatenate([[first[0]], first[1] / unit])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options=options).x
    return float(found[0]), np.asarray(unit * found[1:], np.float64)
