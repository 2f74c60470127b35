"""The blend: the mean of probabilities, its weights and its reasons, against values by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_worlds import draw, make_design, truth

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Family, Vector, probability_of
from redumbrella.models.blend import Blend, fit_weights, pooled
from redumbrella.models.calibration import Calibration
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.naive_bayes import NaiveBayes

EVEN = np.full(4, 0.25)
LOG_ODDS = st.floats(-60.0, 60.0)


class Said(Family):
    """A member that says what it was told to say."""

    def __init__(self, base: float, values: Vector) -> None:
        self.said = Contributions(base, values)

    def log_odds(self, design: Design) -> Vector:
        return self.said.base + self.said.values.sum(axis=1)

    def contributions(self, design: Design) -> Contributions:
        return self.said

    fit = to_parts = from_parts = None  # type: ignore[assignment]


def logit(p: Vector) -> Vector:
    return np.log(p / (1.0 - p))


def test_the_pool_is_the_mean_of_probabilities() -> None:
    z = {"a": np.array([1.0, 2.0, -3.0]), "b": np.array([3.0, -2.0, -3.0])}
    weights = {"a": 0.25, "b": 0.75}
    mean = 0.25 * probability_of(z["a"]) + 0.75 * probability_of(z["b"])
    np.testing.assert_allclose(pooled(z, weights), logit(mean), atol=1e-12)
    assert pooled(z, {"a": 1.0}) is z["a"]


def test_a_bold_member_is_held_by_a_careful_one() -> None:
    """One says 1 to a million against, the other even: their mean is a quarter, not 1 to 1000."""
    z = {"bold": np.array([-13.8, -800.0, 800.0]), "careful": np.zeros(3)}
    even = {"bold": 0.5, "careful": 0.5}
    np.testing.assert_allclose(probability_of(pooled(z, even)), [0.25, 0.25, 0.75], atol=1e-5)


def test_blend_weights_are_those_of_the_truth() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(0, 1.5, 12_000), rng.normal(0, 1.5, 12_000)
    mean = 0.7 * probability_of(first) + 0.3 * probability_of(second)
    won = np.array_split(draw(logit(mean)), 4)
    said = {"a": first, "b": second, "c": rng.normal(0, 2, 12_000)}
    weights = fit_weights({n: np.array_split(z, 4) for n, z in said.items()}, won, EVEN)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights["a"] == pytest.approx(0.7, abs=0.06)
    assert weights["b"] == pytest.approx(0.3, abs=0.06)
    assert "c" not in weights
    one = np.ones(1)
    assert fit_weights({"a": [first]}, [draw(first)], one) == {"a": 1.0}
    assert fit_weights({"a": [first], "bad": [-first]}, [draw(first)], one) == {"a": 1.0}


def test_folds_that_disagree_share_the_weight() -> None:
    rng = np.random.default_rng(4)
    said = {name: list(rng.normal(0, 1.5, (2, 2_000))) for name in ("a", "b")}
    won = [draw(said["a"][0]), draw(said["b"][1])]
    weights = fit_weights(said, won, np.array([0.4, 0.6]))
    assert weights["a"] == pytest.approx(0.4, abs=0.08)
    assert fit_weights(said, [], np.empty(0)) == {"a": 0.5, "b": 0.5}
    few = {name: [answers[0][:3]] for name, answers in said.items()}
    near = fit_weights(few, [np.array([1.0, 0.0, 1.0])], np.ones(1))
    assert abs(near["a"] - 0.5) < 0.3


def test_a_blend_adds_its_members_up() -> None:
    design = make_design(300)
    won, weight = draw(truth(design)), np.ones(300)
    members = {"logistic": AdditiveLogistic().fit(design, won, weight)} | {
        "naive_bayes": NaiveBayes().fit(design, won, weight)
    }
    blend = Blend(members, {"logistic": 0.75, "naive_bayes": 0.25}, Calibration(0.9, -0.2))
    inside = sum(blend.weights[n] * probability_of(m.log_odds(design)) for n, m in members.items())
    said = -0.2 + 0.9 * logit(np.asarray(inside))
    np.testing.assert_allclose(blend.log_odds(design), said, atol=1e-6)
    np.testing.assert_allclose(blend.probability(design), probability_of(said), atol=1e-6)
    part = blend.contributions(design)
    total = part.base + part.values.sum(axis=1)
    np.testing.assert_allclose(total, blend.log_odds(design), atol=1e-9)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(LOG_ODDS, min_size=2, max_size=2),
    st.lists(LOG_ODDS, min_size=4, max_size=4),
    st.floats(0.01, 0.99),
)
def test_reasons_of_a_blend_add_up_whatever_its_members_say(
    bases: list[float], effects: list[float], share: float
) -> None:
    design = Design(
        (Feature("x", "x", "number", ()), Feature("y", "y", "number", ())), np.ones((1, 2))
    )
    values = np.array(effects).reshape(2, 1, 2)
    members = {"a": Said(bases[0], values[0]), "b": Said(bases[1], values[1])}
    blend = Blend(members, {"a": share, "b": 1.0 - share}, Calibration())
    part = blend.contributions(design)
    assert np.isfinite(part.values).all()
    total = part.base + float(part.values.sum())
    assert total == pytest.approx(float(blend.log_odds(design)[0]), abs=1e-8)
    # What every member says for a field, the blend says too.
    for field in range(2):
        told = values[:, 0, field]
        if (told >= 0).all() or (told <= 0).all():
            assert part.values[0, field] * told.sum() >= -1e-12


def test_a_blend_of_one_family_is_that_family() -> None:
    design = make_design(50)
    said = np.random.default_rng(0).normal(size=(50, len(design.features)))
    part = Blend({"a": Said(-2.0, said)}, {"a": 1.0}, Calibration()).contributions(design)
    np.testing.assert_allclose(part.values, said, atol=1e-12)
    assert part.base == -2.0
