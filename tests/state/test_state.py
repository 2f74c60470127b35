"""The state database: migrations, runs, sources, models, scores, readers beside a writer."""

import json
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
from sqlalchemy import create_engine, select, text
from state_checks import check_everything, put, score
from stored import rows_in_use

import redumbrella.state.schema as schema_module
from redumbrella.errors import EngineError
from redumbrella.state import (  # noqa: F401  their tables belong to the schema
    audit,
    jobs,
    keys,
    outbox,
    outreach,
    rules,
    users,
)
from redumbrella.state.customers import newest_valuation, record_valuation
from redumbrella.state.database import State
from redumbrella.state.forecasts import backtests
from redumbrella.state.lists import lists
from redumbrella.state.metadata import SCHEMA_VERSION, metadata
from redumbrella.state.models import models, newest_model
from redumbrella.state.runs import runs
from redumbrella.state.scores import changed_scores, scores, scoring_of
from redumbrella.state.weights import changes_of


@pytest.fixture
def state(tmp_path: Path) -> Any:
    opened = State(f"sqlite:///{tmp_path}/state.db")
    opened.bring_up_to_date()
    yield opened
    opened.close()


def test_sqlite(state: State) -> None:
    check_everything(state)


def test_what_the_log_of_runs_held_is_carried_over(tmp_path: Path) -> None:
    url, before = f"sqlite:///{tmp_path}/state.db", "0003"
    engine = create_engine(url)
    with engine.begin() as connection:
        schema_module._upgrade(connection, before)
        for verb, detail in {
            "value": {"as_of": 7, "lifetime": {"customers": 3}},
            "backtest": {"target": "t", "rows": 2},
            "weights": {"current": {"version": 1}},
            "ingest": {},
        }.items():
            connection.execute(
                text(
                    "INSERT INTO runs (verb, started_at, status, message, detail) "
                    "VALUES (:verb, 5, 'done', '', :detail)"
                ),
                {"verb": verb, "detail": json.dumps(detail)},
            )
        connection.execute(
            text("INSERT INTO weightings (set_at, set_by, weights, note) VALUES (1, '', '{}', '')")
        )
    engine.dispose()
    state = State(url)
    with state.writing() as connection:
        valued = newest_valuation(connection)
        assert changes_of(connection, 1) == {"current": {"version": 1}}
        walks = connection.execute(select(backtests)).mappings().all()
        assert len(connection.execute(select(runs)).all()) == 4
        record_valuation(connection, {**VALUATION, "as_of": 9})  # its number is not taken yet
    assert valued is not None
    assert (valued["valued_at"], valued["as_of"], valued["customers"]) == (5, 7, 3)
    assert [(walk["target"], walk["ran_at"]) for walk in walks] == [("t", 5)]
    state.close()


def test_lists_and_models_of_the_last_schema_are_read_where_they_are(tmp_path: Path) -> None:
    """A command that reads says what to do; one that writes migrates; then all is there."""
    url = f"sqlite:///{tmp_path}/state.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        schema_module._upgrade(connection, "0004")
        for number in range(5):
            row = {"target": "t", **score(f"old {number}", 0.5), "label": "", "search": ""}
            row |= {"product_id": "", "reasons": "{}", "details": "{}"}
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO scores ({names}) VALUES ({marks})"), row)
        for version, trained_at in (("b", 7), ("c", 3), ("a", 9)):
            row = {"version": version, "target": "t", "trained_at": trained_at, "as_of": 1}
            row |= {"family": "", "regime": "", "reliable": True, "verdict": "", "inputs": ""}
            row |= {"is_current": version == "a", "report": "{}"}
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO models ({names}) VALUES ({marks})"), row)
    engine.dispose()
    state = State(url)
    with pytest.raises(EngineError, match="Run `umbrella run` once") as caught:
        ids(state)
    assert caught.value.reason == "state_older"
    with state.writing() as connection:
        numbers = connection.execute(select(models.c.version, models.c.number)).all()
        newest = newest_model(connection, "t")
    assert sorted(map(tuple, numbers)) == [("a", 3), ("b", 2), ("c", 1)]
    assert newest is not None
    assert newest["version"] == "a"
    assert sorted(ids(state, "t")) == [f"old {number}" for number in range(5)]
    put(state, "t", [score("new", 0.5)])
    assert ids(state, "t") == ["new"]
    with state.reading() as connection:
        assert connection.execute(select(scores)).all() == []  # the old ones take no room
    state.close()


