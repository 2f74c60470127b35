# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What was done with each lead so far, and who may not be contacted, as the record shows it.

In: the lake and an instant. Out: a table of contacts, one row a lead that was contacted, and the
people and leads who do not want it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from redumbrella.clock import to_iso
from redumbrella.columns import LOGGED, ORDER
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted

if TYPE_CHECKING:
    import pyarrow as pa

_Z = 1.645  # of the standard normal: 19 days in 20
_ROUNDING = 1e-9
# Activities in which nobody speaks to the lead.
NO_CONTACT = (
    "bill", "contract", "invoice", "note", "offer", "payment", "purchase", "quote", "receipt",
    "reminder", "task", "ticket",
)  # fmt: skip
# Names of fields that say that somebody wants no contact, and of consent, in letters and digits.
REFUSALS = (
    "donotcontact", "donotcall", "donotphone", "donotdisturb", "nocontact", "nocalls", "optout",
    "optedout", "contactoptout", "hasoptedout", "blocked", "blacklisted",
)  # fmt: skip
CONSENTS = ("consent", "contactconsent", "marketingconsent", "optin", "optedin", "hasconsent")
YES = ("true", "yes", "y", "1", "1.0", "t", "ja", "oui", "si", "sí")
NO = ("false", "no", "n", "0", "0.0", "f", "nein", "non")


@dataclass(frozen=True)
class LastContact:
    """The last contact with a lead: when, of which kind, how it ended, by whom; how many in all."""

    at: datetime
    kind: str
    outcome: str
    rep_id: str
    times: int


def last_contacts(lake: Lake, as_of: int) -> dict[str, LastContact]:
    """The last contact before an instant (UTC microseconds) of every lead that had one, by lead.

    A contact with a person that names no lead counts for all leads of the person.
    """
    if not lake.exists("activities"):
        return {}
    facts = (
        "SELECT a.person_id, a.lead_id, a.at, a.kind, a.outcome, a.rep_id, a.place "
        f"FROM {_contacts(lake, as_of)} a"
    )
    own = "SELECT f.* EXCLUDE (person_id) FROM facts f WHERE f.lead_id IS NOT NULL"
    nobodys = "f.lead_id IS NULL AND f.person_id IS NOT NULL"
    columns = "f.at, f.kind, f.outcome, f.rep_id, f.place"
    of_people = f"SELECT f.person_id AS lead_id, {columns} FROM facts f WHERE {nobodys}"
    if lake.exists("leads") and "person_id" in lake.schema("leads").names:
        of_people += (
            f" UNION ALL SELECT l.lead_id, {columns} FROM facts f JOIN (SELECT DISTINCT lead_id, "
            f"person_id FROM leads) l ON l.person_id = f.person_id WHERE {nobodys} "
            "AND l.lead_id <> l.person_id"
        )
    latest = "(o.at, o.place)"
    rows = lake.query(
        f"WITH facts AS ({facts}), owned AS ({own} UNION ALL {of_people}) "
        f'SELECT o.lead_id, count(*) AS times, max_by(o.at, {latest}) AS "at", '
        f"max_by(o.kind, {latest}) AS kind, max_by(coalesce(o.outcome, ''), {latest}) AS outcome, "
        f"max_by(coalesce(o.rep_id, ''), {latest}) AS rep_id FROM owned o GROUP BY 1"
    )
    return {
        row["lead_id"]: LastContact(
            row["at"], row["kind"], row["outcome"], row["rep_id"], row["times"]
        )
        for row in rows.to_pylist()
    }


@dataclass(frozen=True)
class ContactLength:
    """How long contacts are, also those in which nobody answered: mean and spread in minutes."""

    mean: float
    spread: float = 0.0

    def contacts_in(self, minutes: float) -> int:
        """How many contacts a day of so many minutes needs, so that it is filled 19 times in 20.

        About the smallest n with n mean - z spread sqrt(n) >= minutes: n contacts are normal by the
        central limit theorem. With the mean alone every other day would end early.
        """
        reach = _Z * self.spread
        root = (reach + math.sqrt(reach * reach + 4.0 * self.mean * minutes)) / (2.0 * self.mean)
        return int(root * root + _ROUNDING)


def length_of_contacts(lake: Lake, as_of: int) -> ContactLength | None:
    """How long contacts were so far; None where no length is on record."""
    if not lake.exists("activities"):
        return None
    found = lake.query(
        "SELECT avg(a.duration_s) / 60.0 AS mean, stddev_samp(a.duration_s) / 60.0 AS spread "
        f"FROM {_contacts(lake, as_of)} a"
    ).to_pylist()[0]
    return ContactLength(found["mean"], found["spread"] or 0.0) if found["mean"] else None


