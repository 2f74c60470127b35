"""Progress on standard error where nobody watches a terminal: lines in a file, silence for JSON."""

import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lead_worlds import company_rows, make_company

from redumbrella.cli.main import main
from redumbrella.cli.terminal import ProgressLines

LINE = re.compile(r"\d:\d\d:\d\d +\d{1,3} %  \S.*")
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def umbrella(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls `umbrella` with arguments; returns standard output and standard error."""

    def call(*arguments: object) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["umbrella", *map(str, arguments)])
        main()
        return capfd.readouterr()

    return call


@pytest.fixture
def company(tmp_path: Path) -> Path:
    leads = [
        {**lead, "closed": lead["created"] if lead["won"] else ""}
        for lead in company_rows(60, 6)[0]
    ]
    dates = 'created_at = "created"\nclosed_at = "closed"'
    make_company(tmp_path, leads, created=dates).state.close()
    return tmp_path


def test_each_long_command_says_how_far_it_is(umbrella: Run, company: Path) -> None:
    backtest = ("backtest", "--from", "2026-01-01", "--to", "2026-01-08")
    steps = {
        ("check",): "Reading leads",
        ("ingest",): "Reading leads",
        ("train",): "Reading what is known",
        ("score",): "Reading what is known",
        ("run", "--fresh"): "Reading",
        backtest: "Learning what was known on",
    }
    for words, first in steps.items():
        output, errors = umbrella(*words, "-w", company)
        lines = errors.splitlines()
        assert lines, words
        assert all(LINE.fullmatch(line) for line in lines), errors
        assert first in lines[0], words
        assert not [line for line in output.splitlines() if LINE.fullmatch(line)]


def test_json_leaves_standard_error_empty(umbrella: Run, company: Path) -> None:
    for words in (("check",), ("ingest",), ("run", "--fresh")):
        output, errors = umbrella(*words, "--json", "-w", company)
        assert json.loads(output)
        assert errors == "", words


def shown(out: io.StringIO) -> list[str]:
    lines = out.getvalue().splitlines()
    assert all(LINE.fullmatch(line) for line in lines), lines
    return [line.partition("%  ")[2] for line in lines]


def test_steps_that_follow_fast_share_a_line() -> None:
    out = io.StringIO()
    lines = ProgressLines(out, next_step_seconds=0.2)
    for number in range(1_000):
        lines.report(f"step {number}", number / 1_000)
        lines.report(f"step {number}", number / 1_000)
    # The last step reports no more: it is shown by itself when its time has come.
    deadline = time.monotonic() + 10
    while "step 999" not in shown(out):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert shown(out)[0] == "step 0"
    assert len(shown(out)) < 100
    lines.close()


def test_a_step_that_lasts_gets_another_line() -> None:
    out = io.StringIO()
    lines = ProgressLines(out, next_step_seconds=0.0, same_step_seconds=0.0)
    lines.report("Training", 0.5)
    lines.report("Training", 0.75)
    assert [line[-14:] for line in out.getvalue().splitlines()] == [
        "50 %  Training",
        "75 %  Training",
    ]
    rare = ProgressLines(out := io.StringIO())
    rare.report("Training", 0.5)
    rare.report("Training", 0.75)
    rare.close()
    assert shown(out) == ["Training"]


def test_nothing_is_written_after_the_end() -> None:
    out = io.StringIO()
    lines = ProgressLines(out, next_step_seconds=0.05)
    lines.report("first", 0.0)
    lines.report("second", 0.5)
    lines.close()
    time.sleep(0.1)
    assert shown(out) == ["first"]


def test_a_reader_that_has_gone_away_stops_no_work() -> None:
    out = io.StringIO()
    lines = ProgressLines(out)
    out.close()
    lines.report("Training", 0.5)
