"""How likely does a person buy each of many products? One shared matrix, a regression a product.

    log-odds_ik = a_k + b_k score_i + x_i . w_k + leaf_i . u_k

score: how much a person buys of anything (`shared_forest`), the pooled model. x: the features
(`shared_columns`). leaf: which leaves of the forest's first trees the person falls into, that is,
which conditions hold together (He et al. 2014 fed leaves to one logistic regression; here all
products share them). All products are fitted at once (`joint_ridge`); the coefficients of a product
with few sales stay near the pooled model, those of one with many sales go where its buyers are.
"""

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import (
    Contributions,
    Parts,
    Vector,
    log_odds_of,
    prefixed,
    probability_of,
    unprefixed,
)
from redumbrella.models.calibration import RIDGE, fit_calibration
from redumbrella.models.products.multitask_ridge import Curvature, JointRidge
from redumbrella.models.products.pooled_forest import SharedForest, fit_shared_forest
from redumbrella.models.products.shared_columns import SharedColumns, fit_columns
from redumbrella.training.product_sales import UNKNOWN

Floats = NDArray[np.float32]
Outcomes = NDArray[np.uint8]

# Prior variances of the coefficients. The level is free, and the slope of the pooled score differs
# little between products. The others are multiplied by that of SCALES which suits the data best.
LEVEL, SLOPE, COLUMN, LEAF = 4.0, 0.1, 0.003, 0.03
SCALES = (0.1, 0.3, 1.0, 3.0)
ADAPTATIONS = 2
ROWS_TO_CHOOSE = 30_000
OTHERS_PER_BUYER = 2  # of the rows that buy nothing, so many teach for each that buys
FEWEST_ROWS = 20_000
CHUNK = 20_000
# Laplace's variance knows neither that columns go together nor that the truth may bend. Widened by
# this factor, intervals of 90 % held 78, 96, 97 and 99 % of the true log-odds in four simulations.
WIDENING = 1.6
SHIFTS = 0.5  # how far a single product's level may move beside that of all


