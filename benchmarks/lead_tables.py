"""Red Umbrella against four peers on the same closed leads of many tables.

    python benchmarks/lead_tables.py [--data DIR | --packages DIR | --r-packages DIR | --companies]
        [--only NAME]… [--rolling MONTHS] [--record FILE]

In: tables by name (benchmarks/tables.py, package_tables.py, r_tables.py, company_tables.py and
story_tables.py). Out: a screen per table and, with --record, a page of results. Red Umbrella gets
what a person would give it: a CSV and an umbrella.toml in an empty folder, `umbrella run`,
`umbrella export scores`. The peers are fitted on the same closed rows in this process. Everybody is
judged on the open rows, whose outcomes none of them saw.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import company_tables
import numpy as np
import package_tables
import pandas as pd
import r_tables
import story_tables
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import CategoricalNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tables import LeadTable, bank_calls, catalogue, months_of

from redumbrella.evaluation.metrics import auc, calibration_error, log_loss, row_log_loss

Vector = NDArray[np.float64]
OURS = "Red Umbrella"
NB_BINS = 10
SMALLEST = 1e-6  # peers may say 0 or 1, which would cost infinitely much
SETTINGS = """\
[tables.leads]
path = "leads.csv"
[tables.leads.columns]
lead_id = "lead"
won = "outcome"
"""


@dataclass(frozen=True)
class Answer:
    """Probabilities of the open leads, (m,), and the seconds that training and scoring took."""

    probability: Vector
    seconds: float


@dataclass(frozen=True)
class Result:
    """All answers about one table; ours also with the chosen family and the verdict."""

    table: LeadTable
    answers: dict[str, Answer]
    family: str
    verdict: str

    @property
    def won(self) -> Vector:
        """Outcomes of the open leads."""
        return self.table.won[self.table.is_open]

    def loss(self, side: str) -> float:
        """Log loss of one side."""
        return log_loss(self.answers[side].probability, self.won)

    @property
    def best_peer(self) -> str:
        """The peer with the lowest log loss."""
        return min((side for side in self.answers if side != OURS), key=self.loss)

    @property
    def ratio(self) -> float:
        """Our log loss over that of the best peer; below 1 is better."""
        return self.loss(OURS) / self.loss(self.best_peer)

    @property
    def true_ratio(self) -> float:
        """The ratio by the true chances of a simulated table: the luck of the draw taken out."""
        assert self.table.truth is not None
        truth = self.table.truth[self.table.is_open]

        def expected(side: str) -> float:
            p = self.answers[side].probability
            return -float(np.mean(truth * np.log(p) + (1.0 - truth) * np.log1p(-p)))

        return expected(OURS) / min(expected(side) for side in self.answers if side != OURS)

    @property
    def ratio_error(self) -> float:
        """Standard error of the ratio from the paired differences of the open leads."""
        ours, best = (self.answers[side].probability for side in (OURS, self.best_peer))
        gap = row_log_loss(ours, self.won) - row_log_loss(best, self.won)
        return float(gap.std(ddof=1) / np.sqrt(gap.size)) / self.loss(self.best_peer)


# ---- the sides --------------------------------------------------------------------------------


def red_umbrella(table: LeadTable) -> tuple[Answer, str, str]:
    """Answer, chosen family and verdict of a run in a new workspace."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        leads = table.fields.copy()
        leads.insert(0, "lead", [str(n) for n in range(len(leads))])
        outcome = pd.Series(table.won).map({1.0: "won", 0.0: "lost"})
        leads["outcome"] = outcome.where(~table.is_open, "")
        leads.to_csv(folder / "leads.csv", index=False)
        (folder / "umbrella.toml").write_text(SETTINGS, encoding="utf-8")
        start = time.perf_counter()
        _umbrella("run", folder)
        seconds = time.perf_counter() - start
        _umbrella("export", folder, "scores", "-o", str(folder / "scores.csv"))
        report = json.loads(_umbrella("report", folder, "--json"))
        scores = pd.read_csv(folder / "scores.csv").set_index("lead_id")["probability"]
    probability = scores.reindex(np.flatnonzero(table.is_open)).to_numpy(float)
    assert not np.isnan(probability).any(), "an open lead has no score"
    return Answer(probability, seconds), report["chosen"]["family"], report["verdict"]["verdict"]


