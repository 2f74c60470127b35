"""What an action brings: do the intervals of `evaluation/uplift.py` hold what they say?

    python benchmarks/uplift.py --shares
    python benchmarks/uplift.py --money [--draws 1000]
    python benchmarks/uplift.py --company [--seeds 4] [--lives 100] [--weeks 26]
        [--companies valiant,action] [--effects nothing,strong] [--size small]
        [--left-alone 0.1] [--record FILE]

In: nothing. Out: for each part a section of a page.

--shares: the exact coverage of 90 % intervals for a difference of two shares, summed over all
outcomes, for groups of many sizes, shares and effects; four ways of making them.
--money: the same for amounts, drawn: most people spend nothing, the others log-normal amounts.
--company: weekly mails of the simulated company to its customers, a share left alone by lot, and
what `uplift` says after half a year against the true effect by the company's formulas.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit
from scipy.stats import binom

from redumbrella.evaluation import uplift as measured
from redumbrella.evaluation.uplift import LEVEL, Uplift, uplift
from redumbrella.simulation import mails
from redumbrella.simulation.beginning import begin
from redumbrella.simulation.buying import DaySales, buy, purchase_rates
from redumbrella.simulation.chance import uniform
from redumbrella.simulation.days import live
from redumbrella.simulation.decisions import Decisions, calls_in_order, read_decisions
from redumbrella.simulation.leads import OPEN
from redumbrella.simulation.mails import NO_MAIL, Mailing, may_be_mailed
from redumbrella.simulation.people import BUYER, NEVER
from redumbrella.simulation.policies import arrival
from redumbrella.simulation.web import SMALLEST_RATE, season_on, visit, visit_rates
from redumbrella.simulation.world import World

Vector = NDArray[np.float64]
Ends = tuple[Vector, Vector]
Z = float(ndtri(0.5 + LEVEL / 2.0))
PAST, HORIZON = 240, 7  # days lived before the first mail; days in which a purchase counts

# --- Shares ------------------------------------------------------------------------------------

CONTROLS = ((20, 1), (20, 9), (30, 1), (30, 9), (50, 9), (100, 1), (100, 9), (200, 1))
SHARES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
EFFECTS = (-0.1, -0.05, -0.02, -0.01, 0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


def plain(x: Vector, n: float, y: Vector, m: float) -> Ends:
    """Wald's interval."""
    p, q = x / n, y / m
    half = Z * np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return p - q - half, p - q + half


def agresti_caffo(x: Vector, n: float, y: Vector, m: float) -> Ends:
    """Agresti & Caffo (2000)."""
    return plain(x + 1, n + 2, y + 1, m + 2)


def newcombe(x: Vector, n: float, y: Vector, m: float) -> Ends:
    """Newcombe (Statistics in Medicine 17, 1998), method 10: two of Wilson's score intervals."""
    (p, low_p, high_p), (q, low_q, high_q) = _wilson(x, n), _wilson(y, m)
    return (p - q - np.hypot(p - low_p, high_q - q), p - q + np.hypot(high_p - p, q - low_q))


def _wilson(x: Vector, n: float) -> tuple[Vector, Vector, Vector]:
    p, scale = x / n, 1 + Z * Z / n
    middle = (p + Z * Z / 2 / n) / scale
    half = Z / scale * np.sqrt(p * (1 - p) / n + Z * Z / 4 / n / n)
    return p, middle - half, middle + half


def miettinen_nurminen(x: Vector, n: float, y: Vector, m: float) -> Ends:
    """Miettinen & Nurminen (Statistics in Medicine 4, 1985), by halving."""
    seen = x / n - y / m
    ends = []
    for sign in (1.0, -1.0):  # the lower end is where the score is Z, the upper one where it is -Z
        inner, outer = seen.copy(), np.full(seen.shape, -sign * (1.0 - 1e-9))
        for _ in range(40):
            middle = (inner + outer) / 2
            outside = sign * _score(x, n, y, m, middle) > Z
            outer, inner = np.where(outside, middle, outer), np.where(outside, inner, middle)
        ends.append((inner + outer) / 2)
    return ends[0], ends[1]


