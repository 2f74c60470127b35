"""Lifetime value: published figures, peers, and whether the intervals keep their word.

    python benchmarks/lifetime.py --data ../shared/data [--pymc PYTHON] [--record FILE]

Data that are not ours: `cdnow/` and `online-retail/` under --data; which CDNOW customers are the
1/10 sample is read from the `lifetimes` package. --pymc names the Python of an environment with
pymc-marketing; each turn starts a process there, which tells its seconds without its imports.
"""

import argparse
import gzip
import json
import os
import platform
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from redumbrella.customers.bg_nbd import RepeatModel, fit_repeat
from redumbrella.customers.bg_nbd import log_likelihood as repeat_likelihood
from redumbrella.customers.gamma_gamma import AmountModel, fit_gamma_gamma
from redumbrella.customers.gamma_gamma import log_likelihood as amount_likelihood
from redumbrella.customers.history import Holdout, RepeatSummary, split_holdout, summarise
from redumbrella.customers.lifetime import LifetimeValue, value
from redumbrella.customers.period_shock import learn_shock

Vector = NDArray[np.float64]
Purchases = tuple[NDArray[np.int64], Vector, Vector]
ONE_CENT = 0.01
OURS, LIFETIMES, PYMC = "Red Umbrella", "lifetimes", "pymc-marketing"

# ---- data -------------------------------------------------------------------------------------


def cdnow(folder: Path) -> Purchases:
    """Customer, day since 1997-01-01 and dollars. Free orders count, as in the papers: one cent."""
    with gzip.open(folder / "cdnow" / "CDNOW_master.txt.gz", "rt") as lines:
        rows = [line.split() for line in lines]
    dates = np.array([f"{row[1][:4]}-{row[1][4:6]}-{row[1][6:]}" for row in rows], "datetime64[D]")
    day = (dates - np.datetime64("1997-01-01")).astype(float)
    paid = np.maximum([float(row[3]) for row in rows], ONE_CENT)
    return np.array([int(row[0]) for row in rows]), day, paid


def only_sample(purchases: Purchases) -> Purchases:
    """The purchases of the 1/10 sample of the papers."""
    found = find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    lines = (Path(found.origin).parent / "datasets" / "CDNOW_sample.txt").read_text().splitlines()
    members = np.isin(purchases[0], [int(line.split()[0]) for line in lines])
    return purchases[0][members], purchases[1][members], purchases[2][members]


def retail(folder: Path) -> Purchases:
    """Customer, days since 2009-12-01 and pounds; the lines without a customer are left out."""
    columns = ("Customer ID", "InvoiceDate", "Quantity", "Price")
    first = _lines(folder / "online-retail" / "online_retail_II_2009_2010.csv.gz", columns)
    columns = ("CustomerID", "InvoiceDate", "Quantity", "UnitPrice")
    file = folder / "online-retail" / "online_retail_2010_2011_no_invoice.csv.gz"
    second = _lines(file, columns)
    keep = first[1] < np.floor(second[1].min())  # the two files overlap by nine days
    person, at, amount = (np.concatenate([a[keep], b]) for a, b in zip(first, second, strict=True))
    return person.astype(np.int64), at, amount


def _lines(file: Path, columns: Sequence[str]) -> tuple[Vector, Vector, Vector]:
    options = pa_csv.ConvertOptions(include_columns=list(columns))
    with gzip.open(file) as opened:
        table = pa_csv.read_csv(opened, convert_options=options)
    person, date, count, price = (table[name] for name in columns)
    seconds = date.cast(pa.timestamp("s")).to_numpy() - np.datetime64("2009-12-01", "s")
    known = ~np.isnan(person.to_numpy().astype(float))
    amount = count.to_numpy() * price.to_numpy()
    return person.to_numpy()[known], seconds[known].astype(float) / 86_400, amount[known]


# ---- the sides --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """Parameters (r, alpha, a, b) and (p, q, gamma), and the seconds of the two fits."""

    repeat: Vector
    amount: Vector
    seconds: tuple[float, float]


