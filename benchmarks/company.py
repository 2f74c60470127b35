"""The company whose truth is known: how fast it lives, and what the product's words are worth.

    python benchmarks/company.py --speed [--days 365]
    python benchmarks/company.py --calibration [--seeds 5] [--size medium]
    python benchmarks/company.py --one-sided [--seeds 2] [--size small]
        [--live 60] [--first-seed 1] [--record FILE]

In: nothing; companies are made by `umbrella simulate`. Out: for each part a section of a page.
What each part counts stands above its table on the page. The product is run by its commands only;
what is true is asked of the world afterwards.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.dataset as ds
from numpy.typing import NDArray
from scipy.stats import norm

from redumbrella.evaluation.metrics import auc, equal_bins
from redumbrella.simulation.chance import chance_of
from redumbrella.simulation.contacts import mean_talk_effect
from redumbrella.simulation.days import lead_margins, live
from redumbrella.simulation.decisions import calls_in_order
from redumbrella.simulation.files import write_day
from redumbrella.simulation.leads import log_odds
from redumbrella.simulation.living import live_on
from redumbrella.simulation.policies import POLICIES, arrival, points
from redumbrella.simulation.product import ask_product
from redumbrella.simulation.rows import day_rows
from redumbrella.simulation.truth import final_chances, true_chances
from redumbrella.simulation.world import FOLDER, World, open_world

Vector = NDArray[np.float64]
TARGET = "conversion"
GROUPS = 10
UNTIL_DECIDED = 45  # days after which every lead that was open is decided
DAYS_TIMED = 14
YEAR = 365
PAST, LIVE = 120, 60  # days of past and days lived on, where what a greedy list leaves is seen


def umbrella(*words: str) -> tuple[float, float]:
    """Runs a command of the product; its seconds and the most memory it held, in megabytes."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "redumbrella", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"`umbrella {' '.join(words)}` failed.")
    return time.perf_counter() - begun, used.ru_maxrss / 1024.0


def new_company(folder: Path, seed: int, size: str, days: int) -> World:
    """A company without the sudden change, and its world on the morning after its past."""
    umbrella("simulate", "new", str(folder), "--seed", str(seed), "--size", size,
             "--days", str(days), "--change-day", "0")  # fmt: skip
    return open_world(folder / FOLDER)


# --- How fast it lives -------------------------------------------------------------------------


