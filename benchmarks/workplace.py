"""The workplace at a million leads: what its pages take, how many a second, how much memory.

    python benchmarks/workplace.py --folder DIR [--leads 1000000] [--days 90] [--database URL]
                                   [--seconds 10] [--times 3] [--only PATTERN]

Fills a workspace in DIR through the writers that the product itself uses (once: a filled one is
measured again), starts `umbrella serve` over it, and asks the pages of a working day as a browser
does, compressed and on a kept connection. URL: an empty PostgreSQL database; else SQLite.

Prints Markdown: how long the list and the last day took to write; one row a page, one client, with
the wall milliseconds at the client, fresh (a page that nobody has asked for since the list was
replaced) and again (other pages of the same list, asked in turn); requests a second of eight
clients with the processor seconds of the server; and what the history answers.
"""

import argparse
import http.client
import math
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from sample_company import SETTINGS, report
from score_history import Clock, jumps, worlds

from redumbrella.clock import to_microseconds
from redumbrella.reports.changes import day_of
from redumbrella.scores.history import STEP
from redumbrella.state.customers import new_customers
from redumbrella.state.history import changes_of_lead, next_number, scored_days, write_score_day
from redumbrella.state.lists import take_into_use
from redumbrella.state.models import store_model
from redumbrella.state.scores import new_scores, record_scoring
from redumbrella.state.work import new_worklist, record_worklist
from redumbrella.workspace import Workspace, open_workspace

TARGET, VERSION = "conversion", "conversion-20261101-093000"
NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
AS_OF, LAST_DAY = to_microseconds(NOW), day_of(NOW.date())
REPS, LINES = 50, 2_000
SOURCES = ("web", "fair", "partner", "phone", "event", "advertisement")
STAGES = ("new", "contacted", "qualified", "demo", "proposal", "negotiation")
FIRST = ("Anna", "Bruno", "Carla", "David", "Elena", "Fabio", "Greta", "Hugo", "Irina", "Jonas")
LAST = ("Keller", "Rossi", "Novak", "Silva", "Meyer", "Costa", "Lehmann", "Pereira", "Ortiz")
CLIENTS, BARS = 8, "goal: p95 below 50 ms"


def main() -> None:
    """Fills where that is needed, measures, and prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", default="", help="a pattern: only pages whose name has it")
    asked = parser.parse_args()
    if not (asked.folder / "filled").exists():
        workspace = make(asked.folder, asked.database)
        say("\n".join(fill(workspace, asked.leads, asked.days)))
        workspace.state.close()
        (asked.folder / "filled").touch()
    kind = "PostgreSQL" if asked.database else "SQLite"
    load = os.getloadavg()[0]
    say(f"{asked.leads:,} leads, {kind}; {os.cpu_count()} cores, load {load:.1f} at the start.\n")
    with Server(asked.folder) as server:
        pages_alone(server, asked.leads, asked.times, asked.only)
        say("")
        crowd(server, asked.leads, asked.seconds, asked.times)
    say("")
    history(open_workspace(asked.folder), asked.leads)


def say(text: str) -> None:
    """Prints at once: a run takes minutes."""
    print(text, flush=True)


# Filling


def make(root: Path, database: str) -> Workspace:
    """An empty workspace."""
    root.mkdir(parents=True, exist_ok=True)
    state = f'[workspace]\nstate = "{database}"' if database else "[workspace]"
    (root / "umbrella.toml").write_text(SETTINGS.replace("[workspace]", state), "utf-8")
    return open_workspace(root)


def fill(workspace: Workspace, leads: int, days: int) -> list[str]:
    """Facts, model, history, scores, today's list and customers; lines of a table of times."""
    state, clock, lines = workspace.state, Clock(), ["| writing | |", "|---|---|"]
    document = {**report([]), "model_version": VERSION, "score_distribution": []}
    model = {
        "version": VERSION, "target": TARGET, "trained_at": AS_OF, "as_of": AS_OF,
        "family": "boosted", "regime": "model", "reliable": True, "verdict": "with care",
        "lake_version": 0, "report": document,
    }  # fmt: skip
    with state.writing() as connection:
        store_model(connection, model)
    p, moved = history_written(workspace, leads, days)
    workspace.lake.append("leads", facts(leads))
    lines.append(f"| the last of {days} days, {moved[0]:,} scores that moved | {moved[1]} |")

    def scores() -> None:
        with new_scores(state, TARGET, rows(p)) as new, state.writing() as connection:
            take_into_use(connection, new)
            scoring = {
                "target": TARGET, "scored_at": AS_OF, "as_of": AS_OF, "model_version": VERSION,
                "asked": leads, "inputs": "", "lake": {}, "month_of": "expected",
                "ranked_by": "value",
            }  # fmt: skip
            record_scoring(connection, scoring)

    clock.of(scores)
    lines.append(f"| the list of {leads:,} scores with its indexes (goal: 60 s) | {clock} |")
    clock.of(lambda: sum(1 for _ in rows(p)))
    lines.append(f"| of that, making the rows up | {clock} |")
    today(workspace, p)

    def people() -> None:
        with new_customers(state, customer_rows(leads)) as new, state.writing() as connection:
            take_into_use(connection, new)

    clock.of(people)
    lines.append(f"| the list of {leads:,} customers | {clock} |")
    return [*lines, ""]


