"""Do intervals hold where the level of the world wanders? With and without what is known of it.

    python benchmarks/levels.py [--worlds 20] [--data DIR] [--packages DIR] [--r-packages DIR]
        [--record FILE]

In: simulated records of 8,000 leads in ten periods whose level moves by 0, 0.3 or 0.8 in log-odds,
period by period (`jumps`: each on its own; `walks`: from where it was), and tables in order of time
as `tables.py`, `package_tables.py` and `r_tables.py` make them. Red Umbrella learns from the first
80 % and scores the rest, as `umbrella run` does. Counted, each with the level in the interval and
without: of ten groups of open leads with neighbouring scores, those whose share of wins lies in the
mean interval of the group (widened by the chance of drawing so many leads); whether the number of
wins of the whole list lies in its interval; the mean width.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import numpy as np
import package_tables
import pandas as pd
import r_tables
import tables
from numpy.typing import NDArray
from scipy.stats import norm
from tables import LeadTable

from redumbrella.clock import now
from redumbrella.evaluation.metrics import equal_bins
from redumbrella.features.facts import leads_for
from redumbrella.learning.gathering import gather, open_designs
from redumbrella.learning.model import fit
from redumbrella.models.base import probability_of
from redumbrella.models.uncertainty import LEVEL, Spread
from redumbrella.progress import silent
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace

Vector = NDArray[np.float64]
ROWS, PERIODS, GROUPS = 8_000, 10, 10
LAST = "last 20 % open"
SETTINGS = """\
[tables.leads]
path = "leads.csv"
[tables.leads.columns]
lead_id = "lead"
won = "outcome"
"""


@dataclass(frozen=True)
class Held:
    """Share of groups in their interval, whether the total is in its own, and the mean width."""

    groups: float
    total: bool
    width: float


@dataclass(frozen=True)
class Found:
    """One table: what was said, what came, and what held without and with the level."""

    name: str
    kind: str
    said: float
    came: float
    wandering: float
    family: str
    without: Held
    with_level: Held


def world(kind: str, wander: float, seed: int) -> LeadTable:
    """Leads with three numbers and two categories, whose level moves from period to period."""
    rng = np.random.default_rng(seed)
    visits, days = rng.poisson(3.0, ROWS).astype(float), rng.exponential(20.0, ROWS)
    size, source, region = (
        rng.normal(size=ROWS),
        rng.integers(0, 4, ROWS),
        rng.integers(0, 12, ROWS),
    )
    steps = rng.normal(0.0, wander, PERIODS) if wander else np.zeros(PERIODS)
    level = np.cumsum(steps) if kind == "walks" else steps
    level -= level[: int(PERIODS * (1 - tables.OPEN_SHARE))].mean()
    z = -1.8 + 0.35 * (visits - 3.0) - 0.02 * (days - 20.0) + 0.5 * size
    z += np.array([0.5, 0.0, -0.5, 0.2])[source] + rng.normal(0.0, 0.4, 12)[region]
    truth = probability_of(z + level[np.arange(ROWS) * PERIODS // ROWS])
    fields = pd.DataFrame(
        {
            "visits": visits,
            "days": days.round(1),
            "size": size.round(2),
            "source": np.array(["fair", "web", "ads", "mail"])[source],
            "region": [f"region {number}" for number in region],
        }
    )
    won = (rng.random(ROWS) < truth).astype(float)
    return LeadTable(f"{kind} {wander:g}", LAST, fields, won, tables.last(ROWS), truth)


def measure(table: LeadTable, kind: str) -> Found:
    """Learns, scores, and compares what was said with what came."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        leads = table.fields.copy()
        leads.insert(0, "lead", [str(n) for n in range(len(leads))])
        outcome = pd.Series(table.won).map({1.0: "won", 0.0: "lost"})
        leads["outcome"] = outcome.where(~table.is_open, "")
        leads.to_csv(folder / "leads.csv", index=False)
        (folder / "umbrella.toml").write_text(SETTINGS, encoding="utf-8")
        workspace = open_workspace(folder)
        ingest(workspace, silent)
        settings = workspace.settings
        target = settings.target(None)
        known = leads_for(workspace.lake, target, settings.timezone)
        gathered = gather(workspace.lake, target, known, now())
        learned = fit(settings, gathered, "benchmark", silent)
        design = open_designs(gathered, learned.model)(slice(0, len(leads)))
        asked = np.array(gathered.observed.open["lead_id"].to_pylist(), np.intp)
        workspace.state.close()
    spread, won = learned.model.spread, table.won[asked]
    z = learned.model.blend.log_odds(design)

    def held(spread: Spread) -> Held:
        low, high = spread.interval(z, spread.deviation(design))
        least, most = _total(probability_of(z), spread.shared)
        kept = [_is_within(low[g], high[g], won[g]) for g in equal_bins(z, GROUPS)]
        return Held(float(np.mean(kept)), least <= won.sum() <= most, float(np.mean(high - low)))

    return Found(
        name=table.name,
        kind=kind,
        said=float(probability_of(z).mean()),
        came=float(won.mean()),
        wandering=learned.lesson.level.wandering,
        family=learned.lesson.comparison.chosen,
        without=held(replace(spread, level=0.0)),
        with_level=held(spread),
    )


