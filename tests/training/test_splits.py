"""Folds: no lead teaches and examines at once, and time runs forward."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.training.splits import random_share, shuffled, walk_forward

rows = st.integers(0, 400)
folds = st.integers(1, 8)


@given(rows, folds, st.floats(0.1, 0.9))
def test_walking_forward_never_looks_back(rows: int, folds: int, first: float) -> None:
    made = walk_forward(rows, folds, first)
    for fold in made:
        assert fold.train.size > 0
        assert fold.test.size > 0
        assert fold.train.max() < fold.test.min()
        np.testing.assert_array_equal(fold.train, np.arange(fold.test.min()))
    if made:
        tested = np.concatenate([fold.test for fold in made])
        np.testing.assert_array_equal(tested, np.arange(tested[0], rows))


def test_walk_forward_by_hand() -> None:
    first, second = walk_forward(8, 2)
    assert (first.train.tolist(), first.test.tolist()) == ([0, 1, 2, 3], [4, 5])
    assert (second.train.tolist(), second.test.tolist()) == ([0, 1, 2, 3, 4, 5], [6, 7])


@given(rows, folds, st.integers(0, 5))
def test_shuffled_folds_examine_each_row_once(rows: int, folds: int, seed: int) -> None:
    made = shuffled(rows, folds, seed)
    tested = np.concatenate([fold.test for fold in made])
    assert sorted(tested.tolist()) == list(range(rows))
    sizes = {fold.test.size for fold in made}
    assert max(sizes) - min(sizes) <= 1
    for fold in made:
        assert not set(fold.train) & set(fold.test)
        assert fold.train.size + fold.test.size == rows
        assert (np.diff(fold.train) > 0).all()
        assert (np.diff(fold.test) > 0).all()


@given(st.integers(1, 400), st.floats(0.05, 0.95), st.integers(0, 5))
def test_a_random_share_cuts_in_two(rows: int, share: float, seed: int) -> None:
    fold = random_share(rows, share, seed)
    both = np.concatenate([fold.train, fold.test])
    assert sorted(both.tolist()) == list(range(rows))
    assert fold.train.size == round(share * rows)
    again = random_share(rows, share, seed)
    np.testing.assert_array_equal(fold.train, again.train)


def test_seeds_differ() -> None:
    a, b = random_share(100, 0.7, 0), random_share(100, 0.7, 1)
    assert a.train.tolist() != b.train.tolist()
