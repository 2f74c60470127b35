"""Tasks as a list: what automations left for reps to do and is not done."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime
from redumbrella.reports.changes import date_of
from redumbrella.state.outreach import open_tasks, tasks
from redumbrella.views.kinds import COUNT, DAY, INSTANT, TEXT, Row
from redumbrella.views.table import Column, NamedOrder, View

MOST_SHOWN = 50


@dataclass(frozen=True)
class OpenTask:
    """One task that is not done: of which lead, what is to do, why, and since when."""

    id: int
    lead_id: str
    label: str
    rep_id: str
    text: str
    why: str
    rule: str
    due: date
    made_at: datetime


def open_tasks_of(
    connection: Connection, reps: tuple[str, ...] | None, lead_id: str = ""
) -> tuple[OpenTask, ...]:
    """The open tasks of these reps, "" for those of nobody, the oldest first; None: of all.

    lead_id: of this lead alone.
    """
    rows = open_tasks(connection, reps, lead_id, MOST_SHOWN)
    return tuple(
        OpenTask(
            row["id"], row["lead_id"], row["label"], row["rep_id"], row["text"], row["why"],
            row["rule"], date_of(row["due_day"]), to_datetime(row["made_at"]),
        )
        for row in rows
    )  # fmt: skip


def _due(row: Row) -> datetime:
    return datetime.fromtimestamp(row["due_day"] * (MICROSECONDS_PER_DAY // 10**6), UTC)


TASKS = View(
    name="tasks",
    title="Tasks",
    noun=("task", "tasks"),
    table=tasks,
    key=("id",),
    columns=(
        Column("id", "No.", COUNT, help="Of the task, by which it can be marked as done."),
        Column("due_day", "Due", DAY, value=_due, sort="due",
               help="Day on which it is to be done."),
        Column("label", "Lead", TEXT, cell="acted_on", help="Name of the lead, else its id."),
        Column("lead_id", "Lead id", TEXT, help="Id of the lead; empty for a person without one."),
        Column("person_id", "Person", TEXT, help="Id of the person."),
        Column("text", "What to do", TEXT, cell="task_text", help="As the rule says it."),
        Column("why", "Why", TEXT, help="What fired, in words."),
        Column("rule", "Rule", TEXT, sort="rule", filter="rule", secondary=True,
               help="Name of the automation that made it."),
        Column("made_at", "Made", INSTANT, secondary=True, help="When it was made."),
        Column("rep_id", "Rep", TEXT, sort="rep", filter="rep", optional=True,
               help="Whose task it is. Empty: nobody's, so that everybody may do it."),
    ),
    order="due",
    shown=("due_day", "label", "text", "why", "rule", "rep_id"),
    terminal=("id", "due_day", "label", "lead_id", "text", "why", "rep_id"),
    nothing=lambda _workspace, _target: (
        "No task is open. Automations whose action is a task make them, and an outcome that is "
        "logged for the lead ends them."
    ),
    is_well_empty=True,
    orders=(NamedOrder("due", "oldest first"), NamedOrder("-due", "newest first")),
    search="search",
    search_words="a lead's name or id",
    owner="rep_id",
    always=lambda view: view.column("done_at").is_(None),
    template="tasks.html",
)  # fmt: skip
