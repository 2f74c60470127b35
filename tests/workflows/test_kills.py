"""Killed before a change of state, or beside another command: nothing is lost, nothing doubled.

The first, the last and every 29th point, and every 11th pair; with UMBRELLA_TEST_ALL=1 all of them.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sample_company import fill_small_workspace

TESTS = Path(__file__).parent.parent
PAIRS = 45  # of nine commands, each beside itself too
TRIES_ALL = os.environ.get("UMBRELLA_TEST_ALL") == "1"
EVERY_POINT, EVERY_PAIR = (1, 1) if TRIES_ALL else (29, 11)


def asked(*arguments: object) -> Any:
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), *sys.path])
    command = [sys.executable, str(TESTS / "killed_runs.py"), *map(str, arguments)]
    seconds = 3_600 if TRIES_ALL else 600
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, timeout=seconds, env=environment
    )
    return json.loads(done.stdout)


def test_after_a_kill_at_any_change_the_next_run_gives_the_same(tmp_path: Path) -> None:
    found = asked("killed", tmp_path, EVERY_POINT)
    assert found["otherwise"] == {}
    assert found["tried"] >= found["changes"] // EVERY_POINT + (not TRIES_ALL)
    assert found["changes"] > 50
    assert all(found["rows"][name] for name in ("products", "conversion", "customers", "forecasts"))


def test_two_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    tried = len(range(0, PAIRS, EVERY_PAIR))
    assert asked("at-once", tmp_path, EVERY_PAIR) == {"pairs": tried, "wrong": {}}


WRITER = """
import sys, time
from pathlib import Path
from redumbrella.state.runs import start_run
from redumbrella.workspace import open_workspace

with open_workspace(Path(sys.argv[1])).state.writing() as connection:
    start_run(connection, "train", 1)
    print("reached", flush=True)
    time.sleep(120)
"""


@pytest.mark.parametrize("command", [["leads"], ["report"], ["export", "scores"], ["models"]])
def test_reading_does_not_wait_for_a_transaction_that_lasts(
    tmp_path: Path, command: list[str]
) -> None:
    fill_small_workspace(tmp_path).state.close()
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == b"reached"
        began = time.monotonic()
        words = [sys.executable, "-m", "redumbrella", *command, "-w", str(tmp_path)]
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=100)
        spent = time.monotonic() - began
        writer.kill()
    assert done.returncode == 0, done.stderr
    assert spent < 25  # waiting for the lock took 30 s and failed
