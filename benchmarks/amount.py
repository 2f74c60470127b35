"""Amounts and effort: Red Umbrella against the plain mean and common models, on the same rows.

Money: what customers of Online Retail II spend in the next 90 days, given that they buy, from their
purchases before; and what buyers of the Hillstrom campaign spend. Effort: minutes and number of
contacts that BPI 2012's applications still take after their first day, until they are decided.
Judged on later rows (Hillstrom, which has no dates: five parts in turn).

    python benchmarks/amount.py --data FOLDER [--record benchmarks/results/amount.md]
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from tables import DECIDED, FIRST_DAY, _first_day, typed

from redumbrella.features.matrix import Design
from redumbrella.features.records import fit_records
from redumbrella.models.linear.encoding import fit_encoding
from redumbrella.models.trees.lightgbm import lightgbm, tree_matrix
from redumbrella.models.worth.amount import LEVELS, fit_amount, pinball
from redumbrella.models.worth.tweedie import row_loss

Vector = NDArray[np.float64]
DAY = pd.Timedelta(days=1)
HORIZON = 90 * DAY
ACTIVE = 180 * DAY
OURS = "Red Umbrella"
LONGEST_CONTACT = 120.0  # minutes; longer ones are work items left open, over lunch or night


@dataclass(frozen=True)
class Task:
    """Rows to learn from and rows to judge, one pair per part. power: of the judge's deviance."""

    name: str
    about: str
    parts: list[tuple[pd.DataFrame, Vector, pd.DataFrame, Vector]]
    power: float
    promotion: str | None = None


@dataclass(frozen=True)
class Answer:
    """mean: (n,); quantiles: (n, 3) at 10, 50 and 90 %."""

    mean: Vector
    quantiles: Vector
    note: str = ""


# ---- tasks ------------------------------------------------------------------------------------


def invoices(folder: Path) -> pd.DataFrame:
    """One row per customer and time: amount, net of the customer's cancellations at that time."""
    first = pd.read_csv(
        folder / "online-retail" / "online_retail_II_2009_2010.csv.gz",
        usecols=["Quantity", "InvoiceDate", "Price", "Customer ID", "Country"],
    ).rename(columns={"Customer ID": "customer", "Price": "price"})
    second = pd.read_csv(
        folder / "online-retail" / "online_retail_2010_2011_no_invoice.csv.gz",
        usecols=["Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"],
    ).rename(columns={"CustomerID": "customer", "UnitPrice": "price"})
    for table in (first, second):
        table["at"] = pd.to_datetime(table["InvoiceDate"])
    lines = pd.concat([first, second[second["at"] > first["at"].max()]]).dropna(subset="customer")
    lines["amount"] = lines["Quantity"] * lines["price"]
    lines["lines"] = 1.0
    return (
        lines.groupby(["customer", "at"], sort=True)
        .agg(amount=("amount", "sum"), lines=("lines", "sum"), country=("Country", "first"))
        .reset_index()
        .sort_values("at", kind="stable")
    )


def retail(folder: Path) -> Task:
    """Spend in the next 90 days of those who buy in them; cutoffs every 30 days."""
    sold = invoices(folder)
    cutoffs = pd.date_range(sold["at"].min() + 180 * DAY, sold["at"].max() - HORIZON, freq="30D")
    tables = [(cutoff, *_spend(sold, cutoff)) for cutoff in cutoffs]
    begin = cutoffs[-3]
    early = [(x, y) for cutoff, x, y in tables if cutoff + HORIZON <= begin]
    late = [(x, y) for cutoff, x, y in tables if cutoff >= begin]
    train, test = (pd.concat([x for x, _ in part], ignore_index=True) for part in (early, late))
    said, truth = (np.concatenate([y for _, y in part]) for part in (early, late))
    about = (
        "Online Retail II: spend within 90 days of customers seen in the last 180 days, given any; "
        f"{len(early)} cutoffs learned from, whose 90 days had passed at the first of "
        f"{len(late)} later ones."
    )
    return Task("spend in 90 days", about, [(train, said, test, truth)], 2.0)


