"""PostgreSQL as state database and as a source, against a server of our own on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgresql_server import PostgresqlServer
from sqlalchemy import select
from state_checks import check_everything, put, score
from stored import rows_in_use

from redumbrella.errors import DataError, EngineError
from redumbrella.state import (  # noqa: F401  their tables belong to the schema
    audit,
    jobs,
    keys,
    outbox,
    outreach,
    rules,
    users,
)
from redumbrella.state.database import State
from redumbrella.state.lists import list_in_use, take_into_use
from redumbrella.state.metadata import metadata
from redumbrella.state.runs import runs, start_run
from redumbrella.state.scores import new_scores, scores
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace

pytestmark = pytest.mark.postgresql


@pytest.fixture
def database(postgresql: PostgresqlServer) -> str:
    """The URL of an empty database."""
    return postgresql.database(f"state{next(_numbers)}")


_numbers = iter(range(1000))


def test_state(database: str) -> None:
    state = State(database)
    state.bring_up_to_date()
    with state.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    check_everything(state)
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT relname FROM pg_class WHERE relname ~ '^scores_.$'")
        assert sorted(row[0] for row in found) == ["scores_2", "scores_3", "scores_6"]
    state.close()
    again = State(database)
    with again.reading() as connection:
        assert len(connection.execute(select(runs)).all()) == 4
    again.close()


def test_a_server_that_goes_away_is_said_in_words(database: str) -> None:
    """In the middle of reading, of a change, of writing a list; then everything goes on."""
    state = State(database)
    put(state, "t", [score("old", 0.5)])

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(2_000):
            if number == 1_000:
                stop_others()
            yield score(f"new {number}", 0.5, reasons={"text": "x" * 500})

    def stop_others() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def read() -> None:
        with state.reading() as connection:
            stop_others()
            connection.execute(select(runs))

    def change() -> None:
        with state.writing() as connection:
            start_run(connection, "x", 1)
            stop_others()
            start_run(connection, "x", 1)

    def write_list() -> None:
        with new_scores(state, "t", rows()) as new, state.writing() as connection:
            take_into_use(connection, new)

    for work in (read, change, write_list):
        with pytest.raises(EngineError, match="does not answer") as caught:
            work()
        assert caught.value.reason == "state_unreachable"
        assert [row["lead_id"] for row in rows_in_use(state, scores, "t")] == ["old"]
        assert rows_in_use(state, runs) == []
    put(state, "t", [score("new", 0.5)])
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT count(*) FROM pg_class WHERE relname ~ '^scores_.$'")
        assert found.fetchone() == (1,)
    state.close()


def test_a_lock_that_is_never_freed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redumbrella.state.database._BUSY_SECONDS", 1)
    state = State(database)
    put(state, "t", [score("old", 0.5)])
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE lists IN EXCLUSIVE MODE")
        with pytest.raises(EngineError, match="locked by another program") as caught:
            put(state, "t", [score("new", 0.5)])
        assert caught.value.reason == "state_busy"
        assert [row["lead_id"] for row in rows_in_use(state, scores, "t")] == ["old"]
    state.close()


def test_a_role_that_may_only_read_reads_and_is_told_so_when_it_writes(database: str) -> None:
    owner = State(database)
    put(owner, "t", [score("old", 0.5)])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO visitor")
    visitor = State(database.replace("umbrella@", "visitor@"))
    assert [row["lead_id"] for row in rows_in_use(visitor, scores, "t")] == ["old"]
    with pytest.raises(EngineError, match="may not be written") as caught:
        put(visitor, "t", [score("new", 0.5)])
    assert caught.value.reason == "state_read_only"
    visitor.close()
    owner.close()


def test_a_list_that_is_read_is_not_removed_and_nobody_waits(database: str) -> None:
    state = State(database)
    put(state, "t", [score("old", 0.5)])
    with state.reading() as connection:
        table = list_in_use(connection, scores, "t")
        put(state, "t", [score("new", 0.5)])
        assert [row["lead_id"] for row in rows_in_use(state, scores, "t")] == ["new"]
        assert [row.lead_id for row in connection.execute(table.select())] == ["old"]
    put(state, "t", [score("newest", 0.5)])
    with psycopg.connect(database) as plain:
        found = plain.execute("SELECT relname FROM pg_class WHERE relname ~ '^scores_.$'")
        assert found.fetchall() == [("scores_3",)]
    state.close()


def test_a_workspace_with_its_state_and_source_there(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE crm AS SELECT n AS id, n % 2 = 0 AS won, n * 1.5 AS size, "
            "timestamptz '2024-01-01 00:00+02' + n * interval '1 hour' AS made, "
            "date '2024-05-01' AS day, 'a%b' AS label FROM generate_series(1, 21000) n"
        )
    (tmp_path / "umbrella.toml").write_text(
        f"""
        [workspace]
        state = "{database}"
        [tables.leads]
        url = "{database}"
        query = "SELECT * FROM crm WHERE label LIKE 'a%' ORDER BY id"
        [tables.leads.columns]
        lead_id = "id"
        created_at = "made"
        """,
        encoding="utf-8",
    )
    workspace = open_workspace(tmp_path)
    assert ingest(workspace).sources[0].added == 21_000
    assert not ingest(workspace).has_changed
    first = workspace.lake.current("leads").slice(0, 1).to_pylist()[0]
    assert (first["lead_id"], first["won"], first["size"]) == ("1", False, 1.5)
    assert first["created_at"].isoformat() == "2023-12-31T23:00:00+00:00"
    assert first["day"].isoformat() == "2024-05-01T23:59:59.999999+00:00"
    assert not (tmp_path / "state.db").exists()
    workspace.state.close()


def test_what_fails_is_said_plainly(database: str, tmp_path: Path) -> None:
    def refused(url: str, query: str, kind: type[Exception]) -> str:
        (tmp_path / "umbrella.toml").write_text(
            f'[tables.leads]\nurl = "{url}"\nquery = "{query}"\n', encoding="utf-8"
        )
        workspace = open_workspace(tmp_path)
        with pytest.raises(kind) as caught:
            ingest(workspace)
        workspace.state.close()
        return str(caught.value)

    assert "nowhere" in refused(database, "SELECT * FROM nowhere", DataError)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE s")
    assert "read-only" in refused(database, "SELECT setval('s', 9)", DataError)
    unreachable = "postgresql://me:secret@127.0.0.1:1/x"
    message = refused(unreachable, "SELECT 1", EngineError)
    assert "does not answer" in message
    assert "secret" not in message
