"""Which leads teach and which examine: folds in order of time, and the random ones beside them.

Rows are in order of time. A fold is (train rows, test rows); no row is in both.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to be examined on.

    weight: how much each row to learn from counts, None = all the same. columns: the window
    variables that the rows to learn from find informative, None = all of them. words: what these
    rows teach of all n rows' texts, (n, texts), None = there are none or the design has it.
    """

    train: Rows
    test: Rows
    weight: NDArray[np.float64] | None = None
    columns: Rows | None = None
    words: NDArray[np.float64] | None = None


def walk_forward(rows: int, folds: int, first_share: float = 0.5) -> list[Fold]:
    """Learn from everything before a block, be examined on the block, move on.

    The blocks cover the last 1 - first_share of the rows, oldest first.
    """
    edges = np.linspace(first_share * rows, rows, folds + 1).round().astype(int)
    return [
        Fold(np.arange(start), np.arange(start, end))
        for start, end in pairwise(edges)
        if start > 0 and end > start
    ]


def shuffled(rows: int, folds: int, seed: int = 0) -> list[Fold]:
    """Every row is examined once by a model that learned from the other folds; order is kept."""
    part = np.random.default_rng(seed).permutation(rows) % folds
    return [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(folds)]


def random_share(rows: int, train_share: float, seed: int) -> Fold:
    """One random split; both sides keep the order of time."""
    chosen = np.random.default_rng(seed).permutation(rows) < round(train_share * rows)
    return Fold(np.flatnonzero(chosen), np.flatnonzero(~chosen))
