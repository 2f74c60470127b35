"""What the text of a column means: number, flag, time or plain text.

A sample of texts comes in; the readings that may fit go out, each of which can be written as SQL
for DuckDB that gives the value, or NULL where a text cannot be read so. The name of a column counts
in one case only: digits are a time where it is named like one. The session's TimeZone applies to
times without an offset.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from redumbrella.lake.quoting import literal
from redumbrella.sources.spellings.instants import (
    COMPACT_FORMATS,
    DAY_FIRST,
    MONTH_FIRST,
    SERIAL,
    SPELLED,
    UNIX,
    YEAR_FIRST,
    end_of_day_sql,
    expected_instant,
    instant_sql,
    is_instant,
    is_numeric_day,
    is_plausible,
    short_parts,
)
from redumbrella.sources.spellings.numbers import is_beyond_reason, is_number, number_sql
from redumbrella.sources.spellings.placeholders import (
    MISSING_WORDS,
    MOST_ODD,
    is_known_placeholder,
    odd_texts,
)

Type = Literal["number", "flag", "time", "text", "empty"]

TRUE = ("yes", "y", "true", "t", "won", "closed won", "closedwon", "1", "1.0")
FALSE = ("no", "n", "false", "f", "lost", "closed lost", "closedlost", "0", "0.0")

# A sample must fit a reading at least so well to make it worth counting all values.
_PLAUSIBLE = 0.9
# At most so many different texts of a column are looked at one by one.
SAMPLE_VALUES = 500
_FIRST_TEXTS = 60
# So few different first parts beside last ones are years: 24-01-31.
_FEWER_YEARS = 3

# Names of columns of times, in eight languages: their last word, or their first: "Fecha de cierre".
_TIME_NAMES = re.compile(
    r"(^|_)(date|datetime|\w*datum|\w*zeit|\w*zeitpunkt|fecha|data|time|timestamp|ts|at|created|"
    r"closed|updated|modified|on|zeitstempel|horodatage|erstellt|geschlossen|am|le|il|el|em|op)"
    r"(_(utc|ms|us|s))?$"
    r"|^(date|fecha|data)_(d|de|del|da|do|di|du|der|van)_"
)


@dataclass(frozen=True)
class Reading:
    """One way to read a column.

    `style` is the decimal mark of a number ("." or ","), the spelling of a time ("typed" where the
    source says that it is a time, otherwise see instant_sql), empty otherwise. `whole_days`: every
    time is a midnight, of "local" (the session's zone) or "UTC", and means its day. `is_plain`: all
    values are written plainly, so that the quicker way reads the same.
    """

    type: Type
    style: str = ""
    true: tuple[str, ...] = TRUE
    false: tuple[str, ...] = FALSE
    whole_days: Literal["", "local", "UTC"] = ""
    is_plain: bool = field(default=False, compare=False)

    def sql(self, column: str) -> str:
        """The value of an SQL expression of type text; NULL where it cannot be read."""
        if self.type == "number":
            return number_sql(column, self.style, is_plain=self.is_plain)
        if self.type == "flag":
            # Won may stand alone: then nothing is lost by its value.
            lost = f"WHEN lower({column}) IN ({_texts(self.false)}) THEN FALSE "
            won = f"WHEN lower({column}) IN ({_texts(self.true)}) THEN TRUE "
            return f"CASE {won}{lost if self.false else ''}END"
        if self.type == "time":
            instant = column
            if self.style != "typed":
                instant = instant_sql(column, self.style, is_plain=self.is_plain)
            if self.whole_days:
                return end_of_day_sql(instant, "UTC" if self.whole_days == "UTC" else None)
            return instant
        return column

    def is_beyond(self, text: str) -> bool:
        """Whether a text would be a number, were it not so large."""
        return self.type == "number" and is_beyond_reason(text, self.style)

    @property
    def expected(self) -> str:
        """What a text must look like, for messages."""
        if self.type == "number":
            return "a number such as 1234,5" if self.style == "," else "a number such as 1234.5"
        if self.type == "flag":
            listed = (", ".join(values[:5]) for values in (self.true, self.false) if values)
            return f"one of {' or '.join(listed)}"
        return expected_instant(self.style) if self.type == "time" else "text"


def sample_readings(
    values: Sequence[str], *, compact_times: bool = False, named_time: bool = False
) -> list[Reading]:
    """The readings that may fit a sample of present values, likeliest first; empty: plain text.

    `compact_times` also allows times of digits only (20261121, seconds since 1970, Excel's days),
    which would otherwise be numbers: for a column that is said to hold times. `named_time` allows
    them where all are dated plausibly: for a column that is named like a time.
    """
    counts = Counter(values)
    texts = [text for text in counts if not is_known_placeholder(text)][:SAMPLE_VALUES]
    counts = Counter({text: counts[text] for text in texts})
    if not texts:
        return []
    # Beside yes and no "unknown" is an answer of its own; beside numbers it is none.
    if _says_yes_or_no({text.lower() for text in set(values)} - MISSING_WORDS):
        return [Reading("flag")]
    if compact_times or named_time:
        digits = [Reading("time", style) for style in (*UNIX, *COMPACT_FORMATS, SERIAL)]
        if found := _plausible(texts, digits, is_plausible):
            return found
        if compact_times and (found := _plausible(texts, digits[:-1], is_instant)):
            return found
    if found := _numbers(counts, texts):
        return found
    return _times(counts, texts)


def is_named_like_a_time(name: str) -> bool:
    """Whether a column's name says that it holds times: created_at, Close Date, timestamp."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return _TIME_NAMES.search(re.sub(r"[^0-9a-z]+", "_", snake.lower()).strip("_")) is not None


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


def _numbers(counts: Counter[str], texts: Sequence[str]) -> list[Reading]:
    """The decimal marks that may fit, beside a few texts that say that there is no number."""

    def reads(text: str) -> bool:
        return is_number(text, ".") or is_number(text, ",")

    if not _may_be(texts, reads):
        return []
    odd = odd_texts(counts, reads)
    present = [text for text in texts if text not in odd]
    marks = [Reading("number", mark) for mark in (".", ",")]
    return _plausible(present, marks, lambda mark: lambda text: is_number(text, mark))


def _times(counts: Counter[str], texts: Sequence[str]) -> list[Reading]:
    """The spellings that may fit; several orders of day and month where none is ruled out."""
    fits = {style: is_instant(style) for style in ("iso", SPELLED, DAY_FIRST, MONTH_FIRST)}

    def reads(text: str) -> bool:
        return fits["iso"](text) or fits[DAY_FIRST](text) or fits[MONTH_FIRST](text)

    if not _may_be(texts, reads):
        return []
    odd = odd_texts(counts, reads)
    present = [text for text in texts if text not in odd]
    if present and all(fits["iso"](text) for text in present):
        return [Reading("time", "iso")]
    if not any(is_numeric_day(text) for text in present):
        styles = ("iso", SPELLED)
        found = _plausible(present, [Reading("time", style) for style in styles], is_instant)
        return found[:1] if found and found[0].style == SPELLED else found
    orders = [Reading("time", style) for style in _orders(present)]
    return _plausible(present, orders, is_instant)


def _may_be(texts: Sequence[str], reads: Callable[[str], bool]) -> bool:
    """Whether so many of the first texts can be read that it is worth looking at all."""
    first = texts[:_FIRST_TEXTS]
    failing = sum(not reads(text) for text in first)
    return failing < len(first) and failing <= MOST_ODD + (1 - _PLAUSIBLE) * len(first)


def _orders(texts: Sequence[str]) -> tuple[str, ...]:
    """The orders that days of numbers may have; a short year may stand first."""
    parts = [found for text in texts if (found := short_parts(text))]
    firsts, lasts = (len({one[side] for one in parts}) for side in (0, 1))
    if len(parts) < len(texts) / 2 or firsts >= lasts:
        return (DAY_FIRST, MONTH_FIRST)
    if firsts * _FEWER_YEARS <= lasts:
        return (YEAR_FIRST,)
    return (DAY_FIRST, MONTH_FIRST, YEAR_FIRST)


def _plausible(
    texts: Sequence[str],
    readings: Sequence[Reading],
    tester: Callable[[str], Callable[[str], bool]],
) -> list[Reading]:
    """The readings that fit nearly all texts, best first; tester: of a style, tests one text."""
    shares = {reading: _share(texts, tester(reading.style)) for reading in readings}
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
    return 1 - failed / len(texts) if texts else 0.0


def _texts(values: Sequence[str]) -> str:
    return ", ".join(literal(value) for value in values)
