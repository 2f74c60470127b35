"""Time to convert: Red Umbrella against Cox models of lifelines, on the same rows of a real log.

BPI Challenge 2012: loan applications that end approved (won), declined or cancelled (lost), or are
still open when the log ends. Two tables: every application at its start, and those undecided after
a day with what happened on it. The first 80 % in time are learned from as they stood at the split:
what ended later is still open there. The last 20 % are judged.

    PEER/bin/python benchmarks/timing.py --data FOLDER [--record benchmarks/results/timing.md]

lifelines holds pandas below 3, so it lives in an environment of its own that also has this
project's run-time packages; without it the run goes on without the peer and says so.
"""

import argparse
import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from tables import DECIDED, FIRST_DAY, GRANTED, _first_day, typed

from redumbrella.features.matrix import Design
from redumbrella.features.records import fit_records
from redumbrella.models.worth.timing import CENSORED, LOST, WON, Curves, Timing, fit_timing

Vector = NDArray[np.float64]
DAY = pd.Timedelta(days=1)
HORIZONS = (7, 14, 30)
GRID = np.arange(1.0, 61.0)
GROUPS = 5
PENALTIES = (0.01, 0.1)
LIFE_TABLE, OURS = "life table, no features", "Red Umbrella"


@dataclass(frozen=True)
class Rows:
    """Leads at one instant: what is known, and how many days later they ended, and how."""

    fields: pd.DataFrame
    days: Vector
    end: NDArray[np.int_]

    def take(self, rows: NDArray[np.bool_]) -> "Rows":
        """Some of the rows."""
        return Rows(self.fields[rows].reset_index(drop=True), self.days[rows], self.end[rows])


# ---- the log ----------------------------------------------------------------------------------


def read(folder: Path) -> dict[str, tuple[Rows, Rows]]:
    """Training rows as they stood at the split, and the later rows, for both tables."""
    cases = pd.read_csv(folder / "bpi2012" / "cases.csv.gz").dropna()
    cases = cases.set_index(cases["concept:name"].astype(int))
    start = pd.to_datetime(cases["REG_DATE"], utc=True, format="ISO8601").sort_values()
    cases = cases.loc[start.index]
    events = pd.read_csv(folder / "bpi2012" / "events.csv.gz").dropna(subset=["case_id"])
    events["case_id"] = events["case_id"].astype(int)
    at = pd.to_datetime(events["timestamp"], utc=True, format="ISO8601")
    events["age"] = at - events["case_id"].map(start)
    decided = events[events["activity"].isin(DECIDED)].sort_values("age", kind="stable")
    first = decided.drop_duplicates("case_id").set_index("case_id").reindex(start.index)
    age = first["age"].fillna(at.max() - start)
    end = np.where(first["age"].isna(), CENSORED, np.where(first["activity"].isin(GRANTED), WON,
                                                           LOST))  # fmt: skip
    at_start = pd.DataFrame(
        {
            "amount requested": cases["AMOUNT_REQ"].to_numpy(float),
            "hour": start.dt.hour.to_numpy(float),
            "weekday": start.dt.day_name().to_numpy(object),
        }
    )
    rows = start.index[age > FIRST_DAY]
    known = events[(events["age"] < FIRST_DAY) & events["case_id"].isin(rows)]
    undecided = (age > FIRST_DAY).to_numpy()
    later = _first_day(known, cases, start, rows)
    return {
        "at the start": _split(typed(at_start), start, age, end),
        "undecided after a day": _split(
            later, (start + FIRST_DAY)[undecided], (age - FIRST_DAY)[undecided], end[undecided]
        ),
    }


def _split(
    fields: pd.DataFrame, instant: pd.Series, age: pd.Series, end: NDArray[np.int_]
) -> tuple[Rows, Rows]:
    split = instant.iloc[int(len(instant) * 0.8)]
    rows = Rows(fields, np.maximum((age / DAY).to_numpy(float), 0.0), end)
    early = (instant < split).to_numpy()
    train = rows.take(early)
    seen = ((split - instant[early]) / DAY).to_numpy(float)
    open_then = train.days > seen
    closed = Rows(train.fields, np.where(open_then, seen, train.days),
                  np.where(open_then, CENSORED, train.end))  # fmt: skip
    return closed, rows.take(~early)


