"""Which products go together: co-occurrence, and the local ridge that collaborative lists rest on.

In: who turned to what, `Interactions.teaching()`. Out: each column's strongest neighbours with the
number of common buyers, and weights W for `lists.Linear`.

The Gram matrix G = X'X of ones counts common buyers. EASE (Steck 2019) is the ridge regression of
each column on all others; its weights come from the inverse of G + lambda I, which no large
catalogue can pay for. Here each product j is regressed on its k strongest neighbours N alone, by
cosine G_ij / sqrt(G_ii G_jj):

    w_j = (G_NN + lambda I)^-1 G_Nj

one k x k Cholesky factor a product (neighbourhoods as in fsSLIM, Ning and Karypis 2011). A column
of more than MOST_BUYERS people is counted through so many of them, at equal distances in the order
of their ids, each standing for as many as were passed over. Columns of events are neighbours like
any others, so what somebody looked at speaks for what he may buy.

Promise: the same for any number of threads, to the last bit: products are independent, and no
solver of others is asked, whose sums may depend on its threads.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.threads import in_chunks

MOST_BUYERS = 20_000
FEWEST = 2  # common buyers of neighbours
# Counts that are kept, half a gigabyte: all of them with 7,700 columns, 1,200 a column with 50,000.
# A pair in G_NN that is not kept counts 0, and with many such pairs the weights are no use.
STORED = 60_000_000
STRONGEST = 100  # of them that a product is regressed on
RIDGE = 200.0  # lambda, in buyers
SHRINK = 20.0
_CHUNK = 256


class Sparse(NamedTuple):
    """A CSR matrix as the compiled functions of this room take it."""

    start: NDArray[np.int64]
    column: NDArray[np.int32]
    value: NDArray[np.float32]


class _Lists(NamedTuple):
    """`Neighbours` as the compiled functions take them."""

    near: NDArray[np.int32]
    common: NDArray[np.float32]
    buyers: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """near: int32 (m, stored), columns in rising order, -1 behind them. count: float32 (m, stored),
    common buyers. buyers: float32 (m,).
    """

    near: NDArray[np.int32]
    count: NDArray[np.float32]
    buyers: NDArray[np.float32]

    @property
    def lists(self) -> _Lists:
        """For the compiled functions."""
        return _Lists(self.near, self.count, self.buyers)

    def most_common(self, product: int) -> float:
        """Common buyers with the neighbour that has the most of them; 0 without neighbours."""
        return float(self.count[product].max(initial=0.0))


def co_occurrence(taught: Any, stored: int = STORED) -> Neighbours:
    """The strongest neighbours of every column of a CSR matrix of ones (people, m), `stored` counts
    in all.
    """
    buyers = taught.T.tocsr()
    buyers.sort_indices()
    m = buyers.shape[0]
    stored = min(max(stored // max(m, 1), STRONGEST), m)
    near = np.full((m, stored), -1, np.int32)
    count = np.zeros((m, stored), np.float32)
    of_person, of_column = sparse(taught), sparse(buyers)

    def run(first: int, end: int) -> None:
        _count(first, end, of_column, of_person, near, count)

    in_chunks(run, m, chunk=_CHUNK)
    return Neighbours(near, count, np.diff(of_column.start).astype(np.float32))


def local_ridge(
    neighbours: Neighbours, products: int, strongest: int = STRONGEST, ridge: float = RIDGE
) -> Any:
    """W: float32 CSR (m, products), w_ij what one purchase of i adds to the score of j."""
    near, weight = _rows_for(products, strongest)

    def run(first: int, end: int) -> None:
        _regress(first, end, neighbours.lists, np.float32(ridge), near, weight)

    in_chunks(run, products, chunk=_CHUNK)
    return by_source(near, weight, neighbours.buyers.size)


def cosine_weights(neighbours: Neighbours, products: int, strongest: int = STRONGEST) -> Any:
    """W of item-based nearest neighbours (Sarwar et al. 2001; Deshpande and Karypis 2004).

    w_ij = G_ij / (sqrt(G_ii G_jj) + 20): few common buyers are drawn to nothing.
    """
    near, weight = _rows_for(products, strongest)

    def run(first: int, end: int) -> None:
        _cosines(first, end, neighbours.lists, np.float32(SHRINK), near, weight)

    in_chunks(run, products, chunk=_CHUNK)
    return by_source(near, weight, neighbours.buyers.size)


def by_source(near: NDArray[np.int32], weight: NDArray[np.float32], sources: int) -> Any:
    """Neighbours of each product as W: float32 CSR (sources, products), columns in order."""
    products, width = near.shape
    there = near.ravel() >= 0
    target = np.repeat(np.arange(products, dtype=np.int32), width)[there]
    cells = (weight.ravel()[there], (near.ravel()[there], target))
    found = sp.csr_matrix(cells, shape=(sources, products))
    found.sort_indices()
    return found


def sparse(matrix: Any) -> Sparse:
    """A CSR matrix of scipy for the compiled functions."""
    return Sparse(
        np.ascontiguousarray(matrix.indptr, np.int64),
        np.ascontiguousarray(matrix.indices, np.int32),
        np.ascontiguousarray(matrix.data, np.float32),
    )


def _rows_for(products: int, strongest: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    shape = (products, strongest)
    return np.full(shape, -1, np.int32), np.zeros(shape, np.float32)


@njit(nogil=True, cache=True)
def _count(first, end, columns, people, near, count):  # type: ignore[no-untyped-def]
    """Common buyers of the columns first … end - 1 with all others; the strongest are kept."""
    m = near.shape[0]
    common = np.zeros(m, np.float32)
    touched = np.empty(m, np.int32)
    strength = np.empty(m, np.float32)
    for j in range(first, end):
        start, stop = columns.start[j], columns.start[j + 1]
        step = max(1.0, (stop - start) / MOST_BUYERS)
        found = 0
        place = np.float64(start)
        while place < stop:
            person = columns.column[np.int64(place)]
            for cell in range(people.start[person], people.start[person + 1]):
                i = people.column[cell]
                if common[i] == 0:
                    touched[found] = i
                    found += 1
                common[i] += np.float32(step)
            place += step
        common[j] = 0
        many = 0
        for t in range(found):
            i = touched[t]
            if i != j and common[i] >= FEWEST * step:
                touched[many], touched[t] = i, touched[many]
                size = np.float32(columns.start[i + 1] - columns.start[i])
                strength[many] = common[i] / np.sqrt(size)
                many += 1
        kept = _strongest(touched, strength, many, near[j])
        for place_of in range(kept):
            count[j, place_of] = common[near[j, place_of]]
        for t in range(found):
            common[touched[t]] = 0


@njit(nogil=True, cache=True)
def _strongest(who, strength, many, out):  # type: ignore[no-untyped-def]
    """Writes the strongest of `many` into `out`, sorted; of equal ones those that come first."""
    most = out.size
    kept = 0
    if many > most:
        cut = np.partition(strength[:many], many - most)[many - most]
        for t in range(many):
            if strength[t] > cut:
                out[kept] = who[t]
                kept += 1
        for t in range(many):
            if strength[t] == cut and kept < most:
                out[kept] = who[t]
                kept += 1
    else:
        for t in range(many):
            out[t] = who[t]
        kept = many
    out[:kept] = np.sort(out[:kept])
    return kept


@njit(nogil=True, cache=True)
def _chosen(j, lists, out):  # type: ignore[no-untyped-def]
    """The strongest of the stored neighbours of j, sorted, into `out`; how many."""
    near = lists.near[j]
    strength = np.empty(near.size, np.float32)
    many = 0
    while many < near.size and near[many] >= 0:
        strength[many] = lists.common[j, many] / np.sqrt(lists.buyers[near[many]])
        many += 1
    return _strongest(near, strength, many, out)


@njit(nogil=True, cache=True)
def _regress(first, end, lists, ridge, out, weight):  # type: ignore[no-untyped-def]
    """w_j of the products first … end - 1."""
    near, count, buyers = lists.near, lists.common, lists.buyers
    stored, most = near.shape[1], out.shape[1]
    gram = np.zeros((most, most), np.float32)
    for j in range(first, end):
        size = _chosen(j, lists, out[j])
        if size == 0:
            continue
        chosen = out[j]
        gram[:size, :size] = 0
        for r in range(size):
            i = chosen[r]
            q = 0
            for c in range(stored):
                other = near[i, c]
                if other < 0:
                    break
                while q < size and chosen[q] < other:
                    q += 1
                if q == size:
                    break
                # Of a sampled count and a whole one, the one of the rarer column is the whole one.
                if chosen[q] == other and (gram[r, q] == 0 or buyers[i] < buyers[other]):
                    gram[r, q] = count[i, c]
                    gram[q, r] = count[i, c]
            gram[r, r] = buyers[i] + ridge
        q = 0
        for c in range(stored):
            if q < size and near[j, c] == chosen[q]:
                weight[j, q] = count[j, c]
                q += 1
        _solve(gram, weight[j], size)


@njit(nogil=True, cache=True, fastmath=True)
def _dot(a, b, size):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for k in range(size):
        total += a[k] * b[k]
    return total


@njit(nogil=True, cache=True)
def _solve(gram, y, size):  # type: ignore[no-untyped-def]
    """Solves gram w = y in place by Cholesky's factor (Golub and Van Loan 2013, 4.2).

    Columns that are no stored neighbours of each other count 0 in G, so a pivot may vanish: that
    neighbour then says nothing that the ones before it do not, and gets the weight 0.
    """
    huge = np.float32(1e18)
    for r in range(size):
        for c in range(r):
            gram[r, c] = (gram[r, c] - _dot(gram[r], gram[c], c)) / gram[c, c]
        least = np.float32(1e-4) * gram[r, r]
        pivot = gram[r, r] - _dot(gram[r], gram[r], r)
        gram[r, r] = np.sqrt(pivot) if pivot > least else huge
        y[r] = (y[r] - _dot(gram[r], y, r)) / gram[r, r]
    for r in range(size - 1, -1, -1):
        w = y[r] / gram[r, r]
        y[r] = w
        for c in range(r):
            y[c] -= gram[r, c] * w


@njit(nogil=True, cache=True)
def _cosines(first, end, lists, shrink, out, weight):  # type: ignore[no-untyped-def]
    """Cosines of the products first … end - 1 with their strongest neighbours."""
    near, count, buyers = lists.near, lists.common, lists.buyers
    stored = near.shape[1]
    for j in range(first, end):
        size = _chosen(j, lists, out[j])
        q = 0
        for c in range(stored):
            if q < size and near[j, c] == out[j, q]:
                together = np.sqrt(buyers[j] * buyers[near[j, c]]) + shrink
                weight[j, q] = count[j, c] / together
                q += 1
