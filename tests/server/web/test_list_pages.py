"""Pages of every list of the catalogue: rows, filters, order, pager, downloads, what is refused."""

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from every_list import MARKUP
from served import HTTP
from stored import listed

from redumbrella.figures import TO
from redumbrella.views.catalogue import VIEWS
from redumbrella.views.table import View
from redumbrella.workspace import Workspace

each_list = pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)


def page(url: str, status: int = 200) -> str:
    answer = HTTP.get(url, timeout=60)  # the first page makes its charts
    assert answer.status_code == status, url
    return unescape(answer.text).replace("\u00a0", " ")


def links(html: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', html)


def rows_of(html: str) -> list[str]:
    table = html.partition('<table class="leads">')[2].partition("</table>")[0]
    return re.findall(r"<tr[^>]*>.*?</tr>", table.partition("<tbody>")[2], re.DOTALL)


@each_list
def test_a_page_shows_the_rows_of_its_list(full: Workspace, full_address: str, view: View) -> None:
    html = page(full_address + view.page_address)
    found = listed(full, view, page_size=50)
    shown = rows_of(html)
    words = next((o.words for o in view.orders if o.sort == found.query.order), "")
    order = f", {words}" if words else ""
    assert f"1{TO}{len(found.rows)} of {found.total} {view.noun[1]}{order}." in html
    assert len(shown) == len(found.rows) > 0
    for row, cells in zip(found.rows, shown, strict=True):
        first = view.by_name[view.shown[0]]
        assert first.kind.words(row[first.name], found.frame).replace("\u00a0", " ") in cells
    table = html.partition('<table class="leads">')[2]  # others may stand above it
    head = table.partition("<thead>")[2].partition("</thead>")[0]
    for name in view.shown:
        column, values = found.view.by_name[name], [row[name] for row in found.rows]
        empty = column.optional and all(value in (None, "") for value in values)
        alike = column.comparing and all(value == values[0] for value in values)
        assert (column.heading not in head) == (empty or alike), name


@each_list
def test_every_shown_column_that_sorts_has_a_link_that_works(
    full: Workspace, full_address: str, view: View
) -> None:
    html = page(full_address + view.page_address)
    table = html.partition('<table class="leads">')[2]  # others may stand above it
    head = table.partition("<thead>")[2].partition("</thead>")[0]
    asked = {parse_qs(urlsplit(link).query)["sort"][0] for link in links(head)}
    assert asked
    for order in asked:
        again = page(f"{full_address}{view.page_address}?sort={order}")
        way = "descending" if order.startswith("-") else "ascending"
        assert f'aria-sort="{way}"' in again
        assert len(rows_of(again)) == len(rows_of(html))


@each_list
def test_the_form_has_every_filter_that_has_a_choice_and_keeps_it(
    full: Workspace, full_address: str, view: View
) -> None:
    html = page(full_address + view.page_address)
    everyone = listed(full, view.of or view).rows
    for name, column in view.filters.items():
        values = [row[column.name] for row in everyone if row[column.name]]
        is_offered = column.offers_values and bool(values or column.choices)
        assert (f'<select name="{name}">' in html) == is_offered, name
        if not values:
            continue
        narrowed = page(f"{full_address}{view.page_address}?{name}={quote(values[0])}")
        value = f' value="{values[0]}"' if column.words else ""
        assert f"<option{value} selected>{column.said(values[0])}</option>" in narrowed
        rows = listed(full, view, **{name: values[0]}).total
        assert view.of or rows == values.count(values[0])
        assert len(rows_of(narrowed)) == min(50, rows)
        assert "Show all" in narrowed
    if not view.search:
        assert 'name="search"' not in html


@each_list
def test_downloads_are_linked_with_the_filters_and_without_the_page(
    full: Workspace, full_address: str, view: View
) -> None:
    html = page(f"{full_address}{view.page_address}?page_size=1&page=1&sort={view.order}")
    for form in ("csv", "json", "parquet"):
        link = next(link for link in links(html) if f"/{view.name}.{form}" in link)
        assert link == f"/api/v1/{view.name}.{form}?sort={view.order}"
        assert HTTP.get(full_address + link).status_code == 200


@each_list
def test_a_page_beyond_the_end_says_so(full: Workspace, full_address: str, view: View) -> None:
    html = page(f"{full_address}{view.page_address}?page=99")
    assert rows_of(html) == []
    assert "There is only one page" in html or re.search(r"There are only \d+ pages", html)
    assert "Back to the first one" in html
    assert "No " + view.noun[0] + " matches" not in html


@each_list
def test_an_unknown_value_is_told_above_the_list_with_the_filters_as_typed(
    full_address: str, view: View
) -> None:
    for name in view.filters:
        html = page(f"{full_address}{view.page_address}?{name}=no-such-value", 404)
        assert '"no-such-value"' in html
        assert "<option selected>no-such-value</option>" in html
        assert f'action="{view.page_address}"' in html
        assert rows_of(html) == []


def test_all_that_was_typed_stays_when_a_value_is_refused(full_address: str) -> None:
    asked = "grade=Z&search=tea&min_probability=30+%25&source=fair&sort=lead"
    html = page(f"{full_address}/leads?{asked}", 404)
    assert 'No lead has the grade "Z". There is: A, B, C, D.' in html
    for typed in ('value="tea"', 'value="30 %"', "<option selected>fair</option>",
                  '<option value="lead" selected>'):  # fmt: skip
        assert typed in html


def test_a_wrongly_typed_share_is_told_above_the_list_too(full_address: str) -> None:
    html = page(f"{full_address}/leads?min_probability=many&search=tea", 400)
    assert "30 %" in html
    for typed in ('value="tea"', 'value="many"'):
        assert typed in html
    assert rows_of(html) == []


def test_a_list_without_filters_has_no_form(full_address: str) -> None:
    assert 'role="search"' not in page(f"{full_address}/valuations")


def test_known_values_that_meet_in_no_row_are_no_mistake(full_address: str) -> None:
    html = page(f"{full_address}/models/all?verdict=ready")
    assert "No model matches these filters." in html
    assert 'href="/models/all?">Show all models' in html


def test_filters_of_another_list_are_refused(full_address: str) -> None:
    assert 'Unknown parameter "grade"' in page(f"{full_address}/runs?grade=A", 400)
    assert "cannot be sorted by" in page(f"{full_address}/sources?sort=probability", 400)


@each_list
def test_a_list_without_rows_says_what_to_do_whatever_is_asked(
    empty_address: str, view: View
) -> None:
    for asked in ("", *(f"?{name}=x" for name in view.filters)):
        html = page(f"{empty_address}{view.page_address}{asked}")
        said = html.partition("<main")[2].partition("</main>")[0]
        if view.is_well_empty:
            well = {"rejected": "No row was set aside.", "tasks": "No task is open."}
            assert well[view.name] in said
            assert "Then open" not in said
        else:
            assert "There is nothing to show." in said
            assert "umbrella" in said
        assert "matches these filters" not in html
        assert "<form" not in html


@each_list
def test_the_menu_marks_where_a_list_belongs(full_address: str, view: View) -> None:
    html = page(full_address + view.page_address)
    menu = html.partition('<nav aria-label="Main">')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]*)" aria-current="page"', menu) == [
        {"models": "/models", "sources": "/sources", "rejected": "/sources",
         "runs": "/sources", "valuations": "/customers",
         "audit": "/settings", "assignment": "/today", "cohorts": "/models",
         "changes": "/leads", "pipeline": "/leads", "tasks": "/today",
         "outbox": "/automations", "audiences": "/automations",
         }.get(view.name, view.page_address)
    ]  # fmt: skip


