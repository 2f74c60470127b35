# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Facts of the lake as histories are made of: every fact with its person, before an instant.

In: an opened workspace and an instant. Out: `Facts`, Arrow tables of events, activities and
purchases, each row with a person_id, and notes on what could not be used. Promises: nothing at or
after the instant is read; facts of one instant stand in the order in which they were read into the
lake (refunds and cancellations after the purchases), so that the same lake gives the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from redumbrella.clock import to_iso
from redumbrella.columns import ORDER, WRITTEN
from redumbrella.errors import DataError
from redumbrella.features.profiles import Profiles, profiles_of
from redumbrella.lake.days import is_later
from redumbrella.lake.identities import person_of_event
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import quoted
from redumbrella.settings.targets import Target

_CHOSEN = "chosen_people"  # the people whose facts are wanted, in the questions
EARLIEST = "1990-01-01"  # a fact dated before that has a broken clock, mostly 1970
MANY_FACTS = 50_000  # nobody does so much by hand

_EVENTS = """
SELECT {person} AS person_id, e.at, e.kind, e.page_category, e.duration_s, e.value, e.product_id,
       e.campaign_id{known}
FROM {facts} e {identities} WHERE {person} IS NOT NULL AND {period} AND {of}
ORDER BY e.at, e.{order}
"""
_ACTIVITIES = """
SELECT {person} AS person_id, e.lead_id, e.at, e.duration_s,
       e.product_id, e.rep_id,
       e.kind || CASE WHEN e.outcome IS NULL THEN '' ELSE '/' || e.outcome END AS code
FROM {facts} e {leads} WHERE {period} AND {of} ORDER BY e.at, e.{order}
"""
_PURCHASES = """
SELECT b.* EXCLUDE (undone, place) FROM (
SELECT e.person_id, e.at, e.amount, e.product_id, e.purchase_id, e.quantity, e.promotion, e.margin,
       CASE WHEN e.amount < 0 THEN 'refund'
            ELSE coalesce(e.promotion{type}, 'purchase') END AS code,
       CASE WHEN coalesce(e.amount, 0) >= 0 THEN e.product_id END AS sold_product,
       false AS undone, e.{order} AS place
FROM {facts} e {products} WHERE {period} AND {bought} AND {of}
UNION ALL
SELECT e.person_id, e.cancelled_at, e.amount, e.product_id, e.purchase_id, e.quantity, e.promotion,
       e.margin, 'cancellation', NULL, true, e.{order}
FROM {facts} e WHERE {cancelled} AND {bought} AND {of}
) b ORDER BY b.at, b.undone, b.amount < 0, b.place
"""
# A purchase that was cancelled at once never was one.
_BOUGHT = "(e.cancelled_at IS NULL OR e.cancelled_at > e.at)"
_NEWEST_LEADS = (
    "LEFT JOIN (SELECT lead_id, arg_max(coalesce(person_id, lead_id), {order}) AS person_id "
    "FROM leads GROUP BY 1) l ON l.lead_id = e.lead_id"
)
_NEWEST_PRODUCTS = (
    "LEFT JOIN (SELECT product_id, arg_max(product_type, {order}) AS product_type "
    "FROM products GROUP BY 1) p ON p.product_id = e.product_id"
)


