"""How good are lists? What was shown to each person against what the person then took.

In: shown, int32 (people, n), products in order, -1 where there is none, no product twice; wanted,
CSR of ones (people, products). Out: one number a person, or for all. People who wanted nothing have
no number (NaN): ask about those who wanted something.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Shown = NDArray[np.int32]


def hits(shown: Shown, wanted: Any) -> NDArray[np.bool_]:
    """Whether each place holds something that was wanted, (people, n)."""
    people, n = shown.shape
    key = np.repeat(np.arange(people, dtype=np.int64), np.diff(wanted.indptr)) * wanted.shape[1]
    key = np.sort(key + wanted.indices)
    asked = np.arange(people, dtype=np.int64)[:, None] * wanted.shape[1] + shown
    place = np.minimum(np.searchsorted(key, asked.ravel()), max(key.size - 1, 0))
    if not key.size:
        return np.zeros((people, n), np.bool_)
    return np.asarray((key[place] == asked.ravel()).reshape(people, n) & (shown >= 0))


def recall(shown: Shown, wanted: Any) -> Vector:
    """Share of what each person wanted that stands among the n shown, (people,)."""
    return _by(hits(shown, wanted).sum(axis=1), np.diff(wanted.indptr))


def ndcg(shown: Shown, wanted: Any) -> Vector:
    """Normalised discounted cumulative gain at n (Järvelin and Kekäläinen 2002), (people,).

    A hit at place r = 1, 2 … gains 1 / log2(r + 1); divided by what the best list would gain.
    """
    n = shown.shape[1]
    gain = 1.0 / np.log2(np.arange(2, n + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gain)])
    return _by(hits(shown, wanted) @ gain, ideal[np.minimum(np.diff(wanted.indptr), n)])


def coverage(shown: Shown, products: int) -> float:
    """Share of the products that stand on somebody's list."""
    return float(np.unique(shown[shown >= 0]).size / max(products, 1))


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences, its standard error, and its 95 % interval."""

    mean: float
    error: float

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - 1.96 * self.error

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + 1.96 * self.error


def paired_difference(
    first: Vector, second: Vector, person: NDArray[np.int64] | None = None
) -> Difference:
    """first - second on the same rows, (n,).

    person: whose row each is; rows of one person (of several horizons) are not independent, so
    their deviations are added up before they are squared (cluster-robust, Liang and Zeger 1986).
    """
    each = first - second
    if not each.size:
        return Difference(float("nan"), float("nan"))
    off = each - each.mean()
    if person is not None:
        _, number = np.unique(person, return_inverse=True)
        off = np.bincount(number, off)
    return Difference(float(each.mean()), float(np.sqrt((off**2).sum()) / each.size))


def mean_error(each: Vector, person: NDArray[np.int64] | None = None) -> Difference:
    """The mean of one number a row, and its standard error."""
    return paired_difference(each, np.zeros_like(each), person)


def _by(part: NDArray[Any], whole: NDArray[Any]) -> Vector:
    out = np.full(len(part), np.nan)
    return np.asarray(np.divide(part, whole, out=out, where=np.asarray(whole) > 0))
