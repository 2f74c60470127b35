"""Finished backtests as people read them: on the page of models and over REST."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lead_worlds import quiet
from sample_company import AS_OF, fill_workspace
from served import HTTP, serving

from redumbrella.clock import to_iso
from redumbrella.learning.backtest import BacktestResult, Plan
from redumbrella.state.forecasts import record_backtest
from redumbrella.views.backtests import list_backtests
from redumbrella.workflows import backtest as past
from redumbrella.workspace import Workspace

STEP = {
    "learned_at": "2026-01-01T00:00:00+00:00",
    "lessons": 900,
    "rows": 40,
    "known": 30,
    "base_rate": 0.25,
    "log_loss": 0.4321,
    "prior_log_loss": 0.5623,
}
DETAIL = {
    "target": "conversion",
    "from": "2026-01-01T00:00:00+00:00",
    "to": "2026-02-01T00:00:00+00:00",
    "rows": 40,
    "known": 30,
    "family": "boosted",
    "metrics": {"log_loss": 0.4321, "auc": 0.777},
    "prior_log_loss": 0.5623,
    "steps": [STEP],
}


@pytest.fixture
def walked(tmp_path: Path) -> Iterator[Workspace]:
    workspace = fill_workspace(tmp_path)
    with workspace.state.writing() as connection:
        record_backtest(connection, 1_000_000, "conversion", DETAIL)
    yield workspace
    workspace.state.close()


def test_finished_backtests_are_read_and_shown(walked: Workspace) -> None:
    (found,) = list_backtests(walked)
    assert (found.target, found.rows, found.metrics["auc"]) == ("conversion", 40, 0.777)
    assert found.steps[0].log_loss == 0.4321
    assert list_backtests(walked, "another") == []
    with serving(walked) as address:
        answer = HTTP.get(f"{address}/api/v1/backtests").json()
        page = HTTP.get(f"{address}/models").text
    assert answer[0]["steps"][0]["lessons"] == 900
    assert "30 of 40 rows with a known outcome" in page
    assert "0.4321" in page


def test_without_any_the_page_says_how_to_make_one(company: Workspace, address: str) -> None:
    assert list_backtests(company) == []
    assert "umbrella backtest --target conversion" in HTTP.get(f"{address}/models").text


def test_its_file_is_written_as_every_export_is(
    company: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns, order and times are a contract; an id that is a formula is not run."""
    made = {
        "id": ["=cmd|'/c calc'!A0", "-Nq00003xYz"],
        "product_id": pa.nulls(2, pa.string()),
        "target": ["conversion", "conversion"],
        "as_of": pa.array([AS_OF, AS_OF], pa.timestamp("us", "UTC")),
        "probability": [0.25, 0.1],
        "outcome": pa.array([1, None], pa.int8()),
    }
    result = BacktestResult("conversion", 2, 1, "points", {}, None, (), pa.table(made))
    monkeypatch.setattr(past, "walk", lambda *_: result)
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        past.backtest(company, quiet, Plan(AS_OF - 1, AS_OF, 1), path=tmp_path / name)
    head, first, second = (tmp_path / "a.csv").read_text("utf-8").splitlines()
    assert head == "id,product_id,target,as_of,probability,outcome"
    assert first == f"'=cmd|'/c calc'!A0,,conversion,{to_iso(AS_OF)},0.25,1"
    assert second == f"-Nq00003xYz,,conversion,{to_iso(AS_OF)},0.1,"
    lines = (tmp_path / "a.jsonl").read_bytes().splitlines()
    assert orjson.loads(lines[0])["id"] == "=cmd|'/c calc'!A0"
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == head.split(",")
    assert table.column("as_of").type == pa.timestamp("us", "UTC")
    assert table.column("outcome").to_pylist() == [1, None]
