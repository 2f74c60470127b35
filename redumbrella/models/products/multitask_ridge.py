"""Many logistic regressions on the same columns at once, each coefficient with a prior of its own.

For every product k, over the rows whose outcome y_ik is known,

    minimise  sum_i weight_i log(1 + exp(-(2 y_ik - 1) x_i w_k)) + sum_j (w_jk - c_jk)^2 / (2 v_jk)

with prior centers c and variances v. All products go through the rows together: a row's columns are
read once, and the loops over the products are over neighbouring numbers.

Steps are those of L-BFGS (Liu and Nocedal 1989), separate for each product, on a Newton step with a
shared curvature: the Hessian of product k is taken as t_k M + diag(1 / v_k), where M, the weighted
second moments of the columns, is the same for all products and t_k = sum_i weight_i p_ik (1 - p_ik)
(one Cholesky factor per product; in blocks of columns where there are very many).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import lapack

from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.threads import in_chunks
from redumbrella.training.product_sales import UNKNOWN

Floats = NDArray[np.float32]

BLOCK = 256  # columns whose second moments are taken together
PARTS = 4  # of the rows, for threads
MOMENT_ROWS = 20_000  # second moments need no more
STEPS = 12
MEMORY = 5
TOLERANCE = 1e-3  # nats left to gain, per nat of Fisher information
STEEPEST_END = 0.5
DEGREES = 1.0


@dataclass(frozen=True, eq=False)
class JointRidge:
    """Rows to learn from: some of the rows of shared columns.

    columns: float32 CSR (n, m). outcome: uint8 (n, k), 0, 1 or UNKNOWN. weight: (n,) >= 0.
    rows: which of the n to use.
    """

    columns: sp.csr_matrix
    outcome: NDArray[np.uint8]
    weight: Floats
    rows: NDArray[np.int64]

    def gradient(self, coefficients: Floats) -> Floats:
        """Of the loss without the prior, at coefficients (m, k)."""
        x = self.columns
        # Always as many parts, so that the number of cores changes no digit.
        parts = np.zeros((PARTS, *coefficients.shape), np.float32)
        rows = np.array_split(self.rows, PARTS)

        def add(part: int, _: int) -> None:
            _add_gradient(
                x.indptr,
                x.indices,
                x.data,
                self.outcome,
                self.weight,
                rows[part],
                coefficients,
                parts[part],
            )

        in_chunks(add, PARTS, chunk=1)
        return np.asarray(parts.sum(axis=0))

    def curvature(self, coefficients: Floats) -> "Curvature":
        """The second derivatives near some coefficients (m, k)."""
        k = self.outcome.shape[1]
        total, shape = np.zeros(k), np.zeros(len(self.rows))
        for first in range(0, len(self.rows), 8_192):
            part = self.rows[first : first + 8_192]
            p = 1.0 / (1.0 + np.exp(-np.asarray(self.columns[part] @ coefficients)))
            spread = p * (1.0 - p) * (self.outcome[part] != UNKNOWN) * self.weight[part][:, None]
            total += spread.sum(axis=0)
            shape[first : first + 8_192] = spread.sum(axis=1)
        every = -(-len(self.rows) // MOMENT_ROWS) or 1
        return Curvature(total, _moments(self.columns[self.rows[::every]], shape[::every]))

    def fit(
        self, curvature: "Curvature", center: Floats, variance: Floats, start: Floats
    ) -> Floats:
        """The coefficients (m, k) that minimise the loss, sought from `start`."""
        return _Descent(self, curvature, center, variance).run(start)

    def adapt(
        self, curvature: "Curvature", center: Floats, variance: Floats, start: Floats
    ) -> Iterator[tuple[Floats, Floats]]:
        """Coefficients and their ever more adapted prior variances, the given ones first.

        A Student prior with one degree of freedom is a normal one whose variance is drawn from an
        inverse gamma distribution; the expectation step of EM (Dempster, Laird and Rubin 1977,
        section 4.6) sets

            v_jk = (variance_jk + (w_jk - c_jk)^2 + 1 / (t_k M_jj + 1 / v_jk)) / 2

        so what a product clearly needs is hardly shrunk, and all else ever more.
        """
        adapted, w = variance, start
        while True:
            w = self.fit(curvature, center, adapted, w)
            yield w, adapted
            doubt = 1.0 / (curvature.diagonal + 1.0 / adapted)
            moment = (w - center) ** 2 + doubt
            adapted = ((DEGREES * variance + moment) / (DEGREES + 1.0)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Curvature:
    """total: (k,) t_k of each product. moments: of the columns, one square block after another."""

    total: NDArray[np.float64]
    moments: list[Floats]

    @property
    def diagonal(self) -> NDArray[np.float64]:
        """Second derivative by each coefficient alone, (m, k)."""
        diagonal = np.concatenate([np.diag(block) for block in self.moments])
        return np.asarray(diagonal[:, None] * self.total)

    def of(self, share: float) -> "Curvature":
        """That of a share of the rows."""
        return Curvature(self.total * share, self.moments)


class _Descent:
    """One minimisation for all products; see the module."""

    def __init__(
        self, ridge: JointRidge, curvature: Curvature, center: Floats, variance: Floats
    ) -> None:
        self.ridge, self.center, self.variance = ridge, center, variance
        self.enough = TOLERANCE * curvature.total + 1e-3
        self.factors = [
            [_factor(block * np.float32(t), variance[place, k]) for k, t in enumerate(self._totals)]
            for place, block in self._blocks(curvature)
        ]
        self.past: list[tuple[Floats, Floats, Floats]] = []

    def _blocks(self, curvature: Curvature) -> list[tuple[slice, Floats]]:
        self._totals = curvature.total
        ends = np.cumsum([len(block) for block in curvature.moments])
        places = [
            slice(int(end) - len(b), int(end))
            for end, b in zip(ends, curvature.moments, strict=True)
        ]
        self.places = places
        return list(zip(places, curvature.moments, strict=True))

    def run(self, start: Floats) -> Floats:
        """Steps until no product has anything to gain."""
        w = start.astype(np.float32)
        gradient = self._gradient(w)
        for _ in range(STEPS):
            step = self._step(gradient)
            slope = _dot(gradient, step)
            if (slope < self.enough).all():
                break
            w_new, gradient_new = self._search(w, step, slope)
            self._remember(w_new - w, gradient_new - gradient)
            w, gradient = w_new, gradient_new
        return w

    def _gradient(self, w: Floats) -> Floats:
        return self.ridge.gradient(w) + (w - self.center) / self.variance

    def _search(self, w: Floats, step: Floats, slope: Floats) -> tuple[Floats, Floats]:
        """Along a convex loss it went down unless the end of the step is steeply upward."""
        length = np.ones(len(slope), np.float32)
        for _ in range(8):
            there = w - length * step
            gradient = self._gradient(there)
            too_far = _dot(gradient, step) < -STEEPEST_END * slope
            if not too_far.any():
                break
            length[too_far] *= np.float32(0.4)
        return there, gradient

    def _step(self, gradient: Floats) -> Floats:
        """Two-loop recursion (Nocedal and Wright 2006, algorithm 7.4), product by product."""
        step, shares = gradient.copy(), []
        for moved, turned, inverse in reversed(self.past):
            share = inverse * _dot(moved, step)
            shares.append(share)
            step -= share * turned
        step = self._newton(step)
        for (moved, turned, inverse), share in zip(self.past, reversed(shares), strict=True):
            step += (share - inverse * _dot(turned, step)) * moved
        return step

    def _newton(self, gradient: Floats) -> Floats:
        step = np.empty_like(gradient)
        for place, factors in zip(self.places, self.factors, strict=True):
            for k, factor in enumerate(factors):
                step[place, k] = lapack.spotrs(factor, gradient[place, k], lower=1)[0]
        return step

    def _remember(self, moved: Floats, turned: Floats) -> None:
        along = _dot(moved, turned)
        inverse = np.where(along > 1e-12, 1.0 / np.maximum(along, 1e-12), 0.0).astype(np.float32)
        self.past = [*self.past[1 - MEMORY :], (moved, turned, inverse)]


def _dot(a: Floats, b: Floats) -> Floats:
    """Inner product for each product, (k,)."""
    return np.asarray(np.einsum("jk,jk->k", a, b, dtype=np.float64), np.float32)


def _factor(curvature: Floats, variance: Floats) -> Floats:
    """Cholesky factor of curvature + diag(1 / variance)."""
    whole = np.asfortranarray(curvature)
    whole[np.diag_indices(len(whole))] += 1.0 / variance
    factor, fault = lapack.spotrf(whole, lower=1, overwrite_a=1)
    if fault:  # rounding made it indefinite: a step without the neighbours is safe
        factor = np.asfortranarray(np.diag(np.sqrt(np.diag(curvature) + 1.0 / variance)))
    return np.asarray(factor)


def _moments(columns: sp.csr_matrix, shape: NDArray[np.float64]) -> list[Floats]:
    """sum_i s_i x_i x_i' / sum_i s_i in blocks along the diagonal."""
    m = columns.shape[1]
    root = np.sqrt(shape / max(float(shape.sum()), 1e-12)).astype(np.float32)
    weighted = (sp.diags(root, dtype=np.float32) @ columns).tocsc()
    blocks = []
    for first in range(0, m, BLOCK):
        part = weighted[:, first : first + BLOCK].tocsr()
        block = np.zeros((part.shape[1],) * 2, np.float32)
        for row in range(0, part.shape[0], 4_096):
            dense = part[row : row + 4_096].toarray()
            block += dense.T @ dense
        blocks.append(block)
    return blocks


