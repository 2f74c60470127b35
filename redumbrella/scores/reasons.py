"""Why a lead has its score, in words: the fields that raise it and those that lower it most.

In: exact contributions per feature, and the leads' own values. Out: per lead one mapping with base,
the five fields that raise and the five that lower the log-odds most, and the rest; their sum is the
log-odds of the probability.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.clock import LAST_OF_DAY
from redumbrella.columns import RANKS, RHYTHM
from redumbrella.features.matrix import Design, Feature
from redumbrella.features.spelling import OWN_DOMAIN
from redumbrella.figures import percent, quantity
from redumbrella.models.base import Contributions, probability_of
from redumbrella.training.arrival import ARRIVAL_NAME

MOST = 5
LEAST = 0.005  # log-odds; a smaller effect is no reason

Reasons = dict[str, Any]


def lead_reasons(
    leads: pa.Table,
    design: Design,
    contributions: Contributions,
    usual: Mapping[str, str],
    words: Mapping[str, tuple[list[str], list[str]]] | None = None,
) -> list[Reasons]:
    """Reasons for n leads. leads: their records; contributions.values: (n, features).

    words: of each text the word that raises the score most and that lowers it most, n each.
    """
    sources, by_source = grouped(design.features, contributions.values)
    deeds = _Deeds(design, contributions.values, sources)
    texts = [shown_values(leads, source, design) for source in sources]
    labels = [label_of(source) for source in sources]
    order = np.argsort(-by_source, axis=1, kind="stable")
    total = contributions.base + by_source.sum(axis=1)
    result = []
    for n in range(leads.num_rows):

        def line(k: int, n: int = n) -> dict[str, Any]:
            if sources[k] in deeds.columns:
                return deeds.line(n, sources[k], float(by_source[n, k]))
            contribution = float(by_source[n, k])
            if words and sources[k] in words:
                raises, lowers = words[sources[k]]
                word = raises[n] if contribution > 0 else lowers[n]
                if word or sources[k] not in usual:
                    return _word_line(sources[k], labels[k], texts[k][n], word, contribution)
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
    places = np.arange(index.size), index
    member = sp.csr_matrix((np.ones(index.size), places), shape=(index.size, len(sources)))
    return sources, np.asarray(values @ member)


class _Deeds:
    """Reasons from a history: of all variables of one kind of fact, the one that weighs most."""

    def __init__(self, design: Design, values: NDArray[np.float64], sources: Sequence[str]) -> None:
        p = design.profile.shape[1]
        self.names = [feature.name for feature in design.features]
        self.values = values
        self.history = design.history
        self.first = p
        self.columns: dict[str, list[int]] = {}
        for column in range(p, len(design.features)):
            source = design.features[column].source
            if source in sources:
                self.columns.setdefault(source, []).append(column)

    def line(self, n: int, source: str, contribution: float) -> dict[str, Any]:
        """One reason of row n: the sentence of the variable whose sign and size tell most."""
        from redumbrella.features.names import sentence, value_in_words

        assert self.history is not None
        columns = self.columns[source]
        own = self.values[n, columns]
        column = columns[int(np.argmax(own if contribution > 0 else -own))]
        value = float(self.history[n, column - self.first])
        return {
            "feature": source,
            "text": sentence(self.names[column], value),
            "value": value_in_words(self.names[column], value),
            "usual": "",
            "contribution": contribution,
        }


def _source_of(feature: Feature) -> str:
    return ARRIVAL_NAME if feature.name == ARRIVAL_NAME else feature.source


def label_of(source: str) -> str:
    """A field's name as people read it: 'last_contact.channel' becomes 'last contact channel'."""
    if source == ARRIVAL_NAME:
        return "time of arrival"
    if source == RHYTHM:
        return "the chance of a purchase by rhythm alone"
    return " ".join(source.replace("_", " ").replace(".", " ").split())


