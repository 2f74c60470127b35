"""Train: from the lake's closed leads to a model that is compared, judged, stored and in use.

Nothing is changed until all is known: the model is written to its folder in one rename, then
named in the state database in one transaction. A run that is killed leaves the earlier model.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
import orjson
import pyarrow as pa

from redumbrella.clock import now, to_iso
from redumbrella.columns import INTERNAL, TABLES
from redumbrella.errors import DataError, SettingsError, nearest
from redumbrella.evaluation.metrics import Vector
from redumbrella.evaluation.regime import named
from redumbrella.features.history import HistoryEncoder
from redumbrella.features.matrix import Design
from redumbrella.features.records import IgnoredField, RecordEncoder, fit_records
from redumbrella.models.product_model import ProductModel, save_product_model
from redumbrella.models.registry import LeadModel, save_model, with_history
from redumbrella.models.valuation import Valuation, save_valuation
from redumbrella.scores.reasons import usual_values
from redumbrella.settings import Settings, Target
from redumbrella.training.leaks import Leak, find_leaks
from redumbrella.training.memory import Clock, fit_clock
from redumbrella.training.observations import Observations
from redumbrella.training.splits import Rows
from redumbrella.workflows.gathering import Gathered, gather, mature, staged
from redumbrella.workflows.learning import (
    Learned,
    Progress,
    find_running,
    learn,
    plan_folds,
    relearn,
)
from redumbrella.workflows.product_learning import learn_products
from redumbrella.workflows.report_document import ProductsReport, ReportDocument
from redumbrella.workflows.train_report import build_report
from redumbrella.workflows.valuing import value_models
from redumbrella.workspace import Workspace

# Ids and what is only known at the end are never features.
NEVER_FEATURES = ("lead_id", "person_id", "closed_at", "won", *INTERNAL)
RUNS_WITH_TIME = (
    "it rises or falls with time, so that later leads have values that none before had, and "
    "scores of later leads were no better with it; `keep` brings it back"
)
CODE_VERSION = 12  # raised when training itself changes, so that `run` trains again


@dataclass(frozen=True)
class TrainResult:
    """The trained model's version and report; promoted: whether it is now in use."""

    version: str
    promoted: bool
    report: ReportDocument


def train(
    workspace: Workspace,
    report: Progress,
    *,
    target_name: str | None = None,
    as_of: int | None = None,
) -> TrainResult:
    """Trains the model of a target on what was known before `as_of` (default: now).

    Raises DataError when there is nothing to learn from, SettingsError for an unknown target.
    """
    with workspace.lock():
        started = now()
        _clear_leftovers(workspace, started)
        run = workspace.state.record_run("train", started)
        try:
            result = _train(
                workspace, report, target_name, started if as_of is None else as_of, started
            )
        except BaseException as problem:
            workspace.state.finish_run(run, now(), status="failed", message=str(problem))
            raise
        workspace.state.finish_run(run, now(), message=f"model {result.version}")
        return result


def _train(
    workspace: Workspace, report: Progress, target_name: str | None, as_of: int, started: int
) -> TrainResult:
    settings = workspace.settings
    target = chosen_target(settings, target_name)
    report("Reading what is known", 0.0)
    gathered = gather(workspace, target, leads_for(workspace, target), as_of)
    version = datetime.fromtimestamp(started / 1e6, UTC).strftime("%Y%m%d-%H%M%S-%f")[:-2]
    learned = fit(settings, gathered, version, report)
    model = learned.model
    valuation, notes = _value(workspace, gathered, learned, report)
    document = build_report(workspace, learned, gathered, as_of=as_of, trained_at=started)
    document["values"] = None if valuation is None else dict(valuation.figures)
    products = learned.products
    document["products"] = None if products is None else cast("ProductsReport", products.figures)
    document["notes"] += notes
    # A model of the past rests on other leads than today's, so `run` must not take it for fresh.
    inputs = inputs_fingerprint(workspace) if as_of == started else f"as of {to_iso(as_of)}"
    current = workspace.state.current_model(target.name)
    promoted = current is None or all(gate["passed"] for gate in document["gates"])
    if not promoted:
        document["notes"].append(
            "This model misses a gate of [success], so the earlier model stays in use."
        )
    save_model(
        workspace.root / "models" / version,
        model,
        lambda folder: _save_others(folder, valuation, products),
    )
    workspace.state.save_model(
        {
            "version": version,
            "target": target.name,
            "trained_at": started,
            "as_of": as_of,
            "family": learned.lesson.comparison.chosen,
            "regime": model.regime,
            "reliable": model.reliable,
            "verdict": document["verdict"]["verdict"],
            "lake_version": workspace.lake.version("leads"),
            "report": {**document, "inputs": inputs},
        },
        current=promoted,
    )
    return TrainResult(version, promoted, document)