def ours(known: RepeatSummary) -> Fit:
    start = time.perf_counter()
    repeat = fit_repeat(known.frequency, known.recency, known.age)
    middle = time.perf_counter()
    amount = fit_gamma_gamma(known.frequency, known.mean_amount)
    seconds = middle - start, time.perf_counter() - middle
    return Fit(repeat.parameters, amount.parameters, seconds)


def lifetimes_package(known: RepeatSummary) -> Fit:
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    again = known.frequency > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        repeat = BetaGeoFitter().fit(known.frequency, known.recency, known.age)
        middle = time.perf_counter()
        amount = GammaGammaFitter().fit(known.frequency[again], known.mean_amount[again])
        seconds = middle - start, time.perf_counter() - middle
    return Fit(
        np.array([repeat.params_[name] for name in ("r", "alpha", "a", "b")]),
        np.array([amount.params_[name] for name in ("p", "q", "v")]),
        seconds,
    )


PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from pymc_extras.prior import Prior
from pymc_marketing import clv
d = pd.DataFrame(dict(np.load(sys.argv[1])))
flat = lambda names: {name: Prior("HalfFlat") for name in names}
out = []
for turn in range(2):
    start = time.perf_counter()
    m = clv.BetaGeoModel(data=d[["customer_id", "frequency", "recency", "T"]],
                         model_config=flat(("r", "alpha", "a", "b")))
    m.fit(method="map", progressbar=False)
    middle = time.perf_counter()
    g = clv.GammaGammaModel(data=d.loc[d.frequency > 0, ["customer_id", "frequency",
                            "monetary_value"]], model_config=flat(("p", "q", "v")))
    g.fit(method="map", progressbar=False)
    end = time.perf_counter()
    read = lambda model, names: [float(model.idata.posterior[n].values.ravel()[0]) for n in names]
    out.append({"repeat": read(m, ("r", "alpha", "a", "b")), "amount": read(g, ("p", "q", "v")),
                "seconds": [middle - start, end - middle]})
print(json.dumps(out))
"""


def pymc(python: Path, known: RepeatSummary) -> tuple[Fit, Fit]:
    """First and second MAP fit of one process, with flat priors so that it is the likelihood's."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.npz"
        np.savez(file, customer_id=known.person, frequency=known.frequency, recency=known.recency,
                 T=known.age, monetary_value=known.mean_amount)  # fmt: skip
        run = subprocess.run([python, "-c", PEER, file], check=True, capture_output=True, text=True)
    first, second = (
        Fit(np.array(f["repeat"]), np.array(f["amount"]), tuple(f["seconds"]))
        for f in json.loads(run.stdout.splitlines()[-1])
    )
    return first, second


def compete(known: RepeatSummary, turns: int, python: Path | None) -> dict[str, list[Fit]]:
    """The sides take turns on the same customers; pymc-marketing has two turns at most."""
    fits: dict[str, list[Fit]] = {OURS: [], LIFETIMES: []}
    for turn in range(turns):
        fits[OURS].append(ours(known))
        fits[LIFETIMES].append(lifetimes_package(known))
        if python is not None and turn < 2:
            first, again = pymc(python, known)
            fits.setdefault(f"{PYMC}, first fit", []).append(first)
            fits.setdefault(f"{PYMC}, second fit", []).append(again)
    return fits


def describe(name: str, known: RepeatSummary, fits: dict[str, list[Fit]]) -> list[str]:
    """One data set as lines of Markdown."""
    again = known.frequency > 0
    repeat_level = repeat_likelihood(
        known.frequency, known.recency, known.age, np.ones(known.frequency.size)
    )
    amount_level = amount_likelihood(known.frequency[again], known.mean_amount[again])
    lines = [
        f"### {name}: {known.person.size:,} customers, {int(again.sum()):,} with repeat purchases",
        "",
        "| side | r | alpha | a | b | log likelihood | p | q | gamma | log likelihood | "
        "ms BG/NBD | ms Gamma-Gamma | ratio of both to ours |",
        "|---|" + "---:|" * 12,
    ]
    mine = fits[OURS]
    for side, turns in fits.items():
        last = turns[-1]
        ratios = [sum(t.seconds) / sum(m.seconds) for t, m in zip(turns, mine, strict=False)]
        times = 1000 * np.median([turn.seconds for turn in turns], axis=0)
        cells = [
            side,
            *(f"{v:.4g}" for v in last.repeat), f"{repeat_level(np.log(last.repeat))[0]:,.2f}",
            *(f"{v:.4g}" for v in last.amount), f"{amount_level(np.log(last.amount))[0]:,.2f}",
            *(f"{v:,.0f}" for v in times), f"{np.median(ratios):.1f}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    apart = {
        side: max(
            np.abs(turns[-1].repeat / mine[-1].repeat - 1).max(),
            np.abs(turns[-1].amount / mine[-1].amount - 1).max(),
        )
        for side, turns in fits.items()
        if side != OURS
    }
    said = "; ".join(f"{side} {far:.2%}" for side, far in apart.items())
    return [*lines, "", f"Largest difference of a parameter from ours: {said}.", ""]


