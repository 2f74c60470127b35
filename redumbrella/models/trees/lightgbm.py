"""LightGBM as all of the house uses it: imported once and late, one form of matrix."""

import os
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design


def lightgbm() -> Any:
    """LightGBM, with threads that sleep while they wait: spinning costs up to 10 times."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import lightgbm as library

    return library


def tree_matrix(design: Design) -> NDArray[np.float64] | sp.csr_matrix:
    """A design's columns (n, columns) as LightGBM takes them: dense, or sparse with a history."""
    if design.history is None:
        return design.profile
    profile = sp.csr_matrix(np.where(design.profile == 0.0, 0.0, design.profile))
    return sp.hstack([profile, design.history], format="csr")
