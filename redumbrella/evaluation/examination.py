"""Examining families: fit on each fold's past, ask about its test leads, keep the answers.

Nothing here looks at an answer before it is given: every log-odds below comes from a model that
has not seen the lead. The calibration and the blend of a fold come from what was known when it was
asked: where folds walk forward in time from the folds before it, else from all others.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import numpy as np

from redumbrella.features.matrix import Design
from redumbrella.models.base import Family, Vector, probability_of
from redumbrella.models.blend import fit_weights, pooled
from redumbrella.models.calibration import Calibration, fit_calibration
from redumbrella.models.parallel import run_all
from redumbrella.models.registry import FAMILIES
from redumbrella.training.arrival import ARRIVAL_NAME, arrival_stopped_at
from redumbrella.training.decay import Decay
from redumbrella.training.splits import Fold, Rows

Maker = Callable[[], Family]
BLEND = "blend"
BLENDABLE = tuple(name for name, family in FAMILIES.items() if family.blends)
# Where folds walk forward, each says so much less than the one after it about the level of today.
FADING = 0.5


@dataclass
class Examination:
    """Answers per family and fold. log_odds[family][fold] is (test rows of the fold,).

    forward: whether the folds follow each other in time.
    """

    folds: Sequence[Fold]
    won: list[Vector]
    log_odds: dict[str, list[Vector]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    forward: bool = False

    def known(self, at: int | None = None) -> list[int]:
        """Numbers of the folds whose outcomes were known when fold `at` was asked (None: now)."""
        count = len(self.folds)
        if at is not None and self.forward:
            return list(range(at))
        return [k for k in range(count) if k != at]

    def calibration(self, family: str, at: int | None = None) -> Calibration:
        """The calibration that the folds ask for that were known when fold `at` was asked."""
        known, answers = self.known(at), self.log_odds[family]
        raw, won = [answers[k] for k in known], [self.won[k] for k in known]
        return fit_calibration(raw, won, self._shares(known), forward=self.forward)

    def calibrated(self, family: str) -> list[Vector]:
        """Calibrated log-odds per fold, by what was known when each was asked."""
        return [
            self.calibration(family, at=k).apply(z) for k, z in enumerate(self.log_odds[family])
        ]

    def probability(self, family: str) -> list[Vector]:
        """Calibrated probabilities per fold, by what was known when each was asked."""
        return [probability_of(z) for z in self.calibrated(family)]

    def blend_weights(self, at: int | None = None) -> dict[str, float]:
        """Weights of the blend by the folds that were known when fold `at` was asked."""
        known = self.known(at)
        members = {
            name: [self.log_odds[name][k] for k in known]
            for name in BLENDABLE
            if name in self.log_odds
        }
        even = np.full(len(known), 1.0 / max(len(known), 1))
        return fit_weights(members, [self.won[k] for k in known], even)

    def add_blend(self) -> None:
        """Adds the family `blend`, each fold with the weights that were known when it was asked.

        Where none of the families can be blended there is none.
        """
        members = [name for name in BLENDABLE if name in self.log_odds]
        if not members:
            return
        answers = []
        for k in range(len(self.folds)):
            weights = self.blend_weights(at=k)
            answers.append(pooled({name: self.log_odds[name][k] for name in weights}, weights))
        self.log_odds[BLEND] = answers
        self.seconds[BLEND] = sum(self.seconds[name] for name in members)

    def _shares(self, folds: Sequence[int]) -> Vector:
        """How much each of these folds counts, (folds,): the latest most, if they are in time."""
        age = len(self.folds) - 1.0 - np.asarray(folds, np.float64)
        share = FADING**age if self.forward else np.ones(len(folds))
        return np.asarray(share / share.sum() if len(folds) else share)


def examine(
    families: Mapping[str, Maker],
    design: Design,
    won: Vector,
    folds: Sequence[Fold],
    decay: Decay,
    report: Callable[[str, float], None],
    forward: bool = False,
) -> Examination:
    """Fits every family on every fold. design, won: n closed leads in order of time.

    forward: whether the folds follow each other in time.
    """
    result = Examination(folds, [won[fold.test] for fold in folds], forward=forward)
    taken = _Taken(design, folds, len(families))
    jobs = [(name, k) for k in range(len(folds)) for name in families]
    done = 0

    def task(name: str, k: int) -> tuple[Vector, float]:
        nonlocal done
        start = time.perf_counter()
        answers = _answer(families[name](), taken.next(k), won, folds[k], decay)
        done += 1
        report(f"Comparing families: {name.replace('_', ' ')}", done / len(jobs))
        return answers, time.perf_counter() - start

    for (name, _), (answers, seconds) in zip(
        jobs, run_all([partial(task, *job) for job in jobs]), strict=True
    ):
        result.log_odds.setdefault(name, []).append(answers)
        result.seconds[name] = result.seconds.get(name, 0.0) + seconds
    return result


def answer(family: Family, design: Design, won: Vector, fold: Fold, decay: Decay) -> Vector:
    """Log-odds of the fold's test leads from a family that learned its training leads."""
    return _answer(family, _take(design, fold), won, fold, decay)


class _Taken:
    """The rows of each fold, taken once for all families, so that these share what they learn.

    A fold's rows are let go when the last family has asked for them.
    """

    def __init__(self, design: Design, folds: Sequence[Fold], families: int) -> None:
        self._design, self._folds = design, folds
        self._left = [families] * len(folds)
        self._held: dict[int, tuple[Design, Design]] = {}
        self._lock = Lock()

    def next(self, k: int) -> tuple[Design, Design]:
        """Rows to learn from and rows to be asked about, of fold k."""
        with self._lock:
            self._left[k] -= 1
            if k not in self._held:
                self._held[k] = _take(self._design, self._folds[k])
            return self._held[k] if self._left[k] else self._held.pop(k)


def _take(design: Design, fold: Fold) -> tuple[Design, Design]:
    train, test = (_seen(design, fold, rows) for rows in (fold.train, fold.test))
    return train, arrival_stopped_at(test, _latest(train))


def _seen(design: Design, fold: Fold, rows: Rows) -> Design:
    """Some rows as the fold sees them: its window variables, and words as its past knows them."""
    seen = design.take(rows, fold.columns)
    return seen if fold.words is None else seen.with_words(fold.words[rows])


def _answer(
    family: Family, rows: tuple[Design, Design], won: Vector, fold: Fold, decay: Decay
) -> Vector:
    weight = decay.weights(fold.train.size)
    family.fit(rows[0], won[fold.train], weight if fold.weight is None else weight * fold.weight)
    return family.log_odds(rows[1])


def _latest(train: Design) -> float:
    names = [feature.name for feature in train.profile_features]
    if ARRIVAL_NAME not in names or train.rows == 0:
        return np.inf
    return float(train.profile[:, names.index(ARRIVAL_NAME)].max())
