"""Customers in groups: how recently they bought, how much they are worth, since when, from where.

In: the values of all customers. Out: for each customer the class that lists show, and for the
report the count, total and mean value of every group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.customers.purchases import Purchases
from redumbrella.customers.values import CustomerValues
from redumbrella.models.base import Vector
from redumbrella.reports.customers import SEGMENTS, SegmentFigures, ValueBin

USUAL_SHARE = 0.9
DEFAULT_DAYS = 90.0  # where nobody bought twice
LEAST_GAPS = 20
QUARTERS = ("top quarter", "second quarter", "third quarter", "last quarter")
MOST_GROUPS = 12
MOST_BINS = 12


@dataclass(frozen=True)
class Grouping:
    """One way to group: its name, the groups in order, and what each one means."""

    by: str
    names: tuple[str, ...]
    meanings: tuple[str, ...]
    group: NDArray[np.intp]  # (n,), number of each customer's group, -1 for none


def by_class(values: CustomerValues, net: Purchases) -> Grouping:
    """New, active, at risk, lost: days since the last purchase against the usual gap.

    The usual gap is the one within which USUAL_SHARE of all repeat purchases came.
    """
    known = values.known
    days = np.floor(net.day)
    gaps = np.diff(days)[(np.diff(net.person) == 0) & (np.diff(days) > 0)]
    usual = float(np.quantile(gaps, USUAL_SHARE)) if gaps.size >= LEAST_GAPS else DEFAULT_DAYS
    since = (known.age - known.recency) * known.unit_days
    group = np.where(
        since <= usual,
        np.where(known.frequency > 0, 0, 1),
        np.where(since <= 2 * usual, 2, 3),
    )
    meanings = (
        f"bought again, last within {usual:,.0f} days",
        f"bought once, within {usual:,.0f} days",
        f"last purchase {usual:,.0f} to {2 * usual:,.0f} days ago",
        f"last purchase more than {2 * usual:,.0f} days ago",
    )
    return Grouping("class", SEGMENTS, meanings, group.astype(np.intp))


def by_value(values: CustomerValues) -> Grouping:
    """Four groups of equal size by value, the most valuable first."""
    size = values.value.size
    place = np.empty(size, np.intp)
    place[np.argsort(-values.value, kind="stable")] = np.arange(size)
    meanings = ("the most valuable quarter of customers", "", "", "the least valuable quarter")
    return Grouping("value", QUARTERS, meanings, place * 4 // max(size, 1))


def by_start(first: NDArray[np.int64]) -> Grouping:
    """The quarter of the first purchase, or its year where there are many; first: local days."""
    months = first.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    quarter = months // 3
    if np.unique(quarter).size <= MOST_GROUPS:
        found, group = np.unique(quarter, return_inverse=True)
        names = [f"{1970 + q // 4} Q{q % 4 + 1}" for q in found.tolist()]
    else:
        found, group = np.unique(months // 12, return_inverse=True)
        names = [str(1970 + year) for year in found.tolist()]
    return Grouping("first purchase", tuple(names), ("",) * len(names), group.astype(np.intp))


def by_field(by: str, column: pa.ChunkedArray) -> Grouping | None:
    """The most frequent texts of a field of people; the rest together; None for an empty field."""
    counted = pc.value_counts(column.drop_null()).to_pylist()
    if not counted:
        return None
    counted.sort(key=lambda entry: (-entry["counts"], entry["values"]))
    names = [str(entry["values"]) for entry in counted[: MOST_GROUPS - 1]]
    place = pc.index_in(column.cast(pa.string()), value_set=pa.array(names))
    group = pc.fill_null(place, len(names)).to_numpy(zero_copy_only=False).astype(np.intp)
    return Grouping(by, (*names, "others"), ("",) * len(names) + ("",), group)


def figures(groupings: Sequence[Grouping], money: Vector) -> list[SegmentFigures]:
    """Count, total and mean of each group that has customers; money: (n,)."""
    found = []
    for grouping in groupings:
        for number, name in enumerate(grouping.names):
            inside = money[grouping.group == number]
            if inside.size:
                found.append(
                    SegmentFigures(
                        by=grouping.by,
                        segment=name,
                        meaning=grouping.meanings[number],
                        customers=int(inside.size),
                        total=float(inside.sum()),
                        mean=float(inside.mean()),
                    )
                )
    return found


def value_bins(money: Vector) -> list[ValueBin]:
    """Bins at 1, 2, 5, 10 … of the value, the lowest from 0; at most MOST_BINS."""
    top = float(money.max(initial=0.0))
    if top <= 0:
        return [ValueBin(low=0.0, high=1.0, customers=int(money.size), total=0.0)]
    steps = [m * 10.0**e for e in range(-6, 16) for m in (1, 2, 5)]
    last = next(number for number, step in enumerate(steps) if step > top)
    edges = [0.0, *steps[max(last - MOST_BINS + 2, 0) : last + 1]]
    bins: list[dict[str, Any]] = []
    for low, high in pairwise(edges):
        inside = money[(money >= low) & (money < high)]
        bins.append(
            {"low": low, "high": high, "customers": int(inside.size), "total": float(inside.sum())}
        )
    used = [number for number, each in enumerate(bins) if each["customers"]]
    return [ValueBin(**each) for each in bins[used[0] : used[-1] + 1]]  # type: ignore[typeddict-item]
