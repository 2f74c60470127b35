"""The amount of a sale, given that it happens: its mean, three calibrated quantiles, its reasons.

In: a design, amounts >= 0 (refunds netted by the caller). Out: a mean, 10, 50 and 90 % quantiles
that never cross, and contributions that are exact factors: ln(mean) = base + sum.

The mean is that of `log_mean`. The quantiles move with nothing, with the mean or with trees of
their own (the lowest pinball loss on unseen rows, if it beats nothing by a standard error), and are
conformalised (Romano, Patterson and Candès 2019) on these rows, within each promotion that has
enough of them. The chosen models then learn from all rows, so that coverage is measured
(benchmarks/amount.py) rather than proven.

Promise: the same rows give the same model; a handful of rows gives the plain distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Parts, Vector, prefixed, unprefixed
from redumbrella.models.parallel import THREADS, run_all
from redumbrella.models.trees.lightgbm import lightgbm, tree_matrix
from redumbrella.models.worth.tweedie import (
    LEAST_TO_LEARN,
    Fold,
    LogMean,
    best_of,
    fit_log_mean,
    grow,
)

LEVELS = (0.1, 0.5, 0.9)
LEAST_TO_SHRINK = 20  # sales below which only the plain distribution is used
LEAST_FOR_ORDER = 400  # from here on the last quarter in time is held out, before five folds
LEAST_IN_PROMOTION = 100  # unseen rows
SHARE_HELD_OUT = 0.25
SMALL = 0.01  # of a usual amount: quantiles are shifted on the scale ln(1 + amount / that)


class Estimate(NamedTuple):
    """A number per lead with its likely range, each (n,)."""

    value: Vector
    low: Vector
    high: Vector


@dataclass
class Amount:
    """A fitted amount.

    rows: sales learned from. base: what the quantiles move with, "constant", "mean" or "trees".
    unit: they are shifted on the scale ln(1 + amount / unit). shifts: (1 + promotions, 3) at
    LEVELS, of all rows, then of each promotion code. forests: one per level for "trees".
    """

    features: tuple[Feature, ...]
    rows: int
    log_mean: LogMean
    base: str
    unit: float
    shifts: Vector
    promotion: str | None = None
    forests: Sequence[Any] = ()

    @property
    def regime(self) -> str:
        """plain: the distribution of all sales; shrunken: 20 to 39 sales; model: from 40."""
        if self.log_mean.kind == "plain" and self.base == "constant":
            return "plain"
        return "shrunken" if self.rows < LEAST_TO_LEARN else "model"

    def mean(self, design: Design) -> Vector:
        """Expected amount, (n,): what an expected value is made of."""
        return np.asarray(np.exp(self.log_mean.of(design)))

    def quantiles(self, design: Design) -> Vector:
        """Amounts that 10, 50 and 90 % of sales stay below, (n, 3), rising from left to right."""
        moved = self._base(design) + self._shifts(design)
        return np.asarray(self.unit * np.expm1(np.sort(np.maximum(moved, 0.0), axis=1)))

    def estimate(self, design: Design) -> Estimate:
        """Mean, and the 10 and 90 % quantiles of a single sale.

        Where a few sales are huge, the mean may lie above what 90 % of sales stay below.
        """
        quantiles = self.quantiles(design)
        return Estimate(self.mean(design), quantiles[:, 0], quantiles[:, 2])

    def contributions(self, design: Design) -> Contributions:
        """Reasons of the mean: ln(mean) = base + sum, mean = exp(base) * product of exp."""
        return self.log_mean.contributions(design)

    def to_parts(self) -> Parts:
        """The mean's parts, numbers and shifts; forests in LightGBM's own text form."""
        facts = {
            "rows": self.rows,
            "base": self.base,
            "unit": self.unit,
            "promotion": self.promotion,
            "forests": [forest.model_to_string() for forest in self.forests],
        }
        return prefixed(
            {"mean": self.log_mean.to_parts(), "quantiles": Parts(facts, {"shifts": self.shifts})}
        )

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described, for the features of its design."""
        mean = LogMean.from_parts(unprefixed(parts, "mean"), features)
        spread = unprefixed(parts, "quantiles")
        f = spread.facts
        forests = [lightgbm().Booster(model_str=text) for text in f["forests"]]
        shifts = spread.arrays["shifts"]
        return cls(features, f["rows"], mean, f["base"], f["unit"], shifts, f["promotion"], forests)

    def _base(self, design: Design) -> Vector:
        if self.base == "constant" or not design.rows:
            return np.zeros((design.rows, 1))
        if self.base == "mean":
            return np.log1p(self.mean(design) / self.unit)[:, None]
        X = tree_matrix(design)
        return np.column_stack([forest.predict(X, num_threads=THREADS) for forest in self.forests])

    def _shifts(self, design: Design) -> Vector:
        row = 1 + _promotion_codes(design, self.promotion)
        return np.asarray(self.shifts[np.where(row < len(self.shifts), row, 0)])


def fit_amount(
    design: Design,
    amount: Vector,
    *,
    promotion: str | None = None,
    power: float = 2.0,
    least_rows: int = LEAST_TO_SHRINK,
) -> Amount:
    """Learns from n sales in order of time.

    amount: (n,) >= 0, in any currency. promotion: name of a category feature; quantiles keep their
    word within each of its levels. power: see `log_mean`. least_rows: sales below which only the
    plain distribution is used. DataError for no rows, amounts below zero, no number, or nothing
    but zeros.
    """
    check_quantity(amount, "amounts")
    unit = SMALL * float(np.median(amount[amount > 0]))
    scaled = np.log1p(amount / unit)
    varied = bool(design.features) and amount.min() < amount.max()
    if not varied or amount.size < least_rows:
        plain = LogMean(float(np.log(amount.mean())))
        shifts = _conformal(scaled[:, None])[None, :]
        return Amount(design.features, amount.size, plain, "constant", unit, shifts)
    folds = _folds(amount.size)
    mean, unseen = fit_log_mean(design, amount, power, folds)
    asked = np.concatenate([test for _, test in folds])
    codes = _promotion_codes(design.take(asked), promotion)
    base, forests, residual = _choose_base(design, scaled, np.exp(unseen) / unit, folds)
    shifts = _shifts_by_promotion(residual, codes)
    return Amount(design.features, amount.size, mean, base, unit, shifts, promotion, forests)