def _score(x: Vector, n: float, y: Vector, m: float, d: Vector) -> Vector:
    """The score with the shares that are likeliest at a difference d, in the closed form of
    Farrington & Manning (Statistics in Medicine 9, 1990).
    """
    theta, p, q = m / n, x / n, y / m
    a, b = 1 + theta, -(1 + theta + p + theta * q + d * (theta + 2))
    c, e = d * d + d * (2 * p + theta + 1) + p + theta * q, -p * d * (1 + d)
    v = b**3 / (27 * a**3) - b * c / (6 * a * a) + e / (2 * a)
    u = np.where(v >= 0, 1, -1) * np.sqrt(np.maximum(b * b / (9 * a * a) - c / (3 * a), 1e-60))
    w = (np.pi + np.arccos(np.clip(v / u**3, -1, 1))) / 3
    with_d = np.clip(2 * u * np.cos(w) - b / (3 * a), np.maximum(0, d), np.minimum(1, 1 + d))
    without = with_d - d
    variance = with_d * (1 - with_d) / n + without * (1 - without) / m
    return (p - q - d) / np.sqrt(np.maximum(variance * (n + m) / (n + m - 1), 1e-30))


OF_SHARES: dict[str, Callable[[Vector, float, Vector, float], Ends]] = {
    "plain (Wald)": plain,
    "Agresti and Caffo": agresti_caffo,
    "Newcombe": newcombe,
    "Miettinen and Nurminen": miettinen_nurminen,
}


def shares(_: argparse.Namespace) -> Iterator[str]:
    """Exact coverage over all pairs of outcomes."""
    yield from (
        "## Yes or no",
        "",
        f"Control groups of {', '.join(sorted({str(m) for m, _ in CONTROLS}, key=int))} people, "
        "groups with the action as large or nine times as large, shares without the action "
        f"{min(SHARES)} to {max(SHARES)}, effects {min(EFFECTS)} to {max(EFFECTS)}: coverage of "
        "the 90 % interval, summed over all outcomes.",
        "",
        "| interval | lowest | of all, 5 % are below | mean | above the truth at most | "
        "below it at most | mean width |",
        "|---|---:|---:|---:|---:|---:|---:|",
    )
    for name, method in OF_SHARES.items():
        rows = np.array([row for m, ratio in CONTROLS for row in _exact(method, m * ratio, m)])
        low, mean = rows[:, 0].min(), rows[:, 0].mean()
        yield (
            f"| {name} | {low:.3f} | {np.quantile(rows[:, 0], 0.05):.3f} | {mean:.3f} | "
            f"{rows[:, 1].max():.3f} | {rows[:, 2].max():.3f} | {rows[:, 3].mean():.3f} |"
        )
    yield ""


def _exact(
    method: Callable[[Vector, float, Vector, float], Ends], n: int, m: int
) -> Iterator[tuple[float, float, float, float]]:
    """For each share and effect: covered, wholly above, wholly below, mean width."""
    x, y = np.meshgrid(np.arange(n + 1.0), np.arange(m + 1.0), indexing="ij")
    low, high = method(x, n, y, m)
    for share in SHARES:
        for effect in EFFECTS:
            if not 0.0 <= share + effect <= 1.0:
                continue
            chance = np.outer(binom.pmf(np.arange(n + 1), n, share + effect),
                              binom.pmf(np.arange(m + 1), m, share))  # fmt: skip
            above, below = low > effect + 1e-12, high < effect - 1e-12
            yield (float((chance * ~(above | below)).sum()), float((chance * above).sum()),
                   float((chance * below).sum()), float((chance * (high - low)).sum()))  # fmt: skip


# --- Money -------------------------------------------------------------------------------------

PEOPLE = ((40, 9), (100, 1), (100, 9), (400, 1), (400, 9), (1000, 9))
BUYING = (0.03, 0.1, 0.3, 1.0)
FACTORS = (0.7, 1.0, 1.3)
TAILS = (0.5, 1.0, 1.5)  # standard deviation of the log of an amount
RESAMPLED = 400


