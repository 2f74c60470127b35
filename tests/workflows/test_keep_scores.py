"""Every score of every day: which scorings count, what a kill leaves, damage, clocks."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from history_world import START, stamp, write_history_company
from lead_worlds import quiet

import redumbrella.workflows.recorded as recording
import redumbrella.workflows.score as scoring
from redumbrella.clock import to_microseconds
from redumbrella.errors import ModelError, NotFoundError
from redumbrella.lake.lake import Lake
from redumbrella.scores.changes import PARTS
from redumbrella.scores.history import TABLE
from redumbrella.state.history import score_changes, scored_days
from redumbrella.views.catalogue import VIEWS
from redumbrella.views.listing import list_page
from redumbrella.views.score_change import explain_change
from redumbrella.views.score_history import score_history
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.keep_scores import forget_scores
from redumbrella.workflows.score import ScoreResult, score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

END = START + timedelta(days=290)  # after all that the files tell
LEAD = "L270"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    workspace = write_history_company(folder)
    ingest(workspace, quiet)
    train(workspace, quiet, as_of=to_microseconds(END))
    workspace.state.close()
    return folder


@pytest.fixture
def company(trained: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(trained, tmp_path / "company")
    workspace = open_workspace(tmp_path / "company")
    yield workspace
    workspace.state.close()


def score_on(workspace: Workspace, days: float = 0, **more: Any) -> ScoreResult:
    """Scores as of some days after the end of the record."""
    return score(workspace, quiet, as_of=to_microseconds(END + timedelta(days=days)), **more)


def call(workspace: Workspace, at: datetime, seconds: int = 900, lead: str = LEAD) -> None:
    """One more talk with a lead, read."""
    with (workspace.root / "calls.csv").open("a") as file:
        file.write(f"{lead},{stamp(at)},call,talked,{seconds},r1\n")
    ingest(workspace, quiet)


def days_of(workspace: Workspace) -> list[dict[str, Any]]:
    with workspace.state.reading() as connection:
        return scored_days(connection, "conversion")


def snapshot_rows(workspace: Workspace) -> dict[tuple[str, int], int]:
    """Rows in the lake by day and number of the scoring."""
    found = workspace.snapshots.query(
        f"SELECT day, number, count(*) AS n FROM {TABLE} GROUP BY 1, 2 ORDER BY 1, 2"
    ).to_pylist()
    return {(str(row["day"]), row["number"]): row["n"] for row in found}


def state_rows(workspace: Workspace) -> list[Any]:
    with workspace.state.reading() as connection:
        return sorted(map(tuple, connection.execute(score_changes.select())), key=str)


def test_a_second_scoring_of_a_day_takes_the_place_of_the_first(company: Workspace) -> None:
    first = score_on(company)
    before = state_rows(company)
    again = score_on(company)
    assert (first.said, again.said) == ("", "")
    assert state_rows(company) == before
    assert [row["number"] for row in days_of(company)] == [2]
    score_on(company)
    rows = snapshot_rows(company)
    assert len(rows) <= 2  # the one before is cleared by the next
    assert rows[str(END.date()), 3] == first.leads == days_of(company)[0]["asked"]


def test_days_in_between_may_be_missing(company: Workspace) -> None:
    score_on(company)
    score_on(company, 9)
    past = score_history(company, LEAD)
    assert past.days == (END.date(), (END + timedelta(days=9)).date())
    assert len(past.probabilities) == 2
    assert list(past.models) == [str(END.date())]
    change = explain_change(company, LEAD, (END + timedelta(days=5)).date())
    assert change.since == END.date()


def test_a_list_that_knew_less_than_the_lake_is_no_part_of_the_history(company: Workspace) -> None:
    score_on(company)
    past = score_on(company, -60)
    assert "are dated later, which nobody knew on that day" in past.said
    assert score_on(company, 1, hold_out=0.1).said.endswith("closed leads were held out.")
    assert len(days_of(company)) == 1
    score(company, quiet)  # today always counts
    assert len(days_of(company)) == 2


def test_a_talk_is_told_as_the_cause_and_its_part_is_largest(company: Workspace) -> None:
    score_on(company)
    call(company, END + timedelta(hours=3))
    score_on(company, 1)
    view = VIEWS["changes"]
    rows = list_page(company, view, view.query({"least": "0.1 %"})).rows
    own = next(row for row in rows if row["lead_id"] == LEAD)
    assert own["cause"] == "did"
    past = score_history(company, LEAD)
    assert own["before"] == pytest.approx(past.probabilities[0])
    assert own["moved"] == pytest.approx(past.probabilities[1] - past.probabilities[0])
    assert [one.what for one in past.contacts] == ["call"]
    change = explain_change(company, LEAD)
    parts = {part.name: part for part in change.parts}
    assert change.said == ()
    assert change.probability_before == pytest.approx(past.probabilities[0], abs=1e-4)
    assert change.probability == pytest.approx(past.probabilities[1], abs=1e-4)
    assert abs(parts["did"].change) > 0.05
    assert parts["record"].change == parts["model"].change == 0.0
    assert any("call" in reason.text for reason in parts["did"].reasons)


def test_a_call_that_was_read_late_is_a_correction_of_the_record(company: Workspace) -> None:
    score_on(company)
    call(company, START + timedelta(days=273))  # before the end of what was read by then
    score_on(company, 1)
    parts = {part.name: part.change for part in explain_change(company, LEAD).parts}
    assert parts["did"] == parts["model"] == 0.0
    assert abs(parts["record"]) > 0.05
    with company.state.reading() as connection:
        rows = connection.execute(score_changes.select()).mappings().all()
    assert {row["cause"] for row in rows if row["lead_id"] == LEAD} == {"new", "record"}


def test_a_new_model_in_between_has_a_part_of_its_own(company: Workspace) -> None:
    score_on(company)
    train(company, quiet, as_of=to_microseconds(END - timedelta(days=120)))
    score_on(company, 1)
    change = explain_change(company, LEAD)
    parts = {part.name: part for part in change.parts}
    assert change.model_before != change.model
    assert abs(parts["model"].change) > 0.001
    assert parts["did"].change == parts["record"].change == 0.0
    shutil.rmtree(company.models / change.model_before)
    without = explain_change(company, LEAD)
    assert "are gone, so its part has no reasons" in without.said[0]
    total = sum(part.change for part in without.parts)
    assert total == pytest.approx(without.log_odds - without.log_odds_before, abs=1e-9)
    assert without.log_odds == pytest.approx(change.log_odds, abs=1e-9)
    assert {part.name for part in without.parts} <= set(PARTS)


def test_a_kill_between_lake_and_state_leaves_the_old_day(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_on(company)
    call(company, END - timedelta(hours=1))
    before = state_rows(company), days_of(company)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "take_into_use", killed)
        with pytest.raises(KeyboardInterrupt):
            score_on(company)
    assert (state_rows(company), days_of(company)) == before
    assert len(snapshot_rows(company)) == 2  # one of them is noted nowhere
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            score_on(company)
    assert (state_rows(company), days_of(company)) == before
    score_on(company)
    score_on(company, 1)
    noted = {(str(END.date() + timedelta(days=n)), row["number"])
             for n, row in enumerate(days_of(company))}  # fmt: skip
    assert noted <= set(snapshot_rows(company))


def test_snapshots_that_are_damaged_are_begun_again_with_a_word(company: Workspace) -> None:
    score_on(company)
    victim = next((company.root / "snapshots" / TABLE).glob("*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-9])
    said = score_on(company, 1).said
    assert "They were moved to snapshots.damaged-1, and new ones are begun" in said
    assert (company.root / "snapshots.damaged-1" / TABLE / victim.name).is_file()
    assert len(days_of(company)) == 2
    assert score_on(company, 2).said == ""
    assert len(score_history(company, LEAD).days) >= 2


def test_a_clock_that_was_ahead_hides_nothing(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in (2031, 2025):
        at = to_microseconds(datetime(year, 1, 7, 9, tzinfo=UTC))
        monkeypatch.setattr(recording, "now", lambda at=at: at)
        score(company, quiet)
    monkeypatch.setattr(
        recording, "now", lambda: to_microseconds(datetime(2025, 1, 8, 9, tzinfo=UTC))
    )
    score(company, quiet)
    past = score_history(company, LEAD)
    assert past.days == (date(2025, 1, 7), date(2025, 1, 8))
    view = VIEWS["changes"]
    around = list_page(company, view, view.query({})).around
    assert (around["since"], around["until"]) == past.days


def test_a_person_is_forgotten_in_lake_and_state(company: Workspace) -> None:
    scored = score_on(company).leads
    score_on(company, 1)
    call(company, END + timedelta(days=1, hours=1))
    score_on(company, 2)
    moves = sum(row[2] == LEAD for row in state_rows(company))
    assert moves >= 2
    assert forget_scores(company, "P270") == 3 + moves
    assert LEAD not in [row[2] for row in state_rows(company)]
    assert sum(snapshot_rows(company).values()) == 3 * (scored - 1)
    assert forget_scores(company, "nobody") == 0


def test_what_cannot_be_told_is_said(company: Workspace) -> None:
    view = VIEWS["changes"]
    page = list_page(company, view, view.query({}))
    assert page.is_empty
    assert "Nothing is scored" in view.nothing(company, None)
    score_on(company)
    with pytest.raises(NotFoundError, match="on one day only"):
        explain_change(company, LEAD)
    with pytest.raises(NotFoundError, match='no scored lead "nobody"'):
        score_history(company, "nobody")
    with pytest.raises(ModelError, match="for leads only"):
        explain_change(company, LEAD, None, "buys")
    said = list_page(company, view, view.query({})).around["said"]
    assert "only one day was scored" in said[0]
    score_on(company, 1)
    early = explain_change(company, LEAD, date(2020, 1, 1))
    assert "Nothing is kept of 2020-01-01" in early.said[0]


def test_sources_that_were_read_again_from_the_start(company: Workspace) -> None:
    """What was known then is gone: the parts that cannot be told apart are one."""
    score_on(company)
    rows = company.lake.read("leads")
    later = rows.set_column(
        rows.column_names.index("_order"), "_order", [[n + 10_000 for n in range(rows.num_rows)]]
    )
    company.lake.overwrite("leads", later)
    score_on(company, 1)
    change = explain_change(company, LEAD)
    assert [part.name for part in change.parts] == ["since"]
    assert "is not in the lake any more" in change.said[0]
    total = change.log_odds - change.log_odds_before
    assert sum(part.change for part in change.parts) == pytest.approx(total, abs=1e-9)
