# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Whom a reading of the sources was about: what was read since a list was made, and of which leads.

In: a lake, and how far a list had read it (`read_so_far` of then). Out: the leads about whose
person something was read since: a fact, a visitor who became known, a record, the type of a product
that was bought. A row is new where it stands after the last one of then, or was read after it: a
source that is read again from the start, or an outcome that was undone, makes places anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from redumbrella.clock import to_iso
from redumbrella.columns import INGESTED_AT, ORDER, REPLACES, TABLES
from redumbrella.lake.identities import person_of_event
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted

if TYPE_CHECKING:
    import pyarrow as pa

# What scores are made of. Other tables (campaigns, reps, ratings) teach models at most.
_OF_SCORES = ("events", "activities", "purchases", "identities", "leads", "people", "products")
_EMPTY = "SELECT NULL::VARCHAR AS id, false AS did WHERE false"


def read_so_far(lake: Lake) -> dict[str, dict[str, int]]:
    """How far the lake is read. rows: the place of the last row of each table in the order of
    reading, -1 for none; read: when the newest row was read (UTC microseconds).

    Places tell it whatever the clock said, and when old versions of the lake are gone.
    """
    rows, read = {}, {}
    for table in lake.tables():
        if ORDER in lake.schema(table).names:
            found = lake.query(
                f"SELECT coalesce(max({ORDER}), -1) AS last, "
                f"coalesce(epoch_us(max({INGESTED_AT})), 0) AS newest FROM {quoted(table)}"
            ).to_pylist()[0]
            rows[table], read[table] = int(found["last"]), int(found["newest"])
    return {"rows": rows, "read": read}


def leads_read_of(lake: Lake, known: Mapping[str, Any], since: int) -> pa.Table:
    """The leads about whose person something was read that `known` does not have.

    known: what `read_so_far` said then. since: when leads were last asked about (UTC
    microseconds). Columns: lead_id, person_id (of the newest version; the lead itself where none is
    recorded), did (whether something happened since, not only a record that was corrected), is_open
    (whether the newest version has no outcome).
    """
    have = [name for name in _OF_SCORES if lake.exists(name)]
    asked = _Asked(lake, have, known, f"TIMESTAMPTZ {literal(to_iso(since))}")
    person = asked.person_of_lead("l")
    is_open = "l.won IS NULL" if "won" in asked.columns["leads"] else "true"
    sql = f"""
    WITH touched_leads AS (SELECT id, bool_or(did) AS did FROM ({asked.leads()}) GROUP BY 1),
    touched_people AS (
        SELECT id, bool_or(did) AS did FROM (
            {asked.people()}
            UNION ALL SELECT {person} AS id, t.did FROM leads l JOIN touched_leads t
            ON t.id = l.lead_id
        ) WHERE id IS NOT NULL GROUP BY 1
    ),
    meant AS (
        SELECT l.lead_id, p.did FROM leads l JOIN touched_people p ON p.id = {person}
        UNION ALL SELECT l.lead_id, t.did FROM leads l JOIN touched_leads t ON t.id = l.lead_id
    ),
    once AS (SELECT lead_id, bool_or(did) AS did FROM meant GROUP BY 1)
    SELECT o.lead_id, any_value(o.did) AS did, arg_max({person}, l.{ORDER}) AS person_id,
    arg_max({is_open}, l.{ORDER}) AS is_open
    FROM once o JOIN leads l ON l.lead_id = o.lead_id GROUP BY 1 ORDER BY 1
    """
    with lake.asking(have) as ask:
        return ask(sql)


def causes_read_of(lake: Lake, known: Mapping[str, Any], since: int) -> dict[str, str]:
    """Of leads and people of whom something was read since: "did", or "record" where it is old."""
    have = [name for name in _OF_SCORES if lake.exists(name)]
    asked = _Asked(lake, have, known, f"TIMESTAMPTZ {literal(to_iso(since))}")
    every = f"{asked.people()} UNION ALL {asked.leads()}"
    with lake.asking(have) as ask:
        found = ask(
            f"SELECT id, bool_or(did) AS did FROM ({every}) WHERE id IS NOT NULL GROUP BY 1"
        )
    pairs = zip(found["id"].to_pylist(), found["did"].to_pylist(), strict=True)
    return {one: "did" if did else "record" for one, did in pairs}


