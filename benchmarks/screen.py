"""Learning from 11,520 window variables: all of them, or those that the screen keeps.

    python benchmarks/screen.py [--rows N] [--size M] [--folder DIR] [--data ../shared/data]
                                [--parts log,products] [--record FILE]

In: the matrix of a synthetic log (benchmarks/event_log.py) and an outcome drawn from a few dozen of
its variables and interactions. Out: CPU seconds and log loss, on rows of people that no side has
seen, of LightGBM on all columns and of screen and LightGBM on the columns kept. Both sides use one
thread and the same number of trees; the screen sees the training rows alone.

And the screen of the gift shop's products (benchmarks/products.py): a screen for each, or all at
once, which must find the same columns in the same order.
"""

import argparse
import os
import statistics
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import lightgbm as lgb
import numpy as np
import scipy.sparse as sp
from event_log import make
from features import Ours
from numpy.typing import NDArray
from products import shop

from redumbrella.evaluation.metrics import auc, log_loss
from redumbrella.features.kernel.narrow import narrowed
from redumbrella.features.kernel.screen import TOP_COLUMNS, screen_columns, screen_columns_of_many
from redumbrella.features.kernel.windows import FeatureSet
from redumbrella.features.names import column_names, groups_alike
from redumbrella.learning.products import COLUMNS_PER_PRODUCT
from redumbrella.training.product_sales import LEAST_SALES

TREES = 50
SHARE_WON = 0.05
REPEATS = 3
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.1,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Side:
    """What one side cost and how good it was."""

    name: str
    columns: int
    seconds: float
    log_loss: float
    auc: float


def outcome(matrix: sp.csr_matrix, seed: int = 5) -> NDArray[np.float64]:
    """Yes or no for each row: drawn from 40 variables, five pairs of them together."""
    rng = np.random.default_rng(seed)
    support = np.diff(matrix.tocsc().indptr)
    usual = np.flatnonzero(support > 0.01 * matrix.shape[0])
    chosen = rng.choice(usual, 40, replace=False)
    X = np.log1p(np.abs(matrix[:, chosen].toarray().astype(np.float64)))
    X /= X.std(axis=0)
    z = X @ rng.normal(0, 0.45, 40)
    for first, second in zip(range(0, 10, 2), range(1, 10, 2), strict=True):
        z += 0.5 * X[:, first] * X[:, second]
    z -= np.quantile(z, 1 - SHARE_WON)
    p = 1.0 / (1.0 + np.exp(-1.3 * z))
    return (rng.random(p.size) < p * SHARE_WON / p.mean()).astype(np.float64)


def learn(
    name: str,
    matrix: sp.csr_matrix,
    y: NDArray[np.float64],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    *,
    alike: NDArray[np.int64] | None,
    max_bin: int,
) -> Side:
    """Trains and answers, timing every step that the side needs."""
    X, Z = matrix[train], matrix[test]
    start = time.process_time()
    if alike is not None:
        found = screen_columns(X, y[train] == 1, top=TOP_COLUMNS, alike=alike, threads=1)
        columns = np.sort(found.order)
        every = np.arange(train.size), np.arange(test.size)
        X, Z = narrowed(X, every[0], columns), narrowed(Z, every[1], columns)
    data = lgb.Dataset(X, y[train], params={"max_bin": max_bin, "verbosity": -1})
    model = lgb.train(PARAMETERS | {"max_bin": max_bin}, data, TREES)
    p = model.predict(Z, num_threads=1)
    seconds = time.process_time() - start
    return Side(name, X.shape[1], seconds, log_loss(p, y[test]), auc(p, y[test]))


