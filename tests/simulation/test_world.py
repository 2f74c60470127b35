"""The days of a simulated company: the same seed, no fact of the future, no rep beyond its time."""

import shutil
from collections import Counter, defaultdict
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from simulated_company import (
    ages,
    bytes_of,
    live_days,
    live_quietly,
    morning,
    new_company,
    rows_of,
    small_company,
)

from redumbrella.simulation.leads import OPEN
from redumbrella.simulation.living import live_on
from redumbrella.simulation.world import FOLDER, World, open_world

seeds = st.integers(0, 10_000)
few = settings(max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def live_in(folder: Path, days: int, world: World | None = None) -> None:
    for _ in live_on(folder, world or open_world(folder / FOLDER), days, "arrival"):
        pass


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        new_company(tmp_path / name, 12, seed)
    first, second, other = (bytes_of(tmp_path / name) for name in "abc")
    assert first == second
    assert any(name.startswith("world/") for name in first)
    same = {name for name in first if first[name] == other.get(name) and "waiting" not in name}
    # What does not depend on chance at all: the campaigns, clients, partners and parameters.
    assert {Path(name).name for name in same} == {
        "campaigns.csv", "clients.csv", "partners.csv", "company.toml"
    }  # fmt: skip


def test_days_in_two_goes_are_the_same_as_in_one(tmp_path: Path) -> None:
    world = new_company(tmp_path / "one", 20)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    shutil.copytree(tmp_path / "one", tmp_path / "many")
    live_in(tmp_path / "one", 15, world)
    live_in(tmp_path / "two", 10)
    live_in(tmp_path / "two", 5)
    for _ in range(15):
        live_in(tmp_path / "many", 1)
    once = bytes_of(tmp_path / "one")
    assert once == bytes_of(tmp_path / "two")
    assert once == bytes_of(tmp_path / "many")


def test_the_past_and_the_days_lived_on_are_one_world(tmp_path: Path) -> None:
    new_company(tmp_path / "long", 35)
    new_company(tmp_path / "short", 20)
    live_in(tmp_path / "short", 15)
    long, short = tmp_path / "long", tmp_path / "short"
    state = bytes_of(long / "world")
    assert state == bytes_of(short / "world")
    for table in ("people", "identities", "events", "activities", "purchases", "spend",
                  "treatments", "feedback"):  # fmt: skip
        assert Counter(map(str, rows_of(long, table))) == Counter(map(str, rows_of(short, table)))
    final = {row["lead_id"]: row for row in rows_of(long, "leads")}
    lived = rows_of(short, "leads")
    day_20 = morning(open_world(long / FOLDER), 20)
    past = [row for row in lived if row["updated_at"] < day_20]
    after = [row for row in lived if row["updated_at"] >= day_20]
    assert {row["lead_id"]: row for row in [*past, *after]} == final


@few
@given(seed=seeds)
def test_facts_never_lie_in_the_future(seed: int) -> None:
    world = small_company(seed, {"record.late": 0.1, "record.twice": 0.05})
    oldest: dict[str, int] = defaultdict(int)
    for day, tables in live_days(world, 30):
        for name, rows in tables.items():
            for column, days in ages(rows, world, day.number).items():
                assert (days >= 0).all(), f"{name}.{column} on day {day.number}"
                if name not in ("leads", "purchases"):  # those are written again when they change
                    oldest[name] = int(np.max(days, initial=oldest[name]))
        assert set(tables["spend"]["date"].to_pylist()) == {world.date_of(day.number)}
    # Late facts are written one to three days after they happened; the others on their day.
    assert oldest == {"people": 0, "identities": 0, "events": 3, "activities": 3,
                      "treatments": 0, "feedback": 0}  # fmt: skip


@few
@given(seed=seeds)
def test_a_lead_is_created_then_closed_and_tells_always_the_same(seed: int) -> None:
    world = small_company(seed)
    first: dict[str, dict[str, Any]] = {}
    fixed = ("person_id", "created_at", "product_id", "campaign_id", "source", "amount", "message",
             "enquiry")  # fmt: skip
    changes = 0
    for day, tables in live_days(world, 30):
        for row in tables["leads"].to_pylist() if "leads" in tables else []:
            before = first.setdefault(row["lead_id"], row)
            assert {name: row[name] for name in fixed} == {name: before[name] for name in fixed}
            changes += row is not before
            assert morning(world, day.number) <= row["updated_at"] or row["closed_at"]
            assert row["created_at"] <= (row["closed_at"] or row["updated_at"]) <= row["updated_at"]
            assert (row["closed_at"] is None) == (row["stage"] in ("New", "Talked to", "Offer"))
    assert changes > 50


def test_what_people_write_does_not_know_their_future() -> None:
    """A life event that lies ahead changes nothing that is written before it."""
    world = live_quietly(small_company(3, {"people.life_event_a_year": 3.0}), 15)
    told = []
    for jump in (-4.0, 4.0):
        other = deepcopy(world)
        ahead = other.people.jump_day > other.day
        other.people.jump[ahead] = jump
        assert ahead.sum() > 100
        ((_, tables),) = live_days(other, 1)
        told.append({name: rows.to_pylist() for name, rows in tables.items()})
    assert told[0]["leads"]
    assert told[0] == told[1]


@few
@given(seed=seeds)
def test_somebody_signs_up_before_events_bear_the_name(seed: int) -> None:
    world = small_company(seed, {"record.late": 0.1})
    known: dict[str, Any] = {}
    named = 0
    for _, tables in live_days(world, 40):
        for row in tables["identities"].to_pylist() if "identities" in tables else []:
            assert row["person_id"] not in known
            known[row["person_id"]] = row["at"]
        for row in tables["events"].to_pylist():
            assert (row["person_id"] is None) != (row["anonymous_id"] is None)
            if row["person_id"] is not None:
                named += 1
                assert known[row["person_id"]] < row["at"]
    assert named > 50


def test_every_id_is_unique_but_for_facts_written_twice() -> None:
    world = small_company(5, {"record.twice": 0.0, "purchases.returned": 0.0})
    ids: dict[str, list[Any]] = defaultdict(list)
    for _, tables in live_days(world, 40):
        for table, word in (("people", "person"), ("events", "event"), ("activities", "activity"),
                            ("purchases", "purchase")):  # fmt: skip
            if table in tables:
                ids[table] += tables[table][f"{word}_id"].to_pylist()
    for table, some in ids.items():
        assert len(set(some)) == len(some) > 0, table


@few
@given(seed=seeds, tries=st.integers(1, 4), wait=st.integers(1, 5), minutes=st.integers(60, 480),
       mean=st.floats(3.0, 25.0))  # fmt: skip
def test_reps_keep_their_time_and_the_rules(
    seed: int, tries: int, wait: int, minutes: int, mean: float
) -> None:
    world = small_company(seed, {
        "contact.tries": tries, "contact.wait_days": wait, "reps.minutes_per_day": minutes,
        "contact.minutes": mean, "sizes.small": "{ visitors = 50, reps = 2 }",
    })  # fmt: skip
    called: dict[int, list[int]] = defaultdict(list)
    for _ in range(25):
        was_open, created = world.leads.state == OPEN, world.leads.created
        weekday = world.today.weekday()
        ((day, _),) = live_days(world, 1)
        calls = day.calls
        assert weekday < 5 or calls.lead.size == 0
        assert was_open[calls.lead].all()
        assert (created[calls.lead] < day.number).all()
        assert np.unique(calls.lead).size == calls.lead.size
        for lead in calls.lead.tolist():
            called[lead].append(day.number)
        for rep in range(2):
            own = calls.rep == rep
            begins, lasts = calls.second[own], calls.seconds[own]
            assert lasts.sum() <= minutes * 60
            assert (begins[1:] >= begins[:-1] + lasts[:-1]).all()
            assert (begins + lasts <= 24 * 3600).all()
    assert called
    for days in called.values():
        assert len(days) <= tries
        assert all(later - earlier >= wait for earlier, later in pairwise(days))


def test_no_fact_is_lost_on_the_way() -> None:
    """With and without late and repeated facts the same ones are there in the end."""
    found = []
    for share in (0.0, 0.3):
        world = small_company(2, {"record.late": share, "record.twice": 0.2 if share else 0.0})
        rows: dict[str, set[str]] = defaultdict(set)
        for _, tables in live_days(world, 30):
            for name, table in tables.items():
                rows[name] |= set(map(str, table.to_pylist()))
        for name, table in world.waiting.items():
            waiting = table.filter(pa.compute.less_equal(table["_write"], 33))
            rows[name] |= set(map(str, waiting.drop_columns(["_write"]).to_pylist()))
        found.append(rows)
    plain, disturbed = found
    for name in ("events", "activities", "people", "leads", "spend"):
        assert plain[name] == disturbed[name], name


def test_the_last_row_of_a_returned_purchase_says_so() -> None:
    """Also where the purchase itself was written late: a later row never takes it back."""
    world = small_company(4, {"record.late": 0.6, "purchases.returned": 0.9,
                              "purchases.without_lead": 0.5})  # fmt: skip
    last: dict[str, Any] = {}
    returned = 0.0
    for day, tables in live_days(world, 60):
        for row in tables["purchases"].to_pylist() if "purchases" in tables else []:
            before = last.get(row["purchase_id"])
            assert not (before and before["cancelled_at"] and not row["cancelled_at"])
            last[row["purchase_id"]] = row
        returned += day.money.returned
    assert returned > 0


class KilledError(Exception):
    """The end of a process in the middle of its work."""


def test_a_day_that_was_cut_off_is_lived_again_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_company(tmp_path / "start", 20)
    shutil.copytree(tmp_path / "start", tmp_path / "calm")
    moved: list[Path] = []
    replace = Path.replace

    def counted(self: Path, target: Path) -> Path:
        moved.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", counted)
    live_in(tmp_path / "calm", 1)
    writes = len(moved)
    assert writes >= 6
    wanted = bytes_of(tmp_path / "calm")
    for end in range(writes):
        folder = tmp_path / f"killed-{end}"
        shutil.copytree(tmp_path / "start", folder)
        left = end

        def dies(self: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left < 0:
                raise KilledError
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", dies)
        with pytest.raises(KilledError):
            live_in(folder, 1)
        monkeypatch.setattr(Path, "replace", replace)
        live_in(folder, 1)
        assert bytes_of(folder) == wanted, f"killed before write {end + 1} of {writes}"


def test_a_day_lived_again_leaves_nothing_of_the_one_that_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two somebody decided otherwise: mails that were not sent are in no file."""
    world = new_company(tmp_path / "c", 20)
    mails = tmp_path / "c" / "decisions" / "mails.csv"
    mails.parent.mkdir()
    assert world.today.weekday() == 1  # Tuesday: the weekly mail
    shutil.copytree(tmp_path / "c", tmp_path / "calm")
    replace = Path.replace

    def dies(self: Path, target: Path) -> Path:
        if target.name == "world.json":
            raise KilledError
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(KilledError):
        live_in(tmp_path / "c", 1)
    monkeypatch.setattr(Path, "replace", replace)
    assert rows_of(tmp_path / "c", "treatments")
    for folder in (tmp_path / "c", tmp_path / "calm"):
        (folder / "decisions").mkdir(exist_ok=True)
        (folder / "decisions" / "mails.csv").write_text(
            f"date,person_id\n{world.today},P-000000\n", "utf-8"
        )
        live_in(folder, 1)
    assert bytes_of(tmp_path / "c") == bytes_of(tmp_path / "calm")


@pytest.mark.parametrize(("owner", "name"), [(pq, "write_table"), (Path, "write_text"),
                                             (Path, "unlink"), (Path, "rmdir")])  # fmt: skip
def test_a_state_that_was_half_kept_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    """The end comes before each single write or removal of the state, one after the other."""
    new_company(tmp_path / "start", 4)
    shutil.copytree(tmp_path / "start", tmp_path / "calm")
    live_in(tmp_path / "calm", 1)
    live_in(tmp_path / "calm", 1)
    wanted = bytes_of(tmp_path / "calm")
    real, left = getattr(owner, name), 0

    def dies(*words: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError
        return real(*words, **more)

    for end in range(30):
        folder = tmp_path / f"killed-{end}"
        shutil.copytree(tmp_path / "start", folder)
        left = end
        monkeypatch.setattr(owner, name, dies)
        killed = False
        try:
            live_in(folder, 1)
        except KilledError:
            killed = True
        monkeypatch.setattr(owner, name, real)
        # A day that was cut off while the old state was removed is over.
        live_in(folder, 6 - open_world(folder / FOLDER).day)
        assert bytes_of(folder) == wanted, f"killed before {name} {end + 1}"
        if not killed:
            assert end > 0
            return
    raise AssertionError("it never came to an end")
