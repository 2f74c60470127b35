"""The charts as pictures: a Vega-Lite specification comes in, an SVG goes out.

This draws the part of Vega-Lite that our charts use: lines, rules, points and bars, in layers, over
axes of numbers or names. Vega itself draws them in a browser; on the server it would need a
JavaScript engine, which takes half a second of a processor to start and lets no other request run
meanwhile. Names and defaults are those of Vega-Lite 6, ticks those of d3-array.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

Specification = dict[str, Any]
Row = dict[str, Any]

_LETTER, _LINE = 6.5, 12  # pixels: width of a letter on average, height of text
_TICK, _GAP, _EDGE = 5, 4, 6
_PIXELS_PER_TICK = 40
_BAND = 0.9  # share of its place that a bar fills
_NEAR = 2.0  # pixels between places of a line that are not worth telling apart
_SYMBOL = 14  # length of the stroke in a legend


@dataclass(frozen=True)
class _Axis:
    """One axis: its scale from pixel `start` to `end`, and the marks on it.

    A scale of numbers goes from `low` to `high`; one of names gives each the same room.
    """

    start: float
    end: float
    low: float
    high: float
    names: tuple[str, ...] | None
    ticks: tuple[tuple[float, str], ...]  # pixel and words
    title: str
    slanted: bool
    grid: bool

    @property
    def room(self) -> float:
        """Pixels of one name."""
        return abs(self.end - self.start) / max(1, len(self.names or ()))

    @property
    def longest(self) -> float:
        """Pixels of the widest words."""
        return max((_width(words) for _, words in self.ticks), default=0.0)

    def at(self, value: Any) -> float:
        """The pixel of a value; the middle of its room for a name."""
        if self.names is None:
            share = (float(value) - self.low) / (self.high - self.low)
        else:
            share = (self.names.index(value) + 0.5) / len(self.names)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class _Layer:
    """One kind of mark, how it is placed, and the rows that it shows."""

    mark: dict[str, Any]
    encoding: dict[str, Any]
    rows: list[Row]


def draw(specification: Specification) -> str:
    """The picture of a specification with its data inside."""
    layers = list(_layers(specification))
    width, height = specification["width"], specification["height"]
    style = specification["config"]["axis"]
    x = _axis("x", layers, width, style)
    y = _axis("y", layers, height, style)
    legend, legend_width = _legend(layers)
    left = _EDGE + _TICK + _GAP + y.longest + (_LINE + _GAP) * bool(y.title)
    below: float = _TICK + _GAP + _LINE + (_LINE + _GAP) * bool(x.title) + _EDGE
    if x.slanted:
        left = max(left, x.longest * math.sqrt(0.5))
        below += x.longest * math.sqrt(0.5)
    above = _LINE + (_LINE + _GAP) * bool(legend)
    beyond = max((at + _width(words) / 2 for at, words in x.ticks), default=0.0)
    right = max(beyond, legend_width, width) - width + _EDGE
    full = math.ceil(left + width + right), math.ceil(above + height + below)
    words = escape("; ".join(title for title in (x.title, y.title) if title))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{full[0]}" height="{full[1]}" '
        f'viewBox="0 0 {full[0]} {full[1]}" role="graphics-document" '
        f'aria-roledescription="chart" aria-label="{words}">'
        f'<g transform="translate({_n(left)},{_n(above)})" font-size="{style["labelFontSize"]}" '
        f'font-family="{escape(style["labelFont"])}" fill="currentColor">',
        *_across(x, height, style, below),
        *_upright(y, width, style, left),
        *(part for layer in layers for part in _MARKS[layer.mark["type"]](layer, x, y)),
        *legend,
        "</g></svg>",
    ]
    return "".join(parts)


def _layers(specification: Specification) -> Iterator[_Layer]:
    for each in specification.get("layer", [specification]):
        data = each.get("data") or specification["data"]
        yield _Layer(each["mark"], each["encoding"], data["values"])


def _axis(name: str, layers: Sequence[_Layer], size: float, style: dict[str, Any]) -> _Axis:
    """The axis that all layers share: what any of them says about it holds."""
    channels = [layer.encoding[name] for layer in layers if name in layer.encoding]
    asked: dict[str, Any] = next((c["axis"] for c in channels if "axis" in c), {})
    title = next((c["title"] for c in channels if c.get("title")), "")
    upwards = name == "y" and channels[0]["type"] == "quantitative"
    start, end = (size, 0.0) if upwards else (0.0, size)
    slanted = bool(asked.get("labelAngle"))
    names, low, high, step = None, 0.0, 1.0, 0.0
    if channels[0]["type"] == "nominal":
        names = tuple(dict.fromkeys(channels[0]["sort"]))
        values: list[Any] = list(names)
    else:
        low, high = _domain(name, layers)
        step = _step(low, high, asked.get("tickCount", math.ceil(size / _PIXELS_PER_TICK)))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        values = [k * step for k in range(first, last + 1)]
    bare = _Axis(start, end, low, high, names, (), title, slanted, grid=names is None)
    limit = asked.get("labelLimit", style["labelLimit"])
    ticks = [
        (bare.at(v), _shortened(v, limit) if names else number(v, asked.get("format", ""), step))
        for v in values
    ]
    binned = any(channel.get("bin") for channel in channels)
    return _Axis(
        start, end, low, high, names, tuple(ticks), title, slanted, bare.grid and not binned
    )


def _domain(name: str, layers: Sequence[_Layer]) -> tuple[float, float]:
    """Ends of a scale of numbers: as asked, or what is shown and zero; rounded."""
    channels = [layer.encoding[name] for layer in layers if name in layer.encoding]
    scale: dict[str, Any] = next((c["scale"] for c in channels if "scale" in c), {})
    found = list(scale.get("domain", ()))
    if not found:
        found = [0.0] if scale.get("zero", True) else []
        for layer in layers:
            fields = [layer.encoding[c]["field"] for c in (name, f"{name}2") if c in layer.encoding]
            found += [row[f] for row in layer.rows for f in fields if row[f] is not None]
    low, high = min(found, default=0.0), max(found, default=1.0)
    if high <= low:
        high = low + (abs(low) or 1.0)
    step = _step(low, high, 10)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _step(low: float, high: float, count: int) -> float:
    """1, 2 or 5 times a power of ten, so that there are about `count` steps."""
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    for factor, least in ((10, 50), (5, 10), (2, 2)):
        if raw / power >= math.sqrt(least):
            return factor * power
    return power


def number(value: float, form: str, step: float = 1.0) -> str:
    """A number in one of d3's forms; those without decimals get as many as `step` needs."""
    if form == "~s":
        return short(value)
    if form == ",":
        return f"{value:,.0f}"
    if form not in ("", "%"):
        return format(value, form)
    needed = math.floor(math.log10(step * (100 if form else 1)) + 1e-9)
    return f"{value:,.{max(0, -needed)}{form or 'f'}}"


