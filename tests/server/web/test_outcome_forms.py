"""Logging outcomes over HTTP: forms without JavaScript, REST, and what is refused."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_company import fill_workspace
from served import HTTP, serving

from redumbrella.workspace import Workspace

ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Workspace]:
    workspace = fill_workspace(tmp_path, leads=6)
    yield workspace
    workspace.state.close()


@pytest.fixture
def address(company: Workspace) -> Iterator[str]:
    with serving(company) as found:
        yield found


def listed(address: str) -> list[str]:
    return [row["lead_id"] for row in HTTP.get(f"{address}/api/v1/leads").json()["rows"]]


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None
    return found[1]


def sent(address: str, html: str, **fields: str) -> tuple[int, str, str]:
    """Sends the form of a page; status, where it leads, and the page."""
    kept = {name: hidden(html, name) for name in ("lead_id", "seen", "key", "back")}
    answer = HTTP.post(f"{address}/outcomes", data={**kept, **fields}, headers=ORIGIN)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_a_button_on_the_page_of_a_lead_closes_it(address: str) -> None:
    lead = listed(address)[0]
    page = HTTP.get(f"{address}/leads/{lead}").text
    status, to, _ = sent(address, page, what="won", amount="1 200,50", minutes="8")
    assert (status, to) == (303, f"/outcomes?lead_id={lead}")
    assert lead not in listed(address)
    shown = HTTP.get(f"{address}{to}").text
    assert "won" in shown
    assert "Undo" in shown
    assert (
        sent(address, page, what="won", amount="1 200,50", minutes="8")[0] == 303
    )  # a double click
    number = HTTP.get(f"{address}/api/v1/leads/{lead}/outcomes").json()
    assert [one["amount"] for one in number] == [1200.5]


def test_what_is_wrong_is_said_beside_the_form_as_it_was_typed(address: str) -> None:
    lead = listed(address)[0]
    page = HTTP.get(f"{address}/leads/{lead}").text
    status, _, text = sent(address, page, what="won", note="<b>soon</b>")
    assert status == 400
    assert "needs an amount" in text
    assert "&lt;b&gt;soon&lt;/b&gt;" in text
    assert lead in listed(address)
    for back in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        page = HTTP.get(f"{address}/leads/{listed(address)[0]}").text
        _, to, _ = sent(address, page, what="bad_fit", back=back)
        assert to in ("/today", "")


def test_forms_of_other_sites_change_nothing(address: str) -> None:
    lead = listed(address)[0]
    page = HTTP.get(f"{address}/leads/{lead}").text
    kept = {name: hidden(page, name) for name in ("lead_id", "seen", "key", "back")}
    answer = HTTP.post(
        f"{address}/outcomes",
        data={**kept, "what": "bad_fit"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
    assert lead in listed(address)


def test_rest_logs_repeats_refuses_and_undoes(address: str) -> None:
    lead = listed(address)[0]
    place, key = f"{address}/api/v1/leads/{lead}/outcomes", {"Idempotency-Key": "k"}
    body = {"what": "lost", "reason": "too dear"}
    first = HTTP.post(place, json=body, headers=key)
    assert (first.status_code, first.json()["closed"]) == (200, True)
    again = HTTP.post(place, json=body, headers=key).json()
    assert again == {**first.json(), "again": True}
    other = HTTP.post(place, json={"what": "bad_fit"}, headers=key)
    assert (other.status_code, other.json()["error"]["reason"]) == (409, "key_used")
    closed = HTTP.post(place, json={"what": "reached"})
    assert (closed.status_code, closed.json()["error"]["reason"]) == (409, "lead_closed")
    number = first.json()["id"]
    assert HTTP.delete(f"{place}/{number}").json()["undone"] is True
    assert HTTP.get(place).json() == []
    assert HTTP.delete(f"{place}/99").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"what": "wonn"}, 400, "unknown_outcome"),
        ({"what": "won"}, 400, "missing_amount"),
        ({"what": "won", "amount": "much"}, 400, "bad_parameter"),
        ({"what": "won", "amount": 5, "colour": "red"}, 400, "bad_parameter"),
        ({}, 400, "bad_parameter"),
        ({"what": "later", "date": "tomorrow"}, 400, "bad_parameter"),
    ],
)
def test_rest_says_what_is_wrong(
    address: str, body: dict[str, object], status: int, reason: str
) -> None:
    lead = listed(address)[0]
    answer = HTTP.post(f"{address}/api/v1/leads/{lead}/outcomes", json=body)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)
    unknown = HTTP.post(f"{address}/api/v1/leads/nobody/outcomes", json={"what": "reached"})
    assert unknown.status_code == 404, unknown.text