def _spend(sold: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, Vector]:
    past = sold[sold["at"] < cutoff]
    ahead = sold[(sold["at"] >= cutoff) & (sold["at"] < cutoff + HORIZON)]
    bought = past[past["amount"] > 0].groupby("customer")
    fields = pd.DataFrame(
        {
            "recency": (cutoff - bought["at"].max()) / DAY,
            "tenure": (cutoff - bought["at"].min()) / DAY,
            "invoices": bought.size().astype(float),
            "mean amount": bought["amount"].mean(),
            "largest amount": bought["amount"].max(),
            "mean lines": bought["lines"].mean(),
            "country": bought["country"].last(),
        }
    )
    for days in (90, 365):
        recent = past[past["at"] >= cutoff - days * DAY].groupby("customer")["amount"]
        fields[f"net amount {days} days"] = recent.sum().reindex(fields.index).fillna(0.0)
        fields[f"invoices {days} days"] = recent.size().reindex(fields.index).fillna(0.0)
    fields["month"] = float(cutoff.month)
    fields = fields[fields["recency"] <= ACTIVE / DAY]
    buys = ahead.loc[ahead["amount"] > 0, "customer"].unique()
    fields = fields[fields.index.isin(buys)]
    net = ahead.groupby("customer")["amount"].sum().reindex(fields.index)
    return typed(fields.reset_index(drop=True)), np.maximum(net.to_numpy(float), 0.0)


def hillstrom(folder: Path) -> Task:
    """What a buyer spends within two weeks of the e-mail, in five parts."""
    table = pd.read_csv(folder / "hillstrom" / "hillstrom.csv.gz")
    table = table[table["conversion"] == 1].reset_index(drop=True)
    spend = table["spend"].to_numpy(float)
    fields = typed(table.drop(columns=["visit", "conversion", "spend", "history_segment"]))
    order = np.random.default_rng(0).permutation(spend.size)
    parts = []
    for k in range(5):
        later = np.isin(np.arange(spend.size), order[k::5])
        parts.append((fields[~later], spend[~later], fields[later], spend[later]))
    about = "Hillstrom's e-mail campaign: spend of those who bought; promotion = the e-mail sent."
    return Task("spend per buyer", about, parts, 2.0, "segment")


def effort(folder: Path) -> list[Task]:
    """Minutes and number of contacts from the end of the first day to the decision."""
    cases = pd.read_csv(folder / "bpi2012" / "cases.csv.gz").dropna()
    cases = cases.set_index(cases["concept:name"].astype(int))
    start = pd.to_datetime(cases["REG_DATE"], utc=True, format="ISO8601").sort_values()
    events = pd.read_csv(folder / "bpi2012" / "events.csv.gz").dropna(subset=["case_id"])
    events["case_id"] = events["case_id"].astype(int)
    events["at"] = pd.to_datetime(events["timestamp"], utc=True, format="ISO8601")
    events["age"] = events["at"] - events["case_id"].map(start)
    decided = events[events["activity"].isin(DECIDED)].groupby("case_id")["age"].min()
    decided = decided[decided > FIRST_DAY]
    rows = (start + decided).dropna().sort_values(kind="stable").index
    known = events[(events["age"] < FIRST_DAY) & events["case_id"].isin(rows)]
    fields = _first_day(known, cases, start, rows)
    totals = _remaining(events, decided).reindex(rows).fillna(0.0)
    late = np.arange(len(rows)) >= int(len(rows) * 0.8)
    early = ~late
    tasks = []
    for column, power in (("minutes", 1.5), ("contacts", 1.0)):
        y = totals[column].to_numpy(float)
        about = (
            "BPI 2012: work items from START to COMPLETE, after the first day and until the "
            "decision; in order of decisions, the first 80 % against the last 20 %."
        )
        part = (fields[early], y[early], fields[late], y[late])
        tasks.append(Task(f"{column} until the decision", about, [part], power))
    return tasks


