# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What fires a rule, as the record shows it: events, new leads, silence and dates that come near.

In: the lake and a stretch of time. Out: firings, each with whom it is about, when it came about,
and the episode that it is part of: a rule acts once in an episode, however often it looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from redumbrella.clock import MICROSECONDS_PER_DAY, to_iso, to_microseconds
from redumbrella.columns import INGESTED_AT, ORDER
from redumbrella.errors import DataError, nearest
from redumbrella.lake.identities import person_of_event
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted

# What is read later than this after it happened fires nothing: a mail would come out of the blue.
FRESH_MICROSECONDS = 2 * MICROSECONDS_PER_DAY
_TOUCHES = ("events", "activities", "purchases")
_AT = '"at"'  # without quotes a word of SQL
Clock = Literal["read", "happened"]


@dataclass(frozen=True)
class Firing:
    """One firing. at: UTC microseconds. episode: what makes it the same firing when it is seen
    again. why: in words. lead_id or person_id may be "" where it is not known.
    """

    lead_id: str
    product_id: str
    person_id: str
    at: int
    episode: str
    why: str


@dataclass(frozen=True)
class Stretch:
    """A stretch of time, (since, until], in UTC microseconds.

    clock: whether a fact belongs to it by when it was read, as the worker sees it, or by when it
    happened, as a look back at the past does.
    """

    since: int
    until: int
    clock: Clock = "read"

    def of_facts(self, at: str) -> str:
        """SQL: whether a fact belongs to it; at: the SQL of when it happened."""
        if self.clock == "happened":
            return self.between(at)
        oldest = _instant(self.since - FRESH_MICROSECONDS)
        return f"{self.between(INGESTED_AT)} AND {at} > {oldest} AND {at} <= {_instant(self.until)}"

    def between(self, at: str) -> str:
        """SQL: whether an instant lies in it."""
        return f"{at} > {_instant(self.since)} AND {at} <= {_instant(self.until)}"


def events_of(lake: Lake, kind: str, stretch: Stretch) -> list[Firing]:
    """Events, activities and purchases of a kind; "purchase" stands for every purchase.

    Raises DataError where nobody is known to have done anything.
    """
    parts = []
    if lake.exists("events"):
        person, identities = person_of_event(lake)
        own = f"e.kind = {literal(kind)} AND {stretch.of_facts('e.at')}"
        own = own.replace(INGESTED_AT, f"e.{INGESTED_AT}")
        parts.append(f"SELECT {person} AS person_id, NULL AS lead_id, e.at, e.product_id "
                     f"FROM {lake.facts('events')} e {identities} WHERE {own}")  # fmt: skip
    if lake.exists("activities"):
        own = f"kind = {literal(kind)} AND {stretch.of_facts(_AT)}"
        parts.append('SELECT person_id, lead_id, "at", product_id '
                     f"FROM {lake.facts('activities')} WHERE {own}")  # fmt: skip
    if lake.exists("purchases") and kind == "purchase":
        own = f"amount > 0 AND {stretch.of_facts(_AT)}"
        parts.append('SELECT person_id, NULL AS lead_id, "at", product_id FROM '
                     f"{lake.facts('purchases')} WHERE {own}")  # fmt: skip
    if not parts:
        message = "There are no events, activities or purchases yet. Run `umbrella ingest` first."
        raise DataError(message, reason="no_facts")
    rows = lake.query(
        "SELECT coalesce(person_id, '') AS person_id, coalesce(lead_id, '') AS lead_id, \"at\", "
        "coalesce(max(product_id), '') AS product_id "
        f"FROM ({' UNION ALL '.join(parts)}) WHERE coalesce(person_id, lead_id) IS NOT NULL "
        "GROUP BY 1, 2, 3 ORDER BY 3, 1, 2"
    )
    return [_fired(row, f"{kind} {to_microseconds(row['at'])}", kind) for row in rows.to_pylist()]


def kinds_of_events(lake: Lake) -> list[str]:
    """Every kind that `events_of` can be asked for."""
    found = {"purchase"} if lake.exists("purchases") else set[str]()
    for table in ("events", "activities"):
        if lake.exists(table):
            rows = lake.query(f"SELECT DISTINCT kind FROM {quoted(table)}")
            found |= set(rows["kind"].to_pylist())
    return sorted(found)


