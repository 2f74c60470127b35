"""The pages in a real Chromium: light and dark, desk and phone, with and without JavaScript."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sample_company import fill_workspace
from served import serving

from redumbrella.server.web.report_view import report_html
from redumbrella.views.catalogue import VIEWS
from redumbrella.views.models import current_report
from redumbrella.workflows.make_list import make_list
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.browser

DOCS = ("/docs", "/docs?route=GET /api/v1/leads")
RULES = (
    *("/automations", "/automations/Hot%20overnight?days=30&lead=L-1003", "/automations/new"),
    *("/automations/Monday%20call?days=30", "/automations/Monday%20call/change"),
    *("/automations/new?trigger=jump&action=mail", "/unsubscribe/x", "/leads/L-1004"),
)
PAGES = (
    *("/leads", "/leads/L-1001", "/models", "/settings"),
    *("/leads?search=nobody", "/leads/none"),
)

# What the keyboard should reach: its place in the document and its name.
REACHABLE = """
() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
  .filter((n) => n.type !== "hidden" && n.checkVisibility())
  .map((n) => `${n.tagName} ${(n.textContent || n.name).trim().slice(0, 30)}`)
"""
# What it is at: the same, whether it is within the page's width, and whether that can be seen.
AT = """
() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const style = getComputedStyle(node), box = node.getBoundingClientRect();
  const name = `${node.tagName} ${(node.textContent || node.name).trim().slice(0, 30)}`;
  const inside = box.width > 0 && box.right > 0 && box.left < innerWidth;
  return [name, inside && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}
"""

# The contrast of a text with the first opaque ground behind it, by WCAG 2 (relative luminance).
CONTRASTS = """
() => {
  const channel = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) =>
    0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = parts(getComputedStyle(n).backgroundColor);
      if (c.length < 4 || c[3] > 0.99) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  document.querySelectorAll("main *, header *, footer").forEach((node) => {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest("script, option")) return;
    const style = getComputedStyle(node);
    const colour = node.closest("svg") ? style.fill : style.color;
    const pair = [light(parts(colour)), light(ground(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) found.push([node.textContent.trim().slice(0, 40), ratio]);
  });
  return found;
}
"""


class Tab:
    """A page that remembers what the browser complained about and where it asked."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        self.page.on("console", self._listen)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _listen(self, message: Any) -> None:
        expected = "status of 404" in message.text
        if message.type in {"error", "warning"} and not expected:
            self.complaints.append(message.text)


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    found = Tab(chromium)
    yield found
    found.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_fit_and_can_be_read(
    chromium: Browser, address: str, scheme: str, width: int
) -> None:
    tab = Tab(chromium, color_scheme=scheme, viewport={"width": width, "height": 800})
    for path in PAGES:
        tab.page.goto(address + path)
        if path == "/models":
            tab.page.locator("figure .chart").first.hover()
            expect(tab.page.locator("figure .vega-embed").first).to_be_visible(timeout=20_000)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert tab.page.evaluate(CONTRASTS) == [], path
    assert tab.complaints == []
    assert all(url.startswith((address, "data:")) for url in tab.asked)
    tab.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_lists_fit_and_can_be_read(
    chromium: Browser, full_address: str, scheme: str, width: int
) -> None:
    """Every list, also with a value that is refused (wide) or beyond its end (narrow), and REST."""
    tab = Tab(chromium, color_scheme=scheme, viewport={"width": width, "height": 800})
    lists = [view.page_address for view in VIEWS.values()]
    refused = [f"{view.page_address}?{next(iter(view.filters))}=x" for view in VIEWS.values()
               if view.filters]  # fmt: skip
    empty = refused if width == 1280 else [f"{path}?page=99" for path in lists]
    for path in (*lists, *empty, *DOCS, *RULES):
        tab.page.goto(full_address + path)
        tab.page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert tab.page.evaluate(CONTRASTS) == [], path
    assert tab.complaints == []
    assert all(url.startswith((full_address, "data:")) for url in tab.asked)
    tab.context.close()


def test_the_measure_of_contrast_sees_a_fault(tab: Tab, address: str) -> None:
    tab.page.goto(address + "/leads")
    tab.page.evaluate("document.querySelector('h1').style.color = '#999'")
    assert [text for text, _ in tab.page.evaluate(CONTRASTS)] == ["Leads"]


