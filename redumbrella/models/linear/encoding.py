"""Designs as the numbers that linear models and networks need: scaled, split in bins, one-hot.

Every encoded column remembers the feature that it came from (`owner`), so that contributions of
the encoded columns add up to contributions of the features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts

BINS = 8
FARTHEST = 5.0  # standard deviations: what lies beyond is as far
VALUES_AT_ONCE = 1_000_000  # are encoded together: their arrays stay small


@dataclass(frozen=True)
class Encoding:
    """What was learned about each feature's scale.

    center, scale, skewed: (p,) — a skewed number is first taken as sign(x) ln(1 + |x|).
    edges: (p, BINS - 1) inner quantiles of a number, NaN where there is none.
    knots: (p, any) values of a number, unskewed, from where on it may rise differently; NaN where
    there is none.
    history_scale: (q,) largest ln(1 + x) of each history column in training.
    """

    features: tuple[Feature, ...]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    skewed: NDArray[np.bool_]
    edges: NDArray[np.float64]
    history_scale: NDArray[np.float64]
    knots: NDArray[np.float64]

    @property
    def owner(self) -> NDArray[np.intp]:
        """For each encoded column, the index of its feature in the design."""
        p = len(self.center)
        widths = [self._width(j) for j in range(p)]
        history = np.arange(p, p + len(self.history_scale))
        return np.concatenate([np.repeat(np.arange(p), widths), history]).astype(np.intp)

    def group(self, features: tuple[Feature, ...]) -> NDArray[np.intp]:
        """For each encoded column, the number of a group whose effects may be taken as of one size.

        features: all p + q of the design. Groups: a number's scaled value, its being missing, its
        bins, its knots; the levels of a category; the history columns of one source.
        """
        names: list[object] = []
        for j in range(len(self.center)):
            width = self._width(j)
            bent = width - 2 - BINS
            parts = [0, 1] + [2] * BINS + [3] * bent if self._is_number(j) else [0] * width
            names += [(j, part) for part in parts]
        names += [feature.source for feature in features[len(self.center) :]]
        numbers = {name: n for n, name in enumerate(dict.fromkeys(names))}
        return np.array([numbers[name] for name in names], np.intp)

    @property
    def scaled_values(self) -> NDArray[np.bool_]:
        """True for the encoded columns that hold a scaled number, not a yes or no."""
        flags = []
        for j in range(len(self.center)):
            column = np.arange(self._width(j))
            flags.append(self._is_number(j) & ((column == 0) | (column >= 2 + BINS)))
        return np.concatenate([*flags, np.zeros(len(self.history_scale), bool)]).astype(np.bool_)

    @property
    def at_knots(self) -> NDArray[np.bool_]:
        """True for the encoded columns that say how far a number is above a knot."""
        flags = [
            (np.arange(self._width(j)) >= 2 + BINS) & self._is_number(j)
            for j in range(len(self.center))
        ]
        return np.concatenate([*flags, np.zeros(len(self.history_scale), bool)]).astype(np.bool_)

    def transform(self, design: Design) -> sp.csr_matrix:
        """A design (n, p + q) as encoded float64 CSR (n, columns of `owner`)."""
        width = sum(self._width(j) for j in range(len(self.center)))
        rows = max(1, VALUES_AT_ONCE // max(1, self._slots.sum()))
        parts = [
            self._profile(design.profile[first : first + rows])
            for first in range(0, design.rows, rows)
        ]
        if not parts or not width:
            X = sp.csr_matrix((design.rows, width))
        else:
            values, columns, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
            ends = np.concatenate([[0], np.cumsum(counts)])
            X = sp.csr_matrix((values, columns, ends), shape=(design.rows, width))
        if not len(self.history_scale):
            return X
        return sp.hstack([X, self._history(design)], format="csr", dtype=np.float64)

    def scaled(self, design: Design, j: int) -> NDArray[np.float64]:
        """A number in standard deviations from its mean, (n,), 0 where it is missing."""
        x = design.profile[:, j]
        shown = _unskew(x, self.skewed[j]) - self.center[j]
        scaled = np.where(np.isnan(x), 0.0, shown) / self.scale[j]
        return np.asarray(np.clip(scaled, -FARTHEST, FARTHEST))

    def to_parts(self) -> Parts:
        """Arrays only: the features are those of the model."""
        arrays = {
            "center": self.center,
            "scale": self.scale,
            "skewed": self.skewed,
            "edges": self.edges,
            "history_scale": self.history_scale,
            "knots": self.knots,
        }
        return Parts({}, arrays)

    def _is_number(self, j: int) -> bool:
        return self.features[j].kind != "category"

    def _width(self, j: int) -> int:
        if self._is_number(j):
            return 2 + BINS + int(self.knots.shape[1])
        return len(self.features[j].levels) + 1

    @property
    def _slots(self) -> NDArray[np.intp]:
        """The most cells that each feature fills in a row: of a number its scaled value, its bin
        or that it is missing, and its knots; of a category its level.
        """
        knots = int(self.knots.shape[1])
        numbers = [self._is_number(j) for j in range(len(self.center))]
        return np.where(numbers, 2 + knots, 1).astype(np.intp)

    def _profile(
        self, x: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.intp]]:
        """Some rows of the profile, (n, p): values and columns of the cells that are not zero, row
        after row, and how many each row has.

        Columns of a number: scaled value, missing, one-hot of the bin (all zero where there is
        none), how far the value is above each knot. Of a category: one per level, then missing.
        """
        slots, widths = self._slots, np.array([self._width(j) for j in range(x.shape[1])])
        slot, start = np.cumsum(slots) - slots, np.cumsum(widths) - widths
        values = np.ones((len(x), int(slots.sum())))
        columns = np.empty(values.shape, np.int32)
        number = np.array([self._is_number(j) for j in range(x.shape[1])], np.bool_)
        levels = widths[~number] - 1
        columns[:, slot[~number]] = start[~number] + np.where(
            np.isnan(x[:, ~number]), levels, x[:, ~number]
        ).astype(np.intp)
        x, slot, start = x[:, number], slot[number], start[number]
        edges, missing = self.edges[number], np.isnan(x)
        shown = _unskew(x, self.skewed[number])
        scaled = np.where(missing, 0.0, shown - self.center[number]) / self.scale[number]
        values[:, slot], columns[:, slot] = np.clip(scaled, -FARTHEST, FARTHEST), start
        bins = np.zeros(x.shape, np.intp)
        for edge in edges.T:
            bins += x > edge
        values[:, slot + 1] = missing | ~np.isnan(edges).all(axis=1)
        columns[:, slot + 1] = start + np.where(missing, 1, 2 + bins)
        for k, knot in enumerate(self.knots[number].T):
            above = np.clip((shown - knot) / self.scale[number], 0.0, FARTHEST)
            values[:, slot + 2 + k] = np.where(np.isnan(above), 0.0, above)
            columns[:, slot + 2 + k] = start + 2 + BINS + k
        kept = values != 0.0
        return values[kept], columns[kept], kept.sum(axis=1)

    def _history(self, design: Design) -> sp.csr_matrix:
        assert design.history is not None
        history = design.history.astype(np.float64)
        history.data = np.sign(history.data) * np.log1p(np.abs(history.data))
        return history @ sp.diags(1.0 / self.history_scale)


def fit_encoding(design: Design, knots: Sequence[int] = (), *, steps: bool = True) -> Encoding:
    """Learns center, scale, skew and quantiles of each column of n training rows.

    knots: which of the inner quantiles, by number from 0, are knots too. steps: whether numbers are
    put in bins at all.
    """
    profile = design.profile
    p = profile.shape[1]
    center, scale = np.zeros(p), np.ones(p)
    skewed = np.zeros(p, np.bool_)
    edges = np.full((p, BINS - 1), np.nan)
    for j, feature in enumerate(design.profile_features):
        known = profile[~np.isnan(profile[:, j]), j]
        if feature.kind == "category" or known.size == 0:
            continue
        skewed[j] = _is_skewed(known)
        shown = _unskew(known, skewed[j])
        center[j], scale[j] = shown.mean(), shown.std() or 1.0
        found = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        if steps and np.unique(known[:: max(1, known.size // 1_000)]).size > 2:
            edges[j, : found.size] = found
    bent = _unskew(edges[:, list(knots)], skewed[:, None])
    history_scale = _history_scale(design.history)
    return Encoding(design.profile_features, center, scale, skewed, edges, history_scale, bent)


def encoding_from(features: tuple[Feature, ...], parts: Parts) -> Encoding:
    """The encoding that `to_parts` stored, for the profile features of the model."""
    a = parts.arrays
    p = len(a["center"])
    scales = (a["center"], a["scale"], a["skewed"], a["edges"], a["history_scale"])
    return Encoding(features[:p], *scales, a.get("knots", np.empty((p, 0))))


def _unskew(x: NDArray[np.float64], skewed: bool | NDArray[np.bool_]) -> NDArray[np.float64]:
    bent = np.broadcast_to(skewed, x.shape)
    shown = x.copy()
    shown[bent] = np.sign(x[bent]) * np.log1p(np.abs(x[bent]))
    return shown


def _is_skewed(known: NDArray[np.float64]) -> bool:
    low, middle, high, top = np.quantile(known, [0.25, 0.5, 0.75, 0.99])
    spread = max(high - low, 1e-12)
    return bool(top - middle > 6.0 * spread)


def _history_scale(history: sp.csr_matrix | None) -> NDArray[np.float64]:
    if history is None:
        return np.empty(0)
    top = np.log1p(np.abs(abs(history).max(axis=0).toarray().ravel().astype(np.float64)))
    top[top == 0] = 1.0
    return np.asarray(top, np.float64)
