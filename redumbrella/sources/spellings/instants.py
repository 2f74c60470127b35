"""How people and programs write an instant, and how such a text is read.

A text comes in; SQL for DuckDB that gives the instant goes out, and tests of one text in Python.
Promises: what is no instant is NULL; a day without a time of day is the last microsecond of that
day; a time without an offset belongs to the session's TimeZone; a stated offset always counts.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache

from redumbrella.lake.quoting import literal

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day first", "month first", "year first"
ORDERS = (DAY_FIRST, MONTH_FIRST, YEAR_FIRST)
SPELLED = "spelled"
SERIAL = "Excel days"
# Known at the end of the day, as nobody says when it was.
END_OF_DAY = "23:59:59.999999"
LAST_MICROSECOND = 86_399_999_999

_BLANK = "[\\s\u00a0\u2007\u2009\u202f]"
# ISO 8601 as DuckDB itself reads it: the quick way for most files.
_ISO = (
    r"[1-9]\d{3}-\d{1,2}-\d{1,2}"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?(?:Z|\s?UTC|[+-]\d{2}(?::?\d{2})?)?)?)?"
)
_LONGEST_DAY = 10  # characters of an ISO day without a time of day

# The first letters of the months in English, German, French, Spanish, Italian, Portuguese, Dutch.
_MONTHS = {
    1: "jan ene gen",
    2: "feb fév fev",
    3: "mar mär mrz mae maa mrt",
    4: "apr abr avr",
    5: "may mai mag mei",
    6: "jun giu uin",
    7: "jul lug uil",
    8: "aug ago aoû aou",
    9: "sep set",
    10: "oct okt ott out",
    11: "nov",
    12: "dec dez dic déc",
}
_MONTH_NUMBERS = {name: month for month, names in _MONTHS.items() for name in names.split()}
_MONTH_KEYS = " ".join(f"{name}{month:02}" for name, month in _MONTH_NUMBERS.items())
_MONTH_NAMES = (
    "january|january|february|march|april|may|june|july|august|september|october|november|december|"
    "januar|jänner|februar|märz|maerz|mai|juni|juli|oktober|dezember|"
    "janvier|février|fevrier|mars|avril|juin|juillet|août|aout|septembre|octobre|novembre|"
    "décembre|decembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|"
    "octubre|noviembre|diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|"
    "dicembre|janeiro|fevereiro|março|marco|maio|junho|julho|setembro|outubro|novembro|dezembro|"
    "januari|februari|maart|mei|augustus|jan|feb|febr|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec|"
    "mär|mrz|okt|dez|janv|févr|fév|fevr|avr|juil|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|fev|"
    "out|mrt"
)
_MONTH = f"(?P<n>{'|'.join(sorted(set(_MONTH_NAMES.split('|')), key=lambda n: (-len(n), n)))})"
_WEEKDAYS = (
    "mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|mie|jue|vie|"
    "sáb|sab|dom|seg|ter|qua|qui|sex|gio|maa|din|woe|don|vri|zat|zon"
)
_WEEKDAY = f"(?:(?:{_WEEKDAYS})[a-zà-ÿ-]*\\.?,?{_BLANK}+)?"

# Zones by abbreviation: the fixed offset of those that have one meaning, and North America's.
ZONES = {
    "Z": "+00",
    "UTC": "+00",
    "GMT": "+00",
    "UT": "+00",
    "WET": "+00",
    "WEST": "+01",
    "BST": "+01",
    "CET": "+01",
    "MEZ": "+01",
    "CEST": "+02",
    "MESZ": "+02",
    "EET": "+02",
    "EEST": "+03",
    "MSK": "+03",
    "IST": "+05:30",
    "JST": "+09",
    "AEST": "+10",
    "AEDT": "+11",
    "EST": "-05",
    "EDT": "-04",
    "CST": "-06",
    "CDT": "-05",
    "MST": "-07",
    "MDT": "-06",
    "PST": "-08",
    "PDT": "-07",
    "BRT": "-03",
}
_ZONE = (
    f"(?:{_BLANK}*(?:(?:GMT|UTC)?(?P<z>[+\u2212-]\\d{{1,2}}(?::?\\d{{2}})?)"
    f"|(?P<w>{'|'.join(sorted(ZONES, key=len, reverse=True))})))?"
    f"(?:{_BLANK}*\\[?(?P<r>[A-Z][A-Za-z]+/[A-Za-z_+/-]+)\\]?|\\[[A-Z]+\\])?"
    f"(?:{_BLANK}*\\([^)]*\\))?"
)
_CLOCK = (
    r"(?P<h>\d{1,2})[:.h](?P<i>\d{2})(?:[:.](?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?"
    f"(?:{_BLANK}*(?P<p>[ap])\\.?{_BLANK}?m\\.?)?(?:{_BLANK}*(?:Uhr|h|hrs?))?"
)
_GAP = f"(?:T|:|,?{_BLANK}+(?:(?:-|at|um|à|a las|às|alle|alle ore|ore|om|kl\\.?){_BLANK}+)?|,)"
_AFTER = f"(?:{_GAP}{_CLOCK}{_ZONE})?"

# How a date may be written; the names of the groups say what each part is.
_YEAR_MONTH_DAY = r"(?P<y>[1-9]\d{3})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?" + _AFTER
_BASIC = (
    r"(?P<y>[1-9]\d{3})(?P<m>\d{2})(?P<d>\d{2})T(?P<h>\d{2}):?(?P<i>\d{2})"
    rf"(?::?(?P<s>\d{{2}})(?:[.,](?P<f>\d{{1,9}}))?)?(?P<p>){_ZONE}"
)
_NUMERIC = (
    f"{_WEEKDAY}(?P<d>\\d{{1,2}})(?:[-/]|\\.{_BLANK}?)(?P<m>\\d{{1,2}})(?:[-/]|\\.{_BLANK}?)"
    f"(?P<y>[1-9]\\d{{3}}|\\d{{2}}){_AFTER}"
)
_DAY_NAME_YEAR = (
    f"{_WEEKDAY}(?P<d>\\d{{1,2}})(?:st|nd|rd|th|er|[.ºª°])?"
    f"(?:[-/]|{_BLANK}*(?:de |of |d')?){_MONTH}"
    f"(?:\\.?[-/,]?{_BLANK}*(?:de |del |of )?)(?P<y>[1-9]\\d{{3}}|\\d{{2}}){_AFTER}"
)
_NAME_DAY_YEAR = (
    f"{_WEEKDAY}{_MONTH}\\.?(?:{_BLANK}+|-)(?P<d>\\d{{1,2}})(?:st|nd|rd|th)?"
    f"(?:,?{_BLANK}+|-)(?P<y>[1-9]\\d{{3}}){_AFTER}"
)
_YEAR_NAME_DAY = f"(?P<y>[1-9]\\d{{3}})[-/\\s]{_MONTH}[-/\\s](?P<d>\\d{{1,2}}){_AFTER}"
_CTIME = (
    f"{_WEEKDAY}{_MONTH}{_BLANK}+(?P<d>\\d{{1,2}}){_BLANK}+{_CLOCK}{_ZONE}"
    f"{_BLANK}+(?P<y>[1-9]\\d{{3}})"
)
_SPELLED = (*(_YEAR_MONTH_DAY, _BASIC, _DAY_NAME_YEAR, _NAME_DAY_YEAR, _CTIME, _YEAR_NAME_DAY),)
_WEEK = r"[1-9]\d{3}-W\d{2}-[1-7]"
# Years of the Buddhist calendar, which Thai spreadsheets write: 543 before ours.
_BUDDHIST, _BUDDHIST_YEARS = 543, (2480, 2650)

# Digits only: the pattern, microseconds for each unit.
UNIX = {
    "unix seconds": (r"[1-9]\d{8,9}(?:\.\d+)?|[1-9]\.\d+E\+0?9", 10**6),
    "unix ms": (r"[1-9]\d{11,12}(?:\.\d+)?|[1-9]\.\d+E\+12", 10**3),
    "unix us": (r"[1-9]\d{14,15}|[1-9]\.\d+E\+15", 1),
}
COMPACT_FORMATS = ("%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%d%H%M")
_SERIAL = r"[1-9]\d{4}(?:\.\d+)?"
_SERIAL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
# Digits that would be dated before or after are something else, unless they are said to be times.
_PLAUSIBLE_YEARS = (1995, 2035)


def instant_sql(column: str, style: str, *, is_plain: bool = False) -> str:
    """The instant that an SQL text says, TIMESTAMPTZ, NULL where it is none.

    `style`: "iso", SPELLED, one of ORDERS, a key of UNIX, SERIAL or a strptime format. is_plain: of
    "iso" only what DuckDB reads by itself, which is quicker.
    """
    if style == "iso" and is_plain:
        return f"CASE {_iso_case(column)} END"
    if style == "iso":
        return f"CASE {_iso_case(column)} ELSE {_parts_sql(column, _YEAR_MONTH_DAY)} END"
    if style in (SPELLED, *ORDERS):
        others = [_parts_sql(column, pattern) for pattern in _SPELLED]
        others.append(_format_sql(f"regexp_extract({column}, '^{_WEEK}$')", "%G-W%V-%u"))
        if style in ORDERS:
            others.insert(0, _parts_sql(column, _ordered(style)))
        return f"CASE {_iso_case(column)} ELSE coalesce({', '.join(others)}) END"
    if style in UNIX:
        pattern, unit = UNIX[style]
        whole = f"TRY_CAST({column} AS BIGINT) * {unit}"
        ticks = f"coalesce({whole}, (TRY_CAST({column} AS DOUBLE) * {unit})::BIGINT)"
        return _where(column, pattern, f"make_timestamptz({ticks})")
    if style == SERIAL:
        return _where(column, _SERIAL, _serial_sql(column))
    return _format_sql(column, style)


def is_instant(style: str) -> Callable[[str], bool]:
    """A quick test in Python whether one text may be read in this style."""
    if style == "iso":
        return lambda text: _fits(text, _compiled(_ISO_PARTS), 1, 9999)
    if style == SPELLED:
        return lambda text: (
            any(_fits(text, _compiled(one), 1800, 2200) for one in _SPELLED)
            or (re.fullmatch(_WEEK, text) is not None)
        )
    if style in ORDERS:
        numeric, is_spelled = _compiled(_ordered(style)), is_instant(SPELLED)
        return lambda text: _fits(text, numeric, 1800, 2700) or is_spelled(text)
    if style in UNIX or style == SERIAL:
        pattern = re.compile(_SERIAL if style == SERIAL else UNIX[style][0])
        return lambda text: pattern.fullmatch(text) is not None
    return lambda text: _parses(text, style)


def expected_instant(style: str) -> str:
    """What a text in this style looks like, for messages."""
    shown = {DAY_FIRST: "21/11/2026", MONTH_FIRST: "11/21/2026", YEAR_FIRST: "26-11-21"}
    if style in ("iso", SPELLED):
        return "a time such as 2026-11-21 or 2026-11-21T08:30:00+01:00"
    if style in UNIX:
        return f"a time in {style} since 1970"
    if style in ORDERS:
        return f"a time such as {shown[style]} 08:30 ({style})"
    return f"a time of the form {style}"


def is_plausible(style: str) -> Callable[[str], bool]:
    """A test whether digits, read in this style, are an instant of our time."""
    fits, (low, high) = is_instant(style), _PLAUSIBLE_YEARS
    return lambda text: fits(text) and low <= _year(text, style) < high


def is_numeric_day(text: str) -> bool:
    """Whether a text has a day such as 01/02/2024, whose parts may stand in several orders."""
    return _compiled(_NUMERIC).fullmatch(text) is not None


def short_parts(text: str) -> tuple[str, str] | None:
    """First and last part of a day such as 24-01-31, whose year may be either, or None."""
    found = _compiled(_NUMERIC).fullmatch(text)
    return (found["d"], found["y"]) if found and len(found["y"]) == 2 else None


def is_buddhist(text: str) -> bool:
    """Whether the year of a day such as 31/01/2567 is one of the Buddhist calendar."""
    found = _compiled(_NUMERIC).fullmatch(text)
    low, high = _BUDDHIST_YEARS
    return found is not None and low < int(found["y"]) < high


def end_of_day_sql(instant: str, timezone: str | None = None) -> str:
    """The last microsecond, in the session's zone, of the day of an SQL instant.

    timezone: the zone whose day is meant; None: the session's.
    """
    local = instant if timezone is None else f"({instant} AT TIME ZONE {literal(timezone)})"
    day = f"{local}::DATE::TIMESTAMP"
    return f"({day} + to_microseconds({LAST_MICROSECOND}))::TIMESTAMPTZ"


def _iso_case(column: str) -> str:
    """WHEN ... THEN ... for the texts that DuckDB reads by itself."""
    day = f"{column} || ' {END_OF_DAY}'"
    time = f"replace({column}, ',', '.')"
    text = f"CASE WHEN length({column}) <= {_LONGEST_DAY} THEN {day} ELSE {time} END"
    matches = f"regexp_full_match({column}, {literal(_ISO)})"
    return f"WHEN {matches} THEN TRY_CAST({text} AS TIMESTAMPTZ)"


def _where(column: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({column}, {literal(pattern)}) THEN {value} END"


def _format_sql(column: str, style: str) -> str:
    # "24" is no year of four digits, though the parser would take it for the year 24.
    parsed = f"try_strptime({column}, {literal(style)})"
    value = parsed
    if not re.search(r"%-?[HIcXTRrsM]", style):
        value = f"({parsed}::TIMESTAMP + to_microseconds({LAST_MICROSECOND}))"
    return f"CASE WHEN year({parsed}) BETWEEN 1000 AND 9999 THEN {value}::TIMESTAMPTZ END"


def _serial_sql(column: str) -> str:
    """Excel counts days since 1899-12-30, to the second; without a fraction it is a day."""
    day = f"TIMESTAMP '1899-12-30' + to_days(floor({column}::DOUBLE)::INTEGER)"
    seconds = f"round(({column}::DOUBLE % 1) * 86400)::BIGINT"
    ticks = (
        f"CASE WHEN {column}::DOUBLE % 1 = 0 THEN {LAST_MICROSECOND} ELSE {seconds} * 1000000 END"
    )
    return f"({day} + to_microseconds({ticks}))::TIMESTAMPTZ"


def _ordered(style: str) -> str:
    """The pattern of a day of numbers whose parts stand in this order."""
    if style == DAY_FIRST:
        return _NUMERIC
    if style == MONTH_FIRST:
        return (
            _NUMERIC.replace("(?P<d>", "(?P<x>")
            .replace("(?P<m>", "(?P<d>")
            .replace("(?P<x>", "(?P<m>")
        )
    days = _NUMERIC.replace(r"(?P<d>\d{1,2})", r"(?P<x>\d{2})")
    return days.replace(r"(?P<y>[1-9]\d{3}|\d{2})", r"(?P<d>\d{1,2})").replace("(?P<x>", "(?P<y>")


def _parts_sql(column: str, pattern: str) -> str:
    """The instant of a text whose parts a pattern names."""
    bare, names = _unnamed(pattern)
    listed = ", ".join(literal(name) for name in names)
    parts = f"regexp_extract({column}, {literal(f'^(?i:{bare})$')}, [{listed}])"
    month = "p.m"
    if "n" in names:
        name = "lower(p.n)"
        key = f"CASE WHEN {name} LIKE 'jui%' THEN substr({name}, 2, 3) ELSE left({name}, 3) END"
        keys = literal(_MONTH_KEYS)
        month = f"substr({keys}, strpos({keys}, {key}) + 3, 2)"
    year = "p.y"
    if r"\d{2})" in pattern.split("(?P<y>", 1)[1][:18]:
        low, high = _BUDDHIST_YEARS
        christian = f"(TRY_CAST(p.y AS INTEGER) - {_BUDDHIST})::VARCHAR"
        year = (
            "CASE WHEN length(p.y) = 2 THEN CASE WHEN p.y < '70' THEN '20' ELSE '19' END || p.y "
            f"WHEN p.y > '{low}' AND p.y < '{high}' THEN {christian} ELSE p.y END"
        )
    text = f"({year}) || '-' || {month} || '-' || p.d || ' ' || {_CLOCK_SQL}"
    return f"list_transform([{parts}], lambda p: TRY_CAST({text} AS TIMESTAMPTZ))[1]"


def _zone_sql() -> str:
    known = " ".join(f"WHEN '{name}' THEN '{offset}'" for name, offset in ZONES.items())
    # "+1" and "+100" are no offsets of two or four digits.
    offset = "regexp_replace(replace(p.z, '\u2212', '-'), '^([+-])(\\d)$', '\\10\\2')"
    return (
        f"CASE WHEN p.z <> '' THEN {offset} WHEN p.w <> '' THEN CASE upper(p.w) {known} END "
        "WHEN p.r <> '' THEN ' ' || p.r ELSE '' END"
    )


_HOUR_SQL = (
    "CASE WHEN p.p = '' THEN p.h ELSE (TRY_CAST(p.h AS INTEGER) % 12 + "
    "CASE WHEN lower(p.p) = 'p' THEN 12 ELSE 0 END)::VARCHAR END"
)
_CLOCK_SQL = (
    f"CASE WHEN p.h = '' THEN '{END_OF_DAY}' ELSE {_HOUR_SQL} || ':' || p.i || ':' || "
    "CASE WHEN p.s = '' THEN '00' ELSE p.s END || CASE WHEN p.f = '' THEN '' ELSE '.' || p.f END "
    f"|| {_zone_sql()} END"
)


def _unnamed(pattern: str) -> tuple[str, list[str]]:
    """A pattern with plain groups, and their names in order."""
    return re.sub(r"\(\?P<\w>", "(", pattern), re.findall(r"\(\?P<(\w)>", pattern)


@cache  # compiled when first needed: commands that read nothing start at once
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ISO_PARTS = _YEAR_MONTH_DAY.replace("[-/.年]", "-").replace("[-/.月]", "-")


def _fits(text: str, pattern: re.Pattern[str], low: int, high: int) -> bool:
    """Whether a text has the parts of a day that exists, in years [low, high]."""
    found = pattern.fullmatch(text)
    if found is None:
        return False
    parts = found.groupdict()
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 1900 if year >= 70 else 2000
    name = (parts.get("n") or "").lower()
    key = name[1:4] if name.startswith("jui") else name[:3]
    month = _MONTH_NUMBERS[key] if name else int(parts["m"])
    try:
        datetime(year, month, int(parts["d"]), int(parts["h"] or 0), int(parts["i"] or 0))
    except ValueError:
        return False
    return low <= year <= high


def _parses(text: str, style: str) -> bool:
    try:
        # Only whether it fits is asked; the zone is applied when the values are read.
        return 1800 <= datetime.strptime(text, style).year <= 2200
    except ValueError:
        return False


def _year(text: str, style: str) -> int:
    """The year of digits that fit a style."""
    if style == SERIAL:
        return (_SERIAL_ZERO + timedelta(days=float(text))).year
    if style in UNIX:
        return datetime.fromtimestamp(float(text) * UNIX[style][1] / 1e6, UTC).year
    return int(text[:4])


def day_mark(texts: Iterable[str]) -> str:
    """What parts day and month in the first text that has them so: ".", "/" or "-"; else empty."""
    found = (re.match(r"\D*\d{1,4}([./-])\d", text) for text in texts)
    return next((one[1] for one in found if one), "")
