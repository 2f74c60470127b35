"""The CDNOW sample of Fader and Hardie, as the `lifetimes` package brings it along."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def cdnow() -> tuple[Vector, Vector, Vector]:
    """Customer, day and amount of the 1/10 sample, which the `lifetimes` package brings along."""
    found = find_spec("lifetimes")
    if found is None or found.origin is None:
        pytest.skip("the CDNOW sample is not installed")
    path = Path(found.origin).parent / "datasets" / "CDNOW_sample.txt"
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    dates = [f"{date[:4]}-{date[4:6]}-{date[6:]}" for _, _, date, _, _ in rows]
    day = np.array(dates, "datetime64[D]") - np.datetime64("1997-01-01")
    # Orders paid by a coupon cost nothing and are purchases in the paper: given as one cent.
    paid = np.array([max(float(row[4]), 0.01) for row in rows])
    return np.array([float(row[0]) for row in rows]), day.astype(np.float64), paid
