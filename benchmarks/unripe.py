"""Leads whose outcomes are not ripe: what is said of the open ones, before and after they wait.

    python benchmarks/unripe.py [--leads N] [--record FILE]

In: simulated records with known truth, written down as a business would until an instant: wins at
once and losses late (by a yearly clean-up, or after 90 days), losses never, both alike, and the
late losses without a time of closing. Out: for each, what the open leads are said to be, what they
really are, and the log loss on what became of them: with every closed lead as a lesson (before) and
with leads that wait until their time is decided (after). Everything runs in this process.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY, to_microseconds
from redumbrella.columns import ORDER
from redumbrella.evaluation.metrics import log_loss
from redumbrella.features.facts import Facts
from redumbrella.figures import percent
from redumbrella.learning import gathering, ripening
from redumbrella.learning.gathering import gather_leads, open_designs
from redumbrella.learning.model import fit
from redumbrella.learning.report import judged
from redumbrella.progress import silent
from redumbrella.settings.objectives import Success
from redumbrella.settings.settings import Settings
from redumbrella.settings.targets import Target

DAYS = 900
NOW = to_microseconds(datetime(2026, 10, 1, tzinfo=UTC))
NEVER = 100_000.0
WORLDS = (
    "both within days",
    "losses after 90 days",
    "losses at a yearly clean-up",
    "losses after 90 days, no time of closing",
    "losses never",
    "losses never, no time of closing",
)


@dataclass(frozen=True)
class World:
    """A record as it is written down at NOW, and what is true of every lead."""

    leads: pa.Table
    chance: NDArray[np.float64]  # of being won, at its creation
    decides_at: NDArray[np.float64]  # day of the decision, whether anybody writes it down or not
    won: NDArray[np.bool_]


def simulated(name: str, leads: int, seed: int) -> World:
    """One of the WORLDS. Days count from the start of the record; NOW is day DAYS."""
    rng = np.random.default_rng(seed)
    created = np.sort(rng.uniform(0, DAYS, leads))
    size, source = rng.normal(size=leads), rng.choice(["fair", "web", "call", "partner"], leads)
    z = -1.3 + 1.0 * size + 0.8 * (source == "partner")
    chance = 1.0 / (1.0 + np.exp(-z))
    won = rng.random(leads) < chance
    took = rng.exponential(6.0, leads)
    late = np.zeros(leads)
    if name.startswith("losses after 90 days"):
        late = 90.0 + rng.exponential(10.0, leads)
    if name.startswith("losses at a yearly"):
        late = (np.floor((created + 95) / 365) + 1) * 365 - 95 - created
    if name.startswith("losses never"):
        late = np.where(rng.random(leads) < 0.01, took, NEVER)
    written = created + np.where(won | (late == 0.0), took, late)
    known = written < DAYS
    start = NOW - DAYS * MICROSECONDS_PER_DAY
    utc = pa.timestamp("us", "UTC")
    columns = {
        "lead_id": pa.array([f"L{n}" for n in range(leads)]),
        "created_at": pa.array((start + created * MICROSECONDS_PER_DAY).astype(np.int64)).cast(utc),
        "won": pa.array(won, mask=~known),
        "size": pa.array(size),
        "source": pa.array(source),
        ORDER: pa.array(np.arange(leads)),
    }
    if "no time of closing" not in name:
        at = (start + np.minimum(written, 9_000) * MICROSECONDS_PER_DAY).astype(np.int64)
        columns["closed_at"] = pa.array(at, mask=~known).cast(utc)
    return World(pa.table(columns), chance, created + took, won)


@dataclass(frozen=True)
class Outcome:
    """What was said of the leads that are open, by name of the measure."""

    taught: int
    asked: int
    said: float
    came: float
    loss: float
    best: float
    verdict: str


def measured(world: World, *, waits: bool) -> Outcome:
    """Learns and scores at NOW. waits: whether leads wait until their time is decided."""
    nothing = Facts(MappingProxyType({}), MappingProxyType({}), None, ())
    target = Target("conversion", from_="leads.won")
    settings: Any = Settings(Path(), "bench", "EUR", "UTC", "", "duckdb", {}, (target,), Success())
    with nullcontext() if waits else as_before():
        gathered = gather_leads(target, nothing, world.leads, NOW)
        learned = fit(settings, gathered, "bench", silent)
        verdict = judged(settings, learned, gathered)
    observed = gathered.observed
    said = learned.model.blend.probability(
        open_designs(gathered, learned.model)(slice(0, observed.open.num_rows))
    )
    rows = observed.open[ORDER].to_numpy()
    # A win that is at hand is written down at once: who is open past it is a loss nobody wrote.
    won = world.won[rows].astype(np.float64)
    return Outcome(
        taught=int(learned.observed.won.size),
        asked=int(rows.size),
        said=float(said.mean()),
        came=float(won.mean()),
        loss=log_loss(said, won),
        best=log_loss(np.full(rows.size, np.clip(won.mean(), 1e-6, 1)), won),
        verdict=verdict.verdict,
    )


def as_before() -> Any:
    """Every closed lead teaches, and what is not written down stays open."""
    stack = ExitStack()
    stack.enter_context(patch.object(gathering, "one_sided", lambda *_: None))
    stack.enter_context(patch.object(ripening, "unripe_since", lambda *_: None))
    return stack


def lines(leads: int, seeds: int) -> Iterator[str]:
    """The table, line by line, each figure the mean of the seeds."""
    yield "| record | lessons | open leads | said | came | log loss | verdict |"
    yield "|---|---|---|---|---|---|---|"
    for name in WORLDS:
        for waits in (False, True):
            found = [measured(simulated(name, leads, seed), waits=waits) for seed in range(seeds)]
            mean = {
                key: float(np.mean([getattr(one, key) for one in found]))
                for key in ("taught", "asked", "said", "came", "loss", "best")
            }
            yield (
                f"| {name}, {'after' if waits else 'before'} | {mean['taught']:,.0f} "
                f"| {mean['asked']:,.0f} | {percent(mean['said'])} | {percent(mean['came'])} "
                f"| {mean['loss']:.4f} | {', '.join(sorted({one.verdict for one in found}))} |"
            )


def main() -> None:
    """Prints the table; --record writes it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leads", type=int, default=6_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    shown = []
    for line in lines(options.leads, options.seeds):
        print(line, flush=True)
        shown.append(line)
    if options.record:
        options.record.write_text("\n".join(["# Outcomes that are not ripe", "", *shown, ""]))


if __name__ == "__main__":
    main()
