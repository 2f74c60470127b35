"""The log of runs: how each run ended, and why, whatever happened to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lead_worlds import company_rows, make_company, quiet
from stored import listed, recent_runs

from redumbrella.errors import DataError
from redumbrella.views.runs import RUNS
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Workspace]:
    workspace = make_company(tmp_path, company_rows(30, 3)[0])
    yield workspace
    workspace.state.close()


def last(workspace: Workspace) -> tuple[str, str, str]:
    run = recent_runs(workspace)[0]
    return run["verb"], run["status"], run["message"]


def test_a_run_that_ends_well_is_done_with_its_message(company: Workspace) -> None:
    with recorded(company, "train") as run:
        run.message = "model 1"
    assert last(company) == ("train", "done", "model 1")
    assert recent_runs(company)[0]["ended_at"] >= recent_runs(company)[0]["started_at"]


@pytest.mark.parametrize(
    ("problem", "status", "message"),
    [
        (DataError("No rows.", reason="no_rows"), "failed", "No rows."),
        (ZeroDivisionError("division by zero"), "crashed", "ZeroDivisionError: division by zero"),
        (KeyboardInterrupt(), "stopped", "The command was stopped."),
    ],
)
def test_what_ended_a_run_is_in_the_log_and_still_raised(
    company: Workspace, problem: BaseException, status: str, message: str
) -> None:
    with pytest.raises(type(problem)), recorded(company, "score"):
        raise problem
    assert last(company) == ("score", status, message)


def test_a_fault_of_ours_in_reading_is_no_running_run(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading once noted only errors that it had foreseen; after others it ran for ever."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("redumbrella.workflows.ingest.read_table", broken)
    with pytest.raises(RuntimeError):
        ingest(company, quiet)
    assert last(company) == ("ingest", "crashed", "RuntimeError: a fault of ours")


KILLED = """
import sys, time
from pathlib import Path
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import open_workspace

with recorded(open_workspace(Path(sys.argv[1])), "train"):
    print("reached", flush=True)
    time.sleep(120)
"""


def test_a_killed_run_is_called_killed_at_once_and_closed_by_the_next(company: Workspace) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(company.root)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline().strip() == b"reached"
        assert [row["status"] for row in listed(company, RUNS).rows] == ["running"]
        process.send_signal(signal.SIGKILL)
    assert [row["status"] for row in listed(company, RUNS).rows] == ["killed"]
    with recorded(company, "weights", alone=False):
        pass
    assert [(row["verb"], row["status"]) for row in recent_runs(company)] == [
        ("weights", "done"),
        ("train", "killed"),
    ]


def test_a_run_of_a_living_process_goes_on(company: Workspace) -> None:
    with recorded(company, "train"):
        with recorded(company, "weights", alone=False):
            pass
        assert [row["status"] for row in recent_runs(company)] == ["done", "running"]
    assert recent_runs(company)[1]["process"] == os.getpid()
