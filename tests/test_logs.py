"""Logging: off by default, text or JSON when asked for, and never a word of the data."""

import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import HTTP

from redumbrella.cli.main import main
from redumbrella.errors import SettingsError
from redumbrella.logs import is_logging, log_event, log_format, log_to

SECRETS = ("zelda-17", "zelda", "example.org", "s3cret-token-of-the-server", "quokka", "Quokka")
TOKEN = "s3cret-token-of-the-server"
PERSON = "zelda-17@example.org"
ROWS = [
    "id,created,won,size,animal,mail",
    *(
        f"{'zelda-17' if n == 49 else f'L{n}'},2026-01-{n // 2 + 1:02d},"
        f"{'' if n >= 45 else ('yes', 'no', 'no')[n % 3]},{n % 7},{('quokka', 'newt')[n % 2]},"
        f"{PERSON}"
        for n in range(50)
    ),
    f",2026-01-02,yes,1,quokka,{PERSON}",  # has no id: set aside
]
SETTINGS = """\
[workspace]
name = "Quokka"
[tables.leads]
path = "zelda.csv"
columns = { lead_id = "id", created_at = "created", won = "won" }
[[targets]]
name = "conversion"
from = "leads.won"
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace whose data, file and name hold words that no log may say."""
    (tmp_path / "umbrella.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "zelda.csv").write_text("\n".join(ROWS) + "\n", "utf-8")
    return tmp_path


@pytest.fixture
def umbrella(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls `umbrella` with arguments; returns exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["umbrella", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        assert isinstance(code, int)
        return code, *capfd.readouterr()

    return call


def parsed(lines: str) -> list[dict[str, Any]]:
    """The lines of a JSON log, each of which has to be an object with the four usual keys."""
    found = [json.loads(line) for line in lines.splitlines()]
    for one in found:
        assert list(one)[:4] == ["time", "level", "logger", "message"]
        assert datetime.fromisoformat(one["time"]).utcoffset() is not None
    return found


def test_nothing_is_logged_by_default(umbrella: Run, folder: Path) -> None:
    assert not is_logging()
    log_event("sources", "source read", failed=True, rows=3)
    code, _, errors = umbrella("ingest", "-w", folder)
    assert code == 0
    assert "redumbrella" not in errors


@pytest.mark.parametrize("option", ["--verbose", "-v"])
def test_verbose_logs_lines_of_text(umbrella: Run, folder: Path, option: str) -> None:
    code, output, errors = umbrella(option, "ingest", "-w", folder)
    assert code == 0
    assert output.startswith("leads: 51 rows read, 50 new")
    said = [line.partition(" ")[2] for line in errors.splitlines()]
    assert said[0].startswith("INFO redumbrella.cli: command started verb=ingest version=")
    assert 'INFO redumbrella.steps: step started step="Reading leads" percent=0' in said
    assert any(line.startswith("INFO redumbrella.sources: source read table=leads inputs=1 rows=51 "
                               "rejected=1 identical=0 seconds=") for line in said)  # fmt: skip
    assert said[-1].startswith("INFO redumbrella.cli: command ended verb=ingest exit=0 seconds=")
    assert not is_logging()


def test_json_logs_one_object_a_line(
    umbrella: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMBRELLA_LOG", "json")
    code, output, errors = umbrella("run", "--json", "-w", folder)
    assert code == 0
    assert json.loads(output)["scored"]["leads"] == 5
    found = parsed(errors)
    started = [one["step"] for one in found if one["message"] == "step started"]
    ended = [one["step"] for one in found if one["message"] == "step ended"]
    assert started == ended
    assert {"Reading leads", "Reading what is known"} <= set(started)
    (source,) = (one for one in found if one["message"] == "source read")
    assert (source["table"], source["rows"], source["rejected"]) == ("leads", 51, 1)
    assert (found[-1]["verb"], found[-1]["exit"]) == ("run", 0)
    assert found[-1]["seconds"] > 0


def test_a_failure_says_its_code_and_not_its_message(
    umbrella: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMBRELLA_LOG", "json")
    (folder / "zelda.csv").unlink()
    code, _, errors = umbrella("ingest", "-w", folder)
    assert code == 2
    logged, told = errors.rstrip().rsplit("\n", 1)
    assert "zelda.csv" in told
    last = parsed(logged)[-1]
    assert (last["level"], last["exit"], last["reason"]) == ("ERROR", 2, "missing_file")
    code, _, errors = umbrella("score", "--as-of", "-w", folder)
    assert code == 2
    assert json.loads(errors.splitlines()[1])["exit"] == 2
    assert json.loads(errors.splitlines()[1])["verb"] == "score"


def test_the_variable_decides_the_format() -> None:
    assert log_format(False, None) is None
    assert log_format(False, "") is None
    assert log_format(True, None) == "text"
    assert log_format(True, "json") == "json"
    assert log_format(False, "text") == "text"
    with pytest.raises(SettingsError, match="Valid: text, json"):
        log_format(False, "yes")


def test_an_exception_is_logged_by_class_and_place() -> None:
    out = io.StringIO()
    with log_to("json", out):
        try:
            raise RuntimeError(PERSON)
        except RuntimeError as problem:
            logging.getLogger("uvicorn.error").error("Exception of %s\n", PERSON, exc_info=problem)
    (one,) = parsed(out.getvalue())
    assert one["error"] == "RuntimeError"
    assert one["raised_at"].startswith("test_logs.py:")
    assert PERSON not in out.getvalue()


@contextmanager
def logging_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`umbrella serve` that logs as JSON: its address and its process, stopped afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "-w", str(folder), "--port", str(port)]
    variables = {**os.environ, "UMBRELLA_LOG": "json", "UMBRELLA_TOKEN": TOKEN}
    with subprocess.Popen(
        [sys.executable, "-m", "redumbrella", *words],
        env=variables, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def visit(method: str, address: str, token: str = TOKEN) -> httpx.Response:
    """One request; waits while the server starts."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return HTTP.request(method, address, headers={"Authorization": f"Bearer {token}"})
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_no_word_of_the_data_is_logged(
    umbrella: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMBRELLA_LOG", "json")
    logged = ""
    # The last one fails, and its message names the lead.
    for words in (("check",), ("run",), ("leads",), ("explain", "zelda-17"), ("explain", PERSON)):
        code, _, errors = umbrella(*words, "-w", folder)
        lines = [line for line in errors.splitlines() if line.startswith("{")]
        assert len(lines) == len(errors.splitlines()) - (code != 0)
        logged += "\n".join(lines) + "\n"
    assert code == 2
    with logging_server(folder) as (address, process):
        assert "zelda-17" in visit("GET", f"{address}/leads?search=zelda-17").text
        assert visit("GET", f"{address}/leads/zelda-17").status_code == 200
        assert visit("GET", f"{address}/api/v1/leads/{PERSON}").status_code == 404
        assert visit("GET", f"{address}/{PERSON}").status_code == 404
        assert visit("ZELDA-17", f"{address}/leads").status_code == 405
        assert visit("GET", f"{address}/leads?search=zelda", token="quokka").status_code == 401
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    logged += errors
    found = parsed(logged)
    requests = [one for one in found if one["message"] == "request"]
    seen = [(one["method"], one["route"], one["status"]) for one in requests]
    assert seen == [
        ("GET", "/leads", 200),
        ("GET", "/leads/{lead_id:text}", 200),
        ("GET", "/api/v1/leads/{lead_id:text}", 404),
        ("GET", "none", 404),
        ("other", "/leads", 405),
        ("GET", "none", 401),
    ]
    assert all(one["milliseconds"] > 0 for one in requests)
    assert found[-1]["verb"] == "serve"
    assert [word for word in SECRETS if word.lower() in logged.lower()] == []
