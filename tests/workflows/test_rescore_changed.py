"""Only the leads of whom something was read are scored again, exactly as scoring everybody does."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from history_world import stamp, write_history_company
from stored import rows_in_use, scoring_of

import redumbrella.workflows.recorded as recording
import redumbrella.workflows.rescore_changed as rescoring
from redumbrella.cli.score import command
from redumbrella.clock import to_datetime, to_microseconds
from redumbrella.errors import SettingsError
from redumbrella.features.facts import read_facts
from redumbrella.lake.extract import everything_of
from redumbrella.outcomes import OutcomeRequest
from redumbrella.progress import silent
from redumbrella.python_api import OpenedWorkspace
from redumbrella.state.history import score_changes, scored_days
from redumbrella.state.scores import scores
from redumbrella.views.lead import lead_detail
from redumbrella.views.score_change import explain_change
from redumbrella.views.score_history import score_history
from redumbrella.views.weights import current_weights
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.log_outcome import log_outcome, undo_outcome
from redumbrella.workflows.rescore_changed import RescoreResult, rescore_changed
from redumbrella.workflows.score import score
from redumbrella.workflows.set_weights import set_weights
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_and_trees")

NOW = datetime(2024, 10, 8, 3, tzinfo=UTC)
HOUR = 3_600_000_000
MORE = """\
[tables.people]
path = "people.csv"
[tables.people.columns]
person_id = "person"
known_at = "known"
[tables.identities]
path = "identities.csv"
[tables.products]
path = "products.csv"
[tables.products.columns]
product_id = "product"
product_type = "type"
[tables.events]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company with visitors, profiles and products, trained and scored once for all tests."""
    folder = tmp_path_factory.mktemp("company")
    workspace = write_history_company(folder, leads=120, open_leads=60)
    settings = (folder / "umbrella.toml").read_text().replace("[tables.events]\n", MORE)
    settings = settings.replace('amount = "amount"', 'amount = "amount"\nproduct_id = "product"')
    kinds = 'kind = "kind"\n[tables.purchases]'
    settings = settings.replace(kinds, f'event_id = "id"\nanonymous_id = "visitor"\n{kinds}')
    (folder / "umbrella.toml").write_text(settings)
    (folder / "people.csv").write_text(
        "person,known,job\n"
        + "".join(
            f"P{n},2023-12-01T08:30:00+00:00,{['clerk', 'baker'][n % 2]}\n" for n in range(180)
        )
    )
    (folder / "identities.csv").write_text(
        "anonymous_id,person_id,at\nv1,P3,2024-01-02T00:00:00Z\n"
    )
    (folder / "products.csv").write_text("product,type\nA,book\nB,book\n")
    visits = (folder / "visits.csv").read_text().splitlines()
    lines = [f"{line},{n}," for n, line in enumerate(visits[1:])]
    lines += [f",2024-09-0{n % 9 + 1}T10:00:00Z,pricing_view,v{n},v2" for n in range(5)]
    (folder / "visits.csv").write_text("\n".join([f"{visits[0]},id,visitor", *lines]) + "\n")
    bought = (folder / "purchases.csv").read_text().splitlines()
    lines = [f"{line},{'AB'[n % 2]}" for n, line in enumerate(bought[1:])]
    lines += ["P150,2024-06-01T10:00:00Z,20,C"]
    (folder / "purchases.csv").write_text("\n".join([f"{bought[0]},product", *lines]) + "\n")
    workspace.state.close()
    workspace = open_workspace(folder)
    ingest(workspace)
    moment = to_microseconds(NOW)
    train(workspace, silent, target_name="conversion", as_of=moment)
    workspace.state.close()
    return folder


@pytest.fixture(scope="module")
def scored(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its first list."""
    folder = tmp_path_factory.mktemp("scored") / "company"
    shutil.copytree(trained, folder)
    workspace = open_workspace(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "now", lambda: to_microseconds(NOW))
        score(workspace, silent, target_name="conversion")
    workspace.state.close()
    return folder


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the clock of verbs says: its only number."""
    moment = [to_microseconds(NOW)]
    monkeypatch.setattr(recording, "now", lambda: moment[0])
    return moment


@pytest.fixture
def company(scored: Path, tmp_path: Path, clock: list[int]) -> Iterator[Workspace]:
    folder = tmp_path / "company"
    shutil.copytree(scored, folder)
    workspace = open_workspace(folder)
    clock[0] += 6 * HOUR
    yield workspace
    workspace.state.close()


def write(workspace: Workspace, name: str, *lines: str) -> None:
    """More lines in a source."""
    with (workspace.root / f"{name}.csv").open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def add(workspace: Workspace, name: str, *lines: str) -> None:
    """More lines in a source, read."""
    write(workspace, name, *lines)
    ingest(workspace)


def at(clock: list[int], hours: float = -1) -> str:
    """A moment some hours from now, as files write it."""
    return stamp(datetime.fromtimestamp(clock[0] / 1e6 + 3_600 * hours, UTC))


def listed(workspace: Workspace) -> dict[str, dict[str, Any]]:
    found = {row["lead_id"]: row for row in rows_in_use(workspace.state, scores, "conversion")}
    for row in found.values():
        row |= {name: orjson.loads(row[name]) for name in ("reasons", "details")}
    return found


def near(one: Any, other: Any) -> bool:
    """Whether two values are the same but for the last bits of numbers."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, float):
        return bool(one == pytest.approx(other, rel=1e-9, abs=1e-9))
    return bool(one == other)


