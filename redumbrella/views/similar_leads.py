# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Closed leads that are most like an open one, and how they ended.

In: a lead with the reasons of its score. Out: `SimilarLeads`, made on demand and kept nowhere.

Likeness is Gower's (1971, "A general coefficient of similarity and some of its properties",
Biometrics 27:857-871) over the fields that the reasons name, weighted by what each does to this
lead's own log-odds:

    likeness = sum over fields f of |contribution f| s_f / sum of |contribution f|

    s_f = 1 where two texts are the same, or both hold the word that the reason names, else 0
    s_f = 1 - |rank - rank'| / (n - 1) of numbers (Podani 1999, Taxon 48:331-340), whose tails would
          else decide; missing values are like missing values alone

What people did counts as it was at the same age: of a lead that is 9 days old, the past ones are
looked at as they stood after 9 days, and only those that were still open then, as far as there are
LEAST_OPEN of them. Counts are of the RECENT_DAYS before. It is not the distance in what the model
makes of both, which would take the variables of every closed lead; `covered` says how much of what
moves this lead's score the compared fields make up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redumbrella.clock import to_iso, to_microseconds
from redumbrella.columns import ORDER, TABLES
from redumbrella.errors import NotFoundError
from redumbrella.figures import counted, money, plain
from redumbrella.lake.identities import person_of_event
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.lake.versions import current_records
from redumbrella.settings.labels import PERSON, Labels
from redumbrella.state.history import scored_days
from redumbrella.views.explanation import Reason
from redumbrella.views.lead import lead_detail
from redumbrella.views.names import NAMED, Names, names_known
from redumbrella.views.timeline import code_in_words
from redumbrella.workspace import Workspace

MOST = 5
MOST_FIELDS = 12
LEAST_OPEN = 20
RECENT_DAYS = 30
ALIKE = 0.9  # from which likeness in one field on it is told as shared
_DAY = 86_400.0  # seconds
_AGE, _ANY, _LATEST, _OTHER = "age", "any", "latest", "other"  # see features.history
# Of each stream of facts: its table, the code of a fact {0}, and how a number of them is told.
_CODE = "{0}.kind || CASE WHEN {0}.outcome IS NULL THEN '' ELSE '/' || {0}.outcome END"
_STREAMS = {
    "events": ("events", "{0}.kind", "{} events", "events"),
    "pages": ("events", "{0}.page_category", "visits to {} pages", "page visits"),
    "looked_at": ("events", "{0}.product_id", "looks at {}", "looks at products"),
    "activities": ("activities", _CODE, "contacts: {}", "contacts"),
    "reps": ("activities", "{0}.rep_id", "contacts with {}", "contacts"),
    "discussed": ("activities", "{0}.product_id", "talks about {}", "talks about products"),
    "bought": ("purchases", "{0}.product_id", "purchases of {}", "purchases"),
}
# The column of ids that the kinds of a stream are.
_IDS = {
    **dict.fromkeys(("looked_at", "discussed", "bought"), "product_id"),
    "reps": "rep_id",
}


@dataclass(frozen=True)
class SimilarLead:
    """A closed lead. likeness: from 0 to 1. days: from its creation to its end. shares: in words,
    what it has in common, strongest first."""

    lead_id: str
    won: bool
    closed_at: datetime | None
    days: float | None
    amount: float | None
    likeness: float
    shares: tuple[str, ...]


@dataclass(frozen=True)
class SimilarLeads:
    """The closed leads that are most like one that is open, most first.

    among: how many were compared, of which `won` were won. fields: what they were compared by,
    strongest first. covered: the share that these are of all that moves the score. said: how past
    leads are seen.
    """

    leads: tuple[SimilarLead, ...]
    among: int
    won: int
    fields: tuple[str, ...]
    covered: float
    said: str


