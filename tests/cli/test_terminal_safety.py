"""What data hold never steers the terminal, by no command; names in any script stay readable."""

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from every_list import fill_every_list
from served import HTTP, serving
from sqlalchemy import update
from stored import put_customers, put_scores, rows_in_use

from redumbrella.cli.main import main
from redumbrella.cli.terminal import ProgressLines
from redumbrella.state.customers import customers
from redumbrella.state.runs import runs
from redumbrella.state.scores import scores
from redumbrella.state.sources import rejected_rows, sources
from redumbrella.workspace import Workspace

EVIL = "\x1b[2J\x1b]8;;http://x\x07link\x1b]8;;\x07\x9b1A\u202egpj\u2066\u200b\b\r\x7f"
NAME = "Zoë محمد 李小龍"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
COMMANDS = (
    ("leads",), ("leads", "--json"), ("explain", "L-1001"), ("explain", "L-1001", "--json"),
    ("customers",), ("customers", "--json"), ("products",), ("sources",), ("sources", "--json"),
    ("rejected",), ("rejected", "--json"), ("runs",), ("check",), ("check", "--json"), ("ingest",),
    ("report",), ("leads", "--source", EVIL), ("explain", EVIL), ("leads", EVIL), (EVIL,),
    ("report", "--target", EVIL), ("export", "scores", "--format", EVIL),
    ("weights", "--set", EVIL),
    ("weights", "--set", "fit=2", "--note", EVIL), ("weights",),
)  # fmt: skip


def without_own(row: dict[str, Any]) -> dict[str, Any]:
    """A stored row without what storing it adds."""
    return {name: value for name, value in row.items() if name not in ("target", "search")}


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace whose every text holds what would steer a terminal."""
    folder = tmp_path_factory.mktemp("evil")
    workspace = fill_every_list(folder)
    odd = f"{NAME}{EVIL}"
    listed = [{**row, "label": odd, "source": odd, "rep_id": odd}
              for row in rows_in_use(workspace.state, scores, "conversion")]  # fmt: skip
    put_scores(workspace, "conversion", map(without_own, listed))
    valued = rows_in_use(workspace.state, customers)
    put_customers(workspace, [without_own({**row, "label": odd}) for row in valued])
    with workspace.state.writing() as connection:
        connection.execute(update(rejected_rows).values(raw=odd, message=odd))
        connection.execute(update(sources).where(sources.c.table_name == "leads").values(path=odd))
        connection.execute(update(runs).values(message=odd))
    rows = [f'L-{n},{"yes" if n % 3 else "no"},"{odd if n == 7 else NAME}"' for n in range(300)]
    head = f'Lead Number,Converted,"{odd}"'
    (folder / "leads.csv").write_text("\n".join([head, *rows, ",yes,x"]) + "\n", "utf-8")
    (folder / f"{NAME}\x1b[2J.csv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    yield workspace
    workspace.state.close()


class Said:
    """Runs `umbrella …`; gives what it wrote to both streams."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.patch, self.captured = patch, captured

    def __call__(self, *words: str) -> tuple[str, str]:
        self.patch.setattr(sys, "argv", ["umbrella", *words])
        with suppress(SystemExit):
            main()
        return self.captured.readouterr()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(monkeypatch, capsys)


@pytest.mark.parametrize("words", COMMANDS, ids=range(len(COMMANDS)))
def test_no_command_lets_data_steer_the_terminal(
    evil: Workspace, said: Said, words: tuple[str, ...]
) -> None:
    output, errors = said(*words, "-w", str(evil.root))
    assert output + errors
    assert not STEERING.search(output), STEERING.search(output)
    assert not STEERING.search(errors), STEERING.search(errors)
    if words in (("leads",), ("customers",), ("rejected",), ("check",)):
        assert "محمد" in output
        assert "李小龍" in output
    if words[-1] == "--json":
        assert orjson.loads(output)


def test_json_says_the_same_data_with_escapes(evil: Workspace, said: Said) -> None:
    output, _ = said("leads", "--json", "-w", str(evil.root))
    assert orjson.loads(output)["rows"][0]["label"] == f"{NAME}{EVIL}"


def test_init_and_its_file_are_harmless(evil: Workspace, said: Said, tmp_path: Path) -> None:
    output, errors = said("init", str(tmp_path / "new"), "--from", str(evil.root / "leads.csv"),
                          str(evil.root / f"{NAME}\x1b[2J.csv"))  # fmt: skip
    assert "Wrote" in output, errors
    assert not STEERING.search(output + errors)


def test_progress_and_the_lock_are_harmless(evil: Workspace, said: Said) -> None:
    lines = ProgressLines(sys.stderr)
    lines.report(f"Reading {EVIL}", 0.5)
    lines.close()
    assert not STEERING.search(said.captured.readouterr().err)


def test_pages_show_them_instead_of_obeying(evil: Workspace) -> None:
    with serving(evil) as address:
        for page in ("/leads", "/customers", "/rejected", "/sources", "/runs", "/leads/L-1001"):
            text = HTTP.get(address + page).text
            assert not STEERING.search(text), page
            assert "\\u202e" in text or page == "/leads/L-1001", page
