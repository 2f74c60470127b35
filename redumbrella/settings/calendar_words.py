"""Words about days and times of day, as settings write them: Monday, 1st, 06:30."""

import re
from collections.abc import Sequence
from datetime import date

from redumbrella.errors import SettingsError, nearest

# Numbers of weekdays are those of `date.weekday`: Monday is 0.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
WORKING_DAYS = frozenset(range(5))
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def read_out(words: Sequence[str]) -> str:
    """Words as one reads them out: 'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def list_items(text: str) -> list[str]:
    """The parts of 'a, b and c'; the whole text where one of them is empty."""
    parts = [part.strip() for part in re.split(r",|\band\b", text)]
    return parts if all(parts) else [text]


def time_words(minute: int) -> str:
    """A minute of the day as the clock shows it: 390 is '06:30'."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def ordinal(number: int) -> str:
    """1 as '1st', 2 as '2nd', for days of a month."""
    return f"{number}{_ORDINALS.get(number, 'th')}"


def read_time(text: str) -> int:
    """'06:30' as a minute of the day. Raises SettingsError where it is none."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip(), re.ASCII)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise not_read(text, 'expected a time of day from 00:00 to 23:59, such as "06:30".')
    return 60 * int(found[1]) + int(found[2])


def read_weekday(text: str) -> int:
    """'Monday' or 'mon' as 0. Raises SettingsError with the nearest name where it is none."""
    word = text.strip().lower()
    for number, name in enumerate(WEEKDAYS):
        if word in (name.lower(), name[:3].lower(), f"{name.lower()}s"):
            return number
    hint = nearest(text.strip().capitalize(), WEEKDAYS)
    raise not_read(text, f'expected a day of the week such as "Monday".{hint}')


def read_date(text: str) -> date:
    """'2026-12-24' as a date. Raises SettingsError where it is none."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip(), re.ASCII):
            return date.fromisoformat(text.strip())
    except ValueError as problem:
        raise not_read(text, f"{problem}.") from None
    raise not_read(text, 'expected a date such as "2026-12-24".')


def not_read(text: str, why: str) -> SettingsError:
    """What to raise where words about time are not understood."""
    return SettingsError(f'"{text[:80]}": {why}', reason="bad_time_words")
