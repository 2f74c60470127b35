"""When an action leaves: in the person's zone, over changes of the clocks, around quiet hours."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.clock import local, to_datetime, to_microseconds
from redumbrella.decisions.send_times import send_at, timezone_of
from redumbrella.errors import SettingsError
from redumbrella.settings.sending import (
    DaysOff,
    QuietHours,
    SendRule,
    read_days_off,
    read_quiet_hours,
    read_send_rule,
)

LISBON, NEW_YORK, LORD_HOWE = "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe"
ZONES = ["UTC", LISBON, NEW_YORK, LORD_HOWE, "Asia/Kathmandu", "America/Sao_Paulo",
         "Africa/Casablanca", "America/Nuuk", "Antarctica/Troll"]  # fmt: skip
WORKING = frozenset(range(5))
NIGHT, MORNING = "22:00 to 07:00", "next working morning at 08:00"


def at(text: str) -> int:
    return to_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


# Written by hand; 3 March 2026 is a Tuesday. Rule, zone, fired, quiet, days off, leaves; in UTC.
CASES = [
    ("at once", LISBON, "2026-03-03T03:00", "", [], "2026-03-03T03:00"),
    ("at once", LISBON, "2026-03-03T03:00", NIGHT, [], "2026-03-03T07:00"),
    ("at once", LISBON, "2026-03-03T22:00", NIGHT, [], "2026-03-04T07:00"),
    ("at once", LISBON, "2026-03-03T21:59:59", NIGHT, [], "2026-03-03T21:59:59"),
    ("at once", LISBON, "2026-03-03T07:00", NIGHT, [], "2026-03-03T07:00"),
    ("at once", LISBON, "2026-03-03T12:30", "12:00 to 13:00", [], "2026-03-03T13:00"),
    ("at once", LISBON, "2026-03-07T23:00", NIGHT, ["Sunday"], "2026-03-09T07:00"),
    ("at once", LISBON, "2026-03-08T10:00", "", ["Sunday"], "2026-03-09T00:00"),
    # A score of the night, and one that comes too late on a Friday.
    (MORNING, LISBON, "2026-03-03T03:00", "", [], "2026-03-03T08:00"),
    (MORNING, LISBON, "2026-03-06T09:00", "", [], "2026-03-09T08:00"),
    (MORNING, LISBON, "2026-03-03T08:00", "", [], "2026-03-04T08:00"),
    (MORNING, LISBON, "2026-03-03T07:59:59.999999", "", [], "2026-03-03T08:00"),
    # Clocks go forward in the weekend: 08:00 is 07:00 UTC in Lisbon, 12:00 in New York.
    (MORNING, LISBON, "2026-03-27T09:00", "", [], "2026-03-30T07:00"),
    (MORNING, NEW_YORK, "2026-03-06T20:00", "", [], "2026-03-09T12:00"),
    (MORNING, NEW_YORK, "2026-10-30T20:00", "", [], "2026-11-02T13:00"),
    (MORNING, "Asia/Kathmandu", "2026-03-03T03:00", "", [], "2026-03-04T02:15"),
    (MORNING, "America/Sao_Paulo", "2026-11-02T12:00", "", [], "2026-11-03T11:00"),
    (MORNING, LISBON, "2026-12-24T20:00", "", ["12-25", "2026-12-28"], "2026-12-29T08:00"),
    (MORNING, LISBON, "2026-03-03T03:00", "18:00 to 09:00", [], "2026-03-03T09:00"),
    ("next day at 09:30", LISBON, "2026-12-31T03:00", "", [], "2027-01-01T09:30"),
    ("next day at 09:30", LISBON, "2028-02-28T23:00", "", [], "2028-02-29T09:30"),
    ("next day at 09:30", LISBON, "2026-03-06T10:00", "", ["Sat", "Sun"], "2026-03-09T09:30"),
    # 01:30 is left out on 29 March, shown twice on 25 October; 02:15 left out on 4 October.
    ("next day at 01:30", LISBON, "2026-03-28T10:00", "", [], "2026-03-29T01:00"),
    ("next day at 01:30", LISBON, "2026-10-24T10:00", "", [], "2026-10-25T00:30"),
    ("next day at 02:15", LORD_HOWE, "2026-10-03T02:00", "", [], "2026-10-03T15:30"),
    # Morocco puts its clocks back for Ramadan: 02:30 comes first by the clock of before.
    ("next day at 02:30", "Africa/Casablanca", "2026-02-14T10:00", "", [], "2026-02-15T01:30"),
    ("in 2 hours", LISBON, "2026-03-29T00:30", "", [], "2026-03-29T02:30"),
    ("in 2 hours", LISBON, "2026-03-03T21:00", NIGHT, [], "2026-03-04T07:00"),
    ("in 3 days at 10:00", NEW_YORK, "2026-03-06T20:00", "", [], "2026-03-09T14:00"),
    ("in 3 days", LISBON, "2026-03-27T17:00", "", [], "2026-03-30T16:00"),
    # Quiet until 01:30, which the clock shows at 00:30 and again at 01:30 UTC.
    ("at once", LISBON, "2026-10-25T00:10", "22:00 to 01:30", [], "2026-10-25T00:30"),
    ("at once", LISBON, "2026-10-25T01:10", "22:00 to 01:30", [], "2026-10-25T01:30"),
    # Quiet until 02:30, which New York leaves out: the clock goes to 03:00.
    ("at once", NEW_YORK, "2026-03-08T05:00", "22:00 to 02:30", [], "2026-03-08T07:00"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "zone", "fired", "quiet", "off", "leaves"), CASES)
def test_it_leaves(
    words: str, zone: str, fired: str, quiet: str, off: list[str], leaves: str
) -> None:
    found = send_at(
        read_send_rule(words), at(fired), zone,
        read_quiet_hours(quiet) if quiet else None, WORKING, read_days_off(off),
    )  # fmt: skip
    assert to_datetime(found) == to_datetime(at(leaves))


def test_working_days_are_those_of_the_company() -> None:
    in_cairo = frozenset({6, 0, 1, 2, 3})
    found = send_at(read_send_rule(MORNING), at("2026-03-05T09:00"), "Africa/Cairo", None, in_cairo)
    assert to_datetime(found) == to_datetime(at("2026-03-08T06:00"))


def test_where_no_day_is_left_it_says_so() -> None:
    weekend_off = read_days_off(["mon", "tue", "wed", "thu", "fri"])
    for rule, working in ((MORNING, WORKING), (MORNING, frozenset()), ("at once", WORKING)):
        off = weekend_off
        if rule == "at once":
            off = DaysOff(each_year=frozenset((m, d) for m in range(1, 13) for d in range(1, 32)))
        with pytest.raises(SettingsError, match="No day of the next year is left"):
            send_at(read_send_rule(rule), at("2026-03-05"), "UTC", None, working, off)


@pytest.mark.parametrize(("known", "expected"), [
    ("Asia/Kathmandu", "Asia/Kathmandu"), (" UTC ", "UTC"), ("", LISBON), (None, LISBON),
    ("GMT+25", LISBON), ("../../etc/passwd", LISBON), ("Europe", LISBON), ("a\0b", LISBON),
])  # fmt: skip
def test_the_zone_is_the_persons_where_it_is_one(known: str | None, expected: str) -> None:
    assert timezone_of(known, LISBON) == expected


minutes = st.integers(0, 1439)
rules = st.one_of(
    st.builds(SendRule, after_minutes=st.integers(0, 3000)),
    st.builds(SendRule, days=st.integers(1, 10), at=minutes | st.none()),
    st.builds(SendRule, days=st.just(0), at=minutes, working=st.just(True)),
)
quiets = st.none() | st.builds(QuietHours, minutes, minutes).filter(lambda q: q.start != q.end)
weeks = st.frozensets(st.integers(0, 6), min_size=1)


@settings(max_examples=400, deadline=None)
@given(
    rule=rules, zone=st.sampled_from(ZONES), quiet=quiets, working=weeks,
    off=st.frozensets(st.integers(0, 6), max_size=6),
    fired=st.integers(at("2025-01-01"), at("2032-01-01")) | st.sampled_from(
        [at(day) + hour * 600 * 10**6 for day in ("2026-03-29", "2026-10-25", "2026-10-03",
         "2026-04-04", "2026-03-08", "2026-11-01") for hour in range(0, 144, 5)]),
)  # fmt: skip
def test_never_before_it_fired_nor_in_quiet_hours_nor_on_a_day_off(
    rule: SendRule,
    zone: str,
    quiet: QuietHours | None,
    working: frozenset[int],
    off: frozenset[int],
    fired: int,
) -> None:
    if rule.working and working <= off:
        return
    try:
        found = send_at(rule, fired, zone, quiet, working, DaysOff(off))
    except SettingsError:
        assert quiet  # and at the rule's time on all the days that are left
        return
    moment = local(found, zone)
    assert found >= fired
    assert not (rule.working and found == fired)
    assert moment.weekday() not in off
    assert not rule.working or moment.weekday() in working
    assert not (quiet and quiet.at(moment))
    if not rule.working and not quiet and not off:
        assert found - fired <= (rule.days or 0) * 86_400 * 10**6 + 3000 * 60 * 10**6
