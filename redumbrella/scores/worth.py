"""Values beside the scores: amount, lifetime value, time, effort and fit of each open lead.

In: the valuation, the design and probabilities of n leads. Out: per lead the columns amount, ltv,
expected_value and value_spread (how much of the variance of its value comes from sales that differ
in amount), and `details` with every figure, its interval and what it rests on.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from redumbrella.features.matrix import Design
from redumbrella.models.base import Vector
from redumbrella.models.worth.amount import Estimate
from redumbrella.models.worth.valuation import Rates, Valuation, potential_lifetime_value

TENTHS = 2.563  # deviations of a normal distribution between its 10 and its 90 % quantile
WITHIN_DAYS = (7, 14, 30, 90, 180, 365)
CURVE_POINTS = 12
Row = dict[str, Any]


def value_leads(
    valuation: Valuation,
    rates: Rates,
    leads: pa.Table,
    design: Design,
    probability: Vector,
    interval: tuple[Vector, Vector],
) -> list[Row]:
    """Values of n leads. leads: their records; design: as the score model sees them."""
    seen = valuation.seen(design)
    details: list[Row] = [{} for _ in range(design.rows)]
    columns: list[Row] = [{"details": row} for row in details]
    cost = _add_effort(valuation, rates, seen, details)
    _add_timing(valuation, seen, details, probability)
    _add_fit(valuation, seen, details)
    known = own_amounts(leads)
    amount = _amounts(valuation, seen, known)
    if amount is None:
        return columns
    low, high = interval
    ltv = potential_lifetime_value(probability, low, high, amount, valuation.repeats)
    worth = _worth(rates.margin, ltv, cost)
    factor, others = rates.margin * (1.0 + valuation.repeats), valuation.profit(rates)
    spread = (amount.high - amount.low) / TENTHS
    for n, row in enumerate(columns):
        if np.isnan(amount.value[n]):
            continue
        basis = "model" if np.isnan(known[n]) else "record"
        row |= {
            "amount": float(amount.value[n]),
            "ltv": float(ltv.value[n]),
            "expected_value": float(worth.value[n]),
            "value_spread": float(probability[n] * (factor * spread[n]) ** 2),
        }
        details[n] |= {
            "amount": {**_numbers(amount, n), "basis": basis},
            "ltv": {**_numbers(ltv, n), "repeats": valuation.repeats},
            "expected_value": _numbers(worth, n),
            "profit": _profit(_numbers(amount, n), factor, float(cost.value[n]), others),
        }
    return columns


def _worth(margin: float, ltv: Estimate, cost: Estimate) -> Estimate:
    """Expected value: margin x LTV - cost of the effort; their deviations taken as independent."""
    value = margin * ltv.value - cost.value
    down = np.hypot(margin * (ltv.value - ltv.low), cost.high - cost.value)
    up = np.hypot(margin * (ltv.high - ltv.value), cost.value - cost.low)
    return Estimate(value, value - down, value + up)


def _profit(
    amount: dict[str, float], factor: float, cost: float, others: Vector
) -> dict[str, float]:
    """What a lead brings if it converts, after the cost of effort, and how that stands.

    factor: what becomes of an amount: margin and further purchases. others: sorted profits.
    """
    found = {name: factor * number - cost for name, number in amount.items()}
    for name in ("value", "low", "high"):
        place = "standing" if name == "value" else f"standing_{name}"
        found[place] = standing(others, found[name])
    return found


def standing(reference: Vector, value: float) -> float:
    """Share of the leads seen in training that lie below a value, ties counted half; 0 to 1."""
    if reference.size == 0:
        return 0.5
    below = np.searchsorted(reference, value, side="left")
    through = np.searchsorted(reference, value, side="right")
    return float(below + through) / (2.0 * reference.size)


def own_amounts(leads: pa.Table) -> Vector:
    """The amounts that stand in the records of n leads, (n,), NaN where none does."""
    if "amount" not in leads.column_names:
        return np.full(leads.num_rows, np.nan)
    own = leads["amount"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(own >= 0.0, own, np.nan)


def _amounts(valuation: Valuation, seen: Design, known: Vector) -> Estimate | None:
    """The record's own amount where it stands there already, else what the model expects."""
    if valuation.amount is None:
        return None if np.isnan(known).all() else Estimate(known, known, known)
    expected = valuation.amount.estimate(seen)
    own = ~np.isnan(known)
    return Estimate(*(np.where(own, known, part) for part in expected))


def _add_effort(valuation: Valuation, rates: Rates, seen: Design, details: list[Row]) -> Estimate:
    if valuation.effort is None:
        nothing = np.zeros(seen.rows)
        return Estimate(nothing, nothing, nothing)
    effort = valuation.effort.estimate(seen, rates.per_hour, rates.per_contact)
    known = valuation.minutes()
    for n, row in enumerate(details):
        minutes = _numbers(effort.minutes, n)
        row["effort"] = {
            "contacts": _numbers(effort.contacts, n),
            "minutes": minutes,
            "cost": _numbers(effort.cost, n),
            "standing": standing(known, minutes["value"]),
            "standing_low": standing(known, minutes["low"]),
            "standing_high": standing(known, minutes["high"]),
        }
    return effort.cost


def _add_timing(
    valuation: Valuation, seen: Design, details: list[Row], probability: Vector
) -> None:
    if valuation.timing is None:
        return
    curves = valuation.timing.curves(seen).consistent_with(probability)
    days = curves.days_to_convert()
    within = {f"{d}": curves.within(float(d)) for d in WITHIN_DAYS if d <= curves.edges[-1]}
    shown = np.unique(
        np.linspace(0, curves.edges.size - 1, min(CURVE_POINTS, curves.edges.size)).astype(int)
    )
    by_day = (valuation.figures.get("timing") or {}).get("by_day", False)
    for n, row in enumerate(details):
        row["timing"] = {
            "by_day": by_day,
            "days": _numbers(days, n),
            "within": {day: float(share[n]) for day, share in within.items()},
            "curve": [[float(curves.edges[k]), float(curves.won[n, k])] for k in shown],
        }


def _add_fit(valuation: Valuation, seen: Design, details: list[Row]) -> None:
    if valuation.fit is None or valuation.fit.basis == "none":
        return
    fit = valuation.fit.estimate(seen)
    for n, row in enumerate(details):
        row["fit"] = {
            **_numbers(fit, n),
            "basis": valuation.fit.basis,
            "ratings": valuation.fit.ratings,
        }


def _numbers(estimate: Estimate, n: int) -> dict[str, float]:
    return {name: float(getattr(estimate, name)[n]) for name in ("value", "low", "high")}
