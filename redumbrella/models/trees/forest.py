"""A forest of boosted trees as arrays, read from the text that LightGBM writes.

In: a LightGBM booster or the text of one. Out: a `Forest`: splits, leaf values and counts of
training rows of all trees, one after another. Promise: nothing is rounded, and a model whose
scores are more than the sum of one leaf a tree is refused, not read wrongly.

A split sends a row left or right by one feature. A number goes left if it is at most the threshold;
a missing one follows the split's default. What counts as missing belongs to the split: nothing
(NaN is then read as 0), zero and NaN, or NaN alone. A category goes left if it is in the split's
set; NaN, a negative one and one that is in no set go right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import ModelError

NEVER, ZERO, NAN = 0, 1, 2  # what a split on a number takes for missing
ZERO_WIDTH = float(np.float32(1e-35))  # numbers as near to 0 as this are 0 (LightGBM's own width)
_CATEGORY_BIT, _DEFAULT_LEFT_BIT, _MISSING_SHIFT = 1, 2, 2
_BITS = 32  # categories in a word of a set


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees one after another; their splits and leaves are numbered through the whole forest.

    split_first, leaf_first: (trees + 1,) where each tree's splits and leaves begin. Per split:
    feature; threshold; is_category; missing (NEVER, ZERO or NAN); default_left; left and right, the
    number of a split, or ~number of a leaf; set_of, the set of a split on a category, else -1;
    split_rows, training rows that came by. Per leaf: leaf_value, leaf_rows. sets: the categories
    that go left, sorted, one array a set.
    """

    n_features: int
    split_first: NDArray[np.int64]
    leaf_first: NDArray[np.int64]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    is_category: NDArray[np.bool_]
    missing: NDArray[np.uint8]
    default_left: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    set_of: NDArray[np.int32]
    split_rows: NDArray[np.float64]
    leaf_value: NDArray[np.float64]
    leaf_rows: NDArray[np.float64]
    sets: tuple[NDArray[np.int64], ...]

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.split_first) - 1

    @property
    def leaves(self) -> NDArray[np.int64]:
        """Number of leaves of each tree, (trees,)."""
        return np.diff(self.leaf_first)

    def root(self, tree: int) -> int:
        """The first split of a tree, or ~number of its only leaf."""
        first, end = int(self.split_first[tree]), int(self.split_first[tree + 1])
        return first if first < end else ~int(self.leaf_first[tree])

    def left_to_right(self, tree: int) -> tuple[list[int], dict[int, tuple[int, int]]]:
        """The leaves of a tree from left to right, and per split where its left ones stand there.

        (first, end) counts from the tree's first leaf.
        """
        order: list[int] = []
        spans: dict[int, tuple[int, int]] = {}
        begin: dict[int, int] = {}
        to_see = [self.root(tree)]
        while to_see:
            number = to_see.pop()
            if number < 0:
                order.append(~number)
            elif number not in begin:
                begin[number] = len(order)
                to_see += [number, int(self.left[number])]
            else:  # all on its left has been seen
                spans[number] = (begin[number], len(order))
                to_see.append(int(self.right[number]))
        return order, spans


def parse_forest(model: Any) -> Forest:
    """The forest of a LightGBM booster, or of the text that it writes.

    Of a booster, the trees are those that its `predict` uses.

    Raises:
        ModelError: the text is not a model, or its scores are not a sum of one leaf a tree.
    """
    text = model if isinstance(model, str) else model.model_to_string()
    head, *parts = text.partition("\nend of trees")[0].split("\nTree=")
    header = _fields(head)
    trees = [_fields(part) for part in parts]
    _refuse_others(header, trees)
    try:
        return _forest(int(header["max_feature_idx"]) + 1, trees)
    except (KeyError, ValueError, IndexError) as problem:
        raise ModelError(
            f"The text of the trees is broken ({problem!r}); expected what LightGBM writes. "
            "Train again: umbrella train.",
            reason="forest_unreadable",
        ) from None


def _fields(text: str) -> dict[str, str]:
    """The lines 'name=value' of a part of the text; a line without '=' is true by being there."""
    pairs = (line.partition("=") for line in text.splitlines() if line)
    return {name: value for name, _, value in pairs}


