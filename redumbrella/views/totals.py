"""Sums over a list of scores: how many will come true and what they are worth, with intervals.

In: a stored list and conditions on its rows. Out: columns of SQL that sum, and a `Total` made of
them. Only sums of products and quotients are asked of the database, so that both kinds can do them;
one narrow index has all that they need (`scores_sums`).

All leads of a list share the level of their period, which may lie elsewhere than what was learned;
besides, each lead comes true or not, and sales differ in amount. With E = exp(-/+ 1.645 deviation)
of the level, S the sum of p v and S' the same with p replaced by p E / (1 - p + p E):

    low, high = S -/+ sqrt((S - S')^2 + 1.645^2 sum(p (1 - p) v^2 + variance of the amount))
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, func, select, true

from redumbrella.figures import count, money, money_interval
from redumbrella.state.kept import kept
from redumbrella.state.models import report_of_version
from redumbrella.views.worth import NO_AMOUNTS, Range
from redumbrella.workspace import Workspace

WIDTH = 1.645  # deviations on each side of a 90 % interval


@dataclass(frozen=True)
class Total:
    """What so many leads are expected to bring.

    about_leads: else the target is about people. wins: how many come true. value: expected value of
    the `valued` leads whose amount is known; None where that is none of them.
    """

    about_leads: bool
    leads: int
    wins: Range
    valued: int
    value: Range | None


def sums(table: FromClause, deviation: float, margin: float) -> list[ColumnElement[Any]]:
    """The columns of SQL that `total_of` reads. deviation: of the level, in log-odds."""
    own = table.c
    p, value = own.probability, own.expected_value
    # The part of the value that comes true or not; the cost of work comes in any case.
    won = func.coalesce(margin * own.ltv, value)
    columns: list[ColumnElement[Any]] = [
        func.count().label("leads"),
        func.sum(p).label("wins"),
        func.sum(p * (1.0 - p)).label("wins_variance"),
        func.count(value).label("valued"),
        func.sum(value).label("value"),
        func.sum(value - won).label("value_least"),
        func.sum(
            func.coalesce(won * won * (1.0 - p) / func.nullif(p, 0.0), 0.0)
            + func.coalesce(own.value_spread, 0.0)
        ).label("value_variance"),
    ]
    for end, sign in (("low", -1.0), ("high", 1.0)):
        odds = exp(sign * WIDTH * deviation)
        ratio = odds / (1.0 - p + p * odds)
        columns += [
            func.sum(p * ratio).label(f"wins_{end}"),
            func.sum(value + won * (ratio - 1.0)).label(f"value_{end}"),
        ]
    return columns


def total_of(row: Mapping[Any, Any], *, about_leads: bool = True) -> Total:
    """The figures of one row of sums."""
    leads = int(row["leads"] or 0)
    wins = _expected(row, "wins")
    wins = Range(wins.value, max(wins.low, 0.0), min(wins.high, float(leads)))
    valued = int(row["valued"] or 0)
    if not valued:
        return Total(about_leads, leads, wins, 0, None)
    value = _expected(row, "value")
    # Where nothing is won, the cost of the work is all there is.
    low = max(value.low, float(row["value_least"]))
    return Total(about_leads, leads, wins, valued, Range(value.value, low, value.high))


def _expected(row: Mapping[Any, Any], name: str) -> Range:
    value, low, high, variance = (
        float(row[column] or 0.0) for column in (name, f"{name}_low", f"{name}_high",
                                                 f"{name}_variance")
    )  # fmt: skip
    chance = WIDTH**2 * max(variance, 0.0)
    down, up = sqrt((value - low) ** 2 + chance), sqrt((high - value) ** 2 + chance)
    return Range(value, value - down, value + up)


def level_deviation(connection: Connection, version: str | None) -> float:
    """How far the level of a period lies from what a model learned, in log-odds; 0 if unknown."""
    report = report_of_version(connection, version) if version else {}
    return float((report.get("level") or {}).get("deviation", 0.0))


def total(
    workspace: Workspace,
    connection: Connection,
    table: Table,
    target: str,
    conditions: list[ColumnElement[bool]],
) -> Total:
    """The total of the rows of a target's stored list for which the conditions hold."""
    version = select(table.c.model_version).where(table.c.target == target).limit(1)
    deviation = level_deviation(connection, connection.execute(version).scalar())
    columns = sums(table, deviation, workspace.settings.costs.margin)
    query = select(*columns).where(*conditions)
    about_leads = workspace.settings.target(target).from_ is not None
    compiled = and_(true(), *conditions).compile(dialect=connection.dialect)
    asked = str(compiled), tuple(sorted((n, repr(v)) for n, v in compiled.params.items()))
    what = ("total", deviation, workspace.settings.costs.margin, about_leads, asked)
    return kept(
        connection,
        table,
        what,
        lambda: total_of(connection.execute(query).mappings().one(), about_leads=about_leads),
    )


def total_words(total: Total, currency: str) -> str:
    """The total in one sentence, or two where money is missing."""
    wins = total.wins
    likely = f"likely {count(wins.low)} to {count(wins.high)}"
    words = f"Expected: {count(wins.value)} of {count(total.leads)}"
    words += f" won, {likely}" if total.about_leads else f", {likely}"
    if total.value is None:
        return f"{words}." + (f" {NO_AMOUNTS}" if total.about_leads else "")
    value = total.value
    words += f"; expected value {money(value.value, currency)}, likely "
    words += money_interval(value.low, value.high, currency)
    if total.valued < total.leads:
        words += f", of the {count(total.valued)} whose amount is known"
    return f"{words}."
