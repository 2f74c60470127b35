"""Outcomes of contacts: facts, closed leads, new scores, done lines; and all that goes wrong."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import history_world
import pytest
from history_world import write_history_company
from stored import rows_in_use

import redumbrella.workflows.log_outcome as logging_outcomes
import redumbrella.workflows.recorded as recording
from redumbrella.clock import to_microseconds
from redumbrella.errors import ConflictError, NotFoundError, SettingsError
from redumbrella.lake.lake import Lake
from redumbrella.outcomes import OUTCOMES, OutcomeRequest, amount_of, checked_outcome, day_of_text
from redumbrella.progress import silent
from redumbrella.state.outcomes import pending_outcomes
from redumbrella.state.scores import scores
from redumbrella.views.listing import list_page
from redumbrella.views.today import TODAY
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.log_outcome import LoggedOutcome, log_outcome, undo_outcome
from redumbrella.workflows.make_list import LATER, make_list
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

NOW = datetime(2024, 10, 8, 9, tzinfo=UTC)
DAY = 86_400_000_000
UPDATED = 'amount = "sum"\nupdated_at = "updated"'


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company with histories, trained and scored once for all tests here."""
    folder = tmp_path_factory.mktemp("company")
    whole = history_world.SETTINGS
    history_world.SETTINGS = whole.split('[[targets]]\nname = "buys"')[0]
    try:
        workspace = write_history_company(folder, leads=120, open_leads=12)
    finally:
        history_world.SETTINGS = whole
    ingest(workspace)
    train(workspace, silent, as_of=to_microseconds(NOW))
    score(workspace, silent, as_of=to_microseconds(NOW))
    workspace.state.close()
    return folder


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the clock says: its only number."""
    moment = [to_microseconds(NOW)]
    monkeypatch.setattr(recording, "now", lambda: moment[0])
    return moment


@pytest.fixture
def company(trained: Path, tmp_path: Path, clock: list[int]) -> Iterator[Workspace]:
    folder = tmp_path / "company"
    shutil.copytree(trained, folder)
    workspace = open_workspace(folder)
    yield workspace
    workspace.state.close()


def log(workspace: Workspace, lead: str, what: str, key: str = "", **more: Any) -> LoggedOutcome:
    return log_outcome(workspace, OutcomeRequest(lead, what, **more), key)


def lead_of(workspace: Workspace, lead: str) -> dict[str, Any]:
    found = workspace.lake.current("leads").to_pylist()
    return next(row for row in found if row["lead_id"] == lead)


def chances(workspace: Workspace) -> dict[str, float]:
    found = rows_in_use(workspace.state, scores, "conversion")
    return {row["lead_id"]: row["probability"] for row in found}


def calls(workspace: Workspace, lead: str) -> list[dict[str, Any]]:
    found = workspace.lake.current("activities").to_pylist()
    return [row for row in found if row["lead_id"] == lead and row.get("_logged")]


def rewrite(workspace: Workspace, lead: str, change: Callable[[list[str]], None]) -> None:
    """Changes the row of a lead in the source."""
    path = workspace.root / "leads.csv"
    lines = []
    for line in path.read_text("utf-8").splitlines():
        values = line.split(",")
        if values[0] == lead:
            change(values)
        lines.append(",".join(values))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_a_call_becomes_a_fact_and_the_lead_is_scored_again(company: Workspace) -> None:
    before = chances(company)
    result = log(company, "L121", "reached", minutes=8.0, rep="r1", note="wants a quote")
    after = chances(company)
    assert (result.closed, result.waiting, result.again) == (False, "", False)
    assert result.moves[0].before == before["L121"]
    assert result.moves[0].after == after["L121"] != before["L121"]
    assert {k: v for k, v in after.items() if k != "L121"} == {
        k: v for k, v in before.items() if k != "L121"
    }
    (fact,) = calls(company, "L121")
    assert (fact["kind"], fact["outcome"], fact["duration_s"], fact["rep_id"]) == (
        "call", "reached", 480.0, "r1")  # fmt: skip
    assert fact["at"] == NOW
    assert lead_of(company, "L121")["won"] is None


def test_the_score_is_the_one_that_scoring_all_leads_gives(
    company: Workspace, clock: list[int]
) -> None:
    log(company, "L121", "reached", minutes=8.0, rep="r1")
    alone = {row["lead_id"]: row for row in rows_in_use(company.state, scores, "conversion")}
    score(company, silent, as_of=clock[0] + 1)
    whole = {row["lead_id"]: row for row in rows_in_use(company.state, scores, "conversion")}
    for name in ("probability", "low", "high", "expected_value", "qualification", "grade", "stage"):
        assert alone["L121"][name] == whole["L121"][name], name


@pytest.mark.parametrize("what", [name for name, one in OUTCOMES.items() if one.closes])
def test_an_outcome_that_ends_it_closes_the_lead(company: Workspace, what: str) -> None:
    more = {"won": {"amount": 900.0}, "lost": {"reason": "too dear"}}.get(what, {})
    result = log(company, "L122", what, **more)
    lead = lead_of(company, "L122")
    assert (lead["won"], lead["closed_at"], result.closed) == (what == "won", NOW, True)
    assert lead["amount"] == (900.0 if what == "won" else None)
    assert "L122" not in chances(company)
    assert result.moves[0].after is None


def test_reading_the_same_source_again_does_not_open_it(company: Workspace) -> None:
    log(company, "L122", "won", amount=900.0)
    for reread in ((), ("leads", "activities")):
        result = ingest(company, reread=reread)
        assert [one.notes for one in result.sources if one.table == "leads"] == [()]
        assert (lead_of(company, "L122")["won"], len(calls(company, "L122"))) == (True, 1)
        if not reread:
            assert not result.has_changed
    rewrite(company, "L123", lambda values: values.__setitem__(5, "9"))  # another lead changes
    assert next(s for s in ingest(company).sources if s.table == "leads").changed == 1
    assert lead_of(company, "L122")["won"] is True


def test_other_news_of_the_source_are_read_and_the_outcome_stays(company: Workspace) -> None:
    log(company, "L122", "lost", reason="too dear")
    rewrite(company, "L122", lambda values: values.__setitem__(5, "9"))
    ingest(company)
    lead = lead_of(company, "L122")
    assert (lead["size"], lead["won"], lead["closed_at"]) == (9.0, False, NOW)
    assert not ingest(company).has_changed
    undo_outcome(company, 1)
    lead = lead_of(company, "L122")
    assert (lead["size"], lead["won"]) == (9.0, None)


def test_a_source_that_knows_the_outcome_wins(company: Workspace) -> None:
    log(company, "L122", "lost", reason="too dear")
    rewrite(company, "L122", lambda values: values.__setitem__(4, "1"))
    ingest(company)
    assert lead_of(company, "L122")["won"] is True


@pytest.mark.parametrize(("hours", "won"), [(-1, True), (1, None)])
def test_with_updated_at_the_newer_of_both_wins(
    company: Workspace, hours: int, won: bool | None
) -> None:
    settings = company.root / "umbrella.toml"
    text = settings.read_text("utf-8").replace('amount = "sum"', UPDATED)
    settings.write_text(text, "utf-8")
    path = company.root / "leads.csv"
    old = (NOW - timedelta(days=9)).isoformat()
    head, *lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([f"{head},updated", *(f"{line},{old}" for line in lines)]), "utf-8")
    company.state.close()
    workspace = open_workspace(company.root)
    ingest(workspace)
    log(workspace, "L122", "won", amount=900.0)
    newer = (NOW + timedelta(hours=hours)).isoformat()

    def change(values: list[str]) -> None:
        values[5], values[7] = "9", newer

    rewrite(workspace, "L122", change)
    ingest(workspace)
    lead = lead_of(workspace, "L122")
    assert (lead["size"], lead["won"]) == (9.0, won)
    workspace.state.close()


def test_the_same_key_gives_the_same_answer_and_no_second_fact(company: Workspace) -> None:
    first = log(company, "L121", "no_answer", "k1")
    again = log(company, "L121", "no_answer", "k1")
    assert (again.id, again.at, again.moves, again.again) == (first.id, first.at, first.moves, True)
    assert len(calls(company, "L121")) == 1
    with pytest.raises(ConflictError, match="used already") as refused:
        log(company, "L121", "reached", "k1")
    assert refused.value.reason == "key_used"


def test_the_second_of_two_people_is_told_who_did_what(
    company: Workspace, clock: list[int]
) -> None:
    first = log(company, "L121", "reached", rep="r1", seen=0)
    with pytest.raises(ConflictError, match=r"r1 logged reached at .*09:00") as refused:
        log(company, "L121", "no_answer", rep="r2", seen=0)
    assert refused.value.reason == "worked_meanwhile"
    with pytest.raises(ConflictError, match="r1 logged reached"):
        log(company, "L121", "no_answer", rep="r2")
    assert log(company, "L121", "no_answer", rep="r2", seen=first.id).id == first.id + 1
    clock[0] += 3_600_000_000
    assert log(company, "L121", "no_answer", rep="r2").id == first.id + 2


def test_of_two_at_the_same_moment_one_is_refused(company: Workspace) -> None:
    found: list[Any] = []

    def work(rep: str) -> None:
        try:
            found.append(log(company, "L121", "won", amount=5.0, rep=rep))
        except ConflictError as problem:
            found.append(problem)

    threads = [threading.Thread(target=work, args=(rep,)) for rep in ("r0", "r1", "r2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(one).__name__ for one in found) == [
        "ConflictError", "ConflictError", "LoggedOutcome"]  # fmt: skip
    assert len(calls(company, "L121")) == 1


def test_a_closed_lead_takes_nothing(company: Workspace) -> None:
    log(company, "L121", "won", amount=5.0, rep="r1")
    with pytest.raises(ConflictError, match=r"closed: r1 logged won \(5.00\)"):
        log(company, "L121", "reached", seen=1)
    with pytest.raises(ConflictError, match="closed"):  # by the source
        log(company, "L1", "reached")


def test_undo_is_as_if_nothing_had_been_logged(company: Workspace, clock: list[int]) -> None:
    before = chances(company)
    done = log(company, "L121", "won", amount=5.0)
    clock[0] += 3_600_000_000
    undone = undo_outcome(company, done.id, "r1")
    assert (undone.undone, undone.closed) == (True, False)
    assert (lead_of(company, "L121")["won"], calls(company, "L121")) == (None, [])
    assert chances(company).keys() == before.keys()
    assert undo_outcome(company, done.id).undone
    assert log(company, "L121", "reached").id == done.id + 1


def test_undo_has_a_day(company: Workspace, clock: list[int]) -> None:
    done = log(company, "L121", "reached")
    clock[0] += DAY + 1
    with pytest.raises(ConflictError, match="more than a day ago"):
        undo_outcome(company, done.id)
    with pytest.raises(NotFoundError, match="no outcome number 99"):
        undo_outcome(company, 99)
    with pytest.raises(NotFoundError, match='of lead "L122"'):
        undo_outcome(company, done.id, "", "L122")


def test_a_clock_that_goes_back(company: Workspace, clock: list[int]) -> None:
    first = log(company, "L121", "no_answer")
    clock[0] -= 7_200_000_000
    second = log(company, "L121", "reached", seen=first.id)
    assert second.at > first.at
    assert undo_outcome(company, second.id).undone


@pytest.mark.parametrize(
    ("what", "more", "reason"),
    [
        ("wonn", {}, "unknown_outcome"),
        ("won", {}, "missing_amount"),
        ("won", {"amount": -1.0}, "bad_number"),
        ("won", {"amount": float("nan")}, "bad_number"),
        ("won", {"amount": 5.0, "date": date(2024, 11, 1)}, "superfluous_date"),
        ("reached", {"amount": 5.0}, "superfluous_amount"),
        ("reached", {"minutes": 1e9}, "bad_number"),
        ("reached", {"note": "x" * 2_001}, "text_too_long"),
        ("reached", {"note": "a\0b"}, "bad_text"),
        ("lost", {}, "missing_reason"),
        ("later", {}, "missing_date"),
        ("later", {"date": date(2024, 10, 8)}, "bad_date"),
        ("later", {"date": date(2034, 10, 8)}, "bad_date"),
        ("reached", {"at": to_microseconds(NOW) + 1}, "in_the_future"),
        ("reached", {"at": 0}, "too_early"),
    ],
)
def test_what_cannot_be_meant_so_is_refused(
    company: Workspace, what: str, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        log(company, "L121", what, **more)
    assert refused.value.reason == reason
    assert calls(company, "L121") == []


def test_an_unknown_lead_is_refused_with_a_near_one(company: Workspace) -> None:
    with pytest.raises(NotFoundError, match='There is no scored lead "L1211"'):
        log(company, "L1211", "reached")
    with pytest.raises(SettingsError, match="at most 200"):
        log(company, "L121", "reached", "k" * 201)


def test_nobody_waits_for_another_command(company: Workspace) -> None:
    held, free = threading.Event(), threading.Event()
    other = open_workspace(company.root)

    def hold() -> None:
        with other.lock():
            held.set()
            free.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    try:
        result = log(company, "L121", "won", amount=5.0)
        assert "Another command is writing" in result.waiting
        assert calls(company, "L121") == []
        with pytest.raises(ConflictError, match="closed"):
            log(company, "L121", "reached", seen=result.id)
    finally:
        free.set()
        thread.join()
    other.state.close()
    assert log(company, "L121", "won", result_key(company), amount=5.0).again
    assert (lead_of(company, "L121")["won"], "L121" in chances(company)) == (True, False)


def result_key(company: Workspace) -> str:
    with company.state.reading() as connection:
        return str(pending_outcomes(connection)[0]["key"])


class KilledError(BaseException):
    """Stands for a kill."""


@pytest.mark.parametrize("at", range(1, 9))
def test_killed_before_any_write_the_next_command_does_the_rest(
    company: Workspace, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    left = [at]

    def may_die() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KilledError

    def before(owner: Any, name: str) -> None:
        function = getattr(owner, name)

        def told(*args: Any, **more: Any) -> Any:
            may_die()
            return function(*args, **more)

        patched.setattr(owner, name, told)

    with monkeypatch.context() as patched:
        before(Lake, "_write")
        before(logging_outcomes, "add_outcome")
        before(Path, "rename")
        before(type(company.state), "writing")
        with suppress(KilledError):
            log(company, "L121", "won", "k", amount=5.0)
    again = log(company, "L121", "won", "k", amount=5.0)
    assert (again.closed, again.waiting) == (True, "")
    assert (lead_of(company, "L121")["won"], len(calls(company, "L121"))) == (True, 1)
    assert "L121" not in chances(company)
    with company.state.reading() as connection:
        assert pending_outcomes(connection) == []


def page(workspace: Workspace) -> Any:
    return list_page(workspace, TODAY, TODAY.query({}))


def test_a_done_line_stays_at_its_place_and_is_counted(company: Workspace) -> None:
    make_list(company, silent)
    before = page(company)
    lead = before.rows[1]["lead_id"]
    done = log(company, lead, "won", amount=5.0, rep="r1")
    after = page(company)
    assert [row["lead_id"] for row in after.rows] == [row["lead_id"] for row in before.rows]
    assert (set(after.around["done"]), after.around["lines"]) == ({lead}, before.total)
    assert after.around["said"][0] == f"1 of {before.total} lines done."
    assert after.around["done"][lead].words == "won"
    undo_outcome(company, done.id)
    assert page(company).around["done"] == {}


def test_later_is_off_the_list_until_its_day_and_surely_on_it_then(
    company: Workspace, clock: list[int]
) -> None:
    log(company, "L125", "later", date=date(2024, 10, 12))
    made = make_list(company, silent)
    assert made.blocked[LATER] == 1
    assert "L125" not in [row["lead_id"] for row in page(company).rows]
    clock[0] += 4 * DAY
    make_list(company, silent, places=1)
    first = page(company).rows[0]
    assert (first["lead_id"], first["why_now"], first["next_step"], first["chance"]) == (
        "L125", "you agreed on today", "Call back as agreed", 1.0)  # fmt: skip
    log(company, "L125", "no_answer")
    clock[0] += 5 * DAY
    make_list(company, silent)
    lines = {row["lead_id"]: row for row in page(company).rows}
    assert lines["L125"]["next_step"].startswith("Try again")


def test_numbers_and_days_as_people_type_them() -> None:
    assert [amount_of(t) for t in ("1200", " 1 200,50 ", "1.200,50", "1,200.50", "")] == [
        1200.0, 1200.5, 1200.5, 1200.5, None]  # fmt: skip
    assert day_of_text("2026-12-24") == date(2026, 12, 24)
    for typed in ("1,200", "1.200", "-12,000"):
        with pytest.raises(SettingsError, match="could be"):
            amount_of(typed)
    assert amount_of("0.125") == 0.125
    for wrong in (lambda: amount_of("much"), lambda: day_of_text("tomorrow")):
        with pytest.raises(SettingsError):
            wrong()
    assert checked_outcome(OutcomeRequest("x", " No answer ")).what == "no_answer"
