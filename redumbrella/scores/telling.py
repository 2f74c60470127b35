"""The lines of reasons, made once for each different value instead of once for each lead.

In: the leads' records, the design, contributions by field. Out: for every field and lead the line
that tells its value, without the contribution. Promise: a line tells what the lead has, in the
words of `features.phrases` and `features.sentences`, and what is usual beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.columns import RANKS, RHYTHM
from redumbrella.features.history import AGE, LATEST
from redumbrella.features.kernel.streams import OTHER as OTHER_KIND
from redumbrella.features.matrix import OTHER, Design, Feature
from redumbrella.features.names import ANY, parse_name
from redumbrella.features.phrases import (
    DIGITS,
    UNKNOWN,
    field_sentence,
    rank_sentence,
    shown,
    told_field,
)
from redumbrella.features.sentences import act_of, latest_of, sentence, value_in_words
from redumbrella.features.spelling import OWN_DOMAIN
from redumbrella.figures import percent
from redumbrella.models.base import probability_of
from redumbrella.settings.labels import Labels
from redumbrella.training.arrival import ARRIVAL_NAME

Line = dict[str, Any]
Numbers = NDArray[np.intp]
# Of each text the words that raise the score most and those that lower it most, n leads each.
WordsOfTexts = Mapping[str, tuple[Sequence[str], Sequence[str]]]
_MOST_MADE = 100_000
_SAMPLED = 20_000  # leads from which the usual value of a window variable is taken


@dataclass(frozen=True)
class Speech:
    """How reasons are told. times: fields that are the same for all leads of a period.

    about_leads: whether leads are scored, else people. made: lines by field and value, kept from
    one part of the leads to the next; all have the same usual values.
    """

    labels: Labels = field(default_factory=Labels)
    times: frozenset[str] = frozenset()
    about_leads: bool = True
    made: dict[tuple[str, Any], Line] = field(default_factory=dict, compare=False, repr=False)


class Teller:
    """Makes the lines of some leads, field by field."""

    def __init__(
        self,
        leads: pa.Table,
        design: Design,
        values: NDArray[np.float64],
        usual: Mapping[str, Any],
        words: WordsOfTexts,
        speech: Speech,
    ) -> None:
        self.leads, self.design, self.values = leads, design, values
        self.usual, self.words, self.speech = usual, words, speech
        p, sources = design.profile.shape[1], fields_told(design.features)
        self.history = None if design.history is None else design.history.tocsc()
        self.columns: dict[str, list[int]] = {}
        for column in range(p, len(design.features)):
            self.columns.setdefault(sources[column], []).append(column)
        self.of_records: dict[str, tuple[list[Line], Numbers]] = {}
        self.usual_texts: dict[str, str] = {}

    def lines(self, source: str, rows: Numbers, way: int) -> tuple[list[Line], Numbers]:
        """The different lines of a field for some leads, and the number of each lead's line.

        rows: (k,) leads. way: 1 where the field raises their scores, -1 where it lowers them.
        """
        if source in self.columns:
            return self._of_history(source, rows, way)
        if source in self.words:
            return self._of_words(source, rows, way)
        if source not in self.of_records:
            distinct, place = self._distinct(source)
            self.of_records[source] = self._lines_of(source, distinct), place
        lines, place = self.of_records[source]
        return lines, place[rows]

    def _lines_of(self, source: str, values: Sequence[Any]) -> list[Line]:
        made = self.speech.made
        if len(made) > _MOST_MADE:  # ids and the like: hardly two leads share a value
            made.clear()
        lines = []
        for value in values:
            line = made.get((source, value))
            if line is None:
                line = made[source, value] = self._line(source, value)
            lines.append(line)
        return lines

    def _distinct(self, source: str) -> tuple[list[Any], NDArray[np.intp]]:
        """The different values of a field, None last, and the number of each lead's."""
        if source in self.leads.column_names:
            has_labels = bool(self.speech.labels.values.get(source))
            return _distinct_of(self.leads[source], as_shown=not has_labels)
        for column, feature in enumerate(self.design.profile_features):
            if feature.name == source:
                return _distinct_of_column(feature, self.design.profile[:, column])
        return [None], np.zeros(self.design.rows, np.intp)

    def _line(self, source: str, value: Any) -> Line:
        labels, usual = self.speech.labels, self.usual.get(source)
        if source == RHYTHM:
            value, usual = _share_of(value), None if isinstance(usual, str) else _share_of(usual)
            likely = "of customers who bought this often and this lately {} buy again"
            text = likely.format(value) if value else "there is no rhythm of purchases yet"
            text += f" (usually {usual})" if value and usual and usual != value else ""
            return _told(source, text, value or "", usual or "")
        if source in RANKS:
            text = "has not bought yet" if value is None else rank_sentence(source, value)
            return _told(source, text, "" if value is None else percent(value, 0), "")
        if source.endswith(f".{LATEST}"):
            return self._latest(source, value, usual)
        if source == AGE and source not in self.leads.column_names:
            return self._age(value, usual)
        said = shown(value, source, labels)
        most = None if usual is None else self._most(source, usual)
        text = told_field(source, value, usual, labels, (said, most))
        return _told(source, text, said, most or "")

    def _most(self, source: str, usual: Any) -> str:
        """The usual value of a field as text, made once."""
        if source not in self.usual_texts:
            self.usual_texts[source] = shown(usual, source, self.speech.labels)
        return self.usual_texts[source]

    def _latest(self, source: str, value: Any, usual: Any) -> Line:
        """The newest fact of a stream, by its code."""
        stream = source.removesuffix(f".{LATEST}")
        every = act_of(stream, "any").one
        if value is None:
            return _told(source, f"no {every} yet", "none yet", "")
        said = told_level(source, str(value), self.speech.labels)
        most = "" if usual is None else told_level(source, str(usual), self.speech.labels)
        habit = f" (most: {most})" if most and most != said else ""
        return _told(source, f"the latest {every} was {said}{habit}", said, most)

    def _age(self, value: Any, usual: Any) -> Line:
        """How old a lead is."""
        said, most = _days(value), _days(usual)
        habit = f" (usually {most})" if most and most != said else ""
        text = f"the lead is {said} old{habit}" if said else "the age of the lead is not known"
        return _told(AGE, text, said, most)

    def _of_history(self, source: str, rows: Numbers, way: int) -> tuple[list[Line], Numbers]:
        """Of all variables of one kind of fact, the one that weighs most in the direction."""
        assert self.history is not None
        columns = np.array(self.columns[source], np.intp)
        best = (way * self.values[np.ix_(rows, columns)]).argmax(axis=1)
        values = self.history[:, columns - self.design.profile.shape[1]].toarray()[rows, best]
        told = np.stack([best.astype(np.float64), values.astype(np.float64)], axis=1)
        distinct, place = np.unique(told, axis=0, return_inverse=True)
        lines = [self._deed(source, int(columns[int(k)]), value) for k, value in distinct.tolist()]
        return lines, place.ravel()

    def _deed(self, source: str, column: int, value: float) -> Line:
        name, currency = self.design.features[column].name, self.speech.labels.currency
        usual = self.usual.get(name)
        most = "" if usual is None else value_in_words(name, usual, currency)
        text = sentence(name, value, usual, currency)
        return _told(source, text, value_in_words(name, value, currency), most)

    def _of_words(self, source: str, rows: Numbers, way: int) -> tuple[list[Line], Numbers]:
        """What a text says that raises or lowers the score; several words stand together."""
        missing = self.leads[source].is_null().to_numpy(zero_copy_only=False)
        words = self.words[source][0 if way > 0 else 1]
        told = [None if missing[row] else words[row] for row in rows.tolist()]
        number = {word: k for k, word in enumerate(dict.fromkeys(told))}
        lines = [_word_line(source, self.speech.labels, word, way) for word in number]
        return lines, np.array([number[word] for word in told], np.intp)