def test_lists_of_data_lead_to_each_other(full_address: str) -> None:
    for path in ("/sources", "/rejected", "/runs"):
        beside = page(full_address + path).partition('aria-label="Data"')[2].partition("</nav>")[0]
        assert links(beside) == ["/sources", "/rejected", "/runs"]
        assert f'href="{path}" aria-current="page"' in beside


def test_rows_set_aside_are_found_from_their_source_and_escaped(full_address: str) -> None:
    html = HTTP.get(f"{full_address}/sources").text
    link = next(unescape(link) for link in links(html) if link.startswith("/rejected?"))
    assert link == "/rejected?table=leads&file=leads.csv"
    shown = HTTP.get(full_address + link).text
    assert "2,&lt;b&gt;Tea &amp; Co&lt;/b&gt;" in shown
    for path in ("/rejected", "/products", "/leads?target=products"):
        assert MARKUP not in HTTP.get(full_address + path).text


def test_a_product_leads_to_the_people_who_are_likely_to_buy_it(full_address: str) -> None:
    html = page(f"{full_address}/products")
    link = next(link for link in links(html) if link.startswith("/leads?") and "coffee" in link)
    assert parse_qs(urlsplit(link).query) == {"target": ["products"], "product": ["coffee"]}
    assert len(rows_of(page(full_address + link))) == 1


