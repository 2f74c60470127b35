"""Leads written so that every split of a forest is one plain comparison of small numbers.

In: a forest and leads, a dense block, a sparse one, or both side by side. Out: blocks of few leads
in float32, column by column, only of the features that the forest uses. Promise: a split sends a
coded lead exactly where LightGBM sends the lead itself.

A split on a number then sends left what has code <= its cut. A float32 value is its own code, and
the cut is the threshold rounded down to float32: no float32 lies between the two. A float64 value's
code is the number of the feature's thresholds below it, and the cut is the threshold's place among
them. A missing value is -infinity, left of every cut, or NaN, left of none, as the split's default
has it; so a feature gets one column for each way of treating what is missing. A category's code is
its place among the categories that any split knows; all others share one more code, which no set
has.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.errors import DataError, ModelError
from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.threads import read_only
from redumbrella.models.trees.forest import NAN, NEVER, ZERO, ZERO_WIDTH, Forest

CATEGORY = 3  # beside NEVER, ZERO and NAN: the kind of a column of categories
Floats = NDArray[np.floating[Any]]
_WORD_BITS = 32
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Columns(NamedTuple):
    """The coded columns, in order of their features.

    first: (features + 1,) where each feature's columns begin. plain: (features,) the only column of
    a feature of numbers none of which is missing, else -1. kind, missing: per column, what is
    missing and its code. level_first: (features + 1,) where each feature's levels begin; levels:
    its thresholds or known categories, sorted. used: the features that have columns.
    """

    first: NDArray[np.int32]
    plain: NDArray[np.int32]
    kind: NDArray[np.uint8]
    missing: NDArray[np.float32]
    level_first: NDArray[np.int64]
    levels: NDArray[np.float64]
    used: NDArray[np.int32]


class Part(NamedTuple):
    """Some leads as arrays: dense (n, p), and the cells of a CSR matrix right of it.

    dense_ranked, sparse_ranked: whether codes of numbers are ranks, not the numbers themselves.
    """

    dense: Floats
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: Floats
    dense_ranked: bool
    sparse_ranked: bool


@dataclass(frozen=True, eq=False)
class Leads:
    """n leads: a dense block (n, p), right of it a sparse one (n, q); p or q may be 0."""

    dense: Floats
    sparse: sp.csr_matrix

    def __len__(self) -> int:
        return int(self.dense.shape[0])

    def part(self, first: int, end: int) -> Part:
        """The leads first … end - 1, with types that code was compiled for."""
        low, high = (int(self.sparse.indptr[row]) for row in (first, end))
        indptr = self.sparse.indptr[first : end + 1].astype(np.int64) - low
        indices = self.sparse.indices[low:high].astype(np.int32, copy=False)
        dense, data = _floats(self.dense[first:end]), _floats(self.sparse.data[low:high])
        ranked = (dense.dtype == np.float64, data.dtype == np.float64)
        return Part(
            read_only(dense), read_only(indptr), read_only(indices), read_only(data), *ranked
        )


def _floats(values: NDArray[Any]) -> Floats:
    return values if values.dtype in _FLOATS else values.astype(np.float64)


def leads_of(X: Floats | sp.csr_matrix, history: sp.csr_matrix | None, n_features: int) -> Leads:
    """Leads of a matrix, dense or CSR, and of a sparse block right of it.

    Raises:
        DataError: other numbers of rows, or not as many columns as the forest has features.
    """
    rows = X.shape[0]
    if sp.issparse(X):
        beside = X if history is None else sp.hstack([X, history])
        leads = Leads(np.empty((rows, 0)), sp.csr_matrix(beside))
    elif history is None:
        nothing = (np.empty(0, np.float32), np.empty(0, np.int32), np.zeros(rows + 1, np.int64))
        leads = Leads(np.asarray(X), sp.csr_matrix(nothing, shape=(rows, 0)))
    else:
        leads = Leads(np.asarray(X), history)
    columns = leads.dense.shape[1] + leads.sparse.shape[1]
    if columns != n_features or leads.sparse.shape[0] != rows:
        raise DataError(
            f"The leads have {rows} rows, {leads.sparse.shape[0]} in their sparse block, and "
            f"{columns} columns; the trees were grown on {n_features} columns. Give the same "
            "columns in the same order, one row a lead.",
            reason="other_columns",
        )
    return leads


class Coding:
    """How leads are coded for one forest, and its splits in these codes.

    columns: what is coded. feature_of: the feature of each column. Per split: column, the one it
    looks at; place, a threshold's place among the feature's, -1 for a split on a category; word and
    words, where the set of a split on a category begins and how long it is. members: the codes that
    a split on a category sends left, as bits. sets: the same in words, bit b of word w of a set for
    code 32 w + b.
    """

    def __init__(self, forest: Forest) -> None:
        """Raises ModelError when a feature is split both as a number and as a category."""
        self.forest = forest
        kind = np.where(forest.is_category, CATEGORY, forest.missing).astype(np.int64)
        to_left = forest.default_left & ~np.isin(kind, (NEVER, CATEGORY))
        key = (forest.feature.astype(np.int64) * 4 + kind) * 2 + to_left
        keys, column = np.unique(key, return_inverse=True)
        feature = keys // 8
        self.feature_of = feature.astype(np.int32)
        self.column = column.astype(np.int32)
        by_feature = [self._levels_of(int(f)) for f in np.unique(feature)]
        sizes = np.zeros(forest.n_features, np.int64)
        sizes[np.unique(feature)] = [len(levels) for levels in by_feature]
        level_first = np.concatenate([[0], np.cumsum(sizes)])
        levels = np.concatenate([*by_feature, np.zeros(1)])  # one more: may be read, never counts
        first = np.searchsorted(feature, np.arange(forest.n_features + 1))
        never = np.append(keys // 2 % 4 == NEVER, False)
        is_plain = (np.diff(first) == 1) & never[first[:-1]]
        self.columns = Columns(
            first=first.astype(np.int32),
            plain=np.where(is_plain, first[:-1], -1).astype(np.int32),
            kind=(keys // 2 % 4).astype(np.uint8),
            missing=np.where(keys % 2 == 1, -np.inf, np.nan).astype(np.float32),
            level_first=level_first,
            levels=levels,
            used=np.unique(feature).astype(np.int32),
        )
        self.place = np.full(len(column), -1, np.int64)
        for f, known in zip(np.unique(feature), by_feature, strict=True):
            own = (forest.feature == f) & ~forest.is_category
            self.place[own] = np.searchsorted(known, forest.threshold[own])
        self._rounded = _rounded_down(forest.threshold)
        self.members = self._members()
        self.word, self.words, self.sets = self._sets()

    def _levels_of(self, feature: int) -> NDArray[np.float64]:
        forest = self.forest
        own = forest.feature == feature
        as_category = forest.is_category[own]
        if not as_category.any():
            return np.unique(forest.threshold[own])
        if not as_category.all():
            raise ModelError(
                f"Feature {feature} is split as a number and as a category; expected one of them. "
                "Let LightGBM score this model, or train again.",
                reason="forest_not_supported",
            )
        return np.unique(np.concatenate([forest.sets[s] for s in forest.set_of[own]])).astype(float)

    def levels(self, column: int) -> NDArray[np.float64]:
        """The thresholds, or the known categories, behind a column."""
        feature = int(self.feature_of[column])
        first, end = self.columns.level_first[feature : feature + 2]
        return self.columns.levels[first:end]

    def cuts(self, leads: Leads) -> NDArray[np.float32]:
        """The cut of every split, (splits,), in the codes that these leads get."""
        part = leads.part(0, 0)
        in_dense = self.forest.feature < leads.dense.shape[1]
        ranked = np.where(in_dense, part.dense_ranked, part.sparse_ranked)
        return np.where(ranked, self.place, self._rounded).astype(np.float32)

    def _members(self) -> dict[int, int]:
        members = {}
        for split in np.flatnonzero(self.forest.is_category).tolist():
            known = self.levels(int(self.column[split]))
            left = np.zeros(len(known), np.bool_)
            left[np.searchsorted(known, self.forest.sets[self.forest.set_of[split]])] = True
            members[split] = int.from_bytes(
                np.packbits(left, bitorder="little").tobytes(), "little"
            )
        return members

    def _sets(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]:
        word, words = np.zeros((2, len(self.column)), np.int64)
        sets, at = bytearray(), 0
        for split, codes in self.members.items():
            size = len(self.levels(int(self.column[split]))) // _WORD_BITS + 1
            sets += codes.to_bytes(size * _WORD_BITS // 8, "little")
            word[split], words[split] = at, size
            at += size
        return word, words, np.frombuffer(bytes(sets), "<u4").astype(np.uint32)


def _rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > threshold, below, near)


def coded(columns: Columns, part: Part, width: int) -> NDArray[np.float32]:
    """The leads of a part in blocks of `width` leads: (blocks, columns, width).

    Rows of the last block beyond the leads have the codes of zeros.
    """
    # Compiled code of one file is called from that of no other file: the cache of numba does not
    # see when what is called has changed.
    rows = part.dense.shape[0]
    blocks = np.empty((-(-rows // width), len(columns.kind), width), np.float32)
    _code(columns, part, blocks)
    return blocks


@njit(nogil=True, cache=True)
def _code(columns, part, blocks):  # type: ignore[no-untyped-def]
    """Fill the blocks (blocks, columns, leads)."""
    zero = _zero_codes(columns, part)
    for number in range(len(blocks)):
        first, block = number * blocks.shape[2], blocks[number]
        for c in range(len(zero)):
            for r in range(block.shape[1]):
                block[c, r] = zero[c]
        for feature in columns.used:
            if feature < part.dense.shape[1]:
                _code_dense(columns, part, feature, first, block)
        _code_sparse(columns, part, first, block)


@njit(nogil=True, cache=True)
def _zero_codes(columns, part):  # type: ignore[no-untyped-def]
    """The code of 0 in each column: what a sparse block does not store."""
    zero = np.zeros(len(columns.kind), np.float32)
    for feature in columns.used:
        ranked = part.sparse_ranked if feature >= part.dense.shape[1] else part.dense_ranked
        low, high = columns.level_first[feature], columns.level_first[feature + 1]
        for c in range(columns.first[feature], columns.first[feature + 1]):
            kind = columns.kind[c]
            code = _code_of(columns.levels, low, high, kind, ranked, 0.0)
            zero[c] = columns.missing[c] if _is_missing(kind, 0.0) else code
    return zero


@njit(nogil=True, cache=True)
def _code_dense(columns, part, feature, first, block):  # type: ignore[no-untyped-def]
    """Code one feature of the dense block; in such a block LightGBM reads what is near 0 as 0."""
    begin, end = columns.first[feature], columns.first[feature + 1]
    leads = min(block.shape[1], part.dense.shape[0] - first)
    values, codes = np.empty(leads), np.empty(leads, np.float32)
    for r in range(leads):
        x = np.float64(part.dense[first + r, feature])
        values[r] = 0.0 if abs(x) <= ZERO_WIDTH else x
    levels = columns.levels[columns.level_first[feature] : columns.level_first[feature + 1]]
    _code_values(levels, columns.kind[begin], part.dense_ranked, values, codes)
    for c in range(begin, end):
        kind, missing = columns.kind[c], columns.missing[c]
        for r in range(leads):
            block[c, r] = missing if _is_missing(kind, values[r]) else codes[r]


@njit(nogil=True, cache=True)
def _code_sparse(columns, part, first, block):  # type: ignore[no-untyped-def]
    """Code the cells of the sparse block."""
    begins, plain, kinds, missing, level_first, levels, _ = columns
    dense, indptr, indices, data, _, ranked = part
    for r in range(min(block.shape[1], dense.shape[0] - first)):
        for cell in range(indptr[first + r], indptr[first + r + 1]):
            feature, x = dense.shape[1] + indices[cell], data[cell]
            if plain[feature] >= 0 and not ranked:
                block[plain[feature], r] = 0.0 if np.isnan(x) else x
                continue
            begin, end = begins[feature], begins[feature + 1]
            if begin < end:
                low, high = level_first[feature], level_first[feature + 1]
                code = _code_of(levels, low, high, kinds[begin], ranked, np.float64(x))
                for c in range(begin, end):
                    block[c, r] = missing[c] if _is_missing(kinds[c], np.float64(x)) else code


@njit(nogil=True, cache=True)
def _code_values(levels, kind, ranked, values, codes):  # type: ignore[no-untyped-def]
    """The codes of some values of one feature, missing ones apart.

    All values go through the binary search step by step together: steps of one value would have to
    wait for each other.
    """
    is_category = kind == CATEGORY
    if not (ranked or is_category):
        for r in range(len(values)):
            codes[r] = 0.0 if np.isnan(values[r]) else values[r]
        return
    place = np.zeros(len(values), np.uint64)
    sought = np.empty(len(values))
    for r in range(len(values)):
        x = np.trunc(values[r]) if is_category else values[r]
        sought[r] = 0.0 if np.isnan(x) else x
    size = len(levels)
    while size > 1:
        half = np.uint64(size // 2)
        for r in range(len(values)):
            below = levels[place[r] + half - np.uint64(1)] < sought[r]
            place[r] = place[r] + half if below else place[r]
        size -= size // 2
    for r in range(len(values)):
        code = place[r] + np.uint64(levels[place[r]] < sought[r])
        codes[r] = code
        if is_category and (
            np.isnan(values[r]) or code == len(levels) or levels[code] != sought[r]
        ):
            codes[r] = len(levels)


@njit(nogil=True, cache=True)
def _code_of(levels, low, high, kind, ranked, x):  # type: ignore[no-untyped-def]
    """As `_code_values`, for one value and the levels low … high - 1."""
    is_category = kind == CATEGORY
    sought = np.trunc(x) if is_category else x
    sought = 0.0 if np.isnan(x) else sought
    if not (ranked or is_category):
        return np.float32(sought)
    place, size = low, high - low
    while size > 1:
        half = size // 2
        place += half * (levels[place + half - 1] < sought)
        size -= half
    code = place - low + (levels[place] < sought)
    if is_category and (np.isnan(x) or low + code == high or levels[low + code] != sought):
        code = high - low
    return np.float32(code)


@njit(nogil=True, cache=True)
def _is_missing(kind, x):  # type: ignore[no-untyped-def]
    """Whether a column of this kind takes x for missing."""
    if np.isnan(x):
        return kind in (NAN, ZERO)
    return kind == ZERO and abs(x) <= ZERO_WIDTH
