"""From files to the lake: complete, typed, idempotent, safe when killed, plain about bad input."""

import gzip
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from sqlalchemy import text
from stored import recent_runs, rejected

from redumbrella.columns import INTERNAL, ORDER, RANKS, RHYTHM, TABLES
from redumbrella.errors import DataError, SettingsError, UmbrellaError
from redumbrella.lake.quoting import quoted
from redumbrella.settings.settings import load_settings
from redumbrella.sources import changes as changes_module
from redumbrella.sources.formats.text_walk import MOST_IN_FIELD
from redumbrella.workflows.ingest import IngestResult, check, ingest
from redumbrella.workspace import Workspace, open_workspace

LEADS = '[tables.leads]\npath = "leads.csv"\n'
COLUMNS = LEADS + "[tables.leads.columns]\n"
CSV = """lead_id,created_at,won,size,city
a,2024-01-01T10:00:00Z,1,3.5,Porto
b,2024-01-02 10:00,0,NA,
c,2024-01-03,,7,Faro
"""


class Folder:
    """A workspace that is written and ingested step by step."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        (self.path / name).write_bytes(data)

    def settings(self, text: str) -> None:
        self.write("umbrella.toml", text)

    def open(self) -> Workspace:
        return open_workspace(self.path)

    def ingest(self, **options: Any) -> IngestResult:
        workspace = self.open()
        try:
            return ingest(workspace, **options)
        finally:
            workspace.state.close()

    def table(self, name: str = "leads") -> dict[str, list[Any]]:
        return self.open().lake.current(name).to_pydict()

    def refused(self, kind: type[UmbrellaError] = DataError) -> str:
        """The message of the error that ingest must end with, having written nothing."""
        before = self.open().lake.tables()
        with pytest.raises(kind) as caught:
            self.ingest()
        assert caught.value.exit_code == 2
        assert self.open().lake.tables() == before
        return caught.value.message


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.settings(LEADS)
    made.write("leads.csv", CSV)
    return made


def test_a_file_becomes_typed_rows(folder: Folder) -> None:
    folder.settings('[workspace]\ntimezone = "Europe/Berlin"\n' + LEADS)
    (source,) = folder.ingest().sources
    assert (source.rows, source.added, source.rejected) == (3, 3, {})
    table = folder.open().lake.current("leads")
    assert table.schema.field("size").type == pa.float64()
    assert table["lead_id"].to_pylist() == table["person_id"].to_pylist() == ["a", "b", "c"]
    assert table["created_at"].to_pylist() == [
        datetime(2024, 1, 1, 10, tzinfo=UTC),
        datetime(2024, 1, 2, 9, tzinfo=UTC),
        datetime(2024, 1, 3, 22, 59, 59, 999999, tzinfo=UTC),  # a day is known at its end
    ]
    assert table["won"].to_pylist() == [True, False, None]
    assert table["size"].to_pylist() == [3.5, None, 7.0]
    assert table["city"].to_pylist() == ["Porto", None, "Faro"]
    assert table["amount"].to_pylist() == [None, None, None]
    assert table["_order"].to_pylist() == [0, 1, 2]
    columns = {column.name: column for column in source.columns}
    assert columns["size"].missing == pytest.approx(1 / 3)
    assert columns["won"].canonical
    assert source.notes == ('Besides empty cells, these count as missing: "NA" (1 in size).',)


def test_the_same_file_twice_adds_nothing(folder: Folder) -> None:
    first = folder.ingest()
    again = folder.ingest()
    assert again.sources[0].files[0].skipped
    assert again.sources[0].unchanged == 3
    assert not again.has_changed
    assert again.versions == first.versions
    folder.write("copy.csv", CSV)
    folder.settings('[tables.leads]\npath = ["leads.csv", "copy.csv"]\n')
    copied = folder.ingest().sources[0]
    assert (copied.added, copied.changed, copied.unchanged) == (0, 0, 6)
    assert folder.ingest().versions == first.versions


def test_a_changed_row_becomes_a_newer_version(folder: Folder) -> None:
    folder.ingest()
    folder.write("leads.csv", CSV.replace("c,2024-01-03,,7", "c,2024-01-03,1,7") + "d,,,,\n")
    source = folder.ingest().sources[0]
    assert (source.added, source.changed, source.unchanged) == (1, 1, 2)
    assert folder.table()["lead_id"] == ["a", "b", "c", "d"]
    assert folder.table()["won"] == [True, False, True, None]
    assert folder.open().lake.read("leads")["lead_id"].to_pylist() == ["a", "b", "c", "c", "d"]
    folder.write("leads.csv", CSV)  # back to what it was: newest reading wins
    assert folder.ingest().sources[0].changed == 1
    assert folder.table()["won"] == [True, False, None, None]


def test_files_of_one_glob_are_versions_in_their_order(folder: Folder) -> None:
    folder.settings('[tables.leads]\npath = "day-*.csv"\n')
    folder.write("day-2.csv", "lead_id,won\na,1\nb,\n")
    folder.write("day-1.csv", "lead_id,won\na,\n")
    source = folder.ingest().sources[0]
    assert (source.added, source.changed) == (2, 1)
    assert (folder.table()["lead_id"], folder.table()["won"]) == (["a", "b"], [True, None])
    folder.write("day-3.csv", "lead_id,won\nb,0\n")
    source = folder.ingest().sources[0]
    assert [file.skipped for file in source.files] == [True, True, False]
    assert folder.table()["won"] == [True, False]


def test_rows_of_one_lead_are_versions_of_it(folder: Folder) -> None:
    folder.write(
        "leads.csv",
        "lead_id,won,size\na,1,1\nb,,2\na,1,1\nb,1,2\nc,1,3\nc,0,3\nd,,\ne,,\nf,,\ng,,\n",
    )
    source = folder.ingest().sources[0]
    assert source.identical == 1
    assert (source.older, source.rejected) == (1, {"two_outcomes": 1})
    assert any("Older rows of the same lead_id: 1." in note for note in source.notes)
    table = folder.table()
    assert dict(zip(table["lead_id"], table["won"], strict=True)) == {
        "a": True, "b": True, "c": False, "d": None, "e": None, "f": None, "g": None,
    }  # fmt: skip
    rows = rejected(folder.open(), "leads")
    total = len(rows)
    assert total == 1
    assert [(row["line"], row["reason"], row["raw"]) for row in rows] == [
        (6, "two_outcomes", "c, 1, 3"),
    ]
    assert rows[0]["message"] == "row 7 has the same lead_id with another outcome: that row counts"


def test_facts_are_known_by_their_content(folder: Folder) -> None:
    folder.settings('[tables.events]\npath = "events.csv"\n')
    event = "p,2024-01-01T00:00:00Z,view\n"
    folder.write("events.csv", "person_id,at,kind\n" + event + event + "q,2024-01-01,view\n")
    source = folder.ingest().sources[0]
    assert (source.added, source.identical) == (2, 1)
    folder.write(
        "events.csv",
        "person_id,at,kind,page\n" + event.replace("\n", ",\n") + "p,2024-01-02,view,x\n",
    )
    source = folder.ingest().sources[0]
    assert (source.added, source.unchanged) == (1, 1)
    assert folder.table("events")["page"] == [None, None, "x"]


def test_rows_keep_their_order_over_many_batches(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "_ROWS_AT_ONCE", 7)
    folder.settings('[tables.events]\npath = "e*.csv"\n')
    lines = [f"p{n},2024-03-{1 + n % 28:02d}T10:00:00Z,k{n % 30}" for n in range(5_000)]
    lines[10], lines[4_000] = ",2024-03-01,k", lines[3]  # one without a person, one copy
    header = "person_id,at,kind\n"
    folder.write("e1.csv", header + "\n".join(lines) + "\n")
    folder.ingest()
    folder.write("e2.csv", header + "\n".join([*lines[:50], "new,2024-04-01,k"]) + "\n")
    folder.ingest()
    found = folder.table("events")
    good = [line for n, line in enumerate(lines) if n not in {10, 4_000}]
    assert found["person_id"] == [line.split(",")[0] for line in good] + ["new"]
    assert found["kind"] == [line.split(",")[2] for line in good] + ["k"]
    assert found["_order"] == list(range(4_999))


def test_bad_rows_are_set_aside_with_file_line_and_value(folder: Folder) -> None:
    rows = [f"{number},2024-01-01,{number % 2},5" for number in range(20)]
    rows[3] = "3,31.31.2024,1,5"
    rows[5] = ",2024-01-01,1,5"
    rows[7] = '7,2024-01-01,"may\nbe",5'
    rows[9] = "9,2024-01-01"
    rows[11] = "11,2024-01-01,1,12 (est.)"
    folder.write("leads.csv", "\n".join(["lead_id,created_at,won,amount", *rows]) + "\n")
    source = folder.ingest().sources[0]
    assert source.rejected == {"unreadable_value": 1, "missing_required": 1, "ragged": 1}
    assert source.added == 17
    notes = {column.name: column.notes for column in source.columns}
    assert '1 value is no time, and counts as missing: "31.31.2024"' in notes["created_at"]
    assert notes["amount"] == (
        '1 value is no number below 1,000,000,000,000,000, and counts as missing: "12 (est.)"',
    )
    table = folder.table()
    at, amount = (
        dict(zip(table["lead_id"], table[n], strict=True)) for n in ("created_at", "amount")
    )
    assert (at["3"], amount["3"], amount["11"]) == (None, 5, None)
    assert at["11"] == datetime(2024, 1, 1, 23, 59, 59, 999999, tzinfo=UTC)
    found = rejected(folder.open())
    assert [(row["file"], row["line"], row["message"]) for row in found] == [
        ("leads.csv", 7, 'column "lead_id" is empty, but lead_id is required'),
        ("leads.csv", 9, 'column "won": "may\nbe" is not one of yes, y, true, t, won or no, n, '
         "false, f, lost"),
        ("leads.csv", 12, "2 values, but the header has 4 columns"),
    ]  # fmt: skip
    folder.write("leads.csv", "lead_id,created_at,won,amount\n" + "x,2024-01-01,1,5\n")
    folder.ingest()
    assert rejected(folder.open()) == []


def test_fields_take_their_type_from_their_values(folder: Folder) -> None:
    lines = ["lead_id;comma;dirty;messy;zip;yes;when;empty;long"]
    for number in range(400):
        dirty = "n/a?" if number == 7 else str(number)
        messy = f"{number} or so" if number % 50 == 0 else str(number)
        flag = ["yes", "No", ""][number % 3]
        lines.append(
            f"{number};1.234,{number % 7};{dirty};{messy};0{number:04};{flag};"
            f"{1 + number % 28}.03.2024;;{10**17 + number}"
        )
    folder.write("leads.csv", "\n".join(lines))
    source = folder.ingest().sources[0]
    types = {column.name: column.type for column in source.columns if not column.canonical}
    assert types == {
        "comma": "number", "dirty": "number", "messy": "text", "zip": "text", "yes": "flag",
        "when": "time", "empty": "empty", "long": "text",
    }  # fmt: skip
    columns = {column.name: column for column in source.columns}
    assert columns["dirty"].unreadable == 1
    assert columns["comma"].notes == ("numbers with a decimal comma",)
    table = folder.open().lake.current("leads")
    assert table["comma"][3].as_py() == 1234.3
    assert table["dirty"][7].as_py() is None
    assert table["zip"][12].as_py() == "00012"
    assert "empty" not in table.column_names


def test_a_field_that_changes_its_type_becomes_text(folder: Folder) -> None:
    folder.write("leads.csv", "lead_id,size,flag\na,3,yes\nb,4,no\n")
    folder.ingest()
    folder.write("leads.csv", "lead_id,size,flag\na,3,yes\nb,big,no\nc,5,1\n")
    source = folder.ingest().sources[0]
    assert (source.added, source.changed, source.unchanged) == (1, 1, 1)
    notes = {column.name: column.notes for column in source.columns}
    assert notes["size"] == ("was a number before: it is text from now on",)
    assert notes["flag"] == ()
    assert (folder.table()["size"], folder.table()["flag"]) == (
        ["3", "big", "5"],
        [True, False, True],
    )
    folder.write("leads.csv", "lead_id,size,flag\nd,6,yes\n")
    folder.ingest()
    assert folder.table()["size"] == ["3", "big", "5", "6"]


def test_odd_names_survive(folder: Folder) -> None:
    folder.write(
        "leads.csv", 'Lead ID,"Size (k€), ""net""",size,Size,,won\na,1,2,3,4,1\nb,2,2,2,2,\n'
    )
    folder.settings(LEADS + '[tables.leads.columns]\nlead_id = "Lead ID"\n')
    source = folder.ingest().sources[0]
    table = folder.open().lake.current("leads")
    assert table['Size (k€), "net"'].to_pylist() == [1.0, 2.0]
    assert (table["size"].to_pylist(), table["Size (2)"].to_pylist()) == ([2.0, 2.0], [3.0, 2.0])
    assert table["column 5"].to_pylist() == [4.0, 2.0]
    assert len(source.files[0].notes) == 2


