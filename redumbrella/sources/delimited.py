"""Delimited text (CSV, TSV and their kin), plain or gzipped, in any usual encoding.

A path comes in; how the file is written (encoding, delimiter, header) and its records as Arrow
tables of text go out, in batches. Promise: every record that does not have as many values as the
header is handed over as a bad line, and none disappears.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

from redumbrella.errors import DataError
from redumbrella.sources.text_facts import TextFacts, open_bytes, text_facts
from redumbrella.sources.text_walk import MOST_IN_FIELD, MOST_IN_ROW, TextStream, Walked, walk_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

BLOCK_BYTES = 2 << 20
_SAMPLE_CHARACTERS = 1 << 18
_SAMPLE_RECORDS = 200
_LONGEST_NAME = 10_000
_SHOWN = 200
_DELIMITERS = (",", ";", "\t", "|")
# A record that runs over so many lines and still does not fit has a quote that nobody closed.
_RUNAWAY_LINES = 50
_BYTES_PER_CHARACTER = 4  # of UTF-8, at most
LONG_FIELD = "long_field"  # the reason of a row that is set aside for its length
# Python's own limit of a field, 131,072 characters, would end the reading; ours is applied later.
csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class BadLine:
    """One record that was set aside: where, a reason code, a message, the text as it was."""

    line: int
    reason: str
    message: str
    raw: str


@dataclass(frozen=True)
class Chunk:
    """Some records: a table whose columns stand in the order of the header, and their numbers."""

    rows: pa.Table
    numbers: npt.NDArray[np.int64]


@dataclass(frozen=True)
class TextFormat:
    """How a delimited file is written. `columns` are unique names."""

    text: TextFacts
    delimiter: str
    columns: tuple[str, ...]
    skipped_records: int
    notes: tuple[str, ...]


def inspect_delimited(path: Path, delimiter: str | None) -> TextFormat | None:
    """How a delimited file is written, or None when it is empty."""
    facts = text_facts(path)
    with open_bytes(path) as file, io.TextIOWrapper(file, facts.encoding, newline="") as text:
        sample = text.read(_SAMPLE_CHARACTERS).removeprefix("\ufeff")
    if not sample.strip():
        return None
    notes = []
    if facts.encoding in {"cp1252", "latin-1"}:
        shown = "Windows-1252" if facts.encoding == "cp1252" else "Latin-1"
        notes.append(f"Not UTF-8: read as {shown}. If names look wrong, save the file as UTF-8.")
    skipped = 0
    if sample[:4].lower() == "sep=" and len(sample) > 4:  # written by spreadsheets
        delimiter, skipped = delimiter or sample[4], 1
        sample = sample.split("\n", 1)[1] if "\n" in sample else ""
    while sample.startswith(("\n", "\r\n")):
        sample, skipped = sample.split("\n", 1)[1], skipped + 1
    if not sample.strip():
        return None
    delimiter = delimiter or sniff_delimiter(sample) or ","
    header = _header(path, facts, sample, delimiter, skipped)
    columns, renamed = unique_names(header)
    return TextFormat(facts, delimiter, columns, skipped, (*notes, *renamed))


def _header(path: Path, facts: TextFacts, sample: str, delimiter: str, skipped: int) -> list[str]:
    """The names in the first record. Raises DataError when they go on and on, or are never closed.

    skipped: how many lines stand before it.
    """
    first = next(walk_text(io.StringIO(sample, newline=""), delimiter))
    if first.is_open and (facts.has_odd_quotes or len(first.head) < first.characters):
        raise _unclosed_quote(path, skipped + first.opened)
    header = next(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
    longest = max((len(name) for name in header), default=0)
    if longest > _LONGEST_NAME or first.characters >= _SAMPLE_CHARACTERS:
        message = (
            f"{path.name}, line {skipped + 1}: a line of column names is expected, but it has "
            f"{first.characters:,} characters or more, one name {longest:,}; at most "
            f"{_SAMPLE_CHARACTERS:,} are read, {_LONGEST_NAME:,} of one name. Put a line of names "
            "first, and export fewer columns if it is one."
        )
        raise DataError(message, reason="long_header")
    return header


def sniff_delimiter(sample: str) -> str | None:
    """The delimiter under which the records of a sample agree best; None for one column."""
    best: tuple[float, int, str] | None = None
    for delimiter in _DELIMITERS:
        records = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        widths = [len(record) for record, _ in zip(records, range(_SAMPLE_RECORDS), strict=False)]
        widths = [width for width in widths if width]
        if not widths or widths[0] < 2:
            continue
        agreeing = sum(width == widths[0] for width in widths) / len(widths)
        # Nearly full agreement counts as full: the last record of a sample may be cut.
        found = (1.0 if agreeing > 0.9 else agreeing, widths[0], delimiter)
        best = found if best is None else max(best, found)
    return best[2] if best else None


def unique_names(header: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Column names without blanks around, none empty and none twice; notes on what was renamed.

    Capitals do not tell columns apart, as SQL and Delta would take them for the same; nor do blanks
    and invisible characters, as nobody would see which is which.
    """
    names: list[str] = []
    notes = []
    taken: dict[str, str] = {}
    for position, cell in enumerate(header, start=1):
        shown = _bare(cell)
        name = shown or f"column {position}"
        unique, number = name, 2
        while _alike(unique) in taken:
            unique, number = f"{name} ({number})", number + 1
        if unique != shown:
            what = f'has the name "{name}" a second time'
            first = taken.get(_alike(name), name)
            if not shown:
                what = "has no name"
            elif first != name:
                what = (
                    f'"{name}" differs from "{first}" only in capitals, blanks or characters that '
                    "nobody sees"
                )
            notes.append(f'Column {position} {what}: it is called "{unique}".')
        taken[_alike(unique)] = unique
        names.append(unique)
    return tuple(names), notes


