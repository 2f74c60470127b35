"""Backtest: walk forward through the past, learn, score, and compare with what came.

In: an opened workspace, a target, a period and a step. Out: one row per lead or person and instant,
with the probability as it would have been given then and the outcome as it is known now; written to
a file on request. Models and lists stay as they are; the summary is kept for the page of models.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from redumbrella.clock import to_iso
from redumbrella.destinations.files import FileColumn, format_of, write_rows
from redumbrella.learning.backtest import BacktestResult, Plan, walk
from redumbrella.progress import Progress
from redumbrella.state.forecasts import record_backtest
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace

FIELDS = (
    FileColumn("id", "string", str),
    FileColumn("product_id", "string", str),
    FileColumn("target", "string", str),
    FileColumn("as_of", "timestamp", datetime.isoformat),
    FileColumn("probability", "float64", float),
    FileColumn("outcome", "int8", int),
)


def backtest(
    workspace: Workspace,
    report: Progress,
    plan: Plan,
    *,
    target_name: str | None = None,
    path: Path | None = None,
) -> BacktestResult:
    """Walks through the period of the plan and asks at every step.

    Families are compared at the first step, and again where there are enough conversions for
    others; the models between are refits of the chosen ones. Raises SettingsError for an impossible
    period, DataError where the record cannot answer.
    """
    target = workspace.settings.target(target_name)
    form = None if path is None else format_of(path)  # what cannot be written is said before
    with recorded(workspace, "backtest", alone=False) as run:
        settings = workspace.settings
        result = walk(workspace.lake, settings, target, plan, run.started_at, report)
        if path is not None and form is not None:
            write_rows(path, form, FIELDS, _rows(result.table))
        with workspace.state.writing() as connection:
            record_backtest(connection, run.started_at, target.name, _summary(result, plan))
        run.message = f"{result.rows:,} rows"
        return result


def _summary(result: BacktestResult, plan: Plan) -> dict[str, Any]:
    """What is kept: everything but the rows."""
    kept = {name: value for name, value in vars(result).items() if name not in {"table", "steps"}}
    period = {"from": to_iso(plan.start), "to": to_iso(plan.end)}
    return {**kept, **period, "steps": [asdict(step) for step in result.steps]}


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=5_000):
        yield from batch.to_pylist()
