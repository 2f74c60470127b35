# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What all values of a column show under each reading that may fit.

A staged table and the readings to try come in; counts go out, found in one pass over all columns.
Further questions about a single column (which texts cannot be read, which days stand apart, whether
times stand in order) are asked only where those counts leave something open.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.spellings.numbers import CODE
from redumbrella.sources.spellings.placeholders import is_known_placeholder, odd_texts
from redumbrella.sources.spellings.values import Reading
from redumbrella.sources.staging import ROW, Staging

_DAY = 86_400_000_000  # microseconds
_YEAR = 365.25 * _DAY
# Days that stand for no day where the other times are far from them, or where they are many.
_STAND_IN_DAYS = (
    *("1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1969-12-31"),
    *("1970-01-01", "2099-12-31", "2100-01-01", "2199-12-31", "2999-12-31"),
)
_EARLIEST, _LATEST = "1971-01-03", "2090-01-01"  # all stand-ins lie before or after
_FAR = 20 * _YEAR
_MANY, _TIMES_MORE = 5, 5
_MOST_TEXTS, _LONGEST_TEXT = 1_000, 100
_ROWS_IN_ORDER, _LEAST_STEPS, _OUT_OF_ORDER = 100_000, 10, 0.01
# A column of so many times that are all midnights is one of days.
LEAST_MIDNIGHTS = 20


@dataclass(frozen=True)
class Wanted:
    """A column to decide on: its place in the lake and the source, the readings that may fit, and a
    sample of its texts. `kind` of a canonical column, None for a field; `here`: in staging;
    `is_needed`: a row cannot be used where its value cannot be read.
    """

    name: str
    origin: ColumnSource
    kind: str | None
    here: str
    readings: tuple[Reading, ...]
    sample: tuple[str, ...] = ()
    is_needed: bool = False


@dataclass(frozen=True)
class Read:
    """How many values a reading reads. Of times: how many are days without a time of day, how many
    stand on a quarter of an hour, the earliest and the latest (UTC microseconds).
    """

    reading: Reading
    count: int
    days: int = 0
    quarters: int = 0
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Counted:
    """All values of a column: present ones, codes among them, and what each reading reads."""

    present: int
    codes: int
    reads: tuple[Read, ...]

    def of(self, type_: str, style: str) -> int:
        """How many values are read in this style; 0 when it was not tried."""
        wanted = (type_, style)
        found = [r.count for r in self.reads if (r.reading.type, r.reading.style) == wanted]
        return max(found, default=0)


def count_values(staging: Staging, wanted: Sequence[Wanted]) -> list[Counted]:
    """Counts of each column, in one pass where values are written plainly, else in two.

    Most files write numbers and times plainly; the patterns for all other ways take long to make
    ready, so they are tried only on columns that need them.
    """
    if not wanted:
        return []
    plain = [
        replace(one, readings=tuple(replace(r, is_plain=_has_plain(r)) for r in one.readings))
        for one in wanted
    ]
    counts = _counted(staging, plain)
    open_yet = [
        place
        for place, (one, found) in enumerate(zip(plain, counts, strict=True))
        if any(r.is_plain for r in one.readings)
        and all(read.count < found.present for read in found.reads if read.reading.is_plain)
    ]
    again = _counted(staging, [wanted[place] for place in open_yet])
    for place, found in zip(open_yet, again, strict=True):
        counts[place] = found
    return counts


def _has_plain(reading: Reading) -> bool:
    return reading.type == "number" or (reading.type, reading.style) == ("time", "iso")


def _counted(staging: Staging, wanted: Sequence[Wanted]) -> list[Counted]:
    """Counts of each column, in one pass."""
    if not wanted:
        return []
    values, parts = [], []
    for position, one in enumerate(wanted):
        is_text = one.here not in staging.instants and one.here != ROW
        has_number = any(reading.type == "number" for reading in one.readings)
        codes = f"count(*) FILTER (regexp_full_match({one.here}, {literal(CODE)}))"
        parts += [f"count({one.here})", codes if is_text and has_number else "0"]
        for number, reading in enumerate(one.readings):
            # Named once, so that it is worked out once for all that is asked about it.
            value = f"v{position}_{number}"
            if reading.type == "text":
                value = one.here
            else:
                values.append(f"{reading.sql(one.here)} AS {value}")
            parts += _asked(value, reading)
    inner = f"SELECT *{''.join(f', {value}' for value in values)} FROM {quoted(staging.name)}"
    flat = [int(number or 0) for number in staging.one(f"SELECT {', '.join(parts)} FROM ({inner})")]
    counts = []
    for one in wanted:
        present, many_codes, *flat = flat
        reads = []
        for reading in one.readings:
            size = len(_asked("", reading))
            reads.append(Read(reading, *flat[:size]))
            flat = flat[size:]
        counts.append(Counted(present, many_codes, tuple(reads)))
    return counts


def _asked(value: str, reading: Reading) -> list[str]:
    """SQL of what is counted of a value."""
    count = f"count({value})"
    if reading.type != "time":
        return [count]
    ticks = f"epoch_us({value})"
    days = f"count(*) FILTER ({ticks} % 1000000 = 999999)"
    quarters = f"count(*) FILTER ({ticks} % 900000000 = 0)"
    return [count, days, quarters, f"min({ticks})", f"max({ticks})"]


