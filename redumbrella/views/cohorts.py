# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""How leads with such a score did before: conversion by score band, grade and month of creation.

Every lead counts once, with the first score that was kept of it, and only once it is old enough:
so many days after that score as SETTLED of all won leads took from creation to close. One that is
still open by then counts as not won. Younger ones are left out even where they are decided: of
these only the fast are, so their share would tell how fast, not how many. Intervals are Wilson's
(1927, Journal of the American Statistical Association 22:209-212), of 90 %.

While fewer than LEAST such leads are known, the leads on which the model in use was tested, which
it had not seen, answer instead, and the list says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    String,
    Subquery,
    cast,
    false,
    select,
    union_all,
)
from sqlalchemy import literal as value_of
from typing_extensions import TypedDict

from redumbrella.clock import to_datetime
from redumbrella.columns import TABLES
from redumbrella.figures import TO, counted
from redumbrella.lake.quoting import literal, quoted
from redumbrella.lake.versions import current_records
from redumbrella.reports.changes import date_of
from redumbrella.settings.settings import Settings
from redumbrella.settings.targets import Target
from redumbrella.state.history import scored_days
from redumbrella.state.models import current_model, models
from redumbrella.views.kinds import COUNT, FLAG, SHARE, TEXT
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.views.trust import Trust, trust_in_list
from redumbrella.workspace import Workspace

LEAST = 30  # settled leads from which on kept scores answer
SETTLED = 0.9
USUAL_DAYS = 30.0  # where it is not known how long deciding takes
BANDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # narrow where most scores are
GROUPINGS = {
    "band": "Score band",
    "grade": "Grade",
    "month": "Month of creation",
    "band_month": "Score band, by month",
}
Basis = Literal["kept scores", "test of the model", "nothing"]
_TYPES = {
    "place": Integer, "name": String, "month": String, "leads": Integer, "won": Integer,
    "expected": Float, "conversion": Float, "low": Float, "high": Float,
}  # fmt: skip


class AroundCohorts(TypedDict):
    """What the list says besides its rows.

    trust: whether today's scores may be relied on. basis: kept scores, test of the model, or
    nothing. said: what the rows are of, and what is not known yet.
    """

    trust: Trust
    basis: Basis
    said: tuple[str, ...]


@dataclass(frozen=True)
class _Known:
    """The groups of a target, what they rest on, and what is said of them."""

    rows: Sequence[dict[str, Any]]
    basis: Basis
    said: tuple[str, ...]


def _known(workspace: Workspace, connection: Connection, query: Query) -> _Known:
    target = workspace.settings.target(query.target)
    if target.from_ is None:
        return _tested(connection, target, "Kept scores answer for targets of leads only.")
    days = scored_days(connection, target.name)
    if not days:
        return _tested(connection, target, "No score is kept yet: `umbrella run` keeps them.")
    wait = _days_to_settle(workspace)
    last = max(days, key=lambda day: day["number"])
    counts = f"A lead counts {counted(round(wait), 'day')} after its first score, when "
    counts += f"{SETTLED:.0%} of those that are won have been."
    rows = _kept(workspace, target, days, last["as_of"], wait, query.by or "band")
    leads = sum(row["leads"] for row in rows)
    if leads >= LEAST:
        said = f"{counted(leads, 'lead')}, each with the first score that was kept of it. {counts}"
        return _Known(rows, "kept scores", (said,))
    ready = date_of(min(day["day"] for day in days)) + timedelta(days=round(wait))
    said = f"Kept scores do not tell yet: {counted(leads, 'lead')} counted, {LEAST} are needed. "
    said += f"{counts} The first leads are so far on {ready}."
    return _tested(connection, target, said)


def _days_to_settle(workspace: Workspace) -> float:
    """How many days SETTLED of the won leads took from creation to close."""
    lake = workspace.lake
    if not lake.exists("leads"):
        return USUAL_DAYS
    if not {"created_at", "closed_at"} <= set(lake.schema("leads").names):
        return USUAL_DAYS
    took = "epoch(l.closed_at - l.created_at) / 86400.0"
    found = lake.query(
        f"SELECT quantile_cont({took}, {SETTLED}) AS days FROM {lake.newest('leads')} l "
        "WHERE l.won AND l.closed_at >= l.created_at"
    )["days"][0].as_py()
    return USUAL_DAYS if found is None else max(1.0, float(found))


