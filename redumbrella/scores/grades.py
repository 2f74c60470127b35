"""Grades A to D: where each lead stands on today's list, by what it is worth or by its chance.

In: the measure of n leads and the grades that they had on the last list. Out: a grade each.

A grade is a share of the list (A the first 10 %, B the next 20 %, C the next 30 %, D the rest,
unless umbrella.toml says otherwise). Leads that are equal have one grade. A lead keeps the grade of
the last list while it stands in a buffer zone beyond that grade's border, a third as wide as the
narrower of the two grades that the border parts; equity indices keep their members so (MSCI Global
Investable Market Indexes Methodology, buffer zones). Borders of one's own have no buffer.

Measured over 60 days, 3 % of the leads coming and going a day, log-odds around -1 with deviation 1
(benchmarks/grades.py): share of leads whose grade changes a day, of 600 and of 10,000 leads.

    scores                             shares alone      kept borders      buffer zones
    wiggle by 0.1 around their mean    10.7 %  10.4 %    10.7 %  10.4 %    0.4 %  0.3 %
    walk by 0.1 a day                   6.8 %   6.7 %     6.7 %   6.7 %    1.3 %  1.3 %

Borders that are kept from day to day are no better than shares: it is the leads that move. Of the
list 8.5 to 10.8 % are A, 19 to 21.5 % B, 28 to 33 % C.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.models.base import Vector
from redumbrella.settings.grades import GRADES, Grades, Measure

BUFFER = 1.0 / 3.0
ROUNDING = 1e-12  # sums of the same numbers may differ in the last bit
Row = dict[str, Any]


def measure_of(rows: Sequence[Row], by: str) -> Measure:
    """What a list goes by: as [grades] says; on auto, value where every lead has one.

    Not where all amounts are equal: the order would be that of the probability.
    """
    if by == "value":
        return "value"
    if by == "probability":
        return "probability"
    if any(row.get("expected_value") is None for row in rows):
        return "probability"
    amounts = {row.get("amount") for row in rows}
    return "value" if len(amounts) > 1 else "probability"


def add_grades(
    rows: Sequence[Row], measure: Measure, grades: Grades, former: Mapping[tuple[str, str], str]
) -> None:
    """Gives each lead of a list its grade; none where its value is not known.

    former: grades of the last list, by lead and product.
    """
    name = "expected_value" if measure == "value" else "probability"
    known = [row for row in rows if row.get(name) is not None]
    had = [former.get((row["lead_id"], row.get("product_id") or "")) for row in known]
    values = np.array([row[name] for row in known], np.float64)
    for row in rows:
        row["grade"] = None
    for row, grade in zip(known, grades_of(values, had, grades), strict=True):
        row["grade"] = grade


def grades_of(values: Vector, former: Sequence[str | None], grades: Grades) -> list[str]:
    """The grades of n leads. values: (n,); former: the grade that each had, None for a new lead."""
    if grades.borders is not None:
        return [GRADES[sum(v < border for border in grades.borders)] for v in values.tolist()]
    if not values.size:
        return []
    group, place = _places(values)
    last = len(GRADES) - 1
    # Of leads that are equal the best former grade counts for all of them.
    had = np.full(place.size, last + 1)
    codes = [last + 1 if grade is None else GRADES.index(grade) for grade in former]
    np.minimum.at(had, group, codes)
    return [GRADES[n] for n in _codes(place, had, grades)[group]]


@dataclass(frozen=True, eq=False)
class Standing:
    """Where n leads stand in a list. above: (n,) how many others stand above each; equal: (n,) how
    many others are equal to it; others: how many there are."""

    above: NDArray[np.int64]
    equal: NDArray[np.int64]
    others: int

    @property
    def percentiles(self) -> Vector:
        """Share of the list below each lead, ties counted half, 0 to 100."""
        below = self.others - self.above - self.equal
        return np.asarray(100.0 * (below + (self.equal + 1) / 2.0) / (self.others + 1), np.float64)


def standing_among(values: Vector, listed: Vector, gone: Vector) -> Standing:
    """Where new values (n,) stand in a list, in which they take the place of others.

    listed: what the list has now. gone: what of that leaves it.
    """
    above, equal = np.zeros(values.size, np.int64), np.zeros(values.size, np.int64)
    scale = ROUNDING * np.maximum(1.0, np.abs(values))
    for sign, some in ((1, listed), (-1, gone), (1, values)):
        rising = np.sort(some)
        over = rising.size - np.searchsorted(rising, values + scale, side="right")
        through = rising.size - np.searchsorted(rising, values - scale, side="left")
        above += sign * over
        equal += sign * (through - over)
    return Standing(above, equal - 1, listed.size - gone.size + values.size - 1)


def grades_beside(
    values: Vector, standing: Standing, former: Sequence[str | None], grades: Grades
) -> list[str]:
    """The grades of n leads whose scores are made anew, beside a list that stays.

    former: the grade that each had, None for a new lead.
    """
    if grades.borders is not None:
        return [GRADES[sum(v < border for border in grades.borders)] for v in values.tolist()]
    place = (standing.above + (standing.equal + 1) / 2.0) / (standing.others + 1)
    had = [len(GRADES) if grade is None else GRADES.index(grade) for grade in former]
    return [GRADES[n] for n in _codes(place, np.array(had, np.int64), grades)]


def _codes(place: Vector, had: NDArray[np.int64], grades: Grades) -> NDArray[np.int64]:
    """Grades by number. place: (n,) how much of the list stands above; had: (n,) the former ones,
    the number after the last for none."""
    last = len(GRADES) - 1
    ends = np.cumsum(grades.shares)
    widths = np.append(grades.shares, max(1.0 - ends[-1], 0.0))
    buffer = BUFFER * np.minimum(widths[:-1], widths[1:])
    first, end = np.append(-1.0, ends - buffer), np.append(ends + buffer, 2.0)
    code = np.searchsorted(ends, place - ROUNDING, side="left")
    known = np.minimum(had, last)
    stays = (had <= last) & (place >= first[known]) & (place <= end[known])
    return np.where(stays, known, code)


def _places(values: Vector) -> tuple[NDArray[np.int64], Vector]:
    """Groups of equal values: the group of each, (n,), and how much of the list stands above
    each group, ties counted half, (groups,)."""
    order = np.argsort(-values, kind="stable")
    falling = values[order]
    scale = ROUNDING * np.maximum(1.0, np.abs(falling[1:]))
    starts = np.append(0, np.cumsum(falling[:-1] - falling[1:] > scale))
    group = np.empty(values.size, np.int64)
    group[order] = starts
    size = np.bincount(group)
    return group, (np.cumsum(size) - size / 2.0) / values.size
