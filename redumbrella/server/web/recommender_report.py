"""How lists of products were chosen: reports of recommenders in, blocks above the list out."""

from dataclasses import dataclass
from datetime import datetime

from redumbrella.reports.recommenders import LISTS, ListReport, RecommenderReport
from redumbrella.server.web.charts import THIRD, Chart, chart_of, dots, share, tip
from redumbrella.server.web.drawing import Specification


@dataclass(frozen=True)
class MethodFigure:
    """What one method reached: mean NDCG@10 and its standard error."""

    method: str
    mean: float
    error: float


@dataclass(frozen=True)
class ChosenList:
    """One list: its name and method, how that was chosen, and the figures behind it.

    head: list and method; words: why that one. probability: why no chance can be said, "" where one
    is. tenths: whether the chances come true.
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
    """What is said of one recommender. described: what the purchases are like."""

    name: str
    horizon_days: float
    described: str
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
    return RecommenderBlock(
        report["recommender"],
        report["horizon_days"],
        report["described"],
        tuple(_chosen(one) for one in report["lists"] if one["people"]),
        tuple(report["notes"]),
        made_at,
        as_of,
    )


def _chosen(one: ListReport) -> ChosenList:
    figures = tuple(MethodFigure(*figure) for figure in one["figures"])
    head, stop, words = one["sentence"].partition(". ")
    return ChosenList(
        one["name"],
        LISTS.get(one["name"], one["title"]),
        one["method"],
        head + stop.strip(),
        words,
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
