"""Which column of a file is the outcome, and which of its values mean won and lost.

The columns of a file come in; one `Choice` for `won` goes out. Its origin is None where no column
says it.
"""

from collections.abc import Sequence

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.outcome_words import (
    LOST_WORDS,
    OUTCOME_WORDS,
    PAST_WORDS,
    WON_WORDS,
)
from redumbrella.sources.guessing.vocabulary import words
from redumbrella.sources.values import FALSE, TRUE


def guess_outcome(columns: Sequence[Seen]) -> Choice:
    """The column with the outcome: two-valued ones first, then stages that say won and lost."""

    def rank(column: Seen) -> tuple[int, int]:
        said = words(column.name)
        found = [OUTCOME_WORDS.index(w) for w in said if w in OUTCOME_WORDS]
        is_past = not PAST_WORDS.isdisjoint(said)
        # Tables for learning often keep the outcome in the last column.
        place = len(OUTCOME_WORDS) if is_past else min(found, default=len(OUTCOME_WORDS))
        return place, -columns.index(column)

    two = sorted((column for column in columns if len(column.values) == 2), key=rank)
    named = [c for c in two if rank(c)[0] < len(OUTCOME_WORDS)]
    named += [c for c in two if c not in named and tells_won_from_lost(c)]
    last = [column for column in two if column is columns[-1] and _is_plain(column)]
    for column in (*named, *(c for c in two if is_told_for_some(c)), *last):
        others = tuple(other.name for other in two if other is not column)[:5]
        return Choice("won", _two_values(column), _explained(column), others, column.read.present)
    for column in sorted(columns, key=rank):
        won = [text for text, _ in column.values if set(words(text)) & WON_WORDS]
        lost = [text for text, _ in column.values if set(words(text)) & LOST_WORDS]
        if won and lost and not set(won) & set(lost):
            origin = ColumnSource(column.name, won=tuple(won), lost=tuple(lost))
            known = sum(number for text, number in column.values if text in {*won, *lost})
            why = f"{_listed(column)}; whatever is neither won nor lost is still open"
            return Choice("won", origin, why, (), known)
    why = "no column with two values looks like an outcome. Without it nothing can be learned"
    return Choice("won", None, why, tuple(column.name for column in two))


def tells_won_from_lost(column: Seen) -> bool:
    """One of the two values has a word for won, the other a word for lost."""
    said = [set(words(text)) for text, _ in column.values]
    return any(a & WON_WORDS and b & LOST_WORDS for a, b in (said, said[::-1]))


def is_told_for_some(column: Seen) -> bool:
    """Yes or no for some rows, empty for others: so looks an outcome while leads are open."""
    return len(column.values) == 2 and _is_plain(column) and 0 < column.read.present < column.rows


def _is_plain(column: Seen) -> bool:
    return {text.lower() for text, _ in column.values} <= set(TRUE + FALSE)


def _two_values(column: Seen) -> ColumnSource:
    if _is_plain(column):
        return ColumnSource(column.name)
    (first, _), (second, _) = column.values  # the more frequent one stands first
    says_won = set(words(first)) & WON_WORDS or set(words(second)) & LOST_WORDS
    won, lost = (first, second) if says_won else (second, first)
    return ColumnSource(column.name, won=(won,), lost=(lost,))


def _explained(column: Seen) -> str:
    empty = column.rows - column.read.present
    tail = f", empty {empty:,} times (still open)" if empty else ", never empty: no open leads"
    return _listed(column) + tail


def _listed(column: Seen) -> str:
    return ", ".join(f'"{text}" {count:,} times' for text, count in column.values[:6])
