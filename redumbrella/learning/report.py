"""The report of a training run: what was measured, as the document that everything else reads."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from redumbrella.clock import MICROSECONDS_PER_DAY, to_iso
from redumbrella.evaluation.comparison import (
    ERRORS_TO_LEAVE_PRIOR,
    ComparedFamily,
    Comparison,
    paired_difference,
)
from redumbrella.evaluation.curves import (
    calibration_curve,
    confusion_at,
    confusion_curve,
    distribution,
    lift_curve,
)
from redumbrella.evaluation.metrics import (
    METRICS,
    Vector,
    bootstrap_error,
    lift_at,
    log_loss,
    row_log_loss,
)
from redumbrella.evaluation.verdict import Evidence, Gate, Verdict, judge
from redumbrella.figures import percent
from redumbrella.learning.gathering import Gathered, open_designs
from redumbrella.learning.lesson import Learned, Lesson, Period
from redumbrella.learning.level_report import level_facts, time_span, unlike_closed
from redumbrella.models.families.points import Points
from redumbrella.models.registry import LABELS, LeadModel, features_of
from redumbrella.reports.model import FORMAT, Forgetting, ReportDocument
from redumbrella.scores.importance import WORDS_NAMED, importance
from redumbrella.settings.labels import Labels
from redumbrella.settings.settings import Settings
from redumbrella.sources.links import Link
from redumbrella.training.decay import Decay
from redumbrella.training.observations import Observations

MOST_SHOWN = 50_000  # open leads in the chart of the scores
BASELINES = ("prior", "points", "naive_bayes")


@dataclass(frozen=True)
class Circumstances:
    """What a model was trained on and when: instants, versions of the lake, rows set aside, and how
    the tables of the lake meet.
    """

    as_of: int
    trained_at: int
    lake: Mapping[str, int | None]
    rejected_rows: int
    links: Sequence[Link] = ()


def build_report(
    settings: Settings, learned: Learned, gathered: Gathered, under: Circumstances
) -> ReportDocument:
    """Everything that is known about the model, by the names of the contract."""
    model, lesson = learned.model, learned.lesson
    observed, leaks = learned.observed, learned.leaks
    gates = _gates(settings, lesson)
    out_of_time = _out_of_time(lesson.last_period, observed)
    chances = _open_probability(model, lesson, gathered)
    document: dict[str, Any] = {
        "format": FORMAT,
        "workspace": settings.name,
        "currency": settings.currency,
        "target": model.target,
        "model_version": model.version,
        "as_of": to_iso(under.as_of),
        "trained_at": to_iso(under.trained_at),
        "regime": model.regime,
        "reliable": model.reliable,
        "regime_reason": lesson.regime.reason,
        "counts": _counts(under.rejected_rows, model, gathered),
        "period": _period(observed),
        "families": [_family(row, lesson) for row in lesson.comparison.rows],
        "folds": _folds(lesson, observed),
        "walks_forward": lesson.walks_forward,
        "chosen": _chosen(lesson),
        "baselines": [name for name in BASELINES if name in lesson.examination.log_odds],
        "verdict": _with_broken_links(judged(settings, learned, gathered, chances), under.links),
        "stability": lesson.stability.summary() if lesson.stability else None,
        "out_of_time": out_of_time,
        "calibration": [asdict(p) for p in calibration_curve(lesson.probability, lesson.won)],
        "confusion": _confusion(lesson),
        "lift": [asdict(point) for point in lift_curve(lesson.probability, lesson.won)],
        "importance": importance(
            model.blend,
            lesson.design,
            settings.labels,
            model.encoder.strongest_words(WORDS_NAMED),
        ),
        "points": _points_card(lesson, observed, settings.labels),
        "leaks": [asdict(leak) for leak in leaks],
        "gates": [asdict(gate) for gate in gates],
        "level": level_facts(lesson, observed, chances),
        "score_distribution": distribution(chances),
        "forgetting": _forgetting(lesson),
        "history": _history(under.lake, model, observed),
        "values": None,
        "products": None,
        "newest_lead": _newest(gathered),
        "held_out": gathered.observed.held,
        "notes": [
            *_notes(lesson, observed),
            *_waiting(learned),
            *_pooled(model),
            *gathered.notes,
            *(link.sentence for link in under.links if not link.is_broken),
        ],
    }
    return document  # type: ignore[return-value]


def judged(
    settings: Settings, learned: Learned, gathered: Gathered, probability: Vector
) -> Verdict:
    """The verdict on a model, with its reasons. probability: (n,) of the open leads."""
    cautions = [] if learned.care is None else [learned.care]
    if gathered.is_about_leads and learned.lesson.comparison.chosen != "prior":
        cautions += unlike_closed(learned.lesson, probability)
    gates = _gates(settings, learned.lesson)
    return judge(_facts(learned, gathered.doubts, cautions, gates))


def _open_probability(model: LeadModel, lesson: Lesson, gathered: Gathered) -> Vector:
    """What the open leads will get; without open leads, what closed ones got unseen."""
    if gathered.observed.open.num_rows == 0:
        return lesson.probability
    design = open_designs(gathered, model)(slice(0, MOST_SHOWN))
    return model.blend.probability(design)


def _with_broken_links(verdict: Verdict, links: Sequence[Link]) -> dict[str, Any]:
    """The verdict; facts that could not tell anything stand before its reasons."""
    unused = [link.sentence for link in links if link.is_broken]
    return {**asdict(verdict), "reasons": [*unused, *verdict.reasons]}


def _history(
    lake: Mapping[str, int | None], model: LeadModel, observed: Observations
) -> dict[str, Any] | None:
    """What the model sees of people's histories; None where it sees the record alone."""
    if model.history is None:
        return None
    return {
        "version": model.history.version,
        "lake": dict(lake),
        "variables": model.history.variables,
        "kept": len(model.history.history_features),
        "rows": int(observed.won.size),
        "streams": [
            {"name": entry.reading.stream, "kinds": len(entry.codes) - 1, "pooled": entry.pooled}
            for entry in model.history.streams
        ],
    }