# Pseudo-columns of databases, and names that this program gives to columns of its own.
PSEUDO = (
    *("rowid", "RowId", "_rowid_", "oid", "ctid", "xmin", "cmin", "tableoid", "filename"),
    *("file_row_number", "file_index", "_file", "_row", "_bad", "_id", "_status", "_field0"),
    *("_order", "_ingested_at", "_row_hash", "c0", "t", "purchase_rhythm", "money_rank"),
)


def reserved() -> list[str]:
    words = duckdb.sql("SELECT keyword_name FROM duckdb_keywords()").fetchall()
    return [*(word for (word,) in words), *PSEUDO]


KINDS = pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "sqlite"])


def save(folder: Folder, kind: str, columns: dict[str, list[str]]) -> None:
    """Leads as a file of this kind, and settings that read it."""
    path, rows = folder.path / f"leads.{kind}", list(zip(*columns.values(), strict=True))
    settings = f'[tables.leads]\npath = "{path.name}"\n'
    if kind == "csv":
        path.write_text("".join(",".join(row) + "\n" for row in (columns, *rows)), "utf-8")
    elif kind == "jsonl":
        objects = [orjson.dumps(dict(zip(columns, row, strict=True))) for row in rows]
        path.write_bytes(b"\n".join(objects))
    elif kind == "parquet":
        arrays = [pa.array(values).dictionary_encode() for values in columns.values()]
        parquet.write_table(pa.table(arrays, names=list(columns)), path)
    else:
        with sqlite3.connect(path) as database:
            database.execute(f"CREATE TABLE leads ({', '.join(map(quoted, columns))})")
            marks = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO leads VALUES ({marks})", rows)
        url = f"sqlite:///{path.name}"
        settings = f'[tables.leads]\nurl = "{url}"\nquery = "SELECT * FROM leads"\n'
    folder.settings(settings)


