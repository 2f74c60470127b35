"""Automations at a million leads: a day's look of every kind of rule, and 10,000 mails queued.

    python benchmarks/automations.py --folder DIR [--leads 1000000] [--events 5000000]

DIR: a workspace that `workplace.py` has filled with as many leads. People with addresses and events
are added to its lake once. Prints Markdown: seconds to find whom each rule is for in the last day,
to judge them by the guards, and how many they are; then what queueing takes.
"""

import argparse
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from workplace import AS_OF, NOW, lead_id

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.decisions.triggers import Stretch
from redumbrella.settings.automations import Automation, automation_of
from redumbrella.state.outbox import plan_actions
from redumbrella.workflows.find_firings import matches_of
from redumbrella.workflows.fire_automations import key_of, plan_of
from redumbrella.workspace import Workspace, open_workspace

MAIL = {"kind": "mail", "subject": "An offer", "text": "Dear {{ name }}"}
RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "jump from 0.1 to 0.3 in a day": ({"kind": "jump", "from": 0.1, "to": 0.3}, {}),
    "jump from 0.1 to 0.3 in a week": ({"kind": "jump", "from": 0.1, "to": 0.3, "days": 7}, {}),
    "crossing 0.5 upwards": ({"kind": "crossing", "above": 0.5}, {}),
    "crossing 0.5 downwards": ({"kind": "crossing", "below": 0.5}, {}),
    "an event of a kind": ({"kind": "event", "event": "pricing_view"}, {}),
    "a new lead": ({"kind": "lead"}, {}),
    "silence of 30 days": ({"kind": "silence", "days": 30}, {}),
    "a date in the record": ({"kind": "date", "field": "ends_at", "days_before": 30}, {}),
    "a schedule, leads from the web above 0.6": (
        {"kind": "schedule", "at": "every day at 06:00"},
        {"source": "web", "min_probability": 0.6},
    ),
}


def main() -> None:
    """Adds what is missing, measures, and prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    asked = parser.parse_args()
    workspace = open_workspace(asked.folder)
    workspace.state.bring_up_to_date()
    if not workspace.lake.exists("people"):
        workspace.lake.append("people", people(asked.leads))
    if not workspace.lake.exists("events"):
        workspace.lake.append("events", events(asked.leads, asked.events))
    print(f"{asked.leads:,} leads, {asked.events:,} events.\n")
    print("| rule | for | seconds to find | seconds to judge |\n|---|---:|---:|---:|")
    total = 0.0
    for words, (trigger, where) in RULES.items():
        rule = automation_of({"name": words.replace(".", " "), "trigger": trigger,
                              "where": where, "action": MAIL})  # fmt: skip
        found, seconds = looked(workspace, rule)
        total += sum(seconds)
        print(f"| {words} | {found:,} | {seconds[0]:.2f} | {seconds[1]:.2f} |", flush=True)
    print(f"| all rules of a day (goal: 60) | | {total:.1f} | |")
    print(f"\n10,000 mails queued in {queued(workspace):.2f} s (goal: 10).")


def looked(workspace: Workspace, rule: Automation) -> tuple[int, tuple[float, float]]:
    """For how many a rule is in the last day, and the seconds to find and to judge them."""
    start = time.perf_counter()
    clock = "happened" if rule.trigger.kind in ("event", "lead") else "read"
    found = matches_of(workspace, rule, Stretch(AS_OF - MICROSECONDS_PER_DAY, AS_OF, clock))  # type: ignore[arg-type]
    middle = time.perf_counter()
    plan_of(workspace, rule, found, AS_OF)
    return len(found), (middle - start, time.perf_counter() - middle)


def queued(workspace: Workspace) -> float:
    """Seconds from the score of 10,000 leads to as many mails in the outbox."""
    rule = automation_of({
        "name": f"Queue {time.time():.0f}",
        "trigger": {"kind": "schedule", "at": "every day at 06:00"},
        "where": {"source": "web", "min_probability": 0.6}, "action": MAIL, "a_day": 10_000,
        "control": 0,
    })  # fmt: skip
    start = time.perf_counter()
    found = matches_of(workspace, rule, Stretch(AS_OF - MICROSECONDS_PER_DAY, AS_OF))[:10_000]
    assert len(found) == 10_000, f"only {len(found)} leads are above 0.6"
    verdicts = plan_of(workspace, rule, found, AS_OF)
    with workspace.state.writing() as connection:
        added = plan_actions(connection, [
            {"key": key_of(rule.name, one), "rule": rule.name, "version": 1, "kind": "mail",
             "target": "conversion", "lead_id": one.firing.lead_id,
             "person_id": one.firing.person_id, "product_id": "", "rep_id": "",
             "label": one.label, "why": one.firing.why, "state": verdict.state,
             "reason": verdict.reason, "fired_at": AS_OF, "planned_at": AS_OF, "due_at": due}
            for one, (due, verdict) in zip(found, verdicts, strict=True)
        ])  # fmt: skip
    assert added == 10_000, f"{added} rows were new"
    return time.perf_counter() - start


def people(leads: int) -> pa.Table:
    """One person a lead, with address and consent; people have the ids of their leads."""
    numbers = np.arange(leads)
    return pa.table({
        "person_id": pa.array([lead_id(n) for n in range(leads)]),
        "known_at": pa.array([NOW - timedelta(days=90)] * leads, pa.timestamp("us", "UTC")),
        "email": pa.array([f"person{n}@people.example" for n in range(leads)]),
        "consent": pa.array(np.where(numbers % 3 > 0, "yes", "no").tolist()),
        "ends_at": pa.array([NOW + timedelta(days=int(n % 400)) for n in range(leads)],
                            pa.timestamp("us", "UTC")),
        **read(leads),
    })  # fmt: skip


def events(leads: int, count: int) -> pa.Table:
    """Events of 90 days of random people; one in fifty is a look at the prices."""
    random = np.random.default_rng(1)
    numbers = random.integers(0, leads, count)
    at = AS_OF - (random.random(count) * 90 * MICROSECONDS_PER_DAY).astype(np.int64)
    kinds = np.where(random.random(count) < 0.02, "pricing_view", "page_view")
    ids = pa.array([lead_id(n) for n in range(leads)])
    return pa.table({
        "person_id": ids.take(pa.array(numbers)),
        "anonymous_id": pa.nulls(count, pa.string()),
        "product_id": pa.nulls(count, pa.string()),
        "at": pa.array(at).cast(pa.timestamp("us", "UTC")),
        "kind": pa.array(kinds.tolist()),
        **read(count),
    })  # fmt: skip


def read(count: int) -> dict[str, pa.Array]:
    """What ingestion writes on each row."""
    return {
        "_ingested_at": pa.array([NOW] * count, pa.timestamp("us", "UTC")),
        "_order": pa.array(np.arange(count)),
        "_row_hash": pa.array(np.arange(count)),
    }


if __name__ == "__main__":
    main()