def _counts(rejected: int, model: LeadModel, gathered: Gathered) -> dict[str, Any]:
    observed = gathered.observed
    won = int(observed.won.sum())
    return {
        "about": "leads" if gathered.is_about_leads else "people",
        "leads": observed.closed.num_rows + observed.open.num_rows,
        "closed": observed.closed.num_rows,
        "won": won,
        "lost": observed.closed.num_rows - won,
        "open": observed.open.num_rows - observed.held,
        "rejected_rows": rejected,
        "features": len(features_of(model)),
        "ignored_columns": [
            {"column": field.name, "reason": field.reason} for field in model.encoder.ignored
        ],
    }


def _period(observed: Observations) -> dict[str, Any]:
    first, last = None, None
    if observed.order == "created_at":
        first, last = (
            to_iso(int(end)) for end in (observed.position.min(), observed.position.max())
        )
    order = "created_at" if observed.order == "created_at" else "rows"
    return {"first": first, "last": last, "order": order}


def _newest(gathered: Gathered) -> str | None:
    """When the newest lead came, closed or open; None where nobody recorded it."""
    observed = gathered.observed
    position = np.concatenate([observed.position, observed.open_position])
    if observed.order != "created_at" or not gathered.is_about_leads or not position.size:
        return None
    return to_iso(int(position.max()))


def _family(row: ComparedFamily, lesson: Lesson) -> dict[str, Any]:
    measured = {name: {"mean": m, "se": se} for name, (m, se) in row.metrics.items()}
    mean, error = row.difference_to_best
    note = "best log loss" if row.family == lesson.comparison.best else ""
    if row.family == "blend":
        note = ", ".join(f"{percent(w, 0)} {LABELS[n].lower()}" for n, w in _blend(lesson).items())
    return {
        "family": row.family,
        "label": LABELS[row.family],
        **measured,
        "difference_to_best": {"mean": mean, "se": error},
        "chosen": row.family == lesson.comparison.chosen,
        "seconds": row.seconds,
        "note": note,
    }


def _blend(lesson: Lesson) -> dict[str, float]:
    return lesson.examination.blend_weights()


def _chosen(lesson: Lesson) -> dict[str, Any]:
    """The family in use, why, and what a blend consists of."""
    family = lesson.comparison.chosen
    return {
        "family": family,
        "why": why_chosen(lesson.comparison, lesson.walks_forward),
        "blend": dict(lesson.weights) if family == "blend" else None,
    }