@dataclass(frozen=True)
class _Field:
    """One field to compare. number: its place among all. column: SQL of its value in leads (p) or
    people (o); empty where it is counted in facts. is_rank: compared by ranks. word: by whether the
    text holds it."""

    number: int
    name: str
    weight: float
    column: str
    is_rank: bool
    word: str = ""

    @property
    def stream(self) -> str:
        """The stream of facts in which it is counted, "" for a field of a record."""
        return "" if self.column else self.name.partition(".")[0]

    @property
    def code(self) -> str:
        """Of which kind of facts it is."""
        return self.name.partition(".")[2]

    @property
    def table(self) -> str:
        """The table of facts in which it is counted."""
        return _STREAMS[self.stream][0] if self.stream else ""


def similar_to(
    workspace: Workspace,
    lead_id: str,
    target: str | None = None,
    product: str | None = None,
    owners: tuple[str, ...] | None = None,
) -> SimilarLeads:
    """The closed leads most like a scored one, which takes a second or two.

    Comes in as for `views.lead.lead_detail`. Raises NotFoundError where the lead is not scored, and
    where nothing can be compared.
    """
    detail = lead_detail(workspace, lead_id, target, product, owners)
    why, found = detail.explanation, None
    if detail.about_leads and why is not None:
        with workspace.state.reading() as connection:
            days = scored_days(connection, detail.score["target"])
        # Of the facts that the score rests on, which may have ended before it was asked.
        last = max(days, key=lambda day: day["number"], default=None)
        as_of = to_microseconds(detail.score["as_of"]) if last is None else int(last["as_of"])
        found = similar_leads(workspace, lead_id, as_of, why.reasons, why.rest, owners)
    if found is None:
        message = f'No closed lead can be compared with "{lead_id}".'
        raise NotFoundError(message, reason="none_alike")
    return found


def similar_leads(
    workspace: Workspace,
    lead_id: str,
    as_of: int,
    reasons: Sequence[Reason],
    rest: float = 0.0,
    owners: tuple[str, ...] | None = None,
) -> SimilarLeads | None:
    """The closed leads most like this one at an instant (UTC microseconds); None where nothing can
    be compared.

    reasons, rest: those of its score. owners: whose leads may be told of, "" for those of nobody.
    """
    if not workspace.lake.exists("leads"):
        return None
    fields = _fields(workspace, reasons)
    rows = _nearest(workspace, lead_id, as_of, fields, owners) if fields else []
    if not rows:
        return None
    labels = workspace.settings.labels
    names = _names(workspace, rows, fields)
    total = sum(abs(reason.contribution) for reason in reasons) + abs(rest)
    told, said = sum(field.weight for field in fields), ""
    if rows[0]["age"] is None:
        said = "When this lead came is not known, so past ones are taken as they ended."
    else:
        told += sum(abs(one.contribution) for one in reasons if one.feature == _AGE)
        days = counted(max(1, round(rows[0]["age"] / _DAY)), "day")
        said = f"Past leads are taken as they stood when {days} old, as this one is; those closed "
        said += "by then are left out." if rows[0]["is_narrow"] else "by then as they ended."
    return SimilarLeads(
        leads=tuple(_lead(row, fields, names, labels) for row in rows),
        among=int(rows[0]["among"]),
        won=int(rows[0]["among_won"]),
        fields=tuple(_words(field, names, labels) for field in fields),
        covered=min(1.0, told / total) if total else 0.0,
        said=said,
    )


def _fields(workspace: Workspace, reasons: Sequence[Reason]) -> list[_Field]:
    """The fields that the reasons name and that the lake can tell of any lead."""
    found: list[_Field] = []
    for reason in sorted(reasons, key=lambda reason: -abs(reason.contribution)):
        field = _field(workspace.lake, reason, len(found))
        if field is not None and len(found) < MOST_FIELDS:
            found.append(field)
    return found


