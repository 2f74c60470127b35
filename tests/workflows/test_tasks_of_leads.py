"""An outcome that is logged for a lead ends its tasks, and taking it back opens them again."""

from pathlib import Path

import pytest
from sample_company import fill_workspace

from redumbrella.errors import ConflictError
from redumbrella.outcomes import OutcomeRequest
from redumbrella.state.outreach import add_task, end_tasks, open_tasks
from redumbrella.workflows.log_outcome import log_outcome, undo_outcome
from redumbrella.workspace import Workspace


def task(workspace: Workspace, key: str, lead: str) -> None:
    with workspace.state.writing() as connection:
        add_task(connection, {
            "key": key, "lead_id": lead, "person_id": lead, "product_id": "", "label": lead,
            "rep_id": "rep 1", "text": "Call", "why": "x", "rule": "r", "due_day": 1, "made_at": 1,
        })  # fmt: skip


def open_keys(workspace: Workspace) -> set[str]:
    with workspace.state.reading() as connection:
        return {row["key"] for row in open_tasks(connection)}


def test_tasks_end_with_the_outcome_and_come_back_with_its_undoing(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path, leads=6)
    task(workspace, "a", "L-1001")
    task(workspace, "b", "L-1001")
    task(workspace, "c", "L-1002")
    task(workspace, "earlier", "L-1001")
    with workspace.state.writing() as connection:
        earlier = next(row["id"] for row in open_tasks(connection) if row["key"] == "earlier")
        end_tasks(connection, 5, "ana", number=earlier)
    logged = log_outcome(workspace, OutcomeRequest("L-1001", "no_answer"), "key")
    assert open_keys(workspace) == {"c"}
    log_outcome(workspace, OutcomeRequest("L-1001", "no_answer"), "key")  # sent twice
    assert open_keys(workspace) == {"c"}
    undo_outcome(workspace, logged.id)
    assert open_keys(workspace) == {"a", "b", "c"}  # what was done before stays done
    workspace.state.close()


def test_an_outcome_that_is_refused_ends_nothing(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path, leads=6)
    log_outcome(workspace, OutcomeRequest("L-1001", "no_answer"), "key")
    task(workspace, "a", "L-1001")
    with pytest.raises(ConflictError, match="worked just before"):
        log_outcome(workspace, OutcomeRequest("L-1001", "reached"))
    assert open_keys(workspace) == {"a"}
    workspace.state.close()
