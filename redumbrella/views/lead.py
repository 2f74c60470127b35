"""One lead: its score in words, the reasons, its record, and the model behind it.

Comes in: a lead id. Goes out: `LeadDetail`, which the lead page, `/api/v1/leads/{id}` and
`umbrella explain` all show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Table, func, select

from redumbrella.clock import to_datetime
from redumbrella.columns import INGESTED_AT, ORDER, TABLES, WRITTEN
from redumbrella.errors import NotFoundError, nearest
from redumbrella.lake.quoting import literal, quoted
from redumbrella.state.lists import list_in_use
from redumbrella.state.models import models
from redumbrella.state.scores import scores, scoring_of
from redumbrella.state.work import is_dealt_to, worklist, worklist_of
from redumbrella.views.automations import ActionOfLead, actions_of_lead
from redumbrella.views.explanation import Reason, ordered, reasons_of
from redumbrella.views.leads import LEADS, require_scores
from redumbrella.views.listing import owners_in
from redumbrella.views.logged import done_on_list
from redumbrella.views.models import ModelFacts, model_facts
from redumbrella.views.names import NAMED, Names, names_known
from redumbrella.views.tasks import OpenTask, open_tasks_of
from redumbrella.views.timeline import TimelineEntry, timeline
from redumbrella.views.trust import Trust, trust_in
from redumbrella.views.worth import Worth, worth_of
from redumbrella.workspace import Workspace

_KEYS = {"leads": "lead_id", "people": "person_id"}


@dataclass(frozen=True)
class RecordField:
    """One value of the lead's own record; None is missing.

    label: what the field is called. meaning: what the value stands for, where [labels] says it.
    unit: of a number, "" where none is known.
    """

    name: str
    value: str | float | bool | datetime | None
    label: str
    meaning: str | None
    unit: str


@dataclass(frozen=True)
class Explanation:
    """How a score comes about, in log-odds: base + all contributions + rest = total."""

    base: float
    raises: tuple[Reason, ...]
    lowers: tuple[Reason, ...]
    rest: float
    total: float

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All of them, strongest first, groups of fields last."""
        return ordered((*self.raises, *self.lowers))


@dataclass(frozen=True)
class LeadNames:
    """How that is called to which a lead belongs: the name where one is known, else the id."""

    product: str | None
    campaign: str | None
    rep: str | None


@dataclass(frozen=True)
class NextStep:
    """The line of today's list that a lead has: its place from 1, what to do and why now.

    minutes: expected until the lead is closed. is_trial: whether it is tried out. is_done: whether
    something was logged of it since the list was made.
    """

    day: str
    place: int
    next_step: str
    why_now: str
    minutes: float | None
    is_trial: bool
    is_done: bool


@dataclass(frozen=True)
class ProductChance:
    """One of the products that this person is likeliest to buy."""

    product_id: str
    name: str
    probability: float
    low: float | None
    high: float | None
    amount: float | None  # mean amount of a sale
    expected_value: float | None
    regime: str
    reliable: bool


@dataclass(frozen=True)
class LeadDetail:
    """Everything that is known about one scored lead."""

    score: Mapping[str, Any]  # as the list of leads has it
    rank: int  # position when all leads of the target are ordered by probability, from 1
    ranked: int  # how many leads are scored for the target
    equals: int  # how many others have the same probability, and so the same rank
    rank_by_value: int | None  # position by expected value; None where the list does not go by it
    names: LeadNames
    next_step: NextStep | None  # None where it is not on today's list
    explanation: Explanation | None  # None when the score was written without reasons
    worth: Worth | None  # None where nothing of it is known, as for people
    fields: tuple[RecordField, ...]  # the lead's record as it stands in the lake
    timeline: tuple[TimelineEntry, ...]  # what the person did, newest first
    timeline_total: int  # how many facts there are, of which the newest are shown
    automations: tuple[ActionOfLead, ...]  # what automations did or will do, newest first
    tasks: tuple[OpenTask, ...]  # that automations left and that are not done
    products: tuple[ProductChance, ...]  # likeliest first; empty where the target has none
    model: ModelFacts | None
    trust: Trust  # whether the score may be relied on
    about_leads: bool  # else the target is about people, and the record is the profile
    currency: str
    timezone: str


