"""Lists as files: the promised columns, one content in each format, whole or not at all."""

import csv
import re
from datetime import datetime
from pathlib import Path
from typing import cast

import orjson
import pyarrow.parquet as pq
import pytest
from sample_company import AS_OF
from stored import listed

from redumbrella.clock import to_iso
from redumbrella.destinations.files import FileColumn, Format, write_rows
from redumbrella.destinations.spreadsheet_cells import safe_cell
from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.views.catalogue import VIEWS
from redumbrella.views.leads import LEADS
from redumbrella.views.table import View
from redumbrella.workflows.export import export
from redumbrella.workspace import Workspace

EVERYTHING = LEADS.query({})
COLUMNS = tuple(field.name for field in LEADS.fields)
# What the outside was promised, in this order.
CONTRACT = (
    "lead_id", "person_id", "product_id", "target", "as_of", "probability", "low", "high",
    "percentile", "grade", "amount", "ltv", "expected_value", "regime", "model_version",
    "reasons",
)  # fmt: skip
each_list = pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)


def test_csv_has_the_contract_columns_in_order(company: Workspace, tmp_path: Path) -> None:
    result = export(company, LEADS, EVERYTHING, "csv", tmp_path / "s.csv")
    with result.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result.rows == 240
    assert tuple(rows[0]) == COLUMNS
    assert COLUMNS[:16] == CONTRACT
    assert COLUMNS[16:] == ("reliable", "label", "created_at", "source", "campaign_id", "rep_id",
                            "ltv_low", "ltv_high", "qualification", "stage", "month",
                            "scored_at")  # fmt: skip
    shown = listed(company, LEADS).rows
    assert [row["lead_id"] for row in rows] == [row["lead_id"] for row in shown]
    assert [float(row["probability"]) for row in rows] == [row["probability"] for row in shown]
    assert rows[0]["as_of"] == to_iso(AS_OF)
    assert rows[0]["ltv"] == ""
    assert rows[0]["reliable"] == "true"
    assert {row["source"] for row in rows} == {"'=partner", "fair", "web"}
    assert any("raises: " in row["reasons"] and " | lowers: " in row["reasons"] for row in rows)


FORMULAS = {
    "\uff1d1+1": "'\uff1d1+1", "\uff0bcmd|x": "'\uff0bcmd|x", "\uff0dx(1)": "'\uff0dx(1)",
    "\uff20SUM(A1)": "'\uff20SUM(A1)",
    " =1+1": "' =1+1", "\u00a0=1": "'\u00a0=1", "\t=1": "'\t=1", "\n=1": "'\n=1", "\r=1": "'\r=1",
    "\u200b=1": "'\u200b=1", "\ufeff=1": "'\ufeff=1", "=cmd|'/c calc'!A0": "'=cmd|'/c calc'!A0",
    "-cmd|x": "'-cmd|x", "@SUM(A1)": "'@SUM(A1)", "'=1": "''=1", "''=1": "'" + "''=1",
    "x;=cmd|' /c'!A1": "x;'=cmd|' /c'!A1", "x\t=HYPERLINK(1)": "x\t'=HYPERLINK(1)",
    "x\n=WEBSERVICE(1)": "x\n'=WEBSERVICE(1)", 'x;"=f(1)': "x;'\"=f(1)", "x;'=f(1)": "x;''=f(1)",
}  # fmt: skip
PLAIN = (
    "+1,5", "-1.234,56", "-12 %", "-5 €", "1e-5", "-1e-5", "+491701234567", "+49 170 1234567",
    "-Nq00003xYz", "-Nq-0_3xYz", "-", "--", "A+", "a=1", "it's", "'tis", "a;b", "note\n- ask him",
    "-NxK3abc", "-N_1", "-B12-x", "'-NxK3abc", "+cmd", "@name", "@x", "\tx", "- call again",
    "+1 (555) 123-4567", "+49(30)123", "+49 30-123", "-1e5", "+49.30.123", "-über", "\t-NxK3abc",
)  # fmt: skip


@pytest.mark.parametrize(("text", "cell"), FORMULAS.items())
def test_no_disguise_makes_a_cell_run_and_each_can_be_undone(text: str, cell: str) -> None:
    assert safe_cell(text) == cell
    sign = r"(^|[;\t\r\n])'(?='*[\s\u200b\ufeff\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
    assert re.sub(sign, r"\1", cell, count=1) == text


@pytest.mark.parametrize("text", PLAIN)
def test_figures_phones_and_ids_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("-2+3", "'-2+3"), ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
     ("+cmd(1)", "'+cmd(1)"), ("-A1", "'-A1"), ("+$A$1", "'+$A$1"), ("@A1:B2", "'@A1:B2"),
     ("-A1+x!A1", "'-A1+x!A1"), ('-"a"', "'-\"a\""), ("-{1}", "'-{1}"), ("-SUM (1)", "'-SUM (1)"),
     ("+49-30-123", "'+49-30-123"), ("=-NxK3abc", "'=-NxK3abc"), ("-=1", "'-=1"),
     ("-12", "-12"), ("+351912345678", "+351912345678"), ("a=1", "a=1"), ("", "")],
)  # fmt: skip
def test_a_spreadsheet_never_runs_a_cell(text: str, cell: str) -> None:
    assert safe_cell(text) == cell


