"""`umbrella customers`, and report, run and export of a workspace with purchases alone."""

import csv
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from customer_world import make_shop, simulated
from stored import listed

from redumbrella.cli.main import umbrella
from redumbrella.errors import NotFoundError
from redumbrella.views.customers import CUSTOMERS
from redumbrella.workspace import Workspace


def called(*words: Any) -> Result:
    return CliRunner().invoke(umbrella, [str(word) for word in words])


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout.replace("\u00a0", " ")


def test_the_list_is_a_table_and_the_total(shop: Workspace) -> None:
    text = said(called("customers", "--top", 3, "-w", shop.root))
    for row in listed(shop, CUSTOMERS, page_size=3).rows:
        assert row["person_id"] in text
    assert "3 of 300 customers, " in text
    assert "90 % interval" in text
    assert "EUR" in text


def test_json_is_the_read_model(shop: Workspace) -> None:
    text = said(
        called("customers", "--segment", "lost", "--sort", "alive", "--json", "-w", shop.root)
    )
    page = listed(shop, CUSTOMERS, segment="lost", sort="-alive", page_size=20)
    expected = orjson.dumps(page.to_json()).decode().replace("\u00a0", " ")
    assert orjson.loads(text) == orjson.loads(expected)
    assert page.rows


def test_the_report_holds_the_lifetime_models(shop: Workspace, tmp_path: Path) -> None:
    document = orjson.loads(called("report", "--format", "json", "-w", shop.root).stdout)
    for name in ("r", "alpha", "a", "b", "log_likelihood", "p", "q", "gamma"):
        assert isinstance(document["lifetime"][name], float)
    path = tmp_path / "report.json"
    said(called("report", "-o", path, "-w", shop.root))
    assert orjson.loads(path.read_bytes()) == document
    text = said(called("report", "-w", shop.root))
    for words in ("BG/NBD and Gamma-Gamma by week", "class: lost", "Foretold from"):
        assert words in text


def test_a_model_report_holds_it_too(company: Workspace) -> None:
    document = orjson.loads(called("report", "--json", "-w", company.root).stdout)
    assert document["lifetime"] is None


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_exports_hold_every_customer(shop: Workspace, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"customers.{form}"
    assert str(path) in said(called("export", "customers", "-o", path, "-w", shop.root))
    if form == "parquet":
        table = pq.read_table(path)
        names, ids, money = table.column_names, table["person_id"].to_pylist(), table["value"]
        found = money.to_pylist()
    elif form == "jsonl":
        records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
        names, ids = list(records[0]), [record["person_id"] for record in records]
        found = [record["value"] for record in records]
    else:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        names, ids = list(lines[0]), [line["person_id"] for line in lines]
        found = [float(line["value"]) for line in lines]
    rows = listed(shop, CUSTOMERS).rows
    assert names == [field.name for field in CUSTOMERS.fields]
    assert ids == [row["person_id"] for row in rows]
    assert found == pytest.approx([row["value"] for row in rows])


def test_before_the_first_run_it_says_what_to_do(empty_company: Workspace) -> None:
    for words in (("customers",), ("export", "customers")):
        result = called(*words, "-w", empty_company.root)
        assert "umbrella run" in str(result.exception)
    result = called("customers", "--segment", "nobody", "-w", empty_company.root)
    assert isinstance(result.exception, NotFoundError)
    assert "purchases" in result.exception.message


def test_run_tells_the_total_and_as_of_goes_back(tmp_path: Path) -> None:
    make_shop(tmp_path, simulated(60, 40.0)).state.close()
    assert "60 customers are expected to bring" in said(called("run", "-w", tmp_path))
    text = said(called("customers", "--as-of", "2024-05-01", "--json", "-w", tmp_path))
    assert orjson.loads(text)["lifetime"]["as_of"] <= "2024-05-01"
    assert "customers are expected to bring" in said(called("run", "-w", tmp_path))
    assert "The list of customers is up to date." in said(called("run", "-w", tmp_path))