def not_yours(lead_id: str) -> NotFoundError:
    """The error for a lead of others, or of nobody at all: whoever asks may not know which."""
    message = f'There is no lead "{lead_id}" among yours. The list shows those you may see.'
    return NotFoundError(message, reason="unknown_lead")


def check_seen(workspace: Workspace, lead_id: str, owners: tuple[str, ...] | None) -> None:
    """Raises NotFoundError for a lead of others than these, open or closed, as the lake knows it,
    that today's list does not deal to them either.

    owners: whose leads may be seen, as in `views.table.Query`.
    """
    if owners is None or (_newest(workspace, "leads", lead_id).get("rep_id") or "") in owners:
        return
    with workspace.state.reading() as connection:
        for target in workspace.settings.targets:
            if is_dealt_to(connection, target.name, lead_id, owners):
                return
    raise not_yours(lead_id)


def seen_alone(
    connection: Connection, used: Table, target: str, lead_id: str, owners: tuple[str, ...] | None
) -> list[ColumnElement[bool]]:
    """What must hold of the rows of one lead on the list in use for whoever sees these owners'.

    Theirs is also what today's list deals to them: who shall call has to know whom.
    """
    if owners is not None and is_dealt_to(connection, target, lead_id, owners):
        return []
    return LEADS.seen_by(used, owners)


def lead_detail(
    workspace: Workspace,
    lead_id: str,
    target: str | None = None,
    product: str | None = None,
    owners: tuple[str, ...] | None = None,
) -> LeadDetail:
    """The lead with this id; of several products the given one, else the most probable.

    owners: whose leads may be seen, as in `views.table.Query`; ranks are among these.
    Raises NotFoundError with the nearest id when the lead is not scored, or says whether it is
    closed already; where it is somebody else's, no more than that there is none.
    """
    asked = workspace.settings.target(target)
    name = asked.name
    owners = owners_in(workspace.settings, name, owners)
    with workspace.state.reading() as connection:
        used = list_in_use(connection, scores, name)
        seen = LEADS.seen_by(used, owners)
        own = (used.c.target == name, used.c.lead_id == lead_id)
        alone = seen_alone(connection, used, name, lead_id, owners)
        query = select(used).where(*own, *alone)
        query = query.order_by(used.c.probability.desc(), used.c.product_id)
        rows = connection.execute(query).mappings().all()
        row = next((row for row in rows if product in (None, row["product_id"] or "")), None)
        if row is None and rows:
            raise _no_such_product(lead_id, str(product), [row["product_id"] or "" for row in rows])
        if row is None and owners is not None:
            raise not_yours(lead_id)
        if row is None:
            raise _not_found(workspace, connection, name, lead_id)
        places = _places(connection, used, row, seen)
        step = _next_step(connection, name, lead_id)
        acted = actions_of_lead(connection, lead_id, row["person_id"] or lead_id)
        to_do = open_tasks_of(connection, None, lead_id)
        facts = _model(connection, row["model_version"])
    person = row["person_id"] or lead_id
    about_leads = asked.from_ is not None
    entries, total = timeline(workspace, person, lead_id)
    fields = _newest(workspace, *(("leads", lead_id) if about_leads else ("people", person)))
    names = _names(workspace, rows, fields)
    return LeadDetail(
        score=LEADS.listed(LEADS.record(row)),
        **places,
        names=LeadNames(*(_name(names, row, column) for column in NAMED)),
        next_step=step,
        explanation=_explanation(orjson.loads(row["reasons"])),
        worth=worth_of(orjson.loads(row["details"])),
        fields=tuple(_record(workspace, "leads" if about_leads else "people", fields, names)),
        timeline=entries,
        timeline_total=total,
        automations=acted,
        tasks=to_do,
        products=tuple(_product(each, names) for each in rows if each["product_id"]),
        model=facts,
        trust=trust_in(facts, name),
        about_leads=about_leads,
        currency=workspace.settings.currency,
        timezone=workspace.settings.timezone,
    )


def _model(connection: Connection, version: str) -> ModelFacts | None:
    chosen = models.c.version == version
    found = connection.execute(select(models).where(chosen)).mappings().first()
    return None if found is None else model_facts(found)