@dataclass(frozen=True)
class Missing:
    """Texts that stand for nothing, with how often each occurs: those that cannot be read as the
    others are, and those that can (1900-01-01).
    """

    unreadable: Counter[str] = field(default_factory=Counter)
    stand_ins: Counter[str] = field(default_factory=Counter)

    @property
    def texts(self) -> Counter[str]:
        """All of them."""
        return self.unreadable + self.stand_ins


def find_missing(staging: Staging, here: str, counted: Counted, read: Read) -> Missing:
    """The texts that stand for nothing in a column that is read so."""
    stand_ins = Counter[str]()
    if read.reading.type == "time" and read.count:
        stand_ins = _stand_in_days(staging, here, read)
    unreadable = counted.present - read.count
    words = staging.words.get(here, Counter())
    if not unreadable or here in staging.instants:
        return Missing(stand_ins=stand_ins)
    if unreadable == words.total():
        return Missing(Counter(words), stand_ins)
    texts = _unreadable_texts(staging, here, read.reading)
    odd = odd_texts({**texts, "": read.count}, lambda text: text == "")
    if read.reading.type == "flag":  # what else stands beside yes and no may be an answer
        listed = {*read.reading.true, *read.reading.false}
        odd = {t for t in odd if is_known_placeholder(t) and t.lower() not in listed}
    return Missing(
        Counter({text: count for text, count in texts.items() if text in odd}), stand_ins
    )


def _unreadable_texts(staging: Staging, here: str, reading: Reading) -> dict[str, int]:
    return dict(
        staging.connection.execute(
            f"SELECT left({here}, {_LONGEST_TEXT}), count(*) FROM {quoted(staging.name)} "
            f"WHERE {here} IS NOT NULL AND ({reading.sql(here)}) IS NULL "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_TEXTS}"
        ).fetchall()
    )


def _stand_in_days(staging: Staging, here: str, read: Read) -> Counter[str]:
    """The texts of days such as 1900-01-01 that stand apart from all other times or are many."""
    table, value = quoted(staging.name), read.reading.sql(here)
    bounds = [f"epoch_us('{day}'::TIMESTAMPTZ)" for day in (_EARLIEST, _LATEST)]
    earliest, latest = staging.one(f"SELECT {', '.join(bounds)}")
    if read.low >= earliest and read.high < latest:
        return Counter()
    timed = f"(SELECT {here} AS h, {value} AS t FROM {table} WHERE {here} IS NOT NULL)"
    outside = staging.connection.execute(
        f"SELECT h::VARCHAR, epoch_us(t), strftime(t, '%Y-%m-%d'), count(*) FROM {timed} "
        f"WHERE epoch_us(t) < {earliest} OR epoch_us(t) >= {latest} GROUP BY ALL "
        f"ORDER BY 4 DESC, 1 LIMIT {_MOST_TEXTS}"
    ).fetchall()
    low, high, most = staging.one(
        "SELECT min(us), max(us), max(n) FROM (SELECT epoch_us(t) AS us, count(*) AS n "
        f"FROM {timed} WHERE epoch_us(t) >= {earliest} AND epoch_us(t) < {latest} GROUP BY 1)"
    )
    found = Counter[str]()
    others = [row for row in outside if not _may_stand_in(row[2])]
    known = [at for _, at, _, _ in others] + [at for at in (low, high) if at is not None]
    for text, at, day, count in outside:
        if not _may_stand_in(day):
            continue
        gap = min((abs(at - one) for one in known), default=0)
        often = max((most or 0), max((row[3] for row in others), default=0))
        is_many = count >= _MANY and count > _TIMES_MORE * often and known
        if day.startswith("9999") or gap >= _FAR or is_many:
            found[text] = count
    return found


def _may_stand_in(day: str) -> bool:
    return day in _STAND_IN_DAYS or day.startswith("9999")


def with_whole_days(staging: Staging, here: str, read: Read) -> Read:
    """The reading of a column whose times are all midnights: each means its day."""
    is_likely = read.quarters == read.count >= LEAST_MIDNIGHTS
    if read.reading.type != "time" or not is_likely or read.reading.whole_days:
        return read
    value = read.reading.sql(here)
    local = "count(*) FILTER (t::TIMESTAMP <> t::DATE::TIMESTAMP)"
    utc = f"count(*) FILTER (epoch_us(t) % {_DAY} <> 0)"
    timed = f"(SELECT {value} AS t FROM {quoted(staging.name)})"
    not_local, not_utc = staging.one(f"SELECT {local}, {utc} FROM {timed} WHERE t IS NOT NULL")
    if not_local and not_utc:
        return read
    reading = replace(read.reading, whole_days="UTC" if not_local else "local")
    return replace(read, reading=reading, days=read.count)


def is_in_order(staging: Staging, here: str, reading: Reading) -> bool:
    """Whether the times of the first rows follow each other, from old to new or from new to old."""
    back, forth, steps = staging.one(
        "SELECT count(*) FILTER (t < above), count(*) FILTER (t > above), count(above) FROM ("
        f"SELECT {reading.sql(here)} AS t, lag({reading.sql(here)}) OVER (ORDER BY rowid) AS above "
        f"FROM {quoted(staging.name)} WHERE rowid < {_ROWS_IN_ORDER} AND {here} IS NOT NULL)"
    )
    return bool(steps >= _LEAST_STEPS and back != forth) and (
        min(back, forth) <= _OUT_OF_ORDER * steps
    )
