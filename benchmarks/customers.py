"""Red Umbrella against RFM and BG/NBD: who buys again, who stays away? On Online Retail II.

    python benchmarks/customers.py --data ../shared/data [--record FILE] [--targets buys,churn]

In: two years of invoices of a gift shop (UCI 502 and 352). Out: log loss, AUC and lift at every
cutoff of the last nine months and over all. Red Umbrella gets a file of purchases and an
umbrella.toml (below), then `umbrella ingest` and `umbrella backtest --every 30d`. The peers answer
the same rows, learned anew at each cutoff from what was known then. BG/NBD comes from `lifetimes`:
run with a Python that has both, pip install -e . lifetimes==0.11.3.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import version
from io import StringIO
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter
from lifetimes.utils import ConvergenceError
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from redumbrella.evaluation.metrics import auc, lift_at, log_loss, row_log_loss

Vector = NDArray[np.float64]
OURS = "Red Umbrella"
HORIZON, ACTIVE, STEP = 90, 365, 30  # days
FIRST, LAST = "2011-01-01", "2011-09-10"  # the record ends on 2011-12-09, a horizon after LAST
FIRST_LESSON = 120  # days after the first purchase, so that a history can tell something
VALUED = ("2011-01-01", "2011-03-01", "2011-06-01", "2011-09-01")
PENALTIES = (0.0, 0.001, 0.01, 0.1)  # of BG/NBD's parameters: the first that converges
SMALLEST = 1e-6  # peers may say 0 or 1, which would cost infinitely much
CHURN = "churn"

SETTINGS = f"""\
[workspace]
currency = "GBP"
timezone = "Europe/London"

[tables.purchases]
path = "purchases.csv"
[tables.purchases.columns]
purchase_id = "invoice"
person_id = "customer"
at = "time"
amount = "amount"

[[targets]]
name = "buys"
purchase = true
horizon_days = {HORIZON}
active_days = {ACTIVE}

[[targets]]
name = "{CHURN}"
absence_of = "purchase"
horizon_days = {HORIZON}
active_days = {ACTIVE}

