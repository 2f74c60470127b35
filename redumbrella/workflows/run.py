"""Run: ingest, train, score, value customers, recommend, list whom to contact today: only what is
stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from redumbrella.clock import now
from redumbrella.errors import DataError, SettingsError
from redumbrella.progress import Progress, part_of
from redumbrella.settings.targets import Target
from redumbrella.state.lists import is_list_there
from redumbrella.state.models import current_model, newest_model
from redumbrella.state.scores import scores, scoring_of
from redumbrella.workflows.ingest import IngestResult, ingest
from redumbrella.workflows.make_list import MadeList, make_due_list
from redumbrella.workflows.model_in_use import is_whole
from redumbrella.workflows.recommend import (
    RecommendResult,
    are_recommendations_fresh,
    recommend,
)
from redumbrella.workflows.score import ScoreResult, score, scoring_inputs
from redumbrella.workflows.train import TrainResult, train, training_inputs
from redumbrella.workflows.value_customers import (
    CustomersResult,
    are_customers_fresh,
    value_customers,
)
from redumbrella.workspace import Workspace

# Reasons for which one target cannot be learned, while others can.
NOTHING_TO_LEARN = frozenset({"no_outcomes", "no_facts", "no_products"})


@dataclass(frozen=True)
class TargetRun:
    """What was done for one target; None where nothing was stale."""

    target: str
    trained: TrainResult | None
    scored: ScoreResult | None


@dataclass(frozen=True)
class SkippedTarget:
    """A target that cannot be learned from what there is, with the reason code and the message."""

    target: str
    reason: str
    message: str


@dataclass(frozen=True)
class RunResult:
    """What each step did; `trained` and `scored` are those of the main target, the first.

    customers: None where there are no purchases or the list of customers is up to date. skipped:
    targets that nothing can be learned for yet, which are not among `others`. listed: today's list
    of the main target where the day had none. recommended: None where no recommender is named or
    its lists are up to date.
    """

    ingested: IngestResult
    trained: TrainResult | None
    scored: ScoreResult | None
    others: tuple[TargetRun, ...] = ()
    customers: CustomersResult | None = None
    skipped: tuple[SkippedTarget, ...] = ()
    listed: MadeList | None = None
    recommended: RecommendResult | None = None


def run(
    workspace: Workspace, report: Progress, *, fresh: bool = False, hold_out: float = 0.0
) -> RunResult:
    """Brings lake, models and lists up to date; `fresh` trains and scores in any case.

    hold_out: share or, from 1 on, number of the newest closed leads that are learned without and
    put on the list as if they were open. The next run without it goes back. A target that nothing
    can be learned for is skipped where other targets or customers can be done. Raises SettingsError
    where hold_out is given and no target is about leads, DataError where no list came out.
    """
    if hold_out and not any(target.from_ for target in workspace.settings.targets):
        raise SettingsError(
            "--hold-out is for leads that are won or lost, and no target is about them.",
            reason="no_leads",
        )
    with workspace.lock():
        ingested = ingest(workspace, part_of(report, 0.0, 0.1))
        targets = _targets(workspace)
        learning = part_of(report, 0.1, 0.9)
        done, problems = _run_targets(workspace, targets, learning, fresh=fresh, hold_out=hold_out)
        leaving = any(
            target.absence_of is not None and target.name in done and done[target.name].scored
            for target in targets
        )
        valued = _run_customers(workspace, part_of(report, 0.9, 0.95), fresh=fresh or leaving)
        if problems and not done and not workspace.lake.exists("purchases"):
            raise next(iter(problems.values()))
        recommended = _run_recommenders(workspace, part_of(report, 0.95, 1.0), fresh=fresh)
        main = done.get(targets[0].name) if targets else None
        main = main or TargetRun("", None, None)
        return RunResult(
            ingested,
            main.trained,
            main.scored,
            tuple(one for one in done.values() if one is not main),
            valued,
            tuple(SkippedTarget(name, p.reason, p.message) for name, p in problems.items()),
            None if hold_out else _run_list(workspace, done),
            recommended,
        )


def _run_list(workspace: Workspace, done: Mapping[str, TargetRun]) -> MadeList | None:
    """Today's list of the main target, where it is about leads and the day has no list yet."""
    main = workspace.settings.main_target
    if main is None or main.from_ is None or main.name not in done:
        return None
    return make_due_list(workspace, main.name, now())


