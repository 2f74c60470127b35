"""Charts of the model report: a report document comes in, Vega-Lite specifications go out.

Each specification serves twice: as an SVG made on the server (pages without JavaScript, the report
file) and as data for the interactive version. Text takes the colour of the page and marks take
colours with enough contrast on both a light and a dark ground.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from redumbrella.reports.model import (
    CalibrationPoint,
    Confusion,
    FamilyResult,
    LiftPoint,
    ReportDocument,
    ScoreBin,
)
from redumbrella.server.web.drawing import Specification, draw

MAIN = "#d0434e"
SECOND = "#6f8fb5"
THIRD = "#8a8f98"
WIDTH = 290
HEIGHT = 210
_ONE_AT_A_TIME = threading.Lock()
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Chart:
    """One chart: its specification, the same as SVG, and what it says in words."""

    name: str
    title: str
    words: str
    specification: Specification
    svg: str


def charts_of(document: ReportDocument, threshold: float | None = None) -> list[Chart]:
    """Every chart that the document has data for; `threshold` is marked where it belongs."""
    found = []
    for name, (title, words, part, build) in _CHARTS.items():
        plot = build(document[part], threshold)  # type: ignore[literal-required]
        if plot is not None:
            found.append(chart_of(name, title, words, plot))
    return found


def chart_of(name: str, title: str, words: str, plot: Specification) -> Chart:
    """A chart of data, marks and places, in the style of all charts."""
    specification = finish(plot)
    return Chart(name, title, words, specification, draw(specification))


def javascript_bundle() -> bytes:
    """Vega, Vega-Lite and Vega-Embed as one script made from the installed vl-convert."""
    with _ONE_AT_A_TIME:
        return _bundle()


@lru_cache(maxsize=1)
def _bundle() -> bytes:
    """Made by another process: in this one, vl-convert would let no other request run meanwhile."""
    code = (
        "import sys, vl_convert;"
        "script = vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;');"
        "sys.stdout.buffer.write(script.encode())"
    )
    # -P: modules are looked for among the installed ones, not in the folder of the workspace.
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603  all ours


def _calibration(points: list[CalibrationPoint], _threshold: float | None) -> Specification | None:
    if not points:
        return None
    top = max(max(p["observed_high"], p["mean_probability"]) for p in points)
    scale = {"domain": [0, min(1.0, 1.05 * top)], "nice": True}
    x = share("mean_probability", "Predicted probability", scale=scale)
    y = share("observed", "Share won", scale=scale)
    ideal = [{"a": 0, "b": 0}, {"a": top, "b": top}]
    tooltip = [
        tip("mean_probability", "Predicted", ".1%"),
        tip("observed", "Won", ".1%"),
        tip("observed_low", "Interval from", ".1%"),
        tip("observed_high", "to", ".1%"),
        tip("count", "Leads", ","),
    ]
    return {
        "data": {"values": [dict(point) for point in points]},
        "layer": [
            {
                "data": {"values": ideal},
                "mark": {"type": "line", "color": THIRD, "strokeDash": [4, 4]},
                "encoding": {"x": {**x, "field": "a"}, "y": {**y, "field": "b"}},
            },
            {
                "mark": {"type": "rule", "color": MAIN, "strokeWidth": 1.5},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "observed_low"},
                    "y2": {"field": "observed_high"},
                },
            },
            {"mark": dots(60), "encoding": {"x": x, "y": y, "tooltip": tooltip}},
        ],
    }


def _lift(points: list[LiftPoint], _threshold: float | None) -> Specification | None:
    if not points:
        return None
    values = [{"share": 0.0, "captured": 0.0, "lift": None}, *(dict(point) for point in points)]
    chance = [{"share": 0, "captured": 0}, {"share": 1, "captured": 1}]
    place = {
        "x": share("share", "Share of leads worked, best first"),
        "y": share("captured", "Share of all wins"),
    }
    tooltip = [
        tip("share", "Leads worked", ".0%"),
        tip("captured", "Wins found", ".1%"),
        tip("lift", "Times the average", ".2f"),
    ]
    return {
        "data": {"values": values},
        "layer": [
            {
                "data": {"values": chance},
                "mark": {"type": "line", "color": THIRD, "strokeDash": [4, 4]},
                "encoding": place,
            },
            {"mark": {"type": "line", "color": MAIN, "strokeWidth": 2.5}, "encoding": place},
            {"mark": dots(45), "encoding": {**place, "tooltip": tooltip}},
        ],
    }


def _distribution(bins: list[ScoreBin], _threshold: float | None) -> Specification | None:
    if not bins:
        return None
    used = [i for i, item in enumerate(bins) if item["count"]] or [0]
    return {
        "data": {"values": [dict(item) for item in bins[: used[-1] + 1]]},
        "mark": {"type": "bar", "color": MAIN, "binSpacing": 1},
        "encoding": {
            "x": share("low", "Probability", bin="binned"),
            "x2": {"field": "high"},
            "y": numbers("count", "Open leads"),
            "tooltip": [
                tip("low", "From", ".0%"),
                tip("high", "to", ".0%"),
                tip("count", "Open leads", ","),
            ],
        },
    }


def _thresholds(confusion: Confusion | None, threshold: float | None) -> Specification | None:
    if confusion is None or len(confusion["curve"]) < 2:
        return None
    named = {"precision": "won among worked", "recall": "wins found", "capacity": "leads worked"}
    values = [
        {"threshold": point["threshold"], "measure": words, "share": point[key]}  # type: ignore[literal-required]
        for point in confusion["curve"]
        for key, words in named.items()
        if point[key] is not None  # type: ignore[literal-required]
    ]
    order = list(named.values())
    x = share("threshold", "Threshold (probability)")
    measure = {"field": "measure", "type": "nominal", "title": None}
    colours = {"domain": order, "range": [MAIN, SECOND, THIRD]}
    dashes = {"domain": order, "range": [[1, 0], [6, 3], [2, 2]]}
    legend = {"orient": "top", "symbolType": "stroke"}
    chosen = confusion["default_threshold"] if threshold is None else threshold
    return {
        "layer": [
            {
                "data": {"values": [{"threshold": chosen}]},
                "mark": {"type": "rule", "color": "currentColor"},
                "encoding": {"x": x},
            },
            {
                "data": {"values": values},
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {
                    "x": x,
                    "y": share("share", None),
                    "color": {**measure, "scale": colours, "legend": legend},
                    "strokeDash": {**measure, "scale": dashes},
                    "tooltip": [
                        tip("threshold", "Threshold", ".1%"),
                        tip("measure", "Measure"),
                        tip("share", "Share", ".1%"),
                    ],
                },
            },
        ],
    }


def _families(families: list[FamilyResult], _threshold: float | None) -> Specification | None:
    rows = []
    for family in families:
        mean, error = family["log_loss"]["mean"], family["log_loss"]["se"] or 0.0
        if mean is not None:
            low, high = mean - error, mean + error
            rows.append({"label": family["label"], "mean": mean, "low": low, "high": high})
    if len(rows) < 2:
        return None
    whole = {"labelLimit": 200}  # two names begin alike
    y = names("label", None, [str(row["label"]) for row in rows], axis=whole)
    x = numbers("mean", "Log loss ± standard error", scale={"zero": False})
    tooltip = [tip("label", "Family"), tip("mean", "Log loss", ".4f")]
    return {
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "color": MAIN, "strokeWidth": 2},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y},
            },
            {"mark": dots(70), "encoding": {"x": x, "y": y, "tooltip": tooltip}},
        ],
    }


def numbers(field: str, title: str | None, **more: Any) -> Specification:
    """A place by a number."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def share(field: str, title: str | None, **more: Any) -> Specification:
    """A place by a share."""
    return numbers(field, title, axis={"format": "%", "tickCount": 6}, **more)