def test_ids_come_back_byte_for_byte(tmp_path: Path) -> None:
    ids = ["-NxK3abc", "@x", "=1+1", "'=1", "-2+3", "+491701234567", "007", " a "]
    fields = [FileColumn("lead_id", "string", str)]
    rows = [{"lead_id": text} for text in ids]
    for form, read in {"parquet": _parquet_ids, "jsonl": _json_ids, "csv": _csv_ids}.items():
        path = tmp_path / f"ids.{form}"
        assert write_rows(path, cast("Format", form), fields, rows, raw=True) == len(ids)
        assert read(path) == ids
        write_rows(path, cast("Format", form), fields, rows)
        changed = {"=1+1", "'=1", "-2+3"} if form == "csv" else set()
        assert read(path) == [f"'{text}" if text in changed else text for text in ids]


def _parquet_ids(path: Path) -> list[str]:
    return pq.read_table(path)["lead_id"].to_pylist()


def _json_ids(path: Path) -> list[str]:
    return [orjson.loads(line)["lead_id"] for line in path.read_bytes().splitlines()]


def _csv_ids(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row[0] for row in csv.reader(file)][1:]


def test_json_lines_and_parquet_agree(company: Workspace, tmp_path: Path) -> None:
    written = export(company, LEADS, EVERYTHING, "jsonl", tmp_path / "s.jsonl").path.read_bytes()
    records = [orjson.loads(line) for line in written.splitlines()]
    table = pq.read_table(export(company, LEADS, EVERYTHING, "parquet", tmp_path / "s.pq").path)
    assert tuple(records[0]) == COLUMNS == tuple(table.column_names)
    assert str(table.schema.field("as_of").type) == "timestamp[us, tz=UTC]"
    for name in ("lead_id", "probability", "grade", "source", "ltv", "reliable"):
        assert table.column(name).to_pylist() == [record[name] for record in records]
    texts = [[reason["text"] for reason in record["reasons"]] for record in records]
    assert [[r["text"] for r in cell] for cell in table.column("reasons").to_pylist()] == texts
    sizes = [abs(reason["contribution"]) for reason in records[0]["reasons"]]
    assert sizes == sorted(sizes, reverse=True)


@each_list
def test_every_list_is_written_alike_in_every_format(
    full: Workspace, tmp_path: Path, view: View
) -> None:
    names = [field.name for field in view.fields]
    query = view.query({})
    lines = export(full, view, query, "jsonl", tmp_path / "a.jsonl").path.read_bytes().splitlines()
    records = [orjson.loads(line) for line in lines]
    table = pq.read_table(export(full, view, query, "parquet", tmp_path / "a.parquet").path)
    with export(full, view, query, "csv", tmp_path / "a.csv").path.open(newline="") as file:
        head, *cells = list(csv.reader(file))
    assert head == names == list(records[0]) == table.column_names
    assert len(cells) == len(records) == table.num_rows == listed(full, view).total
    first = view.exported[0].name
    assert [row[0].removeprefix("'") for row in cells] == [str(one[first]) for one in records]
    stored = table.column(first).to_pylist()
    told = [v.isoformat() if isinstance(v, datetime) else v for v in stored]
    assert told == [record[first] for record in records]


@each_list
def test_a_file_is_called_after_its_list(full: Workspace, view: View) -> None:
    path = export(full, view, view.query({})).path
    assert path.parent == full.root / "exports"
    assert path.name.startswith("scores-conversion-2010-11-01." if view is LEADS
                                else f"{view.name}-")  # fmt: skip
    assert path.suffix == ".csv"


def test_a_failed_export_leaves_the_earlier_file(company: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("earlier")
    for asked, reason in (({"search": "nobody"}, "no_match"), ({"grade": "Z"}, "unknown_value")):
        with pytest.raises(NotFoundError) as problem:
            export(company, LEADS, LEADS.query(asked), "csv", path)
        assert problem.value.reason == reason
    assert path.read_text() == "earlier"
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="could not be written"):
        export(company, LEADS, EVERYTHING, "csv", tmp_path / "file" / "s.csv")
    assert {item.name for item in tmp_path.iterdir()} == {"s.csv", "file"}


@each_list
def test_a_list_without_rows_writes_nothing_and_says_why(
    empty_company: Workspace, tmp_path: Path, view: View
) -> None:
    for asked in ({}, dict.fromkeys(list(view.filters)[:1], "x")):
        with pytest.raises(NotFoundError) as problem:
            export(empty_company, view, view.query(asked), "csv", tmp_path / "s.csv")
        assert problem.value.reason == f"no_{view.file_name}"
    assert list(tmp_path.iterdir()) == []
