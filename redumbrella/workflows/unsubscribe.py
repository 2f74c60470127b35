"""Somebody wants no more mails: the token of a link comes in; from then on no automation writes.

Mails that are planned for the person are cancelled at once, not those about it to a rep of the
company. Done twice it says the same.
"""

from redumbrella.access.acting import Actor, acting
from redumbrella.access.unsubscribe import read_unsubscribe
from redumbrella.clock import now
from redumbrella.decisions.consent import WANTS_NO_MORE
from redumbrella.state.audit import note
from redumbrella.state.outbox import cancel_actions
from redumbrella.state.outreach import known_secret_of_links, subscribe_again, unsubscribe
from redumbrella.views.rules import rules_for_reps
from redumbrella.workspace import Workspace


def is_link(workspace: Workspace, token: str) -> bool:
    """Whether a token is of a link that a mail of this workspace had."""
    return _named(workspace, token) is not None


def unsubscribe_person(workspace: Workspace, token: str, address: str) -> bool:
    """Notes that the person of a token wants no more mails; False for a token that is none.

    address: where the request came from, for the audit.
    """
    named = _named(workspace, token)
    if named is None:
        return False
    person, rule = named
    at = now()
    with workspace.state.writing() as connection:
        if unsubscribe(connection, person, at, rule):
            inside = rules_for_reps(workspace.settings, connection)
            cancelled = cancel_actions(
                connection, at, WANTS_NO_MORE, person_id=person, kind="mail", but_of=inside
            )
            told = f"{cancelled} planned mails cancelled"
            note(connection, at, Actor("link in a mail", address), "unsubscribe", person, told)
    return True


def take_back_unsubscribing(workspace: Workspace, person_id: str) -> bool:
    """Forgets that a person wanted no more mails; False where it never said so."""
    with workspace.state.writing() as connection:
        found = bool(subscribe_again(connection, person_id))
        if found:
            note(connection, now(), acting(), "subscribe again", person_id)
    return found


def _named(workspace: Workspace, token: str) -> tuple[str, str] | None:
    with workspace.state.reading() as connection:
        secret = known_secret_of_links(connection)
    named = None if secret is None else read_unsubscribe(secret, token)
    return named if named and named[0] else None
