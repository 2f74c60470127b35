"""When something is done again and again, from words: "every weekday at 08:00", "every 15 minutes".

Two kinds, which differ on the days on which clocks are put forward or back:

- Times of day, and cron, follow the wall clock. A time that a day leaves out comes once, at the
  first instant after the gap; one that it shows twice comes once, the first time. No day is left
  out, and nothing comes twice for one time. So cron's "*/15 * * * *" is silent for the hour that is
  shown a second time: write "every 15 minutes" where that matters.
- Intervals ("every 15 minutes", "every 6 hours") go by elapsed time, from the first instant of each
  day of the calendar. They divide 24 hours, so on ordinary days they come at the same times; on a
  day of 23 or 25 hours the last one is cut short by midnight, where the next day begins anew.

Where both the day of the month and the day of the week of a cron line are restricted, either of
them is enough, as in Vixie's cron (crontab(5)); a field that begins with * counts as unrestricted
in that, even with a step. `read_schedule` reads words, `Schedule.next_after` says when.
"""

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import groupby

from redumbrella.clock import MICROSECONDS_PER_DAY, at_wall_clock, has_day, local
from redumbrella.errors import SettingsError
from redumbrella.settings.calendar_words import (
    MONTHS,
    WEEKDAYS,
    WORKING_DAYS,
    list_items,
    not_read,
    ordinal,
    read_out,
    read_time,
    read_weekday,
    time_words,
)

_ONE_DAY = timedelta(days=1)
_MINUTES_PER_DAY = 24 * 60
_MINUTE = MICROSECONDS_PER_DAY // _MINUTES_PER_DAY
_EXAMPLES = (
    'expected words such as "every day at 06:30", "every weekday at 08:00", "every Monday and '
    'Thursday at 08:00", "on the 1st at 07:00", "every 15 minutes", "every 6 hours", or five '
    'fields of cron such as "30 6 * * 1-5".'
)
_ALL_MONTHS, _ALL_DAYS = frozenset(range(1, 13)), frozenset(range(1, 32))
_ALL_WEEKDAYS = frozenset(range(7))
_MOST_TIMES = 6  # named one by one when a schedule is read out


