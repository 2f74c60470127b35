"""Cancelling one action of the outbox before it is done."""

from redumbrella.access.acting import acting
from redumbrella.clock import now
from redumbrella.errors import ConflictError, NotFoundError
from redumbrella.state.audit import note
from redumbrella.state.outbox import action_of_number, cancel_actions
from redumbrella.views.outbox import outcome_words
from redumbrella.workspace import Workspace

_MOST = 2**31  # as large as the database counts


def cancel_action(workspace: Workspace, number: int) -> None:
    """Cancels an action that waits.

    Raises NotFoundError for an unknown number, ConflictError where it is too late.
    """
    at, actor = now(), acting()
    with workspace.state.writing() as connection:
        row = action_of_number(connection, number) if 0 < number < _MOST else None
        if row is None:
            message = f"There is no action no. {number}. The outbox shows them: `umbrella outbox`."
            raise NotFoundError(message, reason="unknown_action")
        if not cancel_actions(connection, at, f"by {actor.name}", number=number):
            raise ConflictError(
                f"Action no. {number} cannot be cancelled any more: {outcome_words(row)}.",
                reason="too_late",
            )
        note(connection, at, actor, "cancel action", f"{number} of {row['rule']}", row["label"])