def welch(acted: Vector, control: Vector) -> tuple[float, float]:
    """Welch's interval: each group's own variance, no skewness."""
    quantile, error, _ = _studentized(acted, control)
    difference = float(acted.mean() - control.mean())
    return difference - quantile * error, difference + quantile * error


def zhou_dinh(acted: Vector, control: Vector) -> tuple[float, float]:
    """The first transformation of Zhou & Dinh (Biostatistics 6, 2005), which takes the skewness A
    out: T + A T^2 / 3 + A^2 T^3 / 27 + A / 6 is nearly normal. Inverted.
    """
    quantile, error, skewness = _studentized(acted, control)
    difference = float(acted.mean() - control.mean())
    ends = []
    for value in (quantile, -quantile):
        root = np.cbrt(1.0 + skewness * (value - skewness / 6.0))
        untransformed = value if abs(skewness) < 1e-6 else 3.0 / skewness * (root - 1.0)
        ends.append(difference - float(untransformed) * error)
    return ends[0], ends[1]


def _studentized(acted: Vector, control: Vector) -> tuple[float, float, float]:
    """Welch's quantile, the error of the difference of the means, and the skewness of that."""
    own = [one.var(ddof=1) / one.size for one in (acted, control)]
    freedom = sum(own) ** 2 / (own[0] ** 2 / (acted.size - 1) + own[1] ** 2 / (control.size - 1))
    third = [float(np.mean((one - one.mean()) ** 3)) / one.size**2 for one in (acted, control)]
    error = float(np.sqrt(sum(own)))
    return float(stdtrit(freedom, 0.5 + LEVEL / 2)), error, (third[0] - third[1]) / error**3


def pooled(acted: Vector, control: Vector) -> tuple[float, float]:
    """Student's interval with one variance for both."""
    n, m = acted.size, control.size
    both = ((n - 1) * acted.var(ddof=1) + (m - 1) * control.var(ddof=1)) / (n + m - 2)
    half = float(stdtrit(n + m - 2, 0.5 + LEVEL / 2)) * float(np.sqrt(both * (1 / n + 1 / m)))
    difference = float(acted.mean() - control.mean())
    return difference - half, difference + half


