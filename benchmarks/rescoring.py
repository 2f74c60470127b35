"""Rescoring what was read since: how long it takes, against scoring everybody in the same run.

    python benchmarks/rescoring.py --folder DIR [--leads 100000] [--closed 8000] [--times 3]
                                   [--database URL]

Writes a company into DIR (leads that calls decide, with visits and purchases), reads and trains it
once, and scores it. Then calls with some of the open leads are read, and `rescore_changed` scores
these again; reading is not counted. Prints Markdown: seconds, and how many times as quick as
scoring everybody took just before. The last line of each block says whether the new scores are
those of scoring everybody.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from redumbrella.outcomes import OutcomeRequest
from redumbrella.progress import silent
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.log_outcome import log_outcome
from redumbrella.workflows.rescore_changed import rescore_changed
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace

SETTINGS = """\
[workspace]
name = "Rescoring"
timezone = "Europe/Berlin"
[tables.leads]
path = "leads.csv"
[tables.leads.columns]
lead_id = "lead"
person_id = "person"
created_at = "created"
closed_at = "closed"
won = "won"
amount = "sum"
[tables.activities]
path = "calls-*.csv"
[tables.activities.columns]
lead_id = "lead"
at = "at"
kind = "kind"
outcome = "outcome"
duration_s = "seconds"
rep_id = "rep"
[tables.events]
path = "visits.csv"
[tables.events.columns]
person_id = "person"
at = "at"
kind = "kind"
[[targets]]
name = "conversion"
from = "leads.won"
"""
NOW = datetime.now(UTC).replace(microsecond=0)
KINDS = ("pricing_view", "blog", "demo", "newsletter", "docs")


def main() -> None:
    """Fills where that is needed, measures, and prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--closed", type=int, default=8_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database")
    asked = parser.parse_args()
    if not (asked.folder / "filled").exists():
        write(asked.folder, asked.leads, asked.closed, asked.database)
        workspace = open_workspace(asked.folder)
        ingest(workspace)
        train(workspace, silent)
        workspace.state.close()
        (asked.folder / "filled").touch()
    workspace = open_workspace(asked.folder)
    say(f"{asked.leads:,} open leads; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.\n")
    say("| leads with a new call | seconds | scoring everybody, seconds | times as quick |")
    say("|---|---|---|---|")
    whole = timed(lambda: score(workspace, silent))
    # Others than those that are called, and other ones each time that this is run.
    worked = random.sample(range(asked.leads // 2, asked.leads), asked.times)
    log = [timed(partial(logged, workspace, asked.closed + n)) for n in worked]
    line("1, its outcome logged", log, whole)
    rescore_changed(workspace)
    sizes = [1, 10, 200, 1_000, 10_000, asked.leads // 3]
    for size in (size for size in sizes if size <= asked.leads // 2):
        times = asked.times if size <= 200 else 1
        taken = []
        for _ in range(times):
            calls(asked.folder, asked.closed, size)
            ingest(workspace)
            taken.append(timed(partial(rescored, workspace, size)))
        line(f"{size:,}", taken, whole)
    alone = listed(workspace)
    last = max(at for _, at in alone.values())
    whole = timed(lambda: score(workspace, silent))
    whole_again = listed(workspace)
    off = [abs(p - whole_again[lead][0]) for lead, (p, at) in alone.items() if at == last]
    say(f"\nScoring everybody at the end took {whole:.1f} s.")
    say(f"Largest difference to it of {len(off):,} probabilities made just before: {max(off):.2g}.")


def say(text: str) -> None:
    """Prints at once: a run takes minutes."""
    print(text, flush=True)


def line(name: str, taken: list[float], whole: float) -> None:
    """One line of the table."""
    middle = statistics.median(taken)
    spread = f" ({min(taken):.2f} to {max(taken):.2f})" if len(taken) > 1 else ""
    say(f"| {name} | {middle:.2f}{spread} | {whole:.1f} | {whole / middle:.0f} |")


def timed(work: Callable[[], Any]) -> float:
    """Seconds of some work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rescored(workspace: Workspace, size: int) -> None:
    """Stops where other leads were scored than those that were called."""
    result = rescore_changed(workspace)
    if result.scored != size or result.whole:
        raise SystemExit(f"{size:,} leads were called: {result}")


def logged(workspace: Workspace, lead: int) -> None:
    """An outcome from the moment it is logged to the list that has the new score."""
    found = log_outcome(workspace, OutcomeRequest(f"L{lead}", "reached", minutes=7.0))
    if found.waiting or not found.moves:
        raise SystemExit(found.waiting or "Nothing was scored again.")


def listed(workspace: Workspace) -> dict[str, tuple[float, int]]:
    """The probability of each lead on the list, and when it was made."""
    with workspace.state.reading() as connection:
        own = list_in_use(connection, scores, "conversion").c
        found = connection.execute(select(own.lead_id, own.probability, own.scored_at))
        return {row[0]: (row[1], row[2]) for row in found}


def calls(folder: Path, first: int, size: int) -> None:
    """A file with one more call with each of some open leads."""
    name, at = time.time_ns(), stamp(datetime.now(UTC))  # no call is told twice
    lines = [f"L{first + 50 + n},{at},call,talked,{300 + n % 400},r{n % 9}" for n in range(size)]
    write_lines(folder / f"calls-{name}.csv", "lead,at,kind,outcome,seconds,rep", lines)


def write(folder: Path, opened: int, closed: int, database: str) -> None:
    """The files of a company: calls that are long decide which leads are won."""
    folder.mkdir(parents=True, exist_ok=True)
    state = f'[workspace]\nstate = "{database}"' if database else "[workspace]"
    (folder / "umbrella.toml").write_text(SETTINGS.replace("[workspace]", state), "utf-8")
    rng = np.random.default_rng(3)
    count = closed + opened
    minutes = np.sort(rng.integers(60 * 24 * 2, 60 * 24 * 200, count))[::-1]
    keen = rng.random(count) < 0.4
    leads, talks, visits = [], [], []
    for n in range(count):
        created = NOW - timedelta(minutes=int(minutes[n]))
        won = "" if n >= closed else str(int(rng.random() < (0.6 if keen[n] else 0.08)))
        done = stamp(created + timedelta(hours=30)) if won else ""
        amount = f"{100 * rng.lognormal(1, 0.6):.0f}" if won == "1" else ""
        size, source = rng.normal(), ("web", "fair", "partner")[int(rng.integers(3))]
        job = ("clerk", "retired", "student", "engineer")[int(rng.integers(4))]
        leads.append(f"L{n},P{n},{stamp(created)},{done},{won},{amount},{size:.3f},{source},{job}")
        for k in range(int(rng.integers(1, 4))):
            seconds = 500 if keen[n] else 50
            at = stamp(created + timedelta(hours=4 + 7 * k))
            said = "talked" if keen[n] else "no answer"
            talks.append(f"L{n},{at},call,{said},{seconds * rng.random():.0f},r{n % 9}")
        for _ in range(int(rng.poisson(4 if keen[n] else 2))):
            at = stamp(created - timedelta(days=20 * rng.random()))
            visits.append(f"P{n},{at},{KINDS[int(rng.integers(5))]}")
    write_lines(folder / "leads.csv", "lead,person,created,closed,won,sum,size,source,job", leads)
    write_lines(folder / "calls-0.csv", "lead,at,kind,outcome,seconds,rep", talks)
    write_lines(folder / "visits.csv", "person,at,kind", visits)


def stamp(at: datetime) -> str:
    """An instant as the files write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def write_lines(path: Path, header: str, lines: list[str]) -> None:
    """A file of values with commas in between."""
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
