"""Qualifying: the company's objectives as versioned weights, and every card again when they change.

In: weights of the four criteria. Out: a new version of them in the state database, all cards
weighted anew in the same step, and the leads that moved most, before and after.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from redumbrella.clock import to_datetime
from redumbrella.decisions.qualification import (
    Weights,
    checked_weights,
    weighted,
)
from redumbrella.errors import SettingsError
from redumbrella.state.scores import cards, hold_scores, replace_cards
from redumbrella.state.weights import add_weighting, record_changes
from redumbrella.views.weights import current_weights
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace

SHOWN_MOVES = 20
FIRST_LEADS = 50
MOST_CHARACTERS = 500


@dataclass(frozen=True)
class Moved:
    """One lead whose place in the order of qualification changed; places count from 1."""

    lead_id: str
    product_id: str
    label: str
    before: float
    after: float
    place_before: int
    place_after: int


@dataclass(frozen=True)
class Moves:
    """What new weights did to the leads of one target.

    `changed` of the first `first` leads did not stand among these before.
    """

    target: str
    cards: int
    first: int
    changed: int
    moved: tuple[Moved, ...]


@dataclass(frozen=True)
class Reweighed:
    """The weights before and now, and what that did to each target's leads."""

    before: Weights
    current: Weights
    targets: tuple[Moves, ...]


@dataclass(frozen=True)
class _Card:
    """A lead's total before and after."""

    lead_id: str
    product_id: str
    label: str
    before: float
    after: float


def set_weights(
    workspace: Workspace, weights: Mapping[str, float], by: str = "", note: str = ""
) -> Reweighed:
    """Stores new weights and weighs every card anew, in one transaction.

    weights: by criterion, from 0 up; criteria that are not named keep theirs.
    by, note: who and why. It does not wait for a command that runs: whichever ends last sees to
    it that the cards have the newest weights. Raises SettingsError for unknown or impossible ones.
    """
    by, note = _short(by, "name"), _short(note, "note")
    checked_weights({**current_weights(workspace).weights, **weights})
    with recorded(workspace, "weights", alone=False) as run:
        at = run.started_at
        with workspace.state.writing() as connection:
            hold_scores(connection)
            before = current_weights(workspace)  # nobody sets others from here on
            chosen = checked_weights({**before.weights, **weights})
            version = add_weighting(connection, set_at=at, set_by=by, weights=chosen, note=note)
            current = Weights(version, chosen, to_datetime(at), by, note)
            result = Reweighed(before, current, _weigh(workspace, connection, current))
            record_changes(connection, version, asdict(result))
        run.message = f"version {version}"
        return result


def weigh_again(workspace: Workspace, used: Weights) -> None:
    """Weighs all cards anew where weights were set after `used` were read; ends a scoring."""
    newest = current_weights(workspace)
    if newest.version != used.version:
        with workspace.state.writing() as connection:
            hold_scores(connection)
            newest = current_weights(workspace)
            _weigh(workspace, connection, newest)


def _short(text: str, what: str) -> str:
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(
            f"The {what} has {len(text):,} characters; at most {MOST_CHARACTERS} are kept. "
            "Shorten it.",
            reason="text_too_long",
        )
    return text


def _weigh(workspace: Workspace, connection: Connection, weights: Weights) -> tuple[Moves, ...]:
    """Every stored card with these weights; the main target's leads come first in the answer."""
    found_cards: dict[str, list[_Card]] = {}
    for batch in cards(connection):
        found = list(_weighed(batch, weights))
        replace_cards(connection, [update for update, _ in found])
        for update, card in found:
            found_cards.setdefault(update["target"], []).append(card)
    order = [target.name for target in workspace.settings.targets]
    known = sorted(found_cards, key=lambda name: order.index(name) if name in order else len(order))
    return tuple(_moves(name, found_cards[name]) for name in known)


def _weighed(
    batch: list[dict[str, Any]], weights: Weights
) -> Iterator[tuple[dict[str, Any], _Card]]:
    """Each card's row of the update, and its total before and after."""
    for row in batch:
        details = orjson.loads(row["details"])
        stored = details.get("card")
        if stored is None:
            continue
        criteria = [(c["name"], c["score"], c["low"], c["high"]) for c in stored["criteria"]]
        total, low, high = weighted(criteria, weights.weights)
        new = {"total": total, "low": low, "high": high, "weights_version": weights.version}
        details["card"] = {**stored, **new}
        key = {name: row[name] for name in ("target", "lead_id", "product_id")}
        update = {**key, "qualification": total, "details": orjson.dumps(details).decode()}
        before = row["qualification"]
        yield update, _Card(row["lead_id"], row["product_id"], row["label"], before, total)


def _moves(target: str, cards: list[_Card]) -> Moves:
    # As the list orders them: from the top down, equal totals by id.
    before = sorted(cards, key=lambda c: (c.before, c.lead_id, c.product_id), reverse=True)
    after = sorted(cards, key=lambda c: (c.after, c.lead_id, c.product_id), reverse=True)
    place = {id(card): number for number, card in enumerate(before, start=1)}
    first = min(FIRST_LEADS, len(cards))
    changed = sum(place[id(card)] > first for card in after[:first])
    moved = [
        Moved(c.lead_id, c.product_id, c.label, c.before, c.after, place[id(c)], number)
        for number, c in enumerate(after, start=1)
        if place[id(c)] != number
    ]
    # Stable: of leads that moved equally far, those that stand higher now come first.
    moved.sort(key=lambda move: -abs(move.place_before - move.place_after))
    return Moves(target, len(cards), first, changed, tuple(moved[:SHOWN_MOVES]))
