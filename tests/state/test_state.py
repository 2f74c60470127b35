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

import redumbrella.state.schema as schema_module
from redumbrella.errors import EngineError, NotFoundError
from redumbrella.state.state import State
from redumbrella.state.tables import SCHEMA_VERSION, metadata, scores


@pytest.fixture
def state(tmp_path: Path) -> Any:
    opened = State(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.close()


def score(lead_id: str, probability: float, **more: Any) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "as_of": 1,
        "probability": probability,
        "regime": "model",
        "reliable": True,
        "model_version": "m1",
        **more,
    }


def check_everything(state: State) -> None:
    """What both databases must do; the PostgreSQL test calls it too."""
    run = state.record_run("ingest", 5)
    source = {
        "table_name": "leads",
        "path": "a.csv",
        "fingerprint": "f1",
        "mapping": "m",
        "size": 3,
        "modified": 4,
        "rows": 2,
        "added": 1,
        "rejected": 1,
        "ingested_at": 6,
    }
    bad = {"line": 3, "reason": "ragged", "message": "too short", "raw": "x" * 5_000}
    state.record_source(source, [bad], run_id=run)
    state.record_source({**source, "fingerprint": "f2"}, [bad, bad], run_id=run)
    seen = state.source_seen("leads", "a.csv")
    assert seen is not None
    assert seen["fingerprint"] == "f2"
    assert state.source_seen("leads", "b.csv") is None
    total, page = state.rejected(table="leads", reason="ragged", limit=1, offset=1)
    assert (total, len(page), len(page[0]["raw"])) == (2, 1, 2_000)
    assert state.rejected(table="people") == (0, [])
    assert len(state.sources_of("leads")) == len(state.sources_of()) == 1
    state.forget_sources("leads")
    assert state.sources_of() == []
    assert state.rejected(table="leads") == (0, [])
    state.finish_run(run, 9, message="ok", detail={"rows": 2})
    stale = state.record_run("ingest", 10)
    assert state.close_stale_runs("ingest", 11) == 1
    assert [(one["id"], one["status"]) for one in state.recent_runs()] == [
        (stale, "interrupted"),
        (run, "done"),
    ]
    assert state.recent_runs()[1]["detail"] == {"rows": 2}

    model = {
        "version": "m1",
        "target": "conversion",
        "trained_at": 1,
        "as_of": 1,
        "family": "boosted",
        "regime": "model",
        "reliable": True,
        "verdict": "ready",
        "report": {"format": 1},
    }
    assert state.current_model() is None
    state.save_model(model)
    state.save_model({**model, "version": "m2", "trained_at": 2})
    current = state.current_model("conversion")
    assert current is not None
    assert (current["version"], current["report"]) == ("m2", {"format": 1})
    assert state.current_model("other") is None
    assert state.model("m1")["is_current"] is False
    with pytest.raises(NotFoundError, match="m9"):
        state.model("m9")

    rows = [score("a", 0.5, label="Ann", reasons={"base": 1.0}), score("b", 0.25, low=0.1)]
    assert state.replace_scores("conversion", rows) == 2
    assert state.replace_scores("other", rows[:1]) == 1
    assert state.replace_scores("conversion", rows[1:]) == 1
    with pytest.raises(KeyError, match="probabilty"):
        state.replace_scores("conversion", [{**rows[0], "probabilty": 1}])
    with state.engine.connect() as connection:
        found = connection.execute(scores.select().order_by(scores.c.target)).mappings().all()
    assert [(row["target"], row["lead_id"], row["search"]) for row in found] == [
        ("conversion", "b", "b b"),
        ("other", "a", "a ann"),
    ]
    assert (found[1]["reasons"], found[0]["low"], found[0]["product_id"]) == (
        '{"base":1.0}',
        0.1,
        "",
    )


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