# ---- sides ------------------------------------------------------------------------------------

Answer = Callable[[float], Vector]  # days → P(won within them) of each test row


def ours(train: Rows, test: Rows) -> tuple[Answer, str]:
    model, curves = _fit(train, test)
    return curves.within, f"hazards: {model.winning.kind}, {model.losing.kind}"


def life_table(train: Rows, test: Rows) -> tuple[Answer, str]:
    no_fields = Rows(train.fields.iloc[:, :0], train.days, train.end)
    _, curves = _fit(no_fields, Rows(test.fields.iloc[:, :0], test.days, test.end))
    return curves.within, ""


def _fit(train: Rows, test: Rows) -> tuple[Timing, Curves]:
    first, later = (pa.Table.from_pandas(rows.fields) for rows in (train, test))
    if not train.fields.shape[1]:
        designs = [Design((), np.empty((rows.days.size, 0))) for rows in (train, test)]
    else:
        encoder = fit_records(first, train.fields.columns.tolist(), None)
        designs = [encoder.transform(first), encoder.transform(later)]
    model = fit_timing(designs[0], train.days, train.end)
    return model, model.curves(designs[1])


def cox(penalty: float, competing: bool) -> Callable[[Rows, Rows], tuple[Answer, str]]:
    """Cox models on one-hot categories and scaled numbers, ln(1 + x) where x is never negative.

    competing: a second model for losing, joined to the cumulative incidence of winning; otherwise
    lost leads count as censored, and P(won) = 1 - survival.
    """

    def side(train: Rows, test: Rows) -> tuple[Answer, str]:
        X, asked = _numbers(train.fields, test.fields)
        jumps, risk = _cox(X, train.days, train.end == WON, asked, penalty)
        times, other = jumps.index.to_numpy(), np.zeros(1)
        if competing:
            lose, lose_risk = _cox(X, train.days, train.end == LOST, asked, penalty)
            times = np.union1d(times, lose.index)
            other = np.outer(lose_risk, lose.reindex(times, fill_value=0.0))
        h = np.outer(risk, jumps.reindex(times, fill_value=0.0))
        gone = np.cumsum(h + other, axis=1)
        before = np.exp(-np.column_stack([np.zeros(len(h)), gone[:, :-1]]))
        won = np.cumsum(before * -np.expm1(-h), axis=1)
        won = np.column_stack([np.zeros(len(h)), won])
        return lambda days: won[:, np.searchsorted(times, days, "right")], ""

    return side


def _cox(
    X: pd.DataFrame, days: Vector, happened: NDArray[np.bool_], asked: pd.DataFrame, penalty: float
) -> tuple[pd.Series, Vector]:
    from lifelines import CoxPHFitter

    table = X.assign(days=np.maximum(days, 1e-6), happened=happened)
    fitter = CoxPHFitter(penalizer=penalty).fit(table, "days", "happened")
    jumps = fitter.baseline_hazard_.iloc[:, 0]
    return jumps[jumps > 0], fitter.predict_partial_hazard(asked).to_numpy()


