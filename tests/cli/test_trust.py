"""The verdict on the terminal, in Python and beside exports, on real models."""

import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from trusted_companies import WORLDS, company_with

import redumbrella
from redumbrella.cli import main as command_line
from redumbrella.figures import percent
from redumbrella.reports.wording import VERDICTS
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import list_page
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.usefixtures("baselines_only")


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


@pytest.fixture
def umbrella(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


@pytest.fixture(scope="module", params=WORLDS)
def trusted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Workspace, str]]:
    workspace = company_with(request.param, tmp_path_factory.mktemp("trusted"))
    yield workspace, request.param
    workspace.state.close()


def test_the_verdict_comes_first_and_decides_what_is_shown(
    umbrella: Run, trusted: tuple[Workspace, str]
) -> None:
    workspace, verdict = trusted
    best = list_page(workspace, LEADS, LEADS.query({})).rows[0]
    chance = percent(best["probability"]).replace("\u00a0", " ")
    for words in (("leads",), ("explain", best["lead_id"])):
        code, text, _ = umbrella(*words, "-w", workspace.root)
        assert code == 0
        assert text.startswith(VERDICTS[verdict])
        assert (chance in text) == (verdict != "not ready")
        again = f"Show the numbers anyway: umbrella {words[0]} -w {workspace.root}"
        assert (again in text) == (verdict == "not ready")
        insisted = umbrella(*words, "--insist", "-w", workspace.root)[1]
        assert insisted.startswith(VERDICTS[verdict])
        assert chance in insisted
        assert "Show the numbers anyway" not in insisted
        assert "reliable." not in text


def test_machines_get_the_figures_with_the_verdict(
    umbrella: Run, trusted: tuple[Workspace, str]
) -> None:
    workspace, verdict = trusted
    page = orjson.loads(umbrella("leads", "--json", "-w", workspace.root)[1])
    assert page["trust"]["verdict"] == verdict
    assert page["rows"][0]["probability"] > 0.0
    lead = page["rows"][0]["lead_id"]
    assert (
        orjson.loads(umbrella("explain", lead, "--json", "-w", workspace.root)[1])["trust"]
        == page["trust"]
    )


def test_an_export_says_how_far_to_trust_it_and_keeps_its_columns(
    umbrella: Run, trusted: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, verdict = trusted
    path = tmp_path / "scores.csv"
    code, text, errors = umbrella("export", "scores", "-o", path, "-w", workspace.root)
    assert (code, text) == (0, f"{path}\n")
    assert f"“conversion”: {VERDICTS[verdict]}" in errors
    assert path.read_text("utf-8").startswith("lead_id,person_id,product_id,target,as_of,")
    written = umbrella("export", "scores", "--json", "-o", path, "-w", workspace.root)[1]
    assert orjson.loads(written)["trust"][0]["verdict"] == verdict


def test_the_last_lines_of_a_run_and_the_report_say_it(
    umbrella: Run, trusted: tuple[Workspace, str]
) -> None:
    workspace, verdict = trusted
    _, text, _ = umbrella("run", "-w", workspace.root)
    lines = text.splitlines()
    assert lines[-1].startswith("See them:")
    assert VERDICTS[verdict] in lines[-4:]
    assert umbrella("report", "-w", workspace.root)[1].startswith(VERDICTS[verdict])


def test_python_asks_for_the_trust_of_a_target(trusted: tuple[Workspace, str]) -> None:
    workspace, verdict = trusted
    with redumbrella.open(workspace.root) as ws:
        trust = ws.trust("conversion")
        assert trust == ws.trust()
        assert (trust.verdict, trust.headline) == (verdict, VERDICTS[verdict])
        assert trust.model_version == ws.report()["model_version"]
        assert list(trust.reasons) == ws.report()["verdict"]["reasons"]
