"""Charts of the model report: a report document comes in, Vega-Lite specifications go out.

Each specification serves twice: as an SVG made on the server (pages without JavaScript, the report
file) and as data for the interactive version. Text takes the colour of the page and marks take
colours with enough contrast on both a light and a dark ground.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from redumbrella.reports.model import (
    CalibrationPoint,
    Confusion,
    FamilyResult,
    LiftPoint,
    ReportDocument,
    ScoreBin,
)

MAIN = "#d0434e"
SECOND = "#6f8fb5"
THIRD = "#8a8f98"
WIDTH = 290
HEIGHT = 210
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"

Specification = dict[str, Any]


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
    for name, (_, _, part, _) in _CHARTS.items():
        marked = threshold if part == "confusion" else None
        chart = _chart(name, orjson.dumps(document[part]), marked)  # type: ignore[literal-required]
        if chart is not None:
            found.append(chart)
    return found


@lru_cache(maxsize=256)
def _chart(name: str, part: bytes, threshold: float | None) -> Chart | None:
    """One chart from its part of the document as JSON; kept, because making one is slow."""
    title, words, _, build = _CHARTS[name]
    layers = build(orjson.loads(part), threshold)
    if layers is None:
        return None
    specification = finish(layers)
    return Chart(name, title, words, specification, to_svg(specification))


def to_svg(specification: Specification) -> str:
    """The specification as an SVG picture, made here; nothing is loaded."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(specification, allowed_base_urls=[]))


@lru_cache(maxsize=1)
def javascript_bundle() -> bytes:
    """Vega, Vega-Lite and Vega-Embed as one script made from the installed vl-convert."""
    import vl_convert

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")).encode()


def _calibration(points: list[CalibrationPoint], _threshold: float | None) -> Any:
    import altair as alt

    if not points:
        return None
    data = alt.InlineData(values=[dict(point) for point in points])
    top = max(max(p["observed_high"], p["mean_probability"]) for p in points)
    scale = alt.Scale(domain=[0, min(1.0, 1.05 * top)], nice=True)
    x = alt.X("mean_probability:Q", title="Predicted probability", axis=_share(), scale=scale)
    ideal = alt.InlineData(values=[{"a": 0, "b": 0}, {"a": top, "b": top}])
    line = alt.Chart(ideal).mark_line(color=THIRD, strokeDash=[4, 4])
    bars = alt.Chart(data).mark_rule(color=MAIN, strokeWidth=1.5)
    dots = alt.Chart(data).mark_point(color=MAIN, filled=True, size=60, opacity=1)
    observed = alt.Y("observed:Q", title="Share won", axis=_share(), scale=scale)
    tooltip = [
        tip("mean_probability", "Predicted", ".1%"),
        tip("observed", "Won", ".1%"),
        tip("observed_low", "Interval from", ".1%"),
        tip("observed_high", "to", ".1%"),
        tip("count", "Leads", ","),
    ]
    return alt.layer(
        line.encode(x=alt.X("a:Q", scale=scale), y=alt.Y("b:Q", scale=scale)),
        bars.encode(x=x, y=alt.Y("observed_low:Q", scale=scale, title="Share won"),
                    y2="observed_high:Q"),
        dots.encode(x=x, y=observed, tooltip=tooltip),
    )  # fmt: skip


def _lift(points: list[LiftPoint], _threshold: float | None) -> Any:
    import altair as alt

    if not points:
        return None
    values = [{"share": 0.0, "captured": 0.0, "lift": None}, *(dict(point) for point in points)]
    data = alt.InlineData(values=values)
    chance = alt.InlineData(values=[{"share": 0, "captured": 0}, {"share": 1, "captured": 1}])
    x = alt.X("share:Q", title="Share of leads worked, best first", axis=_share())
    y = alt.Y("captured:Q", title="Share of all wins", axis=_share())
    tooltip = [
        tip("share", "Leads worked", ".0%"),
        tip("captured", "Wins found", ".1%"),
        tip("lift", "Times the average", ".2f"),
    ]
    return alt.layer(
        alt.Chart(chance).mark_line(color=THIRD, strokeDash=[4, 4]).encode(x=x, y=y),
        alt.Chart(data).mark_line(color=MAIN, strokeWidth=2.5).encode(x=x, y=y),
        alt.Chart(data).mark_point(color=MAIN, filled=True, size=45, opacity=1)
        .encode(x=x, y=y, tooltip=tooltip),
    )  # fmt: skip


