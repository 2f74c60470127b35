"""What automations leave here: tasks for reps, members of audiences, and who wants no more mail."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from redumbrella.state.bulk import Row, insert_new, mappings
from redumbrella.state.metadata import metadata

_AT_ONCE = 500

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),  # of the action
    Column("lead_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("label", String, nullable=False),
    Column("search", String, nullable=False),
    Column("rep_id", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("why", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("due_day", Integer, nullable=False),  # since 1970-01-01 in the workspace's time zone
    Column("made_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("done_by", String, nullable=False),
    Index("tasks_by_key", "key", unique=True),
    Index("tasks_by_rep", "rep_id", "done_at", "due_day"),
    Index("tasks_by_lead", "lead_id", "done_at"),
    Index("tasks_by_due", "done_at", "due_day"),
)

# Products that mails recommended, so that nothing is recommended twice within some weeks.
offers = Table(
    "offers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),  # of the action, and the place in it
    Column("action_key", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("recommender", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("product", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("chance", Float, nullable=False),  # with which it came to be on the list
    Column("at", BigInteger, nullable=False),
    Index("offers_by_key", "key", unique=True),
    Index("offers_by_action", "action_key"),
    Index("offers_by_person", "person_id", "at"),
)

audiences = Table(
    "audiences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),  # audience and person
    Column("audience", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("lead_id", String, nullable=False),
    Column("label", String, nullable=False),
    Column("search", String, nullable=False),
    Column("rep_id", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Index("audiences_by_key", "key", unique=True),
    Index("audiences_by_name", "audience", "id"),
    Index("audiences_by_person", "person_id"),
)

unsubscribed = Table(
    "unsubscribed",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("rule", String, nullable=False),  # whose mail it answered
)


# One row: what signs the links to unsubscribe. They must work for years, so it never changes.
outreach_secret = Table(
    "outreach_secret",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret", String, nullable=False),
)


def secret_of_links(connection: Connection) -> bytes:
    """What signs links to unsubscribe; made on first use, which takes a connection that writes."""
    found = connection.execute(select(outreach_secret.c.secret)).scalar()
    if found is None:
        found = token_hex(32)
        connection.execute(insert(outreach_secret).values(id=1, secret=found))
    return str(found).encode()


def known_secret_of_links(connection: Connection) -> bytes | None:
    """The same where it was made; else None."""
    found = connection.execute(select(outreach_secret.c.secret)).scalar()
    return None if found is None else str(found).encode()


def add_task(connection: Connection, row: Row) -> bool:
    """Adds a task; False where the one of its key is there. Columns but id, search, done."""
    found = f"{row['lead_id']} {row['label']}".lower()
    full = {**row, "search": found, "done_at": None, "done_by": ""}
    return bool(insert_new(connection, tasks, [full], "key"))


def open_tasks(
    connection: Connection, reps: Sequence[str] | None = None, lead_id: str = "", most: int = 200
) -> list[dict[str, Any]]:
    """Tasks that are not done, the oldest first. reps: whose; None: all. lead_id: of this alone."""
    query = select(tasks).where(tasks.c.done_at.is_(None))
    if reps is not None:
        query = query.where(tasks.c.rep_id.in_(reps))
    if lead_id:
        query = query.where(tasks.c.lead_id == lead_id)
    return mappings(connection, query.order_by(tasks.c.due_day, tasks.c.id).limit(most))


def task_of_number(connection: Connection, number: int) -> dict[str, Any] | None:
    """One task."""
    found = mappings(connection, select(tasks).where(tasks.c.id == number))
    return found[0] if found else None


def end_tasks(
    connection: Connection, at: int, by: str, *, number: int | None = None, lead_id: str = ""
) -> int:
    """Notes that a task, or all of a lead, are done; returns how many."""
    own = tasks.c.id == number if number is not None else tasks.c.lead_id == lead_id
    done = update(tasks).where(own, tasks.c.done_at.is_(None)).values(done_at=at, done_by=by)
    return int(connection.execute(done).rowcount)


def reopen_tasks(connection: Connection, lead_id: str, done_at: int) -> int:
    """Takes back what an outcome ended: the tasks of a lead that were done at that instant."""
    own = tasks.c.lead_id == lead_id, tasks.c.done_at == done_at
    return int(
        connection.execute(update(tasks).where(*own).values(done_at=None, done_by="")).rowcount
    )


def add_member(connection: Connection, row: Row) -> bool:
    """Adds a person to an audience; False where it was there. Columns but id, key, search."""
    key = f"{row['audience']}\n{row['person_id']}"
    full = {**row, "key": key, "search": f"{row['person_id']} {row['label']}".lower()}
    return bool(insert_new(connection, audiences, [full], "key"))


def unsubscribe(connection: Connection, person_id: str, at: int, rule: str) -> bool:
    """Notes that a person wants no more mail; False where that is known."""
    own = select(unsubscribed.c.at).where(unsubscribed.c.person_id == person_id)
    if connection.execute(own).first() is not None:
        return False
    row = {"person_id": person_id, "at": at, "rule": rule}
    connection.execute(insert(unsubscribed).values(**row))
    return True


def subscribe_again(connection: Connection, person_id: str) -> int:
    """Forgets that a person wanted no more mail."""
    own = unsubscribed.c.person_id == person_id
    return int(connection.execute(delete(unsubscribed).where(own)).rowcount)


def who_unsubscribed(connection: Connection, people: Sequence[str]) -> set[str]:
    """Which of these people want no more mail."""
    found: set[str] = set()
    for start in range(0, len(people), _AT_ONCE):
        own = unsubscribed.c.person_id.in_(people[start : start + _AT_ONCE])
        found |= set(connection.execute(select(unsubscribed.c.person_id).where(own)).scalars())
    return found


def offers_of_action(connection: Connection, action_key: str) -> list[dict[str, Any]]:
    """What an action recommends, in order; it was chosen before it first left."""
    query = select(offers).where(offers.c.action_key == action_key).order_by(offers.c.id)
    return mappings(connection, query)


def offered_since(connection: Connection, person_id: str, since: int) -> set[str]:
    """The products that were recommended to a person from an instant on."""
    query = select(offers.c.product_id).where(offers.c.person_id == person_id, offers.c.at >= since)
    return set(connection.execute(query).scalars())


def note_offers(connection: Connection, rows: Sequence[Row]) -> None:
    """Notes what an action recommends: the columns of `offers` but id; a repeat changes nothing."""
    insert_new(connection, offers, rows, "key")


def forget_offers(connection: Connection, action_key: str) -> None:
    """An action that never left recommended nothing."""
    connection.execute(delete(offers).where(offers.c.action_key == action_key))
