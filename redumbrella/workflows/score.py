"""Score: every open lead with the model in use; the list is written apart, then put into use."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from redumbrella.decisions.qualification import Weights, add_card
from redumbrella.errors import EngineError, ModelError
from redumbrella.features.facts import leads_for, names_of
from redumbrella.lake.lake import Lake
from redumbrella.lake.read_since import read_so_far
from redumbrella.learning.gathering import Gathered, gather, open_designs
from redumbrella.learning.worth import rates_of
from redumbrella.models.model_folder import ModelFiles
from redumbrella.models.products.product_model import load_product_model
from redumbrella.models.registry import LeadModel, features_of
from redumbrella.models.worth.valuation import Valuation, load_valuation
from redumbrella.progress import Progress
from redumbrella.scores.deals import MonthOf, add_months, add_stages, stage_column
from redumbrella.scores.grades import add_grades, measure_of
from redumbrella.scores.products import ProductScores, product_rows, score_products
from redumbrella.scores.scoring import score_leads
from redumbrella.scores.worth import value_leads
from redumbrella.settings.grades import Measure
from redumbrella.settings.targets import Target
from redumbrella.state.forecasts import replace_product_forecasts
from redumbrella.state.lists import take_into_use
from redumbrella.state.models import current_model
from redumbrella.state.scores import former_grades, new_scores, record_scoring
from redumbrella.views.weights import current_weights
from redumbrella.workflows.freshness import fingerprint
from redumbrella.workflows.keep_scores import KeptDay, keep_scores, why_not_kept
from redumbrella.workflows.model_in_use import open_model
from redumbrella.workflows.outcomes_in_lake import outcomes_to_lake
from redumbrella.workflows.recorded import recorded
from redumbrella.workflows.set_weights import weigh_again
from redumbrella.workflows.tidying import tidy_snapshots
from redumbrella.workspace import Workspace

CODE_VERSION = 3  # raised when scoring itself changes, so that `run` scores again
RESTS_ON = ("timezone", "currency", "costs", "qualification", "grades", "labels", "lost_after_days")


@dataclass(frozen=True)
class HeldOut:
    """What came of the closed leads that were held out: of all, and of the best tenth of them."""

    leads: int
    won: int
    best: int
    best_won: int


@dataclass(frozen=True)
class ScoreResult:
    """How many open leads were scored, by which model.

    expected_sales: by product, for a target with one model per product. held_out: where closed
    leads are on the list as if they were open. said: what has to be known of the history of scores.
    """

    leads: int
    model_version: str
    target: str
    as_of: int
    expected_sales: Mapping[str, float] | None = None
    held_out: HeldOut | None = None
    said: str = ""


def score(
    workspace: Workspace,
    report: Progress,
    *,
    target_name: str | None = None,
    as_of: int | None = None,
    hold_out: float = 0.0,
) -> ScoreResult:
    """Scores the leads that were open at `as_of` (default: now).

    hold_out: share or number of the newest closed leads to score too, as in training. Raises
    ModelError when nothing was trained, DataError when there are no leads.
    """
    with recorded(workspace, "score") as run:
        instant = run.started_at if as_of is None else as_of
        outcomes_to_lake(workspace, run.started_at)
        result = _score(workspace, report, target_name, instant, run.started_at, hold_out)
        run.message = f'{result.leads:,} scored for "{result.target}"'
        run.message += f". {result.said}" if result.said else ""
        return result


def scoring_inputs(workspace: Workspace, target: Target, model_version: str) -> str:
    """Changes when scoring the target again could give other scores.

    Weights that people set are not among it: setting them weighs every card anew at once.
    """
    return fingerprint(workspace, CODE_VERSION, RESTS_ON, [target, model_version])


def _score(
    workspace: Workspace,
    report: Progress,
    target_name: str | None,
    as_of: int,
    started: int,
    hold_out: float,
) -> ScoreResult:
    settings, lake = workspace.settings, workspace.lake
    target = settings.target(target_name)
    current = _current_model(workspace, target)
    files, model = open_model(workspace.models / current["version"], target)
    report("Reading what is known", 0.0)
    leads = leads_for(lake, target, settings.timezone)
    gathered = gather(lake, target, leads, as_of, settings.lost_after_days, hold_out)
    weights = current_weights(workspace)
    # A list of the past rests on other facts than today's, so `run` must not take it for fresh.
    is_of_today = as_of == started and not hold_out
    inputs = scoring_inputs(workspace, target, model.version) if is_of_today else ""
    forecasts: list[dict[str, Any]] | None = None
    expected, held = None, None
    month_of: MonthOf = ""
    if target.per is None:
        valuation = load_valuation(files, features_of(model))
        rows = _lead_rows(workspace, report, gathered, model, valuation, as_of)
        if valuation is not None:
            _add_cards(rows, weights, settings.currency)
        asked = len(rows)
        held = _mark_held_out(rows, gathered) if gathered.observed.held else None
        month_of = _add_deals(rows, gathered, as_of, settings.timezone)
    else:
        scores = _product_scores(workspace, report, gathered, files, model)
        rows, asked = scores.rows, gathered.observed.open.num_rows
        expected = scores.by_product
        forecasts = product_rows(current["report"]["products"]["products"], expected)
    measure = _add_grades(workspace, target, rows, started)
    known_until = gathered.as_of if target.per else as_of
    scoring = {
        "target": target.name,
        "model_version": model.version,
        "inputs": inputs,
        "scored_at": started,
        "as_of": known_until,
        "asked": asked,
        "ranked_by": measure,
        "month_of": month_of,
        "lake": {name: lake.version(name) for name in lake.tables()},
    }
    why = why_not_kept(lake, as_of, started, held_out=bool(hold_out))
    scoring["known"] = what_was_read(lake, gathered) | {"kept": not why}
    kept = None if why else keep_scores(workspace, rows, scoring, gathered.as_of)
    _replace(workspace, rows, scoring, forecasts, kept)
    weigh_again(workspace, weights)
    said = f"Not kept in the history of scores: {why}." if kept is None else kept.said
    return ScoreResult(asked, model.version, target.name, known_until, expected, held, said)


def _current_model(workspace: Workspace, target: Target) -> dict[str, Any]:
    with workspace.state.reading() as connection:
        current = current_model(connection, target.name)
    if current is None:
        raise ModelError(
            f'No model of "{target.name}" is in use yet. Train one first: umbrella train',
            reason="no_model",
        )
    return current


def what_was_read(lake: Lake, gathered: Gathered) -> dict[str, Any]:
    """What a list has read of the lake, and what of all leads the score of each rests on.

    as_of: the instant at which leads were asked about. order, first: by what they are put in time,
    and the earliest place. lost_after: as in `Gathered`. stage: the column of stages.
    """
    of_leads: dict[str, Any] = {}
    if gathered.is_about_leads:
        stage = stage_column(gathered.observed.open)
        of_leads = {"stage": stage, "lost_after": gathered.lost_after}
    return {
        **read_so_far(lake),
        "as_of": gathered.as_of,
        "order": gathered.observed.order,
        "first": gathered.first_place,
        **of_leads,
    }


def _replace(
    workspace: Workspace,
    rows: list[dict[str, Any]],
    scoring: dict[str, Any],
    forecasts: list[dict[str, Any]] | None,
    kept: KeptDay | None,
) -> None:
    """Writes the new list apart and puts it into use, with all that goes with it."""
    target = scoring["target"]
    with (
        new_scores(workspace.state, target, rows) as new,
        workspace.state.writing() as connection,
    ):
        take_into_use(connection, new)
        record_scoring(connection, scoring)
        if kept is not None:
            kept.note(connection)
        if forecasts is not None:
            replace_product_forecasts(connection, target, forecasts)
    tidy_snapshots(workspace, scoring["scored_at"])


def _add_cards(rows: list[dict[str, Any]], weights: Weights, currency: str) -> None:
    for row in rows:
        add_card(row, weights, currency)


def _add_deals(
    rows: list[dict[str, Any]], gathered: Gathered, as_of: int, timezone: str
) -> MonthOf:
    """Stage and month of each lead; says what the months are of. People have neither."""
    if not gathered.is_about_leads:
        return ""
    add_stages(rows, gathered.observed.open, stage_column(gathered.observed.open))
    return add_months(rows, gathered.observed.open, as_of, timezone)


def _add_grades(
    workspace: Workspace, target: Target, rows: list[dict[str, Any]], started: int
) -> Measure:
    """Grades the list beside the one that it replaces, and notes when; says by what."""
    for row in rows:
        row["scored_at"] = started
    grades = workspace.settings.grades
    with workspace.state.reading() as connection:
        try:
            former = former_grades(connection, target.name)
        except EngineError:  # the file of the old list is gone: nobody has a grade to keep
            former = {}
    measure = measure_of(rows, grades.by)
    add_grades(rows, measure, grades, former)
    return measure


def _mark_held_out(rows: list[dict[str, Any]], gathered: Gathered) -> HeldOut:
    """Notes what came of each lead that was held out; they stand last."""
    observed = gathered.observed
    outcomes = observed.open["won"].to_pylist()[-observed.held :]
    marked = rows[-observed.held :]
    for row, won in zip(marked, outcomes, strict=True):
        row["details"] = {**row.get("details", {}), "held_out": "won" if won else "lost"}
    pairs = sorted(zip((row["probability"] for row in marked), outcomes, strict=True), reverse=True)
    best = max(1, round(len(pairs) / 10))
    return HeldOut(len(pairs), sum(outcomes), best, sum(won for _, won in pairs[:best]))


def _lead_rows(
    workspace: Workspace,
    report: Progress,
    gathered: Gathered,
    model: LeadModel,
    valuation: Valuation | None,
    as_of: int,
) -> list[dict[str, Any]]:
    """A score for everyone who is asked about, with what they are worth where it is known."""
    observed = gathered.observed
    asked = observed.open if gathered.is_about_leads else _named(workspace.lake, observed.open)
    values_of = None
    if valuation is not None:
        values_of = partial(value_leads, valuation, rates_of(workspace.settings))
    design_of = open_designs(gathered, model)
    labels = workspace.settings.labels
    return score_leads(
        model, asked, observed.open_position, as_of, report, design_of, values_of, labels
    )


def _named(lake: Lake, people: pa.Table) -> pa.Table:
    """Records of people with the names that lists call them by."""
    names = pa.array(names_of(lake, people["person_id"]), pa.string())
    return people.append_column("name", names)


def _product_scores(
    workspace: Workspace, report: Progress, gathered: Gathered, files: ModelFiles, model: LeadModel
) -> ProductScores:
    """The likeliest products of everyone who is asked about."""
    products = load_product_model(files, model)
    assert products is not None, "a model of this question has them, and none of its files is lost"
    return score_products(
        products,
        rates_of(workspace.settings).margin,
        _named(workspace.lake, gathered.observed.open),
        gathered.as_of,
        report,
        open_designs(gathered, products.base),
        workspace.settings.labels,
    )
