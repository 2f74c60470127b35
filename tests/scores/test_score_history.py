"""One day's scores: what counts as a move, what is written, and why it may have moved."""

from typing import Any

import numpy as np
import pytest

from redumbrella.reports.changes import STEP, date_of, day_of
from redumbrella.scores.history import FORMER, Snapshot, snapshot

DAY = 20_000


def row(lead: str, p: float, **more: Any) -> dict[str, Any]:
    return {"lead_id": lead, "product_id": "", "probability": p, "low": p / 2, "high": None,
            "grade": "B", "model_version": "m1", "person_id": f"person of {lead}",
            **more}  # fmt: skip


def take(
    rows: list[dict[str, Any]], before: Snapshot | None = None, day: int = DAY, **more: Any
) -> Snapshot:
    former = None if before is None else before.table.select(list(FORMER))
    how = {"causes": {}, "is_new_model": False, **more}
    return snapshot("t", day, 1, rows, former, how["causes"], is_new_model=how["is_new_model"])


def moved(found: Snapshot) -> dict[str, Any]:
    return {change[2]: change for change in found.changes()}


def test_every_score_is_kept_and_the_first_one_of_a_lead_is_a_move() -> None:
    found = take([row("b", 0.123456), row("a", 0.5)])
    assert found.table["lead_id"].to_pylist() == ["a", "b"]
    assert np.allclose(found.table["probability"].to_numpy(), [0.5, 0.1235])
    assert found.table["high"].null_count == 2
    assert found.table["day"].to_pylist() == [date_of(DAY)] * 2
    assert list(found.changes()) == [
        ("t", DAY, "a", "", 0.5, None, "B", "new"),
        ("t", DAY, "b", "", 0.1235, None, "B", "new"),
    ]


def test_small_steps_add_up_until_they_are_written() -> None:
    """Compared with the last written value: six steps of 0.002 are two moves of 0.006."""
    last, written, steps = take([row("a", 0.5)]), [0.5], []
    for number in range(1, 7):
        last = take([row("a", 0.5 + 0.002 * number)], last, DAY + number)
        for change in last.changes():
            written.append(change[4])
            steps.append(change[5])
    assert written == [0.5, 0.506, 0.512]
    assert steps == pytest.approx([0.006, 0.006])
    assert sum(steps) == pytest.approx(written[-1] - written[0])
    assert last.table["change"][0].as_py() == pytest.approx(0.002)


def test_exactly_one_step_is_no_move_and_a_grade_is_one() -> None:
    first = take([row("a", 0.5), row("b", 0.5), row("c", 0.5)])
    rows = [row("a", 0.5 + STEP), row("b", 0.5 + STEP + 1e-4), row("c", 0.5, grade="A")]
    assert sorted(moved(take(rows, first))) == ["b", "c"]
    assert moved(take([row("a", 0.5, grade=None)], first))["a"][6] is None


def test_products_of_one_person_are_rows_of_their_own() -> None:
    first = take([row("a", 0.5, product_id="x"), row("a", 0.1, product_id="y")])
    found = take([row("a", 0.5, product_id="y"), row("a", 0.5, product_id="x")], first)
    assert [(c[3], c[5]) for c in found.changes()] == [("y", pytest.approx(0.4))]


def test_a_lead_that_left_and_came_back_begins_again() -> None:
    first = take([row("a", 0.5), row("b", 0.5)])
    second = take([row("b", 0.5)], first)
    assert moved(take([row("a", 0.9), row("b", 0.5)], second))["a"][5:] == (None, "B", "new")


@pytest.mark.parametrize(
    ("causes", "is_new_model", "expected"),
    [
        ({}, False, "time"),
        ({}, True, "model"),
        ({"a": "did"}, True, "did"),
        ({"person of a": "record"}, True, "record"),
        ({"a": "did", "person of a": "record"}, False, "did"),
    ],
)
def test_causes(causes: dict[str, str], is_new_model: bool, expected: str) -> None:
    first = take([row("a", 0.1)])
    found = take([row("a", 0.9)], first, causes=causes, is_new_model=is_new_model)
    assert moved(found)["a"][7] == expected


def test_nobody_on_the_list() -> None:
    assert list(take([]).changes()) == []
    assert take([], take([row("a", 0.5)])).table.num_rows == 0


def test_days_are_counted() -> None:
    assert date_of(day_of(date_of(DAY))) == date_of(DAY)
    assert str(date_of(0)) == "1970-01-01"
