"""How much may be believed with so few conversions? (mission C5)

Fewer than 20 conversions: the prior and hand-made rules. 20 to 39: a shrunken model. From 40 won
and 40 lost: the full comparison. From 300 and 300 (the figure of article 002): reliable. The
scarcer outcome counts: a hundred wins teach little beside three losses.
"""

from dataclasses import dataclass
from typing import get_args

from redumbrella.models.base import Regime as Name
from redumbrella.models.registry import FAMILIES

RULES_FROM = 5
RULES_BELOW = 20
SHRUNKEN_BELOW = 40
RELIABLE_FROM = 300


@dataclass(frozen=True)
class Regime:
    """name: what kind of belief the data allow. reliable: 300 won and 300 lost, or more."""

    name: Name
    reliable: bool
    reason: str
    families: tuple[str, ...]


def allowed(won: int, lost: int) -> Regime:
    """The regime for so many won and lost leads, and the families it may compare."""
    scarce = min(won, lost)
    have = f"{won:,} won and {lost:,} lost leads"
    if scarce < RULES_FROM:
        reason = f"Only {have}: the base rate for everyone, not even rules below {RULES_FROM}."
        return Regime("prior", False, reason, _up_to("prior"))
    if scarce < RULES_BELOW:
        reason = f"Only {have}: base rate and simple rules, no model below {RULES_BELOW} of each."
        return Regime("rules", False, reason, _up_to("rules"))
    if scarce < SHRUNKEN_BELOW:
        reason = f"{have} are few, so the model stays near the average rate."
        return Regime("shrunken", False, reason, _up_to("shrunken"))
    if scarce < RELIABLE_FROM:
        reason = f"{have} are few: from {RELIABLE_FROM} of each on the figures are steadier."
        return Regime("model", False, reason, _up_to("model"))
    return Regime("model", True, f"{have}: enough to compare models.", _up_to("model"))


def _up_to(name: Name) -> tuple[str, ...]:
    """The families that a regime may compare."""
    order = get_args(Name)
    return tuple(
        family.name
        for family in FAMILIES.values()
        if order.index(family.needs) <= order.index(name)
    )


def regime_of_product(sold: int) -> tuple[Name, bool]:
    """The regime of the scores of one product among many, and whether they are reliable.

    With few sales a score is drawn to what all products have in common: shrunken.
    """
    return "shrunken" if sold < SHRUNKEN_BELOW else "model", sold >= RELIABLE_FROM


def named(regime: Regime, chosen: str) -> Name:
    """The regime that scores show: what the data allow, and below 20 conversions what was used."""
    return "prior" if regime.name == "rules" and chosen == "prior" else regime.name
