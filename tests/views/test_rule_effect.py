"""What a rule brings: each person once, by what the draw meant, in its own time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from automation_world import NIGHT, add_rows, company, instant, leads, people

from redumbrella.settings.automations import automation_of
from redumbrella.state.outbox import plan_actions
from redumbrella.views.rule_effect import effect_of
from redumbrella.workspace import Workspace

RULE: dict[str, Any] = {
    "name": "Mail", "trigger": {"kind": "lead"}, "control": 0.5, "goal": "purchase",
    "goal_days": 7, "action": {"kind": "task", "text": "Call"},
}  # fmt: skip


def drawn(workspace: Workspace, states: dict[str, str], days_ago: float = 10) -> None:
    at = instant(NIGHT - timedelta(days=days_ago))
    rows = [
        {"key": f"{name} {days_ago}", "rule": "Mail", "version": 1, "kind": "task", "target": "",
         "lead_id": f"L-{name}", "person_id": f"P-{name}", "product_id": "", "rep_id": "",
         "label": name, "why": "", "state": state.removesuffix(" later"), "reason": "",
         "fired_at": at, "planned_at": at, "due_at": at,
         "done_at": at + (state.endswith(" later") or state == "sent")}
        for name, state in states.items()
    ]  # fmt: skip
    with workspace.state.writing() as connection:
        plan_actions(connection, rows)


def bought(workspace: Workspace, names: list[str], days_ago: float) -> None:
    at = NIGHT - timedelta(days=days_ago)
    rows = [
        {"person_id": f"P-{name}", "at": at, "amount": 5.0, "product_id": "p"} for name in names
    ]
    add_rows(workspace, "purchases", rows, NIGHT)


def test_who_was_meant_is_compared_with_who_was_left_alone(tmp_path: Path) -> None:
    acted, control = [f"A{n}" for n in range(100)], [f"C{n}" for n in range(100)]
    names = [*acted, *control, "late", "held"]
    workspace = company(tmp_path, "", {"people": people(*names), "leads": leads(*names)})
    states = dict.fromkeys(acted[:80], "sent") | dict.fromkeys(acted[80:90], "cancelled later")
    states |= dict.fromkeys(acted[90:], "suppressed later") | dict.fromkeys(control, "control")
    drawn(workspace, states | {"held": "suppressed"})
    drawn(workspace, {"late": "sent"}, days_ago=3)
    drawn(workspace, dict.fromkeys(acted[:5], "control"), days_ago=9)  # drawn once, the first time
    bought(workspace, [*acted[:60], *control[:20], "held", "late"], days_ago=5)
    bought(workspace, control[20:40], days_ago=2)  # too late
    bought(workspace, control[40:60], days_ago=11)  # before
    found = effect_of(workspace, automation_of(RULE), instant(NIGHT))
    assert found.uplift is not None
    assert (found.uplift.acted, found.uplift.control) == (100, 100)
    assert (found.uplift.rate_acted, found.uplift.rate_control) == (0.6, 0.2)
    assert found.uplift.low > 0.2
    assert found.waiting == 1
    assert found.goal == "a purchase within 7 days"


def test_a_goal_of_leads_and_of_events(tmp_path: Path) -> None:
    acted, control = [f"A{n}" for n in range(60)], [f"C{n}" for n in range(60)]
    names = [*acted, *control]
    workspace = company(tmp_path, "", {"people": people(*names), "leads": leads(*names)})
    drawn(workspace, dict.fromkeys(acted, "sent") | dict.fromkeys(control, "control"))
    closed = NIGHT - timedelta(days=6)
    won = leads(*acted[:30], won=True, closed_at=closed)
    add_rows(workspace, "leads", won, NIGHT)
    seen = [{"person_id": f"P-{n}", "at": closed, "kind": "demo"} for n in control[:15]]
    add_rows(workspace, "events", seen, NIGHT)
    of_won = effect_of(workspace, automation_of(RULE | {"goal": "won"}), instant(NIGHT)).uplift
    of_demo = effect_of(workspace, automation_of(RULE | {"goal": "demo"}), instant(NIGHT)).uplift
    assert of_won is not None
    assert of_demo is not None
    assert (of_won.rate_acted, of_won.rate_control) == (0.5, 0.0)
    assert (of_demo.rate_acted, of_demo.rate_control) == (0.0, 0.25)


def test_without_anybody_left_alone_it_cannot_be_told(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {"people": people("A"), "leads": leads("A")})
    drawn(workspace, {"A": "sent"})
    found = effect_of(workspace, automation_of(RULE | {"control": 0}), instant(NIGHT))
    assert found.uplift is None
    assert "cannot be told" in found.said
