# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What a rule brings: of those it was for, who reached its goal, with and without the action."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime
from redumbrella.evaluation.uplift import Uplift, uplift
from redumbrella.figures import counted
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal
from redumbrella.settings.automations import Automation
from redumbrella.state.outbox import drawn_people
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class RuleEffect:
    """What a rule brings. goal: in words. waiting: people whose time is not over yet. uplift: None
    where nobody was left alone."""

    goal: str
    waiting: int
    uplift: Uplift | None
    said: str


def effect_of(workspace: Workspace, rule: Automation, at: int) -> RuleEffect:
    """What a rule brought to those whose time was over at an instant (UTC microseconds)."""
    with workspace.state.reading() as connection:
        people = drawn_people(connection, rule.name)
    span = int(rule.goal_days * MICROSECONDS_PER_DAY)
    over = [one for one in people if one["planned_at"] + span <= at]
    goal = f"{_words(rule.goal)} within {counted(int(rule.goal_days), 'day')}"
    waiting = len(people) - len(over)
    if not any(one["is_control"] for one in people):
        return RuleEffect(goal, waiting, None, "Nobody is left alone, so it cannot be told.")
    rows = pa.table({
        "place": pa.array(range(len(over)), pa.int64()),
        "person_id": pa.array([one["person_id"] for one in over], pa.string()),
        "lead_id": pa.array([one["lead_id"] for one in over], pa.string()),
        "since": pa.array([to_datetime(one["planned_at"]) for one in over],
                          pa.timestamp("us", "UTC")),
        "until": pa.array([to_datetime(one["planned_at"] + span) for one in over],
                          pa.timestamp("us", "UTC")),
    })  # fmt: skip
    reached = _reached(workspace.lake, rule.goal, rows)
    is_control = np.array([one["is_control"] for one in over], np.bool_)
    share = workspace.settings.outreach.control if rule.control is None else rule.control
    found = uplift(reached[~is_control], reached[is_control], control_share=share)
    said = found.says
    if waiting:
        said += f" {counted(waiting, 'person')} more within the {rule.goal_days:g} days."
    return RuleEffect(goal, waiting, found, said)


def _reached(lake: Lake, goal: str, rows: pa.Table) -> np.ndarray:
    """Of each row 1.0 where the goal was reached within its time, else 0.0."""
    found = np.zeros(rows.num_rows)
    facts = _facts(lake, goal)
    if not facts or not rows.num_rows:
        return found
    values = ", ".join(
        f"({place}, {literal(person)}, {literal(lead)}, TIMESTAMPTZ {literal(since.isoformat())}, "
        f"TIMESTAMPTZ {literal(until.isoformat())})"
        for place, person, lead, since, until in zip(
            *(rows[name].to_pylist() for name in rows.column_names), strict=True
        )
    )
    hits = lake.query(
        f"SELECT DISTINCT w.place FROM (VALUES {values}) "
        "w(place, person_id, lead_id, since, until) "
        f'JOIN {facts} f ON {_same(goal)} WHERE f."at" > w.since AND f."at" <= w.until'
    )
    found[hits["place"].to_numpy()] = 1.0
    return found


def _same(goal: str) -> str:
    """SQL: whether a fact is of the lead or the person of a row."""
    return "f.lead_id = w.lead_id" if goal == "won" else "f.person_id = w.person_id"


def _facts(lake: Lake, goal: str) -> str:
    """SQL of whom the goal was reached by, and when; "" where there is nothing of the kind."""
    if goal == "won":
        if not lake.exists("leads") or "closed_at" not in lake.schema("leads").names:
            return ""
        return f'(SELECT lead_id, closed_at AS "at" FROM {lake.newest("leads")} WHERE won)'
    if goal == "purchase":
        if not lake.exists("purchases"):
            return ""
        return f'(SELECT person_id, "at" FROM {lake.facts("purchases")} WHERE amount > 0)'
    parts = [
        f'SELECT person_id, "at" FROM {lake.facts(table)} WHERE kind = {literal(goal)}'
        for table in ("events", "activities") if lake.exists(table)
    ]  # fmt: skip
    return f"({' UNION ALL '.join(parts)})" if parts else ""


def _words(goal: str) -> str:
    return {"won": "won", "purchase": "a purchase"}.get(goal, goal)
