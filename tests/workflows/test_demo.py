"""The demo's workspace: dates from the order of calls, outcomes of open calls kept apart."""

import csv
from datetime import date
from pathlib import Path

import pytest

from redumbrella.errors import DataError
from redumbrella.settings.settings import load_settings
from redumbrella.workflows.demo import MONTHS, OPEN_FROM, WEEKDAYS, _dates, write_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "bank"
    write_demo(folder)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_last_calls_are_open_and_their_outcomes_apart(demo: Path) -> None:
    calls, later = rows_of(demo / "calls.csv"), rows_of(demo / "outcomes_of_open_calls.csv")
    assert len(calls) == 41_188
    opened = [row["call"] for row in calls if row["y"] == ""]
    assert [row["call"] for row in later] == opened
    assert 300 < len(opened) < 5_000
    assert {row["y"] for row in later} == {"yes", "no"}
    assert all((row["y"] == "") == (row["called_on"] >= OPEN_FROM.isoformat()) for row in calls)
    closed = [row["y"] for row in calls if row["y"]]
    assert 3_000 < closed.count("yes") < 4_640
    days = [date.fromisoformat(row["called_on"]) for row in calls]
    assert days[0].year == 2008
    assert days[-1].year == 2010
    assert all(day.weekday() < 5 for day in days)
    months = [(day.year, day.month) for day in days]
    assert months == sorted(months)


def test_the_settings_leave_out_what_is_known_later_and_what_is_of_the_market(demo: Path) -> None:
    settings = load_settings(demo)
    indices = ("emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed")
    assert settings.tables["leads"].ignore == ("duration", *indices)
    assert settings.targets[0].from_ == "leads.won"


def test_twice_is_the_same_and_other_folders_are_left_alone(demo: Path, tmp_path: Path) -> None:
    before = (demo / "calls.csv").read_bytes()
    write_demo(demo)
    assert (demo / "calls.csv").read_bytes() == before
    own = tmp_path / "umbrella.toml"
    own.write_text('[workspace]\nname = "Mine"\n', encoding="utf-8")
    with pytest.raises(DataError, match="another folder"):
        write_demo(tmp_path)
    assert own.read_text(encoding="utf-8") == '[workspace]\nname = "Mine"\n'
    assert not (tmp_path / "calls.csv").exists()


def test_a_new_weekday_is_a_new_day_and_a_new_month_a_new_month() -> None:
    seen = [("may", "mon"), ("may", "mon"), ("may", "tue"), ("may", "mon"), ("jun", "fri"),
            ("jan", "fri")]  # fmt: skip
    days = list(_dates(["month", "day_of_week"], seen))
    assert [MONTHS[day.month - 1] for day in days] == [month for month, _ in seen]
    assert [WEEKDAYS[day.weekday()] for day in days] == [weekday for _, weekday in seen]
    assert days[0] == days[1] == date(2008, 5, 5)
    assert days[2] == date(2008, 5, 6)
    assert days[3] == date(2008, 5, 12)
    assert days[5].year == 2009
