"""A first idea of what a file holds: which table, which column is what.

A file comes in; a `TableGuess` goes out, every choice with the reason for it. A guess rests on
values (unique, two-valued, times, numbers) and on names only to choose among columns whose values
fit. Nothing here is used unless a person leaves it in umbrella.toml.
"""

# ruff: noqa: S608  names and texts in SQL go through lake.quoting

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from redumbrella.columns import TABLES
from redumbrella.errors import DataError
from redumbrella.settings import ColumnSource
from redumbrella.sources.files import FileInput, find_files, read_file
from redumbrella.sources.inference import ColumnRead, read_columns
from redumbrella.sources.mapping import Mapping
from redumbrella.sources.staging import Staging, staging_connection
from redumbrella.sources.values import FALSE, TRUE, sample_readings

_ROWS = 200_000
_ANY_TIMEZONE = "UTC"

# Words of names, in the order of how much they say. A name is split at anything but letters.
_TABLE_WORDS = {
    "events": ("event", "events", "clicks", "pageviews", "visits", "track"),
    "activities": ("activity", "activities", "calls", "meetings", "emails", "interactions"),
    "purchases": ("purchase", "purchases", "orders", "invoices", "sales", "transactions", "retail"),
    "people": ("people", "persons", "contacts", "customers", "users"),
    "accounts": ("accounts", "companies", "organisations", "organizations"),
    "products": ("products", "catalogue", "catalog", "items"),
    "campaigns": ("campaigns",),
    "spend": ("spend", "costs"),
    "reps": ("reps", "agents", "salespeople"),
    "feedback": ("feedback", "ratings"),
    "treatments": ("treatments", "experiment"),
    "identities": ("identities", "aliases"),
}
_ID_WORDS = ("lead", "id", "number", "no", "nr", "key", "code", "uuid", "guid", "ref", "name")
_OUTCOME_WORDS = (
    *("won", "converted", "conversion", "outcome", "y", "target", "label", "subscribed"),
    *("success", "result", "response", "purchased", "bought", "deal", "accepted", "status"),
    *("stage", "state", "closed", "ergebnis", "resultat", "resultado", "risultato", "resultaat"),
)
# Letters with accents end a word: "gagné" is read as "gagn".
_WON_WORDS = {"won", "converted", "success", "successful", "good", "accepted", "approved", "sold",
              "purchased", "subscribed", "bought", "signed", "qualified", "gewonnen", "gagn",
              "ganado", "ganada", "ganho", "ganha", "vinto", "vinta"}  # fmt: skip
_LOST_WORDS = {"lost", "junk", "bad", "rejected", "declined", "cancelled", "canceled", "failed",
               "disqualified", "unqualified", "refused", "dead", "verloren", "perdu", "perdue",
               "perdido", "perdida", "perso", "persa"}  # fmt: skip
_LEAK_WORDS = {"duration", "closed", "close", "closing", "status", "stage", "reason", "lost", "won",
               "result", "outcome", "converted", "conversion", "invoice", "contract", "last",
               "spend", "revenue"}  # fmt: skip
# Canonical column -> names that mean it, as words.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "person_id": ("person", "customer", "contact", "client", "user", "visitor", "member"),
    "lead_id": ("lead", "case"),
    "account_id": ("account", "company", "organisation", "organization"),
    "product_id": ("product", "stockcode", "sku", "item"),
    "campaign_id": ("campaign",),
    "rep_id": ("rep", "owner", "agent", "salesperson", "seller"),
    "anonymous_id": ("anonymous", "cookie", "visitor"),
    "source": ("source", "channel", "origin"),
    "kind": ("kind", "event", "activity", "action", "type"),
    "at": ("at", "timestamp", "time", "date", "datetime", "invoicedate", "when"),
    "created_at": ("created", "create", "registered", "reg", "received", "opened", "start", "date"),
    "closed_at": ("closed", "close", "converted", "ended", "end"),
    "known_at": ("known", "updated", "modified"),
    "date": ("date", "day"),
    "amount": ("amount", "total", "revenue", "value", "price", "dollars", "sum"),
    "cost": ("cost", "spend"),
    "rating": ("rating", "score", "fit"),
    "quantity": ("quantity", "qty"),
    "arm": ("arm", "segment", "group", "variant"),
    "name": ("name", "title"),
}
# Such a name means it only on its own: the origin of a lead, but not "hispanic origin".
_ALONE = {"origin"}