def _folds(lesson: Lesson, observed: Observations) -> list[dict[str, Any]]:
    rows = []
    for k, fold in enumerate(lesson.folds):
        start, end = time_span(observed, fold.test) if lesson.walks_forward else (None, None)
        rows.append(
            {
                "fold": k + 1,
                "train_rows": int(fold.train.size),
                "test_rows": int(fold.test.size),
                "from": start,
                "to": end,
                "base_rate": float(observed.won[fold.test].mean()),
                "log_loss": {row.family: row.by_fold[k] for row in lesson.comparison.rows},
            }
        )
    return rows


def why_chosen(comparison: Comparison, walks_forward: bool) -> str:
    """A sentence or two on why the family in use was preferred.

    walks_forward: whether the folds follow each other in time.
    """
    chosen, best = comparison.row(comparison.chosen), comparison.row(comparison.best)
    folds = "later periods" if walks_forward else "leads it had not seen"
    if chosen.family == best.family != "blend":
        return f"It has the lowest log loss on {folds} ({best.metrics['log_loss'][0]:.4f})."
    lead, error = comparison.lead
    if chosen.family == "blend":
        gap = chosen.difference_to_best[0]
        why = f"The log loss of the weighted mean of all families is {abs(lead):.4f} ± {error:.4f} "
        why += f"{'lower' if lead > 0 else 'higher'} than that of the base rate on {folds}"
        if lead <= ERRORS_TO_LEAVE_PRIOR * error:
            why += ", which is not clear of chance, but its order holds there"
        if best.family == "blend":
            return f"{why}, and no family alone is better."
        return (
            f"{why}. {LABELS[best.family]} alone is {gap:.4f} better there, but the family "
            "that was best until now often is not best in the next period."
        )
    if chosen.family == "prior":
        blended = any(row.family == "blend" for row in comparison.rows)
        model = "the weighted mean of all families" if blended else LABELS[best.family].lower()
        if lead <= 0:
            return f"On {folds} {model} is no better than the base rate."
        return (
            f"The lead of {model} over the base rate is not clear of chance: {lead:.4f} lower log "
            f"loss on {folds}, where the error of that difference is ± {error:.4f} and it takes "
            f"{ERRORS_TO_LEAVE_PRIOR:g} times as much."
        )
    gap, error = chosen.difference_to_best
    return (
        f"{LABELS[best.family]} has the lowest log loss on {folds}, but the simpler "
        f"{LABELS[chosen.family].lower()} is only {gap:.4f} behind, which is within the error of "
        f"that difference (± {error:.4f})."
    )


def _out_of_time(period: Period | None, observed: Observations) -> dict[str, Any] | None:
    if period is None:
        return None
    start, end = time_span(observed, period.rows.test)
    measured = {
        name: {
            "value": metric(period.probability, period.won),
            "se": bootstrap_error(metric, period.probability, period.won),
        }
        for name, metric in METRICS.items()
    }
    prior = {
        "value": log_loss(period.prior, period.won),
        "se": bootstrap_error(log_loss, period.prior, period.won),
    }
    return {
        "from": start,
        "to": end,
        "rows": int(period.won.size),
        "won": int(period.won.sum()),
        "base_rate": float(period.won.mean()),
        **measured,
        "prior_log_loss": prior,
    }


def _confusion(lesson: Lesson) -> dict[str, Any] | None:
    p, y = lesson.probability, lesson.won
    if not 0 < y.sum() < y.size:
        return None
    called = max(1, int(y.sum()))
    threshold = float(np.sort(p)[::-1][called - 1])
    curve = confusion_curve(p, y)
    if all(abs(point.threshold - threshold) > 1e-12 for point in curve):
        curve = sorted([*curve, confusion_at(p, y, threshold)], key=lambda point: point.threshold)
    return {
        "default_threshold": threshold,
        "why": "At this threshold as many leads are called as were won.",
        "rows": int(y.size),
        "curve": [asdict(point) for point in curve],
    }


def _gates(settings: Settings, lesson: Lesson) -> list[Gate]:
    row = lesson.comparison.row(lesson.comparison.chosen)
    measured = {name: mean for name, (mean, _) in row.metrics.items()}
    measured["lift_at_10"] = lift_at(lesson.probability, lesson.won, 0.1)
    gates = []
    for field in fields(settings.success):
        required = getattr(settings.success, field.name)
        if required is None:
            continue
        side, metric = field.name.split("_", 1)
        value = measured[metric]
        passed = value >= required if side == "min" else value <= required
        gates.append(Gate(field.name, required, value, bool(passed)))
    return gates


