"""Qualifying: the company's objectives as versioned weights, and every card again when they change.

In: weights of the four criteria. Out: a new version of them in the state database, all cards
weighted anew in the same step, and the leads that moved most, before and after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redumbrella.decisions.qualification import CRITERIA, card_of
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class Weights:
    """Weights by criterion; version 0 are those of umbrella.toml."""

    version: int
    weights: Mapping[str, float]


def current_weights(workspace: Workspace) -> Weights:
    """The newest weights that people set, else those of umbrella.toml."""
    newest = workspace.state.newest_weighting()
    if newest is not None:
        return Weights(newest["id"], newest["weights"])
    given = workspace.settings.qualification
    return Weights(0, {name: getattr(given, name) for name in CRITERIA})


def add_card(row: dict[str, Any], weights: Weights, currency: str) -> None:
    """Adds the qualification card to the details of one scored lead."""
    details = row.setdefault("details", {})
    card = card_of(row["probability"], row["low"], row["high"], details, weights.weights, currency)
    row["qualification"] = card.total
    details["card"] = {**card.to_json(), "weights_version": weights.version}
