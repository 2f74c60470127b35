"""Numbers as text: hand-checked, and never a false 0 or 100 per cent."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella import figures
from redumbrella.errors import SettingsError


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.4123, "41.2 %"),
        (0.0, "0.0 %"),
        (1.0, "100.0 %"),
        (0.0001, "<0.1 %"),
        (0.99999, ">99.9 %"),
        (None, "—"),
        (float("nan"), "—"),
    ],
)
def test_percent(share: float | None, text: str) -> None:
    assert figures.percent(share).replace(figures.NO_BREAK, " ") == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_what_may_happen_never_reads_as_certain(share: float) -> None:
    assert figures.percent(share).replace(figures.NO_BREAK, "") not in {"0.0%", "100.0%"}


@pytest.mark.parametrize("text", ["0.3", "30", "30%", "30 %", "30,0 %", " .3 "])
def test_a_share_may_be_typed_in_several_ways(text: str) -> None:
    assert figures.parse_share(text, "--min-probability") == pytest.approx(0.3)


@pytest.mark.parametrize("text", ["x", "-1", "101", "1e9", "nan", "inf", ""])
def test_a_wrong_share_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="Threshold must be a share"):
        figures.parse_share(text, "Threshold")


def test_instants_are_local_and_days_are_short() -> None:
    summer = datetime(2010, 7, 1, 12, tzinfo=UTC)
    assert figures.moment(summer, "Europe/Lisbon") == "2010-07-01 13:00"
    assert figures.moment(datetime(2010, 1, 1, tzinfo=UTC), "Europe/Lisbon") == "2010-01-01"


def test_a_day_is_that_of_the_workspace() -> None:
    midnight = "2010-09-06T23:00:00+00:00"
    assert figures.iso_day(midnight, "Europe/Lisbon") == "2010-09-07"
    assert figures.iso_day(midnight, "UTC") == "2010-09-06"
    assert figures.iso_day("2010-09-06", "Europe/Lisbon") == "2010-09-06"
    assert figures.iso_day(None, "UTC") == figures.iso_day("", "UTC") == "—"


def test_values_of_a_record() -> None:
    shown = [figures.plain(v) for v in (None, True, 4.0, 0.25, 2010.0, "a", float("nan"))]
    assert shown == ["—", "yes", "4", "0.25", "2010", "a", "—"]


@given(st.floats(-30, 30))
def test_log_odds_and_back(log_odds: float) -> None:
    p = figures.chance_from_log_odds(log_odds)
    assert 0 < p <= 1
    assert figures.chance_from_log_odds(-log_odds) == pytest.approx(1 - p)


def test_a_contribution_of_log_two_doubles_the_odds() -> None:
    assert figures.factor(0.6931) == "\u00d72.0"
    assert figures.factor(-0.6931) == "\u00f72.0"
    assert figures.factor(-0.02) == "\u00f71.02"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (11986.6, "11,987"),
        (1234567.89, "1,234,568"),
        (99999.5, "100,000"),
        (12.345678, "12.35"),
        (-0.35, "-0.35"),
        (1200.0, "1,200"),
        (0.00012, "0.00012"),
        (0.0, "0"),
        (1e-9, "1e-09"),
        (3e20, "3e+20"),
        (float("nan"), "nan"),
    ],
)
def test_a_quantity_reads_as_people_write_it(number: float, text: str) -> None:
    assert figures.quantity(number) == text


@given(st.floats(1e-6, 1e14))
def test_a_quantity_says_what_it_is(number: float) -> None:
    assert float(figures.quantity(number).replace(",", "")) == pytest.approx(number, rel=1e-3)
