"""Today's list as it was made: whom to contact next, about what, why now, and what it is worth."""

from typing import Any

import orjson
from sqlalchemy import Connection
from typing_extensions import TypedDict

from redumbrella.clock import to_datetime
from redumbrella.figures import counted, moment
from redumbrella.reports.changes import date_of, day_in_zone
from redumbrella.settings.settings import Settings
from redumbrella.state.scores import scoring_of
from redumbrella.state.work import count_lines, worklist, worklist_of
from redumbrella.views.explanation import Reason
from redumbrella.views.kinds import COUNT, FLAG, MONEY, SHARE, TEXT, Row, decimals
from redumbrella.views.leads import REASON, nothing_scored
from redumbrella.views.logged import Logged, done_on_list
from redumbrella.views.table import Column, Query, View
from redumbrella.views.tasks import OpenTask, open_tasks_of
from redumbrella.views.trust import Trust, trust_in_list
from redumbrella.workspace import Workspace

_OF_MODEL = ("probability", "low", "high", "grade", "expected_value")


def is_due(workspace: Workspace, target_name: str | None, instant: int) -> bool:
    """Whether the list of a target is to be made: it has scores, and no list of that day.

    A list that was made later than now stays: the clock was set back.
    """
    target = workspace.settings.target(target_name)
    with workspace.state.reading() as connection:
        made = worklist_of(connection, target.name)
        scoring = scoring_of(connection, target.name)
    if scoring is None or made is None:
        return scoring is not None
    day = day_in_zone(instant, workspace.settings.timezone)
    return bool(made["day"] < day or (made["day"] > day and made["made_at"] <= instant))


class AroundToday(TypedDict):
    """What today's list says besides its rows.

    trust: whether the scores may be relied on. day: of the list. said: what has to be known of it.
    left_alone: how many leads may not be contacted, by why. done: what came of the lines that are
    done, by lead. lines: how many lines there are; of one rep, where the list is asked for those.
    tasks: that automations left and that are not done, of all reps or of that one.
    """

    trust: Trust
    day: str
    said: tuple[str, ...]
    left_alone: dict[str, int]
    done: dict[str, Logged]
    lines: int
    tasks: tuple[OpenTask, ...]


def nothing_on_the_list(workspace: Workspace, target: str | None) -> str:
    """Why nobody is on the list: nothing is scored, it was never made, or all are left alone."""
    asked = workspace.settings.target(target)
    with workspace.state.reading() as connection:
        made = worklist_of(connection, asked.name)
        scored = trust_in_list(connection, asked.name).verdict != "none"
    if not scored:
        return nothing_scored(workspace, target)
    if made is None:
        return f'There is no list for "{asked.name}" yet. Make it: `umbrella today`.'
    if not made["places"]:
        return (
            f"The list of {date_of(made['day'])} was made without any place: the capacity was 0. "
            "Make it anew with more: `umbrella today --new`."
        )
    alone = "; ".join(f"{count:,} {why}" for why, count in made["blocked"].items())
    return (
        f"Nobody is to be contacted on {date_of(made['day'])}"
        + (f": {alone}." if alone else ": no lead is open.")
        + " Rules of contact stand under [list] in umbrella.toml."
    )


def _around(workspace: Workspace, connection: Connection, query: Query) -> AroundToday:
    target = query.target or ""
    made = worklist_of(connection, target)
    trust = trust_in_list(connection, target)
    reps = (query.filters["rep"],) if "rep" in query.filters else query.owners
    tasks = open_tasks_of(connection, reps)
    if made is None:
        nothing: dict[str, Logged] = {}
        return {
            "trust": trust, "day": "", "said": (), "left_alone": {}, "done": nothing, "lines": 0,
            "tasks": tasks,
        }  # fmt: skip
    words = {
        "value": "by what a minute of work on it is expected to bring",
        "probability": "by its chance",
    }[made["ordered_by"]]
    when = moment(to_datetime(made["as_of"]), workspace.settings.timezone)
    said = [
        f"The list of {date_of(made['day'])}, made with what was known at {when}: "
        f"{counted(made['places'], 'place')} for {counted(made['candidates'], 'lead')}, each "
        f"{words}."
    ]
    if made["explore"] or made["control"]:
        said.append(
            f"{100 * made['explore']:.0f} % of the places, anywhere, try out leads that would else "
            "not be on it; the chance of each is on record, so that the list can be judged by it."
        )
    alone = "; ".join(f"{count:,} {why}" for why, count in made["blocked"].items())
    if alone:
        said.append(f"Left alone: {alone}.")
    done = done_on_list(connection, target, made["number"], reps)
    lines = count_lines(connection, target, reps)
    said.insert(0, f"{len(done):,} of {counted(lines, 'line')} done.")
    return {
        "trust": trust,
        "day": str(date_of(made["day"])),
        "said": (*said, *made["said"]),
        "left_alone": made["blocked"],
        "done": done,
        "lines": lines,
        "tasks": tasks,
    }


