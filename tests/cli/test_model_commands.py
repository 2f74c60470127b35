"""`train`, `score`, `run` and `demo` as a person calls them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lead_worlds import company_rows, make_company

from redumbrella.cli.instants import instant
from redumbrella.cli.main import main
from redumbrella.errors import SettingsError
from redumbrella.workflows import demo

pytestmark = pytest.mark.usefixtures("baselines_only")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def umbrella(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls `umbrella` with arguments; returns exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["umbrella", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        output, errors = capfdbinary.readouterr()
        assert b"Traceback" not in output + errors
        assert isinstance(code, int)
        return code, output.decode().replace("\u00a0", " "), errors.decode()

    return call


@pytest.fixture
def company(tmp_path: Path) -> Path:
    make_company(tmp_path, company_rows(60, 6)[0]).state.close()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("train", ["--as-of", "--target", "--json", "--workspace"]),
        ("score", ["--as-of", "--target", "--json", "--workspace"]),
        ("run", ["--fresh", "--json", "--workspace"]),
        ("demo", ["FOLDER", "--serve"]),
    ],
)
def test_help_names_every_option(umbrella: Run, command: str, words: list[str]) -> None:
    code, output, _ = umbrella(command, "--help")
    assert code == 0
    assert all(word in output for word in words)


def test_from_a_file_to_scores_step_by_step(umbrella: Run, company: Path) -> None:
    assert umbrella("ingest", "-w", company)[0] == 0
    code, output, _ = umbrella("train", "-w", company)
    assert code == 0
    assert "22 won and 38 lost leads" in output
    assert "Base rate" in output
    code, output, _ = umbrella("score", "-w", company)
    assert code == 0
    assert output.startswith("Scored 6 open leads with model 2")
    assert "umbrella leads" in output
    code, output, _ = umbrella("leads", "-w", company)
    assert code == 0
    assert "L00060" in output


def test_run_says_what_was_done_and_what_was_not(umbrella: Run, company: Path) -> None:
    code, output, _ = umbrella("run", "-w", company)
    assert code == 0
    assert "leads: 66 rows read, 66 new." in output
    assert "Scored 6 open leads." in output
    code, output, _ = umbrella("run", "-w", company)
    assert code == 0
    assert "nothing to train" in output
    assert "The list is up to date." in output
    code, output, _ = umbrella("run", "-w", company, "--fresh")
    assert code == 0
    assert "Scored 6 open leads." in output


def test_json_is_one_document(umbrella: Run, company: Path) -> None:
    code, output, _ = umbrella("run", "-w", company, "--json")
    assert code == 0
    document = json.loads(output)
    assert document["scored"]["leads"] == 6
    assert document["trained"]["promoted"] is True
    assert document["ingested"]["sources"][0]["added"] == 66
    code, output, _ = umbrella("train", "-w", company, "--json", "--as-of", "2024-01-11")
    assert code == 0
    trained = json.loads(output)
    assert trained["as_of"] == "2024-01-11T00:00:00+00:00"
    assert trained["counts"]["closed"] == 39
    code, output, _ = umbrella("score", "-w", company, "--json")
    assert code == 0
    scored = json.loads(output)
    assert scored["leads"] == 6
    assert scored["model_version"] == trained["model_version"]


def test_a_missed_gate_is_said(umbrella: Run, company: Path) -> None:
    assert umbrella("run", "-w", company)[0] == 0
    settings = company / "umbrella.toml"
    settings.write_text(settings.read_text() + "[success]\nmin_auc = 0.999\n")
    code, output, _ = umbrella("train", "-w", company)
    assert code == 0
    assert "NOT met" in output
    assert "The earlier model stays in use" in output


def test_what_is_made_for_the_past_is_said_to_be_in_use(umbrella: Run, company: Path) -> None:
    assert umbrella("run", "-w", company)[0] == 0
    for command in ("train", "score"):
        code, _, errors = umbrella(command, "-w", company, "--as-of", "2024-01-11")
        assert code == 0
        assert "knows nothing after 2024-01-11." in errors
        assert "knows nothing after" not in umbrella(command, "-w", company)[2]


@pytest.mark.parametrize("command", ["train", "score"])
@pytest.mark.parametrize(
    "text", ["soon", "2024-13-01", "", "9999-12-31T23:00-12:00", "0001-01-01T00:00+10:00"]
)
def test_an_unreadable_instant_is_bad_input(
    umbrella: Run, company: Path, command: str, text: str
) -> None:
    code, _, errors = umbrella(command, "-w", company, "--as-of", text)
    assert code == 2
    assert "is no instant" in errors


def test_instants_are_read_in_the_workspaces_time_zone() -> None:
    assert instant(None, "UTC") is None
    assert instant("1970-01-01", "UTC") == 0
    assert instant("1970-01-01", "Europe/Lisbon") == -3_600_000_000
    assert instant("1970-01-01T02:00+02:00", "Europe/Lisbon") == 0
    with pytest.raises(SettingsError, match="2026-11-01"):
        instant("tomorrow", "UTC")


@pytest.mark.parametrize("command", ["train", "score", "run"])
def test_no_workspace_is_bad_input(umbrella: Run, tmp_path: Path, command: str) -> None:
    code, _, errors = umbrella(command, "-w", tmp_path / "nowhere")
    assert code == 2
    assert "umbrella init" in errors


def test_nothing_to_learn_from_is_bad_input(umbrella: Run, company: Path) -> None:
    code, _, errors = umbrella("train", "-w", company)
    assert code == 2
    assert "umbrella ingest" in errors
    assert umbrella("ingest", "-w", company)[0] == 0
    code, _, errors = umbrella("train", "-w", company, "--as-of", "1970-01-01")
    assert code == 2
    assert "later --as-of" in errors
    code, _, errors = umbrella("train", "-w", company, "--target", "conversoin")
    assert code == 2
    assert 'Did you mean "conversion"' in errors


def test_score_before_train_fails(umbrella: Run, company: Path) -> None:
    assert umbrella("ingest", "-w", company)[0] == 0
    code, _, errors = umbrella("score", "-w", company)
    assert code == 1
    assert "umbrella train" in errors


def test_all_leads_open(umbrella: Run, tmp_path: Path) -> None:
    make_company(tmp_path, company_rows(0, 12)[0]).state.close()
    code, _, errors = umbrella("run", "-w", tmp_path)
    assert code == 2
    assert "No lead has an outcome yet" in errors


def test_all_leads_closed(umbrella: Run, tmp_path: Path) -> None:
    make_company(tmp_path, company_rows(60, 0)[0]).state.close()
    code, text, _ = umbrella("run", "-w", tmp_path)
    assert code == 0
    assert "No lead is open, so none was scored" in text
    assert "umbrella leads" not in text
    for words in (["leads"], ["export", "scores"]):
        code, _, errors = umbrella(*words, "-w", tmp_path)
        assert code != 0
        assert "No lead is open, so none is scored" in errors
    assert "is closed" in umbrella("explain", "L00000", "-w", tmp_path)[2]


def test_an_empty_table(umbrella: Run, tmp_path: Path) -> None:
    make_company(tmp_path, [], created="").state.close()
    code, _, errors = umbrella("run", "-w", tmp_path)
    assert code == 2
    assert errors.strip()


@pytest.fixture
def short_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fortieth call of the demo, so that it trains in a moment."""
    source = Path(demo.__file__).parent / "demo_data" / "bank-additional-full.csv.gz"
    with gzip.open(source, "rt", encoding="utf-8") as text:
        header, *rows = [line.rstrip("\n").replace('"', "").split(";") for line in text]
    monkeypatch.setattr(demo, "_read", lambda: (header, rows[::110]))


