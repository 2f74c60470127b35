"""Who may use the server: users, their passwords and sessions, API keys; each change audited.

In: what a person asks for. Out: the user or key as an admin sees it. Promise: a change and its line
in the audit are one transaction; sessions end where a password, role or rep changes and where a
user is disabled; one admin always remains; no secret is in any message.
"""

import re
import secrets
from typing import Any

from sqlalchemy import Connection

from redumbrella.access.acting import Actor, acting
from redumbrella.access.keys import digest_of, new_key
from redumbrella.access.passwords import checked_password, fits, hashed, is_outdated
from redumbrella.access.roles import checked_role, checked_scopes
from redumbrella.clock import now
from redumbrella.errors import AccessError, NotFoundError, SettingsError, nearest
from redumbrella.state.audit import note
from redumbrella.state.keys import end_key, every_key, key_by_id, store_key
from redumbrella.state.users import (
    begin_session,
    count_admins,
    end_session,
    end_sessions_of,
    every_user,
    hold_users,
    store_user,
    update_user,
    user_by_email,
    user_by_id,
    user_of_session,
    users_exist,
)
from redumbrella.views.access import KeyFacts, UserFacts, key_facts, known_reps, user_facts
from redumbrella.workspace import Workspace

SESSION_SECONDS = 12 * 3600
MOST_CHARACTERS = 200
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")


def add_user(
    workspace: Workspace, email: str, role: str, password: str, name: str = "", rep_id: str = ""
) -> UserFacts:
    """Adds somebody who may log in from now on.

    Raises SettingsError for an address that is none or is taken, an unknown role or rep, a weak
    password, and where the first user would be no admin.
    """
    email, name = _email(email), _short(name, "name")
    row = {"email": email, "name": name, "role": checked_role(role)}
    row["rep_id"] = _rep(workspace, rep_id)
    row["password_hash"] = hashed(checked_password(password, email))
    at = now()
    with workspace.state.writing() as connection:
        hold_users(connection)
        if user_by_email(connection, email) is not None:
            message = f'There is a user "{email}" already. Change it: umbrella user set {email}.'
            raise SettingsError(message, reason="email_taken")
        if role != "admin" and not users_exist(connection):
            message = (
                "The first user must be an admin: from then on people have to log in, and nobody "
                f"else could add more. umbrella user add {email} --role admin"
            )
            raise SettingsError(message, reason="first_admin")
        user = store_user(connection, {**row, "created_at": at})
        shown = {name: row[name] for name in ("role", "rep_id", "name") if row[name]}
        note(connection, at, acting(), "add user", email, _told(shown))
        found = user_by_id(connection, user)
    assert found is not None
    return user_facts(found)