def _target(settings: Settings, name: str | None) -> str:
    return settings.target(name).name


def _reason(row: Row) -> Reason | None:
    found: dict[str, Any] | None = orjson.loads(row["reason"])
    return None if found is None else Reason(**found)


TODAY = View(
    name="today",
    title="Today",
    noun=("lead", "leads"),
    table=worklist,
    key=("lead_id",),
    columns=(
        Column("lead_id", "Id", TEXT, help="Id of the lead."),
        Column("place", "#", COUNT, sort="place", cell="place", help="Place on the list, from 1."),
        Column("target", "Target", TEXT, help="Name of the target."),
        Column("label", "Lead", TEXT, cell="line_lead", help="Name of the lead, else its id."),
        Column("product_id", "Product id", TEXT, help="What the lead is about, by id."),
        Column("product", "About", TEXT, optional=True, secondary=True,
               help="What the lead is about: the name of the product, else its id."),
        Column("why_now", "Why now", TEXT,
               help="What it did since the last contact, or that nobody contacted it yet."),
        Column("next_step", "Next step", TEXT, filter="step", cell="line_step",
               help="First contact, another try, or what follows from where it stands."),
        Column("probability", "Probability", SHARE, sort="probability", falling=True,
               cell="chance", help="That the target comes true: calibrated, 0 to 1."),
        Column("low", "Low", SHARE, help="Lower end of the 90 % interval of the probability."),
        Column("high", "High", SHARE, help="Upper end of that interval."),
        Column("grade", "Grade", TEXT, filter="grade", choices=("A", "B", "C", "D"), cell="grade",
               help="As on the list of leads."),
        Column("expected_value", "Expected value", MONEY, sort="expected_value", falling=True,
               optional=True, help="Margin of the lifetime value, less the cost of the work."),
        Column("minutes", "Minutes", decimals(0), sort="minutes", optional=True, secondary=True,
               help="Expected minutes of work until the lead is closed, at least one contact."),
        Column("top_reason", "Strongest reason", REASON, value=_reason, cell="reason",
               in_export=False),
        Column("is_trial", "Trying out", FLAG, comparing=True,
               help="Would not be on the list if nothing were tried out."),
        Column("chance", "Chance to be listed", SHARE,
               help="With which the lead was to be on this list; for weighing what was tried."),
        Column("rep_id", "Rep", TEXT, sort="rep", filter="rep", optional=True, cell="line_rep",
               help="Who takes the lead; without a table of reps who owns it. Empty: nobody."),
        Column("assigned", "Why this rep", TEXT, optional=True, secondary=True,
               help="What the rep knows and had free, and what became of the owner."),
        Column("second_best", "Second choice", TEXT, optional=True, secondary=True,
               help="Who else could take it, and what all reps together would then bring less."),
        Column("owner_id", "Owner", TEXT, sort="owner", filter="owner", optional=True,
               secondary=True, help="Who owned the lead when the list was made."),
        Column("person_id", "Person", TEXT, value=lambda row: row["person_id"] or row["lead_id"],
               help="Id of the person; that of the lead where none is recorded."),
    ),
    order="place",
    shown=(
        "place", "label", "next_step", "probability", "grade", "expected_value", "minutes",
        "top_reason", "rep_id",
    ),
    terminal=(
        "label", "lead_id", "product", "why_now", "next_step", "rep_id", "probability",
        "expected_value", "is_trial",
    ),
    nothing=nothing_on_the_list,
    search="search",
    search_words="a lead's name or id",
    target=_target,
    owner="rep_id",
    around=_around,
    around_type=AroundToday,
    bar=("high", "probability"),
    of_model=dict.fromkeys(_OF_MODEL, "trust"),
    template="today.html",
    is_in_menu=lambda workspace: bool(workspace.settings.targets),
)  # fmt: skip