@dataclass(frozen=True, eq=False)
class Products:
    """k regressions on m shared columns: the level, the pooled score, features, leaves.

    names: ids of the products. sold: (k,) sales in the lessons. coefficients, doubt: (m, k), the
    latter their variances. slope, intercept: (k,) calibration of the log-odds. prior: the scale of
    the prior variances and the number of their adaptations that were chosen.
    """

    names: tuple[str, ...]
    sold: NDArray[np.int64]
    columns: SharedColumns
    forest: SharedForest
    coefficients: Floats
    doubt: Floats
    slope: Vector
    intercept: Vector
    prior: tuple[float, int] = (1.0, 0)

    def log_odds(self, design: Design) -> Floats:
        """Calibrated log-odds that each of n people buys each product, (n, k)."""
        raw = self._over_chunks(design, self.coefficients, squared=False)
        return np.asarray(raw * self.slope + self.intercept, np.float32)

    def deviation(self, design: Design) -> Floats:
        """Standard deviation of the log-odds, (n, k): Laplace's, coefficients apart."""
        spread = WIDENING * np.sqrt(self._over_chunks(design, self.doubt, squared=True))
        return np.asarray(spread * self.slope, np.float32)

    def score_contributions(self, design: Design) -> Contributions:
        """What each feature adds to the pooled score, (n, features)."""
        return self.forest.score_contributions(design)

    def contributions(
        self, design: Design, product: int, score: Contributions | None = None
    ) -> Contributions:
        """What each feature adds to the log-odds of one product, (n, features), exactly.

        score: `score_contributions` of the same design, which serves all products.
        """
        score = score or self.score_contributions(design)
        w = self.coefficients[:, product].astype(np.float64)
        columns, leaf = w[2 : 2 + len(self.columns.means)], w[2 + len(self.columns.means) :]
        leaves = self.forest.leaf_contributions(design, leaf)
        encoded = self.columns.transform(design)
        owners = sp.csr_matrix(
            (np.ones(columns.size), (np.arange(columns.size), self.columns.owner)),
            shape=(columns.size, len(design.features)),
        )
        usual = self.columns.means * columns
        linear = np.asarray((encoded @ sp.diags(columns) @ owners).todense()) - usual @ owners
        base = float(w[0] + w[1] * score.base + leaves.base + usual.sum())
        return Contributions(base, w[1] * score.values + leaves.values + linear).scaled(
            float(self.slope[product]), float(self.intercept[product])
        )

    def calibrated(self, log_odds: Floats, outcome: Outcomes) -> "Products":
        """The same with lines that fit outcomes which the model has not seen, each (n, k).

        All products share one line; a product's own level moves beside it as far as its sales ask.
        """
        z = log_odds.astype(np.float64)
        known = outcome != UNKNOWN
        if not (known & (outcome == 1)).any():
            return self
        shared = fit_calibration([z[known]], [outcome[known].astype(np.float64)], np.ones(1))
        shift = np.zeros(len(self.names))
        for k in range(len(self.names)):
            rows = known[:, k]
            at = shared.apply(z[rows, k])
            shift[k] = _shift(at, outcome[rows, k])
        return replace(
            self,
            slope=self.slope * shared.slope,
            intercept=self.intercept * shared.slope + shared.intercept + shift,
        )

    def to_parts(self) -> Parts:
        """Names as facts, numbers as arrays."""
        inner = prefixed({"columns": self.columns.to_parts(), "forest": self.forest.to_parts()})
        arrays: dict[str, Any] = {
            "sold": self.sold,
            "coefficients": self.coefficients,
            "doubt": self.doubt,
            "slope": self.slope,
            "intercept": self.intercept,
        }
        facts = {"names": list(self.names), "parts": inner.facts}
        return Parts(facts, arrays | inner.arrays)

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The models that `to_parts` described."""
        inner, a = Parts(parts.facts["parts"], parts.arrays), parts.arrays
        return cls(
            tuple(parts.facts["names"]),
            a["sold"],
            SharedColumns.from_parts(unprefixed(inner, "columns"), features),
            SharedForest.from_parts(unprefixed(inner, "forest"), features),
            a["coefficients"],
            a["doubt"],
            a["slope"],
            a["intercept"],
        )

    def _over_chunks(self, design: Design, matrix: Floats, *, squared: bool) -> Floats:
        found = np.empty((design.rows, len(self.names)), np.float32)
        for first in range(0, design.rows, CHUNK):
            rows = slice(first, min(first + CHUNK, design.rows))
            part = design if design.rows <= CHUNK else design.take(rows)
            block = _block(self.columns.transform(part), self.forest, part, self.forest.score(part))
            if squared:
                block.data **= 2
            found[rows] = block @ matrix
        return found


def fit_products(
    design: Design,
    names: tuple[str, ...],
    outcome: Outcomes,
    subject: NDArray[np.intp],
    prior: tuple[float, int] | None = None,
) -> Products:
    """Learns all products from n rows.

    outcome: (n, k), 1 = bought, 0 = not, UNKNOWN = nobody could buy it then. subject: (n,) whose
    row it is; rows of one person stay together where something is measured. prior: that of an
    earlier fit; None: it is chosen on unseen rows.
    """
    rows, weight = _informative_rows(outcome)
    design, outcome, subject = design.take(rows), outcome[rows], subject[rows]
    half = (np.random.default_rng(0).random(int(subject.max(initial=0)) + 1) < 0.5)[subject]
    bought = (outcome == 1).sum(axis=0)
    columns, encoded = fit_columns(design)
    exposure = (outcome != UNKNOWN) @ (bought / max(int(bought.sum()), 1))
    count = (outcome == 1).sum(axis=1).astype(np.float64)
    forest, score = fit_shared_forest(design, count, exposure, weight, half.astype(np.intp))
    block = _block(encoded, forest, design, score)
    m, k = block.shape[1], len(names)
    variance = np.full((m, k), COLUMN, np.float32)
    variance[m - forest.leaf_count :] = LEAF
    # The matrices are too small for a numerical library's own threads to help.
    with threadpool_limits(limits=1):
        every = JointRidge(block, outcome, weight, np.arange(design.rows))
        center = np.zeros((m, k), np.float32)
        center[:2] = _pooled(replace(every, columns=block[:, :2].tocsr()))
        curvature = every.curvature(center)
        if prior is None:
            prior = _choose_on_halves(every, half, curvature, center, variance)
        scale, steps = prior
        fits = every.adapt(curvature, center, _priors(variance, scale), center.copy())
        coefficients, adapted = next(islice(fits, steps, None))
    doubt = np.asarray(1.0 / (curvature.diagonal + 1.0 / adapted), np.float32)
    return Products(
        names, bought, columns, forest, coefficients, doubt, np.ones(k), np.zeros(k), prior
    )


def log_loss_by_product(
    log_odds: Floats, outcome: Outcomes, weight: Floats | None = None
) -> Vector:
    """Mean log loss of each product over the n rows whose outcome is known, (k,); weight: (n,)."""
    z = log_odds.astype(np.float64)
    known = outcome != UNKNOWN
    counts = known * (1.0 if weight is None else weight[:, None])
    losses = np.logaddexp(0.0, np.where(outcome == 1, -z, z)) * counts
    return np.asarray(losses.sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0))


def _informative_rows(outcome: Outcomes) -> tuple[NDArray[np.intp], Floats]:
    """Rows that teach, and how many rows each stands for (Horvitz and Thompson 1952).

    All who bought anything, and a sample of the others, who tell little that is not told again.
    """
    buys = (outcome == 1).any(axis=1)
    others = np.flatnonzero(~buys)
    wanted = max(OTHERS_PER_BUYER * int(buys.sum()), FEWEST_ROWS - int(buys.sum()))
    weight = np.ones(buys.size, np.float32)
    if others.size <= wanted:
        return np.arange(buys.size), weight
    sample = np.random.default_rng(0).choice(others, wanted, replace=False)
    weight[others] = others.size / wanted
    buys[sample] = True
    rows = np.flatnonzero(buys)
    return rows, weight[rows]


def _block(
    encoded: sp.csr_matrix, forest: SharedForest, design: Design, score: Vector
) -> sp.csr_matrix:
    """The m shared columns of n rows: one, the pooled score, features, leaves."""
    first = sp.csr_matrix(np.column_stack([np.ones(design.rows), score]).astype(np.float32))
    return sp.hstack([first, encoded, forest.leaves(design)], format="csr", dtype=np.float32)


def _pooled(ridge: JointRidge) -> Floats:
    """Level and slope of each product, (2, k), on the pooled score alone; slopes drawn together.

    ridge: all rows, with the columns 1 and the score.
    """
    bought = ridge.weight @ (ridge.outcome == 1)
    rows = ridge.weight @ (ridge.outcome != UNKNOWN)
    center = np.ones((2, bought.size), np.float32)
    center[0] = [log_odds_of((b + 0.5) / (n + 1.0)) for b, n in zip(bought, rows, strict=True)]
    curvature = ridge.curvature(center)
    free = np.full((2, bought.size), LEVEL, np.float32)
    alone = ridge.fit(curvature, center, free, center.copy())
    center[1] = np.average(alone[1], weights=bought + 1.0)
    near = _priors(free, 1.0)
    return ridge.fit(curvature, center, near, alone)


def _choose_on_halves(
    every: JointRidge,
    half: NDArray[np.bool_],
    curvature: Curvature,
    center: Floats,
    variance: Floats,
) -> tuple[float, int]:
    """Scale of the prior variances, and adaptations, with the lowest log loss on unseen rows."""
    taught, held = np.flatnonzero(half)[:ROWS_TO_CHOOSE], np.flatnonzero(~half)[:ROWS_TO_CHOOSE]
    ridge = replace(every, rows=taught)
    curvature = curvature.of(float(every.weight[taught].sum() / every.weight.sum()))
    block, outcome, weight = every.columns[held], every.outcome[held], every.weight[held]
    lowest, best = np.inf, (1.0, 0)
    for scale in SCALES:
        fits = ridge.adapt(curvature, center, _priors(variance, scale), center.copy())
        losses = [
            float(log_loss_by_product(block @ coefficients, outcome, weight).mean())
            for coefficients, _ in islice(fits, ADAPTATIONS + 1)
        ]
        if min(losses) > lowest:
            break  # the loss has one valley: wider priors only fit more of what is chance
        lowest, best = min(losses), (scale, int(np.argmin(losses)))
    return best


def _priors(variance: Floats, scale: float) -> Floats:
    scaled = variance * np.float32(scale)
    scaled[0], scaled[1] = LEVEL, SLOPE
    return scaled


def _shift(log_odds: Vector, outcome: Outcomes) -> float:
    """How far a product's level moves: Newton's method, drawn to 0 by RIDGE imaginary rows."""
    shift = 0.0
    for _ in range(20):
        p = probability_of(log_odds + shift)
        step = (float(p.sum() - (outcome == 1).sum()) + RIDGE * shift) / (
            float(p @ (1.0 - p)) + RIDGE
        )
        shift -= float(np.clip(step, -1.0, 1.0))
    return float(np.clip(shift, -SHIFTS, SHIFTS))