def _kept(
    workspace: Workspace,
    target: Target,
    days: Sequence[dict[str, Any]],
    as_of: int,
    wait: float,
    by: str,
) -> list[dict[str, Any]]:
    """The groups of the leads that are settled at an instant, from the snapshots of their days."""
    import duckdb

    # Brings Arrow along, for which no other page should wait.
    from redumbrella.scores.history import TABLE

    lake, snapshots = workspace.lake, workspace.snapshots
    if not lake.exists("leads") or not snapshots.exists(TABLE):
        return []
    # Of days that the state still knows only the scoring that it notes counts.
    noted = ", ".join(f"(DATE '{date_of(day['day'])}', {day['number']})" for day in days)
    oldest = date_of(min(day["day"] for day in days))
    last = to_datetime(as_of) - timedelta(days=wait)
    band = " ".join(f"WHEN f.probability < {high!r} THEN {n}" for n, high in enumerate(BANDS[1:-1]))
    created = "l.created_at" if "created_at" in lake.schema("leads").names else "NULL::TIMESTAMPTZ"
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = {literal(workspace.settings.timezone)}")
        with (
            lake.attached(connection, "leads") as leads,
            snapshots.attached(connection, TABLE) as scores,
        ):
            newest = current_records(TABLES["leads"], "*").replace(
                'FROM "leads"', f"FROM {quoted(leads)}"
            )
            found = connection.execute(
                "WITH firsts AS (SELECT s.lead_id, min(s.day) AS day, "
                "arg_min(s.probability, s.number) AS probability, "
                f"arg_min(s.grade, s.number) AS grade FROM {quoted(scores)} s "
                f"WHERE s.target = {literal(target.name)} AND (s.day < DATE '{oldest}' "
                f"OR (s.day, s.number) IN ({noted})) GROUP BY 1), "
                f"told AS (SELECT CASE {band} ELSE {len(BANDS) - 2} END AS band, f.grade, "
                f"coalesce(strftime({created}, '%Y-%m'), '') AS month, f.probability, "
                "coalesce(l.won, false) AS won "
                f"FROM firsts f JOIN ({newest}) l USING (lead_id) "
                f"WHERE f.day <= TIMESTAMPTZ {literal(last.isoformat())}::DATE) "
                f"SELECT {_grouped(by)}, count(*), count(*) FILTER (won), "
                "avg(probability)::DOUBLE FROM told GROUP BY ALL ORDER BY ALL"
            ).fetchall()
    return [
        _row(place, _named(by, name), month, n, won, expected)
        for place, (name, month, n, won, expected) in enumerate(found)
    ]


def _grouped(by: str) -> str:
    return {
        "band": "band, ''",
        "grade": "coalesce(grade, ''), ''",
        "month": "month, ''",
        "band_month": "band, month",
    }[by]


def _named(by: str, name: Any) -> str:
    if by not in ("band", "band_month"):
        return str(name)
    return band_words(int(name))


def band_words(band: int) -> str:
    """A band of scores: from 5 to 10 %."""
    low, high = (f"{100 * BANDS[band + n]:.0f}" for n in (0, 1))
    return f"{low}{TO}{high} %"


def _tested(connection: Connection, target: Target, said: str) -> _Known:
    """What the test of the model in use says of each band."""
    model = current_model(connection, target.name)
    points = [] if model is None else model["report"].get("calibration", [])
    bands: dict[int, list[float]] = {}
    for point in points:
        band = next(n for n, high in enumerate(BANDS[1:])
                    if point["mean_probability"] < high or n == len(BANDS) - 2)  # fmt: skip
        sums = bands.setdefault(band, [0.0, 0.0, 0.0])
        sums[0] += point["count"]
        sums[1] += point["observed"] * point["count"]
        sums[2] += point["mean_probability"] * point["count"]
    rows = [
        _row(band, band_words(band), "", round(n), round(won), expected / n)
        for band, (n, won, expected) in sorted(bands.items())
    ]
    if not rows:
        return _Known((), "nothing", (said, "The model was not tested on leads of its own yet."))
    leads = counted(sum(row["leads"] for row in rows), "lead")
    instead = f"Instead: the test of the model in use on {leads} that it had not seen, in tenths "
    instead += "of its order, each in the band of its mean score."
    return _Known(rows, "test of the model", (said, instead))


