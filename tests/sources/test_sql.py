"""SQLite and SQL over files as sources; PostgreSQL stands in tests/state/test_postgresql.py."""

import sqlite3
from pathlib import Path

import pytest

from redumbrella.errors import DataError
from redumbrella.sources.formats.sql import find_query, read_query
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "odd %20 #name?.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE crm (id INTEGER, name TEXT, size REAL, blob BLOB)")
        connection.execute("INSERT INTO crm VALUES (1, 'Ann', 2.0, NULL), (2, NULL, 0.5, NULL)")
    connection.close()
    return path


def test_a_query_is_read_in_batches(database: Path) -> None:
    found = find_query(
        f"sqlite:///{database.name}",
        "SELECT * FROM crm  WHERE name IS NULL OR name LIKE 'A%'",
        database.parent,
    )
    assert (
        found.name
        == f"sqlite:///{database.name} | SELECT * FROM crm WHERE name IS NULL OR name LIKE 'A%'"
    )
    records = read_query(found, "UTC")
    assert records.columns == ("id", "name", "size", "blob")
    (chunk,) = records.chunks
    assert chunk.rows.to_pylist() == [
        {"id": "1", "name": "Ann", "size": "2", "blob": None},
        {"id": "2", "name": None, "size": "0.5", "blob": None},
    ]
    assert chunk.numbers.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELEC 1", "syntax error"),
        ("DROP TABLE crm", "readonly"),
    ],
)
def test_a_query_that_fails_says_why(database: Path, query: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_query(find_query(f"sqlite:///{database}", query, database.parent), "UTC")


def test_a_missing_database_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no SQLite file"):
        find_query("sqlite:///crm.db", "SELECT 1", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    found = find_query("postgresql://me:secret@127.0.0.1:1/x", "SELECT 1", tmp_path)
    assert "secret" not in found.name
    with pytest.raises(DataError, match="no database address"):
        find_query("postgresql://me@host:port/x", "SELECT 1", tmp_path)


# ---- SQL over files ---------------------------------------------------------------------------


def over_files(query: str, root: Path, timezone: str = "UTC") -> list[dict[str, str | None]]:
    records = read_query(find_query("duckdb:", query, root), timezone)
    return [row for chunk in records.chunks for row in chunk.rows.to_pylist()]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "odd [1], name"
    folder.mkdir()
    (folder / "cases.csv").write_text("id,size\n1,ours\n2,ours\n")
    (folder / "calls.csv").write_text("id,at\n1,2024-07-01T10:00:00.5+02:00\n")
    return folder


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM 'cases.csv' WHERE size = 'ours'",
        "SELECT id /* é */ FROM \"cases.csv\" WHERE size = 'ours'; -- done",
        "SELECT id FROM read_csv('cases.csv', delim = ',') WHERE size = 'ours'",
        "SELECT id FROM read_csv(['cases.csv']) WHERE size = 'ours'",
        "WITH t AS (FROM 'cas*.csv') SELECT id FROM t WHERE size IN (SELECT size FROM 'cases.csv')",
    ],
)
def test_files_are_those_of_the_workspace(
    files: Path, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases.csv").write_text("id,size\n9,theirs\n")
    monkeypatch.chdir(tmp_path)
    assert over_files(query, files) == [{"id": "1"}, {"id": "2"}]


def test_a_file_that_is_only_where_the_command_was_typed_is_not_read(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "case.csv").write_text("id\n9\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r'names "case.csv", which is not in .*"cases.csv"'):
        over_files("FROM 'case.csv'", files)


def test_values_of_a_query_over_files_are_those_of_other_databases(tmp_path: Path) -> None:
    query = """SELECT TIMESTAMPTZ '2024-07-01 10:00:00.5+02' AS zoned,
        TIMESTAMP '2024-07-01 10:00:00'::TIMESTAMPTZ AS local, TIMESTAMP '2024-07-01 10:00' AS bare,
        DATE '2024-07-01' AS day, 2.0 :: DOUBLE AS whole, 0.5 AS part, sum(3) AS total,
        true AS flag, [1, 2] AS list, {'a': 1} AS nested, NULL AS nothing, 'x' AS "a", 'y' AS "a"
    """
    (row,) = over_files(query, tmp_path, "Europe/Lisbon")
    assert row == {
        "zoned": "2024-07-01T08:00:00.5+00:00",
        "local": "2024-07-01T09:00:00+00:00",
        "bare": "2024-07-01T10:00:00",
        "day": "2024-07-01",
        "whole": "2",
        "part": "0.5",
        "total": "3",
        "flag": "true",
        "list": "[1,2]",
        "nested": '{"a":1}',
        "nothing": None,
        "a": "x",
        "a (2)": "y",
    }


def test_a_query_over_files_comes_in_batches_and_in_its_order(tmp_path: Path) -> None:
    query = "SELECT i FROM range(50000) AS t(i) ORDER BY i DESC"
    records = read_query(find_query("duckdb:", query, tmp_path), "UTC")
    chunks = list(records.chunks)
    assert len(chunks) > 1
    assert [int(value) for one in chunks for value in one.rows["i"].to_pylist()] == [
        *range(49_999, -1, -1)
    ]
    assert [int(n) for one in chunks for n in one.numbers] == [*range(1, 50_001)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", 'failed: syntax error at or near "SELEC"'),
        ("SELECT town FROM 'cases.csv'", 'failed: Referenced column "town" .*Candidate.*"id"'),
        ("FROM cases", "Table with name cases does not exist. A file is named in single quotes"),
        ("FROM files", "Table with name files does not exist"),  # a name inside this program
        ("FROM read_csv('call.csv')", 'names "call.csv".*Did you mean "calls.csv"'),
        ("FROM 'sales.parquet'", 'names "sales.parquet".*Files there: calls.csv, cases.csv'),
        ("FROM 'https://127.0.0.1:1/x.csv'", "extension httpfs, which is not installed"),
        ("COPY (SELECT 1) TO 'out.csv'", "must be one SELECT, .* holds COPY"),
        ("CREATE TABLE t AS SELECT 1; SELECT 2", "must be one SELECT, .* holds CREATE, SELECT"),
        ("-- nothing", "must be one SELECT"),
        (
            "SELECT CASE WHEN i < 40000 THEN 1 ELSE ('n' || i)::INT END FROM range(50000) t(i)",
            "failed: Could not convert string 'n40000' to INT32",
        ),
    ],
)
def test_a_query_over_files_that_fails_says_why(files: Path, query: str, said: str) -> None:
    before = sorted(files.iterdir())
    with pytest.raises(DataError, match=said) as caught:
        over_files(query, files)
    assert "\n" not in caught.value.message
    assert sorted(files.iterdir()) == before


def test_outcomes_and_lengths_come_out_of_raw_logs_by_settings_alone(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case,amount\n1,500\n2,700\n3,900\n")
    (tmp_path / "log.csv").write_text(
        "case,time,what,step\n1,2024-01-01 10:00,call,START\n1,2024-01-01 10:05,call,COMPLETE\n"
        "1,2024-01-02 09:00,approved,COMPLETE\n2,2024-01-03 09:00,declined,COMPLETE\n"
    )
    (tmp_path / "umbrella.toml").write_text(
        """[workspace]
timezone = "Europe/Lisbon"
[tables.leads]
url = "duckdb:"
query = '''
SELECT c."case" AS lead_id, amount AS asked, min(time) AS closed_at,
       any_value(what = 'approved') AS won
FROM 'cases.csv' AS c LEFT JOIN 'log.csv' AS l
  ON l."case" = c."case" AND what IN ('approved', 'declined')
GROUP BY ALL ORDER BY 1'''
[tables.activities]
url = "duckdb:"
query = '''
SELECT "case" AS lead_id, what AS kind, lead(time) OVER w AS at,
       epoch(lead(time) OVER w - time) AS duration_s
FROM 'log.csv' WHERE what = 'call'
WINDOW w AS (PARTITION BY "case", what ORDER BY time) QUALIFY step = 'START''''
"""
    )
    workspace = open_workspace(tmp_path)
    try:
        ingest(workspace)
        leads = workspace.lake.current("leads").to_pydict()
        (call,) = workspace.lake.current("activities").to_pylist()
        again = ingest(workspace)
    finally:
        workspace.state.close()
    assert (leads["lead_id"], leads["won"]) == (["1", "2", "3"], [True, False, None])
    assert leads["asked"] == [500.0, 700.0, 900.0]
    assert (call["kind"], call["duration_s"], call["at"].minute) == ("call", 300.0, 5)
    assert not again.has_changed
