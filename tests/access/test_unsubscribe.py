"""Tokens to unsubscribe: read back by who made them, and by nobody who did not."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.access.unsubscribe import read_token, read_unsubscribe, unsubscribe_token

SECRET = b"0123456789abcdef-of-this-server"


@given(st.text(), st.text(max_size=60), st.binary(min_size=16, max_size=64))
def test_a_token_is_read_back(person: str, rule: str, secret: bytes) -> None:
    token = unsubscribe_token(secret, person, rule)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)
    assert read_unsubscribe(secret, token) == (person, rule)
    assert read_token(secret, token) == person
    assert read_token(secret + b"x", token) is None


@given(st.data())
def test_a_changed_token_is_none(data: st.DataObject) -> None:
    token = unsubscribe_token(SECRET, "person 1", "rule")
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("AaZz09-_.=+/ é"))
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or read_token(SECRET, changed) is None


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{43}"))
def test_what_somebody_makes_up_is_none(token: str) -> None:
    assert read_token(SECRET, token) is None


def test_one_person_and_rule_have_one_token() -> None:
    token = unsubscribe_token(SECRET, "p", "r")
    assert token == unsubscribe_token(SECRET, "p", "r")
    longer = [token + more for more in ("=", ".", "A", "\n", ".x")]
    shorter = ["", token[:-1], token.partition(".")[0]]
    for other in (*longer, *shorter, "." + token, token.replace(".", "=."), token.upper()):
        assert read_token(SECRET, other) is None
    assert unsubscribe_token(SECRET, "a", "bc") != unsubscribe_token(SECRET, "ab", "c")


@pytest.mark.parametrize("content", [b"[1,2]", b'["a"]', b'{"a":1}', b"null", b"[" * 3000, b"\xff",
                                     b'["a","b","c"]', b"1" * 2500])  # fmt: skip
def test_content_of_another_form_is_none(content: bytes) -> None:
    written = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    assert read_token(SECRET, f"{written}.{'A' * 43}") is None


def test_a_short_secret_makes_no_token() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        unsubscribe_token(b"short", "p", "r")
