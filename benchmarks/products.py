"""One hundred products: Red Umbrella's shared models against a fit of each and a pooled model.

    python benchmarks/products.py [--seeds 5] [--data ../shared/data] [--people 1000000]
                                  [--parts world,retail,scoring] [--record FILE]

In: simulated worlds in which 100 products are bought 50 to 5,000 times (taste = what all share, a
part of one of four clusters, an own part; 600 sparse columns), and two years of a gift shop's
invoices (its 100 best sellers). All sides get the same rows and columns and answer the same unseen
people. Out: log loss by number of sales, CPU seconds; and how long 1,000,000 people x 100 products
take to score. CPU seconds are those of the process and its threads; peers use one thread.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import lightgbm as lgb
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.products.pooled_forest import matrix_of
from redumbrella.models.products.products import Products, fit_products, log_loss_by_product
from redumbrella.training.product_sales import UNKNOWN

Floats = NDArray[np.float32]
PRODUCTS, COLUMNS, CLUSTERS = 100, 600, 4
LEARNED, ASKED = 80_000, 40_000
GROUPS = ((0, 150), (150, 600), (600, 2_000), (2_000, 10**9))  # by sales
OURS, EACH, POOLED, SHARE = "Red Umbrella", "a fit of each", "pooled model", "share that buys"
SIDES = (OURS, EACH, POOLED, SHARE)
TREES = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.5,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "force_col_wise": True,
    "verbosity": -1,
    "num_threads": 1,
}
ROUNDS, PATIENCE = 200, 10

SETTINGS = """\
[workspace]
currency = "GBP"
timezone = "Europe/London"
[tables.purchases]
path = "lines.csv"
[tables.purchases.columns]
person_id = "customer"
at = "time"
amount = "amount"
product_id = "product"
[[targets]]
name = "products"
purchase = true
per = "product"
horizon_days = 30
active_days = 365
"""


@dataclass(frozen=True, eq=False)
class Case:
    """What all sides learn from and are asked: design, outcomes (n, k), whose rows, which rows."""

    design: Design
    outcome: NDArray[np.uint8]
    subject: NDArray[np.intp]
    learned: NDArray[np.intp]
    asked: NDArray[np.intp]
    truth: Floats | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """Log-odds about the asked rows (m, k), and what they cost."""

    log_odds: Floats
    cpu: float
    covered: float | None = None  # share of true log-odds inside our 90 % interval


# ---- the worlds -------------------------------------------------------------------------------


def world(seed: int, people: int = LEARNED + ASKED) -> Case:
    """People with sparse counts, and products whose buyers they tell."""
    rng = np.random.default_rng(seed)
    x = _history(rng, people)
    seen = x.copy()
    seen.data = np.log1p(seen.data)
    weights = _taste(rng)
    z = np.asarray(seen @ weights, np.float32)
    z -= z.mean(axis=0)
    # The level of each product gives it as many sales as it is to have in the learned rows.
    wanted = np.exp(rng.uniform(np.log(50), np.log(5_000), PRODUCTS)) / LEARNED
    z += _levels(z, wanted)
    outcome = (rng.random(z.shape, np.float32) < 1.0 / (1.0 + np.exp(-z))).astype(np.uint8)
    features = tuple(Feature(f"c{j}", "number", f"c{j}") for j in range(COLUMNS))
    design = Design(features, np.empty((people, 0)), x)
    rows = np.arange(people)
    return Case(design, outcome, rows, rows[:LEARNED], rows[LEARNED:], z)


def _history(rng: np.random.Generator, people: int) -> sp.csr_matrix:
    """Counts: how active a person is times how frequent a column is; about 40 cells a row."""
    frequency = rng.gamma(0.6, 1.0, COLUMNS)
    frequency *= 40.0 / COLUMNS / frequency.mean()
    parts = []
    for first in range(0, people, 20_000):
        n = min(20_000, people - first)
        activity = rng.gamma(1.0, 1.0, (n, 1))
        parts.append(sp.csr_matrix(rng.poisson(activity * frequency).astype(np.float32)))
    return sp.vstack(parts, format="csr")


def _taste(rng: np.random.Generator) -> Floats:
    """Weights of the columns by product: a shared, a cluster's and an own part, each sparse."""

    def part(columns: int, telling: int, size: float) -> NDArray[np.float64]:
        found = np.zeros((COLUMNS, columns))
        for k in range(columns):
            chosen = rng.choice(COLUMNS, telling, replace=False)
            found[chosen, k] = rng.normal(0, size, telling)
        return found

    cluster = rng.integers(CLUSTERS, size=PRODUCTS)
    total = part(1, 120, 0.35) + part(CLUSTERS, 60, 0.5)[:, cluster] + part(PRODUCTS, 15, 0.5)
    return np.asarray(total, np.float32)


