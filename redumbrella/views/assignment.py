"""Who takes what of today's list: one row a rep, with the time that is used and left."""

from sqlalchemy import Connection, func, select
from typing_extensions import TypedDict

from redumbrella.figures import counted
from redumbrella.reports.changes import date_of
from redumbrella.settings.settings import Settings
from redumbrella.state.lists import list_in_use
from redumbrella.state.work import list_reps, worklist, worklist_of
from redumbrella.views.kinds import COUNT, MONEY, TEXT, decimals
from redumbrella.views.table import Column, Query, View
from redumbrella.views.today import nothing_on_the_list
from redumbrella.workspace import Workspace


class AroundAssignment(TypedDict):
    """day: of the list. said: what has to be known of it. nobody: lines without a rep, by why."""

    day: str
    said: tuple[str, ...]
    nobody: dict[str, int]


def _nothing(workspace: Workspace, target: str | None) -> str:
    asked = workspace.settings.target(target)
    with workspace.state.reading() as connection:
        made = worklist_of(connection, asked.name)
    if made is None:
        return nothing_on_the_list(workspace, target)
    return (
        "There are no reps. Add [tables.reps] with rep_id and minutes_per_day or capacity_per_day "
        "to umbrella.toml, run `umbrella run`, then `umbrella assign --new`."
    )


def _around(_: Workspace, connection: Connection, query: Query) -> AroundAssignment:
    target = query.target or ""
    made = worklist_of(connection, target)
    if made is None:
        return {"day": "", "said": (), "nobody": {}}
    used = list_in_use(connection, worklist, target)
    none = select(used.c.assigned, func.count()).where(
        used.c.target == target, used.c.rep_id == "", used.c.assigned != ""
    ).group_by(used.c.assigned).order_by(func.count().desc(), used.c.assigned)  # fmt: skip
    nobody = {why: int(count) for why, count in connection.execute(none)}
    said = [
        f"Today's list of {date_of(made['day'])}, dealt so that all reps together bring the most. "
        "Lines of one rep: `umbrella today --rep ID`."
    ]
    said += [f"{counted(count, 'lead')}: {why}." for why, count in nobody.items()]
    return {"day": str(date_of(made["day"])), "said": tuple(said), "nobody": nobody}


def _target(settings: Settings, name: str | None) -> str:
    return settings.target(name).name


ASSIGNMENT = View(
    name="assignment",
    title="Assignment",
    noun=("rep", "reps"),
    table=list_reps,
    key=("rep_id",),
    columns=(
        Column("rep_id", "Rep", TEXT, sort="rep", help="Id of the rep."),
        Column("name", "Name", TEXT, sort="name", help="Name of the rep, else its id."),
        Column("lines", "Leads", COUNT, sort="lines", falling=True,
               help="Leads of today's list that the rep takes."),
        Column("places", "Room for", COUNT, sort="places", falling=True,
               help="Leads of a day; by minutes, so many that 19 days in 20 are filled."),
        Column("minutes_used", "Minutes planned", decimals(0), sort="used", falling=True,
               optional=True, help="Of these leads, each as long as a contact is on average."),
        Column("minutes_free", "Minutes free", decimals(0), sort="free", falling=True,
               optional=True, help="What is left of the rep's minutes a day, if anything."),
        Column("owners_kept", "Own leads", COUNT, sort="own", falling=True, secondary=True,
               help="Those that the rep owned before."),
        Column("expected_value", "Expected value", MONEY, sort="expected_value", falling=True,
               optional=True, help="Of all leads that the rep takes."),
    ),
    order="name",
    shown=("name", "lines", "places", "minutes_used", "minutes_free", "owners_kept",
           "expected_value"),
    terminal=("rep_id", "name", "lines", "places", "minutes_used", "minutes_free",
              "expected_value"),
    nothing=_nothing,
    search="search",
    search_words="a rep's name or id",
    target=_target,
    around=_around,
    around_type=AroundAssignment,
    template="assignment.html",
)  # fmt: skip