@dataclass(frozen=True, eq=False)
class Facts:
    """Fact tables by name, types of products, profiles of people, and what people should know.

    end_of_all: the instant just after the last fact of all people, where only some were read.
    """

    tables: Mapping[str, pa.Table]
    product_types: Mapping[str, str]
    profiles: Profiles | None
    notes: tuple[str, ...]
    end_of_all: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nobody is known to have done anything."""
        if self.end_of_all is not None:
            return self.end_of_all == 0
        return not any(table.num_rows for table in self.tables.values())

    @property
    def end(self) -> int:
        """The instant just after the last fact, 0 when there is none (UTC microseconds)."""
        if self.end_of_all is not None:
            return self.end_of_all
        ends = [pc.max(table["at"].cast(pa.int64())).as_py() for table in self.tables.values()]
        return max((end + 1 for end in ends if end is not None), default=0)


def read_facts(lake: Lake, as_of: int) -> Facts:
    """All facts that happened before `as_of` (UTC microseconds)."""
    tables = {name: lake.query(sql) for name, sql in _questions(lake, None, as_of).items()}
    notes = [note for name in tables for note in _notes(lake, name, tables[name], as_of)]
    profiles = read_profiles(lake) if lake.exists("people") else None
    if profiles is not None and profiles.fields and not profiles.is_dated:
        notes.append(
            "Profiles of people carry no known_at, so they count as known from the start; a field "
            "that is filled in after a sale would give the outcome away."
        )
    return Facts(tables, _product_types(lake), profiles, tuple(notes))


def read_facts_of(lake: Lake, as_of: int, people: pa.Array) -> Facts:
    """The facts of some people that happened before `as_of`, in the place of everybody's.

    people: their ids. What is said of the facts as a whole is not asked again, so there are no
    notes.
    """
    chosen = {_CHOSEN: pa.table({"id": people.cast(pa.string())})}
    asked = _questions(lake, None, as_of, of=f"{{person}} IN (SELECT id FROM {_CHOSEN})")
    with lake.asking(lake.tables(), chosen) as ask:
        tables = {name: ask(sql) for name, sql in asked.items()}
    profiles = read_profiles(lake) if lake.exists("people") else None
    return Facts(tables, _product_types(lake), profiles, (), end_of_facts(lake, None, as_of))


def end_of_facts(lake: Lake, since: int | None, as_of: int) -> int:
    """The instant just after the last fact of all that happened from `since` (None: ever) on and
    before `as_of`; 0 where there is none (UTC microseconds).
    """
    ends = [
        lake.query(f"SELECT epoch_us(max(f.at)) AS last FROM ({sql}) f")["last"][0].as_py()
        for sql in _questions(lake, since, as_of).values()
    ]
    return max((int(end) + 1 for end in ends if end is not None), default=0)


def _questions(lake: Lake, since: int | None, as_of: int, of: str = "true") -> dict[str, str]:
    """SQL of each fact table, for the facts from `since` on and before `as_of`.

    of: SQL that holds for the facts wanted, with {person} where the person stands.
    """
    have, order = set(lake.tables()), quoted(ORDER)
    first = EARLIEST if since is None else max(EARLIEST, to_iso(since))
    period = f"e.at >= TIMESTAMPTZ '{first}' AND e.at < TIMESTAMPTZ '{to_iso(as_of)}'"
    asked = {}
    if "events" in have:
        asked["events"] = _events(lake, have, period, as_of, of)
    if "activities" in have:
        owner = ", l.person_id" if "leads" in have else ""
        person = f"coalesce(e.person_id{owner}, e.lead_id)"
        asked["activities"] = _ACTIVITIES.format(
            person=person,
            leads=_NEWEST_LEADS.format(order=order) if "leads" in have else "",
            period=period,
            order=order,
            facts=lake.facts("activities", as_of),
            of=of.format(person=person),
        )
    if "purchases" in have:
        typed = "products" in have
        asked["purchases"] = _PURCHASES.format(
            type=", p.product_type" if typed else "",
            products=_NEWEST_PRODUCTS.format(order=order) if typed else "",
            period=period,
            order=order,
            facts=lake.facts("purchases", as_of),
            bought=_BOUGHT,
            cancelled=period.replace("e.at", "e.cancelled_at"),
            of=of.format(person="e.person_id"),
        )
    return asked


def _events(lake: Lake, have: set[str], period: str, as_of: int, of: str) -> str:
    """Events of people; those of a visitor count once it is known who it was."""
    known = ""
    person, identities = person_of_event(lake)
    fields = lake.schema("events").names
    own = "e.known_at" if "known_at" in fields else "NULL"
    if "identities" in have:
        since = "CASE WHEN e.person_id IS NULL THEN greatest(i.since, e.at) END"
        known = f", coalesce({own}, {since}, e.at) AS known_at"
    elif own != "NULL":
        known = ", coalesce(e.known_at, e.at) AS known_at"
    return _EVENTS.format(
        person=person,
        identities=identities,
        known=known,
        period=period,
        order=quoted(ORDER),
        facts=lake.facts("events", as_of),
        of=of.format(person=person),
    )


def _notes(lake: Lake, name: str, table: pa.Table, as_of: int) -> list[str]:
    """What was left out of a fact table, and who looks like a robot."""
    late = is_later("t.at", f"TIMESTAMPTZ '{to_iso(as_of)}'")
    found = lake.query(
        f"SELECT count(*) FILTER (t.at < TIMESTAMPTZ '{EARLIEST}') AS early, "
        f"count(*) FILTER ({late}) AS late "
        f"FROM {lake.facts(name, as_of)} t"
    ).to_pylist()[0]
    notes = []
    if found["early"]:
        notes.append(
            f"{found['early']:,} {name} are dated before {EARLIEST[:4]} and were left out: "
            "their clock was wrong, correct them in the source."
        )
    if found["late"]:
        notes.append(
            f"{found['late']:,} {name} are dated after this instant and do not count yet. If they "
            "have happened already, correct their dates in the source."
        )
    if table.num_rows > MANY_FACTS:
        counts = table["person_id"].value_counts().field("counts").to_numpy(zero_copy_only=False)
        robots = int((counts > MANY_FACTS).sum())
        if robots:
            who = "1 person has" if robots == 1 else f"{robots:,} people have"
            notes.append(
                f"{who} more than {MANY_FACTS:,} {name} each: probably robots. "
                "They count like everybody else; leave them out in the source if they are."
            )
    return notes


def read_profiles(lake: Lake) -> Profiles:
    """All versions of the table of people, without names, addresses and empty fields."""
    people = lake.current("people")  # corrections of what was known at one instant count
    hidden = ("person_id", "known_at", "email", "phone", "name", *WRITTEN)
    empty = [n for n in people.column_names if people[n].null_count == people.num_rows]
    return profiles_of(people, [*hidden, *empty])


def _product_types(lake: Lake) -> dict[str, str]:
    if not lake.exists("products"):
        return {}
    found = lake.current("products", ["product_id", "product_type"])
    pairs = zip(found["product_id"].to_pylist(), found["product_type"].to_pylist(), strict=True)
    return {product: kind for product, kind in pairs if kind}


def names_of(lake: Lake, ids: pa.Array | pa.ChunkedArray) -> list[str]:
    """How people are called, by id; the id itself where no name is known."""
    if not lake.exists("people"):
        return list(ids.to_pylist())
    people = lake.current("people", ["person_id", "name"])
    pairs = zip(people["person_id"].to_pylist(), people["name"].to_pylist(), strict=True)
    named = {person: name for person, name in pairs if name}
    return [named.get(person, person) for person in ids.to_pylist()]


def leads_for(lake: Lake, target: Target, timezone: str) -> pa.Table | None:
    """All current leads where the target is about leads, else None."""
    return read_leads(lake, timezone) if target.from_ is not None else None


def read_leads(lake: Lake, timezone: str) -> pa.Table:
    """The current leads of the lake, times in the workspace's zone: its hours and weekdays count.

    Raises DataError when nothing was ingested.
    """
    if not lake.exists("leads"):
        raise DataError(
            "There are no leads yet. Name their file under [tables.leads] in umbrella.toml, then "
            "run `umbrella ingest`.",
            reason="no_leads",
        )
    leads = lake.current("leads")
    local = pa.timestamp("us", timezone)
    fields = [f.with_type(local) if pa.types.is_timestamp(f.type) else f for f in leads.schema]
    return leads.cast(pa.schema(fields))
