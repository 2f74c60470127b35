"""Recommenders on two years of a gift shop's invoices, beside implicit and the simple methods.

    python benchmarks/recommenders.py [--data ../shared/data] [--implicit PYTHON] [--record FILE]
    python benchmarks/recommenders.py --cuts DAYS …
    python benchmarks/recommenders.py --scale 1000000 50000 [--simple]

In: Online Retail I and II (see SOURCE.md beside the data; not shipped): the description is the
product. Everything is fitted on what was known at one instant, 39 days before the end, and asked
for 30 days: three lists (all, new to the customer, again), NDCG and recall at 10, the same people
for all sides. implicit (Frederickson) does not belong to the project: it runs in an environment of
its own, whose Python is given with --implicit, on one thread.

Customers who bought nothing before that instant are not asked, nor are products that had not been
sold: shares of both are on the page.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray
from pyarrow import csv

from redumbrella.clock import MICROSECONDS_PER_DAY, to_iso
from redumbrella.evaluation.ranking import (
    coverage,
    hits,
    mean_error,
    ndcg,
    paired_difference,
    recall,
)
from redumbrella.recommenders.chooser import (
    BLENDS,
    KEPT,
    LIST_NAMES,
    RANKER,
    Choices,
    choose_recommenders,
    data_of,
)
from redumbrella.recommenders.compilation import warm_recommenders
from redumbrella.recommenders.content import Catalogue, catalogue_of
from redumbrella.recommenders.interactions import Interactions, interactions_of
from redumbrella.recommenders.lists import Kind, Linear, Lists, blend
from redumbrella.recommenders.parts import (
    COLLABORATIVE,
    CONTENT,
    COSINE,
    PERSONAL,
    POPULARITY,
    RECENT,
    SimpleParts,
    Situation,
    fit_parts,
    situation_of,
)
from redumbrella.recommenders.probability import calibration_of
from redumbrella.recommenders.proposals import ranker_columns
from redumbrella.recommenders.ranker import Ranker, fit_ranker, wanted_of_kind

FILES = ("online_retail_II_2009_2010.csv.gz", "online_retail_2010_2011_no_invoice.csv.gz")
NO_PRODUCTS = ("POSTAGE", "MANUAL", "DISCOUNT", "CARRIAGE", "BANK CHARGES", "DOTCOM POSTAGE")
HORIZON, AFTER, LENGTH = 30.0, 39, 10
KINDS: tuple[Kind, ...] = ("all", "new", "again")
SIMPLE = (POPULARITY, RECENT, PERSONAL, CONTENT, COSINE, COLLABORATIVE, *BLENDS)
DECAYED = {"iALS (implicit)": None, "iALS on purchases decayed by 90 d (implicit)": 90.0}
# Settings of the peer: for each list the one that was best on the horizon before the one asked.
GRID = [(64, alpha, 0.05) for alpha in (1.0, 3.0, 10.0, 30.0)]

# Runs in the environment of implicit: matrix and settings in, factors out. The model is that of Hu,
# Koren and Volinsky (2008).
PEER = """
import sys, numpy as np, scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
x = sp.load_npz(sys.argv[1]).astype(np.float32)
made = {}
for name in sys.argv[3:]:
    factors, alpha, regularization = name.split("/")
    model = AlternatingLeastSquares(factors=int(factors), regularization=float(regularization),
                                    alpha=float(alpha), iterations=15, random_state=0,
                                    num_threads=1)
    model.fit(x, show_progress=False)
    made[name + " people"], made[name + " products"] = model.user_factors, model.item_factors
