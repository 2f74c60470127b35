"""When a lead arrived, as a feature: its place in the record, from 0 (first) to 1 (latest)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature

GRID = 512
ARRIVAL_NAME = "(arrival)"  # in brackets, as a field of the company's own may be called arrival


@dataclass(frozen=True)
class ArrivalTime:
    """Positions in time as shares of the closed record: grid[k] stands for k / (len - 1)."""

    grid: NDArray[np.float64]
    source: str

    def read(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (n,) as shares from 0 to 1; later than all closed leads is 1."""
        shares = np.linspace(0.0, 1.0, self.grid.size)
        return np.interp(position, self.grid, shares)

    def beside(self, design: Design, position: NDArray[np.float64]) -> Design:
        """The design with the arrival as one more profile column."""
        p = design.profile.shape[1]
        feature = Feature(ARRIVAL_NAME, self.source, "number")
        features = (*design.features[:p], feature, *design.features[p:])
        profile = np.column_stack([design.profile, self.read(position)])
        return Design(features, profile, design.history)

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        return {"grid": self.grid.tolist(), "source": self.source}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "ArrivalTime":
        """The arrival that `to_json` wrote."""
        return ArrivalTime(np.array(document["grid"], np.float64), document["source"])


def fit_arrival_time(position: NDArray[np.float64], source: str) -> ArrivalTime:
    """Learns the grid from the positions of the closed leads, in order of time."""
    grid = np.quantile(position, np.linspace(0.0, 1.0, min(GRID, position.size)))
    return ArrivalTime(np.asarray(grid, np.float64), source)


def arrival_stopped_at(design: Design, latest: float) -> Design:
    """The design with arrival stopped: what comes later looks like the latest that was known."""
    names = [feature.name for feature in design.profile_features]
    if ARRIVAL_NAME not in names:
        return design
    profile = design.profile.copy()
    column = names.index(ARRIVAL_NAME)
    profile[:, column] = np.minimum(profile[:, column], latest)
    return Design(design.features, profile, design.history)