def _row(
    place: int, name: str, month: str, leads: int, won: int, expected: float
) -> dict[str, Any]:
    # Brings numbers along, for which no other page should wait.
    from redumbrella.evaluation.metrics import wilson

    low, high = wilson(won, leads)
    return {
        "place": place, "name": name, "month": month, "leads": leads, "won": won,
        "expected": expected, "conversion": won / leads, "low": low, "high": high,
    }  # fmt: skip


def _summed(workspace: Workspace, connection: Connection, _stored: View, query: Query) -> Subquery:
    rows = _known(workspace, connection, query).rows
    if not rows:
        return _selected(dict.fromkeys(_TYPES)).where(false()).subquery("cohorts")
    return union_all(*map(_selected, rows)).subquery("cohorts")


def _selected(row: Mapping[str, Any]) -> Select[Any]:
    """A row as a SELECT of constants."""
    columns: list[ColumnElement[Any]] = []
    for name, kind in _TYPES.items():
        value: ColumnElement[Any] = cast(value_of(row[name]), kind)
        columns.append(value.label(name))
    return select(*columns)


def _around(workspace: Workspace, connection: Connection, query: Query) -> AroundCohorts:
    known = _known(workspace, connection, query)
    return {
        "trust": trust_in_list(connection, query.target or ""),
        "basis": known.basis,
        "said": known.said,
    }


def _chosen(_connection: Connection, query: Query) -> Query:
    query = query if query.by else replace(query, by="band")
    return query.sorted_so("name")


def _nothing(_workspace: Workspace, target: str | None) -> str:
    which = f' for "{target}"' if target else ""
    return f"No model is trained{which} yet, so no lead has a score. Run `umbrella run` first."


def _target(settings: Settings, name: str | None) -> str:
    return settings.target(name).name


COHORTS = View(
    name="cohorts",
    title="Cohorts",
    noun=("group", "groups"),
    table=models,
    key=("place",),
    columns=(
        Column("name", "Score band", TEXT, sort="name", sorted_by="place", cell="cohort",
               help="The band of the first score, the grade, or the month of creation."),
        Column("month", "Month", TEXT, optional=True, help="Of creation, where both are asked."),
        Column("leads", "Leads", COUNT, sort="leads", falling=True,
               help="How many are old enough to be counted."),
        Column("won", "Won", COUNT, sort="won", falling=True, help="How many of them were won."),
        Column("expected", "Score then", SHARE, sort="expected", falling=True,
               help="The mean of what was said of them."),
        Column("conversion", "Conversion", SHARE, sort="conversion", falling=True,
               cell="conversion", help="The share that was won."),
        Column("low", "Low", SHARE, help="Lower end of the 90 % interval of that share."),
        Column("high", "High", SHARE, help="Upper end of that interval."),
        Column("as_said", "As said", FLAG, value=lambda row: row["low"] <= row["expected"]
               <= row["high"], help="Whether the mean score lies within that interval."),
    ),
    order="name",
    shown=("name", "month", "leads", "won", "expected", "conversion", "as_said"),
    terminal=("name", "month", "leads", "won", "expected", "conversion", "low", "high", "as_said"),
    nothing=_nothing,
    orders=(
        NamedOrder("name", "in order"),
        NamedOrder("-conversion", "highest conversion first"),
        NamedOrder("-leads", "most leads first"),
    ),
    target=_target,
    around=_around,
    around_type=AroundCohorts,
    address="/models/cohorts",
    bar=("high", "conversion"),
    of_model={"expected": "trust"},
    template="cohorts.html",
    chosen=_chosen,
    order_words="name",
    groupings=GROUPINGS,
    summed=_summed,
)  # fmt: skip
