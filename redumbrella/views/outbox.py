"""The outbox as a list: every action of an automation, when, for whom, and what came of it.

Not for those who see only their own leads: it names whom a rule leaves alone to be measured, and
whoever works these leads must not know.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from redumbrella.clock import to_datetime
from redumbrella.errors import NotFoundError
from redumbrella.figures import counted, moment
from redumbrella.state.outbox import STATES, action_of_number, outbox, waiting_for_people
from redumbrella.views.kinds import COUNT, INSTANT, TEXT, Row
from redumbrella.views.table import Column, NamedOrder, View

# The one table of words for what actions are, and one for how they stand: filters, rows, counts,
# commands and the reference all speak so; addresses and JSON have the short names.
KINDS = {
    "mail": "e-mail",
    "webhook": "webhook",
    "task": "task",
    "owner": "new owner",
    "audience": "audience",
    "write_back": "written back",
}
STATE_WORDS = {
    "planned": "waiting",
    "claimed": "begins",
    "sending": "is being sent",
    "sent": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "suppressed": "held back",
    "control": "left alone",
}
LEAVE = ("mail", "webhook", "write_back")  # kinds that leave this machine
_MOST = 2**31  # as large as the database counts


def state_words(state: str) -> str:
    """A state in words; itself for one that a newer version has."""
    return STATE_WORDS.get(state, state)


def outcome_words(row: Row) -> str:
    """What became of an action in words: "held back: wants no contact"."""
    words = state_words(row["state"])
    reason = state_reason(row)
    return f"{words}: {reason}" if reason else words


def state_reason(row: Row) -> str:
    """Why it is in its state, without saying the state again."""
    words = state_words(row["state"])
    return str(row["reason"]).removeprefix(f"{words}, ")


@dataclass(frozen=True)
class DeliveryFault:
    """What keeps actions from leaving until somebody mends it: what is wrong and what to do, of
    which kind of action, how many wait, and when they are tried again by themselves."""

    kind: str
    message: str
    actions: int
    again_at: datetime

    def said(self, timezone: str) -> str:
        """The same as a sentence."""
        words, wait = KINDS.get(self.kind, self.kind), "waits" if self.actions == 1 else "wait"
        return (
            f"{self.message} Until then {counted(self.actions, 'action')} ({words}) {wait}; the "
            f"next try is at {moment(self.again_at, timezone)}."
        )


def delivery_faults(connection: Connection) -> tuple[DeliveryFault, ...]:
    """What keeps actions from leaving until somebody mends it."""
    return tuple(
        DeliveryFault(row["kind"], row["reason"], row["actions"], to_datetime(row["again_at"]))
        for row in waiting_for_people(connection)
    )


def action_to_change(connection: Connection, number: int) -> dict[str, Any]:
    """One action. Raises NotFoundError for an unknown number."""
    row = action_of_number(connection, number) if 0 < number < _MOST else None
    if row is None:
        message = f"There is no action no. {number}. The outbox shows them: `umbrella outbox`."
        raise NotFoundError(message, reason="unknown_action")
    return row


OUTBOX = View(
    name="outbox",
    title="Outbox",
    noun=("action", "actions"),
    table=outbox,
    key=("id",),
    columns=(
        Column("id", "No.", COUNT, help="Of the action, by which it can be cancelled."),
        Column("planned_at", "Planned", INSTANT, sort="planned_at", sorted_by="id", falling=True,
               help="When it was planned."),
        Column("label", "Who", TEXT, cell="acted_on", help="Name of the lead, else its id."),
        Column("lead_id", "Lead", TEXT, help="Id of the lead; empty for a person without one."),
        Column("person_id", "Person", TEXT, secondary=True, help="Id of the person."),
        Column("product_id", "About", TEXT, optional=True, secondary=True,
               help="What it is about, by id."),
        Column("rule", "Rule", TEXT, sort="rule", filter="rule", cell="rule",
               help="Name of the automation."),
        Column("version", "Version", COUNT, help="Of the rule, when it was planned."),
        Column("kind", "What", TEXT, filter="kind", choices=tuple(KINDS), words=KINDS,
               help="What is done."),
        Column("why", "Why", TEXT, help="What fired, in words."),
        Column("state", "State", TEXT, sort="state", filter="state", choices=STATES,
               words=STATE_WORDS, cell="action_state", help="How it stands."),
        Column("reason", "Reason", TEXT, optional=True, help="Why it is in this state."),
        Column("outcome", "What came of it", TEXT, value=outcome_words, in_list=False,
               in_export=False),
        Column("fired_at", "Fired", INSTANT, secondary=True,
               help="When what fired came about."),
        Column("due_at", "Due", INSTANT, sort="due_at", falling=True,
               help="When it leaves, or was to leave."),
        Column("done_at", "Ended", INSTANT, help="When it was done, or given up."),
        Column("tries", "Tries", COUNT, secondary=True, help="How often it was tried."),
        Column("rep_id", "Rep", TEXT, filter="rep", optional=True, secondary=True,
               help="Who owned the lead when it was planned."),
    ),
    order="-planned_at",
    shown=("planned_at", "label", "rule", "kind", "why", "state", "due_at", "tries"),
    terminal=("id", "planned_at", "label", "lead_id", "rule", "kind", "outcome", "due_at", "tries"),
    nothing=lambda _workspace, _target: (
        "No automation has planned anything yet. Switch one on: `umbrella automations on NAME`; "
        "the worker, `umbrella work`, looks and sends."
    ),
    orders=(
        NamedOrder("-planned_at", "newest first"), NamedOrder("planned_at", "oldest first"),
        NamedOrder("due_at", "due first"),
    ),
    search="search",
    search_words="a lead's name or id",
    owner="rep_id",
    best="planned_at",
    template="outbox.html",
)  # fmt: skip
