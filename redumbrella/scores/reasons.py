"""Why a lead has its score, in words: the fields that raise it and those that lower it most.

In: exact contributions per feature, and the leads' own values. Out: per lead one mapping with base,
the five fields that raise and the five that lower the log-odds most, and the rest; their sum is the
log-odds of the probability.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.features.matrix import Feature
from redumbrella.models.base import Contributions
from redumbrella.training.memory import CLOCK_NAME

MOST = 5
LEAST = 0.005  # log-odds; a smaller effect is no reason

Reasons = dict[str, Any]


def lead_reasons(
    leads: pa.Table,
    features: Sequence[Feature],
    contributions: Contributions,
    usual: Mapping[str, str],
) -> list[Reasons]:
    """Reasons for n leads. leads: their records; contributions.values: (n, features)."""
    sources, by_source = grouped(features, contributions.values)
    texts = [shown_values(leads, source) for source in sources]
    labels = [label_of(source) for source in sources]
    order = np.argsort(-by_source, axis=1, kind="stable")
    total = contributions.base + by_source.sum(axis=1)
    result = []
    for n in range(leads.num_rows):

        def line(k: int, n: int = n) -> dict[str, Any]:
            return _line(sources[k], labels[k], texts[k][n], usual, float(by_source[n, k]))

        raises = [line(int(k)) for k in order[n, :MOST] if by_source[n, k] > LEAST]
        lowers = [line(int(k)) for k in order[n, ::-1][:MOST] if by_source[n, k] < -LEAST]
        told = sum(reason["contribution"] for reason in (*raises, *lowers))
        result.append(
            {
                "base": contributions.base,
                "total": float(total[n]),
                "raises": raises,
                "lowers": lowers,
                "rest": float(total[n]) - contributions.base - told,
            }
        )
    return result


def grouped(
    features: Sequence[Feature], values: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.float64]]:
    """Contributions (n, features) summed over the features of one source field, (n, sources)."""
    names = [_source_of(feature) for feature in features]
    sources = list(dict.fromkeys(names))
    index = np.array([sources.index(name) for name in names], np.intp)
    summed = np.zeros((values.shape[0], len(sources)))
    for column, source in enumerate(index):
        summed[:, source] += values[:, column]
    return sources, summed


def _source_of(feature: Feature) -> str:
    return CLOCK_NAME if feature.name == CLOCK_NAME else feature.source


def label_of(source: str) -> str:
    """A field's name as people read it: 'last_contact.channel' becomes 'last contact channel'."""
    if source == CLOCK_NAME:
        return "time of arrival"
    return " ".join(source.replace("_", " ").replace(".", " ").split())


def shown_values(leads: pa.Table, source: str) -> list[str]:
    """The leads' own values of a field, as text; 'missing' where there is none."""
    if source == CLOCK_NAME:
        return [""] * leads.num_rows
    if source not in leads.column_names:
        return ["missing"] * leads.num_rows
    return [shown(value) for value in leads[source].to_pylist()]


def shown(value: Any) -> str:
    """One value as a person writes it: 1,250; 0.35; yes; 2026-11-21 08:00."""
    if value is None or value != value:  # noqa: PLR0124  NaN differs from itself
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M"))
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def usual_values(leads: pa.Table, sources: Sequence[str]) -> dict[str, str]:
    """Per field what most leads have: the median of a number, the most frequent other value."""
    usual = {}
    for source in sources:
        if source not in leads.column_names:
            continue
        column = leads[source].drop_null()
        if len(column) == 0:
            continue
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            usual[source] = shown(pc.quantile(column, 0.5, interpolation="lower")[0].as_py())
        elif pa.types.is_timestamp(column.type):
            continue
        else:
            counts = pc.value_counts(column)
            top = int(np.argmax(counts.field("counts").to_numpy()))
            usual[source] = shown(counts.field("values")[top].as_py())
    return usual


def _line(
    source: str, label: str, value: str, usual: Mapping[str, str], contribution: float
) -> dict[str, Any]:
    common = usual.get(source, "")
    if source == CLOCK_NAME:
        text = (
            "it came in at a time when " + ("more" if contribution > 0 else "fewer") + " were won"
        )
    elif common and common != value:
        text = f"{label} is {value} (usually {common})"
    else:
        text = f"{label} is {value}"
    return {
        "feature": source,
        "text": text,
        "value": value,
        "usual": common,
        "contribution": contribution,
    }
