"""How much past to use, measured and not guessed: two questions to quick probes.

Do models see the time of arrival? Are old leads forgotten? Each way is tried by the same probes on
the same folds (evaluation.probes) and used where it is better by more than the error of the
difference, forgetting by more than two: what is forgotten is lost to all families. A decay that
leaves fewer than a hundred conversions is not tried.
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

# As a share of the record. A shorter one wins a period now and then and loses more in the next.
HALF_LIFE = 0.3
LEAST_CONVERSIONS = 100
ERRORS_TO_USE_ARRIVAL = 1.0
ERRORS_TO_FORGET = 2.0


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
    """The decay to train with, and all that were tried, the plain one first.

    Only folds that walk forward can tell whether to forget, and only probes that beat the base
    rate in the last one.
    """
    probes = plan_probes(won, folds, design.profile.shape[1])

    def tried(decay: Decay) -> DecayTrial:
        seen = arrival.beside(design, position) if decay.uses_arrival and arrival else design
        trials.append(DecayTrial(decay, probes.losses(seen, decay)))
        return trials[-1]

    trials: list[DecayTrial] = []
    used = tried(Decay())
    if arrival is not None:
        used = _better(used, tried(Decay(uses_arrival=True)), ERRORS_TO_USE_ARRIVAL)
    conversions = float(min(won.sum(), (1.0 - won).sum()))
    if probes.forward and _kept(HALF_LIFE) * conversions >= LEAST_CONVERSIONS:
        forgetting = tried(Decay(HALF_LIFE, used.decay.uses_arrival))
        # Where even the last period is told worse than by the base rate, as with hundreds of
        # columns, to forget only means to learn less.
        if float(forgetting.losses[-1].mean()) < probes.base_loss():
            used = _better(used, forgetting, ERRORS_TO_FORGET)
    return used.decay, trials


def _better(plain: DecayTrial, other: DecayTrial, errors: float) -> DecayTrial:
    """The other one where its log loss is lower by more than so many errors, else the plain one."""
    gain, error = lasting_difference(plain.losses, other.losses)
    return other if gain > errors * error else plain


def _kept(half_life: float) -> float:
    """Share of the record's weight that this half-life leaves: the mean of 0.5^(age / h)."""
    return float(half_life / np.log(2.0) * (1.0 - 0.5 ** (1.0 / half_life)))
