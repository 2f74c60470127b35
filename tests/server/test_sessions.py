"""Log-in and log-out of a running server, guesses, blank tokens, a proxy with TLS in front."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from served import HTTP, serving

from redumbrella.access.attempts import FREE_ATTEMPTS
from redumbrella.access.rules import COOKIE, Access
from redumbrella.cli.main import umbrella
from redumbrella.errors import EngineError, SettingsError
from redumbrella.logs import log_to
from redumbrella.server.listening import access_for, bind
from redumbrella.workspace import Workspace

TOKEN = "a-token-for-tests-0123456789"
V1 = "/api/v1"


@pytest.fixture
def guarded(company: Workspace) -> Iterator[str]:
    with serving(company, Access(token=TOKEN)) as address:
        yield address


def log_in(address: str, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{address}/login", data={"token": TOKEN}, headers=headers, verify=False, timeout=60
    )


def session_of(answer: httpx.Response) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={answer.cookies[COOKIE]}"}


def test_logging_out_ends_the_session_and_no_other(guarded: str) -> None:
    one, other = session_of(log_in(guarded)), session_of(log_in(guarded))
    assert one != other
    HTTP.post(f"{guarded}/logout", headers=one)
    assert HTTP.get(f"{guarded}/leads", headers=one).status_code == 303  # a copied cookie too
    assert HTTP.get(f"{guarded}/leads", headers=other).status_code == 200


def test_what_was_sent_without_a_session_leads_to_the_log_in_alone(guarded: str) -> None:
    answer = HTTP.post(f"{guarded}/settings", data={"fit": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    page = HTTP.get(f"{guarded}/leads/a%3Fb%0A?target=x")
    assert page.headers["location"] == "/login?next=%2Fleads%2Fa%253Fb%250A%3Ftarget%3Dx"


@pytest.mark.parametrize("way", ["login", "header"])
def test_guessing_is_slowed_and_logged_without_the_guess(company: Workspace, way: str) -> None:
    out = io.StringIO()
    with log_to("json", out), serving(company, Access(token=TOKEN)) as guarded:

        def guess(token: str) -> httpx.Response:
            if way == "login":
                return HTTP.post(f"{guarded}/login", data={"token": token})
            return HTTP.get(f"{guarded}/leads", headers={"Authorization": f"Bearer {token}"})

        for i in range(FREE_ATTEMPTS):
            assert guess(f"secret-guess-{i}").status_code == 401
        slowed = guess("secret-guess-x")
        assert slowed.status_code == 429
        assert 1 <= int(slowed.headers["retry-after"]) <= 5
        assert "Wait" in slowed.text
        assert guess(TOKEN).status_code == 429
    text = out.getvalue()
    assert "secret-guess" not in text
    noted = [json.loads(line) for line in text.splitlines() if "wrong token" in line]
    assert len(noted) == FREE_ATTEMPTS
    assert {each["address"] for each in noted} == {"127.0.0.1"}


def test_who_is_logged_in_notices_nothing_of_guesses(guarded: str) -> None:
    session = session_of(log_in(guarded))
    for _ in range(2 * FREE_ATTEMPTS):
        last = HTTP.get(f"{guarded}{V1}/health", headers={"Authorization": "Bearer wrong"})
    assert last.status_code == 429
    assert HTTP.get(f"{guarded}/leads", headers=session).status_code == 200
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert HTTP.get(f"{guarded}{V1}/health", headers=right).status_code == 200


def test_behind_a_proxy_addresses_are_told_apart_and_cookies_are_secure(guarded: str) -> None:
    for _ in range(2 * FREE_ATTEMPTS):
        answer = httpx.post(f"{guarded}/login", data={"token": "wrong"}, verify=False, timeout=60,
                            headers={"X-Forwarded-For": "203.0.113.7"})  # fmt: skip
    assert answer.status_code == 429
    good = log_in(guarded, **{"X-Forwarded-For": "203.0.113.8", "X-Forwarded-Proto": "https"})
    assert good.status_code == 303
    assert "secure" in good.headers["set-cookie"].lower()


NO_TOKENS = ("", " ", "   ", "\t", " " * 40, "\t" * 40, "short", "with blanks inside it",
             "ümläute-ümläute-ü", "a" * 20 + "\n\0")  # fmt: skip


@pytest.mark.parametrize("token", NO_TOKENS)
def test_blanks_are_no_token(token: str) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        with pytest.raises(SettingsError) as problem:
            access_for(host, allow_remote=True, token=token)
        assert problem.value.reason == "weak_token"


def test_blanks_around_a_token_do_not_count() -> None:
    access = access_for("127.0.0.1", allow_remote=False, token=f" {TOKEN}\n")
    assert access.verdict(TOKEN, "a", 0.0).fits


def test_serve_refuses_a_blank_token_at_start(folder: Path) -> None:
    found = CliRunner().invoke(umbrella, ["serve", "-w", str(folder), "--token", "\t" * 20])
    assert found.exit_code != 0
    assert isinstance(found.exception, SettingsError) or "blank" in found.output


@pytest.mark.parametrize("host", ["127.0.0.1.evil.com", "127.example", "127.", "127.0.0.1:80"])
def test_a_name_that_begins_with_127_is_not_this_machine(host: str) -> None:
    with pytest.raises(SettingsError) as problem:
        access_for(host, allow_remote=False, token=None)
    assert problem.value.reason == "remote_not_allowed"


def test_a_name_that_cannot_be_is_told() -> None:
    with pytest.raises(EngineError) as problem:
        bind("a" * 70 + ".example", 8000)
    assert problem.value.reason == "port_unavailable"


def test_the_proxies_of_the_documents_pass_on_what_is_needed() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    assert "--host-name crm.example.com" in text
    for word in ("proxy_set_header Host", "X-Forwarded-For", "X-Forwarded-Proto", "reverse_proxy"):
        assert word in text
    assert re.search(r"Secure", text)
