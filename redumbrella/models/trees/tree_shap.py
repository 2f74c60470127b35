"""Exact contributions of features to the scores of a forest, for many leads at once.

In: a forest; leads as for `scorer`. Out: per lead and feature, what the feature adds to the raw
score, and the base, the score of a lead about which nothing is known. Promise: base + sum of a
lead's contributions = its raw score; both are those of path-dependent TreeSHAP (Lundberg et al.
2020), LightGBM's `pred_contrib`, to rounding, and the same for any number of threads.

A leaf with value v whose path looks at d features is a game of its own: a feature in the coalition
lets the lead pass (o = 1) or not (o = 0), another one passes the share z of training rows that went
on. The Shapley value of feature f is, by the multilinear extension of the game (Owen 1972),

    v (o_f - z_f) * integral over t in (0, 1) of product over g != f of (t o_g + (1 - t) z_g),

a polynomial in t of degree d - 1, which ceil(d / 2) points of Gauss and Legendre sum exactly. The
lead counts only by its pattern of bits o (Nadel and Wettenstein 2026). So for every kind of lead
that a part of a tree tells apart, the sum over the part's leaves is worked out once and then looked
up. For a leaf too deep for such a table it is worked out for the patterns that occur.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.threads import in_chunks
from redumbrella.models.trees.coded_block import Coding, coded, leads_of
from redumbrella.models.trees.forest import Forest
from redumbrella.models.trees.subtrees import MOST_FEATURES, tree_parts

KINDS = 1_024  # of leads in a table: larger ones save sums, but no longer stay near the processor
TABLE_BYTES = 64 * 2**20  # of tables at a time; those of 500 trees of 31 leaves
_LEADS = 2_048  # in a block: a table serves all of them before the next one is touched
_PARTS_PER_CHUNK = 32
_HASH = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth's multiplicative hashing)


class Quadrature(NamedTuple):
    """Gauss and Legendre's points t on (0, 1) and weights; rule k has k + 1, from first[k] on."""

    first: NDArray[np.int64]
    t: NDArray[np.float64]
    weight: NDArray[np.float64]


class Tables(NamedTuple):
    """Contributions of the parts begin … end - 1, for every kind of lead and feature of a part.

    first: where each part's table would begin if all were here; values begins with that of `begin`.
    """

    begin: int
    end: int
    first: NDArray[np.int64]
    values: NDArray[np.float64]


class Explainer:
    """A forest made ready for explaining many leads.

    base: the mean raw score of the rows that the forest was grown on.
    """

    def __init__(self, forest: Forest) -> None:
        """Raises ModelError for a feature of two types or a path with more than 64 features."""
        self.forest = forest
        self.coding = Coding(forest)
        self.base = _mean_score(forest)
        self._parts = tree_parts(self.coding, KINDS)
        self._quadrature = _quadrature()
        sizes = self._parts.kinds * np.diff(self._parts.feature_first)
        self._table_first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._kept: Tables | None = None

    def contributions(
        self,
        X: NDArray[np.floating[Any]] | sp.csr_matrix,
        history: sp.csr_matrix | None = None,
        *,
        threads: int | None = None,
    ) -> NDArray[np.float64]:
        """What each feature adds to the raw score of each lead, (n, features).

        X and `history` as in `Scorer.raw`. `threads` defaults to all cores.

        Raises:
            DataError: other columns than the forest was grown on, or rows that differ.
        """
        leads = leads_of(X, history, self.forest.n_features)
        out = np.zeros((len(leads), self.forest.n_features))
        cut = self.coding.cuts(leads)[self._parts.split]
        columns = self.coding.columns
        for begin, end in self._batches():
            tables = self._tables(begin, end, threads)

            def task(first: int, last: int, tables: Tables = tables) -> None:
                block = coded(columns, leads.part(first, last), last - first)[0]
                rule, used = self._quadrature, columns.used
                _add_parts(self._parts, tables, rule, cut, block, used, out[first:last])

            in_chunks(task, len(leads), chunk=_LEADS, threads=threads)
        return out

    def _batches(self) -> list[tuple[int, int]]:
        """Runs of parts whose tables fit into TABLE_BYTES together."""
        borders, most = [0], TABLE_BYTES // 8
        while borders[-1] < len(self._parts.kinds):
            limit = self._table_first[borders[-1]] + most
            end = int(np.searchsorted(self._table_first, limit, side="right")) - 1
            borders.append(max(end, borders[-1] + 1))
        return list(pairwise(borders))

    def _tables(self, begin: int, end: int, threads: int | None) -> Tables:
        """The tables of some parts; they are kept if they are those of all parts."""
        if self._kept is not None:
            return self._kept
        values = np.zeros(int(self._table_first[end] - self._table_first[begin]))
        tables = Tables(begin, end, self._table_first, values)

        def task(first: int, last: int) -> None:
            _fill_tables(self._parts, tables, self._quadrature, begin + first, begin + last)

        in_chunks(task, end - begin, chunk=_PARTS_PER_CHUNK, threads=threads)
        if end - begin == len(self._parts.kinds):
            self._kept = tables
        return tables


