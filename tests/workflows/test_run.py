"""Run does only what is stale, and score refuses what it cannot do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lead_worlds import START, company_rows, make_company, quiet, scores_of, write_leads
from stored import current_model, listed, recent_runs

from redumbrella.clock import to_datetime, to_microseconds
from redumbrella.errors import ModelError, NotFoundError
from redumbrella.views.lead import lead_detail
from redumbrella.views.models import MODELS, MODELS_KEPT
from redumbrella.views.runs import RUNS
from redumbrella.views.today import TODAY
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.run import run
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Workspace]:
    workspace = make_company(tmp_path, company_rows(60, 6)[0])
    yield workspace
    workspace.state.close()


def test_a_second_run_has_nothing_to_do(company: Workspace) -> None:
    steps: list[tuple[str, float]] = []
    first = run(company, lambda step, share: steps.append((step, share)))
    assert first.trained is not None
    assert first.scored is not None
    assert first.scored.leads == 6
    shares = [share for _, share in steps]
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert all(step for step, _ in steps)
    assert first.listed is not None
    assert first.listed.lines == len(listed(company, TODAY).rows) == 6
    before = scores_of(company)
    second = run(company, quiet)
    assert (second.trained, second.scored, second.listed) == (None, None, None)
    assert not second.ingested.has_changed
    assert scores_of(company) == before
    third = run(company, quiet, fresh=True)
    assert third.trained is not None
    assert third.scored is not None
    assert third.trained.version != first.trained.version


def test_new_leads_and_new_settings_are_noticed(company: Workspace) -> None:
    first = run(company, quiet)
    leads, _ = company_rows(60, 7)
    leads[5]["won"] = "1" if leads[5]["won"] == "0" else "0"
    write_leads(company.root, leads)
    second = run(company, quiet)
    assert second.trained is not None
    assert first.trained is not None
    assert second.trained.version != first.trained.version
    assert len(scores_of(company)) == 7
    settings = company.root / "umbrella.toml"
    settings.write_text(settings.read_text() + "[success]\nmin_auc = 0.01\n")
    changed = open_workspace(company.root)
    assert run(changed, quiet).trained is not None
    assert run(changed, quiet).trained is None
    changed.state.close()


def test_a_lead_of_the_future_is_told_apart_from_a_new_one(company: Workspace) -> None:
    leads, _ = company_rows(60, 6)
    leads[-1]["created"] = "2099-05-05 09:00:00"
    write_leads(company.root, leads)
    run(company, quiet)
    with pytest.raises(NotFoundError, match="is dated 2099-05-05, in the future"):
        lead_detail(company, str(leads[-1]["id"]))


def test_a_lead_that_closes_leaves_the_list(company: Workspace) -> None:
    run(company, quiet)
    leads, _ = company_rows(60, 6)
    leads[62]["won"] = "1"
    write_leads(company.root, leads)
    run(company, quiet)
    assert sorted(scores_of(company)) == ["L00060", "L00061", "L00063", "L00064", "L00065"]


def test_a_run_that_stopped_before_scoring_is_completed(company: Workspace) -> None:
    ingest(company, quiet)
    trained = train(company, quiet)
    result = run(company, quiet)
    assert result.trained is None
    assert result.scored is not None
    assert {row["model_version"] for row in scores_of(company).values()} == {trained.version}


def test_the_same_leads_give_the_same_scores(company: Workspace) -> None:
    run(company, quiet)
    first = {lead: row["probability"] for lead, row in scores_of(company).items()}
    run(company, quiet, fresh=True)
    assert {lead: row["probability"] for lead, row in scores_of(company).items()} == first


def test_score_without_a_model(company: Workspace) -> None:
    ingest(company, quiet)
    with pytest.raises(ModelError, match="umbrella train") as caught:
        score(company, quiet)
    assert caught.value.reason == "no_model"
    with pytest.raises(NotFoundError, match="Targets: conversion"):
        score(company, quiet, target_name="other")
    assert recent_runs(company)[0]["status"] == "failed"


def test_score_as_of_the_past_lists_who_was_open_then(company: Workspace) -> None:
    run(company, quiet)
    # Open leads came after 60 * 6 hours; the first three were there two days before the last.
    result = score(company, quiet, as_of=to_microseconds(START) + 63 * 6 * 3_600_000_000)
    assert result.leads == 3
    assert sorted(scores_of(company)) == ["L00060", "L00061", "L00062"]
    assert {row["as_of"] for row in scores_of(company).values()} == {result.as_of}


def test_a_list_of_the_past_is_not_mistaken_for_todays(company: Workspace) -> None:
    run(company, quiet)
    score(company, quiet, as_of=to_microseconds(START) + 63 * 6 * 3_600_000_000)
    assert run(company, quiet).scored is not None
    assert len(scores_of(company)) == 6


def test_a_failed_score_leaves_the_list(company: Workspace) -> None:
    first = run(company, quiet)
    assert first.trained is not None
    before = scores_of(company)
    (company.root / "models" / first.trained.version / "arrays.npz").write_bytes(b"broken")
    with pytest.raises(ModelError, match="damaged"):
        score(company, quiet)
    assert scores_of(company) == before


def at(monkeypatch: pytest.MonkeyPatch, instant: int) -> None:
    for module in ("recorded", "run"):
        monkeypatch.setattr(f"redumbrella.workflows.{module}.now", lambda: instant)


def test_a_clock_that_is_set_back_makes_nothing_older(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last model trained is the newest, and later runs rest on it: nothing is trained again."""
    today = to_microseconds(START) + 300 * 86_400_000_000
    at(monkeypatch, today)
    first = run(company, quiet).trained
    at(monkeypatch, today - 100 * 86_400_000_000)
    leads, _ = company_rows(60, 7)
    write_leads(company.root, leads)
    second = run(company, quiet).trained
    assert first is not None
    assert second is not None
    for _ in range(2):
        again = run(company, quiet)
        assert (again.trained, again.scored) == (None, None)
    models = [row["version"] for row in listed(company, MODELS).rows]
    assert models == [second.version, first.version]
    assert listed(company, RUNS).rows[0]["verb"] == "ingest"
    assert listed(company, RUNS).rows[-1]["started_at"] == to_datetime(today)
    used = current_model(company)
    assert used is not None
    assert used["version"] == second.version


