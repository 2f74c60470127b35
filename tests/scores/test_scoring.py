"""Percentiles, reasons in words and importance, on values one can check by eye."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_worlds import TIME, draw, quiet, times

from redumbrella.columns import RANKS, RHYTHM
from redumbrella.features.matrix import OTHER, Design, Feature
from redumbrella.features.records import fit_records
from redumbrella.models.base import Contributions, log_odds_of
from redumbrella.models.blend import Blend
from redumbrella.models.calibration import Calibration
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.prior import Prior
from redumbrella.models.registry import LeadModel
from redumbrella.models.uncertainty import Spread, fit_spread
from redumbrella.scores.importance import importance
from redumbrella.scores.reasons import (
    label_of,
    lead_reasons,
    shown,
    shown_values,
    usual_values,
)
from redumbrella.scores.scoring import CHUNK, percentiles, score_leads
from redumbrella.training.arrival import ARRIVAL_NAME

LEADS = pa.table(
    {
        "age": pa.array([30.0, None, 1250.0]),
        "job": pa.array(["cook", "clerk", None]),
        "met": pa.array([True, False, None]),
        "called_on": pa.array([datetime(2026, 11, 21, 8, tzinfo=UTC)] * 3, TIME),
    }
)
FEATURES = (
    Feature("age", "age", "number"),
    Feature("job", "job", "category", (OTHER, "clerk", "cook")),
    Feature("called_on.month", "called_on", "number"),
    Feature("called_on.weekday", "called_on", "number"),
    Feature(ARRIVAL_NAME, "created_at", "number"),
)


def test_percentiles_by_hand() -> None:
    found = percentiles(np.array([0.1, 0.4, 0.4, 0.9]))
    np.testing.assert_allclose(found, [12.5, 50.0, 50.0, 87.5])
    np.testing.assert_allclose(percentiles(np.full(3, 0.2)), [50.0] * 3)


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=50))
def test_a_higher_probability_never_has_a_lower_percentile(values: list[float]) -> None:
    p = np.sort(np.array(values))
    assert (np.diff(percentiles(p)) >= 0).all()


def blank(features: Sequence[Feature]) -> Design:
    """A design of the three leads, whose values do not matter."""
    return Design(tuple(features), np.zeros((3, len(features))))


def test_a_reason_from_a_history_is_the_sentence_that_weighs_most() -> None:
    names = ("events.visit.count.7d", "events.visit.count.all", "age")
    features = (
        Feature("age", "age", "number"),
        Feature(names[0], "events.visit", "history"),
        Feature(names[1], "events.visit", "history"),
    )
    counts = sp.csr_matrix(np.array([[0.0, 4.0], [2.0, 4.0], [0.0, 0.0]], np.float32))
    design = Design(features, np.array([[30.5], [40.0], [50.0]]), counts)
    values = np.array([[0.1, 0.2, 0.5], [0.1, 0.6, 0.5], [0.1, -0.3, -0.4]])
    bare = LEADS.select(["called_on"])
    why = lead_reasons(bare, design, Contributions(0.0, values), {})
    assert [w["raises"][0]["text"] for w in why[:2]] == [
        "visited 4 times so far",
        "visited 2 times in the last 7 days",
    ]
    assert why[2]["lowers"][0]["text"] == "has never visited"
    assert why[0]["raises"][0]["contribution"] == pytest.approx(0.7)
    # A dense column that stands in no record is told from the design.
    assert why[0]["raises"][1]["value"] == "30.5"


def test_reasons_are_sorted_grouped_and_in_words() -> None:
    values = np.array(
        [[0.5, -0.2, 0.3, 0.4, -0.001], [-1.0, 0.0, 0.0, 0.0, 0.3], [0.1, 0.2, 0.0, 0.0, -0.4]]
    )
    usual = {"age": "40", "job": "clerk"}
    why = lead_reasons(LEADS, blank(FEATURES), Contributions(-1.5, values), usual)
    first = why[0]
    assert first["base"] == -1.5
    assert first["total"] == pytest.approx(-1.5 + 0.999)
    assert [r["feature"] for r in first["raises"]] == ["called_on", "age"]
    assert [r["contribution"] for r in first["raises"]] == pytest.approx([0.7, 0.5])
    assert first["raises"][1]["text"] == "age is 30 (usually 40)"
    assert first["raises"][0]["text"] == "called on is 2026-11-21 08:00"
    assert [r["text"] for r in first["lowers"]] == ["job is cook (usually clerk)"]
    assert first["rest"] == pytest.approx(-0.001)
    second = why[1]
    assert second["lowers"][0]["text"] == "age is missing (usually 40)"
    assert second["raises"][0]["text"] == "it came in at a time when more were won"
    third = why[2]
    assert third["raises"][0]["text"] == "job is missing (usually clerk)"
    assert third["lowers"][0]["text"] == "it came in at a time when fewer were won"


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 999), st.integers(0, 14))
def test_at_most_five_each_way_and_the_sum_is_kept(seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    features = [Feature(f"f{k}", f"s{k // 2}", "number") for k in range(width)]
    values = rng.normal(0, 0.3, (3, width)) * (rng.random((3, width)) < 0.7)
    reasons = lead_reasons(LEADS, blank(features), Contributions(0.2, values), {})
    for n, why in enumerate(reasons):
        told = sum(reason["contribution"] for reason in why["raises"] + why["lowers"])
        assert why["base"] + told + why["rest"] == pytest.approx(0.2 + values[n].sum())
        assert why["total"] == pytest.approx(0.2 + values[n].sum())
        for side in ("raises", "lowers"):
            sizes = [abs(reason["contribution"]) for reason in why[side]]
            assert len(sizes) <= 5
            assert sizes == sorted(sizes, reverse=True)
            assert all(size > 0.005 for size in sizes)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "missing"), (float("nan"), "missing"), (True, "yes"), (False, "no"),
        (1250.0, "1,250"), (0.35, "0.35"), (3, "3"), (-2.5, "-2.5"), ("cook", "cook"),
        (datetime(2026, 11, 21, 8, tzinfo=UTC), "2026-11-21 08:00"), ("x" * 80, "x" * 57 + "…"),
        (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_values_as_people_write_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_rhythm_reads_as_a_probability_and_a_rank_as_per_cent() -> None:
    customers = pa.table({RHYTHM: [0.0, -1.1, None], RANKS[0]: [0.1234, 0.9, None]})
    design = blank(())
    assert shown_values(customers, RHYTHM, design) == ["50\u00a0%", "25\u00a0%", "missing"]
    assert shown_values(customers, RANKS[0], design) == ["12\u00a0%", "90\u00a0%", "missing"]
    assert usual_values(customers, [RHYTHM])[RHYTHM] == "25\u00a0%"
    assert label_of(RHYTHM) == "the chance of a purchase by rhythm alone"


def test_labels_usual_values_and_missing_fields() -> None:
    assert label_of("last_contact.channel") == "last contact channel"
    assert label_of(ARRIVAL_NAME) == "time of arrival"
    usual = usual_values(LEADS, ["age", "job", "met", "called_on", "gone"])
    assert set(usual) == {"age", "job", "met"}
    assert usual["met"] in ("yes", "no")
    assert usual_values(pa.table({"x": pa.nulls(3)}), ["x"]) == {}
    assert shown_values(LEADS, "gone", blank(())) == ["missing"] * 3


def fitted(rows: int = 300) -> tuple[LeadModel, pa.Table]:
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "lead_id": pa.array([f"L{n}" for n in range(rows)]),
            "created_at": pa.array(times(rows), TIME),
            "size": pa.array(rng.normal(size=rows)),
            "Name": pa.array([None if n % 2 else f"Customer {n}" for n in range(rows)]),
            "source": pa.array(rng.choice(["web", "fair"], rows)),
        }
    )
    encoder = fit_records(table, ["created_at", "size", "source"], "created_at")
    design, weight = encoder.transform(table), np.ones(rows)
    won = draw(1.5 * table["size"].to_numpy())
    member, ones = AdditiveLogistic().fit(design, won, weight), {"logistic": 1.0}
    spread = fit_spread({"logistic": member.quick}, ones, Calibration(), design, won, weight, 0.0)
    blend = Blend({"logistic": member}, ones, Calibration())
    reference = np.sort(blend.probability(design))
    model = LeadModel(
        "v7", "conversion", "model", True, encoder, None, blend, spread, {"size": "0"}, reference
    )
    return model, table


def test_scored_leads_carry_all_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    model, table = fitted()
    rows = score_leads(model, table, np.arange(300.0), 77, quiet)
    assert [row["lead_id"] for row in rows] == table["lead_id"].to_pylist()
    assert {row["as_of"] for row in rows} == {77}
    assert rows[0]["label"] == "Customer 0"
    assert rows[1]["label"] == "L1"
    assert rows[0]["person_id"] == "L0"
    assert rows[0]["source"] in ("web", "fair")
    assert rows[0]["created_at"] == 1_704_099_600_000_000
    for row in rows:
        assert row["low"] < row["probability"] < row["high"]
        assert row["reasons"]["total"] == pytest.approx(log_odds_of(row["probability"]), abs=1e-9)
    # In parts, in another order, with fields gone: the same leads have the same scores.
    monkeypatch.setattr("redumbrella.scores.scoring.CHUNK", 7)
    assert CHUNK == 5_000
    order = np.random.default_rng(1).permutation(300)
    again = score_leads(model, table.take(pa.array(order)), np.zeros(300), 77, quiet)
    for n, row in zip(order, again, strict=True):
        for name in ("probability", "low", "high", "percentile"):
            assert row[name] == pytest.approx(rows[n][name], abs=1e-9)
    bare = score_leads(model, table.select(["lead_id"]), np.zeros(300), 77, quiet)
    assert all(0 < row["probability"] < 1 for row in bare)
    assert score_leads(model, table.slice(0, 0), np.empty(0), 77, quiet) == []


def test_importance_shares_and_directions() -> None:
    model, table = fitted()
    found = importance(model.blend, model.encoder.transform(table))
    assert found[0]["feature"] == "size"
    assert found[0]["effect"] == "more raises the score"
    assert sum(row["share"] for row in found) == pytest.approx(1.0)
    shares = [row["share"] for row in found]
    assert shares == sorted(shares, reverse=True)
    assert found[0]["share"] > 0.5


def test_importance_of_nothing() -> None:
    design = Design((Feature("x", "x", "number"),), np.ones((5, 1)))
    prior = Prior().fit(design, np.array([1.0, 0, 0, 0, 1]), np.ones(5))
    blend = Blend({"prior": prior}, {"prior": 1.0}, Calibration())
    assert importance(blend, design) == []
    assert importance(blend, design.take(slice(0, 0))) == []
    assert Spread((), 0.0, 0.0, 0.16, 0.09).deviation(design)[0] == pytest.approx(0.5)


def test_only_a_missing_value_tells_something() -> None:
    """A field whose known values all say the same has no direction, and is no error."""
    rng = np.random.default_rng(3)
    x = np.where(rng.random(400) < 0.5, np.nan, rng.choice([1.0, 2.0], 400))
    design = Design((Feature("x", "x", "number"),), x[:, None])
    won = draw(np.where(np.isnan(x), 2.0, -2.0))
    model = AdditiveLogistic().fit(design, won, np.ones(400))
    model.coefficients[0] = 0.0
    found = importance(Blend({"logistic": model}, {"logistic": 1.0}, Calibration()), design)
    assert [row["feature"] for row in found] == ["x"]
