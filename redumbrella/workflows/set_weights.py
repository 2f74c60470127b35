"""Qualifying: the company's objectives as versioned weights, and every card again when they change.

In: weights of the four criteria. Out: a new version of them in the state database, lists with all
cards weighed anew in the same step, and the leads that moved most, before and after.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
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
from redumbrella.state.lists import hold_lists, number_in_use, take_into_use
from redumbrella.state.scores import every_score, has_cards, new_scores, scored_targets, scores
from redumbrella.state.weights import add_weighting, newest_weighting
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
    """Stores new weights with every card weighed anew: both are in use at the same instant.

    weights: by criterion, from 0 up; criteria that are not named keep theirs.
    by, note: who and why. It does not wait for a command that runs: whichever ends last sees to
    it that the cards have the newest weights. Raises SettingsError for unknown or impossible ones.
    """
    workspace.state.bring_up_to_date()
    by, note = _short(by, "name"), _short(note, "note")
    checked_weights({**current_weights(workspace).weights, **weights})
    with recorded(workspace, "weights", alone=False) as run:
        while True:
            before = current_weights(workspace)
            chosen = checked_weights({**before.weights, **weights})
            at = to_datetime(run.started_at)
            current = Weights(before.version + 1, chosen, at, by, note)
            result = _weigh(workspace, before, current, run.started_at)
            if result is not None:
                run.message = f"version {current.version}"
                return result


def weigh_again(workspace: Workspace, used: Weights) -> None:
    """Weighs all cards anew where weights were set after `used` were read; ends a scoring."""
    newest = current_weights(workspace)
    while newest.version != used.version and _weigh(workspace, newest, newest) is None:
        newest = current_weights(workspace)


def _short(text: str, what: str) -> str:
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(
            f"The {what} has {len(text):,} characters; at most {MOST_CHARACTERS} are kept. "
            "Shorten it.",
            reason="text_too_long",
        )
    return text


def _weigh(
    workspace: Workspace, before: Weights, weights: Weights, set_at: int | None = None
) -> Reweighed | None:
    """Every card with these weights; None where weights or lists changed before they were taken.

    set_at: when the weights were set, where they are to be stored too.
    """
    state = workspace.state
    with state.reading() as connection:
        targets = [name for name in scored_targets(connection) if has_cards(connection, name)]
        used = _in_use(connection)
    with ExitStack() as stack:
        found, written = {}, []
        for target in targets:
            found[target] = list[_Card]()
            rows = _weighed(workspace, target, weights, found[target])
            written.append(stack.enter_context(new_scores(state, target, rows)))
        result = Reweighed(before, weights, _all_moves(workspace, found))
        with state.writing() as connection:
            hold_lists(connection)
            if _in_use(connection) != used or used[0] != before.version:
                return None
            for new in written:
                take_into_use(connection, new)
            if set_at is not None:
                row = {"id": weights.version, "set_at": set_at, "set_by": weights.set_by}
                row |= {"note": weights.note, "weights": weights.weights}
                add_weighting(connection, {**row, "changes": asdict(result)})
        return result


def _in_use(connection: Connection) -> tuple[int, dict[str, int | None]]:
    """The version of the weights, and the number of each target's list."""
    newest = newest_weighting(connection)
    numbers = {name: number_in_use(connection, scores, name) for name in scored_targets(connection)}
    return 0 if newest is None else newest["id"], numbers


def _all_moves(workspace: Workspace, found: dict[str, list[_Card]]) -> tuple[Moves, ...]:
    """What the weights did to each target's leads, the main target's first."""
    order = [target.name for target in workspace.settings.targets]
    known = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    return tuple(_moves(name, found[name]) for name in known)


def _weighed(
    workspace: Workspace, target: str, weights: Weights, found: list[_Card]
) -> Iterator[dict[str, Any]]:
    """The scores of a target with their cards weighed anew; each card's totals go to `found`."""
    with workspace.state.reading() as connection:
        for row in every_score(connection, target):
            details = orjson.loads(row["details"])
            stored = details.get("card")
            if stored is None or row["qualification"] is None:
                yield row
                continue
            criteria = [(c["name"], c["score"], c["low"], c["high"]) for c in stored["criteria"]]
            total, low, high = weighted(criteria, weights.weights)
            new = {"total": total, "low": low, "high": high, "weights_version": weights.version}
            details["card"] = {**stored, **new}
            before = row["qualification"]
            found.append(_Card(row["lead_id"], row["product_id"], row["label"], before, total))
            yield {**row, "qualification": total, "details": orjson.dumps(details).decode()}


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
