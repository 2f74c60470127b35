"""A weekly mail with recommendations against one with what is popular, and against none.

    python benchmarks/recommend_mail.py --power [--size medium]
    python benchmarks/recommend_mail.py --live DIR --seed 1 [--weeks 6] [--list new]
        [--visitors 40]
    python benchmarks/recommend_mail.py --page DIR [--record FILE]

In: nothing; companies are made by `redumbrella.simulation`. Out: a section of a page.

--power: from the truth of the companies as they come, how many mails would be needed to see what
the best possible recommendation sells more than a popular product.
--live: one company of frequent buyers is lived for some weeks. Each Tuesday everybody on its record
who may be mailed has, by lot and for good, a mail with the first product of the list, a mail with
the product that most people bought of late, or none. Product and outcomes are those of the
company's files; the truth is asked for afterwards. Results are kept in DIR, so that several seeds
can be lived at once. --page puts together what lies in DIR.
"""

import argparse
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from redumbrella.clock import now
from redumbrella.evaluation.uplift import LEVEL, Uplift, uplift
from redumbrella.progress import silent
from redumbrella.simulation.beginning import begin
from redumbrella.simulation.buying import MAIL_DAYS, purchase_rates
from redumbrella.simulation.chance import uniform
from redumbrella.simulation.days import live
from redumbrella.simulation.decisions import FOLDER as DECISIONS
from redumbrella.simulation.decisions import calls_in_order
from redumbrella.simulation.files import write_company
from redumbrella.simulation.living import live_on
from redumbrella.simulation.mails import may_be_mailed
from redumbrella.simulation.policies import arrival
from redumbrella.simulation.world import World
from redumbrella.views.recommendations import every_place
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.recommend import recommend
from redumbrella.workspace import Workspace, open_workspace

Vector = NDArray[np.float64]
Z, POWER = float(ndtri(0.5 + LEVEL / 2.0)), float(ndtri(0.8))
START = date(2025, 1, 1)  # a Wednesday: the days of the past end on a Monday
PAST, VISITORS = 125, 40
LATELY = 30  # days whose buyers make a product popular
NOT_AGAIN = 8  # weeks in which nobody is offered a product twice
LATE = 3  # days by which a purchase may be written too late
DAY = 86_400_000_000
ARMS = ("recommended", "popular", "none")
RECOMMENDER = """
[[recommenders]]
name = "next"
horizon_days = 14
views = ["page_view", "demo_access", "demo_document", "trial_lesson", "programme"]
explore_share = 0.0
"""
# What a company of frequent buyers has otherwise than the publisher: few visitors, most of whom
# sign up and buy, then again and again, seldom the same.
FREQUENT = {
    "small = { visitors = 80, reps = 1 }": "small = {{ visitors = {visitors}, reps = 1 }}",
    "sign_up = -3.6": "sign_up = 0.5",
    "level = -2.6": "level = 1.5",
    "\nothers = -2.0": "\nothers = 0.0",
    "first_rate = 0.2\n": "first_rate = 0.1\n",
    "pages = 5.0": "pages = 3.0",
    "rate_a_year = 4.0": "rate_a_year = 90.0",
    "leave_a = 0.9": "leave_a = 0.1",
    "leave_b = 6.0": "leave_b = 20.0",
    "same_again = 0.5": "same_again = 0.1",
}


def company(name: str, visitors: int = VISITORS) -> str:
    """The parameters of a company: one that comes with Red Umbrella, or the one of FREQUENT, which
    has so many visitors a day.
    """
    own = "action" if name == "frequent" else name
    text = (files("redumbrella.simulation") / "companies" / f"{own}.toml").read_text("utf-8")
    for old, new in FREQUENT.items() if name == "frequent" else ():
        if text.count(old) != 1:
            raise SystemExit(f"action.toml has not one line {old!r} any more: mend FREQUENT.")
        text = text.replace(old, new.format(visitors=visitors))
    return text


# --- How much is needed --------------------------------------------------------------------------


def mails_needed(p: float, q: float) -> float:
    """Mails of each of two kinds, to see that they sell shares p and q, by POWER at the LEVEL."""
    return (Z + POWER) ** 2 * (p * (1 - p) + q * (1 - q)) / (p - q) ** 2


