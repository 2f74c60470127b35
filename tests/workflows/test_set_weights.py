"""Weights of the qualification card: versions, cards weighed anew, and what that moves."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sample_company import fill_valued_workspace, make_workspace
from stored import listed, put_scores, recent_runs, rows_in_use

from redumbrella.decisions.qualification import checked_weights, weighted
from redumbrella.errors import SettingsError
from redumbrella.state.scores import scores
from redumbrella.views.leads import LEADS
from redumbrella.views.weights import change_to, current_weights, weights_history
from redumbrella.workflows.set_weights import set_weights, weigh_again
from redumbrella.workspace import Workspace


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Workspace]:
    workspace = fill_valued_workspace(tmp_path)
    yield workspace
    workspace.state.close()


def stored(workspace: Workspace) -> dict[str, dict[str, Any]]:
    rows = rows_in_use(workspace.state, scores, "conversion")
    return {row["lead_id"]: {**row, "details": orjson.loads(row["details"])} for row in rows}


def order(workspace: Workspace) -> list[str]:
    return [row["lead_id"] for row in listed(workspace, LEADS, sort="-qualification").rows]


def test_every_card_has_the_new_total_and_nothing_else_changes(company: Workspace) -> None:
    before = stored(company)
    result = set_weights(company, {"profit": 3.0, "ease_of_conversion": 0.0}, "Ana", "money")
    after = stored(company)
    assert result.current.version == 1
    assert dict(result.current.weights) == {
        "ease_of_conversion": 0.0, "ease_of_delivery": 1.0, "profit": 3.0, "fit": 1.0}  # fmt: skip
    for lead_id, row in after.items():
        card = row["details"].pop("card")
        part = {criterion["name"]: criterion["score"] for criterion in card["criteria"]}
        weights = {name: result.current.weights[name] for name in part}
        whole = sum(weights.values())
        total = sum(weights[name] * part[name] for name in part) / whole
        assert row["qualification"] == pytest.approx(total)
        assert card["total"] == row["qualification"]
        assert card["low"] <= card["total"] <= card["high"]
        assert card["weights_version"] == 1
        old = before[lead_id]
        assert card["criteria"] == old["details"].pop("card")["criteria"]
        assert row["details"] == old["details"]
        assert all(row[name] == old[name] for name in ("probability", "expected_value", "reasons"))
    assert any(after[n]["qualification"] != before[n]["qualification"] for n in after)


def test_the_moves_are_those_of_the_list(company: Workspace) -> None:
    before = order(company)
    (moves,) = set_weights(company, {"profit": 9.0}).targets
    after = order(company)
    assert (moves.target, moves.cards, moves.first) == ("conversion", 60, 50)
    assert moves.changed == len(set(after[:50]) - set(before[:50]))
    assert len(moves.moved) == 20
    for move in moves.moved:
        assert before.index(move.lead_id) + 1 == move.place_before
        assert after.index(move.lead_id) + 1 == move.place_after
    ways = [abs(after.index(n) - before.index(n)) for n in after]
    shown = [abs(move.place_before - move.place_after) for move in moves.moved]
    assert shown == sorted(ways, reverse=True)[:20]


def test_equal_weights_move_nobody(company: Workspace) -> None:
    (moves,) = set_weights(
        company, {"profit": 5.0, "fit": 5.0, "ease_of_delivery": 5.0, "ease_of_conversion": 5.0}
    ).targets
    assert (moves.changed, moves.moved) == (0, ())


def test_versions_are_kept_with_who_when_and_why(company: Workspace) -> None:
    assert weights_history(company).current.version == 0
    set_weights(company, {"profit": 2.0}, "Ana", "this quarter")
    set_weights(company, {"fit": 0.0}, "Rui")
    history = weights_history(company)
    assert [version.version for version in history.versions] == [2, 1, 0]
    assert history.current == history.versions[0] == current_weights(company)
    assert (history.current.weights["profit"], history.current.weights["fit"]) == (2.0, 0.0)
    assert [(v.set_by, v.note) for v in history.versions[:2]] == [
        ("Rui", ""), ("Ana", "this quarter")]  # fmt: skip
    assert history.current.set_at is not None
    change = change_to(company, 1)
    assert change is not None
    assert (change["before"]["version"], change["current"]["note"]) == (0, "this quarter")
    assert change_to(company, 7) is None


@pytest.mark.parametrize(
    ("weights", "words", "reason"),
    [
        ({"profits": 1.0}, 'Did you mean "profit"', "unknown_criterion"),
        ({"profit": -1.0}, "expected a number from 0 up", "bad_weight"),
        ({"profit": float("nan")}, "expected a number from 0 up", "bad_weight"),
        ({"profit": float("inf")}, "expected a number from 0 up", "bad_weight"),
        (dict.fromkeys(checked_weights({"fit": 1}), 0.0), "All weights are zero", "bad_weight"),
    ],
)
def test_impossible_weights_change_nothing(
    company: Workspace, weights: dict[str, float], words: str, reason: str
) -> None:
    before = stored(company)
    with pytest.raises(SettingsError, match=words) as problem:
        set_weights(company, weights)
    assert problem.value.reason == reason
    assert stored(company) == before
    assert current_weights(company).version == 0


def test_a_long_note_is_refused(company: Workspace) -> None:
    with pytest.raises(SettingsError, match="at most 500"):
        set_weights(company, {"fit": 2.0}, note="x" * 501)


def test_a_failure_in_the_middle_leaves_weights_and_cards_as_they_were(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(company)

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("redumbrella.workflows.set_weights.add_weighting", fail)
    with pytest.raises(RuntimeError):
        set_weights(company, {"profit": 2.0})
    assert current_weights(company).version == 0
    assert stored(company) == before
    last = recent_runs(company)[0]
    assert (last["status"], last["message"]) == ("crashed", "RuntimeError: power cut")


def test_scores_written_with_older_weights_are_weighed_again(company: Workspace) -> None:
    used = current_weights(company)
    rows = [
        {name: value for name, value in row.items() if name not in {"target", "search"}}
        for row in stored(company).values()
    ]
    set_weights(company, {"profit": 7.0})
    wanted = {lead_id: row["qualification"] for lead_id, row in stored(company).items()}
    put_scores(company, "conversion", rows)  # a scoring that began before the change
    weigh_again(company, used)
    assert {n: row["qualification"] for n, row in stored(company).items()} == wanted


def test_two_at_once_make_two_versions_and_agreeing_cards(company: Workspace) -> None:
    threads = [
        threading.Thread(target=set_weights, args=(company, {name: 2.0}))
        for name in ("profit", "fit")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    newest = current_weights(company)
    assert newest.version == 2
    assert (newest.weights["profit"], newest.weights["fit"]) == (2.0, 2.0)
    for row in stored(company).values():
        card = row["details"]["card"]
        parts = [(c["name"], c["score"], c["low"], c["high"]) for c in card["criteria"]]
        assert row["qualification"] == weighted(parts, newest.weights)[0]
        assert card["weights_version"] == 2


def test_without_scores_weights_wait_for_the_next_scoring(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    assert set_weights(workspace, {"fit": 0.0}).targets == ()
    assert current_weights(workspace).weights["fit"] == 0.0
    workspace.state.close()
