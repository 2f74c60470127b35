"""Raw scores of a forest for many leads, to the last bit what LightGBM gives, in less time.

In: a forest; leads as a dense matrix, a CSR matrix, or a dense block with a CSR block right of it.
Out: log-odds, one per lead. Promise: equal to `predict(raw_score=True)` in every bit, for any
number of threads; memory beyond the result does not grow with the number of leads.

64 leads go through a tree together. A bit stands for a leaf, from left to right, and every split
that sends a lead right strikes the leaves on its left; the lowest bit that is left is the lead's
leaf (QuickScorer: Lucchese et al. 2015; several leads at once: V-QuickScorer, 2016). All splits
are looked at, but there is nothing to guess or to wait for. A tree of more than 64 leaves is
walked from its root, lead by lead.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.threads import in_chunks
from redumbrella.models.trees.coded_block import Coding, coded, leads_of
from redumbrella.models.trees.forest import Forest

LEADS = 64  # in a block: a column of it fills four cache lines
_CHUNK = 1_024
_ALL = (np.uint32(2**32 - 1), np.uint64(2**64 - 1))  # leaves of a tree of at most 32, at most 64


class Trees(NamedTuple):
    """Trees for the kernels; the splits of a tree on numbers stand before those on categories.

    first, leaf_first: (trees + 1,) where each tree's splits and leaves begin. category_first:
    (trees,) where its splits on categories begin. Per split: column; cut; word and words, where
    its set begins and how long it is; keep, the leaves that stay when a lead goes right; left and
    right, a split's number, or ~number of a leaf. sets: bit b of word w of a set stands for code
    32 w + b. root: of each tree. value: of each leaf, those of a tree from left to right.
    """

    first: NDArray[np.int64]
    category_first: NDArray[np.int64]
    leaf_first: NDArray[np.int64]
    column: NDArray[np.int32]
    cut: NDArray[np.float32]
    word: NDArray[np.int64]
    words: NDArray[np.int64]
    keep: NDArray[np.unsignedinteger[Any]]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    sets: NDArray[np.uint32]
    root: NDArray[np.int64]
    value: NDArray[np.float64]


class Scorer:
    """A forest made ready for scoring many leads."""

    def __init__(self, forest: Forest) -> None:
        """Raises ModelError when a feature is split both as a number and as a category."""
        self.forest = forest
        self.coding = Coding(forest)
        largest = int(forest.leaves.max(initial=1))
        self._walks = largest > 64
        self._all_leaves = _ALL[int(largest > 32)]
        self._order, self._trees = _trees(self.coding, self._all_leaves)

    def raw(
        self,
        X: NDArray[np.floating[Any]] | sp.csr_matrix,
        history: sp.csr_matrix | None = None,
        *,
        threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Raw score of each lead, (n,): the sum of the values of its leaves, tree after tree.

        X is dense (n, p) or CSR; `history`, CSR (n, q), holds the columns right of a dense X. In a
        CSR matrix what is not stored is 0. `threads` defaults to all cores.

        Raises:
            DataError: other columns than the forest was grown on, or rows that differ.
        """
        leads = leads_of(X, history, self.forest.n_features)
        trees = self._trees._replace(cut=self.coding.cuts(leads)[self._order])
        columns, out = self.coding.columns, np.zeros(len(leads))

        def task(first: int, end: int) -> None:
            blocks = coded(columns, leads.part(first, end), LEADS)
            _score(blocks, trees, self._all_leaves, self._walks, out[first:end])

        in_chunks(task, len(leads), chunk=_CHUNK, threads=threads)
        return out