def of_log(size: str, rows: int, folder: Path, only: str | None) -> list[str]:
    """Learning from all columns of the synthetic log and from those that the screen keeps."""
    make(size, folder)
    ours = Ours(folder, size)
    matrix = ours.run().copy()[:rows]
    y = outcome(matrix)
    people = np.arange(matrix.shape[0]) % 20  # a person's two rows lie far apart by design
    train, test = np.flatnonzero(people < 17), np.flatnonzero(people >= 17)
    alike = groups_alike(column_names(ours.stream, FeatureSet()))
    plans: list[tuple[str, NDArray[np.int64] | None, int]] = [
        ("LightGBM, all columns", None, 255),
        ("screen, LightGBM", alike, 63),
    ]
    sides = [
        learn(name, matrix, y, train, test, alike=groups, max_bin=bins)
        for name, groups, bins in plans
        if only is None or name == only
    ]
    lines = [
        "CPU seconds of one thread, everything from the matrix to the answers; "
        f"{train.size:,} rows to learn from, {test.size:,} to answer, "
        f"{y.mean():.1%} yes, {TREES} trees.",
        "",
        "| side | columns | CPU s | share of the first | log loss | to the first | AUC |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    first = sides[0]
    return lines + [
        f"| {side.name} | {side.columns:,} | {side.seconds:.1f} | "
        f"{side.seconds / first.seconds:.2f} | {side.log_loss:.5f} | "
        f"{side.log_loss / first.log_loss - 1:+.2%} | {side.auc:.4f} |"
        for side in sides
    ]


def of_products(data: Path) -> list[str]:
    """The columns of each product of the gift shop: a screen for each, and all at once."""
    whole = shop(data)
    assert whole.design.history is not None
    matrix = whole.design.history
    bought = whole.outcome == 1
    bought = bought[:, bought.sum(axis=0) >= LEAST_SALES]
    features = whole.design.features[whole.design.profile.shape[1] :]
    alike = groups_alike([feature.name for feature in features])
    tops = [COLUMNS_PER_PRODUCT] * bought.shape[1]
    seconds: dict[str, list[float]] = {"a screen for each": [], "all at once": []}
    for _ in range(REPEATS):
        start = time.process_time()
        each = [
            screen_columns(matrix, y, top=COLUMNS_PER_PRODUCT, alike=alike, threads=1)
            for y in bought.T
        ]
        middle = time.process_time()
        many = screen_columns_of_many(matrix, bought, tops, alike=alike, threads=1)
        seconds["a screen for each"].append(middle - start)
        seconds["all at once"].append(time.process_time() - middle)
        same = all(
            a.information.tobytes() == b.information.tobytes() and np.array_equal(a.order, b.order)
            for a, b in zip(each, many, strict=True)
        )
        assert same
    sold = bought.sum(axis=0)
    median = {name: statistics.median(taken) for name, taken in seconds.items()}
    first = median["a screen for each"]
    return [
        f"{matrix.shape[0]:,} rows, {matrix.shape[1]:,} columns, {matrix.nnz:,} stored cells, "
        f"{sold.size} products bought by {sold.min():,} to {sold.max():,} of the rows. CPU seconds "
        f"of one thread, median (range) of {REPEATS} turns; both sides find the same columns.",
        "",
        "| side | CPU s | share of the first |",
        "|---|---:|---:|",
        *(
            f"| {name} | {median[name]:.2f} ({min(taken):.2f} to {max(taken):.2f}) | "
            f"{median[name] / first:.3f} |"
            for name, taken in seconds.items()
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="M")
    parser.add_argument("--rows", type=int, default=235_657)
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "redumbrella-logs")
    parser.add_argument("--only", help="name of one side")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--parts", default="log,products")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    lines = [
        "# All window variables, or those that the screen keeps",
        "",
        f"Written by `benchmarks/screen.py`. lightgbm {version('lightgbm')}, "
        f"numpy {version('numpy')}; {os.cpu_count()} shared cores.",
    ]
    parts = options.parts.split(",")
    if "log" in parts:
        found = of_log(options.size, options.rows, options.folder, options.only)
        lines += ["", "## The synthetic log", "", *found]
    if "products" in parts:
        lines += ["", "## The products of Online Retail II", "", *of_products(options.data)]
    print("\n".join(lines))
    if options.record:
        options.record.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
