"""Finished backtests as people read them: on the page of models and over REST."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_company import fill_workspace
from served import HTTP, serving

from redumbrella.state.forecasts import record_backtest
from redumbrella.views.backtests import list_backtests
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
