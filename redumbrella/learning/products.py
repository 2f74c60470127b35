"""Learning products: from people at regular instants to one model per product, examined in time.

In: what was gathered, the lesson of the score model, and the design of all closed rows. Out: a
`ProductModel`, with what it said about the last period before it had seen that. Nothing is written.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.errors import DataError
from redumbrella.evaluation.regime import regime_of_product
from redumbrella.features.history import HistoryEncoder
from redumbrella.features.kernel.screen import screen_columns_of_many
from redumbrella.features.matrix import Design
from redumbrella.features.names import groups_alike
from redumbrella.learning.gathering import Gathered
from redumbrella.models.base import Vector, log_odds_of
from redumbrella.models.products.product_model import ProductModel, seeing
from redumbrella.models.products.products import Products, fit_products, log_loss_by_product
from redumbrella.models.registry import LeadModel
from redumbrella.training.product_sales import LEAST_SALES, UNKNOWN
from redumbrella.training.splits import Fold, Rows

MOST_COLUMNS = 1_000
COLUMNS_PER_PRODUCT = 20
COLUMNS_FOR_ALL = 300


@dataclass(frozen=True, eq=False)
class _Lessons:
    """n rows of people with all window variables: outcomes (n, k) and whose rows they are (n,)."""

    design: Design
    names: tuple[str, ...]
    outcome: NDArray[np.uint8]
    subject: NDArray[np.intp]

    def fit(
        self, rows: Rows, prior: tuple[float, int] | None = None
    ) -> tuple[Products, Rows | None]:
        """Models from some rows, and the window variables that these rows find informative."""
        columns = None
        if self.design.history is not None:
            columns = screened_columns(self.design, self.outcome, rows)
        subject = np.unique(self.subject[rows], return_inverse=True)[1]
        part = self.design.take(rows, columns)
        return fit_products(part, self.names, self.outcome[rows], subject, prior), columns


def screened_columns(design: Design, outcome: NDArray[np.uint8], rows: Rows) -> Rows:
    """The best window variables of each product, and those of all together, ascending.

    outcome: (n, k) of the design's n rows; rows: those that may be looked at.
    """
    assert design.history is not None
    alike = groups_alike([f.name for f in design.features[design.profile.shape[1] :]])
    history, bought = design.history[rows], outcome[rows] == 1
    outcomes = np.column_stack([bought.any(axis=1), bought])
    tops = np.array([COLUMNS_FOR_ALL] + [COLUMNS_PER_PRODUCT] * bought.shape[1])
    mixed = outcomes.any(axis=0) & ~outcomes.all(axis=0)
    screens = screen_columns_of_many(history, outcomes[:, mixed], tops[mixed].tolist(), alike=alike)
    found = [screen.order for screen in screens]
    # In turns, so that every product has its best ones among those that are kept.
    turn = np.concatenate([np.arange(order.size) for order in found])
    by_turn = np.concatenate(found)[np.argsort(turn, kind="stable")]
    kept = list(dict.fromkeys(by_turn.tolist()))[:MOST_COLUMNS]
    return np.sort(np.array(kept, np.intp))


def learn_products(
    model: LeadModel,
    gathered: Gathered,
    design: Design,
    streams: HistoryEncoder | None,
    fold: Fold,
) -> ProductModel:
    """One model per product, beside the score model that says whether anything is bought.

    design: the n closed rows with all window variables of `streams`. fold: a later period, to
    examine and to calibrate on. Raises DataError when no product was bought often enough.
    """
    sales, stages = gathered.sales, gathered.observed.stages
    assert sales is not None
    assert stages is not None
    outcome = sales.outcome(stages.subject, stages.as_of, gathered.horizon)
    taught = np.flatnonzero((outcome == 1).sum(axis=0) >= LEAST_SALES)
    if not taught.size:
        raise DataError(
            f'No product was bought {LEAST_SALES} times by the people of "{gathered.target.name}" '
            'within its horizon. Lengthen horizon_days, or remove per = "product".',
            reason="no_products",
        )
    names = tuple(sales.names[k] for k in taught)
    lessons = _Lessons(design, names, outcome[:, taught], stages.subject)
    earlier, columns = lessons.fit(fold.train)
    later, came = design.take(fold.test, columns), lessons.outcome[fold.test]
    said = earlier.log_odds(later)
    shares = _shares(lessons.outcome[fold.train])
    prices = sales.prices[taught]
    figures = _figures(names, lessons.outcome, said, shares, came, prices)
    figures["horizon_days"] = gathered.horizon / MICROSECONDS_PER_DAY
    lines = earlier.calibrated(said, came)
    products, columns = lessons.fit(np.arange(design.rows), earlier.prior)
    history = None
    if streams is not None and columns is not None:
        history = streams.keeping(columns)
    return ProductModel(
        replace(products, slope=lines.slope, intercept=lines.intercept),
        seeing(model, history),
        prices,
        _shares(lessons.outcome),
        figures,
    )


def _shares(outcome: NDArray[np.uint8]) -> Vector:
    """Share of the rows in which each product was bought, (k,), half a sale added."""
    known = (outcome != UNKNOWN).sum(axis=0)
    return np.asarray(((outcome == 1).sum(axis=0) + 0.5) / (known + 1.0), np.float64)


def _figures(
    names: tuple[str, ...],
    outcome: NDArray[np.uint8],
    said: NDArray[np.float32],
    shares: Vector,
    came: NDArray[np.uint8],
    prices: Vector,
) -> dict[str, Any]:
    """What was said about the later period, and what came: for all products and for each."""
    constant = np.array([log_odds_of(float(share)) for share in shares], np.float32)
    loss, prior = (
        log_loss_by_product(said, came),
        log_loss_by_product(np.tile(constant, (len(came), 1)), came),
    )
    sold, bought = (outcome == 1).sum(axis=0), (came == 1).sum(axis=0)
    products = []
    for k, name in enumerate(names):
        regime, reliable = regime_of_product(int(sold[k]))
        products.append(
            {
                "product_id": name,
                "sales": int(sold[k]),
                "regime": regime,
                "reliable": reliable,
                "price": float(prices[k]),
                "later_sales": int(bought[k]),
                "log_loss": float(loss[k]),
                "prior_log_loss": float(prior[k]),
            }
        )
    return {
        "rows": len(came),
        "log_loss": float(loss.mean()),
        "prior_log_loss": float(prior.mean()),
        "products": products,
    }
