"""Which of very many columns say anything about an outcome, found in one pass over the matrix.

In: a sparse matrix and the outcomes of its rows (training rows only: the screen learns). Out: the
columns in order of their mutual information with the outcome. Promise: nothing but the given rows
is seen, and equal input gives equal order.

Each column's values are put into bins half a power of two wide; what is not stored, or is stored
as zero, is a bin of its own, and negative values are another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.kernel.compiled import njit
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

    See `screen_columns_of_many`, of which this is the case of one outcome.
    """
    outcomes = np.asarray(outcome, np.bool_)[:, None]
    return screen_columns_of_many(matrix, outcomes, [top], alike=alike, threads=threads)[0]


def screen_columns_of_many(
    matrix: sp.csr_matrix,
    outcomes: NDArray[np.bool_],
    tops: Sequence[int],
    *,
    alike: NDArray[np.int64] | None = None,
    threads: int | None = None,
) -> list[Screen]:
    """The best columns of a matrix (n, columns) by information on each of k outcomes (n, k).

    tops: how many columns of each outcome, (k,). Columns with no information beyond chance are
    never among them; equals keep their order. All rows are counted once; for each outcome, only
    the rows of its rarer answer are counted again.
    alike: (columns,) number of the group of columns that say nearly the same, such as one variable
    in all its windows. Half of a top, but no more than 400, are the best columns; the others are
    the best of what is left of every group in turn: ten windows of a frequent kind tell a model
    less than ten kinds.

    Raises:
        DataError: the outcomes are not one per row, or are all the same.
    """
    outcomes = np.asarray(outcomes, np.bool_)
    for positives in outcomes.sum(axis=0).tolist():
        if len(outcomes) != matrix.shape[0] or positives in {0, len(outcomes)}:
            raise DataError(
                f"{len(outcomes)} outcomes ({positives} of them yes) for {matrix.shape[0]} rows "
                "tell no column from another. Give one outcome per row, with both yes and no "
                "among them.",
                reason="no_outcomes",
            )
    cells = _Cells.of(matrix, threads or available_threads())
    information = np.empty((outcomes.shape[1], matrix.shape[1]))
    for first in range(0, matrix.shape[1], _COLUMNS_PER_PASS):
        columns = slice(first, min(first + _COLUMNS_PER_PASS, matrix.shape[1]))
        counted = _Counted.of(cells, columns)
        for k, outcome in enumerate(outcomes.T):
            information[k, columns] = counted.information(outcome)
    return [_best(each, top, alike) for each, top in zip(information, tops, strict=True)]


def _best(information: NDArray[np.float64], top: int, alike: NDArray[np.int64] | None) -> Screen:
    """The `top` columns by their information (columns,)."""
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


@dataclass(frozen=True, eq=False)
class _Cells:
    """The stored cells of a CSR matrix, their values as the bits of float32."""

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    bits: NDArray[np.uint32]
    threads: int

    @classmethod
    def of(cls, matrix: sp.csr_matrix, threads: int) -> "_Cells":
        bits = np.asarray(matrix.data, np.float32).view(np.uint32)
        return cls(read_only(matrix.indptr), read_only(matrix.indices), read_only(bits), threads)

    def counted(self, rows: NDArray[np.intp], columns: slice) -> NDArray[np.int32]:
        """How many of some rows fall into each bin of each column (columns, bins + 1).

        The last bin is zero.
        """
        stored = int((self.indptr[rows + 1] - self.indptr[rows]).sum(dtype=np.int64))
        threads = min(self.threads, max(1, stored // 1_000_000))
        parts = np.zeros((threads, columns.stop - columns.start, _BINS + 1), np.int32)
        borders = [rows.size * part // threads for part in range(threads + 1)]
        in_chunks(
            lambda part, _: _count_bins(
                read_only(rows[borders[part] : borders[part + 1]]),
                self.indptr,
                self.indices,
                self.bits,
                columns.start,
                parts[part],
            ),
            threads,
            chunk=1,
            threads=threads,
        )
        counts: NDArray[np.int32] = parts[0] if threads == 1 else parts.sum(axis=0, dtype=np.int32)
        counts[:, _BINS] = rows.size - counts.sum(axis=1)
        return counts


@dataclass(frozen=True, eq=False)
class _Counted:
    """Some columns with all n rows counted.

    `filled`: the bins that hold any row, m numbers into (columns x bins). `of_bin`: rows in each
    of them, (m, 1). `gain`: working memory, (columns x bins, 2), zero where no row is.
    """

    cells: _Cells
    columns: slice
    n: int
    filled: NDArray[np.intp]
    of_bin: NDArray[np.int64]
    bins: NDArray[np.intp]  # filled ones of each column
    gain: NDArray[np.float64]

    @classmethod
    def of(cls, cells: _Cells, columns: slice) -> "_Counted":
        n = cells.indptr.size - 1
        counts = cells.counted(np.arange(n), columns)
        filled = np.flatnonzero(counts)
        of_bin = counts.ravel()[filled].astype(np.int64)[:, None]
        gain = np.zeros((counts.size, 2))
        return cls(cells, columns, n, filled, of_bin, np.count_nonzero(counts, axis=1), gain)

    def information(self, outcome: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mutual information per row of each column with the outcome, less chance's expectation.

        Sum of p(x, y) ln(p(x, y) / (p(x) p(y))) (Cover and Thomas, Elements of Information Theory,
        eq. 2.28). Independent columns with k filled bins reach (k - 1) / 2n on average (Miller
        1955), which is subtracted.
        """
        rows = np.flatnonzero(outcome)
        positives, rare = rows.size, 1
        if 2 * positives > self.n:
            rows, rare = np.flatnonzero(~outcome), 0
        histogram = np.empty((self.filled.size, 2), np.int64)
        histogram[:, rare] = self.cells.counted(rows, self.columns).ravel()[self.filled]
        histogram[:, 1 - rare] = self.of_bin[:, 0] - histogram[:, rare]
        rate = np.array([1 - positives / self.n, positives / self.n])
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = histogram * np.log(histogram / (self.of_bin * rate))
        self.gain[self.filled] = np.where(histogram > 0, gain, 0.0)
        # Summed over all bins, filled or not: the order of the summands decides the last digit,
        # and the last digit decides between columns that say the same.
        total = self.gain.reshape(self.bins.size, -1, 2).sum(axis=(1, 2))
        information: NDArray[np.float64] = (total - (self.bins - 1) / 2) / self.n
        return information


@njit(nogil=True, cache=True)
def _count_bins(  # type: ignore[no-untyped-def]
    rows, indptr, indices, bits, first_column, histogram
):
    """Count the stored cells of some rows by column and bin."""
    for row in rows:
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
            histogram[column, bin_] += 1
