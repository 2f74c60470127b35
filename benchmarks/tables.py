"""Lead tables for benchmarks: names go in, tables with outcomes and open leads come out.

Three kinds: the UCI bank calls that come with Red Umbrella, simulated tables whose truth is known,
and real tables from a folder that the caller names. Promise: the same name gives the same table,
rows are in order of time where the source has one, and no column is known only after the outcome.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OPEN_SHARE = 0.2


@dataclass(frozen=True)
class LeadTable:
    """A table of n leads.

    fields: what is known of each lead, numbers as float and categories as text or None. won: (n,)
    of 0 or 1. is_open: (n,) the leads to be scored, whose outcome only the judge sees. truth: (n,)
    true probabilities of a simulated table. setting: how the open leads were chosen.
    """

    name: str
    setting: str
    fields: pd.DataFrame
    won: NDArray[np.float64]
    is_open: NDArray[np.bool_]
    truth: NDArray[np.float64] | None = None


def last(rows: int) -> NDArray[np.bool_]:
    """Open leads that came after all closed ones."""
    return np.asarray(np.arange(rows) >= int(rows * (1 - OPEN_SHARE)))


def in_place(rows: int) -> NDArray[np.bool_]:
    """Open leads drawn at random among the closed ones."""
    return np.asarray(np.random.default_rng(2024).random(rows) < OPEN_SHARE)


def typed(fields: pd.DataFrame) -> pd.DataFrame:
    """Numbers as float; everything else as text or None."""
    columns = {}
    for name in fields:
        column = fields[name]
        if pd.api.types.is_numeric_dtype(column):
            columns[name] = column.astype(float)
        else:
            columns[name] = column.astype(object).where(column.notna(), None)
    return pd.DataFrame(columns)


def lead_table(name: str, how: str, fields: pd.DataFrame, won: pd.Series) -> LeadTable:
    """Fields and outcomes as they come, as a table whose open leads are chosen in this way."""
    fields, outcomes = typed(fields.reset_index(drop=True)), won.to_numpy(float)
    return LeadTable(name, SETTINGS[how], fields, outcomes, CHOOSERS[how](len(won)))


# ---- the bank's calls -------------------------------------------------------------------------


def bank_calls() -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """UCI Bank Marketing additional, in order of dates, without the length of the call."""
    source = files("redumbrella.workflows") / "demo_data" / "bank-additional-full.csv.gz"
    with source.open("rb") as raw, gzip.open(raw) as text:
        return _bank(pd.read_csv(text, sep=";"))


def months_of(fields: pd.DataFrame) -> NDArray[np.int64]:
    """Number of the month of each call, from 0: a new name of the month is a new month."""
    changed = fields["month"] != fields["month"].shift()
    return np.asarray(changed.cumsum() - 1, np.int64)


def _bank(calls: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    won = (calls.pop("y") == "yes").to_numpy(float)
    return typed(calls.drop(columns="duration")), won


# ---- real tables from a folder ----------------------------------------------------------------


def bank_full(folder: Path) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """UCI Bank Marketing, the older file with more rows and fewer columns."""
    return _bank(pd.read_csv(folder / "bank-marketing" / "bank-full.csv.gz", sep=";"))


def hillstrom(folder: Path) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Who visits the shop within two weeks of an e-mail campaign (Hillstrom 2008)."""
    table = pd.read_csv(folder / "hillstrom" / "hillstrom.csv.gz")
    won = table["visit"].to_numpy(float)
    return typed(table.drop(columns=["visit", "conversion", "spend"])), won


GRANTED = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED")
DECIDED = (*GRANTED, "A_DECLINED", "A_CANCELLED")
SYSTEM = 112  # the resource that is no person
FIRST_DAY = pd.Timedelta(days=1)


