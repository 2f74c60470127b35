"""How instants are written, and that each spelling is read back as it was meant."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.sources.spellings.instants import (
    DAY_FIRST,
    MONTH_FIRST,
    SERIAL,
    SPELLED,
    YEAR_FIRST,
    end_of_day_sql,
    instant_sql,
    is_instant,
    is_plausible,
)
from redumbrella.sources.spellings.values import is_named_like_a_time, sample_readings

CONNECTION = duckdb.connect()
MOMENT = datetime(2024, 3, 8, 15, 12, 5, 123456, UTC)
EPOCH, EXCEL = datetime(1970, 1, 1, tzinfo=UTC), datetime(1899, 12, 30, tzinfo=UTC)
DAY_END = datetime(2024, 3, 8, 23, 59, 59, 999999, UTC)


def read(style: str, *texts: str, timezone: str = "UTC") -> list[datetime | None]:
    CONNECTION.execute(f"SET TimeZone = '{timezone}'")
    rows = pa.table({"t": pa.array(texts, pa.string())})
    assert rows.num_rows
    found = CONNECTION.execute(f"SELECT {instant_sql('t', style)} FROM rows").fetchall()
    return [None if value is None else value.astimezone(UTC) for (value,) in found]


def seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def minutes(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def day_end(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=999999)


def whole(moment: datetime) -> datetime:
    return moment


def thousandths(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def written(form: str) -> Callable[[datetime], str]:
    return lambda moment: moment.strftime(form)


def unpadded(order: str, clock: str) -> Callable[[datetime], str]:
    def write(moment: datetime) -> str:
        day, month = moment.day, moment.month
        first, second = (day, month) if order == DAY_FIRST else (month, day)
        hour = moment.hour % 12 or 12
        return f"{first}/{second}/{moment.year}" + moment.strftime(clock.replace("%-I", str(hour)))

    return write


GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
ITALIAN = (
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
)
PORTUGUESE = (
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
)
DUTCH = "januari februari maart april mei juni juli augustus september oktober november december"


def named(names: str, form: str) -> Callable[[datetime], str]:
    months = names.split()
    assert len(months) == 12
    return lambda moment: moment.strftime(form.replace("%B", months[moment.month - 1]))


# What writes it: style, how an instant is written, what is left of the instant.
SPELLINGS = {
    "ISO 8601": ("iso", lambda m: m.isoformat(), whole),
    "JavaScript toISOString": ("iso", written("%Y-%m-%dT%H:%M:%S.%fZ"), whole),
    "JavaScript toString": (
        SPELLED, written("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)"), seconds,
    ),
    "JavaScript toUTCString": (SPELLED, written("%a, %d %b %Y %H:%M:%S GMT"), seconds),
    "e-mail": (SPELLED, format_datetime, seconds),
    "Rails": ("iso", written("%Y-%m-%d %H:%M:%S +0000"), seconds),
    "Rails UTC": ("iso", written("%Y-%m-%d %H:%M:%S UTC"), seconds),
    "Shopify": (
        "iso",
        lambda m: m.astimezone(timezone(timedelta(hours=1))).strftime("%Y-%m-%d %H:%M:%S +0100"),
        seconds,
    ),
    "Java minute": ("iso", written("%Y-%m-%dT%H:%MZ"), minutes),
    "Java zone": (
        "iso",
        lambda m: m.astimezone(timezone(timedelta(hours=-5))).isoformat() + "[America/Bogota]",
        whole,
    ),
    "SQL Server": ("iso", written("%Y-%m-%d %H:%M:%S.%f0"), whole),
    "nanoseconds": ("iso", written("%Y-%m-%dT%H:%M:%S.%f789Z"), whole),
    "PostgreSQL": ("iso", written("%Y-%m-%d %H:%M:%S.%f+00"), whole),
    "Oracle": (SPELLED, lambda m: m.strftime("%d-%b-%y %I.%M.%S.%f000 %p").upper(), whole),
    "Oracle long year": (SPELLED, lambda m: m.strftime("%d-%b-%Y %H:%M:%S").upper(), seconds),
    "C": (SPELLED, written("%a %b %d %H:%M:%S %Y"), seconds),
    "Unix date": (SPELLED, written("%a %b %d %H:%M:%S UTC %Y"), seconds),
    "web server": (SPELLED, written("%d/%b/%Y:%H:%M:%S +0000"), seconds),
    "basic ISO": (SPELLED, written("%Y%m%dT%H%M%SZ"), seconds),
    "year first, slashes": (SPELLED, written("%Y/%m/%d %H:%M:%S"), seconds),
    "Chinese": (SPELLED, lambda m: f"{m.year}年{m.month}月{m.day}日 {m:%H:%M}", minutes),
    "week": (SPELLED, written("%G-W%V-%u"), day_end),
    "Salesforce": (MONTH_FIRST, unpadded(MONTH_FIRST, ", %-I:%M %p"), minutes),
    "spreadsheet, am": (
        MONTH_FIRST, lambda m: unpadded(MONTH_FIRST, " %-I:%M:%S%p")(m).lower(), seconds,
    ),
    "narrow blank": (MONTH_FIRST, unpadded(MONTH_FIRST, ", %-I:%M:%S\u202f%p"), seconds),
    "a.m.": (
        DAY_FIRST,
        lambda m: unpadded(DAY_FIRST, ", %-I:%M ")(m) + ("p.\u00a0m." if m.hour > 11 else "a. m."),
        minutes,
    ),
    "Brazil": (DAY_FIRST, written("%d/%m/%Y, %H:%M:%S"), seconds),
    "Germany": (DAY_FIRST, written("%d.%m.%Y, %H:%M Uhr"), minutes),
    "German short": (DAY_FIRST, written("%d.%m.%y %H:%M"), minutes),
    "French hour": (DAY_FIRST, written("%d/%m/%Y à %Hh%M"), minutes),
    "HubSpot": (SPELLED, written("%b %d, %Y at %I:%M %p"), minutes),
    "American": (SPELLED, written("%B %d, %Y %I:%M %p"), minutes),
    "German month": (SPELLED, named(GERMAN, "%d. %B %Y"), day_end),
    "French month": (SPELLED, named(FRENCH, "%d %B %Y %H:%M"), minutes),
    "Spanish month": (SPELLED, named(SPANISH, "%d de %B de %Y"), day_end),
    "Italian month": (SPELLED, named(ITALIAN, "%d %B %Y %H:%M:%S"), seconds),
    "Portuguese month": (SPELLED, named(PORTUGUESE, "%d de %B de %Y às %H:%M"), minutes),
    "Dutch month": (SPELLED, named(DUTCH, "%d %B %Y"), day_end),
    "day": ("iso", written("%Y-%m-%d"), day_end),
    "compact day": ("%Y%m%d", written("%Y%m%d"), day_end),
    "compact": ("%Y%m%d%H%M%S", written("%Y%m%d%H%M%S"), seconds),
    "seconds": ("unix seconds", lambda m: str(int(m.timestamp())), seconds),
    "seconds, float": ("unix seconds", lambda m: f"{int(m.timestamp())}.0", seconds),
    "milliseconds": (
        "unix ms", lambda m: str((m - EPOCH) // timedelta(milliseconds=1)),
        thousandths,
    ),
    "GA4": (
        "unix us", lambda m: str((m - EPOCH) // timedelta(microseconds=1)),
        whole,
    ),
    "Excel": (
        SERIAL, lambda m: f"{(seconds(m) - EXCEL) / timedelta(days=1):.6f}",
        seconds,
    ),
    "Excel day": (SERIAL, lambda m: str((m - EXCEL).days), day_end),
}  # fmt: skip


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.datetimes(datetime(2001, 9, 10), datetime(2034, 12, 31), timezones=st.just(UTC)),
        min_size=20,
        max_size=40,
    )
)
@pytest.mark.parametrize("name", SPELLINGS)
def test_what_is_written_is_read_back(name: str, moments: Sequence[datetime]) -> None:
    style, write, left = SPELLINGS[name]
    if name == "Excel":  # midnight is written like a day
        moments = [
            m for m in moments if seconds(m) != m.replace(hour=0, minute=0, second=0, microsecond=0)
        ]
    texts = [write(moment) for moment in moments]
    if texts:
        assert read(style, *texts) == [left(moment) for moment in moments]
        assert all(is_instant(style)(text) for text in texts)


@pytest.mark.parametrize("name", SPELLINGS)
def test_each_spelling_is_found_by_its_values(name: str) -> None:
    style, write, _ = SPELLINGS[name]
    texts = [write(MOMENT + timedelta(days=17.3 * n)) for n in range(40)]
    found = sample_readings(texts, compact_times=True)
    assert [one.style for one in found][:1] == [style]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-08 10:12:05 CET", datetime(2024, 3, 8, 9, 12, 5, tzinfo=UTC)),
        ("2024-03-08 10:12:05 EST", datetime(2024, 3, 8, 15, 12, 5, tzinfo=UTC)),
        ("2024-03-08 10:12:05 IST", datetime(2024, 3, 8, 4, 42, 5, tzinfo=UTC)),
        ("2024-03-08 10:12:05 GMT", datetime(2024, 3, 8, 10, 12, 5, tzinfo=UTC)),
        ("2024-03-08 10:12:05 GMT+2", datetime(2024, 3, 8, 8, 12, 5, tzinfo=UTC)),
        ("2024-03-08T10:12:05[Europe/Berlin]", datetime(2024, 3, 8, 9, 12, 5, tzinfo=UTC)),
        ("2024-07-08T10:12:05+01:00[Europe/Berlin]", datetime(2024, 7, 8, 9, 12, 5, tzinfo=UTC)),
        ("2024-03-08 10:12:05 \u221205:00", datetime(2024, 3, 8, 15, 12, 5, tzinfo=UTC)),
        ("8 Mar 69", datetime(2069, 3, 8, 23, 59, 59, 999999, tzinfo=UTC)),
        ("8 Mar 70", datetime(1970, 3, 8, 23, 59, 59, 999999, tzinfo=UTC)),
        ("12:05", None),
        ("30 Feb 2024", None),
        ("2024-13-08 10:12 UTC", None),
        ("5 marbles 2024", None),
        ("2024-03-08 10:12:05 XYZ", None),
    ],
)
def test_zones_short_years_and_what_is_none(text: str, moment: datetime | None) -> None:
    assert read(SPELLED, text) == [moment]


def test_years_of_the_buddhist_calendar() -> None:
    assert read(DAY_FIRST, "08/03/2567") == [DAY_END]
    assert read("iso", "2567-03-08") != [DAY_END]


def test_a_short_year_may_stand_first() -> None:
    texts = [f"24-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
    assert [one.style for one in sample_readings(texts)] == [YEAR_FIRST]
    assert read(YEAR_FIRST, "24-03-08") == [DAY_END]
    texts = [f"{day:02}.{month:02}.24" for month in (1, 2, 3) for day in range(1, 29)]
    assert [one.style for one in sample_readings(texts)] == [DAY_FIRST]


def test_a_day_ends_in_the_zone_of_the_session() -> None:
    assert read("iso", "2024-03-31", timezone="Europe/Berlin") == [
        datetime(2024, 3, 31, 21, 59, 59, 999999, tzinfo=UTC)  # summer time has begun
    ]
    sql = end_of_day_sql("TIMESTAMPTZ '2024-03-08T00:00:00Z'", "UTC")
    CONNECTION.execute("SET TimeZone = 'America/New_York'")
    (found,) = CONNECTION.execute(f"SELECT {sql}").fetchall()[0]
    assert found.astimezone(UTC) == datetime(2024, 3, 9, 4, 59, 59, 999999, tzinfo=UTC)


def test_mixed_spellings_of_one_column() -> None:
    texts = ["03/08/2024 15:12", "2024-03-08T15:12:00Z", "Mar 8, 2024 3:12 PM", "03/28/2024 15:12"]
    (reading,) = sample_readings(texts)
    assert reading.style == MONTH_FIRST
    assert read(reading.style, *texts[:3]) == [minutes(MOMENT)] * 3


@pytest.mark.parametrize(
    ("name", "is_time"),
    [
        ("created_at", True),
        ("Create Date", True),
        ("eventTimestamp", True),
        ("event_timestamp", True),
        ("Fecha", True),
        ("Erstelldatum", True),
        ("Fecha de pedido", True),
        ("Abgeschlossen am", True),
        ("program", False),
        ("update_model", False),
        ("order_id", False),
        ("data_usage", False),
        ("update_count", False),
        ("category", False),
    ],
)
def test_names_of_times(name: str, is_time: bool) -> None:
    assert is_named_like_a_time(name) is is_time


def test_digits_are_times_only_where_the_name_says_so_and_dates_are_plausible() -> None:
    stamps = [str(1_704_708_725 + 86_400 * n) for n in range(30)]
    ids = [str(4_100_000_000 + n) for n in range(30)]
    assert {one.type for one in sample_readings(stamps)} == {"number"}
    assert sample_readings(stamps, named_time=True)[0].style == "unix seconds"
    assert {one.type for one in sample_readings(ids, named_time=True)} == {"number"}
    serials = [str(45_299 + n) for n in range(30)]
    assert sample_readings(serials, named_time=True)[0].style == SERIAL
    assert is_plausible(SERIAL)("45299")
    assert not is_plausible(SERIAL)("12345")
