"""A second reader, written from the rules of reading alone, that knows nothing of the product.

Texts of one column as they stand in a file come in; for each cell its value, None where the cell is
empty or a placeholder, or AMBIGUOUS where nothing in the column decides between two readings. Plain
Python, slow and simple on purpose; it must never import redumbrella.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo


class _Ambiguous:
    def __repr__(self) -> str:
        return "AMBIGUOUS"


AMBIGUOUS = _Ambiguous()
UNREADABLE = "unreadable"
_NOTHING = frozenset(
    "- – — . ? n/a na n.a. nan null none inf -inf unknown tbd (not set) (no value) #n/a #div/0! "
    "#ref! #value! #null!".split(" ")
) | {"", "(not set)", "(no value)"}
_NO_DATE = re.compile("0000|0001-01-01|1900-01-01|1970-01-01|9999-12-31")

_SIGNS = re.compile(r"^(?:R\$|kr|zł|[$€£₹¥%]|[A-Z]{3})|(?:R\$|kr|zł|[$€£₹¥%]|[A-Z]{3})$")


def read_numbers(cells: Sequence[str]) -> list[float | None | _Ambiguous]:
    """Numbers of a column: the mark of decimals is one for the column, shown by all its rows."""
    marks = [[_number(cell, decimal) for cell in cells] for decimal in ".,"]
    fewest = min(read.count(UNREADABLE) for read in marks)
    if 10 * fewest > len(cells):
        return [AMBIGUOUS for _ in cells]
    # What nobody can read as a number, such as a remark, is an empty cell.
    first, *more = [
        [None if one == UNREADABLE else one for one in read]
        for read in marks
        if read.count(UNREADABLE) == fewest
    ]
    if all(other == first for other in more):
        return list(first)  # type: ignore[arg-type]
    return [
        one if all(other[at] == one for other in more) else AMBIGUOUS  # type: ignore[misc]
        for at, one in enumerate(first)
    ]


def _number(cell: str, decimal: str) -> float | str | None:
    text = cell.strip()
    if text.lower() in _NOTHING:
        return None
    text = text.replace("\u2212", "-")
    sign = 1.0
    for _ in range(3):
        if text.startswith("(") and text.endswith(")"):
            sign, text = -1.0, text[1:-1]
        text = _SIGNS.sub("", text).strip()
        if text.startswith("-") or text.endswith("-"):
            sign, text = -sign, text.strip("-").strip()
    thousands = ",'\u2019 \u00a0\u202f" if decimal == "." else ".'\u2019 \u00a0\u202f"
    for mark in thousands:
        west = rf"\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+"
        lakh = rf"\d{{1,2}}(?:{re.escape(mark)}\d{{2}})*{re.escape(mark)}\d{{3}}"
        if re.fullmatch(rf"(?:{west}|{lakh})(?:{re.escape(decimal)}\d+)?", text):
            return sign * float(text.replace(mark, "").replace(decimal, "."))
    if re.fullmatch(rf"\d+(?:{re.escape(decimal)}\d+)?", text):
        return sign * float(text.replace(decimal, "."))
    return UNREADABLE


_MONTHS: dict[str, int] = {}
for _number_of_month, _names in enumerate(
    (
        "january jan januar janvier janv enero gennaio janeiro januari",
        "february feb februar février févr febrero febbraio fevereiro februari",
        "march mar märz mars marzo março maart",
        "april apr avril avr abril aprile",
        "may mai mayo maggio maio mei",
        "june jun juni juin junio giugno junho",
        "july jul juli juillet juil julio luglio julho",
        "august aug août agosto augustus",
        "september sep sept septembre septiembre settembre setembro",
        "october oct oktober octobre octubre ottobre outubro",
        "november nov novembre noviembre novembro",
        "december dec dezember décembre déc diciembre dicembre dezembro",
    ),
    start=1,
):
    _MONTHS |= dict.fromkeys(_names.split(), _number_of_month)

_CLOCK = re.compile(
    r"(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?P<f>\.\d+)?)?\s*(?P<half>[AaPp][Mm])?"
    r"(?:\s*Uhr)?\s*(?P<zone>Z|UTC|(?:GMT)?[+-]\d\d(?::?\d\d)?)?$"
)
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")
_WEEKDAY = re.compile("^(?:mon|tue|wed|thu|fri|sat|sun),? ", re.IGNORECASE)


def read_times(
    cells: Sequence[str], zone: ZoneInfo
) -> list[datetime | None | _Ambiguous]:
    """Instants of a column in UTC: the order of day and month is one for the column."""
    read = [[_instant(cell, order, zone) for cell in cells] for order in ("dmy", "mdy")]
    fewest = min(one.count(UNREADABLE) for one in read)
    if 10 * fewest > len(cells):
        return [AMBIGUOUS for _ in cells]
    orders = [
        [None if one == UNREADABLE else one for one in instants]
        for instants in read
        if instants.count(UNREADABLE) == fewest
    ]
    first = orders[0]
    return [
        one if all(other[at] == one for other in orders) else AMBIGUOUS  # type: ignore[misc]
        for at, one in enumerate(first)
    ]


def _instant(cell: str, order: str, zone: ZoneInfo) -> datetime | str | None:
    text = cell.strip()
    if text.lower() in _NOTHING or _NO_DATE.match(text):
        return None
    try:
        return _of_digits(text, zone) or _of_words(text, order, zone) or UNREADABLE
    except ValueError:
        return UNREADABLE


def _of_digits(text: str, zone: ZoneInfo) -> datetime | None:
    if basic := _BASIC.fullmatch(text):
        return datetime(*map(int, basic.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    if not re.fullmatch(r"\d+(?:\.\d+)?", text):
        return None
    for digits, per_second in ((10, 1), (13, 1_000), (16, 1_000_000)):
        if re.fullmatch(rf"\d{{{digits}}}", text):
            return datetime.fromtimestamp(int(text) // per_second, UTC)
    if len(text) == 8 and text.startswith("20"):
        return _end(datetime.strptime(text, "%Y%m%d"), zone)
    days = datetime(1899, 12, 30) + timedelta(seconds=round(float(text) * 86_400))
    if "." in text:
        return days.replace(tzinfo=zone).astimezone(UTC)
    return _end(days, zone)


def _end(day: datetime, zone: ZoneInfo) -> datetime:
    last = day.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return last.replace(tzinfo=zone).astimezone(UTC)


def _of_words(text: str, order: str, zone: ZoneInfo) -> datetime | None:
    text = re.sub(r"\s*\(.*\)$", "", _WEEKDAY.sub("", text))
    text = re.sub(r"(?<=\d)T(?=\d)", " ", text)
    clock = _CLOCK.search(text)
    day = _day(text[: clock.start()] if clock else text, order)
    if day is None:
        return None
    if clock is None:
        return _end(day, zone)
    hour = int(clock["h"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"].lower() == "pm" else 0)
    micro = int((clock["f"] or ".0")[1:7].ljust(6, "0"))
    at = day.replace(hour=hour, minute=int(clock["m"]), second=int(clock["s"] or 0))
    at = at.replace(microsecond=micro)
    return at.replace(tzinfo=_zone(clock["zone"], zone)).astimezone(UTC)


def _zone(text: str | None, own: ZoneInfo) -> ZoneInfo | timezone:
    if text is None:
        return own
    if text in {"Z", "UTC"}:
        return UTC
    digits = text.removeprefix("GMT").replace(":", "")
    minutes = int(digits[1:3]) * 60 + int(digits[3:5] or 0)
    return timezone(timedelta(minutes=minutes if digits[0] == "+" else -minutes))


def _day(text: str, order: str) -> datetime | None:
    text = re.sub(r"\b(?:de|at)\b", " ", text).replace(",", " ").strip()
    if words := re.search(r"[^\W\d_]+", text):
        month = _MONTHS.get(words[0].lower())
        numbers = [int(one) for one in re.findall(r"\d+", text)]
        if month is None or len(numbers) != 2:
            return None
        return datetime(numbers[1], month, numbers[0])
    parts = re.split(r"[-./]", text)
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return None
    if len(parts[0]) == 4:
        year, month_number, day = map(int, parts)
    else:
        first, second, year = map(int, parts)
        # Dots stand between a day and its month, in this order.
        day_first = order == "dmy" or "." in text
        day, month_number = (first, second) if day_first else (second, first)
        year += 2000 if year < 100 else 0
    return datetime(year, month_number, day)


_YES = {"yes", "ja", "oui", "sí", "sì", "sim", "tak", "y", "j", "1", "true"}
_NO = {"no", "nein", "non", "não", "nee", "nie", "n", "0", "false"}


def read_flags(cells: Sequence[str]) -> list[bool | None | _Ambiguous]:
    """Yes and no, in eight languages."""

    def one(cell: str) -> bool | None | _Ambiguous:
        word = cell.strip().lower()
        if word in _NOTHING:
            return None
        return True if word in _YES else False if word in _NO else AMBIGUOUS

    return [one(cell) for cell in cells]


def read_texts(cells: Sequence[str]) -> list[str | None | _Ambiguous]:
    """Text: NA, None and Null are values where the column's other values are of their kind."""
    others = [cell for cell in cells if cell and cell.lower() not in {"na", "none", "null"}]
    codes = bool(others) and all(re.fullmatch("[A-Z]{2}", cell) for cell in others)
    has_empty = any(not cell for cell in cells)

    def one(cell: str) -> str | None | _Ambiguous:
        cell = cell.strip()
        if not cell:
            return None
        if cell.lower() in {"na", "none", "null"}:
            return cell if (codes and cell == "NA") or has_empty else AMBIGUOUS
        return cell

    return [one(cell) for cell in cells]


READERS: dict[str, Callable[..., Sequence[object]]] = {
    "number": read_numbers,
    "flag": read_flags,
    "text": read_texts,
}
