"""Run: ingest, train and score, each only where what it rests on has changed."""

from dataclasses import dataclass

from redumbrella.workflows.ingest import IngestResult, ingest
from redumbrella.workflows.learning import Progress
from redumbrella.workflows.score import ScoreResult, score
from redumbrella.workflows.train import TrainResult, inputs_fingerprint, lead_target, train
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class RunResult:
    """What each step did; None where nothing was stale."""

    ingested: IngestResult
    trained: TrainResult | None
    scored: ScoreResult | None


def run(workspace: Workspace, report: Progress, *, fresh: bool = False) -> RunResult:
    """Brings lake, model and list up to date; `fresh` trains and scores in any case."""
    with workspace.lock():
        ingested = ingest(workspace, lambda step, share: report(step, 0.1 * share))
        target = lead_target(workspace.settings, None)
        trained, scored = None, None
        if fresh or not _is_trained(workspace, target.name):
            trained = train(workspace, lambda step, share: report(step, 0.1 + 0.75 * share))
        if fresh or trained is not None or not _is_scored(workspace, target.name):
            scored = score(workspace, lambda step, share: report(step, 0.85 + 0.15 * share))
        return RunResult(ingested, trained, scored)


def _is_trained(workspace: Workspace, target: str) -> bool:
    current = workspace.state.newest_model(target)
    return current is not None and current["report"].get("inputs") == inputs_fingerprint(workspace)


def _is_scored(workspace: Workspace, target: str) -> bool:
    """True when the last score run came after the model in use, and was not one of the past."""
    current = workspace.state.current_model(target)
    runs = workspace.state.recent_runs()
    last = next((r for r in runs if r["verb"] == "score" and r["status"] == "done"), None)
    if current is None or last is None or last["started_at"] < current["trained_at"]:
        return False
    return bool(last["detail"].get("as_of") == last["started_at"])
