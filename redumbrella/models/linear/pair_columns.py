"""Pairs of fields as columns, and which pairs a sum over single fields leaves something to say.

Every field is cut in a few cells: a number at its quantiles, a category in its most frequent levels
and all others, missing is a cell of its own. A pair of fields has a column for each cell of both,
and for each number of the pair its scaled value within each cell of the other field.

A pair is worth its columns where the residuals of the sum differ between its cells by more than
chance (the score test of Rao 1948, cell by cell; FAST of Lou et al. 2013 asks the same of squared
errors). With R = sum of weight * (won - p) and H = sum of weight * p (1 - p) of a cell, R^2 / H
has mean 1 and variance 2 if nothing is there, so over C cells

    score = (sum of R^2 / H - C) / sqrt(2 C)
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts, Vector
from redumbrella.models.linear.encoding import Encoding

BINS = 6
MOST_LEVELS = 12
LEAST_CURVATURE = 5.0  # of a cell: with less the residuals are no normal variable
LEAST_SCORE = 3.0
MOST_PAIRS = 20
MOST_FIELDS = 80  # 3,160 pairs

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Cuts:
    """How the p profile features are cut.

    edges: (p, BINS - 1) last values of the bins of a number, ascending, NaN where there is none.
    common: (p, MOST_LEVELS) codes of the frequent levels of a category, NaN where there is none;
    missing is the code after the last level.
    """

    features: tuple[Feature, ...]
    edges: Vector
    common: Vector

    def is_number(self, j: int) -> bool:
        """Whether the feature has values on a scale."""
        return self.features[j].kind != "category"

    def size(self, j: int) -> int:
        """Number of cells: those of the values, and one for missing or for all other levels."""
        if self.is_number(j):
            return int((~np.isnan(self.edges[j])).sum()) + 2
        return int((~np.isnan(self.common[j])).sum()) + 1

    def code(self, design: Design, j: int) -> Codes:
        """The cell of each lead, (n,), from 0."""
        x, last = design.profile[:, j], self.size(j) - 1
        if self.is_number(j):
            # NaN edges lie behind all values.
            return np.where(np.isnan(x), last, np.searchsorted(self.edges[j], x, side="left"))
        levels = len(self.features[j].levels)
        place = np.full(levels + 1, last, np.intp)
        place[self.common[j, :last].astype(np.intp)] = np.arange(last)
        return np.asarray(place[np.nan_to_num(x, nan=levels).astype(np.intp)])


@dataclass(frozen=True)
class PairColumns:
    """The columns of some pairs. pairs: (k, 2) numbers of two profile features each."""

    cells: Cuts
    pairs: Codes

    @property
    def owners(self) -> Codes:
        """For each column, the two features of its pair, (m, 2)."""
        return np.repeat(self.pairs[self._pair], self._widths, axis=0)

    @property
    def group(self) -> Codes:
        """For each column, (m,), the number of its part: one ridge suits the columns of a part."""
        return np.repeat(np.arange(len(self._widths)), self._widths)

    def transform(self, design: Design, encoding: Encoding) -> sp.csr_matrix:
        """A design of n rows as CSR (n, m); numbers are scaled as the encoding has learned."""
        n, size = design.rows, self.cells.size
        code = {int(j): self.cells.code(design, int(j)) for j in np.unique(self.pairs)}
        # Every part of a pair has one value in each row.
        columns, values = [], []
        for i, j in self.pairs.tolist():
            columns.append(code[i] * size(j) + code[j])
            values.append(np.ones(n))
            for number, other in ((i, j), (j, i)):
                if self.cells.is_number(number):
                    columns.append(code[other])
                    values.append(encoding.scaled(design, number))
        if not columns:
            return sp.csr_matrix((n, 0))
        ends = np.cumsum(self._widths)
        placed = np.column_stack(columns) + (ends - self._widths)
        starts = np.arange(n + 1) * len(columns)
        return sp.csr_matrix(
            (np.column_stack(values).ravel(), placed.ravel(), starts), shape=(n, int(ends[-1]))
        )

    def to_parts(self) -> Parts:
        """Arrays only: the features are those of the model."""
        cells = {"pair_edges": self.cells.edges, "pair_levels": self.cells.common}
        return Parts({}, {"pairs": self.pairs, **cells})

    @property
    def _parts(self) -> list[tuple[int, int]]:
        """Of each part in the order of `transform`: the number of its pair and its width."""
        size, found = self.cells.size, []
        for pair, (i, j) in enumerate(self.pairs.tolist()):
            found.append((pair, size(i) * size(j)))
            for number, other in ((i, j), (j, i)):
                if self.cells.is_number(number):
                    found.append((pair, size(other)))
        return found

    @property
    def _pair(self) -> Codes:
        return np.array([pair for pair, _ in self._parts], np.intp)

    @property
    def _widths(self) -> Codes:
        return np.array([width for _, width in self._parts], np.intp)


def fit_cells(design: Design) -> Cuts:
    """Learns edges and frequent levels of n training rows."""
    p = design.profile.shape[1]
    edges, common = np.full((p, BINS - 1), np.nan), np.full((p, MOST_LEVELS), np.nan)
    for j, feature in enumerate(design.profile_features):
        x = design.profile[:, j]
        if feature.kind == "category":
            levels = len(feature.levels)
            count = np.bincount(np.nan_to_num(x, nan=levels).astype(np.intp), minlength=levels + 1)
            found = np.argsort(-count, kind="stable")[:MOST_LEVELS]
            common[j, : found.size] = found
            continue
        known = x[~np.isnan(x)]
        below = known[known < known.max(initial=-np.inf)]
        if below.size:
            # The largest value ends no bin: where most leads have it, the others are a bin.
            quantiles = np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])
            found = np.unique(np.minimum(quantiles, below.max()))
            edges[j, : found.size] = found
    return Cuts(design.profile_features, edges, common)


def find_pairs(
    cells: Cuts, design: Design, fields: Codes, residual: Vector, curvature: Vector
) -> PairColumns:
    """The pairs among some fields that score highest, the best first.

    residual: (n,) weight * (won - p). curvature: (n,) weight * p (1 - p).
    """
    code = {j: cells.code(design, j) for j in fields.tolist()}
    scores = {}
    for i in sorted(code):
        for j in sorted(code):
            if j >= i:
                break
            size = cells.size(i) * cells.size(j)
            both = code[i] * cells.size(j) + code[j]
            R, H = np.bincount(both, residual, size), np.bincount(both, curvature, size)
            told = H > LEAST_CURVATURE
            C = max(int(told.sum()), 1)
            scores[i, j] = float((R[told] ** 2 / H[told]).sum() - C) / np.sqrt(2.0 * C)
    best = sorted((pair for pair in scores if scores[pair] > LEAST_SCORE), key=lambda p: -scores[p])
    return PairColumns(cells, np.array(best[:MOST_PAIRS], np.intp).reshape(-1, 2))


def pair_columns_from(features: tuple[Feature, ...], parts: Parts) -> PairColumns:
    """The columns that `to_parts` stored, for the features of the model."""
    a = parts.arrays
    profile = features[: len(a["pair_edges"])]
    return PairColumns(Cuts(profile, a["pair_edges"], a["pair_levels"]), a["pairs"])
