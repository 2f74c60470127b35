"""Trying a rule before it is switched on: whom it would have fired for, and what it would send.

Nothing is planned, sent or kept.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from redumbrella.clock import now, to_datetime, to_microseconds
from redumbrella.decisions.triggers import people_of_leads, reps_of_leads
from redumbrella.destinations.templates import MessageTemplate
from redumbrella.errors import DataError, NotFoundError
from redumbrella.figures import counted
from redumbrella.settings.automations import Automation
from redumbrella.state.outbox import CONTROL, PLANNED, SUPPRESSED
from redumbrella.state.scores import matching_scores
from redumbrella.views.outbox import outcome_words, state_words
from redumbrella.workflows.compose import values_of
from redumbrella.workflows.deliver import event_of
from redumbrella.workflows.find_firings import target_of
from redumbrella.workflows.fire_automations import DryLine, dry_run
from redumbrella.workspace import Workspace

MOST_LINES = 200
MOST_DAYS = 366


@dataclass(frozen=True)
class TriedLine:
    """One firing: for whom, why, when it came about and would have left, and what would have
    become of it, as a state of the outbox and in words."""

    lead_id: str
    person_id: str
    label: str
    why: str
    fired_at: datetime
    due_at: datetime
    state: str
    outcome: str


@dataclass(frozen=True)
class TriedRule:
    """What a rule would have done in the last days: how often it fired, how many of each state.

    told: that in a sentence. said: what has to be known of it. lines: the newest firings.
    """

    rule: str
    days: int
    fired: int
    counts: Mapping[str, int]
    told: str
    said: tuple[str, ...]
    lines: tuple[TriedLine, ...]


@dataclass(frozen=True)
class MessagePreview:
    """What would be sent for one person, with its own values.

    to: the address, "" where none is known. text: for a webhook and a write-back the JSON. html:
    None for none. problem: why it cannot be made, "" where it can.
    """

    lead_id: str
    label: str
    kind: str
    to: str
    subject: str
    text: str
    html: str | None
    problem: str


def try_automation(
    workspace: Workspace, rule: Automation, days: int = 30, until: int | None = None
) -> TriedRule:
    """What a rule would have fired for in the last days. Raises what keeps it from being looked
    for, such as DataError for an unknown field. until: see `dry_run`."""
    run = dry_run(workspace, rule, max(1, min(days, MOST_DAYS)), until)
    lines = [_line(line) for line in reversed(run.lines)]
    counts = Counter(line.state for line in run.lines)
    return TriedRule(
        run.rule, run.days, len(lines), dict(counts), _told(run.days, lines, counts), run.said,
        tuple(lines[:MOST_LINES]),
    )  # fmt: skip


def newest_of(tried: TriedRule, who: str = "") -> TriedLine | None:
    """The newest firing of a dry run, for a lead or person of this id alone; None for none."""
    own = (one for one in tried.lines if not who or who in (one.lead_id, one.person_id))
    return next(own, None)


def preview_message(
    workspace: Workspace, rule: Automation, lead_id: str, of: TriedLine | None = None
) -> MessagePreview:
    """What a rule would send for a lead, or a person of this id.

    of: the firing that it is shown for; None: as if it fired now. Raises NotFoundError for an
    unknown id.
    """
    why = "you look at a preview" if of is None else of.why
    fired_at = now() if of is None else to_microseconds(of.fired_at)
    row = row_of_lead(workspace, rule, lead_id) | {"why": why}
    values = values_of(workspace, [row])[0]
    action = rule.action
    to, problem, subject, text, html = "", "", "", "", None
    if action.kind == "mail":
        to = values["rep_email"] if action.to == "rep" else values["email"]
    try:
        if action.kind in ("mail", "task"):
            made = MessageTemplate(action.subject, action.text, action.html or None).render(values)
            subject, text, html = made.subject, made.text, made.html
        elif action.kind == "webhook":
            text = _json(event_of({**row, "rule": rule.name, "fired_at": fired_at}, values))
        elif action.kind == "write_back":
            path = MessageTemplate("", action.path or "").render(values).text
            written = {name: MessageTemplate("", source).render(values).text
                       for name, source in action.body.items()}  # fmt: skip
            text = f"{action.method} {path}\n{_json(written)}"
    except DataError as refusal:
        problem = refusal.message
    return MessagePreview(lead_id, row["label"], action.kind, to, subject, text, html, problem)


def _told(days: int, lines: list[TriedLine], counts: Mapping[str, int]) -> str:
    within = "the last day" if days == 1 else f"the last {days} days"
    if not lines:
        return f"It would not have fired in {within}."
    whom = len({line.person_id or line.lead_id for line in lines})
    told = f"It would have fired {counted(len(lines), 'time')} in {within}"
    told += f", for {counted(whom, 'person')}" if whom == 1 else f", for {whom:,} people"
    words = {PLANNED: "done", CONTROL: state_words(CONTROL), SUPPRESSED: state_words(SUPPRESSED)}
    parts = [f"{counts[state]:,} {said}" for state, said in words.items() if counts.get(state)]
    return f"{told}: {', '.join(parts)}."


def _line(line: DryLine) -> TriedLine:
    row = {"state": line.state, "reason": line.reason}
    words = "would have been done" if line.state == PLANNED else outcome_words(row)
    return TriedLine(
        line.lead_id, line.person_id, line.label, line.why, to_datetime(line.fired_at),
        to_datetime(line.due_at), line.state, words,
    )  # fmt: skip


def row_of_lead(workspace: Workspace, rule: Automation, lead_id: str) -> dict[str, Any]:
    """A lead, or a person, as the outbox would have it. Raises NotFoundError for an unknown id."""
    target = target_of(workspace.settings, rule.trigger)
    row = {"target": target, "lead_id": lead_id, "person_id": "", "product_id": "", "rep_id": "",
           "label": lead_id}  # fmt: skip
    rows = []
    if target:
        with workspace.state.reading() as connection:
            rows = matching_scores(connection, target, {}, {}, [lead_id])
    if rows:
        best = max(rows, key=lambda one: one["probability"])
        row |= {name: best[name] or "" for name in ("person_id", "product_id", "rep_id")}
        row["label"] = best["label"] or lead_id
        if workspace.settings.target(target).from_ is None:
            row |= {"person_id": lead_id, "lead_id": ""}
        row["person_id"] = row["person_id"] or lead_id
        return row
    known = people_of_leads(workspace.lake, [lead_id])
    if lead_id not in known:
        message = f'There is no lead "{lead_id}" to show the message for.'
        raise NotFoundError(message, reason="unknown_lead")
    rep = reps_of_leads(workspace.lake, [lead_id]).get(lead_id, "")
    return row | {"person_id": known[lead_id][0] or lead_id, "rep_id": rep}


def _json(document: Any) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str).decode()