def fields_told(features: Sequence[Feature]) -> list[str]:
    """The field of each feature, by which reasons are grouped.

    Where a stream has one kind of fact only, that kind and the stream as a whole are the same.
    """
    kinds: dict[str, set[str]] = {}
    for feature in features:
        if feature.kind == "history":
            stream, _, code = feature.source.partition(".")
            kinds.setdefault(stream, set()).add(code)
    whole = {
        f"{stream}.{code}": f"{stream}.{ANY}"
        for stream, codes in kinds.items()
        for code in codes
        if len(codes) == 2 and ANY in codes
    }
    return [
        ARRIVAL_NAME
        if feature.name == ARRIVAL_NAME
        else whole.get(feature.source, feature.source)
        if feature.kind == "history"
        else feature.source
        for feature in features
    ]


def label_of(source: str, labels: Labels) -> str:
    """A field's name as people read it: 'last_contact.channel' becomes 'last contact channel'."""
    if source == ARRIVAL_NAME:
        return "time of arrival"
    if source == RHYTHM:
        return "rhythm of the purchases"
    if source in RANKS:
        return _RANK_LABELS[source]
    if source.endswith(f".{LATEST}"):
        return f"latest {act_of(source.removesuffix(f'.{LATEST}'), 'any').one}"
    return labels.field(source)


_RANK_LABELS = {
    "recency_rank": "how recently the customer bought",
    "frequency_rank": "how often the customer bought",
    "money_rank": "how much the customer spent",
    "season_rank": "purchases at this time of last year",
}


def told_level(source: str, level: str, labels: Labels) -> str:
    """A level of a category: its label, or for the latest fact of a stream what it was."""
    if source.endswith(f".{LATEST}"):
        stream = source.removesuffix(f".{LATEST}")
        return latest_of(stream, OTHER_KIND if level == OTHER else level)
    return labels.value(source, level) or level


def label_of_history(variable: str) -> str:
    """The kind of facts that a window variable counts: 'calls', 'visits to blog pages'."""
    parts = parse_name(variable)
    return act_of(parts.stream, parts.code).many