def _umbrella(command: str, folder: Path, *words: str) -> str:
    program = "from redumbrella.cli.main import main; main()"
    call = [sys.executable, "-c", program, command, *words, "-w", str(folder)]
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"umbrella {command} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def prior(_train: pd.DataFrame, won: Vector, asked: pd.DataFrame) -> Vector:
    """The share won among the closed leads, for everybody."""
    return np.full(len(asked), won.mean())


def naive_bayes(train: pd.DataFrame, won: Vector, asked: pd.DataFrame) -> Vector:
    """CategoricalNB; numbers in ten equally full bins, missing and unseen are a level each."""
    both = [_codes(train[name], train[name]) for name in train]
    asked_codes = [_codes(train[name], asked[name]) for name in train]
    sizes = [max(a.max(), b.max()) + 1 for a, b in zip(both, asked_codes, strict=True)]
    model = CategoricalNB(min_categories=sizes).fit(np.column_stack(both), won)
    return np.asarray(model.predict_proba(np.column_stack(asked_codes))[:, 1])


def _codes(train: pd.Series, column: pd.Series) -> NDArray[np.intp]:
    if column.dtype == float:
        edges = np.unique(np.nanquantile(train, np.arange(1, NB_BINS) / NB_BINS))
        codes = np.searchsorted(edges, column, side="right") + 2
        return np.where(column.isna(), 0, codes).astype(np.intp)
    levels = pd.Index(train.dropna().unique())
    codes = np.where(column.isin(levels), levels.get_indexer(column) + 2, 1)
    return np.where(column.isna(), 0, codes).astype(np.intp)


def logistic(train: pd.DataFrame, won: Vector, asked: pd.DataFrame) -> Vector:
    """LogisticRegression with its defaults; numbers: median and scaled, categories: one-hot."""
    numbers = [name for name in train if train[name].dtype == float]
    texts = [name for name in train if train[name].dtype != float]
    steps = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
        ]
    )
    # The default of 100 rounds ends in a warning on some tables; more rounds help the peer.
    model = make_pipeline(steps, LogisticRegression(max_iter=2_000))
    return np.asarray(model.fit(train, won).predict_proba(asked)[:, 1])


def lightgbm(train: pd.DataFrame, won: Vector, asked: pd.DataFrame) -> Vector:
    """LGBMClassifier with its defaults; texts as pandas categories."""
    train, asked = train.copy(), asked.copy()
    for name in [name for name in train if train[name].dtype != float]:
        kind = pd.CategoricalDtype(train[name].dropna().unique())
        known = asked[name].where(asked[name].isin(kind.categories))
        train[name], asked[name] = train[name].astype(kind), known.astype(kind)
    plain = {name: f"c{n}" for n, name in enumerate(train)}  # names with blanks are refused
    model = LGBMClassifier(verbosity=-1).fit(train.rename(columns=plain), won)
    return np.asarray(model.predict_proba(asked.rename(columns=plain))[:, 1])


PEERS: dict[str, Callable[[pd.DataFrame, Vector, pd.DataFrame], Vector]] = {
    "prior": prior,
    "naive Bayes": naive_bayes,
    "one-hot logistic": logistic,
    "default LightGBM": lightgbm,
}


def compete(table: LeadTable) -> Result:
    """Every side on one table."""
    closed = ~table.is_open
    answers = {}
    for name, peer in PEERS.items():
        start = time.perf_counter()
        said = peer(table.fields[closed], table.won[closed], table.fields[table.is_open])
        seconds = time.perf_counter() - start
        answers[name] = Answer(np.clip(said, SMALLEST, 1 - SMALLEST), seconds)
    answers[OURS], family, verdict = red_umbrella(table)
    return Result(table, answers, family, verdict)


# ---- the words --------------------------------------------------------------------------------


