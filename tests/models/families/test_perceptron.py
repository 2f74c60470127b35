"""The network learns what holds for other leads, not the leads themselves."""

import numpy as np
import pytest
import scipy.sparse as sp

from redumbrella.models.base import Vector
from redumbrella.models.families.perceptron import Layers, train_network

LEADS, STAGES, COLUMNS = 800, 8, 20


def answers(layers: Layers, X: Vector) -> Vector:
    signal = X
    for weights, biases in layers[:-1]:
        signal = np.maximum(signal @ weights + biases, 0.0)
    return np.asarray(signal @ layers[-1][0] + layers[-1][1]).ravel()


def log_loss(log_odds: Vector, won: Vector) -> float:
    return float(np.mean(np.logaddexp(0.0, log_odds) - won * log_odds))


def leads(rng: np.random.Generator, effect: float) -> tuple[Vector, Vector]:
    """Leads with columns that stay the same from stage to stage, the first of which may tell."""
    X = rng.normal(size=(LEADS, COLUMNS))
    won = (rng.random(LEADS) < 1.0 / (1.0 + np.exp(-effect * X[:, 0]))).astype(float)
    return X, won


@pytest.mark.parametrize(("effect", "most"), [(0.0, 0.72), (2.0, 0.6)])
def test_stages_of_a_lead_do_not_teach_its_outcome_by_heart(effect: float, most: float) -> None:
    rng = np.random.default_rng(5)
    X, won = leads(rng, effect)
    stages = np.repeat(np.arange(LEADS), STAGES)
    told = X[stages] + 0.05 * rng.normal(size=(stages.size, COLUMNS))
    layers = train_network(
        sp.csr_matrix(told), won[stages], np.full(stages.size, 1 / STAGES), seed=0
    )
    others, outcomes = leads(rng, effect)
    assert log_loss(answers(layers, others), outcomes) < most


def test_the_same_seed_gives_the_same_layers() -> None:
    X, won = leads(np.random.default_rng(1), 1.0)
    first, again, other = (
        train_network(sp.csr_matrix(X), won, np.ones(LEADS), s) for s in (3, 3, 4)
    )
    assert all(np.array_equal(a, b) for x, y in zip(first, again, strict=True)
               for a, b in zip(x, y, strict=True))  # fmt: skip
    assert not np.array_equal(first[0][0], other[0][0])


@pytest.mark.parametrize("rows", [2, 19, 20, 37])
def test_few_rows_can_be_learned_from(rows: int) -> None:
    X, won = leads(np.random.default_rng(2), 1.0)
    layers = train_network(sp.csr_matrix(X[:rows]), won[:rows], np.ones(rows), seed=0)
    assert np.isfinite(answers(layers, X)).all()