def _remaining(events: pd.DataFrame, decided: pd.Series) -> pd.DataFrame:
    """Minutes and number of the work items of each case that begin after day one."""
    work = events[events["activity"].str.startswith("W_")]
    work = work[work["transition"].isin(["START", "COMPLETE"])]
    work = work.sort_values(["case_id", "activity", "at"], kind="stable")
    after = work.groupby(["case_id", "activity"]).shift(-1)
    paired = (work["transition"] == "START") & (after["transition"] == "COMPLETE")
    minutes = (after["at"] - work["at"]).dt.total_seconds() / 60.0
    work = work.assign(minutes=minutes.clip(upper=LONGEST_CONTACT))[paired]
    ahead = (work["age"] >= FIRST_DAY) & (work["age"] < work["case_id"].map(decided))
    found = work[ahead].groupby("case_id")["minutes"]
    return pd.DataFrame({"minutes": found.sum(), "contacts": found.size().astype(float)})


# ---- sides ------------------------------------------------------------------------------------

Side = Callable[[Design, Vector, Design, Task], Answer]


def plain(_train: Design, y: Vector, test: Design, _task: Task) -> Answer:
    spread = np.tile(np.quantile(y, LEVELS), (test.rows, 1))
    return Answer(np.full(test.rows, y.mean()), spread)


def linear(train: Design, y: Vector, test: Design, _task: Task) -> Answer:
    """Ridge on ln(1 + y) over one-hot categories and scaled, binned numbers; Duan's smearing."""
    from sklearn.linear_model import RidgeCV

    encoding = fit_encoding(train)
    model = RidgeCV(alphas=np.logspace(-1, 4, 11)).fit(encoding.transform(train), np.log1p(y))
    residual = np.log1p(y) - model.predict(encoding.transform(train))
    said = model.predict(encoding.transform(test))
    mean = np.exp(said) * np.exp(residual).mean() - 1.0
    quantiles = np.expm1(said[:, None] + np.quantile(residual, LEVELS))
    return Answer(np.maximum(mean, 0.01 * y.mean()), np.maximum(quantiles, 0.0))


def trees(train: Design, y: Vector, test: Design, _task: Task) -> Answer:
    """LightGBM with its defaults: least squares for the mean, pinball loss for each quantile."""
    lgb = lightgbm()
    X, asked = tree_matrix(train), tree_matrix(test)
    columns = [j for j, f in enumerate(train.features) if f.kind == "category"]

    def said(objective: dict[str, object]) -> Vector:
        settings = {"verbosity": -1, "num_threads": 1, **objective}
        data = lgb.Dataset(X, y, categorical_feature=columns, params=settings)
        return np.asarray(lgb.train(settings, data, 100).predict(asked, num_threads=1))

    spread = [said({"objective": "quantile", "alpha": level}) for level in LEVELS]
    mean = np.maximum(said({"objective": "regression"}), 0.01 * y.mean())
    return Answer(mean, np.sort(np.maximum(np.column_stack(spread), 0.0), axis=1))


def ours(train: Design, y: Vector, test: Design, task: Task) -> Answer:
    model = fit_amount(train, y, promotion=task.promotion, power=task.power)
    note = f"mean: {model.log_mean.kind}, quantiles: {model.base}"
    return Answer(model.mean(test), model.quantiles(test), note)


SIDES: dict[str, Side] = {
    "plain mean and quantiles": plain,
    "ridge on the logarithm": linear,
    "LightGBM, defaults": trees,
    OURS: ours,
}


# ---- judges -----------------------------------------------------------------------------------


