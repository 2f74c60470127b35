"""People who may log in, and their sessions: only hashes of passwords, only digests of sessions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from redumbrella.state.bulk import Row, mappings
from redumbrella.state.metadata import metadata

MOST_SESSIONS = 20  # of one user; beyond them the oldest end

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String, nullable=False, unique=True),  # in lower case
    Column("name", String, nullable=False, default=""),
    Column("role", String, nullable=False),
    Column("rep_id", String, nullable=False, default=""),  # which of the company's reps; or none
    Column("password_hash", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("last_login_at", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("address", String, nullable=False, default=""),
    Index("sessions_by_user", "user_id"),
)


def users_exist(connection: Connection) -> bool:
    """Whether anybody was ever added."""
    return connection.execute(select(literal(1)).select_from(users).limit(1)).first() is not None


def every_user(connection: Connection) -> list[dict[str, Any]]:
    """All users by e-mail."""
    return mappings(connection, select(users).order_by(users.c.email))


def user_by_email(connection: Connection, email: str) -> dict[str, Any] | None:
    """The user with this address, in lower case."""
    return _one(connection, users.c.email == email)


def user_by_id(connection: Connection, user: int) -> dict[str, Any] | None:
    """The user with this number."""
    return _one(connection, users.c.id == user)


def _one(connection: Connection, condition: Any) -> dict[str, Any] | None:
    found = mappings(connection, select(users).where(condition))
    return found[0] if found else None


def store_user(connection: Connection, user: Row) -> int:
    """Adds a user with the columns of `users`; returns the number."""
    return int(connection.execute(insert(users).values(**user)).inserted_primary_key[0])  # type: ignore[index]


def update_user(connection: Connection, user: int, changes: Row) -> None:
    """Changes columns of a user."""
    connection.execute(update(users).where(users.c.id == user).values(**changes))


def hold_users(connection: Connection) -> None:
    """Keeps others from changing users until this transaction ends: two admins who disable each
    other at the same instant would leave none. In SQLite one that writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")


def count_admins(connection: Connection) -> int:
    """How many admins can log in."""
    query = select(func.count()).where(users.c.role == "admin", users.c.disabled_at.is_(None))
    return int(connection.execute(query).scalar_one())


def begin_session(connection: Connection, session: Row) -> None:
    """Adds a session with the columns of `sessions`; removes what has ended, and the oldest of
    this user beyond MOST_SESSIONS."""
    own = sessions.c.user_id == session["user_id"]
    connection.execute(delete(sessions).where(sessions.c.ends_at <= session["started_at"]))
    newest = select(sessions.c.digest).where(own).order_by(sessions.c.started_at.desc())
    kept = newest.limit(MOST_SESSIONS - 1).scalar_subquery()
    connection.execute(delete(sessions).where(own, sessions.c.digest.not_in(kept)))
    connection.execute(insert(sessions).values(**session))


def user_of_session(connection: Connection, digest: str, now: int) -> dict[str, Any] | None:
    """The user whose session this is; None where it has ended or the user is disabled."""
    joined = select(users).join(sessions, sessions.c.user_id == users.c.id)
    own = (sessions.c.digest == digest, sessions.c.ends_at > now, users.c.disabled_at.is_(None))
    found = mappings(connection, joined.where(*own))
    return found[0] if found else None


def end_session(connection: Connection, digest: str) -> None:
    """Ends one session; one that is none is passed over."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def end_sessions_of(connection: Connection, user: int) -> int:
    """Ends all sessions of a user; returns how many there were."""
    return int(connection.execute(delete(sessions).where(sessions.c.user_id == user)).rowcount)
