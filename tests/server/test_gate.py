"""Who may ask: host names, tokens, cookies and headers of a running server."""

from collections.abc import Iterator
from time import monotonic

import httpx
import pytest
from served import HTTP, serving

from redumbrella.access.rules import COOKIE, Access
from redumbrella.errors import SettingsError
from redumbrella.server.app import create_app
from redumbrella.server.listening import access_for
from redumbrella.workspace import Workspace

TOKEN = "a-token-for-tests-0123456789"


@pytest.fixture(scope="module")
def guarded(company: Workspace) -> Iterator[str]:
    with serving(company, Access(token=TOKEN)) as address:
        yield address


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost.evil.example:8000", 400),
        ("192.168.1.5", 400),
        ("", 400),
    ],
)
def test_only_its_own_names_are_answered(address: str, host: str, status: int) -> None:
    answer = HTTP.get(f"{address}/api/v1/health", headers={"Host": host})
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/leads", "/api/v1/leads", "/static/style.css", "/nothing"])
def test_every_answer_has_the_safe_headers(address: str, path: str) -> None:
    headers = HTTP.get(address + path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


def test_an_inside_error_shows_no_trace(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("redumbrella.server.api.lists.list_page", fail)
    with serving(company) as address:
        answer = HTTP.get(f"{address}/api/v1/leads")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_without_the_token_nothing_is_shown(guarded: str) -> None:
    for path in ("/api/v1/leads", "/api/v1/health", "/api/v1/openapi.json", "/api/v1/leads.csv"):
        answer = HTTP.get(guarded + path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["error"]["reason"] == "token_required"
    page = HTTP.get(f"{guarded}/leads?grade=A")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Fleads%3Fgrade%3DA")
    assert HTTP.get(f"{guarded}/static/style.css").status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer x", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
    ],
)
def test_the_token_opens_the_api(guarded: str, header: str, status: int) -> None:
    for path in ("/api/v1/health", "/leads"):
        answer = HTTP.get(guarded + path, headers={"Authorization": header})
        assert answer.status_code == status


def test_logging_in_and_out(guarded: str) -> None:
    with httpx.Client(base_url=guarded, verify=False, timeout=60) as browser:
        assert "Umbrella" in browser.get("/login?next=/models").text
        wrong = browser.post("/login", data={"token": "wrong", "next": "/models"})
        assert wrong.status_code == 401
        assert "not the token" in wrong.text
        assert browser.get("/models").status_code == 303
        right = browser.post("/login", data={"token": TOKEN, "next": "/models"})
        assert (right.status_code, right.headers["location"]) == (303, "/models")
        cookie = right.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert TOKEN not in cookie
        page = browser.get("/leads")
        assert page.status_code == 200
        assert "Log out" in page.text
        browser.post("/logout")
        assert browser.get("/leads").status_code == 303


def test_a_made_up_or_older_cookie_is_worth_nothing(guarded: str) -> None:
    for value in ("x", Access(token=TOKEN).sessions.begin(monotonic())):
        answer = HTTP.get(f"{guarded}/leads", headers={"Cookie": f"{COOKIE}={value}"})
        assert answer.status_code == 303


@pytest.mark.parametrize("away", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_logging_in_leads_nowhere_else(guarded: str, away: str) -> None:
    answer = HTTP.post(f"{guarded}/login", data={"token": TOKEN, "next": away})
    assert answer.headers["location"] == "/leads"


def test_remote_hosts_need_a_flag_and_a_good_token(company: Workspace) -> None:
    assert access_for("127.0.0.1", allow_remote=False, token=None).token is None
    assert access_for("::1", allow_remote=False, token=None).host_fits("[::1]:8000")
    for host, allow, token, reason in (
        ("0.0.0.0", False, TOKEN, "remote_not_allowed"),
        ("0.0.0.0", True, None, "token_required"),
        ("0.0.0.0", True, "short", "weak_token"),
        ("192.168.1.5", False, None, "remote_not_allowed"),
    ):
        with pytest.raises(SettingsError) as problem:
            access_for(host, allow_remote=allow, token=token)
        assert problem.value.reason == reason
    access = access_for("0.0.0.0", allow_remote=True, token=TOKEN, names=("crm.example.com",))
    assert access.host_fits("crm.example.com:8000")
    assert access.host_fits("192.168.1.5:8000")
    assert not access.host_fits("evil.example")
    assert create_app(company, access).state.access is access