def compete(task: Task, turns: int) -> dict[str, tuple[Answer, Vector, float]]:
    """Answers of all parts as one, the truth, and the median of seconds; sides take turns."""
    taken: dict[str, list[float]] = {name: [] for name in SIDES}
    answers: dict[str, list[Answer]] = {}
    for _ in range(turns):
        answers = {name: [] for name in SIDES}
        spent = dict.fromkeys(SIDES, 0.0)
        for train, y, test, _truth in task.parts:
            first = pa.Table.from_pandas(train, preserve_index=False)
            encoder = fit_records(first, train.columns.tolist(), None)
            known = encoder.transform(first)
            asked = encoder.transform(pa.Table.from_pandas(test, preserve_index=False))
            for name, side in SIDES.items():
                begin = time.perf_counter()
                answers[name].append(side(known, y, asked, task))
                spent[name] += time.perf_counter() - begin
        for name, seconds in spent.items():
            taken[name].append(seconds)
    truth = np.concatenate([part[3] for part in task.parts])
    joined = {
        name: Answer(
            np.concatenate([a.mean for a in found]),
            np.concatenate([a.quantiles for a in found]),
            "; ".join(dict.fromkeys(a.note for a in found)),
        )
        for name, found in answers.items()
    }
    return {name: (a, truth, float(np.median(taken[name]))) for name, a in joined.items()}


def describe(task: Task, results: dict[str, tuple[Answer, Vector, float]]) -> list[str]:
    learned = sum(len(part[1]) for part in task.parts) / len(task.parts)
    judged = sum(len(part[3]) for part in task.parts)
    reference = losses_of(results["plain mean and quantiles"], task.power)
    lines = [
        f"## {task.name}",
        "",
        f"{task.about} {learned:,.0f} rows learned from, {judged:,} judged.",
        "",
        f"| side | deviance (power {task.power:g}), ratio to plain ± error | MAE of mean | "
        "MAE of median | pinball loss, ratio to plain ± error | below 10 / 50 / 90 % quantile | "
        "inside 80 % | seconds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, (answer, truth, seconds) in results.items():
        losses = losses_of((answer, truth, seconds), task.power)
        ratios = [ratio(new, old) for new, old in zip(losses, reference, strict=True)]
        below = (truth[:, None] <= answer.quantiles).mean(axis=0)
        inside = (truth >= answer.quantiles[:, 0]) & (truth <= answer.quantiles[:, 2])
        label = f"{name} ({answer.note})" if answer.note else name
        lines.append(
            f"| {label} | {ratios[0]} | {np.abs(answer.mean - truth).mean():.1f} | "
            f"{np.abs(answer.quantiles[:, 1] - truth).mean():.1f} | {ratios[1]} | "
            f"{below[0]:.1%} / {below[1]:.1%} / {below[2]:.1%} | {inside.mean():.1%} | "
            f"{seconds:.2f} |"
        )
    return [*lines, ""]


def ratio(new: Vector, old: Vector) -> str:
    """Ratio of two mean losses of the same rows, with its standard error."""
    error = (new - old).std() / np.sqrt(new.size) / old.mean()
    return f"{new.mean() / old.mean():.3f} ± {error:.3f}"


def losses_of(result: tuple[Answer, Vector, float], power: float) -> tuple[Vector, Vector]:
    """Deviance and pinball loss of each row."""
    answer, truth, _ = result
    perfect = np.maximum(truth, 1e-3 * truth.mean())
    deviance = row_loss(answer.mean, truth, power) - row_loss(perfect, truth, power)
    return 2.0 * deviance, pinball(answer.quantiles, truth).mean(axis=1)


HEAD = """\
# Amounts and effort: recorded run

Written by `benchmarks/amount.py`. Every side learns from the same earlier rows and is judged on
the same later ones. Deviance: Tweedie deviance of the mean (power 2 = gamma, 1 = Poisson); pinball
loss: mean over the 10, 50 and 90 % quantiles, in units of the amount; both lower is better, the
error of a ratio is paired row by row. A quantile keeps its word where the share below it is its
level, and 80 % of rows should lie between the outer two. Ridge and LightGBM do not calibrate their
quantiles. Seconds are medians of turns on a shared machine; read them as ratios.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the real tables")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    options = parser.parse_args()
    packages = ("numpy", "scipy", "scikit-learn", "lightgbm", "pandas")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    lines = [HEAD]
    lines += [f"{os.cpu_count()} shared cores, Python {platform.python_version()}, {versions}.", ""]
    for task in (retail(options.data), hillstrom(options.data), *effort(options.data)):
        found = describe(task, compete(task, options.turns))
        print("\n".join(found), flush=True)
        lines += found
    if options.record:
        options.record.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
