"""A model answers the question it was trained for, and only while its files are whole."""

import shutil
from pathlib import Path

import pytest
from lead_worlds import company_rows, make_company, quiet, scores_of, write_leads
from stored import current_model

from redumbrella.errors import DataError, EngineError, ModelError, SettingsError
from redumbrella.settings.targets import Target
from redumbrella.views.models import MODELS_KEPT, report_of
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.run import run
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

GATE = "[success]\nmin_auc = 0.999\n"


@pytest.fixture
def company(tmp_path: Path) -> Workspace:
    leads, _ = company_rows(60, 5)
    workspace = make_company(tmp_path, leads)
    run(workspace, quiet)
    return workspace


def asking(workspace: Workspace, before: str, after: str) -> Workspace:
    """The workspace opened again with a changed umbrella.toml."""
    settings = workspace.root / "umbrella.toml"
    text = settings.read_text("utf-8")
    assert before in text
    settings.write_text(text.replace(before, after), "utf-8")
    workspace.state.close()
    return open_workspace(workspace.root)


@pytest.mark.parametrize(
    ("changed", "trained", "asked"),
    [
        ({"event": "bought"}, 'event = "signed"', 'event = "bought"'),
        ({"horizon_days": 60.0}, "horizon_days = 30", "horizon_days = 60"),
        ({"active_days": 90.0}, "active_days = 180", "active_days = 90"),
        ({"population": "buyers"}, "no population", 'population = "buyers"'),
        ({"per": "product"}, "no per", 'per = "product"'),
        (
            {"event": None, "purchase": True},
            'event = "signed", no purchase',
            "no event, purchase = true",
        ),
        (
            {"event": None, "from_": "leads.won"},
            'no from, event = "signed"',
            'from = "leads.won", no event',
        ),
    ],
)
def test_questions_are_compared_and_not_names(
    changed: dict[str, object], trained: str, asked: str
) -> None:
    earlier = {"event": "signed", "horizon_days": 30.0}
    first = Target("signup", **earlier)  # type: ignore[arg-type]
    second = Target("signup", **(earlier | changed))  # type: ignore[arg-type]
    assert second.differs(first.question) == (trained, asked)
    assert Target("other", **earlier).differs(first.question) is None  # type: ignore[arg-type]


def test_a_model_of_another_question_does_not_answer_this_one(company: Workspace) -> None:
    """`score` once used the model of the earlier question under the same name."""
    first = current_model(company)
    assert first is not None
    before = scores_of(company)
    changed = asking(company, 'from = "leads.won"', 'from = "leads.won"\nhorizon_days = 60')
    with pytest.raises(ModelError) as caught:
        score(changed, quiet)
    assert caught.value.reason == "other_question"
    assert "was trained for no horizon_days" in caught.value.message
    assert "now asks for horizon_days = 60" in caught.value.message
    assert "umbrella run" in caught.value.message
    assert scores_of(changed) == before
    assert run(changed, quiet).scored is not None
    changed.state.close()


def test_what_answers_another_question_is_replaced_whatever_the_gates(company: Workspace) -> None:
    changed = asking(
        company, 'from = "leads.won"', f'from = "leads.won"\nhorizon_days = 60\n{GATE}'
    )
    done = run(changed, quiet)
    assert done.trained is not None
    assert done.trained.promoted
    assert done.scored is not None
    changed.state.close()


def test_a_damaged_model_is_replaced_whatever_the_gates(company: Workspace) -> None:
    first = current_model(company)
    assert first is not None
    changed = asking(company, 'from = "leads.won"\n', f'from = "leads.won"\n{GATE}')
    assert not train(changed, quiet).promoted
    file = changed.models / first["version"] / "model.json"
    file.write_bytes(file.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(ModelError, match="umbrella train"):
        score(changed, quiet)
    assert train(changed, quiet).promoted
    assert score(changed, quiet).leads == 5
    changed.state.close()


def test_old_models_are_removed_and_their_reports_say_so(company: Workspace) -> None:
    versions = [current_model(company)]
    orphan = company.models / "20200101-000000-0000"
    shutil.copytree(company.models / versions[0]["version"], orphan)
    (company.models / "notes").mkdir()  # not ours
    for _ in range(MODELS_KEPT + 2):
        train(company, quiet)
        versions.append(current_model(company))
    left = {path.name for path in company.models.iterdir()}
    kept = {row["version"] for row in versions[-MODELS_KEPT:]}
    # The list was scored by the first one.
    assert left == kept | {versions[0]["version"], "notes"}
    score(company, quiet)
    train(company, quiet)
    assert len(list(company.models.iterdir())) == MODELS_KEPT + 1  # and the notes
    gone = report_of(company, versions[1]["version"]).document
    assert "nothing can be scored with it any more" in gone["notes"][-1]
    here = report_of(company, versions[-1]["version"]).document
    assert not any("removed" in note for note in here["notes"])
    company.state.close()


def test_the_model_in_use_stays_however_old_it_is(company: Workspace) -> None:
    first = current_model(company)
    assert first is not None
    changed = asking(company, 'from = "leads.won"\n', f'from = "leads.won"\n{GATE}')
    for _ in range(MODELS_KEPT + 1):
        assert not train(changed, quiet).promoted
    assert (changed.models / first["version"]).is_dir()
    assert score(changed, quiet).model_version == first["version"]
    changed.state.close()


def test_a_damaged_lake_is_refused_and_read_again(company: Workspace) -> None:
    before = scores_of(company)
    file = next((company.root / "lake" / "leads").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    for verb in (score, ingest, run):
        with pytest.raises(EngineError, match="--reread leads") as caught:
            verb(company, quiet)
        assert caught.value.reason == "lake_damaged"
    assert scores_of(company) == before
    ingest(company, quiet, reread=("leads",))
    assert score(company, quiet).leads == 5
    after = scores_of(company)
    assert {key: row["probability"] for key, row in after.items()} == {
        key: row["probability"] for key, row in before.items()
    }
    # Rows that were read again are other rows to `run`: nothing of before is taken for theirs.
    assert run(company, quiet).trained is not None
    company.state.close()


def test_a_table_that_no_source_has_cannot_be_read_again(company: Workspace) -> None:
    with pytest.raises(SettingsError, match=r"no section \[tables.events\]"):
        ingest(company, quiet, reread=("events",))
    company.state.close()


def test_a_lost_lake_is_not_read_again_without_its_old_files(company: Workspace) -> None:
    company = asking(company, 'path = "leads.csv"', 'path = "*.csv"')
    leads, _ = company_rows(70, 0)
    write_leads(company.root, leads)
    (company.root / "leads.csv").rename(company.root / "later.csv")
    shutil.rmtree(company.root / "lake")
    with pytest.raises(DataError, match="lost its table leads") as caught:
        run(company, quiet)
    assert caught.value.reason == "sources_gone"
    company.state.close()
