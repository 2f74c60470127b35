"""When an action leaves: a rule and what made it fire in, an instant out.

Calendar and wall clock are those of the person where a time zone is known of them, else those of
the workspace: `timezone_of` says which, `send_at` when. Never before the firing, never in quiet
hours, never on a day off.
"""

from datetime import date, time, timedelta

from redumbrella.clock import MICROSECONDS_PER_DAY, at_wall_clock, has_day, is_timezone, local
from redumbrella.errors import SettingsError
from redumbrella.settings.calendar_words import WORKING_DAYS
from redumbrella.settings.sending import DaysOff, QuietHours, SendRule

_ONE_DAY = timedelta(days=1)
_MINUTE = MICROSECONDS_PER_DAY // (24 * 60)
_FURTHEST = 366  # days; further away than that nothing is planned
_ALL_DAYS = DaysOff()


def timezone_of(known: str | None, workspace: str) -> str:
    """The time zone of a person: the one that their record names if it is one, else our own."""
    name = (known or "").strip()
    return name if name and is_timezone(name) else workspace


def send_at(
    rule: SendRule,
    fired_us: int,
    timezone: str,
    quiet: QuietHours | None = None,
    working_days: frozenset[int] = WORKING_DAYS,
    not_on: DaysOff = _ALL_DAYS,
) -> int:
    """The instant at which an action leaves that fired at `fired_us`; both in UTC microseconds.

    What would leave in quiet hours leaves at their end. What would leave on a day off leaves on the
    first day after it that is none: at the rule's time of day, or, where it names none, as soon as
    that day begins. A time that a day leaves out is the first instant after the gap, one shown
    twice the first. Raises SettingsError where no day of a whole year after is left.
    """
    found = _by_rule(rule, fired_us, timezone, working_days, not_on)
    last = local(found, timezone).date() + _FURTHEST * _ONE_DAY
    while True:
        moment = local(found, timezone)
        day = moment.date()
        if day > last:
            raise _never()
        if not_on.on(day) or (rule.working and day.weekday() not in working_days):
            found = _at(day + _ONE_DAY, rule.at or 0, timezone)
        elif quiet and quiet.at(moment):
            found = _end_of(quiet, found, timezone)
        else:
            return found


def _by_rule(
    rule: SendRule, fired_us: int, timezone: str, working_days: frozenset[int], not_on: DaysOff
) -> int:
    """What the rule says, before quiet hours."""
    if rule.days is None:
        return fired_us + rule.after_minutes * _MINUTE
    moment = local(fired_us, timezone)
    day = moment.date() + rule.days * _ONE_DAY
    if not rule.working:
        if rule.at is None:
            return max(at_wall_clock(day, moment.time(), timezone), fired_us)
        return _at(day, rule.at, timezone)
    for _ in range(_FURTHEST + 1):
        found = _at(day, rule.at or 0, timezone)
        works = day.weekday() in working_days and not not_on.on(day) and has_day(day, timezone)
        if works and found > fired_us:
            return found
        day += _ONE_DAY
    raise _never()


def _end_of(quiet: QuietHours, instant_us: int, timezone: str) -> int:
    """When the quiet hours end that there are at an instant; later than it."""
    moment = local(instant_us, timezone)
    minutes = 60 * moment.hour + moment.minute
    day = moment.date() + (_ONE_DAY if minutes >= quiet.end else timedelta(0))
    found = _at(day, quiet.end, timezone)
    if found > instant_us:
        return found
    # The clock went back and shows the end a second time: it runs evenly until then.
    return (instant_us // _MINUTE + quiet.end - minutes) * _MINUTE


def _at(day: date, minute: int, timezone: str) -> int:
    return at_wall_clock(day, time(minute // 60, minute % 60), timezone)


def _never() -> SettingsError:
    return SettingsError(
        "No day of the next year is left on which this action could leave: one must remain that is "
        "a working day, no day off and not quiet at that time. Mend its days or its quiet hours.",
        reason="never_sent",
    )
