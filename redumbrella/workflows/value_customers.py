"""Value customers: from the lake's purchases to what each customer will bring, and who is leaving.

The list is written apart, then put into use together with the figures behind it, which are what
`umbrella report` shows as `lifetime`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY, to_iso
from redumbrella.customers.document import lifetime_document
from redumbrella.customers.purchases import CENT, MOST_BACK, Purchases
from redumbrella.customers.segments import (
    Grouping,
    by_class,
    by_field,
    by_start,
    by_value,
)
from redumbrella.customers.values import (
    CustomerValues,
    Horizon,
    value_all,
)
from redumbrella.errors import DataError
from redumbrella.features.facts import Facts, names_of, read_facts
from redumbrella.figures import money
from redumbrella.models.base import Vector
from redumbrella.progress import Progress
from redumbrella.reports.customers import Lifetime
from redumbrella.state.customers import (
    customers,
    new_customers,
    newest_valuation,
    record_valuation,
)
from redumbrella.state.lists import is_list_there, take_into_use
from redumbrella.state.scores import probabilities
from redumbrella.workflows.freshness import fingerprint
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace

CODE_VERSION = 1  # raised when valuing itself changes, so that `run` values again
RESTS_ON = ("timezone", "customers")
COUNTRY = "person.country"


@dataclass(frozen=True)
class CustomersResult:
    """How many customers were valued, as known when, and the figures behind the list."""

    customers: int
    as_of: int
    lifetime: Lifetime


@dataclass(frozen=True, eq=False)
class _Bought:
    """Purchases by number of person, in local days; ids of the persons; what to tell about them."""

    purchases: Purchases
    ids: pa.Array
    end: float
    notes: tuple[str, ...]


def value_customers(
    workspace: Workspace, report: Progress, as_of: int | None = None
) -> CustomersResult:
    """Values everybody who bought before `as_of` (default: now) and replaces the list.

    Raises DataError (no_purchases) where nobody did.
    """
    with recorded(workspace, "value") as run:
        inputs = valuation_inputs(workspace) if as_of is None else f"as of {to_iso(as_of)}"
        instant = run.started_at if as_of is None else as_of
        result = _value(workspace, report, instant, run.started_at, inputs)
        run.message = f"{result.customers:,} customers"
        return result


def are_customers_fresh(workspace: Workspace) -> bool:
    """Whether the list rests on the purchases and settings of today."""
    with workspace.state.reading() as connection:
        last, is_there = newest_valuation(connection), is_list_there(connection, customers)
    return is_there and last is not None and last["inputs"] == valuation_inputs(workspace)


def valuation_inputs(workspace: Workspace) -> str:
    """Changes when valuing again could give other values."""
    return fingerprint(workspace, CODE_VERSION, RESTS_ON, _absences(workspace))


def _value(
    workspace: Workspace, report: Progress, as_of: int, started: int, inputs: str
) -> CustomersResult:
    settings = workspace.settings
    report("Reading purchases", 0.0)
    facts = read_facts(workspace.lake, as_of)
    as_of = min(as_of, facts.end)
    bought = _bought(facts, as_of, settings.timezone)
    asked = settings.customers
    horizon = Horizon(asked.horizon_days, asked.discount, asked.unit_days)
    values = value_all(bought.purchases, bought.end, horizon, report)
    ids = bought.ids.take(pa.array(values.known.person))
    net = bought.purchases.net()
    notes = (*bought.notes, *_unmatched_returns(bought.purchases, net, settings.currency))
    groupings = _groupings(facts, values, net, ids, as_of)
    churn_target, churn = _churn(workspace, ids)
    document = lifetime_document(
        asked, bought.purchases, values, groupings, churn_target,
        as_of=as_of, valued_at=started, notes=notes,
    )  # fmt: skip
    rows = list(_rows(workspace, values, net, ids, groupings, churn, as_of))
    valuation = {"valued_at": started, "as_of": as_of, "customers": len(rows)}
    with (
        new_customers(workspace.state, rows) as new,
        workspace.state.writing() as connection,
    ):
        take_into_use(connection, new)
        record_valuation(connection, {**valuation, "inputs": inputs, "lifetime": document})
    return CustomersResult(len(rows), as_of, document)


def _bought(facts: Facts, as_of: int, timezone: str) -> _Bought:
    """Purchases, refunds and cancellations as one list; a cancellation takes its amount back."""
    table = facts.tables.get("purchases")
    if table is None or table.num_rows == 0:
        raise DataError(
            "There are no purchases yet, so no customer can be valued. Name their file under "
            "[tables.purchases] in umbrella.toml, then run `umbrella ingest`.",
            reason="no_purchases",
        )
    # A further item of an order has no amount: the order was bought once.
    amount = table["amount"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    cancelled = pc.equal(table["code"], "cancellation").to_numpy(zero_copy_only=False)
    usable = np.isfinite(amount)
    amount = np.where(cancelled, -np.abs(amount), amount)
    free = usable & (amount == 0.0)
    # An order that cost nothing is a purchase all the same, as it is to Fader and Hardie.
    amount = np.where(free & ~cancelled, CENT, amount)
    local = local_days(table["at"], timezone)
    encoded = table["person_id"].combine_chunks().dictionary_encode()
    person = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    purchases = Purchases.of(person[usable], local[usable], amount[usable])
    end_day = local_days(pa.chunked_array([pa.array([as_of - 1], _INSTANT)]), timezone)
    notes = [*facts.notes, *_purchase_notes(amount, cancelled, free, usable)]
    if ((amount < 0) & usable).any() and np.bincount(person).max() > MOST_BACK:
        notes.append(
            f"Somebody has more than {MOST_BACK:,} purchases: a refund is looked for among the "
            f"last {MOST_BACK:,} before it. If it is a robot or a collective account, leave it out "
            "in the source."
        )
    return _Bought(purchases, encoded.dictionary, float(np.floor(end_day[0])), tuple(notes))


_INSTANT = pa.timestamp("us", "UTC")


def local_days(at: pa.ChunkedArray, timezone: str) -> Vector:
    """Instants as days since 1970 on the clock of the workspace, (n,)."""
    local = pc.local_timestamp(at.cast(pa.timestamp("us", timezone)))
    micros = local.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return np.asarray(micros / MICROSECONDS_PER_DAY, np.float64)


def _purchase_notes(
    amount: Vector,
    cancelled: NDArray[np.bool_],
    free: NDArray[np.bool_],
    usable: NDArray[np.bool_],
) -> list[str]:
    notes = []
    refunds = int(((amount < 0) & usable).sum())
    if refunds:
        notes.append(
            f"{refunds:,} refunds and cancellations are taken off the purchases before them; "
            "purchases of which nothing is left do not count."
        )
    if (free & ~cancelled).any():
        notes.append(f"{int((free & ~cancelled).sum()):,} purchases cost nothing and count.")
    if not usable.all():
        notes.append(
            f"{int((~usable).sum()):,} rows have no amount of their own: further items of an order."
        )
    return notes


def _unmatched_returns(purchases: Purchases, net: Purchases, currency: str) -> list[str]:
    """What was given back of purchases that the record does not have."""
    left = float(net.amount.sum() - purchases.amount.sum())
    if left < 1.0:
        return []
    return [
        f"Returns of {money(left, currency)} have no purchase of their customer before them: what "
        "they give back was bought before the record begins, and they are left out."
    ]


def _groupings(
    facts: Facts, values: CustomerValues, net: Purchases, ids: pa.Array, as_of: int
) -> list[Grouping]:
    first = np.floor(values.known.first).astype(np.int64)
    found = [by_class(values, net), by_value(values), by_start(first)]
    profiles = facts.profiles
    if profiles is not None and "country" in profiles.fields:
        people = pa.table({"person_id": ids})
        instants = np.full(len(ids), as_of, np.int64)
        country = profiles.beside(people, people["person_id"], instants)[COUNTRY]
        found += [each for each in [by_field("country", country)] if each is not None]
    return found


def _absences(workspace: Workspace) -> list[str]:
    """The targets whose scores say who is leaving."""
    return [target.name for target in workspace.settings.targets if target.absence_of is not None]


def _churn(workspace: Workspace, ids: pa.Array) -> tuple[str | None, Vector]:
    """The first target of absence that is scored, and each person's probability, NaN for none."""
    unknown = np.full(len(ids), np.nan)
    with workspace.state.reading() as connection:
        for name in _absences(workspace):
            found = probabilities(connection, name)
            if found:
                listed = [found.get(person, np.nan) for person in ids.to_pylist()]
                return name, np.array(listed, np.float64)
    return None, unknown


