"""`umbrella recommend`, `recommendations`, `similar` and `rank`, as people type them."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from redumbrella.cli.main import umbrella
from redumbrella.progress import silent
from redumbrella.workflows.recommend import recommend
from tests.recommender_shop import write_shop


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    workspace = write_shop(folder)
    recommend(workspace, silent)
    workspace.state.close()
    return folder


def said(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(umbrella, [str(word) for word in words])
    if code:
        assert result.exception is not None
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return result.output


def test_lists_are_made_told_and_written(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "shop")
    output = said("recommend", "-w", folder, "-o", tmp_path / "lists.csv")
    assert "lists for 162 people" in output
    assert "160 customers with" in output
    with (tmp_path / "lists.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["list"] for row in rows} == {"again", "new", "all", "newcomer"}
    assert {"person_id", "rank", "product_id", "score", "probability", "method", "reasons"} < set(
        rows[0]
    )
    per_list = {(row["person_id"], row["list"], row["product_id"]) for row in rows}
    assert len(per_list) == len(rows)
    as_json = json.loads(said("recommend", "-w", folder, "--json"))
    assert as_json["people"] == 162


def test_lists_are_shown_by_person_and_by_product(made: Path) -> None:
    output = said("recommendations", "-w", made, "--list", "new", "--top", 3)
    assert "3 of 160 match" in output
    rows = json.loads(said("recommendations", "-w", made, "--search", "p004", "--json"))["rows"]
    assert {row["person_id"] for row in rows} == {"p004"}


def test_similar_products_and_unknown_ones(made: Path) -> None:
    found = json.loads(said("similar", "a04", "-w", made, "--json"))
    assert found["together"][0]["product_id"] != "a04"
    assert "Article 4" in said("similar", "a04", "-w", made)
    assert "Did you mean" in said("similar", "a4", "-w", made, code=2)


def test_a_file_is_put_in_order(made: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.csv"
    asked.write_text("person_id;product_id\np004;a05\np004;a04\nx;a01\n", "utf-8")
    output = said("rank", asked, "-w", made, "-o", tmp_path / "ranked.csv")
    assert "1 of them has done nothing" in output or "1 of them have done nothing" in output
    with (tmp_path / "ranked.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["product_id"] for row in rows if row["person_id"] == "p004"] == ["a04", "a05"]
    asked.write_text("person;product\n1;2\n", "utf-8")
    assert "no column person_id" in said("rank", asked, "-w", made, code=2)
    assert "no file" in said("rank", tmp_path / "none.csv", "-w", made, code=2)
