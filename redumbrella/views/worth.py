"""What a lead is worth: the details of its score in, figures with intervals and their words out.

The lead page, `/api/v1/leads/{id}` and `umbrella explain` show the same `Worth`; a part that the
record cannot teach is None and is not shown. The words about a whole model stand here too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isclose
from typing import Any

from redumbrella.decisions.qualification import Card, Criterion
from redumbrella.figures import NO_BREAK, TIMES, count, decimal, money, percent

SHOWN_DAYS = (7, 30, 90)
LEAST_REPEATS = 0.05  # further purchases a year below which nobody is said to buy again
NO_AMOUNTS = "No lead has an amount above zero: map amount to see money."


@dataclass(frozen=True)
class Range:
    """An expected figure and the interval it likely lies in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ExpectedAmount:
    """What one sale brings, in the workspace's currency."""

    expected: Range
    basis: str  # record: the lead's own amount | model: learned from sales


@dataclass(frozen=True)
class PotentialValue:
    """Potential lifetime value: probability x amount x (1 + further purchases)."""

    expected: Range
    repeats: float  # further purchases expected within a year


@dataclass(frozen=True)
class Within:
    """The probability that a lead has converted some days from now."""

    days: int
    probability: float


@dataclass(frozen=True)
class ExpectedTiming:
    """When a lead converts: days given that it does, and its chance by day."""

    days: Range  # median; 8 in 10 lie between low and high
    within: tuple[Within, ...]
    curve: tuple[tuple[float, float], ...]  # day, probability to have converted by then
    by_day: bool = False  # of most closes only the day is known


@dataclass(frozen=True)
class ExpectedEffort:
    """Work that is still to come until the lead is closed."""

    contacts: Range
    minutes: Range
    cost: Range


@dataclass(frozen=True)
class ExpectedFit:
    """Strategic fit from 0 to 100, and what it rests on."""

    expected: Range
    basis: str  # feedback: ratings of clients | likeness: to the best customers
    ratings: int


@dataclass(frozen=True)
class Worth:
    """Everything that is known about the worth of one lead; None where it is not known."""

    amount: ExpectedAmount | None
    lifetime: PotentialValue | None
    expected_value: Range | None
    profit: Range | None  # if the lead converts, after the cost of the work
    timing: ExpectedTiming | None
    effort: ExpectedEffort | None
    fit: ExpectedFit | None
    card: Card | None
    weights_version: int | None


@dataclass(frozen=True)
class Figure:
    """One line for a person: what it is, the figure, and what it means or rests on."""

    name: str
    figure: str
    note: str = ""


@dataclass(frozen=True)
class WorthPart:
    """One group of lines under a heading."""

    heading: str
    figures: tuple[Figure, ...]


def worth_of(details: Mapping[str, Any]) -> Worth | None:
    """The stored details of one score; None when there are none, as for targets of people."""
    if not details:
        return None
    amount, ltv, fit = (details.get(name) for name in ("amount", "ltv", "fit"))
    effort, timing, card = (details.get(name) for name in ("effort", "timing", "card"))
    return Worth(
        amount=ExpectedAmount(_range(amount), amount["basis"]) if amount else None,
        lifetime=PotentialValue(_range(ltv), ltv["repeats"]) if ltv else None,
        expected_value=_range(details["expected_value"]) if "expected_value" in details else None,
        profit=_range(details["profit"]) if "profit" in details else None,
        timing=_timing(timing) if timing else None,
        effort=ExpectedEffort(*(_range(effort[name]) for name in ("contacts", "minutes", "cost")))
        if effort
        else None,
        fit=ExpectedFit(_range(fit), fit["basis"], fit["ratings"]) if fit else None,
        card=_card(card) if card else None,
        weights_version=card["weights_version"] if card else None,
    )


def parts_of(worth: Worth | None, currency: str, *, numbers: bool = True) -> tuple[WorthPart, ...]:
    """The worth in words, part by part; parts of which nothing is known are left out.

    numbers: whether figures that rest on the probability are given too.
    """
    if worth is None:
        return ()
    parts = (
        WorthPart("What it is worth", tuple(_money_figures(worth, currency)) if numbers else ()),
        WorthPart("When", tuple(_timing_figures(worth.timing)) if numbers else ()),
        WorthPart("Effort", tuple(_effort_figures(worth.effort, currency))),
        WorthPart("Fit", tuple(_fit_figures(worth.fit))),
    )
    return tuple(part for part in parts if part.figures)


def sentences_about(values: Mapping[str, Any] | None) -> list[str]:
    """What the worth of leads rests on, from the report's `values`; [] when nothing was learned."""
    if not values:
        return []
    found = []
    if amount := values.get("amount"):
        found.append(f"The amount is learned from {count(amount['sales'])} sales.")
    else:
        found.append(NO_AMOUNTS)
    repeats = values.get("repeats") or {}
    if amount and repeats.get("purchases", 0.0) >= LEAST_REPEATS:
        found.append(
            f"A new customer buys {decimal(repeats['purchases'], 1)} times more within "
            f"{count(repeats['within_days'])} days."
        )
    if effort := values.get("effort"):
        found.append(f"Effort is learned from {count(effort['leads'])} closed leads.")
    if timing := values.get("timing"):
        longest = days_in_words(timing["longest_days"], by_day=timing.get("by_day", False))
        found.append(f"Time to convert is learned from conversions that took up to {longest}.")
    if values.get("closed_at_once"):
        found.append(
            "When leads convert is not known: most won leads were created and closed in the same "
            "minute, as when both are written down together."
        )
    fit = values.get("fit") or {}
    if fit.get("basis") in _FIT:
        found.append(f"Fit is {_FIT[fit['basis']].format(count(fit['ratings']))}.")
    return found


