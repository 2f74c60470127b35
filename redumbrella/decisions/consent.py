# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Whom an automation may write to: consent, refusals, addresses, and who left by a mail's link.

The one place that joins what the record says with who unsubscribed here.
"""

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
from redumbrella.settings.automations import Outreach
from redumbrella.state.database import State
from redumbrella.state.outreach import who_unsubscribed

MAIL_CONSENTS = (
    *CONSENTS, "newsletter", "mailconsent", "emailconsent", "emailoptin", "mailoptin",
    "acceptsmarketing", "subscribed", "gdprconsent",
)  # fmt: skip
NO_FIELD = (
    "no field says who agreed to mails: name it with consent under [outreach], or write "
    "needs_consent = false there if you need none"
)
ADDRESSES = ("email", "mail", "emailaddress")
WANTS_NO_MORE = "wants no more mails"


@dataclass(frozen=True)
class Reachable:
    """Of each person the e-mail address and time zone, where they are known, why nobody may contact
    it, and why nobody may mail it. Whoever is in neither may be mailed.
    """

    address: Mapping[str, str]
    refused: Mapping[str, str]
    not_mailed: Mapping[str, str]
    timezone: Mapping[str, str]

    def why_not(self, person: str, *, by_mail: bool) -> str:
        """Why a person may not be reached; "" where it may. by_mail: else by a call."""
        return self.refused.get(person, "") or (self.not_mailed.get(person, "") if by_mail else "")


def who_may_be_written_to(
    lake: Lake,
    state: State,
    pairs: Sequence[tuple[str, str]],
    do_not_contact: Sequence[str] | None,
    outreach: Outreach,
) -> Reachable:
    """Of people, given as (person_id, lead_id), who may be written to and where.

    do_not_contact: fields by name; None: those that are called so, as with the fields of consent
    of `outreach`. Of several fields of consent one yes is needed, and one no is enough. Whoever
    unsubscribed gets no mail, whatever the record says.
    """
    people = sorted({person for person, _ in pairs})
    lead_of = {lead: person for person, lead in pairs if lead}
    address, zone = dict[str, str](), dict[str, str]()
    agreed, declined, has_field = set[str](), set[str](), False
    for table, key, ids in (("people", "person_id", people), ("leads", "lead_id", sorted(lead_of))):
        if not lake.exists(table) or not ids:
            continue
        names = {letters_of(one.name): one.name for one in lake.schema(table)}
        wanted = MAIL_CONSENTS if outreach.consent is None else outreach.consent
        consents = [names[letters_of(n)] for n in wanted if letters_of(n) in names]
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
    not_mailed = dict[str, str]()
    if outreach.needs_consent:
        not_mailed = {one: why for one in people if one not in agreed or one in declined}
    with state.reading() as connection:
        not_mailed |= dict.fromkeys(who_unsubscribed(connection, people), WANTS_NO_MORE)
    return Reachable(address, refused, not_mailed, zone)


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
