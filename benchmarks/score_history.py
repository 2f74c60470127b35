"""A million scores a day for ninety days: how long a day takes to write, and questions to answer.

    python benchmarks/score_history.py [--leads 1000000] [--days 90] [--write FILE] [STATE ...]

STATE: URLs of empty databases; by default SQLite in a temporary folder, and PostgreSQL where a
server of its own can be started. Each day three leads in ten move (log-odds by 0.25), one in a
thousand jumps by 3, the others wiggle by 0.005. All days but the last are filled in from arrays;
the last one goes the way of `umbrella score`, from the rows of a list to lake and state. Nothing
else of scoring is measured. CPU time counts all threads of this process.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.lake.lake import Lake
from redumbrella.reports.changes import STEP, date_of
from redumbrella.scores.history import FORMER, TABLE, snapshot
from redumbrella.state.database import State
from redumbrella.state.history import changes_of_lead, next_number, scored_days, write_score_day

T = TypeVar("T")
FIRST_DAY, TARGET, ASKED = 20_000, "conversion", 200
Floats = NDArray[np.float64]


def worlds(leads: int, days: int) -> Iterator[Floats]:
    """The probabilities of each day."""
    rng = np.random.default_rng(0)
    z = rng.normal(-2.5, 1.2, leads)
    for _ in range(days):
        moved = rng.random(leads) < 0.3
        z = z + np.where(moved, rng.normal(0, 0.25, leads), rng.normal(0, 0.005, leads))
        z = np.where(rng.random(leads) < 0.001, z + 3.0, z)
        p = 1.0 / (1.0 + np.exp(-z))
        size = 10.0 ** (3 - np.floor(np.log10(p)))
        yield np.round(p * size) / size


class Clock:
    """Wall and CPU seconds of calls."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def of(self, call: Callable[[], T]) -> T:
        """Calls, and notes how long it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        found = call()
        self.wall, self.cpu = time.perf_counter() - wall, time.process_time() - cpu
        return found

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.cpu:.2f} CPU s)"


def fill(lake: Lake, states: list[State], leads: int, days: int) -> dict[str, Any]:
    """All days but the last; gives what the last one needs, and times of writing."""
    ids = np.array([f"lead-{n:07d}" for n in range(leads)], dtype=object)
    arrow_ids = pa.array(ids, pa.string())
    last, written = np.full(leads, np.nan), np.full(leads, np.nan)
    times: dict[str, list[tuple[float, float]]] = {}
    counts: list[int] = []
    clock = Clock()
    for number, p in enumerate(worlds(leads, days)):
        day = FIRST_DAY + number
        if number == days - 1:
            return {"ids": ids, "p": p, "day": day, "times": times, "counts": counts}
        moves = np.flatnonzero(np.isnan(written) | (np.abs(p - written) > STEP))
        step, change = p - written, p - last
        written[moves] = p[moves]
        table = pa.table(
            {
                "target": pa.repeat(TARGET, leads),
                "lead_id": arrow_ids,
                "product_id": pa.repeat("", leads),
                "model_version": pa.repeat("20250101-080000-0001", leads),
                "grade": pa.repeat("C", leads),
                "day": pa.repeat(pa.scalar(date_of(day), pa.date32()), leads),
                "number": pa.repeat(pa.scalar(number + 1, pa.int64()), leads),
                **{
                    name: pa.array(values.astype(np.float32), from_pandas=True)
                    for name, values in (
                        ("probability", p), ("low", np.round(0.8 * p, 4)),
                        ("high", np.round(1.2 * p, 4)), ("change", np.round(change, 5)),
                        ("written", written),
                    )
                },
            }
        )  # fmt: skip
        where = f"target = '{TARGET}' AND day = DATE '{date_of(day)}' AND number <> 0"
        clock.of(partial(lake.replace, TABLE, table, where))
        times.setdefault("lake", []).append((clock.wall, clock.cpu))
        lake.settle(TABLE)
        clock.of(lambda: lake.tidy(TABLE, 0))
        times.setdefault("tidy", []).append((clock.wall, clock.cpu))
        counts.append(moves.size)
        for state in states:
            steps = [None if np.isnan(s) else s for s in step[moves].tolist()]
            rows = zip([TARGET] * moves.size, [day] * moves.size, ids[moves].tolist(),
                       [""] * moves.size, p[moves].tolist(), steps, ["C"] * moves.size,
                       ["time"] * moves.size, strict=True)  # fmt: skip
            clock.of(partial(note, state, day, rows))
            times.setdefault(state.engine.dialect.name, []).append((clock.wall, clock.cpu))
        last = p
        if number % 10 == 0:
            sys.stderr.write(f"day {number}: {times['lake'][-1]}\n")
    raise AssertionError("no day is left")


def note(state: State, day: int, rows: Any) -> None:
    """One day into a state database."""
    with state.writing() as connection:
        number = next_number(connection)
        row = {"target": TARGET, "day": day, "number": number, "scored_at": day, "as_of": day,
               "model_version": "", "asked": 1, "known": {}}  # fmt: skip
        write_score_day(connection, row, rows)


def last_day(lake: Lake, states: list[State], filled: dict[str, Any]) -> list[str]:
    """The last day as `umbrella score` writes it; lines of a table."""
    p, day, clock, lines = filled["p"], filled["day"], Clock(), []
    ids = filled["ids"]
    rows = [
        {"lead_id": lead, "product_id": "", "probability": q, "low": 0.8 * q, "high": 1.2 * q,
         "grade": "C", "model_version": "20250101-080000-0001", "person_id": lead}
        for lead, q in zip(ids.tolist(), p.tolist(), strict=True)
    ]  # fmt: skip
    listed, before = ", ".join(FORMER), f"day = DATE '{date_of(day - 1)}'"
    former = clock.of(lambda: lake.query(f"SELECT {listed} FROM {TABLE} WHERE {before}"))
    lines.append(f"| read the day before | {clock} |")
    total = clock.wall
    made = clock.of(lambda: snapshot(TARGET, day, 90, rows, former, {}, is_new_model=False))
    lines.append(f"| compare and sort, {made.moved.size:,} moved | {clock} |")
    total += clock.wall
    where = f"target = '{TARGET}' AND day = DATE '{date_of(day)}' AND number <> 0"
    clock.of(lambda: lake.replace(TABLE, made.table, where))
    lines.append(f"| write all of them to the lake | {clock} |")
    total += clock.wall
    for state in states:
        clock.of(partial(note, state, day, made.changes()))
        lines.append(f"| write what moved to {state.engine.dialect.name} | {clock} |")
        total += clock.wall
    return [*lines, f"| **together** | **{total:.1f} s** |"]


def questions(lake: Lake, states: list[State], filled: dict[str, Any]) -> list[str]:
    """One lead's history, and the jumps of a day and of a week."""
    day, clock, lines = filled["day"], Clock(), []
    chosen = np.random.default_rng(1).choice(filled["ids"], ASKED)
    for state in states:
        name, spent = state.engine.dialect.name, []
        for lead in chosen:
            with state.reading() as connection:
                days = [one["day"] for one in scored_days(connection, TARGET)]
                clock.of(partial(changes_of_lead, connection, TARGET, days, lead, ""))
            spent.append(1e3 * clock.wall)
        middle, worst = statistics.median(spent), sorted(spent)[int(0.99 * len(spent))]
        lines.append(f"| {name}: one lead | {middle:.1f} ms, p99 {worst:.1f} ms |")
        for since in (1, 7):
            found = clock.of(partial(jumps, state, day - since))
            lines.append(f"| {name}: jumps of {since} d ({found:,}) | {clock} |")
    where = f"day = DATE '{date_of(day)}' AND abs(change) >= 0.3"
    found = clock.of(lambda: lake.query(f"SELECT count(*) AS n FROM {TABLE} WHERE {where}"))
    lines.append(f"| lake: jumps of a day ({found['n'][0]}) | {clock} |")
    lead = str(chosen[0])
    asked = f"SELECT day, probability FROM {TABLE} WHERE lead_id = '{lead}' ORDER BY day"
    found = clock.of(lambda: lake.query(asked))
    lines.append(f"| lake: one lead, {found.num_rows} days | {clock} |")
    fresh = Lake(lake.root)
    from redumbrella.lake import seals

    seals._known.clear()
    clock.of(lambda: fresh.query(asked))
    lines.append(f"| lake: the same in a new process, every file checked | {clock} |")
    return lines


