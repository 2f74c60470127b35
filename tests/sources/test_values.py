"""What the text of a column means, decided by values alone."""

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.sources.spellings.numbers import BEYOND_REASON
from redumbrella.sources.spellings.values import Reading, flag_reading, sample_readings

CONNECTION = duckdb.connect()


def read(reading: Reading, *texts: str, timezone: str = "UTC") -> list[Any]:
    connection = CONNECTION
    connection.execute(f"SET TimeZone = '{timezone}'")
    values = []
    for text in texts:
        query = f"SELECT {reading.sql('t')} FROM (SELECT ? AS t)"
        value = connection.execute(query, [text]).fetchall()[0][0]
        values.append(value.astimezone(UTC) if isinstance(value, datetime) else value)
    return values


def best(*texts: str) -> Reading | None:
    return next(iter(sample_readings(texts)), None)


@pytest.mark.parametrize(
    ("texts", "mark", "values"),
    [
        (["1", "-2", "+3"], ".", [1.0, -2.0, 3.0]),
        (["1.5", ".25", "1e3", "7."], ".", [1.5, 0.25, 1000.0, 7.0]),
        (["1,234.5", "12,345,678", "3.25"], ".", [1234.5, 12345678.0, 3.25]),
        (["1,5", "0,25", "-7,125"], ",", [1.5, 0.25, -7.125]),
        (["1.234,5", "12.345.678", "3,25"], ",", [1234.5, 12345678.0, 3.25]),
        (["1 234,5", "12\u00a0345,6", "1'000,2"], ",", [1234.5, 12345.6, 1000.2]),
        (["€ 1,200.00", "$5", "12 %"], ".", [1200.0, 5.0, 12.0]),
    ],
)
def test_numbers(texts: list[str], mark: str, values: list[float]) -> None:
    reading = best(*texts)
    assert reading is not None
    assert (reading.type, reading.style) == ("number", mark)
    assert read(reading, *texts) == values


@pytest.mark.parametrize(
    "text", ["", "x", "1,2,3", "1.2.3", "inf", "nan", "1_000", "--1", "0x10", "1e", "٣", "1-2"]
)
@pytest.mark.parametrize("mark", [".", ","])
def test_what_is_no_number(text: str, mark: str) -> None:
    assert read(Reading("number", mark), text) == [None]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_written_float_within_reason_is_read_back(number: float) -> None:
    reading = Reading("number", ".")
    is_beyond = abs(number) >= BEYOND_REASON
    assert read(reading, repr(number)) == [None if is_beyond else number]
    assert reading.is_beyond(repr(number)) is is_beyond


@pytest.mark.parametrize("mark", [".", ","])
def test_what_is_too_large_is_no_number_and_is_said(mark: str) -> None:
    reading = Reading("number", mark)
    for text in ("1e15", "-1e300", "1e999", "€ 1000000000000000"):
        assert read(reading, text) == [None]
        assert reading.is_beyond(text)
    assert read(reading, "999999999999999") == [999999999999999.0]
    assert not reading.is_beyond("999999999999999")
    assert not reading.is_beyond("a lot")
    assert not Reading("text").is_beyond("1e300")


def test_a_sample_of_codes_or_words_is_text() -> None:
    assert best("red", "blue") is None
    assert best("1) $100 - $200", "2) $200") is None
    assert sample_readings([]) == []


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["yes", "No"], [True, False]),
        (["TRUE", "false"], [True, False]),
        (["Won", "lost"], [True, False]),
        (["y", "N"], [True, False]),
    ],
)
def test_flags(texts: list[str], values: list[bool]) -> None:
    reading = best(*texts)
    assert reading == Reading("flag")
    assert read(reading, *texts) == values


@pytest.mark.parametrize("texts", [("N", "F"), ("won", "closed won", "lost"), ("y", "no", "n")])
def test_two_words_for_the_same_are_told_apart(texts: tuple[str, ...]) -> None:
    assert best(*texts) is None


