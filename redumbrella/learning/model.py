"""From gathered rows to a fitted, measured model."""

from dataclasses import replace

from redumbrella.evaluation.regime import named
from redumbrella.evaluation.time_trends import fields_of_a_period
from redumbrella.features.history import HistoryEncoder
from redumbrella.learning.folds import plan_folds
from redumbrella.learning.gathering import Gathered
from redumbrella.learning.lesson import (
    Learned,
    Lesson,
    find_trending,
    learn,
    relearn,
)
from redumbrella.learning.material import Material, insisted, prepare
from redumbrella.learning.products import learn_products
from redumbrella.models.registry import LeadModel
from redumbrella.progress import Progress
from redumbrella.scores.telling import usual_values
from redumbrella.settings.settings import Settings
from redumbrella.training.splits import Rows


def fit(settings: Settings, gathered: Gathered, version: str, report: Progress) -> Learned:
    """From gathered rows to a fitted, measured model; nothing is written.

    Raises DataError when there is nothing to learn from.
    """
    report("Looking for fields that give the outcome away", 0.0)
    material = prepare(settings, gathered)
    report("Looking for fields that run with time", 0.01)
    material = material.without(_find_running(settings, material))
    observed, arrival = material.observed, material.arrival
    words = material.words()
    design = material.design if words is None else words.beside(material.design)
    lesson = learn(observed, design, arrival, report, words)
    sources = sorted({f.source for f in lesson.design.features if f.kind != "words"})
    model = LeadModel(
        version=version,
        target=gathered.target.name,
        regime=named(lesson.regime, lesson.comparison.chosen),
        reliable=lesson.regime.reliable,
        encoder=material.encoder if words is None else material.encoder.taught(words.weights()),
        arrival=arrival if lesson.decay.uses_arrival else None,
        blend=lesson.blend,
        spread=lesson.spread,
        usual=usual_values(observed.closed, sources, lesson.design),
        history=_keeping(material.streams, lesson.columns),
        question=gathered.target.question,
        times=_fields_of_times(material, lesson, gathered),
    )
    products = None
    if gathered.sales is not None:
        report("Learning products", 0.96)
        fold = lesson.folds[-1]
        products = learn_products(model, gathered, design, material.streams, fold)
    return Learned(
        model,
        lesson,
        observed,
        material.leaks,
        material.ripened.settling,
        products,
        note=material.ripened.note,
        care=material.ripened.care,
    )


def refit(settings: Settings, gathered: Gathered, earlier: Learned) -> Learned:
    """The model of an earlier lesson, learned anew on what is known now; nothing is compared."""
    material = prepare(settings, gathered).without(earlier.model.encoder.left_out)
    words = material.words()
    design = material.design if words is None else words.beside(material.design)
    blend, columns = relearn(material.observed, design, material.arrival, earlier.lesson)
    model = replace(
        earlier.model,
        encoder=material.encoder if words is None else material.encoder.taught(words.weights()),
        arrival=material.arrival if earlier.lesson.decay.uses_arrival else None,
        blend=blend,
        history=_keeping(material.streams, columns),
    )
    products = None
    if gathered.sales is not None:
        folds, _ = plan_folds(material.observed, earlier.lesson.regime)
        products = learn_products(model, gathered, design, material.streams, folds[-1])
    return replace(earlier, model=model, products=products)


def _fields_of_times(material: Material, lesson: Lesson, gathered: Gathered) -> tuple[str, ...]:
    """Fields that are the same for all leads of a period, where it is known when leads came."""
    if gathered.is_about_leads and material.encoder.time_column is None:
        return ()
    return tuple(fields_of_a_period(lesson.design))


def _find_running(settings: Settings, material: Material) -> list[str]:
    if material.arrival is None:
        return []
    return find_trending(material.observed, material.record, insisted(settings))


def _keeping(streams: HistoryEncoder | None, columns: Rows | None) -> HistoryEncoder | None:
    return streams if streams is None or columns is None else streams.keeping(columns)