def test_charts_come_alive_with_javascript(tab: Tab, address: str) -> None:
    tab.page.goto(address + "/models")
    live = tab.page.locator("figure .vega-embed svg")
    assert not any("vega" in url for url in tab.asked)  # the first view goes without
    tab.page.locator("figure .chart").first.hover()
    expect(live).to_have_count(5, timeout=20_000)
    tab.page.locator("figure[data-chart=distribution] path[aria-roledescription=bar]").first.hover()
    expect(tab.page.locator("#vg-tooltip-element")).to_contain_text("Open leads")
    assert tab.complaints == []


def test_everything_works_without_javascript(chromium: Browser, address: str) -> None:
    tab = Tab(chromium, java_script_enabled=False)
    page = tab.page
    page.goto(address + "/leads")
    page.get_by_label("Source").select_option("fair")
    page.get_by_label("At least").fill("30 %")
    page.get_by_role("button", name="Show", exact=True).click()
    assert "source=fair" in page.url
    shown = page.locator("tbody tr").count()
    assert 0 < shown < 50
    page.get_by_role("link", name="Lead", exact=True).click()
    assert page.locator("tbody tr").count() == shown
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", name="Why")).to_be_visible()
    page.get_by_role("link", name="Models").click()
    expect(page.locator("figure .chart > svg")).to_have_count(5)
    page.get_by_label("or capacity").fill("5")
    page.get_by_role("button", name="Show").click()
    assert "capacity=5" in page.url
    expect(page.locator("#threshold ~ p").first).to_contain_text("means working")
    tab.context.close()


def test_the_keyboard_reaches_everything(tab: Tab, address: str) -> None:
    page = tab.page
    page.goto(address + "/leads")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 24)"))
    assert "Show" in reached
    assert any(text.startswith("Probability and interval") for text in reached)
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(ring) == "solid"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_keyboard_goes_all_the_way_and_is_always_seen(
    chromium: Browser, full_address: str, width: int
) -> None:
    tab = Tab(chromium, viewport={"width": width, "height": 800})
    for path in ("/today", "/sources", "/leads/L-1001"):
        tab.page.goto(full_address + path)
        wanted, reached = set(tab.page.evaluate(REACHABLE)), set()
        for _ in range(400):
            tab.page.keyboard.press("Tab")
            at = tab.page.evaluate(AT)
            if at is None:  # behind the last one: nothing holds the keyboard
                break
            reached.add(at[0])
            assert at[1], (path, at[0])
        assert at is None, path
        assert wanted <= reached, path
    tab.context.close()


def test_a_line_of_today_is_logged_and_undone_in_one_click_each(
    chromium: Browser, tmp_path: Path
) -> None:
    workspace = fill_workspace(tmp_path, leads=6)
    make_list(workspace, lambda _step, _share: None)
    with serving(workspace) as address:
        tab = Tab(chromium, java_script_enabled=False)
        page = tab.page
        page.goto(address + "/today")
        line = page.locator("#line-2")
        line.get_by_role("button", name="No answer").click()
        assert page.url.endswith("/today?#line-2")
        expect(line).to_contain_text("no answer")
        line.get_by_role("button", name="Undo").click()
        assert page.url.endswith("/today?#line-2")
        expect(line.get_by_role("button", name="Reached")).to_be_visible()
        line.get_by_role("button", name="Other…").click()
        page.get_by_label("Reason").fill("too dear")
        page.get_by_role("button", name="Lost").click()
        expect(line).to_contain_text("too dear")
        tab.context.close()
    workspace.state.close()


def test_a_script_in_a_lead_does_not_run(tab: Tab, address: str) -> None:
    alerts: list[str] = []
    tab.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    for path in ("/leads?search=1001", "/leads/L-1001", "/leads/<script>alert(1)</script>"):
        tab.page.goto(address + path)
    assert alerts == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_file_stands_alone(
    chromium: Browser, company: Workspace, tmp_path: Path, scheme: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(report_html(company, current_report(company)), "utf-8")
    tab = Tab(chromium, color_scheme=scheme, java_script_enabled=True)
    tab.page.goto(path.as_uri())
    expect(tab.page.locator("figure svg")).to_have_count(5)
    assert tab.page.evaluate(CONTRASTS) == []
    assert tab.asked == [path.as_uri()]
    assert tab.complaints == []
    tab.context.close()
