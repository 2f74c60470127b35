"""Every action of an automation, one row each, before it is done; and which worker does it.

planned -> claimed by a worker -> sending -> sent or failed; on the way a row may be cancelled or
suppressed, with a reason; one that is left alone to measure what the rule brings is control. A key
stands once, so nothing is planned twice, whoever plans.

A worker writes `sending` just before an action and what came of it just after. So of a worker that
was killed all rows are known not to be done but one at most, which may be: it is done again under
the same message id, by which receivers tell that they have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    func,
    not_,
    or_,
    select,
    update,
)

from redumbrella.state.bulk import Row, insert_new, json_text, mappings
from redumbrella.state.metadata import metadata

PLANNED, CLAIMED, SENDING = "planned", "claimed", "sending"
SENT, FAILED, CANCELLED = "sent", "failed", "cancelled"
SUPPRESSED, CONTROL = "suppressed", "control"
STATES = (PLANNED, CLAIMED, SENDING, SENT, FAILED, CANCELLED, SUPPRESSED, CONTROL)
UNDONE = (PLANNED, CLAIMED, SENDING)
MOST_REASON = 500
_FAULT = "waits_for"  # key in the content of an action that waits until a person mends something
_AT_ONCE = 500

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),  # rule, whom, and what fired
    Column("rule", String, nullable=False),
    Column("version", Integer, nullable=False),  # of the rule
    Column("kind", String, nullable=False),  # mail, webhook, task, owner, audience, write_back
    Column("target", String, nullable=False),
    Column("lead_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("rep_id", String, nullable=False),  # who owned the lead when it was planned
    Column("label", String, nullable=False),
    Column("search", String, nullable=False),
    Column("why", String, nullable=False),  # what fired, in words
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),  # why it is so
    Column("fired_at", BigInteger, nullable=False),  # when what fired came about
    Column("planned_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("worker", String, nullable=False),  # that claimed it, "" for none
    Column("content", Text, nullable=False),  # what was sent, JSON
    Index("outbox_by_key", "key", unique=True),
    Index("outbox_by_state", "state", "due_at", "id"),
    Index("outbox_by_rule", "rule", "state", "id"),
    Index("outbox_by_person", "person_id", "id"),
    Index("outbox_by_lead", "lead_id", "id"),
    Index("outbox_by_done", "done_at"),
    Index("outbox_by_worker", "worker"),
)


def plan_actions(connection: Connection, rows: Iterable[Row]) -> int:
    """Adds actions but those whose key is there; returns how many were added.

    rows: the columns of `outbox` but id, search, done_at, tries, worker and content.
    """
    full = [
        {
            **row,
            "search": f"{row['lead_id']} {row['label']}".lower(),
            "tries": 0,
            "worker": "",
            "content": "{}",
        }
        for row in rows
    ]
    return insert_new(connection, outbox, full, "key")


def known_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Which of these keys are there."""
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        own = outbox.c.key.in_(keys[start : start + _AT_ONCE])
        found |= set(connection.execute(select(outbox.c.key).where(own)).scalars())
    return found


def claim_actions(connection: Connection, worker: str, at: int, most: int) -> list[dict[str, Any]]:
    """Gives a worker at most so many actions that are due, the longest due first.

    Two workers are never given the same one: SQLite has one writer, PostgreSQL skips what another
    transaction has locked.
    """
    due = outbox.c.state == PLANNED, outbox.c.due_at <= at
    first = select(outbox.c.id).where(*due).order_by(outbox.c.due_at, outbox.c.id).limit(most)
    ids = list(connection.execute(first.with_for_update(skip_locked=True)).scalars())
    if not ids:
        return []
    own = outbox.c.id.in_(ids)
    connection.execute(update(outbox).where(own).values(state=CLAIMED, worker=worker))
    query = select(outbox).where(own).order_by(outbox.c.due_at, outbox.c.id)
    return mappings(connection, query)


def begin_action(connection: Connection, number: int, worker: str) -> bool:
    """Notes that a worker is about to do an action; False where it may not any more."""
    own = outbox.c.id == number, outbox.c.worker == worker, outbox.c.state == CLAIMED
    begun = update(outbox).where(*own).values(state=SENDING, tries=outbox.c.tries + 1)
    return bool(connection.execute(begun).rowcount)


def end_action(
    connection: Connection,
    number: int,
    worker: str,
    state: str,
    at: int,
    reason: str = "",
    content: Mapping[str, Any] | None = None,
) -> None:
    """Notes what came of an action that the worker had claimed or begun."""
    ended = {"state": state, "done_at": at, "reason": reason[:MOST_REASON], "worker": ""}
    if content is not None:
        ended["content"] = json_text(content)
    own = outbox.c.id == number, outbox.c.worker == worker
    connection.execute(update(outbox).where(*own).values(**ended))


def put_off(
    connection: Connection,
    number: int,
    worker: str,
    due_at: int,
    reason: str,
    tries: int,
    fault: str = "",
) -> None:
    """Gives an action back, to be done at another instant. tries: so many count so far.

    fault: the code of what stops not only this action, and which only a person can mend; see
    `waiting_for_people`.
    """
    own = outbox.c.id == number, outbox.c.worker == worker
    content = json_text({_FAULT: fault} if fault else {})
    back = {"state": PLANNED, "due_at": due_at, "reason": reason[:MOST_REASON], "worker": "",
            "tries": tries, "content": content}  # fmt: skip
    connection.execute(update(outbox).where(*own).values(**back))


