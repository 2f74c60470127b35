"""From scores to today's list: rules of contact, places, what is kept, and bad input."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sample_company import AS_OF, fill_workspace, make_workspace

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime
from redumbrella.errors import ModelError, NotFoundError
from redumbrella.progress import silent
from redumbrella.state.scores import record_scoring
from redumbrella.state.work import worklist_of
from redumbrella.views.assignment import ASSIGNMENT
from redumbrella.views.lead import check_seen, lead_detail
from redumbrella.views.list_worth import list_worth
from redumbrella.views.listing import list_page
from redumbrella.views.score_history import score_history
from redumbrella.views.today import TODAY, is_due
from redumbrella.workflows.make_list import make_list
from redumbrella.workspace import Workspace, open_workspace

NOW = AS_OF + MICROSECONDS_PER_DAY
RULES = '\n[list]\norder = "probability"\nexplore = 0.0\ncontrol = 0.0\n'


def company(root: Path, rules: str = RULES, leads: int = 60) -> Workspace:
    workspace = fill_workspace(root, leads)
    _as_scored(workspace)
    workspace.state.close()
    toml = root / "umbrella.toml"
    toml.write_text(toml.read_text("utf-8") + rules, "utf-8")
    return open_workspace(root)


SCORING = {"target": "conversion", "scored_at": AS_OF, "as_of": AS_OF, "asked": 60,
           "model_version": "conversion-20101101-093000", "inputs": "", "lake": {},
           "ranked_by": "probability", "month_of": ""}  # fmt: skip


def _as_scored(workspace: Workspace) -> None:
    with workspace.state.writing() as connection:
        record_scoring(connection, SCORING)


def add_activities(workspace: Workspace, *rows: dict[str, Any]) -> None:
    base = {"person_id": None, "lead_id": None, "kind": "call", "activity_id": None,
            "product_id": None, "rep_id": None, "outcome": None, "duration_s": None}  # fmt: skip
    time = pa.timestamp("us", tz="UTC")
    full = [{**base, **row, "_ingested_at": to_datetime(AS_OF), "_order": n, "_row_hash": n}
            for n, row in enumerate(rows)]  # fmt: skip
    types = {"at": time, "_ingested_at": time, "_order": pa.int64(), "_row_hash": pa.int64(),
             "duration_s": pa.float64()}  # fmt: skip
    schema = pa.schema([(name, types.get(name, pa.string())) for name in full[0]])
    workspace.lake.append("activities", pa.Table.from_pylist(full, schema=schema))


def lines(workspace: Workspace, **asked: str) -> list[dict[str, Any]]:
    return list_page(workspace, TODAY, TODAY.query(asked)).rows


def days_ago(days: float) -> datetime:
    return to_datetime(NOW) - timedelta(days=days)


def test_the_likeliest_are_on_the_list_and_its_record_is_whole(tmp_path: Path) -> None:
    with_rules = RULES.replace("explore = 0.0", "explore = 0.2")
    with_rules = with_rules.replace("control = 0.0", "control = 0.1")
    workspace = company(tmp_path / "w", with_rules)
    made = make_list(workspace, silent, places=20, as_of=NOW)
    assert (made.lines, made.candidates) == (20, 60)
    shown = lines(workspace)
    assert [row["place"] for row in shown] == list(range(1, 21))
    assert sum(row["is_trial"] for row in shown) == made.tried_out > 0
    kept = workspace.snapshots.query("SELECT * FROM worklists").to_pylist()
    assert len(kept) == 60
    assert sum(row["chance"] for row in kept) == pytest.approx(20)
    by_lead = {row["lead_id"]: row for row in kept}
    for row in shown:
        assert by_lead[row["lead_id"]]["place"] == row["place"]
        assert by_lead[row["lead_id"]]["chance"] == pytest.approx(row["chance"])
    assert sum(row["place"] is not None for row in kept) == 20
    workspace.state.close()


def test_the_next_list_takes_the_place_and_the_lake_keeps_both(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    make_list(workspace, silent, places=5, as_of=NOW)
    make_list(workspace, silent, places=7, as_of=NOW + MICROSECONDS_PER_DAY)
    assert len(lines(workspace)) == 7
    found = workspace.snapshots.query(
        "SELECT number, count(place) AS listed FROM worklists GROUP BY 1 ORDER BY 1"
    ).to_pylist()
    assert [(row["number"], row["listed"]) for row in found] == [(1, 5), (2, 7)]
    workspace.state.close()


def test_it_is_of_the_day_in_the_time_zone(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    assert is_due(workspace, None, NOW)
    make_list(workspace, silent, places=5, as_of=NOW)
    assert not is_due(workspace, None, NOW)
    assert is_due(workspace, None, NOW + MICROSECONDS_PER_DAY)
    workspace.state.close()


def test_who_was_contacted_lately_is_left_alone(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    add_activities(
        workspace,
        {"lead_id": "L-1001", "at": days_ago(1.0), "outcome": "no answer"},
        {"lead_id": "L-1002", "at": days_ago(5.0), "outcome": "no answer"},
        {"person_id": "L-1003", "at": days_ago(0.5)},
        {"lead_id": "L-1004", "at": days_ago(0.5), "kind": "invoice"},
        {"lead_id": "L-1005", "at": days_ago(-1.0)},
    )
    made = make_list(workspace, silent, places=60, as_of=NOW)
    listed = {row["lead_id"]: row for row in lines(workspace, page_size="100")}
    assert made.blocked == {"were contacted in the last 2 days": 2}
    assert set(listed) >= {"L-1002", "L-1004", "L-1005"}
    assert not {"L-1001", "L-1003"} & set(listed)
    assert listed["L-1002"]["next_step"] == "Try again (2nd try)"
    assert listed["L-1002"]["why_now"] == "nothing new since the call 5 days ago (no answer)"
    assert listed["L-1005"]["next_step"] == "First contact"  # that call is still to come
    workspace.state.close()


def test_a_mass_mail_is_no_contact_where_reps_sign_theirs(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    add_activities(
        workspace,
        {"lead_id": "L-1001", "at": days_ago(1.0), "rep_id": "R-1"},
        {"lead_id": "L-1002", "at": days_ago(1.0), "kind": "mail"},
    )
    made = make_list(workspace, silent, places=60, as_of=NOW)
    assert sum(made.blocked.values()) == 1
    workspace.state.close()


def test_a_wish_not_to_be_contacted_is_kept_and_said(tmp_path: Path) -> None:
    """Guessed by its name, a field that is named under [list], and one that nobody has."""
    workspace = company(tmp_path / "w")
    made = make_list(workspace, silent, places=60, as_of=NOW)
    assert made.blocked == {}
    workspace.state.close()
    for name, rules in (("newsletter", 'do_not_contact = ["newsletter"]'),
                        ("Newsletter", 'do_not_contact = ["Newsletter"]')):  # fmt: skip
        opened = company(tmp_path / name, f"{RULES}{rules}\n")
        made = make_list(opened, silent, places=60, as_of=NOW)
        if name == "newsletter":
            assert made.blocked == {"want no contact": 30}
        else:
            assert made.blocked == {}
            assert "blocks nobody" in made.said[0]
        opened.state.close()


def test_capacity_nobody_and_no_scores(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    assert make_list(workspace, silent, places=0, as_of=NOW).lines == 0
    page = list_page(workspace, TODAY, TODAY.query({}))
    assert page.is_empty
    assert "without any place" in TODAY.nothing(workspace, None)
    assert make_list(workspace, silent, as_of=NOW).lines == 20  # no reps: the capacity of [list]
    workspace.state.close()
    bare = make_workspace(tmp_path / "bare")
    assert not is_due(bare, None, NOW)
    with pytest.raises(ModelError) as refused:
        make_list(bare, silent)
    assert refused.value.reason == "no_scores"
    bare.state.close()


def test_all_have_room_and_nothing_is_tried_out(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w", '\n[list]\norder = "probability"\n')
    made = make_list(workspace, silent, places=500, as_of=NOW)
    assert (made.lines, made.tried_out) == (60, 0)
    assert "nothing is tried out" in made.said[-1]
    assert np.allclose([row["chance"] for row in lines(workspace)], 1.0)
    workspace.state.close()


def test_a_list_that_was_not_put_into_use_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = company(tmp_path / "w")
    make_list(workspace, silent, places=5, as_of=NOW)
    before = lines(workspace)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("redumbrella.workflows.make_list.take_into_use", killed)
        with pytest.raises(KeyboardInterrupt):
            make_list(workspace, silent, places=9, as_of=NOW)
    assert lines(workspace) == before
    make_list(workspace, silent, places=9, as_of=NOW)
    with workspace.state.reading() as connection:
        made = worklist_of(connection, "conversion")
    assert made is not None
    own = f"number = {made['number']}"  # what the killed one noted under this number is replaced
    found = workspace.snapshots.query(f"SELECT count(place) AS n FROM worklists WHERE {own}")
    assert found["n"][0].as_py() == 9
    workspace.state.close()


def add_reps(workspace: Workspace, *rows: dict[str, Any]) -> None:
    full = [{"_order": n, "_row_hash": n, "_ingested_at": to_datetime(AS_OF), **row}
            for n, row in enumerate(rows)]  # fmt: skip
    types = {"_ingested_at": pa.timestamp("us", tz="UTC"), "_order": pa.int64(),
             "_row_hash": pa.int64(), "minutes_per_day": pa.float64(),
             "capacity_per_day": pa.float64()}  # fmt: skip
    schema = pa.schema([(name, types.get(name, pa.string())) for name in full[0]])
    workspace.lake.append("reps", pa.Table.from_pylist(full, schema=schema))


def test_reps_take_the_lines_within_their_time(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    add_activities(workspace, {"lead_id": "gone", "at": days_ago(9), "duration_s": 600.0})
    add_reps(
        workspace,
        {"rep_id": "R-1", "name": "Ana", "minutes_per_day": 35.0, "capacity_per_day": None},
        {"rep_id": "R-2", "name": None, "minutes_per_day": 480.0, "capacity_per_day": 2.0},
        {"rep_id": "R-3", "name": "Off", "minutes_per_day": 0.0, "capacity_per_day": None},
    )
    made = make_list(workspace, silent, as_of=NOW)
    assert made.lines == 5  # three times ten minutes, and two leads
    shown = lines(workspace)
    assert sorted(row["rep_id"] for row in shown) == ["R-1"] * 3 + ["R-2"] * 2
    assert all(row["assigned"] for row in shown)
    assert {row["rep_id"] for row in lines(workspace, rep="R-1")} == {"R-1"}
    page = list_page(workspace, ASSIGNMENT, ASSIGNMENT.query({}))
    table = {row["rep_id"]: row for row in page.rows}
    assert (table["R-1"]["lines"], table["R-1"]["minutes_free"]) == (3, 5.0)
    assert (table["R-2"]["lines"], table["R-2"]["name"]) == (2, "R-2")
    assert (table["R-3"]["lines"], table["R-3"]["places"]) == (0, 0)
    assert page.around["nobody"] == {}
    assert make_list(workspace, silent, places=9, as_of=NOW).lines == 9
    page = list_page(workspace, ASSIGNMENT, ASSIGNMENT.query({}))
    assert page.around["nobody"] == {"Nobody: 3 reps may take it and have no place left": 4}
    assert sum(row["lines"] for row in page.rows) == 5
    workspace.state.close()


def test_who_shall_call_sees_the_lead_whoever_owns_it(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    add_reps(workspace, {"rep_id": "R-1", "name": "Ana", "capacity_per_day": 5.0})
    make_list(workspace, silent, as_of=NOW)
    theirs = [row["lead_id"] for row in lines(workspace, rep="R-1")
              if row["owner_id"] not in ("", "R-1")]  # fmt: skip
    assert theirs
    for lead in theirs:
        assert lead_detail(workspace, lead, owners=("", "R-1")).score["lead_id"] == lead
        check_seen(workspace, lead, ("", "R-1"))
        assert score_history(workspace, lead, owners=("", "R-1")).lead_id == lead
        for seen in (lead_detail, score_history):
            with pytest.raises(NotFoundError, match="among yours"):
                seen(workspace, lead, owners=("", "R-2"))
    page = list_page(workspace, TODAY, replace(TODAY.query({}), owners=("", "R-1")))
    assert page.around["lines"] == page.total == 5
    workspace.state.close()


def test_a_day_without_reps_says_what_to_add(tmp_path: Path) -> None:
    workspace = company(tmp_path / "w")
    assert "There is no list" in ASSIGNMENT.nothing(workspace, None)
    make_list(workspace, silent, places=5, as_of=NOW)
    page = list_page(workspace, ASSIGNMENT, ASSIGNMENT.query({}))
    assert page.is_empty
    assert "Add [tables.reps]" in ASSIGNMENT.nothing(workspace, None)
    workspace.state.close()


def test_a_place_that_was_certain_does_not_silence_what_lists_were_worth(tmp_path: Path) -> None:
    """Half of the lists have room for all: those tell nothing, and the others are judged."""
    rules = RULES.replace("explore = 0.0", "explore = 0.4").replace(
        "control = 0.0", "control = 0.3"
    )
    workspace = company(tmp_path / "w", rules)
    later = NOW
    for number in range(60):
        later = NOW + number * MICROSECONDS_PER_DAY
        make_list(workspace, silent, places=100 if number % 2 else 20, as_of=later)
    with workspace.state.writing() as connection:
        record_scoring(connection, SCORING | {"as_of": later + 40 * MICROSECONDS_PER_DAY})
    judged = list_worth(workspace, None, later + 60 * MICROSECONDS_PER_DAY)
    assert [one.days for one in judged] == [30, 30]
    assert all("certain" not in one.text for one in judged)
    workspace.state.close()
