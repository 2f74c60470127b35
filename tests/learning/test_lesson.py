"""The steps of learning on designs alone: folds that ask what scoring asks, no lake, no state."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from lead_worlds import draw, make_design, quiet, truth

from redumbrella.evaluation.metrics import auc
from redumbrella.evaluation.regime import allowed
from redumbrella.features.matrix import Design, Feature
from redumbrella.learning import lesson as learning
from redumbrella.learning.folds import FOLDS, FOLDS_OF_MANY, MANY_ROWS, plan_folds
from redumbrella.learning.lesson import LAST_PERIOD, learn, relearn
from redumbrella.models.base import Vector
from redumbrella.models.registry import FAMILIES
from redumbrella.training.decay import Decay
from redumbrella.training.observations import Observations, Order

MODEL, RULES = allowed(60, 60), allowed(10, 60)


def observed(won: Vector, order: Order = "created_at", *, among: bool = False) -> Observations:
    rows = pa.table({"lead_id": pa.array([f"L{n}" for n in range(won.size)])})
    place = np.arange(float(won.size))
    return Observations(rows, won, place, rows.slice(0, 0), np.empty(0), order, among)


@pytest.mark.parametrize(
    ("order", "among", "regime", "forward"),
    [
        ("created_at", False, MODEL, True),
        ("rows", False, MODEL, True),
        ("none", True, MODEL, False),
        ("created_at", True, MODEL, False),
        ("created_at", False, RULES, False),
    ],
)
def test_folds_ask_what_scoring_will_ask(
    order: Order, among: bool, regime: object, forward: bool
) -> None:
    world = observed(np.zeros(120), order, among=among)
    folds, walks = plan_folds(world, regime)  # type: ignore[arg-type]
    assert walks is forward
    assert len(folds) == FOLDS
    later = [fold.train.max() < fold.test.min() for fold in folds]
    assert all(later) is forward
    few, _ = plan_folds(observed(np.zeros(3)), RULES)
    assert len(few) == 3
    many, _ = plan_folds(observed(np.zeros(MANY_ROWS + 1), order, among=among), regime)  # type: ignore[arg-type]
    assert len(many) == (FOLDS if forward else FOLDS_OF_MANY)
    assert sum(fold.test.size for fold in many) == MANY_ROWS + 1 or forward


def test_a_shrunken_lesson_is_measured_on_leads_it_had_not_seen() -> None:
    design = make_design(150)
    z = truth(design) - 1.0
    won = draw(z)
    assert 20 <= won.sum() < 40
    lesson = learn(observed(won), design, None, quiet)
    assert lesson.regime.name == "shrunken"
    assert set(lesson.examination.log_odds) == {"prior", "points", "logistic"}
    assert not lesson.walks_forward
    assert lesson.probability.shape == lesson.won.shape == (150,)
    assert lesson.won.sum() == won.sum()
    tested = np.concatenate([fold.test for fold in lesson.folds])
    np.testing.assert_array_equal(lesson.won, won[tested])
    period = lesson.last_period
    assert period is not None
    assert period.rows.test.size == round(LAST_PERIOD * 150)
    assert period.rows.train.max() < period.rows.test.min()
    np.testing.assert_array_equal(period.won, won[period.rows.test])
    assert np.unique(period.prior).size == 1
    assert lesson.blend.probability(design).shape == (150,)
    assert sum(lesson.weights.values()) == pytest.approx(1.0)
    # What it says of leads it learned from is better than what it said before it saw them.
    if lesson.comparison.chosen != "prior":
        said = lesson.blend.probability(design)[tested]
        assert (
            np.corrcoef(said, lesson.won)[0, 1] > np.corrcoef(lesson.probability, lesson.won)[0, 1]
        )


@pytest.mark.parametrize("rows", [1, 2, 3, 9])
def test_a_handful_of_leads_is_enough_for_a_base_rate(rows: int) -> None:
    won = (np.arange(rows) % 2).astype(np.float64)
    lesson = learn(observed(won), make_design(rows), None, quiet)
    assert lesson.comparison.chosen == "prior"
    assert lesson.weights == {"prior": 1.0}
    assert lesson.stability is None
    assert lesson.last_period is None
    assert lesson.probability.size == rows


def test_rows_sorted_by_outcome_in_time_are_survived() -> None:
    """All losses came first: early folds know one outcome only."""
    won = np.repeat([0.0, 1.0], [160, 60])
    lesson = learn(observed(won), make_design(220), None, quiet)
    assert lesson.walks_forward
    assert np.isfinite(lesson.blend.log_odds(make_design(30))).all()
    assert all(np.isfinite(row.metrics["log_loss"][0]) for row in lesson.comparison.rows)


def test_a_lesson_is_relearned_on_other_columns() -> None:
    """At a later instant other window variables are telling; nothing of the old ones may stick."""
    early = make_design(400, seed=1)
    z = truth(early)
    lesson = learn(observed(draw(z)), early, None, quiet)
    for family in ("straight", "logistic", "pairs", "neural", "boosted"):
        narrow = make_design(300, seed=2).only(np.array([0, 3, 4]))
        chosen = replace(
            lesson,
            weights={family: 1.0},
            blend=replace(
                lesson.blend, members={family: FAMILIES[family]().fit(early, draw(z), np.ones(400))}
            ),
        )
        won = draw(truth(make_design(300, seed=2)))
        blend, columns = relearn(observed(won), narrow, None, chosen)
        assert columns is None
        p = blend.probability(narrow)
        assert auc(p, won) > 0.6


def test_straight_lines_are_left_out_where_columns_outnumber_conversions() -> None:
    design = make_design(400)
    codes = np.random.default_rng(3).integers(1, 300, 400).astype(float)
    cities = Feature("city", "city", "category", tuple(f"c{n}" for n in range(300)))
    wide = Design((*design.features, cities), np.column_stack([design.profile, codes]))
    won = draw(truth(design))

    def compared(seen: Design) -> set[str]:
        return {row.family for row in learn(observed(won), seen, None, quiet).comparison.rows}

    assert compared(design) - compared(wide) == {"straight"}


def test_all_families_are_compared_once_with_the_decay_of_the_probes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design = make_design(600)
    won = draw(truth(design))
    short, asked = Decay(half_life=0.5), list[Decay]()
    examined = learning.examine

    def watched(*given: object) -> object:
        asked.append(given[4])  # type: ignore[arg-type]
        return examined(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(learning, "choose_decay", lambda *_: (short, []))
    monkeypatch.setattr(learning, "examine", watched)
    assert learn(observed(won), design, None, quiet).decay == short
    assert asked == [short]


def test_a_blend_with_one_member_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only some of the families can be blended; a record may have one of those, or none."""
    design = make_design(600)
    won = draw(truth(design))
    makers = {name: FAMILIES[name] for name in ("prior", "points", "logistic")}
    monkeypatch.setattr(learning, "_makers", lambda *_: makers)
    lesson = learn(observed(won), design, None, quiet)
    assert lesson.comparison.chosen == "blend"
    assert lesson.weights == {"logistic": 1.0}
    np.testing.assert_allclose(
        lesson.probability, np.concatenate(lesson.examination.probability("logistic"))
    )
    makers.pop("logistic")
    alone = learn(observed(won), design, None, quiet)
    assert alone.comparison.chosen == "points"
    assert alone.weights == {"points": 1.0}