def _levels(z: Floats, wanted: NDArray[np.float64]) -> Floats:
    """What to add so that each column's mean probability is the wanted one: bisection."""
    sample = z[:20_000].astype(np.float64)
    low, high = np.full(len(wanted), -40.0), np.full(len(wanted), 10.0)
    for _ in range(40):
        middle = (low + high) / 2
        above = (1.0 / (1.0 + np.exp(-(sample + middle)))).mean(axis=0) > wanted
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    return np.asarray((low + high) / 2, np.float32)


@dataclass(frozen=True, eq=False)
class Shop:
    """The gift shop's n customers at regular instants, outcomes (n, k) from the best seller on."""

    design: Design
    outcome: NDArray[np.uint8]
    subject: NDArray[np.intp]
    learned: NDArray[np.intp]
    asked: NDArray[np.intp]


def shop(data: Path) -> Shop:
    """All of its products with their window variables; the last period is asked."""
    from redumbrella.clock import now
    from redumbrella.evaluation.regime import allowed
    from redumbrella.learning.folds import plan_folds
    from redumbrella.learning.gathering import gather
    from redumbrella.learning.material import prepare
    from redumbrella.workflows.ingest import ingest
    from redumbrella.workspace import open_workspace

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write_lines(data / "online-retail", root / "lines.csv")
        (root / "umbrella.toml").write_text(SETTINGS, "utf-8")
        workspace = open_workspace(root)
        ingest(workspace, lambda _step, _share: None)
        gathered = gather(workspace, workspace.settings.targets[0], None, now())
        material = prepare(workspace.settings, gathered)
        observed = material.observed
        workspace.state.close()
    assert gathered.sales is not None
    assert observed.stages is not None
    stages = observed.stages
    folds, _ = plan_folds(observed, allowed(*observed.conversions()))
    outcome = gathered.sales.outcome(stages.subject, stages.as_of, gathered.horizon)
    return Shop(material.design, outcome, stages.subject, folds[-1].train, folds[-1].test)


def retail(data: Path) -> Case:
    """The gift shop's 100 best sellers."""
    from redumbrella.learning.products import screened_columns

    whole = shop(data)
    outcome = whole.outcome[:, :PRODUCTS]
    columns = screened_columns(whole.design, outcome, whole.learned)
    every = np.concatenate([whole.learned, whole.asked])
    cut = whole.learned.size
    return Case(
        whole.design.take(every, columns),
        outcome[every],
        np.unique(whole.subject[every], return_inverse=True)[1],
        np.arange(cut),
        np.arange(cut, every.size),
    )


