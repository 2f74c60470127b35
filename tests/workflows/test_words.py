"""From a file with notes, e-mails and names to scores: words count, and nobody is read out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from lead_worlds import START, make_company, quiet, scores_of

from redumbrella.evaluation.metrics import auc
from redumbrella.models.model_folder import read_model_files
from redumbrella.models.registry import load_model
from redumbrella.settings.settings import load_settings
from redumbrella.workflows.ingest import check
from redumbrella.workflows.run import RunResult, run
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

CLOSED, OPEN = 900, 200
SAID = {
    "asked about pricing": 1.6,
    "möchte eine Vorführung": 1.6,
    "pas de budget": -1.8,
    "just browsing": -1.8,
    "met at the fair": 0.0,
    "vergleicht mit anderen": 0.0,
}
World = tuple[Workspace, RunResult, np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Leads whose notes, all different, decide; e-mails and names say nothing."""
    rng = np.random.default_rng(11)
    leads, truth = [], np.empty(CLOSED + OPEN)
    for n in range(CLOSED + OPEN):
        said = list(SAID)[rng.integers(len(SAID))]
        truth[n] = 1 / (1 + np.exp(-SAID[said]))
        won = "" if n >= CLOSED else ("1" if rng.random() < truth[n] else "0")
        leads.append(
            {
                "id": f"L{n}",
                "created": (START + timedelta(hours=n)).isoformat(),
                "won": won,
                "notes": f"{said}, see file {n}",
                "email": f"secret{n}@{'gmail.com' if n % 2 else f'firm{n}.com'}",
                "full name": f"Person{n} Private{n % 7}",
            }
        )
    workspace = make_company(tmp_path_factory.mktemp("words"), leads)
    yield workspace, run(workspace, quiet), truth[CLOSED:]
    workspace.state.close()


def test_words_rank_open_leads_as_the_truth_does(world: World) -> None:
    workspace, _, truth = world
    scores = scores_of(workspace)
    said = np.array([scores[f"L{CLOSED + n}"]["probability"] for n in range(OPEN)])
    assert auc(said, (truth > 0.7).astype(float)) > 0.97
    assert np.abs(said - truth).mean() < 0.12
    low, high = (
        np.array([scores[f"L{CLOSED + n}"][side] for n in range(OPEN)]) for side in ("low", "high")
    )
    assert ((low <= truth) & (truth <= high)).mean() > 0.8


def test_the_strongest_reason_quotes_a_word_of_the_note(world: World) -> None:
    workspace, _, truth = world
    scores = scores_of(workspace)
    words = {word.lower() for said in SAID for word in said.split()}
    for n in np.flatnonzero(truth != 0.5).tolist():
        reasons = scores[f"L{CLOSED + n}"]["reasons"]
        strongest = reasons["raises" if truth[n] > 0.5 else "lowers"][0]
        assert strongest["feature"] == "notes"
        quoted = strongest["text"].split("“")[1].split("”")[0]
        assert set(quoted.split()) <= words
        assert strongest["text"].startswith("the notes say “")


def test_no_personal_value_stands_in_the_model_or_in_reasons(world: World) -> None:
    workspace, result, _ = world
    assert result.trained is not None
    folder = workspace.models / result.trained.version
    for text in ((folder / "model.json").read_text("utf-8"), str(scores_of(workspace))):
        assert "secret1" not in text
        assert "Private3" not in text
    ignored = {c["column"]: c["reason"] for c in result.trained.report["counts"]["ignored_columns"]}
    assert ignored["full name"] == "names of people are not read"


def test_the_model_is_read_back_with_its_words(world: World) -> None:
    workspace, result, _ = world
    assert result.trained is not None
    model = load_model(read_model_files(workspace.models / result.trained.version))
    raises, lowers = model.encoder.strongest_words(3)["notes"]
    assert {"asked", "about", "pricing", "asked about", "about pricing"} & set(raises)
    assert {"budget", "browsing", "just", "pas", "de budget", "pas de"} & set(lowers)
    effects = {row["feature"]: row["effect"] for row in result.trained.report["importance"]}
    assert f"“{raises[0]}”" in effects["notes"]


def test_check_says_what_is_read_as_words(world: World) -> None:
    columns = {c.column: c.notes for c in check(load_settings(world[0].root)).sources[0].columns}
    assert "read as words" in columns["notes"]
    assert "read by its domain only" in columns["email"]
    assert "not read by models: names of people" in columns["full name"]
