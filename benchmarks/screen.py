"""Learning from 11,520 window variables: all of them, or those that the screen keeps.

    python benchmarks/screen.py [--rows N] [--size M] [--folder DIR] [--record FILE]

In: the matrix of a synthetic log (benchmarks/event_log.py) and an outcome drawn from a few dozen of
its variables and interactions. Out: CPU seconds and log loss, on rows of people that no side has
seen, of LightGBM on all columns and of screen and LightGBM on the columns kept. Both sides use one
thread and the same number of trees; the screen sees the training rows alone.
"""

import argparse
import os
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

from redumbrella.evaluation.metrics import auc, log_loss
from redumbrella.features.kernel.narrow import narrowed
from redumbrella.features.kernel.screen import TOP_COLUMNS, screen_columns
from redumbrella.features.kernel.windows import FeatureSet
from redumbrella.features.names import column_names, groups_alike

TREES = 50
SHARE_WON = 0.05
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="M")
    parser.add_argument("--rows", type=int, default=235_657)
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "redumbrella-logs")
    parser.add_argument("--only", help="name of one side")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    make(options.size, options.folder)
    ours = Ours(options.folder, options.size)
    matrix = ours.run().copy()[: options.rows]
    y = outcome(matrix)
    people = np.arange(matrix.shape[0]) % 20  # a person's two rows lie far apart by design
    train, test = np.flatnonzero(people < 17), np.flatnonzero(people >= 17)
    alike = groups_alike(column_names(ours.stream, FeatureSet()))
    plans: list[tuple[str, NDArray[np.int64] | None, int]] = [
        ("LightGBM, all columns", None, 255),
        ("screen, LightGBM", alike, 63),
    ]
    chosen = [plan for plan in plans if options.only is None or plan[0] == options.only]
    sides = [
        learn(name, matrix, y, train, test, alike=groups, max_bin=bins)
        for name, groups, bins in chosen
    ]
    lines = [
        "# All window variables, or those that the screen keeps",
        "",
        "Written by `benchmarks/screen.py`. CPU seconds of one thread, everything from the matrix",
        f"to the answers; {train.size:,} rows to learn from, {test.size:,} to answer, "
        f"{y.mean():.1%} yes, {TREES} trees.",
        "",
        f"lightgbm {version('lightgbm')}, numpy {version('numpy')}; {os.cpu_count()} shared cores.",
        "",
        "| side | columns | CPU s | share of the first | log loss | to the first | AUC |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    first = sides[0]
    lines += [
        f"| {side.name} | {side.columns:,} | {side.seconds:.1f} | "
        f"{side.seconds / first.seconds:.2f} | {side.log_loss:.5f} | "
        f"{side.log_loss / first.log_loss - 1:+.2%} | {side.auc:.4f} |"
        for side in sides
    ]
    print("\n".join(lines))
    if options.record:
        options.record.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
