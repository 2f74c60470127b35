"""From closed leads to a model that is compared, calibrated and examined: the steps in order.

In: a design (n closed leads in order of time), outcomes, positions in time. Out: a `Lesson` with
the fitted blend and everything that was measured on leads that it had not seen. No lake, no state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from redumbrella.evaluation.comparison import (
    ERRORS_TO_LEAVE_PRIOR,
    Comparison,
    compare,
    model_variance,
)
from redumbrella.evaluation.decay import DecayTrial, choose_decay
from redumbrella.evaluation.examination import Examination, Maker, answer, examine
from redumbrella.evaluation.level import Level, measure_level
from redumbrella.evaluation.probes import plan_probes
from redumbrella.evaluation.regime import SHRUNKEN_BELOW, Regime, allowed
from redumbrella.evaluation.stability import Stability, repeated_split
from redumbrella.evaluation.time_trends import are_needed, trending_features
from redumbrella.features.matrix import Design
from redumbrella.learning.folds import plan_folds
from redumbrella.learning.word_lessons import WordLessons
from redumbrella.models.base import Family, Vector, probability_of
from redumbrella.models.blend import Blend, pooled
from redumbrella.models.calibration import Calibration
from redumbrella.models.families.additive_logistic import SHRUNKEN_VARIANCE, AdditiveLogistic
from redumbrella.models.families.bg_nbd_offset import BgNbdOffset, has_bg_nbd
from redumbrella.models.families.linear_logistic import LinearLogistic, has_numbers
from redumbrella.models.parallel import run_all
from redumbrella.models.products.product_model import ProductModel
from redumbrella.models.registry import COMPLEXITY, FAMILIES, LeadModel
from redumbrella.models.uncertainty import Spread, fit_spread
from redumbrella.progress import Progress, part_of
from redumbrella.training.arrival import ArrivalTime
from redumbrella.training.decay import Decay
from redumbrella.training.leaks import Leak
from redumbrella.training.observations import Observations
from redumbrella.training.splits import Fold, Rows, walk_forward
from redumbrella.training.stages import Stages

MANY_VALUES = 4_000_000  # of 40,000 leads 100 columns, of 8,000 leads 500
LAST_PERIOD = 0.2
# Below 40 conversions nobody can measure how much leads differ. This is the variance of log-odds
# between leads that a useful model usually finds (AUC about 0.72): assumed until it can be
# measured, and from then on the most that is believed, less with every conversion.
ASSUMED_VARIANCE = 0.65
LEAST_ROWS_FOR_PERIODS = 100
# How many of 11,000 window variables a model may look at: more with more leads, see research on
# screening in benchmarks/results/screen.md.
ROWS_PER_COLUMN = 10
LEAST_COLUMNS, MOST_COLUMNS = 100, 2_000


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

    design, columns: what the model learned from, and which window variables of the whole design
    that keeps (None = there are none). probability, won: the chosen model's answers about closed
    leads it had not seen, all folds.
    walks_forward: whether the folds walk forward in time (else they are shuffled).
    decay, trials: the decay in use, and all that were tried by quick probes.
    """

    regime: Regime
    folds: Sequence[Fold]
    walks_forward: bool
    decay: Decay
    trials: Sequence[DecayTrial]
    examination: Examination
    comparison: Comparison
    weights: Mapping[str, float]
    blend: Blend
    spread: Spread
    level: Level
    design: Design
    columns: Rows | None
    probability: Vector
    won: Vector
    last_period: Period | None
    stability: Stability | None


@dataclass(frozen=True, eq=False)
class Learned:
    """A fitted model, the rows it learned from, what was measured, and the leaks found.

    settling: microseconds that deciding takes; younger leads did not teach. products: for a target
    with one model per product. note, care: what is said of outcomes that are not ripe yet, beside
    the verdict and in it.
    """

    model: LeadModel
    lesson: Lesson
    observed: Observations
    leaks: Sequence[Leak]
    settling: int = 0
    products: ProductModel | None = None
    note: str | None = None
    care: str | None = None