def _run_targets(
    workspace: Workspace, targets: list[Target], report: Progress, *, fresh: bool, hold_out: float
) -> tuple[dict[str, TargetRun], dict[str, DataError]]:
    """What was done for each target by name, and why nothing can be learned for the others."""
    done: dict[str, TargetRun] = {}
    problems: dict[str, DataError] = {}
    for number, target in enumerate(targets):
        held = hold_out if target.from_ is not None else 0.0
        part = part_of(report, number / len(targets), (number + 1) / len(targets))
        try:
            done[target.name] = _run_target(workspace, target, part, fresh=fresh, hold_out=held)
        except DataError as problem:
            # What is held out was asked for, so it is not left out in silence.
            if held or problem.reason not in NOTHING_TO_LEARN:
                raise
            problems[target.name] = problem
    return done, problems


def _targets(workspace: Workspace) -> list[Target]:
    """The main target, then the others; none where customers are all that is asked about.

    Raises SettingsError where there is nothing to do at all.
    """
    settings = workspace.settings
    if not settings.targets and workspace.lake.exists("purchases"):
        return []
    main = settings.target()
    return [main, *(target for target in settings.targets if target.name != main.name)]


def _run_customers(
    workspace: Workspace, report: Progress, *, fresh: bool
) -> CustomersResult | None:
    if not workspace.lake.exists("purchases") or (not fresh and are_customers_fresh(workspace)):
        return None
    try:
        return value_customers(workspace, report)
    except DataError as problem:
        # Purchases that were all given back make no customer; targets are done all the same.
        if problem.reason != "no_purchases" or not workspace.settings.targets:
            raise
        return None


def _run_recommenders(
    workspace: Workspace, report: Progress, *, fresh: bool
) -> RecommendResult | None:
    if not workspace.settings.recommenders or (not fresh and are_recommendations_fresh(workspace)):
        return None
    try:
        return recommend(workspace, report)
    except DataError as problem:
        if problem.reason != "no_purchases":
            raise
        return None


def _run_target(
    workspace: Workspace, target: Target, report: Progress, *, fresh: bool, hold_out: float
) -> TargetRun:
    trained, scored = None, None
    name = target.name
    if fresh or hold_out or not _is_trained(workspace, target):
        learning = part_of(report, 0.0, 0.85)
        trained = train(workspace, learning, target_name=name, hold_out=hold_out)
    if fresh or trained is not None or not _is_scored(workspace, target):
        scoring = part_of(report, 0.85, 1.0)
        scored = score(workspace, scoring, target_name=name, hold_out=hold_out)
    return TargetRun(name, trained, scored)


def _is_trained(workspace: Workspace, target: Target) -> bool:
    """Whether the newest model rests on today's facts and settings, and the one in use is whole."""
    with workspace.state.reading() as connection:
        newest = newest_model(connection, target.name)
        current = current_model(connection, target.name)
    if newest is None or newest["inputs"] != training_inputs(workspace, target):
        return False
    return current is None or is_whole(workspace.models / current["version"])


def _is_scored(workspace: Workspace, target: Target) -> bool:
    """Whether the list rests on the model in use, and on the facts and settings of today."""
    with workspace.state.reading() as connection:
        current = current_model(connection, target.name)
        last = scoring_of(connection, target.name)
        is_there = is_list_there(connection, scores, target.name)
    if current is None or last is None or not is_there:
        return False
    return bool(last["inputs"] == scoring_inputs(workspace, target, current["version"]))
