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
    lasting_difference,
    model_variance,
)
from redumbrella.evaluation.decay import DecayTrial, choose_decay
from redumbrella.evaluation.examination import Examination, Maker, answer, examine
from redumbrella.evaluation.metrics import row_log_loss
from redumbrella.evaluation.probes import plan_probes
from redumbrella.evaluation.regime import SHRUNKEN_BELOW, Regime, allowed
from redumbrella.evaluation.stability import Stability, repeated_split
from redumbrella.evaluation.time_trends import are_needed, trending_features
from redumbrella.features.matrix import Design
from redumbrella.learning.word_lessons import WordLessons
from redumbrella.models.base import Vector, probability_of
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
from redumbrella.training.splits import Fold, Rows, shuffled, walk_forward
from redumbrella.training.stages import Stages, forward_folds, shuffled_folds

FOLDS = 5
# Three folds of a large record learn from half as many rows in all as five.
FOLDS_OF_MANY, MANY_ROWS = 3, 60_000
LAST_PERIOD = 0.2
# Below 40 conversions nobody can measure how much leads differ. This is the variance of log-odds
# between leads that a useful model usually finds (AUC about 0.72): assumed until it can be
# measured, and from then on the most that is believed, less with every conversion.
ASSUMED_VARIANCE = 0.65
LEAST_ROWS_FOR_PERIODS = 100
LEAST_FOLDS = 2
# How many of 11,000 window variables a model may look at: more with more leads, see research on
# screening in benchmarks/results/screen.md.
ROWS_PER_COLUMN = 10
LEAST_COLUMNS, MOST_COLUMNS = 100, 2_000

# No decay has nothing for it but that it is plain: half an error tips the scales. To forget
# takes more, as what is forgotten was learned from by all families (decision 13).
ERRORS_TO_USE_ARRIVAL = 0.5
ERRORS_TO_FORGET = 2.0
# Comparing all families a second time takes a minute more at 95,000 rows.
MOST_ROWS_TO_COMPARE_TWICE = 50_000


@dataclass(frozen=True)
class Period:
    """The last period in time: what a model of the time before said about it."""

    rows: Fold
    won: Vector
    probability: Vector
    prior: Vector


@dataclass(frozen=True, eq=False)
class Compared:
    """All families compared with one decay. design: the rows as that decay sees them."""

    decay: Decay
    design: Design
    makers: Mapping[str, Maker]
    examination: Examination
    comparison: Comparison

    @property
    def losses(self) -> list[Vector]:
        """Log loss of each lead by the chosen family, one array per fold."""
        answers = self.examination.probability(self.comparison.chosen)
        return [row_log_loss(p, y) for p, y in zip(answers, self.examination.won, strict=True)]

    @property
    def log_loss(self) -> float:
        """The mean log loss of the chosen family."""
        return self.comparison.row(self.comparison.chosen).metrics["log_loss"][0]


