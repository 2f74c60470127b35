# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Which type each column has, decided by all of its values.

Staged texts and the mapping come in; one `ColumnRead` per canonical column and field goes out: how
it is read, how much is missing, what could not be read. A sample proposes readings, a count of all
values decides between them, and a type that the lake already has for a field is kept if it fits.
"""

import re
from collections import Counter
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field, replace

from redumbrella.columns import TABLES, CanonicalColumn
from redumbrella.errors import SettingsError
from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.choosing import Choice, Chooser
from redumbrella.sources.counting import (
    Counted,
    Missing,
    Read,
    Wanted,
    count_values,
    find_missing,
    with_whole_days,
)
from redumbrella.sources.mapping import Mapping
from redumbrella.sources.spellings.instants import ORDERS, SERIAL, SPELLED, UNIX, is_buddhist
from redumbrella.sources.spellings.numbers import BEYOND_REASON
from redumbrella.sources.spellings.placeholders import MISSING_WORDS, MissingWords
from redumbrella.sources.spellings.values import (
    Reading,
    Type,
    flag_reading,
    is_named_like_a_time,
    sample_readings,
)
from redumbrella.sources.staging import ROW, Staging

# A field is a number, flag or time only when so many of its values can be read so.
READABLE_SHARE = 0.99
# So few remarks among so many numbers or times do not make a field text either.
_REMARKS, _BESIDE_REMARKS = 2, 30
_LEAST_OF_MOST = 10
_EXAMPLES = 3
_TYPED = ("number", "flag", "time")


@dataclass(frozen=True)
class ColumnRead:
    """One column of the canonical table as it was found.

    `name` in the lake, `column` in the source; `kind` of a canonical column, None for a field;
    `present` and `unreadable` count values; `widened` says that the lake has had another type for
    the field, which now becomes text. `missing`: texts that stand for nothing in this column, with
    how often each occurs; they are not among `present`. `days` counts times that are days without
    a time of day. `is_guess`: nothing in the file decides how a mark, or a day and a month, is
    meant. `sets_aside`: a row with an unreadable value cannot be used; otherwise its cell is empty.
    """

    name: str
    column: str
    kind: str | None
    reading: Reading
    here: str
    present: int
    unreadable: int
    widened: bool = False
    notes: tuple[str, ...] = ()
    missing: MappingOf[str, int] = field(default_factory=dict)
    days: int = 0
    is_guess: bool = False
    sets_aside: bool = False

    @property
    def type(self) -> Type:
        """number, flag, time, text or empty."""
        return self.reading.type

    @property
    def is_day(self) -> bool:
        """Whether its times are days without a time of day, known at the end of the day."""
        return 0 < self.present <= self.days + self.unreadable

    @property
    def text(self) -> str:
        """SQL: the staged value, NULL where it is missing."""
        if not self.missing:
            return self.here
        listed = ", ".join(literal(text) for text in self.missing)
        return f"CASE WHEN {self.here}::VARCHAR IN ({listed}) THEN NULL ELSE {self.here} END"

    @property
    def sql(self) -> str:
        """The typed value in the staging table."""
        value = self.reading.sql(self.here)
        if not self.missing or self.type in {"number", "flag"}:  # no reading of theirs reads them
            return value
        listed = ", ".join(literal(text) for text in self.missing)
        return f"CASE WHEN {self.here}::VARCHAR IN ({listed}) THEN NULL ELSE {value} END"


def read_columns(
    staging: Staging,
    mapping: Mapping,
    table: str,
    timezone: str,
    lake_types: MappingOf[str, Type],
) -> tuple[list[ColumnRead], list[str]]:
    """The type of every mapped column and field of a staged table, and problems."""
    samples = staging.samples(
        [name for name, here in staging.columns.items() if here not in staging.instants]
    )
    wanted = []
    for column in TABLES[table].columns:
        origin = mapping.canonical.get(column.name)
        if origin is not None:
            wanted.append(_canonical(column, table, origin, staging, samples))
    for name, origin in mapping.of_amount.items():
        number = CanonicalColumn(name, "number")
        wanted.append(_canonical(number, table, origin, staging, samples))
    for name, source in mapping.fields.items():
        wanted.append(_field(name, source, staging, samples, lake_types.get(name)))
    counts = count_values(staging, wanted)
    chooser = Chooser(staging, wanted, counts, timezone)
    drafts = [
        _draft(staging, one, found, chooser, lake_types.get(one.name) if one.kind is None else None)
        for one, found in zip(wanted, counts, strict=True)
    ]
    rows = staging.count()
    words = MissingWords(
        has_empty=any(found.present < rows for found in counts), own=staging.missing
    )
    for draft in drafts:
        words.words |= {text.lower() for text in draft.missing.texts if text in MISSING_WORDS}
    columns = [_column(staging, draft, words, rows) for draft in drafts]
    problems = [problem for draft in drafts for problem in draft.choice.problems]
    return columns, [f"[tables.{table}] {problem}" for problem in problems]


def check_formats(staging: Staging, mapping: Mapping, table: str) -> None:
    """Raises SettingsError for a format in the settings that is no strptime format."""
    import duckdb

    for name, origin in mapping.canonical.items():
        if origin.format is None or origin.format in ORDERS:
            continue
        try:
            staging.one(f"SELECT try_strptime('', {literal(origin.format)})")
        except duckdb.Error as problem:
            message = (
                f'[tables.{table}.columns] {name}: format = "{origin.format}" is no strptime '
                f'format ({problem}). Example: "%d.%m.%Y %H:%M" for 21.11.2026 08:30.'
            )
            raise SettingsError(message, reason="bad_format") from None


def _canonical(
    column: CanonicalColumn,
    table: str,
    origin: ColumnSource,
    staging: Staging,
    samples: MappingOf[str, list[str]],
) -> Wanted:
    if origin.row:
        return Wanted(column.name, origin, column.kind, ROW, (Reading("text"),))
    here = staging.columns[origin.column]
    sample = samples.get(origin.column, [])
    readings = [Reading("text")]
    if column.kind == "flag":
        readings = [flag_reading(origin.won, origin.lost)]
    elif column.kind == "number":
        readings = [one for one in sample_readings(sample) if one.type == "number"]
        readings = readings or [Reading("number", "."), Reading("number", ",")]
    elif column.kind == "time" and here in staging.instants:
        readings = [Reading("time", "typed")]
    elif column.kind == "time" and origin.format is not None:
        readings = [Reading("time", origin.format)]
    elif column.kind == "time":
        proposed = sample_readings(sample, compact_times=True)
        readings = [one for one in proposed if one.type == "time"] or [Reading("time", SPELLED)]
    needed = column.required or column.name in TABLES[table].key or column.kind == "flag"
    return Wanted(
        column.name, origin, column.kind, here, tuple(readings), tuple(sample), is_needed=needed
    )


def _field(
    name: str,
    source: str,
    staging: Staging,
    samples: MappingOf[str, list[str]],
    known: Type | None,
) -> Wanted:
    here = staging.columns[source]
    sample = samples.get(source, [])
    if here in staging.instants:
        readings = [Reading("time", "typed")]
    elif known == "text":
        readings = []
    else:
        named = is_named_like_a_time(source) and known in {None, "time"}
        readings = sample_readings(sample, named_time=named)
        if known is not None and known not in {one.type for one in readings}:
            readings = [*readings, *_readings_of(known)]
    return Wanted(name, ColumnSource(source), None, here, tuple(readings), tuple(sample))


def _readings_of(known: Type) -> list[Reading]:
    """What may fit a type that the lake already has."""
    if known == "number":
        return [Reading("number", "."), Reading("number", ",")]
    return [Reading("time", SPELLED) if known == "time" else Reading("flag")]


@dataclass(frozen=True)
class _Draft:
    """What was decided about a column before the words of texts are."""

    wanted: Wanted
    counted: Counted
    choice: Choice
    read: Read
    missing: Missing
    known: Type | None


def _draft(
    staging: Staging, one: Wanted, found: Counted, chooser: Chooser, known: Type | None
) -> _Draft:
    choice = chooser.choose(one, found)
    read = choice.read or Read(Reading("text"), found.present)
    if one.kind is None:
        kept = _field_read(staging, one, found, read, known)
        if kept is not read:
            choice = Choice(kept, _mostly_note(staging, one, found, read, kept))
        read = kept
    missing = _missing(staging, one, found, read)
    read = with_whole_days(staging, one.here, read)
    return _Draft(one, found, choice, read, missing, known)


def _missing(staging: Staging, one: Wanted, found: Counted, read: Read) -> Missing:
    if read.reading.type in _TYPED:
        return find_missing(staging, one.here, found, read)
    return Missing()


def _field_read(
    staging: Staging, one: Wanted, found: Counted, read: Read, known: Type | None
) -> Read:
    """The reading of a field, or plain text when too little of it can be read."""
    if found.present == 0:
        return Read(Reading("empty"), 0)
    if known is not None and known != read.reading.type:
        # What the lake already has is kept where it fits as well.
        candidates = [other for other in found.reads if other.reading.type == known]
    else:
        candidates = [] if read.reading.type == "number" and found.codes else [read]
    for other in candidates:
        present = found.present - _missing(staging, one, found, other).unreadable.total()
        is_a_remark = present - other.count <= _REMARKS and other.count >= _BESIDE_REMARKS
        if other.count and (is_a_remark or other.count >= READABLE_SHARE * present):
            return other
    return Read(Reading("text"), found.present)


def _mostly_note(
    staging: Staging, one: Wanted, found: Counted, read: Read, kept: Read
) -> tuple[str, ...]:
    """What is said of a field that stays text though most of its values are something else."""
    most = max(found.present / 2, _LEAST_OF_MOST)
    is_mostly = read.reading.type in {"number", "time"} and read.count > most
    if kept.reading.type != "text" or not is_mostly or found.codes:
        return ()
    examples = staging.connection.execute(
        f"SELECT DISTINCT left({one.here}::VARCHAR, 40) FROM {quoted(staging.name)} WHERE "
        f"{one.here} IS NOT NULL AND ({read.reading.sql(one.here)}) IS NULL ORDER BY 1 "
        f"LIMIT {_EXAMPLES}"
    ).fetchall()
    shown = ", ".join(f'"{text}"' for (text,) in examples)
    what = f"{read.reading.type}s"
    return (f"{read.count:,} of {found.present:,} values are {what}; kept as text for {shown}",)


def _column(staging: Staging, draft: _Draft, words: MissingWords, rows: int) -> ColumnRead:
    one, found, read, reading = draft.wanted, draft.counted, draft.read, draft.read.reading
    notes = list(draft.choice.notes)
    missing = draft.missing.texts
    if reading.type == "text" and one.here in staging.words:
        missing = staging.words[one.here]
        if one.kind != "id":
            missing = words.of_text(missing, one.sample, empty=rows - found.present)
        if kept := staging.words[one.here] - missing:
            notes.append(f"{_listed(kept)} counts as a value here, not as missing")
    present = found.present - missing.total()
    unreadable = 0
    if reading.type in _TYPED:
        unreadable = present - (read.count - draft.missing.stand_ins.total())
    widened = draft.known not in {None, reading.type} and reading.type == "text"
    if widened:
        notes.append(f"was {_named(draft.known)} before: it is text from now on")
    if odd := Counter({text: n for text, n in missing.items() if text not in MISSING_WORDS}):
        notes.append(f"{_listed(odd)} counts as missing")
    column = ColumnRead(
        name=one.name,
        column=one.origin.column,
        kind=one.kind,
        reading=reading,
        here=one.here,
        present=present,
        unreadable=unreadable,
        widened=widened,
        missing=dict(missing),
        days=min(read.days - _days_among(draft.missing.stand_ins), present),
        is_guess=draft.choice.is_guess,
        sets_aside=one.kind is not None and (one.is_needed or 2 * unreadable > present),
    )
    if unreadable and not column.sets_aside:
        notes.append(_unreadable_note(staging, column))
    if reading.type == "time":
        notes += _time_notes(one, column)
    if found.codes and one.kind is None:
        notes.append("digits that are codes (leading zeros or very long), kept as text")
    return replace(column, notes=tuple(notes))


def _days_among(stand_ins: Counter[str]) -> int:
    """How many of the texts that stand for nothing are days without a time of day."""
    return sum(count for text, count in stand_ins.items() if re.fullmatch(r"[\d./-]+", text))


def _unreadable_note(staging: Staging, column: ColumnRead) -> str:
    """How many values cannot be read, and what they look like."""
    what = f"no {column.type}"
    if column.type == "number":
        what += f" below {BEYOND_REASON:,}"
    many = column.unreadable
    said = "1 value is {}, and counts" if many == 1 else f"{many:,} values are {{}} and count"
    examples = staging.connection.execute(
        f"SELECT DISTINCT left({column.here}::VARCHAR, 40) FROM {quoted(staging.name)} WHERE "
        f"({column.text}) IS NOT NULL AND ({column.sql}) IS NULL ORDER BY 1 LIMIT {_EXAMPLES}"
    ).fetchall()
    shown = ", ".join(f'"{text}"' for (text,) in examples)
    return f"{said.format(what)} as missing: {shown}"


def _time_notes(one: Wanted, column: ColumnRead) -> list[str]:
    notes = []
    reading = column.reading
    if column.is_day:
        notes.append("days without a time of day: known at the end of the day")
    elif column.days:
        notes.append(
            f"{column.days:,} of {column.present:,} are days without a time of day: known at the "
            "end of the day"
        )
    if one.kind is None and reading.style in {*UNIX, SERIAL}:
        since = "1899" if reading.style == SERIAL else "1970"
        notes.append(f"digits read as {reading.style} since {since}")
    if reading.style in UNIX and (rounded := [text for text in one.sample if "E+" in text]):
        notes.append(
            f'times rounded by a spreadsheet, such as "{rounded[0]}", may be hours off: export the '
            "column as whole numbers"
        )
    if reading.style in ORDERS and any(is_buddhist(text) for text in one.sample[:_EXAMPLES]):
        notes.append("years of the Buddhist calendar are read as 543 years earlier")
    return notes


def _listed(texts: Counter[str]) -> str:
    shown = ", ".join(f'"{text}" ({count:,})' for text, count in texts.most_common(5))
    more = len(texts) - 5
    return f"{shown} and {more} more" if more > 0 else shown


def _named(known: Type | None) -> str:
    return {"number": "a number", "flag": "yes or no", "time": "a time"}.get(known or "", "text")
