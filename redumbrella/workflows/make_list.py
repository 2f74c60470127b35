"""Make today's list: scores, rules of contact and places come in, an ordered list goes out.

The chance of every lead that might have been on it is appended to the lake of snapshots first,
under a number that counts only when the state notes it: a killed run leaves the old list.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from sqlalchemy import Connection, select, tuple_

from redumbrella.clock import to_datetime
from redumbrella.decisions.contacts import (
    LastContact,
    fields_of_refusal,
    last_contacts,
    seen_since,
    who_refuses,
)
from redumbrella.decisions.exploration import Trial
from redumbrella.decisions.next_steps import (
    AS_AGREED,
    Calendar,
    SeenSince,
    agreed_on,
    next_step,
    why_now,
)
from redumbrella.decisions.rep_fit import Terms
from redumbrella.decisions.worklist import (
    AGREED,
    Candidates,
    Order,
    Worklist,
    draw_worklist,
    work_minutes,
)
from redumbrella.errors import ModelError
from redumbrella.figures import counted
from redumbrella.lake.quoting import literal
from redumbrella.progress import Progress, silent
from redumbrella.reports.changes import date_of, day_in_zone
from redumbrella.settings.targets import Target
from redumbrella.state.lists import list_in_use, take_into_use
from redumbrella.state.outcomes import agreed_days
from redumbrella.state.scores import scores, scoring_of
from redumbrella.state.work import new_worklist, record_worklist, worklist_of
from redumbrella.views.explanation import strongest
from redumbrella.views.today import is_due
from redumbrella.workflows.assign_leads import assign_leads, reps_of
from redumbrella.workflows.recorded import recorded
from redumbrella.workflows.rescore import finish_outcomes
from redumbrella.workspace import Workspace

TABLE = "worklists"  # of the lake of snapshots
REFUSES = "want no contact"
LATER = "are to be contacted later"
_NARROW = (
    "lead_id", "product_id", "person_id", "probability", "low", "high", "expected_value", "rep_id",
    "details",
)  # fmt: skip
_FULL = ("label", "grade", "stage", "created_at", "reasons")
_AT_ONCE = 500  # keys of one question to the database
Row = dict[str, Any]


@dataclass(frozen=True)
class MadeList:
    """What was made.

    lines, tried_out: leads on the list, and those of them that are tried out. candidates: those
    who might have been on it. blocked: how many were left alone, by why. said: what has to be
    known of the list.
    """

    target: str
    day: str
    lines: int
    candidates: int
    tried_out: int
    blocked: Mapping[str, int]
    said: tuple[str, ...]


def make_list(
    workspace: Workspace,
    report: Progress,
    *,
    target_name: str | None = None,
    places: int | None = None,
    as_of: int | None = None,
) -> MadeList:
    """Makes the list of the day of `as_of` (default: now) from the scores in use.

    places: how many leads; default: what the reps have room for. Raises ModelError where nothing
    is scored.
    """
    with recorded(workspace, "today") as run:
        instant = run.started_at if as_of is None else as_of
        finish_outcomes(workspace, run.started_at)
        made = _make(workspace, report, target_name, places, instant, run.started_at)
        run.message = f'{counted(made.lines, "lead")} on the list of {made.day} for "{made.target}"'
        return made


def make_due_list(workspace: Workspace, target_name: str | None, instant: int) -> MadeList | None:
    """Makes the list of the day of an instant where there is none; None where there is."""
    if not is_due(workspace, target_name, instant):
        return None
    return make_list(workspace, silent, target_name=target_name)


def _make(
    workspace: Workspace,
    report: Progress,
    target_name: str | None,
    places: int | None,
    as_of: int,
    started: int,
) -> MadeList:
    settings, lake = workspace.settings, workspace.lake
    target = settings.target(target_name)
    rules = settings.list_rules
    report("Reading scores", 0.0)
    with workspace.state.reading() as connection:
        scoring = scoring_of(connection, target.name)
        if scoring is None:
            raise ModelError(
                f'Nothing is scored for "{target.name}" yet. Run `umbrella run` first.',
                reason="no_scores",
            )
        rows = _best_of_each(_scored(connection, target, _NARROW))
        former = worklist_of(connection, target.name)
        agreed = agreed_days(connection)
    report("Reading contacts", 0.3)
    contacts = last_contacts(lake, as_of)
    refusals = fields_of_refusal(lake, rules.do_not_contact)
    day = day_in_zone(as_of, settings.timezone)
    agreed = {lead: due for lead, due in agreed.items() if _stands(contacts.get(lead), due[1])}
    due = {lead: due_day for lead, (due_day, _) in agreed.items() if due_day <= day}
    calendar = Calendar(date_of(day), settings.timezone)
    blocked = _blocked(rows, contacts, who_refuses(lake, refusals), calendar, rules.quiet_days)
    blocked = _with_agreed(rows, blocked, agreed, due)
    order: Order = scoring["ranked_by"] if rules.order == "auto" else rules.order  # type: ignore[assignment]
    reps, minutes = reps_of(lake, rules, as_of)
    room = sum(rep.places for rep in reps) if reps else rules.capacity
    room = room if places is None else places
    number, trial = int(former["number"]) + 1 if former else 1, Trial(rules.explore, rules.control)
    report("Drawing the list", 0.6)
    candidates = _candidates(rows, blocked, minutes)
    drawn = draw_worklist(candidates, order, room, trial, (day, number))
    if not np.isnan(candidates.minutes).all():
        for row, work in zip(rows, work_minutes(candidates).tolist(), strict=True):
            row["minutes"] = work
    report("Writing the list", 0.7)
    lines = _lines(workspace, target, rows, drawn, (contacts, due), as_of)
    by_value = settings.currency if order == "value" else ""
    terms = Terms(by_value, rules.keep_owner, minutes)
    of_reps, about_reps = assign_leads(workspace, lines, reps, terms)
    said = (*_said(refusals, rules.do_not_contact, drawn), *about_reps)
    may = int((~np.isnan(drawn.chance)).sum())
    left_alone = dict(Counter(why for why in blocked if why not in ("", AGREED)))
    made = {
        "target": target.name, "day": day, "number": number, "made_at": started, "as_of": as_of,
        "model_version": scoring["model_version"], "ordered_by": order, "places": room,
        "candidates": may, "explore": trial.explore, "control": trial.control,
        "blocked": left_alone, "said": said,
    }  # fmt: skip
    _append(workspace, rows, drawn, made)
    _put_into_use(workspace, lines, made, of_reps)
    tried = int(drawn.is_trial[drawn.listed].sum())
    return MadeList(target.name, str(date_of(day)), len(lines), may, tried, left_alone, said)


def _put_into_use(
    workspace: Workspace, lines: list[Row], made: Row, of_reps: Sequence[Row]
) -> None:
    """Writes the lines apart and takes them, with how they were made, in one change."""
    with (
        new_worklist(workspace.state, made["target"], lines) as new,
        workspace.state.writing() as connection,
    ):
        take_into_use(connection, new)
        record_worklist(connection, made, of_reps)


def _scored(connection: Connection, target: Target, names: Sequence[str]) -> list[Row]:
    used = list_in_use(connection, scores, target.name)
    query = select(*(used.c[name] for name in names)).where(used.c.target == target.name)
    return [dict(row) for row in connection.execute(query).mappings()]


def _best_of_each(rows: list[Row]) -> list[Row]:
    """One row a lead, that of its likeliest product; closed ones that were held out are no work."""
    best: dict[str, Row] = {}
    for row in rows:
        row["details"] = orjson.loads(row["details"])
        if "held_out" in row["details"]:
            continue
        found = best.get(row["lead_id"])
        if found is None or row["probability"] > found["probability"]:
            best[row["lead_id"]] = row
    return list(best.values())


def _blocked(
    rows: list[Row],
    contacts: Mapping[str, LastContact],
    refusing: Mapping[str, set[str]],
    calendar: Calendar,
    quiet_days: float,
) -> list[str]:
    """Why each lead may not be contacted, "" where it may.

    Days are those of the calendar: with two, who was called on Monday afternoon may be called on
    Wednesday morning.
    """
    leads, people = refusing.get("leads", set()), refusing.get("people", set())
    words = f"were contacted in the last {_days(quiet_days)}"
    found = []
    for row in rows:
        last = contacts.get(row["lead_id"])
        if row["lead_id"] in leads or (row["person_id"] or row["lead_id"]) in people:
            found.append(REFUSES)
        elif last is not None and calendar.days_since(last.at) < quiet_days:
            found.append(words)
        else:
            found.append("")
    return found


def _stands(last: LastContact | None, agreed_at: int) -> bool:
    """Whether an agreement is the last that is known of a lead: nobody contacted it since."""
    return last is None or last.at <= to_datetime(agreed_at)


def _with_agreed(
    rows: list[Row],
    blocked: list[str],
    agreed: Mapping[str, tuple[int, int]],
    due: Mapping[str, int],
) -> list[str]:
    """Why each lead may not be contacted, where it agreed on a day: not before, and on it surely.

    Who wants no contact is left alone all the same.
    """
    found = []
    for row, why in zip(rows, blocked, strict=True):
        lead = row["lead_id"]
        if lead not in agreed or why == REFUSES:
            found.append(why)
        else:
            found.append(AGREED if lead in due else LATER)
    return found


def _days(days: float) -> str:
    """'2 days', '1 day', '0.5 days'."""
    return "1 day" if days == 1 else f"{days:g} days"


def _candidates(rows: list[Row], blocked: list[str], contact_minutes: float | None) -> Candidates:
    def numbers(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        values = (row[name] for row in rows)
        return np.array([np.nan if value is None else value for value in values], np.float64)

    def effort(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([_effort(row, name) for row in rows], np.float64)

    return Candidates(
        probability=numbers("probability"), low=numbers("low"), high=numbers("high"),
        value=numbers("expected_value"), minutes=effort("minutes"), contacts=effort("contacts"),
        blocked=np.array(blocked, np.str_), contact_minutes=contact_minutes,
    )  # fmt: skip


def _effort(row: Row, name: str) -> float:
    """Minutes or contacts until the lead is closed, NaN where nobody knows."""
    found = (row["details"].get("effort") or {}).get(name)
    return float(found["value"]) if found else float("nan")


def _lines(
    workspace: Workspace,
    target: Target,
    rows: list[Row],
    drawn: Worklist,
    known: tuple[Mapping[str, LastContact], Mapping[str, int]],
    as_of: int,
) -> list[Row]:
    """The lines of the list with all that is said of each.

    known: the last contact of each lead, and the days that were agreed on and have come.
    """
    contacts, due = known
    lake, timezone = workspace.lake, workspace.settings.timezone
    chosen = [rows[n] for n in drawn.listed.tolist()]
    keys = [(row["lead_id"], row["product_id"]) for row in chosen]
    with workspace.state.reading() as connection:
        full = _by_key(connection, target, keys)
    calendar, since = Calendar(date_of(day_in_zone(as_of, timezone)), timezone), {}
    for row, key in zip(chosen, keys, strict=True):
        start = _since(contacts.get(key[0]), full[key]["created_at"])
        if start is not None:
            since[row["person_id"] or key[0]] = start
    seen = {person: SeenSince(*what) for person, what in seen_since(lake, since, as_of).items()}
    products = _names(workspace, "products", "product_id")
    lines = []
    for place, (n, row, key) in enumerate(zip(drawn.listed.tolist(), chosen, keys, strict=True), 1):
        last, more = contacts.get(key[0]), full[key]
        created = None if more["created_at"] is None else to_datetime(more["created_at"])
        why = strongest(more["reasons"])
        lines.append({
            "place": place, "lead_id": key[0], "product_id": key[1],
            "person_id": row["person_id"], "label": more["label"], "rep_id": row["rep_id"] or "",
            "product": products.get(key[1], key[1]),
            "why_now": agreed_on(date_of(due[key[0]]), calendar) if key[0] in due
            else why_now(created, last, seen.get(row["person_id"] or key[0]), calendar),
            "next_step": AS_AGREED if key[0] in due else next_step(last, more["stage"] or ""),
            "reason": None if why is None else vars(why),
            "probability": row["probability"], "low": row["low"], "high": row["high"],
            "grade": more["grade"], "expected_value": row["expected_value"],
            "minutes": row.get("minutes"),
            "chance": float(drawn.chance[n]), "is_trial": bool(drawn.is_trial[n]),
        })  # fmt: skip
    return lines


def _since(last: LastContact | None, created: int | None) -> datetime | None:
    """From when on it is of interest what a lead did: its last contact, else its creation."""
    if last is not None:
        return last.at
    return None if created is None else to_datetime(created)


def _by_key(
    connection: Connection, target: Target, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Row]:
    used = list_in_use(connection, scores, target.name)
    columns = [used.c[name] for name in ("lead_id", "product_id", *_FULL)]
    found: dict[tuple[str, str], Row] = {}
    for start in range(0, len(keys), _AT_ONCE):
        own = tuple_(used.c.lead_id, used.c.product_id).in_(keys[start : start + _AT_ONCE])
        query = select(*columns).where(used.c.target == target.name, own)
        for row in connection.execute(query).mappings():
            found[row["lead_id"], row["product_id"]] = dict(row)
    return found


def _names(workspace: Workspace, table: str, key: str) -> dict[str, str]:
    """The names of products or others by id, where they have any."""
    lake = workspace.lake
    if not lake.exists(table) or "name" not in lake.schema(table).names:
        return {}
    rows = lake.current(table, [key, "name"]).to_pylist()
    return {row[key]: row["name"] for row in rows if row["name"]}


def _said(
    refusals: Mapping[str, Mapping[str, bool]], named: Sequence[str] | None, drawn: Worklist
) -> tuple[str, ...]:
    """What has to be known of the list as a whole."""
    said = []
    fields = {name for names in refusals.values() for name in names}
    if named is None and fields:
        listed = ", ".join(f'"{name}"' for name in sorted(fields))
        said.append(
            f"Taken for a wish not to be contacted: {listed}. Other fields, or none: "
            "do_not_contact under [list] in umbrella.toml."
        )
    missing = [name for name in named or () if name not in fields]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        said.append(
            f"do_not_contact names {listed}, which no lead and no person has: it blocks nobody."
        )
    if drawn.listed.size and not drawn.is_trial[drawn.listed].any() and drawn.chance.size:
        known = drawn.chance[~np.isnan(drawn.chance)]
        if known.size and known.min() >= 1.0:
            said.append("There is room for all who may be contacted, so nothing is tried out.")
    return tuple(said)


def _append(workspace: Workspace, rows: list[Row], drawn: Worklist, made: Row) -> None:
    """Notes in the lake who might have been on the list with which chance, and who was."""
    might = np.flatnonzero(~np.isnan(drawn.chance))
    place = np.zeros(len(rows), np.int64)
    place[drawn.listed] = np.arange(1, drawn.listed.size + 1)
    count = might.size
    table = pa.table({
        "target": pa.repeat(made["target"], count),
        "day": pa.repeat(pa.scalar(date_of(made["day"]), pa.date32()), count),
        "number": pa.repeat(pa.scalar(made["number"], pa.int64()), count),
        "as_of": pa.repeat(pa.scalar(to_datetime(made["as_of"]), pa.timestamp("us", "UTC")), count),
        "lead_id": pa.array([rows[n]["lead_id"] for n in might.tolist()], pa.string()),
        "product_id": pa.array([rows[n]["product_id"] for n in might.tolist()], pa.string()),
        "probability": pa.array([rows[n]["probability"] for n in might.tolist()], pa.float64()),
        "expected_value": pa.array([rows[n]["expected_value"] for n in might.tolist()],
                                   pa.float64()),
        "chance": pa.array(drawn.chance[might], pa.float64()),
        "place": pa.array(place[might], pa.int64(), mask=place[might] == 0),
        "is_trial": pa.array(drawn.is_trial[might]),
        "model_version": pa.repeat(made["model_version"], count),
    })  # fmt: skip
    if count:
        own = f"target = {literal(made['target'])} AND number = {made['number']}"
        workspace.snapshots.replace(TABLE, table, own)
