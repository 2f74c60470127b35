"""The points card: few rules in words, whole points, and nothing from noise."""

import numpy as np
import pytest
from lead_worlds import draw, make_design, truth
from numpy.typing import NDArray

from redumbrella.features.matrix import OTHER, Design, Feature
from redumbrella.models.families.points import MAX_POINTS, MAX_RULES, Points
from redumbrella.settings.labels import Labels


def card(design: Design, won: np.ndarray) -> Points:  # type: ignore[type-arg]
    return Points().fit(design, won, np.ones(won.size))


def test_the_card_finds_the_rules_that_made_the_outcomes() -> None:
    features = (Feature("age", "age", "number"), Feature("job", "job", "category", (OTHER, "cook")))
    rng = np.random.default_rng(0)
    age, cook = rng.integers(18, 80, 3_000), rng.integers(0, 2, 3_000)
    profile = np.column_stack([age, cook]).astype(float)
    design = Design(features, profile)
    won = draw(-2.0 + 2.0 * (profile[:, 0] >= 60) + 1.0 * (profile[:, 1] == 1))
    found = card(design, won)
    assert {rule.column for rule in found.rules} == {0, 1}
    texts = [found.sentence(rule, Labels()) for rule in found.rules]
    assert texts[0].startswith("the age is at ")
    assert texts[1] in ("the job is cook", "the job is a rare one")
    assert abs(found.rules[0].points) == MAX_POINTS
    assert abs(found.rules[1].points) == pytest.approx(5, abs=2)
    rule = found.rules[0]
    meets = profile[:, 0] >= rule.threshold
    meets = meets if rule.sign == ">=" else profile[:, 0] <= rule.threshold
    assert rule.leads == meets.sum()
    assert rule.rate == pytest.approx(won[meets].mean())
    # Two leads that meet the same rules have the same score.
    assert np.unique(found.log_odds(design).round(9)).size <= 4


def test_one_rule_a_feature_and_whole_points() -> None:
    design = make_design(2_000, history=True)
    found = card(design, draw(truth(design)))
    columns = [rule.column for rule in found.rules]
    assert len(columns) == len(set(columns)) <= MAX_RULES
    assert all(isinstance(rule.points, int) and rule.points for rule in found.rules)
    assert max(abs(rule.points) for rule in found.rules) == MAX_POINTS
    texts = [found.sentence(rule, Labels()) for rule in found.rules]
    assert "has visited in the last 7 days" in texts


def test_noise_gives_an_empty_card_and_the_base_rate() -> None:
    design = make_design(1_000)
    empty = sum(not card(design, draw(np.full(1_000, -1.0), seed)).rules for seed in range(8))
    assert empty >= 6
    nothing = card(design, np.ones(1_000))
    assert nothing.rules == ()
    assert np.unique(nothing.log_odds(design)).size == 1


def test_missing_and_flags_are_said_in_words() -> None:
    features = (Feature("last_call.days", "last_call", "number"), Feature("vip", "vip", "flag"))
    rng = np.random.default_rng(2)
    profile = np.column_stack([rng.normal(size=2_000), rng.integers(0, 2, 2_000)]).astype(float)
    profile[rng.random(2_000) < 0.4, 0] = np.nan
    won = draw(-1.5 + 1.5 * np.isnan(profile[:, 0]) + 1.5 * profile[:, 1])
    found = card(Design(features, profile), won)
    texts = {found.sentence(rule, Labels()) for rule in found.rules}
    assert "the last call is not known" in texts
    assert texts & {"vip: yes", "vip: no"}


def test_the_first_rule_is_the_most_telling_of_all_worked_out_one_by_one() -> None:
    design = make_design(3_000, history=True)
    won = draw(truth(design))
    first = card(design, won).rules[0]
    tested: dict[tuple[int, str, float], NDArray[np.bool_]] = {}
    for column, feature in enumerate(design.profile_features):
        x = design.profile[:, column]
        known = x[~np.isnan(x)]
        if feature.kind == "category":
            met = {("is", float(code)): x == code for code in np.unique(known)}
        else:
            at = np.unique(np.quantile(known, np.linspace(0.05, 0.95, 10))).tolist()
            met = {(">=", t): x >= t for t in at} | {("<=", t): x <= t for t in at}
        met["missing", 0.0] = np.isnan(x)
        tested |= {(column, *rule): rows for rule, rows in met.items()}
    assert design.history is not None
    for column in range(design.profile.shape[1], len(design.features)):
        values = design.history[:, [column - design.profile.shape[1]]].toarray().ravel()
        tested[column, "seen", 0.0] = values > 0
    p = won.mean()
    scores = {
        rule: ((won - p)[rows].sum()) ** 2 / (p * (1 - p) * rows.sum() * (1 - rows.mean()))
        for rule, rows in tested.items()
        if 30 <= rows.sum() <= 2_970
    }
    chosen = first.column, first.sign, first.threshold
    assert scores[chosen] == pytest.approx(max(scores.values()), rel=1e-6)
    assert first.leads == tested[chosen].sum()
