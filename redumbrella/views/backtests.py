"""What was said at instants of the past, and what came: stored backtests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import RowMapping, select

from redumbrella.clock import to_datetime
from redumbrella.state.forecasts import backtests as table
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class BacktestStep:
    """One model of a walk through the past, and how good it was on what followed."""

    learned_at: str
    lessons: int
    rows: int
    known: int
    base_rate: float | None
    log_loss: float | None
    prior_log_loss: float | None


@dataclass(frozen=True)
class BacktestFacts:
    """A finished `umbrella backtest`: what was said at instants of the past, and what came."""

    ran_at: datetime
    target: str
    start: str
    end: str
    rows: int
    known: int
    family: str
    metrics: Mapping[str, float]
    prior_log_loss: float | None
    steps: tuple[BacktestStep, ...]


def list_backtests(
    workspace: Workspace, target: str | None = None, most: int = 20
) -> list[BacktestFacts]:
    """The newest finished backtests first; of one target, or of all."""
    query = select(table).order_by(table.c.id.desc()).limit(most)
    if target is not None:
        query = query.where(table.c.target == target)
    with workspace.state.reading() as connection:
        return [_backtest(row) for row in connection.execute(query).mappings()]


def _backtest(row: RowMapping) -> BacktestFacts:
    detail = orjson.loads(row["document"])
    return BacktestFacts(
        ran_at=to_datetime(row["ran_at"]),
        target=detail["target"],
        start=detail["from"],
        end=detail["to"],
        rows=detail["rows"],
        known=detail["known"],
        family=detail["family"].replace("_", " "),
        metrics=detail["metrics"],
        prior_log_loss=detail["prior_log_loss"],
        steps=tuple(BacktestStep(**step) for step in detail["steps"]),
    )
