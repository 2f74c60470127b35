"""What a rule brings: people it meant to act on against people whom it left alone by lot.

Each person counts once, with the first time the rule fired, and only where the horizon of the
rule's goal is over since then; whoever was meant counts, whatever became of the action later. In: a
rule. Out: both groups compared, or why nothing can be said yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from redumbrella.clock import MICROSECONDS_PER_DAY, now, to_microseconds
from redumbrella.decisions.triggers import Stretch, events_of
from redumbrella.errors import DataError
from redumbrella.evaluation.uplift import uplift
from redumbrella.lake.lake import Lake
from redumbrella.settings.automations import Automation
from redumbrella.state.outbox import drawn_people
from redumbrella.workspace import Workspace

Row = dict[str, Any]
_NO_DATE = (
    "cannot tell: leads have no date on which they were closed; map closed_at in "
    "[tables.leads.columns], or give the rule another goal"
)


@dataclass(frozen=True)
class MeasuredRule:
    """What a rule brings, in a sentence, with the figures behind it.

    goal, days: what it is to bring, and within how many days. acted, control: people of each group
    for whom these days are over; rate_acted, rate_control: the share that came to the goal, None
    without anybody. waiting: people for whom they are not over yet. low, high: of the 90 % interval
    of the difference; None where nothing can be said.
    """

    goal: str
    days: float
    says: str
    acted: int
    control: int
    rate_acted: float | None
    rate_control: float | None
    difference: float | None
    low: float | None
    high: float | None
    waiting: int


def measure_uplift(workspace: Workspace, rule: Automation) -> MeasuredRule:
    """What a rule has brought so far, by its own goal."""
    with workspace.state.reading() as connection:
        rows = drawn_people(connection, rule.name)
    first = {row["person_id"] or row["lead_id"]: row for row in rows}
    if rule.goal == "won" and not _knows_when_won(workspace.lake):
        nothing = (None, None, None, None, None)
        return MeasuredRule(rule.goal, rule.goal_days, _NO_DATE, 0, 0, *nothing, len(first))
    horizon = int(rule.goal_days * MICROSECONDS_PER_DAY)
    at = now()
    over = {who: row for who, row in first.items() if row["planned_at"] + horizon <= at}
    reached = _reached(workspace.lake, rule.goal, over, horizon, at) if over else set()
    groups: tuple[list[float], list[float]] = ([], [])
    for who, row in over.items():
        groups[row["is_control"]].append(float(who in reached))
    control = workspace.settings.outreach.control if rule.control is None else rule.control
    found = uplift(*(np.array(group) for group in groups), control_share=control)
    refused = bool(found.refused)
    return MeasuredRule(
        rule.goal, rule.goal_days, found.says, found.acted, found.control,
        found.rate_acted if found.acted else None, found.rate_control if found.control else None,
        None if refused else found.difference, None if refused else found.low,
        None if refused else found.high, len(first) - len(over),
    )  # fmt: skip


def _knows_when_won(lake: Lake) -> bool:
    return lake.exists("leads") and "closed_at" in lake.schema("leads").names


def _reached(lake: Lake, goal: str, over: dict[str, Row], horizon: int, at: int) -> set[str]:
    """Those who came to the goal within the horizon, counted from when the lot was drawn."""
    if goal == "won":
        moments = _won(lake, [row["lead_id"] for row in over.values() if row["lead_id"]])
        came = {who: [moments[row["lead_id"]]] for who, row in over.items()
                if row["lead_id"] in moments}  # fmt: skip
        return _within(over, came, horizon)
    since = min(row["planned_at"] for row in over.values())
    try:
        firings = events_of(lake, goal, Stretch(since, at, "happened"))
    except DataError:  # nothing of the kind was ever read
        return set()
    by_lead = {row["lead_id"]: who for who, row in over.items() if row["lead_id"]}
    found: dict[str, list[int]] = {}
    for one in firings:
        who = one.person_id if one.person_id in over else by_lead.get(one.lead_id, "")
        if who:
            found.setdefault(who, []).append(one.at)
    return _within(over, found, horizon)


def _within(over: dict[str, Row], came: dict[str, list[int]], horizon: int) -> set[str]:
    return {
        who
        for who, moments in came.items()
        if any(
            over[who]["planned_at"] < moment <= over[who]["planned_at"] + horizon
            for moment in moments
        )
    }


def _won(lake: Lake, leads: Iterable[str]) -> dict[str, int]:
    """When each of these leads that is won was closed, as the lake knows it."""
    wanted = set(leads)
    rows = lake.query(
        f"SELECT lead_id, closed_at FROM {lake.newest('leads')} "  # noqa: S608  our own name
        "WHERE won AND closed_at IS NOT NULL"
    )
    return {row["lead_id"]: to_microseconds(row["closed_at"]) for row in rows.to_pylist()
            if row["lead_id"] in wanted}  # fmt: skip
