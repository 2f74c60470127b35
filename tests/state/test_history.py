"""Days and moves in the state database: written as one, replaced as one, ninety days of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from redumbrella.state.database import State
from redumbrella.state.history import (
    DAYS_KEPT,
    changes_of_lead,
    forget_leads,
    next_number,
    score_changes,
    score_days,
    scored_days,
    write_score_day,
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    url = f"sqlite:///{tmp_path}/state.db"
    if request.param == "postgresql":
        name = f"history{next(_numbers)}"
        url = request.getfixturevalue("postgresql").database(name)
    opened = State(url)
    yield opened
    opened.close()


_numbers = iter(range(1000))
NOTED = {"target": "t", "day": 5, "number": 9, "scored_at": 1, "as_of": 1, "model_version": "m",
         "asked": 1, "known": {"rows": {}}}  # fmt: skip


def write(
    state: State, day: int, *rows: tuple[str, float, float | None], target: str = "t"
) -> None:
    with state.writing() as connection:
        noted = {**NOTED, "target": target, "day": day, "number": next_number(connection)}
        moved = [(target, day, lead, "", p, step, "A", "time") for lead, p, step in rows]
        write_score_day(connection, noted, moved)


def of_lead(state: State, lead: str, target: str = "t") -> list[tuple[Any, ...]]:
    with state.reading() as connection:
        days = [row["day"] for row in scored_days(connection, target)]
        rows = changes_of_lead(connection, target, days, lead, "")
    return [(row["day"], row["probability"], row["change"]) for row in rows]


def test_a_day_is_replaced_by_its_last_scoring(state: State) -> None:
    write(state, 5, ("a", 0.5, None), ("b", 0.2, None))
    write(state, 5, ("a", 0.6, None))
    write(state, 5, ("a", 0.6, None), target="other")
    assert of_lead(state, "a") == [(5, 0.6, None)]
    assert of_lead(state, "b") == []
    with state.reading() as connection:
        assert [row["number"] for row in scored_days(connection, "t")] == [2]
        assert scored_days(connection, "t")[0]["known"] == {"rows": {}}


def test_a_change_that_fails_leaves_the_day_before(state: State) -> None:
    write(state, 5, ("a", 0.5, None))

    def rows() -> Iterator[tuple[Any, ...]]:
        yield "t", 5, "a", "", 0.9, 0.4, "A", "did"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), state.writing() as connection:
        write_score_day(connection, NOTED, rows())
    assert of_lead(state, "a") == [(5, 0.5, None)]


def test_ninety_scored_days_are_kept_whatever_the_clock_says(state: State) -> None:
    """A day of a clock that was ahead does not push the others out, and goes in its turn."""
    write(state, 90_000, ("a", 0.9, None))
    for day in range(DAYS_KEPT - 1):
        write(state, day, ("a", 0.5, 0.01))
    assert len(of_lead(state, "a")) == DAYS_KEPT
    assert of_lead(state, "a")[-1][0] == 90_000
    write(state, 100, ("a", 0.5, 0.01))
    assert of_lead(state, "a")[-1][0] == 100
    assert of_lead(state, "a")[0][0] == 0
    write(state, 101)
    with state.reading() as connection:
        count = connection.execute(select(func.count()).select_from(score_days)).scalar()
        first = connection.execute(select(func.min(score_changes.c.day))).scalar()
    assert (count, first) == (DAYS_KEPT, 1)


def test_leads_are_forgotten(state: State) -> None:
    write(state, 5, ("a", 0.5, None), ("b", 0.2, None))
    write(state, 6, ("a", 0.6, 0.1))
    with state.writing() as connection:
        assert forget_leads(connection, ["a"]) == 2
    assert of_lead(state, "a") == []
    assert len(of_lead(state, "b")) == 1
