"""The settings page and the worth on a lead page: forms, redirects, other sites, no JavaScript."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from sample_company import fill_valued_workspace
from served import HTTP, serving

from redumbrella.access.rules import Access
from redumbrella.server.web.conversion_curve import BOTTOM, LEFT, RIGHT, TOP, conversion_curve
from redumbrella.views.weights import current_weights
from redumbrella.views.worth import ExpectedTiming, Range
from redumbrella.workspace import Workspace

TOKEN = "a-token-for-tests-0123456789"
FORM = {
    "ease_of_conversion": "1",
    "ease_of_delivery": "0",
    "profit": "2,5",
    "fit": "1",
    "by": "Ana",
    "note": "<b>money</b>",
}
ELSEWHERE = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


@pytest.fixture
def valued_company(tmp_path: Path) -> Iterator[Workspace]:
    workspace = fill_valued_workspace(tmp_path)
    yield workspace
    workspace.state.close()


@pytest.fixture
def valued(valued_company: Workspace) -> Iterator[str]:
    with serving(valued_company) as address:
        yield address


def text_of(html: str) -> str:
    plain = re.sub(r"<[^>]+>", " ", unescape(html).replace("\u00a0", " "))
    return re.sub(r"\s+", " ", plain)


def test_the_form_sets_weights_and_shows_what_moved(valued_company: Workspace, valued: str) -> None:
    page = HTTP.get(f"{valued}/settings").text
    assert page.count('type="number"') == 4
    assert "<script" not in page
    answer = HTTP.post(f"{valued}/settings", data=FORM, headers={"Origin": valued})
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?changed=1#change")
    assert dict(current_weights(valued_company).weights) == {
        "ease_of_conversion": 1.0, "ease_of_delivery": 0.0, "profit": 2.5, "fit": 1.0}  # fmt: skip
    html = HTTP.get(f"{valued}/settings?changed=1").text
    assert "&lt;b&gt;money&lt;/b&gt;" in html
    assert "<b>money" not in html
    words = text_of(html)
    assert "What version 1 changed" in words
    assert "60 leads are weighed anew" in words
    assert html.count(" → ") == 1 + 2 * 20  # the heading, then place and total of each lead
    assert 'value="2.5"' in html
    leads = re.findall(r'href="(/leads/[^"]+)"', html)
    assert len(leads) == 20
    assert HTTP.get(valued + unescape(leads[0])).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"profit": "much"}, 'Profit: "much" is no number'),
        ({"profit": "-1"}, "expected a number from 0 up"),
        (dict.fromkeys(("ease_of_conversion", "ease_of_delivery", "profit", "fit"), "0"),
         "All weights are zero"),
    ],
)  # fmt: skip
def test_a_wrong_number_shows_the_form_again_as_typed(
    valued_company: Workspace, valued: str, wrong: dict[str, str], words: str
) -> None:
    answer = HTTP.post(f"{valued}/settings", data={**FORM, **wrong})
    assert answer.status_code == 400
    assert words in text_of(answer.text)
    for value in wrong.values():
        assert f'value="{value}"' in answer.text
    assert current_weights(valued_company).version == 0


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_another_site_sets_nothing(
    valued_company: Workspace, valued: str, headers: dict[str, str]
) -> None:
    answer = HTTP.post(f"{valued}/settings", data=FORM, headers=headers)
    assert answer.status_code == 403
    answer = HTTP.put(f"{valued}/api/v1/weights", json={"weights": {"fit": 0}}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (403, "other_site")
    assert HTTP.get(f"{valued}/settings", headers=headers).status_code == 200
    assert current_weights(valued_company).version == 0


def test_logging_in_is_guarded_in_the_same_way(valued_company: Workspace) -> None:
    with (
        serving(valued_company, Access(token=TOKEN)) as address,
        httpx.Client(base_url=address, verify=False, timeout=30) as browser,
    ):
        assert browser.post("/settings", data=FORM).headers["location"].startswith("/login")
        assert browser.put("/api/v1/weights", json={"weights": {"fit": 0}}).status_code == 401
        assert current_weights(valued_company).version == 0
        away = browser.post("/login", data={"token": TOKEN}, headers=ELSEWHERE[0])
        assert (away.status_code, "set-cookie" in away.headers) == (403, False)
        here = browser.post("/login", data={"token": TOKEN}, headers={"Origin": address})
        assert (here.status_code, "set-cookie" in here.headers) == (303, True)
        assert browser.post("/settings", data=FORM, headers=ELSEWHERE[3]).status_code == 403
        assert current_weights(valued_company).version == 0
        key = {"Authorization": f"Bearer {TOKEN}"}
        put = browser.put("/api/v1/weights", json={"weights": {"fit": 0}}, headers=key)
        assert put.status_code == 200
    assert current_weights(valued_company).version == 1


def test_a_lead_page_shows_its_worth(valued: str) -> None:
    html = HTTP.get(f"{valued}/leads/L-1001").text
    words = text_of(html)
    for part in ("Qualification", "What it is worth", "When", "Effort", "Fit", "12 ratings",
                 "Half convert within", "8 in 10 take between 3.0 days and 41 days",
                 "Converted within 90 days"):  # fmt: skip
        assert part in words
    assert html.count('<dd class="bar"') == 4
    assert "<polyline" in html
    without = HTTP.get(f"{valued}/leads/L-1002").text
    assert without.count('<dd class="bar"') == 3
    assert "Strategic fit" not in without


def test_a_lead_without_details_shows_no_empty_parts(address: str) -> None:
    html = HTTP.get(f"{address}/leads/L-1054").text
    for part in ("Qualification", "What it is worth", "<polyline", "Effort"):
        assert part not in html


def test_the_list_shows_and_sorts_by_qualification(valued: str) -> None:
    html = HTTP.get(f"{valued}/leads?sort=-qualification").text
    shown = [int(n) for n in re.findall(r'data-name="Qualification">(\d+)<', html)]
    assert len(shown) == 50
    assert shown == sorted(shown, reverse=True)


def test_the_curve_spans_its_plot() -> None:
    days = Range(12.0, 3.0, 40.0)
    drawn = conversion_curve(ExpectedTiming(days, (), ((0.0, 0.0), (10.0, 0.1), (40.0, 0.16))))
    assert drawn is not None
    points = [tuple(map(float, pair.split(","))) for pair in drawn.line.split()]
    assert points[0] == (LEFT, BOTTOM)
    assert points[-1] == (RIGHT, pytest.approx(BOTTOM - 0.8 * (BOTTOM - TOP)))
    assert [tick.words for tick in drawn.days] == ["0", "10", "20", "30", "40"]
    assert [tick.words.replace("\u00a0", " ") for tick in drawn.chances] == ["0 %", "10 %", "20 %"]
    assert conversion_curve(None) is None
    assert conversion_curve(ExpectedTiming(days, (), ((0.0, 0.0),))) is None
