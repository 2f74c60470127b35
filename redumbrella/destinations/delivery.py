"""What came of handing one thing over: to a mail server, or to a receiver on the web."""

from dataclasses import dataclass
from typing import Literal

from redumbrella.visible import visible_line

Outcome = Literal["sent", "retry", "refused", "disabled"]
_LONGEST = 300
_SHORTEST_SECRET = 8  # a shorter word may stand in any answer


@dataclass(frozen=True)
class Delivery:
    """What came of one delivery.

    outcome: sent; retry, it may work later; refused, it will not; disabled, the receiver wants
    nothing more. said: what happened, for a person. wait: the least seconds before the next try,
    as the receiver asked; None where it did not. in_doubt: of a retry, that it may have arrived
    all the same: the connection ended before the answer. A webhook id tells the receiver so; of a
    mail only the Message-ID does, which not every mailbox looks at.
    """

    outcome: Outcome
    said: str
    wait: float | None = None
    in_doubt: bool = False


def shown_answer(answer: str | bytes, *secrets: str | None) -> str:
    """What a server said, on one line, shortened, without the secrets that it may repeat."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    for secret in secrets:
        for part in (secret or "", *(secret or "").split()):  # of "Bearer KEY" the key alone too
            text = text.replace(part, "***") if len(part) >= _SHORTEST_SECRET else text
    line = visible_line(" ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
