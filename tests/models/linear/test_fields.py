"""What several families begin with is fitted once, and is what each would fit alone."""

import numpy as np
import pytest

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Vector
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.pairs import Pairs
from redumbrella.models.linear import fields, ridge
from redumbrella.models.linear.fields import fit_fields
from redumbrella.models.parallel import run_all

ROWS = 800


def leads(seed: int = 0) -> tuple[Design, Vector, Vector]:
    rng = np.random.default_rng(seed)
    profile = rng.normal(size=(ROWS, 4))
    won = (rng.random(ROWS) < 1.0 / (1.0 + np.exp(-profile[:, 0]))).astype(np.float64)
    features = tuple(Feature(name, name, "number") for name in "abcd")
    return Design(features, profile), won, np.ones(ROWS)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of leads of each estimate of ridges that is really made."""
    made: list[int] = []
    fit = ridge.fit_ridges

    def counted(X, *rest):  # type: ignore[no-untyped-def]
        made.append(X.shape[0])
        return fit(X, *rest)

    monkeypatch.setattr(fields, "fit_ridges", counted)
    return made


def test_families_that_learn_the_same_side_by_side_fit_it_once(fits: list[int]) -> None:
    design, won, weight = leads()
    tasks = [lambda: AdditiveLogistic().fit(design, won, weight) for _ in range(4)]
    together = run_all(tasks)
    assert fits == [ROWS]
    copy, won, weight = leads()
    alone = AdditiveLogistic().fit(copy, won, weight)
    assert fits == [ROWS, ROWS]
    for family in together:
        np.testing.assert_array_equal(family.log_odds(design), alone.log_odds(copy))


def test_other_outcomes_or_weights_are_fitted_anew(fits: list[int]) -> None:
    design, won, weight = leads()
    first = fit_fields(design, won, weight)
    turned = fit_fields(design, 1.0 - won, weight)
    faded = fit_fields(design, won, np.linspace(0.1, 1.0, ROWS))
    assert len(fits) == 3
    assert first.coefficients[0] > 0.0 > turned.coefficients[0]
    assert first.intercept != faded.intercept


def test_without_a_telling_pair_pairs_are_the_logistic_model(fits: list[int]) -> None:
    design, won, weight = leads()
    pairs = Pairs().fit(design, won, weight)
    assert pairs.columns is not None
    assert not len(pairs.columns.pairs)
    logistic = AdditiveLogistic().fit(design, won, weight)
    np.testing.assert_array_equal(pairs.log_odds(design), logistic.log_odds(design))
    assert fits == [ROWS]


def test_of_one_outcome_nothing_is_learned_but_the_rate() -> None:
    design, won, weight = leads()
    found = fit_fields(design, np.ones_like(won), weight)
    assert found.variance is None
    assert not found.coefficients.any()