def describe(result: Result) -> list[str]:
    """One table as lines of Markdown."""
    table, won = result.table, result.won
    rows = len(table.fields)
    lines = [
        f"### {table.name}",
        "",
        f"{rows:,} rows x {table.fields.shape[1]} columns; {table.setting}; "
        f"{table.won[~table.is_open].mean():.1%} of {rows - won.size:,} closed leads won, "
        f"{won.mean():.1%} of {won.size:,} open ones.",
        "",
        "| side | log loss | AUC | calibration error | seconds |",
        "|---|---:|---:|---:|---:|",
    ]
    for side, answer in result.answers.items():
        p = answer.probability
        lines.append(
            f"| {side} | {log_loss(p, won):.4f} | {auc(p, won):.3f} | "
            f"{_off_by(p, won):.4f} | {answer.seconds:.1f} |"
        )
    if table.truth is not None:
        p = table.truth[table.is_open]
        lines.append(f"| (the true chances) | {log_loss(p, won):.4f} | {auc(p, won):.3f} | | |")
    lines += [
        "",
        f"Ratio to the best peer ({result.best_peer}): {result.ratio:.4f} "
        f"± {result.ratio_error:.4f}, {_in_words(result)}. "
        f"In use: {result.family}; verdict: {result.verdict}.",
        "",
    ]
    if table.truth is not None:
        lines += [
            f"By the true chances, not what was drawn from them: {result.true_ratio:.4f}.",
            "",
        ]
    return lines


def _off_by(probability: Vector, won: Vector) -> float:
    """Calibration error; leads with the same probability must not be binned in order of time."""
    mixed = np.random.default_rng(0).permutation(won.size)
    return calibration_error(probability[mixed], won[mixed])


def _in_words(result: Result) -> str:
    gain = 1.0 - result.ratio
    if abs(gain) <= result.ratio_error:
        return f"level with it ({gain:+.2%}, within its error)"
    return f"{abs(gain):.2%} {'lower' if gain > 0 else 'HIGHER'} log loss"


def summary(results: Sequence[Result]) -> list[str]:
    """All tables in one, the mean, and where we lost."""
    lines = [
        "## All tables",
        "",
        "| table | setting | best peer | its log loss | Red Umbrella | ratio | ± | verdict |",
        "|---|---|---|---:|---:|---:|---:|---|",
    ]
    for result in results:
        best = result.best_peer
        lines.append(
            f"| {result.table.name} | {result.table.setting} | {best} | {result.loss(best):.4f} | "
            f"{result.loss(OURS):.4f} | {result.ratio:.4f} | {result.ratio_error:.4f} | "
            f"{result.verdict} |"
        )
    ratios = np.array([result.ratio for result in results])
    lost = [f"{result.table.name} ({result.ratio:.4f})" for result in results if result.ratio > 1]
    true = [result.true_ratio for result in results if result.table.truth is not None]
    lines += [
        "",
        f"Mean ratio to the best peer of each table, over {len(results)} tables: "
        f"{ratios.mean():.4f} (lowest {ratios.min():.4f}, highest {ratios.max():.4f}), that is "
        f"{abs(1 - ratios.mean()):.1%} {'lower' if ratios.mean() < 1 else 'HIGHER'} log loss.",
        "",
        f"Above 1, so a peer was better: {'; '.join(lost) if lost else 'nowhere'}.",
        "",
    ]
    if true:
        lines += [
            f"By the true chances of the {len(true)} simulated ones, not what was drawn from them: "
            f"{np.mean(true):.4f} (lowest {min(true):.4f}, highest {max(true):.4f}).",
            "",
        ]
    return lines