# ---- what was published -----------------------------------------------------------------------


def published(sample: Purchases) -> list[str]:
    """Fader, Hardie and Lee (2005) and Fader and Hardie (2013) on the CDNOW sample."""
    split = split_holdout(*sample, 272, 545, unit_days=7)
    known = split.history
    repeat = fit_repeat(known.frequency, known.recency, known.age)
    amount = fit_gamma_gamma(known.frequency, known.mean_amount)
    coming = repeat.expected_purchases(39, known.frequency, known.recency, known.age)
    none = known.frequency == 0
    tracked = repeat.expected_cumulative(known.first / 7, [39.0, 78.0])
    happened = known.frequency.sum(), known.frequency.sum() + split.purchases.sum()
    errors = repeat.standard_errors
    rows = [
        ("r, alpha, a, b", "0.243, 4.414, 0.793, 2.426",
         ", ".join(f"{v:.3f}" for v in repeat.parameters)),
        ("log likelihood", "-9582.4", f"{repeat.log_likelihood:.1f}"),
        ("p, q, gamma (946 customers)", "6.25, 3.74, 15.44",
         ", ".join(f"{v:.2f}" for v in amount.parameters)),
        ("weeks 40-78: correlation of expected and actual purchases", "0.626",
         f"{np.corrcoef(coming, split.purchases)[0, 1]:.3f}"),
        ("weeks 40-78: purchases of the customers without repeat purchase, a customer",
         "334 / 1411 = 0.24, model 0.23",
         f"{split.purchases[none].sum():.0f} / {none.sum()} = "
         f"{split.purchases[none].mean():.2f}, model {coming[none].mean():.2f}"),
        ("cumulative repeat purchases at week 78, model against actual", "4 % too low",
         f"{1 - tracked[1] / happened[1]:.1%} too low"),
    ]  # fmt: skip
    weeks = np.arange(40, 79)
    actual = np.array([(_repeats(sample) <= 7 * week).sum() for week in weeks])
    off = np.abs(repeat.expected_cumulative(known.first / 7, weeks) / actual - 1).mean()
    return [
        "## Published figures, CDNOW sample of 2,357 customers", "",
        "| | published | here |", "|---|---|---|",
        *(f"| {name} | {said} | {found} |" for name, said, found in rows), "",
        "Not published that we know of, so for comparison only: standard errors "
        + ", ".join(f"{name} {error:.3f}" for name, error in errors.items())
        + f"; mean absolute error of a customer's purchases in weeks 40-78 "
        f"{np.abs(coming - split.purchases).mean():.3f}; mean error of the cumulative curve over "
        f"weeks 40-78 {off:.1%}; expected {coming.sum():.0f} purchases in weeks 40-78, actual "
        f"{split.purchases.sum():.0f}; correlation of frequency and amount "
        f"{amount.correlation:.2f}.", "",
    ]  # fmt: skip


def _repeats(purchases: Purchases) -> Vector:
    """Days of all repeat occasions."""
    rows = np.unique(np.column_stack([purchases[0], purchases[1]]), axis=0)
    return rows[1:, 1][rows[1:, 0] == rows[:-1, 0]]


# ---- simulation -------------------------------------------------------------------------------