def _distribution(bins: list[ScoreBin], _threshold: float | None) -> Any:
    import altair as alt

    if not bins:
        return None
    used = [i for i, item in enumerate(bins) if item["count"]] or [0]
    shown = [dict(item) for item in bins[: used[-1] + 1]]
    return (
        alt.Chart(alt.InlineData(values=shown))
        .mark_bar(color=MAIN, binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", title="Probability", axis=_share()),
            x2="high:Q",
            y=alt.Y("count:Q", title="Open leads"),
            tooltip=[
                tip("low", "From", ".0%"),
                tip("high", "to", ".0%"),
                tip("count", "Open leads", ","),
            ],
        )
    )


def _thresholds(confusion: Confusion | None, threshold: float | None) -> Any:
    import altair as alt

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
    x = alt.X("threshold:Q", title="Threshold (probability)", axis=_share())
    colour = alt.Color(
        "measure:N",
        title=None,
        scale=alt.Scale(domain=order, range=[MAIN, SECOND, THIRD]),
        legend=alt.Legend(orient="top", symbolType="stroke"),
    )
    dash = alt.StrokeDash(
        "measure:N",
        title=None,
        scale=alt.Scale(domain=order, range=[[1, 0], [6, 3], [2, 2]]),
    )
    lines = alt.Chart(alt.InlineData(values=values)).mark_line(strokeWidth=2.5)
    chosen = confusion["default_threshold"] if threshold is None else threshold
    mark = alt.Chart(alt.InlineData(values=[{"threshold": chosen}])).mark_rule(color="currentColor")
    tooltip = [
        tip("threshold", "Threshold", ".1%"),
        alt.Tooltip("measure:N", title="Measure"),
        tip("share", "Share", ".1%"),
    ]
    return alt.layer(
        mark.encode(x=x),
        lines.encode(x=x, y=alt.Y("share:Q", title=None, axis=_share()), color=colour,
                     strokeDash=dash, tooltip=tooltip),
    )  # fmt: skip


def _families(families: list[FamilyResult], _threshold: float | None) -> Any:
    import altair as alt

    rows = []
    for family in families:
        mean, error = family["log_loss"]["mean"], family["log_loss"]["se"] or 0.0
        if mean is not None:
            low, high = mean - error, mean + error
            rows.append({"label": family["label"], "mean": mean, "low": low, "high": high})
    if len(rows) < 2:
        return None
    data = alt.InlineData(values=rows)
    whole = alt.Axis(labelLimit=200)  # two names begin alike
    y = alt.Y("label:N", title=None, sort=[row["label"] for row in rows], axis=whole)
    scale = alt.Scale(zero=False)
    tooltip = [alt.Tooltip("label:N", title="Family"), tip("mean", "Log loss", ".4f")]
    return alt.layer(
        alt.Chart(data).mark_rule(color=MAIN, strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=scale, title="Log loss ± standard error"), x2="high:Q", y=y),
        alt.Chart(data).mark_point(color=MAIN, filled=True, size=70, opacity=1)
        .encode(x=alt.X("mean:Q", scale=scale), y=y, tooltip=tooltip),
    )  # fmt: skip


def _share() -> Any:
    import altair as alt

    return alt.Axis(format="%", tickCount=6)


def tip(column: str, title: str, form: str) -> Any:
    """One line of a chart's tooltip."""
    import altair as alt

    return alt.Tooltip(f"{column}:Q", title=title, format=form)


def finish(chart: Any) -> Specification:
    """Size, ground and type of every chart; the address of the schema is left out."""
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
    styled = (
        chart.properties(width=WIDTH, height=HEIGHT, background="transparent")
        .configure_axis(**axis)
        .configure_legend(**legend)
        .configure_view(stroke=None)
    )
    specification: Specification = styled.to_dict()
    specification.pop("$schema", None)
    return specification


# Name: title, words, the part of the document it shows, and what builds it from that part.
_CHARTS: Mapping[str, tuple[str, str, str, Callable[[Any, float | None], Any]]] = {
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
