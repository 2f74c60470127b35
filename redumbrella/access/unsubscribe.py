"""Links to unsubscribe: who and from what comes in, a token for a URL goes out, and back.

Promise: only who knows the secret makes a token that is read; one token is read in one way, and
without a table of tokens. A token never expires: a mail may be opened years later. What it names
stands readable in it, as in the mail itself; it is signed, not encrypted.
"""

import base64
import binascii
import hmac
import json

_PURPOSE = b"unsubscribe 1\0"  # the secret may sign other things too
_SHORTEST_SECRET = 16
_LONGEST = 4_000


def unsubscribe_token(secret: bytes, person_id: str, rule: str) -> str:
    """A token for a URL by which a person leaves a rule's mails; `read_token` reads it.

    rule: what is left, "" for everything. Raises ValueError for a secret below 16 bytes.
    """
    if len(secret) < _SHORTEST_SECRET:
        raise ValueError(f"the secret must have {_SHORTEST_SECRET} bytes")
    content = json.dumps([person_id, rule], separators=(",", ":")).encode()
    digest = hmac.new(secret, _PURPOSE + content, "sha256").digest()
    return f"{_written(content)}.{_written(digest)}"


def read_unsubscribe(secret: bytes, token: str) -> tuple[str, str] | None:
    """The person and the rule of a token; None for one that was not made with this secret."""
    content = token.partition(".")[0]
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        named = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        return None
    if not (isinstance(named, list) and [type(one) for one in named] == [str, str]):
        return None
    # The whole token is made again: what decodes to the same is not the same.
    expected = unsubscribe_token(secret, *named)
    return (named[0], named[1]) if hmac.compare_digest(token, expected) else None


def read_token(secret: bytes, token: str) -> str | None:
    """The person of a token of `unsubscribe_token`; None for one that is not signed so."""
    named = read_unsubscribe(secret, token)
    return None if named is None else named[0]


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
