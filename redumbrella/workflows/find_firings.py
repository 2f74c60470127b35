# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What a rule fires for in a stretch of time, and for whom of them it is.

The one way for the worker, which looks at what is new, and for a dry run, which looks back at what
has happened: they differ in the stretch alone. Conditions are those of the leads as they are now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from redumbrella.decisions.contacts import NO, YES
from redumbrella.decisions.triggers import (
    Firing,
    Stretch,
    dates_near,
    events_of,
    leads_that_came,
    open_leads_of,
    people_of_leads,
    products_of_leads,
    reps_of_leads,
    silences,
)
from redumbrella.errors import DataError, SettingsError, nearest
from redumbrella.figures import percent
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.lake.versions import known_last
from redumbrella.outcomes import OUTCOMES
from redumbrella.reports.changes import date_of, day_in_zone
from redumbrella.scores.history import TABLE
from redumbrella.settings.automations import Automation, Trigger, Where
from redumbrella.settings.settings import Settings
from redumbrella.state.customers import segments_of
from redumbrella.state.history import (
    falls_below,
    graded_on,
    lowest_before,
    moves_between,
    rises_to,
    scored_days,
)
from redumbrella.state.lists import number_in_use
from redumbrella.state.outcomes import last_outcome, logged_between
from redumbrella.state.recommendations import people_with_list
from redumbrella.state.scores import matching_scores, scores
from redumbrella.workflows.note_moves import snapshot_of
from redumbrella.workspace import Workspace

_MOST_MOMENTS = 1_000
_SLOW_MICROSECONDS = 15 * 60 * 1_000_000  # silence and dates are looked for so often
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Match:
    """A firing for somebody whom the rule is for. row: of the list of scores; {} where the lead is
    not on it, as one that is closed. product_id: what it is about, of the firing or of the lead.
    rep_id: who owns the lead, "" for nobody.
    """

    firing: Firing
    row: Row
    product_id: str = ""
    rep_id: str = ""

    @property
    def label(self) -> str:
        """What the lead is called."""
        return str(self.row.get("label") or self.firing.lead_id or self.firing.person_id)


def target_of(settings: Settings, trigger: Trigger) -> str:
    """The target whose scores a rule goes by; "" where nothing is predicted.

    Raises NotFoundError for an unknown one, SettingsError where no target is about leaving.
    """
    if trigger.kind == "churn" and trigger.target is None:
        leaving = [one.name for one in settings.targets if one.absence_of is not None]
        if not leaving:
            raise SettingsError(
                "No target says who is leaving. Add [[targets]] with absence_of to umbrella.toml, "
                'such as name = "churn" and absence_of = "purchase".',
                reason="no_churn",
            )
        return leaving[0]
    if trigger.target is None and not settings.targets:
        return ""
    return settings.target(trigger.target).name


def matches_of(workspace: Workspace, rule: Automation, stretch: Stretch) -> list[Match]:
    """The firings of a rule in a stretch, in order, for whom it is; one person at a time.

    Raises DataError or SettingsError where the rule asks for something that is not there.
    """
    target = target_of(workspace.settings, rule.trigger)
    with workspace.state.reading() as connection:
        if rule.trigger.kind == "schedule":
            return _of_schedule(workspace, connection, rule, target, stretch)
        firings = _firings(workspace, connection, rule.trigger, target, stretch)
        firings = _with_leads(workspace.lake, firings)
        ids = sorted({one.lead_id or one.person_id for one in firings})
        where = rule.where
        rows = matching_scores(connection, target, where.equal, where.least, ids) if target else []
    best = _by_lead(rows)
    leads = sorted({one.lead_id for one in firings} - {""})
    product_of = products_of_leads(workspace.lake, leads)
    rep_of = reps_of_leads(workspace.lake, leads)
    wanted = _of_record(workspace, where)
    needs_row = bool(where.equal or where.least)
    found = []
    for one in firings:
        row = best.get((one.lead_id or one.person_id, one.product_id)) or best.get(
            (one.lead_id or one.person_id, "")
        )
        if (row is not None or not needs_row) and _is_wanted(one, row or {}, wanted):
            product = one.product_id or (row or {}).get("product_id") or product_of.get(one.lead_id)
            # A lead that came just now is on no list of scores yet, but has its owner.
            rep = (row or {}).get("rep_id") or rep_of.get(one.lead_id)
            found.append(Match(one, row or {}, product or "", rep or ""))
    return found


