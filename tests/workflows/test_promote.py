"""A model version is put into use where its files answer what is asked; and the one before."""

import shutil
from pathlib import Path

import pytest
from lead_worlds import company_rows, make_company, quiet
from stored import current_model, recent_runs

from redumbrella.errors import ModelError, NotFoundError
from redumbrella.workflows.promote import promote, roll_back
from redumbrella.workflows.run import run
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.usefixtures("baselines_only")


@pytest.fixture
def company(tmp_path: Path) -> Workspace:
    leads, _ = company_rows(60, 5)
    workspace = make_company(tmp_path, leads)
    run(workspace, quiet)
    return workspace


def version_in_use(workspace: Workspace) -> str:
    model = current_model(workspace)
    assert model is not None
    return str(model["version"])


def test_back_and_forth_and_nothing_else(company: Workspace) -> None:
    first = version_in_use(company)
    with pytest.raises(ModelError, match="no model"):
        roll_back(company)
    train(company, quiet)
    second = version_in_use(company)
    assert second != first
    done = roll_back(company)
    assert (done.version, done.former, version_in_use(company)) == (first, second, first)
    assert "umbrella score" in done.said
    assert recent_runs(company)[0]["verb"] == "promote"
    score(company, quiet)
    assert promote(company, second).former == first
    assert version_in_use(company) == second
    assert "already" in promote(company, second).said
    with pytest.raises(NotFoundError, match="no model version"):
        promote(company, "nothing")
    shutil.rmtree(company.models / first)
    with pytest.raises(ModelError):
        promote(company, first)
    assert version_in_use(company) == second
