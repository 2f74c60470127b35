"""The curve of a lead page: the chance to have converted by each day comes in, a drawing goes out.

Drawn here and not by the chart library of the model page: it is one line, and a lead page must
open at once.
"""

from dataclasses import dataclass

from redumbrella.figures import percent, quantity
from redumbrella.views.worth import ExpectedTiming

WIDTH, HEIGHT = 340, 150
LEFT, RIGHT, TOP, BOTTOM = 42, 328, 12, 122  # of the plot, in the units of the drawing
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where, and its words."""

    at: float
    words: str


@dataclass(frozen=True)
class ConversionCurve:
    """Line and area as SVG points, the marks of both axes, and what the picture says in words."""

    line: str
    area: str
    days: tuple[Tick, ...]
    chances: tuple[Tick, ...]
    words: str


def conversion_curve(timing: ExpectedTiming | None) -> ConversionCurve | None:
    """The drawing; None where there is no curve of at least two points over some time."""
    if timing is None or len(timing.curve) < 2 or timing.curve[-1][0] <= 0.0:
        return None
    last, final = timing.curve[-1]
    top = next((share for share in _TOPS if final <= share), 1.0)
    places = [(_x(day, last), _y(chance, top)) for day, chance in timing.curve]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    step = next((step for step in _STEPS if last / step <= 5.0), last)
    days = [k * step for k in range(int(last / step + 1e-9) + 1)]
    return ConversionCurve(
        line=line,
        area=f"{places[0][0]:.1f},{BOTTOM} {line} {places[-1][0]:.1f},{BOTTOM}",
        days=tuple(Tick(_x(day, last), f"{day:g}") for day in days),
        chances=tuple(
            Tick(_y(s, top), percent(s, 1 if top < 0.02 else 0)) for s in (0, top / 2, top)
        ),
        words=f"The chance to have converted rises to {percent(final)} by day {quantity(last, 3)}.",
    )


def _x(day: float, last: float) -> float:
    return LEFT + (RIGHT - LEFT) * day / last


def _y(chance: float, top: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * chance / top
