"""What both databases must do."""

import socket
from typing import Any

import pytest
from sqlalchemy import select, update
from stored import rows_in_use

from redumbrella.state.database import State
from redumbrella.state.history import moves_between, scored_days, write_moves, write_score_day
from redumbrella.state.lists import lists, take_into_use
from redumbrella.state.models import current_model, newest_model, store_model
from redumbrella.state.runs import close_killed_runs, end_run, runs, start_run
from redumbrella.state.scores import (
    changed_scores,
    marks_of_leads,
    measures_in_list,
    new_scores,
    probabilities,
    record_scoring,
    scores,
    scoring_of,
)
from redumbrella.state.sources import (
    count_rejected,
    forget_sources,
    record_source,
    rejected_rows,
    sources_of,
)


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


NOBODY = {"host": "", "process": 0}


def put(state: State, target: str, rows: list[dict[str, Any]]) -> int:
    """Replaces the scores of a target."""
    with new_scores(state, target, rows) as new, state.writing() as connection:
        take_into_use(connection, new)
    return new.rows


def check_everything(state: State) -> None:
    """What both databases must do; the PostgreSQL test calls it too."""
    check_runs_and_sources(state)
    check_models_and_scores(state)
    check_rows_that_are_changed(state)


def check_runs_and_sources(state: State) -> None:
    """The log of runs, sources, rejected rows."""
    with state.writing() as connection:
        run = start_run(connection, "ingest", 5)
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
    with state.writing() as connection:
        record_source(connection, source, [bad], run_id=run)
        record_source(connection, {**source, "fingerprint": "f2"}, [bad, bad], run_id=run)
        assert [one["fingerprint"] for one in sources_of(connection, "leads")] == ["f2"]
        assert (count_rejected(connection, "leads"), count_rejected(connection, "people")) == (2, 0)
        raw = connection.execute(select(rejected_rows.c.raw)).scalars().all()
        assert [len(text) for text in raw] == [2_000, 2_000]
        forget_sources(connection, "leads")
        assert sources_of(connection, "leads") == []
        assert count_rejected(connection, "leads") == 0
        end_run(connection, run, 9, "done", "ok")
    with state.writing() as connection:
        alive = start_run(connection, "train", 10)
        gone = start_run(connection, "train", 11)
        nobody = {"host": socket.gethostname(), "process": 2**22 + 1}
        connection.execute(update(runs).where(runs.c.id == gone).values(**nobody))
        elsewhere = start_run(connection, "train", 12)
        other = {"host": "another machine", "process": 2**22 + 1}
        connection.execute(update(runs).where(runs.c.id == elsewhere).values(**other))
        assert close_killed_runs(connection, 13) == 1
        found = connection.execute(select(runs.c.id, runs.c.status).order_by(runs.c.id)).all()
    assert [tuple(row) for row in found] == [
        (run, "done"),
        (alive, "running"),
        (gone, "killed"),
        (elsewhere, "running"),
    ]


