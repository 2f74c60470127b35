"""Decisions in files: each changes what it should on its day, and bad ones are named by line."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulated_company import live_quietly, small_company

from redumbrella.errors import DataError
from redumbrella.simulation.days import Day, live
from redumbrella.simulation.decisions import has_contacts, read_decisions
from redumbrella.simulation.leads import OPEN
from redumbrella.simulation.policies import arrival, callable_leads
from redumbrella.simulation.rows import day_rows
from redumbrella.simulation.world import World

# Day 27 of a Wednesday's company is a Tuesday: the weekly mail, and a day of work.
TUESDAY = 27


@pytest.fixture(scope="module")
def lived() -> World:
    world = live_quietly(small_company(3, {"record.late": 0.0, "record.twice": 0.0}), TUESDAY)
    assert world.today.weekday() == 1
    return world


@pytest.fixture
def world(lived: World) -> World:
    return deepcopy(lived)


def decide(folder: Path, name: str, text: str) -> None:
    (folder / "decisions").mkdir(exist_ok=True)
    (folder / "decisions" / f"{name}.csv").write_text(text, "utf-8")


def day_of(world: World, folder: Path) -> tuple[Day, dict[str, Any]]:
    """The day as it is with the files of a folder; of the world nothing changes."""
    own = deepcopy(world)
    day = live(own, read_decisions(folder, own, arrival(own)))
    return day, {name: rows.to_pylist() for name, rows in day_rows(own, day).items()}


def event_of(row: dict[str, Any]) -> str:
    """An event but for its number, which counts all events of the day."""
    return str({name: value for name, value in row.items() if name != "event_id"})


def others(rows: dict[str, Any], *but: str) -> dict[str, Any]:
    return {name: one for name, one in rows.items() if name not in but}


def test_contacts_say_who_is_called_and_by_whom(world: World, tmp_path: Path) -> None:
    _, usual = day_of(world, tmp_path)
    chosen = callable_leads(world)[-3:]
    lines = "".join(f"{world.today},L-{lead:06d},R-01\n" for lead in chosen.tolist())
    decide(tmp_path, "contacts", f"date,lead_id,rep_id\n2024-01-01,L-000000,R-01\n{lines}")
    assert has_contacts(tmp_path, world.today)
    assert not has_contacts(tmp_path, world.date_of(0))
    day, rows = day_of(world, tmp_path)
    assert day.calls.lead.tolist() == chosen.tolist()
    assert set(day.calls.rep.tolist()) == {0}
    assert others(rows, "activities", "leads", "purchases", "feedback") == others(
        usual, "activities", "leads", "purchases", "feedback"
    )
    mails = [row for row in usual["activities"] if row["kind"] == "mail"]
    assert mails
    assert [row for row in rows["activities"] if row["kind"] == "mail"] == mails


def test_a_lead_that_may_not_be_called_is_passed_over(world: World, tmp_path: Path) -> None:
    closed = np.flatnonzero(world.leads.state != OPEN)[:2]
    chosen = [*closed.tolist(), int(callable_leads(world)[0])]
    lines = "".join(f"{world.today},L-{lead:06d}\n" for lead in chosen)
    decide(tmp_path, "contacts", f"date,lead_id\n{lines}")
    day, _ = day_of(world, tmp_path)
    assert day.calls.lead.tolist() == chosen[2:]


def test_a_file_about_another_day_changes_nothing(world: World, tmp_path: Path) -> None:
    _, usual = day_of(world, tmp_path)
    tomorrow = world.date_of(world.day + 1)
    decide(tmp_path, "contacts", f"date,lead_id\n{tomorrow},L-000001\n")
    decide(tmp_path, "mails", f"date,person_id\n{tomorrow},P-000001\n")
    decide(tmp_path, "budgets", f"date,campaign_id,cost\n{tomorrow},C-1,0\n")
    decide(tmp_path, "sales", f"date,lead_id,partner,price\n{tomorrow},L-000001,Generalists,1\n")
    assert day_of(world, tmp_path)[1] == usual


def test_mails_go_to_whom_the_file_says(world: World, tmp_path: Path) -> None:
    usual_day, usual = day_of(world, tmp_path)
    known = np.flatnonzero((world.people.signed_up >= 0) & (world.people.unsubscribed < 0))[:4]
    stranger = int(np.flatnonzero(world.people.signed_up < 0)[0])
    product = world.product_names[0]
    lines = [f"{world.today},P-{who:06d},{product}" for who in [*known.tolist(), stranger]]
    decide(tmp_path, "mails", "date,person_id,product_id\n" + "\n".join(lines) + "\n")
    day, rows = day_of(world, tmp_path)
    # Nobody can write to a stranger; nobody drew, so there is no propensity.
    assert day.mailing.people.tolist() == known.tolist()
    assert "treatments" not in rows
    assert usual["treatments"]
    assert day.mailing.product.tolist() == [0] * known.size
    assert rows["spend"] == usual["spend"]
    assert rows["activities"][: day.calls.lead.size] == usual["activities"][: day.calls.lead.size]
    # Visits of those who get a mail in neither case are the same.
    mailed = {f"P-{who:06d}" for some in (day, usual_day) for who in some.mailing.people.tolist()}
    same = [{event_of(row) for row in some["events"] if row["person_id"] not in mailed}
            for some in (usual, rows)]  # fmt: skip
    assert same[0] == same[1]
    assert len(same[0]) > 100


def test_budgets_change_the_visitors_of_their_campaign_alone(world: World, tmp_path: Path) -> None:
    usual, usual_rows = day_of(world, tmp_path)
    decide(tmp_path, "budgets", f"date,campaign_id,cost\n{world.today},C-2,0\n"
                                f"{world.today},C-3,500.5\n")  # fmt: skip
    day, rows = day_of(world, tmp_path)
    rest = [n for n in range(len(world.company.campaigns)) if n not in (1, 2)]
    assert day.spending.cost[[1, 2]].tolist() == [0.0, 500.5]
    assert np.array_equal(day.spending.cost[rest], usual.spending.cost[rest])
    assert np.array_equal(day.spending.visitors[rest], usual.spending.visitors[rest])
    assert day.spending.visitors[1].sum() == 0
    assert usual.spending.visitors[1].sum() > 0
    assert day.spending.visitors[2].sum() > usual.spending.visitors[2].sum()
    calls = day.calls.lead.size
    assert rows["activities"][:calls] == usual_rows["activities"][:calls]


def test_sales_are_taken_by_partners_who_want_them(world: World, tmp_path: Path) -> None:
    kinds = world.offers.type[world.leads.product]
    fresh = (world.leads.state == OPEN) & (world.leads.double_of < 0) & (kinds == 0)
    first, second, dear = np.flatnonzero(fresh)[-3:].tolist()
    usual, usual_rows = day_of(world, tmp_path)
    lines = [f"{world.today},L-{lead:06d},Generalists,{price}\n"
             for lead, price in ((first, 20), (second, 55), (dear, 56))]  # fmt: skip
    # Of one whom the first partner does not take the next one is asked.
    again = f"{world.today},L-{first:06d},Course brokers,5\n"
    decide(tmp_path, "sales", f"date,lead_id,partner,price\n{again}{''.join(lines)}")
    day, written = day_of(world, tmp_path)
    assert day.bought.lead.tolist() == [first, second]
    assert day.money.leads_sold == 75.0
    stages = {row["lead_id"]: row["stage"] for row in written["leads"]}
    assert stages[f"L-{first:06d}"] == "Sold to a partner"
    assert stages.get(f"L-{dear:06d}") != "Sold to a partner"
    assert others(written, "leads", "purchases", "feedback") == others(
        usual_rows, "leads", "purchases", "feedback"
    )
    assert usual.bought.lead.tolist() != day.bought.lead.tolist()


BAD = {
    "unknown lead": ("contacts", "date,lead_id", "{day},L-999999", "L-999999"),
    "no id of a lead": ("contacts", "date,lead_id", "{day},lead 7", "lead 7"),
    "no lead": ("contacts", "date,lead_id", "{day},", "lead_id"),
    "unknown rep": ("contacts", "date,lead_id,rep_id", "{day},{open},R-09", "R-09"),
    "the same lead twice": ("contacts", "date,lead_id", "{day},{open}\n{day},{open}", "twice"),
    "a date that is none": ("contacts", "date,lead_id", "28.01.2025,{open}", "28.01.2025"),
    "an empty date": ("contacts", "date,lead_id", ",{open}", "date"),
    "no column of dates": ("contacts", "lead_id", "{open}", "date"),
    "unknown person": ("mails", "date,person_id", "{day},P-999999", "P-999999"),
    "the same person twice": ("mails", "date,person_id", "{day},P-000001\n{day},P-000001", "twice"),
    "unknown product": ("mails", "date,person_id,product_id", "{day},P-000001,car", "car"),
    "unknown campaign": ("budgets", "date,campaign_id,cost", "{day},C-7,3", "C-7"),
    "the same campaign twice": ("budgets", "date,campaign_id,cost", "{day},C-1,3\n{day},C-1,4",
                                "twice"),
    "no number": ("budgets", "date,campaign_id,cost", "{day},C-1,much", "much"),
    "not a number": ("budgets", "date,campaign_id,cost", "{day},C-1,nan", "nan"),
    "less than nothing": ("budgets", "date,campaign_id,cost", "{day},C-1,-1", "-1"),
    "unknown partner": ("sales", "date,lead_id,partner,price", "{day},{open},Nobody,3", "Nobody"),
    "no price": ("sales", "date,lead_id,partner,price", "{day},{open},Generalists,", "price"),
    "a column too few": ("sales", "date,lead_id,partner", "{day},{open},Generalists", "price"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_named_with_its_line(world: World, tmp_path: Path, case: str) -> None:
    name, head, lines, word = BAD[case]
    names = {
        "day": str(world.today),
        "open": f"L-{callable_leads(world)[0]:06d}",
    }
    # A row of a day that is over is not looked at, but it has its line.
    over = ",".join(["2024-01-01"] + ["x"] * (head.count(",")))
    text = f"{head}\n{over}\n" if head.startswith("date") else f"{head}\n"
    decide(tmp_path, name, text + lines.format(**names) + "\n")
    with pytest.raises(DataError) as caught:
        read_decisions(tmp_path, world, arrival(world))
    said = caught.value.message
    assert caught.value.reason == "bad_decisions"
    assert f"decisions/{name}.csv" in said
    assert word.format(**names) in said
    assert "xpected" in said
    if head.startswith("date") and case != "a column too few":
        last = 3 + lines.count("\n")
        assert f"line {last}" in said


def test_a_file_that_is_no_table_is_named(world: World, tmp_path: Path) -> None:
    decide(tmp_path, "contacts", "date,lead_id\n2025-01-28\n")
    with pytest.raises(DataError, match=r"contacts\.csv"):
        read_decisions(tmp_path, world, arrival(world))
    decide(tmp_path, "contacts", "")
    with pytest.raises(DataError, match=r"contacts\.csv"):
        read_decisions(tmp_path, world, arrival(world))