@dataclass(frozen=True)
class Schedule:
    """When something is done: an interval, or times of the wall clock on some days.

    every: minutes of an interval, 0 for none. times: minutes of the day, rising. months (1 to 12),
    month_days (1 to 31), weekdays (0 is Monday). either: one of month_days and weekdays is enough;
    else both must hold. month_end: a day that a month does not have is its last day.
    """

    every: int = 0
    times: tuple[int, ...] = ()
    months: frozenset[int] = _ALL_MONTHS
    month_days: frozenset[int] = _ALL_DAYS
    weekdays: frozenset[int] = _ALL_WEEKDAYS
    either: bool = False
    month_end: bool = False

    def next_after(self, instant_us: int, timezone: str) -> int:
        """The first time strictly after an instant; both in UTC microseconds.

        timezone: the IANA name of the zone whose calendar and clock count.
        """
        if self.every:
            return self._next_interval(instant_us, timezone)
        wall = local(instant_us, timezone)
        day = wall.date()
        passed = bisect_right(self.times, 60 * wall.hour + wall.minute)
        while True:
            if self._is_on(day) and has_day(day, timezone):
                for minute in self.times[passed:]:
                    found = at_wall_clock(day, time(minute // 60, minute % 60), timezone)
                    if found > instant_us:
                        return found
            day, passed = day + _ONE_DAY, 0

    @property
    def words(self) -> str:
        """How a person reads it; what was given in words can be read again."""
        if self.every:
            hours = self.every // 60
            if self.every % 60:
                return "every minute" if self.every == 1 else f"every {self.every} minutes"
            return "every hour" if hours == 1 else f"every {hours} hours"
        return f"{self._day_words()} {_times_words(self.times)}"

    def _next_interval(self, instant_us: int, timezone: str) -> int:
        # Where the clock goes back over midnight, the day that began first stays the day.
        day = local(instant_us, timezone).date() + _ONE_DAY
        end = at_wall_clock(day + _ONE_DAY, time(), timezone)
        while (start := at_wall_clock(day, time(), timezone)) > instant_us:
            day, end = day - _ONE_DAY, start
        step = self.every * _MINUTE
        return min(start + ((instant_us - start) // step + 1) * step, end)

    def _is_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month = day.day in self.month_days
        if self.month_end and not in_month:
            last = monthrange(day.year, day.month)[1]
            in_month = day.day == last and max(self.month_days) > last
        in_week = day.weekday() in self.weekdays
        return (in_month or in_week) if self.either else (in_month and in_week)

    def _day_words(self) -> str:
        on_days = _weekday_words(self.weekdays)
        month = f"on the {read_out([ordinal(number) for number in sorted(self.month_days)])}"
        if self.month_end and max(self.month_days) > 28:
            month += " or the last day"
        if self.month_days == _ALL_DAYS and not self.either:
            days = f"every {on_days}"
        elif self.weekdays == _ALL_WEEKDAYS and not self.either:
            days = month
        else:
            days = f"{month} {'and every' if self.either else 'if that is a'} {on_days}"
        if self.months != _ALL_MONTHS:
            days += f" in {read_out([MONTHS[number - 1] for number in sorted(self.months)])}"
        return days


def read_schedule(text: str) -> Schedule:
    """A schedule from words or from the five fields of cron; see the module for what they mean.

    Raises SettingsError, which says what was expected and what is not supported.
    """
    words = " ".join(text.split())
    interval = re.fullmatch(r"every (?:(\d{1,6}) )?(minute|hour|day)s?", words, re.I | re.ASCII)
    if interval and interval[2].lower() != "day":
        return _interval(words, interval[1], interval[2].lower())
    if at := re.fullmatch(r"(every|on the) (.+) at (.+)", words, re.I):
        try:
            minutes = tuple(sorted({read_time(one) for one in list_items(at[3])}))
            if at[1].lower() == "every":
                return Schedule(times=minutes, weekdays=_weekdays(at[2]))
            return Schedule(times=minutes, month_days=_month_days(at[2]), month_end=True)
        except SettingsError as problem:
            raise not_read(words, f"{problem.message} In all, {_EXAMPLES}") from None
    if re.match(r"every |on ", words, re.I):
        why = "it does not say when: " if " at " not in f"{words} ".lower() else ""
        raise not_read(words, why + _EXAMPLES)
    return _cron(words)


def _interval(words: str, number: str | None, unit: str) -> Schedule:
    minutes = int(number or 1) * (60 if unit == "hour" else 1)
    if not 1 <= minutes <= _MINUTES_PER_DAY or _MINUTES_PER_DAY % minutes:
        size = 60 if unit == "hour" else 1
        fits = [n for n in range(size, _MINUTES_PER_DAY + 1, size) if not _MINUTES_PER_DAY % n]
        near = sorted(sorted(fits, key=lambda n: abs(n - minutes))[:2])
        raise not_read(
            words,
            "an interval must divide the 24 hours of a day, so that it comes at the same times "
            f"each day. Near: {read_out([Schedule(every=n).words for n in near])}.",
        )
    return Schedule(every=minutes)


def _weekdays(text: str) -> frozenset[int]:
    named = {"day": _ALL_WEEKDAYS, "weekday": WORKING_DAYS, "weekend": frozenset({5, 6})}
    if text.lower() in named:
        return named[text.lower()]
    found: set[int] = set()
    for part in list_items(text):
        first, _, last = part.partition(" to ")
        low, high = read_weekday(first), read_weekday(last or first)
        found |= {(low + step) % 7 for step in range((high - low) % 7 + 1)}
    return frozenset(found)


def _month_days(text: str) -> frozenset[int]:
    plain = re.sub(r" of (?:every|each|the) month$| or the last day$", "", text, flags=re.I)
    found = set()
    for part in list_items(plain):
        day = re.fullmatch(r"(?:the )?(\d{1,2})(?:st|nd|rd|th)", part, re.I | re.ASCII)
        if re.fullmatch(r"(?:the )?last day", part, re.I):
            found.add(31)
        elif day and 1 <= int(day[1]) <= 31:
            found.add(int(day[1]))
        else:
            raise not_read(part, 'expected a day of the month from "1st" to "31st".')
    return frozenset(found)


# Of each field of cron: what it is, its lowest and highest number, and names in place of numbers.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, tuple(name[:3].upper() for name in MONTHS)),
    ("day of the week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)
_OF_WEEK = 4


def _cron(words: str) -> Schedule:
    fields = words.split(" ")
    if not re.match(r"[\d*]", words) or len(fields) == 1:
        macros = " Names such as @daily are not supported." if words.startswith("@") else ""
        raise not_read(words, _EXAMPLES + macros)
    if len(fields) != len(_FIELDS):
        raise not_read(
            words,
            f"cron has five fields (minute, hour, day of the month, month, day of the week), here "
            f"are {len(fields)}. Seconds and years are not supported.",
        )
    minutes, hours, days, months, of_week = (
        _field(words, field, number) for number, field in enumerate(fields)
    )
    found = Schedule(
        times=tuple(60 * hour + minute for hour in sorted(hours) for minute in sorted(minutes)),
        months=months,
        month_days=days,
        weekdays=frozenset((number - 1) % 7 for number in of_week),  # cron begins with Sunday
        either=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    # Days and weekdays of the calendar come again after 28 years, within a century.
    if not any(found._is_on(day) for day in _days(date(2000, 1, 1), 366 * 28)):
        raise not_read(words, "there is no such day in any year.")
    return found


def _field(words: str, field: str, number: int) -> frozenset[int]:
    """The numbers of one field of cron."""
    what, low, high, _ = _FIELDS[number]
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if slash and not (step.isascii() and step.isdigit() and 0 < int(step[:4]) <= high):
            raise not_read(words, f'{what} "{part}": after / a step from 1 to {high}.')
        if span == "*":
            start, end = low, high
        else:
            start = _number(words, first, number)
            end = _number(words, last, number) if dash else start
        if slash and span != "*" and not dash:
            raise not_read(words, f'{what} "{part}": a step follows * or a range such as 0-30/10.')
        if number == _OF_WEEK and end < start and (start == 7 or end == 0):
            end += 7  # Sunday is 0 and 7
        if end < start:
            raise not_read(words, f'{what} "{part}" runs backwards: write two, with a comma.')
        found |= set(range(start, end + 1, int(step) if slash else 1))
    return frozenset(found)


def _number(words: str, text: str, number: int) -> int:
    what, low, high, names = _FIELDS[number]
    if text.upper() in names:
        return names.index(text.upper()) + low
    if text.isascii() and text.isdigit() and len(text) <= 4 and low <= int(text) <= high:
        return int(text)
    known = f", {names[0]} to {names[-1]}" if names else ""
    raise not_read(
        words,
        f'{what} "{text}": expected {low} to {high}{known}, lists (1,2), ranges (1-5) and steps '
        "(*/2). L, W, # and ? are not supported.",
    )


def _days(first: date, count: int) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range(count))


def _weekday_words(weekdays: frozenset[int]) -> str:
    named = {_ALL_WEEKDAYS: "day", WORKING_DAYS: "weekday"}
    if weekdays in named:
        return named[weekdays]
    return read_out([WEEKDAYS[number] for number in sorted(weekdays)])


def _times_words(times: Sequence[int]) -> str:
    if len(times) <= _MOST_TIMES:
        return f"at {read_out([time_words(minute) for minute in times])}"
    minutes = sorted({minute % 60 for minute in times})
    hours = sorted({minute // 60 for minute in times})
    each = "every minute" if len(minutes) == 60 else f"at minute {_spans(minutes)}"
    return f"{each} of {'every hour' if len(hours) == 24 else f'the hours {_spans(hours)}'}"


def _spans(numbers: Sequence[int]) -> str:
    """Rising numbers with runs of three and more as 'from to to': '0, 8 to 17 and 20'."""
    words = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [str(number) for _, number in run]
        words += found if len(found) < 3 else [f"{found[0]} to {found[-1]}"]
    return read_out(words)
