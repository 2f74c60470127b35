"""Logistic regression in straight lines: a number counts by its scaled value alone.

Nothing steps or bends, so that what lies beyond the record continues the line that the record
shows as a whole. `AdditiveLogistic` goes on as its last quarter did. Which of the two is right
nobody knows before, so both are compared, and a blend hedges (decision 5). Every coefficient has
the same weak prior, Normal(0, 1): an estimated ridge would draw in the slopes by what the record
says of them, and with them how far they go on (decision 19).
"""

from dataclasses import dataclass
from typing import ClassVar

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Regime, Vector
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.linear.encoding import Encoding, fit_encoding


@dataclass
class LinearLogistic(AdditiveLogistic):
    """A ridge-logistic model of scaled numbers and one-hot categories."""

    variance: float | Vector | None = 1.0

    name: ClassVar[str] = "straight"
    label: ClassVar[str] = "Logistic regression, straight"
    complexity: ClassVar[int] = 4
    needs: ClassVar[Regime] = "model"

    def _fit_encoding(self, design: Design) -> Encoding:
        return fit_encoding(design, steps=False)


def has_numbers(features: tuple[Feature, ...]) -> bool:
    """Whether anything can be straight: without numbers there is nothing to go on."""
    return any(feature.kind == "number" for feature in features)
