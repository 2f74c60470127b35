"""What check says of the outcome: which values count as what, and what is strange about them."""

from pathlib import Path

import pytest

from redumbrella.errors import SettingsError
from redumbrella.settings.settings import load_settings
from redumbrella.sources.outcome_counts import outcome_text
from redumbrella.sources.result import SourceResult
from redumbrella.workflows.ingest import check

STAGES = '{ column = "Stage", won = ["Closed Won"], lost = ["Closed Lost"] }'
FLAG = '"Stage"'


def checked(folder: Path, won: str, values: list[str], more: str = "") -> SourceResult:
    """A table of leads with these outcomes, read by a settings line for won."""
    (folder / "umbrella.toml").write_text(
        '[tables.leads]\npath = "a.csv"\n[tables.leads.columns]\nlead_id = "Id"\n'
        f"won = {won}\n{more}",
        "utf-8",
    )
    lines = [f"L{n},{value},2024-05-0{1 + n % 9}" for n, value in enumerate(values)]
    (folder / "a.csv").write_text("\n".join(["Id,Stage,Day", *lines]), "utf-8")
    (result,) = check(load_settings(folder)).sources
    return result


def test_values_are_counted_by_what_they_mean(tmp_path: Path) -> None:
    values = ["Closed Won"] * 3 + ["closed lost"] * 2 + ["New"] * 4 + [""] + ["Demo"]
    outcome = checked(tmp_path, STAGES, values).outcome
    assert outcome is not None
    assert outcome.won == (("Closed Won", 3),)
    assert outcome.lost == (("closed lost", 2),)
    assert outcome.open == (("New", 4), ("", 1), ("Demo", 1))
    assert outcome.totals == (3, 2, 6)
    assert outcome_text(outcome, 2) == (
        "won: Closed Won 3; lost: closed lost 2; open: New 4, empty 1 and 1 more"
    )