def same_as_whole(workspace: Workspace, clock: list[int]) -> set[str]:
    """The leads that were rescored now; asserts that scoring all gives them the same rows."""
    alone = listed(workspace)
    days = history(workspace)
    own = {lead for lead, row in alone.items() if row["scored_at"] == clock[0]}
    score(workspace, silent, target_name="conversion")
    whole = listed(workspace)
    assert alone.keys() == whole.keys()
    for lead in own:
        for name in whole[lead].keys() - {"percentile", "grade"}:
            assert near(alone[lead][name], whole[lead][name]), (lead, name)
    # What the history has of them is what the night would have written, but for grades' moves.
    for lead in own:
        assert history(workspace).get(lead, days.get(lead)) == pytest.approx(days.get(lead))
    return own


def history(workspace: Workspace) -> dict[str, tuple[float, float | None]]:
    """Probability and step of the last day, by lead."""
    with workspace.state.reading() as connection:
        last = scored_days(connection, "conversion")[-1]["day"]
        rows = connection.execute(score_changes.select()).mappings().all()
    return {r["lead_id"]: (r["probability"], r["change"]) for r in rows
            if r["day"] == last and r["target"] == "conversion"}  # fmt: skip


def call(clock: list[int], lead: str, hours: float = -1, seconds: int = 900) -> str:
    return f"{lead},{at(clock, hours)},call,talked,{seconds},r1"


@pytest.mark.parametrize("few", [200, 0], ids=["by name", "in one pass"])
def test_only_the_leads_concerned_are_scored_as_scoring_all_does(
    company: Workspace, clock: list[int], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "FEW", few)
    monkeypatch.setattr(rescoring, "MOST", 2.0)
    before = listed(company)
    write(company, "calls", call(clock, "L130"), call(clock, "L131", seconds=20))
    add(company, "visits", f"P132,{at(clock, -2)},pricing_view,e1,")
    result = rescore_changed(company)
    after = listed(company)
    assert result.said == ()
    assert (result.leads, result.scored, result.left, result.closed) == (3, 3, 0, 0)
    assert result.seconds["conversion"] > 0
    assert result.whole == ()
    moved = {lead for lead in after if after[lead] != before[lead]}
    assert moved == {"L130", "L131", "L132"}
    assert after["L130"]["probability"] != before["L130"]["probability"]
    assert after["L130"]["scored_at"] == clock[0] != after["L140"]["scored_at"]
    assert same_as_whole(company, clock) == moved


