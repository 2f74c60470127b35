# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Whom an automation may write to: consent, refusals and addresses, as the record shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redumbrella.decisions.contacts import (
    CONSENTS,
    NO,
    YES,
    fields_of_refusal,
    letters_of,
    who_refuses,
)
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.lake.versions import known_last

MAIL_CONSENTS = (
    *CONSENTS, "newsletter", "mailconsent", "emailconsent", "emailoptin", "mailoptin",
    "acceptsmarketing", "subscribed", "gdprconsent",
)  # fmt: skip
NO_FIELD = (
    "no field says who agreed to mails: name it with consent under [outreach], or write "
    "needs_consent = false there if you need none"
)
ADDRESSES = ("email", "mail", "emailaddress")


@dataclass(frozen=True)
class Reachable:
    """Of each person the e-mail address and time zone, where they are known, why nobody may contact
    it, and why nobody may mail it without consent. Whoever is in neither may be mailed.
    """

    address: Mapping[str, str]
    refused: Mapping[str, str]
    without_consent: Mapping[str, str]
    timezone: Mapping[str, str]

    def why_not(self, person: str, *, needs_consent: bool) -> str:
        """Why a person may not be reached; "" where it may."""
        asked = self.without_consent.get(person, "") if needs_consent else ""
        return self.refused.get(person, "") or asked


def who_may_be_written_to(
    lake: Lake,
    pairs: Sequence[tuple[str, str]],
    do_not_contact: Sequence[str] | None,
    consent: Sequence[str] | None,
) -> Reachable:
    """Of people, given as (person_id, lead_id), who may be written to and where.

    do_not_contact, consent: fields by name; None: those that are called so. Of several fields of
    consent one yes is needed, and one no is enough.
    """
    people = sorted({person for person, _ in pairs})
    lead_of = {lead: person for person, lead in pairs if lead}
    address, zone = dict[str, str](), dict[str, str]()
    agreed, declined, has_field = set[str](), set[str](), False
    for table, key, ids in (("people", "person_id", people), ("leads", "lead_id", sorted(lead_of))):
        if not lake.exists(table) or not ids:
            continue
        names = {letters_of(one.name): one.name for one in lake.schema(table)}
        consents = [names[letters_of(n)] for n in (MAIL_CONSENTS if consent is None else consent)
                    if letters_of(n) in names]  # fmt: skip
        has_field = has_field or bool(consents)
        mail = next((names[n] for n in ADDRESSES if n in names), None)
        own_zone = names.get("timezone")
        for row in _newest(lake, table, key, ids, (mail, own_zone, *consents)):
            person = row[key] if key == "person_id" else lead_of[row[key]]
            if mail and row[mail]:
                address.setdefault(person, str(row[mail]).strip())
            if own_zone and row[own_zone]:
                zone.setdefault(person, str(row[own_zone]).strip())
            said = {str(row[n]).strip().casefold() for n in consents if row[n] is not None}
            if said & set(YES):
                agreed.add(person)
            if said & set(NO):
                declined.add(person)
    refusing = who_refuses(lake, fields_of_refusal(lake, do_not_contact))
    refused = {
        person: "wants no contact"
        for person, lead in pairs
        if person in refusing.get("people", ()) or lead in refusing.get("leads", ())
    }
    why = "has not agreed to mails" if has_field else NO_FIELD
    without = {person: why for person in people if person not in agreed or person in declined}
    return Reachable(address, refused, without, zone)


def _newest(
    lake: Lake, table: str, key: str, ids: Sequence[str], columns: Sequence[str | None]
) -> list[dict[str, Any]]:
    """The newest known values of these columns, by key; of people those that are known last."""
    wanted = [name for name in columns if name is not None]
    listed = ", ".join(literal(one) for one in ids)
    rows = f"(SELECT * FROM {lake.newest(table)} WHERE {quoted(key)} IN ({listed}))"
    if table == "people":
        chosen = ", ".join(known_last(name) for name in wanted)
        rows = f"(SELECT {key}, {chosen or '1 AS one'} FROM {rows} GROUP BY {key})"
    names = ", ".join([key, *(quoted(name) for name in wanted)])
    return list(lake.query(f"SELECT {names} FROM {rows}").to_pylist())
