"""The lines of today's list into the hands of the reps: reads who they are and what they take."""

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from redumbrella.columns import INTERNAL, TABLES
from redumbrella.decisions.contacts import ContactLength, length_of_contacts
from redumbrella.decisions.rep_fit import PRODUCT_TYPE, Line, Rep, Terms, Texts, give_lines
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.worklist import ListRules
from redumbrella.workspace import Workspace

Row = dict[str, Any]
# What reps and leads both have without any wish that it be the same.
_OWN = frozenset(
    (
        "id",
        "name",
        "email",
        "mail",
        "phone",
        "mobile",
        "address",
        "note",
        "comment",
        "status",
        "source",
        "title",
    )
) | frozenset(one.name.replace("_", "") for one in TABLES["reps"].columns)
_AT_ONCE = 1_000  # ids of one question to the lake


def reps_of(lake: Lake, rules: ListRules, as_of: int) -> tuple[list[Rep], float | None]:
    """The reps with their places for a day, and the mean minutes of a contact, where known.

    A rep has as many places as capacity_per_day and minutes_per_day both allow, without either
    those of [list]. Minutes are filled with a reserve, as many contacts are shorter than the mean.
    """
    length = length_of_contacts(lake, as_of)
    mean = None if length is None else length.mean
    if not lake.exists("reps"):
        return [], mean
    return [
        _rep(row, _places(row, rules, length)) for row in lake.current("reps").to_pylist()
    ], mean


def _rep(row: Row, places: int) -> Rep:
    texts = {_spoken(name): _values(text) for name, text in row.items() if isinstance(text, str)}
    takes = {name: values for name, values in texts.items() if values}
    return Rep(
        row["rep_id"], row.get("name") or row["rep_id"], places, row.get("minutes_per_day"),
        row.get("cost_per_hour"), row.get("seniority"), takes, takes.get(PRODUCT_TYPE, frozenset()),
    )  # fmt: skip


def _places(row: Row, rules: ListRules, length: ContactLength | None) -> int:
    limits = []
    if row.get("capacity_per_day") is not None:
        limits.append(row["capacity_per_day"])
    minutes = row.get("minutes_per_day")
    if minutes is not None and length is not None:
        limits.append(length.contacts_in(minutes))
    if minutes == 0:
        limits.append(0)
    return max(0, int(min(limits, default=rules.capacity)))


def assign_leads(
    workspace: Workspace, lines: list[Row], reps: Sequence[Rep], terms: Terms
) -> tuple[list[Row], list[str]]:
    """Gives the lines to the reps, in place; returns one row a rep, and what has to be known.

    rep_id of a line is its owner before and who takes it after.
    """
    for line in lines:
        line.update(owner_id=line["rep_id"], assigned="", second_best="")
    if not reps:
        return [], []
    reps, shared, said = _matching(workspace.lake, reps, workspace.settings.list_rules.match)
    has = _of_leads(workspace.lake, lines, shared)
    worth = "expected_value" if terms.currency else "probability"
    given, found = give_lines(
        [Line(line[worth] or 0.0, line["rep_id"], has[line["lead_id"]]) for line in lines],
        reps, terms,
    )  # fmt: skip
    for line, one in zip(lines, given, strict=True):
        line.update(rep_id=one.rep_id, assigned=one.reason, second_best=one.second_best)
    if not found.is_proven:  # never seen; a list that says so is better than one that is trusted
        said.append("That no other way to deal the leads would bring more is not proven.")
    if terms.contact_minutes is None and any(rep.minutes is not None for rep in reps):
        said.append(
            "minutes_per_day of the reps is not used: how long contacts are is not on record "
            "(duration_s of activities, in seconds). Each has the places of capacity_per_day, else "
            "of capacity under [list] in umbrella.toml."
        )
    nobody = sum(not one.rep_id for one in given)
    if nobody:
        said.append(f"No rep for {nobody:,} of {len(lines):,}; each line says why.")
    return [_summary(rep, lines, terms) for rep in reps], said


