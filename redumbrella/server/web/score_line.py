"""The score of a lead over time as a drawing: one step a day, with marks for contacts and models.

Comes in: a `ScoreHistory`. Goes out: lines and marks in the units of the drawing. Drawn here and
not by the chart library of the model page, for a lead page must open at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from redumbrella.figures import percent
from redumbrella.server.web.conversion_curve import Tick
from redumbrella.views.score_history import ScoreHistory

LEFT, RIGHT, TOP, BOTTOM = 54, 588, 12, 132  # of the plot; the drawing is 600 wide and 176 high
CONTACTS_AT = 142
_TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_MOST_DATES = 5


@dataclass(frozen=True)
class ScoreLine:
    """The line as SVG points, its end, marks of both axes, and what the picture says in words.

    contacts: where somebody was in contact, with the words of all contacts of that day. models:
    where another model took over.
    """

    line: str
    end: tuple[float, float]
    days: tuple[Tick, ...]
    chances: tuple[Tick, ...]
    contacts: tuple[Tick, ...]
    models: tuple[Tick, ...]
    words: str


def score_line(history: ScoreHistory, timezone: str) -> ScoreLine | None:
    """The drawing; None where only one day was scored."""
    days, said = history.days, history.probabilities
    if len(days) < 2:
        return None
    first, span = days[0], (days[-1] - days[0]).days
    top = next((share for share in _TOPS if max(said) <= share), 1.0)

    def x(day: date) -> float:
        return LEFT + (RIGHT - LEFT) * (day - first).days / span

    def y(chance: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * chance / top

    points, last = [], None
    for day, chance in zip(days, said, strict=True):
        if last is not None:
            points.append((x(day), y(last)))  # until then the earlier score held
        points.append((x(day), y(chance)))
        last = chance
    met: dict[date, list[str]] = {}
    zone = ZoneInfo(timezone)
    for one in history.contacts:
        what = f"{one.what}, {one.detail}" if one.detail else one.what
        met.setdefault(min(one.at.astimezone(zone).date(), days[-1]), []).append(what)
    models = [date.fromisoformat(day) for day in history.models][1:]
    return ScoreLine(
        line=" ".join(f"{a:.1f},{b:.1f}" for a, b in points),
        end=points[-1],
        days=tuple(Tick(x(day), f"{day:%d %b}") for day in _dates(days)),
        chances=tuple(Tick(y(s), percent(s, 1 if top < 0.02 else 0)) for s in (0, top / 2, top)),
        contacts=tuple(Tick(x(day), f"{day}: {'; '.join(what)}") for day, what in met.items()),
        models=tuple(Tick(x(day), f"{day}: a new model") for day in models),
        words=f"The score went from {percent(said[0])} on {days[0]} to {percent(said[-1])} on "
        f"{days[-1]}, lowest {percent(min(said))}, highest {percent(max(said))}.",
    )


def _dates(days: Sequence[date]) -> list[date]:
    """A few of the days, evenly over time, the first and the last among them."""
    last = len(days) - 1
    wanted = min(_MOST_DATES, len(days))
    return [days[round(k * last / (wanted - 1))] for k in range(wanted)]
