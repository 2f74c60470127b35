"""Score: every open lead with the model in use; the list is replaced in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from redumbrella.clock import now
from redumbrella.decisions.qualification import add_card
from redumbrella.errors import ModelError
from redumbrella.features.facts import leads_for, names_of
from redumbrella.learning.gathering import Gathered, gather, open_designs
from redumbrella.learning.lesson import Progress
from redumbrella.learning.worth import rates_of
from redumbrella.models.products.product_model import load_product_model
from redumbrella.models.registry import LeadModel, features_of, load_model
from redumbrella.models.worth.valuation import load_valuation
from redumbrella.scores.products import score_products
from redumbrella.scores.scoring import score_leads
from redumbrella.scores.worth import value_leads
from redumbrella.workflows.set_weights import current_weights, weigh_again
from redumbrella.workflows.train import chosen_target
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class ScoreResult:
    """How many open leads were scored, by which model.

    expected_sales: by product, for a target with one model per product.
    """

    leads: int
    model_version: str
    target: str
    as_of: int
    expected_sales: Mapping[str, float] | None = None


def score(
    workspace: Workspace,
    report: Progress,
    *,
    target_name: str | None = None,
    as_of: int | None = None,
) -> ScoreResult:
    """Scores the leads that were open at `as_of` (default: now).

    Raises ModelError when nothing was trained, DataError when there are no leads.
    """
    with workspace.lock():
        started = now()
        workspace.state.close_stale_runs("score", started)
        run = workspace.state.record_run("score", started)
        try:
            result = _score(workspace, report, target_name, started if as_of is None else as_of)
        except BaseException as problem:
            workspace.state.finish_run(run, now(), status="failed", message=str(problem))
            raise
        detail = {
            "as_of": result.as_of,
            "target": result.target,
            "model_version": result.model_version,
            "lake": {name: workspace.lake.version(name) for name in workspace.lake.tables()},
            "expected_sales": result.expected_sales,
            "people": result.leads,
        }
        workspace.state.finish_run(run, now(), message=f"{result.leads:,} leads", detail=detail)
        return result


def _score(
    workspace: Workspace, report: Progress, target_name: str | None, as_of: int
) -> ScoreResult:
    target = chosen_target(workspace.settings, target_name)
    current = workspace.state.current_model(target.name)
    if current is None:
        raise ModelError(
            f'No model of "{target.name}" is in use yet. Train one first: umbrella train',
            reason="no_model",
        )
    folder = workspace.root / "models" / current["version"]
    model = load_model(folder)
    valuation = load_valuation(folder, features_of(model))
    report("Reading what is known", 0.0)
    gathered = gather(workspace, target, leads_for(workspace, target), as_of)
    if target.per is not None:
        return _score_products(workspace, report, gathered, folder, model)
    observed = gathered.observed
    asked = observed.open if gathered.is_about_leads else _named(workspace, observed.open)
    design_of = open_designs(gathered, model)
    values_of = None
    if valuation is not None:
        values_of = partial(value_leads, valuation, rates_of(workspace.settings))
    rows = score_leads(model, asked, observed.open_position, as_of, report, design_of, values_of)
    weights = current_weights(workspace)
    if valuation is not None:
        for row in rows:
            add_card(row, weights, workspace.settings.currency)
    workspace.state.replace_scores(target.name, rows)
    if valuation is not None:
        weigh_again(workspace, weights)
    return ScoreResult(len(rows), model.version, target.name, as_of)


def _named(workspace: Workspace, people: pa.Table) -> pa.Table:
    """Records of people with the names that lists call them by."""
    names = pa.array(names_of(workspace.lake, people["person_id"]), pa.string())
    return people.append_column("name", names)


def _score_products(
    workspace: Workspace, report: Progress, gathered: Gathered, folder: Path, model: LeadModel
) -> ScoreResult:
    """The likeliest products of everyone who is asked about."""
    products = load_product_model(folder, model)
    if products is None:
        raise ModelError(
            f'The model of "{gathered.target.name}" in use was trained before the target asked for '
            "one model per product. Train again: umbrella train",
            reason="no_model",
        )
    scores = score_products(
        products,
        rates_of(workspace.settings).margin,
        _named(workspace, gathered.observed.open),
        gathered.as_of,
        report,
        open_designs(gathered, products.base),
    )
    workspace.state.replace_scores(gathered.target.name, scores.rows)
    expected = dict(zip(products.products.names, scores.expected.tolist(), strict=True))
    people = gathered.observed.open.num_rows
    return ScoreResult(people, model.version, gathered.target.name, gathered.as_of, expected)
