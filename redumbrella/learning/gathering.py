"""Gathering: for one target and one instant, who teaches, who is scored, and what they did.

In: an opened workspace, a target, an instant. Out: `Gathered`: closed rows with outcomes, open
rows, and the facts behind both. Leads and people go the same way from here on: a person target's
rows are people at regular instants, their record is their profile.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY, to_datetime
from redumbrella.customers.rfm import Sales, customers_then
from redumbrella.errors import DataError, SettingsError
from redumbrella.features.facts import Facts, read_facts, read_facts_of
from redumbrella.features.history import Asked, HistoryEncoder, learn_history
from redumbrella.features.kernel.person_index import PersonIndex
from redumbrella.features.matrix import Design
from redumbrella.lake.lake import Lake
from redumbrella.models.registry import LeadModel
from redumbrella.settings.targets import Target
from redumbrella.training.observations import (
    Observations,
    held_out,
    lead_observations,
    notes_on_the_future,
)
from redumbrella.training.people import (
    POPULATIONS,
    Instants,
    PersonLessons,
    PersonTarget,
    person_lessons,
)
from redumbrella.training.product_sales import (
    LEAST_SALES,
    MOST_PRODUCTS,
    ProductSales,
    product_sales,
)
from redumbrella.training.ripeness import one_sided, said_of, with_old_ones_lost
from redumbrella.training.stages import Stages

DEFAULT_HORIZON_DAYS = 30.0


@dataclass(frozen=True, eq=False)
class Gathered:
    """What a model of this target learns from and scores at `as_of` (UTC microseconds).

    as_of: the instant asked for, or the end of the record where that is earlier: of a record that
    ends in May nobody knows what happened in June, so its people are seen as of May. observed: one
    row per closed lead, or per person and instant; stages come with `staged`. sales: who bought
    which product, for a target with one model per product. lost_after: microseconds after which a
    lead without an outcome counts as lost; None where they stay open. doubts: why outcomes cannot
    be relied on, whatever the model.
    """

    target: Target
    as_of: int
    observed: Observations
    facts: Facts
    notes: tuple[str, ...]
    sales: ProductSales | None = None
    lost_after: int | None = None
    doubts: tuple[str, ...] = ()

    @property
    def is_about_leads(self) -> bool:
        """Whether the rows are leads, not people."""
        return self.target.from_ is not None

    @property
    def horizon(self) -> int:
        """How far ahead a target of people compared, in microseconds."""
        return round(_horizon_days(self.target) * MICROSECONDS_PER_DAY)

    @property
    def open_as_of(self) -> NDArray[np.int64]:
        """When each open row is asked about: now; one that was held out, as it came."""
        observed = self.observed
        at = np.full(observed.open_position.size, self.as_of, np.int64)
        first = at.size - observed.held
        at[first:] = observed.open_position[first:]
        return at

    @property
    def first_place(self) -> float:
        """The earliest place in time of all rows, which those without a date have."""
        observed = self.observed
        oldest = observed.open_position.min(initial=np.inf)
        first = float(min([*observed.position[:1].tolist(), float(oldest)]))
        return first if np.isfinite(first) else 0.0

    @property
    def sees_history(self) -> bool:
        """Whether rows have an instant before which facts can count."""
        return not self.facts.is_empty and self.observed.order == "created_at"

    def learn_history(self) -> HistoryEncoder | None:
        """Streams and codes of the facts, None where no history counts."""
        if not self.sees_history:
            return None
        closed = self.observed.closed
        asks_product = "product_id" in closed.column_names
        has_product = asks_product and closed["product_id"].null_count < closed.num_rows
        return learn_history(
            self.facts.tables,
            self.facts.product_types,
            has_age=self.is_about_leads,
            has_product=has_product,
            by_product=self.sales is not None,
        )

    def asked_closed(self, observed: Observations) -> Asked:
        """The rows that teach, as questions to the history."""
        stages = observed.stages
        as_of = observed.position.astype(np.int64) if stages is None else stages.as_of
        return self.asked(observed.closed, as_of, observed.position)

    def asked_open(self, rows: slice) -> Asked:
        """Some of the open rows, as questions to the history."""
        records = self.observed.open.slice(rows.start, rows.stop - rows.start)
        return self.asked(records, self.open_as_of[rows], self.observed.open_position[rows])

    def asked(
        self, records: pa.Table, as_of: NDArray[np.int64], position: NDArray[np.float64]
    ) -> Asked:
        """Records (n rows) at an instant each, as questions to the history."""
        return Asked(
            person_ids(records),
            as_of,
            records["product_id"] if "product_id" in records.column_names else None,
            position.astype(np.int64) if self.is_about_leads else None,
        )


def person_ids(records: pa.Table) -> pa.ChunkedArray:
    """The person of each record; a lead without one is a person of its own."""
    if "person_id" not in records.column_names:
        return records["lead_id"]
    return pc.coalesce(records["person_id"], records["lead_id"])


def gather(
    lake: Lake,
    target: Target,
    leads: pa.Table | None,
    as_of: int,
    lost_after_days: float | None = None,
    hold_out: float = 0.0,
) -> Gathered:
    """Everything known before `as_of`. leads: all current leads, for a target of leads.

    lost_after_days: when a lead without an outcome counts as lost, as umbrella.toml says. hold_out:
    share or number of the newest closed leads that count as open. Raises DataError when there is
    nothing to learn from.
    """
    facts = read_facts(lake, as_of)
    if target.from_ is None:
        return _with_profiles(_gather_people(target, facts, min(as_of, facts.end)))
    assert leads is not None
    return gather_leads(target, facts, leads, as_of, lost_after_days, hold_out)


def gather_some(
    lake: Lake,
    target: Target,
    leads: pa.Table,
    as_of: int,
    lost_after_days: float | None,
    chosen: pa.Array,
) -> tuple[Gathered, Gathered]:
    """Those of some leads that are open, as `gather` sees them among all: first all leads, without
    profiles and with the facts of the chosen ones' people alone, then the chosen ones.

    leads: all current leads. chosen: ids.
    """
    own = leads.filter(pc.is_in(leads["lead_id"], value_set=chosen))
    facts = read_facts_of(lake, as_of, pc.unique(person_ids(own)))
    whole = _gathered(target, facts, leads, as_of, lost_after_days)
    observed = whole.observed
    is_chosen = pc.is_in(observed.open["lead_id"], value_set=chosen)
    some = replace(
        observed,
        closed=observed.closed.slice(0, 0),
        won=observed.won[:0],
        position=observed.position[:0],
        open=observed.open.filter(is_chosen),
        open_position=observed.open_position[is_chosen.to_numpy(zero_copy_only=False)],
    )
    return whole, _with_profiles(replace(whole, observed=some))


def gather_leads(
    target: Target,
    facts: Facts,
    leads: pa.Table,
    as_of: int,
    lost_after_days: float | None = None,
    hold_out: float = 0.0,
) -> Gathered:
    """Leads as they were known before `as_of` (UTC microseconds), with facts; see `gather`.

    Where losses are not written down, and umbrella.toml does not say when a lead is lost, the old
    leads without an outcome count as lost all the same, and a doubt says so.
    """
    return _with_profiles(_gathered(target, facts, leads, as_of, lost_after_days, hold_out))


def _gathered(
    target: Target,
    facts: Facts,
    leads: pa.Table,
    as_of: int,
    lost_after_days: float | None,
    hold_out: float = 0.0,
) -> Gathered:
    """What `gather_leads` gives, without profiles."""
    notes = (*facts.notes, *notes_on_the_future(leads, as_of))
    days = lost_after_days
    doubts: tuple[str, ...] = ()
    if days is None and (found := one_sided(leads, as_of)) is not None:
        days, doubts = float(found.days), (said_of(found),)
    if days is not None:
        leads = with_old_ones_lost(leads, days, as_of)
    observed = lead_observations(leads, as_of)
    if hold_out:
        observed = held_out(observed, hold_out)
    lost_after = None if days is None else round(days * MICROSECONDS_PER_DAY)
    gathered = Gathered(target, as_of, observed, facts, notes, None, lost_after, doubts)
    if gathered.sees_history:
        newest = max(observed.position.max(initial=0.0), observed.open_position.max(initial=0.0))
        gathered = replace(gathered, as_of=min(as_of, max(facts.end, int(newest) + 1)))
    return gathered


def open_designs(gathered: Gathered, model: LeadModel) -> Callable[[slice], Design]:
    """Makes the design of some of the open rows, with the facts grouped once for all of them."""
    observed = gathered.observed
    history = None if model.history is None else model.history.group(gathered.facts.tables)

    def design_of(rows: slice) -> Design:
        part = observed.open.slice(rows.start, rows.stop - rows.start)
        asked = None if history is None else gathered.asked_open(rows)
        return model.design(part, observed.open_position[rows], history, asked)

    return design_of


def touches(facts: Facts) -> tuple[PersonIndex, Instants]:
    """The people of all facts by number, and the instants at which each was touched."""
    tables = list(facts.tables.values())
    chunks = [chunk for table in tables for chunk in table["person_id"].chunks]
    people = PersonIndex.of(pa.chunked_array(chunks, pa.string()))
    found = [_instants(table, people) for table in tables]
    return people, Instants.of(
        np.concatenate([np.empty(0, np.int32), *(i.person for i in found)]),
        np.concatenate([np.empty(0, np.int64), *(i.at for i in found)]),
    )


def with_profiles(facts: Facts, records: pa.Table, as_of: NDArray[np.int64]) -> pa.Table:
    """The records (n rows) with the profile of each one's person as it was known at as_of (n,)."""
    if facts.profiles is None:
        return records
    return facts.profiles.beside(records, person_ids(records), as_of)


