"""From end to end in a real Chromium: a sales person's morning, and what the manager sees of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import history_world
import pytest
from crew import PASSWORD
from history_world import write_history_company
from playwright.sync_api import Browser, Page, expect
from served import serving

import redumbrella.workflows.recorded as recording
from redumbrella.clock import to_microseconds
from redumbrella.progress import silent
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.make_list import make_list
from redumbrella.workflows.manage_access import add_user
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("baselines_only")]
NOW = to_microseconds(datetime(2024, 10, 8, 9, tzinfo=UTC))
DAY = 86_400_000_000
USERS = {"admin": "admin", "sue": "sales", "max": "manager"}


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A company that was scored yesterday and today, with today's list and its users."""
    monkeypatch.setattr(
        history_world, "SETTINGS", history_world.SETTINGS.split('[[targets]]\nname = "buys"')[0]
    )
    workspace = write_history_company(tmp_path, leads=120, open_leads=12)
    clock = [NOW - DAY]
    monkeypatch.setattr(recording, "now", lambda: clock[0])
    ingest(workspace)
    train(workspace, silent)
    score(workspace, silent)
    clock[0] = NOW
    score(workspace, silent)
    make_list(workspace, silent)
    for name, role in USERS.items():
        add_user(workspace, f"{name}@example.com", role, PASSWORD, name.title())
    yield workspace
    workspace.state.close()


def log_in(chromium: Browser, address: str, name: str) -> Page:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page


def chance_of(page: Page, line: int) -> str:
    return page.locator(f"#line-{line}").locator("strong").first.inner_text()


def test_a_morning_of_sales(chromium: Browser, company: Workspace) -> None:
    with serving(company) as address:
        sue = log_in(chromium, address, "sue")
        assert sue.url == f"{address}/today"
        expect(sue.locator("main")).to_contain_text("0 of 12 lines done")
        lead = sue.locator("#line-1 a").first
        about, page_of_lead = lead.inner_text(), lead.get_attribute("href")
        sue.goto(f"{address}{page_of_lead}")
        before = sue.locator(".score .big").inner_text()

        sue.goto(f"{address}/today")
        sue.locator("#line-1").get_by_role("button", name="Other…").click()
        sue.get_by_label("Minutes").fill("12")  # in this company long talks decide
        sue.get_by_role("button", name="Reached").click()
        sue.locator("#line-2").get_by_role("button", name="No answer").click()
        sue.locator("#line-3").get_by_role("button", name="Other…").click()
        sue.get_by_label("Amount").fill("1200")
        sue.get_by_role("button", name="Won").click()
        expect(sue.locator("main")).to_contain_text("3 of 12 lines done")
        expect(sue.locator("#line-3")).to_contain_text("1,200")

        # The lead was scored again, and why is explained.
        sue.goto(f"{address}{page_of_lead}")
        expect(sue.locator("h1")).to_contain_text(about)
        assert sue.locator(".score .big").inner_text() != before
        sue.get_by_role("button", name="Explain").click()
        expect(sue.locator("main")).to_contain_text("What moved it")
        expect(sue.locator("main")).to_contain_text("What happened since")
        assert sue.goto(f"{address}/assignment").status == 403  # type: ignore[union-attr]

        max_ = log_in(chromium, address, "max")
        expect(max_.locator("main")).to_contain_text("3 of 12 lines done")
        max_.goto(f"{address}/leads")
        expect(max_.locator("caption")).to_contain_text("of 11 leads")  # one is won
        for page in (sue, max_):
            page.context.close()