@pytest.mark.parametrize("few", [200, 0], ids=["by name", "in one pass"])
def test_new_leads_come_and_closed_ones_go(
    company: Workspace, clock: list[int], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "FEW", few)
    monkeypatch.setattr(rescoring, "MOST", 2.0)
    lines = (company.root / "leads.csv").read_text()
    old = next(line for line in lines.splitlines() if line.startswith("L130,"))
    closed = old.split(",")
    closed[3:5] = [at(clock, -3), "1"]
    text = lines.replace(old, ",".join(closed))
    text += f"L900,P150,{at(clock, -2)},,,3,\nL901,P901,{at(clock, 2)},,,3,\n"
    (company.root / "leads.csv").write_text(text)
    ingest(company)
    result = rescore_changed(company)
    assert (result.scored, result.left, result.closed) == (2, 1, 1)  # L900 and L150 of P150
    assert "L130" not in listed(company)
    assert "L901" not in listed(company)
    scoring = scoring_of(company, "conversion")
    assert scoring is not None
    assert scoring["asked"] == len(listed(company))
    assert same_as_whole(company, clock) == {"L900", "L150"}


def _profile(company: Workspace, clock: list[int]) -> set[str]:
    add(company, "people", f"P133,{at(clock)},baker")
    return {"L133"}


def _visitor(company: Workspace, clock: list[int]) -> set[str]:
    add(company, "identities", f"v2,P134,{at(clock)}")
    return {"L134"}


def _of_visitor(company: Workspace, clock: list[int]) -> set[str]:
    add(company, "identities", f"v2,P134,{at(clock)}")
    rescore_changed(company)
    add(company, "visits", f",{at(clock)},pricing_view,e2,v2")
    return {"L134"}


def _sale(company: Workspace, clock: list[int]) -> set[str]:
    add(company, "purchases", f"P135,{at(clock)},70,A")
    return {"L135"}


def _product(company: Workspace, clock: list[int]) -> set[str]:
    add(company, "products", "C,course")
    return {"L150"}


def _same_product(company: Workspace, clock: list[int]) -> set[str]:
    (company.root / "products.csv").write_text("product,type,price\nA,book,3\nB,book,4\n")
    ingest(company)
    return set()


def _corrected(company: Workspace, clock: list[int]) -> set[str]:
    """An event that turns out to be somebody else's."""
    add(company, "visits", f"P136,{at(clock)},pricing_view,e3,")
    rescore_changed(company)
    visits = (company.root / "visits.csv").read_text()
    (company.root / "visits.csv").write_text(visits.replace("P136,", "P137,"))
    ingest(company)
    later = to_microseconds(datetime(2100, 1, 1, tzinfo=UTC))  # than both were read
    for lake in (company.lake, everything_of(company.lake, ["P136"], ["L136"])):
        found = read_facts(lake, later).tables["events"].to_pylist()
        new = [row for row in found if row["at"] >= to_datetime(clock[0]) - timedelta(hours=2)]
        assert {row["person_id"] for row in new} == {"P137"}
    return {"L136", "L137"}


@pytest.mark.parametrize("few", [200, 0], ids=["by name", "in one pass"])
@pytest.mark.parametrize(
    "read", [_profile, _visitor, _of_visitor, _sale, _product, _same_product, _corrected]
)
def test_whatever_a_score_is_made_of_makes_it_anew(
    company: Workspace, clock: list[int], read: Any, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "FEW", few)
    monkeypatch.setattr(rescoring, "MOST", 2.0)
    wanted = read(company, clock)
    clock[0] += HOUR
    result = rescore_changed(company)
    assert result.scored == len(wanted)
    assert same_as_whole(company, clock) == wanted


def test_what_was_read_once_is_not_done_twice(company: Workspace, clock: list[int]) -> None:
    nothing = rescore_changed(company)
    assert replace(nothing, seconds={}) == RescoreResult()
    assert set(nothing.seconds) == {"conversion", "buys"}
    add(company, "calls", call(clock, "L130"))
    assert rescore_changed(company).scored == 1
    assert rescore_changed(company).leads == 0
    clock[0] += HOUR
    add(company, "calls", call(clock, "L131"))
    assert rescore_changed(company).leads == 1


def test_where_most_leads_are_concerned_all_are_scored_and_it_is_said(
    company: Workspace, clock: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "FEW", 20)
    add(company, "calls", *[call(clock, f"L{n}") for n in range(125, 175)])
    result = rescore_changed(company)
    assert (result.leads, result.scored, result.whole) == (50, 60, ("conversion",))
    assert 'The whole list of "conversion" was scored: 50 of its leads' in result.said[0]
    assert {row["scored_at"] for row in listed(company).values()} == {clock[0]}
    assert rescore_changed(company).leads == 0


