"""What the disk or the file refuses is said in one sentence, and what was there before stays."""

import os
import re
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sample_company import fill_small_workspace
from served import HTTP, serving
from state_checks import put, score
from stored import listed, put_scores, rows_in_use

from redumbrella.errors import EngineError
from redumbrella.state import database as database_module
from redumbrella.state.database import State
from redumbrella.state.lists import list_in_use
from redumbrella.state.runs import runs, start_run
from redumbrella.state.scores import new_scores, scores
from redumbrella.views.leads import LEADS
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace, open_workspace


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State(f"sqlite:///{tmp_path}/state.db")
    put(opened, "t", [score("old", 0.5)])
    yield opened
    opened.close()


def ids(state: State) -> list[str]:
    return [row["lead_id"] for row in rows_in_use(state, scores, "t")]


def long_log(state: State) -> None:
    """A change of the database itself that needs room."""
    with state.writing() as connection:
        for _ in range(50):
            start_run(connection, "x" * 10_000, 1)


def new_list_of_many(state: State) -> None:
    """A list that needs room beside the database."""
    put(state, "t", [score(f"new {n}", 0.5, reasons={"text": "x" * 500}) for n in range(2_000)])


@contextmanager
def no_room(state: State) -> Iterator[None]:
    def limit(pages: int) -> None:
        with state.engine.connect() as connection:  # the only one of the pool, so the next too
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    limit(1)  # SQLite takes it for as many as there are
    try:
        yield
    finally:
        limit(2**30)


@contextmanager
def small_files(_state: State) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def no_rights(state: State) -> Iterator[None]:
    """As a user who may read the folder and everything in it, and write nothing."""
    assert state.path is not None
    folder = state.path.parent
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    above = [path for path in folder.parents if path.stat().st_mode & 0o001 == 0]
    modes = {path: path.stat().st_mode for path in above}
    was_root = os.geteuid() == 0
    try:
        for path in above if was_root else ():
            path.chmod(modes[path] | 0o011)
        if was_root:
            os.seteuid(65_534)
        yield
    finally:
        if was_root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize(
    ("hindered", "work", "reason"),
    [
        (no_room, long_log, "state_disk_full"),
        (small_files, long_log, "state_disk_error"),
        (small_files, new_list_of_many, "state_disk_error"),
        (no_rights, long_log, "state_read_only"),
    ],
)
def test_what_the_disk_refuses(
    state: State, hindered: Callable[[State], Any], work: Callable[[State], None], reason: str
) -> None:
    if hindered is no_rights:
        state.close()  # as a command that begins; who holds the files open may go on writing
    with hindered(state):
        again = State(state.url) if hindered is no_rights else state
        with pytest.raises(EngineError) as caught:
            work(again)
        assert caught.value.reason == reason
        assert re.search("Mend that|Give this user|Free some space", caught.value.message)
        assert ids(again) == ["old"]
        if again is not state:
            again.close()
    assert ids(state) == ["old"]
    assert rows_in_use(state, runs) == []
    new_list_of_many(state)
    assert len(ids(state)) == 2_000
    assert state.folder is not None
    assert len(list(state.folder.iterdir())) == 1  # nothing half written is left


def test_a_lock_that_is_never_freed(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.2)
    other = sqlite3.connect(str(state.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(EngineError, match="locked by another program") as caught:
        put(state, "t", [score("new", 0.5)])
    assert caught.value.reason == "state_busy"
    assert ids(state) == ["old"]
    other.execute("ROLLBACK")
    other.close()
    put(state, "t", [score("new", 0.5)])
    assert ids(state) == ["new"]


def damage(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


def test_a_damaged_database(state: State) -> None:
    state.close()
    assert state.path is not None
    damage(state.path)
    for work in (ids, lambda one: put(one, "t", [score("new", 0.5)])):
        with pytest.raises(EngineError, match="Put a backup in its place") as caught:
            work(State(state.url))
        assert caught.value.reason == "state_damaged"


@pytest.mark.parametrize("size", [None, 0, 3_000])
def test_a_list_whose_file_is_gone_or_cut_off(state: State, size: int | None) -> None:
    assert state.folder is not None
    for path in state.folder.iterdir():
        if size is None:
            path.unlink()
        else:
            os.truncate(path, size)
    with pytest.raises(EngineError, match="umbrella run") as caught:
        ids(state)
    assert caught.value.reason == "list_missing"


def test_a_fault_of_ours_is_none_of_the_database(state: State) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        put(state, "t", [score("a", 0.5), score("a", 0.6)])
    with pytest.raises(OSError, match="ours"), state.reading():
        raise OSError(5, "ours")


def test_a_run_that_meets_a_full_disk_says_so_once(tmp_path: Path) -> None:
    workspace = fill_small_workspace(tmp_path)
    before = rows_in_use(workspace.state, scores, "conversion")
    with (
        no_room(workspace.state),
        pytest.raises(EngineError, match="Free some space"),
        recorded(workspace, "score"),
    ):
        long_log(workspace.state)
    assert rows_in_use(workspace.state, scores, "conversion") == before
    workspace.state.close()


def test_pages_and_rest_answer_503(tmp_path: Path) -> None:
    workspace = fill_small_workspace(tmp_path)
    with serving(workspace) as address:
        assert HTTP.get(f"{address}/leads").status_code == 200
        folder = workspace.state.folder
        assert folder is not None
        for path in folder.iterdir():
            damage(path)
        page, rest = HTTP.get(f"{address}/leads"), HTTP.get(f"{address}/api/v1/leads")
    assert (page.status_code, rest.status_code) == (503, 503)
    assert rest.json()["error"]["reason"] == "state_damaged"
    assert "Put a backup in its place" in page.text
    workspace.state.close()


def read_all(workspace: Workspace) -> list[str]:
    return [row["lead_id"] for row in listed(workspace, LEADS).rows]


def test_what_may_only_be_read_can_be_read(tmp_path: Path) -> None:
    """A mount, a full disk, a user who may only read: nothing is made, nothing is waited for."""
    workspace = fill_small_workspace(tmp_path)
    shown = read_all(workspace)
    workspace.state.close()
    for writer in (None, State(workspace.state.url)):
        if writer is not None:  # whose log beside the database then exists
            with writer.writing() as connection:
                start_run(connection, "x", 1)
        with no_rights(workspace.state):
            reader = open_workspace(tmp_path)
            assert read_all(reader) == shown
            assert len(rows_in_use(reader.state, runs)) == (writer is not None)
            reader.state.close()
        if writer is not None:
            writer.close()


def test_a_list_that_is_taken_while_the_old_one_is_read(tmp_path: Path) -> None:
    """Reading goes on in the old list to its end; the next reading sees the new one."""
    workspace = fill_small_workspace(tmp_path)
    shown = read_all(workspace)
    assert shown
    with workspace.state.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM lists")  # its view of the database
        put_scores(workspace, "conversion", [score("new", 0.5)])
        table = list_in_use(connection, scores, "conversion")
        assert [row.lead_id for row in connection.execute(table.select())] == ["new"]
        with new_scores(workspace.state, "conversion", [score("never", 0.5)]):
            pass
        assert [row.lead_id for row in connection.execute(table.select())] == ["new"]
    assert read_all(workspace) == ["new"]
    workspace.state.close()
