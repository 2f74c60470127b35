"""The list of scored leads (or people, where a target is about them)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, select
from typing_extensions import TypedDict

from redumbrella.clock import to_datetime
from redumbrella.errors import NotFoundError
from redumbrella.figures import interval
from redumbrella.reports.wording import REGIMES, age_of_newest, basis, held_out_words
from redumbrella.settings.settings import Settings
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores, scoring_of, scorings
from redumbrella.views.explanation import Reason, all_reasons, in_one_cell, strongest
from redumbrella.views.kinds import DAY, FLAG, INSTANT, MONEY, SHARE, TEXT, CellType, Row, decimals
from redumbrella.views.models import ModelFacts
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.views.totals import Total, total
from redumbrella.views.trust import Trust, scored_by, trust_in, trust_in_list
from redumbrella.workspace import Workspace

REASON = CellType(
    "reason",
    lambda value, _: _signed(value),
    Reason,
    "string",
    None,
)
REASONS = CellType(
    "reasons",
    lambda value, _: in_one_cell(value),
    list[Reason],
    "reasons",
    [],
    cell=in_one_cell,
)


class AroundLeads(TypedDict):
    """What the list of leads says besides its rows.

    trust: whether the scores may be relied on. model: that wrote the scores. said: what has to be
    known of the list as a whole: that its newest lead is old, or that it holds leads that are
    closed. expected: what the leads that match bring together.
    """

    trust: Trust
    model: ModelFacts | None
    said: tuple[str, ...]
    expected: Total


def nothing_scored(workspace: Workspace, target: str | None) -> str:
    """Why a target has no scores: it was never scored, or nobody was open when it was."""
    asked = workspace.settings.target(target)
    query = select(scorings.c.asked).where(scorings.c.target == asked.name)
    with workspace.state.reading() as connection:
        never = connection.execute(query).first() is None
    if never:
        return f'Nothing is scored for "{asked.name}" yet. Run `umbrella run` first.'
    if asked.from_ is None:
        return f'Nobody was to be scored for "{asked.name}". Add people, then run `umbrella run`.'
    return (
        f'No lead is open, so none is scored for "{asked.name}": one is open while its outcome is '
        "empty. Add open leads, then run `umbrella run`. To see a list now, hold out the newest "
        "closed ones: `umbrella run --hold-out 10%`."
    )


def require_scores(workspace: Workspace, target: str | None) -> NotFoundError:
    """The error that says why a target has no scores."""
    return NotFoundError(nothing_scored(workspace, target), reason="no_scores")


def _around(workspace: Workspace, connection: Connection, query: Query) -> AroundLeads:
    target = query.target or ""
    used = list_in_use(connection, scores, target)
    model = scored_by(connection, target)
    conditions = replace(LEADS, table=used).conditions(query)
    return {
        "trust": trust_in(model, target),
        "model": model,
        "said": tuple(w for w in _said(workspace, connection, used, model, target) if w),
        "expected": total(workspace, connection, used, target, conditions),
    }


def _said(
    workspace: Workspace,
    connection: Connection,
    used: Table,
    model: ModelFacts | None,
    target: str,
) -> Iterator[str]:
    """What has to be known of the list as a whole."""
    if model is not None and model.held_out:
        yield held_out_words(model.held_out)
    newest = select(func.max(used.c.created_at)).where(used.c.target == target)
    scoring, created = scoring_of(connection, target), connection.execute(newest).scalar()
    if scoring is None:
        return
    if created is not None:
        known = to_datetime(scoring["as_of"])
        yield age_of_newest(to_datetime(created), known, workspace.settings.timezone)
    graded = select(used.c.grade).where(used.c.target == target, used.c.grade.is_not(None))
    if scoring["ranked_by"] == "value" and connection.execute(graded.limit(1)).first() is None:
        yield (
            "No lead is graded: grades go by value, and no lead has one. Map amount, or write "
            'by = "probability" under [grades] in umbrella.toml, then run `umbrella run`.'
        )


def _in_own_order(connection: Connection, query: Query) -> Query:
    """By expected value where the list is ranked by it and values may be shown."""
    target = query.target or ""
    scoring = scoring_of(connection, target)
    by_value = scoring is not None and scoring["ranked_by"] == "value"
    by_value = by_value and trust_in_list(connection, target).shows_numbers
    return query.sorted_so("-expected_value" if by_value else LEADS.order)


def _target(settings: Settings, name: str | None) -> str:
    return settings.target(name).name


def _signed(reason: Reason | None) -> str:
    if reason is None:
        return "no reason stands out"
    return f"{'+' if reason.contribution >= 0 else '-'} {reason.text}"


def _name(row: Row) -> str:
    return str(row["label"] or row["lead_id"])


def _basis(row: Row) -> str:
    return basis(row["regime"], reliable=bool(row["reliable"]))


def _of_ltv(end: str) -> Any:
    return lambda row: (orjson.loads(row["details"]).get("ltv") or {}).get(end)


_OF_MODEL = (
    *("probability", "low", "high", "interval", "percentile", "grade"),
    *("ltv", "expected_value", "qualification"),
)

# The first sixteen that are exported are a contract with the outside, in this order.
LEADS = View(
    name="leads",
    title="Leads",
    noun=("lead", "leads"),
    table=scores,
    key=("lead_id", "product_id"),
    columns=(
        Column("lead_id", "Id", TEXT, help="Id of the lead."),
        Column(
            "person_id",
            "Person",
            TEXT,
            value=lambda row: row["person_id"] or row["lead_id"],
            help="Id of the person; that of the lead where none is recorded.",
        ),
        Column(
            "product_id",
            "Product",
            TEXT,
            value=lambda row: row["product_id"] or "",
            sort="product",
            filter="product",
            optional=True,
            cell="product",
            help="Empty where the target has no model per product.",
        ),
        Column("target", "Target", TEXT, help="Name of the target."),
        Column("as_of", "As of", INSTANT, help="Facts up to this instant were used."),
        Column(
            "probability",
            "Probability",
            SHARE,
            sort="probability",
            falling=True,
            cell="chance",
            help="That the target comes true: calibrated, 0 to 1.",
        ),
        Column("low", "Low", SHARE, help="Lower end of the 90 % interval of the probability."),
        Column("high", "High", SHARE, help="Upper end of that interval."),
        Column(
            "percentile",
            "Percentile",
            decimals(1),
            sort="percentile",
            falling=True,
            help="Share of scored leads with a lower or equal probability, 0 to 100.",
        ),
        Column(
            "grade",
            "Grade",
            TEXT,
            sort="grade",
            filter="grade",
            choices=("A", "B", "C", "D"),
            cell="grade",
            help="Where it stands on this list, by expected value where every lead has one, else "
            "by probability: A the first 10 %, B the next 20 %, C the next 30 %, D the rest, "
            "unless umbrella.toml says otherwise; it holds until its border is clearly passed.",
        ),
        Column(
            "amount",
            "Amount",
            MONEY,
            help="Amount of the sale: the lead's own, else the expected one. Empty: not known.",
        ),
        Column(
            "ltv",
            "Lifetime value",
            MONEY,
            help="Potential: probability x amount x (1 + further purchases in a year).",
        ),
        Column(
            "expected_value",
            "Expected value",
            MONEY,
            sort="expected_value",
            falling=True,
            optional=True,
            comparing=True,
            secondary=True,
            help="Margin of the lifetime value, less the cost of the work to come.",
        ),
        Column(
            "regime",
            "Regime",
            TEXT,
            filter="regime",
            choices=tuple(REGIMES),
            help="What the number of outcomes allows: prior, rules, shrunken or model.",
        ),
        Column("model_version", "Model", TEXT, help="Version of the model that scored."),
        Column(
            "reasons",
            "Reasons",
            REASONS,
            value=lambda row: all_reasons(row["reasons"]),
            in_list=False,
            help="What raises and lowers the score, strongest first, in log-odds: text in CSV, "
            "records elsewhere.",
        ),
        Column("reliable", "Reliable", FLAG, help="At least 300 won and 300 lost leads."),
        Column(
            "label",
            "Lead",
            TEXT,
            value=_name,
            sort="lead",
            cell="lead",
            help="Name of the lead as people know it, else its id.",
        ),
        Column(
            "created_at",
            "Created",
            DAY,
            sort="created_at",
            falling=True,
            optional=True,
            secondary=True,
            help="When the lead was created, where that is recorded.",
        ),
        Column(
            "source",
            "Source",
            TEXT,
            sort="source",
            filter="source",
            optional=True,
            secondary=True,
        ),
        Column(
            "campaign_id",
            "Campaign",
            TEXT,
            sort="campaign",
            filter="campaign",
            optional=True,
            secondary=True,
        ),
        Column("rep_id", "Rep", TEXT, sort="rep", filter="rep", optional=True, secondary=True),
        Column(
            "ltv_low",
            "Lifetime value, low",
            MONEY,
            value=_of_ltv("low"),
            in_list=False,
            help="Lower end of the interval of the lifetime value.",
        ),
        Column(
            "ltv_high",
            "Lifetime value, high",
            MONEY,
            value=_of_ltv("high"),
            in_list=False,
            help="Upper end of that interval.",
        ),
        Column(
            "qualification",
            "Qualification",
            decimals(0),
            sort="qualification",
            falling=True,
            optional=True,
            secondary=True,
            help="Total of the qualification card, 0 to 100, by the weights in use.",
        ),
        Column(
            "stage",
            "Stage",
            TEXT,
            sort="stage",
            filter="stage",
            optional=True,
            secondary=True,
            help="Of an open deal, as the source calls it.",
        ),
        Column(
            "month",
            "Month",
            TEXT,
            sort="month",
            filter="month",
            optional=True,
            help="Of the planned close where most leads have one, else of the close that is "
            "expected, else of the creation: 2026-11.",
        ),
        Column(
            "scored_at",
            "Scored",
            INSTANT,
            optional=True,
            comparing=True,
            secondary=True,
            help="When this score was made: with the whole list, or later, after something of the "
            "lead was read or logged.",
        ),
        Column(
            "top_reason",
            "Strongest reason",
            REASON,
            value=lambda row: strongest(row["reasons"]),
            cell="reason",
            in_export=False,
        ),
        Column(
            "held_out",
            "Held out",
            TEXT,
            value=lambda row: orjson.loads(row["details"]).get("held_out", ""),
            optional=True,
            in_export=False,
            help="Of a closed lead that was held out: won or lost. Empty for open leads.",
        ),
        Column(
            "interval",
            "Interval",
            TEXT,
            value=lambda row: interval(row["low"], row["high"]),
            in_list=False,
            in_export=False,
        ),
        Column(
            "basis",
            "Basis",
            TEXT,
            value=_basis,
            comparing=True,
            cell="basis",
            in_list=False,
            in_export=False,
        ),
    ),
    order="-probability",
    shown=(
        "label",
        "product_id",
        "held_out",
        "probability",
        "grade",
        "top_reason",
        "expected_value",
        "stage",
        "qualification",
        "source",
        "campaign_id",
        "rep_id",
        "created_at",
        "scored_at",
        "basis",
    ),
    terminal=(
        "label",
        "product_id",
        "held_out",
        "probability",
        "interval",
        "grade",
        "expected_value",
        "stage",
        "qualification",
        "top_reason",
    ),
    terminal_wide=frozenset({"stage", "qualification"}),
    nothing=nothing_scored,
    orders=(
        NamedOrder("-probability", "most probable first"),
        NamedOrder("probability", "least probable first"),
        NamedOrder("-expected_value", "highest expected value first"),
        NamedOrder("-qualification", "best qualified first"),
        NamedOrder("-created_at", "newest first"),
        NamedOrder("lead", "by name"),
        NamedOrder("grade", "by grade"),
    ),
    search="search",
    search_words="a lead's name or id",
    least={"min_probability": "probability"},
    target=_target,
    best="probability",
    around=_around,
    around_type=AroundLeads,
    bar=("high", "probability"),
    owner="rep_id",
    of_model=dict.fromkeys(_OF_MODEL, "trust"),
    placed="probability",
    chosen=_in_own_order,
    order_words="-expected_value where amounts are known, else -probability",
    file="scores",
    template="leads.html",
    is_in_menu=lambda workspace: bool(workspace.settings.targets),
)
