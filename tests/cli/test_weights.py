"""`umbrella weights`, and what leads are worth in `explain`, `leads` and `export`."""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from sample_company import fill_valued_workspace
from stored import listed

from redumbrella.cli import main as command_line
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import LEADS
from redumbrella.workspace import Workspace

Umbrella = Callable[..., tuple[int, str, str]]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Workspace]:
    workspace = fill_valued_workspace(tmp_path)
    yield workspace
    workspace.state.close()


@pytest.fixture
def umbrella(
    company: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Umbrella:
    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["umbrella", *words, "-w", str(company.root)])
        code = 0
        try:
            command_line.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        output, errors = capsys.readouterr()
        return code, output.replace("\u00a0", " "), errors

    return call


def test_weights_are_shown_and_set(umbrella: Umbrella) -> None:
    code, text, _ = umbrella("weights")
    assert code == 0
    assert text.count("25 %") == 4
    assert "umbrella.toml" in text
    code, text, _ = umbrella("weights", "--set", "profit=2", "--set", "fit=0", "--note", "money")
    assert code == 0
    assert "Version 1 of the weights is in use." in text
    assert "60 leads weighed anew" in text
    assert "of the first 50 are new there" in text
    assert len([line for line in text.splitlines() if "Customer" in line or "L-" in line]) >= 15
    history = orjson.loads(umbrella("weights", "--json")[1])
    assert history["current"]["weights"] == {
        "ease_of_conversion": 1.0, "ease_of_delivery": 1.0, "profit": 2.0, "fit": 0.0}  # fmt: skip
    assert history["current"]["note"] == "money"
    assert [version["version"] for version in history["versions"]] == [1, 0]
    changed = orjson.loads(umbrella("weights", "--set", "fit=0,5", "--json")[1])
    assert (changed["before"]["weights"]["fit"], changed["current"]["weights"]["fit"]) == (0.0, 0.5)
    assert changed["targets"][0]["cards"] == 60


@pytest.mark.parametrize(
    ("given", "reason", "words"),
    [
        ("profits=2", "unknown_criterion", 'Did you mean "profit"'),
        ("profit=-2", "bad_weight", "from 0 up"),
        ("profit", "bad_weight", "--set profit=2"),
        ("profit=much", "bad_weight", "--set profit=2"),
    ],
)
def test_wrong_weights_are_one_message(
    umbrella: Umbrella, given: str, reason: str, words: str
) -> None:
    code, text, errors = umbrella("weights", "--set", given)
    assert (code, text) == (2, "")
    assert f"[{reason}]" in errors
    assert words in errors


def test_explain_says_what_a_lead_is_worth(umbrella: Umbrella, company: Workspace) -> None:
    code, text, _ = umbrella("explain", "L-1001")
    assert code == 0
    for words in ("Ease of delivery", "What it is worth", "Potential lifetime value", "likely",
                  "further purchases", "When", "12 days", "Converted within 7 days", "5.0 %",
                  "Effort", "Contacts to go", "70 of 100", "12 ratings of clients"):  # fmt: skip
        assert words in text
    without = umbrella("explain", "L-1002")[1]
    assert "What it is worth" in without
    assert "Strategic fit" not in without
    document = orjson.loads(umbrella("explain", "L-1001", "--json")[1])
    told = orjson.dumps(lead_detail(company, "L-1001")).decode().replace("\u00a0", " ")
    assert document == orjson.loads(told)
    assert document["worth"]["timing"]["within"][2] == {"days": 90, "probability": 0.25}


@pytest.mark.parametrize("name", ["expected_value", "qualification"])
def test_leads_are_sorted_by_worth(umbrella: Umbrella, company: Workspace, name: str) -> None:
    code, text, _ = umbrella("leads", "--sort", name, "--top", "5")
    assert code == 0
    assert "Expected value" in " ".join(text.split())
    assert "Qualification" in text
    wanted = listed(company, LEADS, sort=f"-{name}", page_size=5).rows
    values = [row[name] for row in wanted]
    assert values == sorted(values, reverse=True)
    assert [row["lead_id"] in text for row in wanted] == [True] * 5


def test_the_export_has_the_interval_and_the_qualification(
    umbrella: Umbrella, tmp_path: Path
) -> None:
    path = tmp_path / "scores.csv"
    assert umbrella("export", "scores", "-o", str(path))[0] == 0
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert float(row["ltv_low"]) < float(row["ltv"]) < float(row["ltv_high"])
        assert 0.0 <= float(row["qualification"]) <= 100.0