def _next_step(connection: Connection, target: str, lead_id: str) -> NextStep | None:
    made = worklist_of(connection, target)
    if made is None:
        return None
    used = list_in_use(connection, worklist, target)
    own = (used.c.target == target, used.c.lead_id == lead_id)
    row = connection.execute(select(used).where(*own).order_by(used.c.place).limit(1)).mappings()
    line = row.first()
    if line is None:
        return None
    return NextStep(
        str(date(1970, 1, 1) + timedelta(days=made["day"])),
        line["place"],
        line["next_step"],
        line["why_now"],
        line["minutes"],
        bool(line["is_trial"]),
        lead_id in done_on_list(connection, target, made["number"]),
    )


def _names(workspace: Workspace, rows: Sequence[RowMapping], fields: Mapping[str, Any]) -> Names:
    """How the products, the campaign and the rep of a lead are called."""
    return names_known(
        workspace,
        {column: {*(row[column] for row in rows), fields.get(column)} for column in NAMED},
    )


def _name(names: Names, row: RowMapping, column: str) -> str | None:
    return names.of(column, row[column]) if row[column] else None


def _product(row: RowMapping, names: Names) -> ProductChance:
    return ProductChance(
        product_id=row["product_id"],
        name=names.of("product_id", row["product_id"]),
        probability=row["probability"],
        low=row["low"],
        high=row["high"],
        amount=row["amount"],
        expected_value=row["expected_value"],
        regime=row["regime"],
        reliable=bool(row["reliable"]),
    )


def _places(
    connection: Connection, used: Table, row: RowMapping, seen: Sequence[ColumnElement[bool]]
) -> dict[str, Any]:
    """Where a lead stands among those that may be seen, as `LeadDetail` says it."""
    target, chance = row["target"], used.c.probability
    value = row["expected_value"]
    same = _count(connection, used, target, chance == row["probability"], *seen)
    return {
        "rank": _count(connection, used, target, chance > row["probability"], *seen) + 1,
        "ranked": _count(connection, used, target, *seen),
        "equals": same - 1,
        "rank_by_value": _rank_by_value(connection, used, target, value, seen),
    }


def _rank_by_value(
    connection: Connection,
    used: Table,
    target: str,
    value: float | None,
    seen: Sequence[ColumnElement[bool]],
) -> int | None:
    scoring = scoring_of(connection, target)
    if value is None or scoring is None or scoring["ranked_by"] != "value":
        return None
    return _count(connection, used, target, used.c.expected_value > value, *seen) + 1


def _count(
    connection: Connection, used: Table, target: str, *conditions: ColumnElement[bool]
) -> int:
    query = select(func.count()).select_from(used).where(used.c.target == target, *conditions)
    return int(connection.execute(query).scalar_one())


def _explanation(document: Mapping[str, Any]) -> Explanation | None:
    if not document:
        return None
    return Explanation(
        base=float(document["base"]),
        raises=reasons_of(document, "raises"),
        lowers=reasons_of(document, "lowers"),
        rest=float(document["rest"]),
        total=float(document["total"]),
    )


def _record(
    workspace: Workspace, table: str, found: Mapping[str, Any], names: Names
) -> list[RecordField]:
    """The newest record of a lead, or profile of a person; empty canonical columns are left out."""
    canonical = TABLES[table].names
    hidden = {_KEYS[table], *WRITTEN}
    labels = workspace.settings.labels
    return [
        RecordField(
            name,
            value,
            labels.field(name),
            labels.value(name, value) or names.known(name, value),
            labels.unit(name) if isinstance(value, float) else "",
        )
        for name, value in found.items()
        if name not in hidden and not (value is None and name in canonical)
    ]


def _newest(workspace: Workspace, table: str, identity: str) -> dict[str, Any]:
    """The newest row of a lead or person in the lake, {} when there is none.

    Asked of DuckDB directly and without parameters: a look-up must not wait for Arrow to load,
    nor for pandas, which DuckDB imports to bind a parameter.
    """
    if not workspace.lake.exists(table):
        return {}
    import duckdb

    with duckdb.connect() as connection, workspace.lake.attached(connection, table) as view:
        connection.execute("SET TimeZone = 'UTC'")
        where = f"WHERE {_KEYS[table]} = {literal(identity)} ORDER BY {ORDER} DESC LIMIT 1"
        found = connection.execute(f"SELECT * FROM {quoted(view)} {where}")  # noqa: S608  quoted
        names = [column[0] for column in found.description or ()]
        row = found.fetchone()
    if row is None:
        return {}
    utc = [value.astimezone(UTC) if isinstance(value, datetime) else value for value in row]
    return dict(zip(names, utc, strict=True))


