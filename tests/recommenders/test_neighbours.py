"""Common buyers and the local ridge, against the same sums written out."""

import numpy as np
import pytest
import scipy.sparse as sp

from redumbrella.features.kernel import threads
from redumbrella.recommenders import neighbours as module
from redumbrella.recommenders.neighbours import co_occurrence, cosine_weights, local_ridge


def ones(people: int, products: int, share: float = 0.2, seed: int = 0) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    return sp.csr_matrix((rng.random((people, products)) < share).astype(np.float32))


def test_common_buyers_are_counted_exactly() -> None:
    x = ones(300, 40)
    found = co_occurrence(x)
    gram = (x.T @ x).toarray()
    assert found.buyers.tolist() == np.diag(gram).tolist()
    for j in range(40):
        near = found.near[j][found.near[j] >= 0]
        assert near.tolist() == [i for i in range(40) if i != j and gram[i, j] >= 2]
        assert found.count[j, : near.size].tolist() == gram[near, j].tolist()


def test_with_all_neighbours_it_is_the_ridge_regression_on_all_others() -> None:
    """That is EASE (Steck 2019) column by column."""
    x = ones(400, 30, 0.3)
    gram = (x.T @ x).toarray().astype(np.float64)
    W = local_ridge(co_occurrence(x), 30, strongest=30, ridge=50.0).toarray()
    inverse = np.linalg.inv(gram + 50.0 * np.eye(30))
    ease = -inverse / np.diag(inverse)
    np.fill_diagonal(ease, 0.0)
    np.testing.assert_allclose(W, ease, atol=2e-5)


def test_only_the_strongest_are_regressed_on() -> None:
    x = ones(400, 60, 0.2)
    gram = (x.T @ x).toarray().astype(np.float64)
    W = local_ridge(co_occurrence(x), 60, strongest=10, ridge=20.0).toarray()
    for j in range(60):
        near = np.flatnonzero(W[:, j])
        assert near.size == 10
        strength = gram[:, j] / np.sqrt(np.diag(gram))
        strength[j] = 0
        assert strength[near].min() >= np.sort(strength)[-10] - 1e-9
        expected = np.linalg.solve(gram[np.ix_(near, near)] + 20.0 * np.eye(10), gram[near, j])
        np.testing.assert_allclose(W[near, j], expected, atol=1e-5)


def test_every_pair_of_the_strongest_counts_however_weak_it_is() -> None:
    """Pairs that were not kept once counted 0, and the weights of a large shop were no use."""
    x = ones(900, 400, 0.2)
    gram = (x.T @ x).toarray().astype(np.float64)
    W = local_ridge(co_occurrence(x), 400, strongest=20, ridge=20.0)
    for j in range(0, 400, 37):
        near = W[:, [j]].tocoo().row
        expected = np.linalg.solve(gram[np.ix_(near, near)] + 20.0 * np.eye(20), gram[near, j])
        np.testing.assert_allclose(W[near, j].toarray().ravel(), expected, atol=1e-5)


def test_cosines_are_drawn_to_nothing_where_few_bought() -> None:
    x = ones(400, 20, 0.3)
    gram = (x.T @ x).toarray()
    size = np.sqrt(np.outer(np.diag(gram), np.diag(gram)))
    expected = gram / (size + 20.0)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(cosine_weights(co_occurrence(x), 20).toarray(), expected, rtol=1e-6)


def test_popular_products_are_counted_through_a_sample() -> None:
    """The cap is compiled in, so it takes more than 20,000 buyers."""
    rng = np.random.default_rng(0)
    people = 3 * module.MOST_BUYERS
    dense = np.zeros((people, 3), np.float32)
    dense[:, 0] = 1
    dense[:, 1] = rng.random(people) < 0.25
    dense[: people // 2, 2] = rng.random(people // 2) < 0.01
    found = co_occurrence(sp.csr_matrix(dense))
    assert found.buyers[0] == people
    assert found.count[0, 0] == pytest.approx(0.25 * people, rel=0.03)
    assert found.count[2, 0] == dense[:, 2].sum()  # the rare one is counted whole


def test_any_number_of_threads_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    x = ones(500, 700, 0.03)
    monkeypatch.setattr(module, "_CHUNK", 64)
    found = []
    for many in (1, 2, 5):
        monkeypatch.setattr(threads, "available_threads", lambda many=many: many)
        neighbours = co_occurrence(x)
        W = local_ridge(neighbours, 700, 40)
        found.append((neighbours.near.tobytes(), neighbours.count.tobytes(), W.data.tobytes()))
    assert found[0] == found[1] == found[2]


def test_a_product_without_neighbours_has_no_weights() -> None:
    x = sp.csr_matrix(np.eye(4, dtype=np.float32))
    assert local_ridge(co_occurrence(x), 4).nnz == 0