def set_user(
    workspace: Workspace,
    email: str,
    *,
    role: str | None = None,
    rep_id: str | None = None,
    name: str | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> UserFacts:
    """Changes what is given of a user; what stays the same is not noted.

    Raises NotFoundError for an unknown user, SettingsError as `add_user` does and where no admin
    would remain.
    """
    email = email.strip().lower()
    asked: dict[str, Any] = {}
    if role is not None:
        asked["role"] = checked_role(role)
    if rep_id is not None:
        asked["rep_id"] = _rep(workspace, rep_id)
    if name is not None:
        asked["name"] = _short(name, "name")
    if password is not None:
        asked["password_hash"] = hashed(checked_password(password, email))
    at = now()
    with workspace.state.writing() as connection:
        hold_users(connection)
        user = _user(connection, email)
        if disabled is not None and disabled == (user["disabled_at"] is None):
            asked["disabled_at"] = at if disabled else None
        changes = {key: value for key, value in asked.items() if value != user[key]}
        if changes:
            update_user(connection, user["id"], changes)
            _refuse_no_admin(connection, email)
            if changes.keys() - {"name"}:
                end_sessions_of(connection, user["id"])
            _note_changes(connection, at, email, changes)
        return user_facts(_user(connection, email))


def change_own_password(workspace: Workspace, user: int, current: str, new: str) -> None:
    """Changes the password of somebody who knows the present one, and ends all sessions.

    Raises SettingsError for a wrong one (wrong_password) and for a weak new one.
    """
    with workspace.state.reading() as connection:
        row = user_by_id(connection, user)
    if row is None or not fits(current, row["password_hash"]):
        raise SettingsError("That is not your present password.", reason="wrong_password")
    if new == current:
        raise SettingsError("The new password is the present one.", reason="weak_password")
    stored = hashed(checked_password(new, row["email"]))
    with workspace.state.writing() as connection:
        update_user(connection, user, {"password_hash": stored})
        end_sessions_of(connection, user)
        note(connection, now(), acting(), "change password", row["email"])


def open_session(workspace: Workspace, email: str, password: str, address: str) -> str | None:
    """The value of a new session where the password fits; None otherwise, whatever the reason.

    It takes as long for an unknown or disabled user as for a wrong password.
    """
    email = email.strip().lower()
    with workspace.state.reading() as connection:
        user = user_by_email(connection, email)
    known = None if user is None or user["disabled_at"] is not None else user["password_hash"]
    if not fits(password, known) or user is None:
        return None
    changes: dict[str, Any] = {}
    if is_outdated(user["password_hash"]):
        changes["password_hash"] = hashed(password)
    value, at = secrets.token_urlsafe(32), now()
    with workspace.state.writing() as connection:
        again = user_by_id(connection, user["id"])
        # What was changed while the password was looked at counts.
        if again is None or again["disabled_at"] or again["password_hash"] != known:
            return None
        update_user(connection, user["id"], {"last_login_at": at, **changes})
        session = {"digest": digest_of(value), "user_id": user["id"], "address": address}
        ends = at + SESSION_SECONDS * 1_000_000
        begin_session(connection, {**session, "started_at": at, "ends_at": ends})
        note(connection, at, Actor(email, address), "log in", email)
    return value


def close_session(workspace: Workspace, value: str) -> None:
    """Ends a session; a value of none is passed over."""
    digest, at = digest_of(value), now()
    with workspace.state.writing() as connection:
        user = user_of_session(connection, digest, at)
        end_session(connection, digest)
        if user is not None:
            note(connection, at, acting(), "log out", user["email"])


def close_own_sessions(workspace: Workspace, user: int) -> int:
    """Ends every session of a user; returns how many there were."""
    with workspace.state.writing() as connection:
        row = user_by_id(connection, user)
        ended = end_sessions_of(connection, user)
        if row is not None:
            note(connection, now(), acting(), "log out everywhere", row["email"],
                 f"sessions={ended}")  # fmt: skip
    return ended


def add_key(workspace: Workspace, name: str, scopes: tuple[str, ...]) -> tuple[KeyFacts, str]:
    """Makes an API key; the text is the key itself, which is kept nowhere.

    Raises SettingsError for an unknown scope, none, and a name that is empty.
    """
    name, chosen = _short(name, "name"), checked_scopes(scopes)
    if not name:
        message = "A key needs a name that says what it is for, such as website."
        raise SettingsError(message, reason="no_name")
    made, at = new_key(), now()
    row = {"id": made.id, "name": name, "scopes": " ".join(chosen), "digest": made.digest,
           "created_at": at, "created_by": acting().name, "revoked_at": None}  # fmt: skip
    with workspace.state.writing() as connection:
        store_key(connection, row)
        note(connection, at, acting(), "add key", f"{name} ({made.id})", _told({"scopes": chosen}))
    return key_facts(row), made.whole


def revoke_key(workspace: Workspace, key: str) -> KeyFacts:
    """Ends a key for good; one that is revoked stays as it is. NotFoundError for an unknown id."""
    at = now()
    with workspace.state.writing() as connection:
        row = key_by_id(connection, key)
        if row is None:
            known = [each["id"] for each in every_key(connection)]
            # Not repeated whole: somebody may paste the key itself.
            message = f'There is no key with the id "{key[:8]}". `umbrella key list` shows them.'
            raise NotFoundError(message + nearest(key[:8], known), reason="unknown_key")
        if row["revoked_at"] is None:
            end_key(connection, key, at)
            note(connection, at, acting(), "revoke key", f"{row['name']} ({key})")
            row["revoked_at"] = at
    return key_facts(row)


def refuse_without_users(workspace: Workspace) -> None:
    """Raises AccessError while no user exists: pages change users only for an admin."""
    with workspace.state.reading() as connection:
        if not users_exist(connection):
            message = (
                "No user exists yet, so this page cannot tell who you are. Add the first admin on "
                "the server: umbrella user add EMAIL --role admin --password-stdin"
            )
            raise AccessError(message, reason="no_users")


def _user(connection: Connection, email: str) -> dict[str, Any]:
    user = user_by_email(connection, email)
    if user is None:
        known = [row["email"] for row in every_user(connection)]
        message = f'There is no user "{email}". `umbrella user list` shows them.'
        raise NotFoundError(message + nearest(email, known), reason="unknown_user")
    return user


def _refuse_no_admin(connection: Connection, email: str) -> None:
    if not count_admins(connection):
        message = (
            f"{email} is the last admin who can log in: nobody could manage users any more. "
            "Make somebody else an admin first."
        )
        raise SettingsError(message, reason="last_admin")


def _note_changes(connection: Connection, at: int, email: str, changes: dict[str, Any]) -> None:
    actor, shown = acting(), dict(changes)
    if shown.pop("password_hash", None) is not None:
        note(connection, at, actor, "set password", email)
    if "disabled_at" in shown:
        action = "enable user" if shown.pop("disabled_at") is None else "disable user"
        note(connection, at, actor, action, email)
    if shown:
        note(connection, at, actor, "change user", email, _told(shown))


def _told(changes: dict[str, Any]) -> str:
    """What a line of the audit says: role=sales, rep_id=Ana."""
    words = {k: ", ".join(v) if isinstance(v, tuple) else v or "none" for k, v in changes.items()}
    return "; ".join(f"{name}={value}" for name, value in words.items())


def _email(text: str) -> str:
    found = text.strip().lower()
    if len(found) > MOST_CHARACTERS or not _EMAIL.fullmatch(found):
        message = f'"{found[:80]}" is no e-mail address. Write it like ana@example.com.'
        raise SettingsError(message, reason="bad_email")
    return found


def _short(text: str, what: str) -> str:
    text = text.strip()
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        message = f"The {what} must be one line of at most {MOST_CHARACTERS} characters."
        raise SettingsError(message, reason="bad_name")
    return text


def _rep(workspace: Workspace, rep_id: str) -> str:
    """The rep, if the record names one like that: a misspelt one would see nobody's leads."""
    rep_id = rep_id.strip()
    known = known_reps(workspace) if rep_id else []
    if known and rep_id not in known:
        some = f"There is: {', '.join(known[:12])}{' …' if len(known) > 12 else '.'}"
        message = f'No rep "{rep_id[:80]}" is in the record. {some}{nearest(rep_id, known)}'
        raise SettingsError(message, reason="unknown_rep")
    return rep_id