def short(amount: float) -> str:
    """1,500,000 → '1.5M': labels of an axis have little room."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if amount >= size:
            return f"{amount / size:g}{letter}"
    return f"{amount:g}"


def _width(words: str) -> float:
    return _LETTER * len(words)


def _shortened(words: str, limit: float) -> str:
    letters = int(limit / _LETTER)
    return words if len(words) <= letters else words[: letters - 1] + "…"


# ---- axes and legend --------------------------------------------------------------------------


def _across(x: _Axis, height: float, style: dict[str, Any], below: float) -> Iterator[str]:
    """The axis below the plot."""
    crowded = not x.slanted and x.longest + _GAP > abs(x.end - x.start) / max(1, len(x.ticks))
    if x.grid:
        yield _path([f"M{_n(at)} 0V{_n(height)}" for at, _ in x.ticks], _grid(style))
    ticks = [f"M{_n(at)} {_n(height)}v{_TICK}" for at, _ in x.ticks]
    yield _path(ticks, f'stroke="{style["tickColor"]}"')
    yield f'<g text-anchor="{"end" if x.slanted else "middle"}">'
    for place, (at, words) in enumerate(x.ticks):
        if x.slanted:
            yield _text(at + _GAP, height + _TICK + _LINE - 2, words, "", -45)
        elif not crowded or place % 2 == 0:
            yield _text(at, height + _TICK + _GAP + _LINE - 2, words)
    yield "</g>"
    yield _line(0, height, x.end, height, f'stroke="{style["domainColor"]}"')
    yield _text(x.end / 2, height + below - _EDGE - 2, x.title, "middle")


def _upright(y: _Axis, width: float, style: dict[str, Any], left: float) -> Iterator[str]:
    """The axis left of the plot."""
    if y.grid:
        yield _path([f"M0 {_n(at)}H{_n(width)}" for at, _ in y.ticks], _grid(style))
    yield _path([f"M-{_TICK} {_n(at)}H0" for at, _ in y.ticks], f'stroke="{style["tickColor"]}"')
    yield '<g text-anchor="end">'
    for at, words in y.ticks:
        yield _text(-_TICK - _GAP, at + _LINE / 3, words)
    yield "</g>"
    yield _line(0, y.start, 0, y.end, f'stroke="{style["domainColor"]}"')
    yield _text(_LINE + 2 - left, (y.start + y.end) / 2, y.title, "middle", -90)


def _legend(layers: Sequence[_Layer]) -> tuple[list[str], float]:
    """Names of the colours, above the plot, and how wide they are."""
    parts, at = [], 0.0
    for layer in layers:
        if "color" in layer.encoding:
            for name in layer.encoding["color"]["scale"]["domain"]:
                parts.append(_line(at, -_LINE - 4, at + _SYMBOL, -_LINE - 4, _stroke(layer, name)))
                parts.append(_text(at + _SYMBOL + _GAP, -_LINE, name, "start"))
                at += _SYMBOL + 3 * _GAP + _width(name)
    return parts, at


def _grid(style: dict[str, Any]) -> str:
    return f'stroke="{style["gridColor"]}" stroke-opacity="{style["gridOpacity"]}"'


def _n(pixels: float) -> str:
    """A place to a tenth of a pixel, as short as it can be written."""
    return f"{pixels:.1f}".removesuffix(".0")


def _path(strokes: Sequence[str], stroke: str) -> str:
    """Many strokes of one colour at once; they take a fifth of what single lines would."""
    return f'<path d="{"".join(strokes)}" {stroke}/>'


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, words: str = "") -> str:
    ends = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
    return f"<line {ends} {stroke}>{words}</line>" if words else f"<line {ends} {stroke}/>"


def _text(x: float, y: float, words: str, anchor: str = "", angle: int = 0) -> str:
    """Words at a place; without an anchor that of the group they stand in."""
    if not words:
        return ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    turned = f' transform="rotate({angle},{_n(x)},{_n(y)})"' if angle else ""
    return f'<text x="{_n(x)}" y="{_n(y)}"{anchored}{turned}>{escape(words)}</text>'


# ---- marks ------------------------------------------------------------------------------------


def _lines(layer: _Layer, x: _Axis, y: _Axis) -> Iterator[str]:
    """One line for each name of a colour, or one through all rows."""
    across, up = layer.encoding["x"]["field"], layer.encoding["y"]["field"]
    coloured = layer.encoding.get("color")
    for name in coloured["scale"]["domain"] if coloured else [None]:
        rows = [row for row in layer.rows if not coloured or row[coloured["field"]] == name]
        rows.sort(key=lambda row: row[across])
        places = _apart([(x.at(row[across]), y.at(row[up])) for row in rows])
        points = " ".join(f"{_n(a)},{_n(b)}" for a, b in places)
        words = f"<title>{escape(name)}</title>" if name else ""
        yield f'<polyline points="{points}" fill="none" {_stroke(layer, name)}>{words}</polyline>'


def _apart(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The places of a line that an eye can tell apart, the first and the last among them."""
    kept: list[tuple[float, float]] = []
    for place in places:
        if not kept or max(abs(place[0] - kept[-1][0]), abs(place[1] - kept[-1][1])) >= _NEAR:
            kept.append(place)
    return kept if not places or kept[-1] == places[-1] else [*kept, places[-1]]


