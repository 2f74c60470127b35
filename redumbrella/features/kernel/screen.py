"""Which of very many columns say anything about an outcome, found in one pass over the matrix.

In: a sparse matrix and the outcomes of its rows (training rows only: the screen learns). Out: the
columns in order of their mutual information with the outcome. Promise: nothing but the given rows
is seen, and equal input gives equal order.

Each column's values are put into bins half a power of two wide; what is not stored, or is stored
as zero, is a bin of its own, and negative values are another.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.kernel.threads import available_threads, in_chunks, read_only

TOP_COLUMNS = 2_000
MOST_AS_THEY_COME = 400
_BINS = 64
# Bits 22 to 30 of a float32 are its exponent and the first digit of its mantissa. Bin 1 begins at
# 2^-12, which is the freshness of eleven years, and holds smaller positive numbers too.
_FIRST_BIN = (127 - 12) * 2 - 1
_COLUMNS_PER_PASS = 65_536


@dataclass(frozen=True, eq=False)
class Screen:
    """`order`: the most informative columns, best first. `information`: of each column, in nats.

    The information is corrected for chance, so a column that says nothing has about zero and may
    have less.
    """

    order: NDArray[np.int64]
    information: NDArray[np.float64]


def screen_columns(
    matrix: sp.csr_matrix,
    outcome: NDArray[np.bool_],
    *,
    top: int = TOP_COLUMNS,
    alike: NDArray[np.int64] | None = None,
    threads: int | None = None,
) -> Screen:
    """The `top` columns of a matrix (n, columns) by information on a yes/no outcome (n).

    Columns with no information beyond chance are never among them; equals keep their order.
    alike: (columns,) number of the group of columns that say nearly the same, such as one variable
    in all its windows. Half of `top`, but no more than 400, are the best columns; the others are
    the best of what is left of every group in turn: ten windows of a frequent kind tell a model
    less than ten kinds.

    Raises:
        DataError: the outcomes are not one per row, or are all the same.
    """
    outcome = np.asarray(outcome, np.bool_)
    positives = int(outcome.sum())
    if len(outcome) != matrix.shape[0] or positives in {0, len(outcome)}:
        raise DataError(
            f"{len(outcome)} outcomes ({positives} of them yes) for {matrix.shape[0]} rows tell "
            "no column from another. Give one outcome per row, with both yes and no among them.",
            reason="no_outcomes",
        )
    threads = min(threads or available_threads(), max(1, matrix.nnz // 1_000_000))
    information = np.concatenate(
        [
            np.empty(0),
            *(
                _information(_histogram(matrix, outcome, first, threads), outcome)
                for first in range(0, matrix.shape[1], _COLUMNS_PER_PASS)
            ),
        ]
    )
    order = np.argsort(-information, kind="stable")
    order = order[information[order] > 0]
    if alike is not None:
        order = _mixed(order, alike[order], top)
    return Screen(order[:top], information)


def _mixed(order: NDArray[np.intp], group: NDArray[np.int64], top: int) -> NDArray[np.intp]:
    """The very best as they come, then the best that is left of every group in turn."""
    first = min(top // 2, MOST_AS_THEY_COME)
    by_turn = np.argsort(_place_in_group(group[first:]), kind="stable")
    return np.concatenate([order[:first], order[first:][by_turn]])


def _place_in_group(group: NDArray[np.int64]) -> NDArray[np.intp]:
    """How many entries of the same group stand before each entry, (n,)."""
    by_group = np.argsort(group, kind="stable")
    ordered = group[by_group]
    place = np.empty(group.size, np.intp)
    place[by_group] = np.arange(group.size) - np.searchsorted(ordered, ordered)
    return place


def _histogram(
    matrix: sp.csr_matrix, outcome: NDArray[np.bool_], first_column: int, threads: int
) -> NDArray[np.int64]:
    """Rows by column, bin and outcome (columns, bins + 1, 2); the last bin is zero."""
    n, positives = len(outcome), np.count_nonzero(outcome)
    columns = min(_COLUMNS_PER_PASS, matrix.shape[1] - first_column)
    bits = np.asarray(matrix.data, np.float32).view(np.uint32)
    parts = np.zeros((threads, columns, _BINS, 2), np.int32)
    borders = [n * part // threads for part in range(threads + 1)]
    in_chunks(
        lambda part, _: _count_bins(
            borders[part],
            borders[part + 1],
            read_only(matrix.indptr),
            read_only(matrix.indices),
            read_only(bits),
            read_only(outcome),
            first_column,
            parts[part],
        ),
        threads,
        chunk=1,
        threads=threads,
    )
    stored = parts.sum(axis=0, dtype=np.int64)
    of_outcome = np.array([n - positives, positives], np.int64)
    return np.concatenate([stored, (of_outcome - stored.sum(axis=1))[:, None, :]], axis=1)


@njit(nogil=True, cache=True)
def _count_bins(  # type: ignore[no-untyped-def]
    first, end, indptr, indices, bits, outcome, first_column, histogram
):
    """Count the stored cells of the rows first … end - 1 by column, bin and outcome."""
    for row in range(first, end):
        said = 1 if outcome[row] else 0
        for cell in range(indptr[row], indptr[row + 1]):
            column = indices[cell] - first_column
            if column < 0 or column >= histogram.shape[0]:
                continue
            number = np.int64(bits[cell])
            if number & 0x7FFF_FFFF == 0:  # plus or minus zero
                continue
            # The sign is the highest bit.
            half_power = (number >> 22) - _FIRST_BIN
            bin_ = 0 if number >> 31 else min(max(half_power, 1), _BINS - 1)
            histogram[column, bin_, said] += 1


def _information(histogram: NDArray[np.int64], outcome: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mutual information per row of each column with the outcome, less its chance expectation.

    Sum of p(x, y) ln(p(x, y) / (p(x) p(y))) (Cover and Thomas, Elements of Information Theory,
    eq. 2.28). Independent columns with k filled bins reach (k - 1) / 2n on average (Miller 1955),
    which is subtracted.
    """
    n = len(outcome)
    rate = np.array([1 - outcome.mean(), outcome.mean()])
    of_bin = histogram.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(histogram > 0, histogram * np.log(histogram / (of_bin * rate)), 0.0)
    filled = (of_bin[:, :, 0] > 0).sum(axis=1)
    information: NDArray[np.float64] = (gain.sum(axis=(1, 2)) - (filled - 1) / 2) / n
    return information
