"""The page of customers: figures of its read model, links that work, nothing for nobody."""

import re
from html import unescape

import pytest
from served import HTTP
from stored import listed

from redumbrella.figures import money, money_interval
from redumbrella.reports.wording import base_total
from redumbrella.server.web.customer_charts import customer_charts
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.lifetime import lifetime_of
from redumbrella.workspace import Workspace


def get(url: str) -> str:
    # The first page makes the charts, which takes long on a busy machine.
    answer = HTTP.get(url, follow_redirects=True, timeout=60)
    assert answer.status_code == 200, url
    return unescape(answer.text)


def test_a_shop_without_targets_starts_with_its_customers(shop_address: str) -> None:
    html = get(shop_address + "/")
    assert "What customers are worth" in html
    assert 'href="/customers" aria-current="page"' in html
    assert 'href="/leads"' not in html


def test_the_page_shows_total_list_segments_and_holdout(shop: Workspace, shop_address: str) -> None:
    html = get(shop_address + "/customers")
    lifetime = lifetime_of(shop)
    assert lifetime is not None
    assert base_total(lifetime, "EUR") in html
    assert lifetime["why"] in html
    for row in listed(shop, CUSTOMERS, page_size=10).rows:
        assert money(row["value"], "EUR") in html
        assert money_interval(row["value_low"], row["value_high"], "EUR") in html
    assert "of 300 customers" in html
    for words in ("first purchase", "France", "top quarter", "BG/NBD by week", "EUR came",
                  "Mean absolute error", "in use", "Purchases ahead"):  # fmt: skip
        assert words in html, words


def test_filters_order_and_pages_keep_each_other(shop: Workspace, shop_address: str) -> None:
    html = get(f"{shop_address}/customers?segment=lost&sort=-last_purchase&page_size=10&page=2")
    shown = re.findall(r'<th scope="row" class="lead"><strong>([^<]*)</strong>', html)
    page = listed(shop, CUSTOMERS, segment="lost", sort="-last_purchase", page_size=10, page=2)
    assert shown == [row["label"] for row in page.rows]
    assert len(shown) == 10
    assert 'aria-sort="descending"' in html
    assert "segment=lost&sort=-last_purchase&page_size=10&page=3" in html
    assert "/api/v1/customers.csv?segment=lost&sort=-last_purchase" in html


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("?segment=lots", 404, 'Did you mean "lost"'),
        ("?sort=valeu", 400, 'Did you mean "value"'),
        ("?serch=x", 400, 'Did you mean "search"'),
        ("?search=nobody", 200, "No customer matches"),
        ("?search=%22%3E%3Cb%3E", 200, '"><b>'),
    ],
)
def test_odd_questions_get_clear_answers(
    shop_address: str, path: str, status: int, words: str
) -> None:
    answer = HTTP.get(f"{shop_address}/customers{path}")
    assert answer.status_code == status
    assert words in unescape(answer.text)
    assert '"><b>' not in answer.text


def test_a_company_without_purchases_has_no_entry_but_a_hint(address: str) -> None:
    assert 'href="/customers"' not in get(address + "/leads")
    assert "Name the file of purchases under [tables.purchases]" in get(address + "/customers")


def test_charts_follow_the_document(shop: Workspace) -> None:
    lifetime = lifetime_of(shop)
    assert lifetime is not None
    charts = customer_charts(lifetime, "EUR")
    assert [chart.name for chart in charts] == ["values", "segments"]
    for chart in charts:
        assert chart.svg.startswith("<svg")
        assert "EUR" in chart.svg
    bins = charts[0].specification["data"]["values"]
    assert sum(each["customers"] for each in bins) == 300