def _bare(name: str) -> str:
    """A name without blanks and invisible characters around it, and without NUL, which ends it."""
    name = name.replace("\0", "")
    first, end = 0, len(name)
    while first < end and _is_unseen(name[first]):
        first += 1
    while end > first and _is_unseen(name[end - 1]):
        end -= 1
    return name[first:end]


def _alike(name: str) -> str:
    """Equal for names that look alike or that a database takes for the same."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFC", seen).casefold().split())


def _is_unseen(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in {"Cf", "Cc"}


def read_delimited(path: Path, form: TextFormat, bad: list[BadLine]) -> Iterator[Chunk]:
    """The records of a file in batches, all values as text; misfits are added to `bad`.

    Numbers count records from the first line of the file, header included. Raises DataError where
    a quote is never closed.
    """
    import pyarrow as pa

    reading = _Reading(path, form, bad)
    try:
        try:
            with open_bytes(path) as file:
                yield from reading.chunks(file, form.text.encoding, BLOCK_BYTES)
        except pa.ArrowInvalid as problem:
            if "straddl" not in str(problem):
                raise
            # A record longer than a block: from here on by hand, which is slower.
            with open_bytes(path) as file, _text(file, form) as text:
                stream = TextStream(reading.bounded_text(text))
                yield from reading.chunks(stream, "utf-8", _BYTES_PER_CHARACTER * MOST_IN_ROW)
    except pa.ArrowInvalid as problem:
        message = f"{path.name} cannot be read: {problem}. Check its delimiter and quotes."
        raise DataError(message, reason="unreadable_file") from None
    reading.finish()


class _Reading:
    """Where the reading of a file stands: records seen, and those that do not fit."""

    def __init__(self, path: Path, form: TextFormat, bad: list[BadLine]) -> None:
        self.path, self.form, self.bad = path, form, bad
        self.misfits: list[Any] = []
        self.earlier: list[Any] = []  # misfits among those taken before the present source
        self.too_long: list[int] = []
        self.suspects: set[int] = set()  # records with a value of very many lines
        self.taken = 0  # records that were handed over or set aside
        self.last_runs_over = False

    def chunks(self, source: Any, encoding: str, block: int) -> Iterator[Chunk]:
        """The records after those taken so far, as Arrow reads them from a file or stream."""
        import numpy as np
        import pyarrow as pa

        # Before the header stand only what `inspect_delimited` skipped.
        before = max(self.taken, self.form.skipped_records + 1)
        self.earlier += [row for row in self.misfits if row.number <= self.taken]
        self.misfits = []
        seen = 0
        for batch in _open_batches(source, self.form, self._set_aside, encoding, block):
            numbers = _numbers(seen, batch.num_rows, self.misfits)
            seen = int(numbers[-1]) if len(numbers) else seen
            kept = (numbers > before) & ~np.isin(numbers, self.too_long)
            rows = pa.Table.from_batches([batch]).rename_columns(self.form.columns)
            if rows.num_rows:
                self.last_runs_over = _runs_over_lines(rows.slice(rows.num_rows - 1))
            self.taken = max(self.taken, seen)
            chunk = Chunk(rows if kept.all() else rows.filter(pa.array(kept)), numbers[kept])
            self.suspects.update(_runaway_in(chunk))
            yield within_limits(chunk, self.bad)

    def _set_aside(self, row: Any) -> str:
        if row.number > self.taken:
            self.misfits.append(row)
        return "skip"

    def bounded_text(self, text: TextIO) -> Iterator[str]:
        """The text with an empty record in place of each that was taken or is too long."""
        after, columns = self.taken, len(self.form.columns)
        nothing = '""' + self.form.delimiter * (columns - 1) + "\n"
        for record in walk_text(text, self.form.delimiter):
            if record.number <= after:
                yield nothing
            elif record.is_too_long:
                self._refuse_runaway(record)
                self.too_long.append(record.number)
                self.bad.append(_too_long(record, self.form.columns))
                yield nothing
            else:
                yield record.text or ""

    def _refuse_runaway(self, record: Walked) -> None:
        """Raises DataError where a record swallowed others because of a quote."""
        runs_over = record.last_line - record.line > _RUNAWAY_LINES
        does_not_fit = record.is_torn or record.columns != len(self.form.columns)
        if record.is_open or (runs_over and does_not_fit):
            raise _unclosed_quote(self.path, record.opened)

    def finish(self) -> None:
        """Adds misfits to `bad`. Raises DataError where a quote is never closed."""
        self.misfits = self.earlier + self.misfits
        long = (row.number for row in self.misfits if row.text.count("\n") > _RUNAWAY_LINES)
        self.suspects.update(long)
        latest = max(self.misfits, key=lambda row: row.number, default=None)
        if latest is not None and latest.number > self.taken:
            self.last_runs_over = "\n" in latest.text
        # A quote that nobody closes swallows all that follows, so it shows in the last record.
        if self.suspects or (self.form.text.has_odd_quotes and self.last_runs_over):
            self._look_for_runaway()
        first = self.form.skipped_records + 1
        self.bad.extend(_misfit(row) for row in self.misfits if row.number > first)

    def _look_for_runaway(self) -> None:
        """Raises DataError if a suspect, or the last record, has a quote that nobody closed."""
        with open_bytes(self.path) as file, _text(file, self.form) as text:
            for record in walk_text(text, self.form.delimiter):
                if record.number in self.suspects or record.is_open:
                    self._refuse_runaway(record)


def _text(file: IO[bytes], form: TextFormat) -> TextIO:
    return io.TextIOWrapper(file, form.text.encoding, errors="replace", newline="")


def _open_batches(
    source: Any, form: TextFormat, set_aside: Callable[[Any], str], encoding: str, block: int
) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # The header is read as a record: only so may its names contain line ends.
    names = [f"f{position}" for position in range(len(form.columns))]
    return arrow_csv.open_csv(
        source,
        read_options=arrow_csv.ReadOptions(
            use_threads=False,  # else misfits would have no number
            block_size=block,
            column_names=names,
            encoding=encoding,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=form.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


def line_numbers(path: Path, form: TextFormat, records: Sequence[int]) -> dict[int, int]:
    """The line of the file on which each of these records begins."""
    wanted = set(records)
    if not wanted:
        return {}
    lines: dict[int, int] = {}
    with open_bytes(path) as file, io.TextIOWrapper(file, form.text.encoding, newline="") as text:
        reader = csv.reader(text, delimiter=form.delimiter)
        begin = 1
        for number, _ in enumerate(reader, start=1):
            if number in wanted:
                lines[number] = begin
            begin = reader.line_num + 1
    return lines


def _numbers(taken: int, count: int, misfits: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Numbers of the next `count` good records after `taken` records of either kind."""
    import numpy as np

    bad = np.array([row.number for row in misfits if row.number > taken], dtype=np.int64)
    candidates = np.arange(taken + 1, taken + 1 + count + len(bad), dtype=np.int64)
    return candidates[~np.isin(candidates, bad)][:count]


