# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""A look at a file before anything is known of it: columns with what their values show.

A path comes in; a `FileLook` goes out. `ids` are kept of columns that could identify something, so
that files can be compared: two files that share many of them speak of the same people.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redumbrella.errors import DataError
from redumbrella.sources.connection import staging_connection
from redumbrella.sources.formats.files import FileInput, find_files, read_file
from redumbrella.sources.formats.records import Records
from redumbrella.sources.inference import ColumnRead, read_columns
from redumbrella.sources.mapping import Mapping
from redumbrella.sources.spellings.instants import ORDERS, SPELLED, day_mark
from redumbrella.sources.spellings.values import Reading, is_named_like_a_time, sample_readings
from redumbrella.sources.staging import ROW, Staging

MOST_ROWS = 100_000
SAMPLED = 200
FEW_VALUES = 60  # a list of stages may be long
LEAST_IDS = 20
BEGINNING = 1_000  # characters
MOST_IDS = 20_000
KEY_PRESENT, KEY_DISTINCT = 0.9, 0.95
LONGEST_ID = 200  # characters; what is longer identifies nothing
OUT_OF_ORDER = 0.01  # share of the rows
_ANY_TIMEZONE = "UTC"


@dataclass(frozen=True)
class Seen:
    """A column with what its values show.

    values: the most frequent ones and how often each, when there are few. sample: some values.
    ids: hashes of the values of a column that could identify something, else empty; of very many
    only those that two to the power of `kept` divides. in_order: whether times follow each other
    through the file, from old to new or from new to old. began, ended: the first and the last of
    its times, days since 1970.
    """

    read: ColumnRead
    distinct: int
    rows: int
    values: tuple[tuple[str, int], ...]
    is_time: bool
    style: str
    ids: frozenset[int]
    in_order: bool
    sample: tuple[str, ...] = ()
    kept: int = 0
    began: float = 0.0
    ended: float = 0.0

    @property
    def name(self) -> str:
        """The column's name in the file."""
        return self.read.column

    @property
    def is_open(self) -> bool:
        """Whether they are times whose day and month nothing tells apart."""
        return self.read.is_guess and self.style == SPELLED

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.read.present == self.rows == self.distinct and self.rows > 1

    @property
    def is_key(self) -> bool:
        """Whether nearly every row has a value, and nearly every value is another one."""
        is_there = self.read.present >= KEY_PRESENT * self.rows
        return self.rows > 1 and is_there and self.distinct >= KEY_DISTINCT * self.read.present

    def kept_under(self, power: int) -> frozenset[int]:
        """Those of the ids that are kept when two to this power has to divide them."""
        return frozenset(one for one in self.ids if one % (1 << power) == 0)


@dataclass(frozen=True)
class FileLook:
    """A file and its columns; rows: how many were looked at."""

    file: FileInput
    columns: tuple[Seen, ...]
    rows: int
    notes: tuple[str, ...]


def look_at(path: str, root: Path) -> FileLook:
    """Looks at the first rows of a file. Raises DataError when it cannot be read."""
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
            if staging.count() >= MOST_ROWS:
                break
        rows = staging.count()
        part = () if rows < MOST_ROWS else (f"Only the first {rows:,} rows were looked at.",)
        if not rows:
            raise _nothing_to_see(records, file)
        notes = (*records.notes, *part)
        return FileLook(file, tuple(_columns(staging, rows)), rows, notes)


def _nothing_to_see(records: Records, file: FileInput) -> DataError:
    """What is said of a file without a record that fits: none at all, or none that can be read."""
    if not records.bad:
        message = f"{file.name} has no rows. Expected a line of names and then data."
        return DataError(message, reason="no_rows")
    first = records.bad[0]
    line = records.lines([first.line]).get(first.line, first.line)
    message = (
        f"{file.name} has {len(records.bad):,} rows, but none can be read. The first, line {line}: "
        f"{first.message}."
    )
    return DataError(message, reason="no_rows")


