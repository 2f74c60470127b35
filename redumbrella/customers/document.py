"""The figures behind the list of customers, as the document that `umbrella report` shows.

In: the values of all customers and their groups. Out: `Lifetime`, money times the margin.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime, to_iso
from redumbrella.customers.lifetime import LEVEL
from redumbrella.customers.period_shock import PeriodShock
from redumbrella.customers.purchases import Purchases
from redumbrella.customers.segments import Grouping, figures, value_bins
from redumbrella.customers.values import LEAST_REPEATERS, CustomerValues, HoldoutFigures
from redumbrella.models.base import Vector
from redumbrella.reports.customers import Lifetime, LifetimeHoldout
from redumbrella.settings.customers import Customers

HIGH_CORRELATION = 0.3


def lifetime_document(
    asked: Customers,
    purchases: Purchases,
    values: CustomerValues,
    groupings: Sequence[Grouping],
    churn_target: str | None,
    *,
    as_of: int,
    valued_at: int,
    notes: Sequence[str],
) -> Lifetime:
    """All figures behind the list of customers, by the names of the contract."""
    known, repeat, amount = values.known, values.repeat, values.amount
    money = asked.margin * values.value
    document: dict[str, Any] = {
        "as_of": to_iso(as_of),
        "valued_at": to_iso(valued_at),
        "first_purchase": _iso_day(float(known.first.min())),
        "unit": asked.unit,
        "horizon_days": asked.horizon_days,
        "discount": asked.discount,
        "margin": asked.margin,
        "customers": int(known.person.size),
        "repeat_customers": int((known.frequency > 0).sum()),
        "purchases": int(known.frequency.sum()) + int(known.person.size),
        "refunded": float(np.abs(purchases.amount[purchases.amount < 0]).sum()),
        **_parameters(repeat, ("r", "alpha", "a", "b", "log_likelihood")),
        **_parameters(amount, ("p", "q", "gamma", "correlation")),
        "amount_log_likelihood": amount.log_likelihood if amount else None,
        "standard_errors": {
            **(repeat.standard_errors if repeat else {}),
            **(amount.standard_errors if amount else {}),
        },
        "shock": _shock(values.shock),
        "chosen": values.chosen,
        "why": _why(values),
        "base": {
            "expected": asked.margin * values.total,
            "low": asked.margin * values.total_low,
            "high": asked.margin * values.total_high,
            "level": LEVEL,
        },
        "expected_purchases": _sum(values.purchases),
        "still_customers": _sum(values.alive),
        "holdout": _holdout(values.holdout) if values.holdout else None,
        "churn_target": churn_target,
        "segments": figures(groupings, money),
        "distribution": value_bins(money),
        "notes": [*_model_notes(values), *notes],
    }
    return cast("Lifetime", document)


def _parameters(model: object, names: Sequence[str]) -> dict[str, float | None]:
    """Fitted numbers by name, None for each where nothing was fitted."""
    return {name: getattr(model, name, None) for name in names}


def _shock(shock: PeriodShock | None) -> dict[str, float] | None:
    if shock is None:
        return None
    periods = float(shock.log_ratios.size)
    return {"deviation": shock.deviation, "degrees": shock.degrees, "periods": periods}


def _why(values: CustomerValues) -> str:
    """Why this model gives the values, with its figures."""
    if values.chosen == "mean spend":
        return (
            f"Only {int((values.known.frequency > 0).sum())} customers bought again; below "
            f"{LEAST_REPEATERS} nothing is fitted, and every customer is worth the mean repeat "
            "spend per customer and time."
        )
    if values.holdout is None:
        return "The record is too short to hold out a part of it, so the purchase models are used."
    if values.holdout.difference is None:
        return "The record is too small to learn shares from, so the purchase models are used."
    gain, error = values.holdout.difference
    which = "lower" if gain >= 0 else "higher"
    told = (
        f"{which} by {abs(gain):,.2f} ± {error:,.2f} a customer on the last "
        f"{values.holdout.days:,.0f} days"
    )
    if values.chosen == "learned shares":
        return f"Boosted trees share the expected total out better: their deviance is {told}."
    return (
        "Boosted trees do not share the expected total out better by more than a standard error "
        f"(deviance {told}), so the purchase models are used."
    )


def _model_notes(values: CustomerValues) -> list[str]:
    notes = []
    models = [m for m in (values.repeat, values.amount) if m is not None]
    if any(model.penalised for model in models):
        notes.append("The purchases leave a parameter open, so a vague prior opinion helped.")
    if values.amount is not None and abs(values.amount.correlation) > HIGH_CORRELATION:
        notes.append(
            "Customers who buy often spend more or less at a time than others (correlation "
            f"{values.amount.correlation:.2f}); Gamma-Gamma assumes that they do not."
        )
    if values.repeat is not None:
        notes.append(
            "To BG/NBD a customer can be lost only after a repeat purchase: those who bought once "
            "count as still customers, with a low rate of buying."
        )
    return notes


def _holdout(found: HoldoutFigures) -> LifetimeHoldout:
    gap = found.difference
    return LifetimeHoldout(
        start=_iso_day(found.start), days=found.days, customers=found.customers,
        mean_absolute_error=found.error, deviance=found.deviance,
        difference=None if gap is None else {"mean": gap[0], "se": gap[1]},
        covered=found.covered, expected=found.total, low=found.low, high=found.high,
        actual=found.actual,
    )  # fmt: skip


def _sum(numbers: Vector) -> float | None:
    """The total, None where it is not known."""
    total = float(numbers.sum())
    return None if np.isnan(total) else total


def _iso_day(day: float) -> str:
    return to_datetime(round(day * MICROSECONDS_PER_DAY)).strftime("%Y-%m-%d")
