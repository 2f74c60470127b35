"""The contract of a model family: features in, log-odds of winning out, exact contributions.

A family is fitted once on a design and then only read. Its parameters are plain numbers and
arrays (`to_parts`), so that a model on disk is JSON and arrays, never a pickle.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature

Vector = NDArray[np.float64]
PROBABILITY_FLOOR = 1e-6


@dataclass(frozen=True)
class Parts:
    """A fitted family as data: JSON-ready `facts` and named `arrays`."""

    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Contributions:
    """Why each lead has its log-odds: base + values.sum(axis=1) = log_odds, to rounding.

    base: float, the log-odds of a lead about which nothing is known. values: (n, p + q), one
    column per feature of the design.
    """

    base: float
    values: Vector

    def scaled(self, slope: float, intercept: float) -> "Contributions":
        """The contributions after log-odds became intercept + slope * log-odds."""
        return Contributions(intercept + slope * self.base, slope * self.values)


Regime = Literal["prior", "rules", "shrunken", "model"]  # what the number of outcomes allows


class Family(ABC):
    """One way to believe: fit on outcomes, then log-odds and their reasons for any lead.

    name, label: in documents and in words. complexity: of two that are level the lower one is used.
    needs: the regime from which on it is compared. blends: whether it may be part of the blend.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    complexity: ClassVar[int]
    needs: ClassVar[Regime] = "model"
    blends: ClassVar[bool] = True

    @abstractmethod
    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Learns from n leads in order of time.

        won: (n,) 0 or 1. weight: (n,) > 0, how much each lead counts.
        """

    def quick(self) -> "Family":
        """An unfitted, cheaper copy of this fitted family, for measurements that repeat it."""
        return type(self)()

    @abstractmethod
    def log_odds(self, design: Design) -> Vector:
        """Log-odds of winning, (n,)."""

    @abstractmethod
    def contributions(self, design: Design) -> Contributions:
        """What each feature adds to the log-odds of each lead."""

    @abstractmethod
    def to_parts(self) -> Parts:
        """The fitted parameters as data."""

    @classmethod
    @abstractmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The family that `to_parts` described, for the features of its design."""


def base_log_odds(won: Vector, weight: Vector) -> float:
    """Log-odds of the weighted base rate, with one imaginary lead split in two (Jeffreys)."""
    return log_odds_of((float(weight @ won) + 0.5) / (float(weight.sum()) + 1.0))


def log_odds_of(probability: float) -> float:
    """ln(p / (1 - p)), with p kept inside (0, 1)."""
    p = min(max(probability, PROBABILITY_FLOOR), 1.0 - PROBABILITY_FLOOR)
    return float(np.log(p) - np.log1p(-p))


def probability_of(log_odds: Vector) -> Vector:
    """1 / (1 + exp(-log-odds)), kept inside (0, 1) by the probability floor."""
    p = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    return np.clip(p, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)


def prefixed(parts: Mapping[str, Parts]) -> Parts:
    """Several parts as one: array names are prefixed by the part's key."""
    facts = {key: part.facts for key, part in parts.items()}
    arrays = {
        f"{key}/{name}": array for key, part in parts.items() for name, array in part.arrays.items()
    }
    return Parts(facts, arrays)


def unprefixed(parts: Parts, key: str) -> Parts:
    """The part that `prefixed` stored under this key."""
    start = f"{key}/"
    arrays = {n.removeprefix(start): a for n, a in parts.arrays.items() if n.startswith(start)}
    return Parts(parts.facts[key], arrays)