@dataclass(frozen=True)
class Choice:
    """One mapping proposed: the canonical column, where from, why; `other` names alternatives."""

    name: str
    origin: ColumnSource | None
    why: str
    other: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableGuess:
    """What a file seems to hold.

    `ignore` are columns proposed to be left out with the reason, `leaks` names that sound as if
    they were only known after the outcome.
    """

    file: FileInput
    table: str
    why: str
    rows: int
    choices: tuple[Choice, ...]
    ignore: dict[str, str]
    leaks: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Seen:
    """A column with what its values show."""

    read: ColumnRead
    distinct: int
    rows: int
    values: tuple[tuple[str, int], ...]  # the most frequent ones, when there are few
    is_time: bool
    style: str

    @property
    def name(self) -> str:
        return self.read.column

    @property
    def is_unique(self) -> bool:
        return self.read.present == self.rows == self.distinct and self.rows > 1


def guess_file(path: str, root: Path) -> TableGuess:
    """Looks at a file and proposes a mapping. Raises DataError when it cannot be read."""
    files, problems = find_files([path], root)
    if problems:
        raise DataError(" ".join(problems), reason="missing_file")
    file = files[0]
    with staging_connection(_ANY_TIMEZONE) as connection:
        staging = Staging(connection, "raw_guess")
        staging.create()
        records = read_file(file, None)
        for chunk in records.chunks:
            staging.add(0, chunk)
            if staging.count() >= _ROWS:
                break
        if not staging.count():
            message = f"{file.name} has no rows. Expected a line of names and then data."
            raise DataError(message, reason="no_rows")
        columns = _look(staging)
    table, why = _table(file, columns)
    rows = columns[0].rows
    if table == "leads":
        choices, ignore, leaks = _leads(columns)
    else:
        choices, ignore, leaks = _others(table, columns), {}, []
    return TableGuess(file, table, why, rows, tuple(choices), ignore, tuple(leaks), records.notes)


