"""Why a lead has its score, in words: the fields that raise it and those that lower it most.

In: exact contributions per feature, and the leads' own values. Out: per lead the base, the fields
that raise and that lower the log-odds most, and the rest; their sum is the log-odds of the
probability. Promise: dates, and what is the same for all leads of a period, come together as one
reason, "the times", after those of the lead itself; the rest is never the largest part: where it
would be, more fields are named, and then the remaining ones together by theme.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.columns import RANKS, RHYTHM
from redumbrella.features.history import AGE, LATEST
from redumbrella.features.matrix import Design, Feature
from redumbrella.features.records import CALENDAR
from redumbrella.models.base import Contributions
from redumbrella.reports.reasons import (
    BEHAVIOUR,
    HISTORY,
    PROFILE,
    THEMES,
    TIMES,
    TIMING,
    ReasonLine,
    Reasons,
)
from redumbrella.scores.telling import Line, Speech, Teller, WordsOfTexts, fields_told
from redumbrella.training.arrival import ARRIVAL_NAME

MOST, MORE = 5, 10  # fields in either direction; and where those leave the largest part untold
LEAST = 0.005  # log-odds; a smaller effect is no reason
_OF_DATES = {*CALENDAR, "days_from_creation"}
_STREAMS = {
    **dict.fromkeys(("events", "pages", "looked_at"), BEHAVIOUR),
    **dict.fromkeys(("activities", "reps", "purchases", "bought", "discussed"), HISTORY),
}
Matrix = NDArray[np.float64]
Numbers = NDArray[np.intp]


def lead_reasons(
    leads: pa.Table,
    design: Design,
    contributions: Contributions,
    usual: Mapping[str, Any],
    words: WordsOfTexts | None = None,
    speech: Speech | None = None,
) -> list[Reasons]:
    """Reasons for n leads. leads: their records; contributions.values: (n, features).

    usual: per field what most leads have. words: of each text that models read by its words, the
    words that raise the score most and those that lower it most, n each.
    """
    speech = speech or Speech()
    sources, by_source = grouped(design.features, contributions.values)
    of_times = np.array([source in speech.times for source in sources], np.bool_)
    of_times |= np.isin(sources, dates_among(design.features))
    own = [source for source, is_times in zip(sources, of_times, strict=True) if not is_times]
    told = _Told(own, by_source[:, ~of_times], by_source[:, of_times].sum(axis=1))
    teller = Teller(leads, design, contributions.values, usual, words or {}, speech)
    total = contributions.base + by_source.sum(axis=1)
    sides = [_side(told, teller, way, speech) for way in (1, -1)]
    return [
        {"base": contributions.base, "total": t, "raises": up, "lowers": down, "rest": rest}
        for t, up, down, rest in zip(
            total.tolist(), *sides, told.rest.tolist(), strict=True
        )
    ]  # fmt: skip


def grouped(features: Sequence[Feature], values: Matrix) -> tuple[list[str], Matrix]:
    """Contributions (n, features) summed over the features of one source field, (n, sources)."""
    names = fields_told(features)
    sources = list(dict.fromkeys(names))
    number = {source: k for k, source in enumerate(sources)}
    index = np.array([number[name] for name in names], np.intp)
    places = np.arange(index.size), index
    member = sp.csr_matrix((np.ones(index.size), places), shape=(index.size, len(sources)))
    return sources, np.asarray(values @ member)


class _Told:
    """Which fields are named for each lead, and what is left.

    values: (n, fields) contributions. order: (n, fields) fields from what raises most to what
    lowers most; of them the first named[0] and the last named[1] are told. times: (n,). themes:
    (n, 4), what the fields of each theme do together, 0 where it is not told.
    """

    def __init__(self, sources: Sequence[str], values: Matrix, times: Matrix) -> None:
        self.sources, self.values, self.times = sources, values, times
        self.order = np.argsort(-values, axis=1, kind="stable")
        self.ordered = np.take_along_axis(values, self.order, axis=1)
        self.named = np.stack([(values > LEAST).sum(axis=1), (values < -LEAST).sum(axis=1)])
        self.themes = np.zeros((values.shape[0], len(THEMES)))
        possible = self.named
        self.named = np.minimum(possible, MOST)
        many = self._rest_is_largest()
        self.named[:, many] = np.minimum(possible[:, many], MORE)
        self._tell_themes(np.flatnonzero(self._rest_is_largest()))
        told = np.where(self._is_named(), self.ordered, 0.0).sum(axis=1)
        shown_times = np.where(np.abs(times) > LEAST, times, 0.0)
        self.rest = values.sum(axis=1) + times - told - shown_times - self.themes.sum(axis=1)

    def _is_named(self) -> NDArray[np.bool_]:
        """(n, fields) in the order of `order`."""
        place, width = np.arange(self.ordered.shape[1]), self.ordered.shape[1]
        up, down = self.named[:, :, None]
        return np.asarray((place < up) | (place >= width - down))

    def _rest_is_largest(self) -> NDArray[np.bool_]:
        is_named = self._is_named()
        rest = np.where(is_named, 0.0, self.ordered).sum(axis=1)
        largest = np.where(is_named, np.abs(self.ordered), 0.0).max(axis=1, initial=LEAST)
        return np.asarray(np.abs(rest) > np.maximum(largest, np.abs(self.times)))

    def _tell_themes(self, rows: Numbers) -> None:
        """Groups what is not named of some leads by theme."""
        theme = np.array(
            [list(THEMES).index(_theme_of(source)) for source in self.sources], np.intp
        )
        left = np.where(self._is_named()[rows], 0.0, self.ordered[rows])
        for k in range(len(THEMES)):
            together = np.where(theme[self.order[rows]] == k, left, 0.0).sum(axis=1)
            self.themes[rows, k] = np.where(np.abs(together) > LEAST, together, 0.0)


def _side(told: _Told, teller: Teller, way: int, speech: Speech) -> list[list[ReasonLine]]:
    """The lines of every lead that raise (1) or that lower (-1), strongest first, groups last."""
    named = told.named[0 if way > 0 else 1]
    most = int(named.max(initial=0))
    columns = told.order[:, :most] if way > 0 else told.order[:, ::-1][:, :most]
    values = np.take_along_axis(told.values, columns, axis=1)
    is_told = np.arange(most) < named[:, None]
    number, lines = _numbered(columns, is_told, told.sources, teller, way)
    groups = _groups(told, way, speech)
    same = _said_twice(number, is_told, lines)
    found: list[list[ReasonLine]] = []
    rows = zip(named.tolist(), number.tolist(), values.tolist(), strict=True)
    for n, (many, numbers, contributions) in enumerate(rows):
        side: list[Any] = [
            {**lines[number], "contribution": contribution}
            for number, contribution in zip(numbers[:many], contributions[:many], strict=True)
        ]
        side = _joined(side) if same[n] else side
        found.append(side + groups[n] if n in groups else side)
    return found


def _said_twice(
    number: Numbers, is_told: NDArray[np.bool_], lines: Sequence[Line]
) -> NDArray[np.bool_]:
    """Of which leads (n,) two lines say the same, as of all purchases and of those of one kind."""
    texts = {line["text"]: k for k, line in enumerate(lines)}
    text = np.array([texts[line["text"]] for line in lines] or [0], np.intp)
    said = np.sort(np.where(is_told, text[number], -1 - np.arange(number.shape[1])), axis=1)
    return np.asarray((said[:, 1:] == said[:, :-1]).any(axis=1))


def _joined(side: Sequence[Any]) -> list[Any]:
    """Lines with the same words as one, with what they do together; strongest first."""
    found: dict[str, Any] = {}
    for line in side:
        if (first := found.get(line["text"])) is None:
            found[line["text"]] = line
        else:
            first["contribution"] += line["contribution"]
    return sorted(found.values(), key=lambda line: -abs(line["contribution"]))


def _numbered(
    columns: Numbers,
    is_told: NDArray[np.bool_],
    sources: Sequence[str],
    teller: Teller,
    way: int,
) -> tuple[Numbers, list[Line]]:
    """The number of each told line (n, most), and all lines."""
    number = np.zeros(columns.shape, np.intp)
    lines: list[Line] = []
    for k in np.unique(columns[is_told]).tolist():
        row, place = np.nonzero(is_told & (columns == k))
        own, numbers = teller.lines(sources[k], row, way)
        number[row, place] = numbers + len(lines)
        lines += own
    return number, lines


def _groups(told: _Told, way: int, speech: Speech) -> dict[int, list[Any]]:
    """The lines of groups by lead: themes, then the times."""
    found: dict[int, list[Any]] = {}
    for k, (theme, text) in enumerate(THEMES.items()):
        _add_group(found, told.themes[:, k] * way, way, (theme, text))
    whose = (
        "leads that came in the same weeks convert"
        if speech.about_leads
        else "it happens in these weeks"
    )
    text = f"the times: {whose} {'more' if way > 0 else 'less'} often"
    _add_group(found, told.times * way, way, (TIMES, text))
    return found


def _add_group(found: dict[int, list[Any]], size: Matrix, way: int, named: tuple[str, str]) -> None:
    for row in np.flatnonzero(size > LEAST).tolist():
        line = {"feature": named[0], "text": named[1], "value": "", "usual": ""}
        found.setdefault(row, []).append({**line, "contribution": float(size[row]) * way})


def dates_among(features: Sequence[Feature]) -> list[str]:
    """Fields that are dates, and the arrival: they tell when, not who."""
    dates = [
        feature.source
        for feature in features
        if feature.name.removeprefix(f"{feature.source}.") in _OF_DATES
    ]
    return [ARRIVAL_NAME, *dates]


def _theme_of(source: str) -> str:
    if source == AGE or source.endswith(f".{LATEST}"):
        return TIMING
    if source == RHYTHM or source in RANKS:
        return HISTORY
    return _STREAMS.get(source.partition(".")[0], PROFILE)
