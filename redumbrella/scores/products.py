"""What each person is likeliest to buy: the best products with probability, interval and reasons.

In: product models and the people to be scored. Out: rows for the state database, one per person and
product for the best products of each, and how many sales are to be expected of every product.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from redumbrella.evaluation.regime import regime_of_product
from redumbrella.features.matrix import Design
from redumbrella.models.base import Contributions, Vector, probability_of
from redumbrella.models.products.product_model import SHOWN, ProductModel
from redumbrella.models.uncertainty import LEVEL
from redumbrella.reports.products import ProductFigures
from redumbrella.scores.reasons import lead_reasons
from redumbrella.scores.scoring import DesignOf, Row, labels_of, percentiles, speech_of
from redumbrella.scores.telling import Speech
from redumbrella.settings.labels import Labels

CHUNK = 10_000
CELLS = 4_000_000  # contributions are dense: fewer rows at once where a model has many columns


@dataclass(frozen=True)
class ProductScores:
    """rows: the best products of each person. expected: (k,) sales to be expected of everybody."""

    rows: list[Row]
    expected: Vector
    names: tuple[str, ...]

    @property
    def by_product(self) -> dict[str, float]:
        """Sales to be expected of everybody, by product."""
        return dict(zip(self.names, self.expected.tolist(), strict=True))


def score_products(
    model: ProductModel,
    margin: float,
    people: pa.Table,
    as_of: int,
    report: Callable[[str, float], None],
    design_of: DesignOf,
    labels: Labels,
) -> ProductScores:
    """Scores n people. people: their records. margin: the share of revenue that is profit."""
    rows: list[Row] = []
    speech = speech_of(model.base, labels)
    expected = np.zeros(len(model.products.names))
    for start in range(0, people.num_rows, CHUNK):
        report("Scoring products", start / people.num_rows)
        part = people.slice(start, CHUNK)
        design = design_of(slice(start, start + CHUNK))
        log_odds = model.products.log_odds(design).astype(np.float64)
        expected += probability_of(log_odds).sum(axis=0)
        best = np.argsort(-log_odds, axis=1, kind="stable")[:, :SHOWN]
        rows.extend(_best_rows(model, margin, part, design, best, as_of, speech))
    probability = np.array([row["probability"] for row in rows])
    for row, percentile in zip(rows, percentiles(probability), strict=True):
        row["percentile"] = float(percentile)
    return ProductScores(rows, expected, tuple(model.products.names))


def product_rows(
    figures: Sequence[ProductFigures], expected: Mapping[str, float]
) -> list[dict[str, Any]]:
    """One row a product: its figures, and the sales and revenue to be expected where known."""
    rows = []
    for product in figures:
        sales, prior = expected.get(product["product_id"]), product["prior_log_loss"]
        rows.append(
            {
                **product,
                "expected_sales": sales,
                "expected_revenue": None if sales is None else sales * product["price"],
                "gain": 1.0 - product["log_loss"] / prior if prior > 0 else 0.0,
            }
        )
    return rows


def _best_rows(
    model: ProductModel,
    margin: float,
    people: pa.Table,
    design: Design,
    best: NDArray[np.intp],
    as_of: int,
    speech: Speech,
) -> Iterator[Row]:
    """Rows of the best products (n, SHOWN) of n people, product by product."""
    deviation = np.sqrt(model.products.deviation(design) ** 2 + model.base.spread.level)
    score = model.products.score_contributions(design)
    width = float(ndtri(0.5 + LEVEL / 2))
    most = max(200, CELLS // max(len(design.features), 1))
    for k, name in enumerate(model.products.names):
        of_product = np.flatnonzero((best == k).any(axis=1))
        regime, reliable = regime_of_product(int(model.products.sold[k]))
        for first in range(0, of_product.size, most):
            rows = of_product[first : first + most]
            part, records = design.take(rows), people.take(pa.array(rows))
            pooled = Contributions(score.base, score.values[rows])
            why = model.products.contributions(part, k, pooled)
            log_odds = why.base + why.values.sum(axis=1)
            probability = probability_of(log_odds)
            spread = width * deviation[rows, k].astype(np.float64)
            low, high = probability_of(log_odds - spread), probability_of(log_odds + spread)
            words = model.base.encoder.telling(records)
            reasons = lead_reasons(records, part, why, model.base.usual, words, speech)
            ids, labels = records["person_id"].to_pylist(), labels_of(records)
            amount = float(model.prices[k])
            for n, person in enumerate(ids):
                yield {
                    "lead_id": person,
                    "person_id": person,
                    "product_id": name,
                    "as_of": as_of,
                    "probability": float(probability[n]),
                    "low": float(low[n]),
                    "high": float(high[n]),
                    "amount": amount,
                    "expected_value": margin * float(probability[n]) * amount,
                    "regime": regime,
                    "reliable": reliable,
                    "model_version": model.base.version,
                    "label": labels[n],
                    "reasons": reasons[n],
                }
