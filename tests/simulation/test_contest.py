"""A contest: the same people under several policies, and what the truth would earn."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from simulated_company import small_company

from redumbrella.cli.simulate import command
from redumbrella.errors import SettingsError
from redumbrella.simulation import contest as contests
from redumbrella.simulation.contest import Played, Rules, contest_summary, play
from redumbrella.simulation.files import write_company
from redumbrella.simulation.world import World


def contest(*words: str) -> Result:
    return CliRunner().invoke(command, ["contest", *words])


def test_the_command_says_what_each_policy_earned() -> None:
    done = contest("--days", "3", "--seeds", "2", "--past", "10", "--policies",
                   "arrival,points,oracle", "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    said: dict[str, Any] = json.loads(done.stdout)
    assert [row["policy"] for row in said["policies"]] == ["arrival", "points", "oracle"]
    assert [row["seeds"] for row in said["policies"]] == [2, 2, 2]
    assert said["policies"][0]["gain_over_arrival"] == 0
    assert {one["seed"] for one in said["played"]} == {1, 2}
    assert len(said["played"]) == 6
    for one in said["played"]:
        money = one["money"]
        earned = money["lead_margin"] + money["shop_margin"] + money["leads_sold"]
        spent = sum(money[name] for name in ("returned", "leads_returned", "spend", "rep_cost"))
        assert one["booked"] == pytest.approx(earned - spent)
        assert 0 < one["talks"] <= one["calls"]


def test_its_table_compares_with_the_first_policy() -> None:
    done = contest("--days", "2", "--seeds", "1", "--past", "10", "--policies", "points,random")
    assert done.exit_code == 0, done.output
    assert "More than points" in done.stdout
    assert "mean of 1 simulated companies" in done.stdout


def test_an_unknown_policy_is_named() -> None:
    for words in ("arrival,orakle", "arrival, product ,best"):
        done = contest("--policies", words, "--days", "1")
        assert isinstance(done.exception, SettingsError)
        assert done.exception.reason == "unknown_policy"
        assert "Known: arrival, random, points, oracle, product." in done.exception.message
    assert "Did you mean" in str(contest("--policies", "orakle").exception)


def test_no_policy_at_all_is_said() -> None:
    done = contest("--policies", " , ")
    assert isinstance(done.exception, SettingsError)


def test_a_policy_named_twice_counts_once() -> None:
    done = contest("--days", "1", "--seeds", "1", "--past", "5", "--policies", "points,points",
                   "--json")  # fmt: skip
    assert len(json.loads(done.stdout)["played"]) == 1


def test_who_knows_the_truth_earns_more(tmp_path: Path) -> None:
    played = [
        one
        for seed in (1, 2, 3)
        for one in play(small_company(seed), tmp_path / str(seed), 20, ["arrival", "oracle"],
                        Rules(60))
        if isinstance(one, Played)
    ]  # fmt: skip
    first, best = contest_summary(played)
    assert first["gain_over_arrival"] == 0
    assert best["gain_over_arrival"] > 0
    assert best["gain_error"] > 0
    # It spends the same time on the same people, on those for whom a talk does something.
    assert best["money"]["spend"] == pytest.approx(first["money"]["spend"])
    assert best["calls"] > 0


def test_the_same_policy_plays_the_same_twice(tmp_path: Path) -> None:
    one, other = (
        [done for done in play(small_company(5), tmp_path / name, 12, ["points"], Rules(5))
         if isinstance(done, Played)]
        for name in "ab"
    )  # fmt: skip
    assert one == other
    assert np.isfinite(one[0].profit)


def test_the_product_learns_and_is_asked_as_often_as_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product itself takes minutes to learn: here somebody answers in its place."""
    learned: list[date] = []
    asked: list[date] = []

    def ask(folder: Path, today: date, leads: int) -> NDArray[np.int64]:
        # The morning's list rests on what was written the evening before, and on nothing later.
        last = max(path.stem for path in (folder / "events").glob("*-*-*.csv"))
        assert not asked or last == str(today - timedelta(days=1))
        asked.append(today)
        return np.arange(leads)[::-1]

    monkeypatch.setattr(contests, "train_product", lambda _folder, today: learned.append(today))
    monkeypatch.setattr(contests, "product_order", ask)
    world = small_company(1)
    monkeypatch.setattr(contests, "write_company", with_a_first_file)
    rules = Rules(6, learns_every=4, asks_every=2)
    (done,) = (one for one in play(world, tmp_path / "c", 10, ["product"], rules)
               if isinstance(one, Played))  # fmt: skip
    start = date(2025, 1, 11)
    assert learned == [start, start + timedelta(days=4)]
    # The contest begins on a Saturday, and nobody calls before Monday.
    assert asked == [start + timedelta(days=n) for n in (2, 4)]
    assert done.calls > 0


def with_a_first_file(world: World, folder: Path, days: int) -> Iterator[int]:
    yield from write_company(world, folder, days)
    (folder / "events" / "2025-01-10.csv").touch()
