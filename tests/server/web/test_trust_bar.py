"""The bar above every score: one verdict, what follows, and what it hides, on real models."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from served import HTTP, serving
from trusted_companies import MARKUP, WORLDS, company_with

from redumbrella.figures import percent
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import list_page
from redumbrella.views.trust import trust_in_use
from redumbrella.workspace import Workspace

COLOURS = {"ready": "green", "with care": "amber", "not ready": "red"}
HEADLINES = {
    "ready": "Ready to use.",
    "with care": "Usable with care.",
    "not ready": "Not ready: do not rely on these scores.",
}
PATHS = ("/leads", "/leads/{best}", "/models", "/models/{version}")
SHARE = re.compile(r"\d[\d.]*\u00a0%")


class Company:
    """A workspace whose model deserves this verdict, and where it is served."""

    def __init__(self, workspace: Workspace, verdict: str, address: str) -> None:
        self.workspace, self.verdict, self.address = workspace, verdict, address
        self.rows = list_page(workspace, LEADS, LEADS.query({})).rows
        self.best = self.rows[0]["lead_id"]
        self.version = self.rows[0]["model_version"]

    def get(self, path: str, status: int = 200) -> str:
        asked = path.format(best=self.best, version=self.version)
        answer = HTTP.get(self.address + asked, timeout=60)
        assert answer.status_code == status, asked
        return answer.text


@pytest.fixture(scope="module", params=WORLDS)
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    workspace = company_with(request.param, tmp_path_factory.mktemp("trusted"))
    with serving(workspace) as address:
        yield Company(workspace, request.param, address)
    workspace.state.close()


def bars(html: str) -> list[str]:
    return re.findall(r'<div class="trust [^>]*>.*?</div>', html, re.DOTALL)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_with_scores_has_one_bar_above_all_else(company: Company, path: str) -> None:
    html = company.get(path)
    (bar,) = bars(html)
    colour, headline = COLOURS[company.verdict], HEADLINES[company.verdict]
    assert f'class="trust {colour}" role="status" aria-label=' in bar
    assert html.count(headline) == 1
    assert html.index(bar) < html.index("<h1>")
    sign = {"green": "✓", "amber": "!", "red": "✕"}[colour]
    assert f'aria-hidden="true">{sign}<' in bar  # readable without colour


def test_the_bar_says_the_worst_reason_without_measures_and_what_follows(company: Company) -> None:
    (bar,) = bars(company.get("/leads"))
    trust = trust_in_use(company.workspace)
    shown = unescape(bar.partition("<details")[0])
    assert trust.verdict == company.verdict
    assert trust.because in shown
    assert trust.follows in shown
    assert bool(trust.because) == (company.verdict != "ready")
    assert "AUC" not in shown
    assert "log loss" not in shown
    for reason in trust.further_reasons:
        assert reason in unescape(bar)


def test_only_numbers_that_may_be_relied_on_are_shown(company: Company) -> None:
    listed, lead = company.get("/leads"), company.get("/leads/{best}")
    best = company.rows[0]
    is_shown = company.verdict != "not ready"
    for html in (listed, lead):
        assert (percent(best["probability"]) in html) == is_shown
        assert ('<svg class="band"' in html) == is_shown
    assert ('class="grade"' in listed) == ('name="min_probability"' in listed) == is_shown
    assert ("grade <strong>" in lead) == ("of 100 leads like it" in lead) == is_shown
    assert (
        ('class="place" data-name="Place"' in listed)
        == ('class="big place"' in lead)
        == (not is_shown)
    )
    assert ("Show the numbers anyway" in listed) == (not is_shown)
    assert ('data-chart="distribution"' in company.get("/models")) == is_shown
    if not is_shown:
        assert not SHARE.search(listed)


def test_who_insists_sees_the_numbers_below_the_same_verdict(company: Company) -> None:
    for path in ("/leads?insist=1", "/leads/{best}?insist=1"):
        html = company.get(path)
        assert percent(company.rows[0]["probability"]) in html
        (bar,) = bars(html)
        assert HEADLINES[company.verdict] in bar
        assert ("because you asked for them" in bar) == (company.verdict == "not ready")
    assert 'data-chart="distribution"' in company.get("/models?insist=1")


def test_insisting_goes_along_with_order_filters_pages_and_leads(company: Company) -> None:
    html = company.get("/leads?insist=1&page_size=10&source=web")
    links = [unescape(link) for link in re.findall(r'href="([^"]*)"', html)]
    own = [link for link in links if "sort=" in link or "page=2" in link]
    assert len(own) > 3
    leads = [link for link in links if link.startswith("/leads/")]
    assert leads
    for link in own + leads:
        if not link.startswith("/api/"):
            assert "insist=1" in link, link
    files = [link for link in links if link.startswith("/api/")]
    assert files
    assert not [link for link in files if "insist" in link]
    assert '<input type="hidden" name="insist" value="1">' in html
    for link in leads[:2]:
        company.get(link)


def test_insisting_is_yes_or_no(company: Company) -> None:
    assert "insist" in company.get("/leads?insist=perhaps", 400)
    assert "Unknown parameter" in unescape(company.get("/sources?insist=1", 400))


def test_rest_and_files_keep_the_figures_with_the_verdict_beside(company: Company) -> None:
    found = HTTP.get(f"{company.address}/api/v1/leads").json()
    assert found["trust"]["verdict"] == company.verdict
    assert found["trust"]["colour"] == COLOURS[company.verdict]
    assert found["trust"]["shows_numbers"] == (company.verdict != "not ready")
    row = found["rows"][0]
    assert row["probability"] is not None
    assert row["grade"] in tuple("ABCD")
    lead = HTTP.get(f"{company.address}/api/v1/leads/{company.best}").json()
    assert lead["trust"] == found["trust"]
    assert lead["score"]["probability"] == row["probability"]
    for form in ("csv", "json", "jsonl", "parquet"):
        file = HTTP.get(f"{company.address}/api/v1/leads.{form}")
        assert file.headers["umbrella-verdict"] == company.verdict


def test_nothing_says_reliable_beside_the_verdict(company: Company) -> None:
    for path in PATHS:
        html = company.get(path)
        assert "reliable</span>" not in html
        assert "true chance" not in html


def test_names_do_not_become_markup_with_or_without_numbers(company: Company) -> None:
    for path in ("/leads", "/leads?insist=1"):
        html = company.get(path)
        assert MARKUP not in html
        assert "&lt;b&gt;Tea &amp; Co&lt;/b&gt;" in html


def test_a_company_without_a_model_is_told_so(empty_address: str) -> None:
    for path in ("/leads", "/models"):
        html = HTTP.get(empty_address + path).text
        (bar,) = bars(html)
        assert 'class="trust grey"' in bar
        assert "No model is trained yet." in bar
        assert "<code>umbrella run</code>" in bar
        assert "Show the numbers" not in bar