@KINDS
def test_a_column_may_be_called_by_any_word(folder: Folder, kind: str) -> None:
    # One that says when a row was copied is left out, see test_mapping.
    names = list({n.casefold(): n for n in reserved() if n != "_ingested_at"}.values())
    values = {name: [f"x{n}", f"y{n}"] for n, name in enumerate(names)}
    save(folder, kind, {"lead_id": ["a", "b"], **values})
    assert [one.rows for one in check(load_settings(folder.path)).sources] == [2]
    assert folder.ingest().sources[0].added == 2
    assert folder.ingest().sources[0].added == 0
    lake = folder.open().lake.current("leads")
    # What the lake or a record has as a column of its own has a number behind it.
    own = {*TABLES["leads"].names, *INTERNAL, *RANKS, RHYTHM, "_file", "_row", "_bad"}
    for name in names:
        taken = name.casefold() in own and name != "source"  # a canonical column of leads
        assert lake[f"{name} (2)" if taken else name].to_pylist() == values[name]
    assert lake[ORDER].to_pylist() == [0, 1]


def test_the_lake_keeps_the_spelling_of_a_field(folder: Folder) -> None:
    folder.settings('[tables.leads]\npath = "l*.csv"\n')
    folder.write("leads.csv", "lead_id,Status\na,new\n")
    folder.ingest()
    folder.write("later.csv", "lead_id,STATUS\nb,old\n")
    assert folder.ingest().sources[0].added == 1
    assert folder.table()["Status"] == ["new", "old"]


