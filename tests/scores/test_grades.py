"""Grades: shares of today's list, ties, small lists, buffer zones, borders of one's own."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.scores.grades import add_grades, grades_of, measure_of
from redumbrella.settings.grades import Grades


def first_of(values: Sequence[float], grades: Grades | None = None) -> str:
    """The grades of a list that was never graded before, as one text."""
    found = grades_of(np.array(values, np.float64), [None] * len(values), grades or Grades())
    return "".join(found)


def test_shares_of_the_list() -> None:
    values = np.random.default_rng(0).permutation(600).astype(np.float64)
    grades = first_of(values.tolist())
    assert {g: grades.count(g) for g in "ABCD"} == {"A": 60, "B": 120, "C": 180, "D": 240}
    halves = Grades(shares=(0.5, 0.25, 0.25))
    assert first_of(range(8, 0, -1), halves) == "AAAABBCC"


def test_small_lists_and_ties() -> None:
    """One lead stands in the middle; leads that are equal have one grade."""
    assert first_of([]) == ""
    assert first_of([0.7]) == "C"
    assert first_of([0.7, 0.2, 0.1]) == "BCD"
    assert first_of([9, 8, 7, 6, 5, 4, 3, 2, 1]) == "ABBCCDDDD"
    assert first_of([0.3] * 50) == "C" * 50
    assert first_of([5, 5, 5, 1, 1, 1, 1, 1, 1, 1]) == "BBBDDDDDDD"
    assert first_of([0.1 + 0.2, 0.3, 0.0]) == "CCD"  # a sum may differ in its last bit


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_more_is_never_worse(values: list[float]) -> None:
    grades = first_of(sorted(values, reverse=True))
    assert list(grades) == sorted(grades)


def test_a_lead_keeps_its_grade_within_the_buffer_zone() -> None:
    """Of 100 leads A ends after the 10th; the zone beyond is a third of a tenth wide."""
    values = np.arange(100.0, 0.0, -1.0)
    for place, had, now in (
        (12, "A", "A"), (13, "A", "A"), (14, "A", "B"),
        (8, "B", "B"), (7, "B", "A"), (8, "C", "A"), (12, "D", "B"),
        (9, None, "A"), (12, None, "B"),
    ):  # fmt: skip
        former: list[str | None] = [None] * 100
        former[place - 1] = had
        assert grades_of(values, former, Grades())[place - 1] == now, (place, had)
    again = grades_of(values, list(first_of(values.tolist())), Grades())
    assert "".join(again) == first_of(values.tolist())


def test_equal_leads_share_the_better_former_grade() -> None:
    values = np.array([*range(100, 89, -1), *[88.5] * 2, *range(87, 0, -1)], np.float64)
    former: list[str | None] = [None] * values.size
    former[11] = "A"  # its equal comes new
    assert grades_of(values, former, Grades())[11:13] == ["A", "A"]


@pytest.mark.parametrize("walks", [False, True])
def test_grades_hold_from_day_to_day(walks: bool) -> None:
    """Far fewer change than with shares alone, and the shares stay near what was asked."""
    rng = np.random.default_rng(3)
    n = 600
    mean = rng.normal(-1.0, 1.0, n)
    former: list[str | None] = [None] * n
    alone: list[str] = []
    changed, changed_alone, shares = [], [], []
    for day in range(20):
        noise = rng.normal(0.0, 0.1, n)
        mean = mean + noise if walks else mean
        values = mean if walks else mean + noise
        now, now_alone = grades_of(values, former, Grades()), list(first_of(values.tolist()))
        if day:
            changed.append(np.mean([a != b for a, b in zip(now, former, strict=True)]))
            changed_alone.append(np.mean([a != b for a, b in zip(now_alone, alone, strict=True)]))
        shares.append(now.count("A") / n)
        former, alone = list(now), now_alone
    assert np.mean(changed) < (0.3 if walks else 0.1) * np.mean(changed_alone)
    assert 0.06 < min(shares) < max(shares) < 0.14


def test_borders_of_ones_own_hold_exactly() -> None:
    grades = Grades("value", borders=(600.0, 300.0, 100.0))
    values = np.array([600.0, 599.0, 300.0, 100.0, 99.9, -5.0])
    assert grades_of(values, ["D", "A", None, "A", "C", "A"], grades) == list("ABBCDD")


def test_what_a_list_goes_by() -> None:
    def rows(*pairs: tuple[float | None, float | None]) -> list[dict[str, float | None]]:
        return [{"amount": amount, "expected_value": value} for amount, value in pairs]

    assert measure_of(rows((100, 5), (300, 7)), "auto") == "value"
    assert measure_of(rows((100, 5), (None, None)), "auto") == "probability"
    assert measure_of(rows((100, 5), (100, 7)), "auto") == "probability"
    assert measure_of(rows((100, 5), (300, 7)), "probability") == "probability"
    assert measure_of(rows((None, None)), "value") == "value"


def test_rows_get_grades_by_lead_and_product() -> None:
    rows = [
        {"lead_id": "a", "product_id": "p", "probability": 0.2, "expected_value": 9.0},
        {"lead_id": "a", "product_id": "q", "probability": 0.1, "expected_value": None},
        {"lead_id": "b", "probability": 0.3, "expected_value": 1.0},
    ]
    add_grades(rows, "value", Grades(), {})
    assert [row["grade"] for row in rows] == ["B", None, "D"]
    add_grades(rows, "probability", Grades(), {("a", "p"): "C", ("b", ""): "B"})
    assert [row["grade"] for row in rows] == ["C", "D", "B"]