def _rules(layer: _Layer, x: _Axis, y: _Axis) -> Iterator[str]:
    """From one end to the other, or all across where an axis is not named."""
    for row in layer.rows:
        x1, x2 = _ends(layer, "x", x, row)
        y1, y2 = _ends(layer, "y", y, row)
        yield _line(x1, y1, x2, y2, _stroke(layer, None), _words(layer, row))


def _points(layer: _Layer, x: _Axis, y: _Axis) -> Iterator[str]:
    radius = math.sqrt(layer.mark["size"] / math.pi)  # `size` is the area, in square pixels
    for row in layer.rows:
        at = _ends(layer, "x", x, row)[0], _ends(layer, "y", y, row)[0]
        yield (
            f'<circle cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius)}" '
            f'fill="{layer.mark["color"]}">{_words(layer, row)}</circle>'
        )


def _bars(layer: _Layer, x: _Axis, y: _Axis) -> Iterator[str]:
    for row in layer.rows:
        x1, x2 = sorted(_side(layer, "x", x, row))
        y1, y2 = sorted(_side(layer, "y", y, row))
        yield (
            f'<rect x="{_n(x1)}" y="{_n(y1)}" width="{_n(x2 - x1)}" height="{_n(y2 - y1)}" '
            f'fill="{layer.mark["color"]}">{_words(layer, row)}</rect>'
        )