def test_amounts_beyond_reason_are_set_aside_and_said(folder: Folder) -> None:
    folder.settings('[tables.purchases]\npath = "sales.csv"\n')
    amounts = ["1", "2", "3", "4", "1e300", "-1e300", "1e18", "999999999999999"]
    rows = "".join(f"p,2024-01-01,{amount},{amount}\n" for amount in amounts)
    folder.write("sales.csv", "person_id,at,amount,points\n" + rows)
    source = folder.ingest().sources[0]
    assert source.rejected == {"unreadable_value": 3}
    assert source.examples[0].line == 6
    assert source.examples[0].message == (
        'column "amount": "1e300" is beyond reason: less than 1,000,000,000,000,000 either way is '
        "expected"
    )
    assert folder.table("purchases")["amount"] == [1, 2, 3, 4, 999999999999999]


def test_a_number_beyond_reason_in_a_field_counts_as_missing(folder: Folder) -> None:
    rows = "".join(f"{n},{n}\n" for n in range(200))
    folder.write("leads.csv", f"lead_id,size\n{rows}x,1e300\n")
    (column,) = [one for one in folder.ingest().sources[0].columns if one.name == "size"]
    assert column.notes == (
        '1 value is no number below 1,000,000,000,000,000, and counts as missing: "1e300"',
    )
    assert folder.table()["size"][-1] is None