def bootstrap_t(acted: Vector, control: Vector) -> tuple[float, float]:
    """The studentized bootstrap (Efron & Tibshirani 1993, section 12.5)."""
    chance = np.random.default_rng(acted.size + control.size)
    means, variances = [], []
    for one in (acted, control):
        drawn = chance.choice(one, (RESAMPLED, one.size))
        means.append(drawn.mean(axis=1))
        variances.append(drawn.var(axis=1, ddof=1) / one.size)
    difference = float(acted.mean() - control.mean())
    error = np.sqrt(acted.var(ddof=1) / acted.size + control.var(ddof=1) / control.size)
    t = (means[0] - means[1] - difference) / np.sqrt(np.maximum(sum(variances), 1e-300))
    low, high = np.quantile(t, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return difference - float(high) * error, difference - float(low) * error


def ours(acted: Vector, control: Vector) -> tuple[float, float]:
    """What `uplift` gives."""
    found = uplift(acted, control, currency="EUR")
    return found.low, found.high


OF_MONEY = {
    "Welch": welch,
    "Zhou and Dinh": zhou_dinh,
    "bootstrap-t": bootstrap_t,
    "one variance for both": pooled,
    "in use": ours,
}


def money(arguments: argparse.Namespace) -> Iterator[str]:
    """Coverage of amounts where the floor of `uplift` lets them be told."""
    chance = np.random.default_rng(arguments.first_seed)
    found: dict[str, list[tuple[float, ...]]] = {}
    for m, ratio in PEOPLE:
        for buying in BUYING:
            for tail in TAILS:
                for factor in FACTORS:
                    rows = _drawn(chance, (m * ratio, m), buying, tail, factor, arguments.draws)
                    for name, row in rows.items():
                        found.setdefault(name, []).append((m, ratio, buying, tail, factor, *row))
    yield from (
        "## Money",
        "",
        f"A share {min(BUYING)} to {max(BUYING)} of the people spends log-normal amounts, with a "
        f"standard deviation of the log of {', '.join(map(str, TAILS))}; with the action "
        f"{', '.join(map(str, FACTORS))} times as many do (where all spend: as much). Control "
        f"groups of {min(m for m, _ in PEOPLE)} to {max(m for m, _ in PEOPLE)}, the others as many "
        f"or nine times as many; {arguments.draws:,} draws of each, those counted in which "
        f"{measured.LEAST_BUYERS} of each group spend anything.",
        "",
        "| interval | cases | lowest | mean, tail 0.5 | 1.0 | 1.5 | above the truth at most | "
        "below it at most | mean width over Welch's |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    widths = {row[:5]: row[8] for row in found["Welch"]}
    for name, listed in found.items():
        rows = np.array(listed)
        tails = " | ".join(f"{rows[rows[:, 3] == tail, 5].mean():.3f}" for tail in TAILS)
        wide = np.mean([row[8] / widths[row[:5]] for row in listed])
        yield (
            f"| {name} | {len(rows)} | {rows[:, 5].min():.3f} | {tails} | {rows[:, 6].max():.3f} | "
            f"{rows[:, 7].max():.3f} | {wide:.3f} |"
        )
    worst = sorted(found["in use"], key=lambda row: row[5])[:6]
    yield from ("", "The lowest of the interval in use:", "",
                "| control | times as many | spend | tail | factor | covered |",
                "|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    for row in worst:
        yield f"| {row[0]} | {row[1]} | {row[2]} | {row[3]} | {row[4]} | {row[5]:.3f} |"
    yield ""


def _drawn(
    chance: np.random.Generator, sizes: tuple[int, int], buying: float, tail: float,
    factor: float, draws: int,
) -> dict[str, tuple[float, float, float, float]]:  # fmt: skip
    """Of each interval: covered, above, below, mean width; nothing where few draws may be told."""
    shares_of = (min(1.0, buying * factor), buying)
    larger = factor if buying == 1.0 else 1.0
    mean = np.exp(tail * tail / 2.0)
    truth = mean * (shares_of[0] * larger - shares_of[1])
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in OF_MONEY}
    for number in range(draws):
        groups = [
            np.where(chance.random(size) < share, np.exp(tail * chance.normal(size=size)), 0.0)
            for size, share in zip(sizes, shares_of, strict=True)
        ]
        groups[0] *= larger
        if min(np.count_nonzero(one) for one in groups) < measured.LEAST_BUYERS:
            continue
        for name, method in OF_MONEY.items():
            # Resampling is slow: a tenth of the draws, and no large groups.
            if name == "bootstrap-t" and (number % 10 or max(sizes) > 1000):
                continue
            rows[name].append(method(groups[0], groups[1]))
    found = {}
    for name, ends in rows.items():
        if len(ends) >= draws // 30:
            low, high = np.array(ends).T
            found[name] = (float(np.mean((low <= truth) & (truth <= high))),
                           float(np.mean(low > truth)), float(np.mean(high < truth)),
                           float(np.mean(high - low)))  # fmt: skip
    return found


# --- The simulated company ---------------------------------------------------------------------

# What a mail does: log of the purchase rate at taste 1, and how many times as many visits.
EFFECTS_OF_MAIL: dict[str, tuple[float, float] | None] = {
    "nothing": (0.0, 1.0),
    "as the company has it": None,
    "strong": (1.0, 2.0),
}


def lived(name: str, seed: int, size: str) -> World:
    """A company after its past, in which nobody was mailed."""
    text = (files("redumbrella.simulation") / "companies" / f"{name}.toml").read_text("utf-8")
    world = begin(text, seed, size, date(2025, 1, 1), 0)
    for _ in range(PAST):
        live(world, replace(calls_in_order(arrival(world)), mailing=NO_MAIL))
    while world.today.weekday() != 1:  # mails go out on Tuesdays
        live(world, replace(calls_in_order(arrival(world)), mailing=NO_MAIL))
    return world


def with_mail(world: World, effect: tuple[float, float] | None) -> World:
    """The same company, with a mail that does more or less."""
    own = deepcopy(world)
    if effect is not None:
        mail = replace(own.company.mail, more_purchases=effect[0], more_visits=effect[1])
        own.company = replace(own.company, mail=mail)
    return own


def customers_alone(world: World) -> World:
    """The world in which nobody but customers without an open lead does anything.

    Nobody else changes what those buy in a week, so it is left out to live faster; `agrees` checks.
    """
    own = deepcopy(world)
    others = ~_asked(own)
    own.people.double_of[others] = 0  # doubles neither visit nor get mails
    own.people.buy_rate[others] = 0.0
    return own


def copied(world: World, copies: int) -> World:
    """Only customers without an open lead, each so many times: the same persons with other luck."""
    own = deepcopy(world)
    own.people = own.people.at(np.tile(np.flatnonzero(_asked(own)), copies))
    own.leads = own.leads.at(np.zeros(0, np.int64))
    return own


def _asked(world: World) -> NDArray[np.bool_]:
    """Customers who may be mailed and have no open lead."""
    people, leads = world.people, world.leads
    busy = np.zeros(len(people), np.bool_)
    busy[leads.person[leads.state == OPEN]] = True
    is_customer = (people.customer_since >= 0) & ~busy
    return is_customer & may_be_mailed(world.company, people, world.day)


def weekly_rule(world: World, seed: int, left_alone: float) -> tuple[Mailing, NDArray[np.int64]]:
    """Today's mail to all customers but a share drawn by lot; and those left alone."""
    asked = np.flatnonzero(_asked(world))
    alone = uniform(seed, "left alone", asked, world.day) < left_alone
    mailed = asked[~alone]
    return Mailing(mailed, np.full(mailed.size, NEVER), asked, 1.0 - left_alone), asked[alone]


def _season(world: World) -> float:
    return season_on(world.company, world.today.weekday(), world.today.timetuple().tm_yday)


def live_customers(world: World, mailing: Mailing) -> DaySales:
    """One day as `days.live` has it, of what customers do."""
    company, seed, people, day = world.company, world.seed, world.people, world.day
    mails.apply_mails(company, seed, people, mailing, day)
    visiting = visit(company, seed, world.site, world.offers, people, day, _season(world))
    known = visiting.visitors[people.signed_up[visiting.visitors] >= 0]
    recommended = np.full(len(people), NEVER, np.int64)
    sales = buy(company, seed, people, world.offers, known, recommended, day)
    world.day += 1
    return sales


def true_effect(world: World, asked: NDArray[np.int64]) -> tuple[Vector, Vector]:
    """Chances that each of those asked buys within the horizon, with a mail today and without.

    By the formulas of docs/simulation.md (3), (5) and (6): each day a customer buys again, or buys
    in the shop on a visit; what is drawn for one day and way does not depend on the others.
    """
    company, people = world.company, world.people
    before, none = people.mailed.copy(), []
    for mailed in (True, False):
        people.mailed[asked] = world.day if mailed else -1000
        nothing = np.ones(asked.size)
        for day in range(world.day, world.day + HORIZON):
            today = world.date_of(day)
            season = season_on(company, today.weekday(), today.timetuple().tm_yday)
            again = -np.expm1(-purchase_rates(company, people, day)[asked])
            rates = visit_rates(company, people, day)[asked]
            visits = np.where(rates > SMALLEST_RATE, -np.expm1(-rates * season), 0.0)
            intent = np.minimum(people.intent_on(day)[asked], 3.0)
            shops = np.minimum(company.purchases.without_lead * np.exp(intent), 1.0)
            may = (people.persona[asked] == BUYER) & (people.left[asked] < 0)
            nothing *= (1.0 - again) * (1.0 - np.where(may, visits * shops, 0.0))
        none.append(nothing)
    people.mailed[:] = before
    return 1.0 - none[0], 1.0 - none[1]


def agrees(world: World, folder: Path) -> bool:
    """Whether a week of customers alone sells what the whole company's week does to them, with the
    mail read from decisions/mails.csv as `umbrella simulate day` reads it.
    """
    whole, alone = deepcopy(world), customers_alone(world)
    asked = np.flatnonzero(_asked(world))
    (folder / "decisions").mkdir(parents=True, exist_ok=True)
    for day in range(HORIZON):
        mailing = weekly_rule(alone, 1, 0.1)[0] if day == 0 else NO_MAIL
        rows = [f"{whole.today},P-{who:06d}," for who in mailing.people]
        (folder / "decisions" / "mails.csv").write_text(
            "\n".join(["date,person_id,product_id", *rows]) + "\n", "utf-8"
        )
        read = read_decisions(folder, whole, arrival(whole))
        if day == 0 and not np.array_equal(np.sort(read.mailing.people), mailing.people):  # type: ignore[union-attr]
            return False
        decided = read if day == 0 else Decisions(read.order, read.reps, mailing=NO_MAIL)
        theirs, own = live(whole, decided).sales, live_customers(alone, mailing)
        of = np.isin(theirs.person, asked)
        if not np.array_equal(theirs.person[of], own.person):
            return False
        if not np.array_equal(theirs.amount[of], own.amount):
            return False
    return True


@dataclass(frozen=True)
class HalfYear:
    """What came of a half year of weekly mails: what `uplift` says, and what is true."""

    shares: Uplift
    amounts: Uplift
    true_share: float
    share_without: float


def half_years(
    world: World, luck: int, weeks: int, left_alone: float, copies: int
) -> Iterator[HalfYear]:
    """Lives weeks of mails from one morning, as many times as there are copies, and compares."""
    own = copied(world, copies)
    own.seed = luck  # persons and products stay those of the company
    of_copy = np.arange(len(own.people)) // (len(own.people) // copies)
    kept: list[tuple[NDArray[np.int64], Vector, NDArray[np.bool_], Vector, Vector]] = []
    for _ in range(weeks):
        mailing, alone = weekly_rule(own, luck, left_alone)
        asked = mailing.eligible
        with_mail_chance, chance = true_effect(own, asked)
        spent = np.zeros(len(own.people))
        for day in range(HORIZON):
            sales = live_customers(own, mailing if day == 0 else NO_MAIL)
            np.add.at(spent, sales.person, sales.amount)
        kept.append((of_copy[asked], spent[asked], np.isin(asked, alone), with_mail_chance, chance))
    copy, spent, is_alone, with_mail_chance, chance = (
        np.concatenate(parts) for parts in zip(*kept, strict=True)
    )
    for number in range(copies):
        rows = copy == number
        acted, control = spent[rows & ~is_alone], spent[rows & is_alone]
        yield HalfYear(
            uplift((acted > 0).astype(float), (control > 0).astype(float),
                   control_share=left_alone),
            uplift(acted, control, currency="EUR", control_share=left_alone),
            float((with_mail_chance - chance)[rows].mean()),
            float(chance[rows].mean()),
        )  # fmt: skip


def company(arguments: argparse.Namespace) -> Iterator[str]:
    """Coverage of the true effect, and what is said, over companies and luck."""
    found: dict[tuple[str, str], list[HalfYear]] = {}
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    weeks, left_alone = arguments.weeks, arguments.left_alone
    checked = 0
    for name in arguments.companies.split(","):
        for seed in seeds:
            world = lived(name, seed, arguments.size)
            with tempfile.TemporaryDirectory() as room:
                if not agrees(world, Path(room)):
                    raise SystemExit("A week of customers alone is not that of the company.")
            checked += 1
            for effect in arguments.effects.split(","):
                parameters = EFFECTS_OF_MAIL[effect]
                mailing = with_mail(world, parameters)
                rows = found.setdefault((name, effect), [])
                rows += half_years(mailing, seed, weeks, left_alone, arguments.lives)
                print(seed, _row(name, effect, rows), flush=True)  # it takes a while
    yield from (
        "## In the simulated company",
        "",
        f"{arguments.seeds} companies each of size {arguments.size}, {PAST} days of past without "
        f"mails, then {weeks} weeks in which every Tuesday all customers without an open lead are "
        f"mailed but {left_alone:.0%} drawn by lot; a purchase within {HORIZON} days counts. "
        f"{arguments.lives} times from the same morning with other luck. The true effect is that "
        "of the company's formulas on the people drawn. Only customers were lived, who do not "
        f"depend on the others; in {checked} weeks, with the mails read from decisions/mails.csv, "
        "they bought the same to the row.",
        "",
        "| company | what the mail does | half years | people-weeks, left alone | buy without | "
        "true effect, points | covered | too high | too low | brings | nothing seen | "
        "cannot tell yet | takes away | half width, points |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    for (name, effect), rows in found.items():
        yield _row(name, effect, rows)
    yield from (
        "",
        "What is said of money. Where the mail does nothing the truth is 0.",
        "",
        "| company | what the mail does | told | covers 0 | brings | nothing seen | "
        "cannot tell yet | takes away | mean of the difference |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    )
    for (name, effect), rows in found.items():
        yield _money_row(name, effect, [one.amounts for one in rows])
    yield ""


def _said(results: list[Uplift]) -> str:
    brings = np.mean([one.is_clear and one.low > 0 for one in results])
    takes = np.mean([one.is_clear and one.high < 0 for one in results])
    nothing = np.mean([one.is_nothing for one in results])
    unknown = max(0.0, 1.0 - brings - takes - nothing)
    return f"{brings:.1%} | {nothing:.1%} | {unknown:.1%} | {takes:.1%}"


def _row(name: str, effect: str, rows: list[HalfYear]) -> str:
    rows = [one for one in rows if not one.shares.refused]
    results = [one.shares for one in rows]
    truth = np.array([one.true_share for one in rows])
    low, high = (np.array([getattr(one, end) for one in results]) for end in ("low", "high"))
    people = np.mean([one.acted + one.control for one in results])
    alone = np.mean([one.control for one in results])
    return (
        f"| {name} | {effect} | {len(results)} | {people:,.0f}, {alone:,.0f} | "
        f"{np.mean([one.share_without for one in rows]):.2%} | {100 * truth.mean():+.2f} | "
        f"{np.mean((low <= truth) & (truth <= high)):.1%} | {np.mean(low > truth):.1%} | "
        f"{np.mean(high < truth):.1%} | {_said(results)} | {50 * np.mean(high - low):.2f} |"
    )


def _money_row(name: str, effect: str, results: list[Uplift]) -> str:
    told = [one for one in results if not one.refused]
    if not told:
        return f"| {name} | {effect} | 0 of {len(results)} | | | | | | |"
    covers = np.mean([one.low <= 0.0 <= one.high for one in told])
    return (
        f"| {name} | {effect} | {len(told)} of {len(results)} | {covers:.1%} | {_said(told)} | "
        f"{np.mean([one.difference for one in told]):+.2f} EUR |"
    )


# --- The page ----------------------------------------------------------------------------------

PARTS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "shares": shares,
    "money": money,
    "company": company,
}


def head() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("redumbrella", "numpy", "scipy"))
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}."


def main() -> None:
    """Runs the parts that are asked for, and prints or records their sections."""
    parser = argparse.ArgumentParser(description=__doc__)
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--lives", type=int, default=100)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--companies", default="valiant,action")
    parser.add_argument("--effects", default=",".join(EFFECTS_OF_MAIL))
    parser.add_argument("--size", default="small")
    parser.add_argument("--left-alone", type=float, default=0.1)
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    chosen = [part for part in PARTS if getattr(arguments, part)]
    text = "\n".join([head(), "", *(line for part in chosen for line in PARTS[part](arguments))])
    print(text)
    if arguments.record:
        arguments.record.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
