"""What a file has to do with the others that are looked at: ids that stand in several of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redumbrella.sources.guessing.looking import FileLook, Seen
from redumbrella.sources.guessing.names import means

# Share of the ids of the shorter of two columns that the other must have, where both mean the same.
LEAST_SHARED = 0.5
LEAST_REPS = 0.7
NOBODY = ("amount", "price", "product_id", "campaign_id")
_FRACTION = re.compile(r"-?[\d.,' ]*\d[.,]\d{1,2}")
LEAST_SHARED_NUMBERS = 0.9  # every table counts its rows from 1


@dataclass(frozen=True)
class Kin:
    """What a file has to do with the others.

    shared: column -> names of the files in which the same ids stand. lead_ids: columns whose ids
    are the ids of leads in another file. leads: whether another file has an outcome, so that it
    holds the leads. buys: whether another file is an order book. reps: columns that name those
    to whom another file gives its leads.
    """

    shared: Mapping[str, tuple[str, ...]]
    lead_ids: frozenset[str] = frozenset()
    leads: bool = False
    buys: bool = False
    reps: frozenset[str] = frozenset()

    def of(self, column: Seen) -> tuple[str, ...]:
        """Names of the other files with the same ids."""
        return self.shared.get(column.name, ())

    def is_lead_id(self, column: Seen) -> bool:
        """Whether another file has leads under these ids."""
        return column.name in self.lead_ids

    def is_rep(self, column: Seen) -> bool:
        """Whether another file gives its leads to the people named here."""
        return column.name in self.reps

    def who(self, columns: Sequence[Seen]) -> Seen | None:
        """The column with ids that other files have too: first one that is called after people,
        then one in which they return. What is called an amount is none, though amounts recur, nor
        is what is called a product or a campaign, which stand in several files too.
        """
        linked = [
            c
            for c in columns
            if self.of(c) and not has_fractions(c) and not any(means(c.name, n) for n in NOBODY)
        ]
        linked.sort(key=lambda column: (not means(column.name, "person_id"), column.is_key))
        return linked[0] if linked else None


def has_fractions(column: Seen) -> bool:
    """Whether a column of numbers has any that is not whole: amounts, which are nobody's id."""
    texts = (*column.sample, *(text for text, _ in column.values))
    return column.read.type == "number" and any(_FRACTION.fullmatch(text) for text in texts)


def shared_ids(look: FileLook, looks: Sequence[FileLook]) -> dict[str, tuple[str, ...]]:
    """Columns whose ids stand in another file too, where at least one side is a key."""
    shared: dict[str, tuple[str, ...]] = {}
    for column in look.columns:
        files = [
            other.file.path.name
            for other in looks
            if other is not look and any(are_the_same(column, theirs) for theirs in other.columns)
        ]
        if files:
            shared[column.name] = tuple(files)
    return shared


def are_the_same(one: Seen, other: Seen) -> bool:
    """Whether two columns hold ids of the same things, at least one of them as a key."""
    if not one.ids or not other.ids or not (one.is_key or other.is_key):
        return False
    least = LEAST_SHARED
    if "number" in {one.read.type, other.read.type}:
        least = LEAST_SHARED_NUMBERS
        if one.is_key and other.is_key and one.name.casefold() != other.name.casefold():
            return False
    # Of very many ids only those with a small hash are kept; both sides are cut the same way.
    cut = max(one.kept, other.kept)
    here = one.kept_under(cut)
    there = other.kept_under(cut)
    return len(here & there) >= least * max(min(len(here), len(there)), 1)


def named_reps(columns: Sequence[Seen], others: Sequence[Seen]) -> frozenset[str]:
    """Columns with most of the values of another file's column of sales people."""
    wanted = [{text.casefold() for text, _ in column.values} for column in others if column.values]
    return frozenset(
        column.name
        for column in columns
        if column.is_key and any(_are_most(column, people) for people in wanted)
    )


def _are_most(column: Seen, people: set[str]) -> bool:
    here = {text.casefold() for text, _ in column.values} or {
        text.casefold() for text in column.sample
    }
    return len(people) > 1 and len(people & here) >= LEAST_REPS * len(people)