@KINDS
def test_a_field_beyond_the_limit_is_set_aside_from_any_source(folder: Folder, kind: str) -> None:
    notes = ["a", "é" * MOST_IN_FIELD, "b" * (MOST_IN_FIELD + 1), "c"]
    save(folder, kind, {"lead_id": ["i", "j", "k", "l"], "note": notes})
    source = folder.ingest().sources[0]
    assert source.rejected == {"long_field": 1}
    assert source.examples[0].line == (4 if kind == "csv" else 3)
    assert 'column "note" holds 250,001 characters' in source.examples[0].message
    assert [len(text) for text in folder.table()["note"]] == [1, MOST_IN_FIELD, 1]


def test_the_future_is_counted_and_said(folder: Folder) -> None:
    folder.settings(LEADS + '[tables.events]\npath = "events.csv"\n')
    folder.write(
        "leads.csv",
        "lead_id,created_at,closed_at,won\n"
        "a,2024-01-01,2024-02-01,1\nb,2024-01-01,2124-02-01,1\nc,2024-01-01,2124-02-01,\n"
        "d,2124-01-01,,\n",
    )
    folder.write(
        "events.csv", "person_id,at,kind\na,2024-01-01,v\na,2124-01-01,v\na,2124-01-02,v\n"
    )
    checked = check(load_settings(folder.path)).sources
    leads, events = folder.ingest().sources
    assert [one.notes for one in checked] == [leads.notes, events.notes]
    created, closed, _nobody_is_lost = leads.notes
    assert created.startswith('Rows whose "created_at" lies in the future, after 20')
    assert ": 1. They are" in created
    assert "neither learned from nor scored until then" in created
    assert closed.startswith('Rows whose "closed_at" lies in the future, after 20')
    assert ": 1. They are won or lost all the same" in closed
    assert ": 2. They do not count until then" in events.notes[0]


def test_rows_without_id(folder: Folder) -> None:
    folder.write("leads.csv", "size,won\n1,1\n1,1\n2,0\n")
    folder.settings(LEADS + "[tables.leads.columns]\nlead_id = { row = true }\n")
    assert folder.ingest().sources[0].added == 3
    assert folder.table()["lead_id"] == ["2", "3", "4"]
    folder.write("leads.csv", "size,won\n1,1\n1,1\n2,0\n5,\n")
    assert folder.ingest().sources[0].added == 1
    folder.write("more.csv", "size,won\n9,1\n")
    folder.settings(
        '[tables.leads]\npath = "*.csv"\n[tables.leads.columns]\nlead_id = { row = true }\n'
    )
    folder.ingest()
    assert folder.table()["lead_id"][-1] == "more.csv#2"


def test_outcomes_with_many_values(folder: Folder) -> None:
    folder.write("leads.csv", "lead_id,stage\na,Closed Won\nb,JUNK\nc,Negotiation\nd,\n")
    won = '{ column = "stage", won = ["closed won"], lost = ["Junk"] }'
    folder.settings(f"{LEADS}[tables.leads.columns]\nwon = {won}\n")
    folder.ingest()
    assert folder.table()["won"] == [True, False, None, None]


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    moment = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
    typed = pa.table(
        {
            "lead_id": [1, 2],
            "created_at": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "won": [True, None],
            "size": [3.0, 0.5],
            "day": pa.array([moment.date()] * 2),
            "city": pa.array(["Porto", None]).dictionary_encode(),
        }
    )
    parquet.write_table(typed, tmp_path / "leads.parquet")
    (tmp_path / "leads.jsonl").write_text(
        '{"lead_id":1,"created_at":"2024-05-01T12:30:00Z","won":true,"size":3,"day":"2024-05-01",'
        '"city":"Porto"}\n{"lead_id":2,"size":0.5,"day":"2024-05-01","city":null}\n',
        encoding="utf-8",
    )
    text = (
        "lead_id\tcreated_at\twon\tsize\tday\tcity\n"
        "1\t2024-05-01 12:30\tyes\t3\t2024-05-01\tPorto\n2\t\t\t0.5\t2024-05-01\t\n"
    )
    (tmp_path / "leads.tsv.gz").write_bytes(gzip.compress(text.encode("utf-16")))
    found = []
    for name in ("leads.parquet", "leads.jsonl", "leads.tsv.gz"):
        root = tmp_path / name.replace(".", "_")
        root.mkdir()
        one = Folder(root)
        one.settings(f'[tables.leads]\npath = "../{name}"\n')
        assert one.ingest().sources[0].added == 2
        table = one.table()
        found.append(
            {name: table[name] for name in ("lead_id", "created_at", "won", "size", "day", "city")}
        )
    assert found[0] == found[1] == found[2]
    assert found[0]["created_at"] == [moment, None]
    assert found[0]["day"][0] == datetime(2024, 5, 1, 23, 59, 59, 999999, tzinfo=UTC)
    assert found[0]["city"] == ["Porto", None]


