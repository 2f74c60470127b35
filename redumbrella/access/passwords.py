"""Passwords: a text in, an argon2id hash out, and whether an offered one fits.

Parameters: 19 MiB, 2 passes, 1 lane, the smallest that OWASP's Password Storage Cheat Sheet names
for argon2id: a server in 400 MB bears several at once. Promise: a check takes as long for a user
who does not exist; no more than MOST_AT_ONCE run at the same time; what was hashed with other
parameters is told, so that it is hashed anew.
"""

import unicodedata
from functools import lru_cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from redumbrella.errors import SettingsError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH, MOST_LENGTH = 12, 256
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
MOST_AT_ONCE = 2

_turn = BoundedSemaphore(MOST_AT_ONCE)


def checked_password(password: str, email: str = "") -> str:
    """The password, if it may be one; SettingsError that says why not, without repeating it."""
    plain = _normal(password)
    problem = ""
    if len(plain) < MIN_LENGTH:
        problem = f"The password is too short: at least {MIN_LENGTH} characters."
    elif len(plain) > MOST_LENGTH:
        problem = f"The password is too long: at most {MOST_LENGTH} characters."
    elif len(set(plain)) < 4:
        problem = "The password has fewer than four different characters."
    elif email and plain.lower() == email.lower():
        problem = "The password is the e-mail address."
    elif any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in plain):
        problem = "The password holds a tab, a line break or another letter that no field takes."
    if problem:
        message = f"{problem} Take a sentence or a few words that only you would put together."
        raise SettingsError(message, reason="weak_password")
    return password


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its parameters and its own salt."""
    with _turn:
        return _hasher().hash(_normal(password))


def fits(password: str, stored: str | None) -> bool:
    """Whether a password is the one of a hash; as slow, and False, for None.

    Raises nothing for a hash that is none.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    offered = _normal(password) if len(password) <= MOST_LENGTH else "\0"
    with _turn:
        try:
            return _hasher().verify(stored or _of_nobody(), offered) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


def _normal(password: str) -> str:
    """One form of the same letters, however a keyboard composes them (NFKC)."""
    return unicodedata.normalize("NFKC", password)


@lru_cache(1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


@lru_cache(1)
def _of_nobody() -> str:
    """A hash that no password is known for: checking it takes as long as checking a real one."""
    return _hasher().hash("\0 nobody")
