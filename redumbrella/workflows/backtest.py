"""Backtest: walk forward through the past, learn, score, and compare with what came.

In: an opened workspace, a target, a period and a step. Out: one row per lead or person and instant,
with the probability as it would have been given then and the outcome as it is known now; written to
a file on request. Promise: a probability at an instant rests on facts and outcomes known strictly
before the model was learned, and on the history before the instant; models and lists stay
as they are, only the summary is kept for the page of models.
"""

from pathlib import Path

from redumbrella.clock import now, to_iso
from redumbrella.learning.backtest import BacktestResult, Every, walk
from redumbrella.learning.lesson import Progress
from redumbrella.workflows.train import chosen_target
from redumbrella.workspace import Workspace


def backtest(
    workspace: Workspace,
    report: Progress,
    *,
    start: int,
    end: int,
    every: Every,
    refit_every: int | None = None,
    target_name: str | None = None,
    path: Path | None = None,
) -> BacktestResult:
    """Walks from `start` to `end` (UTC microseconds) and asks at every step.

    refit_every: microseconds between two models; None: at every step, or once for `touch`.
    Families are compared at the first step; later models are refits of the chosen ones.

    Raises SettingsError for an impossible period, DataError when nothing was known at its start.
    """
    target = chosen_target(workspace.settings, target_name)
    run = workspace.state.record_run("backtest", now())
    try:
        result = walk(workspace, report, target, (start, end), every, refit_every, path)
    except BaseException as problem:
        workspace.state.finish_run(run, now(), status="failed", message=str(problem))
        raise
    detail = {
        name: value
        for name, value in vars(result).items()
        if name not in {"table", "path", "steps"}
    }
    detail |= {"from": to_iso(start), "to": to_iso(end), "steps": [vars(s) for s in result.steps]}
    workspace.state.finish_run(run, now(), message=f"{result.rows:,} rows", detail=detail)
    return result