def _mean_score(forest: Forest) -> float:
    """Sum over the trees of the mean leaf value, each leaf counted by its training rows."""
    if not forest.trees:
        return 0.0
    begin = forest.leaf_first[:-1]
    rows = np.add.reduceat(forest.leaf_rows, begin)
    return float((np.add.reduceat(forest.leaf_rows * forest.leaf_value, begin) / rows).sum())


def _quadrature() -> Quadrature:
    """The rules for all numbers of features that a path may have."""
    rules = [np.polynomial.legendre.leggauss(k) for k in range(1, MOST_FEATURES // 2 + 1)]
    first = np.cumsum([0] + [len(points) for points, _ in rules])
    return Quadrature(
        first.astype(np.int64),
        np.concatenate([(1.0 + points) / 2.0 for points, _ in rules]),
        np.concatenate([weight / 2.0 for _, weight in rules]),
    )


@njit(nogil=True, cache=True)
def _fill_tables(parts, tables, quadrature, begin, end):  # type: ignore[no-untyped-def]
    """The tables of the parts begin … end - 1: the sum over the leaves for every kind of lead."""
    for part in range(begin, end):
        kinds = parts.kinds[part]
        width = parts.feature_first[part + 1] - parts.feature_first[part]
        table = tables.values[tables.first[part] - tables.first[tables.begin] :]
        pattern = np.empty(kinds, np.uint64)
        for leaf in range(parts.leaf_first[part], parts.leaf_first[part + 1] if kinds else 0):
            share_first, share_end = parts.share_first[leaf], parts.share_first[leaf + 1]
            every = np.arange(1 << (share_end - share_first)).astype(np.uint64)
            terms = np.empty((share_end - share_first, len(every)))
            share = parts.share[share_first:share_end]
            _leaf_terms(every, parts.value[leaf], share, quadrature, terms)
            _patterns_of_kinds(parts, part, leaf, every[-1], pattern)
            for j in range(len(share)):
                slot = parts.slot[share_first + j]
                for kind in range(kinds):
                    table[kind * width + slot] += terms[j, pattern[kind]]


@njit(nogil=True, cache=True)
def _patterns_of_kinds(parts, part, leaf, all_pass, pattern):  # type: ignore[no-untyped-def]
    """The pattern of a leaf for every kind of lead, one axis after another."""
    pattern[0] = all_pass
    known, mark = 1, parts.mark_first[leaf]
    for axis in range(parts.axis_first[part], parts.axis_first[part + 1]):
        for cell in range(parts.size[axis] - 1, -1, -1):  # cell 0 last: it is what is known
            for kind in range(known):
                pattern[cell * known + kind] = pattern[kind] & parts.mark[mark + cell]
        known *= parts.size[axis]
        mark += parts.size[axis]


@njit(nogil=True, cache=True)
def _leaf_terms(pattern, value, share, quadrature, terms):  # type: ignore[no-untyped-def]
    """The formula at the head of this file: terms (features of the leaf, patterns)."""
    terms[:] = 0.0
    features, n = len(share), len(pattern)
    before, product = np.empty((features, n)), np.empty(n)
    rule = (features + 1) // 2 - 1
    for point in range(quadrature.first[rule], quadrature.first[rule + 1]):
        t = quadrature.t[point]
        product[:] = quadrature.weight[point]
        for j in range(features):
            bit, stop = np.uint64(1) << np.uint64(j), (1.0 - t) * share[j]
            for r in range(n):
                before[j, r] = product[r]
                product[r] *= t + stop if pattern[r] & bit else stop
        product[:] = 1.0
        for j in range(features - 1, -1, -1):
            bit, stop = np.uint64(1) << np.uint64(j), (1.0 - t) * share[j]
            for r in range(n):
                terms[j, r] += before[j, r] * product[r]
                product[r] *= t + stop if pattern[r] & bit else stop
    for j in range(features):
        bit = np.uint64(1) << np.uint64(j)
        for r in range(n):
            terms[j, r] *= value * ((1.0 if pattern[r] & bit else 0.0) - share[j])


@njit(nogil=True, cache=True)
def _add_parts(parts, tables, quadrature, cut, block, used, out):  # type: ignore[no-untyped-def]
    """Add what the parts of the tables contribute to each coded lead (n, features)."""
    n = len(out)
    place, total = np.empty(out.shape[1], np.int64), np.zeros((len(used), n))
    for u in range(len(used)):
        place[used[u]] = u
    for part in range(tables.begin, tables.end):
        if parts.kinds[part]:
            _add_table(parts, part, tables, cut, block, place, total)
        else:
            _add_deep_leaf(parts, part, quadrature, cut, block, place, total)
    for begin in range(0, n, 8):  # eight leads are one cache line of each feature's totals
        for u in range(len(used)):
            for r in range(begin, min(begin + 8, n)):
                out[r, used[u]] += total[u, r]


@njit(nogil=True, cache=True)
def _add_table(parts, part, tables, cut, block, place, total):  # type: ignore[no-untyped-def]
    """Add a part's contributions by looking up each lead's kind."""
    kind = np.zeros(block.shape[1], np.int32)
    stride = 1
    for axis in range(parts.axis_first[part], parts.axis_first[part + 1]):
        _add_cell(parts, axis, cut, block, np.int32(stride), kind)
        stride *= parts.size[axis]
    first, end = parts.feature_first[part], parts.feature_first[part + 1]
    at = tables.first[part] - tables.first[tables.begin]
    for j in range(end - first):
        sum_of = total[place[parts.feature[first + j]]]
        for r in range(len(kind)):
            sum_of[r] += tables.values[at + j + kind[r] * (end - first)]


@njit(nogil=True, cache=True)
def _add_cell(parts, axis, cut, block, stride, kind):  # type: ignore[no-untyped-def]
    """Add stride * each lead's cell on one axis."""
    code = block[parts.column[axis]]
    for test in range(parts.test_first[axis], parts.test_first[axis + 1]):
        border = cut[test]
        for r in range(len(kind)):
            kind[r] += np.int32(0) if code[r] <= border else stride
    lookup = parts.lookup[axis]
    if lookup >= 0:
        for r in range(len(kind)):
            kind[r] += stride * parts.cell_of_code[lookup + np.int64(code[r])]


@njit(nogil=True, cache=True)
def _add_deep_leaf(parts, part, quadrature, cut, block, place, total):  # type: ignore[no-untyped-def]
    """Add the contributions of one leaf, worked out for the patterns that occur."""
    n, leaf = block.shape[1], parts.leaf_first[part]
    pattern, cell = np.full(n, ~np.uint64(0)), np.empty(n, np.int32)
    mark = parts.mark_first[leaf]
    for axis in range(parts.axis_first[part], parts.axis_first[part + 1]):
        cell[:] = 0
        _add_cell(parts, axis, cut, block, np.int32(1), cell)
        for r in range(n):
            pattern[r] &= parts.mark[mark + cell[r]]
        mark += parts.size[axis]
    which = cell
    found = _distinct(pattern, which)
    first, end = parts.share_first[leaf], parts.share_first[leaf + 1]
    terms = np.empty((end - first, len(found)))
    _leaf_terms(found, parts.value[leaf], parts.share[first:end], quadrature, terms)
    for j in range(end - first):
        feature = parts.feature[parts.feature_first[part] + parts.slot[first + j]]
        sum_of = total[place[feature]]
        for r in range(n):
            sum_of[r] += terms[j, which[r]]


@njit(nogil=True, cache=True)
def _distinct(pattern, which):  # type: ignore[no-untyped-def]
    """The different patterns, in order of appearance; `which` gets each lead's one."""
    found, n_found = np.empty(len(pattern), np.uint64), 0
    bits = 2
    while 1 << bits < 2 * len(pattern):
        bits += 1
    holder = np.full(1 << bits, -1, np.int32)  # open addressing, at most half full
    for r in range(len(pattern)):
        at = (pattern[r] * _HASH) >> np.uint64(64 - bits)
        while holder[at] >= 0 and found[holder[at]] != pattern[r]:
            at = (at + np.uint64(1)) & np.uint64((1 << bits) - 1)
        if holder[at] < 0:
            holder[at] = n_found
            found[n_found] = pattern[r]
            n_found += 1
        which[r] = holder[at]
    return found[:n_found]
