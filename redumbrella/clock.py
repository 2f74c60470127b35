"""Instants and lengths of time. Inside, an instant is an int of UTC microseconds since 1970.

Only workflows and skins call `now`; every other part is given its `as_of`.
"""

from datetime import UTC, datetime, time, timedelta

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
