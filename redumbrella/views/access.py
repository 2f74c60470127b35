"""People and keys as an admin sees them: never a hash, a digest or a key itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from redumbrella.clock import to_datetime
from redumbrella.state.keys import every_key
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scored_targets, scores
from redumbrella.state.users import every_user, user_by_id, users_exist
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class UserFacts:
    """One person who may log in."""

    id: int
    email: str
    name: str
    role: str
    rep_id: str
    created_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None


@dataclass(frozen=True)
class KeyFacts:
    """One API key."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


def user_facts(row: Mapping[str, Any]) -> UserFacts:
    """A stored user without what nobody may see."""
    return UserFacts(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        rep_id=row["rep_id"],
        created_at=to_datetime(row["created_at"]),
        disabled_at=_day(row["disabled_at"]),
        last_login_at=_day(row["last_login_at"]),
    )


def key_facts(row: Mapping[str, Any]) -> KeyFacts:
    """A stored key without its digest."""
    return KeyFacts(
        id=row["id"],
        name=row["name"],
        scopes=tuple(row["scopes"].split()),
        created_at=to_datetime(row["created_at"]),
        created_by=row["created_by"],
        revoked_at=_day(row["revoked_at"]),
    )


def list_users(workspace: Workspace) -> list[UserFacts]:
    """Everybody, by e-mail."""
    with workspace.state.reading() as connection:
        return [user_facts(row) for row in every_user(connection)]


def user_of(workspace: Workspace, user: int) -> UserFacts | None:
    """The user with this number."""
    with workspace.state.reading() as connection:
        row = user_by_id(connection, user)
    return None if row is None else user_facts(row)


def list_keys(workspace: Workspace) -> list[KeyFacts]:
    """All keys, the newest first, revoked ones among them."""
    with workspace.state.reading() as connection:
        return [key_facts(row) for row in every_key(connection)]


def has_users(workspace: Workspace) -> bool:
    """Whether people log in: from the first user on."""
    with workspace.state.reading() as connection:
        return users_exist(connection)


def known_reps(workspace: Workspace) -> list[str]:
    """The reps whom the company's record names: in its table of reps, and on scored leads."""
    found: set[str] = set()
    if workspace.lake.exists("reps"):
        found |= {
            str(rep) for rep in workspace.lake.current("reps", ["rep_id"])["rep_id"].to_pylist()
        }
    with workspace.state.reading() as connection:
        for target in scored_targets(connection):
            own = list_in_use(connection, scores, target).c
            named = select(own.rep_id).where(own.target == target, own.rep_id > "").distinct()
            found |= set(connection.execute(named).scalars())
    return sorted(found)


def _day(stored: int | None) -> datetime | None:
    return None if stored is None else to_datetime(stored)
