"""One mapping proposed to a person, with the reason for it."""

from dataclasses import dataclass

from redumbrella.settings.sources import ColumnSource


@dataclass(frozen=True)
class Choice:
    """One mapping proposed: the canonical column, where from, why; `other` names alternatives.

    known: how many rows have an outcome, where it is one, or may be one. proposal: what a person
    may put in where the origin is open. question: what a person has to say besides, such as which
    part of a date is the day. lost_by_age: whether an outcome has no value that means lost, so
    that only the age of a lead can say it.
    """

    name: str
    origin: ColumnSource | None
    why: str
    other: tuple[str, ...] = ()
    known: int = 0
    proposal: ColumnSource | None = None
    question: str = ""
    lost_by_age: bool = False