def lead_id(number: int) -> str:
    """The id of a lead."""
    return f"lead-{number:07d}"


def history_written(
    workspace: Workspace, leads: int, days: int
) -> tuple[np.ndarray, tuple[int, str]]:
    """Each day's moves in the state, as `score_history.py` makes them up; the last scores."""
    ids = np.array([lead_id(n) for n in range(leads)], dtype=object)
    written, clock, moved = np.full(leads, np.nan), Clock(), 0
    for number, p in enumerate(worlds(leads, days)):
        moves = np.flatnonzero(np.isnan(written) | (np.abs(p - written) > STEP))
        steps = [None if np.isnan(s) else s for s in (p - written)[moves].tolist()]
        written[moves], moved, day = p[moves], moves.size, LAST_DAY - days + 1 + number
        values = zip([TARGET] * moved, [day] * moved, ids[moves].tolist(), [""] * moved,
                     p[moves].tolist(), steps, ["C"] * moved, ["time"] * moved,
                     strict=True)  # fmt: skip

        def note(day: int = day, values: Any = values) -> None:
            with workspace.state.writing() as connection:
                at = AS_OF - 86_400_000_000 * (LAST_DAY - day)
                row = {"target": TARGET, "day": day, "number": next_number(connection),
                       "scored_at": at, "as_of": at, "model_version": VERSION, "asked": leads,
                       "known": {}}  # fmt: skip
                write_score_day(connection, row, values)

        clock.of(note)
    return p, (moved, str(clock))


def facts(leads: int) -> pa.Table:
    """The leads' own records in the lake."""
    numbers = np.arange(leads)
    created = np.datetime64("2026-05-01T08:00:00", "us") + numbers.astype("timedelta64[s]") * 15
    time_type = pa.timestamp("us", tz="UTC")
    table = {
        "lead_id": pa.array([lead_id(n) for n in range(leads)]),
        "created_at": pa.array(created).cast(time_type),
        "source": pa.array(np.array(SOURCES)[numbers % len(SOURCES)].tolist()),
        "rep_id": pa.array([f"rep {n % REPS:02d}" for n in range(leads)]),
        "won": pa.nulls(leads, pa.bool_()),
        "amount": pa.array(500.0 + numbers % 977),
        "employees": pa.array((numbers % 211).astype(float)),
        "_ingested_at": pa.array([NOW] * leads, time_type),
        "_order": pa.array(numbers),
        "_row_hash": pa.array(numbers),
    }
    return pa.table(table)