def test_sources_that_are_read_from_the_start_concern_everybody(
    company: Workspace, clock: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "FEW", 20)
    ingest(company, reread=["activities"])
    assert rescore_changed(company).whole == ("conversion",)


def test_a_place_that_is_taken_anew_is_not_missed(company: Workspace, clock: list[int]) -> None:
    """An outcome that is undone leaves its place in the order of reading to the next fact."""
    log_outcome(company, OutcomeRequest("L130", "reached", minutes=9.0))
    rescore_changed(company)
    undo_outcome(company, 1)
    clock[0] += HOUR
    add(company, "calls", call(clock, "L131"))
    result = rescore_changed(company)
    assert result.scored >= 1
    assert "L131" in same_as_whole(company, clock)


def test_killed_at_any_moment_the_next_one_does_the_rest(
    company: Workspace, clock: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, past = listed(company), history(company)
    add(company, "calls", call(clock, "L130"))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    for name in ("leads_read_of", "everything_of", "moves_of_day", "note_change"):
        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            patch.setattr(rescoring, name, killed)
            rescore_changed(company)
        assert (listed(company), history(company)) == (before, past)
    assert rescore_changed(company).scored == 1
    assert same_as_whole(company, clock) == {"L130"}


def test_lists_of_the_past_and_of_people_are_left_alone(
    company: Workspace, clock: list[int]
) -> None:
    train(company, silent, target_name="buys", as_of=clock[0])
    score(company, silent, target_name="buys")
    score(company, silent, target_name="conversion", as_of=clock[0] - 60 * 24 * HOUR)
    before = listed(company)
    add(company, "calls", call(clock, "L130"))
    said = " ".join(rescore_changed(company).said)
    assert listed(company) == before
    assert 'The list of "conversion" is one of the past' in said
    assert '"buys" is about people' in said


def test_weights_that_were_set_meanwhile_count(
    company: Workspace, clock: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(company, "calls", call(clock, "L130"))
    place = rescoring.UsedList.place

    def placed(used: Any, *more: Any) -> None:
        set_weights(company, {"profit": 7.0})
        monkeypatch.setattr(rescoring.UsedList, "place", place)
        place(used, *more)

    monkeypatch.setattr(rescoring.UsedList, "place", placed)
    assert rescore_changed(company).scored == 1
    rows = listed(company).values()
    newest = current_weights(company).version
    assert newest > 0
    assert {row["details"]["card"]["weights_version"] for row in rows} == {newest}
    assert same_as_whole(company, clock) == {"L130"}


def test_steps_add_up_through_days_and_nights(company: Workspace, clock: list[int]) -> None:
    """Nights and hours in any mixture: the steps of a lead sum to what its score moved."""
    seen = {lead: [row["probability"]] for lead, row in listed(company).items()}
    day = 24 * HOUR
    for night in range(3):
        for hour in (1, 5, 13 if night != 2 else 19):  # once past midnight before the night
            clock[0] += hour * HOUR
            lead = f"L{130 + night}"
            write(company, "calls", call(clock, lead, seconds=900 if hour != 5 else 10))
            add(company, "visits", f"P13{9 - night},{at(clock)},pricing_view,n{night}{hour},")
            rescore_changed(company)
            if hour == 5:
                log_outcome(company, OutcomeRequest("L139", "reached", minutes=3.0))
            check_steps(company)
        clock[0] = to_microseconds(NOW) + (night + 1) * day
        score(company, silent, target_name="conversion")
        if night == 1:  # a second scoring of the day, after one that was in the day
            clock[0] += HOUR
            add(company, "calls", call(clock, "L138"))
            rescore_changed(company)
            score(company, silent, target_name="conversion")
        check_steps(company)
    for lead, row in listed(company).items():
        seen[lead].append(row["probability"])
    assert any(abs(first - last) > 0.05 for first, last in seen.values())


def check_steps(company: Workspace) -> None:
    """Each lead's first score and steps sum to what the list says, within what is not written."""
    with company.state.reading() as connection:
        rows = connection.execute(score_changes.select().order_by(score_changes.c.day)).mappings()
        by_lead: dict[str, list[Any]] = {}
        for row in rows:
            by_lead.setdefault(row["lead_id"], []).append(row)
    for lead, score_row in listed(company).items():
        steps = by_lead[lead]
        assert steps[0]["change"] is None
        assert [one["change"] is None for one in steps[1:]] == [False] * (len(steps) - 1)
        total = steps[0]["probability"] + sum(one["change"] for one in steps[1:])
        assert total == pytest.approx(steps[-1]["probability"], abs=2e-6)
        assert total == pytest.approx(score_row["probability"], abs=0.0056)


def test_a_jump_in_the_day_is_told_and_explained_at_once(
    company: Workspace, clock: list[int]
) -> None:
    clock[0] += 24 * HOUR
    score(company, silent, target_name="conversion")
    clock[0] += HOUR
    before = listed(company)["L130"]["probability"]
    add(company, "calls", call(clock, "L130"), call(clock, "L130", -0.5))
    rescore_changed(company)
    after = listed(company)["L130"]["probability"]
    assert abs(after - before) > 0.02
    past = score_history(company, "L130")
    assert past.steps[-1].cause == "did"
    assert past.probabilities[-1] == pytest.approx(after, abs=1e-4)
    change = explain_change(company, "L130")
    assert change.probability == pytest.approx(after, abs=1e-9)
    parts = {part.name: part.change for part in change.parts}
    assert abs(parts["did"]) > 0.02
    assert sum(parts.values()) == pytest.approx(change.log_odds - change.log_odds_before)


def test_an_outcome_that_was_logged_is_in_history_and_explanation(
    company: Workspace, clock: list[int]
) -> None:
    clock[0] += 24 * HOUR
    score(company, silent, target_name="conversion")
    clock[0] += HOUR
    before = score_history(company, "L130").probabilities[-1]
    log_outcome(company, OutcomeRequest("L130", "reached", minutes=9.0))
    after = listed(company)["L130"]["probability"]
    assert abs(after - before) > 0.01
    past = score_history(company, "L130")
    assert past.probabilities[-1] == pytest.approx(after, abs=1e-4)
    assert past.steps[-1].cause == "did"
    assert explain_change(company, "L130").probability == pytest.approx(after, abs=1e-9)
    check_steps(company)


def test_the_command_and_python_do_the_same(company: Workspace, clock: list[int]) -> None:
    add(company, "calls", call(clock, "L130"))
    folder = str(company.root)
    asked = ["-w", folder, "--changed"]
    said = CliRunner().invoke(command, [*asked, "--target", "conversion"])
    assert isinstance(said.exception, SettingsError)
    said = CliRunner().invoke(command, asked)
    assert said.stdout.startswith("Scored 1 open lead again, in ")
    said = CliRunner().invoke(command, asked)
    assert said.stdout == "Nothing was read about an open lead since it was scored.\n"
    add(company, "calls", call(clock, "L131"))
    with OpenedWorkspace(folder) as ws:
        assert ws.score_changed().scored == 1
        rows = {row["lead_id"]: row for row in ws.leads()}
    assert rows["L131"]["scored_at"] == to_datetime(clock[0]) > rows["L140"]["scored_at"]
    detail = lead_detail(company, "L131")
    assert detail.score["scored_at"] == to_datetime(clock[0])


def test_days_begin_with_the_zone_and_make_the_day_they_need(
    company: Workspace, clock: list[int]
) -> None:
    clock[0] += 20 * HOUR  # past midnight, before the night's scoring
    add(company, "calls", call(clock, "L130"))
    rescore_changed(company)
    with company.state.reading() as connection:
        days = scored_days(connection, "conversion")
    assert [one["day"] - days[0]["day"] for one in days] == [0, 1]
    assert set(history(company)) == {"L130"}
    clock[0] += HOUR + timedelta(hours=1).seconds
    score(company, silent, target_name="conversion")
    with company.state.reading() as connection:
        assert len(scored_days(connection, "conversion")) == 2
    check_steps(company)


def test_nothing_scored_is_nothing_to_do(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "bare")
    workspace = open_workspace(tmp_path / "bare")
    result = rescore_changed(workspace)
    assert (result.leads, result.said) == (0, ())
    workspace.state.close()
