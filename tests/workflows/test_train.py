"""Training and scoring end to end on small companies whose truth is known."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import orjson
import pytest
from lead_worlds import START, company_rows, make_company, quiet, scores_of, write_leads
from stored import current_model, recent_runs

from redumbrella.clock import to_microseconds
from redumbrella.errors import DataError, NotFoundError
from redumbrella.evaluation.metrics import auc
from redumbrella.features.facts import leads_for
from redumbrella.learning.gathering import gather
from redumbrella.learning.model import fit, refit
from redumbrella.models.base import log_odds_of
from redumbrella.reports import model as documents
from redumbrella.views.models import report_of
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.run import RunResult, run
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace

World = tuple[Workspace, RunResult, np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def strong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """700 closed leads whose size and job decide a lot, and 60 open ones."""
    leads, truth = company_rows(700, 60)
    workspace = make_company(tmp_path_factory.mktemp("strong"), leads)
    yield workspace, run(workspace, quiet), truth[700:]
    workspace.state.close()


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """400 closed leads whose outcomes have nothing to do with their fields."""
    leads, truth = company_rows(400, 40, strength=0.0, seed=8)
    workspace = make_company(tmp_path_factory.mktemp("noise"), leads)
    yield workspace, run(workspace, quiet), truth[400:]
    workspace.state.close()


def report(result: RunResult) -> documents.ReportDocument:
    assert result.trained is not None
    return result.trained.report


def test_a_strong_signal_beats_the_base_rate(strong: World) -> None:
    workspace, result, truth = strong
    document = report(result)
    assert document["regime"] == "model"
    assert document["chosen"]["family"] != "prior"
    losses = {row["family"]: row["log_loss"]["mean"] for row in document["families"]}
    assert set(losses) == {
        "prior", "points", "naive_bayes", "straight", "logistic", "pairs", "boosted", "neural",
        "blend",
    }  # fmt: skip
    prior = losses["prior"]
    chosen = losses[document["chosen"]["family"]]
    assert prior is not None
    assert chosen is not None
    assert chosen < 0.9 * prior
    assert document["verdict"]["verdict"] != "not ready"
    scored = scores_of(workspace)
    said = np.array([scored[f"L{n:05d}"]["probability"] for n in range(700, 760)])
    assert np.corrcoef(said, truth)[0, 1] > 0.8
    assert auc(said, (truth > np.median(truth)).astype(float)) > 0.85


def test_every_open_lead_is_scored_with_interval_grade_and_percentile(strong: World) -> None:
    workspace, result, _ = strong
    scored = scores_of(workspace)
    assert sorted(scored) == [f"L{n:05d}" for n in range(700, 760)]
    assert result.scored is not None
    assert result.scored.leads == 60
    for row in scored.values():
        assert 0 < row["low"] < row["probability"] < row["high"] < 1
        assert row["grade"] in "ABCD"
        assert 0 < row["percentile"] < 100
        assert row["model_version"] == result.scored.model_version
        assert row["regime"] == "model"
    ranked = sorted(scored.values(), key=lambda row: row["probability"])
    assert [row["percentile"] for row in ranked] == sorted(r["percentile"] for r in ranked)
    assert [row["grade"] for row in ranked] == sorted((r["grade"] for r in ranked), reverse=True)


@pytest.mark.parametrize("world", ["strong", "noise"])
def test_reasons_add_up_to_the_score(world: str, request: pytest.FixtureRequest) -> None:
    workspace = request.getfixturevalue(world)[0]
    for row in scores_of(workspace).values():
        why = row["reasons"]
        told = sum(reason["contribution"] for reason in why["raises"] + why["lowers"])
        assert why["base"] + told + why["rest"] == pytest.approx(why["total"], abs=1e-9)
        assert why["total"] == pytest.approx(log_odds_of(row["probability"]), abs=1e-6)
        assert all(reason["contribution"] > 0 for reason in why["raises"])
        assert all(reason["contribution"] < 0 for reason in why["lowers"])
        assert len(why["raises"]) <= 5 >= len(why["lowers"])


def test_reasons_name_what_made_the_outcomes(strong: World) -> None:
    workspace, result, _ = strong
    shares = {row["feature"]: row["share"] for row in report(result)["importance"]}
    assert sum(shares.values()) == pytest.approx(1.0)
    assert next(iter(shares)) == "size"
    assert shares["size"] > 3 * shares.get("noise", 0.0)
    best = max(scores_of(workspace).values(), key=lambda row: row["probability"])
    assert "size" in [reason["feature"] for reason in best["reasons"]["raises"]]
    text = best["reasons"]["raises"][0]["text"]
    assert " is " in text


def test_noise_gives_the_base_rate_and_not_ready(noise: World) -> None:
    workspace, result, _ = noise
    document = report(result)
    assert document["regime"] == "model"
    assert document["chosen"]["family"] == "prior"
    assert document["verdict"]["verdict"] == "not ready"
    counts = document["counts"]
    base = counts["won"] / counts["closed"]
    scored = list(scores_of(workspace).values())
    assert len({round(row["probability"], 12) for row in scored}) == 1
    assert scored[0]["probability"] == pytest.approx(base, rel=0.1)
    assert scored[0]["low"] < base < scored[0]["high"]
    assert scored[0]["reasons"]["raises"] == scored[0]["reasons"]["lowers"] == []
    assert "within the error" not in document["chosen"]["why"]


def assert_shape(value: Any, kind: Any, where: str) -> None:
    """A value has exactly the keys of its TypedDict, all the way down."""
    if hasattr(kind, "__required_keys__"):
        hints = get_type_hints(kind)
        assert isinstance(value, dict), where
        assert set(value) == set(hints), where
        for key, inner in hints.items():
            assert_shape(value[key], inner, f"{where}.{key}")
    elif getattr(kind, "__origin__", None) is list:
        for n, item in enumerate(value):
            assert_shape(item, get_args(kind)[0], f"{where}[{n}]")
    elif getattr(kind, "__origin__", None) is dict:
        assert isinstance(value, dict), where
    elif str(getattr(kind, "__origin__", "")) == "typing.Literal":
        assert value in get_args(kind), where
    elif type(None) in get_args(kind):
        if value is not None:
            assert_shape(value, get_args(kind)[0], where)
    elif kind is float:
        assert isinstance(value, int | float), where
    else:
        assert isinstance(value, kind), where


@pytest.mark.parametrize("world", ["strong", "noise"])
def test_the_report_has_the_shape_of_its_document(
    world: str, request: pytest.FixtureRequest
) -> None:
    workspace, result, _ = request.getfixturevalue(world)
    document = report(result)
    stored = dict(report_of(workspace, document["model_version"]).document)
    assert_shape(stored, documents.ReportDocument, "report")
    counts = document["counts"]
    assert counts["leads"] == counts["closed"] + counts["open"]
    assert counts["closed"] == counts["won"] + counts["lost"]
    assert document["baselines"] == ["prior", "points", "naive_bayes"]
    assert sum(row["chosen"] for row in document["families"]) == 1
    assert sum(fold["test_rows"] for fold in document["folds"]) == counts["closed"] // 2
    assert document["confusion"] is not None
    assert document["confusion"]["rows"] == counts["closed"] // 2
    assert document["out_of_time"] is not None
    assert document["period"]["order"] == "created_at"


def test_the_model_folder_has_no_pickle(strong: World) -> None:
    workspace, result, _ = strong
    folder = workspace.root / "models" / report(result)["model_version"]
    names = {path.name for path in folder.iterdir()}
    assert names == {"manifest.json", "model.json", "arrays.npz", "valuation.json", "valuation.npz"}
    assert [path.name for path in (workspace.root / "models").iterdir()] == [folder.name]


# Companies too small for a model: these train in a moment.


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Makes a company of few leads and reads them into the lake."""
    made = []

    def make(leads: list[dict[str, object]], **options: str) -> Workspace:
        workspace = make_company(tmp_path, leads, **options)
        ingest(workspace, quiet)
        made.append(workspace)
        return workspace

    yield make
    for workspace in made:
        workspace.state.close()


