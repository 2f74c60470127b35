"""What a browser loads for the first view of a page: all from us, and below 60 KB, not packed."""

import re
from html import unescape

import pytest
from served import HTTP

from redumbrella.server.web.assets import style
from redumbrella.views.catalogue import VIEWS

MOST = 60 * 1024
LINES = 50
LOADED = re.compile(r'<(?:script|img|link)\b[^>]*?\s(?:src|href)="([^"]*)"')
ROW = re.compile(r"<tr[ >].*?</tr>", re.DOTALL)
PAGES = (
    *(view.page_address for view in VIEWS.values()),
    *("/leads/L-1001", "/models", "/settings", "/settings/users", "/settings/keys", "/docs"),
    *("/docs?route=GET /api/v1/leads", "/outcomes?lead_id=L-1001", "/today/worth"),
    *("/automations", "/automations/Monday%20call?days=30", "/automations/new"),
    *("/recommendations/people/L-1003", "/recommendations/products/rope"),
    *("/automations/new?trigger=event&action=mail", "/automations/Monday%20call/change"),
)


def weight(address: str, html: str) -> int:
    """Bytes of a page and of what it names, each once, as if it had LINES lines."""
    loaded = {unescape(place) for place in LOADED.findall(html)}
    assert all(place.startswith("/static/") for place in loaded), loaded
    whole = len(html.encode()) + sum(len(HTTP.get(address + place).content) for place in loaded)
    rows = ROW.findall(html.partition('<table class="leads">')[2].partition("</table>")[0])[1:]
    if not rows:
        return whole
    lines = sum(len(row.encode()) for row in rows)
    return whole - lines + lines * max(LINES, len(rows)) // len(rows)


@pytest.mark.parametrize("path", PAGES)
def test_the_first_view_is_light_also_with_fifty_lines(full_address: str, path: str) -> None:
    answer = HTTP.get(full_address + path, timeout=60)
    assert answer.status_code == 200
    assert weight(full_address, answer.text) <= MOST


def test_every_line_of_today_has_its_outcomes_in_one_click_and_no_form(full_address: str) -> None:
    html = HTTP.get(f"{full_address}/today").text
    lines = html.count('<tr id="line-')
    assert lines > 1
    assert html.count('action="/outcomes"') == 1
    assert html.count(">Reached</button>") == html.count(">No answer</button>") == lines
    assert html.count(">Other…</button>") == lines


def test_the_style_sheet_loses_only_space_and_comments() -> None:
    text = style()
    assert "/*" not in text
    assert "calc(100% + 4px)" in text
    assert text.count("{") == text.count("}")
    assert "@media (max-width: 44rem){" in text
