"""Today's beliefs: every open lead with probability, interval, percentile and reasons.

In: a trained model and the open leads. Out: rows for the state database, one per lead; what they
are graded is a matter of the whole list, see `grades`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from redumbrella.clock import to_microseconds
from redumbrella.features.matrix import Design
from redumbrella.models.base import Vector, probability_of
from redumbrella.models.registry import LeadModel
from redumbrella.scores.reasons import lead_reasons
from redumbrella.scores.telling import Speech
from redumbrella.settings.labels import Labels

CHUNK = 5_000
CELLS = 4_000_000  # contributions are dense: fewer rows at once where a model has many columns
DesignOf = Callable[[slice], Design]
# Records, design, probability and its interval of some leads: further columns of each.
ValuesOf = Callable[[pa.Table, Design, Vector, tuple[Vector, Vector]], list[dict[str, Any]]]
NAME_FIELDS = ("name", "full_name", "company", "company_name", "account", "account_name")
Row = dict[str, Any]


def score_leads(
    model: LeadModel,
    leads: pa.Table,
    position: Vector,
    as_of: int,
    report: Callable[[str, float], None],
    design_of: DesignOf | None = None,
    values_of: ValuesOf | None = None,
    labels: Labels | None = None,
) -> list[Row]:
    """Scores n open leads. position: (n,) their places in time, as in training.

    design_of: makes the design of some of the leads, where more than their record counts.
    values_of: says what they are worth. labels: how fields and values are called.
    """
    if leads.num_rows == 0:
        return []
    rows: list[Row] = []
    speech = speech_of(model, labels or Labels())
    columns = 0 if model.history is None else len(model.history.history_features)
    chunk = min(CHUNK, max(200, CELLS // max(columns, 1)))
    for start in range(0, leads.num_rows, chunk):
        report("Scoring open leads", start / leads.num_rows)
        chosen = slice(start, start + chunk)
        part = leads.slice(start, chunk)
        design = model.design(part, position[chosen]) if design_of is None else design_of(chosen)
        rows.extend(_score_chunk(model, part, design, as_of, values_of, speech))
    share = percentiles(np.array([row["probability"] for row in rows]))
    for row, percentile in zip(rows, share, strict=True):
        row["percentile"] = float(percentile)
    return rows


def speech_of(model: LeadModel, labels: Labels) -> Speech:
    """How the reasons of a model are told."""
    return Speech(labels, frozenset(model.times), model.question.get("from_") is not None)


def _score_chunk(
    model: LeadModel,
    leads: pa.Table,
    design: Design,
    as_of: int,
    values_of: ValuesOf | None,
    speech: Speech,
) -> Iterator[Row]:
    # One set of trees explains and scores, so that the reasons add up to the score exactly.
    contributions = model.blend.contributions(design)
    log_odds = contributions.base + contributions.values.sum(axis=1)
    probability = probability_of(log_odds)
    low, high = model.spread.interval(log_odds, model.spread.deviation(design))
    words = model.encoder.telling(leads)
    reasons = lead_reasons(leads, design, contributions, model.usual, words, speech)
    values: list[Row] = [{}] * leads.num_rows
    if values_of is not None:
        values = values_of(leads, design, probability, (low, high))
    columns = {name: leads[name].to_pylist() for name in leads.column_names if name in _COPIED}
    labels = labels_of(leads)
    for n in range(leads.num_rows):
        copied = {name: values[n] for name, values in columns.items()}
        created = copied.pop("created_at", None)
        yield {
            **copied,
            "person_id": copied.get("person_id") or copied["lead_id"],
            "as_of": as_of,
            "probability": float(probability[n]),
            "low": float(low[n]),
            "high": float(high[n]),
            "regime": model.regime,
            "reliable": model.reliable,
            "model_version": model.version,
            "label": labels[n],
            "created_at": None if created is None else to_microseconds(created),
            "reasons": reasons[n],
            **values[n],
        }


_COPIED = (
    "lead_id", "person_id", "product_id", "created_at", "source", "campaign_id", "rep_id",
)  # fmt: skip


def percentiles(probability: Vector) -> Vector:
    """Share of today's leads below each lead, ties counted half, 0 to 100."""
    ordered = np.sort(probability)
    below = np.searchsorted(ordered, probability, side="left")
    through = np.searchsorted(ordered, probability, side="right")
    return np.asarray(100.0 * (below + through) / (2.0 * probability.size), np.float64)


def labels_of(leads: pa.Table) -> list[str]:
    """The name of a lead as people know it, else its id."""
    ids = leads["lead_id"].to_pylist()
    by_lower = {name.lower(): name for name in leads.column_names}
    field = next((by_lower[name] for name in NAME_FIELDS if name in by_lower), None)
    if field is None:
        return list(ids)
    return [
        str(value) if value else lead
        for value, lead in zip(leads[field].to_pylist(), ids, strict=True)
    ]