def _save_others(folder: Path, valuation: Valuation | None, products: ProductModel | None) -> None:
    """Writes what stands beside the score model into its folder."""
    if valuation is not None:
        save_valuation(folder, valuation)
    if products is not None:
        save_product_model(folder, products)


def _value(
    workspace: Workspace, gathered: Gathered, learned: Learned, report: Progress
) -> tuple[Valuation | None, list[str]]:
    """What leads are worth; where that cannot be learned, a note that says why."""
    report("Learning what leads are worth", 0.97)
    try:
        return value_models(workspace.lake, workspace.settings, gathered, learned), []
    except DataError as problem:
        return None, [f"What leads are worth could not be learned. {problem.message}"]


def fit(settings: Settings, gathered: Gathered, version: str, report: Progress) -> Learned:
    """From gathered rows to a fitted, measured model; nothing is written.

    Raises DataError when there is nothing to learn from.
    """
    report("Looking for fields that give the outcome away", 0.0)
    material = prepare(settings, gathered)
    report("Looking for fields that run with time", 0.01)
    material = material.without(_find_running(settings, material))
    observed, clock = material.observed, material.clock
    lesson = learn(observed, material.design, clock, report)
    sources = sorted({feature.source for feature in lesson.design.features})
    model = LeadModel(
        version=version,
        target=gathered.target.name,
        regime=named(lesson.regime, lesson.comparison.chosen),
        reliable=lesson.regime.reliable,
        encoder=material.encoder,
        clock=clock if lesson.memory.sees_clock else None,
        blend=lesson.blend,
        spread=lesson.spread,
        usual=usual_values(observed.closed, sources, lesson.design),
        reference=_sorted(lesson.probability),
        history=_kept(material.streams, lesson.columns),
    )
    products = None
    if gathered.sales is not None:
        report("Learning products", 0.96)
        fold = lesson.folds[-1]
        products = learn_products(model, gathered, material.design, material.streams, fold)
    return Learned(model, lesson, observed, material.leaks, material.settling, products)


def refit(settings: Settings, gathered: Gathered, earlier: Learned) -> Learned:
    """The model of an earlier lesson, learned anew on what is known now; nothing is compared."""
    material = prepare(settings, gathered).without(earlier.model.encoder.left_out)
    blend, columns = relearn(material.observed, material.design, material.clock, earlier.lesson)
    model = replace(
        earlier.model,
        encoder=material.encoder,
        clock=material.clock if earlier.lesson.memory.sees_clock else None,
        blend=blend,
        history=_kept(material.streams, columns),
    )
    products = None
    if gathered.sales is not None:
        folds, _ = plan_folds(material.observed, earlier.lesson.regime)
        products = learn_products(model, gathered, material.design, material.streams, folds[-1])
    return replace(earlier, model=model, products=products)


@dataclass(frozen=True, eq=False)
class _Material:
    """Rows as models see them: encoders, the design, and what was left out."""

    observed: Observations
    encoder: RecordEncoder
    streams: HistoryEncoder | None
    clock: Clock | None
    design: Design
    leaks: list[Leak]
    settling: int

    @property
    def record(self) -> Design:
        """What the record alone says of the closed rows."""
        features = self.encoder.features
        return Design(features, self.design.profile[:, : len(features)])

    def without(self, names: Sequence[str]) -> "_Material":
        """The material without some features of the record."""
        if not names:
            return self
        columns = enumerate(self.design.profile_features)
        seen = np.array([j for j, feature in columns if feature.name not in names], np.intp)
        encoder = self.encoder.without(names, RUNS_WITH_TIME)
        return replace(self, encoder=encoder, design=self.design.only(seen))


def prepare(settings: Settings, gathered: Gathered) -> _Material:
    """Guards against leaks, then encodes the record and the history of the closed rows.

    Raises DataError when there is nothing to learn from.
    """
    observed = gathered.observed
    _require_closed(observed)
    candidates = _candidates(observed.closed, settings)
    leaks = []
    if gathered.is_about_leads:
        keep = _keep(settings)
        leaks = find_leaks(observed.closed, observed.won, observed.open, candidates, keep)
    left_out = {leak.column for leak in leaks if leak.severity == "leak" and not leak.kept}
    # The guard saw all leads; only those whose time is decided teach.
    observed, settling = mature(gathered)
    encoder = _fit_encoder(observed, candidates, left_out)
    clock = None
    # A person's instants are regular: a clock would only number them.
    if observed.order != "none" and gathered.is_about_leads:
        source = "created_at" if observed.order == "created_at" else "(order of the rows)"
        clock = fit_clock(observed.position, source)
    streams = gathered.learn_history()
    if streams is None:
        design = encoder.transform(observed.closed)
        return _Material(observed, encoder, None, clock, design, leaks, settling)
    history = streams.group(gathered.facts.tables)
    observed = staged(gathered, observed, settling)
    records = encoder.transform(observed.closed)
    design = with_history(records, streams, history, gathered.asked_closed(observed))
    return _Material(observed, encoder, streams, clock, design, leaks, settling)


