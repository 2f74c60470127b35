"""What moved a score, and why: the shapes that the state, pages, REST and commands share."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from redumbrella.clock import to_datetime

STEP = 0.005  # smaller moves are not written one by one
CAUSES = {
    "new": "the first score",
    "did": "something happened",
    "record": "the record was corrected, or read late",
    "model": "a new model",
    "time": "time passed",
}
PARTS = {
    "time": "time passed",
    "did": "what happened since",
    "record": "what was read late, or corrected in the record",
    "model": "the new model",
    "since": "all that came since, which cannot be told apart",
}
_EPOCH = date(1970, 1, 1)


def date_of(day: int) -> date:
    """The date of a day that is counted from 1970-01-01."""
    return _EPOCH + timedelta(days=day)


def day_of(moment: date) -> int:
    """The number of a date."""
    return (moment - _EPOCH).days


def day_in_zone(instant: int, timezone: str) -> int:
    """The number of the day of an instant (UTC microseconds) in a time zone."""
    return day_of(to_datetime(instant).astimezone(ZoneInfo(timezone)).date())


@dataclass(frozen=True)
class ChangeReason:
    """One field of a part: what it adds to the difference, in words as it is now and as it was.

    before: empty where the words are the same, as where another model weighs them otherwise.
    """

    feature: str
    text: str
    before: str
    change: float


@dataclass(frozen=True)
class ChangePart:
    """One part of a difference, in log-odds: reasons + rest = change."""

    name: str
    words: str
    change: float
    reasons: tuple[ChangeReason, ...]
    rest: float


@dataclass(frozen=True)
class ScoreChange:
    """Why the score of a lead moved between two days, in log-odds.

    parts sum to log_odds - log_odds_before. said: what cannot be told, and why.
    """

    lead_id: str
    target: str
    since: date
    until: date
    probability_before: float
    probability: float
    log_odds_before: float
    log_odds: float
    model_before: str
    model: str
    parts: tuple[ChangePart, ...]
    said: tuple[str, ...]
