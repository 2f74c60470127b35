"""API keys: `umb_ID_SECRET`, shown once; of the whole only its SHA-256 is kept.

The secret has 256 random bits, so that a fast hash is enough. The id is public: it says which key
is meant in lists, in the log and in `umbrella key revoke`.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
_KEY = re.compile(r"umb_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class NewKey:
    """A key that was just made: what may be shown from now on, and what only this once."""

    id: str
    digest: str
    whole: str = field(repr=False)


def new_key() -> NewKey:
    """A random key."""
    public = "".join(secrets.choice(_LETTERS) for _ in range(8))
    whole = f"umb_{public}_{secrets.token_urlsafe(32)}"
    return NewKey(public, digest_of(whole), whole)


def key_id(offered: str) -> str | None:
    """The public id in an offered key; None where it has not the form of one."""
    found = _KEY.fullmatch(offered)
    return None if found is None else found[1]


def digest_of(secret: str) -> str:
    """What is kept of a key or of the value of a session."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def form_token(session: str) -> str:
    """What the forms of a session carry: another site can make a browser send the cookie, and
    never knows this. It does not tell the session's value."""
    return hmac.new(session.encode("utf-8", "surrogatepass"), b"forms", "sha256").hexdigest()


def is_same(offered: str, expected: str) -> bool:
    """Compares two texts in constant time."""
    return hmac.compare_digest(
        offered.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
