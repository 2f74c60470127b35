"""Finished backtests as people read them: on the page of models and over REST."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lead_worlds import quiet
from sample_company import AS_OF, fill_workspace
from served import HTTP, serving

from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.clock import to_iso, to_microseconds
from redumbrella.learning import backtest as walking
from redumbrella.learning.backtest import BacktestResult, Plan
from redumbrella.learning.lesson import Learned
from redumbrella.state.forecasts import record_backtest
from redumbrella.views.backtests import list_backtests
from redumbrella.workflows import backtest as past
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import Workspace, open_workspace

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


def test_families_are_compared_again_where_more_may_be_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points at first, with 18 leads won; from 40 on what a model in use then would be."""
    begin, rng = datetime(2024, 1, 1, tzinfo=UTC), np.random.default_rng(2)
    lines = ["lead,created,closed,won,size"]
    for n in range(400):
        at, won = begin + timedelta(days=n), int(n % 3 == 0)
        size = won + 0.45 * rng.normal()
        lines.append(f"L{n},{at:%Y-%m-%d},{at + timedelta(days=1):%Y-%m-%d},{won},{size:.2f}")
    (tmp_path / "leads.csv").write_text("\n".join(lines), "utf-8")
    columns = '{ lead_id = "lead", created_at = "created", closed_at = "closed", won = "won" }'
    settings = f'[tables.leads]\npath = "leads.csv"\ncolumns = {columns}\n'
    (tmp_path / "umbrella.toml").write_text(settings, "utf-8")
    workspace, fitted = open_workspace(tmp_path), list[Learned]()
    ingest(workspace, quiet)
    fit = walking.fit

    def watched(*given: object) -> Learned:
        fitted.append(fit(*given))  # type: ignore[arg-type]
        return fitted[-1]

    monkeypatch.setattr(walking, "fit", watched)
    first = to_microseconds(begin)
    plan = Plan(first + 55 * DAY, first + 385 * DAY, 5 * DAY, 110 * DAY)
    result = past.backtest(workspace, quiet, plan)
    workspace.state.close()
    assert [learned.model.regime for learned in fitted] == ["rules", "model"]
    assert [learned.lesson.comparison.chosen for learned in fitted] == ["points", "blend"]
    assert len(result.steps) == 3
    assert result.family == "blend"