def _with_profiles(gathered: Gathered) -> Gathered:
    observed = gathered.observed
    if observed.order != "created_at":
        return gathered
    at = observed.position if observed.stages is None else observed.stages.as_of
    closed = with_profiles(gathered.facts, observed.closed, at.astype(np.int64))
    opened = with_profiles(gathered.facts, observed.open, gathered.open_as_of)
    return replace(gathered, observed=replace(observed, closed=closed, open=opened))


def _gather_people(target: Target, facts: Facts, as_of: int) -> Gathered:
    people, asked = person_target(target, facts)
    lessons = person_lessons(asked, as_of)
    if lessons.outcome.size == 0:
        raise DataError(
            f'There is nothing to learn for the target "{target.name}": no instant lies a whole '
            f"horizon of {_horizon_days(target):g} days before now and after the first events. "
            "Shorten horizon_days, or wait for more history.",
            reason="no_outcomes",
        )
    today = asked.eligible(as_of)
    horizon, sales_made = asked.horizon, kept_sales(facts, people)
    observed = Observations(
        closed=person_records(people, sales_made, horizon, lessons.person, lessons.as_of),
        won=lessons.outcome,
        position=lessons.as_of.astype(np.float64),
        open=person_records(people, sales_made, horizon, today, np.full(today.size, as_of)),
        open_position=np.full(today.size, float(as_of)),
        order="created_at",
        open_among=False,
        stages=Stages(
            lessons.person,
            lessons.as_of,
            np.ones(lessons.outcome.size),
            lessons.as_of + horizon,
            returns=True,
        ),
    )
    notes = [*facts.notes, _described(lessons, horizon)]
    sales = None
    if target.per == "product":
        sales = sales_by_product(target, facts, people)
        notes += _left_out(sales)
    return Gathered(target, as_of, observed, facts, tuple(notes), sales)