def test_only_rows_that_can_be_used_are_counted(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text(
        f'[tables.leads]\npath = "a.csv"\n[tables.leads.columns]\nlead_id = "Id"\nwon = {STAGES}\n',
        "utf-8",
    )
    rows = ["a,New", "b,Closed Won", "a,Closed Lost", "c,Closed Won", "d,New"]
    (tmp_path / "a.csv").write_text("\n".join(["Id,Stage", *rows]), "utf-8")
    (result,) = check(load_settings(tmp_path)).sources
    assert result.outcome is not None
    assert result.outcome.totals == (2, 1, 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["yes", ""], "nobody is lost (won 1, open 1)"),
        (["yes", "yes"], "every lead is won (won 2, open 0)"),
        (["no", ""], "nobody is won (lost 1, open 1)"),
        (["yes", "no"], "no lead is open (won 1, lost 1)"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, values: list[str], said: str) -> None:
    notes = checked(tmp_path, FLAG, values).notes
    assert any(said in note for note in notes)
    assert not [note for note in checked(tmp_path, FLAG, ["yes", "no", ""]).notes if said in note]


def test_values_that_are_no_outcome_come_with_a_line_to_paste(tmp_path: Path) -> None:
    values = ["yes"] * 6 + ["no"] * 5 + ["Pending"] * 2
    result = checked(tmp_path, FLAG, values)
    (note,) = [note for note in result.notes if "neither won nor lost" in note]
    assert "Pending 2" in note
    line = note.split("won = ", 1)[1]
    assert line == '{ column = "Stage", won = ["yes"], lost = ["no"] }'
    again = checked(tmp_path, line, values)
    assert again.outcome is not None
    assert again.outcome.totals == (6, 5, 2)


def test_a_value_that_is_spelled_otherwise_is_said(tmp_path: Path) -> None:
    line = '{ column = "Stage", won = ["Closed Won"], lost = ["Closed-Lost"] }'
    notes = checked(tmp_path, line, ["Closed Won", "Closed Lost", "New"]).notes
    assert any('"Closed-Lost" never stands in "Stage"' in note for note in notes)


def test_a_close_before_the_creation_is_counted(tmp_path: Path) -> None:
    rows = [
        "a,2024-05-10,2024-05-02,yes", "b,2024-05-10,2024-05-10,yes", "c,2024-05-10,2024-05-01,",
        "d,2024-05-10,2024-06-01,no",
    ]  # fmt: skip
    (tmp_path / "umbrella.toml").write_text('[tables.leads]\npath = "a.csv"\n', "utf-8")
    text = "\n".join(["lead_id,created_at,closed_at,won", *rows])
    (tmp_path / "a.csv").write_text(text, "utf-8")
    (result,) = check(load_settings(tmp_path)).sources
    (note,) = [note for note in result.notes if "before they came in" in note]
    assert "before they came in: 1. They count as decided" in note


def test_decided_reads_yes_no_open_and_dates(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text(
        '[tables.leads]\npath = "a.csv"\n[tables.leads.columns]\nlead_id = "Id"\n'
        'won = { column = "Won", decided = "State" }\n',
        "utf-8",
    )
    for closed, opened in [("Closed", "Open"), ("1", "0"), ("ja", "Nein"), ("2024-02-03", "")]:
        rows = [f"a,yes,{closed}", f"b,no,{closed}", f"c,no,{opened}", f"d,no,{opened}"]
        (tmp_path / "a.csv").write_text("\n".join(["Id,Won,State", *rows]), "utf-8")
        (result,) = check(load_settings(tmp_path)).sources
        assert result.outcome is not None
        assert result.outcome.totals == (1, 1, 2)


def test_decided_is_for_outcomes_and_names_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lead_id,won,Stage\na,yes,x\n", "utf-8")
    settings = tmp_path / "umbrella.toml"
    head = '[tables.leads]\npath = "a.csv"\n[tables.leads.columns]\n'
    settings.write_text(head + 'won = { column = "won", decided = "Stagee" }\n', "utf-8")
    (problem,) = check(load_settings(tmp_path)).problems
    assert '"Stagee" is no column of the source. Did you mean "Stage"?' in problem
    settings.write_text(head + 'source = { column = "Stage", decided = "won" }\n', "utf-8")
    with pytest.raises(SettingsError, match="decided is for outcomes, but source is none"):
        load_settings(tmp_path)


def test_an_outcome_in_another_language_is_refused_with_the_line_that_reads_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "umbrella.toml").write_text('[tables.leads]\npath = "a.csv"\n', "utf-8")
    rows = ["a,Gewonnen", "b,Nicht gewonnen", "c,Verloren", "d,", "e,Angebot"]
    (tmp_path / "a.csv").write_text("\n".join(["lead_id,won", *rows]), "utf-8")
    (problem,) = check(load_settings(tmp_path)).problems
    line = problem.splitlines()[-1].strip()
    assert 'won = ["Gewonnen"], lost = ["Nicht gewonnen", "Verloren"]' in line
    settings = f'[tables.leads]\npath = "a.csv"\n[tables.leads.columns]\n{line}\n'
    (tmp_path / "umbrella.toml").write_text(settings, "utf-8")
    (result,) = check(load_settings(tmp_path)).sources
    assert result.outcome is not None
    assert result.outcome.totals == (1, 2, 2)


@pytest.mark.parametrize(
    "values", ['lost = ["a"]', 'won = ["a"], lost = []', "won = [], lost = []"]
)
def test_a_question_that_is_not_answered_is_no_outcome(tmp_path: Path, values: str) -> None:
    (tmp_path / "umbrella.toml").write_text(
        '[tables.leads]\npath = "a.csv"\n[tables.leads.columns]\n'
        f'won = {{ column = "Stage", {values} }}\n',
        "utf-8",
    )
    with pytest.raises(SettingsError, match="list the values of both"):
        load_settings(tmp_path)