def leads_that_came(lake: Lake, stretch: Stretch) -> list[Firing]:
    """Leads that were read for the first time, and had been created shortly before."""
    if not lake.exists("leads"):
        return []
    names = lake.schema("leads").names
    created = "min(created_at)" if "created_at" in names else "NULL::TIMESTAMPTZ"
    person = "any_value(person_id)" if "person_id" in names else "NULL"
    product = "any_value(product_id)" if "product_id" in names else "NULL"
    at = "coalesce(created, first_read)"
    own = stretch.between("first_read")
    own += f" AND {at} > {_instant(stretch.since - FRESH_MICROSECONDS)}"
    if stretch.clock == "happened":
        own = stretch.between(at)
    rows = lake.query(
        f"SELECT lead_id, coalesce(person_id, '') AS person_id, coalesce(product_id, '') AS "
        f'product_id, {at} AS "at" FROM (SELECT lead_id, {person} AS person_id, {product} AS '
        f"product_id, {created} AS created, min({INGESTED_AT}) AS first_read FROM leads "
        f"GROUP BY lead_id) WHERE {own} ORDER BY 4, lead_id"
    )
    return [_fired(row, "new", "a new lead") for row in rows.to_pylist()]


def silences(lake: Lake, days: float, stretch: Stretch) -> list[Firing]:
    """People of whom nothing was heard for so many days, the last of which ends in the stretch.

    A silence begins with a fact about the person and is an episode of its own.
    """
    parts = []
    for table in _TOUCHES:
        if not lake.exists(table):
            continue
        person = "e.person_id"
        identities = ""
        if table == "events":
            person, identities = person_of_event(lake)
        parts.append(
            f"SELECT {person} AS person_id, e.at FROM {lake.facts(table)} e {identities} "
            f"WHERE {person} IS NOT NULL AND e.at <= {_instant(stretch.until)}"
        )
    if not parts:
        return []
    ends = f't."at" + INTERVAL {round(days * 86_400)} SECOND'
    rows = lake.query(
        "SELECT person_id, '' AS lead_id, '' AS product_id, t.\"at\" AS began, "
        f'{ends} AS "at" FROM ('
        'SELECT person_id, "at", lead("at") OVER (PARTITION BY person_id ORDER BY "at") AS next '
        f"FROM ({' UNION ALL '.join(parts)})) t "
        f"WHERE {stretch.between(ends)} AND (next IS NULL OR next > {ends}) ORDER BY 5, person_id"
    )
    why = f"nothing heard for {days:g} days"
    return [
        _fired(row, f"silence {to_microseconds(row['began'])}", why) for row in rows.to_pylist()
    ]


def dates_near(lake: Lake, field: str, days_before: float, stretch: Stretch) -> list[Firing]:
    """Leads, or people, whose date in a field is so many days away; after it where negative.

    Raises DataError where no table has the field, or it holds no dates.
    """
    for table, key in (("leads", "lead_id"), ("people", "person_id")):
        if not lake.exists(table) or field not in lake.schema(table).names:
            continue
        names = lake.schema(table).names
        kind = str(lake.schema(table).field(field).type)
        if not _is_date(kind) and "string" not in kind:
            known = fields_with_dates(lake)
            raise DataError(
                f'The field "{field}" holds no dates. {dates_there_are(known)}'
                f"{nearest(field, known)}",
                reason="no_dates",
            )
        person = "person_id" if "person_id" in names else "''"
        lead = "lead_id" if table == "leads" else "''"
        at = f"try_cast({quoted(field)} AS TIMESTAMPTZ)"
        due = f"{at} - to_seconds({days_before * 86_400:.0f})"
        rows = lake.query(
            f"SELECT {lead} AS lead_id, coalesce({person}, '') AS person_id, '' AS product_id, "
            f'{at} AS date, {due} AS "at" FROM {lake.newest(table)} '
            f"WHERE {stretch.between(due)} ORDER BY 5, {key}"
        )
        why = f"{field} is {days_before:g} days away" if days_before >= 0 else (
            f"{field} was {-days_before:g} days ago")  # fmt: skip
        return [_fired(row, f"{field} {_day(row['date'])}", why) for row in rows.to_pylist()]
    known = [n for table in ("leads", "people") if lake.exists(table)
             for n in lake.schema(table).names if not n.startswith("_")]  # fmt: skip
    raise DataError(
        f'No field of leads or people is called "{field}".{nearest(field, known)}',
        reason="unknown_field",
    )


def dates_there_are(known: Sequence[str]) -> str:
    """Which fields hold dates, in a sentence."""
    return f"Fields with dates: {', '.join(known)}." if known else "No field holds dates."


