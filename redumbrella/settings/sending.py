"""When an action is to leave, from words: "at once", "next working morning at 08:00", "in 2 hours".

In: words of an automation (`read_send_rule`), quiet hours (`read_quiet_hours`), days on which
nothing leaves (`read_days_off`) and on which people work (`read_working_days`). Out: a `SendRule`,
`QuietHours` and `DaysOff`; `decisions.send_times.send_at` makes instants of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from redumbrella.settings.calendar_words import (
    WEEKDAYS,
    not_read,
    read_date,
    read_out,
    read_time,
    read_weekday,
    time_words,
)

_EXAMPLES = (
    'expected "at once", "next working morning at 08:00", "next day at 09:30", "in 2 hours" or '
    '"in 3 days at 10:00".'
)
_MOST_DAYS = 366
_MINUTES = {"minute": 1, "hour": 60}


@dataclass(frozen=True)
class SendRule:
    """When an action leaves after what made it fire.

    after_minutes: so much later by elapsed time. Or, where `days` is no None, so many days later by
    the calendar; at: the minute of that day, None for the time of the firing. working: the first
    working day whose `at` comes strictly after the firing, which may be the same day.
    """

    after_minutes: int = 0
    days: int | None = None
    at: int | None = None
    working: bool = False

    @property
    def words(self) -> str:
        """How a person reads it, and how it can be read again."""
        clock = "" if self.at is None else f" at {time_words(self.at)}"
        if self.working:
            return f"next working morning{clock}"
        if self.days is not None:
            if self.days == 1:
                return f"next day{clock}" if clock else "in 1 day"
            return f"in {self.days} days{clock}"
        if not self.after_minutes:
            return "at once"
        unit = "minute" if self.after_minutes % 60 else "hour"
        number = self.after_minutes // _MINUTES[unit]
        return f"in {number} {unit}" if number == 1 else f"in {number} {unit}s"


@dataclass(frozen=True)
class QuietHours:
    """From which minute of the day on nothing leaves, and when it may again: the end is not quiet.

    Over midnight where the start is the later of both.
    """

    start: int
    end: int

    def at(self, moment: datetime) -> bool:
        """Whether it is quiet when the wall clock shows this."""
        clock = moment.time().replace(tzinfo=None)
        first, last = (time(minute // 60, minute % 60) for minute in (self.start, self.end))
        if self.start < self.end:
            return first <= clock < last
        return clock >= first or clock < last


@dataclass(frozen=True)
class DaysOff:
    """Days on which nothing leaves: days of the week (0 is Monday), dates, and days of each year
    as (month, day).
    """

    weekdays: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()
    each_year: frozenset[tuple[int, int]] = frozenset()

    def on(self, day: date) -> bool:
        """Whether nothing leaves on this day."""
        yearly = (day.month, day.day) in self.each_year
        return yearly or day in self.dates or day.weekday() in self.weekdays


def read_send_rule(text: str) -> SendRule:
    """When an action leaves, from words. Raises SettingsError with what was expected."""
    words = " ".join(text.split())
    if words.lower() in ("at once", "now", "immediately"):
        return SendRule()
    if found := re.fullmatch(r"next working (?:morning|day) at (\S+)", words, re.I):
        return SendRule(days=0, at=read_time(found[1]), working=True)
    if found := re.fullmatch(r"(?:the )?next day at (\S+)", words, re.I):
        return SendRule(days=1, at=read_time(found[1]))
    if found := re.fullmatch(r"in (\d{1,3}) days?(?: at (\S+))?", words, re.I | re.ASCII):
        if not 1 <= int(found[1]) <= _MOST_DAYS:
            raise not_read(words, f"expected 1 to {_MOST_DAYS} days.")
        return SendRule(days=int(found[1]), at=read_time(found[2]) if found[2] else None)
    if found := re.fullmatch(r"in (\d{1,6}) (minute|hour)s?", words, re.I | re.ASCII):
        minutes = int(found[1]) * _MINUTES[found[2].lower()]
        if not 1 <= minutes <= _MOST_DAYS * 24 * 60:
            raise not_read(words, f"expected 1 minute to {_MOST_DAYS} days.")
        return SendRule(after_minutes=minutes)
    raise not_read(words, _EXAMPLES)


def read_quiet_hours(text: str) -> QuietHours:
    """Quiet hours from words such as "20:00 to 08:00". Raises SettingsError where they are none."""
    found = re.fullmatch(r"(?:from )?(\S+) (?:to|until|-) (\S+)", " ".join(text.split()), re.I)
    if not found:
        raise not_read(text, 'expected two times such as "20:00 to 08:00".')
    start, end = read_time(found[1]), read_time(found[2])
    if start == end:
        raise not_read(text, "both times are the same: nothing could ever leave, or all of it.")
    return QuietHours(start, end)


def read_days_off(texts: Sequence[str]) -> DaysOff:
    """Days on which nothing leaves: "Sunday", "2026-12-24", or "12-25" for each year.

    Raises SettingsError where one of them is none, or no day of the week is left.
    """
    weekdays, dates, each_year = set(), set(), set()
    for text in texts:
        yearly = re.fullmatch(r"(\d{2})-(\d{2})", text.strip(), re.ASCII)
        if yearly:
            day = read_date(f"2024-{text.strip()}")  # a leap year: 29 February is a day
            each_year.add((day.month, day.day))
        elif re.match(r"\s*\d", text):
            dates.add(read_date(text))
        else:
            weekdays.add(read_weekday(text))
    if len(weekdays) == len(WEEKDAYS):
        raise not_read(read_out(list(texts)), "no day of the week is left.")
    return DaysOff(frozenset(weekdays), frozenset(dates), frozenset(each_year))


def read_working_days(texts: Sequence[str]) -> frozenset[int]:
    """Days of the week on which people work, 0 for Monday. Raises SettingsError for others."""
    if not texts:
        raise not_read("", 'expected days of the week such as ["Monday", "Tuesday"].')
    return frozenset(read_weekday(text) for text in texts)