def jumps(state: State, since: int) -> int:
    """How many leads moved by 0.3 or more since a day."""
    from redumbrella.views.changes import moved_leads

    with state.reading() as connection:
        return len(connection.execute(moved_leads(TARGET, since, 99_999, 0.3)).all())


def main() -> None:
    """Measures and prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--write", type=Path)
    parser.add_argument("states", nargs="*")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        states = [State(url) for url in asked.states or [f"sqlite:///{folder}/state.db"]]
        lake = Lake(folder / "snapshots", "ZSTD")
        load = os.getloadavg()[0]
        filled = fill(lake, states, asked.leads, asked.days)
        lines = [f"{os.cpu_count()} cores, load {load:.0f} at the start. {asked.leads:,} leads, "
                 f"{asked.days} days.", "", "| writing the last day | |", "|---|---|"]  # fmt: skip
        lines += last_day(lake, states, filled)
        lines += ["", "| filling in a day | median | slowest |", "|---|---|---|"]
        for name, spent in filled["times"].items():
            walls = sorted(wall for wall, _ in spent)
            cpu = statistics.median(used for _, used in spent)
            lines.append(f"| {name} | {statistics.median(walls):.2f} s ({cpu:.2f} CPU s) | "
                         f"{walls[-1]:.2f} s |")  # fmt: skip
        lines += ["", "| question | |", "|---|---|", *questions(lake, states, filled)]
        rows = sum(filled["counts"])
        lines += ["", f"Rows in the state: {rows:,} ({np.median(filled['counts']):,.0f} a day)."]
        size = sum(path.stat().st_size for path in lake.root.rglob("*.parquet"))
        live = sum(path.stat().st_size for path in map(Path, lake._delta(TABLE).file_uris()))
        lines.append(f"Lake: {live / 1e9:.2f} GB ({size / 1e9:.2f} GB with files not needed).")
        for state in states:
            lines.append(f"{state.engine.dialect.name}: {room(state) / 1e9:.2f} GB.")
        text = "\n".join(lines)
        sys.stdout.write(text + "\n")
        if asked.write:
            asked.write.write_text(text + "\n", "utf-8")


def room(state: State) -> int:
    """Bytes of the state."""
    if state.path is not None:
        return state.path.stat().st_size
    with state.reading() as connection:
        size = connection.exec_driver_sql("SELECT pg_total_relation_size('score_changes')")
        return int(size.scalar() or 0)


if __name__ == "__main__":
    main()
