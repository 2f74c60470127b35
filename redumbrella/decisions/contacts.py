# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What was done with each lead so far, and who may not be contacted, as the record shows it.

In: the lake and an instant. Out: a table of contacts, one row a lead that was contacted, and the
people and leads who do not want it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from redumbrella.clock import to_iso
from redumbrella.columns import ORDER
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted

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
_YES = ("true", "yes", "y", "1", "1.0", "t", "ja", "oui", "si", "sí")
_NO = ("false", "no", "n", "0", "0.0", "f", "nein", "non")


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
    kinds = ", ".join(literal(kind) for kind in NO_CONTACT)
    facts = (
        f"SELECT person_id, lead_id, at, kind, outcome, rep_id, {ORDER} AS place "
        f"FROM {lake.facts('activities', as_of)} "
        f"WHERE at < TIMESTAMPTZ {literal(to_iso(as_of))} AND lower(trim(kind)) NOT IN ({kinds})"
    )
    own = "SELECT lead_id, at, kind, outcome, rep_id, place FROM facts WHERE lead_id IS NOT NULL"
    of_people = (
        "SELECT person_id AS lead_id, at, kind, outcome, rep_id, place FROM facts "
        "WHERE lead_id IS NULL AND person_id IS NOT NULL"
    )
    if lake.exists("leads"):
        of_people += (
            " UNION ALL SELECT l.lead_id, f.at, f.kind, f.outcome, f.rep_id, f.place FROM facts f "
            "JOIN (SELECT DISTINCT lead_id, person_id FROM leads) l ON l.person_id = f.person_id "
            "WHERE f.lead_id IS NULL AND l.lead_id <> l.person_id"
        )
    rows = lake.query(
        f"WITH facts AS ({facts}), owned AS ({own} UNION ALL {of_people}) "
        "SELECT lead_id, count(*) AS times, max_by(at, (at, place)) AS at, "
        "max_by(kind, (at, place)) AS kind, max_by(coalesce(outcome, ''), (at, place)) AS outcome, "
        "max_by(coalesce(rep_id, ''), (at, place)) AS rep_id FROM owned GROUP BY 1"
    )
    return {
        row["lead_id"]: LastContact(
            row["at"], row["kind"], row["outcome"], row["rep_id"], row["times"]
        )
        for row in rows.to_pylist()
    }


def fields_of_refusal(lake: Lake, named: Sequence[str] | None) -> dict[str, Mapping[str, bool]]:
    """By table the fields that say who wants no contact; True where a no says it, as of consent.

    named: fields of [list]; None: those that are called so.
    """
    found: dict[str, Mapping[str, bool]] = {}
    for table in ("leads", "people"):
        if not lake.exists(table):
            continue
        texts = {"".join(c for c in one.name.casefold() if c.isalnum()): one.name
                 for one in lake.schema(table)}  # fmt: skip
        if named is None:
            fields = {texts[name]: False for name in REFUSALS if name in texts}
            fields |= {texts[name]: True for name in CONSENTS if name in texts}
        else:
            known = set(texts.values())
            fields = {name: "".join(c for c in name.casefold() if c.isalnum()) in CONSENTS
                      for name in named if name in known}  # fmt: skip
        if fields:
            found[table] = fields
    return found


def who_refuses(lake: Lake, fields: Mapping[str, Mapping[str, bool]]) -> dict[str, set[str]]:
    """The ids of leads and of people who want no contact, by "leads" and "people"."""
    found: dict[str, set[str]] = {}
    for table, named in fields.items():
        key = "lead_id" if table == "leads" else "person_id"
        conditions = [
            f"lower(trim(CAST({quoted(name)} AS VARCHAR))) IN "
            f"({', '.join(literal(word) for word in (_NO if is_consent else _YES))})"
            for name, is_consent in named.items()
        ]
        rows: pa.Table = lake.query(
            f"SELECT DISTINCT {key} FROM {lake.newest(table)} WHERE {' OR '.join(conditions)}"
        )
        found[table] = set(rows[key].to_pylist())
    return found