def _total(probability: Vector, shared: float) -> tuple[float, float]:
    """The interval of the number of wins: the level moves all leads together, chance each one."""
    width = float(norm.ppf(0.5 + LEVEL / 2))
    expected = float(probability.sum())
    chance = width**2 * float(np.sum(probability * (1.0 - probability)))
    ends = []
    for side in (-1.0, 1.0):
        odds = np.exp(side * width * shared)
        moved = float(np.sum(probability * odds / (1.0 - probability + probability * odds)))
        ends.append(expected + side * float(np.sqrt((moved - expected) ** 2 + chance)))
    return ends[0], ends[1]


def _is_within(low: Vector, high: Vector, won: Vector) -> bool:
    """Whether a group's share of wins lies in its mean interval, allowing for the draw."""
    rate = float(won.mean())
    chance = float(norm.ppf(0.5 + LEVEL / 2)) * np.sqrt(max(rate * (1 - rate), 1e-4) / won.size)
    return bool(low.mean() - chance <= rate <= high.mean() + chance)


def asked_for(arguments: argparse.Namespace) -> Iterator[tuple[str, Callable[[], LeadTable]]]:
    """Kinds and makers of all tables in order of time."""
    for kind in ("jumps", "walks"):
        for wander in (0.0, 0.3, 0.8):
            for seed in range(arguments.worlds if wander or kind == "jumps" else 0):
                yield f"{kind} {wander:g}", partial(world, kind, wander, seed)
    catalogues = [tables.catalogue(arguments.data)]
    if arguments.packages:
        catalogues.append(package_tables.catalogue(arguments.packages))
    if arguments.r_packages:
        catalogues.append(r_tables.catalogue(arguments.r_packages))
    for catalogue in catalogues:
        for make in catalogue.values():
            yield "table", make


HEAD = """\
# Intervals where the level wanders: recorded run

Written by `benchmarks/levels.py`, whose head says what was counted. "Without" is the same model
with intervals that know nothing of the level. 90 % is what is stated.

{cores} cores, Python {python}, {versions}.

"""


def page(found: Sequence[Found]) -> list[str]:
    """Simulated records by kind, then each table."""
    lines = [
        "| records | how many | groups held, without | with | totals held, without | with | "
        "mean width, without | with |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in dict.fromkeys(one.kind for one in found):
        own = [one for one in found if one.kind == kind]
        before, after = ([getattr(one, side) for one in own] for side in ("without", "with_level"))
        cells = [
            f"{np.mean([one.groups for one in before]):.1%}",
            f"{np.mean([one.groups for one in after]):.1%}",
            f"{sum(one.total for one in before)} of {len(own)}",
            f"{sum(one.total for one in after)} of {len(own)}",
            f"{np.mean([one.width for one in before]):.3f}",
            f"{np.mean([one.width for one in after]):.3f}",
        ]
        name = "tables in order of time" if kind == "table" else kind
        lines.append(f"| {name} | {len(own)} | {' | '.join(cells)} |")
    lines += [
        "",
        "| table | in use | said | came | level wanders by | groups, without | with | "
        "total, without | with | width, without | with |",
        "|---|---|---:|---:|---:|---:|---:|---|---|---:|---:|",
    ]
    for one in found:
        if one.kind != "table":
            continue
        a, b = one.without, one.with_level
        words = ["yes" if held.total else "no" for held in (a, b)]
        lines.append(
            f"| {one.name} | {one.family} | {one.said:.1%} | {one.came:.1%} | {one.wandering:.2f} "
            f"| {a.groups:.0%} | {b.groups:.0%} | {words[0]} | {words[1]} | {a.width:.3f} "
            f"| {b.width:.3f} |"
        )
    return lines


def main() -> None:
    """Runs what is asked for and prints or records the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--r-packages", type=Path)
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    found = []
    for kind, make in asked_for(arguments):
        table = make()
        if table.setting != LAST:
            continue
        found.append(measure(table, kind))
        print(found[-1], flush=True)
    names = ("redumbrella", "lightgbm", "scikit-learn", "numpy")
    head = HEAD.format(
        cores=os.cpu_count(),
        python=platform.python_version(),
        versions=", ".join(f"{name} {version(name)}" for name in names),
    )
    text = head + "\n".join(page(found)) + "\n"
    print(text)
    if arguments.record:
        arguments.record.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