def learn(
    observed: Observations,
    design: Design,
    arrival: ArrivalTime | None,
    report: Progress,
    words: WordLessons | None = None,
) -> Lesson:
    """Compares the families that the data allow and fits the chosen one on all closed leads."""
    won = observed.won
    regime = allowed(*observed.conversions())
    folds, walks_forward = plan_folds(observed, regime)
    folds, columns = _seen(folds, design, observed, words, report)
    report("Measuring how much past to use", 0.02)
    decay, trials = _decay(observed, design, arrival, folds, regime)
    if decay.uses_arrival and arrival is not None:
        design = arrival.beside(design, observed.position)
    makers = _makers(regime, design, walks_forward, min(observed.conversions()))
    part = part_of(report, 0.1, 0.6)
    examination = examine(makers, design, won, folds, decay, part, walks_forward)
    comparison = _compared(examination, regime)
    chosen, weights = comparison.chosen, _weights(examination, comparison)
    calibration = examination.calibration(chosen)
    report("Training on all closed leads", 0.62)
    if columns is not None:
        design = design.take(np.arange(won.size), columns)
    # Without a model there is nothing that forgetting was measured to help: all leads count.
    weight = (Decay() if chosen == "prior" else decay).weights(won.size) * observed.weight()
    members = _fitted({name: makers[name] for name in weights}, design, won, weight)
    report("Measuring how sure the scores are", 0.72)
    unknown = _unknown_variance(observed, regime, examination, comparison, words)
    quick = {name: family.quick for name, family in members.items()}
    # Rows of one lead repeat each other: how sure a model is depends on the number of leads.
    alone = observed.independent()
    apart, outcomes = design.take(alone), won[alone]
    spread = fit_spread(quick, weights, calibration, apart, outcomes, weight[alone], unknown)
    level = _level(observed, regime, examination, chosen)
    last_period = (
        _last_fold(examination, chosen, won)
        if walks_forward
        else _last_fifth(weights, quick, calibration, apart, outcomes, decay, alone, words)
    )
    return Lesson(
        regime=regime,
        folds=folds,
        walks_forward=walks_forward,
        decay=decay,
        trials=trials,
        examination=examination,
        comparison=comparison,
        weights=weights,
        blend=Blend(members, weights, calibration),
        spread=replace(spread, base=max(spread.base, level.chance), level=level.variance),
        level=level,
        design=design,
        columns=columns,
        probability=np.concatenate(examination.probability(chosen)),
        won=np.concatenate(examination.won),
        last_period=last_period,
        stability=_stability(regime, quick, weights, calibration, apart, outcomes, report),
    )


def _seen(
    folds: list[Fold],
    design: Design,
    observed: Observations,
    words: WordLessons | None,
    report: Progress,
) -> tuple[list[Fold], Rows | None]:
    """Folds with what words speak for, and the telling window variables of all rows.

    Each fold has what its own past taught of words and of window variables, nothing later.
    """
    if words is not None:
        folds = words.folds(folds)
    if design.history is None:
        return folds, None
    report("Screening window variables", 0.01)
    won, stages = observed.won, observed.stages
    found = [replace(f, columns=_screened(design, won, f.train, stages)) for f in folds]
    return found, _screened(design, won, np.arange(won.size), stages)


def _decay(
    observed: Observations,
    design: Design,
    arrival: ArrivalTime | None,
    folds: Sequence[Fold],
    regime: Regime,
) -> tuple[Decay, Sequence[DecayTrial]]:
    """How much past to use: measured where there is enough of it, else all of it."""
    if regime.name != "model":
        return Decay(), ()
    return choose_decay(design, observed.won, observed.position, arrival, folds)