def _runaway_in(chunk: Chunk) -> list[int]:
    """Numbers of the records that have a value of more lines than a text usually has."""
    import numpy as np
    from pyarrow import compute

    found = np.zeros(chunk.rows.num_rows, np.bool_)
    for column in chunk.rows.columns:
        if (compute.max(compute.binary_length(column)).as_py() or 0) > _RUNAWAY_LINES:
            lines = compute.count_substring(column, "\n").to_numpy()
            found |= lines > _RUNAWAY_LINES
    return [int(number) for number in chunk.numbers[found]]


def _runs_over_lines(record: pa.Table) -> bool:
    return any("\n" in value for value in record.to_pylist()[0].values())


def _misfit(row: Any) -> BadLine:
    message = f"{row.actual_columns} values, but the header has {row.expected_columns} columns"
    return BadLine(row.number, "ragged", message, row.text)


def _too_long(record: Walked, columns: Sequence[str]) -> BadLine:
    position, length = record.longest
    message = _long_field(columns[position] if position < len(columns) else "", length)
    if length <= MOST_IN_FIELD:
        message = (
            f"{record.characters:,} characters in one row, at most {MOST_IN_ROW:,} are read: "
            "leave long columns out of the export"
        )
    return BadLine(record.number, LONG_FIELD, message, record.head)


