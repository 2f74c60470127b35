"""Wrong tokens are slowed by address; sessions end; what counts as loopback and as a host."""

import pytest

from redumbrella.access import attempts as rules_of_attempts
from redumbrella.access import sessions as rules_of_sessions
from redumbrella.access.attempts import FREE_ATTEMPTS, SECONDS_EACH, Attempts, address_of
from redumbrella.access.rules import Access, is_loopback
from redumbrella.access.sessions import SESSION_SECONDS, Sessions

TOKEN = "a-token-for-tests-0123456789"


def test_wrong_tokens_are_slowed_and_the_wait_is_short() -> None:
    access = Access(token=TOKEN)
    for _ in range(FREE_ATTEMPTS):
        assert access.verdict("wrong", "a", 0.0).is_guess
    blocked = access.verdict("wrong", "a", 0.0)
    assert (blocked.is_guess, blocked.wait) == (False, SECONDS_EACH)
    # Nothing is looked at, so that nothing can be learned; asking does not prolong it.
    for _ in range(100):
        assert access.verdict(TOKEN, "a", 1.0).wait == pytest.approx(SECONDS_EACH - 1.0)
    assert access.verdict(TOKEN, "b", 1.0).fits
    assert access.verdict(TOKEN, "a", SECONDS_EACH).fits


def test_whoever_has_the_token_is_not_locked_out_by_a_neighbour() -> None:
    access = Access(token=TOKEN)
    assert access.verdict(TOKEN, "a", 0.0).fits
    for _ in range(3 * FREE_ATTEMPTS):
        last = access.verdict("wrong", "a", 1.0)
    assert last.wait > 0.0
    assert access.verdict(TOKEN, "a", 1.0).fits


def test_an_empty_token_is_no_guess() -> None:
    access = Access(token=TOKEN)
    for _ in range(3 * FREE_ATTEMPTS):
        answer = access.verdict("", "a", 0.0)
        assert not answer.fits
        assert not answer.is_guess
    assert access.verdict(TOKEN, "a", 0.0).fits
    assert not Access().verdict(TOKEN, "a", 0.0).fits


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_of_attempts, "MOST_ADDRESSES", 50)
    attempts = Attempts()
    for i in range(500):
        attempts.wrong(str(i), 0.0)
    assert len(attempts._known) == 50
    monkeypatch.setattr(rules_of_sessions, "MOST_SESSIONS", 50)
    sessions = Sessions()
    values = [sessions.begin(0.0) for _ in range(60)]
    assert [sessions.lasts(value, 1.0) for value in values] == [False] * 10 + [True] * 50


def test_addresses_of_one_household_count_together() -> None:
    assert address_of("10.0.0.1") == "10.0.0.1"
    assert address_of("::ffff:10.0.0.1") == "10.0.0.1"
    assert address_of("2001:db8:1:2:3::4") == address_of("2001:db8:1:2:9::9") == "2001:db8:1:2::/64"
    assert address_of("no address\n") == address_of("") == "unknown"


def test_sessions_end() -> None:
    sessions = Sessions()
    one, other = sessions.begin(0.0), sessions.begin(0.0)
    assert one != other
    assert len(one) >= 40
    assert sessions.lasts(one, SESSION_SECONDS - 1.0)
    assert not sessions.lasts(one, SESSION_SECONDS)
    sessions.end(other)
    sessions.end("unknown")
    assert not sessions.lasts(other, 1.0)
    assert sessions.lasts(one, 1.0)
    assert not sessions.lasts("", 1.0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("127.0.0.1.evil.com", False), ("127.example", False), ("localhost.evil.com", False),
        ("127.0.0.1:80", False), ("0.0.0.0", False), ("", False), ("10.0.0.1", False),
    ],
)  # fmt: skip
def test_loopback_is_an_address(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