def _compared(examination: Examination, regime: Regime) -> Comparison:
    """All families that the regime allows, side by side; from 40 conversions on with a blend."""
    if regime.name == "model":
        examination.add_blend()
    # A shrunken model stays so near the base rate that it need not beat it clearly to be used.
    leaving = 0.0 if regime.name == "shrunken" else ERRORS_TO_LEAVE_PRIOR
    return compare(examination, COMPLEXITY, leaving)


def _weights(examination: Examination, comparison: Comparison) -> dict[str, float]:
    """What the family in use consists of."""
    in_use = comparison.chosen
    return examination.blend_weights() if in_use == "blend" else {in_use: 1.0}


def _unknown_variance(
    observed: Observations,
    regime: Regime,
    examination: Examination,
    comparison: Comparison,
    words: WordLessons | None,
) -> float:
    """Variance of log-odds between leads that the families cannot tell apart, and of words.

    The halves of a spread learn from the same words, so these do not differ between them.
    """
    if regime.name != "model":
        return ASSUMED_VARIANCE
    most = ASSUMED_VARIANCE * SHRUNKEN_BELOW / min(observed.conversions())
    of_words = 0.0 if words is None or comparison.chosen == "prior" else words.variance()
    return min(model_variance(examination, comparison), most) + of_words


def _level(observed: Observations, regime: Regime, examination: Examination, chosen: str) -> Level:
    """How far the level wanders; not measured without an order of time or with few conversions."""
    if observed.order == "none" or regime.name != "model":
        return Level()
    rows = [fold.test for fold in examination.folds]
    said = examination.calibrated(chosen)
    # A few open leads may be very old: the middle of them says how long the list is.
    asked = observed.open_position
    span = float(np.ptp(np.quantile(asked, (0.05, 0.95)))) / 0.9 if asked.size else 0.0
    forward, position = examination.forward, observed.position
    return measure_level(rows, said, examination.won, forward=forward, position=position, span=span)


def find_trending(observed: Observations, record: Design, keep: Sequence[str]) -> list[str]:
    """Names of the record's features that run with time and do not help to see ahead.

    record: the columns of the closed leads' record. keep: fields that the user insists on.
    """
    regime = allowed(*observed.conversions())
    folds, walks_forward = plan_folds(observed, regime)
    if not walks_forward:
        return []
    running = [j for j in trending_features(record) if record.features[j].source not in keep]
    probes = plan_probes(observed.won, folds, record.profile.shape[1])
    if not running or are_needed(record, np.array(running), probes):
        return []
    return [record.features[j].name for j in running]


def relearn(
    observed: Observations,
    design: Design,
    arrival: ArrivalTime | None,
    lesson: Lesson,
) -> tuple[Blend, Rows | None]:
    """The model of an earlier lesson on newer leads: same families, weights and decay.

    Gives the fitted blend and the window variables that it keeps. It is not calibrated: how far
    the level had moved before the earlier lesson says nothing about the time since.
    """
    won = observed.won
    columns = None
    if lesson.decay.uses_arrival and arrival is not None:
        design = arrival.beside(design, observed.position)
    if design.history is not None:
        columns = _screened(design, won, np.arange(won.size), observed.stages)
        design = design.take(np.arange(won.size), columns)
    forget = Decay() if lesson.comparison.chosen == "prior" else lesson.decay
    weight = forget.weights(won.size) * observed.weight()
    # What a quick copy remembers of its columns does not fit the columns of another instant; the
    # size of a forest does.
    makers: dict[str, Maker] = {
        name: lesson.blend.members[name].quick if name == "boosted" else FAMILIES[name]
        for name in lesson.weights
    }
    return Blend(_fitted(makers, design, won, weight), lesson.weights, Calibration()), columns


def _fitted(
    makers: Mapping[str, Maker], design: Design, won: Vector, weight: Vector
) -> dict[str, Family]:
    """Each family fitted on all rows."""
    fits = [partial(make().fit, design, won, weight) for make in makers.values()]
    return dict(zip(makers, run_all(fits), strict=True))


