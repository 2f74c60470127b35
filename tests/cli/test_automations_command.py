"""`umbrella automations`: every verb on the terminal and as JSON; and the worker of serve."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from every_list import fill_every_list
from mail_receiver import mail_server
from ruled_company import HOSTILE

from redumbrella.cli import main as command_line
from redumbrella.state.jobs import living_workers
from redumbrella.workspace import Workspace


class Run:
    """Runs `umbrella …` in this process: exit code, standard output, standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]):
        self.monkeypatch = monkeypatch
        self.captured = captured

    def __call__(self, *words: object) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["umbrella", *map(str, words)])
        try:
            command_line.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        output, errors = self.captured.readouterr()
        return code, output.replace("\u00a0", " "), errors.replace("\u00a0", " ")


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = fill_every_list(tmp_path_factory.mktemp("ruled"))
    yield workspace
    workspace.state.close()


@pytest.fixture
def umbrella(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


def test_alone_it_lists_as_list_does(umbrella: Run, ruled: Workspace) -> None:
    code, text, errors = umbrella("automations", "-w", ruled.root)
    assert (code, errors) == (0, "")
    for words in ("Hot overnight", "Monday call", "A worker runs on here", "2 waiting"):
        assert words in text.replace("3 waiting", "2 waiting")
    assert f"umbrella automations check -w {ruled.root}" in text
    assert umbrella("automations", "list", "-w", ruled.root)[1] == text
    assert umbrella("automations", "-w", ruled.root, "list")[1] == text
    found = json.loads(umbrella("automations", "--json", "-w", ruled.root)[1])
    assert [rule["name"] for rule in found["rules"]] == [
        "Hot overnight", "Call again", "Tell the CRM", "Monday call"]  # fmt: skip


def test_check_says_every_problem_and_fails(
    umbrella: Run, ruled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UMBRELLA_WEBHOOK_CRM", raising=False)
    code, text, errors = umbrella("automations", "check", "-w", ruled.root)
    assert code == 2
    assert '"Call again" can work.' in text
    assert '"Tell the CRM": There is no webhook "erp"' in errors
    assert "e-mail address" in errors
    found = json.loads(umbrella("automations", "check", "--json", "-w", ruled.root)[1])
    assert found["Call again"] == []
    assert len(found["Hot overnight"]) >= 1


def test_dry_run_shows_whom_and_the_message(umbrella: Run, ruled: Workspace) -> None:
    code, text, _ = umbrella(
        "automations", "dry-run", "monday call", "--lead", "L-1003", "-w", ruled.root
    )
    assert code == 0
    assert "It would have fired" in text
    assert "Call Customer 1003" in text
    words = ("automations", "dry-run", "Monday call", "--days", "7", "--json", "-w", ruled.root)
    found = json.loads(umbrella(*words)[1])
    assert found["days"] == 7
    assert found["fired"] == len(found["lines"])


def test_show_on_off_stop_and_resume(umbrella: Run, ruled: Workspace) -> None:
    code, text, _ = umbrella("automations", "show", "Monday call", "-w", ruled.root)
    assert code == 0
    assert "[[automations]]" in text
    assert "Version 2" in text
    assert "is on" in umbrella("automations", "on", "Monday call", "-w", ruled.root)[1]
    off = json.loads(umbrella("automations", "off", "Monday call", "--json", "-w", ruled.root)[1])
    assert off["is_on"] is False
    assert "stopped" in umbrella("automations", "stop", "-w", ruled.root)[1]
    listed = umbrella("automations", "-w", ruled.root)[1]
    assert f"umbrella automations resume -w {ruled.root}" in listed.replace("\n", " ")
    assert json.loads(umbrella("automations", "resume", "--json", "-w", ruled.root)[1]) == {
        "stopped": False}  # fmt: skip


def test_an_unknown_rule_names_the_nearest(umbrella: Run, ruled: Workspace) -> None:
    for verb in ("show", "on", "off", "dry-run"):
        code, _, errors = umbrella("automations", verb, "Monday cal", "-w", ruled.root)
        assert code == 2
        assert 'Did you mean "Monday call"?' in errors


def test_actions_tasks_and_people_who_come_back(umbrella: Run, ruled: Workspace) -> None:
    waits = json.loads(umbrella("outbox", "--state", "planned", "--json", "-w", ruled.root)[1])
    number = waits["rows"][0]["id"]
    assert umbrella("automations", "cancel", number, "-w", ruled.root)[0] == 0
    code, _, errors = umbrella("automations", "cancel", number, "-w", ruled.root)
    assert (code, "It is cancelled already." in errors) == (2, True)
    failed = json.loads(umbrella("outbox", "--state", "failed", "--json", "-w", ruled.root)[1])
    number = failed["rows"][0]["id"]
    assert "waits again" in umbrella("automations", "retry", number, "-w", ruled.root)[1]
    assert "has not failed" in umbrella("automations", "retry", number, "-w", ruled.root)[2]
    text = umbrella("outbox", "--state", "left alone", "-w", ruled.root)[1]
    assert "left alone, as 10% are" in " ".join(text.split()) or "left alone" in text
    assert "is done" in umbrella("automations", "done", "2", "-w", ruled.root)[1]
    assert "was done" in umbrella("automations", "done", "2", "-w", ruled.root)[1]
    told = umbrella("automations", "subscribe-again", "L-1001", "-w", ruled.root)[1]
    assert "had not left" in told


def test_a_test_mail_goes_to_the_address_given(umbrella: Run, ruled: Workspace) -> None:
    words = ("automations", "test-mail", "hot overnight", "--lead", "L-1003", "-w", ruled.root)
    settings = ruled.root / "umbrella.toml"
    text = settings.read_text("utf-8")
    with mail_server() as mails:
        settings.write_text(text.replace("[mail]", f"[mail]\nport = {mails.port}"), "utf-8")
        code, said, errors = umbrella(*words, "--to", "me@example.com")
        assert (code, errors) == (0, "")
        assert "is sent to me@example.com." in said
        found = json.loads(umbrella(*words, "--to", "me@example.com", "--json")[1])
        assert found["lead_id"] == "L-1003"
    settings.write_text(text, "utf-8")
    assert [one.recipients for one in mails.arrived] == [("me@example.com",)] * 2
    assert umbrella(*words)[0] == 2  # nobody is named
    assert "is no e-mail address" in umbrella(*words, "--to", "me")[2]


def test_today_shows_tasks_above_the_list(umbrella: Run, ruled: Workspace) -> None:
    text = umbrella("today", "-w", ruled.root)[1]
    assert "Task 3: Customer 1003 (L-1003): Call again about the offer" in text
    assert text.index("Task 3") < text.index("Next step")
    assert HOSTILE in text  # as it is: a terminal runs no HTML


def test_serve_works_too_and_ends_what_it_does(tmp_path: Path) -> None:
    workspace = fill_every_list(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ("serve", "--work", "--port", port, "-w", str(tmp_path))
    command = [sys.executable, "-m", "redumbrella", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ}) as server:  # fmt: skip
        deadline = time.monotonic() + 60
        found: list[int] = []
        is_open = False
        while not (is_open and server.pid in found) and time.monotonic() < deadline:
            time.sleep(0.2)
            with socket.socket() as client:
                is_open = client.connect_ex(("127.0.0.1", int(port))) == 0
            with workspace.state.reading() as connection:
                found = [row["process"] for row in living_workers(connection)]
        try:
            server.send_signal(signal.SIGTERM)
            out, errors = server.communicate(timeout=60)
        finally:
            server.kill()
    assert server.pid in found, (out, errors)
    assert "The worker runs too" in out
    assert "Traceback" not in errors
    with workspace.state.reading() as connection:
        left = [row["process"] for row in living_workers(connection)]
    assert server.pid not in left
    workspace.state.close()
