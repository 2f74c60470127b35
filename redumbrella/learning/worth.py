"""Valuing: from closed leads to what an open one is worth: amount, time, effort, fit.

In: gathered leads and facts, and the lesson of the score model. Out: a `Valuation` of the parts
that the record teaches, each learned from one stage of every lead, so that the parts serve leads at
any stage of their life. Nothing is written.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.columns import ORDER
from redumbrella.customers.bg_nbd import fit_repeat
from redumbrella.customers.history import summarise
from redumbrella.features.facts import Facts
from redumbrella.features.kernel.person_index import PersonIndex
from redumbrella.features.matrix import Design
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import quoted
from redumbrella.learning.gathering import Gathered, person_ids
from redumbrella.learning.lesson import Learned
from redumbrella.models.base import Vector
from redumbrella.models.worth.amount import Amount, fit_amount
from redumbrella.models.worth.effort import Effort, fit_effort
from redumbrella.models.worth.strategic_fit import StrategicFit, fit_strategic_fit
from redumbrella.models.worth.timing import CENSORED, LOST, WON, Timing, fit_timing
from redumbrella.models.worth.valuation import Expected, Rates, Valuation
from redumbrella.scores.worth import own_amounts
from redumbrella.settings.settings import Settings
from redumbrella.training.arrival import ARRIVAL_NAME
from redumbrella.training.stages import spans

HORIZON_DAYS = 365.0  # repeat purchases within a year count in the lifetime value
LEAST_WON = 5
LEAST_REPEATING = 30
MOST_OPEN = 20_000
BEST_SHARE = 0.25
_MINUTE = MICROSECONDS_PER_DAY // 1_440


@dataclass(frozen=True, eq=False)
class _Rows:
    """One stage of every closed lead: records, design, instants (n,), outcomes (n,)."""

    records: pa.Table
    design: Design
    as_of: NDArray[np.int64]
    closed_at: NDArray[np.int64] | None
    won: Vector


def value_models(
    lake: Lake, settings: Settings, gathered: Gathered, learned: Learned
) -> Valuation | None:
    """Everything about worth that the closed leads teach; None for targets of people."""
    if not gathered.is_about_leads:
        return None
    columns = tuple(
        number
        for number, feature in enumerate(learned.lesson.design.profile_features)
        if feature.source != "amount" and feature.name != ARRIVAL_NAME
    )
    rows = _rows(learned, columns)
    repeats = _repeats(gathered.facts)
    amount, sold = _amount(gathered, rows)
    effort = _effort(gathered.facts, rows)
    at_once = _closed_at_once(rows)
    timing = None if at_once else _timing(gathered, learned, rows, columns)
    fit = _fit(lake, settings, rows, sold)
    figures: dict[str, Any] = {
        "amount": None if amount is None else {"sales": amount.rows, "regime": amount.regime},
        "effort": None if effort is None else {"leads": rows.won.size},
        "timing": None
        if timing is None
        else {
            "winning": timing.winning.kind,
            "longest_days": float(timing.edges[-1]),
            "by_day": _closes_by_day(rows),
        },
        "closed_at_once": at_once,
        "fit": {"basis": fit.basis, "ratings": fit.ratings},
        "repeats": {"purchases": repeats, "within_days": HORIZON_DAYS},
    }
    expected = _expected(rows, amount, effort)
    return Valuation(columns, amount, timing, effort, fit, repeats, expected, figures)


def rates_of(settings: Settings) -> Rates:
    """Costs and margin as umbrella.toml says."""
    costs = settings.costs
    return Rates(costs.per_hour, costs.per_contact, costs.margin)


def _rows(learned: Learned, columns: tuple[int, ...]) -> _Rows:
    observed, alone = learned.observed, learned.observed.independent()
    records = observed.closed.take(pa.array(alone))
    as_of = observed.position if observed.stages is None else observed.stages.as_of
    return _Rows(
        records,
        learned.lesson.design.take(alone).only(np.array(columns, np.intp)),
        as_of[alone].astype(np.int64),
        _closed_at(records) if observed.order == "created_at" else None,
        observed.won[alone],
    )


def _closed_at(records: pa.Table) -> NDArray[np.int64] | None:
    """Instants of closing, -1 where unknown; None when nobody recorded any."""
    if "closed_at" not in records.column_names:
        return None
    closed = records["closed_at"].cast(pa.int64())
    if closed.null_count == len(closed):
        return None
    return np.asarray(pc.fill_null(closed, -1).to_numpy(zero_copy_only=False), np.int64)


def _amount(gathered: Gathered, rows: _Rows) -> tuple[Amount | None, Vector]:
    """The amount of a sale, from won leads or else from what their people bought first.

    Also gives what each row brought, (n,), NaN where that is unknown.
    """
    sold = np.where(rows.won == 1.0, own_amounts(rows.records), np.nan)
    if np.isnan(sold).all():
        sold = _first_purchases(gathered.facts, rows)
    known = np.flatnonzero(~np.isnan(sold))
    if known.size < LEAST_WON or not sold[known].any():
        return None, sold
    return fit_amount(rows.design.take(known), sold[known]), sold


def _first_purchases(facts: Facts, rows: _Rows) -> Vector:
    """Amount of the first purchase of each won lead's person after the row, NaN where none."""
    found = np.full(rows.won.size, np.nan)
    table = facts.tables.get("purchases")
    if table is None or table.num_rows == 0:
        return found
    table = table.filter(pc.greater(table["amount"], 0.0))
    people = PersonIndex.of(table["person_id"])
    person = people.index_of(table["person_id"])
    at = table["at"].cast(pa.int64()).to_numpy(zero_copy_only=False)
    order = np.lexsort((at, person))
    amount = table["amount"].to_numpy(zero_copy_only=False)[order]
    asked = people.index_of(person_ids(rows.records))
    last = np.full(asked.size, np.iinfo(np.int64).max)
    first, end = spans(asked, rows.as_of, last, person[order], at[order])
    has = (first < end) & (rows.won == 1.0)
    found[has] = amount[first[has]]
    return found


