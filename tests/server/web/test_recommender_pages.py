"""Pages of recommenders: the list of lists, a person, a product, the block of a lead, customers."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from crew import add_crew, close_browsers, logged_in
from recommender_company import (
    DOTS,
    NEWCOMER,
    ODD_PERSON,
    ODD_PRODUCT,
    OTHER_PERSON,
    SCRIPT,
    product_ids,
    write_offering_company,
    write_products,
)
from sample_company import make_workspace
from served import HTTP, serving
from stored import put_customers

from redumbrella.clock import now
from redumbrella.progress import silent
from redumbrella.server.web.formats import person_path, product_path
from redumbrella.views.recommendations import recommendations_of
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import Workspace, open_workspace

WITHOUT_LISTS = '[[recommenders]]\nname = "next"\n'


@pytest.fixture(scope="module")
def offering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = write_offering_company(tmp_path_factory.mktemp("offering"))
    yield workspace
    workspace.state.close()


@pytest.fixture(scope="module")
def there(offering: Workspace) -> Iterator[str]:
    with serving(offering) as address:
        yield address


def get(url: str, status: int = 200) -> str:
    answer = HTTP.get(url, timeout=60)
    assert answer.status_code == status, answer.text
    assert "<script>alert" not in answer.text
    return answer.text


def test_the_list_says_how_lists_were_chosen_and_leads_on(there: str) -> None:
    html = get(f"{there}/recommendations?recommender=next&list=new&search=C%2F1")
    plain = unescape(html)
    assert 'href="/recommendations" aria-current="page"' in html
    for words in ("Recommender “next”, 30 days ahead", "Recommender “other half”",
                  "New to the person", "of 1 lists", "NDCG@10", "✓", "150 customers"):  # fmt: skip
        assert words in plain, words
    assert SCRIPT in plain
    for path in set(re.findall(r'href="(/recommendations/[^"]+)"', html)):
        assert HTTP.get(there + unescape(path), timeout=60).status_code == 200, path


def test_the_page_of_a_person_shows_every_list_with_reasons(
    offering: Workspace, there: str
) -> None:
    html = get(there + person_path(ODD_PERSON))
    plain = unescape(html)
    found = recommendations_of(offering, ODD_PERSON, now())
    assert f"What to offer {SCRIPT}" in plain
    for each in found["lists"]:
        heading = "<summary>{}</summary>" if each["name"] == "all" else "{}</h2>"
        assert f'id="{each["name"]}">{heading.format(each["title"])}' in html
        for one in each["products"]:
            assert one["product"] in plain
            assert one["reason"] in plain
            assert product_path(one["product_id"]).partition("?")[0] in html
    assert 'href="/leads/L-1' in html
    assert 'aria-label="Recommenders"' in html
    newcomer = get(there + person_path(NEWCOMER))
    assert "For newcomers" in newcomer
    assert "/leads/" not in newcomer.partition("<main")[2]


def test_the_page_of_a_product_whatever_its_id(there: str) -> None:
    for product in (ODD_PRODUCT, DOTS, "P03"):
        html = get(there + product_path(product))
        for words in ("What it is like", "Bought together", "common buyers", "May be shown now"):
            assert words in html, (product, words)
        json = re.search(r'href="(/api/v1/products/[^"]*)"', html)
        assert json is not None
        assert HTTP.get(there + unescape(json[1])).json()["product_id"] == product
        first = re.search(r'href="(/recommendations\?product=[^"]*)">first on (\d+)<', html)
        if first:
            listed = get(there + unescape(first[1]))
            assert re.search(rf"of {first[2]} list", listed)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("people/nobody", "There is no list for a person"),
        ("products/P033", 'Did you mean "P03"'),
        ("people/C3?recommender=nxt", 'Did you mean "next"'),
        ("products/P03?recommender=nxt", 'Did you mean "next"'),
        ("people/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "<script>alert(1)</script>"),
    ],
)
def test_what_does_not_exist_is_said(there: str, path: str, words: str) -> None:
    assert words in unescape(get(f"{there}/recommendations/{path}", 404))


def test_the_page_of_a_lead_has_the_first_of_each_list(offering: Workspace, there: str) -> None:
    html = get(f"{there}/leads/L-1")
    plain = unescape(html)
    assert "What to offer" in html
    for each in recommendations_of(offering, ODD_PERSON, now())["lists"]:
        if each["name"] == "all":
            continue
        assert each["title"] in plain
        for one in each["products"][:3]:
            assert product_path(one["product_id"]).partition("?")[0] in html
            assert one["reason"] in plain
    assert person_path(ODD_PERSON) in unescape(html)
    assert html.count('class="offers"') == 2


def test_customers_lead_to_what_to_offer_them_where_there_is_something(
    offering: Workspace, there: str
) -> None:
    rows = [{"person_id": one, "as_of": 1, "label": one, "segment": "active", "purchases": 2,
             "spent": 9.0, "last_purchase": 1, "value": 5.0, "value_low": 1.0, "value_high": 9.0,
             "details": {}} for one in (ODD_PERSON, "somebody new")]  # fmt: skip
    put_customers(offering, rows)
    html = get(f"{there}/customers")
    assert f'href="{person_path(ODD_PERSON)}"' in unescape(html)
    assert "somebody new" in html
    assert person_path("somebody new") not in html


def test_before_lists_are_made_pages_say_what_to_do(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "none")
    with serving(workspace) as address:
        assert "[[recommenders]]" in get(f"{address}/recommendations")
        assert "[[recommenders]]" in get(f"{address}/recommendations/people/x", 400)
        assert 'href="/recommendations"' not in get(f"{address}/leads")
    workspace.state.close()
    settings = tmp_path / "none" / "umbrella.toml"
    settings.write_text(settings.read_text("utf-8") + WITHOUT_LISTS, "utf-8")
    workspace = open_workspace(tmp_path / "none")
    with serving(workspace) as address:
        for path in ("", "/people/x", "/products/x"):
            html = get(f"{address}/recommendations{path}", 404 if path else 200)
            assert "umbrella recommend" in html, path
        assert 'href="/recommendations" aria-current="page"' in get(f"{address}/recommendations")
    workspace.state.close()


def test_what_may_not_be_shown_any_more_is_marked_and_left_out(
    offering: Workspace, there: str
) -> None:
    """It changes the table of products, so those that rest on all of it stand above."""
    gone = recommendations_of(offering, ODD_PERSON, now(), only="new")["lists"][0]["products"][0]
    write_products(offering.root, unavailable=[gone["product_id"]])
    ingest(offering, silent)
    listed = get(f"{there}/recommendations?product={gone['product_id']}")
    assert "may not be shown now" in listed
    page = get(there + product_path(gone["product_id"]))
    assert "It may not be shown now." in page
    person = get(there + person_path(ODD_PERSON))
    lists = person.partition('id="new"')[2]
    assert product_path(gone["product_id"]) + '"' not in lists
    assert lists.partition("</table>")[0].count('<td class="place">') == 6

    write_products(offering.root, unavailable=product_ids()[:10])
    ingest(offering, silent)
    assert "may not be shown any more" in get(there + person_path(ODD_PERSON))


def test_a_sales_person_sees_own_people_and_no_list_of_all(offering: Workspace) -> None:
    """Runs last: with users, nobody is let in without logging in."""
    crew = add_crew(offering)
    with serving(offering) as address:
        browser = logged_in(address, crew.emails["sales"])
        own = browser.get(person_path(ODD_PERSON))
        assert own.status_code == 200
        assert 'href="/recommendations"' not in own.text
        assert "first on" not in browser.get(product_path("P03")).text
        theirs: httpx.Response = browser.get(person_path(OTHER_PERSON))
        assert theirs.status_code == 404
        assert "among your leads" in theirs.text
        assert browser.get("/recommendations").status_code == 403
        assert "What to offer" in browser.get("/leads/L-1").text
        manager = logged_in(address, crew.emails["manager"])
        assert 'href="/recommendations"' in manager.get(person_path(OTHER_PERSON)).text
    close_browsers()