def rows(p: np.ndarray) -> Iterator[dict[str, Any]]:
    """Scores as `umbrella score` gives them to the state; documents have the size of real ones."""
    chance = random.Random(0)
    places = np.argsort(np.argsort(-p)) / p.size
    grades = np.array(list("ABCD"))[np.searchsorted([0.1, 0.3, 0.6], places, side="right")]
    reasons = [orjson.dumps(some_reasons(chance)).decode() for _ in range(500)]
    details = [orjson.dumps(some_details(chance)).decode() for _ in range(500)]
    start = to_microseconds(NOW - timedelta(days=180))
    listed = zip(p.tolist(), places.tolist(), grades.tolist(), strict=True)
    for number, (q, place, grade) in enumerate(listed):
        amount = 500.0 + number % 977
        mixed = number * 2_654_435_761 % 4_294_967_296  # so that columns do not go together
        yield {
            "lead_id": lead_id(number), "person_id": f"person-{number:07d}", "as_of": AS_OF,
            "probability": q, "low": 0.8 * q, "high": min(1.0, 1.25 * q),
            "percentile": 100 * (1 - place), "grade": grade, "amount": amount,
            "ltv": 1.2 * q * amount, "expected_value": q * amount, "value_spread": 0.1 * amount,
            "regime": "model", "reliable": True, "model_version": VERSION,
            "reasons": reasons[mixed % 500], "details": details[mixed // 7 % 500],
            "label": name_of(number), "created_at": start + 15_000_000 * number,
            "source": SOURCES[mixed // 11 % 6], "campaign_id": f"campaign {mixed // 13 % 30:02d}",
            "rep_id": f"rep {mixed // 17 % REPS:02d}", "stage": STAGES[mixed // 19 % 6],
            "month": f"2026-{11 + mixed // 23 % 2}", "qualification": float(mixed // 29 % 101),
        }  # fmt: skip


def name_of(number: int) -> str:
    """The name of a lead: 90 names, told apart by a number as companies' names are."""
    return f"{FIRST[number % 10]} {LAST[number // 10 % 9]} {number // 90}"


def some_reasons(chance: random.Random) -> dict[str, Any]:
    """Six reasons in words, as scoring writes them."""
    found: dict[str, Any] = {"base": -2.1, "total": -1.0, "rest": 0.05, "raises": [], "lowers": []}
    for name in ("employees", "previous calls", "visits in 7 days", "source", "job", "country"):
        size = chance.gauss(0, 0.6)
        value, usual = round(40 * chance.random(), 1), 12.0
        found["raises" if size > 0 else "lowers"].append(
            {"feature": name, "text": f"{name} is {value}; usual is {usual}", "value": value,
             "usual": usual, "contribution": size}
        )  # fmt: skip
    return found


def some_details(chance: random.Random) -> dict[str, Any]:
    """Worth, effort and timing of a lead."""

    def around(value: float) -> dict[str, float]:
        return {"value": value, "low": 0.8 * value, "high": 1.25 * value}

    amount, minutes = 100.0 * chance.randint(1, 9), 60.0 * chance.random()
    return {
        "amount": {**around(amount), "basis": "model"},
        "ltv": {**around(0.5 * amount), "repeats": 1.5},
        "expected_value": around(0.2 * amount),
        "effort": {"contacts": around(2.0), "minutes": around(minutes), "cost": around(minutes)},
        "timing": {"days": {"value": 12.0, "low": 3.0, "high": 41.0},
                   "within": {"7": 0.05, "30": 0.2},
                   "curve": [[0.0, 0.0], [7.0, 0.05], [30.0, 0.2], [60.0, 0.25]]},
    }  # fmt: skip


def today(workspace: Workspace, p: np.ndarray) -> None:
    """Today's list: the likeliest leads, shared among the reps in turn."""
    best = np.argsort(-p)[:LINES].tolist()
    lines = [
        {"place": place, "lead_id": lead_id(n), "product_id": "", "person_id": f"person-{n:07d}",
         "label": name_of(n), "rep_id": f"rep {place % REPS:02d}", "assigned": "",
         "owner_id": f"rep {place % REPS:02d}", "second_best": "", "product": "",
         "why_now": "Nobody contacted it yet.", "next_step": "first contact",
         "reason": {"feature": "job", "text": "job is admin.; usual is student", "value": "admin.",
                    "usual": "student", "contribution": 0.4},
         "probability": float(p[n]), "low": 0.8 * float(p[n]), "high": min(1.0, 1.25 * p[n]),
         "grade": "A", "expected_value": 700.0 * float(p[n]), "minutes": 21.0, "chance": 1.0,
         "is_trial": False}
        for place, n in enumerate(best, 1)
    ]  # fmt: skip
    made = {"target": TARGET, "day": LAST_DAY, "number": 1, "made_at": AS_OF, "as_of": AS_OF,
            "model_version": VERSION, "ordered_by": "value", "places": LINES, "candidates": p.size,
            "explore": 0.0, "control": 0.0, "blocked": {}, "said": []}  # fmt: skip
    with (
        new_worklist(workspace.state, TARGET, lines) as new,
        workspace.state.writing() as connection,
    ):
        take_into_use(connection, new)
        record_worklist(connection, made)


def customer_rows(leads: int) -> Iterator[dict[str, Any]]:
    """Customers with values."""
    chance = np.random.default_rng(3)
    values = np.round(chance.gamma(1.2, 80.0, leads), 2).tolist()
    alive = chance.random(leads).tolist()
    details = [
        orjson.dumps({"mean_repeat_amount": 20.0 + n, "by_purchase_models": 3.0 * n,
                      "segments": {"value": "first quarter", "country": "PT"}}).decode()
        for n in range(50)
    ]  # fmt: skip
    for number, (value, living) in enumerate(zip(values, alive, strict=True)):
        yield {
            "person_id": f"person-{number:07d}", "as_of": AS_OF, "label": name_of(number),
            "segment": ("active", "at risk", "lost")[number * 7 % 3],
            "purchases": 1 + number * 31 % 17, "spent": 3.0 * value,
            "last_purchase": AS_OF - 3_600_000_000 * (number * 13 % 8_000), "alive": living,
            "expected_purchases": 3 * living, "value": value, "value_low": 0.5 * value,
            "value_high": 1.8 * value, "details": details[number % 50],
        }  # fmt: skip


# Asking


def free() -> int:
    """A free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """A running `umbrella serve`."""

    def __init__(self, folder: Path) -> None:
        self.port = free()
        words = ["serve", "-w", folder, "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "redumbrella", *words], stdout=subprocess.DEVNULL
        )
        self.pid = self.process.pid

    def __enter__(self) -> "Server":
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                time.sleep(0.2)
            else:
                return self
        raise SystemExit("The server ended before it answered.")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)

    def cpu(self) -> float:
        """Processor seconds so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """The most memory held so far, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        return round(int(found[1]) / 1024) if found else 0


def ask(connection: http.client.HTTPConnection, path: str) -> int:
    """Asks for one page as a browser does; bytes of the answer, which must be a 200."""
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
    return len(body)


def pages(leads: int, chance: random.Random) -> dict[str, Iterator[str]]:
    """The pages of a working day by name: addresses without end, each another page."""

    def many(path: str, make: Any) -> Iterator[str]:
        while True:
            yield f"{path}?{urlencode(make())}".removesuffix("?")

    def deep() -> int:
        return chance.randint(2, 40)

    def rep() -> str:
        return f"rep {chance.randrange(REPS):02d}"

    sorts = ("probability", "expected_value", "percentile", "grade", "lead", "created_at",
             "source", "campaign", "rep", "qualification", "stage", "month")  # fmt: skip
    found = {
        "/today": many("/today", lambda: {"page": deep()}),
        "/today of a rep": many("/today", lambda: {"rep": rep()}),
        "/leads, first pages": many("/leads", lambda: {"page": chance.randint(1, 5)}),
        "/leads, page 2 to 40": many("/leads", lambda: {"page": deep()}),
        "/leads, page 10,000": many(
            "/leads", lambda: {"page": max(1, leads // 100 - chance.randrange(500))}
        ),
        "/leads of a grade": many(
            "/leads", lambda: {"grade": chance.choice("ABCD"), "page": deep()}
        ),
        "/leads of a source": many(
            "/leads", lambda: {"source": chance.choice(SOURCES), "page": deep()}
        ),
        "/leads of a rep": many("/leads", lambda: {"rep": rep()}),
        "/leads of a rep and a grade": many(
            "/leads", lambda: {"rep": rep(), "grade": chance.choice("ABCD")}
        ),
        "/leads, a name searched": many(
            "/leads", lambda: {"search": name_of(chance.randrange(leads))}
        ),
        "/leads, a word searched": many(
            "/leads", lambda: {"search": chance.choice(LAST), "page": deep()}
        ),
    }
    for sort in sorts:
        found[f"/leads by {sort}"] = many("/leads", lambda by=sort: {"sort": by, "page": deep()})
        found[f"/leads by -{sort}"] = many(
            "/leads", lambda by=sort: {"sort": f"-{by}", "page": deep()}
        )
    groups = ("stage", "owner", "month", "product")
    found["/pipeline"] = many("/pipeline", lambda: {"by": chance.choice(groups)})
    found["/pipeline of a rep"] = many("/pipeline", lambda: {"rep": rep()})
    found["/changes"] = many("/changes", lambda: {"page": chance.randint(1, 3)})
    found["/changes of a week"] = many("/changes", lambda: {
        "since": str(NOW.date() - timedelta(days=7)), "page": chance.randint(1, 3)})  # fmt: skip
    for sort in ("value", "customer", "spent", "purchases", "last_purchase", "alive"):
        found[f"/customers by -{sort}"] = many(
            "/customers", lambda by=sort: {"sort": f"-{by}", "page": deep()}
        )
    found["/customers, a name searched"] = many(
        "/customers", lambda: {"search": name_of(chance.randrange(leads))}
    )

    def one_lead() -> Iterator[str]:
        while True:
            yield f"/leads/{lead_id(chance.randrange(leads))}"

    found["one lead"] = one_lead()
    return found


# How often a team opens which page, out of a hundred: leads and today's lists most.
MIX = {
    "/today": 10, "/today of a rep": 20, "/leads, first pages": 15, "/leads, page 2 to 40": 5,
    "/leads of a grade": 8, "/leads of a source": 6, "/leads of a rep": 12,
    "/leads by -expected_value": 4, "/leads by -created_at": 4, "/leads by lead": 2,
    "/pipeline": 4, "/pipeline of a rep": 2, "/changes": 4, "/customers by -value": 4,
}  # fmt: skip


def pages_alone(server: Server, leads: int, times: int, only: str) -> None:
    """Each page alone: the first time, and p50, p95, p99 of thirty; the median of some rounds."""
    say("| page | first ms | p50 | p95 | p99 | server CPU ms | kB |")
    say("|---|---:|---:|---:|---:|---:|---:|")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    slow = []
    for name, addresses in pages(leads, random.Random(1)).items():
        if not re.search(only, name):
            continue
        started = time.perf_counter()
        ask(connection, next(addresses))
        first = 1e3 * (time.perf_counter() - started)
        rounds = []
        for _ in range(times):
            spent, cpu, size = [], server.cpu(), 0
            asked = 30 if first < 300 else 4
            for _ in range(asked):
                started = time.perf_counter()
                size = ask(connection, next(addresses))
                spent.append(1e3 * (time.perf_counter() - started))
            spent.sort()
            at = [spent[math.ceil(share * len(spent)) - 1] for share in (0.5, 0.95, 0.99)]
            rounds.append((*at, 1e3 * (server.cpu() - cpu) / asked, size / 1e3))
        middle = [statistics.median(values) for values in zip(*rounds, strict=True)]
        if middle[1] >= 50:
            slow.append(name)
        say(f"| {name} | {first:.0f} | " + " | ".join(f"{value:.0f}" for value in middle) + " |")
    say(f"\nServer: {server.memory()} MB at most. {BARS}; not met by: {', '.join(slow) or 'none'}.")


def crowd(server: Server, leads: int, seconds: float, times: int) -> None:
    """Eight clients that ask for the mix of a team's pages, in processes of their own."""
    say(f"| {CLIENTS} clients for {seconds:g} s | a second | p50 ms | p95 ms | p99 ms | "
        "server CPU ms a page | pages a CPU second | load | server MB |")  # fmt: skip
    say("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for number in range(times):
        spent: list[float] = []
        until = time.perf_counter() + seconds

        def client(seed: int, spent: list[float] = spent, until: float = until) -> None:
            chance = random.Random(seed)
            addresses = pages(leads, chance)
            names, weights = list(MIX), list(MIX.values())
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            while time.perf_counter() < until:
                address = next(addresses[chance.choices(names, weights)[0]])
                started = time.perf_counter()
                ask(connection, address)
                spent.append(1e3 * (time.perf_counter() - started))

        cpu, began = server.cpu(), time.perf_counter()
        threads = [
            threading.Thread(target=client, args=(100 * number + n,)) for n in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lasted, used = time.perf_counter() - began, server.cpu() - cpu
        spent.sort()
        at = [spent[math.ceil(share * len(spent)) - 1] for share in (0.5, 0.95, 0.99)]
        load = os.getloadavg()[0]
        say(f"| round {number + 1} | {len(spent) / lasted:.0f} | "
            + " | ".join(f"{value:.0f}" for value in at)
            + f" | {1e3 * used / len(spent):.1f} | {len(spent) / used:.0f} | {load:.1f} | "
            f"{server.memory()} |")  # fmt: skip


def history(workspace: Workspace, leads: int) -> None:
    """One lead's history, and the jumps of a day, asked of the state as the pages do."""
    clock, spent, chance = Clock(), [], random.Random(2)
    for _ in range(200):
        lead = lead_id(chance.randrange(leads))
        with workspace.state.reading() as connection:
            days = [one["day"] for one in scored_days(connection, TARGET)]
            clock.of(lambda c=connection, d=days, i=lead: changes_of_lead(c, TARGET, d, i, ""))
        spent.append(1e3 * clock.wall)
    spent.sort()
    say("| history | |")
    say("|---|---|")
    say(f"| one lead, median and p99 of 200 (goal: 20 ms) | {spent[99]:.1f} ms, "
        f"{spent[197]:.1f} ms |")  # fmt: skip
    for since in (1, 7):
        walls = []
        for _ in range(3):
            found = clock.of(lambda s=since: jumps(workspace.state, LAST_DAY - s))
            walls.append(clock.wall)
        goal = " (goal: 2 s)" if since == 1 else ""
        say(f"| jumps of 0.3 in {since} d, {found:,} leads{goal} | "
            f"{statistics.median(walls):.2f} s |")  # fmt: skip


if __name__ == "__main__":
    main()