np.savez(sys.argv[2], **made)
"""


def load(folder: Path) -> tuple[pa.Table, Catalogue, Interactions, int]:
    """Purchases, the catalogue, interactions before the end, and the end (UTC microseconds)."""
    parts = [
        _lines(folder / FILES[0], "Customer ID", "Price"),
        _lines(folder / FILES[1], "CustomerID", "UnitPrice"),
    ]
    early = pc.less(parts[0]["at"], pa.scalar(np.datetime64("2010-12-01", "us")).cast(UTC))
    table = pa.concat_tables([parts[0].filter(early), parts[1]])
    ids = pa.array(sorted(set(table["product_id"].to_pylist())))
    at = table["at"].cast(pa.int64())
    end = pc.max(at).as_py() + 1
    prices = table.group_by("product_id").aggregate([("price", "approximate_median")])
    products = pa.table(
        {
            "product_id": prices["product_id"],
            "name": prices["product_id"],
            "price": prices["price_approximate_median"],
        }
    )
    found = interactions_of(table, None, end)
    return table, catalogue_of(products, ids), found, end


UTC = pa.timestamp("us", "UTC")


def _lines(path: Path, customer: str, price: str) -> pa.Table:
    types = {customer: pa.string(), "Quantity": pa.float64(), price: pa.float64()}
    raw = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))
    name = pc.utf8_trim_whitespace(pc.utf8_upper(raw["Description"].cast(pa.string())))
    name = pc.replace_substring_regex(name, r"\s+", " ")
    who = pc.utf8_trim_whitespace(raw[customer])
    keep = pc.and_(pc.greater(raw["Quantity"], 0), pc.greater(raw[price], 0))
    known = pc.and_(
        pc.not_equal(pc.fill_null(who, ""), ""), pc.not_equal(pc.fill_null(name, ""), "")
    )
    keep = pc.and_(keep, pc.and_(known, pc.invert(pc.is_in(name, pa.array(NO_PRODUCTS)))))
    at = raw["InvoiceDate"]
    if pa.types.is_string(at.type):
        at = pc.strptime(at, format="%Y-%m-%d %H:%M:%S", unit="us")
    found = pa.table(
        {
            "person_id": pc.replace_substring_regex(who, r"\.0$", ""),
            "product_id": name,
            "at": at.cast(pa.timestamp("us")).cast(UTC),
            "price": raw[price],
        }
    )
    return found.filter(keep)


class Asked:
    """One list: who is asked, what they took, and everybody's answers."""

    def __init__(self, parts: SimpleParts, wanted: Any, kind: Kind) -> None:
        self.parts, self.kind = parts, kind
        self.want = wanted_of_kind(parts, wanted, kind)
        bought = np.diff(parts.own.indptr) > 0
        self.people = np.flatnonzero((np.diff(self.want.indptr) > 0) & bought)
        self.answers: dict[str, tuple[NDArray[np.float64], NDArray[np.float64], float]] = {}

    def answer(self, name: str, shown: NDArray[np.int32]) -> None:
        """Keeps how good the lists of one side are."""
        want = self.want[self.people]
        sold = int(self.parts.sold.sum())
        self.answers[name] = (ndcg(shown, want), recall(shown, want), coverage(shown, sold))

    def best(self, method: Linear | Ranker) -> NDArray[np.int32]:
        """Lists of one of our methods for everybody who is asked."""
        parts = self.parts
        return method.best(self.people, LENGTH, parts.sold, parts.own, self.kind).products


Lists3 = dict[Kind, Asked]


