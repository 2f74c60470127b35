"""What both databases must do."""

from typing import Any

import pytest

from redumbrella.errors import NotFoundError
from redumbrella.state.database import State
from redumbrella.state.metadata import scores


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
