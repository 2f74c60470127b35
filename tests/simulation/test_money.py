"""Money adds up: what a company books is the sum of the rows that it has written."""

from collections import defaultdict
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from simulated_company import latest, live_days, new_company, rows_of, small_company

from redumbrella.simulation.living import live_on
from redumbrella.simulation.world import FOLDER, Money, open_world

few = settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
# Many purchases, many returns and many sales to partners, so that every figure moves.
BUSY = {
    "purchases.without_lead": 0.05, "purchases.returned": 0.3, "purchases.rate_a_year": 40.0,
    "conversion.delay_days": 3.0, "conversion.expires_days": 6, "conversion.level": 0.0,
}  # fmt: skip


def is_call(row: dict[str, Any]) -> bool:
    return bool(row["kind"] == "call")


@few
@given(seed=st.integers(0, 10_000), cost=st.floats(0.0, 200.0), minutes=st.integers(30, 60))
def test_each_day_books_what_its_rows_say(seed: int, cost: float, minutes: int) -> None:
    """Without late facts every day adds up by itself; so many leads are left that some are sold."""
    world = small_company(seed, {
        **BUSY, "record.late": 0.0, "record.twice": 0.0,
        "reps.cost_per_hour": cost, "reps.minutes_per_day": minutes,
    })  # fmt: skip
    back: dict[date, float] = defaultdict(float)
    total = Money()
    for day, tables in live_days(world, 45):
        today = world.date_of(day.number)
        rows = {name: table.to_pylist() for name, table in tables.items()
                if name in ("spend", "activities", "purchases")}  # fmt: skip
        sold = [row for row in rows.get("purchases", []) if row["cancelled_at"] is None]
        from_leads = [row for row in sold if row["purchase_id"].startswith("S-L-")]
        for row in rows.get("purchases", []):
            if row["cancelled_at"] is not None:
                assert row["cancelled_at"].date() == today
                back[today] += row["margin"]
        seconds = sum(row["duration_s"] for row in rows.get("activities", []) if is_call(row))
        leads = world.leads
        wanted = Money(
            spend=sum(row["cost"] for row in rows["spend"]),
            rep_cost=seconds * cost / 3600.0,
            lead_margin=sum(row["margin"] for row in from_leads),
            shop_margin=sum(row["margin"] for row in sold) - sum(r["margin"] for r in from_leads),
            returned=back[today],
            leads_sold=float(leads.price[leads.sold_on == day.number].sum()),
            leads_returned=float(leads.price[leads.returned_on == day.number].sum()),
        )
        assert asdict(day.money) == pytest.approx(asdict(wanted), abs=1e-6)
        assert world.ledger[-1] is day.money
        total = total.plus(day.money)
    assert all(value > 0 for name, value in asdict(total).items() if name != "rep_cost" or cost)
    assert total.profit == pytest.approx(
        total.lead_margin + total.shop_margin + total.leads_sold
        - total.returned - total.leads_returned - total.spend - total.rep_cost
    )  # fmt: skip
    assert sum(world.spent) == pytest.approx(total.spend)


def test_the_files_of_a_run_add_up_to_its_ledger(tmp_path: Path) -> None:
    """With late and repeated facts: each counts once, and what still waits counts too."""
    folder = tmp_path / "c"
    new_company(folder, 25, 3, {**BUSY, "record.late": 0.1, "record.twice": 0.1})
    for _ in live_on(folder, open_world(folder / FOLDER), 10, "arrival"):
        pass
    world = open_world(folder / FOLDER)
    held = {name: table.drop_columns(["_write"]).to_pylist()
            for name, table in world.waiting.items()}  # fmt: skip
    purchases = latest(rows_of(folder, "purchases") + held["purchases"], "purchase_id")
    activities = latest(rows_of(folder, "activities") + held["activities"], "activity_id")
    total = Money()
    for money in world.ledger:
        total = total.plus(money)
    sold: dict[bool, float] = defaultdict(float)
    for row in purchases:
        sold[row["purchase_id"].startswith("S-L-")] += row["margin"]
    assert total.lead_margin == pytest.approx(sold[True])
    assert total.shop_margin == pytest.approx(sold[False])
    to_come = sum(world.returns.values())
    taken_back = sum(row["margin"] for row in purchases if row["cancelled_at"])
    assert total.returned + to_come == pytest.approx(taken_back)
    assert total.returned > 0
    assert to_come > 0
    seconds = sum(row["duration_s"] for row in activities if is_call(row))
    assert total.rep_cost == pytest.approx(seconds * world.company.reps.cost_per_hour / 3600)
    assert total.spend == pytest.approx(sum(row["cost"] for row in rows_of(folder, "spend")))


def test_won_leads_and_their_purchases_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    world = new_company(folder, 60, 2, {"record.late": 0.0})
    leads = {row["lead_id"]: row for row in rows_of(folder, "leads")}
    paid = {row["purchase_id"].removeprefix("S-"): row for row in rows_of(folder, "purchases")
            if row["purchase_id"].startswith("S-L-")}  # fmt: skip
    won = {name: row for name, row in leads.items() if row["stage"] == "Won"}
    assert set(paid) == set(won)
    assert len(won) > 10
    for name, row in won.items():
        for column in ("person_id", "amount", "product_id"):
            assert paid[name][column] == row[column]
        assert paid[name]["at"] == row["closed_at"]
        kind = world.company.types.index(row["product_id"].rsplit("-", 1)[0])
        margin = world.company.products[kind].margin
        assert paid[name]["margin"] == pytest.approx(row["amount"] * margin, abs=0.01)


def test_a_sum_of_money_is_the_sum_of_each_figure() -> None:
    one = Money(*np.arange(1.0, 8.0))
    other = Money(*np.arange(10.0, 80.0, 10.0))
    assert list(asdict(one.plus(other)).values()) == [11, 22, 33, 44, 55, 66, 77]
    assert one.plus(other).profit == pytest.approx(one.profit + other.profit)
    assert one.profit == (3 + 4 + 6) - (1 + 2 + 5 + 7)
