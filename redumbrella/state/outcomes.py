"""Outcomes that people logged, one row each, and which lines of today's list are done.

This is where an outcome is noted first, in one transaction; the lake and the lists follow, and
`pending` says how far they are. A command that was killed in between leaves it there, and the next
one brings the rest in line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from redumbrella.state.bulk import Row, json_text, mappings
from redumbrella.state.lists import list_in_use
from redumbrella.state.metadata import metadata
from redumbrella.state.work import worklist, worklists

# How far an outcome, or its undoing, has come.
DONE, SCORES_WAIT, LAKE_WAITS = 0, 1, 2
_LOGGING = 7_242_004  # any fixed number: PostgreSQL's name for the lock of logging
_AT_ONCE = 500

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),  # of idempotency
    Column("content", Text, nullable=False),  # what was asked for, JSON
    Column("activity_id", String, nullable=False),  # of the fact in the lake
    Column("lead_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("product_id", String),
    Column("is_lead", Boolean, nullable=False),  # else it is about a person
    Column("what", String, nullable=False),
    Column("closes", Boolean, nullable=False),
    Column("kind", String, nullable=False),
    Column("amount", Float),
    Column("due_day", Integer),  # to be contacted again; days since 1970-01-01
    Column("reason", Text, nullable=False),
    Column("minutes", Float),
    Column("note", Text, nullable=False),
    Column("rep_id", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("logged_at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", String, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("moves", Text, nullable=False),  # of each target's score, JSON
    Index("outcomes_by_key", "key", unique=True),
    Index("outcomes_by_lead", "lead_id", "id"),
    Index("outcomes_pending", "pending"),
    Index("outcomes_by_what", "what", "due_day"),
)

# The lines of a list that are done, by its target and number.
work_done = Table(
    "work_done",
    metadata,
    Column("target", String, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("lead_id", String, primary_key=True),
    Column("rep_id", String, nullable=False),  # whose line it is
    Column("outcome_id", Integer, nullable=False),
    Index("work_done_by_outcome", "outcome_id"),
)


def hold_outcomes(connection: Connection) -> None:
    """Keeps everybody else from logging until this transaction that writes ends."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOGGING})")


def lines_of(connection: Connection, lead_id: str) -> list[dict[str, Any]]:
    """The lines of a lead on today's lists: target, number of the list, whose line it is."""
    found = []
    for target, number in connection.execute(select(worklists.c.target, worklists.c.number)).all():
        used = list_in_use(connection, worklist, target)
        own = used.c.target == target, used.c.lead_id == lead_id
        line = connection.execute(select(used.c.rep_id).where(*own).limit(1)).first()
        if line is not None:
            found.append({"target": target, "number": number, "rep_id": line[0]})
    return found


def add_outcome(connection: Connection, row: Row, lines: Sequence[Row]) -> int:
    """Notes an outcome and marks these lines of its lead as done; returns its number."""
    values = {**row, "undone_by": "", "pending": LAKE_WAITS, "moves": "[]"}
    values["content"] = json_text(row["content"])
    made = connection.execute(insert(outcomes).values(**values))
    number = int(made.inserted_primary_key[0])  # type: ignore[index]
    for line in lines:
        key = {"target": line["target"], "number": line["number"], "lead_id": row["lead_id"]}
        same = [work_done.c[name] == value for name, value in key.items()]
        connection.execute(delete(work_done).where(*same))
        done = {**key, "rep_id": line["rep_id"], "outcome_id": number}
        connection.execute(insert(work_done).values(**done))
    return number


def undo_outcome_row(connection: Connection, row: Row, at: int, by: str) -> None:
    """Notes that an outcome is undone; its lines are open again, or done by the one before it.

    Its pending work begins again: the lake has to forget it.
    """
    undone = {"undone_at": at, "undone_by": by, "pending": LAKE_WAITS}
    connection.execute(update(outcomes).where(outcomes.c.id == row["id"]).values(**undone))
    marked = mappings(connection, select(work_done).where(work_done.c.outcome_id == row["id"]))
    connection.execute(delete(work_done).where(work_done.c.outcome_id == row["id"]))
    before = newest_outcome(connection, row["lead_id"])
    for line in marked:
        made = select(worklists.c.made_at).where(
            worklists.c.target == line["target"], worklists.c.number == line["number"]
        )
        since = connection.execute(made).scalar()
        if before is not None and since is not None and before["logged_at"] >= since:
            again = {**line, "outcome_id": before["id"]}
            connection.execute(insert(work_done).values(**again))


def outcome_of_key(connection: Connection, key: str) -> dict[str, Any] | None:
    """The outcome that was logged with an idempotency key, undone or not."""
    return _one(connection, outcomes.c.key == key)


