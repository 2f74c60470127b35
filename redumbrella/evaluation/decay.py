"""How much past to use, measured and not guessed: memories compared on the same folds.

Each candidate memory trains quick probes (evaluation.probes). The plainest one wins unless another
is better by more than the error of the difference from period to period; a memory so short that
fewer than a hundred conversions remain is not tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from redumbrella.evaluation.comparison import lasting_difference
from redumbrella.evaluation.metrics import Vector
from redumbrella.evaluation.probes import plan_probes
from redumbrella.features.matrix import Design
from redumbrella.training.arrival import Clock
from redumbrella.training.decay import Memory
from redumbrella.training.splits import Fold

# Faster forgetting wins a period now and then and loses more in the next one.
HALF_LIVES = (None, 0.3)
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
    probes = plan_probes(won, folds)
    conversions = float(min(won.sum(), (1.0 - won).sum()))
    half_lives = [
        h
        for h in HALF_LIVES
        if h is None or (probes.forward and _kept(h) * conversions >= LEAST_CONVERSIONS)
    ]
    trials = []
    for sees_clock in (False, True) if clock is not None else (False,):
        seen = clock.beside(design, position) if sees_clock and clock is not None else design
        for half_life in half_lives:
            memory = Memory(half_life, sees_clock)
            trials.append(MemoryTrial(memory, probes.losses(seen, memory)))
    return _plainest_good(trials).memory, trials


def _kept(half_life: float) -> float:
    """Share of the record's weight that this half-life leaves: the mean of 0.5^(age / h)."""
    return float(half_life / np.log(2.0) * (1.0 - 0.5 ** (1.0 / half_life)))


def _plainest_good(trials: Sequence[MemoryTrial]) -> MemoryTrial:
    best = min(trials, key=lambda trial: trial.log_loss)
    for trial in trials:
        difference, error = lasting_difference(trial.losses, best.losses)
        if difference <= error:
            return trial
    return best
