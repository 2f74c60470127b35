"""`umbrella simulate` and `umbrella demo company`: wrong requests, and what is said of them."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from redumbrella.cli import demo
from redumbrella.cli.simulate import command
from redumbrella.errors import UmbrellaError
from redumbrella.simulation.parameters import company_text


def simulate(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def refused(*words: object) -> str:
    """What is said of a fault that is no fault of the program."""
    done = simulate(*words)
    assert isinstance(done.exception, UmbrellaError), done.output
    return done.exception.message


@pytest.fixture
def company(tmp_path: Path) -> Path:
    done = simulate("new", tmp_path / "c", "--days", 5, "--json")
    assert done.exit_code == 0, done.output
    made: dict[str, Any] = json.loads(done.stdout)
    assert made["last_day"] == "2025-01-05"
    assert made["company"] == "Valiant"
    return tmp_path / "c"


def test_a_company_lives_on_and_tells_its_truth(company: Path, tmp_path: Path) -> None:
    done = simulate("day", "-w", company, "--days", 2, "--policy", "points", "--json")
    assert done.exit_code == 0, done.output
    days = json.loads(done.stdout)["days"]
    assert [one["date"] for one in days] == ["2025-01-06", "2025-01-07"]
    assert {one["order_of"] for one in days} == {"points"}
    done = simulate("truth", "-w", company, "-o", tmp_path / "t.csv", "--of", "people")
    assert done.exit_code == 0
    assert "as of 2025-01-08" in done.stdout
    assert (tmp_path / "t.csv").read_text("utf-8").startswith('"person_id"')


def test_new_leaves_other_folders_alone(company: Path, tmp_path: Path) -> None:
    assert "is there already" in refused("new", company, "--days", 1)
    (tmp_path / "file").write_text("mine")
    done = simulate("new", tmp_path / "file", "--days", 1)
    assert done.exit_code == 2
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert simulate("new", tmp_path / "empty", "--days", 1).exit_code == 0


def test_new_names_an_unknown_or_broken_company(tmp_path: Path) -> None:
    assert 'Did you mean "action"?' in refused("new", tmp_path / "c", "--company", "acton")
    own = tmp_path / "own.toml"
    own.write_text(company_text("action").replace("tries = 4", "tries = -4"), "utf-8")
    assert "contact.tries = -4: expected" in refused("new", tmp_path / "c", "--company", own)
    own.write_text("name = ", "utf-8")
    assert "own.toml: no valid TOML" in refused("new", tmp_path / "c", "--company", own)
    assert not (tmp_path / "c").exists()
    own.write_text(company_text("action"), "utf-8")
    assert simulate("new", tmp_path / "c", "--company", own, "--days", 1).exit_code == 0


def test_a_folder_without_a_company_is_named(tmp_path: Path) -> None:
    for words in (("day",), ("truth", "-o", tmp_path / "t.csv")):
        said = refused(*words, "-w", tmp_path)
        assert f"no simulated company in {tmp_path}" in said
        assert "umbrella simulate new" in said


def test_truth_is_written_only_where_it_may(company: Path, tmp_path: Path) -> None:
    before = sorted(company.rglob("*"))
    assert "elsewhere" in refused("truth", "-w", company, "-o", company / "leads" / "t.csv")
    assert "ending" in refused("truth", "-w", company, "-o", tmp_path / "t.doc")
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused("truth", "-w", company, "-o", tmp_path / "file/t.csv")
    assert sorted(company.rglob("*")) == before


def test_a_past_that_is_not_over_is_refused(tmp_path: Path) -> None:
    for start in ("2999-01-01", "0001-01-01", "9999-12-20"):
        assert "Begin in 1990 or later" in refused("new", tmp_path / "c", "--start", start)
    assert not (tmp_path / "c").exists()


def test_what_could_not_be_done_is_said(company: Path) -> None:
    """Decisions beyond the rules and the time are counted; a file of a wrong name is an error."""
    place = company / "decisions"
    place.mkdir()
    rows = "".join(f"2025-01-06,L-{n:06d}\n" for n in range(8))
    (place / "contacts.csv").write_text(f"date,lead_id\n{rows}")
    (place / "mails.csv").write_text("date,person_id\n2025-01-06,P-000000\n2025-01-06,P-000001\n")
    said = simulate("day", "-w", company).stdout
    assert re.search(r"[0-9]+ of 8 named leads were called; [01] of 2 mails went out", said)
    (place / "contact.csv").write_text("date,lead_id\n")
    assert 'Did you mean "contacts.csv"?' in refused("day", "-w", company)


def test_a_bad_decision_stops_before_anything_is_written(company: Path) -> None:
    before = sorted(company.rglob("*"))
    (company / "decisions").mkdir()
    (company / "decisions" / "budgets.csv").write_text(
        "date,campaign_id,cost\n2025-01-06,C-1,10\n2025-01-06,C-9,10\n"
    )
    said = refused("day", "-w", company, "--policy", "arrival")
    assert "budgets.csv, line 3" in said
    assert sorted(path for path in company.rglob("*") if "decisions" not in path.parts) == before


def test_the_demo_company_is_made_and_handed_to_the_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small one; what the product says of it takes minutes and is its own tests' matter."""
    shown: list[Path] = []
    monkeypatch.setattr(demo, "DAYS", 4)
    monkeypatch.setattr(demo, "SIZE", "small")
    monkeypatch.setattr(demo, "_run_and_list", shown.append)
    done = CliRunner().invoke(demo.command, ["company", str(tmp_path / "c")])
    assert done.exit_code == 0, done.output
    assert "SIMULATED" in done.output
    assert "umbrella simulate day" in done.output
    assert shown == [tmp_path / "c"]
    assert (tmp_path / "c" / "events").is_dir()
    newest = max(path.stem for path in (tmp_path / "c" / "events").glob("*"))
    assert newest >= f"{date.today() - timedelta(2):%Y-%m}"
    again = CliRunner().invoke(demo.command, ["company", str(tmp_path / "c")])
    assert isinstance(again.exception, UmbrellaError)