def _write_lines(folder: Path, path: Path) -> None:
    """One line per customer, minute and description; the second file begins where they overlap."""
    import duckdb

    first, second = (
        folder / "online_retail_II_2009_2010.csv.gz",
        folder / "online_retail_2010_2011_no_invoice.csv.gz",
    )
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (
              SELECT CAST(CAST("Customer ID" AS BIGINT) AS VARCHAR) AS customer,
                     InvoiceDate AS time, Description AS product,
                     round(sum(Quantity * Price), 2) AS amount
              FROM read_csv('{first}') WHERE "Customer ID" IS NOT NULL
                AND InvoiceDate < '2010-12-01' GROUP BY ALL HAVING amount <> 0
              UNION ALL
              SELECT CAST(CAST(CustomerID AS BIGINT) AS VARCHAR), InvoiceDate, Description,
                     round(sum(Quantity * UnitPrice), 2) AS amount
              FROM read_csv('{second}') WHERE CustomerID IS NOT NULL
              GROUP BY ALL HAVING amount <> 0 ORDER BY 2
            ) TO '{path}' (HEADER)""")


# ---- the sides --------------------------------------------------------------------------------


def ours(case: Case) -> Answer:
    """The product's own way, calibration left to the peers' terms: none of them has any."""
    begun = time.process_time()
    names = tuple(f"p{k}" for k in range(case.outcome.shape[1]))
    model = _fit(case, names)
    asked = case.design.take(case.asked)
    said = model.log_odds(asked)
    cpu = time.process_time() - begun
    covered = None
    if case.truth is not None:
        gap = np.abs(said - case.truth[case.asked])
        covered = float((gap < 1.645 * model.deviation(asked)).mean())
    return Answer(said, cpu, covered)


def _fit(case: Case, names: tuple[str, ...]) -> Products:
    rows = case.learned
    subject = np.unique(case.subject[rows], return_inverse=True)[1]
    return fit_products(case.design.take(rows), names, case.outcome[rows], subject)


def each(case: Case) -> Answer:
    """A boosted fit of every product, stopped on a fifth of the people and grown anew on all.

    All products share one set of bins, which saves the peer more than a second each.
    """
    begun = time.process_time()
    X, asked = matrix_of(case.design.take(case.learned)), matrix_of(case.design.take(case.asked))
    late = _held_out(case)
    whole = lgb.Dataset(X, params=TREES, free_raw_data=False).construct()
    said = np.empty((case.asked.size, case.outcome.shape[1]), np.float32)
    for k in range(said.shape[1]):
        y = case.outcome[case.learned, k]
        known = y != UNKNOWN
        said[:, k] = _boosted(whole, y.astype(np.float32), known, late, asked, "binary")
    return Answer(said, time.process_time() - begun)


def pooled(case: Case) -> Answer:
    """One boosted model of whether anything is bought, and a line of its score for each product.

    The line is learned on people whom the model has not seen.
    """
    begun = time.process_time()
    X, asked = matrix_of(case.design.take(case.learned)), matrix_of(case.design.take(case.asked))
    outcome = case.outcome[case.learned]
    late = _held_out(case)
    anything = (outcome == 1).any(axis=1).astype(np.float32)
    whole = lgb.Dataset(X, params=TREES, free_raw_data=False).construct()
    every = np.ones(anything.size, bool)
    z = _boosted(whole, anything, every, late, asked, "binary")
    half = np.random.default_rng(0).random(int(case.subject.max()) + 1)[case.subject]
    half = half[case.learned] < 0.5
    own = np.empty(anything.size, np.float32)
    for side in (half, ~half):
        own[~side] = _boosted(whole, anything, side, late, X[~side], "binary")
    said = np.empty((case.asked.size, outcome.shape[1]), np.float32)
    for k in range(said.shape[1]):
        known = outcome[:, k] != UNKNOWN
        slope, level = _line(own[known], outcome[known, k].astype(np.float64))
        said[:, k] = level + slope * z
    return Answer(said, time.process_time() - begun)


def share(case: Case) -> Answer:
    """Each product's share of buyers."""
    y = case.outcome[case.learned]
    rate = ((y == 1).sum(axis=0) + 0.5) / ((y != UNKNOWN).sum(axis=0) + 1.0)
    return Answer(np.tile(np.log(rate / (1 - rate)), (case.asked.size, 1)).astype(np.float32), 0.0)


def _held_out(case: Case) -> NDArray[np.bool_]:
    """A fifth of the people among the learned rows, who stop the peers' trees."""
    people = np.random.default_rng(1).random(int(case.subject.max()) + 1) < 0.2
    return np.asarray(people[case.subject[case.learned]])


def _boosted(
    whole: lgb.Dataset,
    label: Floats,
    rows: NDArray[np.bool_],
    late: NDArray[np.bool_],
    asked: object,
    objective: str,
) -> Floats:
    """Raw scores of the asked from trees on some rows; their number is found on the late ones."""
    whole.set_label(label)
    parameters = TREES | {"objective": objective}
    train, valid = np.flatnonzero(rows & ~late), np.flatnonzero(rows & late)
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    trial = lgb.train(
        parameters, whole.subset(train), ROUNDS, valid_sets=[whole.subset(valid)], callbacks=[stop]
    )
    rounds = max(1, round(trial.best_iteration * 1.1))
    final = lgb.train(parameters, whole.subset(np.flatnonzero(rows)), rounds)
    return np.asarray(final.predict(asked, raw_score=True, num_threads=1), np.float32)


