"""The stored reasons of a score: their shape, and the groups that some of their lines stand for.

A line of a group tells what several fields do together. Promise: groups stand after the lines of
single fields, and no group is named as the strongest reason where a field has one.
"""

from typing import TypedDict

TIMES = "(times)"  # dates, and fields that are the same for all leads of a period
BEHAVIOUR, PROFILE, HISTORY, TIMING = "(behaviour)", "(profile)", "(history)", "(timing)"
# Further fields of a theme, taken together, where too much would be left without a word.
THEMES = {
    BEHAVIOUR: "what else is known of visits and clicks, taken together",
    PROFILE: "the other fields of the record, taken together",
    HISTORY: "what else is known of contacts and purchases, taken together",
    TIMING: "what else is known of when things happened, taken together",
}


class ReasonLine(TypedDict):
    """One reason: the field, its sentence, value and usual value, and its log-odds."""

    feature: str
    text: str
    value: str
    usual: str
    contribution: float


class Reasons(TypedDict):
    """Why a score is what it is: base + all contributions + rest = total, in log-odds."""

    base: float
    total: float
    raises: list[ReasonLine]
    lowers: list[ReasonLine]
    rest: float


def last_places(feature: str) -> int:
    """0 for a field, 1 for the other fields of a theme, 2 for the times: the order of reasons."""
    return 2 if feature == TIMES else int(feature in THEMES)
