"""Every day's scores, as far as they moved: what charts of a lead and lists of changes read.

All scores of all days are in the lake of snapshots; here is one row a target and day that was
scored, and one row a lead only where its probability left the last written one by more than
`scores.history.STEP`, or where its grade changed. A row carries the step from the last written
value, so that steps add up, and the value before the first kept row can be told from it.

The rows of a day stand together: a day is written at the end, read in one stretch, and removed as a
whole; one lead's rows are looked up day by day, which takes as many seeks as there are days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Float,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from redumbrella.state.bulk import Row, insert_many, json_text, mappings
from redumbrella.state.metadata import metadata

DAYS_KEPT = 90  # days that were scored, of each target
_AT_ONCE = 500

# One row a target and day. A day is a number: days since 1970-01-01 in the workspace's time zone.
score_days = Table(
    "score_days",
    metadata,
    Column("target", String, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),  # in the order of writing, whatever the clock
    Column("scored_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),  # the instant of the leads that were scored
    Column("model_version", String, nullable=False),
    Column("asked", BigInteger, nullable=False),  # leads or people that were scored
    Column("known", Text, nullable=False),  # what the lake had read by then, JSON
)

score_changes = Table(
    "score_changes",
    metadata,
    Column("target", String, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("lead_id", String, primary_key=True),
    Column("product_id", String, primary_key=True, default=""),
    Column("probability", Float, nullable=False),
    Column("change", Float),  # from the last written one; empty where there was none
    Column("grade", String),
    Column("cause", String, nullable=False),  # new, did, record, model or time
    sqlite_with_rowid=False,
)


def next_number(connection: Connection) -> int:
    """The number of the next day that is written."""
    return int(connection.execute(select(func.max(score_days.c.number))).scalar() or 0) + 1


def write_score_day(connection: Connection, day: Row, changes: Iterable[tuple[Any, ...]]) -> None:
    """Writes one day of a target in the place of what was written of it before.

    day: the columns of `score_days`, `known` a mapping. changes: values in the order of the columns
    of `score_changes`. What is older than DAYS_KEPT scored days goes.
    """
    target = day["target"]
    for table in (score_changes, score_days):
        own = table.c.target == target, table.c.day == day["day"]
        connection.execute(delete(table).where(*own))
    connection.execute(insert(score_days).values(**{**day, "known": json_text(day["known"])}))
    insert_many(connection, score_changes, changes)
    newest = select(score_days.c.day).where(score_days.c.target == target)
    newest = newest.order_by(score_days.c.number.desc()).offset(DAYS_KEPT)
    for old in connection.execute(newest).scalars().all():
        for table in (score_changes, score_days):
            connection.execute(delete(table).where(table.c.target == target, table.c.day == old))


def write_moves(connection: Connection, day: Row, changes: Sequence[tuple[Any, ...]]) -> None:
    """Writes rows of some leads into a day in the place of theirs; the others of the day stay.

    day, changes: as for `write_score_day`. The day is made where it is not there yet.
    """
    target, own = day["target"], score_days.c
    same_day = own.target == target, own.day == day["day"]
    connection.execute(delete(score_days).where(*same_day))
    connection.execute(insert(score_days).values(**{**day, "known": json_text(day["known"])}))
    leads = [row[2] for row in changes]
    mine = score_changes.c.target == target, score_changes.c.day == day["day"]
    for start in range(0, len(leads), _AT_ONCE):
        some = score_changes.c.lead_id.in_(leads[start : start + _AT_ONCE])
        connection.execute(delete(score_changes).where(*mine, some))
    insert_many(connection, score_changes, changes)


def moves_between(
    connection: Connection, target: str, days: tuple[int, int], leads: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The rows from the first to the last of two days, in order; of some leads or of all.

    Each with day, lead_id, product_id, probability, change and grade.
    """
    own = score_changes.c
    query = select(
        own.day, own.lead_id, own.product_id, own.probability, own.change, own.grade
    ).where(own.target == target, own.day >= days[0], own.day <= days[1])
    if leads is None:
        return mappings(connection, query.order_by(own.day))
    found: list[dict[str, Any]] = []
    # Day by day, which the key answers from the rows of these leads alone.
    for day in range(days[0], days[1] + 1):
        for start in range(0, len(leads), _AT_ONCE):
            some = own.lead_id.in_(leads[start : start + _AT_ONCE])
            found += mappings(connection, query.where(own.day == day, some))
    return found


