"""Who asks: the session of a user, an API key, the token of `serve`, or anyone where that is right.

In: the headers of a request. Out: a `Caller` with its rights, looked up anew for each request, so
that what ends in one process has ended in all. Promise: from the first user on nobody is let in
without a log-in or a key, and the token of `serve` counts no more; where it cannot be found out
whether there are users, nobody is let in at all.
"""

from math import ceil
from time import monotonic

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from redumbrella.access.acting import Actor
from redumbrella.access.attempts import Attempts, address_of
from redumbrella.access.keys import digest_of, is_same, key_id
from redumbrella.access.roles import (
    ANYONE,
    NOBODY,
    ROLES,
    TOKEN_HOLDER,
    Caller,
    rights_of_scopes,
)
from redumbrella.access.rules import COOKIE, Access, TokenVerdict
from redumbrella.clock import now
from redumbrella.errors import EngineError
from redumbrella.logs import log_event
from redumbrella.state.keys import key_by_id
from redumbrella.state.users import user_of_session
from redumbrella.views.access import has_users
from redumbrella.workspace import Workspace

RECHECK_SECONDS = 1.0  # in which the first user is noticed
_CALLER = "redumbrella.caller"


class SlowDownError(Exception):
    """Too many wrong secrets came from an address: nothing is looked at for so many seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


class Callers:
    """The callers of one running server."""

    def __init__(self, workspace: Workspace, access: Access) -> None:
        self.workspace = workspace
        self.access = access
        self.accounts = Attempts()  # wrong passwords by account, wherever they come from
        self._checked_at = float("-inf")
        self._has_users = access.people_only

    @property
    def knows_people(self) -> bool:
        """Whether there were users when that was last asked."""
        return self._has_users

    def at_once(self) -> Caller | None:
        """ANYONE where everybody is let in and that was asked just now; None: look it up."""
        is_fresh = monotonic() - self._checked_at < RECHECK_SECONDS
        return ANYONE if is_fresh and self.is_open_to_all else None

    @property
    def is_open_to_all(self) -> bool:
        """Whether everybody was let in when that was last asked."""
        was_asked = self._checked_at > float("-inf")
        return was_asked and self.access.token is None and not self._has_users

    def people_log_in(self) -> bool:
        """Whether there are users; from then on for good, else asked once in RECHECK_SECONDS.

        Raises EngineError where the state database does not answer, and where the users are gone
        that there were.
        """
        at = monotonic()
        if at - self._checked_at >= RECHECK_SECONDS:
            found = has_users(self.workspace)
            if self._has_users and not found:
                message = "The users of this workspace are gone: nobody is let in. Was its state "
                message += "database moved? Put it back, then start the server again."
                raise EngineError(message, reason="users_missing")
            self._has_users, self._checked_at = found, at
        return self._has_users

    def caller(self, scope: Scope) -> Caller:
        """Who sent a request; NOBODY where that is not known. Raises SlowDownError, EngineError."""
        headers = Headers(scope=scope)
        people = self.people_log_in()
        if not people and self.access.token is None:
            return ANYONE
        scheme, _, offered = headers.get("authorization", "").partition(" ")
        if "authorization" in headers and people:
            # What a program says of itself counts alone: a cookie beside it is nobody's will.
            return self._of_key(scope, offered.strip()) if scheme.lower() == "bearer" else NOBODY
        cookie = cookie_of(scope)
        if people:
            return self._of_session(cookie)
        if self.access.sessions.lasts(cookie, monotonic()):
            return TOKEN_HOLDER
        if scheme.lower() == "bearer":
            verdict = looked_at(self.access, scope, offered)
            if verdict.wait:
                raise SlowDownError(verdict.wait)
            if verdict.fits:
                return TOKEN_HOLDER
        return NOBODY

    def _of_session(self, cookie: str) -> Caller:
        if not cookie:
            return NOBODY
        with self.workspace.state.reading() as connection:
            user = user_of_session(connection, digest_of(cookie), now())
        if user is None:
            return NOBODY
        rights = ROLES.get(user["role"], frozenset[str]())
        return Caller(user["email"], "user", rights, user["role"], user["id"], user["rep_id"])

    def _of_key(self, scope: Scope, offered: str) -> Caller:
        address, at, attempts = client_of(scope), monotonic(), self.access.attempts
        wait = attempts.wait(address, at)
        if wait and not attempts.is_trusted(address, at):
            raise SlowDownError(wait)
        public = key_id(offered)
        row = None
        if public is not None:
            with self.workspace.state.reading() as connection:
                row = key_by_id(connection, public)
        if row is not None and is_same(digest_of(offered), row["digest"]):
            if row["revoked_at"] is not None:
                return NOBODY
            attempts.right(address, at)
            name = f"{row['name']} ({row['id']})"
            return Caller(name, "key", rights_of_scopes(row["scopes"].split()))
        if wait:
            raise SlowDownError(wait)
        if offered:
            attempts.wrong(address, at)
            log_event("server", "wrong key", address=address)
        return NOBODY

    def wait_of(self, scope: Scope, email: str) -> float:
        """Seconds until a password for an account may come from here; 0 for at once.

        An address from which this account logged in within a day has a count of its own, so that
        strangers who guess lock nobody out.
        """
        at, address = monotonic(), client_of(scope)
        own = self.access.attempts
        waits = [self.accounts.wait(self._account(scope, email), at)]
        if not self.accounts.is_trusted(_pair(email, address), at):
            waits.append(own.wait(address, at))
        return max(waits)

    def wrong_password(self, scope: Scope, email: str) -> None:
        """Notes a password that did not fit, for its account and its address."""
        at, address = monotonic(), client_of(scope)
        self.accounts.wrong(self._account(scope, email), at)
        self.access.attempts.wrong(address, at)
        log_event("server", "wrong password", address=address)

    def right_password(self, scope: Scope, email: str) -> None:
        """Notes that somebody logged in from here."""
        self.accounts.right(_pair(email, client_of(scope)), monotonic())

    def _account(self, scope: Scope, email: str) -> str:
        pair = _pair(email, client_of(scope))
        return pair if self.accounts.is_trusted(pair, monotonic()) else digest_of(email)


def note_caller(scope: Scope, caller: Caller) -> None:
    """Writes into a request who sent it."""
    scope[_CALLER] = caller


def caller_of(request: Request) -> Caller:
    """Who sent a request, as the gate found it; NOBODY where it asked nobody."""
    found = request.scope.get(_CALLER, NOBODY)
    assert isinstance(found, Caller)
    return found


def known_name(request: Request) -> str:
    """The name of a caller who has one: a user or a key; '' for others."""
    caller = caller_of(request)
    return caller.name if caller.kind in {"user", "key"} else ""


def callers_of(request: Request) -> Callers:
    """What the server knows of its callers."""
    found = request.app.state.callers
    assert isinstance(found, Callers)
    return found


def actor_of(scope: Scope, caller: Caller) -> Actor:
    """What the audit says of a caller."""
    return Actor(caller.name or "anyone", client_of(scope))


def cookie_of(scope: Scope) -> str:
    """The value of the session's cookie; '' for none."""
    return Request(scope).cookies.get(COOKIE, "")


def client_of(scope: Scope) -> str:
    """The address that a request came from."""
    client = scope.get("client")
    return address_of(client[0] if client else "")


def looked_at(access: Access, scope: Scope, offered: str) -> TokenVerdict:
    """Whether a token that came with this request fits; a wrong one is logged without itself."""
    address = client_of(scope)
    verdict = access.verdict(offered.strip(), address, monotonic())
    if verdict.is_guess:
        log_event("server", "wrong token", address=address)
    return verdict


def patience(wait: float) -> str:
    """What to do after too many wrong tokens, keys or passwords."""
    return (
        f"Too many wrong tokens, keys or passwords came from your address, or for this account. "
        f"Wait {ceil(wait)} seconds, then try again; whoever is logged in may go on."
    )


def _pair(email: str, address: str) -> str:
    return f"{digest_of(email)} {address}"
