"""How numbers read: a number comes in, short text with its unit goes out, and back.

All rooms write figures with these, so that nobody meets two spellings of one number.
"""

from datetime import datetime
from math import exp, floor, isfinite, log10
from zoneinfo import ZoneInfo

from redumbrella.clock import LAST_OF_DAY
from redumbrella.errors import SettingsError

MISSING = "—"
NO_BREAK = "\u00a0"
TO = "\u2013"  # between the two ends of an interval
TIMES, DIVIDED = "\u00d7", "\u00f7"
_LARGE, _SMALL = 1e15, 1e-6


def percent(share: float | None, digits: int = 1) -> str:
    """A share between 0 and 1 as per cent: 0.4123 → '41.2 %'; never rounds to a false 0 or 100."""
    if share is None or not isfinite(share):
        return MISSING
    smallest = 10.0**-digits
    value = 100.0 * share
    if 0.0 < value < smallest / 2:
        return f"<{smallest:.{digits}f}{NO_BREAK}%"
    if 100.0 - smallest / 2 <= value < 100.0:
        return f">{100.0 - smallest:.{digits}f}{NO_BREAK}%"
    return f"{value:.{digits}f}{NO_BREAK}%"


def percentage_points(change: float | None) -> str:
    """A difference of two shares in percentage points: +12.3."""
    return MISSING if change is None else f"{100 * change:+.1f}".replace("-", "\N{MINUS SIGN}")


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Two shares as one interval, joined by a dash; a lone dash when a bound is unknown."""
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return MISSING
    return f"{100.0 * low:.{digits}f}{TO}{100.0 * high:.{digits}f}{NO_BREAK}%"


def count(number: float | None) -> str:
    """A whole number with thousands separators: 41188 → '41,188'."""
    return MISSING if number is None or not isfinite(number) else f"{round(number):,}"


def counted(number: int, noun: str, many: str = "") -> str:
    """So many of something, one of it without an s: '1 lead', '1,204 leads'.

    many: what more of it are called, where that is not noun + s.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {many or noun + 's'}"


def size_words(size: int) -> str:
    """A number of bytes: '812 B', '3.4 MB', '1.2 GB', in powers of 1,000."""
    left, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if left < 999.5 or unit == "TB":
            break
        left /= 1_000.0
    digits = 0 if unit == "B" or left >= 100.0 else 1
    return f"{left:.{digits}f} {unit}"


def decimal(number: float | None, digits: int = 4) -> str:
    """A measure with a fixed number of decimals: 0.28414 → '0.2841'."""
    return MISSING if number is None or not isfinite(number) else f"{number:.{digits}f}"


def quantity(number: float, digits: int = 4) -> str:
    """A number as people write it, to `digits` telling ones: 11986.6 → '11,987', 0.3504 → '0.3504'.

    Whole numbers keep all of theirs; only the very large and the very small get an exponent.
    """
    size = abs(number)
    if not isfinite(number) or size >= _LARGE or 0.0 < size < _SMALL:
        return f"{number:.{digits}g}"
    if number == round(number):
        return f"{number:,.0f}"
    text = f"{number:,.{max(0, digits - 1 - floor(log10(size)))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(amount: float | None, currency: str) -> str:
    """An amount with its currency: 1234.5 → '1,234 EUR' ; small amounts keep two decimals."""
    if amount is None or not isfinite(amount):
        return MISSING
    text = f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:,.2f}"
    return f"{text}{NO_BREAK}{currency}" if currency else text


def money_interval(low: float | None, high: float | None, currency: str) -> str:
    """Two amounts as one interval with the currency; a lone dash when a bound is unknown."""
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return MISSING
    digits = 0 if abs(high) >= 100 else 2
    text = f"{low:,.{digits}f}{TO}{high:,.{digits}f}"
    return f"{text}{NO_BREAK}{currency}" if currency else text


def moment(instant: datetime | None, timezone: str = "UTC") -> str:
    """An instant in the workspace's time zone: '2010-11-21 08:00'; a day alone where only the day
    is known, and for midnight.
    """
    if instant is None:
        return MISSING
    local = instant.astimezone(ZoneInfo(timezone))
    is_day = local.time() == LAST_OF_DAY or local.hour == local.minute == 0
    return f"{local:%Y-%m-%d}" if is_day else f"{local:%Y-%m-%d %H:%M}"


def iso_day(text: str | None, timezone: str) -> str:
    """The day of an ISO 8601 instant in a time zone, for periods; a day alone stays as it is.

    '2010-09-06T23:00:00+00:00' is '2010-09-07' in Lisbon.
    """
    if not text or "T" not in text:
        return text or MISSING
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(timezone)):%Y-%m-%d}"


def factor(contribution: float) -> str:
    """A log-odds contribution as what it does to the odds: 0.69 doubles, -0.69 halves them."""
    size = exp(min(abs(contribution), 20.0))
    digits = 2 if size < 1.05 else 1 if size < 100 else 0  # "÷1.0" would say that nothing is done
    return f"{TIMES if contribution >= 0 else DIVIDED}{size:.{digits}f}"


def parse_share(text: str, name: str) -> float:
    """A share typed by a person: '0.3', '30 %', '30%' and '30' all mean 0.3.

    Raises SettingsError when it is no number or lies outside 0 … 100 %.
    """
    plain = text.strip().replace(NO_BREAK, "").replace(" ", "").replace(",", ".")
    try:
        value = float(plain.removesuffix("%"))
    except ValueError:
        value = -1.0
    if plain.endswith("%") or value > 1.0:
        value /= 100.0
    if not 0.0 <= value <= 1.0:
        message = f'{name} must be a share such as 0.3 or "30 %", not "{text}".'
        raise SettingsError(message, reason="bad_share")
    return value


def plain(value: object, timezone: str = "UTC") -> str:
    """A value of a record as a person would write it: yes, 12, 0.25, 2010-11-21, free text."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value, timezone)
    if isinstance(value, float):
        return quantity(value, 6).replace(",", "")
    return str(value)


def chance_from_log_odds(log_odds: float) -> float:
    """The probability whose log-odds are given: logistic(x) = 1 / (1 + exp(-x))."""
    size = exp(-abs(log_odds))
    return 1.0 / (1.0 + size) if log_odds >= 0 else size / (1.0 + size)
