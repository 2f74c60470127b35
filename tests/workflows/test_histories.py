"""From events, calls and purchases to scored leads and people, backtests and timelines."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
from click.testing import CliRunner
from history_world import START, write_history_company
from lead_worlds import quiet
from stored import listed, rows_in_use, scoring_of

from redumbrella.cli.main import umbrella
from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.clock import to_microseconds
from redumbrella.errors import DataError, SettingsError
from redumbrella.evaluation.metrics import auc
from redumbrella.features.facts import read_facts
from redumbrella.learning.backtest import BacktestResult, Plan
from redumbrella.learning.gathering import gather
from redumbrella.models.model_folder import read_model_files
from redumbrella.models.registry import load_model
from redumbrella.settings.targets import Target
from redumbrella.state.scores import scores
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import LEADS
from redumbrella.workflows.backtest import backtest
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.run import RunResult, run
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

BEGIN = to_microseconds(START)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = write_history_company(tmp_path_factory.mktemp("history"))
    ingest(workspace, quiet)
    yield workspace
    workspace.state.close()


@pytest.fixture(scope="module")
def ran(company: Workspace) -> RunResult:
    return run(company, quiet)


def test_every_target_is_trained_and_scored(company: Workspace, ran: RunResult) -> None:
    assert ran.scored is not None
    assert ran.scored.leads == 20
    other = ran.others[0]
    assert other.target == "buys"
    assert other.scored is not None
    assert other.scored.leads > 50
    again = run(company, quiet)
    assert (again.trained, again.scored, again.others[0].trained) == (None, None, None)


def test_model_and_scores_say_on_which_lake_they_rest(company: Workspace, ran: RunResult) -> None:
    assert ran.trained is not None
    history = ran.trained.report["history"]
    assert history is not None
    lake = {name: company.lake.version(name) for name in company.lake.tables()}
    assert set(lake) >= {"leads", "events", "activities", "purchases"}
    assert history["lake"] == lake
    model = load_model(read_model_files(company.root / "models" / ran.trained.version))
    assert model.history is not None
    assert history["version"] == model.history.version
    scored = scoring_of(company, "conversion")
    assert scored is not None
    assert orjson.loads(scored["lake"]) == lake
    assert scored["model_version"] == ran.trained.version


def test_a_lead_with_long_talks_stands_above_one_without(
    company: Workspace, ran: RunResult
) -> None:
    assert ran.trained is not None
    report = ran.trained.report
    chosen = next(family for family in report["families"] if family["chosen"])
    prior = next(family for family in report["families"] if family["family"] == "prior")
    assert chosen["log_loss"]["mean"] < 0.85 * prior["log_loss"]["mean"]
    assert report["history"] is not None
    assert report["history"]["rows"] > 2 * report["counts"]["closed"]
    assert {stream["name"] for stream in report["history"]["streams"]} >= {"activities", "events"}
    keen = {row["lead"] for row in rows(company, "calls") if row["outcome"] == "talked"}
    page = listed(company, LEADS, page_size=100)
    p = np.array([lead["probability"] for lead in page.rows])
    y = np.array([float(lead["lead_id"] in keen) for lead in page.rows])
    assert auc(p, y) > 0.8


def test_reasons_tell_what_the_person_did_and_sum_to_the_score(
    company: Workspace, ran: RunResult
) -> None:
    assert ran.scored is not None
    texts = []
    for lead in listed(company, LEADS, page_size=100).rows:
        detail = lead_detail(company, lead["lead_id"])
        why = detail.explanation
        assert why is not None
        parts = sum(reason.contribution for reason in (*why.raises, *why.lowers))
        assert why.base + parts + why.rest == pytest.approx(why.total)
        texts += [reason.text for reason in (*why.raises, *why.lowers)]
    assert any("call" in text for text in texts)


def test_the_timeline_is_the_newest_facts_of_the_person(company: Workspace, ran: RunResult) -> None:
    assert ran.scored is not None
    lead = listed(company, LEADS, page_size=1).rows[0]
    detail = lead_detail(company, lead["lead_id"])
    own = [row for row in rows(company, "calls") if row["lead"] == lead["lead_id"]]
    visits = [row for row in rows(company, "visits") if row["person"] == lead["person_id"]]
    assert detail.timeline_total == len(own) + len(visits)
    instants = [entry.at for entry in detail.timeline]
    assert instants == sorted(instants, reverse=True)
    assert {entry.table for entry in detail.timeline} <= {"activities", "events"}


def test_the_stored_model_answers_as_the_one_in_memory(company: Workspace, ran: RunResult) -> None:
    assert ran.trained is not None
    model = load_model(read_model_files(company.root / "models" / ran.trained.version))
    assert model.history is not None
    assert model.history.columns is not None
    stored = {
        row["lead_id"]: row["probability"] for row in listed(company, LEADS, page_size=100).rows
    }
    assert len(stored) == 20


def test_a_lead_has_amount_value_time_effort_and_a_card(company: Workspace, ran: RunResult) -> None:
    assert ran.trained is not None
    assert ran.trained.report["values"] is not None
    found = rows_in_use(company.state, scores, "conversion")
    size = {row["lead"]: float(row["size"]) for row in rows(company, "leads")}
    amounts = {row["lead_id"]: row["amount"] for row in found}
    big = [amounts[lead] for lead in amounts if size[lead] == 3]
    small = [amounts[lead] for lead in amounts if size[lead] == 0]
    assert np.mean(big) > 2 * np.mean(small)
    for row in found:
        details = orjson.loads(row["details"])
        assert row["low"] <= row["probability"] <= row["high"]
        repeats = details["ltv"]["repeats"]
        assert row["ltv"] == pytest.approx(row["probability"] * row["amount"] * (1 + repeats))
        cost = details["effort"]["cost"]["value"]
        assert row["expected_value"] == pytest.approx(0.5 * row["ltv"] - cost)
        assert details["ltv"]["low"] <= row["ltv"] <= details["ltv"]["high"]
        curve = [share for _, share in details["timing"]["curve"]]
        assert curve == sorted(curve)
        assert curve[-1] == pytest.approx(row["probability"])
        names = [criterion["name"] for criterion in details["card"]["criteria"]]
        assert names[:3] == ["ease_of_conversion", "ease_of_delivery", "profit"]
        assert 0 <= details["card"]["low"] <= details["card"]["total"] <= 100


@pytest.fixture(scope="module")
def walked(company: Workspace, ran: RunResult) -> BacktestResult:
    assert ran.trained is not None
    plan = Plan(BEGIN + 200 * DAY, BEGIN + 255 * DAY, "touch")
    return backtest(company, quiet, plan, path=company.root / "touches.csv")


def test_a_backtest_after_every_touch_asks_open_leads_only(
    company: Workspace, walked: BacktestResult
) -> None:
    with (company.root / "touches.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == ["id", "product_id", "target", "as_of", "probability", "outcome"]
    assert len(written) == walked.rows
    closed = {row["lead"]: row["closed"] for row in rows(company, "leads")}
    for row in written:
        assert not closed[row["id"]] or row["as_of"][:19] <= closed[row["id"]][:19]
    assert walked.metrics["auc"] > 0.7
    assert walked.prior_log_loss is not None
    assert walked.metrics["log_loss"] < walked.prior_log_loss


def test_a_backtest_of_people_knows_no_outcome_beyond_the_record(company: Workspace) -> None:
    plan = Plan(BEGIN + 230 * DAY, BEGIN + 262 * DAY, 30 * DAY)
    found = backtest(company, quiet, plan, target_name="buys")
    assert len(found.steps) == 2
    assert found.steps[0].known == found.steps[0].rows
    assert found.steps[1].known == 0
    assert found.metrics["log_loss"] > 0


def test_facts_after_the_instant_change_no_row(company: Workspace, ran: RunResult) -> None:
    assert ran.trained is not None
    at = BEGIN + 150 * DAY
    early = read_facts(company.lake, at)
    assert (
        max(table["at"].to_pylist()[-1] for table in early.tables.values()).timestamp() < at / 1e6
    )
    target = Target("buys", purchase=True, horizon_days=30, active_days=60)
    gathered = gather(company.lake, target, None, at)
    stages = gathered.observed.stages
    assert stages is not None
    assert stages.outcome_known.max() <= at


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2024-09-01", "--to", "2024-08-01"], "must be later"),
        (["--from", "2024-09-01", "--to", "2024-10-01", "--every", "soon"], "no length of time"),
        (["--from", "2024-13-01", "--to", "2024-10-01"], "no instant"),
        (["--from", "2024-01-01", "--to", "2024-10-01", "--every", "0.01h"], "instants"),
    ],
)
def test_an_impossible_backtest_says_why(
    company: Workspace, arguments: list[str], words: str
) -> None:
    result = CliRunner().invoke(umbrella, ["backtest", "-w", str(company.root), *arguments])
    assert isinstance(result.exception, SettingsError)
    assert words in result.exception.message


@pytest.mark.parametrize("missing", ["created_at", "closed_at"])
def test_a_backtest_without_dates_says_so_before_it_learns(
    company: Workspace, tmp_path: Path, missing: str
) -> None:
    """It once worked for minutes and then said that nobody was to be scored."""
    for name in ("leads.csv", "calls.csv", "visits.csv", "purchases.csv"):
        shutil.copy(company.root / name, tmp_path / name)
    column = {"created_at": "created", "closed_at": "closed"}[missing]
    text = (company.root / "umbrella.toml").read_text("utf-8")
    ignored = text.replace(f'{missing} = "{column}"\n', "")
    ignored = ignored.replace('path = "leads.csv"', f'path = "leads.csv"\nignore = ["{column}"]')
    (tmp_path / "umbrella.toml").write_text(ignored, "utf-8")
    workspace = open_workspace(tmp_path)
    ingest(workspace, quiet)
    steps: list[str] = []
    plan = Plan(BEGIN + 200 * DAY, BEGIN + 255 * DAY, 7 * DAY)
    with pytest.raises(DataError, match=missing) as problem:
        backtest(workspace, lambda step, _: steps.append(step), plan)
    assert problem.value.reason == f"no_{missing}"
    assert steps == []
    workspace.state.close()


def test_an_event_that_never_happened_is_named(company: Workspace) -> None:
    with pytest.raises(SettingsError, match="never happened") as problem:
        gather(company.lake, Target("x", event="subscribe"), None, BEGIN + 200 * DAY)
    assert "pricing_view" in problem.value.message


def rows(company: Workspace, name: str) -> list[dict[str, str]]:
    path: Path = company.root / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
