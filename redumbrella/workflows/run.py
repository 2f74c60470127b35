"""Run: ingest, train and score, each only where what it rests on has changed."""

from dataclasses import dataclass

from redumbrella.settings import Target
from redumbrella.workflows.ingest import IngestResult, ingest
from redumbrella.workflows.learning import Progress
from redumbrella.workflows.score import ScoreResult, score
from redumbrella.workflows.train import TrainResult, chosen_target, inputs_fingerprint, train
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class TargetRun:
    """What was done for one target; None where nothing was stale."""

    target: str
    trained: TrainResult | None
    scored: ScoreResult | None


@dataclass(frozen=True)
class RunResult:
    """What each step did; `trained` and `scored` are those of the main target, the first."""

    ingested: IngestResult
    trained: TrainResult | None
    scored: ScoreResult | None
    others: tuple[TargetRun, ...] = ()


def run(workspace: Workspace, report: Progress, *, fresh: bool = False) -> RunResult:
    """Brings lake, models and lists up to date; `fresh` trains and scores in any case."""
    with workspace.lock():
        ingested = ingest(workspace, lambda step, share: report(step, 0.1 * share))
        main = chosen_target(workspace.settings, None)
        targets = [main, *(t for t in workspace.settings.targets if t.name != main.name)]
        done = []
        for number, target in enumerate(targets):
            start, width = 0.1 + 0.9 * number / len(targets), 0.9 / len(targets)
            done.append(_run_target(workspace, target, _part(report, start, width), fresh=fresh))
        return RunResult(ingested, done[0].trained, done[0].scored, tuple(done[1:]))


def _run_target(
    workspace: Workspace, target: Target, report: Progress, *, fresh: bool
) -> TargetRun:
    trained, scored = None, None
    name = target.name
    if fresh or not _is_trained(workspace, name):
        trained = train(workspace, _part(report, 0.0, 0.85), target_name=name)
    if fresh or trained is not None or not _is_scored(workspace, name):
        scored = score(workspace, _part(report, 0.85, 0.15), target_name=name)
    return TargetRun(name, trained, scored)


def _part(report: Progress, start: float, width: float) -> Progress:
    return lambda step, share: report(step, start + width * share)


def _is_trained(workspace: Workspace, target: str) -> bool:
    current = workspace.state.newest_model(target)
    return current is not None and current["report"].get("inputs") == inputs_fingerprint(workspace)


def _is_scored(workspace: Workspace, target: str) -> bool:
    """True when the last score run came after the model in use, and was not one of the past."""
    current = workspace.state.current_model(target)
    runs = workspace.state.recent_runs()
    last = next(
        (
            r
            for r in runs
            if r["verb"] == "score"
            and r["status"] == "done"
            and r["detail"].get("target", target) == target
        ),
        None,
    )
    if current is None or last is None or last["started_at"] < current["trained_at"]:
        return False
    return bool(last["detail"].get("as_of") == last["started_at"])
