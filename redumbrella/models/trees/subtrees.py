"""Trees cut into parts so small that all kinds of leads which a part tells apart can be listed.

In: a forest in codes. Out: the parts, flat, for compiled code. Promise: every leaf that has a path
is in exactly one part, and a part tells apart at most `most_kinds` kinds of leads, unless it is one
deep leaf.

A part is a subtree. What it tells apart are the outcomes of its own splits and of those on the way
to it. They cut the codes of each column into cells; a kind of lead is one cell in every column.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import ModelError
from redumbrella.models.trees.coded_block import Coding

MOST_FEATURES = 64  # on a path: the bits of a mark
_NO_LOW, _NO_HIGH = -1, 2**31


class TreeParts(NamedTuple):
    """Parts one after another. Each `…_first` has one more entry, the end of the last.

    Per part: kinds of leads, 0 for a deep leaf; axis_first, leaf_first, feature_first. feature: of
    the paths in a part. Per axis: column; size, its cells; test_first, its tests; lookup, where its
    cells by code begin in cell_of_code (categories), or -1 (numbers: a lead's cell is how many of
    the tests' cuts it passes on the right). split: of each test, the one whose cut it is. Per leaf:
    value; share_first, its features; mark_first, its marks. Per feature of a leaf: share, the part
    z of training rows that went on; slot, its place among the features of the part. mark: for each
    cell of each axis, the features of the leaf as bits, but for the one that does not pass there.
    """

    kinds: NDArray[np.int64]
    axis_first: NDArray[np.int64]
    leaf_first: NDArray[np.int64]
    feature_first: NDArray[np.int64]
    feature: NDArray[np.int64]
    column: NDArray[np.int64]
    size: NDArray[np.int64]
    test_first: NDArray[np.int64]
    lookup: NDArray[np.int64]
    cell_of_code: NDArray[np.int32]
    split: NDArray[np.int64]
    value: NDArray[np.float64]
    share_first: NDArray[np.int64]
    share: NDArray[np.float64]
    slot: NDArray[np.int64]
    mark_first: NDArray[np.int64]
    mark: NDArray[np.uint64]


# Where each part's, axis's or leaf's entries begin: at the length that this list has by then.
_COUNTED = {
    "axis_first": "column",
    "leaf_first": "value",
    "feature_first": "feature",
    "test_first": "split",
    "share_first": "share",
    "mark_first": "mark",
}
_TYPES = {"value": np.float64, "share": np.float64, "mark": np.uint64, "cell_of_code": np.int32}


@dataclass(frozen=True)
class _Path:
    """The way to a split or leaf (`number`).

    between: per column of numbers, low and high of the places low < code <= high that come by.
    among: per column of categories, the codes that come by, as bits. share: per feature, z.
    """

    number: int
    between: dict[int, tuple[int, int]]
    among: dict[int, int]
    share: dict[int, float]


@dataclass(frozen=True)
class _Axis:
    """The cells of one column: between cuts, or classes of categories (codes as bits)."""

    column: int
    cuts: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        return len(self.classes) or len(self.cuts) + 1

    def passing(self, path: _Path) -> list[bool]:
        """Whether each cell is let through by the tests of a path on this column."""
        if self.classes:
            codes = path.among.get(self.column, -1)
            return [not cell & ~codes for cell in self.classes]
        low, high = path.between.get(self.column, (_NO_LOW, _NO_HIGH))
        borders = (_NO_LOW, *self.cuts, _NO_HIGH)
        return [low <= borders[k] and borders[k + 1] <= high for k in range(self.size)]


def tree_parts(coding: Coding, most_kinds: int) -> TreeParts:
    """The parts of all trees of a forest, in the order of the trees.

    Raises:
        ModelError: a path looks at more than 64 features.
    """
    cutter = _Cutter(coding, most_kinds)
    for tree in range(coding.forest.trees):
        if coding.forest.root(tree) >= 0:
            cutter.cut(coding.forest.root(tree))
    return cutter.parts()


class _Cutter:
    """Cuts trees and notes their parts; in plain lists, which are quick with single values."""

    def __init__(self, coding: Coding, most_kinds: int) -> None:
        forest = coding.forest
        self.most_kinds = most_kinds
        self.children = list(zip(forest.left.tolist(), forest.right.tolist(), strict=True))
        self.feature, self.column = forest.feature.tolist(), coding.column.tolist()
        self.place, self.value = coding.place.tolist(), forest.leaf_value.tolist()
        self.feature_of = coding.feature_of.tolist()
        self.split_rows, self.leaf_rows = forest.split_rows.tolist(), forest.leaf_rows.tolist()
        self.members = coding.members
        columns = {self.column[split] for split in self.members}
        self.n_codes = {column: len(coding.levels(column)) + 1 for column in columns}
        keys = zip(self.column, self.place, strict=True)
        self.split_at = {key: split for split, key in enumerate(keys)}
        self.noted: dict[str, list[Any]] = {name: [] for name in TreeParts._fields}

    def cut(self, root: int) -> None:
        """Notes the largest subtrees that tell few kinds of leads apart, from the root down."""
        inner = self._inner(root)
        to_see = [_Path(root, {}, {}, {})]
        while to_see:
            path = to_see.pop()
            axes = self._axes(path, inner.get(path.number, []))
            kinds = prod(axis.size for axis in axes)
            if kinds <= self.most_kinds:
                self._note(path, axes, kinds)
            elif path.number < 0:
                self._note(path, axes, 0)
            else:
                to_see += self._steps(path)

    def parts(self) -> TreeParts:
        """All parts that were noted."""
        for name, counted in _COUNTED.items():
            self.noted[name].append(len(self.noted[counted]))
        arrays = [np.array(self.noted[n], _TYPES.get(n, np.int64)) for n in TreeParts._fields]
        return TreeParts(*arrays)

    def _inner(self, root: int) -> dict[int, list[int]]:
        """All splits in the subtree of each split of a tree."""
        order = [root]
        for split in order:  # grows while it is read
            order += [child for child in self.children[split] if child >= 0]
        inner: dict[int, list[int]] = {}
        for split in reversed(order):
            inner[split] = [split]
            for child in self.children[split]:
                inner[split] += inner.get(child, [])
        return inner

    def _steps(self, path: _Path) -> tuple[_Path, _Path]:
        """The paths one split further on, to the left and to the right."""
        split = path.number
        left, right = self.children[split]
        column = self.column[split]
        if split in self.members:
            codes, members = path.among.get(column, (1 << self.n_codes[column]) - 1), self.members
            sides = [
                (path.between, path.among | {column: codes & members[split]}),
                (path.between, path.among | {column: codes & ~members[split]}),
            ]
        else:
            low, high = path.between.get(column, (_NO_LOW, _NO_HIGH))
            place = self.place[split]
            sides = [
                (path.between | {column: (low, min(high, place))}, path.among),
                (path.between | {column: (max(low, place), high)}, path.among),
            ]
        return (
            _Path(left, *sides[0], self._share(path, left)),
            _Path(right, *sides[1], self._share(path, right)),
        )

    def _share(self, path: _Path, child: int) -> dict[int, float]:
        feature = self.feature[path.number]
        rows = self.split_rows[child] if child >= 0 else self.leaf_rows[~child]
        part = rows / self.split_rows[path.number]
        return path.share | {feature: path.share.get(feature, 1.0) * part}

    def _axes(self, path: _Path, inner: list[int]) -> list[_Axis]:
        """What the tests of a path and the splits in the subtree at its end tell apart."""
        cuts: dict[int, set[int]] = defaultdict(set)
        masks: dict[int, list[int]] = defaultdict(list)
        for column, bounds in path.between.items():
            cuts[column] = set(bounds) - {_NO_LOW, _NO_HIGH}
        for column, codes in path.among.items():
            masks[column] = [codes]
        for split in inner:
            if split in self.members:
                masks[self.column[split]].append(self.members[split])
            else:
                cuts[self.column[split]].add(self.place[split])
        return [
            *(_Axis(column, cuts=tuple(sorted(places))) for column, places in cuts.items()),
            *(
                _Axis(column, classes=_classes(self.n_codes[column], sets))
                for column, sets in masks.items()
            ),
        ]

    def _note(self, path: _Path, axes: list[_Axis], kinds: int) -> None:
        """Notes a part, the subtree at the end of a path."""
        leaves = list(self._leaves(path))
        features = sorted({feature for leaf in leaves for feature in leaf.share})
        slot = {feature: place for place, feature in enumerate(features)}
        self._begin("axis_first", "leaf_first", "feature_first")
        self.noted["kinds"].append(kinds)
        self.noted["feature"] += features
        for axis in axes:
            self._begin("test_first")
            self.noted["column"].append(axis.column)
            self.noted["size"].append(axis.size)
            self.noted["split"] += [self.split_at[axis.column, place] for place in axis.cuts]
            self.noted["lookup"].append(len(self.noted["cell_of_code"]) if axis.classes else -1)
            if axis.classes:
                codes = range(self.n_codes[axis.column])
                self.noted["cell_of_code"] += [_cell_of(code, axis.classes) for code in codes]
        for leaf in leaves:
            self._note_leaf(leaf, axes, slot)

    def _note_leaf(self, leaf: _Path, axes: list[_Axis], slot: dict[int, int]) -> None:
        if len(leaf.share) > MOST_FEATURES:
            raise ModelError(
                f"A leaf of the trees is {len(leaf.share)} features deep; expected at most "
                f"{MOST_FEATURES}. Let LightGBM explain this model, or train with fewer leaves.",
                reason="forest_not_supported",
            )
        self._begin("share_first", "mark_first")
        self.noted["value"].append(self.value[~leaf.number])
        self.noted["share"] += leaf.share.values()
        self.noted["slot"] += [slot[feature] for feature in leaf.share]
        bit = {feature: 1 << place for place, feature in enumerate(leaf.share)}
        every = (1 << len(bit)) - 1
        for axis in axes:
            # A feature that is not on the leaf's path has no bit, and each of its cells passes.
            without = every & ~bit.get(self.feature_of[axis.column], 0)
            self.noted["mark"] += [every if ok else without for ok in axis.passing(leaf)]

    def _begin(self, *names: str) -> None:
        for name in names:
            self.noted[name].append(len(self.noted[_COUNTED[name]]))

    def _leaves(self, path: _Path) -> Iterator[_Path]:
        """The paths to all leaves of a subtree."""
        to_see = [path]
        while to_see:
            path = to_see.pop()
            if path.number < 0:
                yield path
            else:
                to_see += self._steps(path)


def _classes(n_codes: int, sets: list[int]) -> tuple[int, ...]:
    """The codes put into classes that no set tells apart further."""
    classes = [(1 << n_codes) - 1]
    for codes in sets:
        halves = ((c & codes, c & ~codes) for c in classes)
        classes = [half for pair in halves for half in pair if half]
    return tuple(classes)


def _cell_of(code: int, classes: tuple[int, ...]) -> int:
    return next(cell for cell, codes in enumerate(classes) if codes >> code & 1)
