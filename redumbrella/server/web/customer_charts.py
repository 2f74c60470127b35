"""Charts of what customers are worth: the `lifetime` document in, two charts out."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from redumbrella.reports.customers import Lifetime, SegmentFigures, ValueBin
from redumbrella.server.web.charts import MAIN, Chart, finish, tip, to_svg

_SEGMENTED_BY = "class"


def customer_charts(lifetime: Lifetime, currency: str) -> list[Chart]:
    """How values are spread, and which segments they come from."""
    classes = [each for each in lifetime["segments"] if each["by"] == _SEGMENTED_BY]
    return [
        _chart("values", orjson.dumps(lifetime["distribution"]), currency),
        _chart("segments", orjson.dumps(classes), currency),
    ]


@lru_cache(maxsize=64)
def _chart(name: str, part: bytes, currency: str) -> Chart:
    """One chart from its part of the document as JSON; kept, because making one is slow."""
    build, title, words = _CHARTS[name]
    specification = finish(build(orjson.loads(part), currency))
    return Chart(name, title, words, specification, to_svg(specification))


def _values(bins: list[ValueBin], currency: str) -> Any:
    import altair as alt

    rows = [{**each, "range": _range(each)} for each in bins]
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(color=MAIN)
        .encode(
            x=alt.X(
                "range:N",
                title=f"Value of a customer, {currency}",
                sort=[row["range"] for row in rows],
                axis=alt.Axis(labelAngle=-45, labelOverlap=False),
            ),
            y=alt.Y("customers:Q", title="Customers"),
            tooltip=[
                alt.Tooltip("range:N", title=f"Value, {currency}"),
                tip("customers", "Customers", ","),
                tip("total", f"Together, {currency}", ",.0f"),
            ],
        )
    )


def _range(each: ValueBin) -> str:
    return f"{_short(each['low'])} to {_short(each['high'])}"


def _short(amount: float) -> str:
    """1,500,000 → '1.5M': labels of an axis have little room."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if amount >= size:
            return f"{amount / size:g}{letter}"
    return f"{amount:g}"


def _segments(segments: list[SegmentFigures], currency: str) -> Any:
    import altair as alt

    data = alt.InlineData(values=[dict(each) for each in segments])
    return (
        alt.Chart(data)
        .mark_bar(color=MAIN)
        .encode(
            y=alt.Y("segment:N", title=None, sort=[each["segment"] for each in segments]),
            x=alt.X(
                "total:Q",
                title=f"Value together, {currency}",
                axis=alt.Axis(format="~s", tickCount=5),
            ),
            tooltip=[
                alt.Tooltip("segment:N", title="Segment"),
                tip("customers", "Customers", ","),
                tip("total", f"Together, {currency}", ",.0f"),
                tip("mean", f"Mean, {currency}", ",.0f"),
            ],
        )
    )


_CHARTS: Mapping[str, tuple[Callable[[Any, str], Any], str, str]] = {
    "values": (
        _values,
        "How are values spread?",
        "Number of customers by what each is expected to bring. The steps of the scale grow, "
        "because values differ by factors.",
    ),
    "segments": (
        _segments,
        "Where does the value come from?",
        "Value of all customers of a segment together.",
    ),
}