Small = Callable[..., Workspace]


@pytest.mark.parametrize("outcome", [True, False])
@pytest.mark.parametrize("closed", [1, 2, 5, 150])
def test_one_class_only_is_the_base_rate(small: Small, closed: int, outcome: bool) -> None:
    leads, _ = company_rows(closed, 3, constant=outcome)
    workspace = small(leads)
    document = train(workspace, quiet).report
    assert document["regime"] == "prior"
    assert document["verdict"]["verdict"] == "not ready"
    assert score(workspace, quiet).leads == 3
    for row in scores_of(workspace).values():
        p = (closed * outcome + 0.5) / (closed + 1)
        assert row["probability"] == pytest.approx(p, rel=1e-6)
        assert row["low"] < p < row["high"]
    stored = dict(report_of(workspace, document["model_version"]).document)
    assert_shape(stored, documents.ReportDocument, "report")


def test_ten_conversions_give_rules_or_the_base_rate(small: Small) -> None:
    leads, _ = company_rows(60, 10, base=-2.2, strength=2.0, seed=1)
    document = train(small(leads), quiet).report
    assert 5 <= document["counts"]["won"] < 20
    assert document["regime"] in ("rules", "prior")
    assert [row["family"] for row in document["families"]] == ["prior", "points"]
    assert "no model below 20" in document["regime_reason"]
    assert not document["reliable"]