def open_leads_of(lake: Lake, people: Sequence[str]) -> dict[str, str]:
    """The newest open lead of each of these people that has one."""
    if not people or not lake.exists("leads") or "person_id" not in lake.schema("leads").names:
        return {}
    listed = ", ".join(literal(person) for person in people)
    rows = lake.query(
        f"SELECT lead_id, person_id FROM {lake.newest('leads')} "
        f"WHERE won IS NULL AND person_id IN ({listed})"
    )
    # In the order in which they first arrived: the last one stays.
    return {row["person_id"]: row["lead_id"] for row in rows.to_pylist()}


def products_of_leads(lake: Lake, leads: Sequence[str]) -> dict[str, str]:
    """What each of these leads is about, where that is known."""
    return _of_leads(lake, "product_id", leads)


def reps_of_leads(lake: Lake, leads: Sequence[str]) -> dict[str, str]:
    """Who owns each of these leads, where somebody does."""
    return _of_leads(lake, "rep_id", leads)


def _of_leads(lake: Lake, name: str, leads: Sequence[str]) -> dict[str, str]:
    if not leads or not lake.exists("leads") or name not in lake.schema("leads").names:
        return {}
    listed = ", ".join(literal(lead) for lead in leads)
    rows = lake.query(
        f"SELECT lead_id, {name} FROM {lake.newest('leads')} WHERE lead_id IN ({listed}) "
        f"AND {name} IS NOT NULL"
    )
    return dict(zip(rows["lead_id"].to_pylist(), rows[name].to_pylist(), strict=True))


def open_leads_by_rep(lake: Lake) -> dict[str, int]:
    """How many open leads each rep owns; "" for those of nobody."""
    if not lake.exists("leads"):
        return {}
    rep = "coalesce(rep_id, '')" if "rep_id" in lake.schema("leads").names else "''"
    rows = lake.query(
        f"SELECT {rep} AS rep_id, count(*) AS leads FROM {lake.newest('leads')} "
        "WHERE won IS NULL GROUP BY 1"
    )
    return dict(zip(rows["rep_id"].to_pylist(), rows["leads"].to_pylist(), strict=True))


def fields_with_dates(lake: Lake) -> list[str]:
    """The fields of leads and people that hold dates and nothing else."""
    return [name for name, (_, kind) in _kinds_of_fields(lake).items() if _is_date(kind)]


def holds_dates(lake: Lake, field: str) -> bool:
    """Whether a field holds dates, also as texts; False where there is no such field."""
    table, kind = _kinds_of_fields(lake).get(field, ("", ""))
    if "string" not in kind:
        return _is_date(kind)
    date = f"try_cast({quoted(field)} AS TIMESTAMPTZ) AS date"
    found = lake.query(f"SELECT {date} FROM {lake.newest(table)} WHERE date IS NOT NULL LIMIT 1")
    return bool(found.num_rows)


def _kinds_of_fields(lake: Lake) -> dict[str, tuple[str, str]]:
    """The table and the type of every field, of leads before people."""
    found: dict[str, tuple[str, str]] = {}
    for table in ("leads", "people"):
        if lake.exists(table):
            for one in lake.schema(table):
                if not one.name.startswith("_"):
                    found.setdefault(one.name, (table, str(one.type)))
    return found


def _is_date(kind: str) -> bool:
    return kind.startswith(("timestamp", "date"))


def people_of_leads(lake: Lake, leads: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """The person of each of these leads, and whether it is open."""
    if not leads or not lake.exists("leads"):
        return {}
    person = "person_id" if "person_id" in lake.schema("leads").names else "NULL AS person_id"
    listed = ", ".join(literal(lead) for lead in leads)
    rows = lake.query(
        f"SELECT lead_id, {person}, won FROM leads WHERE lead_id IN ({listed}) "
        f"QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY {ORDER} DESC) = 1"
    )
    return {
        row["lead_id"]: (row["person_id"] or row["lead_id"], row["won"] is None)
        for row in rows.to_pylist()
    }


def _fired(row: dict[str, Any], episode: str, why: str) -> Firing:
    at: datetime = row["at"]
    return Firing(
        row["lead_id"], row["product_id"], row["person_id"], to_microseconds(at), episode, why
    )


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _instant(microseconds: int) -> str:
    return f"TIMESTAMPTZ {literal(to_iso(max(microseconds, 0)))}"
