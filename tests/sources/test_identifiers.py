"""One rule for ids: spellings of one id become one, different ids never do without a word."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.columns import TABLES
from redumbrella.errors import DataError
from redumbrella.sources.identifiers import clean_ids, id_sql
from redumbrella.sources.inference import ColumnRead
from redumbrella.sources.spellings.values import Reading
from redumbrella.sources.staging import Staging

CONNECTION = duckdb.connect()


def stored(*texts: str) -> list[Any]:
    query = f"SELECT {id_sql('t')} FROM (SELECT unnest(?::VARCHAR[]) AS t)"
    return [row[0] for row in CONNECTION.execute(query, [list(texts)]).fetchall()]


def notes_on(texts: Sequence[str], *, table: str, name: str) -> list[str]:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE raw (c0 VARCHAR)")
    connection.execute("INSERT INTO raw SELECT unnest(?::VARCHAR[])", [list(texts)])
    column = ColumnRead(name, "Nr", "id", Reading("text"), "c0", len(texts), 0)
    return clean_ids(Staging(connection, "raw", {"Nr": "c0"}), [column], TABLES[table], "a.csv")


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("10001", "10001"),
        ("10001.0", "10001"),
        ("10001.00", "10001"),
        ("10001.000000", "10001"),
        ("10001,0", "10001"),
        ('="10001"', "10001"),
        ('"10001"', "10001"),
        ("'10001", "10001"),
        ("'10001'", "10001"),
        ("\u00a010001\u200b", "10001"),
        ("\ufeff10001 \u3000", "10001"),
        ("10001\u200e", "10001"),
        (" Anna.Meyer@Example.COM ", "anna.meyer@example.com"),
        ("mailto:Anna@example.com", "anna@example.com"),
        ("{6F9619FF-8B86-D011-B42D-00C04FC964FF}", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("6F9619FF-8B86-D011-B42D-00C04FC964FF", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ('=""', None),
        ("\u200b", None),
    ],
)
def test_spellings_of_one_id(text: str, id: str | None) -> None:  # noqa: A002
    assert stored(text) == [id]


@pytest.mark.parametrize(
    "text",
    [
        *("00123", "1.10", "1.1", "v1.0", "1.000", "10,000", "10,001", "12.5", ".0", "1.58467E+17"),
        *("AB12", "ab12", "C-1001", "-Nq00003xYz", "-0", "@mention", "=abc", "+491701000037"),
        *("a'b", "O'Brien", "a b", "6F9619FF8B86D011B42D00C04FC964FF", "cus_1001", "日本"),
    ],
)
def test_what_may_mean_something_stays(text: str) -> None:
    assert stored(text) == [text]


SPELLINGS = (
    *("{}", "{}.0", "{}.00", '="{}"', "'{}", " {}", "{} ", "\u00a0{}", "{}\u200b", '"{}"'),
)
number = st.integers(0, 10**15).map(str)


@given(number, st.sampled_from(SPELLINGS), st.sampled_from(SPELLINGS))
def test_a_number_is_one_id_however_it_is_spelled(id: str, one: str, two: str) -> None:  # noqa: A002
    assert stored(one.format(id), two.format(id)) == [id, id]


@given(number, number, st.sampled_from(SPELLINGS), st.sampled_from(SPELLINGS))
def test_two_numbers_are_two_ids_however_they_are_spelled(
    first: str, second: str, one: str, two: str
) -> None:
    a, b = stored(one.format(first), two.format(second))
    assert (a == b) == (first == second)


anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(anything)
def test_the_rule_changes_a_stored_id_no_more(text: str) -> None:
    plain = stored(text)[0]
    if plain is not None and not plain.startswith(("'", '"', "=")):
        again = stored(plain)[0]
        assert again == plain or plain != text


@settings(deadline=None)
@given(st.lists(st.one_of(number, st.sampled_from(["1", "1.0", "'1", "7", "7.0"])), max_size=8))
def test_ids_never_become_one_without_a_note(texts: list[str]) -> None:
    kept = dict(zip(texts, stored(*texts), strict=True))
    if len(set(kept.values())) < len(set(texts)):
        *_, note = notes_on(texts, table="purchases", name="purchase_id")
        merged = sum(count > 1 for count in Counter(kept.values()).values())
        assert f"{merged} ids are written in several ways" in note


def test_ids_that_a_spreadsheet_has_spoilt_are_an_error_where_they_are_needed() -> None:
    texts = [f"1.5{n}467E+17" for n in range(10)] * 2 + [str(n) for n in range(70)]
    with pytest.raises(DataError, match="20 of 90 ids look like"):
        notes_on(texts, table="purchases", name="person_id")
    (note,) = notes_on(texts, table="purchases", name="product_id")
    assert "only 10 different ones" in note
    assert "as text" in note


def test_a_few_spoilt_ids_are_said_and_one_that_stands_twice_in_its_own_table_is_an_error() -> None:
    texts = ["1,58467E+17", *(str(n) for n in range(99))]
    (note,) = notes_on(texts, table="leads", name="lead_id")
    assert "1 of 100 ids" in note
    with pytest.raises(DataError, match="2 of 101 ids"):
        notes_on([*texts, texts[0]], table="leads", name="lead_id")


def test_long_ids_that_all_end_in_zeros_are_said() -> None:
    rounded = [str(158467123456789 + n) + "000" for n in range(20)]
    (note,) = notes_on(rounded, table="leads", name="lead_id")
    assert "20 of 20 ids" in note
    assert (
        notes_on([str(158467123456789123 + n) for n in range(20)], table="leads", name="lead_id")
        == []
    )


def test_a_field_that_is_called_like_an_id_and_is_spoilt_is_said() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE raw AS SELECT '1.58' || i || 'E+17' AS c0 FROM range(9) t(i)")
    column = ColumnRead("Lead ID", "Lead ID", None, Reading("text"), "c0", 9, 0)
    staging = Staging(connection, "raw", {"Lead ID": "c0"})
    (note,) = clean_ids(staging, [column], TABLES["leads"], "a.csv")
    assert "all 9 ids look like" in note