def person_target(target: Target, facts: Facts) -> tuple[PersonIndex, PersonTarget]:
    """The people of the facts by number, and what is asked about them.

    Raises DataError when the workspace has no facts, SettingsError for an unknown event or
    population, and for one model per product of anything but purchases.
    """
    if facts.is_empty:
        raise DataError(
            f'The target "{target.name}" is about what people do, but there are no events, '
            "activities or purchases yet. Name their files in umbrella.toml, then run "
            "`umbrella ingest`.",
            reason="no_facts",
        )
    if target.per is not None and not target.purchase:
        raise SettingsError(
            f'per = "{target.per}" of the target "{target.name}" needs purchases, which say what '
            "was bought. Write purchase = true instead of the event, or remove per.",
            reason="per_needs_purchases",
        )
    people, touched = touches(facts)
    bought = _bought(facts, people)
    population = target.population or "active"
    if population not in POPULATIONS:
        raise SettingsError(
            f'population = "{population}" of the target "{target.name}" is unknown. Valid: '
            f"{', '.join(POPULATIONS)}.",
            reason="unknown_population",
        )
    return people, PersonTarget(
        touches=touched,
        hits=_hits(target, facts, people, bought),
        purchases=bought,
        people=len(people),
        horizon=round(_horizon_days(target) * MICROSECONDS_PER_DAY),
        active=round(target.active_days * MICROSECONDS_PER_DAY),
        absence=target.absence_of is not None,
        population=population,
    )


def _hits(target: Target, facts: Facts, people: PersonIndex, bought: Instants) -> Instants:
    """When the event of the target happened to people."""
    event = target.event or target.absence_of
    if target.purchase or event == "purchase":
        if not bought.at.size:
            raise DataError(
                f'The target "{target.name}" is about purchases, but there are none. Name their '
                "file under [tables.purchases] in umbrella.toml, then run `umbrella ingest`.",
                reason="no_facts",
            )
        return bought
    found = []
    for name, column in (("events", "kind"), ("activities", "code")):
        table = facts.tables.get(name)
        if table is not None:
            kind = pc.equal(table[column], event)
            found.append(_instants(table.filter(kind), people))
    person = np.concatenate([np.empty(0, np.int32), *(i.person for i in found)])
    if person.size == 0:
        raise SettingsError(
            f'The target "{target.name}" waits for the event "{event}", which never happened. '
            f"Most frequent kinds: {', '.join(_frequent(facts))}.",
            reason="unknown_event",
        )
    return Instants.of(person, np.concatenate([i.at for i in found]))


