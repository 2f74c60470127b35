"""The commands that only read: what they print, what they refuse, how fast they start."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from sample_company import VERSION, fill_small_workspace
from stored import listed

from redumbrella.cli import main as command_line
from redumbrella.figures import TO
from redumbrella.server.listening import bind
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import LEADS
from redumbrella.views.models import current_report
from redumbrella.workspace import Workspace

# What a quick look-up must not wait for.
HEAVY = (
    "pandas",
    "sklearn",
    "lightgbm",
    "altair",
    "alembic",
    "numba",
    "scipy",
    "pyarrow",
    "fastapi",
)


class Run:
    """Runs `umbrella …` in this process: exit code, standard output, standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]):
        self.monkeypatch = monkeypatch
        self.captured = captured

    def __call__(self, *words: str | Path) -> tuple[int, str, str]:
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
    monkeypatch.delenv("UMBRELLA_TOKEN", raising=False)
    return Run(monkeypatch, capsys)


def test_leads_are_a_ranked_table_and_one_line(umbrella: Run, folder: Path) -> None:
    code, text, _ = umbrella("leads", "--top", "3", "-w", folder)
    assert code == 0
    lines = [line.split() for line in text.splitlines() if line.strip()]
    assert text.startswith("Usable with care.\n")
    heading = next(n for n, line in enumerate(lines) if line[0] == "#")
    assert [line[0] for line in lines[heading + 2 : heading + 5]] == ["1", "2", "3"]
    assert "61.7 %" in text
    assert f"55.7{TO}69.7 %" in text
    counted, together, last = text.splitlines()[-3:]
    assert counted == '3 of 240 leads, target "conversion", most probable first.'
    assert together.startswith(
        "Expected: 40 of 240 won, likely 31 to 49; expected value 66,680 EUR"
    )
    assert last == f"Boosted trees ({VERSION})."


def test_leads_as_json_are_the_read_model(umbrella: Run, company: Workspace, folder: Path) -> None:
    code, text, _ = umbrella("leads", "-w", folder, "--json", "--min-probability", "30 %",
                             "--source", "fair", "--top", "500")  # fmt: skip
    assert code == 0
    page = listed(company, LEADS, min_probability=0.3, source="fair", page_size=500)
    assert orjson.loads(text) == orjson.loads(orjson.dumps(page.to_json()))
    assert 0 < page.total < 80


def test_filters_that_match_nothing_are_no_error(umbrella: Run, folder: Path) -> None:
    assert umbrella("leads", "-w", folder, "--search", "nobody")[:2] == (
        0, f"No lead matches. Ask for less: umbrella leads -w {folder}\n")  # fmt: skip


def test_explain_shows_reasons_record_and_model(umbrella: Run, folder: Path) -> None:
    code, text, _ = umbrella("explain", "-w", folder, "L-1054")
    assert code == 0
    assert text.startswith("Usable with care.\n")
    for words in ("Customer 1054 (L-1054)", "61.7 %",
                  "62 of 100 leads like it would convert; likely 56 to 70.", "Rank 1 of 240",
                  "starts at 11.3 %",
                  "job is technician", "everything else together", "newsletter",
                  "Usable with care"):  # fmt: skip
        assert words in text


def test_explain_as_json_is_the_read_model(umbrella: Run, company: Workspace, folder: Path) -> None:
    text = umbrella("explain", "L/1 & 2", "--json", "-w", folder)[1]
    assert orjson.loads(text) == orjson.loads(orjson.dumps(lead_detail(company, "L/1 & 2")))


def test_report_is_one_screen_with_the_families(umbrella: Run, folder: Path) -> None:
    code, text, _ = umbrella("report", "-w", folder)
    assert code == 0
    assert text.startswith("Usable with care.")
    for words in ("Average rate", "Naive Bayes", "Boosted trees *", "0.2761 ± 0.0041", "duration",
                  "Out of time (4,120 leads, 571 won)", "required 0.700, measured 0.781: met",
                  "10 random splits of 12,004 leads, 70 % to learn from",
                  "time of arrival seen (2 ways to weigh the past were tried)",
                  "leads, 2008-05-05 to 2010-11-01:"):  # fmt: skip
        assert words in text
    assert len(text.splitlines()) < 40


def test_report_as_json_and_as_a_page(
    umbrella: Run, company: Workspace, folder: Path, tmp_path: Path
) -> None:
    document = current_report(company).document
    assert orjson.loads(umbrella("report", "-w", folder, "--format", "json")[1]) == document
    assert orjson.loads(umbrella("report", "-w", folder, "--json")[1]) == document
    path = tmp_path / "r.json"
    assert umbrella("report", "-w", folder, "-o", path)[0] == 0
    assert orjson.loads(path.read_bytes()) == document
    code, text, _ = umbrella("report", "-w", folder, "--format", "html")
    page = folder / "exports" / f"report-{VERSION}.html"
    assert (code, text.strip()) == (0, str(page))
    html = page.read_text("utf-8")
    assert html.count("<svg") >= 6
    for outside in ("src=", "href=", "url(", "@import", "<script"):
        assert outside not in html


