"""Delimited text (CSV, TSV and their kin), packed or not, in any usual encoding.

A path and how it is written come in; its records as Arrow tables of text go out, in batches.
Promise: every record that does not have as many values as the header is handed over as a bad line,
and none disappears; but empty values too many at its end do no harm, and the line of names is no
record where it comes again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from redumbrella.errors import DataError
from redumbrella.sources.formats.records import (
    LONG_FIELD,
    SHOWN,
    BadLine,
    Chunk,
    long_field,
    within_limits,
)
from redumbrella.sources.formats.table_shape import is_underline
from redumbrella.sources.formats.text_format import (
    TextFormat,
    table_bytes,
    table_text,
    unclosed_quote,
)
from redumbrella.sources.formats.text_walk import (
    MOST_IN_FIELD,
    MOST_IN_ROW,
    TextStream,
    Walked,
    walk_text,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

BLOCK_BYTES = 2 << 20
# A record that runs over so many lines and still does not fit has a quote that nobody closed.
_RUNAWAY_LINES = 50
_BYTES_PER_CHARACTER = 4  # of UTF-8, at most


def read_delimited(
    path: Path, form: TextFormat, bad: list[BadLine], notes: list[str]
) -> Iterator[Chunk]:
    """The records of a file in batches, all values as text; misfits are added to `bad`.

    What else is left out is added to `notes`. Numbers count records from the first line of the
    file, header included. Raises DataError where a quote is never closed.
    """
    import pyarrow as pa

    reading = _Reading(path, form, bad)
    try:
        try:
            with table_bytes(path, form) as file:
                yield from reading.chunks(file, form.encoding, BLOCK_BYTES)
        except pa.ArrowInvalid as problem:
            if "straddl" not in str(problem):
                raise
            # A record longer than a block: from here on by hand, which is slower.
            with table_text(path, form) as text:
                stream = TextStream(reading.bounded_text(text))
                yield from reading.chunks(stream, "utf-8", _BYTES_PER_CHARACTER * MOST_IN_ROW)
    except pa.ArrowInvalid as problem:
        message = f"{path.name} cannot be read: {problem}. Check its delimiter and quotes."
        raise DataError(message, reason="unreadable_file") from None
    yield from reading.finish()
    if reading.repeated:
        lines = "line is" if reading.repeated == 1 else "lines are"
        notes.append(
            f"{reading.repeated:,} {lines} left out that repeat the column names: the file was put "
            "together from several."
        )


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
        self.repeated = 0  # how often the line of names came again

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
            rows = pa.Table.from_batches([batch])
            if rows.num_rows:
                self.last_runs_over = _runs_over_lines(rows.slice(rows.num_rows - 1))
            self.taken = max(self.taken, seen)
            kept &= self._fitting(rows, numbers, kept)
            rows = rows.select(range(len(self.form.columns))).rename_columns(self.form.columns)
            chunk = Chunk(rows if kept.all() else rows.filter(pa.array(kept)), numbers[kept])
            self.suspects.update(_runaway_in(chunk))
            yield within_limits(chunk, self.bad)

    def _fitting(self, rows: pa.Table, numbers: Any, kept: Any) -> npt.NDArray[np.bool_]:
        """Which rows are neither the names again nor wider than these."""
        import numpy as np
        from pyarrow import compute

        columns = self.form.columns
        fits = np.ones(rows.num_rows, np.bool_)
        if len(columns) > 1:
            again = compute.equal(rows.column(0), self.form.header[0]).to_numpy() & kept
            for row in again.nonzero()[0]:
                if _values(rows, row)[: len(columns)] == list(self.form.header):
                    fits[row] = False
                    self.repeated += 1
            for row in (numbers == self.form.skipped_records + 2).nonzero()[0]:
                fits[row] = not is_underline("".join(_values(rows, row)))
        for column in rows.columns[len(columns) :]:
            for row in (compute.not_equal(column, "").to_numpy() & kept & fits).nonzero()[0]:
                fits[row] = False
                values = _values(rows, row)
                raw = self.form.delimiter.join(values)[:SHOWN]
                message = self._ragged(len(values))
                self.bad.append(BadLine(int(numbers[row]), "ragged", message, raw))
        return fits

    def _ragged(self, values: int) -> str:
        names = len(self.form.columns)
        message = f"{values} values, but the header has {names} columns"
        if values > names and self.form.delimiter == ",":
            message += ' (a comma inside a value needs quotes around it, as in "12,50")'
        return message

    def _set_aside(self, row: Any) -> str:
        if row.number > self.taken:
            self.misfits.append(row)
        return "skip"

    def bounded_text(self, text: TextIO) -> Iterator[str]:
        """The text with an empty record in place of each that was taken or is too long."""
        after, columns = self.taken, self.form.width
        nothing = 2 * self.form.quote + self.form.delimiter * (columns - 1) + "\n"
        for record in walk_text(text, self.form.delimiter, self.form.quote):
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
        does_not_fit = record.is_torn or record.columns != self.form.width
        if record.is_open or (runs_over and does_not_fit):
            raise unclosed_quote(self.path, record.opened)

    def finish(self) -> Iterator[Chunk]:
        """The records that have but empty values too many; adds the other misfits to `bad`.

        Raises DataError where a quote is never closed.
        """
        self.misfits = self.earlier + self.misfits
        long = (row.number for row in self.misfits if row.text.count("\n") > _RUNAWAY_LINES)
        self.suspects.update(long)
        latest = max(self.misfits, key=lambda row: row.number, default=None)
        if latest is not None and latest.number > self.taken:
            self.last_runs_over = "\n" in latest.text
        # A quote that nobody closes swallows all that follows, so it shows in the last record.
        if self.suspects or (self.form.has_odd_quotes and self.last_runs_over):
            self._look_for_runaway()
        first = self.form.skipped_records + 1
        mended: dict[int, list[str]] = {}
        for row in self.misfits:
            if row.number <= first or (row.number == first + 1 and is_underline(row.text)):
                continue
            values = self._without_empty_end(row)
            if values is None:
                message = self._ragged(row.actual_columns)
                self.bad.append(BadLine(row.number, "ragged", message, row.text))
            elif values != list(self.form.header):
                mended[row.number] = values
            else:
                self.repeated += 1
        if mended:
            yield within_limits(_chunk(self.form.columns, mended), self.bad)

    def _without_empty_end(self, row: Any) -> list[str] | None:
        """The values of a record that has only empty ones beyond the names."""
        names = len(self.form.columns)
        if row.actual_columns < names:
            return None
        text = io.StringIO(row.text, newline="")
        values = next(csv.reader(text, delimiter=self.form.delimiter, quotechar=self.form.quote))
        is_empty = not any(value.strip() for value in values[names:])
        return values[:names] if is_empty and len(values) >= names else None

    def _look_for_runaway(self) -> None:
        """Raises DataError if a suspect, or the last record, has a quote that nobody closed."""
        with table_text(self.path, self.form) as text:
            for record in walk_text(text, self.form.delimiter, self.form.quote):
                if record.number in self.suspects or record.is_open:
                    self._refuse_runaway(record)


def _chunk(columns: Sequence[str], rows: dict[int, list[str]]) -> Chunk:
    import numpy as np
    import pyarrow as pa

    arrays = [pa.array(values, pa.string()) for values in zip(*rows.values(), strict=True)]
    return Chunk(pa.table(arrays, names=list(columns)), np.array(list(rows), dtype=np.int64))


def _values(rows: pa.Table, row: int) -> list[str]:
    return [column[row].as_py() for column in rows.columns]


def _open_batches(
    source: Any, form: TextFormat, set_aside: Callable[[Any], str], encoding: str, block: int
) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # The header is read as a record: only so may its names contain line ends.
    names = [f"f{position}" for position in range(form.width)]
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
            quote_char=form.quote,
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
    with table_text(path, form) as text:
        reader = csv.reader(text, delimiter=form.delimiter, quotechar=form.quote)
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


def _too_long(record: Walked, columns: Sequence[str]) -> BadLine:
    position, length = record.longest
    message = long_field(columns[position] if position < len(columns) else "", length)
    if length <= MOST_IN_FIELD:
        message = (
            f"{record.characters:,} characters in one row, at most {MOST_IN_ROW:,} are read: "
            "leave long columns out of the export"
        )
    return BadLine(record.number, LONG_FIELD, message, record.head)