def usual_values(
    leads: pa.Table, sources: Sequence[str], design: Design | None = None
) -> dict[str, Any]:
    """Per field what most leads have: the median of a number, the most frequent other value.

    design: of the same leads; serves fields that stand in no record, and window variables, whose
    medians stand under their names.
    """
    usual: dict[str, Any] = {}
    for source in sources:
        if source in leads.column_names:
            found = _usual_of(leads[source].drop_null())
        else:
            found = None if design is None else _usual_derived(design, source)
        if found is not None:
            usual[source] = found
    if design is not None and design.history is not None:
        usual |= _usual_deeds(design)
    return usual


def _usual_of(column: pa.ChunkedArray) -> Any:
    if len(column) == 0 or pa.types.is_timestamp(column.type):
        return None
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return pc.quantile(column, 0.5, interpolation="lower")[0].as_py()
    counts = pc.value_counts(column)
    top = int(np.argmax(counts.field("counts").to_numpy()))
    value = counts.field("values")[top].as_py()
    return value if isinstance(value, bool) else shown(value)


def _usual_derived(design: Design, source: str) -> Any:
    """The median of a dense number, or the most frequent level, that stands in no record."""
    for column, feature in enumerate(design.profile_features):
        values = design.profile[:, column]
        values = values[~np.isnan(values)]
        if feature.name != source or values.size == 0:
            continue
        if feature.kind == "category":
            return feature.levels[int(np.bincount(values.astype(int)).argmax())]
        return round(float(np.median(values)), 4)
    return None


def _usual_deeds(design: Design) -> dict[str, float]:
    """The median of each window variable over the leads; most are 0, as most facts are rare."""
    assert design.history is not None
    part = design.history[:: max(1, design.rows // _SAMPLED)].tocsc()
    n, p = part.shape[0], design.profile.shape[1]
    found = {}
    for column, feature in enumerate(design.features[p:]):
        cells = part.data[part.indptr[column] : part.indptr[column + 1]]
        median = 0.0
        if 2 * cells.size > n:
            median = float(np.median(np.append(cells, np.zeros(n - cells.size, cells.dtype))))
        found[feature.name] = float(f"{median:.4g}")
    return found


def _distinct_of(column: pa.ChunkedArray, *, as_shown: bool) -> tuple[list[Any], Numbers]:
    """The different values and None, and the number of each one's; numbers perhaps rounded to the
    digits that are shown, so that there are few.
    """
    if as_shown and pa.types.is_floating(column.type):
        values = column.to_numpy()
        distinct, place = np.unique(_as_shown(values), return_inverse=True)
        return [None if np.isnan(one) else one for one in distinct.tolist()], place
    encoded = column.combine_chunks().dictionary_encode()
    place = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.intp)
    values = [*encoded.dictionary.to_pylist(), None]
    return values, np.where(place < 0, len(values) - 1, place)


def _as_shown(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers with the digits that a sentence gives them; whole ones stay as they are."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(values))))
        short = np.round(values * size) / size
    return np.where((values == np.round(values)) | ~np.isfinite(short), values, short)


def _distinct_of_column(
    feature: Feature, values: NDArray[np.float64]
) -> tuple[list[Any], NDArray[np.intp]]:
    distinct, place = np.unique(np.round(values, 4), return_inverse=True)
    found: list[Any] = [None if np.isnan(value) else float(value) for value in distinct]
    if feature.kind == "category":
        found = [None if value is None else feature.levels[int(value)] for value in found]
    return found, place


def _told(source: str, text: str, value: str, usual: str) -> Line:
    return {"feature": source, "text": text, "value": value, "usual": usual}


def _word_line(source: str, labels: Labels, words: str | None, way: int) -> Line:
    """The words themselves, not the text, which may hold what is personal."""
    missing = field_sentence(source, None, None, labels)
    if words is None:
        return _told(source, missing, "", "")
    subject, _, verb = missing.removesuffix(f" {UNKNOWN}").rpartition(" ")
    if words == OWN_DOMAIN:
        return _told(source, f"{subject} {'have' if verb == 'are' else 'has'} {words}", words, "")
    if words and (words[0] == "+" or words[-1] == "…"):  # the country of a phone, part of a code
        begins = "begin" if verb == "are" else "begins"
        return _told(source, f"{subject} {begins} with {words.removesuffix('…')}", words, "")
    if words:
        return _told(source, f"{subject} {'say' if verb == 'are' else 'says'} “{words}”", words, "")
    other = "lowers" if way > 0 else "raises"
    return _told(source, f"no word of {subject} {other} the chance", "", "")


def _share_of(log_odds: float | None) -> str:
    return "" if log_odds is None else percent(probability_of(np.array([log_odds]))[0], 0)


def _days(days: Any) -> str:
    if days is None or isinstance(days, str):  # models trained earlier hold texts
        return str(days or "")
    if round(days) < 1:
        return "less than a day"
    return "1 day" if round(days) == 1 else f"{days:,.0f} days"
