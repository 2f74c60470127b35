"""The prior: every lead has the base rate. log-odds = ln(p / (1 - p)), p = share won."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Family, Parts, Regime, Vector, base_log_odds


@dataclass
class Prior(Family):
    """The base rate for everyone: the floor that every other family must beat."""

    features: tuple[Feature, ...] = ()
    start: float = 0.0

    name: ClassVar[str] = "prior"
    label: ClassVar[str] = "Base rate"
    complexity: ClassVar[int] = 0
    needs: ClassVar[Regime] = "prior"
    blends: ClassVar[bool] = False

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Weighted share won, with half an imaginary win and half a loss (Jeffreys)."""
        self.features = design.features
        self.start = base_log_odds(won, weight)
        return self

    def log_odds(self, design: Design) -> Vector:
        """The same number for every lead."""
        return np.full(design.rows, self.start)

    def contributions(self, design: Design) -> Contributions:
        """No feature contributes anything."""
        return Contributions(self.start, np.zeros((design.rows, len(self.features))))

    def to_parts(self) -> Parts:
        """One number."""
        return Parts({"start": self.start}, {})

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        return cls(features, parts.facts["start"])
