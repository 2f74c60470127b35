"""Quick probes: what a small model says about the next period, to choose what to learn from.

A probe is the mean of a small forest and a logistic model. It is asked about the same periods as
the families are asked about later, on at most MAX_ROWS leads; of hundreds of columns on fewer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from redumbrella.evaluation.examination import answer
from redumbrella.evaluation.metrics import Vector, row_log_loss
from redumbrella.features.matrix import Design
from redumbrella.models.base import probability_of
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.boosted import Boosted, Growth
from redumbrella.models.parallel import run_all
from redumbrella.training.decay import Decay
from redumbrella.training.splits import Fold, Rows, shuffled, walk_forward

MAX_ROWS = 15_000
MAX_VALUES = 1_600_000  # leads times columns; above 160 of these 15,000 leads are too many
ROUNDS = 50
VARIANCE = 0.1  # of the logistic model's coefficients
SHUFFLED_FOLDS = 3
STAGED_FOLDS = 3  # rows of one lead repeat each other, and wide histories take time


@dataclass(frozen=True, eq=False)
class Probes:
    """Some of the n closed leads, and the folds on which probes are asked about them.

    rows: which leads; won: their outcomes; forward: whether the folds follow each other in time.
    """

    rows: Rows
    won: Vector
    folds: Sequence[Fold]
    forward: bool

    def losses(self, design: Design, decay: Decay) -> list[Vector]:
        """Log loss of each lead, one array per fold. design: all n closed leads."""
        seen = design.take(self.rows)
        return run_all([partial(_probe, seen, self.won, fold, decay) for fold in self.folds])

    def base_loss(self) -> float:
        """Mean log loss in the last fold of the share won before it, said of everybody."""
        last = self.folds[-1]
        share = float(np.clip(self.won[last.train].mean(), 1e-3, 1.0 - 1e-3))
        return float(row_log_loss(np.full(last.test.size, share), self.won[last.test]).mean())


def plan_probes(won: Vector, folds: Sequence[Fold], columns: int) -> Probes:
    """Probes for n closed leads, in order of time, whose families are examined on these folds.

    columns: how many dense ones the designs have.
    """
    staged = folds[0].weight is not None
    rows = np.arange(0, won.size, 1 if staged else _every(won.size, columns))
    forward = all(fold.train.max() < fold.test.min() for fold in folds)
    if staged:
        asked = [_thinned(fold) for fold in folds[-STAGED_FOLDS:]]
    elif forward:
        # Fewer and longer periods ask to look further ahead, and choose otherwise.
        asked = walk_forward(rows.size, len(folds))
    else:
        asked = shuffled(rows.size, SHUFFLED_FOLDS)
    return Probes(rows, won[rows], asked, forward)


def _every(leads: int, columns: int) -> int:
    """Every how manyth lead takes part."""
    return max(1, leads // MAX_ROWS, round(leads * columns / MAX_VALUES))


def _thinned(fold: Fold) -> Fold:
    """The fold with every k-th row to learn from."""
    every = slice(None, None, max(1, fold.train.size // MAX_ROWS))
    weight = None if fold.weight is None else fold.weight[every]
    return Fold(fold.train[every], fold.test, weight, fold.columns, fold.words)


def _probe(design: Design, won: Vector, fold: Fold, decay: Decay) -> Vector:
    z = [
        answer(Boosted(given=Growth(ROUNDS)), design, won, fold, decay),
        answer(AdditiveLogistic(variance=VARIANCE), design, won, fold, decay),
    ]
    return row_log_loss(probability_of(np.mean(z, axis=0)), won[fold.test])