def _effort(facts: Facts, rows: _Rows) -> Effort | None:
    """Contacts and minutes from each row's instant to the close of its lead."""
    table = facts.tables.get("activities")
    if table is None or table.num_rows == 0 or rows.closed_at is None:
        return None
    people = PersonIndex.of(table["person_id"])
    person = people.index_of(table["person_id"])
    at = table["at"].cast(pa.int64()).to_numpy(zero_copy_only=False)
    order = np.lexsort((at, person))
    seconds = np.nan_to_num(table["duration_s"].to_numpy(zero_copy_only=False)[order])
    asked = people.index_of(person_ids(rows.records))
    first, end = spans(asked, rows.as_of, rows.closed_at, person[order], at[order])
    total = np.concatenate([[0.0], np.cumsum(np.maximum(seconds, 0.0))])
    # In order of closing: ordered by creation, the last ones would be those that closed fast.
    chosen = np.flatnonzero(rows.closed_at > rows.as_of)
    chosen = chosen[np.argsort(rows.closed_at[chosen], kind="stable")]
    contacts = (end - first)[chosen].astype(np.float64)
    minutes = (total[end] - total[first])[chosen] / 60.0
    if chosen.size < LEAST_WON or not contacts.any() or not minutes.any():
        return None
    return fit_effort(rows.design.take(chosen), contacts, minutes)


def _timing(
    gathered: Gathered, learned: Learned, rows: _Rows, columns: tuple[int, ...]
) -> Timing | None:
    """Days from each row's instant to the end; leads that are still open count as seen so far."""
    if rows.closed_at is None:
        return None
    chosen = np.flatnonzero(rows.closed_at >= rows.as_of)
    if rows.won[chosen].sum() < LEAST_WON:
        return None
    days = (rows.closed_at - rows.as_of)[chosen] / MICROSECONDS_PER_DAY
    end = np.where(rows.won[chosen] == 1.0, WON, LOST)
    still, age = _still_open(gathered, learned, columns)
    started = np.concatenate([rows.as_of[chosen], gathered.as_of - age * MICROSECONDS_PER_DAY])
    order = np.argsort(started, kind="stable")
    design = rows.design.take(chosen).above(still).take(order)
    days = np.concatenate([days, age])[order]
    end = np.concatenate([end, np.full(age.size, CENSORED)])[order]
    return fit_timing(design, days, end)


def _closed_at_once(rows: _Rows) -> bool:
    """Whether most won leads were closed in the minute of their creation: written down together."""
    if rows.closed_at is None:
        return False
    won = (rows.won == 1.0) & (rows.closed_at >= rows.as_of)
    took = (rows.closed_at - rows.as_of)[won]
    return bool(took.size) and bool(np.mean(took < _MINUTE) > 0.5)