def power(arguments: argparse.Namespace) -> Iterator[str]:
    """Companies as they come, after a year; who knows every taste against what sells most."""
    yield from (
        "## How many mails are needed",
        "",
        "From the truth of one company each on a Tuesday (seed 1). A recommended product is taken "
        "for what is bought on the day of the mail with chance 0.3 / (1 + exp(-2 t)), t the taste "
        "for its type. Best possible: of the type of the shop that each person likes most. "
        "Popular: of the type of the product that was bought most in the last 30 days. Needed: "
        "mails of each kind, for a chance of 80 % to see the difference in 90 % intervals. What "
        "would be bought anyway, and that mails to one person are alike, is left out, so more is "
        "needed than stands here.",
        "",
        "| company | days | may be mailed | of them customers | buy on the day | "
        "sold by the best possible mail | by a popular product | mails of each kind needed | "
        "weeks, with a third of the company in each arm |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    for name, size, days in (
        ("valiant", arguments.size, 363), ("action", arguments.size, 363),
        ("frequent", "small", PAST),
    ):  # fmt: skip
        yield power_row(name, size, days)
    yield ""


def power_row(name: str, size: str, days: int) -> str:
    """One company's row."""
    world = begin(company(name), 1, size, START, 0)
    sold: Counter[int] = Counter()
    for day in range(days):
        lived = live(world, calls_in_order(arrival(world)))
        if day >= days - LATELY:
            sold.update(lived.sales.product.tolist())
    people = world.people
    may = may_be_mailed(world.company, people, world.day)
    some = np.flatnonzero(may)
    buys, taste = buys_if_mailed(world, some), people.taste[some].astype(np.float64)
    in_shop = np.array([one.shop for one in world.company.products])
    best = buys * taken(np.where(in_shop, taste, -np.inf).max(axis=1))
    popular = buys * taken(taste[:, world.offers.type[sold.most_common(1)[0][0]]])
    needed = mails_needed(float(best.mean()), float(popular.mean()))
    customers = int((people.customer_since[some] >= 0).sum())
    return (
        f"| {name}, {size} | {days} | {some.size:,} | {customers:,} | {buys.mean():.2%} | "
        f"{best.mean():.3%} | {popular.mean():.3%} | {needed:,.0f} | "
        f"{3 * needed / some.size:,.0f} |"
    )


def taken(taste: Vector) -> Vector:
    """The chance that a recommended product of the shop is taken for what is bought."""
    return np.asarray(0.3 * expit(2.0 * taste))


def buys_if_mailed(world: World, who: NDArray[np.int64]) -> Vector:
    """The chance of each to buy again today if today's mail is for him."""
    people, before = world.people, world.people.mailed.copy()
    people.mailed[who] = world.day
    rates = purchase_rates(world.company, people, world.day)[who]
    people.mailed[:] = before
    return np.asarray(-np.expm1(-rates))


# --- The experiment ------------------------------------------------------------------------------


@dataclass
class Kept:
    """What is known of each person over all weeks (n), in the order of `person`.

    arm: a number of ARMS. recommended, popular: weeks in which the product that is first on that
    list was bought within seven days, whether a mail named it or not; on_the_day: the same on the
    day of the mail, [weeks of the list, weeks of the popular one]. purchases, margin: within seven
    days of the Tuesdays. taste, sells: of the product that the mail named, its true taste and the
    true chance that it is taken for what is bought on the day, means over mails; nan without any.
    """

    person: list[str]
    arm: list[int]
    had_bought: list[bool]
    recommended: list[int] = field(default_factory=list)
    popular: list[int] = field(default_factory=list)
    recommended_on_day: list[int] = field(default_factory=list)
    popular_on_day: list[int] = field(default_factory=list)
    purchases: list[int] = field(default_factory=list)
    margin: list[float] = field(default_factory=list)
    taste: list[float] = field(default_factory=list)
    sells: list[float] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)


def instant(day: date) -> int:
    """The beginning of a day, UTC microseconds."""
    return (day - date(1970, 1, 1)).days * DAY


