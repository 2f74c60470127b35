"""Today's beliefs, as the list shows them, and what each target's list rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from redumbrella.state.bulk import Row, in_order, json_text, mappings
from redumbrella.state.database import State
from redumbrella.state.lists import (
    REPLACED,
    ChangedList,
    NewList,
    changed_list,
    list_in_use,
    new_list,
)
from redumbrella.state.metadata import metadata

_AT_ONCE = 500  # keys of one question to the database
_WIDE = ("reasons", "details", "search")
_SAME = 1e-12  # sums of the same numbers may differ in the last bit
# With the whole key, so that the rows before a deep page are counted without touching wide rows.
_KEY = ("lead_id", "product_id")
_SUMMED = (
    "target", "probability", "expected_value", "ltv", "value_spread", "stage", "month", "rep_id",
    "product_id", "grade", "source", "campaign_id", "regime", "search",
)  # fmt: skip

# The list of a target stands apart, see `lists`; here are its columns, and lists of old.
# The long text stands last, so that reading a row's other columns does not touch it.
scores = Table(
    "scores",
    metadata,
    Column("target", String, primary_key=True),
    Column("lead_id", String, primary_key=True),
    Column("product_id", String, primary_key=True, default=""),
    Column("person_id", String),
    Column("as_of", BigInteger, nullable=False),
    Column("probability", Float, nullable=False),
    Column("low", Float),
    Column("high", Float),
    Column("percentile", Float),
    Column("grade", String),
    Column("amount", Float),
    Column("ltv", Float),
    Column("expected_value", Float),
    Column("regime", String, nullable=False),
    Column("reliable", Boolean, nullable=False),
    Column("model_version", String, nullable=False),
    Column("label", String, nullable=False),
    Column("created_at", BigInteger),
    Column("source", String),
    Column("campaign_id", String),
    Column("rep_id", String),
    Column("search", String, nullable=False),  # lower case "lead_id label", for contains-search
    Column("reasons", Text, nullable=False),
    Column("qualification", Float),  # total of the card, 0 to 100
    Column("details", Text, nullable=False, default="{}"),  # value, time, effort, fit, card
    Column("stage", String),  # of an open deal, as the source calls it
    Column("month", String),  # 2026-11: see `scorings.month_of`
    Column("value_spread", Float),  # variance of the value from sales that differ in amount
    Column("scored_at", BigInteger),  # when; later than the list's where it was scored again alone
    Index("scores_by_qualification", "target", "qualification", *_KEY),
    Index("scores_by_probability", "target", "probability", *_KEY),
    Index("scores_by_percentile", "target", "percentile", *_KEY),
    Index("scores_by_expected_value", "target", "expected_value", *_KEY),
    Index("scores_by_label", "target", "label", *_KEY),
    Index("scores_by_created_at", "target", "created_at", *_KEY),
    Index("scores_by_grade", "target", "grade", "probability"),
    Index("scores_by_source", "target", "source", "probability"),
    Index("scores_by_campaign", "target", "campaign_id", "probability"),
    Index("scores_by_rep", "target", "rep_id", "probability"),
    Index("scores_by_product", "target", "product_id", "probability"),
    Index("scores_by_stage", "target", "stage", "probability"),
    Index("scores_by_month", "target", "month", "probability"),
    # All that sums over a list and its filters need, so that they do not touch its wide rows.
    Index("scores_sums", *_SUMMED),
    # Narrow and complete for "contains x, best first": the wide rows are fetched only for a page.
    Index("scores_by_search", "target", "search", "probability", "lead_id", "product_id"),
    info=REPLACED,
)

# What the list of each target rests on: one row a target, replaced with its scores.
scorings = Table(
    "scorings",
    metadata,
    Column("target", String, primary_key=True),
    Column("scored_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("model_version", String, nullable=False),
    Column("asked", BigInteger, nullable=False),  # leads or people that were scored
    Column("inputs", String, nullable=False),  # fingerprint of what the scores rest on
    Column("lake", Text, nullable=False),  # version of each table of the lake, JSON
    Column("ranked_by", String, nullable=False, default="probability"),  # or value
    Column("month_of", String, nullable=False, default=""),  # planned, expected or created
    Column("known", Text, nullable=False, default="{}"),  # what of the lake the list has read, JSON
)


def new_scores(state: State, target: str, rows: Iterable[Row]) -> AbstractContextManager[NewList]:
    """Writes a list of scores of a target, to be taken into use within the block.

    A row has the columns of `scores` but target and search; absent ones are empty, `reasons` may
    be a mapping. Readers see the old scores until the new ones are taken.
    """
    return new_list(state, scores, (_values(target, row) for row in rows), target)


def changed_scores(
    state: State, target: str, gone: Sequence[str], rows: Sequence[Row]
) -> AbstractContextManager[ChangedList]:
    """The list of a target without these leads and with these rows, as for `new_scores`; to be
    taken into use within the block.
    """
    return changed_list(state, scores, target, gone, [_values(target, row) for row in rows])


def scores_of_leads(
    connection: Connection, target: str, leads: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of a few leads on the list in use, as they are stored."""
    table = list_in_use(connection, scores, target)
    own = table.c.target == target, table.c.lead_id.in_(leads)
    return mappings(connection, select(table).where(*own))


