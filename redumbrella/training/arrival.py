"""How much past to use: how fast old leads are forgotten, and whether models see the time itself.

A lead's weight halves for every `half_life` of the closed record that lies between it and the
instant of training. The clock tells each lead's place in the record: 0 first, 1 latest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature

GRID = 512
CLOCK_NAME = "arrival"


@dataclass(frozen=True)
class Clock:
    """Positions in time as shares of the closed record: grid[k] stands for k / (len - 1)."""

    grid: NDArray[np.float64]
    source: str

    def read(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (n,) as shares from 0 to 1; later than all closed leads is 1."""
        shares = np.linspace(0.0, 1.0, self.grid.size)
        return np.interp(position, self.grid, shares)

    def beside(self, design: Design, position: NDArray[np.float64]) -> Design:
        """The design with the clock as one more profile column."""
        p = design.profile.shape[1]
        feature = Feature(CLOCK_NAME, self.source, "number")
        features = (*design.features[:p], feature, *design.features[p:])
        profile = np.column_stack([design.profile, self.read(position)])
        return Design(features, profile, design.history)

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        return {"grid": self.grid.tolist(), "source": self.source}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Clock":
        """The clock that `to_json` wrote."""
        return Clock(np.array(document["grid"], np.float64), document["source"])


def fit_clock(position: NDArray[np.float64], source: str) -> Clock:
    """Learns the grid from the positions of the closed leads, in order of time."""
    grid = np.quantile(position, np.linspace(0.0, 1.0, min(GRID, position.size)))
    return Clock(np.asarray(grid, np.float64), source)


def stopped_at(design: Design, latest: float) -> Design:
    """The design with the clock stopped: what comes later looks like the latest that was known."""
    names = [feature.name for feature in design.profile_features]
    if CLOCK_NAME not in names:
        return design
    profile = design.profile.copy()
    column = names.index(CLOCK_NAME)
    profile[:, column] = np.minimum(profile[:, column], latest)
    return Design(design.features, profile, design.history)
