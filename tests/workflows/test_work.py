"""The worker: jobs by schedule, once whoever looks; what fails is tried again; it stops."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from automation_world import NIGHT, actions, add_rows, company, instant, leads, local, people
from sqlalchemy import select
from stored import recent_runs

from redumbrella.errors import EngineError
from redumbrella.state.bulk import mappings
from redumbrella.state.jobs import (
    MOST_TRIES,
    add_job,
    beat,
    bury_dead_workers,
    claim_job,
    end_job,
    fail_job,
    jobs,
    living_workers,
    start_worker,
)
from redumbrella.workflows import work
from redumbrella.workflows.automation_rules import save_automation, switch_automation
from redumbrella.workflows.work import Worker
from redumbrella.workspace import Workspace

TASK = {
    "name": "Call", "trigger": {"kind": "lead"}, "control": 0,
    "action": {"kind": "task", "text": "Call {{ name }}"},
}  # fmt: skip


def listed(workspace: Workspace) -> list[dict[str, Any]]:
    with workspace.state.reading() as connection:
        return mappings(connection, select(jobs).order_by(jobs.c.id))


def planned_at(worker: Worker, monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(work, "now", lambda: instant(moment))
    worker._plan_jobs()


def test_each_schedule_has_one_job_whoever_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[worker]\nrun = "every day at 03:00"\ningest = "every 15 minutes"\n'
    workspace = company(tmp_path, settings, {})
    for worker in (Worker(workspace, print), Worker(workspace, print)):
        planned_at(worker, monkeypatch, NIGHT - timedelta(minutes=10))
    found = {(row["kind"], local(row["due_at"])) for row in listed(workspace)}
    assert len(listed(workspace)) == 3
    assert found == {
        ("run", "Tue 27 Oct 03:00"),
        ("ingest", "Tue 27 Oct 03:00"),
        ("look", "Tue 27 Oct 02:51"),
    }


def test_what_was_due_while_nobody_worked_is_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = company(tmp_path, "", {})
    planned_at(Worker(workspace, print), monkeypatch, NIGHT - timedelta(hours=1))
    worker = Worker(workspace, print)
    planned_at(worker, monkeypatch, NIGHT + timedelta(days=3))
    with workspace.state.writing() as connection:
        due = [claim_job(connection, "w", instant(NIGHT + timedelta(days=3))) for _ in range(3)]
    assert [row and row["kind"] for row in due] == ["look", "run", None]


def test_another_schedule_takes_the_place_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = company(tmp_path, "", {})
    worker = Worker(workspace, print)
    planned_at(worker, monkeypatch, NIGHT - timedelta(hours=1))
    path = tmp_path / "umbrella.toml"
    path.write_text(path.read_text("utf-8") + '[worker]\nrun = "every day at 05:00"\n', "utf-8")
    worker._settings_at = -1.0
    worker._open_again()
    planned_at(worker, monkeypatch, NIGHT - timedelta(hours=1))
    due = [local(row["due_at"]) for row in listed(workspace) if row["kind"] == "run"]
    assert due == ["Tue 27 Oct 05:00"]


def test_wrong_settings_are_said_and_the_old_ones_stay(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {})
    said: list[str] = []
    worker = Worker(workspace, said.append)
    worker._open_again()
    (tmp_path / "umbrella.toml").write_text("[workspace]\ntimezone = 'Nowhere'\n", "utf-8")
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_for(lambda: any("Nowhere" in line for line in said))
    worker.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert worker.workspace.settings.timezone == "Europe/Lisbon"


def test_what_fails_is_tried_again_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = company(tmp_path, "", {})
    said: list[str] = []
    worker = Worker(workspace, said.append)

    def breaks(*_: object) -> None:
        raise EngineError("The disk is full.", reason="disk_full")

    monkeypatch.setattr(work, "run", breaks)
    with workspace.state.writing() as connection:
        add_job(connection, "run", 1)
    for _ in range(MOST_TRIES):
        with workspace.state.writing() as connection:
            job = claim_job(connection, worker.name, 2**60)
        assert job is not None
        worker._do(job)
    (row,) = [row for row in listed(workspace) if row["kind"] == "run"]
    assert (row["state"], row["tries"], row["message"]) == (
        "failed", MOST_TRIES, "The disk is full.",
    )  # fmt: skip
    assert said == ["run failed: The disk is full."] * MOST_TRIES


def test_a_job_belongs_to_one_worker_until_it_is_dead(tmp_path: Path) -> None:
    workspace = company(tmp_path, "", {})
    with workspace.state.writing() as connection:
        assert add_job(connection, "run", 1)
        assert not add_job(connection, "run", 1)
        for name in ("a", "b"):
            start_worker(connection, name, "elsewhere", 1, 0)
        assert claim_job(connection, "a", 5) is not None
        assert claim_job(connection, "b", 5) is None
        add_job(connection, "run", 2)
        assert claim_job(connection, "b", 5) is None  # of one kind, one after the other
        beat(connection, "b", 70_000_000)
        assert bury_dead_workers(connection, 70_000_000) == 1
        assert not beat(connection, "a", 71_000_000)
        again = claim_job(connection, "b", 71_000_000)
        assert again is not None
        assert (again["due_at"], again["tries"]) == (1, 2)
        fail_job(connection, again["id"], "a", 9, "not mine", None)  # a dead worker has no say
        end_job(connection, again["id"], "b", 9, "done")
        assert [row["name"] for row in living_workers(connection)] == ["b"]
    assert [row["state"] for row in listed(workspace)] == ["done", "waiting"]


def test_once_it_looks_does_what_is_due_and_ends(tmp_path: Path) -> None:
    workspace = company(tmp_path, '[worker]\nrun = "never"\n', {"people": people("Ana")})
    save_automation(workspace, TASK)
    switch_automation(workspace, "Call", is_on=True)
    at = datetime.now(NIGHT.tzinfo)
    add_rows(workspace, "leads", leads("Ana", created_at=at), at)
    Worker(workspace, print, once=True).work()
    assert actions(workspace, "state", "lead_id", "reason") == [
        ("sent", "L-Ana", "on today's list")
    ]
    with workspace.state.reading() as connection:
        assert living_workers(connection) == []
    kept = len(recent_runs(workspace))
    Worker(workspace, print, once=True).work()
    assert len(recent_runs(workspace)) == kept  # a look that finds nothing leaves no line


def wait_for(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    last = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < last, "it did not come about in time"
        time.sleep(0.02)
