"""What can come of a contact with a lead: every outcome, what it needs, and what it does.

The one definition behind the command, REST, Python and the forms. In: what somebody asks to log.
Out: the same, checked, so that everything behind it may rely on it.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from redumbrella.errors import SettingsError, nearest

MOST_TEXT = 2_000
MOST_ID = 200
MOST_AMOUNT = 1e12
MOST_MINUTES = 1_440.0
MOST_DAYS_AHEAD = 1_826  # five years
UNDO_MICROSECONDS = 24 * 3_600 * 1_000_000
# So soon after another outcome of the same lead, whoever has not seen that one is told of it first.
SOON_MICROSECONDS = 10 * 60 * 1_000_000


@dataclass(frozen=True)
class Outcome:
    """One outcome: its name, what it is called, and what it means.

    needs: amount, date or reason, which must be given with it; "" for nothing. won: of a lead that
    it closes whether it was won; None where the lead stays open.
    """

    name: str
    words: str
    means: str
    needs: str = ""
    won: bool | None = None

    @property
    def closes(self) -> bool:
        """Whether the lead is closed by it."""
        return self.won is not None


OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        Outcome("reached", "reached", "Somebody spoke with the lead, and it stays open."),
        Outcome("no_answer", "no answer", "Nobody was reached; it stays open."),
        Outcome("later", "later", "To be contacted again on a date that was agreed on.", "date"),
        Outcome("won", "won", "It bought, for an amount; the lead is closed.", "amount", True),
        Outcome("lost", "lost", "It does not buy, for a reason; it is closed.", "reason", False),
        Outcome("wrong_person", "wrong person", "Not whom the lead is about; it is closed as lost.",
                won=False),
        Outcome("bad_fit", "bad fit", "Nothing for this company; the lead is closed as lost.",
                won=False),
    )
}  # fmt: skip
# What each need is called in words, and the field that it is given in.
NEEDS = {
    "amount": ("amount", "an amount, such as 1200"),
    "date": ("date", "a date, such as 2026-12-24"),
    "reason": ("reason", "a reason, such as too expensive"),
}


@dataclass(frozen=True)
class OutcomeRequest:
    """An outcome that somebody logs.

    amount: of the sale. date: when to contact the lead again. minutes: of the contact. rep: who
    had it. kind: of the contact, such as call. at: when it was, UTC microseconds; None: now.
    seen: the number of the lead's newest outcome that the caller knows of, 0 for none; None: it
    has not looked.
    """

    lead_id: str
    what: str
    amount: float | None = None
    date: date | None = None
    reason: str = ""
    minutes: float | None = None
    note: str = ""
    rep: str = ""
    kind: str = "call"
    at: int | None = None
    seen: int | None = None

    @property
    def outcome(self) -> Outcome:
        """What it is, of a request that was checked."""
        return OUTCOMES[self.what]

    def content(self) -> dict[str, Any]:
        """What makes it the same request when it is sent again."""
        found = {name: value for name, value in asdict(self).items() if name != "seen"}
        return found | {"date": None if self.date is None else self.date.isoformat()}


def checked_outcome(asked: OutcomeRequest) -> OutcomeRequest:
    """The request with its texts trimmed. Raises SettingsError where it cannot be meant so."""
    what = "_".join(asked.what.strip().casefold().replace("-", " ").replace("_", " ").split())
    if what not in OUTCOMES:
        message = f'"{asked.what}" is no outcome.{nearest(what, list(OUTCOMES))} Outcomes: '
        raise SettingsError(message + ", ".join(OUTCOMES) + ".", reason="unknown_outcome")
    asked = replace(
        asked,
        what=what,
        reason=_text(asked.reason, "reason"),
        note=_text(asked.note, "note"),
        rep=_text(asked.rep, "rep", MOST_ID),
        kind=_text(asked.kind, "kind of contact", MOST_ID).casefold() or "call",
        amount=_number(asked.amount, "amount", MOST_AMOUNT),
        minutes=_number(asked.minutes, "number of minutes", MOST_MINUTES),
    )
    given = {"amount": asked.amount is not None, "date": asked.date is not None,
             "reason": bool(asked.reason)}  # fmt: skip
    outcome = asked.outcome
    if outcome.needs and not given[outcome.needs]:
        raise SettingsError(
            f'The outcome "{outcome.words}" needs {NEEDS[outcome.needs][1]}. Give it too.',
            reason="missing_" + outcome.needs,
        )
    for need, is_given in given.items():
        if is_given and need != outcome.needs and not (need == "reason" and outcome.won is False):
            whose = next(one.words for one in OUTCOMES.values() if one.needs == need)
            raise SettingsError(
                f'The outcome "{outcome.words}" has no {need}: that is for "{whose}". Leave it '
                "out, or log the other outcome.",
                reason="superfluous_" + need,
            )
    return asked


def checked_key(key: str) -> str:
    """An idempotency key. Raises SettingsError for one that is too long or cannot be written."""
    if len(key) > MOST_ID or not key.isprintable():
        message = f"An idempotency key has at most {MOST_ID} printable characters. Shorten it."
        raise SettingsError(message, reason="bad_key")
    return key.strip()


def amount_of(text: str, what: str = "amount") -> float | None:
    """The number that somebody typed: 1200, 1200.50, 1200,50, 1 200; None for nothing.

    Raises SettingsError for what is no number, and for 1,200 and 1.200, which are a thousand times
    more in one country than in another.
    """
    found = text.strip().replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace("'", "")
    if not found:
        return None
    if "," in found and "." in found:  # the last of the two stands before the cents
        mark, other = (".", ",") if found.rfind(".") > found.rfind(",") else (",", ".")
        found = found.replace(other, "").replace(mark, ".")
    elif re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", found):
        whole, part = re.sub(r"[.,]", "", found), f"{float(found.replace(',', '.')):g}"
        raise SettingsError(
            f'"{text.strip()}" could be {whole} or {part}. Write the '
            f"{what} without a mark of thousands, such as {whole}, or with two decimals.",
            reason="bad_number",
        )
    try:
        return float(found.replace(",", "."))
    except ValueError:
        message = f'"{text.strip()[:80]}" is no {what}. Write a number such as 1200 or 1200.50.'
        raise SettingsError(message, reason="bad_number") from None


def day_of_text(text: str) -> date | None:
    """The day that somebody typed as 2026-12-24; None for nothing."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        message = f'"{text.strip()[:80]}" is no date. Write it like 2026-12-24.'
        raise SettingsError(message, reason="bad_date") from None


def _text(text: str, what: str, most: int = MOST_TEXT) -> str:
    text = text.strip()
    if len(text) > most:
        message = f"The {what} has {len(text):,} characters; at most {most:,} are kept. Shorten it."
        raise SettingsError(message, reason="text_too_long")
    if "\x00" in text:
        message = f"The {what} has a character that cannot be stored (NUL). Remove it."
        raise SettingsError(message, reason="bad_text")
    return text


def _number(value: float | None, what: str, most: float) -> float | None:
    if value is None:
        return None
    if not math.isfinite(value) or not 0.0 <= value <= most:
        message = f"{value:g} is no {what}: expected a number from 0 to {most:,.0f}."
        raise SettingsError(message, reason="bad_number")
    return float(value)
