"""Train: from the lake's closed leads to a model that is compared, judged, stored and in use.

Nothing is changed until all is known: the model is written to its folder in one rename, then
named in the state database in one transaction. A run that is killed leaves the earlier model.
"""

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import orjson

from redumbrella.clock import now, to_iso
from redumbrella.errors import DataError, SettingsError, nearest
from redumbrella.features.facts import leads_for
from redumbrella.learning.gathering import Gathered, gather
from redumbrella.learning.lesson import (
    Learned,
    Progress,
)
from redumbrella.learning.model import fit
from redumbrella.learning.report import build_report
from redumbrella.learning.worth import value_models
from redumbrella.models.products.product_model import ProductModel, save_product_model
from redumbrella.models.registry import save_model
from redumbrella.models.worth.valuation import Valuation, save_valuation
from redumbrella.reports.model import ReportDocument
from redumbrella.reports.products import ProductsReport
from redumbrella.settings.settings import Settings
from redumbrella.settings.targets import Target
from redumbrella.workspace import Workspace

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