def test_two_models_of_one_instant_are_two_models(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, to_microseconds(START) + 300 * 86_400_000_000)
    ingest(company, quiet)
    first, second = train(company, quiet), train(company, quiet)
    assert second.version == f"{first.version}-2"
    assert [row["version"] for row in listed(company, MODELS).rows] == [
        second.version,
        first.version,
    ]
    (company.root / "models" / f"{first.version}-3").mkdir()  # of a killed training
    assert train(company, quiet).version == f"{first.version}-4"


def test_the_models_that_stay_are_the_last_trained_not_the_latest_dated(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = to_microseconds(START) + 300 * 86_400_000_000
    at(monkeypatch, today)
    ingest(company, quiet)
    first = train(company, quiet).version
    at(monkeypatch, today - 100 * 86_400_000_000)
    later = [train(company, quiet).version for _ in range(MODELS_KEPT)]
    assert sorted(path.name for path in company.models.iterdir()) == sorted(later)
    assert first not in later


def test_a_model_that_was_cut_off_is_trained_again(company: Workspace) -> None:
    run(company, quiet)
    first = current_model(company)
    assert first is not None
    os.truncate(company.models / first["version"] / "model.json", 10)
    assert run(company, quiet).trained is not None
    again = run(company, quiet)
    assert (again.trained, again.scored) == (None, None)


@pytest.mark.parametrize("size", [None, 3_000])
def test_a_list_whose_file_was_lost_is_written_again(company: Workspace, size: int | None) -> None:
    run(company, quiet)
    before = scores_of(company)
    assert company.state.folder is not None
    for path in company.state.folder.iterdir():
        if size is None:
            path.unlink()
        else:
            os.truncate(path, size)
    again = run(company, quiet)
    assert again.trained is None
    assert again.scored is not None
    assert scores_of(company).keys() == before.keys()
