"""What commands say can be pasted, begins with what matters, and counts in plain words."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lead_worlds import company_rows, make_company

from redumbrella.cli.main import main
from redumbrella.cli.terminal import pasted
from redumbrella.clock import to_datetime
from redumbrella.figures import counted
from redumbrella.reports.wording import age_of_newest, held_out_words

Run = Callable[..., tuple[int, str, str]]
YEAR = 365 * 86_400_000_000


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


def test_commands_carry_the_workspace_where_it_was_named(umbrella: Run, tmp_path: Path) -> None:
    folder = tmp_path / "my firm"
    make_company(folder, company_rows(60, 6)[0]).state.close()
    code, text, _ = umbrella("run", "-w", folder)
    assert code == 0
    assert f"umbrella leads -w '{folder}', or in the browser: umbrella serve -w '{folder}'" in text
    _, _, errors = umbrella("explain", "L9", "-w", folder)
    assert f"`umbrella leads -w '{folder}'` shows the list" in errors
    assert umbrella("leads", "-w", folder, "--json")[1].count("umbrella") == 0


def test_without_it_they_stay_short(
    umbrella: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_company(tmp_path, company_rows(60, 6)[0]).state.close()
    monkeypatch.chdir(tmp_path)
    assert "umbrella leads, or in the browser: umbrella serve\n" in umbrella("run")[1]
    assert pasted("umbrella run") == "umbrella run"


def test_nothing_open_is_said_first_and_a_list_is_offered(umbrella: Run, tmp_path: Path) -> None:
    make_company(tmp_path, company_rows(60, 0)[0]).state.close()
    offer = f"umbrella run -w {tmp_path} --hold-out 10%"
    _, text, _ = umbrella("check", "-w", tmp_path)
    assert text.startswith("No lead is open")
    assert offer in text
    _, text, _ = umbrella("run", "-w", tmp_path)
    assert offer in text
    assert text.index("No lead is open") < text.index("lost leads")
    assert umbrella("run", "-w", tmp_path)[1].startswith("No lead is open")
    assert offer in umbrella("leads", "-w", tmp_path)[2]
    code, text, _ = umbrella("run", "-w", tmp_path, "--hold-out", "10%")
    assert code == 0
    assert "Scored 6 leads held out. Of the 1 most probable" in text
    assert f"`umbrella run -w {tmp_path}` takes them off" in text
    code, text, _ = umbrella("leads", "-w", tmp_path)
    assert code == 0
    assert "Held out" in text
    shown = umbrella("explain", "L00059", "-w", tmp_path)[1]
    assert "Held out: this lead is closed, " in shown


@pytest.mark.parametrize("share", ["0", "100%", "-1", "much", "1.5", "0%", "nan"])
def test_a_share_to_hold_out_is_checked(umbrella: Run, tmp_path: Path, share: str) -> None:
    make_company(tmp_path, company_rows(60, 0)[0]).state.close()
    code, _, errors = umbrella("run", "-w", tmp_path, "--hold-out", share)
    assert code == 2
    assert "share such as 10% or 0.1" in errors


def test_rows_set_aside_are_said_at_the_end_of_check(umbrella: Run, tmp_path: Path) -> None:
    leads = company_rows(60, 6)[0]
    make_company(tmp_path, leads).state.close()
    assert "All of it can be read." in umbrella("check", "-w", tmp_path)[1]
    leads[3]["id"] = ""
    make_company(tmp_path, leads).state.close()
    assert "1 row is set aside; the rest can be read." in umbrella("check", "-w", tmp_path)[1]


def test_an_old_record_says_how_old(umbrella: Run, tmp_path: Path) -> None:
    make_company(tmp_path, company_rows(60, 6)[0]).state.close()
    said = "The newest lead is from 2024-01-17"
    assert said in umbrella("run", "-w", tmp_path)[1]
    before_the_list = umbrella("leads", "-w", tmp_path)[1].partition("Strongest reason")[0]
    assert said in before_the_list
    assert said in umbrella("report", "-w", tmp_path)[1]
    newest, known = to_datetime(50 * YEAR), to_datetime(50 * YEAR + YEAR // 13)
    assert age_of_newest(newest, known, "UTC") == ""


def test_one_of_something_has_no_s() -> None:
    assert (counted(1, "field"), counted(2, "field"), counted(1_204, "lead")) == (
        "1 field", "2 fields", "1,204 leads")  # fmt: skip
    assert held_out_words(1).startswith("1 closed lead was held out")


def test_raw_exports_have_every_text_as_it_is(umbrella: Run, tmp_path: Path) -> None:
    leads = company_rows(60, 6)[0]
    leads[63]["id"] = "=1+1"
    leads[64]["id"] = "-NxK3abc"
    make_company(tmp_path, leads).state.close()
    umbrella("run", "-w", tmp_path)
    found = {}
    for words in ([], ["--raw"]):
        path = tmp_path / "out.csv"
        assert umbrella("export", "scores", "-w", tmp_path, "-o", path, *words)[0] == 0
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        found[bool(words)] = {row["lead_id"] for row in rows}
    assert {"'=1+1", "-NxK3abc"} <= found[False]
    assert {"=1+1", "-NxK3abc"} <= found[True]


def test_a_day_is_as_old_at_its_end_as_at_its_beginning() -> None:
    known = datetime(2026, 11, 28, 16, 0, tzinfo=UTC)
    begin = datetime(2024, 11, 28, 23, 0, tzinfo=UTC)  # of the 29th in Berlin
    end = begin + timedelta(days=1, microseconds=-1)
    said = {age_of_newest(at, known, "Europe/Berlin") for at in (begin, end)}
    assert said == {"The newest lead is from 2024-11-29, 729 days before this."}
