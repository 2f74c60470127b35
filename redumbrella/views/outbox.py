"""The outbox as a list: every action of an automation, when, for whom, and what came of it.

Not for those who see only their own leads: it names whom a rule leaves alone to be measured, and
whoever works these leads must not know.
"""

from redumbrella.settings.automations import ACTIONS
from redumbrella.state.outbox import STATES, outbox
from redumbrella.views.kinds import COUNT, INSTANT, TEXT, Row
from redumbrella.views.table import Column, NamedOrder, View

KINDS = {
    "mail": "e-mail",
    "webhook": "webhook",
    "task": "task",
    "owner": "new owner",
    "audience": "audience",
    "write_back": "written back",
}
STATE_WORDS = {
    "planned": "waits",
    "claimed": "begins",
    "sending": "is being sent",
    "sent": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "suppressed": "held back",
    "control": "left alone",
}


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
        Column("kind", "What", TEXT, filter="kind", choices=tuple(ACTIONS), cell="action_kind",
               help="; ".join(f"{name}: {words}" for name, words in ACTIONS.items()) + "."),
        Column("why", "Why", TEXT, help="What fired, in words."),
        Column("state", "State", TEXT, sort="state", filter="state", choices=STATES,
               cell="action_state", help="; ".join(
                   f"{name}: {words}" for name, words in STATE_WORDS.items()) + "."),
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
