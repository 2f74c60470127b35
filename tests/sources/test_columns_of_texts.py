"""What whole columns mean: marks, day and month, placeholders, words for missing, days."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.choosing import Chooser
from redumbrella.sources.counting import LEAST_MIDNIGHTS, Wanted, count_values, is_in_order
from redumbrella.sources.formats.delimited import Chunk
from redumbrella.sources.inference import ColumnRead, read_columns
from redumbrella.sources.mapping import Mapping
from redumbrella.sources.spellings.instants import DAY_FIRST, MONTH_FIRST
from redumbrella.sources.spellings.placeholders import (
    MissingWords,
    is_known_placeholder,
    is_no_day,
    odd_texts,
)
from redumbrella.sources.spellings.values import Reading
from redumbrella.sources.staging import Staging

START = datetime(2024, 1, 8, 9, 30, tzinfo=UTC)


class Looked:
    """The columns of a small table of texts (or of Arrow types) and their values."""

    def __init__(
        self,
        table: dict[str, Any],
        canonical: dict[str, ColumnSource] | None = None,
        timezone: str = "UTC",
        delimiter: str | None = None,
        missing: tuple[str, ...] | None = None,
    ) -> None:
        import numpy as np

        connection = duckdb.connect()
        connection.execute(f"SET TimeZone = '{timezone}'")
        self.staging = Staging(connection, "raw", missing=missing)
        self.staging.create()
        self.staging.delimiters |= {delimiter} if delimiter else set()
        rows = pa.table(table)
        self.staging.add(0, Chunk(rows, np.arange(1, rows.num_rows + 1, dtype=np.int64)))
        canonical = canonical or {}
        used = {origin.column for origin in canonical.values()}
        fields = {name: name for name in table if name not in used}
        mapping = Mapping(canonical, fields, (), ())
        read, self.problems = read_columns(self.staging, mapping, "leads", timezone, {})
        self.read = {column.name: column for column in read}

    def __getitem__(self, name: str) -> ColumnRead:
        return self.read[name]

    def values(self, name: str) -> list[Any]:
        sql = f"SELECT {self.read[name].sql} FROM raw ORDER BY _row"
        return [value for (value,) in self.staging.connection.execute(sql).fetchall()]


def numbers(count: int) -> list[str]:
    return [f"{number}.5" for number in range(count)]


WORDS = ["-", "\u2014", "?", ".", "n/a", "#DIV/0!", "inf", "(No value)", "tbd", "liegt nicht vor"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("kind", ["numbers", "times"])
def test_a_word_between_numbers_or_times_is_missing_and_counted(word: str, kind: str) -> None:
    texts = numbers(100)
    if kind == "times":
        texts = [(START + timedelta(hours=n)).isoformat() for n in range(100)]
    texts[5] = texts[50] = texts[70] = word
    looked = Looked({"x": texts})
    assert looked["x"].type == kind.removesuffix("s")
    assert (looked["x"].present, looked["x"].unreadable) == (97, 0)
    assert looked["x"].missing == {word: 3}
    assert looked.values("x")[5] is None
    assert looked.values("x").count(None) == 3
    is_said = word == "n/a" or any(
        f'"{word}" (3) counts as missing' in n for n in looked["x"].notes
    )
    assert is_said


def test_known_placeholders_may_be_the_greater_part() -> None:
    looked = Looked({"x": [*["-"] * 150, *numbers(50)]})
    assert (looked["x"].type, looked["x"].present) == ("number", 50)


def test_answers_are_no_placeholders() -> None:
    sizes = ["S", "M", "L", "XL", "38"] * 20
    assert Looked({"x": sizes})["x"].type == "text"
    grown = [*numbers(90), *["10+"] * 10]  # a text with a digit may be a value spelled badly
    assert Looked({"x": grown})["x"].type == "text"
    spoken = [*numbers(90), "one", "two", "three", "four", "five", "six", *["many"] * 4]
    assert Looked({"x": spoken})["x"].type == "text"


def test_which_texts_are_odd() -> None:
    counts = Counter({"1": 50, "2": 40, "none given": 5, "-": 3, "often": 1, "10+": 2})
    assert odd_texts(counts, str.isdigit) == {"none given", "-"}
    assert is_known_placeholder("(not set)")
    assert not is_known_placeholder("Nora")
    assert is_no_day("0000-00-00 00:00:00")
    assert is_no_day("31.12.9999")
    assert not is_no_day("2024-12-31")


@pytest.mark.parametrize(
    "text",
    [
        *("0000-00-00 00:00:00", "0001-01-01T00:00:00", "1970-01-01 00:00:00"),
        *("1900-01-01 00:00:00", "9999-12-31 00:00:00", "1899-12-30", "2999-12-31"),
    ],
)
def test_days_that_stand_for_none(text: str) -> None:
    texts = [(START + timedelta(hours=n)).strftime("%Y-%m-%d %H:%M:%S") for n in range(100)]
    looked = Looked({"x": [*texts, *[text] * 30]})
    assert (looked["x"].present, looked["x"].unreadable) == (100, 0)
    assert looked["x"].missing == {text: 30}
    assert looked.values("x")[100:] == [None] * 30


def test_a_birth_date_is_no_placeholder_unless_there_are_many() -> None:
    born = [f"{1940 + n % 60}-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(400)]
    assert Looked({"x": [*born, "1970-01-01"]})["x"].missing == {}
    assert Looked({"x": [*born, *["1970-01-01"] * 40]})["x"].missing == {"1970-01-01": 40}


def test_instants_that_stand_for_none_in_typed_columns() -> None:
    moments = [START + timedelta(hours=n) for n in range(50)]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    typed = pa.array([*moments, epoch, epoch], pa.timestamp("us", "UTC"))
    looked = Looked({"x": typed})
    assert looked["x"].present == 50
    assert looked.values("x")[50:] == [None, None]


def test_words_are_values_where_empty_cells_stand_beside_them() -> None:
    looked = Looked(
        {"country": ["NA", "BW", "", "AO"] * 10, "name": ["Null", "None", "Ng", "X"] * 10}
    )
    assert looked["country"].missing == looked["name"].missing == {}
    assert looked.values("country").count("NA") == 10
    assert any('"NA" (10) counts as a value here' in note for note in looked["country"].notes)
    assert looked["name"].present == 40


def test_words_are_missing_where_the_file_writes_them_for_missing_numbers() -> None:
    looked = Looked(
        {"size": ["1", "NULL", "3", "4"] * 10, "city": ["Porto", "NULL", "Faro", "X"] * 10}
    )
    assert looked["size"].missing == looked["city"].missing == {"NULL": 10}


def test_words_are_missing_in_a_file_without_any_empty_cell() -> None:
    looked = Looked(
        {"id": [str(n) for n in range(40)], "city": ["Porto", "None", "Faro", "X"] * 10}
    )
    assert looked["city"].missing == {"None": 10}
    codes = Looked({"id": [str(n) for n in range(40)], "country": ["NA", "BW", "AO", "ZA"] * 10})
    assert codes["country"].missing == {}


def test_a_list_in_the_settings_is_the_rule_for_texts() -> None:
    table = {"city": ["Porto", "None", "k. A.", "X"] * 10, "size": ["1", "NA", "3", "4"] * 10}
    looked = Looked(table, missing=("k. A.",))
    assert looked.values("city")[:4] == ["Porto", "None", None, "X"]
    assert looked.values("size")[:4] == [1.0, None, 3.0, 4.0]
    words = MissingWords(has_empty=False, own=())
    assert words.of_text(Counter({"NA": 3}), ["a", "NA"], empty=0) == Counter()
    assert Looked({"n": ["1", "2"], "city": ["a", "\\N"]}, missing=()).values("city") == ["a", None]


THOUSANDS = ["39.737", "12.500", "101.250", "7.125"] * 10


def test_a_point_before_three_digits_is_decided_by_the_rest_of_the_file() -> None:
    alone = Looked({"x": THOUSANDS})
    assert alone.values("x")[0] == 39.737
    assert alone["x"].is_guess
    assert any('"39.737" is read as 39.737' in note for note in alone["x"].notes)
    for other in (
        Looked({"x": THOUSANDS}, delimiter=";"),
        Looked({"x": THOUSANDS, "y": ["1,5", "2,25"] * 20}),
        Looked({"x": [f"{text} €" for text in THOUSANDS]}),
        Looked({"Gebühr": THOUSANDS, "x": THOUSANDS}),
        Looked({"x": [*THOUSANDS, "850", "37"]}),
    ):
        assert other.values("x")[0] == 39737
        assert other["x"].reading.style == ","
    assert Looked({"x": [*THOUSANDS, "1.234.567"]}).values("x")[0] == 39737
    assert Looked({"x": [*THOUSANDS, "0.5"]}).values("x")[0] == 39.737
    money = Looked({"x": THOUSANDS}, {"amount": ColumnSource("x")})
    assert money.values("amount")[0] == 39737
    points = Looked({"x": THOUSANDS, "y": ["1.5", "2.25"] * 20}, delimiter=";")
    assert points.values("x")[0] == 39.737


def days(count: int, form: str, step: float = 1.0) -> list[str]:
    return [(START + timedelta(days=step * n)).strftime(form) for n in range(count)]


def test_day_and_month_are_decided_by_all_rows() -> None:
    texts = [*["03/04/2024", "05/06/2024"] * 3_000, "12/25/2024"]
    looked = Looked({"x": texts})
    assert looked["x"].reading.style == MONTH_FIRST
    assert not looked["x"].is_guess


def test_day_and_month_are_decided_by_another_column_or_the_order_of_rows() -> None:
    either = ["03/04/2024", "05/06/2024", "01/02/2024", "12/11/2024"] * 10
    origin = {"created_at": ColumnSource("x")}
    asked = Looked({"x": either}, origin)
    assert 'format = "day first"' in asked.problems[0]
    like = Looked({"x": either, "y": ["12/25/2024"] * 40}, origin)
    assert (like["created_at"].reading.style, like.problems) == (MONTH_FIRST, [])
    assert like["created_at"].notes[0] == 'read as month first, like "y"'
    rising = [f"{month:02}/{day:02}/2024" for month in range(1, 13) for day in range(1, 13)]
    ordered = Looked({"x": rising}, origin)
    assert (ordered["created_at"].reading.style, ordered.problems) == (MONTH_FIRST, [])
    assert "order of time" in ordered["created_at"].notes[0]
    falling = Looked({"x": rising[::-1]}, origin)
    assert falling["created_at"].reading.style == MONTH_FIRST
    here = falling.staging.columns["x"]
    assert is_in_order(falling.staging, here, Reading("time", MONTH_FIRST))
    assert not is_in_order(falling.staging, here, Reading("time", DAY_FIRST))


def test_days_are_known_at_their_end() -> None:
    dates = pa.array([START.date()] * 3, pa.date32())
    looked = Looked({"typed": dates, "text": ["2024-01-08"] * 3}, timezone="Europe/Berlin")
    end = datetime(2024, 1, 8, 22, 59, 59, 999999, tzinfo=UTC)
    for name in ("typed", "text"):
        assert [value.astimezone(UTC) for value in looked.values(name)] == [end] * 3
        assert looked[name].is_day
        assert "known at the end of the day" in looked[name].notes[0]


@pytest.mark.parametrize("form", ["%Y-%m-%d 00:00:00", "%d.%m.%Y 00:00", "%m/%d/%Y 12:00 AM"])
def test_a_column_of_midnights_is_one_of_days(form: str) -> None:
    looked = Looked({"x": days(40, form)}, timezone="Europe/Berlin")
    assert looked["x"].is_day
    assert looked.values("x")[0].astimezone(UTC) == datetime(
        2024, 1, 8, 22, 59, 59, 999999, tzinfo=UTC
    )
    few = Looked({"x": days(LEAST_MIDNIGHTS - 1, form)})
    assert not few["x"].is_day
    timed = form.replace(" 00:00", " 10:15").replace("12:00", "10:15")
    mixed = Looked({"x": [*days(40, form), *days(1, timed)]})
    assert mixed.values("x")[0].astimezone(UTC) == datetime(2024, 1, 8, tzinfo=UTC)


def test_midnights_of_greenwich_are_days_of_the_workspace() -> None:
    looked = Looked({"x": days(40, "%Y-%m-%dT00:00:00Z")}, timezone="America/New_York")
    assert looked["x"].is_day
    assert looked.values("x")[0].astimezone(UTC) == datetime(
        2024, 1, 9, 4, 59, 59, 999999, tzinfo=UTC
    )


def test_the_chooser_takes_what_reads_most() -> None:
    looked = Looked({"x": [*numbers(99), "1,5"]})
    assert (looked["x"].reading.style, looked["x"].unreadable) == (".", 1)
    origin = ColumnSource("x")
    readings = (Reading("number", ","), Reading("number", "."))
    wanted = Wanted("x", origin, None, looked.staging.columns["x"], readings)
    counts = count_values(looked.staging, [wanted])
    choice = Chooser(looked.staging, [wanted], counts, "UTC").choose(wanted, counts[0])
    assert choice.read is not None
    assert (choice.read.reading.style, choice.read.count) == (".", 99)


def test_an_id_that_says_null_is_missing() -> None:
    table = {"id": [str(n) for n in range(10)], "who": ["a", "NULL", "", "b", "c"] * 2}
    looked = Looked(table, {"lead_id": ColumnSource("id"), "person_id": ColumnSource("who")})
    assert looked["person_id"].missing == {"NULL": 2}
