"""Red Umbrella against the standard recipe of outcome-oriented process monitoring, on BPI 2012.

    python benchmarks/prefixes.py --data ../shared/data [--record FILE] [--every 7d]

In: the log of the BPI Challenge 2012 (13,087 loan applications of a bank, 262,200 events). Out: AUC
for every length of the known beginning ("prefix") of a case, 1 to 40 activities, and their means.
Red Umbrella gets the two raw files and an umbrella.toml (below), then `umbrella ingest` and
`umbrella backtest --every touch`. The peer is one LightGBM on aggregated prefixes, the strongest
single recipe of I. Teinemaa, M. Dumas, M. La Rosa, F. M. Maggi: Outcome-Oriented Predictive Process
Monitoring: Review and Benchmark, ACM TKDD 13(2), 2019. All sides answer the same rows: cases that
began after the split (80 % of the cases began before it), just after each activity.
"""

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import duckdb
import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from redumbrella.evaluation.metrics import auc, log_loss

Vector = NDArray[np.float64]
OURS = "Red Umbrella"
KNOWN, ALL = "closed before the split", "all of the first 80 %"
LONGEST = 40
EARLIER = 0.8  # share of the cases that begin before the split
HELD_BACK = 0.15  # share of the peer's cases, the last to begin, that choose its settings
SMALLEST = 1e-6  # peers may say 0 or 1, which would cost infinitely much
DAY = 86_400_000_000  # microseconds
MOST_TREES, PATIENCE = 2_000, 50
MOST_SKLEARN = 200
DRAWS = 200  # of cases, for standard errors

# What a company would write. The outcome is the first of three states of the application; the
# states that say the same thing at the same click are no activities. Work on an application is one
# activity, known with its length when it ends; that it was scheduled is an activity of its own.
SETTINGS = """\
[workspace]
timezone = "Europe/Amsterdam"

[tables.leads]
url = "duckdb:"
query = '''
SELECT "concept:name" AS lead_id, REG_DATE AS created_at, closed_at, won,
       AMOUNT_REQ AS amount_requested
FROM 'cases.csv' LEFT JOIN (
    SELECT case_id, min("timestamp") AS closed_at,
           arg_min(activity = 'A_APPROVED', "timestamp") AS won
    FROM 'events.csv'
    WHERE activity IN ('A_APPROVED', 'A_DECLINED', 'A_CANCELLED')
    GROUP BY case_id
) ON case_id = "concept:name"
ORDER BY created_at, lead_id'''

[tables.activities]
url = "duckdb:"
query = '''
SELECT case_id AS lead_id, "timestamp" AS "at",
       activity || if(transition = 'SCHEDULE', ' scheduled', '') AS kind,
       resource AS rep_id,
       if(before = 'START', epoch("timestamp" - begun), NULL) AS duration_s
FROM (
    SELECT *, lag(transition) OVER one AS "before", lag("timestamp") OVER one AS begun
    FROM 'events.csv'
    WINDOW one AS (PARTITION BY case_id, activity, transition = 'SCHEDULE'
                   ORDER BY "timestamp", transition DESC)
)
WHERE transition <> 'START'
  AND activity NOT IN ('A_APPROVED', 'A_REGISTERED', 'A_ACTIVATED', 'O_ACCEPTED',
                       'A_DECLINED', 'A_CANCELLED')
ORDER BY "at", lead_id, kind'''
"""


@dataclass(frozen=True)
class Log:
    """The two tables that SETTINGS makes of the files, with times in UTC microseconds.

    cases: lead_id, created_at, closed_at (NaN = open), won, amount_requested, by created_at.
    activities: case (row of its lead in `cases`), at, kind, rep_id, duration_s; by case and time.
    split: the instant at which the test cases begin.
    """

    cases: pd.DataFrame
    activities: pd.DataFrame
    split: int

    @property
    def end(self) -> int:
        """The last instant of the log."""
        return int(max(self.activities["at"].max(), self.cases["closed_at"].max()))


@dataclass(frozen=True)
class Row:
    """Rows to be answered: case (n,) row of `cases`, as_of (n,), and length (n,) of the prefix."""

    case: NDArray[np.int64]
    as_of: NDArray[np.int64]
    length: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> "Row":
        """Some of the rows."""
        return Row(self.case[rows], self.as_of[rows], self.length[rows])


# ---- the log ----------------------------------------------------------------------------------