def _line(z: Floats, y: NDArray[np.float64]) -> tuple[float, float]:
    """Logistic regression on one column: Newton's method with one imaginary row at slope 1."""
    slope, level = 1.0, float(np.log((y.mean() + 1e-6) / (1 - y.mean())) - z.mean())
    z64 = z.astype(np.float64)
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-(level + slope * z64)))
        v = p * (1 - p) + 1e-12
        gradient = np.array([p @ z64 - y @ z64 + (slope - 1.0), (p - y).sum()])
        hessian = np.array([[v @ z64**2 + 1.0, v @ z64], [v @ z64, v.sum() + 1e-6]])
        step = np.linalg.solve(hessian, gradient)
        slope, level = slope - float(step[0]), level - float(step[1])
    return slope, level


RUN: dict[str, Callable[[Case], Answer]] = {OURS: ours, EACH: each, POOLED: pooled, SHARE: share}


# ---- what came out ----------------------------------------------------------------------------


def compared(
    case: Case,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, Answer], NDArray[np.int64]]:
    """Log loss of each product by side, the answers, and the sales that were learned from."""
    sold = (case.outcome[case.learned] == 1).sum(axis=0)
    answers = {side: run(case) for side, run in RUN.items()}
    losses = {
        side: log_loss_by_product(a.log_odds, case.outcome[case.asked])
        for side, a in answers.items()
    }
    return losses, answers, sold


def table(
    losses: dict[str, NDArray[np.float64]], answers: dict[str, Answer], sold: NDArray[np.int64]
) -> list[str]:
    """Rows of Markdown: relative log loss (to that of the share) by number of sales."""
    lines = [
        "| side | all products | "
        + " | ".join(_group_name(g) for g in GROUPS)
        + " | mean log loss | CPU s |",
        "|---|" + "---:|" * (len(GROUPS) + 3),
    ]
    for side in SIDES:
        relative = losses[side] / losses[SHARE]
        cells = [relative.mean()]
        for low, high in GROUPS:
            chosen = (sold >= low) & (sold < high)
            cells.append(relative[chosen].mean() if chosen.any() else np.nan)
        shown = " | ".join("" if np.isnan(c) else f"{c:.4f}" for c in cells)
        lines.append(f"| {side} | {shown} | {losses[side].mean():.5f} | {answers[side].cpu:.1f} |")
    return lines


def _group_name(group: tuple[int, int]) -> str:
    low, high = group
    return f"from {low:,} sales" if high > 10**8 else f"{low:,} to {high - 1:,}"


def worlds(seeds: int) -> list[str]:
    """The simulated worlds, seed by seed and all together."""
    lines, ratios = [], []
    for seed in range(seeds):
        case = world(seed)
        losses, answers, sold = compared(case)
        few = sold < GROUPS[0][1]
        part = table(losses, answers, sold)
        mean = {side: losses[side].mean() for side in SIDES}
        small = {side: (losses[side] / losses[SHARE])[few].mean() for side in SIDES}
        ratios.append(
            [
                mean[OURS] / mean[EACH],
                mean[OURS] / mean[POOLED],
                small[OURS] / small[EACH],
                small[OURS] / small[POOLED],
                answers[OURS].cpu / answers[EACH].cpu,
                answers[OURS].covered or np.nan,
            ]
        )
        bought = (case.outcome[case.learned] == 1).any(axis=1).mean()
        head = (
            f"Seed {seed}: {sold.min():,} to {sold.max():,} sales a product ({int(few.sum())} with "
        )
        head += f"fewer than 150), {bought:.0%} of the people buy something; 90 % intervals hold "
        head += f"{answers[OURS].covered:.0%} of the true log-odds."
        lines += ["", head, "", *part]
        print("\n".join([head, *part]), flush=True)
    mean, worst = np.mean(ratios, axis=0), np.max(ratios, axis=0)
    names = (
        "mean log loss to a fit of each",
        "mean log loss to the pooled model",
        "relative log loss of products below 150 sales to a fit of each",
        "the same to the pooled model",
        "CPU to a fit of each",
        "share of true log-odds inside the 90 % interval",
    )
    lines += ["", f"Ratios over {seeds} seeds, mean (largest):", ""]
    lines += [f"- {n}: {m:.4f} ({w:.4f})" for n, m, w in zip(names, mean, worst, strict=True)]
    return lines


