"""From closed leads to a model that is compared, calibrated and examined: the steps in order.

In: a design (n closed leads in order of time), outcomes, positions in time. Out: a `Lesson` with
the fitted blend and everything that was measured on leads that it had not seen. No lake, no state.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from redumbrella.evaluation.comparison import ERRORS_TO_LEAVE_PRIOR, Comparison, compare, doubt
from redumbrella.evaluation.examination import Examination, Maker, answer, examine, mix
from redumbrella.evaluation.forgetting import MemoryTrial, choose_memory
from redumbrella.evaluation.regime import SHRUNKEN_BELOW, Regime, allowed
from redumbrella.evaluation.stability import Stability, repeated_split
from redumbrella.features.matrix import Design
from redumbrella.models.base import Vector, probability_of
from redumbrella.models.blend import Blend
from redumbrella.models.logistic import SHRUNKEN_INVERSE_RIDGE, Logistic
from redumbrella.models.parallel import run_all
from redumbrella.models.registry import COMPLEXITY, FAMILIES
from redumbrella.models.uncertainty import Spread, fit_spread
from redumbrella.training.memory import Clock, Memory
from redumbrella.training.observations import Observations
from redumbrella.training.splits import Fold, shuffled, walk_forward

FOLDS = 5
LAST_PERIOD = 0.2
# Below 40 conversions nobody can measure how much leads differ. This is the variance of log-odds
# between leads that a useful model usually finds (AUC about 0.72): assumed until it can be
# measured, and from then on the most that is believed, less with every conversion.
ASSUMED_DOUBT = 0.65
LEAST_ROWS_FOR_PERIODS = 100

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Period:
    """The last period in time: what a model of the time before said about it."""

    rows: Fold
    won: Vector
    probability: Vector
    prior: Vector


@dataclass(frozen=True)
class Lesson:
    """A fitted model and its examination.

    probability, won: the chosen model's answers about closed leads it had not seen, all folds.
    walks_forward: whether the folds walk forward in time (else they are shuffled).
    """

    regime: Regime
    folds: Sequence[Fold]
    walks_forward: bool
    memory: Memory
    trials: Sequence[MemoryTrial]
    examination: Examination
    comparison: Comparison
    weights: Mapping[str, float]
    blend: Blend
    spread: Spread
    design: Design
    probability: Vector
    won: Vector
    last_period: Period | None
    stability: Stability | None


def learn(observed: Observations, design: Design, clock: Clock | None, report: Progress) -> Lesson:
    """Compares the families that the data allow, fits the chosen one on all closed leads."""
    won = observed.won
    regime = allowed(int(won.sum()), int((1 - won).sum()))
    folds, walks_forward = plan_folds(observed, regime)
    memory, trials = Memory(), list[MemoryTrial]()
    if regime.name == "model":
        report("Measuring how much past to use", 0.02)
        memory, trials = choose_memory(design, won, observed.position, clock, folds)
    if memory.sees_clock and clock is not None:
        design = clock.beside(design, observed.position)
    makers = _makers(regime)
    examination = examine(makers, design, won, folds, memory, _part(report, 0.1, 0.6))
    if regime.name == "model":
        examination.add_blend()
    # A shrunken model stays so near the base rate that it need not beat it clearly to be used.
    leaving = 0.0 if regime.name == "shrunken" else ERRORS_TO_LEAVE_PRIOR
    comparison = compare(examination, COMPLEXITY, leaving)
    chosen = comparison.chosen
    weights = examination.blend_weights() if chosen == "blend" else {chosen: 1.0}
    calibration = examination.calibration(chosen)
    used = {name: makers[name] for name in weights}
    report("Training on all closed leads", 0.62)
    # Without a model there is nothing that forgetting was measured to help: all leads count.
    weight = (Memory() if chosen == "prior" else memory).weights(won.size)
    fits = [partial(make().fit, design, won, weight) for make in used.values()]
    members = dict(zip(used, run_all(fits), strict=True))
    report("Measuring how sure the scores are", 0.72)
    unknown = ASSUMED_DOUBT
    if regime.name == "model":
        conversions = min(won.sum(), (1.0 - won).sum())
        unknown = min(doubt(examination, comparison), ASSUMED_DOUBT * SHRUNKEN_BELOW / conversions)
    quick = {name: family.quick for name, family in members.items()}
    spread = fit_spread(quick, weights, calibration, design, won, weight, unknown)
    last_period = _last_period(
        examination, chosen, weights, quick, design, won, memory, walks_forward
    )
    stability = None
    if regime.name in ("model", "shrunken") and chosen != "prior":
        repeats = 10 if won.size <= 4_000 else 5
        part = _part(report, 0.82, 1.0)
        stability = repeated_split(quick, weights, calibration, design, won, repeats, part)
    answers = examination.probability(chosen)
    return Lesson(
        regime=regime,
        folds=folds,
        walks_forward=walks_forward,
        memory=memory,
        trials=trials,
        examination=examination,
        comparison=comparison,
        weights=weights,
        blend=Blend(members, weights, calibration),
        spread=spread,
        design=design,
        probability=np.concatenate(answers),
        won=np.concatenate(examination.won),
        last_period=last_period,
        stability=stability,
    )


def plan_folds(observed: Observations, regime: Regime) -> tuple[list[Fold], bool]:
    """Folds that ask what scoring will ask.

    Open leads that came after the closed ones: walk forward in time. Open leads among the closed
    ones, no order of time, or too few conversions to cut in periods: shuffled.
    """
    rows = observed.won.size
    forward = observed.order != "none" and not observed.open_among and regime.name == "model"
    if forward:
        return walk_forward(rows, FOLDS), True
    return shuffled(rows, min(FOLDS, rows)), False


def _makers(regime: Regime) -> dict[str, Maker]:
    makers: dict[str, Maker] = {name: FAMILIES[name] for name in regime.families}
    if regime.name == "shrunken":
        makers["logistic"] = lambda: Logistic(inverse_ridges=(SHRUNKEN_INVERSE_RIDGE,))
    return makers


def _last_period(
    examination: Examination,
    chosen: str,
    weights: Mapping[str, float],
    makers: Mapping[str, Maker],
    design: Design,
    won: Vector,
    memory: Memory,
    walks_forward: bool,
) -> Period | None:
    """The last fifth of the record, asked of a model that learned from the time before it."""
    if won.size < LEAST_ROWS_FOR_PERIODS:
        return None
    if walks_forward:
        fold = examination.folds[-1]
        model = examination.probability(chosen)[-1]
        return Period(fold, won[fold.test], model, examination.probability("prior")[-1])
    fold = walk_forward(won.size, 1, first_share=1.0 - LAST_PERIOD)[0]
    z = {name: answer(make(), design, won, fold, memory) for name, make in makers.items()}
    prior = answer(FAMILIES["prior"](), design, won, fold, memory)
    model = probability_of(examination.calibration(chosen).apply(mix(z, weights)))
    return Period(fold, won[fold.test], model, probability_of(prior))


def _part(report: Progress, start: float, end: float) -> Progress:
    return lambda step, share: report(step, start + (end - start) * share)
