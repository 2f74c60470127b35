"""Percentiles and importance, on values one can check by eye."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lead_worlds import TIME, draw, quiet, times

from redumbrella.features.matrix import Design, Feature
from redumbrella.features.records import fit_records
from redumbrella.models.base import log_odds_of
from redumbrella.models.blend import Blend
from redumbrella.models.calibration import Calibration
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.prior import Prior
from redumbrella.models.registry import LeadModel
from redumbrella.models.uncertainty import Spread, fit_spread
from redumbrella.scores.importance import importance
from redumbrella.scores.scoring import CHUNK, percentiles, score_leads
from redumbrella.settings.labels import Labels


def test_percentiles_by_hand() -> None:
    found = percentiles(np.array([0.1, 0.4, 0.4, 0.9]))
    np.testing.assert_allclose(found, [12.5, 50.0, 50.0, 87.5])
    np.testing.assert_allclose(percentiles(np.full(3, 0.2)), [50.0] * 3)


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=50))
def test_a_higher_probability_never_has_a_lower_percentile(values: list[float]) -> None:
    p = np.sort(np.array(values))
    assert (np.diff(percentiles(p)) >= 0).all()


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
    model = LeadModel(
        "v7", "conversion", "model", True, encoder, None, blend, spread, {"size": "0"}
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
    found = importance(model.blend, model.encoder.transform(table), Labels())
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
    assert importance(blend, design, Labels()) == []
    assert importance(blend, design.take(slice(0, 0)), Labels()) == []
    assert Spread((), 0.0, 0.0, 0.16, 0.09).deviation(design)[0] == pytest.approx(0.5)


def test_only_a_missing_value_tells_something() -> None:
    """A field whose known values all say the same has no direction, and is no error."""
    rng = np.random.default_rng(3)
    x = np.where(rng.random(400) < 0.5, np.nan, rng.choice([1.0, 2.0], 400))
    design = Design((Feature("x", "x", "number"),), x[:, None])
    won = draw(np.where(np.isnan(x), 2.0, -2.0))
    model = AdditiveLogistic().fit(design, won, np.ones(400))
    model.coefficients[0] = 0.0
    found = importance(
        Blend({"logistic": model}, {"logistic": 1.0}, Calibration()), design, Labels()
    )
    assert [row["feature"] for row in found] == ["x"]
