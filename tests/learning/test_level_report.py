"""Words about order and level, and the caution where open leads are unlike closed ones."""

import numpy as np
import pyarrow as pa
import pytest
from lead_worlds import draw, make_design, quiet, truth

from redumbrella.learning.lesson import Lesson, learn
from redumbrella.learning.level_report import level_facts, unlike_closed
from redumbrella.training.observations import Observations

ROWS = 2_000


def observed(won: np.ndarray) -> Observations:
    rows = pa.table({"lead_id": pa.array([f"L{n}" for n in range(won.size)])})
    place = np.arange(float(won.size))
    return Observations(rows, won, place, rows.slice(0, 0), np.empty(0), "rows", False)


@pytest.fixture(scope="module")
def learned() -> tuple[Lesson, Observations]:
    design = make_design(ROWS)
    closed = observed(draw(truth(design)))
    return learn(closed, design, None, quiet), closed


def test_open_leads_that_go_quite_differently_call_for_care(
    learned: tuple[Lesson, Observations],
) -> None:
    lesson, closed = learned
    usual = float(closed.won.mean())
    assert unlike_closed(lesson, np.full(100, usual)) == []
    (caution,) = unlike_closed(lesson, np.full(100, 0.05))
    assert caution.startswith("Of the open leads 5\u00a0% are expected to be won")
    assert "`ignore`" in caution
    assert unlike_closed(lesson, np.full(20, 0.05)) == []


def test_order_and_level_are_said_apart(learned: tuple[Lesson, Observations]) -> None:
    lesson, closed = learned
    facts = level_facts(lesson, closed, np.full(200, 0.3))
    order, level = facts["words"]
    assert order.startswith(f"Order: in {len(facts['periods'])} periods")
    assert level.startswith("Level: ")
    assert facts["deviation"] == lesson.spread.shared > 0.0
