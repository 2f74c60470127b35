"""Straight lines: what lies beyond the record continues what the record shows."""

import numpy as np
from lead_worlds import draw
from sklearn.linear_model import LogisticRegression

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.linear_logistic import LinearLogistic, has_numbers

NUMBER = Feature("x", "x", "number")
LEVELS = Feature("c", "c", "category", ("rare", "a", "b"))


def design_of(x: np.ndarray) -> Design:
    return Design((NUMBER,), x[:, None])


def test_a_line_goes_on_where_steps_end() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, 20_000)
    won, weight = draw(1.5 * x - 1.0), np.ones(x.size)
    straight = LinearLogistic().fit(design_of(x), won, weight)
    inside = straight.log_odds(design_of(np.array([-0.5, 0.0, 0.5])))
    np.testing.assert_allclose(inside, [-1.75, -1.0, -0.25], atol=0.1)
    assert straight.log_odds(design_of(np.array([2.5])))[0] - inside[1] > 3.4
    # A plateau is what steps and bends are for.
    flat = draw(np.where(x < 0.0, -2.0, 0.0))
    bent = (
        AdditiveLogistic()
        .fit(design_of(x), flat, weight)
        .log_odds(design_of(np.array([-1.0, -0.3])))
    )
    lines = (
        LinearLogistic().fit(design_of(x), flat, weight).log_odds(design_of(np.array([-1.0, -0.3])))
    )
    assert abs(bent[1] - bent[0]) < 0.4 < lines[1] - lines[0]


def test_without_numbers_there_is_nothing_to_be_straight() -> None:
    assert has_numbers((LEVELS, NUMBER))
    assert not has_numbers((LEVELS, Feature("flag", "flag", "flag")))


def test_slopes_are_hardly_drawn_in() -> None:
    """Of a few hundred leads an estimated ridge believes a sixth less of a slope."""
    x = np.random.default_rng(2).normal(size=300)
    won, weight = draw(0.4 * x - 1.0), np.ones(x.size)
    far = design_of(np.array([0.0, 4.0]))
    weak, estimated = (
        float(np.diff(model.fit(design_of(x), won, weight).log_odds(far))[0])
        for model in (LinearLogistic(), LinearLogistic(variance=None))
    )
    peer = LogisticRegression(C=1e6).fit(x[:, None], won).coef_[0, 0] * 4.0
    assert 0.95 * peer < weak < peer
    assert estimated < 0.9 * peer
