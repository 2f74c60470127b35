"""Some rows and some columns of a wide sparse matrix, cut out in one pass.

In: a CSR matrix, rows in any order, columns in ascending order. Out: the smaller CSR matrix, its
cells in order of column. scipy does the two cuts one after the other, each with a full copy.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.kernel.blocks import csr
from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.threads import read_only


def narrowed(
    matrix: sp.csr_matrix, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> sp.csr_matrix:
    """matrix[rows][:, columns] as float32 CSR."""
    place = np.full(matrix.shape[1], -1, np.int32)
    place[columns] = np.arange(len(columns), dtype=np.int32)
    parts = (
        read_only(matrix.indptr.astype(np.int64)),
        read_only(matrix.indices),
        read_only(matrix.data),
    )
    chosen = read_only(np.asarray(rows, np.int64))
    indptr = np.zeros(len(chosen) + 1, np.int64)
    _count(chosen, parts, place, indptr)
    indices, data = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    _copy(chosen, parts, place, indptr, indices, data)
    return csr(indptr, indices, data, len(columns))


@njit(nogil=True, cache=True)
def _count(rows, parts, place, indptr):  # type: ignore[no-untyped-def]
    """Write where each chosen row's kept cells begin."""
    begin, column, _ = parts
    for k in range(rows.size):
        kept = 0
        for cell in range(begin[rows[k]], begin[rows[k] + 1]):
            kept += place[column[cell]] >= 0
        indptr[k + 1] = indptr[k] + kept


@njit(nogil=True, cache=True)
def _copy(rows, parts, place, indptr, indices, data):  # type: ignore[no-untyped-def]
    """Write the kept cells of each chosen row."""
    begin, column, value = parts
    for k in range(rows.size):
        target = indptr[k]
        for cell in range(begin[rows[k]], begin[rows[k] + 1]):
            to = place[column[cell]]
            if to >= 0:
                indices[target] = to
                data[target] = value[cell]
                target += 1
