# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""A look at a file before anything is known of it: columns with what their values show.

A path comes in; a `FileLook` goes out. `ids` are kept of columns that could identify something, so
that files can be compared: two files that share many of them speak of the same people.
"""

from dataclasses import dataclass
from pathlib import Path

from redumbrella.errors import DataError
from redumbrella.sources.files import FileInput, find_files, read_file
from redumbrella.sources.inference import ColumnRead, read_columns
from redumbrella.sources.instants import SPELLED
from redumbrella.sources.mapping import Mapping
from redumbrella.sources.staging import ROW, Staging, staging_connection
from redumbrella.sources.values import Reading, is_named_like_a_time, sample_readings

MOST_ROWS = 200_000
FEW_VALUES = 12
LEAST_IDS = 20
BEGINNING = 1_000  # characters
LONGEST_ID = 200  # characters; what is longer identifies nothing
OUT_OF_ORDER = 0.01  # share of the rows
_ANY_TIMEZONE = "UTC"


@dataclass(frozen=True)
class Seen:
    """A column with what its values show.

    values: the most frequent ones and how often each, when there are few. ids: all values of a
    column that could identify something, else empty. in_order: whether times follow each other
    through the file, from old to new or from new to old.
    """

    read: ColumnRead
    distinct: int
    rows: int
    values: tuple[tuple[str, int], ...]
    is_time: bool
    style: str
    ids: frozenset[str]
    in_order: bool

    @property
    def name(self) -> str:
        """The column's name in the file."""
        return self.read.column

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.read.present == self.rows == self.distinct and self.rows > 1


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
        if not rows:
            message = f"{file.name} has no rows. Expected a line of names and then data."
            raise DataError(message, reason="no_rows")
        return FileLook(file, tuple(_columns(staging, rows)), rows, records.notes)


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
        times = [
            one
            for one in sample_readings(
                samples.get(read.column, []), named_time=is_named_like_a_time(read.column)
            )
            if one.type == "time"
        ]
        style = read.reading.style if read.type == "time" else times[0].style if times else ""
        ids: frozenset[str] = frozenset()
        if count >= LEAST_IDS and not style and read.type in {"text", "number"}:
            values = staging.connection.execute(
                f"SELECT DISTINCT {read.here}::VARCHAR FROM {staging.name} "
                f"WHERE {read.here} IS NOT NULL AND length({read.here}::VARCHAR) <= {LONGEST_ID}"
            )
            ids = frozenset(value for (value,) in values.fetchall())
        reading = read.reading if read.type == "time" else Reading("time", style)
        in_order = bool(style) and count > 1 and _is_in_order(staging, read, reading)
        if read.is_guess and read.type == "time":
            style = SPELLED  # without a format, so that reading asks which is meant
        seen.append(Seen(read, count, rows, tuple(frequent), bool(style), style, ids, in_order))
    return seen


def _is_in_order(staging: Staging, read: ColumnRead, reading: Reading) -> bool:
    """Whether hardly any time comes before the one above it, or hardly any after it."""
    time = read.here if read.here in staging.instants else reading.sql(read.here)
    back, forth, steps = staging.one(
        "SELECT count(*) FILTER (WHERE here < above), count(*) FILTER (WHERE here > above), "
        f"count(*) FROM (SELECT {time} AS here, lag({time}) OVER (ORDER BY {ROW}) AS above "
        f"FROM {staging.name})"
    )
    return bool(min(back, forth) <= OUT_OF_ORDER * steps)


def _frequent(staging: Staging, read: ColumnRead) -> list[tuple[str, int]]:
    return staging.connection.execute(
        f"SELECT {_begun(staging, read)}::VARCHAR, count(*) FROM {staging.name} "
        f"WHERE {read.here} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()


def _begun(staging: Staging, read: ColumnRead) -> str:
    """SQL: a value, of a long text the beginning, so that very long ones need no memory."""
    return read.here if read.here in staging.instants else f"left({read.here}, {BEGINNING})"
