"""Measured numbers with their errors, as all reports write them."""

from typing import Literal

from typing_extensions import TypedDict

Family = str  # a name of models.registry.FAMILIES, or "blend"
Regime = Literal["prior", "rules", "shrunken", "model"]

VerdictName = Literal["ready", "with care", "not ready"]


class MeanError(TypedDict):
    """A metric's mean over the folds and the standard error of that mean."""

    mean: float | None
    se: float | None


class Measured(TypedDict):
    """A metric on one period and its standard error."""

    value: float | None
    se: float | None


class Spread(TypedDict):
    """A metric over repeated random splits: mean, standard deviation, smallest and largest."""

    mean: float
    sd: float
    low: float
    high: float