@njit(fastmath=True, nogil=True, cache=True)
def _add_gradient(indptr, indices, data, outcome, weight, rows, w, out):  # type: ignore[no-untyped-def]
    """Adds sum over rows of weight * (p - y) * x, (m, k).

    exp(-|z|) = 2^f * e^r with f whole and |r| < ln 2, by its series, is within 2e-7; written
    out, the compiler turns the loop into vector instructions, which it cannot do with a call.
    """
    products = w.shape[1]
    z = np.empty(products, np.float32)
    bits = np.empty(products, np.int32)
    power = bits.view(np.float32)
    rest = np.empty(products, np.float32)
    one, half = np.float32(1.0), np.float32(0.5)
    sixth, last = np.float32(1.0 / 6.0), np.float32(1.0 / 720.0)
    fourth, fifth = np.float32(1.0 / 24.0), np.float32(1.0 / 120.0)
    for row in rows:
        z[:] = np.float32(0.0)
        for cell in range(indptr[row], indptr[row + 1]):
            x, coefficients = data[cell], w[indices[cell]]
            for k in range(products):
                z[k] += x * coefficients[k]
        for k in range(products):
            log2 = max(-np.abs(z[k]) * np.float32(1.442695041), np.float32(-120.0))
            whole = np.int32(log2)
            r = (log2 - np.float32(whole)) * np.float32(0.693147181)
            bits[k] = (whole + np.int32(127)) << np.int32(23)
            rest[k] = one + r * (
                one + r * (half + r * (sixth + r * (fourth + r * (fifth + r * last))))
            )
        for k in range(products):
            small = rest[k] * power[k]
            larger = one / (one + small)
            p = larger if z[k] >= 0 else small * larger
            y = outcome[row, k]
            z[k] = weight[row] * (p - np.float32(y)) * np.float32(y < 2)
        for cell in range(indptr[row], indptr[row + 1]):
            x, total = data[cell], out[indices[cell]]
            for k in range(products):
                total[k] += x * z[k]
