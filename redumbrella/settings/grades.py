"""[grades]: by what the leads of a list are graded A to D, and where one grade ends."""

from dataclasses import dataclass
from typing import Literal

from redumbrella.errors import nearest
from redumbrella.settings.section import Section, as_written

GRADES = ("A", "B", "C", "D")
Measure = Literal["value", "probability"]
_MEASURES = ("auto", "value", "probability")


@dataclass(frozen=True)
class Grades:
    """How leads are graded.

    by: value (expected value), probability, or auto: value where every lead has one. shares: how
    much of the list is A, B and C; the rest is D. borders: the least value or probability of A, B
    and C, instead of shares.
    """

    by: str = "auto"
    shares: tuple[float, ...] = (0.1, 0.2, 0.3)
    borders: tuple[float, ...] | None = None


def read_grades(section: Section) -> Grades:
    """The section [grades]; its problems are noted in the section."""
    default = Grades()
    by = section.text("by") or default.by
    if by not in _MEASURES:
        hint = nearest(by, list(_MEASURES))
        section.problem(f'by = {as_written(by)}: expected "auto", "value" or "probability".{hint}')
        by = default.by
    shares = _three(section, "shares", "[0.1, 0.2, 0.3]")
    if shares and (min(shares) <= 0.0 or sum(shares) > 1.0 + 1e-9):
        section.problem(
            f"shares = {list(shares)}: expected shares above 0 that make at most 1 together."
        )
        shares = None
    borders = _borders(section, by)
    if shares and borders:
        section.problem("shares and borders are both given: keep one of them.")
    section.finish()
    return Grades(by, shares or default.shares, borders)


def _borders(section: Section, by: str) -> tuple[float, ...] | None:
    borders = _three(section, "borders", "[0.6, 0.3, 0.1]")
    if not borders:
        return None
    if not borders[0] > borders[1] > borders[2]:
        section.problem(f"borders = {list(borders)}: expected falling numbers, that of A first.")
    if by == "auto":
        section.problem(
            'borders are amounts or probabilities: say which, by = "value" or by = "probability".'
        )
    if by == "probability" and not all(0.0 < border < 1.0 for border in borders):
        section.problem(
            f"borders = {list(borders)}: expected probabilities between 0 and 1, such as 0.6."
        )
    return borders


def _three(section: Section, key: str, example: str) -> tuple[float, ...] | None:
    found = section.numbers(key)
    if found is not None and len(found) != len(GRADES) - 1:
        section.problem(
            f"{key} = {list(found)}: expected three numbers, for A, B and C, such as {example}."
        )
        return None
    return found
