"""Hundreds of columns: what `umbrella run` takes of processor and memory, and how good it is.

    python benchmarks/wide.py [--shape ROWSxCOLUMNS]… [--before DIR] [--record FILE]

In: simulated tables, half of whose columns are numbers and half categories of 3 to 40 levels, 15 %
missing, 15 % won; 30 columns tell something, 10 pairs of them tell something together; the last
fifth is open. Out: a screen and, with --record, a page of results. Red Umbrella and the peers of
`lead_tables` take turns in one run; --before names a folder with another version of the package,
which takes part too. Processor time counts all threads and is what to read where the machine is
shared; Red Umbrella's includes starting the program, reading the CSV and writing the scores. Its
memory is the highest of any command.
"""

import argparse
import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import numpy as np
import pandas as pd
from lead_tables import SMALLEST, lightgbm, logistic, prior, red_umbrella
from numpy.typing import NDArray
from tables import LeadTable, last

from redumbrella.evaluation.metrics import auc, log_loss

Vector = NDArray[np.float64]
SHAPES = ("12000x500",)
MISSING, WON, OPEN = 0.15, 0.15, 0.2
TELLING, PAIRS = 15, 10  # of the numbers as of the categories


@dataclass(frozen=True)
class Side:
    """One side's probabilities of the open leads, (m,), and what they took.

    cpu, wall: seconds. memory: bytes, None where it is not known.
    """

    probability: Vector
    cpu: float
    wall: float
    memory: int | None = None


def wide_table(rows: int, columns: int, seed: int = 0) -> LeadTable:
    """A table with the chances that its outcomes were drawn with."""
    rng = np.random.default_rng(seed)
    count = columns // 2
    numbers = rng.normal(size=(rows, count))
    kinds = [
        rng.choice(levels, rows, p=rng.dirichlet(np.ones(levels)))
        for levels in rng.integers(3, 41, columns - count)
    ]
    telling, parting = (rng.permutation(n)[:TELLING] for n in (count, columns - count))
    z = np.zeros(rows)
    for j in telling:
        shown = numbers[:, j] if rng.random() < 0.6 else np.abs(numbers[:, j]) - 0.8
        z += 0.45 * rng.normal() * shown
    for j in parting:
        z += 0.45 * rng.normal(size=kinds[j].max() + 1)[kinds[j]]
    for k in range(PAIRS):
        one = numbers[:, rng.choice(telling)]
        kind = kinds[rng.choice(parting)]
        turn = rng.choice([-1.0, 1.0], kind.max() + 1)[kind]
        z += 0.5 * one * (numbers[:, rng.choice(telling)] if k % 2 else turn)
    truth = 1.0 / (1.0 + np.exp(-z - _level(z)))
    fields = {}
    for j in range(count):
        values = np.exp(1.5 * numbers[:, j]) if j % 5 == 0 else numbers[:, j]
        fields[f"number {j}"] = np.where(rng.random(rows) < MISSING, np.nan, values.round(3))
    for j, kind in enumerate(kinds):
        words = np.array([f"level {k}" for k in range(kind.max() + 1)], object)[kind]
        words[rng.random(rows) < MISSING] = None
        fields[f"kind {j}"] = words
    won = (rng.random(rows) < truth).astype(np.float64)
    return LeadTable(
        f"{rows:,} x {columns}", "last fifth open", pd.DataFrame(fields), won, last(rows), truth
    )


def _level(z: Vector) -> float:
    """What to add to log-odds so that the share WON wins, by bisection."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2.0
        much = float(np.mean(1.0 / (1.0 + np.exp(-z - middle)))) > WON
        low, high = (low, middle) if much else (middle, high)
    return low


def compete(table: LeadTable, before: Path | None) -> dict[str, Side]:
    """Every side on one table."""
    closed, sides = ~table.is_open, {}
    programs = {"Red Umbrella": None} | ({} if before is None else {"before": before})
    for name, folder in programs.items():
        sides[name] = _ours(table, folder)
        print(f"  {name}: {sides[name].cpu:.0f} s of processor", flush=True)
    peers: dict[str, Callable[[pd.DataFrame, Vector, pd.DataFrame], Vector]] = {
        "prior": prior,
        "one-hot logistic": logistic,
        "default LightGBM": lightgbm,
    }
    for name, peer in peers.items():
        cpu, wall = time.process_time(), time.perf_counter()
        said = peer(table.fields[closed], table.won[closed], table.fields[table.is_open])
        said = np.clip(said, SMALLEST, 1.0 - SMALLEST)
        sides[name] = Side(said, time.process_time() - cpu, time.perf_counter() - wall)
    return sides


def _ours(table: LeadTable, folder: Path | None) -> Side:
    kept = os.environ.get("PYTHONPATH")
    if folder is not None:
        os.environ["PYTHONPATH"] = str(folder.resolve())
    start, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    try:
        answer, _, _ = red_umbrella(table)
    finally:
        os.environ.pop("PYTHONPATH", None)
        if kept is not None:
            os.environ["PYTHONPATH"] = kept
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    # The peak of all children so far: a later side that took less shows that of an earlier one.
    memory = end.ru_maxrss * 1024 if end.ru_maxrss > start.ru_maxrss else None
    return Side(answer.probability, cpu, time.perf_counter() - wall, memory)


def describe(table: LeadTable, sides: dict[str, Side]) -> list[str]:
    """One table as lines of Markdown."""
    assert table.truth is not None
    won, truth = table.won[table.is_open], table.truth[table.is_open]
    ours = sides["Red Umbrella"]
    lines = [
        f"## {table.name}",
        "",
        "| side | log loss | by the true chances | ratio | AUC | CPU s | ratio | wall s | GB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, side in sides.items():
        memory = "" if side.memory is None else f"{side.memory / 1e9:.2f}"
        told = _expected(side.probability, truth)
        lines.append(
            f"| {name} | {log_loss(side.probability, won):.4f} | {told:.4f} | "
            f"{told / _expected(ours.probability, truth):.3f} | {auc(side.probability, won):.3f} | "
            f"{side.cpu:.0f} | {side.cpu / ours.cpu:.2f} | {side.wall:.0f} | {memory} |"
        )
    best = _expected(truth, truth)
    return [*lines, f"| (the true chances) | {log_loss(truth, won):.4f} | {best:.4f} | | | | | | |"]


def _expected(probability: Vector, truth: Vector) -> float:
    """Mean log loss over all outcomes that might have been drawn."""
    told = truth * np.log(probability) + (1.0 - truth) * np.log1p(-probability)
    return -float(np.mean(told))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", action="append", help="rows x columns, such as 12000x500")
    parser.add_argument("--before", type=Path, help="a folder with another version of the package")
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    cores, load = os.cpu_count(), os.getloadavg()[0]
    lines = [
        "# Hundreds of columns: recorded run",
        "",
        "Written by `benchmarks/wide.py`. Sides took turns in one run; ratios are a side's figure "
        "over ours.",
        "",
        f"{cores} cores, load {load:.0f} before it began; Python {platform.python_version()}, "
        f"lightgbm {version('lightgbm')}, scikit-learn {version('scikit-learn')}.",
        "",
    ]
    for shape in arguments.shape or SHAPES:
        rows, columns = (int(part) for part in shape.split("x"))
        table = wide_table(rows, columns)
        found = describe(table, compete(table, arguments.before))
        print("\n".join(found), flush=True)
        lines += [*found, ""]
        if arguments.record:
            arguments.record.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