def test_thirty_conversions_give_a_shrunken_model(small: Small) -> None:
    leads, _ = company_rows(260, 10, base=-3.4, strength=2.0, seed=4)
    workspace = small(leads)
    document = train(workspace, quiet).report
    assert 20 <= document["counts"]["won"] < 40
    assert [row["family"] for row in document["families"]] == ["prior", "points", "logistic"]
    assert document["regime"] == "shrunken"
    score(workspace, quiet)
    widths = [row["high"] - row["low"] for row in scores_of(workspace).values()]
    assert 0.03 < np.mean(widths) < 0.8
    assert document["stability"] is not None
    assert document["stability"]["repeats"] == 10


def test_intervals_are_wider_in_a_smaller_company(strong: World, small: Small) -> None:
    leads, _ = company_rows(260, 60, base=-3.4, strength=2.0, seed=4)
    workspace = small(leads)
    train(workspace, quiet)
    score(workspace, quiet)

    def width(company: Workspace) -> float:
        rows = scores_of(company).values()
        return float(np.mean([log_odds_of(r["high"]) - log_odds_of(r["low"]) for r in rows]))

    assert width(workspace) > 1.2 * width(strong[0])


def test_profit_stands_among_the_amounts_of_the_record(small: Small) -> None:
    leads, _ = company_rows(300, 100, seed=3)
    amounts = np.random.default_rng(3).lognormal(8.0, 1.0, len(leads))  # nothing foretells them
    told = [{**leads[n], "amount": f"{amounts[n]:.2f}"} for n in range(len(leads))]
    workspace = small(told, created='created_at = "created"\namount = "amount"')
    train(workspace, quiet)
    score(workspace, quiet)
    details = [orjson.loads(row["details"]) for row in scores_of(workspace).values()]
    standing = np.array([detail["profit"]["standing"] for detail in details])
    amount = np.array([detail["amount"]["value"] for detail in details])
    own = amounts[:300]
    expected = [((own < a).sum() + (own <= a).sum()) / 600 for a in amount]
    np.testing.assert_allclose(standing, expected, atol=0.01)


def test_no_open_leads(small: Small) -> None:
    workspace = small(company_rows(30, 0)[0])
    document = train(workspace, quiet).report
    assert any("No lead is open" in note for note in document["notes"])
    assert score(workspace, quiet).leads == 0
    assert scores_of(workspace) == {}


def test_all_leads_open_is_one_clear_message(small: Small) -> None:
    workspace = small(company_rows(0, 20)[0])
    with pytest.raises(DataError, match="No lead has an outcome yet"):
        train(workspace, quiet)
    last = recent_runs(workspace)[0]
    assert (last["verb"], last["status"]) == ("train", "failed")
    assert "outcome" in last["message"]


def test_nothing_ingested(tmp_path: Path) -> None:
    workspace = make_company(tmp_path, [])
    with pytest.raises(DataError, match="umbrella ingest"):
        train(workspace, quiet)
    workspace.state.close()


def test_targets_are_checked(small: Small) -> None:
    workspace = small(company_rows(12, 2)[0])
    with pytest.raises(NotFoundError, match='Did you mean "conversion"'):
        train(workspace, quiet, target_name="conversoin")
    assert train(workspace, quiet, target_name="conversion").promoted


def test_as_of_in_the_past(small: Small) -> None:
    leads, _ = company_rows(100, 10)
    workspace = small(leads)
    # A lead every six hours, so forty leads were there after ten days.
    as_of = to_microseconds(START + timedelta(days=10))
    document = train(workspace, quiet, as_of=as_of).report
    assert document["counts"]["closed"] == 40
    assert document["counts"]["open"] == 0
    assert document["as_of"] == "2024-01-11T09:00:00+00:00"
    assert document["period"]["last"] == "2024-01-11T03:00:00+00:00"
    with pytest.raises(DataError, match="later --as-of"):
        train(workspace, quiet, as_of=to_microseconds(START))
    with pytest.raises(DataError, match="later --as-of"):
        train(workspace, quiet, as_of=0)
    later = score(workspace, quiet, as_of=to_microseconds(datetime(2024, 1, 26, tzinfo=UTC)))
    assert later.leads == 0
    assert score(workspace, quiet).leads == 10


def test_a_model_of_the_past_is_not_mistaken_for_todays(small: Small) -> None:
    workspace = small(company_rows(100, 10)[0])
    train(workspace, quiet, as_of=to_microseconds(START + timedelta(days=10)))
    result = run(workspace, quiet)
    assert result.trained is not None
    assert report(result)["counts"]["closed"] == 100


GATE = "[success]\nmin_auc = {}\n"


