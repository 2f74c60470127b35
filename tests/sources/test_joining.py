"""A second file with the ids of the leads adds its columns to them."""

from pathlib import Path

import pytest

from redumbrella.errors import SettingsError
from redumbrella.settings.settings import Settings, load_settings
from redumbrella.sources.guessing.guess import guess_files
from redumbrella.sources.guessing.template import settings_text
from redumbrella.workflows.ingest import check, ingest
from redumbrella.workspace import Workspace, open_workspace

LEADS = "Deal ID,Created,Stage\n" + "".join(
    f"D{n:03},2024-{1 + n % 12:02}-{1 + n % 28:02},{('Won', 'Lost', 'New')[n % 3]}\n"
    for n in range(60)
)
# Written in other letters, one id twice, the last five leads not at all, one that is no lead.
AMOUNTS = (
    "deal,value,Created\n"
    + "".join(f"d{n:03} ,{n * 10},2023-01-01\n" for n in range(55))
    + "d003,999,2023-01-02\nX1,5,\n"
)


def business(folder: Path, on: str = '{ here = "Deal ID", there = "deal" }') -> Settings:
    (folder / "deals.csv").write_text(LEADS, encoding="utf-8")
    (folder / "amounts.csv").write_text(AMOUNTS, encoding="utf-8")
    (folder / "umbrella.toml").write_text(
        f"""[tables.leads]
path = "deals.csv"
join = [{{ path = "amounts.csv", on = {on} }}]
[tables.leads.columns]
lead_id = "Deal ID"
won = {{ column = "Stage", won = ["Won"], lost = ["Lost"] }}
created_at = "Created"
amount = "value"
""",
        encoding="utf-8",
    )
    return load_settings(folder)


def amounts(workspace: Workspace) -> dict[str, float | None]:
    rows = workspace.lake.current("leads", ["lead_id", "amount"]).to_pylist()
    return {row["lead_id"]: row["amount"] for row in rows}


def test_amounts_of_another_file_belong_to_the_leads(tmp_path: Path) -> None:
    settings = business(tmp_path)
    (leads,) = check(settings).sources
    said = " ".join(leads.notes)
    assert 'by "Deal ID": 55 of 60 rows have one there' in said
    assert "1 of the 56 ids there belong to no row here" in said
    assert "1 further rows of ids that it has already: the last row" in said
    assert '"Created" is called "Created (amounts)"' in said
    workspace = open_workspace(tmp_path)
    ingest(workspace)
    found = amounts(workspace)
    assert (found["D003"], found["D010"], found["D059"]) == (999.0, 100.0, None)
    assert sum(value is not None for value in found.values()) == 55


def test_a_changed_joined_file_is_read_again(tmp_path: Path) -> None:
    business(tmp_path)
    workspace = open_workspace(tmp_path)
    ingest(workspace)
    assert not ingest(workspace).has_changed
    (tmp_path / "amounts.csv").write_text(AMOUNTS.replace("d010 ,100", "d010 ,7"), "utf-8")
    assert ingest(workspace).sources[0].changed == 1
    assert amounts(workspace)["D010"] == 7.0


def test_a_join_without_its_id_says_which_columns_there_are(tmp_path: Path) -> None:
    settings = business(tmp_path, '"Deal ID"')
    (problem,) = check(settings).problems
    assert '"Deal ID" is no column of amounts.csv' in problem
    assert "deal, value" in problem
    with pytest.raises(SettingsError, match="expected the path of a file and the column"):
        business(tmp_path, "{ here = 3 }")


def test_the_join_is_proposed_where_one_file_only_tells_more(tmp_path: Path) -> None:
    business(tmp_path)
    (guess,) = guess_files(["amounts.csv", "deals.csv"], tmp_path)
    assert guess.file.path.name == "deals.csv"
    (tmp_path / "umbrella.toml").write_text(settings_text("x", tmp_path, [guess]), "utf-8")
    settings = load_settings(tmp_path)
    (join,) = settings.tables["leads"].join
    assert (join.path, join.here, join.there) == ("amounts.csv", "Deal ID", "deal")
    assert settings.tables["leads"].columns["amount"].column == "value"
    assert settings.tables["leads"].columns["created_at"].column == "Created"
    assert check(settings).problems == ()


def test_ids_are_joined_by_the_rule_of_ids(tmp_path: Path) -> None:
    settings = business(tmp_path)
    numbers = {"deals.csv": LEADS.replace("D0", "10"), "amounts.csv": AMOUNTS}
    numbers["amounts.csv"] = AMOUNTS.replace("d0", "10").replace(" ,", ".0,")
    for name, text in numbers.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    notes = check(settings).sources[0].notes
    assert any("55 of 60 rows have one there" in note for note in notes)
