"""Train: from the lake's closed leads to a model that is compared, judged, stored and in use.

Nothing is changed until all is known: the model is written to its folder in one rename, then
named in the state database in one transaction. A run that is killed leaves the earlier model.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from redumbrella.clock import to_iso
from redumbrella.errors import DataError
from redumbrella.features.facts import leads_for
from redumbrella.learning.gathering import Gathered, gather
from redumbrella.learning.lesson import (
    Learned,
)
from redumbrella.learning.model import fit
from redumbrella.learning.report import Circumstances, build_report
from redumbrella.learning.worth import value_models
from redumbrella.models.model_folder import require_place
from redumbrella.models.products.product_model import ProductModel, save_product_model
from redumbrella.models.registry import write_model
from redumbrella.models.worth.valuation import Valuation, save_valuation
from redumbrella.progress import Progress
from redumbrella.reports.model import ReportDocument
from redumbrella.reports.products import ProductsReport
from redumbrella.scores.products import product_rows
from redumbrella.settings.targets import Target
from redumbrella.sources.links import lake_links
from redumbrella.state.forecasts import replace_product_forecasts
from redumbrella.state.models import current_model, is_version_taken, store_model
from redumbrella.state.sources import count_rejected
from redumbrella.workflows.freshness import fingerprint
from redumbrella.workflows.model_in_use import is_usable
from redumbrella.workflows.recorded import recorded
from redumbrella.workflows.tidying import tidy_models
from redumbrella.workspace import Workspace

CODE_VERSION = 16  # raised when training itself changes, so that `run` trains again
RESTS_ON = (
    "timezone",
    "success",
    "ignored_fields",
    "kept_fields",
    "lost_after_days",
    "rating_scale",
)


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
    hold_out: float = 0.0,
) -> TrainResult:
    """Trains the model of a target on what was known before `as_of` (default: now).

    hold_out: share or number of the newest closed leads to learn without. Raises DataError when
    there is nothing to learn from, SettingsError for an unknown target.
    """
    with recorded(workspace, "train") as run:
        require_place(workspace.models)
        instant = run.started_at if as_of is None else as_of
        result = _train(workspace, report, target_name, instant, run.started_at, hold_out)
        tidy_models(workspace)
        run.message = f"model {result.version}"
        return result


def training_inputs(workspace: Workspace, target: Target) -> str:
    """Changes when training the target again could give another model."""
    return fingerprint(workspace, CODE_VERSION, RESTS_ON, [target])


def _train(
    workspace: Workspace,
    report: Progress,
    target_name: str | None,
    as_of: int,
    started: int,
    hold_out: float,
) -> TrainResult:
    settings, lake = workspace.settings, workspace.lake
    target = settings.target(target_name)
    report("Reading what is known", 0.0)
    leads = leads_for(lake, target, settings.timezone)
    gathered = gather(lake, target, leads, as_of, settings.lost_after_days, hold_out)
    version = _new_version(workspace, started)
    learned = fit(settings, gathered, version, report)
    valuation, notes = _value(workspace, gathered, learned, report)
    with workspace.state.reading() as connection:
        rejected = count_rejected(connection, "leads")
        current = current_model(connection, target.name)
    versions = {table: lake.version(table) for table in lake.tables()}
    under = Circumstances(as_of, started, versions, rejected, lake_links(lake))
    document = build_report(settings, learned, gathered, under)
    document["values"] = None if valuation is None else dict(valuation.figures)
    products = learned.products
    document["products"] = None if products is None else cast("ProductsReport", products.figures)
    document["notes"] += notes
    # A model that is damaged, or answers another question, cannot stay in use whatever the new one.
    # A list of leads that were held out is only honest with the model that did not see them.
    kept = (
        current is not None
        and is_usable(workspace.models / current["version"], target)
        and not (hold_out or current["report"].get("held_out"))
    )
    promoted = not kept or all(gate["passed"] for gate in document["gates"])
    if not promoted:
        document["notes"].append(
            "This model misses a gate of [success], so the earlier model stays in use."
        )
    write_model(
        workspace.models / version,
        learned.model,
        lambda folder: _save_others(folder, valuation, products),
    )
    # A model of the past rests on other leads than today's, so `run` must not take it for fresh.
    inputs = training_inputs(workspace, target) if as_of == started else f"as of {to_iso(as_of)}"
    inputs = f"held out: {hold_out:g}" if hold_out else inputs
    row = _row(learned, document, under, inputs)
    with workspace.state.writing() as connection:
        store_model(connection, row, current=promoted)
        if products is not None and promoted:
            forecasts = product_rows(products.figures["products"], {})
            replace_product_forecasts(connection, target.name, forecasts)
    return TrainResult(version, promoted, document)


def _new_version(workspace: Workspace, started: int) -> str:
    """A name after the clock that no model has: the clock may be set back, or stand still."""
    named = datetime.fromtimestamp(started / 1e6, UTC).strftime("%Y%m%d-%H%M%S-%f")[:-2]
    version, number = named, 1
    with workspace.state.reading() as connection:
        while (workspace.models / version).exists() or is_version_taken(connection, version):
            number += 1
            version = f"{named}-{number}"
    return version


def _row(
    learned: Learned, document: ReportDocument, under: Circumstances, inputs: str
) -> dict[str, Any]:
    """The model as the state database keeps it."""
    model = learned.model
    return {
        "version": model.version,
        "target": model.target,
        "trained_at": under.trained_at,
        "as_of": under.as_of,
        "family": learned.lesson.comparison.chosen,
        "regime": model.regime,
        "reliable": model.reliable,
        "verdict": document["verdict"]["verdict"],
        "lake_version": under.lake.get("leads"),
        "inputs": inputs,
        "report": document,
    }


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
