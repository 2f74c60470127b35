"""The audit: who changed what, when and from where. Rows are added and never changed or removed.

The database refuses both with a trigger (migration 0008), whoever asks.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, insert

from redumbrella.access.acting import Actor
from redumbrella.state.metadata import metadata

MOST_CHARACTERS = 500

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("object", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("address", String, nullable=False),
    Index("audit_by_who", "who", "id"),
    Index("audit_by_action", "action", "id"),
)


def note(
    connection: Connection, at: int, actor: Actor, action: str, on: str, detail: str = ""
) -> None:
    """Adds a line, in the transaction of the change itself: there is none without the other."""
    row = {"at": at, "who": actor.name[:MOST_CHARACTERS], "action": action,
           "object": on[:MOST_CHARACTERS], "detail": detail[:MOST_CHARACTERS],
           "address": actor.address[:MOST_CHARACTERS]}  # fmt: skip
    connection.execute(insert(audit).values(**row))
