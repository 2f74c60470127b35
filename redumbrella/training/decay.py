"""How fast the past is forgotten: the weight of a lead by its age (exponential decay).

A lead's weight halves for every `half_life` of the closed record that lies between it and the
instant of training.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Decay:
    """half_life: share of the closed record after which a lead counts half; None forgets nothing.

    uses_arrival: whether the time of arrival is a feature.
    """

    half_life: float | None = None
    uses_arrival: bool = False

    def weights(self, rows: int) -> NDArray[np.float64]:
        """Weights of `rows` leads in order of time, the latest counting 1."""
        if self.half_life is None:
            return np.ones(rows)
        age = (rows - 1 - np.arange(rows)) / max(rows, 1)
        return np.asarray(0.5 ** (age / self.half_life), np.float64)