def world(customers: int, seed: int, horizon: float = 39.0) -> Holdout:
    """Histories and futures drawn from the CDNOW parameters; purchase times are continuous."""
    rng = np.random.default_rng(seed)
    rate, loss = rng.gamma(0.243, 1 / 4.414, customers), rng.beta(0.793, 2.426, customers)
    nu = rng.gamma(3.74, 1 / 15.44, customers)
    T = rng.uniform(27.0, 39.0, customers)
    could = rng.poisson(rate * T)
    until_lost = rng.geometric(np.maximum(loss, 1e-12))
    x = np.minimum(could, until_lost)
    # The x-th of `could` purchases that are spread evenly over T.
    last = np.where(x > 0, T * rng.beta(np.maximum(x, 1), could - x + 1), 0.0)
    total = rng.gamma(np.maximum(6.25 * x, 1e-9)) / nu
    later = np.minimum(rng.poisson(rate * horizon), np.maximum(until_lost - could, 0))
    later = np.where(until_lost > could, later, 0)
    paid = np.where(later > 0, rng.gamma(np.maximum(6.25 * later, 1e-9)) / nu, 0.0)
    known = RepeatSummary(
        np.arange(customers), x.astype(float), last, T,
        np.where(x > 0, total / np.maximum(x, 1), 0.0), 39.0 - T, 7.0, 0.0,
    )  # fmt: skip
    return Holdout(known, later.astype(float), paid, horizon)


def fitted(known: RepeatSummary) -> tuple[RepeatModel, AmountModel]:
    return (
        fit_repeat(known.frequency, known.recency, known.age),
        fit_gamma_gamma(known.frequency, known.mean_amount),
    )


@dataclass(frozen=True)
class Kept:
    """Did the intervals of one holdout keep their word? width: total high / total low."""

    total: bool
    customers: float
    above: float
    width: float
    log_ratio: float


def judge(found: LifetimeValue, split: Holdout) -> Kept:
    actual = float(split.amount.sum())
    inside = (found.low <= split.amount) & (split.amount <= found.high)
    return Kept(
        found.total_low <= actual <= found.total_high,
        float(inside.mean()),
        float((split.amount > found.high).mean()),
        found.total_high / found.total_low,
        float(np.log(actual / found.total)),
    )


