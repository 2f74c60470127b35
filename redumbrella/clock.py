"""Instants and lengths of time. Inside, an instant is an int of UTC microseconds since 1970.

Only workflows and skins call `now`; every other part is given its `as_of`.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MICROSECONDS_PER_DAY = 86_400_000_000
# Where only the day of something is known, its instant is the last microsecond of that day: then
# it is known whatever the time of day was.
LAST_OF_DAY = time(23, 59, 59, 999_999)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """The present instant, in UTC microseconds."""
    return to_microseconds(datetime.now(UTC))


def to_microseconds(moment: datetime) -> int:
    """A timezone-aware datetime as UTC microseconds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(microseconds: int) -> datetime:
    """UTC microseconds as a timezone-aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_iso(microseconds: int) -> str:
    """UTC microseconds as ISO 8601 with offset, such as 2026-11-21T08:00:00+00:00."""
    return to_datetime(microseconds).isoformat()


def local(microseconds: int, timezone: str) -> datetime:
    """What calendar and wall clock show in this time zone (IANA name) at an instant."""
    return to_datetime(microseconds).astimezone(ZoneInfo(timezone))


def at_wall_clock(day: date, at: time, timezone: str) -> int:
    """The first instant at which the wall clock shows this time of this day, or a later one.

    So a time that is left out when clocks are put forward comes at the first instant after the
    gap, one that is shown twice comes the first time, and a later time never comes earlier.
    """
    wall = datetime.combine(day, at, ZoneInfo(timezone))
    # Offsets of the rule before (fold 0) and after (fold 1) a change that is near; else the same.
    before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    plain = wall.replace(tzinfo=UTC)
    if before is None or after is None or after <= before:
        return to_microseconds(plain - (before or timedelta(0)))
    early, late = plain - after, plain - before  # the clocks are put forward between these two
    while late - early > timedelta(microseconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(ZoneInfo(timezone)).utcoffset() == before:
            early = middle
        else:
            late = middle
    return to_microseconds(late)


def has_day(day: date, timezone: str) -> bool:
    """Whether the day came at all: Samoa went from 29 to 31 December 2011."""
    return local(at_wall_clock(day, time(), timezone), timezone).date() == day


def is_timezone(name: str) -> bool:
    """Whether this is the IANA name of a time zone, such as Europe/Lisbon."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True