def _field(lake: Lake, reason: Reason, number: int) -> _Field | None:
    name, weight = reason.feature, abs(reason.contribution)
    table, alias = ("people", "o") if name.startswith(PERSON) else ("leads", "p")
    column = name.removeprefix(PERSON)
    if lake.exists(table) and column in lake.schema(table).names:
        kind = str(lake.schema(table).field(column).type)
        if kind.startswith("timestamp"):
            return None  # it tells when, not who
        is_rank = kind.startswith(("double", "float", "int"))
        word = str(reason.value) if not is_rank and _is_word(reason) else ""
        return _Field(number, name, weight, f"{alias}.{quoted(column)}", is_rank, word)
    stream, _, code = name.partition(".")
    if stream not in _STREAMS or not code or not lake.exists(_STREAMS[stream][0]):
        return None
    if code == _OTHER:  # pooled: which kinds these are is not told
        return None
    return _Field(number, name, weight, "", code != _LATEST)


def _is_word(reason: Reason) -> bool:
    """Whether a reason is about a word of a text, not about its whole."""
    return bool(reason.value) and f"“{reason.value}”" in reason.text


def _nearest(
    workspace: Workspace,
    lead_id: str,
    as_of: int,
    fields: Sequence[_Field],
    owners: tuple[str, ...] | None,
) -> list[dict[str, Any]]:
    import duckdb

    lake = workspace.lake
    tables = {"leads", "identities", *(field.table for field in fields if field.table)}
    if any(field.name.startswith(PERSON) for field in fields):
        tables.add("people")
    with ExitStack() as stack:
        connection = stack.enter_context(duckdb.connect())
        connection.execute("SET TimeZone = 'UTC'")
        for table in sorted(tables):
            if lake.exists(table):
                view = stack.enter_context(lake.attached(connection, table))
                connection.execute(f"CREATE VIEW {quoted(table)} AS SELECT * FROM {quoted(view)}")
        past = _past(workspace, lead_id, as_of, owners)
        found = connection.execute(_likest(lake, past, fields))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _past(workspace: Workspace, lead_id: str, as_of: int, owners: tuple[str, ...] | None) -> str:
    """SQL: the closed leads, and this one, each with the instant at which it is looked at.

    What is made here begins with _, so that no field of a source is hidden, such as age.
    """
    columns = workspace.lake.schema("leads").names

    def known(name: str, otherwise: str) -> str:
        return f"l.{quoted(name)}" if name in columns else otherwise

    created, closed = (known(name, "NULL::TIMESTAMPTZ") for name in ("created_at", "closed_at"))
    person, rep, won = known("person_id", "NULL"), known("rep_id", "NULL"), "l.won"
    now, own = f"TIMESTAMPTZ {literal(to_iso(as_of))}", f"l.lead_id = {literal(lead_id)}"
    if (days := workspace.settings.lost_after_days) is not None:
        lost = f"({created} + to_microseconds({round(days * 1e6 * _DAY)}))"
        closed = f"CASE WHEN l.won IS NULL THEN {lost} ELSE {closed} END"
        won = f"coalesce(l.won, CASE WHEN {lost} <= {now} THEN false END)"
    seen = ""
    if owners is not None:
        listed = ", ".join(map(literal, owners)) or "NULL"
        seen = f" AND coalesce({rep}, '') IN ({listed})"
    given = [name for name in ("won", "created_at", "closed_at") if name in columns]
    newest = current_records(TABLES["leads"], "*")
    return (
        f"every AS (SELECT l.* EXCLUDE ({', '.join(given)}), {won} AS won, {created} AS created_at,"
        f" {closed} AS closed_at, coalesce({person}, l.lead_id) AS _who, {own} AS _is_own, "
        f"max({now} - {created}) FILTER ({own}) OVER () AS _age FROM ({newest}) l "
        f"WHERE {own} OR (({won}) IS NOT NULL{seen})), "
        "aged AS (SELECT *, coalesce(closed_at > created_at + _age, false) AS _was_open, "
        f"count(*) FILTER (closed_at > created_at + _age) OVER () >= {LEAST_OPEN} AS _is_narrow, "
        f"CASE WHEN _is_own THEN {now} ELSE coalesce(least(created_at + _age, closed_at), "
        f"closed_at, {now}) END AS _moment FROM every), "
        "past AS MATERIALIZED (SELECT * FROM aged WHERE _is_own OR _was_open OR NOT _is_narrow)"
    )


