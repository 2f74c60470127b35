"""Sums over the list: figures by hand, filters, groups, and intervals that hold."""

from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from postgresql_server import PostgresqlServer
from sample_company import AS_OF, VERSION, fill_workspace, report
from stored import listed, put_model, put_scores

from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.state.scores import record_scoring, scoring_of
from redumbrella.views.leads import LEADS
from redumbrella.views.pipeline import PIPELINE
from redumbrella.views.totals import Total, total_words
from redumbrella.workspace import Workspace

DEVIATION = 0.4


def lead(number: int, probability: float, **more: Any) -> dict[str, Any]:
    base = {"lead_id": f"P{number}", "as_of": AS_OF, "probability": probability, "regime": "model",
            "reliable": True, "model_version": VERSION}  # fmt: skip
    return base | more


def fill(
    workspace: Workspace, rows: list[dict[str, Any]], deviation: float = DEVIATION, **scoring: Any
) -> None:
    """A list of these leads, by a model whose level has this deviation."""
    level = {"deviation": deviation, "wandering": 0.0, "periods": [], "words": []}
    document = {**report(rows), "level": level}
    put_model(
        workspace,
        {"version": VERSION, "target": "conversion", "trained_at": 1, "as_of": AS_OF,
         "family": "prior", "regime": "model", "reliable": True, "verdict": "ready",
         "lake_version": 0, "report": document},
    )  # fmt: skip
    put_scores(workspace, "conversion", rows)
    if scoring:
        with workspace.state.writing() as connection:
            known = scoring_of(connection, "conversion")
            assert known is not None
            record_scoring(connection, {**known, **scoring})