def matching_scores(
    connection: Connection,
    target: str,
    equal: Mapping[str, Sequence[str]],
    least: Mapping[str, float],
    leads: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """The rows of the list in use, without texts, that have one of some values and at least others.

    equal, least: by column. leads: of which leads; None: of all.
    """
    table = list_in_use(connection, scores, target)
    narrow = [column for column in table.c if column.name not in _WIDE]
    query = select(*narrow).where(table.c.target == target)
    for name, values in equal.items():
        query = query.where(table.c[name].in_(values))
    for name, value in least.items():
        query = query.where(table.c[name] >= value)
    if leads is None:
        return mappings(connection, query)
    found: list[dict[str, Any]] = []
    for start in range(0, len(leads), _AT_ONCE):
        some = leads[start : start + _AT_ONCE]
        found += mappings(connection, query.where(table.c.lead_id.in_(some)))
    return found


def marks_of_leads(
    connection: Connection, target: str, leads: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Of those of some leads that are on the list in use probability, value and grade, by lead."""
    own = list_in_use(connection, scores, target).c
    query = select(own.lead_id, own.probability, own.expected_value, own.grade)
    query = query.where(own.target == target)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(leads), _AT_ONCE):
        some = query.where(own.lead_id.in_(leads[start : start + _AT_ONCE]))
        found |= {row["lead_id"]: row for row in mappings(connection, some)}
    return found


def measures_in_list(connection: Connection, target: str, measure: str) -> list[float]:
    """A column of the list in use where it is known, in no order."""
    table = list_in_use(connection, scores, target)
    column = table.c[measure]
    query = select(column).where(table.c.target == target, column.is_not(None))
    return list(connection.execute(query).scalars())


def standing_in_list(
    connection: Connection, target: str, measure: str, value: float, but: str
) -> tuple[int, int, int]:
    """How many rows of the list in use stand above a value, are equal to it, and are there at all.

    measure: the column. but: a lead that does not count.
    """
    table = list_in_use(connection, scores, target)
    column = table.c[measure]
    known = table.c.target == target, column.is_not(None), table.c.lead_id != but
    query = select(func.count()).select_from(table).where(*known)
    scale = _SAME * max(1.0, abs(value))
    above = query.where(column > value + scale)
    equal = query.where(column >= value - scale, column <= value + scale)
    counts = (connection.execute(one).scalar_one() for one in (above, equal, query))
    found = tuple(int(count) for count in counts)
    return found[0], found[1], found[2]


def record_scoring(connection: Connection, scoring: Row) -> None:
    """Notes what the list of a target rests on; `scoring` has the columns of `scorings`."""
    connection.execute(delete(scorings).where(scorings.c.target == scoring["target"]))
    texts = {name: json_text(scoring[name]) for name in ("lake", "known") if name in scoring}
    connection.execute(insert(scorings).values(**{**scoring, **texts}))


def note_change(connection: Connection, target: str, more: int, known: Row | None = None) -> None:
    """Notes that the list of a target has so many more leads, and what it has read by now.

    known: None where that is as it was.
    """
    values: dict[str, Any] = {"asked": scorings.c.asked + more}
    if known is not None:
        values["known"] = json_text(known)
    connection.execute(update(scorings).where(scorings.c.target == target).values(**values))


def scoring_of(connection: Connection, target: str) -> dict[str, Any] | None:
    """What the list of a target rests on, `known` as a mapping; None where it was never scored."""
    found = mappings(connection, select(scorings).where(scorings.c.target == target))
    return found[0] | {"known": orjson.loads(found[0]["known"])} if found else None


def probabilities(connection: Connection, target: str) -> dict[str, float]:
    """The probability of each lead or person of a target, by id."""
    own = list_in_use(connection, scores, target).c
    query = select(own.lead_id, own.probability).where(own.target == target)
    return {row[0]: row[1] for row in connection.execute(query)}


def former_grades(connection: Connection, target: str) -> dict[tuple[str, str], str]:
    """The grade of each lead of the list in use, by id and product."""
    own = list_in_use(connection, scores, target).c
    query = select(own.lead_id, own.product_id, own.grade)
    query = query.where(own.target == target, own.grade.is_not(None))
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def scored_targets(connection: Connection) -> list[str]:
    """The targets that have a list of scores."""
    named = select(scores.c.target).union(select(scorings.c.target)).order_by(scores.c.target)
    return list(connection.execute(named).scalars())


def every_score(connection: Connection, target: str) -> Iterator[dict[str, Any]]:
    """All scores of a target as they are stored, texts unread, in no order."""
    table = list_in_use(connection, scores, target)
    query = select(table).where(table.c.target == target)
    reading = connection.execution_options(yield_per=2_000)
    return (dict(row) for row in reading.execute(query).mappings())


def has_cards(connection: Connection, target: str) -> bool:
    """Whether some score of a target has a qualification card."""
    own = list_in_use(connection, scores, target).c
    query = select(own.lead_id).where(own.target == target, own.qualification.is_not(None)).limit(1)
    return connection.execute(query).first() is not None


def _values(target: str, row: Row) -> tuple[Any, ...]:
    label = row.get("label") or row["lead_id"]
    full = {
        **row,
        "target": target,
        "product_id": row.get("product_id") or "",
        "label": label,
        "search": f"{row['lead_id']} {label}".lower(),
        "reasons": json_text(row.get("reasons") or {}),
        "details": json_text(row.get("details") or {}),
    }
    return in_order(scores, full)