def words(name: str) -> tuple[str, ...]:
    """A column name as lower-case words: "LeadNumber_ID" -> lead, number, id."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return tuple(re.findall(r"[a-z]+", spaced.lower()))


def _look(staging: Staging) -> list[_Seen]:
    """Types, distinct values and frequent values of every column."""
    fields = {name: name for name in staging.columns}
    reads, _ = read_columns(staging, Mapping({}, fields, (), ()), "leads", _ANY_TIMEZONE, {})
    distinct = ", ".join(f"count(DISTINCT {read.here})" for read in reads)
    counts = staging.one(f"SELECT {distinct} FROM {staging.name}")
    rows = staging.count()
    samples = staging.samples([r.column for r in reads if r.here not in staging.instants], 1_000)
    seen = []
    for read, count in zip(reads, counts, strict=True):
        values: list[tuple[str, int]] = []
        if count <= 12:
            values = staging.connection.execute(
                f"SELECT {read.here}::VARCHAR, count(*) FROM {staging.name} "
                f"WHERE {read.here} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
            ).fetchall()
        times = [
            one
            for one in sample_readings(samples.get(read.column, []), compact_times=True)
            if one.type == "time"
        ]
        style = read.reading.style if read.type == "time" else times[0].style if times else ""
        seen.append(_Seen(read, count, rows, tuple(values), bool(style), style))
    return seen


def _table(file: FileInput, columns: Sequence[_Seen]) -> tuple[str, str]:
    """The table a file holds: by its own name, else by its columns, else leads."""
    stem = words(file.path.name.split(".")[0])
    # A list of customers in which an outcome is still open for some is a list of leads.
    told = next((column for column in columns if _is_told_for_some(column)), None)
    for name, names in _TABLE_WORDS.items():
        if name == "people" and told is not None:
            continue
        if set(names) & set(stem):
            return name, f'the file name says "{file.path.name}"'
    canonical = {column.name.casefold() for column in columns}
    for name, table in TABLES.items():
        needed = {column.name for column in table.columns if column.required}
        if name != "leads" and len(needed) > 1 and needed <= canonical:
            return name, f"it has the columns {', '.join(sorted(needed))}"
    if told is not None:
        return "leads", f'"{told.name}" says yes or no for some rows and nothing for the others'
    return "leads", "nothing says otherwise"


def _leads(columns: Sequence[_Seen]) -> tuple[list[Choice], dict[str, str], list[str]]:
    lead_id = _lead_id(columns)
    outcome = _outcome([column for column in columns if not _is(lead_id, column)])
    rest = [c for c in columns if not _is(lead_id, c) and not _is(outcome, c)]
    created = _time("created_at", rest)
    closed = _time("closed_at", [c for c in rest if not _is(created, c)])
    times = [choice for choice in (created, closed) if choice is not None]
    rest = [c for c in rest if not any(_is(choice, c) for choice in times)]
    more = []
    for name in ("person_id", "product_id", "campaign_id", "source", "rep_id", "amount"):
        choice = _synonym(name, rest, _fits_kind(name, "leads"))
        if choice is not None:
            more.append(choice)
            rest = [column for column in rest if not _is(choice, column)]
    ignore = {
        column.name: "every value is different: a second id, or free text"
        for column in rest
        if column.is_unique and column.read.type in {"text", "number"} and not column.is_time
        and set(words(column.name)) & set(_ID_WORDS)
    }  # fmt: skip
    leaks = [c.name for c in rest if set(words(c.name)) & _LEAK_WORDS and c.name not in ignore]
    choices = [lead_id, outcome, *times, *more]
    if created is None:
        choices.insert(2, Choice("created_at", None, "no column holds times: the order of the rows "
                                 "counts as time", ()))  # fmt: skip
    return choices, ignore, leaks


def _is(choice: Choice | None, column: _Seen) -> bool:
    origin = choice.origin if choice is not None else None
    return origin is not None and origin.column == column.name


def _lead_id(columns: Sequence[_Seen]) -> Choice:
    def rank(column: _Seen) -> int:
        found = [_ID_WORDS.index(word) for word in words(column.name) if word in _ID_WORDS]
        return min(found, default=len(_ID_WORDS))

    unique = [column for column in columns if column.is_unique and not column.is_time]
    named = sorted((column for column in unique if rank(column) < len(_ID_WORDS)), key=rank)
    if not named:
        why = "no column has an id of its own in every row: the number of the row serves as id"
        return Choice("lead_id", ColumnSource(row=True), why, tuple(c.name for c in unique))
    others = tuple(column.name for column in named[1:])
    return Choice("lead_id", ColumnSource(named[0].name), "different in every row", others)


def _outcome(columns: Sequence[_Seen]) -> Choice:
    """The column with the outcome: two-valued ones first, then stages that say won and lost."""

    def rank(column: _Seen) -> tuple[int, int]:
        found = [_OUTCOME_WORDS.index(w) for w in words(column.name) if w in _OUTCOME_WORDS]
        # Tables for learning often keep the outcome in the last column.
        return min(found, default=len(_OUTCOME_WORDS)), -columns.index(column)

    two = sorted((column for column in columns if len(column.values) == 2), key=rank)
    named = [c for c in two if rank(c)[0] < len(_OUTCOME_WORDS)]
    named += [c for c in two if c not in named and _tells_won_from_lost(c)]
    last = [column for column in two if column is columns[-1] and _is_plain(column)]
    for column in (*named, *(c for c in two if _is_told_for_some(c)), *last):
        others = tuple(other.name for other in two if other is not column)[:5]
        return Choice("won", _two_values(column), _explained(column), others)
    for column in sorted(columns, key=rank):
        won = [text for text, _ in column.values if set(words(text)) & _WON_WORDS]
        lost = [text for text, _ in column.values if set(words(text)) & _LOST_WORDS]
        if won and lost and not set(won) & set(lost):
            origin = ColumnSource(column.name, won=tuple(won), lost=tuple(lost))
            return Choice("won", origin, f"{_explained(column)}; other values mean: still open")
    why = "no column with two values looks like an outcome. Without it nothing can be learned"
    return Choice("won", None, why, tuple(column.name for column in two))


def _tells_won_from_lost(column: _Seen) -> bool:
    """One of the two values has a word for won, the other a word for lost."""
    said = [set(words(text)) for text, _ in column.values]
    return any(a & _WON_WORDS and b & _LOST_WORDS for a, b in (said, said[::-1]))


def _is_told_for_some(column: _Seen) -> bool:
    """Yes or no for some rows, empty for others: so looks an outcome while leads are open."""
    return len(column.values) == 2 and _is_plain(column) and 0 < column.read.present < column.rows


def _is_plain(column: _Seen) -> bool:
    return {text.lower() for text, _ in column.values} <= set(TRUE + FALSE)


def _two_values(column: _Seen) -> ColumnSource:
    if _is_plain(column):
        return ColumnSource(column.name)
    (first, _), (second, _) = column.values  # the more frequent one stands first
    says_won = set(words(first)) & _WON_WORDS or set(words(second)) & _LOST_WORDS
    won, lost = (first, second) if says_won else (second, first)
    return ColumnSource(column.name, won=(won,), lost=(lost,))


def _explained(column: _Seen) -> str:
    listed = ", ".join(f'"{text}" {count:,} times' for text, count in column.values[:6])
    empty = column.rows - column.read.present
    tail = f", empty {empty:,} times (still open)" if empty else ", never empty: no open leads"
    return listed + tail


def _time(name: str, columns: Sequence[_Seen]) -> Choice | None:
    """The column of times whose name fits best; for created_at any that is not an end."""
    times = [column for column in columns if column.is_time]
    names = _SYNONYMS[name]
    fitting = sorted(
        (column for column in times if set(words(column.name)) & set(names)),
        key=lambda column: min(names.index(w) for w in words(column.name) if w in names),
    )
    if not fitting and name == "created_at":
        ends = set(_SYNONYMS["closed_at"]) | {"last", "updated", "modified", "birth", "due"}
        fitting = [column for column in times if not set(words(column.name)) & ends]
    if not fitting:
        return None
    others = tuple(column.name for column in times if column is not fitting[0])
    return Choice(name, _time_origin(fitting[0]), _time_why(fitting[0]), others)


def _time_origin(column: _Seen) -> ColumnSource:
    is_plain = column.style in {"iso", "typed", "unix seconds", "unix ms"}
    return ColumnSource(column.name, None if is_plain else column.style)


def _time_why(column: _Seen) -> str:
    notes = [note for note in column.read.notes if note.startswith("times that fit")]
    if notes:
        return f"{notes[0]}; if day and month are swapped, change the format"
    return {"iso": "ISO 8601 times", "typed": "times", "": "times"}.get(
        column.style, f"times of the form {column.style}"
    )


def _fits_kind(name: str, table: str) -> Callable[[_Seen], bool]:
    column = TABLES[table].column(name)
    assert column is not None
    kind = column.kind
    if kind == "number":
        return lambda seen: seen.read.type == "number"
    if kind == "time":
        return lambda seen: seen.is_time
    if table == "leads" and name == "person_id":  # "contact: telephone or cellular" is none
        return lambda seen: not seen.is_time and 2 * seen.distinct > seen.rows
    if table == "leads" and kind == "id":  # "campaign: 3" is a count, "campaign id: 3" is not
        return lambda seen: seen.read.type == "text" or "id" in words(seen.name)
    return lambda seen: not seen.is_time and seen.read.type != "flag"


def _synonym(name: str, columns: Iterable[_Seen], fits: Callable[[_Seen], bool]) -> Choice | None:
    """A column whose name means the canonical one and whose values fit it."""
    names = _SYNONYMS.get(name, ())
    plain = {name, name.removesuffix("_id")}
    found = []
    for column in columns:
        parts = [word for word in words(column.name) if word not in {"id", "lead", "name", "code"}]
        joined = "".join(words(column.name))
        ends = parts[-1:] if not _ALONE.intersection(parts) else parts
        is_named = (
            column.name.casefold() in plain or joined in names or ends in [[n] for n in names]
        )
        if is_named and fits(column):
            found.append(column)
    if not found:
        return None
    chosen = found[0]
    origin = _time_origin(chosen) if chosen.is_time else ColumnSource(chosen.name)
    why = _time_why(chosen) if chosen.is_time else "by its name"
    return Choice(name, origin, why, tuple(column.name for column in found[1:]))


def _others(table: str, columns: Sequence[_Seen]) -> list[Choice]:
    """Choices for a table other than leads; required columns without a guess stay open."""
    rest = list(columns)
    choices = []
    for column in TABLES[table].columns:
        exact = [seen for seen in rest if seen.name.casefold() == column.name]
        fits = _fits_kind(column.name, table)
        choice = _synonym(column.name, exact or rest, fits)
        if choice is None and exact:
            choice = Choice(column.name, ColumnSource(exact[0].name), "by its name")
        needed = column.required or column.name in TABLES[table].one_of[:1]
        if choice is None and needed:
            others = tuple(seen.name for seen in rest if fits(seen))[:8]
            choice = Choice(column.name, None, "required, and no column looks like it", others)
        if choice is not None:
            choices.append(choice)
            rest = [seen for seen in rest if not _is(choice, seen)]
    return choices
