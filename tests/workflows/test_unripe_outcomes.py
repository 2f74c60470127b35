"""From a file to a list where losses come late or never, and where nothing is open at all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from lead_worlds import company_rows, make_company, quiet, scores_of
from stored import current_model

from redumbrella.errors import DataError, SettingsError
from redumbrella.views.lead import lead_detail
from redumbrella.views.models import report_of
from redumbrella.workflows.run import run
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

END = datetime(2026, 6, 1, tzinfo=UTC)
Rows = list[dict[str, object]]


def rows(late: float | None, leads: int = 1_500, days: int = 600) -> Rows:
    """Wins are written after 4 days, losses `late` days later; None: hardly ever."""
    rng = np.random.default_rng(3)
    found: Rows = []
    for n in range(leads):
        created = END - timedelta(days=days * (1 - n / leads))
        size = rng.normal()
        won = rng.random() < 1 / (1 + np.exp(1.0 - 1.5 * size))
        wait = rng.exponential(4.0) + (0.0 if won else 9_999.0 if late is None else late)
        known = created + timedelta(days=wait) < END
        outcome = ("1" if won else "0") if known else ""
        found.append(
            {"id": f"L{n:05d}", "created": created.isoformat(), "size": size, "won": outcome}
        )
    return found


def mean_of(workspace: Workspace) -> float:
    return float(np.mean([row["probability"] for row in scores_of(workspace).values()]))


def test_late_losses_do_not_make_open_leads_sure(tmp_path: Path) -> None:
    workspace = make_company(tmp_path, rows(90.0))
    result = run(workspace, quiet)
    assert result.trained is not None
    notes = " ".join(result.trained.report["notes"])
    assert "do not teach yet" in notes
    assert "One outcome is written down later than the other" in notes
    assert mean_of(workspace) < 0.45
    workspace.state.close()


def test_both_decided_alike_changes_nothing(tmp_path: Path) -> None:
    workspace = make_company(tmp_path, rows(0.0))
    result = run(workspace, quiet)
    assert result.trained is not None
    report = result.trained.report
    assert not any("teach" in note for note in report["notes"])
    assert report["folds"][-1]["train_rows"] > 0.85 * report["counts"]["closed"]
    workspace.state.close()


def test_losses_that_are_never_written_are_asked_about(tmp_path: Path) -> None:
    workspace = make_company(tmp_path / "a", rows(None))
    result = run(workspace, quiet)
    assert result.trained is not None
    verdict = result.trained.report["verdict"]
    assert verdict["verdict"] == "not ready"
    assert verdict["reasons"][0].startswith("Losses are not recorded: of ")
    assert "lost_after_days = 180 under [tables.leads]" in verdict["reasons"][0]
    assert mean_of(workspace) < 0.45
    workspace.state.close()
    settled = make_company(tmp_path / "b", rows(None), extra="lost_after_days = 180")
    again = run(settled, quiet)
    assert again.trained is not None
    assert again.trained.report["verdict"]["verdict"] != "not ready"
    assert again.trained.report["counts"]["lost"] == result.trained.report["counts"]["lost"]
    assert mean_of(settled) < 0.45
    settled.state.close()


def test_a_lead_that_is_lost_by_its_age_is_not_on_the_list(tmp_path: Path) -> None:
    workspace = make_company(tmp_path, rows(None), extra="lost_after_days = 30")
    result = run(workspace, quiet)
    assert result.scored is not None
    created = [row["created_at"] for row in scores_of(workspace).values()]
    assert min(created) >= (END - timedelta(days=31)).timestamp() * 1e6
    workspace.state.close()


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Workspace]:
    workspace = make_company(tmp_path, company_rows(400, 0)[0])
    yield workspace
    workspace.state.close()


def test_held_out_leads_make_a_list_and_a_plain_run_goes_back(closed: Workspace) -> None:
    first = run(closed, quiet)
    assert first.scored is not None
    assert first.scored.leads == 0
    held = run(closed, quiet, hold_out=0.1)
    assert held.trained is not None
    assert held.scored is not None
    assert held.scored.held_out is not None
    assert held.trained.promoted
    listed = scores_of(closed)
    assert sorted(listed) == [f"L{n:05d}" for n in range(360, 400)]
    rows_then = company_rows(400, 0)[0]
    won = sum(row["won"] == "1" for row in rows_then[360:])
    told = held.scored.held_out
    assert (told.leads, told.won, told.best) == (40, won, 4)
    assert told.best_won / told.best > won / 40
    report = report_of(closed, held.trained.version)
    assert report.facts.held_out == 40
    assert report.document["counts"]["closed"] == 360
    assert report.document["counts"]["open"] == 0
    marked = lead_detail(closed, "L00399").score["held_out"]
    assert marked == ("won" if rows_then[399]["won"] == "1" else "lost")
    back = run(closed, quiet)
    assert back.trained is not None
    assert back.scored is not None
    assert back.scored.leads == 0
    assert back.scored.held_out is None
    assert current_model(closed)["version"] == back.trained.version
    assert run(closed, quiet).trained is None


def test_what_cannot_be_held_out_is_said(closed: Workspace) -> None:
    with pytest.raises(DataError, match="Hold out fewer"):
        run(closed, quiet, hold_out=300)
    assert run(closed, quiet, hold_out=7).scored.held_out.leads == 7  # type: ignore[union-attr]


def test_lost_after_days_is_for_leads(tmp_path: Path) -> None:
    text = '[tables.events]\npath = "e.csv"\nlost_after_days = 9\n'
    (tmp_path / "umbrella.toml").write_text(text, encoding="utf-8")
    from redumbrella.settings.settings import load_settings

    with pytest.raises(SettingsError, match="lost_after_days is for leads"):
        load_settings(tmp_path)