def _numbers(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    both = pd.concat([train, test], ignore_index=True)
    numbers = both.select_dtypes("number").columns
    for name in numbers:
        x = np.log1p(both[name]) if both[name].min() >= 0 else both[name]
        early = x[: len(train)]
        both[name] = (x.fillna(early.median()) - early.mean()) / (early.std() or 1.0)
    for name in both.columns.difference(numbers):
        counts = both[name][: len(train)].value_counts()
        both[name] = both[name].where(both[name].isin(counts.index[counts >= 20]), "other")
    both = pd.get_dummies(both, drop_first=True, dtype=float)
    both = both.loc[:, both[: len(train)].std() > 1e-3]
    return both[: len(train)], both[len(train) :].reset_index(drop=True)


def sides() -> dict[str, Callable[[Rows, Rows], tuple[Answer, str]]]:
    found: dict[str, Callable[[Rows, Rows], tuple[Answer, str]]] = {
        LIFE_TABLE: life_table,
        OURS: ours,
    }
    if importlib.util.find_spec("lifelines"):
        for penalty in PENALTIES:
            found[f"two Cox models, penalty {penalty}"] = cox(penalty, True)
        found["one Cox model, lost = censored"] = cox(PENALTIES[0], False)
    return found


# ---- judges -----------------------------------------------------------------------------------


def concordance(risk: Vector, days: Vector, end: NDArray[np.int_]) -> float:
    """Harrell's C with competing ends (Wolbers et al. 2009): a lost lead is never won."""
    good = usable = 0.0
    never = np.where(end == LOST, np.inf, days)
    for i in np.flatnonzero(end == WON):
        later = never > days[i]
        usable += later.sum()
        good += (risk[i] > risk[later]).sum() + 0.5 * (risk[i] == risk[later]).sum()
    return float(good / usable)


def censoring(days: Vector, end: NDArray[np.int_]) -> Callable[[Vector], Vector]:
    """Kaplan-Meier estimate of P(not yet censored) just before a time."""
    times = np.unique(days[end == CENSORED])
    at_risk = (days[:, None] >= times).sum(axis=0)
    gone = ((days[:, None] == times) & (end == CENSORED)[:, None]).sum(axis=0)
    kept = np.concatenate([[1.0], np.cumprod(1.0 - gone / np.maximum(at_risk, 1))])
    return lambda t: kept[np.searchsorted(times, t, "left")]


def brier(p: Vector, at: float, days: Vector, end: NDArray[np.int_]) -> Vector:
    """Brier score of P(won within `at` days), weighted for censoring (Graf et al. 1999), by row."""
    seen = censoring(days, end)
    ended = (days <= at) & (end != CENSORED)
    in_use = np.where(days > at, float(seen(np.array(at))), seen(days))
    weight = (ended | (days > at)) / np.maximum(in_use, 0.05)
    won = (end == WON) & (days <= at)
    return np.asarray(weight * (won - p) ** 2)


def observed(at: float, days: Vector, end: NDArray[np.int_]) -> float:
    """Aalen-Johansen estimate of P(won within `at` days)."""
    times = np.unique(days[(end != CENSORED) & (days <= at)])
    risk = (days[:, None] >= times).sum(axis=0)
    won, lost = (
        ((days[:, None] == times) & (end == kind)[:, None]).sum(axis=0) for kind in (WON, LOST)
    )
    before = np.concatenate([[1.0], np.cumprod(1.0 - (won + lost) / risk)[:-1]])
    return float(np.sum(before * won / risk))


def calibration(p: Vector, at: float, days: Vector, end: NDArray[np.int_]) -> float:
    """Mean distance of P(won within `at`) from what happened, over groups of equal size."""
    order = np.lexsort((np.random.default_rng(0).random(p.size), p))
    gaps = [
        abs(float(p[rows].mean()) - observed(at, days[rows], end[rows]))
        for rows in np.array_split(order, GROUPS)
    ]
    return float(np.mean(gaps))


@dataclass(frozen=True)
class Result:
    """What the judges say of one side; brier: (n,) of each row, mean over GRID."""

    concordance: float
    brier: Vector
    gaps: tuple[float, ...]
    errors: tuple[float, ...]
    seconds: float
    note: str


def judge(answer: Answer, test: Rows, seconds: float, note: str) -> Result:
    integrated = np.mean([brier(answer(t), t, test.days, test.end) for t in GRID], axis=0)
    said = {t: answer(float(t)) for t in HORIZONS}
    return Result(
        concordance(said[HORIZONS[-1]], test.days, test.end),
        np.asarray(integrated),
        tuple(float(said[t].mean()) - observed(t, test.days, test.end) for t in HORIZONS),
        tuple(calibration(said[t], t, test.days, test.end) for t in HORIZONS),
        seconds,
        note,
    )


def compete(train: Rows, test: Rows, turns: int) -> dict[str, Result]:
    """Sides take turns; seconds are medians."""
    taken: dict[str, list[float]] = {}
    answers: dict[str, tuple[Answer, str]] = {}
    for _ in range(turns):
        for name, side in sides().items():
            begin = time.perf_counter()
            answers[name] = side(train, test)
            taken.setdefault(name, []).append(time.perf_counter() - begin)
    return {
        name: judge(answer, test, float(np.median(taken[name])), note)
        for name, (answer, note) in answers.items()
    }


def page(name: str, train: Rows, test: Rows, results: dict[str, Result]) -> list[str]:
    counts = [(rows.end == kind).sum() for rows in (train, test) for kind in (WON, LOST, CENSORED)]
    lines = [
        f"## {name}",
        "",
        f"{train.days.size} applications learned from ({counts[0]} won, {counts[1]} lost, "
        f"{counts[2]} open at the split), {test.days.size} judged ({counts[3]} won, {counts[4]} "
        f"lost, {counts[5]} open at the end); {train.fields.shape[1]} fields.",
        "",
        "| side | C | integrated Brier | its ratio to ours ± error | "
        "mean said - observed, 7 / 14 / 30 days | calibration error, 7 / 14 / 30 days | seconds |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for side, r in results.items():
        gaps, errors = (" / ".join(f"{x:{f}}" for x in xs) for xs, f in
                        ((r.gaps, "+.3f"), (r.errors, ".3f")))  # fmt: skip
        label = f"{side} ({r.note})" if r.note else side
        us = results[OURS].brier
        error = (r.brier - us).std() / np.sqrt(us.size) / us.mean()
        lines.append(
            f"| {label} | {r.concordance:.4f} | {r.brier.mean():.5f} | "
            f"{r.brier.mean() / us.mean():.4f} ± {error:.4f} | {gaps} | {errors} | "
            f"{r.seconds:.2f} |"
        )
    return [*lines, ""]


def at_size(train: Rows, rows: int) -> list[str]:
    """Processor seconds of our side with the training rows repeated in order of time."""
    kept = np.sort(np.arange(rows) % train.days.size)
    larger = Rows(train.fields.iloc[kept].reset_index(drop=True), train.days[kept], train.end[kept])
    begin, watch = time.process_time(), time.perf_counter()
    model, curves = _fit(larger, larger)
    used, waited = time.process_time() - begin, time.perf_counter() - watch
    return [
        f"## {rows:,} applications",
        "",
        f"The rows of the last table, repeated: fit and curves of all of them in {used:.0f} "
        f"processor seconds ({waited:.0f} s on the arrival of the shared machine); "
        f"{curves.edges.size - 1} intervals, hazards: {model.winning.kind}, {model.losing.kind}.",
        "",
    ]


HEAD = """\
# Time to convert: recorded run

Written by `benchmarks/timing.py` on BPI Challenge 2012 (doi 10.4121/uuid:3926db30-f712-4394-aebc-
75976070e91f). Ordered in time, first 80 % learned from as they stood at the split (later ends are
unknown there), last 20 % judged. C: Harrell's concordance of P(won within 30 days), a lost
application counting as never won. Integrated Brier: mean over days 1 to 60 of the Brier score of
P(won within so many days), weighted for censoring; lower is better; the error of its ratio is
paired row by row. Observed: Aalen-Johansen.
Calibration error: mean distance of said from observed over five groups of equal size. The Cox
models get one-hot categories and scaled, logged numbers; two of them, one for each end, are joined
to the cumulative incidence of winning. Seconds: fit and answer, medians of turns on a shared
machine; read them as ratios.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with bpi2012/")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rows", type=int, default=119_000, help="for the cost at size; 0: none")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    options = parser.parse_args()
    names = ["numpy", "scipy", "scikit-learn", "lightgbm", "pandas"]
    lines = [HEAD]
    if importlib.util.find_spec("lifelines"):
        names.append("lifelines")
    else:
        print("lifelines is not installed here: no peer", file=sys.stderr)
        lines += ["lifelines was not installed: no peer in this run.", ""]
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    lines += [f"{os.cpu_count()} shared cores, Python {platform.python_version()}, {versions}.", ""]
    for name, (train, test) in read(options.data).items():
        lines += page(name, train, test, compete(train, test, options.turns))
        print("\n".join(lines[-12:]), flush=True)
        last = train
    if options.rows:
        lines += at_size(last, options.rows)
        print("\n".join(lines[-4:]))
    if options.record:
        options.record.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