def test_a_database_is_read_again_and_again(folder: Folder) -> None:
    import sqlite3

    def run(sql: str) -> None:
        with sqlite3.connect(folder.path / "crm.db") as connection:
            connection.execute(sql)
        connection.close()

    run("CREATE TABLE leads AS SELECT 1 AS lead_id, 'yes' AS won, 2.5 AS size")
    folder.settings('[tables.leads]\nurl = "sqlite:///crm.db"\nquery = "SELECT * FROM leads"\n')
    assert folder.ingest().sources[0].added == 1
    assert not folder.ingest().has_changed
    run("INSERT INTO leads VALUES (2, 'no', 3)")
    assert folder.ingest().sources[0].added == 1
    assert folder.table()["size"] == [2.5, 3.0]


def test_a_new_mapping_reads_everything_again(folder: Folder) -> None:
    folder.settings(LEADS + '[tables.events]\npath = ["e1.csv", "e2.csv"]\n')
    folder.write("e1.csv", "person_id,at,kind,euro\np,2024-01-01,view,5\n")
    folder.write("e2.csv", "person_id,at,kind,euro\np,2024-01-02,view,6\n")
    folder.ingest()
    columns = '[tables.events.columns]\nvalue = "euro"\n'
    folder.settings(LEADS + '[tables.events]\npath = ["e1.csv", "e2.csv"]\n' + columns)
    result = folder.ingest()
    assert result.sources[0].files[0].skipped
    assert folder.table("events")["value"] == [5.0, 6.0]
    assert "euro" not in folder.table("events")
    (folder.path / "e1.csv").unlink()
    folder.settings(LEADS + '[tables.events]\npath = "e2.csv"\n')
    assert "no longer there: e1.csv" in folder.refused()
    folder.ingest(reread=["events"])
    assert folder.table("events")["euro"] == [6.0]


def test_another_query_takes_the_place_of_the_earlier_one(folder: Folder) -> None:
    def asking(columns: str) -> str:
        query = f"SELECT {columns} FROM 'visits.csv'"
        return f'{LEADS}[tables.events]\nurl = "duckdb:"\nquery = """{query}"""\n'

    folder.write("visits.csv", "person_id,at,kind,page\np,2024-01-01,view,a\np,2024-01-02,view,b\n")
    folder.settings(asking('person_id, "at", kind'))
    folder.ingest()
    folder.settings(asking('person_id, "at", kind, page'))
    folder.ingest()
    assert folder.table("events")["page"] == ["a", "b"]
    assert not folder.ingest().has_changed  # the earlier query is forgotten
    # Files in the place of a query replace its rows as well; a query does not lose files.
    folder.settings(LEADS + '[tables.events]\npath = "visits.csv"\n')
    folder.ingest()
    assert folder.table("events")["page"] == ["a", "b"]
    folder.settings(asking('person_id, "at", kind'))
    assert "no longer there: visits.csv" in folder.refused()
    folder.ingest(reread=["events"])
    assert "page" not in folder.table("events")
    assert not folder.ingest().has_changed