def lived_company(seed: int, weeks: int, list_name: str, visitors: int) -> Kept:
    """One company: its past, the weeks of mails, and what came of them by its own record."""
    begun = time.process_time()
    with TemporaryDirectory(prefix="umbrella-mail-") as room:
        folder = Path(room) / "company"
        world = begin(company("frequent", visitors), seed, "small", START, 0)
        for _ in write_company(world, folder, PAST):
            pass
        settings = folder / "umbrella.toml"
        settings.write_text(settings.read_text("utf-8") + RECOMMENDER, "utf-8")
        workspace = open_workspace(folder)
        ingest(workspace, silent)
        kept = drawn(workspace, seed)
        offers: list[dict[str, dict[str, str]]] = []
        truths: list[list[tuple[float, float]]] = []
        mondays, methods, refused = [], [], 0
        for _ in range(weeks):
            offers.append(offers_of(workspace, world, kept.person, offers, list_name))
            mondays.append(instant(world.today))
            methods.append(method_of(workspace, list_name))
            write_mails(folder, world.today, kept, offers[-1])
            truths.append(truth_of(world, kept, offers[-1]))
            lived = list(live_on(folder, world, MAIL_DAYS, "arrival"))
            refused += refused_of(lived[0].passed_over)
            ingest(workspace, silent)
            print(f"seed {seed}: {world.today}, {time.process_time() - begun:.0f} s", flush=True)
        list(live_on(folder, world, LATE, "arrival"))
        ingest(workspace, silent)
        note_outcomes(kept, workspace, offers, mondays)
    note_truth(kept, truths)
    same = [
        one["recommended"].get(p) == one["popular"].get(p) for one in offers for p in kept.person
    ]
    kept.told = {
        "seed": seed, "weeks": weeks, "list": list_name, "visitors": visitors,
        "cpu": time.process_time() - begun, "methods": methods,
        "refused": refused, "same": float(np.mean(same)),
    }  # fmt: skip
    return kept


def drawn(workspace: Workspace, seed: int) -> Kept:
    """Everybody who may be mailed by the company's own record, and the arm of each.

    Whom the last weekly mail could have reached stands in the treatments. Who unsubscribes later
    stays in his arm: of those without a mail nobody would know it.
    """
    treated = workspace.lake.current("treatments", ["person_id", "at"])
    last = treated.filter(pc.equal(treated["at"], pc.max(treated["at"])))
    people = sorted(set(last["person_id"].to_pylist()))
    number = np.array([int(one.removeprefix("P-")) for one in people])
    arm = (uniform(seed, "arm of the mail", number) * len(ARMS)).astype(np.int64)
    bought = set(workspace.lake.current("purchases", ["person_id"])["person_id"].to_pylist())
    return Kept(people, arm.tolist(), [one in bought for one in people])


def offers_of(
    workspace: Workspace, world: World, people: Sequence[str],
    before: Sequence[Mapping[str, Mapping[str, str]]], list_name: str,
) -> dict[str, dict[str, str]]:  # fmt: skip
    """Today's product for each person, of his list and by popularity, made on today's record.

    Both leave out what the same way offered in the last weeks, and, for the list of new products,
    what the person has bought.
    """
    recommend(workspace, silent)
    lists: dict[str, list[str]] = {}
    for place in every_place(workspace, now()):
        if place["list"] in (list_name, "newcomer"):
            lists.setdefault(place["person_id"], []).append(place["product_id"])
    bought, popular = popular_products(workspace, instant(world.today))
    lately = before[-NOT_AGAIN:]
    found: dict[str, dict[str, str]] = {"recommended": {}, "popular": {}}
    for person in people:
        own = bought.get(person, set()) if list_name == "new" else set()
        candidates = {
            "recommended": lists.get(person, []),
            "popular": [product for product in popular if product not in own],
        }
        for way, products in candidates.items():
            told = {week[way].get(person) for week in lately}
            left = [product for product in products if product not in told]
            if left:
                found[way][person] = left[0]
    return found


def popular_products(workspace: Workspace, today: int) -> tuple[dict[str, set[str]], list[str]]:
    """What each person has bought, and all products by their buyers of late, the most first."""
    bought: dict[str, set[str]] = {}
    late: dict[str, set[str]] = {}
    for person, product, at, _ in purchases_of(workspace):
        bought.setdefault(person, set()).add(product)
        late.setdefault(product, set())
        if at >= today - LATELY * DAY:
            late[product].add(person)
    return bought, sorted(late, key=lambda product: (-len(late[product]), product))


