# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What today's lists were worth: from what was tried out, against other orders that nobody used.

In: the lists on record with the chance of every lead, and what came of the leads. Out: how much
more a day the lists earned than the newest leads first, and than a random order, or why not known.
"""

from datetime import timedelta

import numpy as np
import pyarrow as pa

from redumbrella.clock import to_datetime
from redumbrella.evaluation.off_policy import Gain, Placements, first_places, gain_over
from redumbrella.figures import counted, money, money_interval, quantity
from redumbrella.lake.quoting import literal
from redumbrella.reports.list_worth import WITHIN_DAYS, ListWorth
from redumbrella.state.scores import scoring_of
from redumbrella.state.work import worklist_of
from redumbrella.workspace import Workspace

TABLE = "worklists"
# Another order in words, and how its place of a lead is told.
ORDERS = {"newest": "the newest leads first", "random": "a random order"}


def list_worth(workspace: Workspace, target_name: str | None, now: int) -> tuple[ListWorth, ...]:
    """What the lists of a target earned against each of ORDERS; none where no list is on record.

    now: UTC microseconds. Lists that are not WITHIN_DAYS older than what was last known are not
    judged yet.
    """
    target = workspace.settings.target(target_name)
    with workspace.state.reading() as connection:
        made = worklist_of(connection, target.name)
        scoring = scoring_of(connection, target.name)
    if (
        made is None
        or scoring is None
        or not workspace.snapshots.exists(TABLE)
        or target.from_ is None
    ):
        return ()
    rows = _judged(workspace, target.name, int(made["number"]), min(now, int(scoring["as_of"])))
    has_money = bool(rows.num_rows) and rows["expected_value"].null_count < rows.num_rows
    unit = workspace.settings.currency if has_money else "won leads"
    placements, created = _placements(workspace, rows, has_money=has_money)
    places = np.bincount(placements.day, placements.listed)[placements.day].astype(np.float64)
    many = np.bincount(placements.day)[placements.day]
    others = {"newest": first_places(placements.day, created, places), "random": places / many}
    return tuple(
        _worth(name, gain_over(placements, others[name]), unit) for name in ORDERS
    )  # fmt: skip


def _judged(workspace: Workspace, target: str, number: int, now: int) -> pa.Table:
    """The last list of each day that is old enough, a row for every lead that might be on it.

    Who was sure of a place, as agreed with the lead, stands on any list: no row tells them apart.
    """
    until = to_datetime(now) - timedelta(days=WITHIN_DAYS)
    return workspace.snapshots.query(
        f"SELECT w.lead_id, w.day, w.as_of, w.chance, w.place IS NOT NULL AS listed, "
        f"w.probability, w.expected_value FROM {TABLE} w JOIN (SELECT day, max(number) AS number "
        f"FROM {TABLE} WHERE target = {literal(target)} AND number <= {number} GROUP BY day) n "
        f"ON n.number = w.number AND n.day = w.day "
        f"WHERE w.target = {literal(target)} AND w.chance < 1 "
        f"AND w.as_of <= TIMESTAMPTZ {literal(until.isoformat())} ORDER BY w.day, w.lead_id"
    )


def _placements(
    workspace: Workspace, rows: pa.Table, *, has_money: bool
) -> tuple[Placements, np.ndarray]:
    """What was listed with what came of it, and the creation of each lead (larger is newer)."""
    has = workspace.lake.schema("leads").names
    wanted = ("lead_id", "created_at", "closed_at", "won", "amount")
    leads = workspace.lake.current("leads", [name for name in wanted if name in has])
    known = {row["lead_id"]: row for row in leads.to_pylist()}
    margin = workspace.settings.costs.margin
    within = timedelta(days=WITHIN_DAYS)
    created, outcome = np.zeros(rows.num_rows), np.zeros(rows.num_rows)
    ids, instants = rows["lead_id"].to_pylist(), rows["as_of"].to_pylist()
    for n, (lead_id, as_of) in enumerate(zip(ids, instants, strict=True)):
        lead = known.get(lead_id, {})
        made, closed = lead.get("created_at"), lead.get("closed_at")
        created[n] = 0.0 if made is None else made.timestamp()
        if lead.get("won") and closed is not None and as_of <= closed < as_of + within:
            outcome[n] = margin * (lead.get("amount") or 0.0) if has_money else 1.0
    expected = "expected_value" if has_money else "probability"
    _, lead_number = np.unique(np.array(ids, np.str_), return_inverse=True)
    _, day_number = np.unique(np.array(rows["day"].to_pylist(), "datetime64[D]"),
                              return_inverse=True)  # fmt: skip
    return Placements(
        np.asarray(lead_number, np.intp), np.asarray(day_number, np.intp),
        rows["chance"].to_numpy(), rows["listed"].to_numpy(zero_copy_only=False).astype(np.float64),
        outcome, np.nan_to_num(rows[expected].to_numpy(zero_copy_only=False).astype(np.float64)),
    ), created  # fmt: skip


def _worth(name: str, found: Gain, unit: str) -> ListWorth:
    words = ORDERS[name]
    if found.refused:
        text = f"Against {words}: not known yet. {found.refused}"
        if not found.days:
            text = f"Against {words}: not known yet. A list is judged after {WITHIN_DAYS} days."
        return ListWorth(words, None, None, None, unit, found.days, found.effective, False, text)
    days = counted(found.days, "list")
    more = _figure(found.value, unit)
    text = f"{more} more a day than {words} ({_range(found, unit)}), from {days}."
    if not found.is_clear:
        text = (
            f"Against {words} it cannot be told yet: {more} more a day, but "
            f"anything in {_range(found, unit)} fits {days}. About {found.days_needed:,} lists "
            "would tell."
        )
    return ListWorth(words, found.value, found.low, found.high, unit, found.days, found.effective,
                     found.is_clear, text)  # fmt: skip


def _figure(value: float, unit: str) -> str:
    return f"{quantity(value, 2)} {unit}" if unit == "won leads" else money(value, unit)


def _range(found: Gain, unit: str) -> str:
    if unit == "won leads":
        return f"{quantity(found.low, 2)} to {quantity(found.high, 2)}"
    return money_interval(found.low, found.high, unit)
