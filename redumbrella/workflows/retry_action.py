"""Trying a failed action of the outbox once more: it waits again, with all its tries before it.

It keeps its key, so that a receiver that has it already knows it: see `state.outbox`.
"""

from redumbrella.access.acting import acting
from redumbrella.clock import now
from redumbrella.errors import ConflictError
from redumbrella.state.audit import note
from redumbrella.state.outbox import FAILED, plan_again
from redumbrella.views.outbox import action_to_change, outcome_words
from redumbrella.views.rules import rules_in_use
from redumbrella.workspace import Workspace


def retry_action(workspace: Workspace, number: int) -> None:
    """Plans a failed action again, due at once.

    Whether the person may still be reached is asked when it leaves, as for every action. Raises
    NotFoundError for an unknown number, ConflictError for one that has not failed or whose rule is
    off, so that nothing would send it.
    """
    at, actor = now(), acting()
    with workspace.state.writing() as connection:
        row = action_to_change(connection, number)
        if row["state"] != FAILED:
            raise ConflictError(
                f"Action no. {number} has not failed, so it is not tried again: "
                f"{outcome_words(row)}.",
                reason="not_failed",
            )
        name = row["rule"]
        rules = rules_in_use(workspace.settings, connection)
        if not any(one.is_on for one in rules if one.automation.name == name):
            message = (
                f'Action no. {number}: its rule "{name}" is off. Switch it on, then try again.'
            )
            raise ConflictError(message, reason="rule_off")
        plan_again(connection, number, at)
        note(connection, at, actor, "try action again", f"{number} of {name}", row["label"])