def _refuse_others(header: Mapping[str, str], trees: Sequence[Mapping[str, str]]) -> None:
    refused = None
    if "max_feature_idx" not in header:
        refused = "is not the text of a LightGBM model"
    elif header.get("num_tree_per_iteration", "1") != "1":
        refused = "has several classes"
    elif "average_output" in header:
        refused = "averages its trees (a random forest)"
    elif any(tree.get("is_linear", "0") != "0" for tree in trees):
        refused = "has linear functions in its leaves"
    if refused:
        raise ModelError(
            f"The model {refused}; expected boosted trees for one outcome with a number in each "
            "leaf. Let LightGBM score it, or train without that setting.",
            reason="forest_not_supported",
        )


def _forest(n_features: int, trees: Sequence[Mapping[str, str]]) -> Forest:
    n_leaves = np.array([int(tree["num_leaves"]) for tree in trees], np.int64)
    split_first, leaf_first = _offsets(n_leaves - 1), _offsets(n_leaves)
    splits, leaves = int(split_first[-1]), int(leaf_first[-1])
    decision = _joined(trees, "decision_type", np.int64, splits)
    threshold = _joined(trees, "threshold", np.float64, splits)
    is_category = (decision & _CATEGORY_BIT) != 0
    n_sets = np.array([int(tree["num_cat"]) for tree in trees], np.int64)
    set_of = np.full(splits, -1, np.int32)
    # In the place of a threshold, a split on a category has the number of its set in the tree.
    first_set = np.repeat(_offsets(n_sets)[:-1], n_leaves - 1)
    set_of[is_category] = threshold[is_category].astype(np.int64) + first_set[is_category]
    own_split = np.repeat(split_first[:-1], n_leaves - 1)
    own_leaf = np.repeat(leaf_first[:-1], n_leaves - 1)

    def children(name: str) -> NDArray[np.int32]:
        child = _joined(trees, name, np.int64, splits)
        return np.where(child >= 0, child + own_split, child - own_leaf).astype(np.int32)

    return Forest(
        n_features=n_features,
        split_first=split_first,
        leaf_first=leaf_first,
        feature=_joined(trees, "split_feature", np.int64, splits).astype(np.int32),
        threshold=threshold,
        is_category=is_category,
        missing=((decision >> _MISSING_SHIFT) & 3).astype(np.uint8),
        default_left=(decision & _DEFAULT_LEFT_BIT) != 0,
        left=children("left_child"),
        right=children("right_child"),
        set_of=set_of,
        split_rows=_joined(trees, "internal_count", np.float64, splits),
        leaf_value=_joined(trees, "leaf_value", np.float64, leaves),
        leaf_rows=_leaf_rows(trees, n_leaves),
        sets=tuple(s for tree in trees if int(tree["num_cat"]) for s in _sets(tree)),
    )


def _leaf_rows(
    trees: Sequence[Mapping[str, str]], n_leaves: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Training rows of each leaf; a tree that is one leaf need not say, and is given one."""
    split = [tree for tree in trees if tree["num_leaves"] != "1"]
    rows = np.ones(int(n_leaves.sum()))
    many = np.repeat(n_leaves > 1, n_leaves)
    rows[many] = _joined(split, "leaf_count", np.float64, int(many.sum()))
    return rows


def _sets(tree: Mapping[str, str]) -> list[NDArray[np.int64]]:
    """Each set of a tree: bit b of word w of its stretch of words stands for category 32 w + b."""
    border = [int(word) for word in tree["cat_boundaries"].split()]
    words = np.array(tree["cat_threshold"].split(), np.uint32)
    bits = (words[:, None] >> np.arange(_BITS, dtype=np.uint32)) & np.uint32(1)
    return [
        np.flatnonzero(bits[first:end].ravel()).astype(np.int64) for first, end in pairwise(border)
    ]


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _joined(trees: Sequence[Mapping[str, str]], name: str, dtype: Any, length: int) -> NDArray[Any]:
    """The values of all trees under one name. Raises ValueError when they are not `length`."""
    values = np.array(" ".join(tree.get(name, "") for tree in trees).split(), dtype)
    if len(values) != length:
        raise ValueError(f"{len(values)} values of {name} instead of {length}")
    return values