def _likest(lake: Lake, past: str, fields: Sequence[_Field]) -> str:
    """SQL: the MOST leads likest to this one, with value v0 … and likeness s0 … in each field."""
    joins, values = [], []
    for table in sorted({field.table for field in fields if field.table}):
        own = [field for field in fields if field.table == table]
        joins.append(f"LEFT JOIN ({_seen(lake, own)}) {table}_seen USING (lead_id)")
    if any(field.name.startswith(PERSON) for field in fields):
        newest = f"row_number() OVER (PARTITION BY person_id ORDER BY {ORDER} DESC) = 1"
        joins.append(f"LEFT JOIN (SELECT * FROM people QUALIFY {newest}) o ON o.person_id = p._who")
    for field in fields:
        value = field.column or f"{field.table}_seen.v{field.number}"
        is_count = field.stream and field.is_rank
        values.append(f"{f'coalesce({value}, 0)' if is_count else value} AS v{field.number}")
    ranks = [
        f"percent_rank() OVER (ORDER BY v{field.number}) AS r{field.number}"
        for field in fields if field.is_rank
    ]  # fmt: skip
    alike = [f"{_alike(field)} AS s{field.number}" for field in fields]
    weighted = " + ".join(f"{field.weight!r} * s{field.number}" for field in fields)
    total = sum(field.weight for field in fields)
    amount = "p.amount" if "amount" in lake.schema("leads").names else "NULL::DOUBLE"
    return (
        f"WITH {past}, known AS (SELECT p.lead_id, p._is_own AS is_own, p.won, p.created_at, "
        f"p.closed_at, {amount} AS amount, epoch(p._age) AS age, p._is_narrow AS is_narrow, "
        f"{', '.join(values)} FROM past p "
        f"{' '.join(joins)}), ranked AS (SELECT {', '.join(['*', *ranks])} FROM known), "
        f"compared AS (SELECT k.*, {', '.join(alike)} FROM ranked k, "
        "(SELECT * FROM ranked WHERE is_own) m WHERE NOT k.is_own) "
        f"SELECT *, ({weighted}) / {total!r} AS likeness, count(*) OVER () AS among, "
        "count(*) FILTER (won) OVER () AS among_won FROM compared "
        f"ORDER BY likeness DESC, closed_at DESC NULLS LAST, lead_id LIMIT {MOST}"
    )


def _alike(field: _Field) -> str:
    """SQL: how alike a past lead (k) and this one (m) are in one field, from 0 to 1."""
    mine, its = f"m.v{field.number}", f"k.v{field.number}"
    if field.word:
        return (
            f"CASE WHEN contains(lower({its}), {literal(field.word.lower())}) THEN 1.0 ELSE 0.0 END"
        )
    if field.is_rank:
        apart = f"1.0 - abs(k.r{field.number} - m.r{field.number})"
        return (
            f"CASE WHEN {mine} IS NULL AND {its} IS NULL THEN 1.0 "
            f"WHEN {mine} IS NULL OR {its} IS NULL THEN 0.0 ELSE {apart} END"
        )
    return f"CASE WHEN {mine} IS NOT DISTINCT FROM {its} THEN 1.0 ELSE 0.0 END"


def _seen(lake: Lake, fields: Sequence[_Field]) -> str:
    """SQL: what was seen of each lead of `past` before its instant, in one table of facts."""
    recent, found = f"f.at >= p._moment - to_days({RECENT_DAYS})", []
    for field in fields:
        code = _STREAMS[field.stream][1].format("f")
        told = f"count(*) FILTER ({recent} AND {_is_of(field, 'f')})"
        if field.code == _LATEST:
            told = f"max_by({code}, (f.at, f._place)) FILTER ({_is_of(field, 'f')})"
        found.append(f"{told} AS v{field.number}")
    # Most facts are of other kinds: they are passed over before anybody asks whose they are.
    wanted = " OR ".join(f"({_is_of(field, 'e')})" for field in fields)
    facts = _facts(lake, fields[0].table, wanted)
    return (
        f"SELECT p.lead_id, {', '.join(found)} FROM past p JOIN ({facts}) f "
        "ON f._who = p._who AND f.at < p._moment GROUP BY 1"
    )


