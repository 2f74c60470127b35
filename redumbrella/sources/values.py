"""What the text of a column means: missing, number, flag, time or plain text.

A sample of texts comes in; the readings that may fit go out, each of which can be written as SQL
for DuckDB that gives the value, or NULL where a text cannot be read so. Names of columns are never
looked at: only values count. A number of BEYOND_REASON or more is none. The session's TimeZone
applies to times without an offset.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from redumbrella.lake.quoting import literal

Type = Literal["number", "flag", "time", "text", "empty"]

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "\\n")
TRUE = ("yes", "y", "true", "t", "won", "closed won", "closedwon", "1", "1.0")
FALSE = ("no", "n", "false", "f", "lost", "closed lost", "closedlost", "0", "0.0")

# A sample must fit a reading at least so well to make it worth counting all values.
_PLAUSIBLE = 0.9
# At most so many different texts of a column are looked at one by one.
SAMPLE_VALUES = 500

# Spaces (also the unbreakable ones), apostrophes, currencies and percent, for RE2 and Python alike.
_SYMBOLS = "[\\s\u00a0\u202f'€$£¥%]"
_DECIMAL_POINT = r"[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_DECIMAL_COMMA = r"[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?"
# No amount, length or count is so large, and the sums of those below it stay exact enough.
BEYOND_REASON = 10**15
# Codes, not quantities: a leading zero, or more digits than a float64 can hold.
CODE = r"[+-]?0\d+|[+-]?\d{16,}"
ISO = (
    r"[1-9]\d{3}-\d{1,2}-\d{1,2}"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?"
)
_DATE_LIKE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}|\d.*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|"
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d",
    re.IGNORECASE,
)
_UNIX = {"unix seconds": (r"[1-9]\d{8,9}(?:\.\d+)?", 1e6), "unix ms": (r"[1-9]\d{11,12}", 1e3)}

_DATES = (
    *("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d %b %Y"),
    *("%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%a %d %b %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", "T%H:%M:%S")
FORMATS = (*(date + clock for clock in _CLOCKS for date in _DATES), "%d/%b/%Y:%H:%M:%S %z")
COMPACT_FORMATS = ("%Y%m%d", "%Y%m%d%H%M%S")


@dataclass(frozen=True)
class Reading:
    """One way to read a column.

    `style` is the decimal mark of a number ("." or ","), the format of a time ("iso", "typed",
    "unix ms" or a strptime format), empty otherwise. `symbols`: currency signs, per cent
    signs and spaces are dropped.
    """

    type: Type
    style: str = ""
    symbols: bool = False
    true: tuple[str, ...] = TRUE
    false: tuple[str, ...] = FALSE

    def sql(self, column: str) -> str:
        """The value of an SQL expression of type text; NULL where it cannot be read."""
        if self.type == "number":
            return self._number_sql(column)
        if self.type == "flag":
            return (
                f"CASE WHEN lower({column}) IN ({_texts(self.true)}) THEN TRUE "
                f"WHEN lower({column}) IN ({_texts(self.false)}) THEN FALSE END"
            )
        if self.type == "time":
            return self._time_sql(column)
        return column

    def _number_sql(self, column: str) -> str:
        pattern = _DECIMAL_COMMA if self.style == "," else _DECIMAL_POINT
        if self.symbols:
            column = f"regexp_replace({column}, {literal(_SYMBOLS)}, '', 'g')"
        plain = f"replace({column}, ',', '')"
        if self.style == ",":
            plain = f"replace(replace({column}, '.', ''), ',', '.')"
        readable = f"regexp_full_match({column}, {literal(pattern)})"
        number = f"TRY_CAST({plain} AS DOUBLE)"
        return f"CASE WHEN {readable} AND abs({number}) < {BEYOND_REASON} THEN {number} END"

    def _time_sql(self, column: str) -> str:
        if self.style == "typed":  # the source itself says that it is a time
            return column
        if self.style == "iso":
            readable = f"regexp_full_match({column}, {literal(ISO)})"
            plain = f"replace({column}, ',', '.')"
            return f"CASE WHEN {readable} THEN TRY_CAST({plain} AS TIMESTAMPTZ) END"
        if self.style in _UNIX:
            pattern, microseconds = _UNIX[self.style]
            readable = f"regexp_full_match({column}, {literal(pattern)})"
            ticks = f"(TRY_CAST({column} AS DOUBLE) * {microseconds:.0f})::BIGINT"
            return f"CASE WHEN {readable} THEN make_timestamptz({ticks}) END"
        # "24" is no year of four digits, though the parser would take it for the year 24.
        parsed = f"try_strptime({column}, {literal(self.style)})"
        return f"CASE WHEN year({parsed}) BETWEEN 1000 AND 9999 THEN {parsed}::TIMESTAMPTZ END"

    def is_beyond(self, text: str) -> bool:
        """Whether a text would be a number, were it not so large."""
        if self.type != "number":
            return False
        plain = re.sub(_SYMBOLS, "", text) if self.symbols else text
        pattern = _DECIMAL_COMMA if self.style == "," else _DECIMAL_POINT
        if not re.fullmatch(pattern, plain):
            return False
        marks = (".", ",") if self.style == "," else (",", ".")
        return abs(float(plain.replace(marks[0], "").replace(marks[1], "."))) >= BEYOND_REASON

    @property
    def expected(self) -> str:
        """What a text must look like, for messages."""
        if self.type == "number":
            return "a number such as 1234,5" if self.style == "," else "a number such as 1234.5"
        if self.type == "flag":
            return f"one of {', '.join(self.true[:5])} or {', '.join(self.false[:5])}"
        if self.style == "iso":
            return "a time such as 2026-11-21 or 2026-11-21T08:30:00+01:00"
        if self.type == "time":
            return f"a time of the form {self.style}"
        return "text"


def sample_readings(values: Sequence[str], *, compact_times: bool = False) -> list[Reading]:
    """The readings that may fit a sample of present values, likeliest first; empty: plain text.

    `compact_times` also allows times of digits only (20261121, seconds since 1970), which would
    otherwise be numbers.
    """
    texts = list(dict.fromkeys(values))[:SAMPLE_VALUES]
    if not texts:
        return []
    if _says_yes_or_no({text.lower() for text in texts}):
        return [Reading("flag")]
    if compact_times:
        digits = [Reading("time", style) for style in (*_UNIX, *COMPACT_FORMATS)]
        if found := _plausible(texts, digits):
            return found
    symbols = any(re.search(_SYMBOLS, text) for text in texts)
    numbers = [Reading("number", mark, symbols) for mark in (".", ",")]
    if found := _plausible(texts, numbers):
        return found
    if _share(texts, lambda text: _DATE_LIKE.search(text) is not None) < _PLAUSIBLE:
        return []
    iso = _plausible(texts, [Reading("time", "iso")])
    return iso or _plausible(texts, [Reading("time", style) for style in FORMATS])


def flag_reading(won: Sequence[str], lost: Sequence[str]) -> Reading:
    """The reading of an outcome; given values of won and lost replace the usual ones."""
    if not won:
        return Reading("flag")
    return replace(
        Reading("flag"),
        true=tuple(value.strip().lower() for value in won),
        false=tuple(value.strip().lower() for value in lost),
    )


def _says_yes_or_no(lowered: set[str]) -> bool:
    """Whether the texts are a word for yes and one for no; of two, such as N and F, each says
    something of its own.
    """
    yes, no = lowered & set(TRUE), lowered & set(FALSE)
    numbers = {"1", "0", "1.0", "0.0"}
    return lowered == yes | no and not lowered & numbers and max(len(yes), len(no)) == 1


def _plausible(texts: Sequence[str], readings: Sequence[Reading]) -> list[Reading]:
    shares = {reading: _share(texts, _tester(reading)) for reading in readings}
    fitting = [reading for reading in readings if shares[reading] >= _PLAUSIBLE]
    return sorted(fitting, key=lambda reading: -shares[reading])


def _share(texts: Sequence[str], test: Callable[[str], bool]) -> float:
    """Share of texts that pass; 0 as soon as it cannot reach the plausible share any more."""
    allowed = len(texts) * (1 - _PLAUSIBLE)
    failed = 0
    for text in texts:
        failed += not test(text)
        if failed > allowed:
            return 0.0
    return 1 - failed / len(texts)


def _tester(reading: Reading) -> Callable[[str], bool]:
    """A quick test in Python whether one text may be read so."""
    if reading.type == "number":
        pattern = re.compile(_DECIMAL_COMMA if reading.style == "," else _DECIMAL_POINT)
        symbols = re.compile(_SYMBOLS)
        return lambda text: bool(pattern.fullmatch(symbols.sub("", text)))
    if reading.style == "iso":
        return lambda text: bool(re.fullmatch(ISO, text))
    if reading.style in _UNIX:
        unix = re.compile(_UNIX[reading.style][0])
        return lambda text: bool(unix.fullmatch(text))
    return lambda text: _parses(text, reading.style)


def _parses(text: str, style: str) -> bool:
    try:
        # Only whether it fits is asked; the zone is applied when the values are read.
        return 1800 <= datetime.strptime(text, style).year <= 2200
    except ValueError:
        return False


def _texts(values: Sequence[str]) -> str:
    return ", ".join(literal(value) for value in values)
