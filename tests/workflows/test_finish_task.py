"""A task is done by whoever may work its lead, whoever it was for."""

from pathlib import Path

import pytest
from automation_world import company, leads, people

from redumbrella.errors import NotFoundError
from redumbrella.state.outreach import add_task
from redumbrella.workflows.finish_task import finish_task

TASK = {"person_id": "P-Ana", "product_id": "", "label": "Ana", "text": "Call", "why": "a new lead",
        "rule": "Told", "due_day": 1, "made_at": 1, "rep_id": "R-2"}  # fmt: skip


def test_whoever_may_work_the_lead_ends_the_task_of_another_rep(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {"people": people("Ana"), "leads": leads("Ana")})
    with workspace.state.writing() as connection:
        for n, lead in enumerate(("L-Ana", "L-Ana", "", "L-Gone")):
            add_task(connection, {**TASK, "key": f"k{n}", "lead_id": lead})
    with pytest.raises(NotFoundError):
        finish_task(workspace, 1, ("R-3", ""))
    assert finish_task(workspace, 1, ("R-1", ""))  # owns the lead now
    assert not finish_task(workspace, 1, ("R-1", ""))
    assert finish_task(workspace, 2, ("R-2", ""))  # whose task it is
    for number in (3, 4, 99):  # of a person without a lead, of a lead that is gone, none
        with pytest.raises(NotFoundError, match="among yours"):
            finish_task(workspace, number, ("R-1", ""))
    assert finish_task(workspace, 3)
    workspace.state.close()