def unpack(data: Path, folder: Path) -> None:
    """The workspace as its owner would have it: two files and the settings."""
    for name in ("cases.csv", "events.csv"):
        with gzip.open(data / "bpi2012" / f"{name}.gz") as packed, (folder / name).open("wb") as to:
            shutil.copyfileobj(packed, to)
    (folder / "umbrella.toml").write_text(SETTINGS, encoding="utf-8")


def read_log(folder: Path) -> Log:
    """What the peers learn from: the same queries over the same files."""
    tables = tomllib.loads(SETTINGS)["tables"]
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    frames = {}
    for name, table in tables.items():
        query = table["query"]
        for file in ("cases.csv", "events.csv"):
            query = query.replace(f"'{file}'", f"'{folder / file}'")
        frames[name] = connection.sql(query).to_arrow_table().to_pandas()
    cases, activities = frames["leads"], frames["activities"]
    cases["lead_id"] = cases["lead_id"].astype(str)
    for column in ("created_at", "closed_at"):
        cases[column] = _microseconds(cases[column])
    cases["won"] = cases["won"].map({True: 1.0, False: 0.0}).astype(float)
    activities["at"] = _microseconds(activities["at"]).astype(np.int64)
    number = pd.Series(np.arange(len(cases)), index=cases["lead_id"])
    activities["case"] = number.reindex(activities["lead_id"].astype(str)).to_numpy()
    activities["rep_id"] = activities["rep_id"].astype("Int64").astype(str)
    activities = activities.sort_values(["case", "at"], kind="stable", ignore_index=True)
    split = cases["created_at"].iloc[int(EARLIER * len(cases))]
    return Log(cases, activities, int(split))


def _microseconds(column: pd.Series) -> pd.Series:
    instants = column.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
    return instants.astype("int64").astype(float).where(instants.notna())


def after_each_activity(log: Log) -> Row:
    """Every case just after each of its activities before it closed; same time = one row."""
    case, at = log.activities["case"].to_numpy(), log.activities["at"].to_numpy()
    closed = log.cases["closed_at"].to_numpy()[case]
    length = np.arange(case.size) - np.searchsorted(case, case) + 1
    last = np.append((case[1:] != case[:-1]) | (at[1:] != at[:-1]), True)
    kept = last & ~(at >= closed) & (length <= LONGEST)
    return Row(case[kept], at[kept] + 1, length[kept])


# ---- the peer ---------------------------------------------------------------------------------


def aggregated(log: Log, rows: Row) -> pd.DataFrame:
    """The aggregation encoding of the paper: what the prefix holds, without its order.

    Counts of each activity and employee, the last of both, sums and means of durations, the amount,
    and of the last activity: time since the case began and since the activity before, weekday,
    time of day, number of open cases.
    """
    frame = log.activities
    case, at = frame["case"].to_numpy(), frame["at"].to_numpy()
    first = np.searchsorted(case, rows.case)
    stop = first + rows.length  # one behind the last activity of the prefix
    columns: dict[str, object] = {}
    for name in ("kind", "rep_id"):
        codes, levels = pd.factorize(frame[name], sort=True)
        for code in range(len(levels)):
            columns[f"{name}_{code}"] = _within((codes == code).astype(float), first, stop)
        columns[f"last_{name}"] = pd.Categorical.from_codes(codes[stop - 1], levels)
    columns |= _durations(frame, first, stop)
    last = at[stop - 1]
    created = log.cases["created_at"].to_numpy()
    local = pd.to_datetime(last, unit="us", utc=True).tz_convert("Europe/Amsterdam")
    before = np.where(rows.length > 1, at[np.maximum(stop - 2, 0)], last)
    closed = np.sort(log.cases["closed_at"].dropna().to_numpy())
    return pd.DataFrame(
        columns
        | {
            "length": rows.length,
            "amount": log.cases["amount_requested"].to_numpy(float)[rows.case],
            "since_begin": last - created[rows.case],
            "since_last": last - before,
            "weekday": local.day_of_week,
            "minute": local.hour * 60 + local.minute,
            "open": np.searchsorted(created, last) - np.searchsorted(closed, last),
        }
    )


