"""Opening a workspace and the lock between writing commands."""

import subprocess
import sys
from pathlib import Path

import pytest
from stored import recent_runs

from redumbrella.errors import EngineError, SettingsError
from redumbrella.workspace import open_workspace

HOLDER = """
import sys, time
from pathlib import Path
from redumbrella.workspace import open_workspace
with open_workspace(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_opens_settings_lake_and_state(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text('[workspace]\nname = "A"\n', encoding="utf-8")
    workspace = open_workspace(tmp_path)
    assert workspace.settings.name == "A"
    assert workspace.lake.tables() == ()
    assert recent_runs(workspace) == []
    assert not (tmp_path / "state.db").exists()  # reading makes nothing
    with workspace.lock(), workspace.lock():
        pass


def test_a_folder_without_settings_stays_untouched(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        open_workspace(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_waits_and_is_freed_when_its_holder_is_killed(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text("", encoding="utf-8")
    workspace = open_workspace(tmp_path)
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        def kill(message: str) -> None:
            said.append(message)
            holder.kill()

        with workspace.lock(kill):
            assert holder.wait(10) != 0
    assert f"process {holder.pid}" in said[0]
    assert len(said) == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text("", encoding="utf-8")
    workspace = open_workspace(tmp_path)
    (tmp_path / ".lock").mkdir()
    with pytest.raises(EngineError, match=r"\.lock cannot be written"), workspace.lock():
        pass
