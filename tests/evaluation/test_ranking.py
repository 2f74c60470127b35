"""Measures of lists, against sums written out."""

import numpy as np
import pytest
import scipy.sparse as sp

from redumbrella.evaluation.ranking import (
    coverage,
    hits,
    mean_error,
    ndcg,
    paired_difference,
    recall,
)

SHOWN = np.array([[2, 0, 4], [1, 3, -1], [0, 1, 2]], np.int32)
WANTED = sp.csr_matrix(np.array([[1, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]], np.float32))


def test_hits_recall_and_ndcg() -> None:
    assert hits(SHOWN, WANTED).tolist() == [[False, True, True], [False, True, False], [False] * 3]
    np.testing.assert_allclose(recall(SHOWN, WANTED), [1.0, 1.0, np.nan])
    second, third = 1 / np.log2(3), 1 / np.log2(4)
    expected = [(second + third) / (1 + second), second, np.nan]
    np.testing.assert_allclose(ndcg(SHOWN, WANTED), expected)
    assert coverage(SHOWN, 10) == 0.5


def test_no_product_is_no_hit() -> None:
    """-1 of the second row is the last product of the first."""
    wanted = sp.csr_matrix(np.array([[0, 1], [1, 0]], np.float32))
    assert not hits(np.array([[-1], [-1]], np.int32), wanted).any()
    assert not hits(np.array([[0]], np.int32), sp.csr_matrix((1, 2))).any()


def test_a_paired_difference_has_its_error() -> None:
    rng = np.random.default_rng(0)
    second = rng.random(4_000)
    first = second + rng.normal(0.1, 0.5, 4_000)
    found = paired_difference(first, second)
    assert found.mean == pytest.approx(0.1, abs=0.03)
    assert found.error == pytest.approx(0.5 / 4_000**0.5, rel=0.05)
    assert found.low == pytest.approx(found.mean - 1.96 * found.error)
    assert found.high > found.mean > found.low
    # Each row twice is no more knowledge.
    twice = paired_difference(np.tile(first, 2), np.tile(second, 2), np.tile(np.arange(4_000), 2))
    assert twice.error == pytest.approx(found.error)
    assert mean_error(np.ones(5)).mean == 1.0
