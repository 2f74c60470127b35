"""Ranks of numbers; equal ones share the mean of theirs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mean_ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """The rank of each value from 1, (n,), equal ones the mean of their ranks.

    As scipy.stats.rankdata, whose package takes longer to load than most commands to answer.
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    mean: NDArray[np.float64] = (last - (count - 1) / 2.0)[place]
    return mean
