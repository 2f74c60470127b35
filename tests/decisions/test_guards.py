"""Guards between two contacts of a person: whole days are those of the calendar."""

from datetime import UTC, datetime, timedelta

import pytest

from redumbrella.clock import to_microseconds
from redumbrella.decisions.guards import Contacts, WantedAction, guarded

TUESDAY = datetime(2025, 3, 4, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("apart", "cool_down", "is_planned"),
    [
        (timedelta(days=7), 7, True),
        # The mail of the week before left some minutes after 9, as there were many.
        (timedelta(days=7) - timedelta(minutes=20), 7, True),
        (timedelta(days=6), 7, False),
        (timedelta(days=6, hours=14), 7, False),  # on the Monday before, at 23:00
        (timedelta(days=1), 7, False),
        (timedelta(hours=11), 0.5, False),
        (timedelta(hours=13), 0.5, True),
    ],
)
def test_a_weekly_mail_is_not_held_back_by_that_of_last_week(
    apart: timedelta, cool_down: float, *, is_planned: bool
) -> None:
    due = to_microseconds(TUESDAY + apart)
    contacts = Contacts()
    contacts.add("p", "Weekly", to_microseconds(TUESDAY), "UTC")
    wanted = WantedAction("Weekly", "p", due, due, True, "", 0.0, cool_down, None)
    (verdict,) = guarded([wanted], contacts, due, 100, "UTC")
    assert (verdict.state == "planned") == is_planned
    if not is_planned:
        assert "already" in verdict.reason
