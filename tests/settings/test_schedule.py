"""Schedules: words and cron in, instants out, right on days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.clock import local, to_datetime, to_microseconds
from redumbrella.errors import SettingsError
from redumbrella.settings.schedule import read_schedule

ZONES = ["UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "America/Sao_Paulo", "Africa/Casablanca", "America/Nuuk", "Pacific/Chatham",
         "America/Havana", "Asia/Beirut", "Antarctica/Troll"]  # fmt: skip
LORD_HOWE, LISBON, NEW_YORK = "Australia/Lord_Howe", "Europe/Lisbon", "America/New_York"


def at(text: str) -> int:
    """An instant as written in these tests: UTC, without the offset."""
    return to_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


# Written by hand from the rules of the zones: what, where, after which instant, when; in UTC.
CASES = [
    ("every day at 06:30", "UTC", "2026-01-05T06:29:59.999999", "2026-01-05T06:30"),
    ("every day at 06:30", "UTC", "2026-01-05T06:30", "2026-01-06T06:30"),
    ("every day at 06:30 and 18:00", "UTC", "2026-01-05T06:30", "2026-01-05T18:00"),
    # 01:00 becomes 02:00 on 29 March: 01:30 is left out, 02:00 summer time is 01:00 UTC.
    ("every day at 01:30", LISBON, "2026-03-28T01:30", "2026-03-29T01:00"),
    ("every day at 01:30", LISBON, "2026-03-29T01:00", "2026-03-30T00:30"),
    # 02:00 becomes 01:00 on 25 October: 01:30 is shown at 00:30 and at 01:30 UTC.
    ("every day at 01:30", LISBON, "2026-10-24T12:00", "2026-10-25T00:30"),
    ("every day at 01:30", LISBON, "2026-10-25T00:30", "2026-10-26T01:30"),
    ("every day at 01:30", LISBON, "2026-10-25T01:10", "2026-10-26T01:30"),
    ("every day at 02:30", NEW_YORK, "2026-03-07T12:00", "2026-03-08T07:00"),
    ("every day at 02:30", NEW_YORK, "2026-03-08T07:00", "2026-03-09T06:30"),
    ("every day at 01:30", NEW_YORK, "2026-11-01T04:00", "2026-11-01T05:30"),
    ("every day at 01:30", NEW_YORK, "2026-11-01T05:30", "2026-11-02T06:30"),
    ("every day at 00:00", NEW_YORK, "2026-12-31T20:00", "2027-01-01T05:00"),
    # Half an hour: 02:00 becomes 02:30 on 4 October, 01:30 again on 5 April.
    ("every day at 02:15", LORD_HOWE, "2026-10-03T15:00", "2026-10-03T15:30"),
    ("every day at 02:15", LORD_HOWE, "2026-10-03T15:30", "2026-10-04T15:15"),
    ("every day at 01:45", LORD_HOWE, "2026-04-04T12:00", "2026-04-04T14:45"),
    ("every day at 01:45", LORD_HOWE, "2026-04-04T14:45", "2026-04-05T15:15"),
    ("every weekday at 08:00", "Asia/Kathmandu", "2026-01-02T02:15", "2026-01-05T02:15"),
    # Midnight was left out on 4 November 2018; since 2019 clocks stand still.
    ("every day at 00:00", "America/Sao_Paulo", "2018-11-03T12:00", "2018-11-04T03:00"),
    ("every day at 00:00", "America/Sao_Paulo", "2026-11-01T12:00", "2026-11-02T03:00"),
    # Back for Ramadan on 15 February, forward on 22 March.
    ("every day at 02:30", "Africa/Casablanca", "2026-02-14T12:00", "2026-02-15T01:30"),
    ("every day at 02:30", "Africa/Casablanca", "2026-02-15T01:30", "2026-02-16T02:30"),
    ("every day at 02:30", "Africa/Casablanca", "2026-03-21T12:00", "2026-03-22T02:00"),
    # 23:00 on Saturday becomes 00:00 on Sunday.
    ("every day at 23:30", "America/Nuuk", "2026-03-28T12:00", "2026-03-29T01:00"),
    ("every day at 23:30", "America/Nuuk", "2026-03-29T01:00", "2026-03-30T00:30"),
    # There was no 30 December 2011.
    ("every day at 06:30", "Pacific/Apia", "2011-12-29T16:30", "2011-12-30T16:30"),
    ("every Monday and Thursday at 08:00", LISBON, "2026-03-26T09:00", "2026-03-30T07:00"),
    ("every Saturday at 12:00", "UTC", "2026-12-31T00:00", "2027-01-02T12:00"),
    ("on the 1st at 07:00", LISBON, "2026-12-01T07:00", "2027-01-01T07:00"),
    ("on the 1st and 15th at 07:00", LISBON, "2026-06-01T06:00", "2026-06-15T06:00"),
    ("on the 31st at 07:00", "UTC", "2026-01-31T07:00", "2026-02-28T07:00"),
    ("on the last day at 07:00", "UTC", "2028-02-01T07:00", "2028-02-29T07:00"),
    ("on the 30th and 31st at 07:00", "UTC", "2026-04-29T07:00", "2026-04-30T07:00"),
    ("on the 30th and 31st at 07:00", "UTC", "2026-04-30T07:00", "2026-05-30T07:00"),
    ("0 7 31 * *", "UTC", "2026-01-31T07:00", "2026-03-31T07:00"),
    ("0 12 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T12:00"),
    ("0 12 29 FEB *", "UTC", "2096-02-29T12:00", "2104-02-29T12:00"),
    ("30 6 * * 1-5", LISBON, "2026-07-03T05:30", "2026-07-06T05:30"),
    ("30 6 * * sat,SUN", "UTC", "2026-07-03T05:30", "2026-07-04T06:30"),
    ("0 6 * * 7", "UTC", "2026-07-03T05:30", "2026-07-05T06:00"),
    ("0 6 * * fri-sun", "UTC", "2026-07-05T06:00", "2026-07-10T06:00"),
    # Both restricted: a 13th or a Friday. With a step after *: both must hold.
    ("0 9 13 * 5", "UTC", "2026-02-01T00:00", "2026-02-06T09:00"),
    ("0 9 13 * 5", "UTC", "2026-01-10T00:00", "2026-01-13T09:00"),
    ("0 9 */2 * 5", "UTC", "2026-02-01T00:00", "2026-02-13T09:00"),
    ("*/15 9-10 * * *", "UTC", "2026-02-01T09:45", "2026-02-01T10:00"),
    ("0-30/20 9 * * *", "UTC", "2026-02-01T09:00", "2026-02-01T09:20"),
    ("*/15 * * * *", LISBON, "2026-10-25T00:45", "2026-10-25T02:00"),
    ("every 15 minutes", LISBON, "2026-10-25T00:45", "2026-10-25T01:00"),
    ("every 15 minutes", "UTC", "2026-12-31T23:50", "2027-01-01T00:00"),
    ("every hour", "Asia/Kathmandu", "2026-01-01T00:00", "2026-01-01T00:15"),
    ("every 6 hours", LISBON, "2026-03-28T18:00", "2026-03-29T00:00"),
    ("every 6 hours", LISBON, "2026-03-29T00:00", "2026-03-29T06:00"),
    ("every 6 hours", LISBON, "2026-03-29T18:00", "2026-03-29T23:00"),
    ("every hour", LORD_HOWE, "2026-04-05T13:00", "2026-04-05T13:30"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "zone", "after", "expected"), CASES)
def test_the_next_time(text: str, zone: str, after: str, expected: str) -> None:
    found = read_schedule(text).next_after(at(after), zone)
    assert to_datetime(found) == to_datetime(at(expected))


moments = st.integers(at("2024-01-01"), at("2032-01-01"))
zones = st.sampled_from(ZONES)
clocks = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
days = st.sampled_from([
    "every day", "every weekday", "every Sunday", "every Monday and Thursday", "on the 1st",
    "on the 29th and 31st",
])  # fmt: skip
by_clock = st.builds("{} at {}".format, days, clocks) | st.sampled_from(
    ["*/20 * * * *", "5 0-3 * * *", "30 1,2 * 3,10 *", "0 0 1-7 * 0", "59 23 */3 * *"]
)
intervals = st.sampled_from(
    ["every 15 minutes", "every hour", "every 6 hours", "every 90 minutes", "every 24 hours"]
)


@settings(max_examples=200, deadline=None)
@given(text=by_clock | intervals, zone=zones, start=moments, share=st.floats(0.0, 1.0))
def test_strictly_after_and_nothing_in_between(
    text: str, zone: str, start: int, share: float
) -> None:
    schedule = read_schedule(text)
    found = schedule.next_after(start, zone)
    assert found > start
    between = start + int(share * (found - 1 - start))
    assert schedule.next_after(between, zone) == found
    assert schedule.next_after(found - 1, zone) == found


@settings(max_examples=100, deadline=None)
@given(
    text=by_clock | intervals, zone=zones, start=moments, later=st.integers(0, 90 * 86_400 * 10**6)
)
def test_later_never_comes_earlier(text: str, zone: str, start: int, later: int) -> None:
    schedule = read_schedule(text)
    assert schedule.next_after(start, zone) <= schedule.next_after(start + later, zone)


def chain(text: str, zone: str, start: int, count: int) -> list[int]:
    found, schedule = [start], read_schedule(text)
    for _ in range(count):
        found.append(schedule.next_after(found[-1], zone))
    return found[1:]


@settings(max_examples=60, deadline=None)
@given(text=by_clock, zone=zones, start=moments)
def test_never_twice_for_one_time_of_the_wall_clock(text: str, zone: str, start: int) -> None:
    shown = [local(each, zone).replace(tzinfo=None) for each in chain(text, zone, start, 100)]
    assert all(first < second for first, second in pairwise(shown))


@settings(max_examples=30, deadline=None)
@given(clock=clocks, zone=zones, start=moments)
def test_every_day_is_once_in_each_of_400_days(clock: str, zone: str, start: int) -> None:
    found = [local(each, zone) for each in chain(f"every day at {clock}", zone, start, 401)]
    for day, moment in enumerate(found, found[0].toordinal()):
        # Where the hour before midnight is left out, the first instant after it is the next day's.
        late = zone == "America/Nuuk" and clock >= "23:00" and moment.strftime("%H:%M") == "00:00"
        assert moment.toordinal() - late == day


@pytest.mark.parametrize("zone", ZONES)
def test_it_is_the_first_minute_at_which_the_clock_has_come_so_far(zone: str) -> None:
    """Against a walk through all minutes around each change of the clocks in two years."""
    for change in changes(zone):
        start = change - timedelta(days=1)
        minutes = [start + timedelta(minutes=number) for number in range(3 * 1440)]
        walls = [each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in minutes]
        for clock in ("00:00", "00:20", "01:30", "02:00", "02:10", "02:45", "23:30"):
            hour, minute = map(int, clock.split(":"))
            days = range(walls[0].toordinal(), walls[-1].toordinal() + 1)
            goals = [datetime.fromordinal(day).replace(hour=hour, minute=minute) for day in days]
            passages = [next((n for n, wall in enumerate(walls) if wall >= goal), 0)
                        for goal in goals]  # fmt: skip
            wanted = [to_microseconds(minutes[passage]) for passage in passages if passage]
            first = to_microseconds(start)
            assert chain(f"every day at {clock}", zone, first, len(wanted)) == wanted


@cache
def changes(zone: str) -> list[datetime]:
    """Days of 2026 and 2027 on which the offset changes."""
    every = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(730)]
    pairs = pairwise((day, day.astimezone(ZoneInfo(zone)).utcoffset()) for day in every)
    return [first for (first, before), (_, after) in pairs if before != after]


@pytest.mark.parametrize("zone", ZONES)
def test_intervals_are_never_longer_and_touch_each_midnight(zone: str) -> None:
    for change in changes(zone) or [datetime(2026, 1, 1, tzinfo=UTC)]:
        found = chain("every 15 minutes", zone, to_microseconds(change - timedelta(days=1)), 300)
        assert all(0 < b - a <= 15 * 60 * 10**6 for a, b in pairwise(found))
        known = {local(each, zone).date() for each in found if is_first_of_day(each, zone)}
        seen = {local(each, zone).date() for each in found[100:200]}
        assert seen <= known | {local(found[100], zone).date()}


def is_first_of_day(instant: int, zone: str) -> bool:
    return local(instant, zone).date() > local(instant - 1, zone).date()


@pytest.mark.parametrize(("text", "words"), [
    ("Every  Day at 6:30", "every day at 06:30"),
    ("every mon, thursdays and Sunday at 8:00", "every Monday, Thursday and Sunday at 08:00"),
    ("every Monday to Friday at 08:00", "every weekday at 08:00"),
    ("every weekend at 18:00 and 9:00", "every Saturday and Sunday at 09:00 and 18:00"),
    ("on the 15th and 2nd at 07:00", "on the 2nd and 15th at 07:00"),
    ("on the 1st of every month at 07:00", "on the 1st at 07:00"),
    ("on the 31st at 07:00", "on the 31st or the last day at 07:00"),
    ("every 1 hour", "every hour"), ("every minute", "every minute"),
    ("every 60 minutes", "every hour"), ("every 90 minutes", "every 90 minutes"),
])  # fmt: skip
def test_words_are_read_out_and_can_be_read_again(text: str, words: str) -> None:
    schedule = read_schedule(text)
    assert schedule.words == words
    assert read_schedule(schedule.words) == schedule


@pytest.mark.parametrize(("text", "words"), [
    ("30 6 * * 1-5", "every weekday at 06:30"),
    ("0 9 13 * 5", "on the 13th and every Friday at 09:00"),
    ("0 9 1-31/2 6 *", "on the 1st, 3rd, 5th, 7th, 9th, 11th, 13th, 15th, 17th, 19th, 21st, 23rd, "
     "25th, 27th, 29th and 31st in June at 09:00"),
    ("0 9 */16 * 5", "on the 1st and 17th if that is a Friday at 09:00"),
    ("*/15 8-17 * * *", "every day at minute 0, 15, 30 and 45 of the hours 8 to 17"),
    ("* * * JAN,mar *", "every day in January and March every minute of every hour"),
])  # fmt: skip
def test_cron_is_read_out(text: str, words: str) -> None:
    assert read_schedule(text).words == words


@pytest.mark.parametrize(("text", "said"), [
    ("", "expected words such as"), ("sometimes", "expected words such as"),
    ("every day", "does not say when"), ("every day at", "expected words such as"),
    ("every day at 25:00", "from 00:00 to 23:59"), ("every day at 8am", "from 00:00 to 23:59"),
    ("every day at 08:00 and", "from 00:00 to 23:59"),
    ("every Mondey at 08:00", 'Did you mean "Monday"?'),
    ("on the 32nd at 08:00", '"1st" to "31st"'), ("on the 3 at 08:00", '"1st" to "31st"'),
    ("every 7 hours", "Near: every 6 hours and every 8 hours."),
    ("every 0 minutes", "Near: every minute and every 2 minutes."),
    ("every 48 hours", "Near: every 12 hours and every 24 hours."),
    ("every \u0661\u0665 minutes", "expected words such as"),
    ("@daily", "@daily are not supported"), ("0 30 6 * * 1", "Seconds and years are not supported"),
    ("30 6 * *", "here are 4"), ("60 6 * * *", "expected 0 to 59"),
    ("30 6 L * *", "L, W, # and ? are not supported"), ("30 6 * * 1#2", "are not supported"),
    ("30 6 * * 8", "expected 0 to 7, SUN to SAT"), ("30 6 * 13 *", "expected 1 to 12, JAN to DEC"),
    ("5/10 6 * * *", "a step follows * or a range"), ("*/0 6 * * *", "a step from 1 to 59"),
    ("30 10-6 * * *", "runs backwards"), ("30 6 * * 5-1", "runs backwards"),
    ("30 6 30 2 *", "no such day in any year"), ("30 6 ,1 * *", "expected 1 to 31"),
    ("30 6 1- * *", "expected 1 to 31"), ("*5 6 * * *", "expected 0 to 59"),
])  # fmt: skip
def test_what_is_not_understood_is_said(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as problem:
        read_schedule(text)
    assert said in problem.value.message
    assert problem.value.message.startswith('"')
    assert problem.value.reason == "bad_time_words"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="0123456789*/-, ", max_size=20))
def test_any_text_is_a_schedule_or_a_problem_in_words(text: str) -> None:
    try:
        schedule = read_schedule(text)
    except SettingsError:
        return
    assert schedule.next_after(at("2026-01-01"), "UTC") > at("2026-01-01")


def test_every_day_that_is_asked_for_comes() -> None:
    """All days of two years that match, counted by the calendar alone."""
    found = chain("0 12 13 * 5", LISBON, at("2026-01-01"), 130)
    every = [date(2026, 1, 1) + timedelta(days=number) for number in range(1100)]
    wanted = [day for day in every if day.day == 13 or day.isoweekday() == 5]
    assert [local(each, LISBON).date() for each in found] == wanted[:130]
