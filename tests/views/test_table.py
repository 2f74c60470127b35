"""The description of a list: what it takes from an address or a command, and what it refuses."""

from dataclasses import replace

import pytest

from redumbrella.errors import SettingsError
from redumbrella.views.catalogue import VIEWS
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.kinds import COUNT, DAY, FLAG, INSTANT, TEXT, Frame
from redumbrella.views.leads import LEADS
from redumbrella.views.pipeline import PIPELINE
from redumbrella.views.table import Query, View

FRAME = Frame("EUR", "Europe/Lisbon")
every_list = pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)


def test_without_parameters_a_list_is_asked_for_as_it_is_described() -> None:
    query = CUSTOMERS.query({})
    assert (query.target, query.sort, query.descending) == (None, "value", True)
    assert (query.page, query.page_size, query.filters) == (1, 50, {})
    assert query.to_json() == {"target": None, "sort": "-value"}


def test_a_list_that_chooses_its_order_is_asked_without_one() -> None:
    query = LEADS.query({})
    assert (query.sort, query.descending) == ("", False)
    assert query.sorted_so("-probability").order == "-probability"
    assert replace(query, descending=True).sorted_so("-probability").order == "probability"
    assert LEADS.query({"sort": "lead"}).sorted_so("-probability").order == "lead"
    assert PIPELINE.query({"by": "month"}).by == "month"
    with pytest.raises(SettingsError, match='Did you mean "month"'):
        PIPELINE.query({"by": "mnth"})


def test_parameters_become_a_query_and_empty_ones_are_left_out() -> None:
    asked = {"target": "buys", "grade": "A", "source": " ", "rep": "", "min_probability": "30 %"}
    query = LEADS.query({**asked, "sort": "lead", "page": "2", "page_size": "10"})
    filters = {"grade": "A", "min_probability": "0.3"}
    assert query == Query("buys", "lead", False, filters, 2, 10)
    assert query.order == "lead"
    assert query.to_json() == {"target": "buys", "sort": "lead", **filters}


@pytest.mark.parametrize(
    ("asked", "reason", "words"),
    [
        ({"grde": "A"}, "unknown_parameter", 'Did you mean "grade"'),
        ({"grde": ""}, "unknown_parameter", 'Did you mean "grade"'),
        ({"segment": "lost"}, "unknown_parameter", 'Unknown parameter "segment"'),
        ({"sort": "probabilty"}, "unknown_sort", 'Did you mean "probability"'),
        ({"sort": "-"}, "unknown_sort", "Choose one of: product, probability"),
        ({"sort": "--lead"}, "unknown_sort", 'Did you mean "lead"'),
        ({"min_probability": "most"}, "bad_share", "0.3"),
        ({"min_probability": "300"}, "bad_share", "min_probability"),
        ({"page": "two"}, "bad_parameter", 'page must be a whole number from 1 to .*, not "two"'),
        ({"page": "0"}, "bad_parameter", "page"),
        ({"page_size": "1001"}, "bad_parameter", "page_size .* from 1 to 1,000"),
    ],
)
def test_wrong_parameters_name_the_nearest_right_one(
    asked: dict[str, str], reason: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as problem:
        LEADS.query(asked)
    assert problem.value.reason == reason


def test_a_list_that_takes_nothing_says_so() -> None:
    bare = replace(
        CUSTOMERS, search="", columns=tuple(replace(c, filter="") for c in CUSTOMERS.columns)
    )
    assert list(bare.parameters) == ["sort", "page", "page_size"]


@every_list
def test_what_a_list_names_exists(view: View) -> None:
    """A misspelt column or order in a description would fail only when somebody looks."""
    assert {*view.shown, *view.terminal, *view.bar, *view.terminal_wide} <= set(view.by_name)
    assert len(view.by_name) == len(view.columns)
    # Sums are made when they are asked for; those of a list of its own have all of its columns.
    sums = view.summed is not None and view.of is None
    stored = {"size", *view.key, *view.by_name} if sums else set(view.table.c.keys())
    for name in (*view.least.values(), *([view.search] if view.search else [])):
        assert name in stored
    if view.best:
        assert view.best in view.table.c
    for column in view.filters.values():
        assert column.name in view.table.c
    if view.of is None:
        for name in (*view.key, *(column.name for column in view.sorts.values())):
            assert name in stored
    for order in (view.order, *(order.sort for order in view.orders)):
        assert view.query({"sort": order}).order == order
    assert not {"page", "page_size", "sort", "search"} & set(view.filters)
    assert view.target is None or "target" not in view.filters
    assert view.name in VIEWS
    assert view.exported


@every_list
def test_every_parameter_has_a_sentence(view: View) -> None:
    assert list(view.parameters)[-3:] == ["sort", "page", "page_size"]
    for words in view.parameters.values():
        assert words.endswith(".")
    for name in view.sorts:
        assert name in view.parameters["sort"]


def test_kinds_read_show_and_write_their_values() -> None:
    stored = 1_288_602_000_000_000  # 2010-11-01 09:00 in London and Lisbon, which keep one time
    at = INSTANT.read(stored)
    assert INSTANT.read(None) is None
    assert INSTANT.cell(at) == "2010-11-01T09:00:00+00:00"
    assert INSTANT.words(at, FRAME) == "2010-11-01 09:00"
    summer = DAY.read(1_280_617_200_000_000)  # 2010-07-31 23:00 UTC, the next day in Lisbon
    assert DAY.words(summer, FRAME) == "2010-08-01"
    assert FLAG.read(1) is True
    assert FLAG.read(None) is None
    assert [FLAG.cell(value) for value in (True, False)] == ["true", "false"]
    assert COUNT.words(1_200, FRAME) == "1,200"
    assert TEXT.words("", FRAME) == TEXT.words(None, FRAME) != ""
