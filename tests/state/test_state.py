"""The state database: migrations, runs, sources, models, scores, readers beside a writer."""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from state_checks import check_everything, score

import redumbrella.state.schema as schema_module
from redumbrella.errors import EngineError
from redumbrella.state.database import State
from redumbrella.state.metadata import SCHEMA_VERSION, metadata, scores


@pytest.fixture
def state(tmp_path: Path) -> Any:
    opened = State(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.close()


def test_sqlite(state: State) -> None:
    check_everything(state)


def test_migrations_make_exactly_the_tables(state: State) -> None:
    with state.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == SCHEMA_VERSION
    config = Config()
    folder = Path(schema_module.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_alembic_runs_only_when_the_schema_is_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    State(url).close()
    called = []
    monkeypatch.setattr(schema_module, "_upgrade", called.append)
    State(url).close()
    assert called == []


def test_a_killed_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    upgrade = schema_module._upgrade

    def dies(connection: Any) -> None:
        upgrade(connection)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(schema_module, "_upgrade", dies)
        with pytest.raises(RuntimeError):
            State(url)
    with sqlite3.connect(tmp_path / "state.db") as plain:
        assert plain.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    plain.close()
    check_everything(State(url))


def test_a_newer_database_is_refused(state: State) -> None:
    with state.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(EngineError, match="Update Red Umbrella"):
        State(state.url)


def test_unreachable_databases_are_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "text.db").write_text("this is no database " * 100, encoding="utf-8")
    for url in (
        f"sqlite:///{tmp_path}/folder.db",
        f"sqlite:///{tmp_path}/text.db",
        f"sqlite:///{tmp_path}/nowhere/state.db",
        "postgresql://someone:secret@127.0.0.1:1/x",
    ):
        with pytest.raises(EngineError) as caught:
            State(url)
        assert caught.value.reason == "state_unreachable"
        assert "secret" not in caught.value.message


def test_readers_do_not_wait_for_a_writer(state: State) -> None:
    state.replace_scores("conversion", [score("old", 0.5)])
    with state.writing() as connection:
        connection.execute(scores.delete())
        began = time.monotonic()
        with state.engine.connect() as reader:
            assert [row.lead_id for row in reader.execute(scores.select())] == ["old"]
        assert time.monotonic() - began < 5


def test_writers_wait_for_each_other(state: State) -> None:
    def work(target: str) -> None:
        for _ in range(20):
            state.replace_scores(target, [score("a", 0.5), score("b", 0.1)])

    threads = [threading.Thread(target=work, args=(name,)) for name in ("x", "y", "z")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with state.engine.connect() as connection:
        assert len(connection.execute(scores.select()).all()) == 6


def test_a_failed_replacement_keeps_the_old_scores(state: State) -> None:
    state.replace_scores("conversion", [score("old", 0.5)])
    twice = [score("a", 0.5), score("a", 0.6)]
    with pytest.raises(sqlite3.IntegrityError):
        state.replace_scores("conversion", twice)
    with state.engine.connect() as connection:
        assert [row.lead_id for row in connection.execute(scores.select())] == ["old"]
