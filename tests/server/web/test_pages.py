"""Pages as text: the figures of the read models, escaped, linked, with something to do next."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sample_company import OLD_VERSION, SCRIPT, VERSION, fill_small_workspace
from served import HTTP, serving
from stored import listed

from redumbrella.figures import percent
from redumbrella.server.web.charts import charts_of
from redumbrella.server.web.formats import with_code
from redumbrella.server.web.report_view import report_html
from redumbrella.views.leads import LEADS
from redumbrella.views.models import current_report
from redumbrella.workspace import Workspace


def links(html: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'href="([^"]*)"', html)]


def get(url: str) -> httpx.Response:
    return HTTP.get(url, follow_redirects=True)


def test_the_start_is_the_list(address: str) -> None:
    answer = get(address + "/")
    assert answer.url.path == "/today"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_list_shows_every_row_of_its_read_model(company: Workspace, address: str) -> None:
    html = get(f"{address}/leads?source=web&sort=-created_at").text
    page = listed(company, LEADS, source="web", sort="-created_at", page_size=50)
    shown = re.findall(r"<strong>([\d.]+)\xa0%</strong>", html)
    assert shown == [percent(row["probability"]).removesuffix("\u00a0%") for row in page.rows]
    assert f"of {page.total} leads" in html
    assert 'aria-sort="descending"' in html
    assert '<svg class="band">' in html


def test_sorting_again_turns_the_order_and_keeps_the_filters(address: str) -> None:
    html = get(f"{address}/leads?source=web&sort=-probability&page=2").text
    found = [parse_qs(urlsplit(link).query) for link in links(html) if "sort=" in link]
    sorts = {query["sort"][0] for query in found}
    assert {"probability", "-expected_value", "lead", "grade"} <= sorts
    headers = [query for query in found if query["sort"] != ["-probability"]]
    assert all(query["source"] == ["web"] and "page" not in query for query in headers)


def test_paging_links_keep_the_filters(address: str) -> None:
    html = get(f"{address}/leads?page=2&page_size=100").text
    found = [parse_qs(urlsplit(link).query) for link in links(html) if "page=" in link]
    assert {query["page"][0] for query in found} == {"1", "3"}
    assert all(query["page_size"] == ["100"] for query in found)


@pytest.mark.parametrize("path", ["/leads", "/models", "/leads/L-1054", "/leads?source=web"])
def test_every_link_of_a_page_works(address: str, path: str) -> None:
    found = {link for link in links(get(address + path).text) if link.startswith(("/", "?"))}
    assert found
    leads = sorted(link for link in found if link.startswith("/leads/"))
    for link in sorted(found - set(leads[3:])):
        answer = get(address + ("/leads" + link if link.startswith("?") else link))
        assert answer.status_code == 200, link


@pytest.mark.parametrize("path", ["/leads?search=1001", "/leads/L-1001", "/leads/" + SCRIPT])
def test_nothing_of_a_lead_becomes_markup(address: str, path: str) -> None:
    html = get(address + path).text
    assert SCRIPT not in html
    assert "alert(" not in html or "&lt;script&gt;alert(&#39;lead&#39;)&lt;/script&gt;" in html


def test_filters_are_escaped_and_stay_in_the_form(address: str) -> None:
    html = get(f"{address}/leads?search=%22%3E%3Cb%3E&min_probability=30+%25").text
    assert '"><b>' not in html
    assert "&#34;&gt;&lt;b&gt;" in html
    assert 'value="30 %"' in html
    assert "No lead matches these filters." in html


def test_a_lead_page_says_why(address: str) -> None:
    html = unescape(get(f"{address}/leads/L-1054").text).replace("\u00a0", " ")
    for words in ("Customer 1054", "61.7 %",
                  "62 of 100 leads like it would convert; likely 56 to 70.",
                  "Rank 1 of 240", "grade",
                  "job is technician; usual is admin.", "Everything else together", "newsletter",
                  "Usable with care.", VERSION, "starts at 11.3 %"):  # fmt: skip
        assert words in html


def test_an_id_with_a_slash_has_a_page(address: str) -> None:
    assert "L/1 &amp; 2" in get(f"{address}/leads/L%2F1%20%26%202").text


def test_missing_things_are_told_on_a_page(address: str) -> None:
    for path, words in (
        ("/leads/L-10544", "Did you mean"),
        ("/leads/C-1", "closed (won)"),
        ("/models/none", "no model version"),
        ("/nothing", "no such page"),
        ("/static/../formats.py", "no such"),
        ("/static/", "no such page"),
    ):
        answer = get(address + path)
        assert answer.status_code == 404
        assert words in unescape(answer.text)
        assert "<nav" in answer.text
    assert get(f"{address}/leads?page=0").status_code == 400


def test_commands_in_messages_are_set_as_code_and_all_else_is_escaped() -> None:
    said = with_code('Run `umbrella run` for "<b>`x`</b>"')
    assert said == ("Run <code>umbrella run</code> for &#34;&lt;b&gt;<code>x</code>&lt;/b&gt;&#34;")


def test_an_empty_workspace_says_what_to_do(empty_address: str) -> None:
    for path in ("/leads", "/models"):
        answer = get(empty_address + path)
        assert answer.status_code == 200
        assert "umbrella run" in answer.text


def test_the_model_page_shows_the_report(address: str) -> None:
    html = unescape(get(f"{address}/models").text).replace("\u00a0", " ")
    for words in ("Usable with care.", "0.2761", "± 0.0041", "Naive Bayes", "in use", "25.0 %",
                  "At this threshold precision and recall balance best", "duration", "leak",
                  "previous calls at least 3", "The year was reconstructed", "Prospect ID",
                  "min auc", "from 0.7900 to 0.8030", "2010-09-01", "How much past to use",
                  "10 random splits of 12,004 leads",
                  "All the past counts alike, time of arrival seen ✓", "0.2802",
                  "2008-05-05 to 2010-11-01"):  # fmt: skip
        assert words in html
    assert "earlier one" in get(f"{address}/models/{OLD_VERSION}").text


def test_the_threshold_can_be_moved(company: Workspace, address: str) -> None:
    report = current_report(company)
    for asked, point in (
        ("threshold=50+%25", report.confusion_at(threshold=0.5)),
        ("capacity=10", report.confusion_at(capacity=0.1)),
    ):
        assert point is not None
        html = get(f"{address}/models?{asked}").text
        assert f'<td class="number">{point["tp"]}</td>' in html
        assert percent(point["threshold"]) in html
        assert percent(point["capacity"]) in html
    assert get(f"{address}/models?threshold=much").status_code == 400


def test_charts_follow_the_document(company: Workspace) -> None:
    document = current_report(company).document
    charts = {chart.name: chart for chart in charts_of(document, 0.5)}
    assert set(charts) == {"calibration", "lift", "distribution", "thresholds", "families"}
    for chart in charts.values():
        assert chart.svg.startswith("<svg")
        assert "currentColor" in chart.svg
        assert "$schema" not in chart.specification
    whole = charts["calibration"].specification
    data = [part["data"]["values"] for part in (whole, *whole.get("layer", ())) if "data" in part]
    assert any(len(rows) == len(document["calibration"]) for rows in data)


def test_a_report_without_measurements_has_no_charts_and_says_so(company: Workspace) -> None:
    document = dict(current_report(company).document)
    document |= {"calibration": [], "lift": [], "confusion": None, "score_distribution": [],
                 "families": []}  # fmt: skip
    assert charts_of(document) == []  # type: ignore[arg-type]


def test_too_few_outcomes_are_shown_as_such(tmp_path: Path) -> None:
    workspace = fill_small_workspace(tmp_path)
    html = report_html(workspace, current_report(workspace))
    assert '<svg class="interval"' not in html
    with serving(workspace) as address:
        listed = get(f"{address}/leads").text
        lead = get(f"{address}/leads/L-1001").text
        model = get(f"{address}/models").text
    for page in (listed, lead, model):
        assert "prior only" in page
        assert "Not ready" in page
    assert "no reason stands out" in listed
    assert "this score is the average rate" in lead
    assert "not in the lake" in lead
    for words in ("too few closed leads", "order of rows", "No families could be compared"):
        assert words in model


def test_the_library_of_the_charts_is_served_from_here(address: str) -> None:
    answer = HTTP.get(f"{address}/static/vega.js", timeout=60)  # it is made on first use
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "vegaEmbed" in answer.text
    assert "max-age" in answer.headers["cache-control"]