def within_limits(chunk: Chunk, bad: list[BadLine]) -> Chunk:
    """The records of any source without those that have too long a field; these go to `bad`."""
    import numpy as np
    import pyarrow as pa

    found: dict[int, tuple[str, int]] = {}
    for name, column in zip(chunk.rows.column_names, chunk.rows.columns, strict=True):
        for row, length in _too_long_in(column):
            found.setdefault(row, (name, length))
    if not found:
        return chunk
    for row, (name, length) in sorted(found.items()):
        values = chunk.rows.slice(row, 1).to_pylist()[0].values()
        raw = ",".join("" if value is None else str(value)[:_SHOWN] for value in values)
        number = int(chunk.numbers[row])
        bad.append(BadLine(number, LONG_FIELD, _long_field(name, length), raw[:_SHOWN]))
    kept = np.ones(chunk.rows.num_rows, np.bool_)
    kept[list(found)] = False
    return Chunk(chunk.rows.filter(pa.array(kept)), chunk.numbers[kept])


def _too_long_in(column: pa.ChunkedArray) -> list[tuple[int, int]]:
    """Rows of a column whose text is too long, and its characters."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
        column = column.cast(pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return []
    # Bytes are at hand, characters have to be counted.
    if (compute.max(compute.binary_length(column)).as_py() or 0) <= MOST_IN_FIELD:
        return []
    lengths = compute.fill_null(compute.utf8_length(column), 0).to_numpy()
    rows = (lengths > MOST_IN_FIELD).nonzero()[0]
    return [(int(row), int(lengths[row])) for row in rows]


def _long_field(column: str, length: int) -> str:
    """What is wrong with a row that has a field of so many characters."""
    where = f'column "{column}"' if column else "a field"
    return (
        f"{where} holds {length:,} characters, at most {MOST_IN_FIELD:,} are read: shorten it, or "
        "leave the column out of the export"
    )


def _unclosed_quote(path: Path, line: int) -> DataError:
    message = (
        f'{path.name}, line {line}: a quote (") is opened there but never closed. '
        "Close it, or double the quotes inside the text, and run again."
    )
    return DataError(message, reason="unclosed_quote")