class _Asked:
    """The parts of a question: SELECTs of an id and whether something happened since."""

    def __init__(
        self, lake: Lake, have: Sequence[str], known: Mapping[str, Any], since: str
    ) -> None:
        self.lake, self.have, self.known, self.since = lake, have, known, since
        self.columns = {name: set(lake.schema(name).names) for name in have}

    def is_new(self, table: str, row: str) -> str:
        """SQL: whether a row was not there yet."""
        last = self.known["rows"].get(table, -1)
        new = f"{row}.{ORDER} > {last}"
        read = self.known.get("read", {}).get(table)  # scorings of old did not note it
        if read is None or last < 0:
            return new
        return f"({new} OR epoch_us({row}.{INGESTED_AT}) > {read})"

    def person_of_lead(self, row: str) -> str:
        """SQL: whose a lead is."""
        has_person = "person_id" in self.columns.get("leads", ())
        return f"coalesce({row}.person_id, {row}.lead_id)" if has_person else f"{row}.lead_id"

    def leads(self) -> str:
        """Leads whose record was read, or an activity with them."""
        parts = [_EMPTY]
        if "leads" in self.have:
            new = self.is_new("leads", "l")
            parts.append(f"SELECT l.lead_id AS id, false AS did FROM leads l WHERE {new}")
        if "activities" in self.have:
            parts += self.facts("activities", "e.lead_id", "")
        return " UNION ALL ".join(parts)

    def people(self) -> str:
        """People of whom a fact or the profile was read."""
        parts = [_EMPTY]
        if "events" in self.have:
            parts += self.facts("events", *person_of_event(self.lake))
        for table in ("activities", "purchases"):
            if table in self.have:
                parts += self.facts(table, "e.person_id", "")
        if "identities" in self.have:
            # An earlier identity takes a visitor's events from whom they belonged to.
            visitors = (
                f"SELECT anonymous_id FROM identities n WHERE {self.is_new('identities', 'n')}"
            )
            parts.append(
                f"SELECT t.person_id AS id, t.at >= {self.since} AS did FROM identities t "
                f"WHERE t.anonymous_id IN ({visitors})"
            )
        if "people" in self.have:
            did = "false"
            if "known_at" in self.columns["people"]:
                did = f"coalesce(t.known_at >= {self.since}, false)"
            new = self.is_new("people", "t")
            parts.append(f"SELECT t.person_id AS id, {did} AS did FROM people t WHERE {new}")
        if {"products", "purchases"} <= set(self.have):
            parts.append(self.buyers())
        return " UNION ALL ".join(parts)

    def facts(self, table: str, person: str, joined: str) -> list[str]:
        """Whose the new facts of a table are, and whose those were that they replace."""
        at = "e.at"
        if table == "purchases" and "cancelled_at" in self.columns[table]:
            at = "coalesce(e.cancelled_at, e.at)"
        did = f"coalesce({at} >= {self.since}, false)"
        new, rows = self.is_new(table, "e"), f"FROM {quoted(table)} e {joined}"
        parts = [f"SELECT {person} AS id, {did} AS did {rows} WHERE {new}"]
        if REPLACES in self.columns[table]:
            own = TABLES[table].own_id
            ids = f"SELECT {own} FROM {quoted(table)} e WHERE {new} AND e.{REPLACES}"
            parts.append(f"SELECT {person} AS id, {did} AS did {rows} WHERE e.{own} IN ({ids})")
        return parts

    def buyers(self) -> str:
        """Who bought a product whose type is another one now; it names what was bought."""
        if "product_type" not in self.columns["products"]:
            return _EMPTY
        now = f"arg_max(p.product_type, p.{ORDER})"
        new = self.is_new("products", "p")
        others = (
            f"SELECT p.product_id FROM products p GROUP BY 1 HAVING bool_or({new}) "
            f"AND {now} IS DISTINCT FROM {now} FILTER (NOT {new})"
        )
        return f"SELECT person_id AS id, false AS did FROM purchases WHERE product_id IN ({others})"