def _summary(rep: Rep, lines: list[Row], terms: Terms) -> Row:
    own = [line for line in lines if line["rep_id"] == rep.rep_id]
    timed = rep.minutes is not None and terms.contact_minutes is not None
    used = len(own) * terms.contact_minutes if timed and terms.contact_minutes else None
    values = [line["expected_value"] for line in own if line["expected_value"] is not None]
    return {
        "rep_id": rep.rep_id, "name": rep.name, "lines": len(own), "places": rep.places,
        "minutes_used": used,
        "minutes_free": None if used is None or rep.minutes is None
        else max(0.0, rep.minutes - used),
        "owners_kept": sum(line["owner_id"] == rep.rep_id for line in own),
        "expected_value": sum(values) if values else None,
    }  # fmt: skip


def _matching(
    lake: Lake, reps: Sequence[Rep], named: Sequence[str] | None
) -> tuple[list[Rep], dict[str, list[tuple[str, str]]], list[str]]:
    """The reps with the fields alone that leads or people share, which are (table, column)."""
    shared: dict[str, list[tuple[str, str]]] = {}
    of_reps = {name for rep in reps for name in rep.takes}
    wanted = None if named is None else {_spoken(name) for name in named}
    for table in ("leads", "people"):
        for column in lake.schema(table) if lake.exists(table) else ():
            name = _spoken(column.name)
            text = kinds.is_string(column.type) or kinds.is_large_string(column.type)
            own = name.replace(" ", "") in _OWN and name != PRODUCT_TYPE
            asked = not own if wanted is None else name in wanted
            if text and name in of_reps and column.name not in INTERNAL and asked:
                shared.setdefault(name, []).append((table, column.name))
    asked_types = PRODUCT_TYPE in (wanted or ())
    known = shared.keys() - {PRODUCT_TYPE} | ({PRODUCT_TYPE} if asked_types else set())
    said = []
    missing = [name for name in named or () if _spoken(name) not in known]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        said.append(f"match names {listed}, which reps and leads do not both have as text.")
    if known:
        said.append(f"Leads go to reps of the same {', '.join(sorted(known))}.")
    kept = [
        Rep(**{**vars(rep), "takes": {k: v for k, v in rep.takes.items() if k in known}})
        for rep in reps
    ]
    return kept, shared, said


def _of_leads(
    lake: Lake, lines: list[Row], shared: dict[str, list[tuple[str, str]]]
) -> dict[str, dict[str, Texts]]:
    """By lead the values of the shared fields, its own before those of its person."""
    found: dict[str, dict[str, Texts]] = {line["lead_id"]: {} for line in lines}
    types: dict[str, str | None] = {}
    if lake.exists("products") and "product_type" in lake.schema("products").names:
        rows = lake.current("products", ["product_id", "product_type"]).to_pylist()
        types = {row["product_id"]: row["product_type"] for row in rows}
    for line in lines:
        if types.get(line["product_id"]):
            found[line["lead_id"]][PRODUCT_TYPE] = _values(types[line["product_id"]] or "")
    for table, key in (("leads", "lead_id"), ("people", "person_id")):
        fields = {c: name for name, all_ in shared.items() for t, c in all_ if t == table}
        if not fields:
            continue
        rows = _rows(lake, table, key, {line[key] or line["lead_id"] for line in lines}, fields)
        for line in lines:
            row = rows.get(line[key] or line["lead_id"], {})
            for column, name in fields.items():
                values = _values(row.get(column) or "")
                if values:
                    found[line["lead_id"]].setdefault(name, values)
    return found


def _rows(
    lake: Lake, table: str, key: str, ids: set[str], fields: dict[str, str]
) -> dict[str, Row]:
    found: dict[str, Row] = {}
    names, wanted = ", ".join(map(quoted, (key, *fields))), sorted(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        own = ", ".join(map(literal, wanted[start : start + _AT_ONCE]))
        rows: pa.Table = lake.query(
            f"SELECT {names} FROM {lake.newest(table)} WHERE {key} IN ({own})"  # noqa: S608
        )
        found |= {row[key]: row for row in rows.to_pylist()}
    return found


def _spoken(name: str) -> str:
    """A field as people say it, in the singular: 'Product_Types' → 'product type'."""
    words = " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).casefold()
    return re.sub(r"ies$", "y", words) if words.endswith("ies") else re.sub(r"(?<!s)s$", "", words)


def _values(text: str) -> Texts:
    """'English, Polish' → {'english', 'polish'}."""
    parts = (part.strip().casefold() for part in re.split(r"[,;|/\n]", text))
    return frozenset(part for part in parts if part)