def test_ones_and_zeros_are_numbers_in_a_field_and_flags_in_an_outcome() -> None:
    assert best("1", "0") == Reading("number", ".")
    assert read(flag_reading((), ()), "1", "0", "1.0", "2", "maybe") == [
        True, False, True, None, None,
    ]  # fmt: skip
    listed = flag_reading(("Closed Won",), ("Junk", " lost "))
    assert read(listed, "closed won", "junk", "Lost", "open", "1") == [
        True,
        False,
        False,
        None,
        None,
    ]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def end(*day: int) -> datetime:
    """A day without a time of day is known at its end."""
    return at(*day, 23, 59, 59, 999999)


@pytest.mark.parametrize(
    ("text", "style", "moment"),
    [
        ("2024-02-29", "iso", end(2024, 2, 29)),
        ("2024-02-29T10:20", "iso", at(2024, 2, 29, 10, 20)),
        ("2024-02-29 10:20:30.25", "iso", at(2024, 2, 29, 10, 20, 30, 250000)),
        ("2024-02-29T10:20:30,5Z", "iso", at(2024, 2, 29, 10, 20, 30, 500000)),
        ("2024-02-29T10:20:30+02:00", "iso", at(2024, 2, 29, 8, 20, 30)),
        ("2024-02-29 10:20:30-0530", "iso", at(2024, 2, 29, 15, 50, 30)),
        ("31.12.2023", "day first", end(2023, 12, 31)),
        ("12/31/2023 3:05 PM", "month first", at(2023, 12, 31, 15, 5)),
        ("31/12/23", "day first", end(2023, 12, 31)),
        ("5 Mar 2023", "spelled", end(2023, 3, 5)),
        ("Mar 25, 2023", "spelled", end(2023, 3, 25)),
        ("17/May/2015:10:05:03 +0200", "spelled", at(2015, 5, 17, 8, 5, 3)),
    ],
)
def test_times(text: str, style: str, moment: datetime) -> None:
    reading = best(text)
    assert reading == Reading("time", style)
    assert read(reading, text) == [moment]


@pytest.mark.parametrize(
    ("text", "style", "moment"),
    [
        ("1700000000", "unix seconds", at(2023, 11, 14, 22, 13, 20)),
        ("1700000000123", "unix ms", at(2023, 11, 14, 22, 13, 20, 123000)),
        ("20231114", "%Y%m%d", end(2023, 11, 14)),
    ],
)
def test_times_of_digits_only_where_a_time_is_expected(
    text: str, style: str, moment: datetime
) -> None:
    assert best(text) != Reading("time", style)
    reading = sample_readings([text], compact_times=True)[0]
    assert reading == Reading("time", style)
    assert read(reading, text) == [moment]


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "2024-13-01", "infinity", "2024", "now", "2024-02-29T25:00:00", "0024-01-01"],
)
def test_what_is_no_iso_time(text: str) -> None:
    assert read(Reading("time", "iso"), text) == [None]


def test_a_short_year_is_no_long_one() -> None:
    assert read(Reading("time", "%d/%m/%Y"), "01/02/24") == [None]


def test_day_and_month_can_both_fit() -> None:
    assert [one.style for one in sample_readings(["01/02/2023"])] == ["day first", "month first"]
    assert [one.style for one in sample_readings(["01/02/2023", "13/02/2023"])] == ["day first"]


def test_local_times_follow_summer_time() -> None:
    texts = ["2024-01-15 12:00", "2024-07-15 12:00", "2024-10-27 01:30", "2024-03-31 01:30"]
    winter, summer, twice, never = read(Reading("time", "iso"), *texts, timezone="Europe/Lisbon")
    assert winter == at(2024, 1, 15, 12)
    assert summer == at(2024, 7, 15, 11)
    # The hour that comes twice is taken as its second time, the one that never comes as it stands.
    assert twice == at(2024, 10, 27, 1, 30)
    assert never == at(2024, 3, 31, 1, 30)
    formatted = read(
        Reading("time", "%d.%m.%Y %H:%M"), "15.07.2024 12:00", timezone="Europe/Lisbon"
    )
    assert formatted == [summer]


def test_unknown_beside_yes_and_no_is_an_answer_of_its_own() -> None:
    assert sample_readings(["yes", "no", "unknown", "no"]) == []
    assert [one.type for one in sample_readings(["yes", "no", "NA", "no"])] == ["flag"]
    assert [one.type for one in sample_readings(["1.5", "2", "unknown", "17", "3"] * 5)] == [
        "number"
    ]
