"""Automations as people see them: every rule in a sentence with what it did, and who runs them.

Comes in: a workspace, and the problems of its rules (`workflows.check_automations` finds them).
Goes out: `Automations` and `AutomationDetail`, which the pages, REST, the command and Python show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, or_, select

from redumbrella.clock import to_datetime
from redumbrella.settings.toml_text import rule_toml
from redumbrella.state.jobs import last_jobs, living_workers, waiting_jobs
from redumbrella.state.outbox import (
    CANCELLED,
    CONTROL,
    FAILED,
    PLANNED,
    SENT,
    SUPPRESSED,
    UNDONE,
    counts_of_rules,
    last_fired,
    outbox,
)
from redumbrella.state.rules import newest_rules, rule_switches, stopped, versions_of_rule
from redumbrella.views.outbox import KINDS, DeliveryFault, delivery_faults, state_words
from redumbrella.views.rule_words import automation_sentence, difference, guard_words
from redumbrella.views.rules import RuleInUse, rule_named, rules_in_use
from redumbrella.workspace import Workspace

TOP_REASONS = 3
JOBS_SHOWN = 5
Problems = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ReasonCount:
    """Why actions were held back or failed, and how many."""

    reason: str
    actions: int


@dataclass(frozen=True)
class AutomationFacts:
    """One rule: whether it is on, what it says, and what it did.

    origin: file or page. version: 0 of one of the file that no worker has read yet. sentence: the
    rule in plain words. said: why it was switched off by itself. waiting, sent, failed, cancelled,
    suppressed, left_alone: how many of its actions. reasons: the commonest of those that failed or
    were held back. changed_at, changed_by: of the newest version; switched_by: who switched it
    last. problems: why it cannot work as it stands.
    """

    name: str
    origin: str
    is_on: bool
    version: int
    sentence: str
    said: str
    last_fired: datetime | None
    waiting: int
    sent: int
    failed: int
    cancelled: int
    suppressed: int
    left_alone: int
    reasons: tuple[ReasonCount, ...]
    changed_at: datetime | None
    changed_by: str
    switched_by: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class WorkerFacts:
    """One worker that runs: on which machine, since when, when its heart beat last, and at what."""

    host: str
    process: int
    started_at: datetime
    beat_at: datetime
    doing: str


@dataclass(frozen=True)
class JobFacts:
    """One job of the worker: what is due when, or how the last one ended."""

    kind: str
    due_at: datetime
    state: str
    ended_at: datetime | None
    message: str


@dataclass(frozen=True)
class Automations:
    """All rules in the order in which they win, who runs them, whether they are stopped, and what
    keeps their actions from leaving."""

    rules: tuple[AutomationFacts, ...]
    stopped_at: datetime | None
    stopped_by: str
    workers: tuple[WorkerFacts, ...]
    next_jobs: tuple[JobFacts, ...]
    last_jobs: tuple[JobFacts, ...]
    faults: tuple[DeliveryFault, ...]


@dataclass(frozen=True)
class VersionFacts:
    """One version of a rule: who made it when, and what it changed."""

    version: int
    made_at: datetime
    made_by: str
    origin: str
    is_removed: bool
    changes: tuple[str, ...]


@dataclass(frozen=True)
class AutomationDetail:
    """One rule whole: its facts, guards in words, content, as umbrella.toml writes it, versions."""

    rule: AutomationFacts
    guards: tuple[str, ...]
    content: Mapping[str, Any]
    toml: str
    versions: tuple[VersionFacts, ...]


@dataclass(frozen=True)
class ActionOfLead:
    """What an automation did or will do for a lead: e-mail and so on, in words, and its state.

    about: the subject of a mail, the audience.
    """

    id: int
    at: datetime
    rule: str
    kind: str
    words: str
    about: str
    state: str


def automations(workspace: Workspace, problems: Problems) -> Automations:
    """Every rule, the workers and the stop."""
    with workspace.state.reading() as connection:
        rules = _facts(connection, rules_in_use(workspace.settings, connection), problems)
        stop = stopped(connection)
        workers = [
            WorkerFacts(
                row["host"], row["process"], to_datetime(row["started_at"]),
                to_datetime(row["beat_at"]), row["doing"],
            )
            for row in living_workers(connection)
        ]  # fmt: skip
        waiting = waiting_jobs(connection)[:JOBS_SHOWN]
        ended = last_jobs(connection, JOBS_SHOWN)
        faults = delivery_faults(connection)
    return Automations(
        tuple(rules),
        None if stop is None else to_datetime(stop["stopped_at"]),
        "" if stop is None else stop["stopped_by"],
        tuple(workers), tuple(map(_job, waiting)), tuple(map(_job, ended)), faults,
    )  # fmt: skip


def automation_detail(workspace: Workspace, name: str, problems: Problems) -> AutomationDetail:
    """One rule whole. Raises NotFoundError with the nearest name."""
    settings = workspace.settings
    with workspace.state.reading() as connection:
        rule = rule_named(settings, connection, name)
        found = _facts(connection, [rule], problems)[0]
        rows = versions_of_rule(connection, rule.automation.name)
    outreach = settings.outreach
    defaults = (outreach.control, outreach.cool_down_days, outreach.a_day)
    content = dict(rule.automation.content)
    return AutomationDetail(
        found, guard_words(rule.automation, defaults), content, rule_toml(content),
        tuple(_versions(rows)),
    )  # fmt: skip


def counts_by_state(rule: AutomationFacts) -> tuple[tuple[int, str], ...]:
    """How many actions of a rule stand how, in the order in which people want to know it."""
    return (
        (rule.waiting, PLANNED), (rule.sent, SENT), (rule.failed, FAILED),
        (rule.suppressed, SUPPRESSED), (rule.left_alone, CONTROL), (rule.cancelled, CANCELLED),
    )  # fmt: skip


def actions_of_lead(
    connection: Connection, lead_id: str, person_id: str, most: int = 20
) -> tuple[ActionOfLead, ...]:
    """What automations did for a lead or will do, newest first.

    Without what was held back or left alone: whoever works the lead must not know whom a rule
    leaves alone to be measured.
    """
    own = [outbox.c.lead_id == lead_id] if lead_id else []
    own += [outbox.c.person_id == person_id] if person_id else []
    shown = outbox.c.state.in_((*UNDONE, SENT, FAILED, CANCELLED))
    query = select(outbox).where(or_(*own), shown).order_by(outbox.c.id.desc()).limit(most)
    found = []
    for row in connection.execute(query).mappings():
        at = row["done_at"] or row["due_at"]
        words = KINDS.get(row["kind"], row["kind"])
        found.append(
            ActionOfLead(
                row["id"], to_datetime(at), row["rule"], row["kind"], words,
                _about(row["content"]), state_words(row["state"]),
            )
        )  # fmt: skip
    return tuple(found)


def _about(content: str) -> str:
    found = orjson.loads(content)
    return str(found.get("subject") or found.get("audience") or "")


def _facts(
    connection: Connection, rules: Sequence[RuleInUse], problems: Problems
) -> list[AutomationFacts]:
    counts, fired = counts_of_rules(connection), last_fired(connection)
    versions = {row["name"]: row for row in newest_rules(connection)}
    switches = rule_switches(connection)
    found = []
    for rule in rules:
        name = rule.automation.name
        own, version = counts.get(name, {}), versions.get(name) if rule.version else None
        at = fired.get(name)
        found.append(
            AutomationFacts(
                name, rule.origin, rule.is_on, rule.version, automation_sentence(rule.automation),
                rule.said, None if at is None else to_datetime(at),
                sum(own.get(state, 0) for state in UNDONE), own.get(SENT, 0), own.get(FAILED, 0),
                own.get(CANCELLED, 0), own.get(SUPPRESSED, 0), own.get(CONTROL, 0),
                _reasons(connection, name),
                None if version is None else to_datetime(version["made_at"]),
                "umbrella.toml" if version is None else version["made_by"],
                switches.get(name, {}).get("set_by", ""), tuple(problems.get(name, ())),
            )
        )  # fmt: skip
    return found


def _reasons(connection: Connection, rule: str) -> tuple[ReasonCount, ...]:
    number = func.count()
    own = (
        outbox.c.rule == rule,
        outbox.c.state.in_((SUPPRESSED, FAILED, PLANNED)),
        outbox.c.reason != "",
    )
    query = select(outbox.c.reason, number).where(*own).group_by(outbox.c.reason)
    rows = connection.execute(query.order_by(number.desc(), outbox.c.reason).limit(TOP_REASONS))
    return tuple(ReasonCount(reason, int(count)) for reason, count in rows)


def _job(row: Mapping[str, Any]) -> JobFacts:
    ended = row["ended_at"]
    return JobFacts(
        row["kind"], to_datetime(row["due_at"]), row["state"],
        None if ended is None else to_datetime(ended), row["message"],
    )  # fmt: skip


def _versions(rows: Sequence[Mapping[str, Any]]) -> list[VersionFacts]:
    """Newest first, each with what it changed of the one before."""
    found = []
    for number, row in enumerate(rows):
        before = rows[number + 1] if number + 1 < len(rows) else None
        changes = () if before is None else difference(before["content"], row["content"])
        if before is not None and before["is_removed"]:
            changes = ("made again", *changes)
        found.append(
            VersionFacts(
                row["version"], to_datetime(row["made_at"]), row["made_by"], row["origin"],
                bool(row["is_removed"]), changes,
            )
        )  # fmt: skip
    return found