def test_the_demo_ends_in_a_ranked_list(umbrella: Run, tmp_path: Path, short_demo: None) -> None:
    code, output, _ = umbrella("demo", tmp_path / "bank")
    assert code == 0
    assert "Writing the demo workspace" in output
    assert "Scored " in output
    assert "call-" in output
    assert "umbrella explain ID" in output
    assert umbrella("leads", "-w", tmp_path / "bank")[0] == 0


def test_the_demo_leaves_other_folders_alone(umbrella: Run, company: Path) -> None:
    code, _, errors = umbrella("demo", company)
    assert code == 2
    assert "another folder" in errors


def test_a_leak_is_told_from_a_suspect(umbrella: Run, tmp_path: Path) -> None:
    leads, _ = company_rows(400, 30)
    for n, lead in enumerate(leads):
        lead["invoice"] = f"{100 + n % 7}" if lead["won"] else ""
        sure = lead["won"] == "1" and n % 3
        lead["stage"] = "glad" if sure or n % 17 == 0 else "calm"
    make_company(tmp_path, leads).state.close()
    code, output, _ = umbrella("run", "-w", tmp_path)
    assert code == 0
    said = " ".join(output.split())
    assert "Leak: invoice, not used: " in said
    assert "Suspected leak: stage, used all the same: " in said
    report = json.loads(umbrella("report", "-w", tmp_path, "--json")[1])
    assert "stage" in {row["feature"] for row in report["importance"]}
