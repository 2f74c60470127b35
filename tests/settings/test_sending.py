"""When an action is to leave: words in, a rule out, problems said."""

from datetime import date, datetime

import pytest

from redumbrella.errors import SettingsError
from redumbrella.settings.sending import (
    DaysOff,
    QuietHours,
    SendRule,
    read_days_off,
    read_quiet_hours,
    read_send_rule,
    read_working_days,
)


@pytest.mark.parametrize(("text", "rule", "words"), [
    ("at once", SendRule(), "at once"),
    ("Now", SendRule(), "at once"),
    ("next working morning at 08:00", SendRule(days=0, at=480, working=True),
     "next working morning at 08:00"),
    ("next  Working day at 8:00", SendRule(days=0, at=480, working=True),
     "next working morning at 08:00"),
    ("next day at 09:30", SendRule(days=1, at=570), "next day at 09:30"),
    ("in 2 hours", SendRule(after_minutes=120), "in 2 hours"),
    ("in 1 hour", SendRule(after_minutes=60), "in 1 hour"),
    ("in 90 minutes", SendRule(after_minutes=90), "in 90 minutes"),
    ("in 1 day", SendRule(days=1), "in 1 day"),
    ("in 3 days", SendRule(days=3), "in 3 days"),
    ("in 3 days at 10:00", SendRule(days=3, at=600), "in 3 days at 10:00"),
])  # fmt: skip
def test_rules_are_read_and_read_out(text: str, rule: SendRule, words: str) -> None:
    assert read_send_rule(text) == rule
    assert rule.words == words
    assert read_send_rule(words) == rule


@pytest.mark.parametrize(("text", "said"), [
    ("", "next working morning at 08:00"), ("tomorrow", 'expected "at once"'),
    ("next day", 'expected "at once"'), ("next day at 24:00", "from 00:00 to 23:59"),
    ("in 0 days", "1 to 366 days"), ("in 400 days", "1 to 366 days"),
    ("in 0 hours", "1 minute to 366 days"), ("in 9000 hours", "1 minute to 366 days"),
    ("in 2 weeks", 'expected "at once"'), ("in \u0663 days", 'expected "at once"'),
    ("next working morning", 'expected "at once"'),
])  # fmt: skip
def test_rules_that_are_none_are_said(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_send_rule(text)


def test_quiet_hours_may_run_over_midnight() -> None:
    over, within = read_quiet_hours("20:00 to 08:00"), read_quiet_hours("from 12:00 until 13:30")
    assert over == QuietHours(1200, 480)
    clocks = ("07:59:59", "08:00", "12:00", "13:29:59.9", "13:30", "19:59:59", "20:00")
    shown = [datetime.fromisoformat(f"2026-03-03T{clock}") for clock in clocks]
    assert [over.at(moment) for moment in shown] == [True, *[False] * 5, True]
    assert [within.at(moment) for moment in shown] == [False, False, True, True, *[False] * 3]


@pytest.mark.parametrize(("text", "said"), [
    ("20:00", "two times"), ("20:00 to 25:00", "from 00:00 to 23:59"), ("", "two times"),
    ("08:00 to 8:00", "both times are the same"),
])  # fmt: skip
def test_quiet_hours_that_are_none_are_said(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_quiet_hours(text)


def test_days_off_are_days_of_the_week_dates_and_days_of_each_year() -> None:
    off = read_days_off(["Sunday", "sat", "2026-12-24", "12-25", "02-29"])
    assert off == DaysOff(
        frozenset({5, 6}), frozenset({date(2026, 12, 24)}), frozenset({(12, 25), (2, 29)})
    )
    days = ("2026-12-24", "2027-12-24", "2026-12-25", "2029-12-25", "2026-12-27", "2028-02-29")
    found = [off.on(date.fromisoformat(day)) for day in days]
    assert found == [True, False, True, True, True, True]
    assert not read_days_off([]).on(date(2026, 12, 24))


@pytest.mark.parametrize(("texts", "said"), [
    (["Sonday"], 'Did you mean "Sunday"'), (["2026-02-30"], "day"), (["24.12."], "expected a date"),
    (["13-01"], "month must be in 1..12"), ([""], "day of the week"),
    (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "no day of the week is left"),
])  # fmt: skip
def test_days_off_that_are_none_are_said(texts: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_days_off(texts)


def test_working_days() -> None:
    assert read_working_days(["Sunday", "Monday"]) == {6, 0}
    with pytest.raises(SettingsError, match="expected days of the week"):
        read_working_days([])
