"""SQLite as a source; PostgreSQL stands in tests/state/test_postgresql.py."""

import sqlite3
from pathlib import Path

import pytest

from redumbrella.errors import DataError
from redumbrella.sources.sql import find_query, read_query


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
    records = read_query(found)
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
        read_query(find_query(f"sqlite:///{database}", query, database.parent))


def test_a_missing_database_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no SQLite file"):
        find_query("sqlite:///crm.db", "SELECT 1", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    found = find_query("postgresql://me:secret@127.0.0.1:1/x", "SELECT 1", tmp_path)
    assert "secret" not in found.name
    with pytest.raises(DataError, match="no database address"):
        find_query("postgresql://me@host:port/x", "SELECT 1", tmp_path)
