"""A task of an automation is done."""

from redumbrella.access.acting import acting
from redumbrella.clock import now
from redumbrella.errors import NotFoundError
from redumbrella.state.audit import note
from redumbrella.state.outreach import end_tasks, task_of_number
from redumbrella.workspace import Workspace

_MOST = 2**31  # as large as the database counts


def finish_task(workspace: Workspace, number: int, owners: tuple[str, ...] | None = None) -> bool:
    """Notes that a task is done; False where it was done already.

    owners: whose tasks the caller sees, as in `views.table.Query`. Raises NotFoundError for one of
    others as for one that there is not.
    """
    at, actor = now(), acting()
    with workspace.state.writing() as connection:
        row = task_of_number(connection, number) if 0 < number < _MOST else None
        if row is None or (owners is not None and row["rep_id"] not in owners):
            message = f"There is no task no. {number} among yours: `umbrella tasks` shows them."
            raise NotFoundError(message, reason="unknown_task")
        done = bool(end_tasks(connection, at, actor.name, number=number))
        if done:
            note(connection, at, actor, "task done", str(number), f"lead {row['lead_id']}")
        return done