def waiting_for_people(connection: Connection) -> list[dict[str, Any]]:
    """What stops actions that wait until a person mends it: reason, kind, how many actions, and
    when the first of them is tried again; the one that stops most comes first.

    It is read from the actions themselves, so that it is gone as soon as they leave.
    """
    number = func.count().label("actions")
    again = func.min(outbox.c.due_at).label("again_at")
    query = select(outbox.c.reason, outbox.c.kind, number, again).where(
        outbox.c.state == PLANNED, outbox.c.content.startswith(f'{{"{_FAULT}"', autoescape=True)
    )
    return mappings(
        connection,
        query.group_by(outbox.c.reason, outbox.c.kind).order_by(number.desc(), outbox.c.reason),
    )


def plan_again(connection: Connection, number: int, at: int) -> None:
    """Plans an action that has failed again: under its key, with all its tries."""
    own = outbox.c.id == number, outbox.c.state == FAILED
    again = {"state": PLANNED, "due_at": at, "done_at": None, "reason": "", "tries": 0,
             "worker": "", "content": "{}"}  # fmt: skip
    connection.execute(update(outbox).where(*own).values(**again))


def give_back(connection: Connection, workers: Sequence[str]) -> int:
    """Frees what these workers had claimed or begun; returns how many actions that were."""
    own = outbox.c.worker.in_(workers), outbox.c.state.in_((CLAIMED, SENDING))
    freed = update(outbox).where(*own).values(state=PLANNED, worker="")
    return int(connection.execute(freed).rowcount)


def cancel_actions(
    connection: Connection,
    at: int,
    reason: str,
    *,
    number: int | None = None,
    rule: str = "",
    person_id: str = "",
    kind: str = "",
    but_of: Sequence[str] = (),
) -> int:
    """Cancels what is planned: one action, all of a rule, or all for a person, of a kind.

    but_of: rules whose actions stay. What a worker is sending is not stopped. Returns how many
    were cancelled.
    """
    conditions: list[ColumnElement[bool]] = [outbox.c.state.in_((PLANNED, CLAIMED))]
    conditions += [outbox.c.id == number] if number is not None else []
    conditions += [outbox.c.rule == rule] if rule else []
    conditions += [outbox.c.person_id == person_id] if person_id else []
    assert len(conditions) > 1, "not everything at once"
    conditions += [outbox.c.kind == kind] if kind else []
    conditions += [outbox.c.rule.not_in(but_of)] if but_of else []
    ended = {"state": CANCELLED, "done_at": at, "reason": reason[:MOST_REASON], "worker": ""}
    return int(connection.execute(update(outbox).where(*conditions).values(**ended)).rowcount)


def action_of_number(connection: Connection, number: int) -> dict[str, Any] | None:
    """One action, `content` as a mapping."""
    found = mappings(connection, select(outbox).where(outbox.c.id == number))
    return found[0] | {"content": orjson.loads(found[0]["content"])} if found else None


def reached_since(
    connection: Connection,
    kinds: Sequence[str],
    since: int,
    people: Sequence[str] | None = None,
    but_of: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """What reached people, or will: person, rule, when; due from an instant on.

    people: of whom; None: of everybody. but_of: rules that reach nobody outside.
    """
    columns = (outbox.c.person_id, outbox.c.rule, outbox.c.due_at, outbox.c.done_at)
    going = outbox.c.state.in_((*UNDONE, SENT)), outbox.c.kind.in_(kinds)
    when = or_(outbox.c.due_at >= since, outbox.c.done_at >= since)
    query = select(*columns).where(*going, when)
    query = query.where(outbox.c.rule.not_in(but_of)) if but_of else query
    if people is None:
        return mappings(connection, query)
    found: list[dict[str, Any]] = []
    for start in range(0, len(people), _AT_ONCE):
        some = people[start : start + _AT_ONCE]
        found += mappings(connection, query.where(outbox.c.person_id.in_(some)))
    return found


def has_work(connection: Connection, worker: str, at: int) -> bool:
    """Whether anything is due, or a worker holds something."""
    due = and_(outbox.c.state == PLANNED, outbox.c.due_at <= at)
    query = select(outbox.c.id).where(or_(due, outbox.c.worker == worker)).limit(1)
    return connection.execute(query).first() is not None


def counts_of_rules(connection: Connection) -> dict[str, dict[str, int]]:
    """How many actions of each rule are in each state."""
    query = select(outbox.c.rule, outbox.c.state, func.count()).group_by(
        outbox.c.rule, outbox.c.state
    )
    found: dict[str, dict[str, int]] = {}
    for rule, state, count in connection.execute(query):
        found.setdefault(rule, {})[state] = int(count)
    return found


def last_fired(connection: Connection) -> dict[str, int]:
    """When each rule fired last."""
    query = select(outbox.c.rule, func.max(outbox.c.fired_at)).group_by(outbox.c.rule)
    return {rule: int(at) for rule, at in connection.execute(query)}


def drawn_people(connection: Connection, rule: str) -> list[dict[str, Any]]:
    """Whom a rule's draw meant to act on or to leave alone, the first time each: person_id,
    lead_id, planned_at, is_control.

    Whatever became of an action later, it counts as acted on: who converted before the mail left
    would else count for the control alone.
    """
    held_at_once = and_(outbox.c.state == SUPPRESSED, outbox.c.done_at <= outbox.c.planned_at)
    columns = (outbox.c.person_id, outbox.c.lead_id, outbox.c.planned_at, outbox.c.state)
    query = select(*columns).where(outbox.c.rule == rule, not_(held_at_once))
    found: dict[str, dict[str, Any]] = {}
    for row in mappings(connection, query.order_by(outbox.c.id)):
        is_control = row.pop("state") == CONTROL
        found.setdefault(row["person_id"] or row["lead_id"], {**row, "is_control": is_control})
    return list(found.values())