def news_of(
    workspace: Workspace, rule: Automation, looked_until: int, at: int
) -> tuple[object, ...]:
    """What a rule can see: the same for as long as looking again would find nothing new."""
    trigger = rule.trigger
    if trigger.kind in ("event", "lead"):
        tables = ("events", "activities", "purchases", "identities", "leads")
        return tuple(workspace.lake.version(table) for table in tables)
    if trigger.kind in ("silence", "date"):
        return (at // _SLOW_MICROSECONDS,)
    if trigger.kind == "schedule":
        assert trigger.at is not None, "a rule with a schedule has one"
        due = trigger.at.next_after(looked_until, workspace.settings.timezone)
        return (due if due <= at else None,)
    with workspace.state.reading() as connection:
        if trigger.kind == "outcome":
            return (last_outcome(connection),)
        target = target_of(workspace.settings, trigger)
        days = [one["number"] for one in scored_days(connection, target)]
        return max(days, default=0), number_in_use(connection, scores, target)


def fields_of_record(lake: Lake) -> dict[str, str]:
    """Every field that a condition can name, with the table that has it; leads come first."""
    found: dict[str, str] = {}
    for table in ("leads", "people"):
        if lake.exists(table):
            for name in lake.schema(table).names:
                if not name.startswith("_"):
                    found.setdefault(name, table)
    return found


def _firings(
    workspace: Workspace, connection: Connection, trigger: Trigger, target: str, stretch: Stretch
) -> list[Firing]:
    lake = workspace.lake
    if trigger.is_of_scores:
        return _of_scores(workspace, connection, trigger, target, stretch)
    if trigger.kind == "event":
        return events_of(lake, trigger.event, stretch)
    if trigger.kind == "lead":
        return leads_that_came(lake, stretch)
    if trigger.kind == "silence":
        return silences(lake, trigger.days, stretch)
    if trigger.kind == "date":
        return dates_near(lake, trigger.field, trigger.days, stretch)
    assert trigger.kind == "outcome"
    words = OUTCOMES[trigger.outcome].words
    logged = logged_between(connection, trigger.outcome, stretch.since, stretch.until)
    return [
        Firing(row["lead_id"] if row["is_lead"] else "", row["product_id"] or "",
               row["person_id"], row["logged_at"], f"outcome {row['id']}", f"outcome: {words}")
        for row in logged
    ]  # fmt: skip


def _of_scores(
    workspace: Workspace, connection: Connection, trigger: Trigger, target: str, stretch: Stretch
) -> list[Firing]:
    """Firings from the history of scores: whole days, since a score belongs to its day."""
    timezone = workspace.settings.timezone
    first, last = (day_in_zone(at, timezone) for at in (stretch.since, stretch.until))
    days = [one for one in scored_days(connection, target) if first <= one["day"] <= last]
    known_at = {one["day"]: one["as_of"] for one in days}
    if trigger.kind == "jump":
        rows = _jumps(connection, target, trigger, first, last)
    elif trigger.kind == "grade":
        rows = _graded_anew(workspace, connection, target, trigger.grades, (first, last))
    elif trigger.rises:
        rows = [row | {"before": row["probability"] - row["change"]}
                for row in rises_to(connection, target, first, last, trigger.level)]  # fmt: skip
    else:
        rows = [row | {"before": row["probability"] - row["change"]}
                for row in falls_below(connection, target, first, last, trigger.level)]  # fmt: skip
    asked = workspace.settings.target(target)
    is_of_leads, per_product = asked.from_ is not None, asked.per == "product"
    return [
        Firing(
            row["lead_id"] if is_of_leads else "", row["product_id"] if per_product else "",
            "" if is_of_leads else row["lead_id"], known_at[row["day"]],
            f"{target} {trigger.kind} {row['day']}", _why(trigger, row),
        )
        for row in rows if row["day"] in known_at
    ]  # fmt: skip


def _jumps(
    connection: Connection, target: str, trigger: Trigger, first: int, last: int
) -> list[dict[str, Any]]:
    """Rows in which a score came to the upper value from at most the lower one shortly before."""
    rows = rises_to(connection, target, first, last, trigger.high)
    leads_of: dict[int, list[str]] = {}
    for row in rows:
        leads_of.setdefault(row["day"], []).append(row["lead_id"])
    found = []
    for day, leads in leads_of.items():
        lowest = lowest_before(connection, target, day, int(trigger.days), sorted(set(leads)))
        for row in rows:
            before = lowest.get((row["lead_id"], row["product_id"]))
            if row["day"] == day and before is not None and before <= trigger.low:
                found.append(row | {"before": before})
    return found


def _graded_anew(
    workspace: Workspace,
    connection: Connection,
    target: str,
    grades: Sequence[str],
    days: tuple[int, int],
) -> list[dict[str, Any]]:
    """Rows with one of these grades whose lead had another one on the scored day before."""
    rows = graded_on(connection, target, *days, grades)
    scored = scored_days(connection, target)
    found = []
    for day in sorted({row["day"] for row in rows}):
        earlier = [one for one in scored if one["day"] < day]
        own = [row for row in rows if row["day"] == day and row["change"] is not None]
        if not earlier or not own:
            continue
        before = _grades_on(workspace.snapshots, connection, target, earlier[-1])
        for row in own:
            former = before.get((row["lead_id"], row["product_id"]))
            if former is not None and former != row["grade"]:
                found.append(row | {"before": former})
    return found


def _grades_on(
    snapshots: Lake, connection: Connection, target: str, day: Row
) -> dict[tuple[str, str], str]:
    """Every grade at the end of a scored day: of its snapshot, and of what moved after that."""
    if not snapshots.exists(TABLE):
        return {}
    first, number = snapshot_of(day)
    rows = snapshots.query(
        f"SELECT lead_id, product_id, grade FROM {TABLE} WHERE target = {literal(target)} "
        f"AND day = DATE '{date_of(first)}' AND number = {number} AND grade IS NOT NULL"
    )
    keys = zip(rows["lead_id"].to_pylist(), rows["product_id"].to_pylist(), strict=True)
    found = dict(zip(keys, rows["grade"].to_pylist(), strict=True))
    if number != day["number"]:
        moved = moves_between(connection, target, (first, day["day"]))
        found |= {(row["lead_id"], row["product_id"]): row["grade"] for row in moved}
    return found


def _why(trigger: Trigger, row: Row) -> str:
    now, before = row["probability"], row["before"]
    if trigger.kind == "grade":
        return f"grade {before} became {row['grade']}"
    moved = "rose" if now >= before else "fell"
    said = f"the chance {moved} from {percent(before)} to {percent(now)}"
    if trigger.kind == "jump":
        days = "a day" if trigger.days == 1 else f"{trigger.days:g} days"
        said += f" within {days}"
    return said


def _with_leads(lake: Lake, firings: Sequence[Firing]) -> list[Firing]:
    """Each firing with person and lead; a person without an open lead stands for itself."""
    leads = {one.lead_id for one in firings if one.lead_id and not one.person_id}
    people = {one.person_id for one in firings if one.person_id and not one.lead_id}
    person_of = people_of_leads(lake, sorted(leads))
    lead_of = open_leads_of(lake, sorted(people))
    found = []
    for one in firings:
        lead, product, person = one.lead_id, one.product_id, one.person_id
        if lead and not person:
            person = person_of.get(lead, (lead, True))[0]
        elif person and not lead:
            lead = lead_of.get(person, "")
        found.append(Firing(lead, product, person, one.at, one.episode, one.why))
    return found


def _of_schedule(
    workspace: Workspace, connection: Connection, rule: Automation, target: str, stretch: Stretch
) -> list[Match]:
    """Everybody on the list who meets the conditions, once for each moment in the stretch."""
    schedule = rule.trigger.at
    assert schedule is not None, "a rule with a schedule has one"
    moments: list[int] = []
    at = schedule.next_after(stretch.since, workspace.settings.timezone)
    while at <= stretch.until and len(moments) < _MOST_MOMENTS:
        moments.append(at)
        at = schedule.next_after(at, workspace.settings.timezone)
    if not moments:
        return []
    wanted = _of_record(workspace, rule.where)
    if _goes_by_recommendations(rule, wanted):
        return _of_recommended(workspace, connection, rule, wanted, moments)
    if not target:
        return []
    rows = matching_scores(connection, target, rule.where.equal, rule.where.least)
    asked = workspace.settings.target(target)
    is_of_leads, per_product = asked.from_ is not None, asked.per == "product"
    words = schedule.words
    found = []
    for moment in moments:
        for row in rows:
            lead = row["lead_id"] if is_of_leads else ""
            product = row["product_id"] if per_product else ""
            firing = Firing(lead, product, row["person_id"] or row["lead_id"], moment,
                            f"schedule {moment}", words)  # fmt: skip
            if _is_wanted(firing, row, wanted):
                found.append(Match(firing, row, row["product_id"], row["rep_id"] or ""))
    return found


def _goes_by_recommendations(rule: Automation, wanted: "_Wanted") -> bool:
    """Whether a schedule is for everybody who has recommendations, not for a list of scores: those
    who buy are seldom the open leads that the first target is about.
    """
    asks_for_scores = rule.trigger.target is not None or rule.where.equal or rule.where.least
    return bool(rule.action.recommend) and not asks_for_scores and not wanted.leads


def _of_recommended(
    workspace: Workspace,
    connection: Connection,
    rule: Automation,
    wanted: "_Wanted",
    moments: Sequence[int],
) -> list[Match]:
    """Everybody for whom there is the list that the mail recommends from."""
    recommender = workspace.settings.recommender(rule.action.recommender or None)
    # Who has bought nothing yet has one list, whichever was asked for.
    people = people_with_list(connection, recommender.name, (rule.action.recommend, "newcomer"))
    words = rule.trigger.at.words if rule.trigger.at else ""
    matches = [
        Match(Firing("", "", person, moment, f"schedule {moment}", words), {"label": label})
        for moment in moments
        for person, label in people.items()
    ]
    return [one for one in matches if _is_wanted(one.firing, {}, wanted)]


@dataclass(frozen=True)
class _Wanted:
    """Who has the fields that a rule asks for. Each set is one condition."""

    leads: tuple[frozenset[str], ...] = ()
    people: tuple[frozenset[str], ...] = ()


def _of_record(workspace: Workspace, where: Where) -> _Wanted:
    """The leads and people that conditions on fields and segments hold for.

    Raises DataError for a field that no record has, with the nearest name.
    """
    lake = workspace.lake
    known = fields_of_record(lake)
    leads: list[frozenset[str]] = []
    people: list[frozenset[str]] = []
    for name, values in where.fields.items():
        if name not in known:
            raise DataError(
                f'No field of leads or people is called "{name}".{nearest(name, list(known))}',
                reason="unknown_field",
            )
        ids = frozenset(_with_field(lake, known[name], name, values))
        (leads if known[name] == "leads" else people).append(ids)
    if where.segments:
        with workspace.state.reading() as connection:
            people.append(frozenset(segments_of(connection, where.segments)))
    return _Wanted(tuple(leads), tuple(people))


def _with_field(lake: Lake, table: str, name: str, values: Iterable[str]) -> list[str]:
    key = "lead_id" if table == "leads" else "person_id"
    if pa.types.is_boolean(lake.schema(table).field(name).type):  # files write yes, the lake true
        values = [_flag(value) for value in values]
    listed = ", ".join(literal(value.casefold()) for value in values)
    newest = lake.newest(table)
    if table == "people":  # what is known last of each
        newest = f"(SELECT person_id, {known_last(name)} FROM {newest} GROUP BY person_id)"
    text = f"lower(trim(CAST({quoted(name)} AS VARCHAR)))"
    number = f"CAST(try_cast({quoted(name)} AS DOUBLE) AS VARCHAR)"
    rows = lake.query(
        f"SELECT DISTINCT {key} FROM {newest} WHERE {text} IN ({listed}) OR {number} IN "
        f"(SELECT CAST(try_cast(v AS DOUBLE) AS VARCHAR) FROM (VALUES "
        f"{', '.join(f'({literal(v)})' for v in values)}) t(v))"
    )
    return list(rows[key].to_pylist())


def _flag(value: str) -> str:
    word = value.strip().casefold()
    return "true" if word in YES else "false" if word in NO else word


def _is_wanted(one: Firing, row: Row, wanted: _Wanted) -> bool:
    lead = one.lead_id or str(row.get("lead_id", ""))
    return all(lead in ids for ids in wanted.leads) and all(
        one.person_id in ids for ids in wanted.people
    )


def _by_lead(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """Rows by lead and product, and by lead alone the best of its products."""
    found: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: row["probability"]):
        found[row["lead_id"], row["product_id"]] = row
        found[row["lead_id"], ""] = row
    return found