[customers]
horizon_days = {HORIZON}
"""


@dataclass
class Record:
    """The purchases, by customer and day: customer (n,), day (n,) in days, amount (n,) above 0.

    touched_by, touched: customer and day of everything, refunds too. `known` keeps what was worked
    out at a cutoff, as neighbouring cutoffs need the same.
    """

    customer: NDArray[np.str_]
    day: Vector
    amount: Vector
    touched_by: NDArray[np.str_]
    touched: Vector
    known: dict[tuple[str, float], object] = field(default_factory=dict)

    def once(self, name: str, cutoff: float, make: Callable[[], object]) -> object:
        """What `make` gives, kept under a name and a cutoff."""
        if (name, cutoff) not in self.known:
            self.known[name, cutoff] = make()
        return self.known[name, cutoff]


# ---- the record -------------------------------------------------------------------------------


def purchases(data: Path) -> pd.DataFrame:
    """One row per customer and minute of invoice: invoice, customer, time, amount (refunds < 0)."""
    folder = data / "online-retail"
    first = pd.read_csv(folder / "online_retail_II_2009_2010.csv.gz", dtype={"Invoice": str})
    second = pd.read_csv(folder / "online_retail_2010_2011_no_invoice.csv.gz")
    first = first.rename(columns={"Price": "UnitPrice", "Customer ID": "CustomerID"})
    # The files overlap in the first days of December 2010: the second one has them.
    first = first[first["InvoiceDate"] < "2010-12-01"]
    lines = pd.concat([first, second])
    lines = lines[lines["CustomerID"].notna()]
    lines["customer"] = lines["CustomerID"].astype(int).astype(str)
    lines["amount"] = lines["Quantity"] * lines["UnitPrice"]
    found = lines.groupby(["customer", "InvoiceDate"], as_index=False)["amount"].sum()
    found["amount"] = found["amount"].round(2)
    found = found[found["amount"] != 0].rename(columns={"InvoiceDate": "time"})
    found["invoice"] = found["customer"] + " " + found["time"]
    return found[["invoice", "customer", "time", "amount"]].sort_values("time", ignore_index=True)


def read_record(frame: pd.DataFrame) -> Record:
    """The purchases as the peers take them."""
    day = _days(pd.to_datetime(frame["time"]).dt.tz_localize("Europe/London"))
    order = np.lexsort((day, frame["customer"]))
    customer, day = frame["customer"].to_numpy(str)[order], day[order]
    amount = frame["amount"].to_numpy(float)[order]
    bought = amount > 0
    return Record(customer[bought], day[bought], amount[bought], customer, day)


def _days(instants: pd.Series) -> Vector:
    since = instants.dt.tz_convert("UTC") - pd.Timestamp(0, tz="UTC")
    return np.asarray(since.dt.total_seconds() / 86_400.0, np.float64)


def asked_at(record: Record, cutoff: float) -> NDArray[np.str_]:
    """Customers with a purchase or refund in the last ACTIVE days, who bought before."""
    touched = (record.touched < cutoff) & (record.touched >= cutoff - ACTIVE)
    bought = np.unique(record.customer[record.day < cutoff])
    return np.intersect1d(np.unique(record.touched_by[touched]), bought)


def buys_after(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """Whether each customer buys in the HORIZON days from the cutoff, (n,)."""
    later = (record.day >= cutoff) & (record.day < cutoff + HORIZON)
    return np.isin(customers, record.customer[later]).astype(float)


def summary_at(record: Record, cutoff: float) -> pd.DataFrame:
    """Per customer at a cutoff: purchases, money, and days since the first and the last one.

    `repeats` and `recency` are those of BG/NBD: days with a purchase after the first, and days from
    the first purchase to the last (Fader, Hardie and Lee 2005).
    """

    def make() -> pd.DataFrame:
        before = record.day < cutoff
        frame = pd.DataFrame(
            {
                "customer": record.customer[before],
                "day": record.day[before],
                "amount": record.amount[before],
                "date": np.floor(record.day[before]),
            }
        )
        by = frame.groupby("customer")
        return pd.DataFrame(
            {
                "count": by.size(),
                "money": by["amount"].sum(),
                "since_first": cutoff - by["day"].min(),
                "since_last": cutoff - by["day"].max(),
                "repeats": by["date"].nunique() - 1,
                "recency": by["date"].max() - by["date"].min(),
                "age": cutoff - by["date"].min(),
            }
        )

    table = record.once("summary", cutoff, make)
    assert isinstance(table, pd.DataFrame)
    return table


def lessons(record: Record, cutoff: float) -> list[float]:
    """Earlier cutoffs whose horizon has passed, every STEP days."""
    first = float(record.day.min()) + FIRST_LESSON
    found = np.arange(cutoff - HORIZON, first, -STEP)
    return found[::-1].tolist()


def past(record: Record, cutoff: float, columns: Callable[..., Vector]) -> tuple[Vector, Vector]:
    """Columns and outcomes of all rows that teach at a cutoff."""
    inputs, outcomes = [], []
    for earlier in lessons(record, cutoff):
        customers = asked_at(record, earlier)
        inputs.append(columns(record, customers, earlier))
        outcomes.append(buys_after(record, customers, earlier))
    return np.concatenate(inputs), np.concatenate(outcomes)


# ---- the peers --------------------------------------------------------------------------------


def share_that_buys(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """The share that bought after earlier cutoffs, for everybody."""
    _, won = past(record, cutoff, lambda _record, asked, _at: np.zeros((asked.size, 1)))
    return np.full(customers.size, won.mean())


def rfm_score(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """RFM scoring: quintiles 1 to 5 of recency, frequency and money, added up to 3 to 15.

    A score's probability is the share that bought among those who had it at earlier cutoffs.
    """
    scores, won = past(record, cutoff, _rfm_sums)
    sums = scores[:, 0].astype(int)
    bought, seen = np.bincount(sums, won, 16) + won.mean(), np.bincount(sums, minlength=16) + 1.0
    return np.asarray((bought / seen)[_rfm_sums(record, customers, cutoff)[:, 0].astype(int)])


def _rfm_sums(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    table = summary_at(record, cutoff).loc[customers]
    table = table.assign(recent=-table["since_last"])
    ranks = table[["recent", "count", "money"]].rank(method="first", pct=True).to_numpy(float)
    return np.ceil(5.0 * ranks).sum(axis=1, keepdims=True)


def rfm(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """Logistic regression on the logarithms of recency, frequency and monetary value."""
    return _logistic(record, customers, cutoff, _rfm_columns)


def rfm_squared(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """The same with days since the first purchase, and all squares."""
    return _logistic(record, customers, cutoff, _rfm_squares)


def _rfm_columns(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    table = summary_at(record, cutoff).loc[customers]
    return np.log1p(table[["since_last", "count", "money"]].to_numpy(float))


def _rfm_squares(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    table = summary_at(record, cutoff).loc[customers]
    logs = np.log1p(table[["since_last", "count", "money", "since_first"]].to_numpy(float))
    return np.column_stack([logs, logs**2])


def _logistic(
    record: Record, customers: NDArray[np.str_], cutoff: float, columns: Callable[..., Vector]
) -> Vector:
    inputs, won = past(record, cutoff, columns)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000)).fit(inputs, won)
    return np.asarray(model.predict_proba(columns(record, customers, cutoff))[:, 1])


def alive(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """BG/NBD: the probability that a customer is alive, as `lifetimes` gives it."""
    table = summary_at(record, cutoff).loc[customers]
    model = _bg_nbd(record, cutoff)
    weeks = table[["recency", "age"]].to_numpy(float) / 7.0
    found = model.conditional_probability_alive(
        table["repeats"].to_numpy(float), weeks[:, 0], weeks[:, 1]
    )
    return np.asarray(found, np.float64)


def buys_again(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """BG/NBD: the probability of a purchase within the horizon.

    Given that a customer with x repeats is alive at age T, the rate is Gamma(r + x, alpha + T), so
    that nothing is bought in the time t with probability ((alpha + T) / (alpha + T + t))^(r + x).
    """
    table = summary_at(record, cutoff).loc[customers]
    parameters = _bg_nbd(record, cutoff).params_
    base = parameters["alpha"] + table["age"].to_numpy(float) / 7.0
    shape = parameters["r"] + table["repeats"].to_numpy(float)
    nothing = (base / (base + HORIZON / 7.0)) ** shape
    return alive(record, customers, cutoff) * (1.0 - nothing)


def buys_again_calibrated(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """The same, put right by a logistic regression on what it said at earlier cutoffs."""
    return _logistic(record, customers, cutoff, _log_odds)


def _log_odds(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    said = np.clip(buys_again(record, customers, cutoff), SMALLEST, 1 - SMALLEST)
    return np.log(said / (1.0 - said))[:, None]


def _bg_nbd(record: Record, cutoff: float) -> BetaGeoFitter:
    """BG/NBD of all customers known at a cutoff; time in weeks."""

    def make() -> BetaGeoFitter:
        table = summary_at(record, cutoff)
        weeks = table[["recency", "age"]] / 7.0
        for penalty in PENALTIES:
            try:
                with redirect_stdout(StringIO()):  # it prints what it then raises
                    model = BetaGeoFitter(penalizer_coef=penalty)
                    return model.fit(table["repeats"], weeks["recency"], weeks["age"])
            except ConvergenceError:
                continue
        raise SystemExit(f"BG/NBD does not converge at {_date(cutoff)}.")

    return record.once("bg_nbd", cutoff, make)


PEERS: dict[str, Callable[[Record, NDArray[np.str_], float], Vector]] = {
    "share that buys": share_that_buys,
    "RFM score": rfm_score,
    "RFM logistic": rfm,
    "RFM logistic, squares and age": rfm_squared,
    "BG/NBD, P(alive)": alive,
    "BG/NBD, P(buys)": buys_again,
    "BG/NBD, P(buys) calibrated": buys_again_calibrated,
}


# ---- our side ---------------------------------------------------------------------------------


def red_umbrella(folder: Path, target: str, apart: bool) -> pd.DataFrame:
    """The rows of `umbrella backtest`: customer, cutoff (days), probability, outcome.

    apart: a backtest for each cutoff, which compares the families anew, instead of one for all.
    """
    days = pd.date_range(FIRST, LAST, freq=f"{STEP}D")
    periods = [(day, day + pd.Timedelta(days=1)) for day in days] if apart else [(FIRST, LAST)]
    parts = []
    for number, (first, last) in enumerate(periods):
        dates = ["--from", str(first)[:10], "--to", str(last)[:10]]
        words = ["--target", target, *dates, "--every", f"{STEP}d"]
        file = folder / f"{target}{number}.csv"
        umbrella(folder, "backtest", *words, "-o", str(file))
        parts.append(pd.read_csv(file, dtype={"id": str}))
    found = pd.concat(parts, ignore_index=True)
    found["cutoff"] = _days(pd.to_datetime(found["as_of"], utc=True, format="ISO8601"))
    return found.rename(columns={"id": "customer"})


def umbrella(folder: Path, *words: str) -> str:
    """Runs the command line in a workspace."""
    program = "from redumbrella.cli.main import main; main()"
    call = [sys.executable, "-c", program, *words, "-w", str(folder)]
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"umbrella {words[0]} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def answers(record: Record, found: pd.DataFrame, target: str) -> pd.DataFrame:
    """Rows of one target with the outcome and a column of probabilities per side.

    Rows of customers who never bought (only gave back what was bought before the record) are left
    out: neither RFM nor BG/NBD can answer them.
    """
    parts = []
    for cutoff, everybody in found.groupby("cutoff"):
        rows = everybody[np.isin(everybody["customer"], summary_at(record, cutoff).index)]
        customers = rows["customer"].to_numpy(str)
        bought = buys_after(record, customers, cutoff)
        is_churn = target == CHURN
        outcome = 1.0 - bought if is_churn else bought
        assert rows["outcome"].notna().all(), "an outcome is unknown although its horizon is over"
        differs = int((rows["outcome"].to_numpy(float) != outcome).sum())
        assert differs == 0, f"{differs} outcomes at day {cutoff} are not those of the record"
        sides = {OURS: rows["probability"].to_numpy(float)}
        for name, peer in PEERS.items():
            said = np.clip(peer(record, customers, cutoff), SMALLEST, 1 - SMALLEST)
            sides[name] = 1.0 - said if is_churn else said
        assert not np.isnan(sides[OURS]).any(), "a row has no probability"
        parts.append(pd.DataFrame({"cutoff": cutoff, "outcome": outcome} | sides))
        print(f"  {target}, {_date(cutoff)}: {customers.size:,} rows", flush=True)
    return pd.concat(parts, ignore_index=True)


# ---- what customers bring -----------------------------------------------------------------------


def money_after(record: Record, customers: NDArray[np.str_], cutoff: float) -> Vector:
    """What each customer spends in the HORIZON days from the cutoff, (n,)."""
    later = (record.day >= cutoff) & (record.day < cutoff + HORIZON)
    spent = pd.Series(record.amount[later]).groupby(record.customer[later]).sum()
    return spent.reindex(customers).fillna(0.0).to_numpy(float)


def valued(folder: Path, record: Record) -> list[str]:
    """`umbrella customers` at four instants against RFM scores: lift of money, errors."""
    rows = []
    for day in VALUED:
        umbrella(folder, "customers", "--as-of", day, "--top", "1")
        file = folder / "customers.csv"
        umbrella(folder, "export", "customers", "-o", str(file))
        found = pd.read_csv(file, dtype={"person_id": str})
        cutoff = float(_days(pd.Series([pd.Timestamp(day, tz="Europe/London")]))[0])
        found = found[np.isin(found["person_id"], summary_at(record, cutoff).index)]
        customers = found["person_id"].to_numpy(str)
        came = money_after(record, customers, cutoff)
        before = cutoff - HORIZON
        earlier = summary_at(record, before).index.to_numpy(str)
        sums = _rfm_sums(record, earlier, before)[:, 0].astype(int)
        spent = np.bincount(sums, money_after(record, earlier, before), 16)
        mean = spent / np.maximum(np.bincount(sums, minlength=16), 1)
        score = _rfm_sums(record, customers, cutoff)[:, 0].astype(int)
        money = summary_at(record, cutoff).loc[customers, "money"].to_numpy(float)
        sides = {
            OURS: (found["value"].to_numpy(float), found["value"].to_numpy(float)),
            # Equal scores: who has spent more stands first.
            "RFM score": (score + money / (money.max() + 1.0), mean[score]),
            "money so far": (money, None),
        }
        for side, (order, forecast) in sides.items():
            best = np.argsort(-order, kind="stable")[: came.size // 10]
            lift = came[best].sum() / came.sum() / (best.size / came.size)
            error = "" if forecast is None else f"{np.abs(forecast - came).mean():.1f}"
            rows.append(f"| {day} | {came.size:,} | {side} | {lift:.2f} | {error} |")
        print(f"  values, {day}: {came.size:,} customers", flush=True)
    return [
        f"## What customers bring in {HORIZON} days",
        "",
        "Lift: the share of all money that the first tenth of the list brought, over a tenth. "
        "Error: mean absolute error of a customer's money, GBP; the forecast of an RFM score is "
        "what its customers brought in the period before.",
        "",
        "| as of | customers | side | lift at 10 % | error |",
        "|---|---:|---|---:|---:|",
        *rows,
        "",
    ]


# ---- the words --------------------------------------------------------------------------------


def describe(target: str, table: pd.DataFrame) -> list[str]:
    """One target as lines of Markdown."""
    won = table["outcome"].to_numpy()
    sides = [OURS, *PEERS]
    cutoffs = [(at, part) for at, part in table.groupby("cutoff")]
    lines = [
        f"## {target}: {'no purchase' if target == CHURN else 'a purchase'} in {HORIZON} days",
        "",
        f"{len(table):,} rows at {len(cutoffs)} cutoffs; {won.mean():.1%} yes.",
        "",
        "| side | log loss | AUC | lift at 10 % | mean AUC of cutoffs | mean lift of cutoffs |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for side in sides:
        p = table[side].to_numpy()
        each = [(part[side].to_numpy(), part["outcome"].to_numpy()) for _, part in cutoffs]
        area = np.mean([auc(*one) for one in each])
        lift = np.mean([lift_at(*one, 0.1) for one in each])
        lines.append(
            f"| {side} | {log_loss(p, won):.4f} | {auc(p, won):.4f} | {lift_at(p, won, 0.1):.2f} | "
            f"{area:.4f} | {lift:.2f} |"
        )
    lines += [
        "",
        *_against_best(table),
        "",
        "Log loss / AUC / mean probability at each cutoff:",
        "",
    ]
    shown = [side for side in sides if side not in ("share that buys", "BG/NBD, P(alive)")]
    lines += [f"| cutoff | rows | yes | {' | '.join(shown)} |", "|---|---:|---:|"]
    lines[-1] += "---:|" * len(shown)
    for at, part in cutoffs:
        y = part["outcome"].to_numpy()
        each = [part[side].to_numpy() for side in shown]
        cells = [f"{log_loss(p, y):.4f} / {auc(p, y):.3f} / {p.mean():.1%}" for p in each]
        lines.append(f"| {_date(at)} | {y.size:,} | {y.mean():.1%} | {' | '.join(cells)} |")
    return [*lines, ""]


def _against_best(table: pd.DataFrame) -> list[str]:
    """Our log loss over that of the best peer; the error is that between cutoffs."""
    won = table["outcome"].to_numpy()
    best = min(PEERS, key=lambda side: log_loss(table[side].to_numpy(), won))
    surprise = {side: row_log_loss(table[side].to_numpy(), won) for side in (OURS, best)}
    gap = pd.Series(surprise[OURS] - surprise[best]).groupby(table["cutoff"]).mean()
    loss = surprise[best].mean()
    error = gap.std(ddof=1) / np.sqrt(gap.size) / loss
    return [
        f"Ratio to the best peer ({best}): {surprise[OURS].mean() / loss:.4f} ± {error:.4f} "
        f"(standard error over the cutoffs, which overlap: read it as a lower bound); lower log "
        f"loss at {int((gap < 0).sum())} of {gap.size} cutoffs.",
    ]


def _date(day: float) -> str:
    return pd.Timestamp(day, unit="D", tz="UTC").tz_convert("Europe/London").strftime("%Y-%m-%d")


HEAD = f"""\
# Customers: Red Umbrella against RFM and BG/NBD