def _facts(
    learned: Learned, doubts: Sequence[str], cautions: Sequence[str], gates: Sequence[Gate]
) -> Evidence:
    lesson, observed, leaks = learned.lesson, learned.observed, learned.leaks
    comparison, exam = lesson.comparison, lesson.examination
    row = comparison.row(comparison.chosen)
    losses = {
        name: [row_log_loss(p, y) for p, y in zip(exam.probability(name), exam.won, strict=True)]
        for name in ("prior", comparison.chosen)
    }
    period, later = lesson.last_period, None
    if period is not None:
        gap = row_log_loss(period.prior, period.won) - row_log_loss(period.probability, period.won)
        later = float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(gap.size))
    return Evidence(
        family=comparison.chosen,
        regime=lesson.regime,
        gain=paired_difference(losses["prior"], losses[comparison.chosen]),
        later_gain=later if comparison.chosen != "prior" else None,
        calibration_error=row.metrics["calibration_error"][0],
        base_rate=float(observed.won.mean()),
        stability_sd=float(np.nanstd(lesson.stability.auc, ddof=1)) if lesson.stability else None,
        order=() if comparison.chosen == "prior" else lesson.level.orders,
        level=float(np.sqrt(lesson.spread.level)),
        leaks=[leak.column for leak in leaks if leak.kept or leak.severity == "suspect"],
        gates=gates,
        doubts=doubts,
        cautions=cautions,
    )


def _points_card(lesson: Lesson, observed: Observations, labels: Labels) -> dict[str, Any] | None:
    if "points" not in lesson.examination.log_odds:
        return None
    card = Points().fit(
        lesson.design, observed.won, lesson.decay.weights(observed.won.size) * observed.weight()
    )
    return {
        "base_rate": float(observed.won.mean()),
        "rules": [
            {
                "text": card.sentence(rule, labels),
                "points": rule.points,
                "leads": rule.leads,
                "rate": rule.rate,
            }
            for rule in card.rules
        ],
    }


def _forgetting(lesson: Lesson) -> Forgetting | None:
    """Which decays were tried, and which is in use."""
    if not lesson.trials:
        return None
    return {
        "half_life_share": lesson.decay.half_life,
        "sees_time_of_arrival": lesson.decay.uses_arrival,
        "trials": [
            {
                "label": _decay_in_words(trial.decay),
                "half_life_share": trial.decay.half_life,
                "sees_time_of_arrival": trial.decay.uses_arrival,
                "log_loss": trial.log_loss,
                "chosen": trial.decay == lesson.decay,
            }
            for trial in lesson.trials
        ],
    }


def _decay_in_words(decay: Decay) -> str:
    """What a decay does with the past, short enough for a table."""
    past = (
        "All the past counts alike"
        if decay.half_life is None
        else f"Half the weight for every {percent(decay.half_life, 0)} of the record"
    )
    return past + (", time of arrival seen" if decay.uses_arrival else "")


def _pooled(model: LeadModel) -> list[str]:
    """Rare kinds that count together."""
    streams = () if model.history is None else model.history.streams
    return [
        f"{entry.pooled:,} rare kinds of {entry.reading.stream} count together as one; the "
        f"{len(entry.codes) - 1} most frequent ones count on their own."
        for entry in streams
        if entry.pooled
    ]


def _waiting(learned: Learned) -> list[str]:
    if learned.note is not None:
        return [learned.note]
    if not learned.settling:
        return []
    days = learned.settling / MICROSECONDS_PER_DAY
    return [
        f"Deciding on a lead takes up to {days:.0f} days. Younger leads do not teach yet: those "
        "among them that are closed were decided fast, and are no picture of the rest."
    ]


def _notes(lesson: Lesson, observed: Observations) -> list[str]:
    notes = []
    if observed.order == "rows":
        notes.append(
            "The leads have no time of creation, so the order of the rows was taken as time. Map "
            "created_at if the file has it."
        )
    if observed.order == "none":
        notes.append(
            "The file lists one outcome after the other, so the order of its rows says nothing "
            "about time: leads were compared in random folds. Map created_at if the file has it."
        )
    elif not lesson.walks_forward:
        notes.append(
            "Open leads lie among the closed ones in time, or conversions are few, so families "
            "were compared on shuffled folds, which ask the same kind of question; the last "
            "period is examined separately."
        )
    if observed.open.num_rows == 0:
        notes.append("No lead is open: the model is ready to score the next ones.")
    return notes