def test_targets_of_a_list_stand_side_by_side(full_address: str) -> None:
    tabs = page(f"{full_address}/leads").partition('aria-label="Targets"')[2].partition("</nav>")[0]
    assert links(tabs) == ["?target=conversion", "?target=products"]
    assert 'aria-label="Targets"' not in page(f"{full_address}/products")


def test_an_unknown_target_is_told_on_a_page(full_address: str, shop_address: str) -> None:
    for path in ("/leads", "/products", "/models", "/leads/L-1001"):
        assert "There is no target" in page(f"{full_address}{path}?target=buys", 404)
    assert "names no target" in page(f"{shop_address}/leads", 400)


def test_days_carry_their_time_and_headings_name_the_interval(full_address: str) -> None:
    html = page(f"{full_address}/leads")
    assert re.search(r'title="2010-0\d-\d\d \d\d:\d\d">2010-0\d-\d\d</td>', html)
    assert "Probability and interval" in html


def test_the_page_of_rest_shows_every_route_and_loads_nothing_from_elsewhere(
    full_address: str,
) -> None:
    """All in a line each; of the one that is asked for all that it takes and answers."""
    html = page(f"{full_address}/docs")
    document = HTTP.get(f"{full_address}/api/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in ("head", "options"):  # said once for all
                continue
            route = f"{method.upper()} {path}"
            assert f"<code>{route}</code>" in html
            assert operation["summary"] in html
            shown = page(f"{full_address}/docs?{urlencode({'route': route})}")
            assert operation["description"] in shown
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in shown
    for view in VIEWS.values():
        shown = page(f"{full_address}/docs?route=GET+/api/v1/{view.name}")
        for column in view.columns:
            if column.in_list:
                assert f"<code>rows[].{column.name}</code>" in shown, column.name
        for outside in ("src=", "<script", "http://", "https://"):
            assert outside not in shown.replace('src="/static/mark.svg"', "")
    assert 'href="/docs"' in page(f"{full_address}/leads")
    assert 'Did you mean "GET /api/v1/leads"?' in page(
        f"{full_address}/docs?route=GET+/api/v1/lead", 404
    )


def test_the_menu_is_short_and_pages_below_an_entry_are_its_tabs(
    full_address: str, shop_address: str
) -> None:
    html = page(f"{full_address}/pipeline?target=conversion")
    menu = html.partition('aria-label="Main"')[2].partition("</nav>")[0]
    assert links(menu) == [
        "/today", "/leads", "/customers", "/products", "/recommendations", "/automations",
        "/models", "/sources", "/settings",
    ]  # fmt: skip
    tabs = html.partition('aria-label="Leads"')[2].partition("</nav>")[0]
    assert links(tabs) == [f"/{n}?target=conversion" for n in ("leads", "changes", "pipeline")]
    assert re.findall(r'href="([^"?]*)[^"]*" aria-current="page"', tabs) == ["/pipeline"]
    shop = page(f"{shop_address}/customers").partition('aria-label="Main"')[2].partition("</nav>")
    assert links(shop[0]) == ["/customers", "/automations", "/sources"]