def of_retail(data: Path) -> list[str]:
    """The gift shop."""
    case = retail(data)
    losses, answers, sold = compared(case)
    ratio = {side: losses[OURS].mean() / losses[side].mean() for side in (EACH, POOLED)}
    gap = losses[OURS] - losses[EACH]
    lines = [
        f"{case.learned.size:,} rows to learn from, {case.asked.size:,} asked, "
        f"{len(case.design.features):,} columns; {sold.min():,} to {sold.max():,} sales.",
        "",
        *table(losses, answers, sold),
        "",
        f"Mean log loss: {ratio[EACH]:.4f} times that of a fit of each (lower for "
        f"{int((gap < 0).sum())} of {gap.size} products), {ratio[POOLED]:.4f} times that of the "
        f"pooled model; CPU {answers[OURS].cpu / answers[EACH].cpu:.2f} times.",
    ]
    print("\n".join(lines), flush=True)
    return lines


def scoring(people: int) -> list[str]:
    """How long so many people x 100 products take, in blocks as `umbrella score` takes them."""
    case = world(0)
    model = _fit(case, tuple(f"p{k}" for k in range(PRODUCTS)))
    block = case.design.take(np.arange(100_000))
    model.log_odds(block.take(np.arange(20_000)))  # compiled and parsed
    wall, cpu = time.perf_counter(), time.process_time()
    done, best = 0, 0.0
    while done < people:
        rows = min(people - done, block.rows)
        log_odds = model.log_odds(block if rows == block.rows else block.take(np.arange(rows)))
        best = max(best, float(log_odds.max()))
        done += rows
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    decay = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    lines = [
        f"{people:,} people x {PRODUCTS} products, {block.history.nnz / block.rows:.0f} stored "
        f"cells a person: {cpu:.0f} CPU s, {wall:.0f} s on a arrival that others shared (load "
        f"{os.getloadavg()[0]:.1f}), {decay:.1f} GiB at most, making the worlds included.",
    ]
    print("\n".join(lines), flush=True)
    return lines


def main() -> None:
    """Runs the parts that are asked for, and writes what they showed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--parts", default="world,retail,scoring")
    parser.add_argument("--record", type=Path, default=None)
    given = parser.parse_args()
    asked = given.parts.split(",")
    sections: list[str] = []
    if "world" in asked:
        sections += ["", "## Simulated worlds", *worlds(given.seeds)]
    if "retail" in asked:
        sections += [
            "",
            "## Online Retail II, 100 best sellers in 30 days",
            "",
            *of_retail(given.data),
        ]
    if "scoring" in asked:
        sections += ["", "## Scoring", "", *scoring(given.people)]
    if given.record is not None:
        given.record.write_text("\n".join([*HEAD, *sections]) + "\n", "utf-8")


HEAD = [
    "# Products: shared models against a fit of each and a pooled model",
    "",
    "Written by `benchmarks/products.py`. Relative log loss is a product's log loss over that "
    "of its share of buyers, its mean taken over products (1 = says no more than the share; "
    "lower is better). A fit of each: LightGBM for every product, its trees stopped on a fifth "
    "of the people, then grown on all, one set of bins for all products. Pooled: one LightGBM "
    "of whether anything is bought, and a line of its score for each product. All sides see the "
    "same rows and columns; none is put right by a later period. Simulated: 80,000 people to "
    "learn from, 40,000 asked, 600 sparse columns, 100 products in four clusters. Online "
    "Retail: customers at regular instants, the last period is asked.",
    "",
    f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, shared; lightgbm {lgb.__version__}, "
    f"numpy {np.__version__}.",
]

if __name__ == "__main__":
    main()