def rolling(months: int) -> list[str]:
    """The bank's last months one by one, each asked of a model of everything before it."""
    fields, won = bank_calls()
    month = months_of(fields)
    lines = [
        f"## The bank's last {months} months, one by one",
        "",
        "Each month is asked of a run that learned from all calls before it.",
        "",
        "| month | calls | won | Red Umbrella's AUC | best peer's AUC | log loss ratio |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    results = []
    for number in range(month.max() - months + 1, month.max() + 1):
        rows = month <= number
        is_open = (month == number)[rows]
        name = str(fields["month"][month == number].iloc[0])
        table = LeadTable(name, "one month open", fields[rows], won[rows], is_open)
        result = compete(table)
        results.append(result)
        areas = {side: auc(a.probability, result.won) for side, a in result.answers.items()}
        ours = areas.pop(OURS)
        lines.append(
            f"| {name} | {result.won.size} | {result.won.mean():.1%} | {ours:.3f} | "
            f"{max(areas.values()):.3f} | {result.ratio:.3f} |"
        )
        print(lines[-1], flush=True)
    return [*lines, "", *_rolling_means(results)]


def _rolling_means(results: Sequence[Result]) -> list[str]:
    truth = np.concatenate([result.won for result in results])
    said = {
        side: [result.answers[side].probability for result in results]
        for side in results[0].answers
    }
    lines = ["| side | mean AUC of the months | AUC of all months as one | log loss |"]
    lines.append("|---|---:|---:|---:|")
    for side, answers in said.items():
        mean = np.mean([auc(p, r.won) for p, r in zip(answers, results, strict=True)])
        p = np.concatenate(answers)
        lines.append(f"| {side} | {mean:.3f} | {auc(p, truth):.3f} | {log_loss(p, truth):.4f} |")
    return [
        *lines,
        "",
        "Published beside it: AUC 0.80 (Moro, Cortez, Rita 2014), a neural network with rolling "
        "windows on inputs that are not public and on other months, so the figures are neighbours, "
        "not rivals.",
        "",
    ]


HEAD = """\
# Lead tables: Red Umbrella against its peers

Written by `benchmarks/lead_tables.py`. The same closed leads for all sides; judged on the open
leads by log loss (lower is better). Red Umbrella ran as a person runs it, with no setting but the
two columns of id and outcome; it also sees the order of the rows, which it takes for time, while
the peers have no notion of order. Peers: the share won; CategoricalNB on ten quantile bins;
LogisticRegression on one-hot categories with medians and scaling; LGBMClassifier with pandas
categories; all with their defaults. Calibration error: mean distance of what was said from what
happened over ten equally full bins, with what chance alone would show taken off. Seconds were
taken on a shared machine with two cores and say little. ± is the standard error of the ratio,
paired lead by lead. Red Umbrella's seconds include reading the file, comparing all families,
intervals, the stability check and the reasons of every open lead.
"""


def page(results: Sequence[Result], more: Sequence[str]) -> str:
    """The whole page of results."""
    packages = ("redumbrella", "lightgbm", "scikit-learn", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}."
    lines = [HEAD, machine, "", *summary(results), *more, "## Each table", ""]
    for result in results:
        lines += describe(result)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with the real tables that are not ours")
    parser.add_argument("--packages", type=Path, help="tables of Python packages in this folder")
    parser.add_argument("--r-packages", type=Path, help="tables of R packages in this folder")
    parser.add_argument(
        "--companies",
        action="store_true",
        help="simulated tables of companies, written without knowledge of models",
    )
    parser.add_argument("--only", action="append", help="a table by its name; may be repeated")
    parser.add_argument("--rolling", type=int, default=0, metavar="MONTHS",
                        help="also the bank's last months, a full run for each")  # fmt: skip
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    options = parser.parse_args()
    # LightGBM warns that scikit-learn's checks saw no names; nothing is wrong.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    makers = catalogue(options.data)
    if options.packages:
        makers = package_tables.catalogue(options.packages)
    elif options.r_packages:
        makers = r_tables.catalogue(options.r_packages)
    elif options.companies:
        makers = company_tables.catalogue() | story_tables.catalogue()
    unknown = sorted(set(options.only or ()) - set(makers))
    if unknown:
        parser.error(f"no table {', '.join(unknown)}; known: {', '.join(makers)}")
    results = []
    for name in makers if options.only is None else options.only:
        results.append(compete(makers[name]()))
        print("\n".join(describe(results[-1])), flush=True)
        if options.record:  # after each table, so that a stopped run leaves what it had
            options.record.write_text(page(results, []), encoding="utf-8")
    print("\n".join(summary(results)), flush=True)
    if options.rolling:
        more = rolling(options.rolling)
        print("\n".join(more))
        if options.record:
            options.record.write_text(page(results, more), encoding="utf-8")


if __name__ == "__main__":
    main()
