"""Pages of any list: order, filters, search, pages, what there is to choose, unknown values."""

from dataclasses import replace
from pathlib import Path

import pytest
from sample_company import make_workspace
from stored import listed

from redumbrella.errors import NotFoundError
from redumbrella.views.catalogue import VIEWS, meaningless
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import count_rows, every_row, is_empty, list_page
from redumbrella.views.models import MODELS
from redumbrella.views.rejected import REJECTED
from redumbrella.views.runs import RUNS
from redumbrella.views.table import View
from redumbrella.workspace import Workspace

each_list = pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)


def test_pages_do_not_overlap_and_beyond_the_last_one_there_are_no_rows(
    company: Workspace,
) -> None:
    pages = [listed(company, LEADS, page=number, page_size=100) for number in (1, 2, 3, 4)]
    ids = [row["lead_id"] for page in pages for row in page.rows]
    assert len(ids) == len(set(ids)) == 240
    assert [len(page.rows) for page in pages] == [100, 100, 40, 0]
    assert [page.first_rank for page in pages] == [1, 101, 201, 301]
    beyond = pages[-1]
    assert (beyond.query.page, beyond.pages, beyond.total, beyond.is_empty) == (4, 3, 240, False)


@pytest.mark.parametrize("name", sorted(LEADS.sorts))
@pytest.mark.parametrize("minus", ["-", ""])
def test_every_shown_column_sorts_with_empty_values_last(
    company: Workspace, name: str, minus: str
) -> None:
    rows = listed(company, LEADS, sort=minus + name).rows
    values = [row[LEADS.sorts[name].name] for row in rows]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=bool(minus))
    assert values[: len(known)] == known
    assert len(values) == 240


@each_list
def test_every_list_can_be_sorted_by_each_of_its_orders(full: Workspace, view: View) -> None:
    everyone = listed(full, view)
    assert everyone.rows
    key = [tuple(row[name] for name in view.key if name in row) for row in everyone.rows]
    for name in view.sorts:
        for minus in ("-", ""):
            page = listed(full, view, sort=minus + name)
            assert page.query.order == minus + name
            again = [tuple(row[n] for n in view.key if n in row) for row in page.rows]
            assert sorted(map(str, again)) == sorted(map(str, key))


@each_list
def test_every_filter_leaves_the_rows_that_have_the_value(full: Workspace, view: View) -> None:
    everyone = listed(full, view).rows
    for name, column in ({} if view.of else view.filters).items():  # sums: see test_pipeline
        values = {row[column.name] for row in everyone} - {None, ""}
        for value in values:
            rows = listed(full, view, **{name: value}).rows
            assert rows
            assert rows == [row for row in listed(full, view).rows if row[column.name] == value]


def test_rows_that_share_a_value_stand_with_the_best_first(company: Workspace) -> None:
    rows = listed(company, LEADS, sort="grade").rows
    assert rows == sorted(rows, key=lambda row: (row["grade"], -row["probability"]))


def test_filters_narrow_and_combine(company: Workspace) -> None:
    everyone = listed(company, LEADS).rows
    asked = {"source": "fair", "min_probability": "20 %", "rep": "rep 1"}
    same = {"source": "fair", "rep_id": "rep 1"}
    wanted = {
        row["lead_id"]
        for row in everyone
        if row["probability"] >= 0.2 and all(row[name] == same[name] for name in same)
    }
    assert wanted
    page = listed(company, LEADS, **asked)
    assert {row["lead_id"] for row in page.rows} == wanted
    assert count_rows(company, LEADS, page.query) == page.total == len(wanted)
    assert [row["lead_id"] for row in every_row(company, LEADS, page.query)] == [
        row["lead_id"] for row in page.rows
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [("l-1054", {"L-1054"}), ("CUSTOMER 1054", {"L-1054"}), ("1054 cust", {"L-1054"}), ("%", set()),
     ("_", set()), ("l/1 & 2", {"L/1 & 2"})],
)  # fmt: skip
def test_search_is_by_words_in_name_and_id(company: Workspace, text: str, found: set[str]) -> None:
    page = listed(company, LEADS, search=text)
    assert {row["lead_id"] for row in page.rows} == found
    assert not page.is_empty


def test_the_filters_offer_what_there_is(company: Workspace) -> None:
    choices = list_page(company, LEADS, LEADS.query({}), with_choices=True).choices
    assert choices["source"] == ("=partner", "fair", "web")
    assert choices["rep"] == ("rep 0", "rep 1", "rep 2", "rep 3")
    assert choices["campaign"] == choices["product"] == ()
    assert listed(company, LEADS).choices == {}


