"""The list of leads whose score moved since a day, most first, and what most of the move came with.

What is written of a lead is summed from its steps (`state.history`); so a move is told to within
`scores.history.STEP`, and only leads that are still open are listed.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, select
from typing_extensions import TypedDict

from redumbrella.figures import percentage_points
from redumbrella.reports.changes import CAUSES, date_of, day_of
from redumbrella.settings.settings import Settings
from redumbrella.state.history import score_changes, scored_days
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores
from redumbrella.views.kinds import SHARE, TEXT, CellType, Row
from redumbrella.views.leads import LEADS, nothing_scored
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.views.trust import Trust, trust_in_list
from redumbrella.workspace import Workspace

LEAST = 0.1
POINTS = CellType(
    "points", lambda value, _: percentage_points(value), float, "float64", 0.12, is_number=True
)


class AroundChanges(TypedDict):
    """What the list says besides its rows.

    trust: whether the scores may be relied on. since, until: the days that are compared; None
    where fewer than two were scored. said: what the rows are of.
    """

    trust: Trust
    since: date | None
    until: date | None
    said: tuple[str, ...]


def compared_days(connection: Connection, target: str, since: str) -> tuple[int, int] | None:
    """The scored days that a look back to a date compares; None where there are none.

    since: ISO date, or empty for the last day but one. The first is the last day that was scored
    by that date, the first of all where that is later; days after the list in use do not count.
    """
    days = [day["day"] for day in shown_days(connection, target)]
    if len(days) < 2:
        return None
    if not since:
        return days[-2], days[-1]
    asked = day_of(date.fromisoformat(since))
    earlier = [day for day in days[:-1] if day <= asked]
    return (earlier or days)[0 if not earlier else -1], days[-1]


def shown_days(connection: Connection, target: str) -> list[dict[str, Any]]:
    """The scored days of a target up to the one that was written last: a clock may have been
    ahead for a while."""
    days = scored_days(connection, target)
    last = max(days, key=lambda day: day["number"], default=None)
    return [] if last is None else [day for day in days if day["day"] <= last["day"]]


def moved_leads(target: str, since: int, until: int, least: float) -> Select[Any]:
    """Leads whose written score moved by at least so much after a day, with the sum by cause."""
    own = score_changes.c
    net = {
        cause: func.sum(case((own.cause == cause, own.change), else_=0.0)).label(cause)
        for cause in CAUSES
        if cause != "new"
    }
    moved = func.sum(own.change)
    return (
        select(own.lead_id, own.product_id, moved.label("moved"), func.min(own.day).label("first"),
               *net.values())
        .where(own.target == target, own.day > since, own.day <= until)
        .group_by(own.lead_id, own.product_id)
        .having(func.abs(moved) >= max(least, 1e-12))
    )  # fmt: skip


def _summed(_workspace: Workspace, connection: Connection, _stored: View, query: Query) -> Subquery:
    target = query.target or ""
    days = compared_days(connection, target, query.filters.get("since", ""))
    since, until = days or (0, -1)
    least = float(query.filters.get("least", LEAST))
    found = moved_leads(target, since, until, least).subquery("moved_leads")
    used, own, first = (
        list_in_use(connection, scores, target),
        found.c,
        score_changes.alias("first"),
    )
    same = (first.c.target == target) & (first.c.day == own.first)
    same &= (first.c.lead_id == own.lead_id) & (first.c.product_id == own.product_id)
    listed = (used.c.target == target) & (used.c.lead_id == own.lead_id)
    listed &= used.c.product_id == own.product_id
    before = (first.c.probability - func.coalesce(first.c.change, 0.0)).label("before")
    cause = _largest_cause(own).label("cause")
    rows = select(
        used.c.target, own.lead_id, own.product_id, used.c.person_id, used.c.label, before,
        (before.element + own.moved).label("probability"), own.moved,
        func.abs(own.moved).label("size"), cause, used.c.grade, used.c.rep_id, used.c.source,
    ).join_from(found, first, same).join(used, listed)  # fmt: skip
    conditions = [
        column == query.filters[name]
        for name, column in (("cause", cause.element), ("grade", used.c.grade))
        if name in query.filters
    ]  # fmt: skip
    return rows.where(*conditions, *LEADS.seen_by(used, query.owners)).subquery("changes")


def _largest_cause(own: Any) -> ColumnElement[str]:
    """The cause with which most of a move came; the first of equals."""
    names = [cause for cause in CAUSES if cause != "new"]
    size = {name: func.abs(own[name]) for name in names}
    whens = []
    for name in names[:-1]:
        is_largest = [size[name] >= size[other] for other in names if other != name]
        condition = is_largest[0]
        for one in is_largest[1:]:
            condition &= one
        whens.append((condition, name))
    found: ColumnElement[str] = case(*whens, else_=names[-1])
    return found


def _around(_workspace: Workspace, connection: Connection, query: Query) -> AroundChanges:
    target = query.target or ""
    days = compared_days(connection, target, query.filters.get("since", ""))
    since, until = (None, None) if days is None else map(date_of, days)
    said = ["Nothing can be compared yet: only one day was scored."] if days is None else []
    if since is not None:
        said.append(
            f"Scores of {until} against those of {since}. What most of a move came with is a first "
            "answer; the exact parts of one lead: its page, or `umbrella explain ID --since "
            f"{since}`."
        )
    asked = query.filters.get("since", "")
    if since is not None and asked and since > date.fromisoformat(asked):
        said.append(f"Nothing is kept of {asked}: the first day that is known is {since}.")
    return {
        "trust": trust_in_list(connection, target),
        "since": since,
        "until": until,
        "said": tuple(said),
    }


def _nothing(workspace: Workspace, target: str | None) -> str:
    asked = workspace.settings.target(target)
    with workspace.state.reading() as connection:
        is_scored = bool(scored_days(connection, asked.name))
    if not is_scored:
        return nothing_scored(workspace, target)
    return "No score is kept yet. Run `umbrella run` on two days, then see what changed."


def _target(settings: Settings, name: str | None) -> str:
    return settings.target(name).name


def _name(row: Row) -> str:
    return str(row["label"] or row["lead_id"])


_OF_MODEL = ("before", "probability", "moved", "grade")

CHANGES = View(
    name="changes",
    title="What changed",
    noun=("lead", "leads that moved"),
    table=score_changes,
    key=("lead_id", "product_id"),
    owner="rep_id",
    columns=(
        Column("lead_id", "Id", TEXT, help="Id of the lead."),
        Column("product_id", "Product", TEXT, optional=True, cell="product",
               help="Empty where the target has no model per product."),
        Column("target", "Target", TEXT, help="Name of the target."),
        Column("label", "Lead", TEXT, value=_name, sort="lead", cell="moved_lead",
               help="Name of the lead as people know it, else its id."),
        Column("before", "Before", SHARE, sort="before", falling=True, secondary=True,
               help="The probability on the earlier day; of a lead that came later, its first."),
        Column("probability", "Now", SHARE, sort="probability", falling=True,
               help="The probability as it was written last, within 0.005 of that on the list."),
        Column("moved", "Moved", POINTS, sort="moved", sorted_by="size", falling=True,
               help="By how much it moved, up or down, sorted by size."),
        Column("cause", "With", TEXT, value=lambda row: row["cause"], sort="cause",
               filter="cause", choices=tuple(c for c in CAUSES if c != "new"), cell="cause",
               help="With what most of it came: did (something happened), record (it was "
               "corrected), model (a new one) or time."),
        Column("grade", "Grade", TEXT, sort="grade", filter="grade",
               choices=("A", "B", "C", "D"), cell="grade", help="Today's grade."),
        Column("rep_id", "Rep", TEXT, sort="rep", optional=True, secondary=True),
        Column("source", "Source", TEXT, optional=True, secondary=True),
    ),
    order="-moved",
    shown=("label", "product_id", "before", "probability", "moved", "cause", "grade", "rep_id"),
    terminal=("label", "product_id", "before", "probability", "moved", "cause", "grade", "rep_id"),
    nothing=_nothing,
    orders=(
        NamedOrder("-moved", "moved most first"),
        NamedOrder("-probability", "most probable first"),
        NamedOrder("lead", "by name"),
    ),
    least={"least": "moved"},
    since=True,
    target=_target,
    around=_around,
    around_type=AroundChanges,
    of_model=dict.fromkeys(_OF_MODEL, "trust"),
    template="changes.html",
    is_in_menu=lambda workspace: bool(workspace.settings.targets),
    summed=_summed,
)  # fmt: skip
