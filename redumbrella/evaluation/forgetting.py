"""How much past to use, measured and not guessed: memories compared on the same folds.

Each candidate memory trains two quick probes (a small forest, a logistic model) whose mean is
asked about the next period, the same periods as the families are asked about later. The plainest
memory wins unless another is better by more than the standard error of the paired difference; a
memory so short that fewer than a hundred conversions remain is not tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from redumbrella.evaluation.comparison import paired_difference
from redumbrella.evaluation.examination import answer
from redumbrella.evaluation.metrics import Vector, row_log_loss
from redumbrella.features.matrix import Design
from redumbrella.models.base import probability_of
from redumbrella.models.boosted import Boosted, Growth
from redumbrella.models.logistic import Logistic
from redumbrella.models.parallel import run_all
from redumbrella.training.memory import Clock, Memory
from redumbrella.training.splits import Fold, shuffled, walk_forward

# Faster forgetting wins a period now and then and loses more in the next one.
HALF_LIVES = (None, 0.3)
MAX_ROWS = 15_000
PROBE_ROUNDS = 50
SHUFFLED_FOLDS = 3
STAGED_FOLDS = 3  # rows of one lead repeat each other, and wide histories take time
LEAST_CONVERSIONS = 100


@dataclass(frozen=True)
class MemoryTrial:
    """One memory and the log loss of each lead, one array per fold."""

    memory: Memory
    losses: Sequence[Vector]

    @property
    def log_loss(self) -> float:
        """Mean log loss over the folds."""
        return float(np.mean([fold.mean() for fold in self.losses]))


def choose_memory(
    design: Design, won: Vector, position: Vector, clock: Clock | None, folds: Sequence[Fold]
) -> tuple[Memory, list[MemoryTrial]]:
    """The memory to train with, and all trials; folds decide whether time matters.

    Folds that walk forward try every half-life; shuffled folds only whether the clock helps.
    """
    staged = folds[0].weight is not None
    thin = np.arange(0, won.size, 1 if staged else max(1, won.size // MAX_ROWS))
    forward = all(fold.train.max() < fold.test.min() for fold in folds)
    conversions = float(min(won.sum(), (1.0 - won).sum()))
    half_lives = [
        h
        for h in HALF_LIVES
        if h is None or (forward and _kept(h) * conversions >= LEAST_CONVERSIONS)
    ]
    if staged:
        probe_folds = [_thinned(fold) for fold in folds[-STAGED_FOLDS:]]
    elif forward:
        # Fewer and longer periods ask the clock to look further ahead, and choose otherwise.
        probe_folds = walk_forward(thin.size, len(folds))
    else:
        probe_folds = shuffled(thin.size, SHUFFLED_FOLDS)
    trials = []
    for sees_clock in (False, True) if clock is not None else (False,):
        seen = clock.beside(design, position) if sees_clock and clock is not None else design
        for half_life in half_lives:
            memory = Memory(half_life, sees_clock)
            probes = [
                partial(_probe, seen.take(thin), won[thin], fold, memory) for fold in probe_folds
            ]
            trials.append(MemoryTrial(memory, run_all(probes)))
    return _plainest_good(trials).memory, trials


def _thinned(fold: Fold) -> Fold:
    """The fold with every k-th row to learn from."""
    every = slice(None, None, max(1, fold.train.size // MAX_ROWS))
    weight = None if fold.weight is None else fold.weight[every]
    return Fold(fold.train[every], fold.test, weight, fold.columns)


def _kept(half_life: float) -> float:
    """Share of the record's weight that this half-life leaves: the mean of 0.5^(age / h)."""
    return float(half_life / np.log(2.0) * (1.0 - 0.5 ** (1.0 / half_life)))


def _probe(design: Design, won: Vector, fold: Fold, memory: Memory) -> Vector:
    z = [
        answer(Boosted(given=Growth(PROBE_ROUNDS)), design, won, fold, memory),
        answer(Logistic(variance=0.1), design, won, fold, memory),
    ]
    return row_log_loss(probability_of(np.mean(z, axis=0)), won[fold.test])


def _plainest_good(trials: Sequence[MemoryTrial]) -> MemoryTrial:
    best = min(trials, key=lambda trial: trial.log_loss)
    for trial in trials:
        difference, error = paired_difference(trial.losses, best.losses)
        if difference <= error:
            return trial
    return best
