"""Outcomes on record and what they did to scores: the shapes that pages and commands share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class ScoreMove:
    """What became of one lead's score of a target; None where it is not on the list."""

    target: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class LoggedOutcome:
    """An outcome that is on record.

    id: its number, for undoing it. said: in a sentence. again: whether it was on record already.
    closed: whether it closes the lead. moves: what became of the lead's scores. waiting: what has
    not followed yet, and when it will. undo_until: when it can be undone at the latest.
    """

    id: int
    lead_id: str
    what: str
    said: str
    again: bool
    closed: bool
    undone: bool
    at: datetime
    undo_until: datetime
    moves: tuple[ScoreMove, ...]
    waiting: str


def moves_of(outcome: Mapping[str, Any]) -> tuple[ScoreMove, ...]:
    """What was noted of the scores of an outcome's lead."""
    return tuple(ScoreMove(**move) for move in outcome["moves"])
