# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Messages for people: actions of the outbox come in, the values that templates may name go out.

Values are read when a message leaves, so that it says what is true then. A name of the record that
is no name of a template, such as "Lead source", is written with underscores: {{ lead_source }}.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from redumbrella.columns import WRITTEN
from redumbrella.decisions.consent import ADDRESSES
from redumbrella.decisions.contacts import letters_of
from redumbrella.errors import SettingsError
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.automations import Action
from redumbrella.settings.mail import MailServer
from redumbrella.settings.settings import Settings
from redumbrella.state.scores import matching_scores
from redumbrella.workspace import Workspace

# What every message may name besides the fields of the record, with what it stands for.
NAMES = {
    "name": "name of the person",
    "first_name": "its first word",
    "email": "address of the person",
    "lead_id": "id of the lead",
    "person_id": "id of the person",
    "product": "name of the product",
    "chance": "the score, such as 0.9: {{ chance|percent }}",
    "grade": "A to D",
    "expected_value": "in the workspace's currency",
    "currency": "such as EUR",
    "why": "what fired, in words",
    "rep_id": "who owns the lead",
    "rep_name": "name of the rep",
    "rep_email": "address of the rep",
    "company": "name of the workspace",
    "unsubscribe_url": "where the person ends such mails",
}
NO_REP = "the lead has no rep"
NO_LEAD = "the person has no open lead, and so no rep"
Row = Mapping[str, Any]


def names_in_templates(lake: Lake) -> list[str]:
    """Every name that a template may use."""
    found = dict.fromkeys(NAMES)
    for table in ("leads", "people"):
        if lake.exists(table):
            found |= dict.fromkeys(_field_names(lake.schema(table).names))
    return list(found)


def mail_server_of(settings: Settings) -> MailServer:
    """The mail server of the settings. Raises SettingsError where there is none."""
    if settings.mail is None:
        message = "There is no mail server: add [mail] with server and from to umbrella.toml."
        raise SettingsError(message, reason="no_mail_server")
    return settings.mail


def texts_of(action: Action) -> dict[str, str]:
    """The templates of an action by what they are for."""
    found = {name: getattr(action, name) for name in ("subject", "text", "html", "path")}
    found |= {f"body.{name}": text for name, text in action.body.items()}
    return {name: text for name, text in found.items() if text}


def values_of(workspace: Workspace, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The values of each action of the outbox, in their order."""
    lake, settings = workspace.lake, workspace.settings
    leads = _newest(lake, "leads", "lead_id", sorted({row["lead_id"] for row in rows} - {""}))
    people = _newest(lake, "people", "person_id", sorted({r["person_id"] for r in rows} - {""}))
    products = _newest(lake, "products", "product_id",
                       sorted({row["product_id"] for row in rows} - {""}))  # fmt: skip
    reps = _newest(lake, "reps", "rep_id", sorted({row["rep_id"] for row in rows} - {""}))
    scored = _scored(workspace, rows)
    names = dict.fromkeys(names_in_templates(lake))
    return [
        {
            **names,
            **_fields(people.get(row["person_id"], {})),
            **_fields(leads.get(row["lead_id"], {})),
            **_own(settings, row, people, products, reps),
            "email": _address(row, people, leads),
            **scored.get((row["target"], row["lead_id"] or row["person_id"]), {}),
        }
        for row in rows
    ]


def rep_addresses(lake: Lake, reps: Sequence[str]) -> dict[str, str]:
    """The e-mail address of each of these reps that has one."""
    known = _newest(lake, "reps", "rep_id", sorted(set(reps) - {""}))
    found = {rep: mail_address(record) for rep, record in known.items()}
    return {rep: address for rep, address in found.items() if address}


def why_not_to_rep(lead_id: str, rep_id: str, addresses: Mapping[str, str]) -> str:
    """Why a mail about a lead cannot go to its rep; "" where it can."""
    if not rep_id:
        return NO_REP if lead_id else NO_LEAD
    return "" if rep_id in addresses else f'no e-mail address of the rep "{rep_id}" is known'


def mail_address(record: Row) -> str:
    """The e-mail address in a record, whatever its field is called; "" for none."""
    for name, value in record.items():
        if letters_of(name) in ADDRESSES and value:
            return str(value).strip()
    return ""


def _address(row: Row, people: Mapping[str, Row], leads: Mapping[str, Row]) -> str:
    """Of the person, else as the lead has it."""
    own = mail_address(people.get(row["person_id"], {}))
    return own or mail_address(leads.get(row["lead_id"], {}))


def _own(
    settings: Settings, row: Row, people: Mapping[str, Row], products: Mapping[str, Row],
    reps: Mapping[str, Row],
) -> dict[str, Any]:  # fmt: skip
    person, rep = people.get(row["person_id"], {}), reps.get(row["rep_id"], {})
    name = str(person.get("name") or "").strip()
    if not name and row["label"] not in (row["lead_id"], row["person_id"]):
        name = row["label"]
    product = products.get(row["product_id"], {}).get("name") or row["product_id"]
    return {
        "name": name, "first_name": name.split()[0] if name else "",
        "lead_id": row["lead_id"], "person_id": row["person_id"],
        "product": product, "currency": settings.currency, "why": row["why"],
        "rep_id": row["rep_id"], "rep_name": rep.get("name") or row["rep_id"],
        "rep_email": mail_address(rep), "company": settings.name,
    }  # fmt: skip


def _scored(workspace: Workspace, rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, Any]]:
    """Chance, grade and value by target and lead, the best of its products."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    ids: dict[str, set[str]] = {}
    for row in rows:
        ids.setdefault(row["target"], set()).add(row["lead_id"] or row["person_id"])
    with workspace.state.reading() as connection:
        for target, leads in ids.items():
            if not target:
                continue
            scored = matching_scores(connection, target, {}, {}, sorted(leads))
            for one in sorted(scored, key=lambda row: row["probability"]):
                found[target, one["lead_id"]] = {
                    "chance": one["probability"], "grade": one["grade"],
                    "expected_value": one["expected_value"],
                }  # fmt: skip
    return found


def _newest(lake: Lake, table: str, key: str, ids: Sequence[str]) -> dict[str, Row]:
    """The newest record of each of these ids; of people what is known last."""
    if not ids or not lake.exists(table):
        return {}
    listed = ", ".join(literal(one) for one in ids)
    rows = lake.query(f"SELECT * FROM {lake.newest(table)} WHERE {quoted(key)} IN ({listed})")
    found = rows.to_pylist()
    if "known_at" in rows.column_names:
        found.sort(key=lambda row: (row["known_at"] is not None, row["known_at"]))
    return {row[key]: row for row in found}


def _fields(record: Row) -> dict[str, Any]:
    names = _field_names(record)
    known = [_written(value) for name, value in record.items() if name not in WRITTEN]
    return dict(zip(names, known, strict=True))


def _written(value: Any) -> Any:
    """A value as people write it: the lake has all numbers with a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _field_names(columns: Any) -> list[str]:
    """Names of columns as templates can write them."""
    return [_identifier(name) for name in columns if name not in WRITTEN]


def _identifier(name: str) -> str:
    found = re.sub(r"\W+", "_", name.casefold()).strip("_") or "field"
    return f"_{found}" if found[0].isdigit() else found