def purchases_of(workspace: Workspace) -> list[tuple[str, str, int, float]]:
    """Person, product, instant and margin of every purchase on the record."""
    table = workspace.lake.current("purchases", ["person_id", "product_id", "at", "margin"])
    at = table["at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    margin = table["margin"].cast(pa.float64())
    columns = (table["person_id"], table["product_id"], at, margin)
    return list(zip(*(one.to_pylist() for one in columns), strict=True))


def method_of(workspace: Workspace, list_name: str) -> str:
    """How today's list was made."""
    for place in every_place(workspace, now()):
        if place["list"] == list_name:
            return str(place["method"])
    return "no list"


def write_mails(
    folder: Path, day: date, kept: Kept, offers: Mapping[str, Mapping[str, str]]
) -> None:
    """decisions/mails.csv: a row for everybody in one of the two arms with a mail."""
    (folder / DECISIONS).mkdir(exist_ok=True)
    rows = [
        f"{day},{person},{offers[ARMS[arm]].get(person, '')}"
        for person, arm in zip(kept.person, kept.arm, strict=True)
        if ARMS[arm] in offers
    ]
    text = "\n".join(["date,person_id,product_id", *rows]) + "\n"
    (folder / DECISIONS / "mails.csv").write_text(text, "utf-8")


def refused_of(passed_over: str) -> int:
    """How many mails did not go out: "960 of 1000 mails went out"."""
    for part in passed_over.split("; "):
        if part.endswith("mails went out"):
            sent, asked = part.removesuffix(" mails went out").split(" of ")
            return int(asked) - int(sent)
    return 0


def truth_of(
    world: World, kept: Kept, offers: Mapping[str, Mapping[str, str]]
) -> list[tuple[float, float]]:
    """Of each person's mail today: true taste for its product, and the chance that it is taken."""
    who = np.array([int(one.removeprefix("P-")) for one in kept.person])
    number = {name: n for n, name in enumerate(world.product_names)}
    named = [offers.get(ARMS[arm], {}).get(person, "") for person, arm in
             zip(kept.person, kept.arm, strict=True)]  # fmt: skip
    product = np.array([number.get(one, -1) for one in named])
    taste = world.people.taste[who, world.offers.type[np.maximum(product, 0)]].astype(np.float64)
    sells = buys_if_mailed(world, who) * taken(taste)
    sells *= world.offers.in_shop[np.maximum(product, 0)] & (world.people.unsubscribed[who] < 0)
    nothing = product < 0
    return list(zip(np.where(nothing, np.nan, taste).tolist(),
                    np.where(nothing, np.nan, sells).tolist(), strict=True))  # fmt: skip


def note_truth(kept: Kept, truths: Sequence[Sequence[tuple[float, float]]]) -> None:
    """Means over the weeks, of each person."""
    every = np.array(truths)  # (weeks, people, 2)
    with np.errstate(invalid="ignore"):  # 0 / 0: whom no mail named anything
        known = np.isfinite(every)
        mean = np.where(known, every, 0.0).sum(axis=0) / known.sum(axis=0)
    kept.taste, kept.sells = mean[:, 0].tolist(), mean[:, 1].tolist()


def note_outcomes(
    kept: Kept,
    workspace: Workspace,
    offers: Sequence[Mapping[str, Mapping[str, str]]],
    tuesdays: Sequence[int],
) -> None:
    """What each person bought within seven days of the Tuesdays, by the record."""
    at = {person: n for n, person in enumerate(kept.person)}
    count = len(kept.person)
    weeks: dict[str, list[set[int]]] = {
        name: [set() for _ in range(count)]
        for name in ("recommended", "popular", "recommended_on_day", "popular_on_day")
    }
    kept.purchases, kept.margin = [0] * count, [0.0] * count
    for person, product, when, margin in purchases_of(workspace):
        n = at.get(person)
        week = int((when - tuesdays[0]) // (MAIL_DAYS * DAY))
        if n is None or not 0 <= week < len(tuesdays):
            continue
        kept.purchases[n] += 1
        kept.margin[n] += margin
        for way in ("recommended", "popular"):
            if offers[week][way].get(person) == product:
                weeks[way][n].add(week)
                if when < tuesdays[week] + DAY:
                    weeks[f"{way}_on_day"][n].add(week)
    for name, sets in weeks.items():
        setattr(kept, name, [len(one) for one in sets])


# --- The page ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """All people of all companies as columns."""

    arm: NDArray[np.int64]
    columns: Mapping[str, Vector]

    def of(self, arm: str, name: str) -> Vector:
        """One column of one arm."""
        values: Vector = self.columns[name][self.arm == ARMS.index(arm)]
        return values


def together(found: Sequence[Kept], *, buyers_only: bool = False) -> Rows:
    """The people of several companies, all or those who had bought before the first mail."""
    names = ("recommended", "popular", "recommended_on_day", "popular_on_day", "purchases",
             "margin", "taste", "sells")  # fmt: skip
    chosen = np.concatenate([np.array(one.had_bought) | (not buyers_only) for one in found])
    columns = {
        name: np.concatenate([np.array(getattr(one, name), np.float64) for one in found])[chosen]
        for name in names
    }
    return Rows(np.concatenate([np.array(one.arm) for one in found])[chosen], columns)


def mean_interval(parts: Sequence[tuple[float, Vector]]) -> tuple[float, float, float]:
    """A sum of signed means of independent groups of people, with its 90 % interval."""
    value = sum(sign * float(values.mean()) for sign, values in parts)
    error = float(np.sqrt(sum(values.var(ddof=1) / values.size for _, values in parts)))
    return value, value - Z * error, value + Z * error


def page(found: Sequence[Kept]) -> Iterator[str]:
    """The section of what was lived."""
    told = [one.told for one in found]
    rows, weeks = together(found), told[0]["weeks"]
    if len({(one["weeks"], one["list"], one["visitors"]) for one in told}) > 1:
        raise SystemExit("These companies were not lived alike: give each kind its own folder.")
    sizes = ", ".join(f"{len(rows.of(arm, 'margin')):,} {arm}" for arm in ARMS)
    cpu = sum(one["cpu"] for one in told)
    methods = Counter(method for one in told for method in one["methods"])
    same = np.mean([one["same"] for one in told])
    refused = sum(one["refused"] for one in told)
    yield from (
        "## Lived",
        "",
        f"{len(found)} companies of frequent buyers (seeds "
        f"{', '.join(str(one['seed']) for one in told)}), {told[0]['visitors']} visitors a day, "
        f"{PAST} days of past, {weeks} Tuesdays with mails, the list "
        f"`{told[0]['list']}` made anew for each. People drawn by lot, each "
        f"for all weeks and counted once: {sizes}; of all of them "
        f"{np.mean(np.concatenate([one.had_bought for one in found])):.0%} had bought before. "
        f"Mails not sent, as people had unsubscribed: {refused:,}. "
        f"Both ways named the same product in {same:.0%} of person-weeks. The list was made by: "
        f"{', '.join(f'{name} ({count} weeks)' for name, count in methods.most_common())}. "
        f"{cpu:,.0f} s of processor.",
        "",
        "By the record, of a person over all weeks; 90 % intervals of `evaluation/uplift.py`, in "
        "points of the share or in EUR.",
        "",
        "| outcome | compared | first | second | what is said |",
        "|---|---|---:|---:|---|",
        *comparisons(rows),
        "",
        "How often the named product was bought, times a person over all weeks. What would be "
        "bought anyway is counted among those without a mail, of whom it is known what each way "
        "would have named.",
        "",
        "| what | all people | had bought before |",
        "|---|---:|---:|",
        *more_than_without(rows, together(found, buyers_only=True)),
        "",
        "By the truth, asked for afterwards, means of people over their mails:",
        "",
        "| what | recommended | popular | difference, 90 % interval |",
        "|---|---:|---:|---:|",
        *truths(rows),
        "",
    )


def comparisons(rows: Rows) -> Iterator[str]:
    """Two arms each, by `uplift`."""
    pairs = (("recommended", "popular"), ("recommended", "none"), ("popular", "none"))
    for words, column in (
        ("bought the named product within 7 days, at least once", ""),
        ("bought it on the day of the mail, at least once", "_on_day"),
    ):
        for one, other in pairs:
            # Of those without a mail: what the first way would have named.
            first = rows.of(one, one + column) > 0
            second = rows.of(other, (one if other == "none" else other) + column) > 0
            yield said_row(words, one, other, uplift(first.astype(float), second.astype(float)))
    for one, other in pairs:
        some = [(rows.of(arm, "purchases") > 0).astype(float) for arm in (one, other)]
        yield said_row("bought anything within 7 days, at least once", one, other, uplift(*some))
    for one, other in pairs:
        some = [rows.of(arm, "margin") for arm in (one, other)]
        yield said_row("margin within 7 days", one, other, uplift(*some, currency="EUR"))


def said_row(words: str, one: str, other: str, found: Uplift) -> str:
    """One comparison."""
    form = "{:,.2f}" if found.currency else "{:.2%}"
    first, second = form.format(found.rate_acted), form.format(found.rate_control)
    return f"| {words} | {one}, {other} | {first} | {second} | {found.says} |"


def more_than_without(*groups: Rows) -> Iterator[str]:
    """Times that the named product was bought, less what those without a mail bought of it."""
    for column, words in (("", "within 7 days"), ("_on_day", "on the day of the mail")):
        for label, wanted in (
            ("recommended, less popular", "raw"),
            ("recommended, less the same without a mail", "recommended"),
            ("popular, less the same without a mail", "popular"),
            ("what the first of these two is above the second", "both"),
        ):
            cells = []
            for rows in groups:
                parts = parts_of(rows, wanted, column)
                value, low, high = mean_interval(parts)
                cells.append(f"{value:+.4f} ({low:+.4f} to {high:+.4f})")
            yield f"| {words}: {label} | {' | '.join(cells)} |"


def parts_of(rows: Rows, wanted: str, column: str) -> list[tuple[float, Vector]]:
    """The signed groups of one row of `more_than_without`."""
    mailed = {way: rows.of(way, way + column) for way in ("recommended", "popular")}
    without = {way: rows.of("none", way + column) for way in ("recommended", "popular")}
    if wanted == "raw":
        return [(1.0, mailed["recommended"]), (-1.0, mailed["popular"])]
    if wanted == "both":
        between = without["recommended"] - without["popular"]
        return [(1.0, mailed["recommended"]), (-1.0, mailed["popular"]), (-1.0, between)]
    return [(1.0, mailed[wanted]), (-1.0, without[wanted])]


def truths(rows: Rows) -> Iterator[str]:
    """Hidden taste and chances of what was named."""
    for name, words, digits in (
        ("taste", "true taste for the type of the named product", 3),
        ("sells", "true chance that it is taken for what is bought on the day", 5),
    ):
        both = [rows.of(arm, name) for arm in ("recommended", "popular")]
        both = [one[np.isfinite(one)] for one in both]
        value, low, high = mean_interval([(1.0, both[0]), (-1.0, both[1])])
        yield (
            f"| {words} | {both[0].mean():.{digits}f} | {both[1].mean():.{digits}f} | "
            f"{value:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f}) |"
        )


def main() -> None:
    """Runs the part that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--power", action="store_true")
    parser.add_argument("--live", type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weeks", type=int, default=6)
    parser.add_argument("--visitors", type=int, default=VISITORS)
    parser.add_argument("--list", default="new", choices=("new", "all"))
    parser.add_argument("--size", default="medium")
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    if arguments.live:
        kept = lived_company(arguments.seed, arguments.weeks, arguments.list, arguments.visitors)
        arguments.live.mkdir(parents=True, exist_ok=True)
        path = arguments.live / f"seed-{arguments.seed}.json"
        path.write_text(json.dumps(kept.__dict__), "utf-8")
    versions = ", ".join(f"{name} {version(name)}" for name in ("redumbrella", "numpy", "scipy"))
    lines = [f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}.", ""]
    if arguments.power:
        lines += power(arguments)
    if arguments.page:
        paths = sorted(arguments.page.glob("seed-*.json"))
        lines += page([Kept(**json.loads(path.read_text("utf-8"))) for path in paths])
    if arguments.power or arguments.page:
        text = "\n".join(lines)
        print(text)
        if arguments.record:
            arguments.record.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
