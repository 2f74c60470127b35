"""How lists of products were chosen: reports of recommenders in, blocks above the list out.

What all lists of a recommender have in common is said once: the chooser's sentences each tell of
the same customers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from redumbrella.reports.recommenders import LISTS, ListReport, RecommenderReport
from redumbrella.server.web.charts import THIRD, Chart, chart_of, dots, share, tip
from redumbrella.server.web.drawing import Specification

_SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")


@dataclass(frozen=True)
class MethodFigure:
    """What one method reached: mean NDCG@10 and its standard error."""

    method: str
    mean: float
    error: float


@dataclass(frozen=True)
class ChosenList:
    """One list: its name and method, how that was chosen, and the figures behind it.

    head: the first sentence; words: the others, without what is true of every list. probability:
    why no chance can be said, "" where one is. tenths: whether the chances come true.
    """

    name: str
    title: str
    method: str
    head: str
    words: str
    people: int
    tested: int
    probability: str
    figures: tuple[MethodFigure, ...]
    top: float
    tenths: Chart | None


@dataclass(frozen=True)
class RecommenderBlock:
    """What is said of one recommender. common: what is true of all of its lists."""

    name: str
    horizon_days: float
    common: str
    lists: tuple[ChosenList, ...]
    notes: tuple[str, ...]
    made_at: datetime | None
    as_of: datetime | None

    @property
    def has_figures(self) -> bool:
        """Whether any list was compared."""
        return any(one.figures for one in self.lists)


def recommender_block(
    report: RecommenderReport, made_at: datetime | None, as_of: datetime | None
) -> RecommenderBlock:
    """The block of one recommender; lists that nobody has are left out."""
    lists = [one for one in report["lists"] if one["people"]]
    said = [_SENTENCES.split(one["sentence"]) for one in lists]
    common = _common(said)
    return RecommenderBlock(
        report["recommender"],
        report["horizon_days"],
        " ".join(common),
        tuple(
            _chosen(one, own[0], [each for each in own[1:] if each not in common])
            for one, own in zip(lists, said, strict=True)
        ),
        tuple(report["notes"]),
        made_at,
        as_of,
    )


def _common(said: Sequence[Sequence[str]]) -> list[str]:
    """The sentences that several lists share, in order; none where there is one list."""
    if len(said) < 2:
        return []
    return [each for each in said[0][1:] if all(each in own[1:] for own in said)]


def _chosen(one: ListReport, head: str, words: Sequence[str]) -> ChosenList:
    figures = tuple(MethodFigure(*figure) for figure in one["figures"])
    return ChosenList(
        one["name"],
        LISTS.get(one["name"], one["title"]),
        one["method"],
        head,
        " ".join(words),
        one["people"],
        one["tested"],
        one["probability"],
        figures,
        max((figure.mean for figure in figures), default=1.0) or 1.0,
        _tenths(one),
    )


def _tenths(one: ListReport) -> Chart | None:
    """What was said against what came true, by tenths of what was said."""
    if not one["tenths"]:
        return None
    rows = [{"said": said, "came": came, "places": n} for said, came, n in one["tenths"]]
    return chart_of(
        f"tenths-{one['name']}",
        "Do the chances come true?",
        "Each point is a tenth of the places, by the chance that was said. On the dashed line, "
        "promise and outcome agree.",
        _plot(rows),
    )


def _plot(rows: list[dict[str, float]]) -> Specification:
    top = max(max(row["said"], row["came"]) for row in rows) or 1.0
    scale = {"domain": [0, min(1.0, 1.05 * top)], "nice": True}
    x = share("said", "Chance that was said", scale=scale)
    y = share("came", "Share bought", scale=scale)
    ideal = [{"a": 0, "b": 0}, {"a": top, "b": top}]
    return {
        "data": {"values": rows},
        "layer": [
            {
                "data": {"values": ideal},
                "mark": {"type": "line", "color": THIRD, "strokeDash": [4, 4]},
                "encoding": {"x": {**x, "field": "a"}, "y": {**y, "field": "b"}},
            },
            {
                "mark": dots(60),
                "encoding": {
                    "x": x,
                    "y": y,
                    "tooltip": [
                        tip("said", "Said", ".1%"),
                        tip("came", "Bought", ".1%"),
                        tip("places", "Places", ","),
                    ],
                },
            },
        ],
    }