_numbers = iter(range(1000))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A workspace on either database."""
    url = ""
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        url = server.database(f"sums{next(_numbers)}")
    workspace = fill_workspace(tmp_path, leads=2, database=url)
    yield workspace
    workspace.state.close()


ROWS = [
    lead(1, 0.5, expected_value=50.0, amount=100.0, stage="Offer", rep_id="Ann", month="2026-11"),
    lead(2, 0.2, expected_value=60.0, amount=300.0, stage="Offer", rep_id="Bob", month="2026-12"),
    lead(3, 0.1, stage="New", rep_id="Bob", month="2026-10"),
    lead(4, 0.0, expected_value=-5.0, ltv=0.0, amount=10.0, value_spread=7.0),
]


def by_hand(
    rows: list[dict[str, Any]], deviation: float, values: list[float], cost: float = 0.0
) -> tuple[float, float, float]:
    """The formula of the module, in plain Python."""
    p = [row["probability"] for row in rows]
    spread = sum(row.get("value_spread", 0.0) for row in rows) if values != [1.0] * len(p) else 0.0

    def at(shift: float) -> float:
        odds = exp(shift)
        return sum(q * odds / (1 - q + q * odds) * v for q, v in zip(p, values, strict=True)) - cost

    chance = 1.645**2 * (sum(q * (1 - q) * v * v for q, v in zip(p, values, strict=True)) + spread)
    middle, low, high = at(0.0), at(-1.645 * deviation), at(1.645 * deviation)
    return middle, middle - sqrt((middle - low) ** 2 + chance), middle + sqrt(
        (high - middle) ** 2 + chance
    )  # fmt: skip


def test_the_total_is_that_of_the_formula(empty: Workspace) -> None:
    fill(empty, ROWS)
    found: Total = listed(empty, LEADS).around["expected"]
    assert (found.leads, found.valued) == (4, 3)
    wins = by_hand(ROWS, DEVIATION, [1.0] * 4)
    assert (found.wins.value, found.wins.high) == pytest.approx((wins[0], wins[2]))
    assert found.wins.low == max(wins[1], 0.0)
    valued = [ROWS[0], ROWS[1], ROWS[3]]
    value = by_hand(valued, DEVIATION, [100.0, 300.0, 0.0], cost=5.0)
    assert found.value is not None
    assert (found.value.value, found.value.high) == pytest.approx((value[0], value[2]))
    assert found.value.low == pytest.approx(max(value[1], -5.0))  # the cost of work at worst
    words = total_words(found, "EUR").replace("\u00a0", " ")
    assert words.startswith("Expected: 1 of 4 won, likely 0 to 2; expected value 105 EUR, likely ")
    assert words.endswith(", of the 3 whose amount is known.")


def test_groups_filters_and_orders(empty: Workspace) -> None:
    fill(empty, ROWS, ranked_by="value", month_of="planned")
    page = listed(empty, PIPELINE)
    assert (page.query.by, page.query.order) == ("stage", "-expected_value")
    assert [(row["name"], row["leads"], row["expected_value"]) for row in page.rows] == [
        ("Offer", 2, 110.0), (None, 1, -5.0), ("New", 1, None)]  # fmt: skip
    assert page.view.columns[0].heading == "Stage"
    months = listed(empty, PIPELINE, by="month")
    assert [row["name"] for row in months.rows] == ["2026-10", "2026-11", "2026-12", None]
    assert months.around["said"] == (
        "A lead stands in the month of its planned close; overdue where that is past.",
    )
    of_bob = listed(empty, PIPELINE, by="owner", rep="Bob")
    assert [(row["name"], row["leads"]) for row in of_bob.rows] == [("Bob", 2)]
    assert of_bob.around["expected"].leads == 2
    assert listed(empty, LEADS, rep="Bob").around["expected"] == of_bob.around["expected"]
    assert listed(empty, PIPELINE, min_probability="15 %").around["expected"].leads == 2
    assert listed(empty, PIPELINE, search="p1").around["expected"].leads == 1
    assert [row["lead_id"] for row in listed(empty, LEADS, stage="Offer").rows] == ["P2", "P1"]
    assert listed(empty, PIPELINE, sort="name", page_size=1, page=2).rows[0]["name"] == "Offer"
    with pytest.raises(NotFoundError, match='Did you mean "Offer"'):
        listed(empty, PIPELINE, stage="Ofer")
    with pytest.raises(SettingsError, match="Choose one of: stage, owner, month, product"):
        listed(empty, PIPELINE, by="mood")


def test_the_list_goes_by_value_only_where_it_is_ranked_by_it(empty: Workspace) -> None:
    fill(empty, ROWS)
    assert listed(empty, LEADS).query.order == "-probability"
    fill(empty, ROWS, ranked_by="value")
    page = listed(empty, LEADS)
    assert page.query.order == "-expected_value"
    assert [row["lead_id"] for row in page.rows] == ["P2", "P1", "P4", "P3"]
    assert listed(empty, LEADS, sort="-probability").rows[0]["lead_id"] == "P1"
    assert any("No lead is graded" in line for line in page.around["said"])


def test_intervals_of_totals_hold_nine_in_ten(tmp_path: Path) -> None:
    """400 lists whose leads share a level that lies elsewhere each time."""
    workspace = fill_workspace(tmp_path, leads=2)
    rng = np.random.default_rng(11)
    p, amount = rng.beta(1.2, 3.0, 300), rng.lognormal(5.0, 1.0, 300)
    rows = [
        lead(n, float(p[n]), amount=float(amount[n]), expected_value=float(p[n] * amount[n]))
        for n in range(300)
    ]
    fill(workspace, rows)
    found: Total = listed(workspace, LEADS).around["expected"]
    fill(workspace, rows, deviation=0.0)
    still: Total = listed(workspace, LEADS).around["expected"]
    workspace.state.close()
    assert found.value is not None
    inside = np.zeros((400, 3), bool)
    for n in range(400):
        odds = np.exp(rng.normal(0.0, DEVIATION))
        won = rng.random(300) < p * odds / (1.0 - p + p * odds)
        inside[n] = (
            found.wins.low <= won.sum() <= found.wins.high,
            found.value.low <= amount[won].sum() <= found.value.high,
            still.wins.low <= won.sum() <= still.wins.high,
        )
    share = inside.mean(axis=0)
    assert 0.86 < share[0] < 0.95
    assert 0.86 < share[1] < 0.95
    assert share[2] < 0.6  # without the level they would not