def test_too_few_outcomes_are_shown_as_such(umbrella: Run, tmp_path: Path) -> None:
    folder = fill_small_workspace(tmp_path).root
    for words in (("leads",), ("explain", "L-1001"), ("report",)):
        code, text, _ = umbrella(*words, "-w", folder)
        assert code == 0
        assert "Not ready: do not rely on these scores." in text
        assert "prior only" in text or "fewer than 20" in text


def test_export_prints_the_path(umbrella: Run, folder: Path, tmp_path: Path) -> None:
    code, text, errors = umbrella("export", "scores", "-w", folder)
    written, trust, together = errors.splitlines()
    assert (code, written) == (0, "240 leads written.")
    assert trust.startswith("“conversion”: Usable with care.")
    assert together.startswith(
        "Expected: 40 of 240 won, likely 31 to 49; expected value 66,680 EUR"
    )
    assert Path(text.strip()) == folder / "exports" / "scores-conversion-2010-11-01.csv"
    code, text, _ = umbrella("export", "scores", "-w", folder, "-o", tmp_path / "a.parquet",
                             "--json", "--grade", "B")  # fmt: skip
    result = orjson.loads(text)
    assert (code, result["format"]) == (0, "parquet")
    assert 0 < result["rows"] < 240


@pytest.mark.parametrize(
    ("words", "reason", "hint"),
    [
        (("explain", "L-10544"), "unknown_lead", 'Did you mean "L-1054"'),
        (("leads", "--min-probability", "most"), "bad_share", "0.3"),
        (("leads", "--target", "conversio"), "unknown_target", 'Did you mean "conversion"'),
        (("explain", "L-1054", "--target", "conversio"), "unknown_target", '"conversion"'),
        (("report", "--target", "conversio"), "unknown_target", '"conversion"'),
        (("export", "scores", "--target", "conversio"), "unknown_target", '"conversion"'),
        (("leads", "--grade", "Z"), "unknown_value", "There is: A, B, C, D."),
        (("export", "scores", "--source", "wbe"), "unknown_value", 'Did you mean "web"'),
        (("export", "scores", "--search", "nobody"), "no_match", "Ask for less"),
        (("export", "scores", "-o", "list.txt"), "unknown_format", ".csv, .parquet"),
        (("explain", "L-1054", "--product", "tea"), "unknown_product", "not by product"),
        (("products",), "no_products", 'per = "product"'),
        (("report", "--model", "x"), "unknown_model", "no model version"),
        (("serve", "--host", "0.0.0.0"), "remote_not_allowed", "--allow-remote"),
        (("serve", "--host", "0.0.0.0", "--allow-remote"), "token_required", "UMBRELLA_TOKEN"),
        (("serve", "--token", "short"), "weak_token", "at least 16"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    umbrella: Run, folder: Path, words: tuple[str, ...], reason: str, hint: str
) -> None:
    code, text, errors = umbrella(*words, "-w", folder)
    assert (code, text) == (2, "")
    assert f"[{reason}]" in errors
    assert hint in errors


@pytest.mark.parametrize("words", [("leads",), ("explain", "1"), ("report",), ("export", "scores")])
def test_before_the_first_run_it_says_what_to_do(
    umbrella: Run, empty_company: Workspace, words: tuple[str, ...]
) -> None:
    code, _, errors = umbrella(*words, "-w", empty_company.root)
    assert code == 2
    assert "umbrella run" in errors


def test_a_port_in_use_is_one_clear_message(umbrella: Run, folder: Path) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        code, _, errors = umbrella("serve", "-w", folder, "--port", str(port))
    assert code == 1
    assert "port_unavailable" in errors
    assert f"--port {port + 1}" in errors


def test_look_ups_import_nothing_heavy(folder: Path) -> None:
    script = (
        "import sys\n"
        "from redumbrella.cli.main import main\n"
        "for words in (['leads'], ['explain', 'L-1054']):\n"
        f"    sys.argv = ['umbrella', *words, '-w', {str(folder)!r}]\n"
        "    main()\n"
        f"    found = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "    assert not found, (words, found)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Boosted trees") == 2


def test_a_server_starts_without_models_and_arrow() -> None:
    script = (
        "import sys; import redumbrella.server.app\n"
        f"print(sorted({{*{set(HEAVY) - {'fastapi'}!r}, 'scipy', 'pyarrow'}} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


def test_a_reader_that_stops_early_is_no_failure(folder: Path) -> None:
    script = (
        "import sys; from redumbrella.cli.main import main; "
        f"sys.argv = ['umbrella', 'leads', '--top', '240', '-w', {str(folder)!r}]; main()"
    )
    piped = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert piped.stdout is not None
    assert piped.stderr is not None
    piped.stdout.close()
    errors = piped.stderr.read()
    piped.stderr.close()
    assert (piped.wait(20), errors) == (0, "")