def names(field: str, title: str | None, order: list[str], **more: Any) -> Specification:
    """A place by a name, in a given order."""
    return {"field": field, "type": "nominal", "title": title, "sort": order, **more}


def dots(size: int) -> Specification:
    """Filled points of an area in square pixels."""
    return {"type": "point", "color": MAIN, "filled": True, "size": size, "opacity": 1}


def tip(column: str, title: str, form: str | None = None) -> Specification:
    """One line of a chart's tooltip: a number in a form of d3's, or a name."""
    if form is None:
        return {"field": column, "type": "nominal", "title": title}
    return {"field": column, "type": "quantitative", "title": title, "format": form}


def finish(chart: Specification) -> Specification:
    """Size, ground and type of every chart."""
    text = {"labelFont": _FONT, "titleFont": _FONT, "labelFontSize": 12, "titleFontSize": 12}
    axis = {
        **text,
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "titleFontWeight": "normal",
        "gridColor": THIRD,
        "gridOpacity": 0.25,
        "domainColor": THIRD,
        "tickColor": THIRD,
        "labelLimit": 140,
        "labelOverlap": True,
    }
    legend = {**text, "labelColor": "currentColor", "titleColor": "currentColor"}
    return {
        **chart,
        "width": WIDTH,
        "height": HEIGHT,
        "background": "transparent",
        "config": {"axis": axis, "legend": legend, "view": {"stroke": None}},
    }


# Name: title, words, the part of the document it shows, and what builds it from that part.
_CHARTS: Mapping[str, tuple[str, str, str, Callable[[Any, float | None], Specification | None]]] = {
    "calibration": (
        "Do the probabilities come true?",
        "Each point is a group of leads that got about the same probability. On the dashed line, "
        "promise and outcome agree; the bar is what chance alone allows.",
        "calibration",
        _calibration,
    ),
    "lift": (
        "What does working the best leads first bring?",
        "Share of all wins found when the leads with the highest probability are worked first. "
        "The dashed line is working them in any order.",
        "lift",
        _lift,
    ),
    "distribution": (
        "How are today's scores spread?",
        "Number of open leads at each probability.",
        "score_distribution",
        _distribution,
    ),
    "thresholds": (
        "Where to draw the line?",
        "What a threshold means: how many leads are worked, how many of them are won, and how "
        "many of all wins are found. The upright line is the threshold of the table.",
        "confusion",
        _thresholds,
    ),
    "families": (
        "Which kind of model predicts best?",
        "Log loss on the same held-out folds: further left is better.",
        "families",
        _families,
    ),
}
