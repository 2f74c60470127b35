"""Charts of what customers are worth: the `lifetime` document in, two charts out."""

from redumbrella.reports.customers import Lifetime, SegmentFigures, ValueBin
from redumbrella.server.web.charts import MAIN, Chart, chart_of, names, numbers, tip
from redumbrella.server.web.drawing import Specification, short

_SEGMENTED_BY = "class"


def customer_charts(lifetime: Lifetime, currency: str) -> list[Chart]:
    """How values are spread, and which segments they come from."""
    classes = [each for each in lifetime["segments"] if each["by"] == _SEGMENTED_BY]
    return [
        chart_of(
            "values",
            "How are values spread?",
            "Number of customers by what each is expected to bring. The steps of the scale grow, "
            "because values differ by factors.",
            _values(lifetime["distribution"], currency),
        ),
        chart_of(
            "segments",
            "Where does the value come from?",
            "Value of all customers of a segment together.",
            _segments(classes, currency),
        ),
    ]


def _values(bins: list[ValueBin], currency: str) -> Specification:
    rows = [{**each, "range": _range(each)} for each in bins]
    order = [_range(each) for each in bins]
    axis = {"labelAngle": -45, "labelOverlap": False}
    return {
        "data": {"values": rows},
        "mark": {"type": "bar", "color": MAIN},
        "encoding": {
            "x": names("range", f"Value of a customer, {currency}", order, axis=axis),
            "y": numbers("customers", "Customers"),
            "tooltip": [
                tip("range", f"Value, {currency}"),
                tip("customers", "Customers", ","),
                tip("total", f"Together, {currency}", ",.0f"),
            ],
        },
    }


def _range(each: ValueBin) -> str:
    return f"{short(each['low'])} to {short(each['high'])}"


def _segments(segments: list[SegmentFigures], currency: str) -> Specification:
    order = [each["segment"] for each in segments]
    axis = {"format": "~s", "tickCount": 5}
    return {
        "data": {"values": [dict(each) for each in segments]},
        "mark": {"type": "bar", "color": MAIN},
        "encoding": {
            "y": names("segment", None, order),
            "x": numbers("total", f"Value together, {currency}", axis=axis),
            "tooltip": [
                tip("segment", "Segment"),
                tip("customers", "Customers", ","),
                tip("total", f"Together, {currency}", ",.0f"),
                tip("mean", f"Mean, {currency}", ",.0f"),
            ],
        },
    }