def check_models_and_scores(state: State) -> None:
    """Models in use, the list of a target, and what it rests on."""
    model = {
        "version": "m1",
        "target": "conversion",
        "trained_at": 1,
        "as_of": 1,
        "family": "boosted",
        "regime": "model",
        "reliable": True,
        "verdict": "ready",
        "inputs": "i1",
        "report": {"format": 1},
    }
    with state.writing() as connection:
        assert current_model(connection, "conversion") is None
        store_model(connection, model)
        store_model(connection, {**model, "version": "m2", "trained_at": 2})
        store_model(connection, {**model, "version": "m3", "trained_at": 3}, current=False)
        current = current_model(connection, "conversion")
        newest = newest_model(connection, "conversion")
        assert current_model(connection, "other") is None
    assert current is not None
    assert newest is not None
    assert (current["version"], current["report"], newest["version"]) == ("m2", {"format": 1}, "m3")

    rows = [score("a", 0.5, label="Ann", reasons={"base": 1.0}), score("b", 0.25, low=0.1)]
    assert put(state, "conversion", rows) == 2
    assert put(state, "other", rows[:1]) == 1
    assert put(state, "conversion", rows[1:]) == 1
    with pytest.raises(KeyError, match="probabilty"):
        put(state, "conversion", [{**rows[0], "probabilty": 1}])
    scoring = {
        "target": "conversion",
        "scored_at": 5,
        "as_of": 5,
        "model_version": "m2",
        "asked": 1,
        "inputs": "i",
        "lake": {"leads": 3},
    }
    with state.writing() as connection:
        record_scoring(connection, scoring)
        record_scoring(connection, {**scoring, "asked": 2})
        known = scoring_of(connection, "conversion")
    with state.reading() as connection:
        assert probabilities(connection, "other") == {"a": 0.5}
        assert connection.execute(lists.select()).mappings().all() == [
            {"id": number, "kind": "scores", "target": target, "is_current": True, **NOBODY}
            for number, target in ((2, "other"), (3, "conversion"))
        ]
    found = [*rows_in_use(state, scores, "conversion"), *rows_in_use(state, scores, "other")]
    assert known is not None
    assert (known["asked"], known["lake"]) == (2, '{"leads":3}')
    assert [(row["target"], row["lead_id"], row["search"]) for row in found] == [
        ("conversion", "b", "b b"),
        ("other", "a", "a ann"),
    ]
    assert (found[1]["reasons"], found[0]["low"], found[0]["product_id"]) == (
        '{"base":1.0}',
        0.1,
        "",
    )


def check_rows_that_are_changed(state: State) -> None:
    """Rows of a list in the place of others, many at once, and rows of a day of the history."""
    put(state, "changed", [score(f"L{n}", 0.5) for n in range(1_500)])
    rows = [score(f"L{n}", 0.25, scored_at=9) for n in range(600, 1_400)]
    gone = [f"L{n}" for n in range(1_400)]
    with changed_scores(state, "changed", gone, rows) as new, state.writing() as connection:
        assert new.take(connection)
    found = {row["lead_id"]: row for row in rows_in_use(state, scores, "changed")}
    assert found.keys() == {f"L{n}" for n in range(600, 1_500)}
    assert (found["L600"]["probability"], found["L1400"]["probability"]) == (0.25, 0.5)
    assert (found["L600"]["scored_at"], found["L1400"]["scored_at"]) == (9, None)
    with state.reading() as connection:
        marks = marks_of_leads(connection, "changed", [f"L{n}" for n in range(1_500)])
        assert sorted(measures_in_list(connection, "changed", "probability")) == sorted(
            mark["probability"] for mark in marks.values()
        )
        assert measures_in_list(connection, "changed", "expected_value") == []
    with changed_scores(state, "changed", ["L600"], []) as new:
        put(state, "changed", rows)  # meanwhile another list was taken
        with state.writing() as connection:
            assert not new.take(connection)
    day = {"target": "changed", "day": 7, "number": 1, "scored_at": 1, "as_of": 1,
           "model_version": "m", "asked": 3, "known": {}}  # fmt: skip
    kept = [("changed", 7, lead, "", 0.5, None, "A", "new") for lead in ("a", "b")]
    moved = [("changed", 7, lead, "", 0.25, -0.25, "B", "did") for lead in ("b", "c")]
    with state.writing() as connection:
        write_score_day(connection, day, kept)
        write_moves(connection, {**day, "number": 2}, moved)
        rows = moves_between(connection, "changed", (6, 8))
        assert [(row["lead_id"], row["change"]) for row in sorted(rows, key=lambda r: r["lead_id"])
                ] == [("a", None), ("b", -0.25), ("c", -0.25)]  # fmt: skip
        some = moves_between(connection, "changed", (6, 8), ["c", "x"])
        assert [row["lead_id"] for row in some] == ["c"]
        assert [one["number"] for one in scored_days(connection, "changed")] == [2]
        next_day = [(row[0], 8, *row[2:]) for row in moved]
        write_moves(connection, {**day, "day": 8, "number": 3}, next_day)
        assert [one["day"] for one in scored_days(connection, "changed")] == [7, 8]
