"""How sure is the order, how sure the level: what was measured period by period, as a document.

In: a lesson and what it says of the open leads. Out: the `level` of the report, with its words.
"""

import numpy as np
from scipy.special import ndtri

from redumbrella.clock import to_iso
from redumbrella.evaluation.level import Level, PeriodLevel
from redumbrella.figures import count, percent
from redumbrella.learning.lesson import Lesson
from redumbrella.models.base import Vector, log_odds_of, probability_of
from redumbrella.models.uncertainty import LEVEL, Spread
from redumbrella.reports.model import LevelFacts, PeriodFacts
from redumbrella.training.observations import Observations
from redumbrella.training.splits import Rows

LEAST_OPEN = 30
FAR = 1.0  # log-odds between what open leads are expected to do and what closed ones did


def level_facts(lesson: Lesson, observed: Observations, probability: Vector) -> LevelFacts:
    """What is known of the order and the level. probability: (n,) of the open leads."""
    level, spread = lesson.level, lesson.spread
    return {
        "measured": level.measured,
        "wandering": level.wandering,
        "deviation": spread.shared,
        "periods": [_period(period, observed) for period in level.periods],
        "words": level_in_words(level, spread, float(probability.mean())),
    }


def unlike_closed(lesson: Lesson, probability: Vector) -> list[str]:
    """A caution where open leads are expected to go quite differently from the latest closed ones.

    probability: (n,) of the open leads. Other leads than before may be the reason, or fields that
    are filled in while a lead is worked, which no fold can show: there all leads are closed.
    """
    latest = lesson.last_period.won if lesson.last_period is not None else lesson.won
    if probability.size < LEAST_OPEN:
        return []
    expected, came = float(probability.mean()), float(latest.mean())
    allowed = max(FAR, float(ndtri(0.5 + LEVEL / 2)) * lesson.spread.shared)
    if abs(log_odds_of(expected) - log_odds_of(came)) <= allowed:
        return []
    return [
        f"Of the open leads {percent(expected, 0)} are expected to be won, of the latest closed "
        f"ones {percent(came, 0)} were: either they are other leads, or some fields are filled in "
        "only while a lead is worked. Look at the fields that weigh most, and leave such ones out "
        "with `ignore`."
    ]


def level_in_words(level: Level, spread: Spread, usual: float) -> list[str]:
    """A sentence on the order, one on the level. usual: a probability to show the level by."""
    if not level.measured:
        return [
            "How far the share won moves from one period to the next could not be measured: it "
            "takes leads in order of time and 40 won and lost. The intervals leave it out."
        ]
    return [*_order_in_words(level), _level_in_words(level, spread, usual)]


def _order_in_words(level: Level) -> list[str]:
    known = [auc for auc, _ in level.orders]
    if set(known) <= {0.5}:  # nothing known, or everybody got the base rate: there is no order
        return []
    low, high = (round(100 * auc) for auc in (min(known), max(known)))
    pairs = f"{low}" if low == high else f"{low} to {high}"
    return [
        f"Order: in {len(known)} periods, each judged alone, the one that was won stood above the "
        f"one that was lost in {pairs} of 100 pairs (50 would be chance)."
    ]


def _level_in_words(level: Level, spread: Spread, usual: float) -> str:
    if not spread.level:
        return (
            f"Level: over {len(level.periods)} periods as many were won as was said, within "
            "chance. The percentages need no allowance for a world that moves."
        )
    worst = max(level.periods, key=lambda period: abs(period.shift))
    middle = log_odds_of(usual)
    low, high = spread.interval(np.array([middle]), np.array([np.sqrt(spread.level)]))
    middle_said, low_said, high_said = (
        percent(float(value), 0) for value in (probability_of(np.array(middle)), low[0], high[0])
    )
    return (
        f"Level: in the period that was foreseen worst, {count(worst.won)} were won where "
        f"{count(worst.expected)} were expected. All percentages of a list may be too high or too "
        f"low together: where {middle_said} is said, {low_said} to {high_said} is likely."
    )


def _period(period: PeriodLevel, observed: Observations) -> PeriodFacts:
    start, end = time_span(observed, period.rows)
    return {
        "from": start,
        "to": end,
        "rows": int(period.rows.size),
        "won": period.won,
        "expected": period.expected,
        "auc": {"value": period.auc, "se": period.auc_error},
    }


def time_span(observed: Observations, rows: Rows) -> tuple[str | None, str | None]:
    """The first and the last instant of some leads (ISO 8601); None where nobody recorded it."""
    if observed.order != "created_at" or rows.size == 0:
        return None, None
    ends = observed.position[[rows.min(), rows.max()]]
    return to_iso(int(ends[0])), to_iso(int(ends[1]))
