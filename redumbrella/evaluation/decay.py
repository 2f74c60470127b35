"""How much past to use, measured and not guessed: decays compared on the same folds.

Each candidate decay trains quick probes (evaluation.probes). The plainest one wins unless another
is better by more than the error of the difference from period to period; a decay so short that
fewer than a hundred conversions remain is not tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from redumbrella.evaluation.comparison import lasting_difference
from redumbrella.evaluation.metrics import Vector
from redumbrella.evaluation.probes import plan_probes
from redumbrella.features.matrix import Design
from redumbrella.training.arrival import ArrivalTime
from redumbrella.training.decay import Decay
from redumbrella.training.splits import Fold

# Faster forgetting wins a period now and then and loses more in the next one.
HALF_LIVES = (None, 0.3)
LEAST_CONVERSIONS = 100


@dataclass(frozen=True)
class DecayTrial:
    """One decay and the log loss of each lead, one array per fold."""

    decay: Decay
    losses: Sequence[Vector]

    @property
    def log_loss(self) -> float:
        """Mean log loss over the folds."""
        return float(np.mean([fold.mean() for fold in self.losses]))


def choose_decay(
    design: Design,
    won: Vector,
    position: Vector,
    arrival: ArrivalTime | None,
    folds: Sequence[Fold],
) -> tuple[Decay, list[DecayTrial]]:
    """The decay to train with, and all trials; folds decide whether time matters.

    Folds that walk forward try every half-life; shuffled folds only whether the arrival helps.
    """
    probes = plan_probes(won, folds)
    conversions = float(min(won.sum(), (1.0 - won).sum()))
    half_lives = [
        h
        for h in HALF_LIVES
        if h is None or (probes.forward and _kept(h) * conversions >= LEAST_CONVERSIONS)
    ]
    trials = []
    for uses_arrival in (False, True) if arrival is not None else (False,):
        seen = arrival.beside(design, position) if uses_arrival and arrival is not None else design
        for half_life in half_lives:
            decay = Decay(half_life, uses_arrival)
            trials.append(DecayTrial(decay, probes.losses(seen, decay)))
    return _plainest_good(trials).decay, trials


def _kept(half_life: float) -> float:
    """Share of the record's weight that this half-life leaves: the mean of 0.5^(age / h)."""
    return float(half_life / np.log(2.0) * (1.0 - 0.5 ** (1.0 / half_life)))


def _plainest_good(trials: Sequence[DecayTrial]) -> DecayTrial:
    best = min(trials, key=lambda trial: trial.log_loss)
    for trial in trials:
        difference, error = lasting_difference(trial.losses, best.losses)
        if difference <= error:
            return trial
    return best