BAD_INPUT = {
    "missing file": (None, LEADS, "There is no file"),
    "empty": (b"", LEADS, "is empty"),
    "binary": (bytes(range(256)) * 100, LEADS, "not a text file"),
    "wrong delimiter": (CSV.encode(), LEADS.replace("\n", '\ndelimiter = ";"\n', 1), "delimiter"),
    "no id": (b"number,won\n1,1\n", LEADS, "lead_id is required"),
    "unmapped name": (CSV.encode(), COLUMNS + 'won = "wno"\n', 'Did you mean "won"'),
    "bad format": (
        CSV.encode(),
        COLUMNS + 'created_at = { column = "created_at", format = "%Q" }\n',
        "no strptime format",
    ),
    "wrong format": (
        CSV.encode(),
        COLUMNS + 'created_at = { column = "created_at", format = "%d/%m/%Y" }\n',
        "a time of the form %d/%m/%Y",
    ),
    "ambiguous times": (
        b"lead_id,created_at\na,01/02/2024\nb,03/04/2024\n",
        LEADS,
        'format = "day first"',
    ),
    "no outcome": (b"lead_id,won\na,maybe\nb,perhaps\nc,1\n", LEADS, '"maybe" is not one of'),
    "one id for all": (b"lead_id,won\n" + b"x,1\nx,0\n" * 2 + b"x,\n", LEADS,
                       "Is lead_id really the id"),
    "ragged": (b"lead_id,won\na,1,2\nb,1,2\nc,1\n", LEADS, "the header has 2 columns"),
    "open quote": (b'lead_id,won\na,"1\nb,1\n', LEADS, "never closed"),
    "no table": (CSV.encode(), "", "names no table"),
    "missing database": (
        CSV.encode(),
        '[tables.leads]\nurl = "sqlite:///x.db"\nquery = "q"\n',
        "no SQLite",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_message_and_changes_nothing(folder: Folder, case: str) -> None:
    folder.ingest()
    earlier = folder.table()
    content, text, said = BAD_INPUT[case]
    (folder.path / "leads.csv").unlink()
    if content is not None:
        folder.write("leads.csv", content)
    folder.settings(text)
    with pytest.raises(UmbrellaError) as caught:
        folder.ingest()
    assert said in caught.value.message
    assert caught.value.exit_code == 2
    assert folder.table() == earlier
    assert recent_runs(folder.open())[0]["status"] == "failed"
    result = check(load_settings(folder.path))
    assert said in "\n".join(result.problems)


def test_an_export_without_rows(folder: Folder) -> None:
    folder.write("leads.csv", "lead_id,won\n")
    assert "has column names but no rows" in folder.refused()
    folder.write("leads.csv", CSV)
    folder.ingest()
    folder.write("leads.csv", "lead_id,won\n")  # nothing new today
    assert not folder.ingest().has_changed


def test_all_problems_come_together(folder: Folder) -> None:
    folder.settings(
        LEADS + '[tables.people]\npath = "nobody.csv"\n[tables.reps]\npath = "reps.csv"\n'
    )
    folder.write("reps.csv", "x,y\n1,2\n")
    message = folder.refused()
    assert "nobody.csv" in message
    (folder.path / "nobody.csv").write_text("person_id\np\n", encoding="utf-8")
    folder.write("leads.csv", "x\n1\n")
    message = folder.refused(SettingsError)
    assert "lead_id is required" in message
    assert "rep_id is required" in message


def test_check_finds_the_same_and_writes_nothing(folder: Folder) -> None:
    before = sorted(path.name for path in folder.path.iterdir())
    result = check(load_settings(folder.path))
    assert result.problems == ()
    assert (result.sources[0].rows, len(result.sources[0].columns)) == (3, 5)
    assert sorted(path.name for path in folder.path.iterdir()) == before


def test_a_table_of_many_columns_has_room(folder: Folder) -> None:
    names = [f"q{n}" for n in range(300)]
    row = ",".join(str(n % 97) for n in range(300))
    lines = [f"lead_id,{','.join(names)}", *(f"{n},{row}" for n in range(5_000))]
    folder.write("leads.csv", "\n".join(lines))
    (source,) = folder.ingest().sources
    assert (source.added, len(source.columns)) == (5_000, 301)


def test_check_asks_for_the_outcome(folder: Folder) -> None:
    folder.write("leads.csv", CSV.replace(",won,", ",converted,"))
    (problem,) = check(load_settings(folder.path)).problems
    assert 'won = "Converted"' in problem


def test_an_outcome_of_other_words_is_to_be_spelled_out(folder: Folder) -> None:
    folder.settings(COLUMNS + 'lead_id = "lead_id"\nwon = "city"\n')
    message = folder.refused()
    assert 'won = { column = "city", won = ["..."], lost = ["..."] }' in message


# One process imports everything once and forks a child for each workspace given as "point=folder",
# in which `ingest` kills itself at that point, or simply runs. All children run at the same time.
CHILDREN = """
import os, signal, sys
from pathlib import Path
import deltalake, duckdb, pyarrow as pa, pyarrow.compute, pyarrow.csv, sqlalchemy.dialects.sqlite
pa.array([0])  # has imports of its own
from redumbrella.lake.lake import Lake
from redumbrella.sources.changes import Changes
import redumbrella.workflows.ingest as module
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace

def die(*args, **more):
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(function):
    def dying(*args, **more):
        function(*args, **more)
        die()
    return dying

def then_commit_and_die(function):
    def dying(connection, *args, **more):
        function(connection, *args, **more)
        connection.commit()
        die()
    return dying

def first_batch_then_die(function):
    def rows(*args, **more):
        reader = function(*args, **more)
        def batches():
            yield from list(reader)[:1]
            die()
        return pa.RecordBatchReader.from_batches(reader.schema, batches())
    return rows

def run(point, folder):
    if point == "before the rows":
        Lake._write = die
    elif point == "while rows are written":
        Changes.rows = first_batch_then_die(Changes.rows)
    elif point == "after the rows":
        Lake._write = then_die(Lake._write)
    elif point == "after the note":
        module.record_source = then_commit_and_die(module.record_source)
    print(ingest(open_workspace(Path(folder))).sources[0].added, flush=True)
    os._exit(0)

for argument in sys.argv[1:]:
    if os.fork() == 0:
        try:
            run(*argument.split("=", 1))
        finally:
            os._exit(1)
for _ in sys.argv[1:]:
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
POINTS = ("before the rows", "while rows are written", "after the rows", "after the note")


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Folder]:
    """A workspace for each point at which `ingest` was killed, and one in which two ran at once."""
    folders = {point: Folder(tmp_path_factory.mktemp("child")) for point in (*POINTS, "twice")}
    for folder in folders.values():
        folder.settings(LEADS + '[tables.events]\npath = "e.csv"\n')
        folder.write("leads.csv", CSV)
        folder.write("e.csv", "person_id,at,kind\np,2024-01-01,view\np,2024-01-02,view\n")
        folder.open()
    lines = "".join(f"{number},{number % 2}\n" for number in range(5_000))
    folders["twice"].write("leads.csv", "lead_id,won\n" + lines)
    arguments = [f"{point}={folder.path}" for point, folder in folders.items()]
    done = subprocess.run(
        [sys.executable, "-c", CHILDREN, *arguments, arguments[-1]],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    printed = sorted(int(line) for line in done.stdout.split())
    # Four were killed; of the two others one added all rows and one none.
    assert printed == [-signal.SIGKILL] * len(POINTS) + [0, 0, 0, 5_000]
    return folders


@pytest.mark.parametrize("point", POINTS)
def test_after_a_kill_the_next_run_completes(children: dict[str, Folder], point: str) -> None:
    folder = children[point]
    assert folder.open().lake.exists("leads") == point.startswith("after")
    folder.ingest()
    assert folder.table()["lead_id"] == ["a", "b", "c"]
    assert folder.open().lake.read("leads").num_rows == 3
    assert folder.open().lake.read("events").num_rows == 2
    assert not folder.ingest().has_changed
    statuses = [run["status"] for run in recent_runs(folder.open())]
    assert statuses == ["done", "done", "killed"]
    assert not (folder.path / "lake" / ".staging").exists()


def test_two_commands_at_once(children: dict[str, Folder]) -> None:
    lake = children["twice"].open().lake
    assert lake.read("leads").num_rows == 5_000
    assert lake.read("leads")["_order"].to_pylist() == list(range(5_000))
    assert lake.read("events").num_rows == 2


versions = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), min_size=1),
    min_size=1,
    max_size=4,
)


@given(versions)
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_lake_always_shows_the_last_reading(
    tmp_path_factory: pytest.TempPathFactory, days: list[dict[str, int]]
) -> None:
    folder = Folder(tmp_path_factory.mktemp("days"))
    folder.settings(LEADS)
    expected: dict[str, int] = {}
    for day in days:
        lines = "".join(f"{key},{value}\n" for key, value in day.items())
        folder.write("leads.csv", "lead_id,size\n" + lines)
        source = folder.ingest().sources[0]
        assert source.added == len(day.keys() - expected.keys())
        assert source.changed == sum(
            key in expected and expected[key] != value for key, value in day.items()
        )
        expected |= day
    table = folder.table()
    assert dict(zip(table["lead_id"], table["size"], strict=True)) == expected
    assert list(expected) == table["lead_id"]


def test_a_day_that_has_begun_is_no_future(folder: Folder) -> None:
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=2), today, today + timedelta(days=3)]
    rows = "".join(f"{n},{day},{n % 2}\n" for n, day in enumerate(days))
    folder.write("leads.csv", "lead_id,created_at,won\n" + rows)
    notes = [note for note in folder.ingest().sources[0].notes if "future" in note]
    assert len(notes) == 1
    assert ": 1. They" in notes[0]


def test_leads_that_another_version_read_by_other_rules_are_replaced(folder: Folder) -> None:
    folder.write("leads.csv", CSV)
    folder.ingest()
    workspace = folder.open()
    # As an earlier version left it: another rule of ids, another mark of what was read.
    old = workspace.lake.read("leads")
    ids = pa.array([f"{one}.0" for one in old["lead_id"].to_pylist()])
    place = old.column_names.index("lead_id")
    workspace.lake.overwrite("leads", old.set_column(place, "lead_id", ids))
    with workspace.state.writing() as connection:
        connection.execute(text("UPDATE sources SET mapping = substr(mapping, 3)"))
    workspace.state.close()
    folder.ingest()
    assert sorted(folder.open().lake.current("leads")["lead_id"].to_pylist()) == ["a", "b", "c"]