def bpi2012(folder: Path) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Loan applications that are undecided after a day, with what happened during that day."""
    cases = pd.read_csv(folder / "bpi2012" / "cases.csv.gz").dropna()
    cases = cases.set_index(cases["concept:name"].astype(int))
    start = pd.to_datetime(cases["REG_DATE"], utc=True, format="ISO8601")
    events = pd.read_csv(folder / "bpi2012" / "events.csv.gz").dropna(subset=["case_id"])
    events["case_id"] = events["case_id"].astype(int)
    events = events[events["case_id"].isin(cases.index)]
    at = pd.to_datetime(events["timestamp"], utc=True, format="ISO8601")
    events["age"] = at - events["case_id"].map(start)
    decisions = events[events["activity"].isin(DECIDED)]
    decided_at = decisions.groupby("case_id")["age"].min()
    granted = decisions[decisions["activity"].isin(GRANTED)]["case_id"].unique()
    later = decided_at.index[decided_at > FIRST_DAY]
    rows = start.loc[later].sort_values().index
    known = events[(events["age"] < FIRST_DAY) & events["case_id"].isin(rows)]
    return _first_day(known, cases, start, rows), np.isin(rows, granted).astype(float)


def _first_day(
    known: pd.DataFrame, cases: pd.DataFrame, start: pd.Series, rows: pd.Index
) -> pd.DataFrame:
    by_case = known.groupby("case_id")
    people = known[known["resource"].notna() & (known["resource"] != SYSTEM)]
    employee = people.groupby("case_id")["resource"].last().astype(int)
    counts = pd.crosstab(known["case_id"], known["activity"]).add_prefix("times ")
    fields = counts.reindex(rows).fillna(0.0)
    fields["events"] = by_case.size().reindex(rows).fillna(0.0)
    fields["last activity"] = by_case["activity"].last().reindex(rows)
    fields["last employee"] = ("e" + employee.astype(str)).reindex(rows)
    fields["amount requested"] = cases["AMOUNT_REQ"].reindex(rows)
    fields["hour"] = start.reindex(rows).dt.hour
    fields["weekday"] = start.reindex(rows).dt.day_name()
    return typed(fields.reset_index(drop=True))


# ---- simulated tables -------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """What a simulated table is like; effects are on the log-odds scale.

    levels: number of levels of each category. signal: size of every effect. missing: share of
    empty cells; whether a cell is empty depends on the outcome's cause when `telling_gaps`. drift:
    how far effects and base rate move from the first row to the last. pairs: interactions.
    """

    rows: int
    numbers: int
    levels: tuple[int, ...]
    base: float = -2.0
    signal: float = 0.5
    missing: float = 0.05
    telling_gaps: bool = False
    drift: float = 0.0
    pairs: int = 0


def simulate(
    world: World, seed: int
) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64]]:
    """Fields, outcomes and true probabilities of one world."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0.0, 1.0, world.rows)
    log_odds = world.base + world.drift * np.sin(5.0 * time)
    columns: dict[str, object] = {}
    standard = []
    for j in range(world.numbers):
        values = _numbers(rng, j, world.rows)
        scaled = (values - values.mean()) / values.std()
        standard.append(scaled)
        log_odds += _moving(rng, world, time) * _shape(rng, scaled)
        gaps = rng.random(world.rows) < world.missing
        if world.telling_gaps and j % 3 == 0:
            log_odds += rng.normal(0.0, 2.0 * world.signal) * gaps
        columns[f"number {j + 1}"] = np.where(gaps, np.nan, values)
    for j, size in enumerate(world.levels):
        frequency = 1.0 / np.arange(1, size + 1)
        code = rng.choice(size, world.rows, p=frequency / frequency.sum())
        effect = rng.normal(0.0, world.signal, size)
        moved = rng.normal(0.0, world.signal * world.drift, size)
        log_odds += effect[code] + time * moved[code]
        names = np.array([f"level {k + 1}" for k in range(size)], dtype=object)[code]
        names[rng.random(world.rows) < world.missing] = None
        columns[f"category {j + 1}"] = names
    for _ in range(world.pairs):
        a, b = rng.choice(world.numbers, 2, replace=False)
        log_odds += rng.normal(0.0, 1.5 * world.signal) * standard[a] * (standard[b] > 0)
    truth = 1.0 / (1.0 + np.exp(-log_odds))
    won = (rng.random(world.rows) < truth).astype(float)
    return typed(pd.DataFrame(columns)), won, truth