def _within(values: Vector, first: NDArray[np.int64], stop: NDArray[np.int64]) -> Vector:
    """Sums over each prefix."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(sums[stop] - sums[first], np.float32)


def _durations(
    frame: pd.DataFrame, first: NDArray[np.int64], stop: NDArray[np.int64]
) -> dict[str, object]:
    known = frame["duration_s"].notna().to_numpy()
    seconds = frame["duration_s"].fillna(0.0).to_numpy()
    total, count = _within(seconds, first, stop), _within(known.astype(float), first, stop)
    columns: dict[str, object] = {"duration": total, "mean_duration": total / np.maximum(count, 1)}
    for kind in sorted(frame["kind"][known].unique()):
        own = np.where(frame["kind"] == kind, seconds, 0.0)
        columns[f"duration_{kind}"] = _within(own, first, stop)
    return columns


def tuned_lightgbm(table: pd.DataFrame, won: Vector, late: NDArray[np.bool_]) -> Callable:
    """LightGBM; size of the trees and their number chosen on the cases that began last."""
    plain = table.rename(columns={name: f"c{n}" for n, name in enumerate(table)})
    best = (np.inf, {}, 0)
    for leaves, least in product((15, 63), (20, 200)):
        settings = {
            "objective": "binary",
            "learning_rate": 0.05,
            "num_leaves": leaves,
            "min_data_in_leaf": least,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "verbosity": -1,
            "seed": 0,
        }
        early = lightgbm.Dataset(plain[~late], won[~late], free_raw_data=False)
        asked = lightgbm.Dataset(plain[late], won[late], reference=early)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        model = lightgbm.train(settings, early, MOST_TREES, [asked], callbacks=[stop])
        loss = model.best_score["valid_0"]["binary_logloss"]
        best = min(best, (loss, settings, model.best_iteration), key=lambda one: one[0])
    _, settings, trees = best
    chosen = f"{settings['num_leaves']} leaves of {settings['min_data_in_leaf']}, {trees} trees"
    print(f"  LightGBM: {chosen}, log loss {best[0]:.4f} on the cases held back", flush=True)
    model = lightgbm.train(settings, lightgbm.Dataset(plain, won), trees)
    return lambda asked: model.predict(
        asked.rename(columns={name: f"c{n}" for n, name in enumerate(asked)})
    )


def sklearn_trees(table: pd.DataFrame, won: Vector, late: NDArray[np.bool_]) -> Callable:
    """HistGradientBoostingClassifier with its defaults, stopped on the cases that began last."""
    fixed = {"categorical_features": "from_dtype", "random_state": 0}
    first = HistGradientBoostingClassifier(max_iter=MOST_SKLEARN, early_stopping=False, **fixed)
    stages = first.fit(table[~late], won[~late]).staged_predict_proba(table[late])
    losses = [log_loss(np.clip(said[:, 1], SMALLEST, 1 - SMALLEST), won[late]) for said in stages]
    model = HistGradientBoostingClassifier(
        max_iter=int(np.argmin(losses)) + 1, early_stopping=False, **fixed
    ).fit(table, won)
    return lambda asked: model.predict_proba(asked)[:, 1]


def peers(log: Log, asked: Row) -> dict[str, Vector]:
    """Answers of every peer about the asked rows, (n,) each."""
    rows = after_each_activity(log)
    created = log.cases["created_at"].to_numpy()[rows.case]
    closed = log.cases["closed_at"].to_numpy()[rows.case]
    knowledge = {
        KNOWN: closed < log.split,
        ALL: (created < log.split) & ~np.isnan(closed),
    }
    table = aggregated(log, asked)
    answers: dict[str, Vector] = {}
    for name, known in knowledge.items():
        past = rows.take(known)
        won = log.cases["won"].to_numpy()[past.case]
        cases = np.unique(past.case)  # in order of their beginning
        late = past.case >= cases[int((1 - HELD_BACK) * cases.size)]
        print(f"peers, {name}: {past.case.size:,} rows of {cases.size:,} cases", flush=True)
        learned = aggregated(log, past)
        answers[f"share won, {name}"] = np.full(asked.case.size, won.mean())
        for side, make in (("LightGBM", tuned_lightgbm), ("sklearn trees", sklearn_trees)):
            said = make(learned, won, late)(table)
            answers[f"{side}, {name}"] = np.clip(said, SMALLEST, 1 - SMALLEST)
    return answers


# ---- our side ---------------------------------------------------------------------------------


def red_umbrella(folder: Path, log: Log, every: str) -> pd.DataFrame:
    """The rows of `umbrella backtest` in a workspace: id, as_of (microseconds), probability."""
    umbrella(folder, "ingest")
    ends = [pd.Timestamp(t, unit="us", tz="UTC").isoformat() for t in (log.split, log.end + 1)]
    words = ["--target", "conversion", "--from", ends[0], "--to", ends[1], "--every", every]
    umbrella(folder, "backtest", *words, "-o", str(folder / "out.csv"))
    found = pd.read_csv(folder / "out.csv", dtype={"id": str})
    found["as_of"] = _microseconds(pd.to_datetime(found["as_of"], utc=True, format="ISO8601"))
    return found


def umbrella(folder: Path, *words: str) -> str:
    """Runs the command line in a workspace."""
    program = "from redumbrella.cli.main import main; main()"
    call = [sys.executable, "-c", program, *words, "-w", str(folder)]
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"umbrella {words[0]} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def same_rows(log: Log, found: pd.DataFrame) -> tuple[Row, Vector, int]:
    """Rows of our side that the comparison is about, our answers, and how many rows are missing."""
    number = pd.Series(np.arange(len(log.cases)), index=log.cases["lead_id"])
    case = number.reindex(found["id"]).to_numpy(np.int64)
    as_of = found["as_of"].to_numpy(np.int64)
    # One number for case and instant, so that a single search counts the activities before it.
    begin = int(log.activities["at"].min())
    span = log.end + 2 - begin
    keys = log.activities["case"].to_numpy() * span + log.activities["at"].to_numpy() - begin
    first = np.searchsorted(keys, case * span)
    length = np.searchsorted(keys, case * span + np.clip(as_of - begin, 0, span - 1)) - first
    rows = Row(case, as_of, length)
    wanted = _asked(log, after_each_activity(log))
    kept = _asked_rows(log, rows)
    theirs = set(zip(wanted.case.tolist(), wanted.length.tolist(), strict=True))
    ours = list(zip(case[kept].tolist(), length[kept].tolist(), strict=True))
    assert len(set(ours)) == len(ours), "a case was answered twice after the same activity"
    assert set(ours) <= theirs, "a row stands where nothing happened"
    answers = found["probability"].to_numpy(float)[kept]
    assert not np.isnan(answers).any(), "a row has no probability"
    return rows.take(kept), answers, len(theirs) - len(ours)


def _asked_rows(log: Log, rows: Row) -> NDArray[np.bool_]:
    """Which rows are of closed cases that began at or after the split, and not too long."""
    created = log.cases["created_at"].to_numpy()[rows.case]
    closed = log.cases["closed_at"].to_numpy()[rows.case]
    is_open = rows.as_of <= closed  # false without an outcome
    return (created >= log.split) & is_open & (rows.length >= 1) & (rows.length <= LONGEST)


def _asked(log: Log, rows: Row) -> Row:
    return rows.take(_asked_rows(log, rows))


# ---- the words --------------------------------------------------------------------------------


def by_length(rows: Row, won: Vector, said: Vector) -> tuple[Vector, Vector]:
    """AUC at each length 1 to LONGEST, (40,), NaN where it has no sense, and the rows there."""
    areas, counts = np.full(LONGEST, np.nan), np.zeros(LONGEST)
    for length in range(1, LONGEST + 1):
        here = rows.length == length
        counts[length - 1] = here.sum()
        if 0 < won[here].sum() < here.sum():
            areas[length - 1] = auc(said[here], won[here])
    return areas, counts


def mean_auc(rows: Row, won: Vector, said: Vector) -> float:
    """Mean of the AUC of each length, weighted by its rows."""
    areas, counts = by_length(rows, won, said)
    fine = ~np.isnan(areas)
    return float(np.average(areas[fine], weights=counts[fine]))


def against_best(rows: Row, won: Vector, answers: dict[str, Vector], knowledge: str) -> str:
    """Ours against the best peer of one knowledge, with errors from drawing whole cases anew."""
    sides = [side for side in answers if side.endswith(knowledge)]
    best = min(sides, key=lambda side: log_loss(answers[side], won))
    lead = max(sides, key=lambda side: mean_auc(rows, won, answers[side]))
    _, number = np.unique(rows.case, return_inverse=True)
    order = np.argsort(number, kind="stable")
    own = np.split(order, np.cumsum(np.bincount(number))[:-1])
    chance = np.random.default_rng(0)
    ratios, gaps = [], []
    for draw in range(DRAWS + 1):
        # The first one is not drawn: it is the rows as they are.
        cases = chance.integers(0, len(own), len(own)) if draw else range(len(own))
        drawn = np.concatenate([own[case] for case in cases])
        part = Row(rows.case[drawn], rows.as_of[drawn], rows.length[drawn])
        y, ours = won[drawn], answers[OURS][drawn]
        ratios.append(log_loss(ours, y) / log_loss(answers[best][drawn], y))
        gaps.append(mean_auc(part, y, ours) - mean_auc(part, y, answers[lead][drawn]))
    return (
        f"Against peers that knew the cases {knowledge}: log loss {ratios[0]:.4f} ± "
        f"{np.std(ratios[1:]):.4f} times that of {best.split(',')[0]}; weighted AUC "
        f"{gaps[0]:+.4f} ± {np.std(gaps[1:]):.4f} to that of {lead.split(',')[0]} (standard "
        f"errors: {DRAWS} draws of whole cases)."
    )


def describe(log: Log, rows: Row, answers: dict[str, Vector], missing: int) -> list[str]:
    """All sides as lines of Markdown."""
    won = log.cases["won"].to_numpy()[rows.case]
    cases = np.unique(rows.case)
    split = pd.Timestamp(log.split, unit="us", tz="UTC").strftime("%Y-%m-%d %H:%M")
    lines = [
        f"Split at {split} UTC. {rows.case.size:,} rows of {cases.size:,} cases, "
        f"{log.cases['won'].to_numpy()[cases].mean():.1%} of these cases won; "
        f"{missing:,} rows that the peers could answer are missing from our backtest.",
        "",
        "| side | mean AUC, weighted by rows | mean AUC of lengths | log loss | AUC of all rows |",
        "|---|---:|---:|---:|---:|",
    ]
    tables = {side: by_length(rows, won, said) for side, said in answers.items()}
    for side, said in answers.items():
        areas, _ = tables[side]
        fine = ~np.isnan(areas)
        lines.append(
            f"| {side} | {mean_auc(rows, won, said):.4f} | {areas[fine].mean():.4f} | "
            f"{log_loss(said, won):.4f} | {auc(said, won):.4f} |"
        )
    lines += ["", *(against_best(rows, won, answers, known) for known in (KNOWN, ALL))]
    shown = [side for side in answers if not side.startswith("share")]
    lines += ["", "AUC by length of the prefix:", "", f"| length | rows | {' | '.join(shown)} |"]
    lines.append("|---:|---:|" + "---:|" * len(shown))
    for length in range(LONGEST):
        cells = " | ".join(f"{tables[side][0][length]:.3f}" for side in shown)
        lines.append(f"| {length + 1} | {int(tables[shown[0]][1][length]):,} | {cells} |")
    return [*lines, ""]


HEAD = """\
# Prefixes of cases: Red Umbrella against the recipe of process monitoring

