"""Matrices of window variables in one call, and their names: what tests of the kernel need."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.kernel.blocks import SCOPES, Block, MatrixBuffer, features, rows
from redumbrella.features.kernel.streams import Log
from redumbrella.features.kernel.windows import FeatureSet
from redumbrella.features.names import column_names


def window_features(
    log: Log,
    person_index: NDArray[np.int32],
    as_of: NDArray[np.int64] | int,
    feature_set: FeatureSet,
    *,
    threads: int | None = None,
    buffer: MatrixBuffer | None = None,
) -> sp.csr_matrix:
    """Every window variable of one log: float32 CSR (n, columns), cells in order of column.

    `person_index` (n) are people of the log, -1 for someone without history; `as_of` is one
    instant or one per row. Columns are named by `names.column_names`. A row takes time in
    proportion to the history before its instant.

    Raises:
        DataError: a person that the log does not have, or lengths that differ.
    """
    block = Block(log, feature_set)
    return features([block], rows(person_index, as_of), threads=threads, buffer=buffer)


def scoped_features(
    log: Log,
    person_index: NDArray[np.int32],
    as_of: NDArray[np.int64] | int,
    product: NDArray[np.int32],
    product_type: NDArray[np.int32],
    feature_set: FeatureSet,
    *,
    threads: int | None = None,
) -> sp.csr_matrix:
    """The variables of one log three times: this product, this product type, everything.

    `product` (n) is each row's product, `product_type` the type of each product. A row or fact
    without a product has nothing in the first two scopes.
    """
    blocks = [Block(log, feature_set, scope) for scope in SCOPES]
    asked = rows(person_index, as_of, product, product_type)
    return features(blocks, asked, threads=threads)


def block_names(blocks: list[Block]) -> list[str]:
    """The names of all columns that `kernel.features` makes of the blocks."""
    return [
        name
        for block in blocks
        for name in column_names(block.log.stream, block.feature_set, block.scope)
    ]