def shown_values(leads: pa.Table, source: str, design: Design) -> list[str]:
    """The leads' own values of a field, as text; 'missing' where there is none."""
    if source == ARRIVAL_NAME:
        return [""] * leads.num_rows
    if source in leads.column_names:
        return [_shown_of(source, value) for value in leads[source].to_pylist()]
    derived = _derived(design, source)
    return ["missing"] * leads.num_rows if derived is None else derived


def _derived(design: Design, source: str) -> list[str] | None:
    """Values of a dense column that stands in no record: the age of a lead, its latest touch."""
    for column, feature in enumerate(design.profile_features):
        if feature.name == source:
            values = design.profile[:, column]
            if feature.kind == "category":
                known = np.nan_to_num(values, nan=-1.0).astype(int)
                return ["none yet" if k < 0 else feature.levels[k] for k in known.tolist()]
            return [shown(round(value, 1) if value == value else None) for value in values.tolist()]  # noqa: PLR0124
    return None


def _usual_derived(design: Design, source: str) -> str | None:
    """The median of a dense number, or the most frequent level, that stands in no record."""
    for column, feature in enumerate(design.profile_features):
        values = design.profile[:, column]
        values = values[~np.isnan(values)]
        if feature.name != source or values.size == 0:
            continue
        if feature.kind == "category":
            return feature.levels[int(np.bincount(values.astype(int)).argmax())]
        return shown(round(float(np.median(values)), 1))
    return None


def _shown_of(source: str, value: Any) -> str:
    """A field's value; the rhythm as the probability that it is, a rank as per cent of people."""
    if value is not None and source == RHYTHM:
        return percent(probability_of(np.array([value]))[0], 0)
    if value is not None and source in RANKS:
        return percent(value, 0)
    return shown(value)


def shown(value: Any) -> str:
    """One value as a person writes it: 1,250; 0.35; yes; 2026-11-21 08:00."""
    if value is None or value != value:  # noqa: PLR0124  NaN differs from itself
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return quantity(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == LAST_OF_DAY else "%Y-%m-%d %H:%M")
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def usual_values(
    leads: pa.Table, sources: Sequence[str], design: Design | None = None
) -> dict[str, str]:
    """Per field what most leads have: the median of a number, the most frequent other value.

    design: of the same leads; serves sources that stand in no record.
    """
    usual = {}
    for source in sources:
        if source not in leads.column_names:
            if design is not None and (found := _usual_derived(design, source)):
                usual[source] = found
            continue
        column = leads[source].drop_null()
        if len(column) == 0:
            continue
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            middle = pc.quantile(column, 0.5, interpolation="lower")[0].as_py()
            usual[source] = _shown_of(source, middle)
        elif pa.types.is_timestamp(column.type):
            continue
        else:
            counts = pc.value_counts(column)
            top = int(np.argmax(counts.field("counts").to_numpy()))
            usual[source] = shown(counts.field("values")[top].as_py())
    return usual


def _word_line(
    source: str, label: str, value: str, word: str, contribution: float
) -> dict[str, Any]:
    """A reason from a text: its word that weighs most, "" = none of its words is telling."""
    if value == "missing":
        text = f"{label} is missing"
    elif not word:
        against = "lowers" if contribution > 0 else "raises"
        text = f"no word in the {label} that {against} the chance"
    elif word == OWN_DOMAIN:
        text = f"{label} has {word}"
    elif word[0] == "+" or word[-1] == "…":
        text = f"{label} begins with {word.removesuffix('…')}"
    else:
        text = f"“{word}” in the {label}"
    return {
        "feature": source,
        "text": text,
        "value": word,  # not the text itself, which may hold what is personal
        "usual": "",
        "contribution": contribution,
    }


def _line(
    source: str, label: str, value: str, usual: Mapping[str, str], contribution: float
) -> dict[str, Any]:
    common = usual.get(source, "")
    if source == ARRIVAL_NAME:
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
