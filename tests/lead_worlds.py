"""Small worlds with a known truth: designs, lead tables and workspaces that tests learn from."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray
from stored import rows_in_use

from redumbrella.features.matrix import OTHER, Design, Feature
from redumbrella.models.base import Vector, probability_of
from redumbrella.state.scores import scores
from redumbrella.workspace import Workspace, open_workspace

FEATURES = (
    Feature("visits", "visits", "number"),
    Feature("income", "income", "number"),
    Feature("constant", "constant", "number"),
    Feature("newsletter", "newsletter", "flag"),
    Feature("job", "job", "category", (OTHER, "clerk", "retired", "student")),
)
HISTORY = (
    Feature("events.visit.count.7d", "events.visit", "history"),
    Feature("events.call.count.all", "events.call", "history"),
)
TIME = pa.timestamp("us", tz="UTC")
START = datetime(2024, 1, 1, 9, tzinfo=UTC)
SETTINGS = """\
[workspace]
name = "Test company"
timezone = "UTC"
[tables.leads]
path = "leads.csv"
{extra}
[tables.leads.columns]
lead_id = "id"
{created}
won = "won"
[[targets]]
name = "conversion"
from = "leads.won"
{success}
"""


def make_design(rows: int, seed: int = 0, *, history: bool = False) -> Design:
    """Numbers with gaps, a skewed one, a constant, a flag, a category, and maybe a history."""
    rng = np.random.default_rng(seed)
    profile = np.column_stack(
        [
            rng.normal(size=rows),
            rng.lognormal(8, 2, size=rows),
            np.full(rows, 3.0),
            rng.integers(0, 2, rows).astype(float),
            rng.integers(0, 4, rows).astype(float),
        ]
    )
    gaps = rng.random(profile.shape) < 0.1
    gaps[:, 2] = False
    profile[gaps] = np.nan
    if not history:
        return Design(FEATURES, profile)
    counts = rng.poisson(0.4, (rows, len(HISTORY))).astype(np.float32)
    return Design(FEATURES + HISTORY, profile, sp.csr_matrix(counts))


def truth(design: Design) -> Vector:
    """The log-odds that outcomes are drawn from: visits and students count."""
    visits = np.nan_to_num(design.profile[:, 0])
    student = np.nan_to_num(design.profile[:, 4]) == 3
    z: Vector = -1.0 + 1.4 * visits + 1.5 * student
    if design.history is not None:
        z = z + 0.8 * design.history.toarray()[:, 0]
    return z


def draw(log_odds: Vector, seed: int = 1) -> Vector:
    """Outcomes, 0 or 1, with these log-odds."""
    chance = np.random.default_rng(seed).random(log_odds.size)
    return (chance < probability_of(log_odds)).astype(np.float64)


def times(rows: int, step: timedelta = timedelta(hours=6)) -> list[datetime]:
    """One lead every few hours."""
    return [START + n * step for n in range(rows)]


def company_rows(
    closed: int,
    opened: int,
    *,
    strength: float = 1.5,
    base: float = -1.0,
    seed: int = 0,
    constant: bool | None = None,
) -> tuple[list[dict[str, object]], NDArray[np.float64]]:
    """Leads in order of time, the last ones open, and the true probability of each.

    strength 0 is pure noise. constant: every closed lead has this outcome.
    """
    rng = np.random.default_rng(seed)
    rows = closed + opened
    size, job = rng.normal(size=rows), rng.choice(["clerk", "retired", "student"], rows)
    log_odds = base + strength * (size + 0.8 * (job == "student") - 0.27)
    won = rng.random(rows) < probability_of(log_odds)
    noise = rng.normal(size=rows)
    leads: list[dict[str, object]] = []
    for n, at in enumerate(times(rows)):
        outcome = bool(won[n]) if constant is None else constant
        leads.append(
            {
                "id": f"L{n:05d}",
                "created": at.isoformat(),
                "size": f"{size[n]:.4f}" if n % 11 else "",
                "job": job[n],
                "noise": f"{noise[n]:.4f}",
                "won": "" if n >= closed else str(int(outcome)),
            }
        )
    return leads, probability_of(log_odds)


def write_leads(folder: Path, leads: list[dict[str, object]]) -> None:
    """Writes leads.csv."""
    with (folder / "leads.csv").open("w", newline="", encoding="utf-8") as file:
        columns = list(leads[0]) if leads else ["id", "created", "size", "won"]
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(leads)


def make_company(
    folder: Path,
    leads: list[dict[str, object]],
    *,
    extra: str = "",
    success: str = "",
    created: str = 'created_at = "created"',
) -> Workspace:
    """A workspace with these leads in its file; nothing is ingested yet."""
    folder.mkdir(parents=True, exist_ok=True)
    write_leads(folder, leads)
    text = SETTINGS.format(extra=extra, success=success, created=created)
    (folder / "umbrella.toml").write_text(text, encoding="utf-8")
    return open_workspace(folder)


def quiet(_step: str, _share: float) -> None:
    """Progress that nobody watches."""


def scores_of(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The stored scores by lead, with their reasons as mappings."""
    rows = rows_in_use(workspace.state, scores, "conversion")
    return {row["lead_id"]: row | {"reasons": orjson.loads(row["reasons"])} for row in rows}