def _no_such_product(lead_id: str, product: str, scored: list[str]) -> NotFoundError:
    named = [name for name in scored if name]
    if not named:
        message = f'"{lead_id}" is scored, but not by product: leave the product out.'
        return NotFoundError(message, reason="unknown_product")
    message = f'"{lead_id}" is not scored for a product "{product}".{nearest(product, named)}'
    return NotFoundError(f"{message} Likeliest: {', '.join(named[:3])}.", reason="unknown_product")


def is_scored(workspace: Workspace, lead_id: str) -> bool:
    """Whether a lead is on a list of scores, and so open."""
    with workspace.state.reading() as connection:
        for target in workspace.settings.targets:
            used = list_in_use(connection, scores, target.name)
            own = used.c.target == target.name, used.c.lead_id == lead_id
            if connection.execute(select(used.c.lead_id).where(*own).limit(1)).first():
                return True
    return False


def unknown_lead(workspace: Workspace, lead_id: str) -> NotFoundError:
    """What is said of a lead that neither the lake nor a list has, with ids near it."""
    target = workspace.settings.target().name
    with workspace.state.reading() as connection:
        return _not_found(workspace, connection, target, lead_id)


def _not_found(
    workspace: Workspace, connection: Connection, target: str, lead_id: str
) -> NotFoundError:
    """Why there is no score: nothing is scored, the lead is closed or new, or the id is wrong."""
    record = _newest(workspace, "leads", lead_id)
    if record.get("won") is not None:
        outcome = "won" if record["won"] else "lost"
        message = f'Lead "{lead_id}" is closed ({outcome}). Only open leads are scored.'
        return NotFoundError(message, reason="closed_lead")
    used = list_in_use(connection, scores, target)
    if not _count(connection, used, target):
        return require_scores(workspace, target)
    if record and _is_of_the_future(connection, target, record):
        day = f"{record['created_at']:%Y-%m-%d}"
        message = f'Lead "{lead_id}" is dated {day}, in the future: it is scored from that day on.'
        return NotFoundError(message, reason="not_scored")
    if record and _was_there(connection, target, record):
        message = (
            f'Lead "{lead_id}" has no outcome and counts as lost by its age: see lost_after_days '
            "under [tables.leads], or `umbrella report`. Only open leads are scored."
        )
        return NotFoundError(message, reason="closed_lead")
    if record:
        message = f'Lead "{lead_id}" is not scored yet. Run `umbrella run` to score new leads.'
        return NotFoundError(message, reason="not_scored")
    hint = nearest(lead_id, _neighbours(connection, used, target, lead_id))
    message = f'There is no scored lead "{lead_id}".{hint} `umbrella leads` shows the list.'
    return NotFoundError(message, reason="unknown_lead")


def _is_of_the_future(connection: Connection, target: str, record: Mapping[str, Any]) -> bool:
    """Whether a lead was in the lake when the list was made, and dated later than the list."""
    scoring, created = scoring_of(connection, target), record.get("created_at")
    if scoring is None or created is None:
        return False
    made = to_datetime(scoring["as_of"])
    return bool(record[INGESTED_AT] <= made < created)


def _was_there(connection: Connection, target: str, record: Mapping[str, Any]) -> bool:
    """Whether a dated lead was in the lake when the list was made, and yet is not on it."""
    scoring = scoring_of(connection, target)
    dated = record.get("created_at") is not None and INGESTED_AT in record
    return scoring is not None and dated and record[INGESTED_AT] <= to_datetime(scoring["as_of"])


def _neighbours(connection: Connection, used: Table, target: str, lead_id: str) -> list[str]:
    """Ids that may have been meant: those around it in order, and those that contain it."""
    own = used.c.target == target
    start = used.c.lead_id.startswith(lead_id[: max(1, len(lead_id) - 2)], autoescape=True)
    inside = used.c.search.contains(lead_id.lower(), autoescape=True)
    queries = (
        select(used.c.lead_id).where(own, used.c.lead_id >= lead_id).order_by(used.c.lead_id),
        select(used.c.lead_id).where(own, used.c.lead_id < lead_id).order_by(used.c.lead_id.desc()),
        select(used.c.lead_id).where(own, start),
        select(used.c.lead_id).where(own, inside),
    )
    return [
        found for query in queries for found in connection.execute(query.limit(25)).scalars().all()
    ]