def _columns(staging: Staging, rows: int) -> list[Seen]:
    """Types, distinct values, frequent values and ids of every column."""
    fields = {name: name for name in staging.columns}
    reads, _ = read_columns(staging, Mapping({}, fields, (), ()), "leads", _ANY_TIMEZONE, {})
    distinct = ", ".join(f"count(DISTINCT {_begun(staging, read)})" for read in reads)
    counts = staging.one(f"SELECT {distinct} FROM {staging.name}")
    samples = staging.samples([r.column for r in reads if r.here not in staging.instants], 1_000)
    seen = []
    for read, count in zip(reads, counts, strict=True):
        frequent = _frequent(staging, read) if count <= FEW_VALUES else ()
        sample = samples.get(read.column, [])
        style = read.reading.style if read.type == "time" else _mostly_times(read, sample)
        ids: frozenset[int] = frozenset()
        kept = max(count // MOST_IDS, 1).bit_length() - 1
        if count >= LEAST_IDS and not style and read.type in {"text", "number"}:
            ids = _ids(staging, read, kept)
        reading = read.reading if read.type == "time" else Reading("time", style)
        in_order, began, ended = False, 0.0, 0.0
        if style and count > 1:
            in_order, began, ended = _course(staging, read, reading)
        if read.is_guess and read.type == "time":
            style = SPELLED  # without a format, so that reading asks which is meant
        seen.append(
            Seen(
                read=read,
                distinct=count,
                rows=rows,
                values=tuple(frequent),
                is_time=bool(style),
                style=style,
                ids=ids,
                in_order=in_order,
                sample=tuple(text[:LONGEST_ID] for text in sample[:SAMPLED]),
                kept=kept,
                began=began,
                ended=ended,
            )
        )
    return [_in_one_order(column, seen) for column in seen]


def _in_one_order(column: Seen, columns: Sequence[Seen]) -> Seen:
    """A time whose day and month are open, in the order of all times of the file with its mark."""
    mark = day_mark(column.sample)
    orders = {one.style for one in columns if one.style in ORDERS and day_mark(one.sample) == mark}
    if not column.is_open or len(orders) != 1:
        return column
    return replace(column, style=orders.pop())


def _mostly_times(read: ColumnRead, sample: Sequence[str]) -> str:
    """The style of the times of a column in which a few texts are none, else an empty text."""
    is_named = is_named_like_a_time(read.column)
    if read.type != "text" and not (is_named and read.type == "number"):
        return ""
    found = [one for one in sample_readings(sample, named_time=is_named) if one.type == "time"]
    return found[0].style if found else ""


def _ids(staging: Staging, read: ColumnRead, kept: int) -> frozenset[int]:
    """Hashes of the values, written alike where two systems write one id in two ways."""
    plain = f"regexp_replace(lower(trim({read.here}::VARCHAR)), '\\.0+$', '')"
    found = staging.connection.execute(
        f"SELECT DISTINCT hash({plain}) AS id FROM {staging.name} WHERE {read.here} IS NOT NULL "
        f"AND length({read.here}::VARCHAR) <= {LONGEST_ID} AND id % {1 << kept} = 0"
    )
    return frozenset(value for (value,) in found.fetchall())


def _course(staging: Staging, read: ColumnRead, reading: Reading) -> tuple[bool, float, float]:
    """Whether hardly any time comes before the one above it, or hardly any after it; the first and
    the last of them, days since 1970.
    """
    time = read.here if read.here in staging.instants else reading.sql(read.here)
    back, forth, steps, began, ended = staging.one(
        "SELECT count(*) FILTER (WHERE here < above), count(*) FILTER (WHERE here > above), "
        "count(*), epoch(min(here)) / 86400, epoch(max(here)) / 86400 "
        f"FROM (SELECT {time} AS here, lag({time}) OVER (ORDER BY {ROW}) AS above "
        f"FROM {staging.name})"
    )
    return min(back, forth) <= OUT_OF_ORDER * steps, began or 0.0, ended or 0.0


def _frequent(staging: Staging, read: ColumnRead) -> list[tuple[str, int]]:
    return staging.connection.execute(
        f"SELECT {_begun(staging, read)}::VARCHAR, count(*) FROM {staging.name} "
        f"WHERE {read.here} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()


def _begun(staging: Staging, read: ColumnRead) -> str:
    """SQL: a value, of a long text the beginning, so that very long ones need no memory."""
    return read.here if read.here in staging.instants else f"left({read.here}, {BEGINNING})"