def speed(arguments: argparse.Namespace) -> Iterator[str]:
    """A large company's past, then single days of it: in this process, and as a command."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "company"
        seconds, memory = umbrella("simulate", "new", str(folder), "--seed", "1", "--size", "large",
                                   "--days", str(arguments.days))  # fmt: skip
        world = open_world(folder / FOLDER)
        events = ds.dataset(folder / "events", format="parquet").count_rows()
        lived, kept = [], []
        for _ in range(DAYS_TIMED):
            begun = time.perf_counter()
            rows = day_rows(world, live(world, calls_in_order(arrival(world))))
            lived.append(time.perf_counter() - begun)
            write_day(folder, world, rows)
            kept.append(time.perf_counter() - begun)
        words = ("simulate", "day", "-w", str(folder), "--policy", "arrival")
        whole = [umbrella(*words)[0] for _ in range(DAYS_TIMED // 2)]
        people, leads = len(world.people), len(world.leads)
    yield from (
        "## How fast it lives",
        "",
        f"`umbrella simulate new DIR --size large --days {arguments.days}`, then {DAYS_TIMED} days "
        f"in one process and {DAYS_TIMED // 2} by the command. Goals: a year of about 100,000 "
        "people and 5 million events in under 60 s and 2 GB; a day in under 1 s.",
        "",
        "| what | measured |",
        "|---|---:|",
        f"| people after it all | {people:,} |",
        f"| leads | {leads:,} |",
        f"| events of the past | {events:,} |",
        f"| seconds of the past | {seconds:.1f} |",
        f"| most memory held, MB | {memory:,.0f} |",
        f"| a day: lived and its rows made, median seconds | {np.median(lived):.2f} |",
        f"| a day: the same, and written with the new state | {np.median(kept):.2f} |",
        f"| a day: the whole command `umbrella simulate day` | {np.median(whole):.2f} |",
        "",
    )


# --- Are the probabilities the true ones? -------------------------------------------------------


@dataclass(frozen=True)
class OpenLeads:
    """Leads that were open on the morning the product scored them (n).

    true: the chance of being won under the calls that really followed: 0 for those that had
    decided against the company and nobody knew, else that with which it was drawn. known: what is
    true on that morning if nobody calls any more, 0 likewise. traits: the same for who knows every
    hidden trait and the law of the delay, but not who has decided. called: may be called that day;
    place_of_points: its place in the order of the hand-made points (larger is earlier).
    """

    said: Vector
    low: Vector
    high: Vector
    listed: Vector
    true: Vector
    known: Vector
    traits: Vector
    won: Vector
    margin: Vector
    age: Vector
    is_refused: Vector
    may_be_called: Vector
    points: Vector


def scored(folder: Path, world: World) -> OpenLeads:
    """Has the product learn and score this morning, lives on by arrival, and asks what is true."""
    today = world.today.isoformat()
    ask_product(folder, "ingest")
    ask_product(folder, "train", "--target", TARGET, "--as-of", today)
    ask_product(folder, "score", "--target", TARGET, "--as-of", today)
    file = folder.parent / "scores.csv"
    ask_product(folder, "export", "scores", "--target", TARGET, "-o", str(file), "--format", "csv")
    rows = pa_csv.read_csv(file)
    at = np.array([int(name.removeprefix("L-")) for name in rows["lead_id"].to_pylist()])
    refused = (world.leads.refused | (world.leads.double_of >= 0))[at]
    known, order = np.where(refused, 0.0, true_chances(world)[0][at]), points(world)
    traits = with_all_traits(world, at)
    place = np.full(len(world.leads), -1.0)
    place[order] = np.arange(order.size, 0, -1)
    age = (world.day - world.leads.created[at]).astype(np.float64)
    for _ in live_on(folder, world, UNTIL_DECIDED, "arrival"):
        pass
    after = world.leads.at(at)
    number = {name: rows[name].to_numpy().astype(np.float64)
              for name in ("probability", "low", "high", "expected_value")}  # fmt: skip
    return OpenLeads(
        number["probability"], number["low"], number["high"], number["expected_value"],
        np.where(refused, 0.0, final_chances(world)[at]), known, traits,
        (after.state == 1).astype(np.float64), lead_margins(world, after), age,
        refused.astype(np.float64), (place[at] >= 0).astype(np.float64), place[at],
    )  # fmt: skip


def with_all_traits(world: World, at: NDArray[np.int64]) -> Vector:
    """What who knows everything hidden but the decision itself would say of open leads.

    By Bayes over the log-normal delay: an open lead that nobody talked to is undecided, or has
    said no and nobody heard it; one that somebody talked to is undecided.
    """
    leads, rates = world.leads.at(at), world.company.conversion
    without = true_chances(world)[0][at]
    age = np.maximum(world.day - leads.created, 1e-9)
    later = norm.sf(np.log(age / rates.delay_days) / rates.delay_spread)
    undecided = np.where(leads.talks > 0, 1.0, later)
    found = without * undecided / (undecided + (1.0 - undecided) * (1.0 - without))
    return np.where(leads.double_of >= 0, 0.0, found)


def calibration(arguments: argparse.Namespace) -> Iterator[str]:
    """Some companies, each learned from after a year and scored once."""
    found = []
    for seed in seeds_of(arguments):
        with tempfile.TemporaryDirectory() as room:
            folder = Path(room) / "company"
            found.append(scored(folder, new_company(folder, seed, arguments.size, arguments.days)))
        print(f"seed {seed}: {measures(found[-1])}", file=sys.stderr, flush=True)
    yield from calibration_page(found, arguments)


def measures(one: OpenLeads) -> dict[str, float]:
    """The figures of one company, by their words on the page."""
    held, off = [], []
    for rows in equal_bins(one.said, GROUPS):
        true = one.true[rows].mean()
        off.append(rows.size * abs(one.said[rows].mean() - true))
        held += [one.low[rows].mean() <= true <= one.high[rows].mean()] * rows.size
    may = one.may_be_called > 0
    value = one.margin * one.traits
    found = {
        "open leads": one.said.size,
        "of these silently lost already": one.is_refused.mean(),
        "mean said": one.said.mean(),
        "mean true": one.true.mean(),
        "mean that was won": one.won.mean(),
        "mean difference over tenths": sum(off) / one.said.size,
        "of which the sample alone would show": by_the_sample(one),
        "leads in tenths whose interval holds": float(np.mean(held)),
        "log loss over that of who knows all traits": expected_log_loss(one.said, one.true)
        / expected_log_loss(one.traits, one.true),
        "log loss over that of the truth": expected_log_loss(one.said, one.true)
        / expected_log_loss(one.true, one.true),
    }
    for words, score in (
        ("of the product", one.said),
        ("of who knows all traits", one.traits),
        ("of who also knows who has decided", one.known),
        ("of the final chances", one.true),
    ):
        found[f"AUC {words}"] = auc(score, one.won)
        found[f"expected AUC {words}"] = expected_auc(score, one.true)
    for words, score in (
        ("of the product's list", one.listed),
        ("of the hand-made points", one.points),
        ("of who knows all traits", value),
    ):
        found[f"value in the first fifth {words}"] = first_fifth(
            score[may], (one.margin * one.true)[may]
        )
    return {name: float(value) for name, value in found.items()}


def by_the_sample(one: OpenLeads) -> float:
    """What the mean difference over tenths would be of perfect words on so few leads."""
    errors = [
        one.true[rows].std(ddof=1) / np.sqrt(rows.size) for rows in equal_bins(one.said, GROUPS)
    ]
    return float(np.sqrt(2.0 / np.pi) * np.mean(errors))


def expected_log_loss(said: Vector, true: Vector) -> float:
    """Mean log loss over what may come of chances `true`."""
    p = np.clip(said, 1e-9, 1 - 1e-9)
    return float(-np.mean(true * np.log(p) + (1 - true) * np.log(1 - p)))


def expected_auc(score: Vector, true: Vector) -> float:
    """AUC over what may come: pairs weighted by the chance of won above and lost below."""
    _, place = np.unique(score, return_inverse=True)
    won = np.bincount(place, true)
    lost = np.bincount(place, 1.0 - true)
    below = np.cumsum(lost) - lost
    return float(np.sum(won * (below + 0.5 * lost)) / (won.sum() * lost.sum()))


def first_fifth(score: Vector, value: Vector) -> float:
    """Share of the value among the fifth of the leads with the highest score."""
    first = np.argsort(-score, kind="stable")[: round(score.size / 5)]
    return float(value[first].sum() / value.sum())


def calibration_page(found: Sequence[OpenLeads], arguments: argparse.Namespace) -> Iterator[str]:
    """Means over the companies with errors, then the tenths of all leads together."""
    yield from (
        "## Are the probabilities the true ones?",
        "",
        f"{len(found)} companies of size {arguments.size} without the sudden change, seeds "
        f"{arguments.first_seed} to {arguments.first_seed + len(found) - 1}. The product reads "
        f"{arguments.days} days, learns and scores the open leads once; the company then lives on "
        f"in the order of arrival for {UNTIL_DECIDED} days, until all of them are decided.",
        "",
        "| figure | mean | standard error |",
        "|---|---:|---:|",
    )
    every = [measures(one) for one in found]
    for name in every[0]:
        values = np.array([one[name] for one in every])
        error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
        figure = f"{values.mean():,.0f} | {error:,.0f}" if name == "open leads" else (
            f"{values.mean():.4f} | {error:.4f}")  # fmt: skip
        yield f"| {name} | {figure} |"
    together = OpenLeads(*(np.concatenate([getattr(one, field.name) for one in found])
                           for field in fields(OpenLeads)))  # fmt: skip
    whole = measures(together)["mean difference over tenths"]
    yield from (
        "",
        f"All companies together, by tenths of what was said: mean difference {whole:.4f}.",
        "",
        *tenths(together),
        "",
    )


def tenths(one: OpenLeads) -> Iterator[str]:
    """A row for each tenth of what was said."""
    yield "| said | true | won | interval | days old | silently lost |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for rows in equal_bins(one.said, GROUPS):
        yield (
            f"| {one.said[rows].mean():.3f} | {one.true[rows].mean():.3f} "
            f"| {one.won[rows].mean():.3f} "
            f"| {one.low[rows].mean():.3f} to {one.high[rows].mean():.3f} "
            f"| {one.age[rows].mean():.1f} | {one.is_refused[rows].mean():.0%} |"
        )


# --- What a greedy list leaves unseen ------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    """Leads that came and were decided under one order of calls (n).

    without, with_talk: true chances on the day of the decision without any talk and with one.
    final: with the talks it had. tried, talked: whether somebody called, and reached it.
    """

    without: Vector
    with_talk: Vector
    final: Vector
    tried: Vector
    talked: Vector


def one_sided(arguments: argparse.Namespace) -> Iterator[str]:
    """The same companies lived under three orders of calls: whom does the record then know?"""
    found: dict[str, list[Decided]] = {policy: [] for policy in ("random", "points", "product")}
    for seed in seeds_of(arguments):
        with tempfile.TemporaryDirectory() as room:
            folder = Path(room) / "company"
            world = new_company(folder, seed, arguments.size, PAST)
            for policy, lived in found.items():
                own = deepcopy(world)
                if policy == "product":
                    ask_product(folder, "ingest")
                    ask_product(folder, "train", "--target", TARGET, "--as-of",
                                world.today.isoformat())  # fmt: skip
                    for _ in live_on(folder, own, arguments.live, policy):
                        pass
                else:
                    for _ in range(arguments.live):
                        live(own, calls_in_order(POLICIES[policy](own)))
                lived.append(decided_since(own, world.day))
                print(f"seed {seed}: {policy} lived", file=sys.stderr, flush=True)
    together = {
        policy: Decided(*(np.concatenate([getattr(one, field.name) for one in lived])
                          for field in fields(Decided)))
        for policy, lived in found.items()
    }  # fmt: skip
    yield from one_sided_page(together, arguments)


def decided_since(world: World, day: int) -> Decided:
    """The leads that came since a day and were decided within the days lived."""
    company, people, leads = world.company, world.people, world.leads
    odds = log_odds(company, people, leads, world.offers, world.employers,
                    leads.decides.astype(np.int64))  # fmt: skip
    effect = mean_talk_effect(company, people, leads, world.offers, world.staff,
                              leads.decides.astype(np.int64))  # fmt: skip
    rows = (leads.created >= day) & (leads.decides < world.day) & (leads.double_of < 0)
    of = (chance_of(odds), chance_of(odds + effect), chance_of(odds + leads.talked),
          (leads.tries > 0).astype(np.float64), (leads.talks > 0).astype(np.float64))  # fmt: skip
    return Decided(*(np.asarray(values[rows], np.float64) for values in of))


def one_sided_page(found: dict[str, Decided], arguments: argparse.Namespace) -> Iterator[str]:
    """Who was called by fifths of the true chance, and what the record says a talk does."""
    yield from (
        "## What a greedy list leaves unseen",
        "",
        f"{arguments.seeds} companies of size {arguments.size} lived {arguments.live} days on "
        f"after {PAST} days of past, under three orders of calls. Leads that came and decided in "
        "those days, by fifths of the true chance to be won without any talk.",
        "",
        "| share of leads that were called | lowest fifth | 2nd | 3rd | 4th | highest |",
        "|---|---:|---:|---:|---:|---:|",
    )
    for policy, one in found.items():
        shares = [f"{one.tried[rows].mean():.0%}" for rows in equal_bins(one.without, 5)]
        yield f"| {policy} | {' | '.join(shares)} |"
    yield from (
        "",
        "What a talk adds to the chance: as the record of such a company says, the won among those "
        "talked to less the won among the others (chances instead of luck), and in truth.",
        "",
        "| order of calls | the record says | true of those talked to | true of all |",
        "|---|---:|---:|---:|",
    )
    for policy, one in found.items():
        talked = one.talked > 0
        said = one.final[talked].mean() - one.final[~talked].mean()
        true = one.with_talk - one.without
        yield f"| {policy} | {said:+.3f} | {true[talked].mean():+.3f} | {true.mean():+.3f} |"
    yield ""


# --- The page ----------------------------------------------------------------------------------


def seeds_of(arguments: argparse.Namespace) -> range:
    return range(arguments.first_seed, arguments.first_seed + arguments.seeds)


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "speed": speed,
    "calibration": calibration,
    "one_sided": one_sided,
}


def head() -> str:
    names = ("redumbrella", "lightgbm", "numpy", "duckdb")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}."


def main() -> None:
    """Runs the parts that are asked for, and prints or records their sections."""
    parser = argparse.ArgumentParser(description=__doc__)
    for part in PARTS:
        parser.add_argument(f"--{part.replace('_', '-')}", dest=part, action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--size", default="medium")
    parser.add_argument("--days", type=int, default=YEAR)
    parser.add_argument("--live", type=int, default=LIVE)
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    chosen = [part for part in PARTS if getattr(arguments, part)]
    text = "\n".join([head(), "", *(line for part in chosen for line in PARTS[part](arguments))])
    print(text)
    if arguments.record:
        arguments.record.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
