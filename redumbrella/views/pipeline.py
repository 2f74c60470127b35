"""The pipeline: what the leads of a list will bring together, by stage, owner, month or product.

Each row sums leads of the list of scores; the filters of that list narrow what is summed.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Subquery, func, select
from typing_extensions import TypedDict

from redumbrella.settings.settings import Settings
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores, scoring_of
from redumbrella.views.kinds import COUNT, MONEY, TEXT, Row, decimals
from redumbrella.views.leads import LEADS, nothing_scored
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.views.totals import Total, level_deviation, sums, total, total_of
from redumbrella.views.trust import Trust, trust_in_list
from redumbrella.workspace import Workspace

# What sums can be grouped by: the heading, the column of scores, and the filter of leads.
GROUPINGS = {
    "stage": ("Stage", "stage", "stage"),
    "owner": ("Owner", "rep_id", "rep"),
    "month": ("Month", "month", "month"),
    "product": ("Product", "product_id", "product"),
}
MONTH_WORDS = {
    "planned": "A lead stands in the month of its planned close; overdue where that is past.",
    "expected": "A lead stands in the month by which half of the leads like it that are won have "
    "been won.",
    "created": "A lead stands in the month of its creation: nobody planned a close, and when leads "
    "convert is not known.",
}


class AroundPipeline(TypedDict):
    """What the pipeline says besides its rows.

    trust: whether the scores may be relied on. expected: of all leads that match. said: what the
    rows are of.
    """

    trust: Trust
    expected: Total
    said: tuple[str, ...]


def _summed(workspace: Workspace, connection: Connection, stored: View, query: Query) -> Subquery:
    own = stored.table.c
    version = select(own.model_version).where(own.target == query.target).limit(1)
    deviation = level_deviation(connection, connection.execute(version).scalar())
    # As an expression: else SQLite goes through the index of the column and looks up each wide row.
    name = func.nullif(own[GROUPINGS[query.by][1]], "")
    columns = sums(stored.table, deviation, workspace.settings.costs.margin)
    grouped = select(name.label("name"), *columns).where(*stored.conditions(query)).group_by(name)
    return grouped.subquery("sums")


def _chosen(connection: Connection, query: Query) -> Query:
    """By the first grouping that tells anything, largest first; months in their order."""
    if not query.by:
        query = replace(query, by=_first_known(connection, query.target or ""))
    if query.by == "month":
        return query.sorted_so("name")
    scoring = scoring_of(connection, query.target or "")
    by_value = scoring is not None and scoring["ranked_by"] == "value"
    return query.sorted_so("-expected_value" if by_value else "-expected_wins")


def _first_known(connection: Connection, target: str) -> str:
    own = list_in_use(connection, scores, target).c
    for name, (_, column, _) in GROUPINGS.items():
        known = select(own[column]).where(own.target == target, own[column] > "").limit(1)
        if connection.execute(known).first() is not None:
            return name
    return "stage"


def _around(workspace: Workspace, connection: Connection, query: Query) -> AroundPipeline:
    target = query.target or ""
    used = list_in_use(connection, scores, target)
    conditions = replace(LEADS, table=used).conditions(query)
    scoring = scoring_of(connection, target)
    months = MONTH_WORDS.get(scoring["month_of"], "") if scoring is not None else ""
    return {
        "trust": trust_in_list(connection, target),
        "expected": total(workspace, connection, used, target, conditions),
        "said": (months,) if months and query.by == "month" else (),
    }


def _figure(part: str, end: str) -> Any:
    def read(row: Row) -> float | None:
        expected = getattr(total_of(row), part)
        return None if expected is None else float(getattr(expected, end))

    return read


def _target(settings: Settings, name: str | None) -> str:
    return settings.target(name).name


_OF_MODEL = (
    *("expected_wins", "wins_low", "wins_high"),
    *("expected_value", "value_low", "value_high"),
)

PIPELINE = View(
    name="pipeline",
    title="Pipeline",
    noun=("group", "groups"),
    table=scores,
    key=("name",),
    columns=(
        Column("name", "Group", TEXT, sort="name", cell="group", help="Empty: not known."),
        Column("leads", "Leads", COUNT, sort="leads", falling=True, help="How many leads."),
        Column(
            "expected_wins",
            "Expected wins",
            decimals(1),
            value=_figure("wins", "value"),
            sort="expected_wins",
            sorted_by="wins",
            falling=True,
            cell="expected_wins",
            help="How many of them are expected to come true: the sum of their probabilities.",
        ),
        Column(
            "wins_low",
            "Wins, low",
            decimals(1),
            value=_figure("wins", "low"),
            help="Lower end of the 90 % interval of that number.",
        ),
        Column(
            "wins_high",
            "Wins, high",
            decimals(1),
            value=_figure("wins", "high"),
            help="Upper end of that interval.",
        ),
        Column(
            "expected_value",
            "Expected value",
            MONEY,
            value=_figure("value", "value"),
            sort="expected_value",
            sorted_by="value",
            falling=True,
            optional=True,
            cell="expected_value",
            help="The sum of the expected values. Empty: no amount is known.",
        ),
        Column(
            "value_low",
            "Value, low",
            MONEY,
            value=_figure("value", "low"),
            help="Lower end of the 90 % interval of that sum.",
        ),
        Column(
            "value_high",
            "Value, high",
            MONEY,
            value=_figure("value", "high"),
            help="Upper end of that interval.",
        ),
        Column(
            "valued",
            "Valued",
            COUNT,
            help="Leads whose amount is known; the others are not in the sum of values.",
        ),
    ),
    order="-expected_wins",
    shown=("name", "leads", "expected_wins", "expected_value"),
    terminal=("name", "leads", "expected_wins", "wins_low", "wins_high",
              "expected_value", "value_low", "value_high"),
    nothing=nothing_scored,
    orders=(
        NamedOrder("-expected_value", "highest expected value first"),
        NamedOrder("-expected_wins", "most expected wins first"),
        NamedOrder("-leads", "most leads first"),
        NamedOrder("name", "by name"),
    ),
    search=LEADS.search,
    search_words=LEADS.search_words,
    least=LEADS.least,
    target=_target,
    around=_around,
    around_type=AroundPipeline,
    template="pipeline.html",
    is_in_menu=lambda workspace: any(t.from_ is not None for t in workspace.settings.targets),
    chosen=_chosen,
    order_words="-expected_value where amounts are known, else -expected_wins; months in order",
    of_model=dict.fromkeys(_OF_MODEL, "trust"),
    of=LEADS,
    groupings={name: heading for name, (heading, _, _) in GROUPINGS.items()},
    summed=_summed,
)  # fmt: skip
