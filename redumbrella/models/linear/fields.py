"""The logistic model of single fields, which several families begin with, fitted once for them all.

In: a design, outcomes, weights. Out: its encoding, the ridge of each column, the coefficients. What
was fitted is kept as long as the design itself: families that learn from the same design, each in a
thread of its own, do not repeat it. Promise: the same answers as if each had fitted it alone.
"""

from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from redumbrella.features.matrix import Design
from redumbrella.models.base import Vector, base_log_odds
from redumbrella.models.linear.encoding import Encoding, fit_encoding
from redumbrella.models.linear.ridge import fit_ridges

KNOTS = (1, 3, 5)  # of the seven inner quantiles: the quartiles


@dataclass(frozen=True)
class Fields:
    """A fitted model of m encoded columns.

    variance: (m,) 1 / ridge of each column, None where there is nothing to learn from.
    means: (m,) the usual lead.
    """

    encoding: Encoding
    variance: Vector | None
    means: Vector
    intercept: float
    coefficients: Vector

    @property
    def variance_without_knots(self) -> Vector | None:
        """The ridges of the columns of an encoding that has no knots."""
        return None if self.variance is None else self.variance[~self.encoding.at_knots]


def fit_fields(design: Design, won: Vector, weight: Vector) -> Fields:
    """The model of n leads. won: (n,) 0 or 1. weight: (n,) > 0, how much each lead counts."""
    with _GUARD:
        known = _KNOWN.setdefault(design, _Known())
    with known.lock:  # a family that comes second waits for what the first one fits
        if known.fields is None or not known.is_about(won, weight):
            known.won, known.weight = won, weight
            known.fields = _fit(design, won, weight)
        return known.fields


@dataclass
class _Known:
    """What was fitted on a design last, and to which outcomes and weights."""

    lock: Lock = field(default_factory=Lock)
    fields: Fields | None = None
    won: Vector = field(default_factory=lambda: np.empty(0))
    weight: Vector = field(default_factory=lambda: np.empty(0))

    def is_about(self, won: Vector, weight: Vector) -> bool:
        return np.array_equal(self.won, won) and np.array_equal(self.weight, weight)


_GUARD = Lock()
_KNOWN: "WeakKeyDictionary[Design, _Known]" = WeakKeyDictionary()


def _fit(design: Design, won: Vector, weight: Vector) -> Fields:
    encoding = fit_encoding(design, KNOTS)
    X = encoding.transform(design)
    means = np.asarray(weight @ X).ravel() / weight.sum()
    if not 0 < won.sum() < won.size or not X.shape[1]:
        return Fields(encoding, None, means, base_log_odds(won, weight), np.zeros(X.shape[1]))
    variance, fit = fit_ridges(X, won, weight, encoding.group(design.features))
    return Fields(encoding, variance, means, *fit)