def _screened(design: Design, won: Vector, rows: Rows, stages: Stages | None) -> Rows:
    """Numbers of the most telling window variables on some rows, ascending."""
    from redumbrella.features.kernel.screen import screen_columns
    from redumbrella.features.names import groups_alike

    assert design.history is not None
    if not 0 < won[rows].sum() < rows.size:
        return np.empty(0, np.intp)
    subjects = rows.size if stages is None else np.unique(stages.subject[rows]).size
    most = int(np.clip(subjects // ROWS_PER_COLUMN, LEAST_COLUMNS, MOST_COLUMNS))
    alike = groups_alike([f.name for f in design.features[design.profile.shape[1] :]])
    found = screen_columns(design.history[rows], won[rows] == 1.0, top=most, alike=alike)
    return np.sort(found.order).astype(np.intp)


def _makers(regime: Regime, design: Design, walks_forward: bool, scarcer: int) -> dict[str, Maker]:
    """The families to compare. scarcer: how many there are of the scarcer outcome."""
    makers: dict[str, Maker] = {name: FAMILIES[name] for name in regime.families}
    if not has_bg_nbd(design.features):
        makers.pop(BgNbdOffset.name, None)
    # Among the closed leads nothing lies beyond the record, and without numbers nothing can bend.
    # Its weak prior does not hold more columns than there are conversions.
    columns = sum(max(1, len(feature.levels)) for feature in design.profile_features)
    if not (walks_forward and has_numbers(design.profile_features)) or columns > scarcer:
        makers.pop(LinearLogistic.name, None)
    if regime.name == "shrunken":
        makers["logistic"] = lambda: AdditiveLogistic(variance=SHRUNKEN_VARIANCE)
    return makers


def _stability(
    regime: Regime,
    makers: Mapping[str, Maker],
    weights: Mapping[str, float],
    calibration: Calibration,
    design: Design,
    won: Vector,
    report: Progress,
) -> Stability | None:
    """Random splits of a model; of many leads fewer, as one differs less from the next.

    Of many values in all, leads times columns, they are fewer as each takes so long.
    """
    if regime.name not in ("model", "shrunken") or "prior" in weights:
        return None
    repeats = 10 if won.size <= 4_000 else 5 if won.size <= 50_000 else 3
    if design.profile.size > MANY_VALUES:
        repeats = min(repeats, 3)
    part = part_of(report, 0.82, 1.0)
    return repeated_split(makers, weights, calibration, design, won, repeats, part)


def _last_fold(examination: Examination, chosen: str, won: Vector) -> Period:
    """The last period of the folds that walk forward."""
    fold = examination.folds[-1]
    model = examination.probability(chosen)[-1]
    return Period(fold, won[fold.test], model, examination.probability("prior")[-1])


def _last_fifth(
    weights: Mapping[str, float],
    makers: Mapping[str, Maker],
    calibration: Calibration,
    design: Design,
    won: Vector,
    decay: Decay,
    numbers: Rows,
    words: WordLessons | None,
) -> Period | None:
    """The last fifth of the record, asked of a model that learned from the time before it.

    numbers: which rows of the whole record the design's rows are.
    """
    if won.size < LEAST_ROWS_FOR_PERIODS:
        return None
    fold = walk_forward(won.size, 1, first_share=1.0 - LAST_PERIOD)[0]
    if words is not None:
        past = words.values(Fold(numbers[fold.train], numbers[fold.test]))
        fold = replace(fold, words=past[numbers])
    z = {name: answer(make(), design, won, fold, decay) for name, make in makers.items()}
    prior = answer(FAMILIES["prior"](), design, won, fold, decay)
    model = probability_of(calibration.apply(pooled(z, weights)))
    rows = Fold(numbers[fold.train], numbers[fold.test])
    return Period(rows, won[fold.test], model, probability_of(prior))
