"""API keys: the public id, the digest of the whole, the scopes; a revoked key stays in the list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, String, Table, insert, select, update

from redumbrella.state.bulk import Row, mappings
from redumbrella.state.metadata import metadata

keys = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("scopes", String, nullable=False),  # words with blanks between
    Column("digest", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String, nullable=False),
    Column("revoked_at", BigInteger),
)


def every_key(connection: Connection) -> list[dict[str, Any]]:
    """All keys, the newest first."""
    return mappings(connection, select(keys).order_by(keys.c.created_at.desc(), keys.c.id))


def key_by_id(connection: Connection, key: str) -> dict[str, Any] | None:
    """The key with this public id, revoked or not."""
    found = mappings(connection, select(keys).where(keys.c.id == key))
    return found[0] if found else None


def store_key(connection: Connection, key: Row) -> None:
    """Adds a key with the columns of `keys`."""
    connection.execute(insert(keys).values(**key))


def end_key(connection: Connection, key: str, at: int) -> None:
    """Revokes a key from an instant on."""
    connection.execute(update(keys).where(keys.c.id == key).values(revoked_at=at))