def _contacts(lake: Lake, as_of: int) -> str:
    """SQL of the activities in which somebody of the company spoke or wrote to a lead.

    Where some activities name the rep, those that name none are no contacts, such as mass mails.
    """
    kinds = ", ".join(literal(kind) for kind in NO_CONTACT)
    facts = lake.facts("activities", as_of)
    # What was logged here is a contact whoever had it.
    has_logged = LOGGED in lake.schema("activities").names
    logged, read = (
        (f"OR c.{LOGGED} IS NOT NULL", f"AND r.{LOGGED} IS NULL") if has_logged else ("", "")
    )
    return (
        f"(SELECT c.*, c.{ORDER} AS place FROM {facts} c "
        f"WHERE c.at < TIMESTAMPTZ {literal(to_iso(as_of))} "
        f"AND lower(trim(c.kind)) NOT IN ({kinds}) "
        f"AND (c.rep_id IS NOT NULL {logged} OR NOT EXISTS (SELECT 1 FROM {facts} r "
        f"WHERE r.rep_id IS NOT NULL {read})))"
    )


def fields_of_refusal(lake: Lake, named: Sequence[str] | None) -> dict[str, Mapping[str, bool]]:
    """By table the fields that say who wants no contact; True where a no says it, as of consent.

    named: fields of [list]; None: those that are called so.
    """
    found: dict[str, Mapping[str, bool]] = {}
    for table in ("leads", "people"):
        if not lake.exists(table):
            continue
        texts = {letters_of(one.name): one.name for one in lake.schema(table)}
        if named is None:
            fields = {texts[name]: False for name in REFUSALS if name in texts}
            fields |= {texts[name]: True for name in CONSENTS if name in texts}
        else:
            known = set(texts.values())
            fields = {name: letters_of(name) in CONSENTS for name in named if name in known}
        if fields:
            found[table] = fields
    return found


def letters_of(name: str) -> str:
    """The letters and digits of a name, small: how fields are told whatever their spelling."""
    return "".join(c for c in name.casefold() if c.isalnum())


def who_refuses(lake: Lake, fields: Mapping[str, Mapping[str, bool]]) -> dict[str, set[str]]:
    """The ids of leads and of people who want no contact, by "leads" and "people"."""
    found: dict[str, set[str]] = {}
    for table, named in fields.items():
        key = "lead_id" if table == "leads" else "person_id"
        conditions = [
            f"lower(trim(CAST({quoted(name)} AS VARCHAR))) IN "
            f"({', '.join(literal(word) for word in (NO if is_consent else YES))})"
            for name, is_consent in named.items()
        ]
        rows: pa.Table = lake.query(
            f"SELECT DISTINCT {key} FROM {lake.newest(table)} WHERE {' OR '.join(conditions)}"
        )
        found[table] = set(rows[key].to_pylist())
    return found


def seen_since(
    lake: Lake, since: Mapping[str, datetime], as_of: int
) -> dict[str, tuple[int, datetime, str]]:
    """What people did since an instant each and before `as_of`: events, the last one, its page.

    since: by person. People who did nothing are absent. Events of a visitor count for the person
    that it was found out to be.
    """
    if not since or not lake.exists("events"):
        return {}
    pairs = ", ".join(
        f"({literal(person)}, TIMESTAMPTZ {literal(moment.isoformat())})"
        for person, moment in since.items()
    )
    person, identities = "e.person_id", ""
    if lake.exists("identities"):
        person = "coalesce(e.person_id, i.person_id)"
        identities = (
            f"LEFT JOIN (SELECT n.anonymous_id, arg_min(n.person_id, (n.at, n.{ORDER})) "
            "AS person_id FROM identities n GROUP BY 1) i ON i.anonymous_id = e.anonymous_id"
        )
    rows = lake.query(
        f"SELECT w.person_id, count(*) AS events, max(e.at) AS last_at, "
        f"max_by(coalesce(e.page_category, e.kind), (e.at, e.{ORDER})) AS what "
        f"FROM {lake.facts('events', as_of)} e {identities} "
        f"JOIN (VALUES {pairs}) w(person_id, since) ON w.person_id = {person} "
        f"WHERE e.at > w.since AND e.at < TIMESTAMPTZ {literal(to_iso(as_of))} GROUP BY 1"
    )
    return {
        row["person_id"]: (row["events"], row["last_at"], row["what"] or "")
        for row in rows.to_pylist()
    }