def simulated() -> list[str]:
    lines = [
        "## Intervals in worlds that follow the model", "",
        "Histories of 27 to 39 weeks from the CDNOW parameters; 90 % intervals of the money of the "
        "next 39 weeks, models fitted anew in each world.", "",
        "| customers | worlds | totals covered | customers covered | above their interval | total "
        "high / low |", "|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for customers, worlds in ((300, 100), (1_000, 100), (5_000, 100)):
        kept = []
        for seed in range(worlds):
            split = world(customers, seed)
            known = split.history
            kept.append(
                judge(value(*fitted(known), known, split.horizon, seed=10_000 + seed), split)
            )
        lines.append(
            f"| {customers:,} | {worlds} | {np.mean([k.total for k in kept]):.1%} | "
            f"{np.mean([k.customers for k in kept]):.1%} | "
            f"{np.mean([k.above for k in kept]):.1%} | {np.median([k.width for k in kept]):.2f} |"
        )
        print(lines[-1], flush=True)
    return [
        *lines, "",
        "An interval starts at 0 where more than 5 % of the futures bring nothing, and then ends "
        "at their 90 % quantile; a customer of whom more than 90 % bring nothing has the interval "
        "[0, 0], which holds more often than 90 %.", "",
    ]  # fmt: skip


# ---- later periods of real shops --------------------------------------------------------------


def later_periods(name: str, purchases: Purchases, cuts: Sequence[int], last: int) -> list[str]:
    """Every cut and horizon: fitted before the cut, judged on the horizon after it."""
    lines = [
        f"### {name}", "",
        "| horizon, days | cuts | total: plain | with shock | high / low: plain | with shock | "
        "customers: plain | with shock |", "|---:|" * 1 + "---:|" * 7,
    ]  # fmt: skip
    everything = []
    for horizon in (60, 91, 182, 282):
        pairs = []
        for cut in (c for c in cuts if c + horizon <= last):
            split = split_holdout(*purchases, cut, cut + horizon)
            models, known = fitted(split.history), split.history
            shock = learn_shock(*purchases, cut, horizon)
            plain = judge(value(*models, known, split.horizon), split)
            pairs.append((plain, judge(value(*models, known, split.horizon, shock=shock), split)))
        everything += pairs
        lines.append(_row(f"{horizon}", pairs))
        print(lines[-1], flush=True)
    off = np.array([plain.log_ratio for plain, _ in everything])
    return [
        *lines, _row("all", everything), "",
        f"Actual over expected total: from {np.exp(off.min()):.2f} to {np.exp(off.max()):.2f}, "
        f"standard deviation of the logarithm {off.std():.2f}.", "",
    ]  # fmt: skip


def _row(name: str, pairs: Sequence[tuple[Kept, Kept]]) -> str:
    def both(read: Callable[[Kept], float], form: str) -> list[str]:
        return [format(np.mean([read(pair[k]) for pair in pairs]), form) for k in (0, 1)]

    widths = [f"{np.median([pair[k].width for pair in pairs]):.2f}" for k in (0, 1)]
    cells = [
        name, str(len(pairs)), *both(lambda k: k.total, ".0%"), *widths,
        *both(lambda k: k.customers, ".1%"),
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def main_split(purchases: Purchases) -> list[str]:
    """Online Retail II: 15 months to fit, 9 months held out."""
    cut, end = 456, 738
    split = split_holdout(*purchases, cut, end)
    known, models = split.history, fitted(split.history)
    shock = learn_shock(*purchases, cut, end - cut)
    lines = [
        f"Fitted on 2009-12-01 to 2011-03-02 ({known.person.size:,} customers), held out until "
        f"2011-12-09. Correlation of frequency and amount, assumed to be none: "
        f"{models[1].correlation:.2f}.", "",
        "| | expected total | 90 % interval | actual | customers covered | above | below |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for name, one in (("plain", None), ("with shock", shock)):
        found = value(*models, known, split.horizon, shock=one)
        kept = judge(found, split)
        lines.append(
            f"| {name} | {found.total:,.0f} | {found.total_low:,.0f} to {found.total_high:,.0f} | "
            f"{split.amount.sum():,.0f} | {kept.customers:.1%} | {kept.above:.1%} | "
            f"{1 - kept.customers - kept.above:.1%} |"
        )
    lines += ["", f"Purchases: expected {found.purchases.sum():,.0f}, actual "
              f"{split.purchases.sum():,.0f}: fewer came, each spent more.", ""]  # fmt: skip
    return lines


# ---- a million customers ----------------------------------------------------------------------


def million() -> list[str]:
    split = world(1_000_000, 0)
    known = split.history
    marks: list[tuple[float, float]] = []

    def mark() -> None:
        marks.append((time.perf_counter(), time.process_time()))

    mark()
    repeat = fit_repeat(known.frequency, known.recency, known.age)
    mark()
    amount = fit_gamma_gamma(known.frequency, known.mean_amount)
    mark()
    repeat.expected_purchases(39.0, known.frequency, known.recency, known.age)
    mark()
    found = value(repeat, amount, known, 39.0, 0.1)
    mark()
    kept = judge(value(repeat, amount, known, 39.0), split)
    steps = ("fit BG/NBD", "fit Gamma-Gamma", "expected purchases",
             "discounted value, an interval for each customer and the total")  # fmt: skip
    lines = ["| step | wall s | CPU s |", "|---|---:|---:|"]
    for step, (wall, cpu) in zip(steps, np.diff(marks, axis=0), strict=True):
        lines.append(f"| {step} | {wall:.1f} | {cpu:.1f} |")
    return [
        "## A million customers, every history different", "",
        *lines, "",
        f"Parameters {', '.join(f'{v:.4g}' for v in repeat.parameters)} (truth 0.243, 4.414, "
        f"0.793, 2.426) and {', '.join(f'{v:.4g}' for v in amount.parameters)} (6.25, 3.74, "
        f"15.44). Undiscounted, {kept.customers:.1%} of the customers were inside their intervals; "
        f"the total was {'inside' if kept.total else 'outside'}. Expected total "
        f"{found.total:,.0f}, discounted by 10 % a year. Load average "
        f"{os.getloadavg()[0]:.1f} at the end.", "",
    ]  # fmt: skip


HEAD = """\
# Lifetime value: recorded run

Written by `benchmarks/lifetime.py`.
"""


def machine(python: Path | None) -> str:
    packages = ("numpy", "scipy", "lifetimes")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    if python is not None:
        ask = "from importlib.metadata import version as v; print(v('pymc-marketing'), v('pymc'))"
        told = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True)
        versions += ", pymc-marketing {}, pymc {}".format(*told.stdout.split())
    return (
        f"Machine: {os.cpu_count()} shared cores, Python {platform.python_version()}, {versions}. "
        f"Load average at the start {os.getloadavg()[0]:.1f}; other work ran, so read ratios of "
        "sides that took turns, not single seconds. OMP_NUM_THREADS="
        f"{os.environ.get('OMP_NUM_THREADS', 'not set')} on all sides."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the real purchases")
    parser.add_argument("--pymc", type=Path, help="Python of an environment with pymc-marketing")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    options = parser.parse_args()
    everybody, shop = cdnow(options.data), retail(options.data)
    sample = only_sample(everybody)
    sections: list[Callable[[], list[str]]] = [
        lambda: published(sample),
        lambda: peers(sample, everybody, shop, options.turns, options.pymc),
        simulated,
        lambda: ["## Online Retail II, a later period", "", *main_split(shop)],
        lambda: ["## Rolling cuts", "", ROLLING, "",
                 *later_periods("Online Retail II, cuts 40 days apart", shop,
                                range(150, 710, 40), 738),
                 *later_periods("CDNOW, all customers, cuts 50 days apart", everybody,
                                range(150, 500, 50), 545)],
        million,
        lambda: [SHORT],
    ]  # fmt: skip
    page = [HEAD, machine(options.pymc), ""]
    for section in sections:
        lines = section()
        print("\n".join(lines), flush=True)
        page += lines
        if options.record:  # after each section, so that a stopped run leaves what it had
            options.record.write_text("\n".join(page).rstrip() + "\n", encoding="utf-8")


ROLLING = """\
Models are fitted before each cut and judged on the money of the days after it. "Plain" knows chance
and the doubt about parameters. "With shock" adds how far earlier periods, all before the cut, went
off (`period_shock`). High / low: median of the total's upper over its lower bound. Windows overlap,
so these are far fewer independent trials than cuts. The opinion in the shock (0.2, worth two
periods) was chosen with these two shops in view."""


SHORT = """\
## What falls short

- The models know no season and no trend: without the shock, the interval of a total is far too
  narrow for real shops. With it the interval holds, and is wide: high / low of 2 and more.
- The shock moves the interval, not the expectation: where a shop's totals go off the same way in
  every period, the expectation stays as wrong as it was.
- The correlation of frequency and amount, which Gamma-Gamma assumes away, was not 0 in either shop.
- Refunds on a later day than their purchase do not lower the purchase (`refunded` tells how much
  that is)."""


def peers(
    sample: Purchases, everybody: Purchases, shop: Purchases, turns: int, python: Path | None
) -> list[str]:
    tables = (
        ("CDNOW sample, weeks 1-39, in weeks", summarise(*sample, 272, unit_days=7)),
        ("CDNOW, all customers, weeks 1-39, in weeks", summarise(*everybody, 272, unit_days=7)),
        ("Online Retail II, two years, in weeks", summarise(*shop, 738, unit_days=7)),
    )
    lines = [
        "## The same customers, three sides", "",
        f"Maximum likelihood on all sides: {LIFETIMES} without penalty, {PYMC} its MAP with flat "
        "priors (its own priors answer otherwise). Seconds without imports; a process of "
        f"{PYMC} compiles at its first fit, so both its fits are shown. Medians of {turns} turns "
        f"(two of {PYMC}); log likelihoods are computed by one function from each side's "
        "parameters. Ratios: medians over paired turns.", "",
    ]  # fmt: skip
    for name, known in tables:
        lines += describe(name, known, compete(known, turns, python))
    return lines


if __name__ == "__main__":
    main()