def _find_running(settings: Settings, material: _Material) -> list[str]:
    if material.clock is None:
        return []
    return find_running(material.observed, material.record, _keep(settings))


def _keep(settings: Settings) -> Sequence[str]:
    """Fields that the user insists on."""
    return settings.tables["leads"].keep if "leads" in settings.tables else ()


def _kept(streams: HistoryEncoder | None, columns: Rows | None) -> HistoryEncoder | None:
    return streams if streams is None or columns is None else streams.keeping(columns)


def _clear_leftovers(workspace: Workspace, at: int) -> None:
    """Removes what a killed training left behind; the lock says that nobody else is training."""
    workspace.state.close_stale_runs("train", at)
    for folder in (workspace.root / "models").glob(".*.writing"):
        shutil.rmtree(folder, ignore_errors=True)


def chosen_target(settings: Settings, name: str | None) -> Target:
    """The target of this name; without a name the first of leads, else the first.

    Raises SettingsError for an unknown one, or when there is none.
    """
    names = [target.name for target in settings.targets]
    if name is not None:
        found = next((target for target in settings.targets if target.name == name), None)
        if found is None:
            raise SettingsError(
                f'There is no target "{name}" in umbrella.toml; known: '
                f"{', '.join(names) or 'none'}.{nearest(name, names)}",
                reason="unknown_target",
            )
        return found
    if settings.main_target is None:
        raise SettingsError(
            "Nothing is to be predicted yet. Add to umbrella.toml:\n"
            '[[targets]]\nname = "conversion"\nfrom = "leads.won"',
            reason="no_target",
        )
    return settings.main_target


def leads_for(workspace: Workspace, target: Target) -> pa.Table | None:
    """All current leads where the target is about leads, else None."""
    return read_leads(workspace) if target.from_ is not None else None


def read_leads(workspace: Workspace) -> pa.Table:
    """The current leads of the lake, times in the workspace's zone: its hours and weekdays count.

    Raises DataError when nothing was ingested.
    """
    if not workspace.lake.exists("leads"):
        raise DataError(
            "There are no leads yet. Name their file under [tables.leads] in umbrella.toml, then "
            "run `umbrella ingest`.",
            reason="no_leads",
        )
    leads = workspace.lake.current("leads")
    local = pa.timestamp("us", workspace.settings.timezone)
    fields = [f.with_type(local) if pa.types.is_timestamp(f.type) else f for f in leads.schema]
    return leads.cast(pa.schema(fields))


def inputs_fingerprint(workspace: Workspace) -> str:
    """Changes when training again could give another model: facts, settings or the code."""
    settings = workspace.settings
    leads = settings.tables.get("leads")
    facts = {
        "code": CODE_VERSION,
        "lake": {table: workspace.lake.version(table) for table in workspace.lake.tables()},
        "targets": [repr(target) for target in settings.targets],
        "success": repr(settings.success),
        "ignore": sorted(leads.ignore) if leads else [],
        "keep": sorted(leads.keep) if leads else [],
    }
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()


def _require_closed(observed: Observations) -> None:
    if observed.won.size == 0:
        raise DataError(
            "No lead was closed before this instant, so there is nothing to learn from. Choose a "
            "later --as-of, or add leads whose outcome is known.",
            reason="no_outcomes",
        )


def _candidates(leads: pa.Table, settings: Settings) -> list[str]:
    source = settings.tables.get("leads")
    ignored = set(NEVER_FEATURES) | set(source.ignore if source else ())
    # Canonical columns stand in every lake; an empty one was never in the source.
    absent = {
        n
        for n in TABLES["leads"].names
        if n in leads.column_names and leads[n].null_count == leads.num_rows
    }
    return [name for name in leads.column_names if name not in ignored | absent]


def _fit_encoder(
    observed: Observations, candidates: list[str], left_out: set[str]
) -> RecordEncoder:
    time_column = "created_at" if "created_at" in candidates else None
    used = [name for name in candidates if name not in left_out]
    encoder = fit_records(observed.closed, used, time_column)
    leaked = tuple(IgnoredField(name, "left out by the leak guard") for name in sorted(left_out))
    return replace(encoder, ignored=(*encoder.ignored, *leaked))


def _sorted(probability: Vector) -> Vector:
    ordered = probability.copy()
    ordered.sort()
    return ordered