Written by `benchmarks/customers.py`. Data: Online Retail II and Online Retail (Chen, UCI 502 and
352, CC BY 4.0), two years of a gift shop's invoices. Rows: at each cutoff every customer with a
purchase or refund in the last {ACTIVE} days; asked: a purchase in the next {HORIZON} days, or its
absence (churn, of those who bought in the last {ACTIVE} days). All sides learn anew at each cutoff
from what was known then and answer the same rows. Red Umbrella: a CSV of purchases, the settings
in the script, `umbrella backtest --every {STEP}d`. Peers: logistic regression on log(1 + x) of
days since the last purchase, number of purchases and money, also with days since the first
purchase and squares, and RFM scoring (quintiles added up), learned from all earlier cutoffs (every
{STEP} days) whose horizon had passed; BG/NBD of `lifetimes` in weeks, of all customers known:
P(alive) as it is, P(at least one purchase in the horizon) = P(alive) (1 - ((alpha + T) / (alpha + T
+ t))^(r + x)), and the latter put right by a logistic regression on its own log odds at earlier
cutoffs.
"""


def page(lines: Sequence[str], seconds: dict[str, float]) -> str:
    """The whole page of results."""
    packages = ("redumbrella", "lifetimes", "scikit-learn", "lightgbm", "numpy", "pandas")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    took = ", ".join(f"{side} {spent:.0f} s" for side, spent in seconds.items())
    python = f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, shared"
    return "\n".join([HEAD, f"{python}; {versions}. Took: {took}.", "", *lines]).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of online-retail/")
    parser.add_argument("--targets", default=f"buys,{CHURN}", help="which of buys and churn")
    parser.add_argument("--apart", action="store_true", help="a backtest for each cutoff")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    options = parser.parse_args()
    # On its way lifetimes tries parameters at which the likelihood or its curvature is not finite.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="autograd|lifetimes|pandas")
    frame = purchases(options.data)
    record = read_record(frame)
    lines: list[str] = []
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame.to_csv(folder / "purchases.csv", index=False)
        (folder / "umbrella.toml").write_text(SETTINGS, encoding="utf-8")
        umbrella(folder, "ingest")
        for target in options.targets.split(","):
            start = time.perf_counter()
            found = red_umbrella(folder, target, options.apart)
            seconds[f"{OURS} ({target})"] = time.perf_counter() - start
            start = time.perf_counter()
            table = answers(record, found, target)
            seconds[f"all peers ({target})"] = time.perf_counter() - start
            lines += describe(target, table)
        lines += valued(folder, record)
    print("\n".join(lines))
    if options.record:
        options.record.write_text(page(lines, seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