def _bought(facts: Facts, people: PersonIndex) -> Instants:
    table = facts.tables.get("purchases")
    if table is None:
        return Instants(np.empty(0, np.int32), np.empty(0, np.int64))
    return _instants(_kept_purchases(table), people)


def _kept_purchases(table: pa.Table) -> pa.Table:
    """Purchases without refunds and cancellations."""
    given_back = pc.is_in(table["code"], value_set=pa.array(["refund", "cancellation"]))
    return table.filter(pc.invert(given_back))


def sales_by_product(target: Target, facts: Facts, people: PersonIndex) -> ProductSales:
    """Who bought which product when. Raises DataError when no sale names its product."""
    table = facts.tables["purchases"]
    sold = table.filter(pc.is_valid(table["sold_product"]))
    sales = product_sales(
        sold["sold_product"].to_numpy(zero_copy_only=False),
        people.index_of(sold["person_id"]),
        sold["at"].cast(pa.int64()).to_numpy(zero_copy_only=False),
        sold["amount"].cast(pa.float64()).to_numpy(zero_copy_only=False),
    )
    if not sales.names:
        raise DataError(
            f'The target "{target.name}" asks for one model per product, but no product was sold '
            f"{LEAST_SALES} times. Map product_id under [tables.purchases.columns], use coarser "
            'products (a type or a range), or remove per = "product".',
            reason="no_products",
        )
    return sales


def _left_out(sales: ProductSales) -> list[str]:
    if not sales.rare:
        return []
    return [
        f"{len(sales.names):,} products are scored. {sales.rare:,} others are left out: they were "
        f"sold fewer than {LEAST_SALES} times, or lie beyond the {MOST_PRODUCTS:,} most sold ones."
    ]


def _instants(table: pa.Table, people: PersonIndex) -> Instants:
    at = table["at"].cast(pa.int64()).to_numpy(zero_copy_only=False)
    return Instants.of(people.index_of(table["person_id"]), at)


def _frequent(facts: Facts, most: int = 8) -> list[str]:
    for name, column in (("events", "kind"), ("activities", "code")):
        if name in facts.tables and facts.tables[name].num_rows:
            counted = pc.value_counts(facts.tables[name][column]).to_pylist()
            counted.sort(key=lambda entry: -entry["counts"])
            return [str(entry["values"]) for entry in counted[:most]]
    return []


def kept_sales(facts: Facts, people: PersonIndex) -> Sales | None:
    """Who bought when for how much, without refunds and cancellations; None without purchases."""
    table = facts.tables.get("purchases")
    if table is None:
        return None
    bought = _kept_purchases(table)
    return Sales(
        people.index_of(bought["person_id"]),
        bought["at"].cast(pa.int64()).to_numpy() / MICROSECONDS_PER_DAY,
        bought["amount"].cast(pa.float64()).to_numpy(),
    )


def person_records(
    people: PersonIndex,
    sales: Sales | None,
    horizon: int,
    chosen: NDArray[np.intp],
    as_of: NDArray[np.int64],
) -> pa.Table:
    """Records of people at an instant each (n,), with what was known of those who had bought.

    They stand where leads stand: their id is the id of both. horizon: in microseconds.
    """
    ids = people.ids.take(pa.array(chosen)).cast(pa.string())
    records = pa.table({"lead_id": ids, "person_id": ids})
    if sales is None:
        return records
    days = as_of / MICROSECONDS_PER_DAY
    known = customers_then(sales, chosen, days, horizon / MICROSECONDS_PER_DAY)
    for name, values in known.items():
        records = records.append_column(name, pa.array(values, mask=np.isnan(values)))
    return records


def _horizon_days(target: Target) -> float:
    return target.horizon_days or DEFAULT_HORIZON_DAYS


def _described(lessons: PersonLessons, horizon: int) -> str:
    instants = np.unique(lessons.as_of)
    first, last = (to_datetime(int(at)).strftime("%Y-%m-%d") for at in instants[[0, -1]])
    return (
        f"Lessons are {lessons.outcome.size:,} rows of {np.unique(lessons.person).size:,} people "
        f"at {instants.size} instants from {first} to {last}; an outcome is looked for in the "
        f"{horizon / MICROSECONDS_PER_DAY:g} days after each."
    )
