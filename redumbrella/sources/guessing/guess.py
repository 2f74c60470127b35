"""A first idea of what a file holds: which table, which column is what.

A file comes in; a `TableGuess` goes out, every choice with the reason for it. A guess rests on
values (unique, two-valued, times, numbers) and on names only to choose among columns whose values
fit. Nothing here is used unless a person leaves it in umbrella.toml.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from redumbrella.columns import TABLES
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.files import FileInput
from redumbrella.sources.guessing.looking import FileLook, Seen, look_at
from redumbrella.sources.guessing.vocabulary import (
    ALONE,
    CONTACT_WORDS,
    END_WORDS,
    FILLING,
    FIRST_VAGUE,
    ID_WORDS,
    LEAK_WORDS,
    LOST_WORDS,
    OUTCOME_WORDS,
    PAST_WORDS,
    SYNONYMS,
    TABLE_WORDS,
    WON_WORDS,
    words,
)
from redumbrella.sources.instants import ORDERS
from redumbrella.sources.values import FALSE, TRUE

# Share of the ids of the shorter of two columns that the other must have, where both mean the same.
LEAST_SHARED = 0.5
LEAST_SHARED_NUMBERS = 0.9  # every table counts its rows from 1


@dataclass(frozen=True)
class Choice:
    """One mapping proposed: the canonical column, where from, why; `other` names alternatives.

    known: how many rows have an outcome, where it is one.
    """

    name: str
    origin: ColumnSource | None
    why: str
    other: tuple[str, ...] = ()
    known: int = 0


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
class _Kin:
    """What a file has to do with the others that are looked at.

    shared: column -> names of the files in which the same ids stand. leads: whether another file
    has an outcome, so that it holds the leads.
    """

    shared: Mapping[str, tuple[str, ...]]
    leads: bool

    def of(self, column: Seen) -> tuple[str, ...]:
        """Names of the other files with the same ids."""
        return self.shared.get(column.name, ())


def guess_files(paths: Sequence[str], root: Path) -> list[TableGuess]:
    """Looks at files and proposes a mapping for each; ids that files share tell who is who.

    Raises DataError when a file cannot be read.
    """
    looks = [look_at(path, root) for path in paths]
    return [_guess(look, _kin(look, looks)) for look in looks]


def _guess(look: FileLook, kin: _Kin) -> TableGuess:
    table, why = _table(look, kin)
    if table == "leads":
        choices, ignore, leaks = _leads(look.columns, kin)
    else:
        choices, ignore, leaks = _others(table, look.columns, kin), {}, []
    return TableGuess(
        look.file, table, why, look.rows, tuple(choices), ignore, tuple(leaks), look.notes
    )


def _kin(look: FileLook, looks: Sequence[FileLook]) -> _Kin:
    """Columns whose ids stand in another file too, where at least one side is a key."""
    shared: dict[str, tuple[str, ...]] = {}
    for column in look.columns:
        files = [
            other.file.path.name
            for other in looks
            if other is not look and any(_are_the_same(column, theirs) for theirs in other.columns)
        ]
        if files:
            shared[column.name] = tuple(files)
    outcomes = [_outcome(other.columns).origin for other in looks if other is not look]
    return _Kin(shared, any(outcome is not None for outcome in outcomes))


def _are_the_same(one: Seen, other: Seen) -> bool:
    if not one.ids or not other.ids or not (one.is_unique or other.is_unique):
        return False
    least = LEAST_SHARED
    if "number" in {one.read.type, other.read.type}:
        least = LEAST_SHARED_NUMBERS
        if one.is_unique and other.is_unique and one.name.casefold() != other.name.casefold():
            return False
    return len(one.ids & other.ids) >= least * min(len(one.ids), len(other.ids))


def _who(columns: Sequence[Seen], kin: _Kin) -> Seen | None:
    """The column with ids that other files have too; one in which they return comes first."""
    linked = sorted((c for c in columns if kin.of(c)), key=lambda column: column.is_unique)
    return linked[0] if linked else None


def _table(look: FileLook, kin: _Kin) -> tuple[str, str]:
    """The table a file holds: by its own name, else by its columns and values, else leads."""
    columns, path = look.columns, look.file.path
    stem = words(path.name.split(".")[0])
    # A list of customers in which an outcome is still open for some is a list of leads, and so is
    # one of calls that stands alone and says won or lost.
    open_yet = [column for column in columns if _is_told_for_some(column)]
    sold = [column for column in open_yet if _tells_won_from_lost(column)]
    told = next(iter(sold + open_yet), None)
    if sold and not kin.shared and _lead_id(columns).origin != ColumnSource(row=True):
        return (
            "leads",
            f'"{sold[0].name}" says won or lost for some rows and nothing for the others',
        )
    for name, names in TABLE_WORDS.items():
        if name == "people" and told is not None:
            continue
        if set(names) & set(stem):
            return name, f'the file name says "{path.name}"'
    canonical = {column.name.casefold() for column in columns}
    for name, table in TABLES.items():
        needed = {column.name for column in table.columns if column.required}
        if name != "leads" and len(needed) > 1 and needed <= canonical:
            return name, f"it has the columns {', '.join(sorted(needed))}"
    if told is not None:
        return "leads", f'"{told.name}" says yes or no for some rows and nothing for the others'
    outcome = _outcome(columns)
    if outcome.origin is not None:
        return "leads", f'"{outcome.origin.column}" looks like an outcome'
    return _by_values(columns, kin) or ("leads", "nothing says otherwise")


def _by_values(columns: Sequence[Seen], kin: _Kin) -> tuple[str, str] | None:
    """What the values of a file without an outcome look like: facts about people, or people."""
    who = _who(columns, kin)
    if who is not None and who.is_unique and kin.leads:
        return "people", f'every row has a "{who.name}" of its own, which others speak of'
    named = _named("person_id", columns, lambda seen: not seen.is_time)
    who = who or (named[0] if named else None)
    at = next((column for column in columns if column.is_time), None)
    if who is None or who.is_unique or at is None:
        return None
    facts = f'"{who.name}" comes again and again, each time with "{at.name}"'
    kinds = _named("kind", columns, _fits_kind("kind", "events"))
    amounts = _named("amount", columns, _fits_kind("amount", "purchases"))
    if kinds:
        is_contact = any(set(words(text)) <= CONTACT_WORDS for text, _ in kinds[0].values)
        return "activities" if is_contact else "events", f'{facts} and "{kinds[0].name}"'
    return ("purchases", f'{facts} and "{amounts[0].name}"') if amounts else None


def _leads(columns: Sequence[Seen], kin: _Kin) -> tuple[list[Choice], dict[str, str], list[str]]:
    lead_id = _lead_id(columns)
    outcome = _outcome([column for column in columns if not _is(lead_id, column)])
    rest = [c for c in columns if not _is(lead_id, c) and not _is(outcome, c)]
    created = _time("created_at", rest)
    later = [c for c in rest if not _is(created, c)]
    closed = _filled_with(outcome, later) or _time("closed_at", later)
    times = [choice for choice in (created, closed) if choice is not None]
    rest = [c for c in rest if not any(_is(choice, c) for choice in times)]
    more = []
    wanted = ["person_id", "product_id", "campaign_id", "source", "rep_id", "amount"]
    person = _who(rest, kin)
    if person is not None:
        more.append(_same_ids("person_id", person, kin))
        rest = [column for column in rest if column is not person]
        wanted.remove("person_id")
    for name in wanted:
        choice = _synonym(name, rest, _fits_kind(name, "leads"))
        if choice is not None:
            more.append(choice)
            rest = [column for column in rest if not _is(choice, column)]
    ignore = {
        column.name: "every value is different: a second id, or free text"
        for column in rest
        if column.is_unique and column.read.type in {"text", "number"} and not column.is_time
        and set(words(column.name)) & set(ID_WORDS)
    }  # fmt: skip
    leaks = [c.name for c in rest if set(words(c.name)) & LEAK_WORDS and c.name not in ignore]
    choices = [lead_id, outcome, *times, *more]
    if created is None:
        choices.insert(2, Choice("created_at", None, "no column holds times: the order of the rows "
                                 "counts as time", ()))  # fmt: skip
    return choices, ignore, leaks


def _same_ids(name: str, column: Seen, kin: _Kin) -> Choice:
    why = f"the same ids stand in {', '.join(kin.of(column))}"
    return Choice(name, ColumnSource(column.name), why)


def _filled_with(outcome: Choice, columns: Sequence[Seen]) -> Choice | None:
    """A time that as many rows have as have an outcome, while others have neither."""
    for column in columns:
        if column.is_time and column.read.present == outcome.known and outcome.known < column.rows:
            why = f"{_time_why(column)}; filled for as many rows as have an outcome"
            return Choice("closed_at", _time_origin(column), why)
    return None


def _is(choice: Choice | None, column: Seen) -> bool:
    origin = choice.origin if choice is not None else None
    return origin is not None and origin.column == column.name


def _lead_id(columns: Sequence[Seen]) -> Choice:
    def rank(column: Seen) -> int:
        found = [ID_WORDS.index(word) for word in words(column.name) if word in ID_WORDS]
        return min(found, default=len(ID_WORDS))

    unique = [column for column in columns if column.is_unique and not column.is_time]
    named = sorted((column for column in unique if rank(column) < len(ID_WORDS)), key=rank)
    if not named:
        why = "no column has an id of its own in every row: the number of the row serves as id"
        return Choice("lead_id", ColumnSource(row=True), why, tuple(c.name for c in unique))
    others = tuple(column.name for column in named[1:])
    return Choice("lead_id", ColumnSource(named[0].name), "different in every row", others)


def _outcome(columns: Sequence[Seen]) -> Choice:
    """The column with the outcome: two-valued ones first, then stages that say won and lost."""

    def rank(column: Seen) -> tuple[int, int]:
        said = words(column.name)
        found = [OUTCOME_WORDS.index(w) for w in said if w in OUTCOME_WORDS]
        is_past = not PAST_WORDS.isdisjoint(said)
        # Tables for learning often keep the outcome in the last column.
        place = len(OUTCOME_WORDS) if is_past else min(found, default=len(OUTCOME_WORDS))
        return place, -columns.index(column)

    two = sorted((column for column in columns if len(column.values) == 2), key=rank)
    named = [c for c in two if rank(c)[0] < len(OUTCOME_WORDS)]
    named += [c for c in two if c not in named and _tells_won_from_lost(c)]
    last = [column for column in two if column is columns[-1] and _is_plain(column)]
    for column in (*named, *(c for c in two if _is_told_for_some(c)), *last):
        others = tuple(other.name for other in two if other is not column)[:5]
        return Choice("won", _two_values(column), _explained(column), others, column.read.present)
    for column in sorted(columns, key=rank):
        won = [text for text, _ in column.values if set(words(text)) & WON_WORDS]
        lost = [text for text, _ in column.values if set(words(text)) & LOST_WORDS]
        if won and lost and not set(won) & set(lost):
            origin = ColumnSource(column.name, won=tuple(won), lost=tuple(lost))
            known = sum(number for text, number in column.values if text in {*won, *lost})
            why = f"{_listed(column)}; whatever is neither won nor lost is still open"
            return Choice("won", origin, why, (), known)
    why = "no column with two values looks like an outcome. Without it nothing can be learned"
    return Choice("won", None, why, tuple(column.name for column in two))


def _tells_won_from_lost(column: Seen) -> bool:
    """One of the two values has a word for won, the other a word for lost."""
    said = [set(words(text)) for text, _ in column.values]
    return any(a & WON_WORDS and b & LOST_WORDS for a, b in (said, said[::-1]))


def _is_told_for_some(column: Seen) -> bool:
    """Yes or no for some rows, empty for others: so looks an outcome while leads are open."""
    return len(column.values) == 2 and _is_plain(column) and 0 < column.read.present < column.rows


def _is_plain(column: Seen) -> bool:
    return {text.lower() for text, _ in column.values} <= set(TRUE + FALSE)


def _two_values(column: Seen) -> ColumnSource:
    if _is_plain(column):
        return ColumnSource(column.name)
    (first, _), (second, _) = column.values  # the more frequent one stands first
    says_won = set(words(first)) & WON_WORDS or set(words(second)) & LOST_WORDS
    won, lost = (first, second) if says_won else (second, first)
    return ColumnSource(column.name, won=(won,), lost=(lost,))


def _explained(column: Seen) -> str:
    empty = column.rows - column.read.present
    tail = f", empty {empty:,} times (still open)" if empty else ", never empty: no open leads"
    return _listed(column) + tail


def _listed(column: Seen) -> str:
    return ", ".join(f'"{text}" {count:,} times' for text, count in column.values[:6])


def _time(name: str, columns: Sequence[Seen]) -> Choice | None:
    """The column of times whose name fits best.

    For created_at any that is not an end will do, and one in the order of the file is better than
    one with a name that any time may have.
    """
    times = [column for column in columns if column.is_time]
    names = SYNONYMS[name]

    def rank(column: Seen) -> int:
        return min((names.index(w) for w in words(column.name) if w in names), default=len(names))

    fitting = sorted((column for column in times if rank(column) < len(names)), key=rank)
    why = ""
    if name == "created_at":
        plain = [column for column in times if not set(words(column.name)) & END_WORDS]
        sure = [column for column in fitting if rank(column) < names.index(FIRST_VAGUE)]
        ordered = sorted((column for column in plain if column.in_order), key=rank)
        why = "" if sure or not ordered else ", in the order of the file"
        fitting = [*sure, *ordered, *fitting, *plain]
    if not fitting:
        return None
    others = tuple(column.name for column in times if column is not fitting[0])
    return Choice(name, _time_origin(fitting[0]), _time_why(fitting[0]) + why, others)


def _time_origin(column: Seen) -> ColumnSource:
    # Only the order of day and month is written down: a later file may not show it.
    return ColumnSource(column.name, column.style if column.style in ORDERS else None)


def _time_why(column: Seen) -> str:
    notes = [note for note in column.read.notes if note.startswith("times that fit")]
    if notes:
        return f"{notes[0]}; if day and month are swapped, change the format"
    return {"iso": "ISO 8601 times", "typed": "times", "": "times"}.get(
        column.style, f"times of the form {column.style}"
    )


def _fits_kind(name: str, table: str) -> Callable[[Seen], bool]:
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


def _named(name: str, columns: Iterable[Seen], fits: Callable[[Seen], bool]) -> list[Seen]:
    """Columns whose name means the canonical one and whose values fit it."""
    names = SYNONYMS.get(name, ())
    plain = {name, name.removesuffix("_id")}
    found = []
    for column in columns:
        parts = [word for word in words(column.name) if word not in FILLING]
        joined = "".join(words(column.name))
        ends = parts[-1:] if not ALONE.intersection(parts) else parts
        is_meant = joined in names or ends in [[n] for n in names]
        if (column.name.casefold() in plain or is_meant) and fits(column):
            found.append(column)
    return found


def _synonym(name: str, columns: Iterable[Seen], fits: Callable[[Seen], bool]) -> Choice | None:
    """The first column that is named like the canonical one."""
    found = _named(name, columns, fits)
    if not found:
        return None
    chosen = found[0]
    if chosen.is_time:
        origin, why = _time_origin(chosen), _time_why(chosen)
    else:
        unit = "; it has to be in seconds" if name == "duration_s" else ""
        origin, why = ColumnSource(chosen.name), f"by its name{unit}"
    return Choice(name, origin, why, tuple(column.name for column in found[1:]))


def _others(table: str, columns: Sequence[Seen], kin: _Kin) -> list[Choice]:
    """Choices for a table other than leads; required columns without a guess stay open."""
    rest = list(columns)
    choices = []
    who = _who(rest, kin)
    if who is not None and TABLES[table].column("person_id") is not None:
        is_lead = "lead" in words(who.name) and TABLES[table].column("lead_id") is not None
        choices.append(_same_ids("lead_id" if is_lead else "person_id", who, kin))
        rest.remove(who)
    for column in TABLES[table].columns:
        if any(choice.name == column.name for choice in choices):
            continue
        exact = [seen for seen in rest if seen.name.casefold() == column.name]
        fits = _fits_kind(column.name, table)
        choice = _synonym(column.name, exact or rest, fits)
        if choice is None and exact:
            choice = Choice(column.name, ColumnSource(exact[0].name), "by its name")
        needed = column.required or (column.name in TABLES[table].one_of[:1] and not choices)
        if choice is None and needed:
            others = tuple(seen.name for seen in rest if fits(seen))[:8]
            choice = Choice(column.name, None, "required, and no column looks like it", others)
        if choice is not None:
            choices.append(choice)
            rest = [seen for seen in rest if not _is(choice, seen)]
    return choices