@pytest.mark.parametrize(
    ("view", "asked", "words"),
    [
        (LEADS, {"grade": "Z"}, 'No lead has the grade "Z". There is: A, B, C, D.'),
        (LEADS, {"source": "wbe"}, 'Did you mean "web"'),
        (LEADS, {"campaign": "none"}, 'No lead has the campaign "none".'),
        (LEADS, {"product": "none"}, 'No lead has the product "none".'),
        (LEADS, {"grade": "B", "source": "wbe"}, 'the source "wbe"'),
        (CUSTOMERS, {"segment": "lots"}, 'There is: active, new, at risk, lost.'),
        (MODELS, {"verdict": "readdy"}, 'Did you mean "ready"'),
        (REJECTED, {"file": "leads.cvs"}, 'Did you mean "leads.csv"'),
        (RUNS, {"verb": "trian"}, 'Did you mean "train"'),
    ],
)  # fmt: skip
def test_a_value_that_no_row_has_is_told(
    full: Workspace, view: View, asked: dict[str, str], words: str
) -> None:
    """On pages and for files alike, before the first row."""
    query = view.query(asked)
    for ask in (list_page, every_row):
        with pytest.raises(NotFoundError) as problem:
            ask(full, view, query)  # type: ignore[operator]
        assert problem.value.reason == "unknown_value"
        assert words in problem.value.message


def test_known_values_that_no_row_has_together_are_only_an_empty_answer(full: Workspace) -> None:
    page = listed(full, MODELS, verdict="ready")
    assert (page.total, page.rows, page.pages) == (0, [], 1)
    assert list(every_row(full, MODELS, page.query)) == []
    assert listed(full, LEADS, grade="B", search="nobody").total == 0


@each_list
def test_a_list_of_one_target_refuses_an_unknown_one(full: Workspace, view: View) -> None:
    query = replace(view.query({}), target="conversoin")
    if view.target is None:
        assert list_page(full, view, query).total == listed(full, view).total
        return
    for ask in (list_page, every_row, count_rows, is_empty):
        with pytest.raises(
            NotFoundError, match=r'Did you mean "conversion"|There is no target'
        ) as p:
            ask(full, view, query)  # type: ignore[operator]
        assert p.value.reason == "unknown_target"


@pytest.mark.parametrize("view", [v for v in VIEWS.values() if v.name != "products"],
                         ids=lambda view: view.name)  # fmt: skip
def test_a_list_without_any_row_is_empty_whatever_is_asked(
    empty_company: Workspace, view: View
) -> None:
    for name in (None, *view.filters):
        asked = {} if name is None else {name: "anything"}
        page = listed(empty_company, view, **asked)
        assert (page.is_empty, page.total, page.rows, page.pages) == (True, 0, [], 1)
        assert is_empty(empty_company, view, page.query)
        assert list(every_row(empty_company, view, page.query)) == []
    assert view.nothing(empty_company, None).endswith(".")


@each_list
def test_json_of_a_page_has_the_rows_and_what_was_asked(full: Workspace, view: View) -> None:
    page = listed(full, view, page_size=1)
    json = page.to_json()
    assert list(json)[:6] == ["rows", "total", "page", "pages", "page_size", "query"]
    assert set(json) - set(list(json)[:6]) == set(page.around)
    assert list(json["rows"][0]) == [column.name for column in view.columns if column.in_list]
    assert (json["total"], json["pages"]) == (page.total, page.total)
    assert json["query"]["sort"] == page.query.order
    assert view.chosen is not None or page.query.order == view.order


@each_list
def test_rows_of_files_have_the_columns_of_files(full: Workspace, view: View) -> None:
    rows = list(every_row(full, view, view.query({})))
    assert len(rows) == listed(full, view).total
    for row in rows:
        assert list(row) == [field.name for field in view.fields]


def test_the_menu_holds_what_has_something_to_show(
    full: Workspace, company: Workspace, shop: Workspace, tmp_path: Path
) -> None:
    of_leads = {"/today", "/leads", "/changes", "/pipeline"}
    assert meaningless(full) == set()
    unasked = {"/products", "/recommendations"}
    assert meaningless(company) == unasked | {"/customers"}
    assert meaningless(shop) == unasked | of_leads
    assert meaningless(make_workspace(tmp_path)) == unasked | {"/customers"}
