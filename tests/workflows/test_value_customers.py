"""Purchases become a list of customers with values; run, report and settings know about it."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from customer_world import START, Row, make_shop, simulated
from lead_worlds import quiet
from stored import listed, put_scores, rows_in_use

from redumbrella.clock import MICROSECONDS_PER_DAY, to_iso, to_microseconds
from redumbrella.errors import DataError, NotFoundError, SettingsError
from redumbrella.reports.customers import Lifetime
from redumbrella.settings.customers import Customers
from redumbrella.settings.settings import load_settings
from redumbrella.state.customers import customers
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.lifetime import lifetime_of
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.run import run
from redumbrella.workflows.value_customers import value_customers
from redumbrella.workspace import Workspace, open_workspace

CHURN = """\
[[targets]]
name = "stays_away"
absence_of = "purchase"
"""


def rows_of(workspace: Workspace) -> dict[str, dict[str, Any]]:
    found = rows_in_use(workspace.state, customers)
    return {row["person_id"]: {**row, "details": orjson.loads(row["details"])} for row in found}


def valued(folder: Path, rows: list[Row], **how: Any) -> tuple[Workspace, Lifetime]:
    workspace = make_shop(folder, rows, **how)
    ingest(workspace, quiet)
    return workspace, value_customers(workspace, quiet).lifetime


def test_a_workspace_with_purchases_alone_runs(shop: Workspace) -> None:
    lifetime = lifetime_of(shop)
    assert lifetime is not None
    rows = rows_of(shop)
    assert len(rows) == lifetime["customers"] == 300
    total = sum(row["value"] for row in rows.values())
    assert lifetime["base"]["expected"] == pytest.approx(total)
    assert lifetime["base"]["low"] < total < lifetime["base"]["high"]
    assert lifetime["first_purchase"].startswith("2024-01")
    again = run(shop, quiet)
    assert (again.trained, again.scored, again.customers) == (None, None, None)


def test_the_report_holds_both_models(shop: Workspace) -> None:
    lifetime = lifetime_of(shop)
    assert lifetime is not None
    for name in ("r", "alpha", "a", "b", "p", "q", "gamma"):
        value, error = lifetime[name], lifetime["standard_errors"][name]  # type: ignore[literal-required]
        assert value > 0
        assert np.isfinite(error)
    assert lifetime["log_likelihood"] is not None
    assert lifetime["log_likelihood"] < 0
    assert (lifetime["unit"], lifetime["horizon_days"]) == ("week", 91)
    # The truth is 6 weeks and a mean rate of 0.1 a week: the parameters are in weeks.
    assert lifetime["r"] / lifetime["alpha"] == pytest.approx(0.1, rel=0.5)  # type: ignore[operator]
    held = lifetime["holdout"]
    assert held is not None
    assert held["low"] < held["actual"] < held["high"]
    assert held["covered"] > 0.8


def test_segments_add_up(shop: Workspace) -> None:
    lifetime = lifetime_of(shop)
    assert lifetime is not None
    ways = {each["by"] for each in lifetime["segments"]}
    assert ways == {"class", "value", "first purchase", "country"}
    for way in ways:
        of_way = [each for each in lifetime["segments"] if each["by"] == way]
        assert sum(each["customers"] for each in of_way) == 300
        assert sum(e["total"] for e in of_way) == pytest.approx(lifetime["base"]["expected"])
    countries = [e["segment"] for e in lifetime["segments"] if e["by"] == "country"]
    assert sorted(countries) == ["France", "Portugal"]
    assert sum(bar["customers"] for bar in lifetime["distribution"]) == 300
    rows = rows_of(shop)
    assert rows["C0000"]["label"] == "Name of C0000"
    assert rows["C0000"]["details"]["segments"]["country"] == "Portugal"


def test_the_money_that_comes_is_within_the_interval(tmp_path: Path) -> None:
    rows, cut, ahead = simulated(400, 80.0, seed=5), 390.0, 150.0
    known = [row for row in rows if row[1] < cut]
    settings = f"horizon_days = {ahead}\ndiscount = 0"
    workspace, lifetime = valued(tmp_path, known, customers=settings)
    people = {row[0] for row in known}
    came = sum(m for who, day, m in rows if cut <= day < cut + ahead and who in people)
    assert lifetime["base"]["low"] < came < lifetime["base"]["high"]
    workspace.state.close()


def test_margin_and_discount_lower_the_value(tmp_path: Path) -> None:
    rows = simulated(120, 50.0, seed=2)
    plain, full = valued(tmp_path / "a", rows, customers="discount = 0")
    half, less = valued(tmp_path / "b", rows, customers="discount = 0\nmargin = 0.25")
    assert less["base"]["expected"] == pytest.approx(0.25 * full["base"]["expected"])
    assert less["base"]["high"] == pytest.approx(0.25 * full["base"]["high"])
    for workspace in (plain, half):
        workspace.state.close()


def test_refunds_are_taken_off(tmp_path: Path) -> None:
    rows: list[Row] = [("A", 0.5, 100.0), ("A", 10.5, 40.0), ("A", 12.5, -40.0)]
    rows += [("B", 3.5, 30.0), ("B", 8.5, 0.0), ("C", 4.5, 60.0), ("C", 5.5, -60.0)]
    workspace, lifetime = valued(tmp_path, rows)
    found = rows_of(workspace)
    assert set(found) == {"A", "B"}
    assert (found["A"]["spent"], found["A"]["purchases"]) == (100.0, 1)
    assert found["B"]["purchases"] == 2  # an order that cost nothing is a purchase
    assert lifetime["refunded"] == pytest.approx(100.0)
    notes = " ".join(lifetime["notes"])
    assert "2 refunds" in notes
    assert "1 purchases cost nothing" in notes
    workspace.state.close()


def test_few_customers_get_the_mean_and_say_so(tmp_path: Path) -> None:
    rows: list[Row] = [(f"P{n}", 5.0 * n, 20.0) for n in range(12)]
    rows += [(f"P{n}", 5.0 * n + 20, 30.0) for n in range(4)]
    workspace, lifetime = valued(tmp_path, rows)
    assert lifetime["chosen"] == "mean spend"
    assert "4 customers bought again" in lifetime["why"]
    assert lifetime["r"] is None
    assert lifetime["p"] is None
    assert lifetime["base"]["low"] <= lifetime["base"]["expected"] <= lifetime["base"]["high"]
    page = listed(workspace, CUSTOMERS, sort="-alive")
    assert page.total == 12
    assert {row["alive"] for row in page.rows} == {None}
    assert len({row["value"] for row in page.rows}) == 1
    workspace.state.close()


def test_without_purchases_it_says_what_to_do(tmp_path: Path) -> None:
    workspace = make_shop(tmp_path, [("A", 1.5, -20.0)])
    for todo in (value_customers, run):  # before anything is read; then a refund alone
        with pytest.raises(DataError, match=r"tables\.purchases") as caught:
            todo(workspace, quiet)
        assert caught.value.reason == "no_purchases"
    assert lifetime_of(workspace) is None
    workspace.state.close()


def test_the_past_is_valued_with_what_was_known(tmp_path: Path) -> None:
    rows = simulated(150, 60.0, seed=3)
    cut = to_microseconds(START) + 300 * MICROSECONDS_PER_DAY
    whole = make_shop(tmp_path / "whole", rows)
    ingest(whole, quiet)
    then = value_customers(whole, quiet, as_of=cut)
    before, known = valued(tmp_path / "before", [row for row in rows if row[1] < 300.0])
    assert then.as_of <= cut
    assert to_iso(then.as_of) == known["as_of"]
    for name in ("r", "alpha", "q", "base", "segments"):
        assert then.lifetime[name] == known[name]  # type: ignore[literal-required]
    # A list of the past is not today's: run makes it anew.
    assert run(whole, quiet).customers is not None
    assert run(whole, quiet).customers is None
    for workspace in (whole, before):
        workspace.state.close()


def test_new_purchases_and_settings_are_noticed(tmp_path: Path) -> None:
    rows = simulated(60, 40.0, seed=4)
    first = make_shop(tmp_path, rows)
    assert run(first, quiet).customers is not None
    first.state.close()
    settings = tmp_path / "umbrella.toml"
    settings.write_text(settings.read_text().replace("[customers]", "[customers]\nmargin = 0.5"))
    second = open_workspace(tmp_path)
    result = run(second, quiet).customers
    assert result is not None
    assert result.lifetime["margin"] == 0.5
    assert run(second, quiet).customers is None
    assert run(second, quiet, fresh=True).customers is not None
    second.state.close()


def test_churn_comes_from_the_scores_of_absence(tmp_path: Path) -> None:
    workspace = make_shop(tmp_path, simulated(60, 40.0, seed=4), more=CHURN)
    ingest(workspace, quiet)
    assert value_customers(workspace, quiet).lifetime["churn_target"] is None
    score = {"lead_id": "C0003", "person_id": "C0003", "as_of": 1, "probability": 0.75,
             "regime": "model", "reliable": True, "model_version": "m"}  # fmt: skip
    put_scores(workspace, "stays_away", [score])
    assert value_customers(workspace, quiet).lifetime["churn_target"] == "stays_away"
    found = rows_of(workspace)
    assert (found["C0003"]["churn"], found["C0004"]["churn"]) == (0.75, None)
    first = listed(workspace, CUSTOMERS, sort="-churn").rows[0]
    assert first["person_id"] == "C0003"
    workspace.state.close()


def test_the_list_pages_sorts_and_searches(shop: Workspace) -> None:
    page = listed(shop, CUSTOMERS, page=2, page_size=40)
    assert (page.total, page.pages, page.first_rank) == (300, 8, 41)
    whole = listed(shop, CUSTOMERS, page_size=1_000).rows
    assert page.rows == whole[40:80]
    money = [row["value"] for row in whole]
    assert money == sorted(money, reverse=True)
    found = listed(shop, CUSTOMERS, search="of c0042")
    assert [row["person_id"] for row in found.rows] == ["C0042"]
    lost = listed(shop, CUSTOMERS, segment="lost", page_size=1_000)
    assert {row["segment"] for row in lost.rows} == {"lost"}
    with pytest.raises(SettingsError, match="value"):
        listed(shop, CUSTOMERS, sort="valu")
    with pytest.raises(NotFoundError, match="at risk"):
        listed(shop, CUSTOMERS, segment="risk")


def test_settings_of_customers(tmp_path: Path) -> None:
    path = tmp_path / "umbrella.toml"
    path.write_text("[customers]\ndiscount = 0\n")
    assert load_settings(tmp_path).customers == Customers(365.0, 0.0, 1.0, "day")
    path.write_text('[customers]\nunit = "weeks"\nhorizon_days = 0\nmargn = 1\nmargin = 2\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    for words in ('"day" or "week"', "horizon_days = 0", 'unknown key "margn"', "margin = 2"):
        assert words in caught.value.message