@dataclass(frozen=True)
class Lesson:
    """A fitted model and its examination.

    design, columns: what the model learned from, and which window variables of the whole design
    that keeps (None = there are none). probability, won: the chosen model's answers about closed
    leads it had not seen, all folds.
    walks_forward: whether the folds walk forward in time (else they are shuffled).
    trials: decays tried by quick probes. compared: those that all families were compared with, and
    the log loss of the chosen family with each.
    """

    regime: Regime
    folds: Sequence[Fold]
    walks_forward: bool
    decay: Decay
    trials: Sequence[DecayTrial]
    compared: Mapping[Decay, float]
    examination: Examination
    comparison: Comparison
    weights: Mapping[str, float]
    blend: Blend
    spread: Spread
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
    trials, compared = _compared(observed, design, arrival, folds, regime, walks_forward, report)
    chosen_run = _preferred(*compared)
    decay, whole, makers = chosen_run.decay, chosen_run.design, chosen_run.makers
    examination, comparison = chosen_run.examination, chosen_run.comparison
    chosen = comparison.chosen
    weights = examination.blend_weights() if chosen == "blend" else {chosen: 1.0}
    calibration = examination.calibration(chosen)
    report("Training on all closed leads", 0.62)
    design = whole.take(np.arange(won.size), columns) if columns is not None else whole
    # Without a model there is nothing that forgetting was measured to help: all leads count.
    weight = (Decay() if chosen == "prior" else decay).weights(won.size) * observed.weight()
    fits = [partial(makers[name]().fit, design, won, weight) for name in weights]
    members = dict(zip(weights, run_all(fits), strict=True))
    report("Measuring how sure the scores are", 0.72)
    unknown = _unknown_variance(observed, regime, examination, comparison, words)
    quick = {name: family.quick for name, family in members.items()}
    # Rows of one lead repeat each other: how sure a model is depends on the number of leads.
    alone = observed.independent()
    apart, outcomes = design.take(alone), won[alone]
    spread = fit_spread(quick, weights, calibration, apart, outcomes, weight[alone], unknown)
    last_period = (
        _last_fold(examination, chosen, won)
        if walks_forward
        else _last_fifth(examination, weights, quick, apart, outcomes, decay, alone, words)
    )
    stability = None
    if regime.name in ("model", "shrunken") and chosen != "prior":
        part, repeats = part_of(report, 0.82, 1.0), _repeats(alone.size)
        stability = repeated_split(quick, weights, calibration, apart, outcomes, repeats, part)
    return Lesson(
        regime=regime,
        folds=folds,
        walks_forward=walks_forward,
        decay=decay,
        trials=trials,
        compared={chosen_run.decay: chosen_run.log_loss for chosen_run in compared},
        examination=examination,
        comparison=comparison,
        weights=weights,
        blend=Blend(members, weights, calibration),
        spread=spread,
        design=design,
        columns=columns,
        probability=np.concatenate(examination.probability(chosen)),
        won=np.concatenate(examination.won),
        last_period=last_period,
        stability=stability,
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


def _repeats(leads: int) -> int:
    """The more leads, the less one split differs from the next, and the longer it takes."""
    return 10 if leads <= 4_000 else 5 if leads <= 50_000 else 3


def find_trending(observed: Observations, record: Design, keep: Sequence[str]) -> list[str]:
    """Names of the record's features that run with time and do not help to see ahead.

    record: the columns of the closed leads' record. keep: fields that the user insists on.
    """
    regime = allowed(*observed.conversions())
    folds, walks_forward = plan_folds(observed, regime)
    if not walks_forward:
        return []
    running = [j for j in trending_features(record) if record.features[j].source not in keep]
    if not running or are_needed(record, np.array(running), plan_probes(observed.won, folds)):
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
    fits = [partial(make().fit, design, won, weight) for make in makers.values()]
    members = dict(zip(makers, run_all(fits), strict=True))
    return Blend(members, lesson.weights, Calibration()), columns


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


def _compared(
    observed: Observations,
    design: Design,
    arrival: ArrivalTime | None,
    folds: Sequence[Fold],
    regime: Regime,
    walks_forward: bool,
    report: Progress,
) -> tuple[Sequence[DecayTrial], Sequence[Compared]]:
    """Memories tried by quick probes, and all families with the one that the probes prefer.

    Over time also with the plain one, which stands first (decision 13).
    """
    won = observed.won
    decay, trials = Decay(), list[DecayTrial]()
    if regime.name == "model":
        report("Measuring how much past to use", 0.02)
        decay, trials = choose_decay(design, won, observed.position, arrival, folds)
    decays = [decay]
    if walks_forward and decay != Decay() and won.size <= MOST_ROWS_TO_COMPARE_TWICE:
        decays = [Decay(), decay]
    steps = np.linspace(0.1, 0.6, len(decays) + 1)
    compared = []
    for decay, start, end in zip(decays, steps[:-1], steps[1:], strict=True):
        seen = (
            arrival.beside(design, observed.position) if decay.uses_arrival and arrival else design
        )
        part = part_of(report, start, end)
        compared.append(_compare_with(decay, seen, won, folds, regime, walks_forward, part))
    return trials, compared


def _preferred(plain: Compared, other: Compared | None = None) -> Compared:
    """The one with the plain decay, unless what would be used with the other is clearly better."""
    if other is None:
        return plain
    gain, error = lasting_difference(plain.losses, other.losses)
    forgets = other.decay.half_life is not None
    needed = ERRORS_TO_FORGET if forgets else ERRORS_TO_USE_ARRIVAL
    return other if gain > needed * error else plain


def _compare_with(
    decay: Decay,
    design: Design,
    won: Vector,
    folds: Sequence[Fold],
    regime: Regime,
    walks_forward: bool,
    report: Progress,
) -> Compared:
    """Compares all families of the regime with one decay."""
    makers = _makers(regime, design, walks_forward)
    examination = examine(makers, design, won, folds, decay, report, walks_forward)
    if regime.name == "model":
        examination.add_blend()
    # A shrunken model stays so near the base rate that it need not beat it clearly to be used.
    leaving = 0.0 if regime.name == "shrunken" else ERRORS_TO_LEAVE_PRIOR
    comparison = compare(examination, COMPLEXITY, leaving)
    return Compared(decay, design, makers, examination, comparison)


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


def _makers(regime: Regime, design: Design, walks_forward: bool) -> dict[str, Maker]:
    makers: dict[str, Maker] = {name: FAMILIES[name] for name in regime.families}
    if not has_bg_nbd(design.features):
        makers.pop(BgNbdOffset.name, None)
    # Among the closed leads nothing lies beyond the record, and without numbers nothing can bend.
    if not (walks_forward and has_numbers(design.profile_features)):
        makers.pop(LinearLogistic.name, None)
    if regime.name == "shrunken":
        makers["logistic"] = lambda: AdditiveLogistic(variance=SHRUNKEN_VARIANCE)
    return makers


def _last_fold(examination: Examination, chosen: str, won: Vector) -> Period:
    """The last period of the folds that walk forward."""
    fold = examination.folds[-1]
    model = examination.probability(chosen)[-1]
    return Period(fold, won[fold.test], model, examination.probability("prior")[-1])


def _last_fifth(
    examination: Examination,
    weights: Mapping[str, float],
    makers: Mapping[str, Maker],
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
    chosen = "blend" if len(weights) > 1 else next(iter(weights))
    model = probability_of(examination.calibration(chosen).apply(pooled(z, weights)))
    rows = Fold(numbers[fold.train], numbers[fold.test])
    return Period(rows, won[fold.test], model, probability_of(prior))