def _numbers(rng: np.random.Generator, kind: int, rows: int) -> NDArray[np.float64]:
    drawn = (
        lambda: rng.normal(50.0, 10.0, rows).round(2),
        lambda: rng.lognormal(3.0, 1.0, rows).round(1),
        lambda: rng.poisson(1.5, rows).astype(float),
        lambda: rng.integers(18, 90, rows).astype(float),
    )
    return np.asarray(drawn[kind % len(drawn)](), np.float64)


def _shape(rng: np.random.Generator, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Straight, bent, a step or a hill: what numbers do to people."""
    shapes = (x, np.tanh(2.0 * x), (x > 0.5) - 0.3, 1.0 - np.minimum(x**2, 4.0))
    return np.asarray(shapes[rng.integers(len(shapes))], np.float64)


def _moving(
    rng: np.random.Generator, world: World, time: NDArray[np.float64]
) -> NDArray[np.float64]:
    """An effect that moves in a straight line from its first to its last size."""
    return np.asarray(
        rng.normal(0.0, world.signal) + time * rng.normal(0.0, world.signal * world.drift)
    )


WORLDS: dict[str, tuple[World, str]] = {
    "mixed types": (World(30_000, 12, (3, 6, 20, 60, 250), pairs=2), "random"),
    "drift": (World(40_000, 12, (4, 12, 40), drift=0.8), "last"),
    "high cardinality": (World(20_000, 4, (1_000, 3_000, 30), signal=0.6), "last"),
    "missing as information": (
        World(15_000, 12, (5, 15), missing=0.25, telling_gaps=True),
        "random",
    ),
    "interactions": (World(25_000, 10, (6,), signal=0.4, pairs=12), "random"),
    "three columns": (World(9_000, 2, (40,)), "last"),
    "eighty weak columns": (World(12_000, 60, (4,) * 20, signal=0.1), "random"),
    "noise only": (World(12_000, 8, (5, 50, 400), signal=0.0), "last"),
}
SETTINGS = {"last": "last 20 % open", "random": "random 20 % open, in place"}
CHOOSERS = {"last": last, "random": in_place}


# ---- all of them by name ----------------------------------------------------------------------


def catalogue(folder: Path | None) -> dict[str, Callable[[], LeadTable]]:
    """Every table by name; real ones beyond the bank's calls only where a folder is given."""
    makers: dict[str, Callable[[], LeadTable]] = {}

    def add(name: str, how: str, source: Callable[[], tuple[pd.DataFrame, NDArray]]) -> None:
        makers[name] = lambda: _cut(name, how, *source())

    add("bank, out of time", "last", bank_calls)
    add("bank, random", "random", bank_calls)
    if folder is not None:
        add("bank-full, out of time", "last", lambda: bank_full(folder))
        add("bank-full, random", "random", lambda: bank_full(folder))
        add("hillstrom visit", "random", lambda: hillstrom(folder))
        add("bpi2012 after a day", "last", lambda: bpi2012(folder))
    for number, (name, (world, how)) in enumerate(WORLDS.items()):
        makers[f"simulated: {name}"] = _simulated(f"simulated: {name}", how, world, 100 + number)
    return makers


def _simulated(name: str, how: str, world: World, seed: int) -> Callable[[], LeadTable]:
    return lambda: _cut(name, how, *simulate(world, seed))


def _cut(
    name: str,
    how: str,
    fields: pd.DataFrame,
    won: NDArray[np.float64],
    truth: NDArray[np.float64] | None = None,
) -> LeadTable:
    return LeadTable(name, SETTINGS[how], fields, won, CHOOSERS[how](won.size), truth)