def days_in_words(days: float, *, by_day: bool = False) -> str:
    """A length of time as people say it: '40 minutes', '14 hours', '2.2 days', '12 days'.

    by_day: it was measured in whole days, from the beginning of the first to the end of the last.
    """
    if by_day:
        whole = max(0, ceil(days - 1e-6) - 1)
        return "the same day" if whole == 0 else _plural(whole, "day")
    if days < 1.0 / 24.0:
        return _plural(days * 1440.0, "minute")
    if days < 1.0:
        return _plural(days * 24.0, "hour")
    return f"{days:.1f} days" if days < 9.95 else f"{days:,.0f} days"


_FIT = {
    "feedback": "learned from {} ratings of clients",
    "likeness": "likeness to {} of the best customers: nobody has rated yet",
}


def _range(stored: Mapping[str, float]) -> Range:
    return Range(stored["value"], stored["low"], stored["high"])


def _timing(stored: Mapping[str, Any]) -> ExpectedTiming:
    curve = tuple((float(day), float(chance)) for day, chance in stored["curve"])
    within = []
    for days in SHOWN_DAYS:
        chance = stored["within"].get(str(days))
        if chance is None and curve and days >= curve[-1][0]:
            chance = curve[-1][1]  # no conversion ever took longer than the curve
        if chance is not None:
            within.append(Within(days, chance))
    return ExpectedTiming(_range(stored["days"]), tuple(within), curve, stored.get("by_day", False))


def _card(stored: Mapping[str, Any]) -> Card:
    criteria = tuple(Criterion(**criterion) for criterion in stored["criteria"])
    return Card(criteria, stored["total"], stored["low"], stored["high"])


def _money_figures(worth: Worth, currency: str) -> list[Figure]:
    """What is known of money; a figure that only repeats another is shown once."""
    if worth.amount is None:
        return [Figure("Amount", "not known", NO_AMOUNTS)]
    own, amount = worth.amount.basis == "record", worth.amount.expected
    figure = money(amount.value, currency) if own else _likely(amount, currency)
    note = "as the record says" if own else "of one sale, learned from sales"
    found = [Figure("Amount", figure, note)]
    lifetime, value, profit = worth.lifetime, worth.expected_value, worth.profit
    note = f"probability {TIMES} amount"
    if lifetime is not None and lifetime.repeats >= LEAST_REPEATS:
        note += f" {TIMES} (1 + {lifetime.repeats:.1f} further purchases within a year)"
    if lifetime is not None and (value is None or not _are_equal(lifetime.expected, value)):
        figure = _likely(lifetime.expected, currency)
        found.append(Figure("Potential lifetime value", figure, note))
        note = "margin of the lifetime value, less the cost of the work"
    if value is not None and not _is_nothing(value):
        found.append(Figure("Expected value", _likely(value, currency), note))
    if profit is not None and not _are_equal(profit, amount) and not _is_nothing(profit):
        note = "profit after the cost of the work"
        found.append(Figure("If it converts", _likely(profit, currency), note))
    return found


def _is_nothing(found: Range) -> bool:
    """Whether a figure and its interval are zero: nothing was learned of it."""
    return found.value == found.low == found.high == 0.0


def _are_equal(one: Range, other: Range) -> bool:
    return all(
        isclose(getattr(one, end), getattr(other, end), rel_tol=1e-6, abs_tol=1e-6)
        for end in ("value", "low", "high")
    )


def _timing_figures(timing: ExpectedTiming | None) -> list[Figure]:
    if timing is None:
        return []
    days, by_day = timing.days, timing.by_day
    low, high = (days_in_words(end, by_day=by_day) for end in (days.low, days.high))
    spread = f"take between {low} and {high}" if low != high else f"take {low}"
    first = Figure(
        "Half convert within",
        days_in_words(days.value, by_day=by_day),
        f"of those like it that convert; 8 in 10 {spread}",
    )
    rest = [
        Figure(f"Converted within {item.days} days", percent(item.probability))
        for item in timing.within
    ]
    return [first, *rest]


def _effort_figures(effort: ExpectedEffort | None, currency: str) -> list[Figure]:
    if effort is None:
        return []
    contacts, minutes = effort.contacts, effort.minutes
    found = []
    if not _is_nothing(contacts):
        figure = f"{contacts.value:.1f}, likely {contacts.low:.0f} to {contacts.high:.0f}"
        found.append(Figure("Contacts to go", figure))
    if not _is_nothing(minutes):
        figure = f"{minutes.value:,.0f}, likely {minutes.low:,.0f} to {minutes.high:,.0f}"
        found.append(Figure("Minutes to go", figure))
    if effort.cost.value > 0.0:
        found.append(Figure("Cost of the work", _likely(effort.cost, currency)))
    return found


def _fit_figures(fit: ExpectedFit | None) -> list[Figure]:
    if fit is None:
        return []
    expected = fit.expected
    figure = f"{expected.value:.0f} of 100, likely {expected.low:.0f} to {expected.high:.0f}"
    note = _FIT[fit.basis].format(count(fit.ratings)) if fit.basis in _FIT else ""
    return [Figure("Strategic fit", figure, note)]


def _likely(amount: Range, currency: str) -> str:
    digits = 0 if abs(amount.high) >= 100.0 else 2  # one form for all three
    value, low, high = (f"{x:,.{digits}f}" for x in (amount.value, amount.low, amount.high))
    return f"{value}{NO_BREAK}{currency}, likely {low} to {high}"


def _plural(number: float, word: str) -> str:
    whole = max(1, round(number))
    return f"{whole} {word}" if whole == 1 else f"{whole} {word}s"
