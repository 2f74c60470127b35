"""No bare traceback: faults of ours, streams that fail, odd words and places end as one message."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import click
import pytest

from redumbrella.cli import lists
from redumbrella.cli.main import main, umbrella

PIPED = "set -o pipefail; "


class Run:
    """Runs `umbrella …` in this process: exit code, standard output, standard error."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.patch, self.captured = patch, captured

    def __call__(self, *words: str | Path) -> tuple[int, str, str]:
        self.patch.setattr(sys, "argv", ["umbrella", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return (code, *self.captured.readouterr())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


class Panic(BaseException):
    """As libraries written in Rust raise it: no Exception."""


@pytest.mark.parametrize("kind", [KeyError, RuntimeError, Panic])
def test_a_fault_of_ours_is_one_message_and_a_traceback_only_when_asked_for(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    def crash(*_: object) -> None:
        raise kind("postgresql://me:g3heim@host/x anna@example.org")

    monkeypatch.setattr(lists, "list_page", crash)
    code, output, errors = run("leads", "-w", folder)
    assert (code, output) == (1, "")
    assert len(errors.splitlines()) == 1
    assert errors.startswith("Error [internal]: This is a fault of Red Umbrella, not of yours: ")
    assert f"{kind.__name__} in lists.py, line " in errors
    assert "umbrella --verbose" in errors
    assert "anna" not in errors
    code, _, errors = run("--verbose", "leads", "-w", folder)
    assert code == 1
    assert "Traceback (most recent call last)" in errors
    assert "me:***@" in errors
    assert "g3heim" not in errors


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (OSError(28, "No space left on device", "/data/x"), "/data/x: No space left on device."),
        (MemoryError(), "The memory of this machine does not suffice."),
        (KeyboardInterrupt(), "Stopped."),
    ],
)
def test_what_the_machine_lacks_is_said(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException, said: str
) -> None:
    def crash(*_: object) -> None:
        raise problem

    monkeypatch.setattr(lists, "list_page", crash)
    code, _, errors = run("leads", "-w", folder)
    assert code == (130 if isinstance(problem, KeyboardInterrupt) else 1)
    assert said in errors
    assert "Traceback" not in errors
    assert "fault of Red Umbrella" not in errors


HOSTILE = {
    "a character 0": "a\0b",
    "no UTF-8": os.fsdecode(b"a\xffb"),
    "60,000 characters": "x" * 60_000,
    "a newline": "a\nb",
    "4,000 characters": "y" * 4_000,
    "a colour": "\x1b[31m",
}
NEEDED = {"explain": ("L-1001",)}


def _options(command: click.Command, path: tuple[str, ...] = ()) -> Any:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _options(inner, (*path, name))
        return
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_flag:
            yield path, option.opts[-1]


def test_no_value_of_any_option_of_any_command_makes_a_traceback(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # -o takes most of them for the name of a file
    names = tuple(HOSTILE)
    tried = 0
    for path, option in _options(umbrella):
        # Listening and learning take long, and start after the words are read; lists share theirs.
        like_scores = path[0] == "export" and path[-1] != "scores"
        if path[0] in ("serve", "demo", "backtest") or like_scores:
            continue
        tried += 1
        name = names[tried % len(names)]
        where = () if path[0] == "init" else ("-w", folder)
        ends = (folder / "nothing",) if path[0] == "init" else NEEDED.get(path[0], ())
        code, output, errors = run(*path, *where, *ends, option, HOSTILE[name])
        assert code in (0, 1, 2), (path, option, name)
        assert "Traceback" not in errors + output, (path, option, name)
        assert "fault of Red Umbrella" not in errors, (path, option, name, errors)
        assert len(errors) < 6_000, (path, option, name)
        if name in names[:3]:
            assert code == 2, (path, option, name)
    assert tried > 40


def test_a_hostile_environment_is_refused(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UMBRELLA_LOG", "UMBRELLA_WORKSPACE", "UMBRELLA_TOKEN"):
        monkeypatch.setenv(name, "x" * 60_000)
        code, _, errors = run("leads")
        assert code == 2
        assert f"${name} has 60,000 characters" in errors
        monkeypatch.delenv(name)


def test_a_device_or_a_pipe_is_written_to_and_not_replaced(run: Run, folder: Path) -> None:
    pipe = folder / "pipe.csv"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    code, _, errors = run("export", "scores", "-w", folder, "-o", pipe)
    reader.join(20)
    assert code == 0, errors
    assert read[0].startswith("lead_id,")
    assert pipe.is_fifo()
    pipe.unlink()


@pytest.mark.parametrize("name", ["b l a n k", "quo'te\"s", "new\nline", "ünï 名前", "a%b?c#d"])
def test_a_workspace_may_have_any_name(run: Run, tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.mkdir()
    rows = [f"L{n},{'yes' if n % 3 else 'no'},{n}" for n in range(20)]
    (place / "leads.csv").write_text("\n".join(["id,won,size", *rows]) + "\n", "utf-8")
    assert run("init", place / "w", "--from", place / "leads.csv")[0] == 0
    for words in (("check",), ("ingest",), ("sources",), ("export", "sources")):
        code, _, errors = run(*words, "-w", place / "w" / ".." / "w")
        assert code == 0 or "new" in name, (words, errors)  # the lake refuses a line break
        assert "Traceback" not in errors
        assert "fault of Red Umbrella" not in errors


@pytest.mark.parametrize(
    ("shell", "codes", "said"),
    [
        ("{} <&- >&- 2>&-", (0,), ""),
        ("{} --json >/dev/full", (1,), "No space left on device"),
        ("{} nonsense 2>/dev/full", (2,), ""),
        (PIPED + "{} | head -1", (0,), ""),
        (PIPED + "{} --json | true", (0,), ""),
        ("PYTHONIOENCODING=ascii {}", (0,), ""),
        ("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 COLUMNS=1 HOME=/no/home {}", (0,), ""),
    ],
)
def test_streams_and_surroundings(
    folder: Path, shell: str, codes: tuple[int, ...], said: str
) -> None:
    command = f"'{sys.executable}' -m redumbrella leads -w '{folder}' --top 100"
    done = subprocess.run(
        ["bash", "-c", shell.format(command)], capture_output=True, timeout=60, check=False
    )
    errors = done.stderr.decode("utf-8", "replace")
    assert done.returncode in codes, errors
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    assert said in errors
