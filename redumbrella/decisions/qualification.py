"""The qualification card of a lead: four criteria from 0 to 100, weighted by today's objectives.

In: a lead's probability and the details of its value (scores.values). Out: `Card`: ease of
conversion, ease of delivery, profit and strategic fit, each with its interval and the plain figures
behind it, and one weighted total. A criterion that nobody can know is left out, and the weights of
the others are scaled up. (Article 001: qualification by four criteria and their uncertainty.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import sqrt
from typing import Any

from redumbrella.errors import SettingsError, nearest
from redumbrella.figures import percent

CRITERIA = ("ease_of_conversion", "ease_of_delivery", "profit", "fit")
LABELS = {
    "ease_of_conversion": "Ease of conversion",
    "ease_of_delivery": "Ease of delivery",
    "profit": "Profit",
    "fit": "Strategic fit",
}
Scored = tuple[str, float, float, float]  # name, score, low, high


@dataclass(frozen=True)
class Criterion:
    """One criterion: name, score from 0 to 100 with its interval, and the figures behind it."""

    name: str
    label: str
    score: float
    low: float
    high: float
    figures: str


@dataclass(frozen=True)
class Card:
    """All criteria that are known, and their weighted total with its interval, 0 to 100."""

    criteria: tuple[Criterion, ...]
    total: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """A JSON form."""
        return asdict(self)


def card_of(
    probability: float,
    low: float,
    high: float,
    details: Mapping[str, Any],
    weights: Mapping[str, float],
    currency: str,
) -> Card:
    """The card of one lead. low, high: the interval of its probability."""
    found = [_conversion(probability, low, high)]
    if effort := details.get("effort"):
        found.append(_delivery(effort, currency))
    if profit := details.get("profit"):
        found.append(_profit(profit, currency))
    if fit := details.get("fit"):
        found.append(_fit(fit))
    total, least, most = weighted([(c.name, c.score, c.low, c.high) for c in found], weights)
    return Card(tuple(found), total, least, most)


def weighted(
    criteria: Sequence[Scored], weights: Mapping[str, float]
) -> tuple[float, float, float]:
    """Total and interval: the weighted mean; deviations of criteria are taken as independent.

    Where every known criterion has weight zero, they count equally. One loop and no objects: new
    weights ask this of every open lead.
    """
    given = [max(weights.get(name, 0.0), 0.0) for name, _, _, _ in criteria]
    if not sum(given) > 0.0:
        given = [1.0] * len(criteria)
    whole, total, down, up = sum(given), 0.0, 0.0, 0.0
    for weight, (_, score, low, high) in zip(given, criteria, strict=True):
        share = weight / whole
        total += share * score
        down += (share * (score - low)) ** 2
        up += (share * (high - score)) ** 2
    return total, max(total - sqrt(down), 0.0), min(total + sqrt(up), 100.0)


def checked_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights by criterion, absent ones 0. Raises SettingsError for unknown or impossible ones."""
    for name, weight in weights.items():
        if name not in CRITERIA:
            raise SettingsError(
                f'There is no criterion "{name}".{nearest(name, CRITERIA)} '
                f"Valid: {', '.join(CRITERIA)}.",
                reason="unknown_criterion",
            )
        if not 0.0 <= weight < 1e9:
            raise SettingsError(
                f"The weight of {name} is {weight:g}; expected a number from 0 up.",
                reason="bad_weight",
            )
    if not sum(weights.values()) > 0.0:
        raise SettingsError(
            "All weights are zero: give at least one criterion a weight above 0.",
            reason="bad_weight",
        )
    return {name: float(weights.get(name, 0.0)) for name in CRITERIA}


def _conversion(probability: float, low: float, high: float) -> Criterion:
    figures = f"{percent(probability)} likely to convert"
    return _criterion("ease_of_conversion", probability, low, high, figures)


def _delivery(effort: Mapping[str, Any], currency: str) -> Criterion:
    minutes, contacts, cost = effort["minutes"], effort["contacts"], effort["cost"]
    figures = f"{contacts['value']:.1f} contacts and {minutes['value']:.0f} min to go"
    if cost["value"] > 0:
        figures += f", {cost['value']:,.0f} {currency}"
    # Less effort is easier, so the ends of the interval change places.
    return _criterion(
        "ease_of_delivery",
        1.0 - effort["standing"],
        1.0 - effort["standing_high"],
        1.0 - effort["standing_low"],
        figures,
    )


def _profit(profit: Mapping[str, Any], currency: str) -> Criterion:
    figures = (
        f"{profit['value']:,.0f} {currency} if it converts "
        f"({profit['low']:,.0f} to {profit['high']:,.0f})"
    )
    return _criterion(
        "profit", profit["standing"], profit["standing_low"], profit["standing_high"], figures
    )


def _fit(fit: Mapping[str, Any]) -> Criterion:
    words = {
        "feedback": f"from {fit['ratings']:,} ratings of clients",
        "likeness": f"likeness to {fit['ratings']:,} of the best customers",
    }
    value, low, high = (fit[name] / 100.0 for name in ("value", "low", "high"))
    return _criterion("fit", value, low, high, words.get(fit["basis"], ""))


def _criterion(name: str, value: float, low: float, high: float, figures: str) -> Criterion:
    ends = sorted((value, low, high))
    return Criterion(name, LABELS[name], 100.0 * value, 100.0 * ends[0], 100.0 * ends[2], figures)


LEAST_CRITERIA = 2  # a card of the probability alone would say nothing new


@dataclass(frozen=True)
class Weights:
    """Weights by criterion; version 0 are those of umbrella.toml, set at no known instant."""

    version: int
    weights: Mapping[str, float]
    set_at: datetime | None = None
    set_by: str = ""
    note: str = ""


def add_card(row: dict[str, Any], weights: Weights, currency: str) -> None:
    """Adds the qualification card to the details of one scored lead."""
    details = row.setdefault("details", {})
    card = card_of(row["probability"], row["low"], row["high"], details, weights.weights, currency)
    if len(card.criteria) < LEAST_CRITERIA:
        return
    row["qualification"] = card.total
    details["card"] = {**card.to_json(), "weights_version": weights.version}