def check_quantity(quantity: Vector, name: str) -> None:
    """DataError unless there are rows, none below zero or no number, and not all of them zero."""
    if not quantity.size:
        raise DataError(
            f"There are no {name} to learn from; at least one row is needed.", reason="no_rows"
        )
    for wrong, what in ((~np.isfinite(quantity), "no number"), (quantity < 0, "below zero")):
        if wrong.any():
            raise DataError(
                f"{int(wrong.sum())} of {quantity.size} {name} are {what}, such as "
                f"{quantity[wrong][0]:g}. They must be 0 or more: net refunds and corrections with "
                "what they belong to, or leave these rows out.",
                reason="bad_quantity",
            )
    if not quantity.any():
        raise DataError(
            f"All {quantity.size} {name} are zero; check which column holds them.",
            reason="all_zero",
        )


def pinball(quantiles: Vector, truth: Vector) -> Vector:
    """Pinball loss (Koenker and Bassett 1978), (n, 3), of quantiles (n, 3) at LEVELS."""
    over, levels = truth[:, None] - quantiles, np.array(LEVELS)
    return np.asarray(np.maximum(levels * over, (levels - 1.0) * over))


def _folds(rows: int) -> list[Fold]:
    """The last quarter unseen, or each of five parts of a short record in turn."""
    if rows >= LEAST_FOR_ORDER:
        cut = int(rows * (1.0 - SHARE_HELD_OUT))
        return [(np.arange(cut), np.arange(cut, rows))]
    parts = np.array_split(np.random.default_rng(0).permutation(rows), 5)
    return [(np.setdiff1d(np.arange(rows), part), np.sort(part)) for part in parts]


def _choose_base(
    design: Design, scaled: Vector, relative_mean: Vector, folds: list[Fold]
) -> tuple[str, list[Any], Vector]:
    """What the quantiles move with, its forests from all rows, and residuals of the unseen rows."""
    truth = scaled[np.concatenate([test for _, test in folds])]
    bases = {"constant": np.zeros((truth.size, 1)), "mean": np.log1p(relative_mean)[:, None]}
    grown: list[Any] = []
    if scaled.size >= LEAST_FOR_ORDER:
        train, test = folds[0]
        held, X = (design.take(test), truth), tree_matrix(design.take(test))
        grown = _grow_quantiles(design.take(train), scaled[train], [None] * len(LEVELS), held)
        bases["trees"] = np.column_stack(
            [forest.predict(X, num_threads=THREADS) for forest in grown]
        )
    residuals = {name: truth[:, None] - base for name, base in bases.items()}
    losses = np.array(
        [
            pinball(base + _conformal(residuals[name]), truth).mean(axis=1)
            for name, base in bases.items()
        ]
    )
    chosen = list(bases)[best_of(losses)]
    forests = []
    if chosen == "trees":
        trees = [max(10, forest.current_iteration()) for forest in grown]
        forests = _grow_quantiles(design, scaled, trees, None)
    return chosen, forests, residuals[chosen]


def _grow_quantiles(
    design: Design,
    scaled: Vector,
    rounds: Sequence[int | None],
    held: tuple[Design, Vector] | None,
) -> list[Any]:
    """One forest per level, each by its pinball loss."""
    return run_all(
        [
            partial(grow, {"objective": "quantile", "alpha": level}, design, scaled, trees, held)
            for level, trees in zip(LEVELS, rounds, strict=True)
        ]
    )


def _conformal(residual: Vector) -> Vector:
    """What to add to each quantile so that a new row keeps its word, (3,); residual: (n, 1 or 3).

    The order statistic at (n + 1) * level, rounded outwards (Romano et al. 2019, Theorem 2).
    """
    n = len(residual)
    ordered = np.sort(np.broadcast_to(residual, (n, len(LEVELS))), axis=0)
    low, middle, high = (level * (n + 1) - 1 for level in LEVELS)
    at = np.clip([np.floor(low + 1e-9), round(middle), np.ceil(high - 1e-9)], 0, n - 1)
    return np.asarray(ordered[at.astype(np.intp), np.arange(len(LEVELS))])


def _shifts_by_promotion(residual: Vector, codes: NDArray[np.intp]) -> Vector:
    shifts = np.tile(_conformal(residual), (2 + int(codes.max(initial=-1)), 1))
    for code, rows in zip(*np.unique(codes[codes >= 0], return_counts=True), strict=True):
        if rows >= LEAST_IN_PROMOTION:
            shifts[1 + code] = _conformal(residual[codes == code])
    return shifts


def _promotion_codes(design: Design, promotion: str | None) -> NDArray[np.intp]:
    """Codes of the promotion, -1 where there is none."""
    names = [feature.name for feature in design.profile_features]
    if promotion is None:
        return np.full(design.rows, -1, np.intp)
    if promotion not in names or design.features[names.index(promotion)].kind != "category":
        raise DataError(f'"{promotion}" is no category of the leads.', reason="unknown_field")
    codes = design.profile[:, names.index(promotion)]
    return np.nan_to_num(codes, nan=-1.0).astype(np.intp)
