"""Run does only what is stale, and score refuses what it cannot do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lead_worlds import START, company_rows, make_company, quiet, scores_of, write_leads
from stored import recent_runs

from redumbrella.clock import to_microseconds
from redumbrella.errors import ModelError, NotFoundError
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.run import run
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace


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
    before = scores_of(company)
    second = run(company, quiet)
    assert (second.trained, second.scored) == (None, None)
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
