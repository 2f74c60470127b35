"""Which leads families are asked about, and which they learn from then: what scoring will ask.

In: observations in order of time and what may be believed of so many. Out: folds that walk forward
in time or are drawn at random. No lead is asked about that the fold has learned from.
"""

from dataclasses import replace

from redumbrella.evaluation.metrics import Vector
from redumbrella.evaluation.regime import SHRUNKEN_BELOW, Regime
from redumbrella.training.observations import Observations
from redumbrella.training.splits import Fold, shuffled, walk_forward
from redumbrella.training.stages import forward_folds, shuffled_folds

FOLDS = 5
# Three folds of a large record learn from half as many rows in all as five.
FOLDS_OF_MANY, MANY_ROWS = 3, 60_000
LEAST_FOLDS = 2


def plan_folds(observed: Observations, regime: Regime) -> tuple[list[Fold], bool]:
    """Folds that ask what scoring will ask.

    Open leads that came after the closed ones: walk forward in time. Open leads among the closed
    ones, no order of time, or too few conversions to cut in periods: shuffled.
    """
    rows = observed.won.size
    forward = observed.order != "none" and not observed.open_among and regime.name == "model"
    if observed.stages is not None:
        folds = forward_folds(observed.stages, FOLDS) if forward else []
        if len(folds) >= LEAST_FOLDS:
            return folds, True
        return shuffled_folds(observed.stages, _drawn_folds(rows)), False
    if forward:
        return _forward(observed), True
    return shuffled(rows, _drawn_folds(rows)), False


def _forward(observed: Observations) -> list[Fold]:
    """Folds in time; where leads wait before they teach, they wait before each fold too."""
    folds = walk_forward(observed.won.size, FOLDS)
    if not observed.waits:
        return folds
    waited = [_with_waiting(fold, observed) for fold in folds]
    enough = [fold for fold in waited if _scarcer(observed.won[fold.train]) >= SHRUNKEN_BELOW]
    return enough if len(enough) >= LEAST_FOLDS else folds


def _with_waiting(fold: Fold, observed: Observations) -> Fold:
    begin = observed.position[fold.test[0]]
    return replace(fold, train=fold.train[observed.position[fold.train] < begin - observed.waits])


def _scarcer(won: Vector) -> float:
    """How many there are of the scarcer outcome."""
    return float(min(won.sum(), (1.0 - won).sum()))


def _drawn_folds(rows: int) -> int:
    """How many folds to draw; each row is asked about once in any case."""
    return FOLDS_OF_MANY if rows > MANY_ROWS else min(FOLDS, rows)
