"""A task of an automation is done."""

from typing import Any

from redumbrella.access.acting import acting
from redumbrella.clock import now
from redumbrella.decisions.triggers import people_of_leads
from redumbrella.errors import NotFoundError
from redumbrella.state.audit import note
from redumbrella.state.outreach import end_tasks, task_of_number
from redumbrella.views.lead import check_seen
from redumbrella.workspace import Workspace

_MOST = 2**31  # as large as the database counts


def finish_task(workspace: Workspace, number: int, owners: tuple[str, ...] | None = None) -> bool:
    """Notes that a task is done; False where it was done already.

    owners: whose leads the caller works, as in `views.table.Query`: a task of theirs, or about a
    lead of theirs or one that today's list deals to them, whoever it was for. Raises NotFoundError
    for one of others as for one that there is not.
    """
    at, actor = now(), acting()
    with workspace.state.reading() as connection:
        row = task_of_number(connection, number) if 0 < number < _MOST else None
    if row is None or not _may_do(workspace, row, owners):
        message = f"There is no task no. {number} among yours: `umbrella tasks` shows them."
        raise NotFoundError(message, reason="unknown_task")
    with workspace.state.writing() as connection:
        done = bool(end_tasks(connection, at, actor.name, number=number))
        if done:
            note(connection, at, actor, "task done", str(number), f"lead {row['lead_id']}")
        return done


def _may_do(workspace: Workspace, row: dict[str, Any], owners: tuple[str, ...] | None) -> bool:
    if owners is None or row["rep_id"] in owners:
        return True
    lead = row["lead_id"]
    if lead not in people_of_leads(workspace.lake, [lead]):
        return False
    try:
        check_seen(workspace, lead, owners)
    except NotFoundError:
        return False
    return True