def _ends(layer: _Layer, name: str, axis: _Axis, row: Row) -> tuple[float, float]:
    """Where a mark begins and ends along an axis."""
    if name not in layer.encoding:
        return axis.start, axis.end
    first = layer.encoding[name]
    return axis.at(row[first["field"]]), axis.at(
        row[layer.encoding.get(f"{name}2", first)["field"]]
    )


def _side(layer: _Layer, name: str, axis: _Axis, row: Row) -> tuple[float, float]:
    """The extent of a bar: the room of its name, its bin, or from zero on."""
    first, last = _ends(layer, name, axis, row)
    if axis.names is not None:
        return first - axis.room * _BAND / 2, first + axis.room * _BAND / 2
    if f"{name}2" in layer.encoding:
        space = layer.mark.get("binSpacing", 0) / 2
        return min(first, last) + space, max(first, last) - space
    return axis.at(0.0), first


def _stroke(layer: _Layer, name: str | None) -> str:
    """Colour, width and dashes of a line; those of a name where there are several."""
    colour, dash = layer.mark.get("color"), layer.mark.get("strokeDash")
    if name is not None:
        scales = layer.encoding["color"]["scale"], layer.encoding["strokeDash"]["scale"]
        colour, dash = (scale["range"][scale["domain"].index(name)] for scale in scales)
    width = layer.mark.get("strokeWidth", 2 if layer.mark["type"] == "line" else 1)
    dashes = f' stroke-dasharray="{",".join(map(str, dash))}"' if dash else ""
    return f'stroke="{colour}" stroke-width="{width}"{dashes}'


def _words(layer: _Layer, row: Row) -> str:
    """What the interactive chart says in its tooltip."""
    parts = [
        f"{tip['title']}: "
        + (number(row[tip["field"]], tip["format"]) if "format" in tip else row[tip["field"]])
        for tip in layer.encoding.get("tooltip", ())
        if row[tip["field"]] is not None
    ]
    return f"<title>{escape('; '.join(parts))}</title>" if parts else ""


_MARKS = {"line": _lines, "rule": _rules, "point": _points, "bar": _bars}