def outcome_of_number(connection: Connection, number: int) -> dict[str, Any] | None:
    """The outcome of this number, undone or not."""
    return _one(connection, outcomes.c.id == number)


def newest_outcome(connection: Connection, lead_id: str) -> dict[str, Any] | None:
    """The newest outcome of a lead that was not undone."""
    return _one(connection, outcomes.c.lead_id == lead_id, outcomes.c.undone_at.is_(None))


def newest_numbers(connection: Connection, leads: Sequence[str]) -> dict[str, int]:
    """The number of the newest standing outcome of each of these leads that has one."""
    own = outcomes.c.lead_id.in_(leads), outcomes.c.undone_at.is_(None)
    query = select(outcomes.c.lead_id, func.max(outcomes.c.id)).where(*own)
    return {row[0]: row[1] for row in connection.execute(query.group_by(outcomes.c.lead_id))}


def outcomes_of_lead(connection: Connection, lead_id: str, most: int) -> list[dict[str, Any]]:
    """The outcomes of a lead that were not undone, newest first."""
    query = select(outcomes).where(outcomes.c.lead_id == lead_id, outcomes.c.undone_at.is_(None))
    found = mappings(connection, query.order_by(outcomes.c.id.desc()).limit(most))
    return [_read(row) for row in found]


def pending_outcomes(connection: Connection, least: int = SCORES_WAIT) -> list[dict[str, Any]]:
    """What the lake (LAKE_WAITS) or the lists do not have yet, oldest first."""
    query = select(outcomes).where(outcomes.c.pending >= least).order_by(outcomes.c.id)
    return [_read(row) for row in mappings(connection, query)]


def last_outcome(connection: Connection) -> int:
    """The number of the newest outcome, undone or not; 0 for none."""
    return int(connection.execute(select(func.max(outcomes.c.id))).scalar() or 0)


def logged_between(
    connection: Connection, what: str, since: int, until: int
) -> list[dict[str, Any]]:
    """The outcomes of a kind that were logged in (since, until] and not undone, in order."""
    own = outcomes.c.what == what, outcomes.c.undone_at.is_(None)
    query = select(outcomes).where(
        *own, outcomes.c.logged_at > since, outcomes.c.logged_at <= until
    )
    return mappings(connection, query.order_by(outcomes.c.id))


def standing_outcomes(connection: Connection, *, closing: bool) -> list[dict[str, Any]]:
    """The outcomes that were not undone, in order: those that closed a lead, or all."""
    query = select(outcomes).where(outcomes.c.undone_at.is_(None))
    if closing:
        query = query.where(outcomes.c.closes, outcomes.c.is_lead)
    return mappings(connection, query.order_by(outcomes.c.id))


def agreed_days(connection: Connection) -> dict[str, tuple[int, int]]:
    """By lead the day on which it is to be contacted again, and when that was agreed on.

    Only where that is the newest outcome of the lead.
    """
    later = outcomes.alias("later")
    standing = outcomes.c.undone_at.is_(None)
    newest = select(func.max(outcomes.c.id)).where(standing, outcomes.c.lead_id == later.c.lead_id)
    query = select(later.c.lead_id, later.c.due_day, later.c.at).where(
        later.c.what == "later", later.c.undone_at.is_(None), later.c.due_day.is_not(None),
        later.c.id == newest.scalar_subquery(),
    )  # fmt: skip
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def note_progress(
    connection: Connection, numbers: Sequence[int], pending: int, moves: Any = None
) -> None:
    """Notes how far outcomes have come. moves: of the scores, where they are known now."""
    values: dict[str, Any] = {"pending": pending}
    if moves is not None:
        values["moves"] = json_text(moves)
    for start in range(0, len(numbers), _AT_ONCE):
        some = outcomes.c.id.in_(numbers[start : start + _AT_ONCE])
        connection.execute(update(outcomes).where(some).values(**values))


def lines_done(connection: Connection, target: str, number: int) -> list[dict[str, Any]]:
    """The lines of a list that are done, each with its outcome."""
    joined = work_done.join(outcomes, outcomes.c.id == work_done.c.outcome_id)
    query = select(outcomes, work_done.c.rep_id.label("owner")).select_from(joined)
    own = work_done.c.target == target, work_done.c.number == number
    return [_read(row) for row in mappings(connection, query.where(*own).order_by(outcomes.c.id))]


def _one(connection: Connection, *where: Any) -> dict[str, Any] | None:
    query = select(outcomes).where(*where).order_by(outcomes.c.id.desc()).limit(1)
    found = mappings(connection, query)
    return _read(found[0]) if found else None


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"content": orjson.loads(row["content"]), "moves": orjson.loads(row["moves"])}