def _rows(
    workspace: Workspace,
    values: CustomerValues,
    net: Purchases,
    ids: pa.Array,
    groupings: list[Grouping],
    churn: Vector,
    as_of: int,
) -> Iterator[dict[str, Any]]:
    """Rows of the state table, one per customer."""
    margin, known = workspace.settings.customers.margin, values.known
    shares = values.by_shares
    names = names_of(workspace.lake, ids)
    last = _last_purchase(net, known.person, workspace.settings.timezone)
    numbers = zip(
        ids.to_pylist(), names, last, values.spent.tolist(), known.frequency.tolist(),
        _or_none(values.alive), _or_none(values.purchases), (margin * values.value).tolist(),
        _or_none(margin * values.low), _or_none(margin * values.high), _or_none(churn),
        (margin * values.by_purchase_models).tolist(),
        [None] * known.person.size if shares is None else (margin * shares).tolist(),
        known.mean_amount.tolist(), *(g.group.tolist() for g in groupings), strict=True,
    )  # fmt: skip
    for (person, label, bought_last, spent, again, alive, coming, worth, low, high, leaving,
         by_models, by_shares, mean, *groups) in numbers:  # fmt: skip
        own = {g.by: g.names[number] for g, number in zip(groupings, groups, strict=True)}
        yield {
            "person_id": person, "as_of": as_of, "label": label, "segment": own["class"],
            "purchases": int(again) + 1, "spent": round(spent, 2), "last_purchase": bought_last,
            "alive": alive, "expected_purchases": coming, "value": worth, "value_low": low,
            "value_high": high, "churn": leaving,
            "details": {"segments": own, "mean_repeat_amount": mean,
                        "by_purchase_models": by_models, "by_learned_shares": by_shares},
        }  # fmt: skip


def _last_purchase(net: Purchases, person: NDArray[np.int64], timezone: str) -> list[int]:
    """Instant of each person's last purchase, UTC microseconds."""
    rows = np.searchsorted(net.person, person, side="right") - 1
    micros = np.round(net.day[rows] * MICROSECONDS_PER_DAY).astype(np.int64)
    local = pa.array(micros).cast(pa.timestamp("us"))
    instants = pc.assume_timezone(local, timezone, ambiguous="earliest", nonexistent="latest")
    return list(instants.cast(pa.int64()).to_pylist())


def _or_none(numbers: Vector) -> list[float | None]:
    """Numbers for the state: None for what is not known."""
    return [None if np.isnan(number) else number for number in numbers.tolist()]