def _is_of(field: _Field, alias: str) -> str:
    """SQL: whether a fact is of the kind of a field."""
    code = _STREAMS[field.stream][1].format(alias)
    is_one = field.code not in (_ANY, _LATEST)
    return f"{code} = {literal(field.code)}" if is_one else f"{code} IS NOT NULL"


def _facts(lake: Lake, table: str, wanted: str) -> str:
    """SQL: the facts of a table that are wanted, each with whose it is."""
    who, join = "e.person_id", ""
    if table == "events":
        who, join = person_of_event(lake)
    elif table == "activities":
        who = "coalesce(e.person_id, l._who, e.lead_id)"
        join = "LEFT JOIN past l ON l.lead_id = e.lead_id"
    return (
        f"SELECT e.*, e.{ORDER} AS _place, {who} AS _who FROM {lake.facts(table)} e {join} "
        f"WHERE {wanted}"
    )


def _names(
    workspace: Workspace, rows: Sequence[Mapping[str, Any]], fields: Sequence[_Field]
) -> Names:
    """How the products, campaigns and reps in these rows and fields are called."""
    wanted: dict[str, set[str | None]] = {column: set() for column in NAMED}
    for field in fields:
        if (column := _id_column(field)) is not None:
            wanted[column] |= {row[f"v{field.number}"] for row in rows}
            wanted[column].add(field.code)
    return names_known(workspace, {
        column: {one for one in ids if isinstance(one, str)} for column, ids in wanted.items()
    })  # fmt: skip


def _id_column(field: _Field) -> str | None:
    """The column of ids that the values or the kinds of a field are of."""
    if field.stream:
        return _IDS.get(field.stream)
    return field.name if field.name in NAMED else None


def _words(field: _Field, names: Names, labels: Labels) -> str:
    """A field as it is told: "source", "visits to prices pages"."""
    if not field.stream:
        return labels.field(field.name)
    one, every = _STREAMS[field.stream][2:]
    if field.code == _ANY:
        return every
    if field.code == _LATEST:
        return f"the latest of {every}"
    column = _id_column(field)
    return one.format(
        names.of(column, field.code) if column else code_in_words(field.code.replace("/", ", "))
    )


def _lead(
    row: Mapping[str, Any], fields: Sequence[_Field], names: Names, labels: Labels
) -> SimilarLead:
    created, closed = row["created_at"], row["closed_at"]
    is_known = created is not None and closed is not None and closed >= created
    shares = [
        f"{_words(field, names, labels)}: {_value(field, row[f'v{field.number}'], names, labels)}"
        for field in fields
        if row[f"s{field.number}"] >= ALIKE
    ]
    return SimilarLead(
        lead_id=row["lead_id"],
        won=bool(row["won"]),
        closed_at=None if closed is None else closed.astimezone(UTC),
        days=(closed - created).total_seconds() / _DAY if is_known else None,
        amount=row["amount"],
        likeness=float(row["likeness"]),
        shares=tuple(shares),
    )


def _value(field: _Field, value: Any, names: Names, labels: Labels) -> str:
    if field.word:
        return f"“{field.word}”"
    if field.stream and field.is_rank:
        return f"{value:,}" if value else "none"
    column = _id_column(field)
    if value is None or column is not None:
        return "not known" if value is None else names.of(str(column), str(value))
    said = code_in_words(value) if field.stream else labels.value(field.name, value)
    if said is None and field.name == "amount":
        said = money(value, labels.currency)
    unit = labels.unit(field.name) if isinstance(value, float) else ""
    return said or f"{plain(value)} {unit}".rstrip()