def test_gates_hold_promotion_back(small: Small, tmp_path: Path) -> None:
    leads, _ = company_rows(60, 5)
    first = train(small(leads), quiet)
    assert first.promoted
    workspace = small(leads, success=GATE.format(0.999))
    second = train(workspace, quiet)
    assert not second.promoted
    assert [gate["passed"] for gate in second.report["gates"]] == [False]
    assert second.report["gates"][0]["required"] == 0.999
    assert second.report["verdict"]["verdict"] == "not ready"
    current = current_model(workspace)
    assert current is not None
    assert current["version"] == first.version
    assert score(workspace, quiet).model_version == first.version
    # The model that was held back is not trained again and again.
    assert run(workspace, quiet).trained is None
    workspace = small(leads, success=GATE.format(0.01))
    assert train(workspace, quiet).promoted


def test_leaks_are_left_out_unless_kept(small: Small) -> None:
    leads, _ = company_rows(90, 30, strength=0.5)
    for n, lead in enumerate(leads):
        lead["invoice"] = "" if lead["won"] == "" else f"{100 + n % 7}"
    workspace = small(leads)
    document = train(workspace, quiet).report
    assert [(leak["column"], leak["severity"]) for leak in document["leaks"]] == [
        ("invoice", "leak")
    ]
    ignored = {row["column"]: row["reason"] for row in document["counts"]["ignored_columns"]}
    assert ignored["invoice"] == "left out by the leak guard"
    score(workspace, quiet)
    assert "invoice" not in str([row["reasons"] for row in scores_of(workspace).values()])
    kept = train(small(leads, extra='keep = ["invoice"]'), quiet).report
    assert kept["leaks"][0]["kept"]
    assert "invoice" not in {row["column"] for row in kept["counts"]["ignored_columns"]}
    assert any("invoice" in reason for reason in kept["verdict"]["reasons"])


def test_a_field_that_runs_with_time_is_left_out_unless_kept(small: Small) -> None:
    leads, _ = company_rows(900, 30)
    level = np.random.default_rng(3).random(10)
    for n, lead in enumerate(leads):
        lead["season"] = str(2010 + n // 100)
        if lead["won"] and n % 2:
            lead["won"] = str(int(level[n // 100] > 0.5))
    workspace = small(leads)
    document = train(workspace, quiet).report
    ignored = {row["column"]: row["reason"] for row in document["counts"]["ignored_columns"]}
    assert ignored["season"].startswith("it rises or falls with time")
    assert "created_at.month" in ignored
    score(workspace, quiet)
    assert "season" not in str([row["reasons"] for row in scores_of(workspace).values()])
    target = workspace.settings.target()
    earlier, later = (
        gather(
            workspace.lake,
            target,
            leads_for(workspace.lake, target, "UTC"),
            to_microseconds(at),
        )
        for at in (START + timedelta(days=150), START + timedelta(days=200))
    )
    learned = fit(workspace.settings, earlier, "first", quiet)
    left_out = learned.model.encoder.left_out
    assert "season" in left_out
    assert refit(workspace.settings, later, learned).model.encoder.left_out == left_out
    kept = train(small(leads, extra='keep = ["season"]'), quiet).report
    assert "season" not in {row["column"] for row in kept["counts"]["ignored_columns"]}


def test_files_without_times_say_so(small: Small) -> None:
    leads, _ = company_rows(60, 6)
    undated = [{k: v for k, v in lead.items() if k != "created"} for lead in leads]
    document = train(small(undated, created=""), quiet).report
    assert document["period"] == {"first": None, "last": None, "order": "rows"}
    assert any("order of the rows" in note for note in document["notes"])


KILLED = """
import sys, time
from pathlib import Path
import redumbrella.workflows.train as training
from redumbrella.workflows.train import train
from redumbrella.workspace import open_workspace

def stop(*_args, **_options):
    print("reached", flush=True)
    time.sleep(120)

def report(step, _share):
    if sys.argv[2] == "fitting" and step.startswith("Training on all"):
        stop()

if sys.argv[2] == "saving":
    training.store_model = stop
train(open_workspace(Path(sys.argv[1])), report)
"""


@pytest.mark.parametrize("moment", ["fitting", "saving"])
def test_a_killed_training_leaves_the_earlier_model_and_scores(
    small: Small, tmp_path: Path, moment: str
) -> None:
    leads, _ = company_rows(60, 6)
    workspace = small(leads)
    first = run(workspace, quiet)
    assert first.trained is not None
    before = scores_of(workspace)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), moment], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline().strip() == b"reached"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    reopened = open_workspace(tmp_path)
    current = current_model(reopened)
    assert current is not None
    assert current["version"] == first.trained.version
    assert scores_of(reopened) == before
    leads[0]["noise"] = "0.5"
    write_leads(tmp_path, leads)
    after = run(reopened, quiet)
    assert after.trained is not None
    assert after.scored is not None
    assert {row["model_version"] for row in scores_of(reopened).values()} == {after.trained.version}
    reopened.state.close()