def _closes_by_day(rows: _Rows) -> bool:
    """Whether of the close of most leads only the day is known."""
    closed = rows.records["closed_at"].drop_null()
    local = closed if closed.type.tz is None else pc.local_timestamp(closed)
    times = local.cast(pa.int64()).to_numpy() % MICROSECONDS_PER_DAY
    return bool(np.mean((times == 0) | (times == MICROSECONDS_PER_DAY - 1)) > 0.5)


def _still_open(
    gathered: Gathered, learned: Learned, columns: tuple[int, ...]
) -> tuple[Design, Vector]:
    """Open leads as they were at their creation, and their ages in days."""
    observed, model = gathered.observed, learned.model
    # As young ones among the closed leads did not teach, young open ones must not either.
    still_open = observed.open_position[: observed.open_position.size - observed.held]
    old = np.flatnonzero(still_open < gathered.as_of - learned.settling)
    numbers = old[:: max(1, old.size // MOST_OPEN)]
    records, position = observed.open.take(pa.array(numbers)), observed.open_position[numbers]
    history, asked = None, None
    if model.history is not None:
        history = model.history.group(gathered.facts.tables)
        asked = gathered.asked(records, position.astype(np.int64), position)
    design = model.design(records, position, history, asked).only(np.array(columns, np.intp))
    age = np.maximum(gathered.as_of - position, 0.0) / MICROSECONDS_PER_DAY
    return design, age


def _fit(lake: Lake, settings: Settings, rows: _Rows, sold: Vector) -> StrategicFit:
    """From the clients' ratings, else from likeness to the best of those that were won."""
    scale = (settings.qualification.lowest_rating, settings.qualification.highest_rating)
    rating = np.full(rows.won.size, np.nan)
    if lake.exists("feedback"):
        # Of one instant the one that was read last.
        rating_of = f"arg_max(f.rating, (f.at, f.{quoted(ORDER)})) AS rating"
        newest = lake.query(
            f"SELECT f.lead_id, {rating_of} FROM feedback f GROUP BY 1 ORDER BY 1"  # noqa: S608
        )
        place = pc.index_in(rows.records["lead_id"], value_set=newest["lead_id"].combine_chunks())
        found = pc.fill_null(place, -1).to_numpy(zero_copy_only=False)
        values = newest["rating"].to_numpy(zero_copy_only=False)
        rating = np.where(found >= 0, values[found], np.nan) if len(values) else rating
    known = sold[~np.isnan(sold)]
    least = np.quantile(known, 1.0 - BEST_SHARE) if known.size >= LEAST_WON else np.inf
    best = np.nan_to_num(sold, nan=-np.inf) >= least
    return fit_strategic_fit(rows.design, rating, scale, best)


def _repeats(facts: Facts) -> float:
    """Expected further purchases of a new customer within HORIZON_DAYS (BG/NBD, eq. 9)."""
    table = facts.tables.get("purchases")
    if table is None or table.num_rows == 0:
        return 0.0
    people = PersonIndex.of(table["person_id"])
    days = table["at"].cast(pa.int64()).to_numpy(zero_copy_only=False) / MICROSECONDS_PER_DAY
    amount = np.nan_to_num(table["amount"].to_numpy(zero_copy_only=False))
    customers = summarise(people.index_of(table["person_id"]), days, amount, float(days.max()))
    if int((customers.frequency > 0).sum()) < LEAST_REPEATING:
        return 0.0
    model = fit_repeat(customers.frequency, customers.recency, customers.age)
    return float(model.expected_new(HORIZON_DAYS)[()])


def _expected(rows: _Rows, amount: Amount | None, effort: Effort | None) -> Expected:
    """What the rows are expected to bring and to take: what a new lead is compared with.

    An amount that stands in the record counts, as it does for a new lead: beside amounts that are
    all estimated, a lead with one of its own would be above all or below all.
    """
    nothing = np.empty(0)
    minutes, contacts = nothing, nothing
    if effort is not None:
        work = effort.estimate(rows.design, 0.0)
        minutes, contacts = work.minutes.value, work.contacts.value
    if amount is None:
        return Expected(nothing, contacts, minutes)
    own = own_amounts(rows.records)
    brings = np.where(np.isnan(own), amount.mean(rows.design), own)
    return Expected(brings, contacts, minutes)
