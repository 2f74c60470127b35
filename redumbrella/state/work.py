"""Today's list as it was made, one of each target, replaced with the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from redumbrella.state.bulk import Row, in_order, json_text, mappings
from redumbrella.state.database import State
from redumbrella.state.lists import REPLACED, NewList, list_in_use, new_list
from redumbrella.state.metadata import metadata

# One row a lead on the list; it stands apart, see `lists`. It keeps what was said of each lead when
# the list was made, so that a list of this morning reads the same in the evening.
worklist = Table(
    "worklist",
    metadata,
    Column("target", String, primary_key=True),
    Column("place", Integer, primary_key=True),  # from 1
    Column("lead_id", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("person_id", String),
    Column("label", String, nullable=False),
    Column("search", String, nullable=False),
    Column("rep_id", String, nullable=False),  # who takes it, "" for nobody
    Column("owner_id", String, nullable=False),  # who owned it when the list was made
    Column("assigned", String, nullable=False),  # why it went to that rep, "" without reps
    Column("second_best", String, nullable=False),  # who else, and what that would lose
    Column("product", String, nullable=False),  # what it is about, in words
    Column("why_now", String, nullable=False),
    Column("next_step", String, nullable=False),
    Column("reason", Text, nullable=False),  # the strongest one, JSON
    Column("probability", Float, nullable=False),
    Column("low", Float),
    Column("high", Float),
    Column("grade", String),
    Column("expected_value", Float),
    Column("minutes", Float),  # of the work until it is closed
    Column("chance", Float, nullable=False),  # to be on the list
    Column("is_trial", Boolean, nullable=False),
    Index("worklist_by_rep", "target", "rep_id", "place"),
    Index("worklist_by_lead", "target", "lead_id"),
    info=REPLACED,
)

# How the list of a target was made: one row a target, replaced with it.
worklists = Table(
    "worklists",
    metadata,
    Column("target", String, primary_key=True),
    Column("day", Integer, nullable=False),  # since 1970-01-01 in the workspace's time zone
    Column("number", BigInteger, nullable=False),  # of the list, also the seed of its draw
    Column("made_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("model_version", String, nullable=False),
    Column("ordered_by", String, nullable=False),  # value or probability
    Column("places", Integer, nullable=False),
    Column("candidates", BigInteger, nullable=False),  # who might have been on it
    Column("explore", Float, nullable=False),
    Column("control", Float, nullable=False),
    Column("blocked", Text, nullable=False),  # how many leads were left alone, by why; JSON
    Column("said", Text, nullable=False),  # what has to be known of it, JSON
)

# What each rep got of the list of a target: replaced with it.
list_reps = Table(
    "list_reps",
    metadata,
    Column("target", String, primary_key=True),
    Column("rep_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("search", String, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("places", Integer, nullable=False),
    Column("minutes_used", Float),
    Column("minutes_free", Float),
    Column("owners_kept", Integer, nullable=False),
    Column("expected_value", Float),
)


def new_worklist(state: State, target: str, rows: Iterable[Row]) -> AbstractContextManager[NewList]:
    """Writes a list, to be taken into use within the block; rows have the columns of `worklist`
    but target and search, `reason` a mapping or nothing.
    """
    return new_list(state, worklist, (_values(target, row) for row in rows), target)


def record_worklist(connection: Connection, made: Row, reps: Iterable[Row] = ()) -> None:
    """Notes how the list of a target was made; `blocked` and `said` are no texts yet. reps: what
    each got of it, with the columns of `list_reps` but target and search.
    """
    connection.execute(delete(list_reps).where(list_reps.c.target == made["target"]))
    rows = [{**rep, "target": made["target"], "search": f"{rep['rep_id']} {rep['name']}".lower()}
            for rep in reps]  # fmt: skip
    if rows:
        connection.execute(insert(list_reps), rows)
    connection.execute(delete(worklists).where(worklists.c.target == made["target"]))
    texts = {name: json_text(made[name]) for name in ("blocked", "said")}
    connection.execute(insert(worklists).values(**{**made, **texts}))


def worklist_of(connection: Connection, target: str) -> dict[str, Any] | None:
    """How the list of a target was made; None where there never was one."""
    found = mappings(connection, select(worklists).where(worklists.c.target == target))
    if not found:
        return None
    texts = {name: orjson.loads(found[0][name]) for name in ("blocked", "said")}
    return found[0] | texts


def is_dealt_to(connection: Connection, target: str, lead_id: str, reps: Sequence[str]) -> bool:
    """Whether a lead is on the list of a target for one of these reps, whoever owns it."""
    used = list_in_use(connection, worklist, target)
    own = (used.c.target == target, used.c.lead_id == lead_id)
    found = connection.execute(select(used.c.rep_id).where(*own)).scalars()
    return any(rep in reps for rep in found)


def count_lines(connection: Connection, target: str, reps: Sequence[str] | None = None) -> int:
    """How many lines the list of a target has; those that some reps take, or all."""
    used = list_in_use(connection, worklist, target)
    query = select(func.count()).select_from(used).where(used.c.target == target)
    if reps is not None:
        query = query.where(used.c.rep_id.in_(reps))
    return int(connection.execute(query).scalar_one())


def _values(target: str, row: Row) -> tuple[Any, ...]:
    full = {
        **row,
        "target": target,
        "search": f"{row['lead_id']} {row['label']}".lower(),
        "reason": json_text(row.get("reason")),
    }
    return in_order(worklist, full)
