"""What `run` does again: exactly what rests on a setting that was changed."""

import shutil
from dataclasses import fields
from pathlib import Path

import pytest
from customer_world import make_shop, simulated
from history_world import write_history_company
from lead_worlds import quiet, scores_of

from redumbrella.settings.settings import Settings
from redumbrella.workflows import recommend, score, train, value_customers
from redumbrella.workflows.run import RunResult, run
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

# What changes nothing that is stored: names, and where things are; and what reading rests on, which
# reads its sources again by itself.
# The list of the day is made by a command of its own, not by `run`; automations act on what is
# stored, and what they need stands apart.
ELSEWHERE = {
    "root", "name", "state_url", "engine", "currencies", "list_rules",
    "automations", "outreach", "worker", "mail", "webhooks",
}  # fmt: skip
# Parts of [tables.leads], of the targets and of [qualification] under names of their own.
PARTS = {"tables": ("ignored_fields", "kept_fields"), "targets": (), "qualification": ()}


def test_every_setting_belongs_to_a_verb_or_changes_nothing_stored() -> None:
    named = {
        *train.RESTS_ON,
        *score.RESTS_ON,
        *value_customers.RESTS_ON,
        *recommend.RESTS_ON,
    }
    for field in fields(Settings):
        parts = PARTS.get(field.name, (field.name,))
        assert field.name in ELSEWHERE or set(parts) <= named, field.name
    for name in named:
        assert hasattr(Settings, name) or name in {field.name for field in fields(Settings)}, name


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company with histories, costs and amounts that was run once."""
    folder = tmp_path_factory.mktemp("made")
    workspace = write_history_company(folder)
    settings = folder / "umbrella.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text[: text.rindex("[[targets]]")], "utf-8")  # one target is enough
    workspace.state.close()
    workspace = open_workspace(folder)
    run(workspace, quiet)
    workspace.state.close()
    return folder


@pytest.fixture
def company(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "company"))


def changed(folder: Path, before: str, after: str) -> tuple[Workspace, RunResult]:
    """The workspace with a setting changed, and what `run` did again."""
    path = folder / "umbrella.toml"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")
    workspace = open_workspace(folder)
    result = run(workspace, quiet)
    workspace.state.close()
    return open_workspace(folder), result


def test_changed_costs_are_noticed_and_need_no_training(company: Path) -> None:
    """A list once showed values of old costs and called itself up to date."""
    workspace = open_workspace(company)
    before = scores_of(workspace)
    workspace.state.close()
    workspace, result = changed(company, "per_hour = 60", "per_hour = 600")
    after = scores_of(workspace)
    assert result.trained is None
    assert result.scored is not None
    assert all(after[lead]["expected_value"] < before[lead]["expected_value"] for lead in after)
    assert {lead: row["probability"] for lead, row in after.items()} == {
        lead: row["probability"] for lead, row in before.items()
    }
    again = run(workspace, quiet)
    assert (again.trained, again.scored, again.customers) == (None, None, None)
    workspace.state.close()


def test_changed_weights_of_the_card_are_noticed(company: Path) -> None:
    workspace = open_workspace(company)
    before = {lead: row["qualification"] for lead, row in scores_of(workspace).items()}
    workspace.state.close()
    workspace, result = changed(company, "[costs]", "[qualification]\nprofit = 9\n[costs]")
    assert (result.trained, result.scored is None) == (None, False)
    after = {lead: row["qualification"] for lead, row in scores_of(workspace).items()}
    assert after.keys() == before.keys()
    assert after != before
    workspace.state.close()


def test_another_scale_of_ratings_teaches_another_fit(company: Path) -> None:
    settings = "[qualification]\nhighest_rating = 10\n[costs]"
    workspace, result = changed(company, "[costs]", settings)
    assert result.trained is not None
    workspace.state.close()


def test_another_time_zone_is_learned_scored_and_valued_anew(company: Path) -> None:
    zone = 'timezone = "America/New_York"'
    workspace, result = changed(company, 'timezone = "UTC"', zone)
    assert result.trained is not None
    assert result.scored is not None
    assert result.customers is not None
    workspace.state.close()


def test_changed_settings_of_customers_are_noticed(tmp_path: Path) -> None:
    first = make_shop(tmp_path, simulated(60, 40.0), customers="horizon_days = 91")
    before = run(first, quiet).customers
    first.state.close()
    workspace, result = changed(tmp_path, "horizon_days = 91", "horizon_days = 182")
    assert before is not None
    assert result.customers is not None
    assert result.customers.lifetime["base"]["expected"] > before.lifetime["base"]["expected"]
    workspace.state.close()


def test_another_name_is_no_reason_to_work(company: Path) -> None:
    workspace, result = changed(company, "History company", "Another name")
    assert (result.trained, result.scored, result.customers) == (None, None, None)
    workspace.state.close()
