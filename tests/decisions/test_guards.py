"""Guards: the days between two contacts of a person, and what does not count against them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from redumbrella.clock import to_microseconds
from redumbrella.decisions.guards import Contacts, WantedAction, guarded
from redumbrella.state.outbox import PLANNED, SUPPRESSED

LISBON = ZoneInfo("Europe/Lisbon")
TUESDAY = datetime(2026, 3, 24, 9, tzinfo=LISBON)  # the clocks go forward on Sunday the 29th


def verdict(last: datetime, due: datetime, days: float) -> str:
    contacts = Contacts()
    contacts.add("p", "Weekly", to_microseconds(last), "Europe/Lisbon")
    at = to_microseconds(due)
    wanted = WantedAction("Weekly", "p", at, at, reaches=True, cool_down_days=days)
    (found,) = guarded([wanted], contacts, at, 100, "Europe/Lisbon")
    return found.state


@pytest.mark.parametrize("minutes", [0, 1, 59])
def test_a_weekly_mail_is_not_held_back_by_the_last_one_that_left_late(minutes: int) -> None:
    late = TUESDAY + timedelta(minutes=minutes)
    next_one = datetime(2026, 3, 31, 9, tzinfo=LISBON)
    assert next_one.astimezone(UTC) - TUESDAY.astimezone(UTC) == timedelta(days=7, hours=-1)
    assert verdict(late, next_one, 7) == PLANNED


@pytest.mark.parametrize(
    ("hours", "days", "state"),
    [
        (7 * 24 - 3, 7, SUPPRESSED), (24, 7, SUPPRESSED), (21, 1, SUPPRESSED), (23, 1, PLANNED),
        (11, 0.5, SUPPRESSED), (12, 0.5, PLANNED), (0, 0, PLANNED),
    ],
)  # fmt: skip
def test_who_was_reached_within_the_days_is_left_alone(
    hours: float, days: float, state: str
) -> None:
    last = datetime(2026, 6, 1, 9, tzinfo=UTC)
    assert verdict(last, last + timedelta(hours=hours), days) == state