def test_lists_without_stage_and_month_wait_for_the_next_run(tmp_path: Path) -> None:
    """Their files lack columns, so that nobody may read them; what they rest on is stale."""
    url = f"sqlite:///{tmp_path}/state.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        schema_module._upgrade(connection, "0005")
        for kind in ("scores", "customers"):
            row = "(kind, target, is_current, host, process) VALUES (:kind, :target, true, '', 0)"
            listed = {"kind": kind, "target": "t" if kind == "scores" else ""}
            connection.execute(text(f"INSERT INTO lists {row}"), listed)
        connection.execute(
            text(
                "INSERT INTO scorings (target, scored_at, as_of, model_version, asked, inputs, "
                "lake) VALUES ('t', 1, 1, 'm', 9, 'same', '{}')"
            )
        )
    engine.dispose()
    state = State(url)
    with state.writing() as connection:
        assert scoring_of(connection, "t") is None
    assert ids(state, "t") == []
    with state.reading() as connection:
        used = connection.execute(select(lists.c.kind).where(lists.c.is_current)).scalars().all()
    assert used == ["customers"]
    put(state, "t", [score("new", 0.5, stage="Offer", month="2026-11")])
    assert ids(state, "t") == ["new"]
    state.close()


VALUATION = {"valued_at": 8, "as_of": 8, "customers": 0, "inputs": "", "lifetime": {}}


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
    State(url).bring_up_to_date()
    called = []
    monkeypatch.setattr(schema_module, "_upgrade", called.append)
    State(url).bring_up_to_date()
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
            State(url).bring_up_to_date()
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
    for url, reason in (
        (f"sqlite:///{tmp_path}/folder.db", "state_unreachable"),
        (f"sqlite:///{tmp_path}/text.db", "state_damaged"),
        (f"sqlite:///{tmp_path}/nowhere/state.db", "state_unreachable"),
        ("postgresql://someone:secret@127.0.0.1:1/x", "state_unreachable"),
        ("postgresql://someone:secret@127.0.0.1:1/x?odd=1", "state_unreachable"),
    ):
        with pytest.raises(EngineError) as caught:
            State(url)
        assert caught.value.reason == reason
        assert "secret" not in caught.value.message


def test_readers_do_not_wait_for_a_writer(state: State) -> None:
    put(state, "conversion", [score("old", 0.5)])
    with state.writing() as connection:
        connection.execute(lists.delete())
        began = time.monotonic()
        other = State(state.url)  # which is opened as a command opens it
        assert ids(other) == ["old"]
        other.close()
        assert time.monotonic() - began < 5


def ids(state: State, target: str = "conversion") -> list[str]:
    return [row["lead_id"] for row in rows_in_use(state, scores, target)]


def test_writers_wait_for_each_other(state: State) -> None:
    def work(target: str) -> None:
        for _ in range(20):
            put(state, target, [score("a", 0.5), score("b", 0.1)])

    threads = [threading.Thread(target=work, args=(name,)) for name in ("x", "y", "z")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ids(state, name) for name in ("x", "y", "z")] == [["a", "b"]] * 3
    assert len(list(state.folder.iterdir())) == 3


def test_a_failed_replacement_keeps_the_old_scores(state: State) -> None:
    put(state, "conversion", [score("old", 0.5)])
    twice = [score("a", 0.5), score("a", 0.6)]
    with pytest.raises(sqlite3.IntegrityError):
        put(state, "conversion", twice)
    assert ids(state) == ["old"]
    assert [path.name for path in state.folder.iterdir()] == ["scores-1.db"]


def test_a_list_is_copied_where_no_blocks_can_be_shared(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: int) -> int:
        raise OSError

    monkeypatch.setattr("redumbrella.state.lists.os.copy_file_range", refused)
    put(state, "t", [score("a", 0.5), score("b", 0.5)])
    with changed_scores(state, "t", ["a"], []) as new, state.writing() as connection:
        assert new.take(connection)
    assert ids(state, "t") == ["b"]
