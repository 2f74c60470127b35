"""What one value of an outcome column says: won, lost, still open, or nothing that is known.

A text comes in, a `Meaning` goes out. Values are read whole: a word inside a stage ("Decision
Maker Bought-In") does not count, and a negation turns it ("Closed - Not Converted").
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from redumbrella.sources.guessing.outcome_words import (
    BECAUSE,
    CLOSED,
    DUE,
    ENDED,
    FILLERS,
    INTEREST,
    LOST,
    MAY_END,
    NEGATIONS,
    NO,
    NOUNS,
    OPEN,
    OTHERS,
    QUALIFIED,
    THINGS,
    UNQUALIFIED,
    WHOLE_LOST,
    WHOLE_WON,
    WON_TIERS,
    YES,
    YET,
)

# Values of a column, each with how often it stands there.
ValueCounts = tuple[tuple[str, int], ...]
Says = Literal["won", "lost", "open", "closed", "doubt", "unknown"]

# Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
_LOST_WORDS = LOST | ENDED | UNQUALIFIED
_WON_WORDS = frozenset[str]().union(*WON_TIERS)
_ENDS = _LOST_WORDS | _WON_WORDS
_STRONG = (LOST | WON_TIERS[0]) - NOUNS
_CONTRARY = NEGATIONS | OTHERS | YET
_PREFIXES = frozenset(("pre", "un", "dis"))  # of the word that follows: "pre-qualified"
_KNOWN = _WON_WORDS | _LOST_WORDS | INTEREST | NEGATIONS | CLOSED | FILLERS | THINGS
_LEAST_PART = 3  # letters of a word that is written together with others
_MARKS = re.compile("\\s[-|]+\\s|[\u2013\u2014:;,(/>|]")


@dataclass(frozen=True)
class Meaning:
    """What a value says; tier: of a won one how surely, 0 the surest; qualifies: whether it is
    about being qualified, which is an outcome only where the list has none that is nearer to a
    sale.
    """

    says: Says
    tier: int = 0
    qualifies: bool = False


_UNKNOWN = Meaning("unknown")
_DOUBT = Meaning("doubt")


def spoken(text: str) -> tuple[str, ...]:
    """The words of a text or name: lower case, without accents, camelCase taken apart."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    plain = re.sub(r"n['\u2019`]t\b", "nt", plain.casefold())
    return tuple(re.findall(r"[^\W\d_]+", plain))


def yes_or_no(text: str) -> bool | None:
    """True for yes and False for no in one of the languages, else None."""
    if text.strip() in {"1", "1.0"}:
        return True
    if text.strip() in {"0", "0.0"}:
        return False
    joined = "".join(spoken(text))
    return True if joined in YES else False if joined in NO else None


def meaning(text: str) -> Meaning:
    """What a whole value says."""
    joined = "".join(spoken(text))
    if joined in WHOLE_LOST or joined in WHOLE_WON:
        return Meaning("lost" if joined in WHOLE_LOST else "won")
    words = _parts(text)
    if "?" in text and not _ENDS.isdisjoint(words):
        return _DOUBT
    whole = _said(words)
    parts = [part for part in (_parts(one) for one in _MARKS.split(text)) if part]
    if whole.says != "unknown" and (whole.says != "doubt" or len(parts) == 1):
        return whole
    return _with_reason(parts) if len(parts) > 1 else _with_because(words)


def _with_because(words: tuple[str, ...]) -> Meaning:
    """ "Lost to competitor", "closed_lost_price": an end with why, and no mark between."""
    at = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
    head, rest = words[: at + 1], words[at + 1 :]
    said = _said(head)
    if rest and said.says == "lost" and (rest[0] in BECAUSE or head[0] in CLOSED):
        return said
    is_clear = set(rest).isdisjoint(_LOST_WORDS | _CONTRARY)
    if rest and said.says == "won" and head[0] in CLOSED and is_clear:
        return said
    return _DOUBT if words[:1] and words[0] in CLOSED else _unsure(set(words))


def _unsure(words: set[str]) -> Meaning:
    """Of words that are not all known: whether they may mean an end."""
    if words & OTHERS and not words & _ENDS:  # "not contacted"
        return _UNKNOWN
    may_end = words & (_STRONG | _LOST_WORDS | MAY_END | NEGATIONS)
    return _DOUBT if may_end else _UNKNOWN


def _with_reason(parts: list[tuple[str, ...]]) -> Meaning:
    """ "Lost - price", "Enterprise > Closed Won": parts with a mark between."""
    head, tail = _said(parts[0]), _said(parts[-1])
    after = {word for part in parts[1:] for word in part}
    before = {word for part in parts[:-1] for word in part}
    if head.says == "lost":
        return head
    if head.says == "won":
        return _DOUBT if after & (_LOST_WORDS | _CONTRARY) else head
    if not (before | after) & _STRONG:
        return _unsure(before | after)
    is_clear = tail.says in {"won", "lost"} and not _STRONG.isdisjoint(parts[-1])
    return tail if is_clear and not before & (_ENDS | OPEN | _CONTRARY) else _DOUBT


def _said(words: tuple[str, ...]) -> Meaning:
    """What words say that are known, all of them; else unknown."""
    found = set(words)
    is_not_yet = found & YET and found & (_ENDS | INTEREST)
    if is_not_yet or (found & OPEN and found <= OPEN | FILLERS | THINGS):
        return Meaning("open")
    if not found <= _KNOWN:
        return _UNKNOWN
    negations = sum(word in NEGATIONS for word in words)
    won, lost = found & _WON_WORDS, found & _LOST_WORDS
    if lost:
        is_turned = bool(won - NOUNS) or negations > 0
        return _DOUBT if is_turned else Meaning("lost", qualifies=lost <= UNQUALIFIED)
    if won:
        return _said_of_winning(won, negations, bool(found & INTEREST))
    return _said_without_end(found, negations)


def _said_without_end(found: set[str], negations: int) -> Meaning:
    if found & INTEREST:
        return Meaning("lost" if negations == 1 else "open")
    if found & CLOSED:
        return Meaning("doubt" if negations else "closed")
    return _UNKNOWN


def _said_of_winning(won: set[str], negations: int, has_interest: bool) -> Meaning:
    is_qualified = won <= QUALIFIED
    if negations > 1 or (negations and won & DUE):
        return _DOUBT
    if negations:
        return Meaning("lost", qualifies=is_qualified)
    if has_interest:  # "good fit" is none yet
        return Meaning("open")
    tier = min(place for place, words in enumerate(WON_TIERS) if won & words)
    return Meaning("won", tier, is_qualified)


def _parts(text: str) -> tuple[str, ...]:
    """The words, with those written together taken apart where all their parts are known."""
    parts: list[str] = []
    prefix = ""
    for word in spoken(text):
        if word in _PREFIXES:
            prefix = word
            continue
        joined, prefix = prefix + word, ""
        is_known = joined in _KNOWN or joined in OPEN
        parts += [joined] if is_known else _apart(joined) or [joined]
    return (*parts, prefix) if prefix else tuple(parts)


@lru_cache(maxsize=1_000)
def _apart(word: str) -> list[str] | None:
    """A word as known words: closedwon -> closed, won. None where it is none of them."""
    if word in _KNOWN:
        return [word]
    for end in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        if word[:end] in _KNOWN:
            rest = _apart(word[end:])
            if rest is not None:
                return [word[:end], *rest]
    return None