def _trees(coding: Coding, all_leaves: Any) -> tuple[NDArray[np.int64], Trees]:
    """The order in which splits stand, and all trees in that order, with no cuts yet."""
    forest = coding.forest
    tree_of = np.repeat(np.arange(forest.trees), np.diff(forest.split_first))
    categories = np.bincount(tree_of, forest.is_category, forest.trees).astype(np.int64)
    order = np.lexsort((forest.is_category, tree_of))
    keep = np.zeros(len(order), all_leaves.dtype)
    leaves: list[int] = []
    for tree in range(forest.trees):
        in_order, spans = forest.left_to_right(tree)
        leaves += in_order
        if len(in_order) <= 64:
            for split, (first, end) in spans.items():
                keep[split] = int(all_leaves) & ~((1 << end) - (1 << first))
    split_place, leaf_place = np.argsort(order), np.argsort(leaves)

    def placed(number: NDArray[Any]) -> NDArray[np.int64]:
        at = np.empty(len(number), np.int64)
        is_split = number >= 0
        at[is_split] = split_place[number[is_split]]
        at[~is_split] = ~leaf_place[~number[~is_split]]
        return at

    return order, Trees(
        first=forest.split_first,
        category_first=forest.split_first[1:] - categories,
        leaf_first=forest.leaf_first,
        column=coding.column[order],
        cut=np.empty(0, np.float32),
        word=coding.word[order],
        words=coding.words[order],
        keep=keep[order],
        left=placed(forest.left[order]),
        right=placed(forest.right[order]),
        sets=coding.sets,
        root=placed(np.array([forest.root(tree) for tree in range(forest.trees)], np.int64)),
        value=forest.leaf_value[np.array(leaves, np.int64)],
    )


@njit(nogil=True, cache=True)
def _score(blocks, trees, all_leaves, walks, out):  # type: ignore[no-untyped-def]
    """Add the raw score of each coded lead to `out`."""
    alive, in_set = np.empty(LEADS, trees.keep.dtype), np.empty(LEADS, np.uint32)
    for number in range(len(blocks)):
        block, scores = blocks[number], out[number * LEADS : (number + 1) * LEADS]
        for tree in range(len(trees.root)):
            if walks:
                for r in range(len(scores)):
                    scores[r] += trees.value[_walk(trees, tree, block, r)]
            else:
                _strike(trees, tree, block, all_leaves, alive, in_set)
                begin = trees.leaf_first[tree]
                for r in range(len(scores)):
                    scores[r] += trees.value[begin + _lowest_bit(alive[r])]


@njit(nogil=True, cache=True)
def _strike(trees, tree, block, all_leaves, alive, in_set):  # type: ignore[no-untyped-def]
    """Which leaves of a tree no split has struck, as bits, for each lead of a block."""
    alive[:] = all_leaves
    middle = trees.category_first[tree]
    for split in range(trees.first[tree], middle):
        code, cut, keep = block[trees.column[split]], trees.cut[split], trees.keep[split]
        for r in range(len(alive)):
            alive[r] &= all_leaves if code[r] <= cut else keep
    for split in range(middle, trees.first[tree + 1]):
        code, keep = block[trees.column[split]], trees.keep[split]
        in_set[:] = 0
        for w in range(trees.words[split]):
            bits = trees.sets[trees.word[split] + w]
            for r in range(len(alive)):
                number = np.uint32(code[r])
                in_word = number >> np.uint32(5) == np.uint32(w)
                in_set[r] |= in_word & (bits >> (number & np.uint32(31)))
        for r in range(len(alive)):
            alive[r] &= all_leaves if in_set[r] & np.uint32(1) else keep


@njit(nogil=True, cache=True)
def _walk(trees, tree, block, r):  # type: ignore[no-untyped-def]
    """The leaf of a tree that one lead of a block falls into."""
    number, middle = trees.root[tree], trees.category_first[tree]
    while number >= 0:
        code = block[trees.column[number], r]
        if number < middle:
            left = code <= trees.cut[number]
        else:
            level = np.int64(code)
            bits = trees.sets[trees.word[number] + (level >> 5)]
            left = (bits >> np.uint32(level & 31)) & np.uint32(1) != 0
        number = trees.left[number] if left else trees.right[number]
    return ~number


@intrinsic
def _lowest_bit(_typing, x):  # type: ignore[no-untyped-def]
    """Place of the lowest bit that is set."""

    def generate(context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return x(x), generate
