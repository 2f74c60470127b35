"""What a rule brings: who counts, when the horizon is over, and what came within it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from automation_world import NIGHT, company, instant, leads

from redumbrella.settings.automations import automation_of
from redumbrella.state.outbox import plan_actions
from redumbrella.workflows import measure_uplift as measuring
from redumbrella.workflows.measure_uplift import measure_uplift
from redumbrella.workspace import Workspace

FIRED = NIGHT - timedelta(days=40)
RULE = {"name": "Mail", "trigger": {"kind": "lead"}, "action": {"kind": "task", "text": "x"},
        "control": 0.5, "goal": "purchase", "goal_days": 30}  # fmt: skip


@pytest.fixture(autouse=True)
def _night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "now", lambda: instant(NIGHT))


def acted(workspace: Workspace, state_of: Callable[[int], str], count: int, **more: Any) -> None:
    rows = [{
        "key": f"{i} {more}", "rule": "Mail", "version": 1, "kind": "task", "target": "",
        "lead_id": f"L-{i}", "person_id": f"P-{i}", "product_id": "", "rep_id": "", "label": "x",
        "why": "x", "state": state_of(i), "reason": "", "fired_at": instant(FIRED),
        "planned_at": instant(FIRED), "due_at": instant(FIRED), "done_at": instant(FIRED), **more,
    } for i in range(count)]  # fmt: skip
    with workspace.state.writing() as connection:
        plan_actions(connection, rows)


def bought(person: int, moment: datetime) -> dict[str, Any]:
    return {"purchase_id": f"{person}", "person_id": f"P-{person}", "at": moment, "amount": 9.0,
            "product_id": "x"}  # fmt: skip


def half(i: int) -> str:
    return "control" if i % 2 else "sent"


def measured(workspace: Workspace, **more: Any) -> measuring.MeasuredRule:
    return measure_uplift(workspace, automation_of({**RULE, **more}))


def test_what_came_within_the_days_counts_and_nothing_else(tmp_path: Path) -> None:
    soon, late, before = (FIRED + timedelta(days=n) for n in (5, 31, -1))
    rows = [bought(i, soon) for i in range(0, 60, 2)]  # of those acted on
    rows += [bought(i, late if i < 31 else before) for i in range(1, 61, 2)]
    workspace = company(tmp_path, "", {"purchases": rows})
    acted(workspace, half, 120)
    found = measured(workspace)
    assert (found.acted, found.control, found.waiting) == (60, 60, 0)
    assert (found.rate_acted, found.rate_control) == (0.5, 0.0)
    assert found.says.startswith("brings +50")
    assert found.low is not None
    assert 0.3 < found.low < 0.5
    workspace.state.close()


def test_a_person_counts_once_and_only_when_the_days_are_over(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {"purchases": [bought(0, FIRED + timedelta(days=5))]})
    acted(workspace, half, 60)
    acted(workspace, half, 60, due_at=instant(NIGHT - timedelta(days=2)))  # again: not counted
    found = measured(workspace)
    assert (found.acted, found.control, found.waiting) == (30, 30, 0)
    assert measured(workspace, goal_days=60).waiting == 60
    assert "cannot tell yet" in measured(workspace, goal_days=60).says
    workspace.state.close()


def test_groups_that_do_not_fit_the_draw_are_refused(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {"purchases": [bought(0, FIRED)]})
    acted(workspace, half, 200)
    assert "cannot be compared" in measured(workspace, control=0.1).says
    workspace.state.close()


def test_won_leads_count_by_the_day_on_which_they_were_closed(tmp_path: Path) -> None:
    rows = []
    for i in range(60):
        days = 5 if i % 2 == 0 else 35  # those left alone were won too late
        closed = FIRED + timedelta(days=days)
        one = leads("x", won=True, closed_at=closed)[0]
        rows.append({**one, "lead_id": f"L-{i}", "person_id": f"P-{i}"})
    workspace = company(tmp_path, "", {"leads": rows})
    acted(workspace, half, 60)
    found = measured(workspace, goal="won")
    assert (found.rate_acted, found.rate_control) == (1.0, 0.0)
    workspace.state.close()


def test_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {"leads": leads("x")})
    acted(workspace, half, 60)
    assert "no date on which they were closed" in measured(workspace, goal="won").says
    nothing = measured(workspace)  # no purchase was ever read: nobody came to the goal
    assert (nothing.rate_acted, nothing.rate_control) == (0.0, 0.0)
    nobody = measure_uplift(workspace, automation_of({**RULE, "name": "Other"}))
    assert (nobody.acted, nobody.rate_acted, nobody.low) == (0, None, None)
    workspace.state.close()


def test_whoever_was_meant_counts_whatever_became_of_the_action(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {"purchases": [bought(0, FIRED + timedelta(days=5))]})
    later = instant(FIRED + timedelta(hours=1))
    # What is held back later was meant; what was held back at once never was.
    ends = {0: ("cancelled", later), 2: ("suppressed", later), 4: ("suppressed", instant(FIRED))}
    for i in range(60):
        state, done = ends.get(i, (half(i), instant(FIRED)))
        acted(workspace, lambda _, state=state: state, 1, key=f"k{i}", lead_id=f"L-{i}",
              person_id=f"P-{i}", done_at=done)  # fmt: skip
    found = measured(workspace)
    assert (found.acted, found.control) == (29, 30)
    assert found.rate_acted == pytest.approx(1 / 29)
    workspace.state.close()