def scored_days(connection: Connection, target: str) -> list[dict[str, Any]]:
    """The days of a target in order, `known` as a mapping."""
    query = select(score_days).where(score_days.c.target == target).order_by(score_days.c.day)
    return [row | {"known": orjson.loads(row["known"])} for row in mappings(connection, query)]


def changes_of_lead(
    connection: Connection, target: str, days: Sequence[int], lead_id: str, product_id: str
) -> list[dict[str, Any]]:
    """The rows of one lead on these days, in order."""
    own = (
        score_changes.c.target == target,
        score_changes.c.day.in_(days),
        score_changes.c.lead_id == lead_id,
        score_changes.c.product_id == product_id,
    )
    return mappings(connection, select(score_changes).where(*own).order_by(score_changes.c.day))


def rises_to(
    connection: Connection, target: str, first: int, last: int, level: float
) -> list[dict[str, Any]]:
    """The rows of days first to last in which a score came to at least a level from below it."""
    before = score_changes.c.probability - score_changes.c.change
    return _crossed(connection, target, (first, last), score_changes.c.probability >= level,
                    before < level)  # fmt: skip


def falls_below(
    connection: Connection, target: str, first: int, last: int, level: float
) -> list[dict[str, Any]]:
    """The rows of days first to last in which a score fell below a level."""
    before = score_changes.c.probability - score_changes.c.change
    return _crossed(connection, target, (first, last), score_changes.c.probability < level,
                    before >= level)  # fmt: skip


def _crossed(
    connection: Connection, target: str, days: tuple[int, int], *conditions: ColumnElement[bool]
) -> list[dict[str, Any]]:
    own = score_changes.c.target == target, score_changes.c.day.between(*days)
    query = select(score_changes).where(*own, score_changes.c.change.is_not(None), *conditions)
    return mappings(connection, query.order_by(score_changes.c.day, score_changes.c.lead_id))


def graded_on(
    connection: Connection, target: str, first: int, last: int, grades: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of days first to last with one of these grades; no grades: with any."""
    own = score_changes.c.target == target, score_changes.c.day.between(first, last)
    query = select(score_changes).where(*own, score_changes.c.grade.is_not(None))
    if grades:
        query = query.where(score_changes.c.grade.in_(grades))
    return mappings(connection, query.order_by(score_changes.c.day, score_changes.c.lead_id))


def lowest_before(
    connection: Connection, target: str, day: int, days: int, leads: Sequence[str]
) -> dict[tuple[str, str], float]:
    """The lowest score of these leads from the one before the last `days` days up to `day`.

    By lead and product; each row tells what the score was before it.
    """
    found: dict[tuple[str, str], float] = {}
    before = score_changes.c.probability - score_changes.c.change
    for one in range(day - days + 1, day + 1):
        for start in range(0, len(leads), _AT_ONCE):
            query = select(score_changes.c.lead_id, score_changes.c.product_id, before).where(
                score_changes.c.target == target, score_changes.c.day == one,
                score_changes.c.lead_id.in_(leads[start : start + _AT_ONCE]),
                score_changes.c.change.is_not(None),
            )  # fmt: skip
            for lead, product, value in connection.execute(query):
                key = (lead, product)
                found[key] = min(found.get(key, 1.0), value)
    return found


def forget_leads(connection: Connection, leads: Sequence[str]) -> int:
    """Removes all rows of these leads or people; returns how many there were."""
    gone = connection.execute(delete(score_changes).where(score_changes.c.lead_id.in_(leads)))
    return int(gone.rowcount)