def dense_lists(
    asked: Asked, people: NDArray[np.float32], products: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Lists of a peer by the products of its factors."""
    shown = []
    for first in range(0, asked.people.size, 512):
        who = asked.people[first : first + 512]
        s = people[who] @ products.T
        s[:, ~asked.parts.sold] = -np.inf
        own = np.asarray(asked.parts.own[who].todense()) > 0
        if asked.kind == "new":
            s[own] = -np.inf
        elif asked.kind == "again":
            s[~own] = -np.inf
        best = np.argpartition(-s, LENGTH, axis=1)[:, :LENGTH]
        by_score = np.argsort(-np.take_along_axis(s, best, axis=1), axis=1, kind="stable")
        order = np.take_along_axis(best, by_score, axis=1)
        order[~np.isfinite(np.take_along_axis(s, order, axis=1))] = -1
        shown.append(order.astype(np.int32))
    return np.concatenate(shown)


Factors = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


def factors_of(python: str, x: Any, settings: list[str]) -> tuple[Factors, float]:
    """implicit's factors of a matrix by setting, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "x.npz"), Path(folder, "factors.npz")
        sp.save_npz(given, x)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ""}
        command = [python, "-W", "ignore", "-c", PEER, str(given), str(made), *settings]
        subprocess.run(command, check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = np.load(made)
        factors = {name: (found[f"{name} people"], found[f"{name} products"]) for name in settings}
        return factors, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ask_peer(python: str, situation: Situation, then: SimpleParts, lists: Lists3) -> list[str]:
    """implicit's answers; each list has the setting that was best one horizon earlier."""
    cut = lists["all"].parts.instant
    earlier = situation.interactions.bought_between(then.instant, cut)
    settings = [f"{factors}/{alpha:g}/{weight:g}" for factors, alpha, weight in GRID]
    told = []
    for name, half_life in DECAYED.items():
        tried, cpu = factors_of(python, then.known.matrix(then.instant, half_life), settings)
        best = {}
        for kind in lists:
            trial = Asked(then, earlier, kind)
            for setting, factors in tried.items():
                trial.answer(setting, dense_lists(trial, *factors))
            best[kind] = max(settings, key=lambda one: trial.answers[one][0].mean())
        x = lists["all"].parts.known.matrix(cut, half_life)
        used = sorted(set(best.values()))
        factors_now, more = factors_of(python, x, used)
        for kind, asked in lists.items():
            asked.answer(name, dense_lists(asked, *factors_now[best[kind]]))
        chosen = ", ".join(f"{kind} {setting}" for kind, setting in best.items())
        told.append(
            f"{name}: {chosen} (factors/alpha/regularization, of {len(settings)} settings); "
            f"{cpu / len(settings):.1f} CPU s a fit"
        )
        assert more > 0
    return told


def retail(folder: Path, python: str | None) -> list[str]:
    """The lines of the page about Online Retail."""
    table, catalogue, found, end = load(folder)
    cut = end - AFTER * MICROSECONDS_PER_DAY
    step = round(HORIZON * MICROSECONDS_PER_DAY)
    situation = situation_of(found, HORIZON, catalogue)
    clock = time.process_time()
    parts = fit_parts(situation, cut)
    fitted = time.process_time() - clock
    wanted = found.bought_between(cut, cut + step)
    lists = {kind: Asked(parts, wanted, kind) for kind in KINDS}
    for kind, asked in lists.items():
        for name in SIMPLE:
            method = _simple(name, parts, kind)
            asked.answer(name, asked.best(method))
    clock = time.process_time()
    then = fit_parts(situation, cut - step)
    spent = time.process_time() - clock
    told = ask_peer(python, situation, then, lists) if python else []
    clock = time.process_time()
    gains: dict[str, list[str]] = {}
    for kind, asked in lists.items():
        ranker = fit_ranker(then, found.bought_between(cut - step, cut), parts, kind)
        assert ranker is not None
        asked.answer(RANKER, asked.best(ranker))
        gain = ranker.trees.feature_importance("gain")
        order = np.argsort(-gain)[:6]
        names = ranker_columns(parts)
        gains[kind] = [f"{names[k]} {gain[k] / gain.sum():.2f}" for k in order]
    ranked = time.process_time() - clock + spent
    lines = _facts(table, situation, cut, cut + step)
    lines += _figures(lists)
    lines += ["", "What the trees gained by, as shares of all gain:", ""]
    lines += [f"- {kind}: {'; '.join(gain)}" for kind, gain in gains.items()]
    times = [f"simple methods {fitted:.1f} CPU s", f"three rankers with lists {ranked:.1f}"]
    lines += ["", "The peer:", "", *(f"- {one}" for one in told)]
    lines += ["", f"Times: {'; '.join(times)}.", ""]
    clock = time.process_time()
    chosen = choose_recommenders(_until(situation, cut, table, catalogue), cut)
    lines += ["What the chooser, which sees nothing after the instant, says:", ""]
    lines += [f"- {choice.sentence}" for choice in chosen.by_list.values()]
    lines += ["", f"Choosing took {time.process_time() - clock:.1f} CPU s.", ""]
    lines += _judged(chosen, lists)
    return [*lines, *_calibrated(chosen, wanted, found)]


def _judged(chosen: Choices, lists: Lists3) -> list[str]:
    """Whether what was chosen before the instant is still good after it."""
    lines = [
        "What was chosen there, in the 30 days after, less the best simple method of these days "
        "(known only afterwards):",
        "",
        "| list | chosen | difference of NDCG@10 | its standard error |",
        "|---|---|---:|---:|",
    ]
    for kind, asked in lists.items():
        method = chosen.by_list[kind].method
        simple = max((n for n in SIMPLE), key=lambda n: asked.answers[n][0].mean())
        of = paired_difference(asked.answers[method][0], asked.answers[simple][0])
        lines.append(f"| {kind} | {method} | {of.mean:+.4f} less {simple} | {of.error:.4f} |")
    return [*lines, ""]


def other_cuts(folder: Path, cuts: list[int]) -> list[str]:
    """What is chosen from one horizon at other instants, so many days before the end of the record,
    beside the best simple method of the 30 days after each.
    """
    _, catalogue, found, end = load(folder)
    situation = situation_of(found, HORIZON, catalogue)
    lines = [
        "| fitted before | list | chosen | NDCG@10 | less the best simple one | which was |",
        "|---|---|---|---:|---:|---|",
    ]
    for days in cuts:
        cut = end - days * MICROSECONDS_PER_DAY
        chosen = choose_recommenders(situation, cut, horizons=1)
        wanted = found.bought_between(cut, cut + situation.step)
        for kind in KINDS:
            asked = Asked(chosen.parts, wanted, kind)
            for name in SIMPLE:
                method = _simple(name, chosen.parts, kind)
                asked.answer(name, asked.best(method))
            asked.answer("chosen", asked.best(chosen.methods[kind]))
            best = max((n for n in SIMPLE), key=lambda n: asked.answers[n][0].mean())
            of = paired_difference(asked.answers["chosen"][0], asked.answers[best][0])
            lines.append(
                f"| {to_iso(cut)[:10]} | {kind} | {chosen.by_list[kind].method} | "
                f"{asked.answers['chosen'][0].mean():.4f} | {of.mean:+.4f} ± {of.error:.4f} | "
                f"{best} |"
            )
            sys.stderr.write(lines[-1] + "\n")
    return lines


def _simple(name: str, parts: SimpleParts, kind: Kind) -> Linear:
    """A simple method or a blend of two."""
    if name not in BLENDS:
        return parts.linear[name]
    first, second, share = BLENDS[name]
    pair = parts.linear[first], parts.linear[second]
    return blend(*pair, share, parts.sold, parts.own, kind)


def _calibrated(chosen: Choices, wanted: Any, found: Interactions) -> list[str]:
    """What was said of all places of everybody's lists beside what came true in the days after."""
    lines = ["How likely a purchase is, said before the instant, and what came true after it:", ""]
    parts = chosen.parts
    # The lists know the people known at the instant; `wanted` all of them.
    place = pc.index_in(parts.known.people, value_set=found.people).to_numpy(zero_copy_only=False)
    want = wanted[place]
    has_bought = np.diff(parts.own.indptr) > 0
    for name in LIST_NAMES:
        probability = chosen.probability[name]
        if probability is None:
            lines += [f"- {name}: {chosen.no_probability[name]}", ""]
            continue
        people = np.flatnonzero(has_bought if name != "newcomer" else ~has_bought)
        shown = chosen.lists_of(name, people, KEPT, parts.sold)
        said = probability.of(shown, people, parts)
        there = np.isfinite(said)
        p, came = said[there].astype(np.float64), hits(shown.products, want[people])[there]
        level = np.full(p.size, probability.calibration.hits / probability.calibration.rows)
        of = calibration_of(p, came, level, people.size)
        before = probability.calibration
        lines += [
            f"{name}: {of.people:,} people, {of.rows:,} places, {of.hits:,} bought, "
            f"{p.sum():,.0f} expected. Log loss {of.log_loss:.4f}, of saying of every place the "
            f"share of the month before {of.log_loss_of_share:.4f}; within that month, by halves "
            f"of the people, {before.log_loss:.4f} and {before.log_loss_of_share:.4f}.",
            "",
            "| tenth | " + " | ".join(str(k) for k in range(1, len(of.tenths) + 1)) + " |",
            "|---|" + "---:|" * len(of.tenths),
            "| said | " + " | ".join(f"{one:.4f}" for one, _, _ in of.tenths) + " |",
            "| true | " + " | ".join(f"{one:.4f}" for _, one, _ in of.tenths) + " |",
            "",
        ]
    return lines[:-1]


def _until(situation: Situation, cut: int, table: pa.Table, catalogue: Catalogue) -> Situation:
    """The same with nothing at or after the instant, as a verb has it."""
    ids = situation.interactions.products.to_pylist()
    found = interactions_of(table, None, cut, products=ids)
    return situation_of(found, situation.horizon, catalogue)


def _facts(table: pa.Table, situation: Situation, cut: int, end: int) -> list[str]:
    data = data_of(situation.interactions.before(end), end, end - cut)
    return [
        f"{table.num_rows:,} lines, {len(situation.interactions.people):,} customers, "
        f"{len(situation.interactions.products):,} products. Of the 30 days asked about: "
        f"{data.new_buyers:.1%} of the buyers had not bought before, {data.new_products:.1%} of "
        f"the products sold had not been sold before, {data.repeats:.1%} had been bought by the "
        "same customer before.",
        "",
    ]


def _figures(lists: Lists3) -> list[str]:
    head = "| NDCG@10 (recall@10) | " + " | ".join(lists) + " |"
    lines = [head, "|---|" + "---:|" * len(lists)]
    for name in lists["all"].answers:
        cells = []
        for asked in lists.values():
            gained, recalled, _ = asked.answers[name]
            of = mean_error(gained)
            cells.append(f"{of.mean:.4f} ± {of.error:.4f} ({recalled.mean():.4f})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    asked_people = ", ".join(f"{asked.people.size:,} {kind}" for kind, asked in lists.items())
    lines += ["", f"People asked: {asked_people}.", ""]
    lines += ["| boosted ranker less … | list | difference of NDCG@10 | 95 % interval |"]
    lines += ["|---|---|---:|---:|"]
    for kind, asked in lists.items():
        simple = max((n for n in SIMPLE), key=lambda n: asked.answers[n][0].mean())
        for name in (simple, *(peer for peer in DECAYED if peer in asked.answers)):
            of = paired_difference(asked.answers[RANKER][0], asked.answers[name][0])
            label = f"{name} (the best simple one)" if name == simple else name
            lines.append(f"| {label} | {kind} | {of.mean:+.4f} | {of.low:+.4f} to {of.high:+.4f} |")
    cover = "; ".join(
        f"{kind} {asked.answers[RANKER][2]:.2f} (popularity {asked.answers[POPULARITY][2]:.3f})"
        for kind, asked in lists.items()
    )
    return [*lines, "", f"Share of all products that stand on somebody's list: {cover}."]


# ---- scale ------------------------------------------------------------------------------------


def crowd(people: int, products: int, mean: float = 20.0) -> pa.Table:
    """Purchases of a year: skewed products, lognormal people, 60 tastes; each product bought once
    by a person, as in a record of pairs.
    """
    rng = np.random.default_rng(0)
    each = np.clip(rng.lognormal(np.log(mean) - 0.72, 1.2, people), 1, 1_000).astype(np.int64)
    taste = rng.integers(60, size=people)
    total = np.cumsum(1.0 / np.arange(1, products + 1) ** 0.9)
    person = np.repeat(np.arange(people, dtype=np.int32), each)
    place = np.searchsorted(total / total[-1], rng.random(person.size))
    own = rng.random(person.size) < 0.6
    product = np.where(own, (place * 60 + taste[person]) % products, place)
    key = rng.permutation(np.unique(person.astype(np.int64) * products + product))
    at = END_OF_CROWD - rng.integers(1, 365 * MICROSECONDS_PER_DAY, key.size)

    def named(number: NDArray[np.int64], letter: str, many: int) -> pa.Array:
        names = pa.array([f"{letter}{one:08d}" for one in range(many)])
        return names.take(pa.array(number))

    return pa.table(
        {
            "person_id": named(key // products, "p", people),
            "product_id": named(key % products, "a", products),
            "at": pa.array(at, UTC),
            "amount": pa.array(np.ones(key.size)),
        }
    )


END_OF_CROWD = 20_000 * MICROSECONDS_PER_DAY


class Clock:
    """What each step took: name, CPU seconds, seconds by the clock, peak of memory so far (GB)."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, float, float, float]] = []

    def __call__(self, name: str, run: Callable[[], Any]) -> Any:
        """Runs a step and keeps what it took."""
        cpu, wall = time.process_time(), time.perf_counter()
        done = run()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        step = name, time.process_time() - cpu, time.perf_counter() - wall, peak
        self.taken.append(step)
        sys.stderr.write(f"{name}: {step[1]:.1f} CPU s, {step[2]:.1f} s, {peak:.2f} GB\n")
        return done


def scale(people: int, products: int, simple_alone: bool) -> list[str]:
    """CPU seconds and memory of a large shop's lists, the simple kind and the ranker's."""
    warm_recommenders()
    tables = [crowd(people, products)]
    clock = Clock()
    # Given away, so that it is not in memory with what is made of it.
    order = "purchases in order"
    found = clock(order, lambda: interactions_of(tables.pop(), None, END_OF_CROWD))
    situation = situation_of(found, HORIZON)
    now = clock("all simple methods", lambda: fit_parts(situation, END_OF_CROWD))
    everybody = np.arange(len(found.people))

    def best(method: Linear | Ranker) -> Lists:
        return method.best(everybody, LENGTH, now.sold, now.own, "new")

    lists = clock("ten best new ones for everybody", lambda: best(now.linear[COLLABORATIVE]))
    assert (lists.products >= 0).all()
    simple = len(clock.taken)
    if not simple_alone:
        _rank(situation, now, clock, best)
    head = f"{people:,} people, {products:,} products, {found.purchases:,} pairs of them."
    lines = [
        head,
        "",
        "| step | CPU s | s by the clock | peak of memory, GB |",
        "|---|---:|---:|---:|",
    ]
    for name, cpu, wall, peak in clock.taken:
        lines.append(f"| {name} | {cpu:.1f} | {wall:.1f} | {peak:.2f} |")
    spent = [cpu for _, cpu, _, _ in clock.taken]
    lines += ["", f"Simple lists in all: {sum(spent[:simple]):.1f} CPU s."]
    if not simple_alone:
        lines += [f"The ranker's, besides: {sum(spent[simple:]):.1f} CPU s."]
    return lines


def _rank(
    situation: Situation, now: SimpleParts, clock: Clock, best: Callable[[Linear | Ranker], Lists]
) -> None:
    """A ranker and its lists for everybody."""
    earlier = now.instant - situation.step
    then = clock("simple methods a horizon ago", lambda: fit_parts(situation, earlier))
    bought = situation.interactions.bought_between(earlier, now.instant)
    ranker = clock("boosted ranker", lambda: fit_ranker(then, bought, now, "new"))
    assert ranker is not None
    lists = clock("its ten best new ones for everybody", lambda: best(ranker))
    assert (lists.products >= 0).all()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--implicit", help="the Python that has implicit")
    parser.add_argument("--scale", nargs=2, type=int, metavar=("PEOPLE", "PRODUCTS"))
    parser.add_argument("--cuts", nargs="+", type=int, metavar="DAYS", help="before the end")
    parser.add_argument("--simple", action="store_true", help="without the ranker")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    if given.scale:
        people, products = given.scale
        lines = scale(people, products, given.simple)
    elif given.cuts:
        lines = other_cuts(given.data / "online-retail", given.cuts)
    else:
        lines = retail(given.data / "online-retail", given.implicit)
    version = sys.version.split()[0]
    lines += [
        "",
        f"Python {version}, {os.cpu_count()} cores, shared; lightgbm {lightgbm.__version__}, "
        f"numpy {np.__version__}.",
    ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if given.record:
        given.record.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
