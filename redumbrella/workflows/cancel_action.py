"""Cancelling one action of the outbox before it is done."""

from typing import Any

from redumbrella.access.acting import acting
from redumbrella.clock import now, to_datetime
from redumbrella.errors import ConflictError
from redumbrella.figures import moment
from redumbrella.state.audit import note
from redumbrella.state.outbox import CANCELLED, SENDING, SENT, cancel_actions
from redumbrella.views.outbox import LEAVE, action_to_change, outcome_words
from redumbrella.workspace import Workspace


def cancel_action(workspace: Workspace, number: int) -> None:
    """Cancels an action that waits.

    Raises NotFoundError for an unknown number, ConflictError where it is too late.
    """
    at, actor = now(), acting()
    with workspace.state.writing() as connection:
        row = action_to_change(connection, number)
        if not cancel_actions(connection, at, f"by {actor.name}", number=number):
            message = f"Action no. {number}: {_too_late(row, workspace.settings.timezone)}"
            raise ConflictError(message, reason="too_late")
        note(connection, at, actor, "cancel action", f"{number} of {row['rule']}", row["label"])


def _too_late(row: dict[str, Any], timezone: str) -> str:
    """Why an action cannot be cancelled, in a sentence."""
    if row["state"] == CANCELLED:
        return "It is cancelled already."
    if row["state"] == SENDING:
        return "It is being sent just now and cannot be stopped any more."
    if row["state"] == SENT:
        done = "sent" if row["kind"] in LEAVE else "done"
        return f"It was {done} on {moment(to_datetime(row['done_at']), timezone)} and cannot be " \
            "called back."  # fmt: skip
    return f"There is nothing to cancel, as it is not waiting: {outcome_words(row)}."
