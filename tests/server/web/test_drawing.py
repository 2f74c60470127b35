"""Pictures of charts: placed where Vega places them, in numbers and words that are right."""

import re

import pytest
import vl_convert
from sample_company import VERSION

from redumbrella.server.web.charts import charts_of, finish
from redumbrella.server.web.customer_charts import customer_charts
from redumbrella.server.web.drawing import draw, number
from redumbrella.views.lifetime import lifetime_of
from redumbrella.views.models import report_of
from redumbrella.workspace import Workspace

NUMBER = r"(-?[\d.]+(?:e-?\d+)?)"


def places(svg: str, pattern: str) -> list[tuple[float, ...]]:
    """The numbers of every match, in the order of the picture."""
    return [tuple(map(float, found)) for found in re.findall(pattern, svg)]


def vega_bars(svg: str) -> list[tuple[float, ...]]:
    """Left, top, width and height of Vega's bars."""
    return places(svg, rf'roledescription="bar" d="M{NUMBER},{NUMBER}h{NUMBER}v{NUMBER}')


def test_marks_stand_where_vega_puts_them(company: Workspace, shop: Workspace) -> None:
    lifetime = lifetime_of(shop)
    assert lifetime is not None
    charts = charts_of(report_of(company, VERSION).document, 0.5)
    compared = 0
    for chart in [*charts, *customer_charts(lifetime, "EUR")]:
        theirs = vl_convert.vegalite_to_svg(chart.specification, allowed_base_urls=[])
        for ours, of_vega in (
            (places(chart.svg, rf'<circle cx="{NUMBER}" cy="{NUMBER}"'),
             places(theirs, rf'roledescription="point" transform="translate\({NUMBER},{NUMBER}\)')),
            (places(chart.svg, rf'<rect x="{NUMBER}" y="{NUMBER}" width="{NUMBER}" '
                               rf'height="{NUMBER}"'), vega_bars(theirs)),
        ):  # fmt: skip
            assert len(ours) == len(of_vega), chart.name
            for one, other in zip(ours, of_vega, strict=True):
                # The space between bars is on one side of them in Vega, here on both.
                near = 0.1 if len(one) == 2 else 1.5
                assert one == pytest.approx(other, abs=near), chart.name
            compared += len(ours)
    assert compared > 40


def chart(
    mark: dict[str, object], x: dict[str, object], y: dict[str, object], rows: list[object]
) -> str:
    plot = {"mark": mark, "encoding": {"x": x, "y": y}, "data": {"values": rows}}
    return draw({**finish(plot), "width": 100, "height": 50})


NUMBERS = {"field": "n", "type": "quantitative", "title": "Sum"}
BAR = {"type": "bar", "color": "red"}


def test_bars_by_hand() -> None:
    """Two names share 50 pixels, nine tenths of each filled; 10 is the end of the scale."""
    names = {"field": "name", "type": "nominal", "sort": ["<b>", "a" * 40]}
    svg = chart(BAR, NUMBERS, names, [{"n": 10, "name": "<b>"}, {"n": 4, "name": "a" * 40}])
    assert '<rect x="0" y="1.2" width="100" height="22.5"' in svg
    assert '<rect x="0" y="26.2" width="40" height="22.5"' in svg
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg
    assert "…" in svg
    assert 'aria-label="Sum"' in svg


@pytest.mark.parametrize("rows", [[], [{"n": 0, "m": 0}], [{"n": 7, "m": -3}]])
def test_little_or_nothing_to_show_is_drawn_too(rows: list[object]) -> None:
    svg = chart(
        {"type": "point", "size": 9, "color": "red"}, NUMBERS, NUMBERS | {"field": "m"}, rows
    )
    assert svg.count("<circle") == len(rows)
    assert "nan" not in svg
    assert (
        chart(BAR, NUMBERS, {"field": "name", "type": "nominal", "sort": []}, []).count("<rect")
        == 0
    )


@pytest.mark.parametrize(
    ("value", "form", "step", "words"),
    [
        (0.25, "%", 0.05, "25%"),
        (0.0025, "%", 0.0005, "0.25%"),
        (0.1 + 0.2, "", 0.1, "0.3"),
        (12_000, "", 2_000, "12,000"),
        (1_500_000, "~s", 1, "1.5M"),
        (2_000, "~s", 1, "2k"),
        (41, ",", 1, "41"),
        (1234.5678, ",.0f", 1, "1,235"),
        (0.27612, ".4f", 1, "0.2761"),
        (0.034, ".1%", 1, "3.4%"),
    ],
)
def test_numbers_as_d3_writes_them(value: float, form: str, step: float, words: str) -> None:
    assert number(value, form, step) == words
