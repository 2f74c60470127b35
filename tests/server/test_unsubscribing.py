"""The link of a mail: a page for strangers, one click of a provider, and nothing else opened."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from crew import add_crew, close_browsers, logged_in
from ruled_company import RULES, fill_automations
from sample_company import SETTINGS, fill_workspace
from served import HTTP, serving

from redumbrella.access.unsubscribe import unsubscribe_token
from redumbrella.state.bulk import mappings
from redumbrella.state.outbox import action_of_number, outbox
from redumbrella.state.outreach import secret_of_links, who_unsubscribed
from redumbrella.views.audit import AUDIT
from redumbrella.views.listing import list_page
from redumbrella.workspace import Workspace, open_workspace

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ELSEWHERE = {"Origin": "https://mail.example.org", "Sec-Fetch-Site": "cross-site"}


class Company:
    """A served company with users, so that nothing is open by itself."""

    def __init__(self, address: str, workspace: Workspace) -> None:
        self.address, self.workspace = address, workspace

    def link(self, person: str, rule: str = "Hot overnight") -> str:
        with self.workspace.state.writing() as connection:
            secret = secret_of_links(connection)
        return f"{self.address}/unsubscribe/{unsubscribe_token(secret, person, rule)}"

    def has_left(self, person: str) -> bool:
        with self.workspace.state.reading() as connection:
            return person in who_unsubscribed(connection, [person])


@pytest.fixture(scope="module")
def mailed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    root: Path = tmp_path_factory.mktemp("mailed")
    fill_workspace(root, leads=12).state.close()
    (root / "umbrella.toml").write_text(SETTINGS + RULES, "utf-8")
    workspace = open_workspace(root)
    fill_automations(workspace)
    add_crew(workspace)
    with serving(workspace) as address:
        yield Company(address, workspace)
    close_browsers()
    workspace.state.close()


def test_a_page_with_one_button_changes_nothing_by_itself(mailed: Company) -> None:
    answer = HTTP.get(mailed.link("L-1005"))
    assert answer.status_code == 200
    assert answer.text.count("<button") == answer.text.count("<form") == 1
    assert "Stop these e-mails" in answer.text
    assert not mailed.has_left("L-1005")
    # For somebody outside: no menu, no way in, nothing of whose lead it is, and the address,
    # which is the secret, goes nowhere.
    for inside in ('href="/"', "/login", "/leads", "L-1005", "Hot overnight", "<script"):
        assert inside not in answer.text, inside
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_the_button_works_at_once_and_twice(mailed: Company) -> None:
    for _ in range(2):
        answer = HTTP.post(mailed.link("L-1001"))
        assert answer.status_code == 200
        assert "no more automatic e-mails" in answer.text
    assert mailed.has_left("L-1001")
    with mailed.workspace.state.reading() as connection:
        planned = action_of_number(connection, 1)
    assert planned is not None
    assert (planned["state"], planned["reason"]) == ("cancelled", "wants no more mails")
    page = list_page(mailed.workspace, AUDIT, AUDIT.query({"action": "unsubscribe"}))
    assert [row["object"] for row in page.rows] == ["L-1001"]


def test_only_mails_of_this_person_are_cancelled(mailed: Company) -> None:
    with mailed.workspace.state.reading() as connection:
        before = mappings(connection, outbox.select().where(outbox.c.person_id == "L-1009"))
    assert [(row["kind"], row["state"]) for row in before] == [("webhook", "planned")]
    HTTP.post(mailed.link("L-1009"))
    with mailed.workspace.state.reading() as connection:
        after = mappings(connection, outbox.select().where(outbox.c.person_id == "L-1009"))
    assert after == before  # a message to another system is no mail


@pytest.mark.parametrize(
    "sends",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"data": ONE_CLICK, "headers": ELSEWHERE},
        {"headers": {"Origin": "null"}},
    ],
    ids=["form", "multipart", "another site", "no origin"],
)
def test_providers_of_mail_send_it_themselves(mailed: Company, sends: dict[str, object]) -> None:
    """RFC 8058: without cookies and tokens of forms, in both ways of sending a form."""
    person = f"P-{sorted(sends)}-{len(str(sends))}"
    answer = HTTP.post(mailed.link(person), **sends)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert mailed.has_left(person)


def test_a_person_that_nobody_knows_gets_the_same_page(mailed: Company) -> None:
    known, unknown = (HTTP.get(mailed.link(who)).text for who in ("L-1005", "nobody at all"))
    assert known == unknown
    known, unknown = (HTTP.post(mailed.link(who)).text for who in ("L-1006", "nobody at all"))
    assert known == unknown


@pytest.mark.parametrize("change", [
    lambda link: link[:-1], lambda link: link + "x",
    lambda link: link[:-1] + ("a" if link[-1] != "a" else "b"),
    lambda link: link.rpartition("/")[0] + "/nonsense",
    lambda link: link[::-1].replace(".", "", 1)[::-1],
])  # fmt: skip
def test_a_link_that_was_changed_does_nothing(mailed: Company, change: object) -> None:
    assert callable(change)
    link = change(mailed.link("L-1007"))
    for answer in (HTTP.get(link), HTTP.post(link)):
        assert answer.status_code == 404
        assert "not complete" in answer.text
    assert not mailed.has_left("L-1007")


def test_a_token_for_nobody_is_none(mailed: Company) -> None:
    assert HTTP.post(mailed.link("")).status_code == 404
    assert not mailed.has_left("")


def test_whoever_is_logged_in_needs_no_token_of_a_form_there_either(mailed: Company) -> None:
    browser = logged_in(mailed.address, "manager@example.com")
    assert browser.post(mailed.link("L-1008")).status_code == 200
    assert mailed.has_left("L-1008")


@pytest.mark.parametrize("path", [
    "/unsubscribe", "/unsubscribe/", "/unsubscribe/a/b", "/unsubscribe/../leads", "/UNSUBSCRIBE/x",
    "/unsubscribe/..%2fautomations%2fstop",
])  # fmt: skip
def test_nothing_else_is_opened_by_the_exception(mailed: Company, path: str) -> None:
    for method in ("GET", "POST"):
        answer = HTTP.request(method, mailed.address + path)
        assert answer.status_code in (303, 404, 405), (method, path)
        assert "L-10" not in answer.text
    sent = HTTP.post(f"{mailed.address}/automations/stop", headers=ELSEWHERE)
    assert sent.status_code == 403


def test_another_site_still_sends_no_other_form(mailed: Company) -> None:
    browser = logged_in(mailed.address, "manager@example.com")
    for path in ("/automations/stop", "/tasks/1/done", "/api/v1/automations/stop"):
        answer = browser.post(path, headers=ELSEWHERE)
        assert answer.status_code == 403, path


def test_without_any_mail_there_is_no_secret_and_no_link(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path, leads=2)
    token = unsubscribe_token(b"x" * 32, "L-1001", "")
    with serving(workspace) as address:
        assert HTTP.post(f"{address}/unsubscribe/{token}").status_code == 404
    workspace.state.close()