Written by `benchmarks/prefixes.py`. Log: BPI Challenge 2012. Won: the application was approved;
lost: declined or cancelled. Rows: every case that began after the split and has an outcome, just
after each of its first 40 activities (those of one instant together). Red Umbrella read the raw
files through two queries in umbrella.toml and answered with `umbrella backtest --every touch`,
without any setting for this log. The peer: aggregation encoding with a single bucket (Teinemaa et
al. 2019), here with durations of work besides; LightGBM, its trees and their number chosen on the
15 % of its cases that began last, then fitted on all; and scikit-learn's trees with their
defaults. "Closed before the split" is what anybody could know at the split; "all of the first 80 %"
also tells the peer outcomes that came later. The paper's own figures are about other outcomes of
this log (each of three against the rest), so they are no rivals.
"""


def page(lines: Sequence[str], seconds: dict[str, float]) -> str:
    """The whole page of results."""
    packages = ("redumbrella", "lightgbm", "scikit-learn", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    took = ", ".join(f"{side} {spent:.0f} s" for side, spent in seconds.items())
    python = f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, shared"
    facts = f"{python}; {versions}. Took: {took}."
    return "\n".join([HEAD, facts, "", *lines]).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds bpi2012/")
    parser.add_argument("--every", default="touch", help="of umbrella backtest (default: touch)")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    options = parser.parse_args()
    seconds = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack(options.data, folder)
        log = read_log(folder)
        start = time.perf_counter()
        found = red_umbrella(folder, log, options.every)
        seconds[OURS] = time.perf_counter() - start
    rows, ours, missing = same_rows(log, found)
    start = time.perf_counter()
    answers = {OURS: np.clip(ours, SMALLEST, 1 - SMALLEST)} | peers(log, rows)
    seconds["all peers"] = time.perf_counter() - start
    lines = describe(log, rows, answers, missing)
    print("\n".join(lines))
    if options.record:
        options.record.write_text(page(lines, seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
