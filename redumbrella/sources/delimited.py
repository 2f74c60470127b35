"""Delimited text (CSV, TSV and their kin), plain or gzipped, in any usual encoding.

A path comes in; how the file is written (encoding, delimiter, header) and its records as Arrow
tables of text go out, in batches. Promise: every record that does not have as many values as the
header is handed over as a bad line, and none disappears.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from redumbrella.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

BLOCK_BYTES = 2 << 20
_SAMPLE_CHARACTERS = 1 << 18
_SAMPLE_RECORDS = 200
_DELIMITERS = (",", ";", "\t", "|")
# A record that runs over so many lines and still does not fit has a quote that nobody closed.
_RUNAWAY_LINES = 50
_NOT_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_FOREIGN = {
    b"PK\x03\x04": "a zip or Excel file. Open it and save the table as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an Excel file. Open it and save the table as CSV (UTF-8)",
    b"%PDF": "a PDF. Export the table as CSV instead",
    b"SQLite format 3\x00": 'a SQLite database. Use url = "sqlite:///file.db" and query = "…"',
}


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
class TextFacts:
    """What one look at all of a text file tells: encoding, line ends, whether quotes pair up."""

    encoding: str
    lines: int
    has_odd_quotes: bool


@dataclass(frozen=True)
class TextFormat:
    """How a delimited file is written. `columns` are unique names."""

    text: TextFacts
    delimiter: str
    columns: tuple[str, ...]
    skipped_records: int
    notes: tuple[str, ...]


def open_bytes(path: Path) -> IO[bytes]:
    """Opens a file for reading, through gzip when its first bytes say so."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if is_gzip else path.open("rb")  # type: ignore[return-value]


def text_facts(path: Path) -> TextFacts:
    """Looks at all of a text file once.

    Raises DataError when the file is no text or a damaged gzip.
    """
    try:
        with open_bytes(path) as file:
            first = file.read(1 << 16)
            _refuse_foreign(path, first)
            encoding = _marked_encoding(first)
            if encoding is None and _looks_binary(first):
                message = f"{path.name} is not a text file. Expected CSV, JSON lines or Parquet."
                raise DataError(message, reason="binary_file")
            file.seek(0)
            facts = _scan(file, encoding)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        message = f"{path.name} is a damaged gzip file. Copy or export it again."
        raise DataError(message, reason="damaged_file") from None
    if encoding not in {None, facts.encoding}:
        message = f"{path.name} begins as {encoding} and then breaks off. Export it again as UTF-8."
        raise DataError(message, reason="damaged_file")
    return facts


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
    header = next(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
    columns, renamed = unique_names(header)
    return TextFormat(facts, delimiter, columns, skipped, (*notes, *renamed))


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

    Capitals do not tell columns apart: SQL and Delta would take them for the same.
    """
    names: list[str] = []
    notes = []
    taken: set[str] = set()
    for position, cell in enumerate(header, start=1):
        name = cell.strip().strip("\ufeff") or f"column {position}"
        unique, number = name, 2
        while unique.casefold() in taken:
            unique, number = f"{name} ({number})", number + 1
        if unique != cell.strip().strip("\ufeff"):
            what = "has no name" if not cell.strip() else f'has the name "{name}" a second time'
            notes.append(f'Column {position} {what}: it is called "{unique}".')
        taken.add(unique.casefold())
        names.append(unique)
    return tuple(names), notes


def read_delimited(path: Path, form: TextFormat, bad: list[BadLine]) -> Iterator[Chunk]:
    """The records of a file in batches, all values as text; misfits are added to `bad`.

    Numbers count records from the first line of the file, header included. Raises DataError where
    a quote is never closed.
    """
    import numpy as np
    import pyarrow as pa

    misfits: list[Any] = []

    def set_aside(row: Any) -> str:
        misfits.append(row)
        return "skip"

    with open_bytes(path) as file:
        try:
            batches = _open_batches(file, form, set_aside)
            taken = 0  # records seen so far, misfits included
            last = None
            for batch in batches:
                numbers = _numbers(taken, batch.num_rows, misfits)
                taken = int(numbers[-1]) if len(numbers) else taken
                # Before the header stand only what `inspect_delimited` skipped.
                begin = int(np.searchsorted(numbers, form.skipped_records + 1, side="right"))
                rows = pa.Table.from_batches([batch]).rename_columns(form.columns).slice(begin)
                last = rows.slice(rows.num_rows - 1) if rows.num_rows else last
                yield Chunk(rows, numbers[begin:])
        except pa.ArrowInvalid as problem:
            if form.text.has_odd_quotes or "straddl" in str(problem):
                raise _unclosed_quote(path, str(problem)) from None
            message = f"{path.name} cannot be read: {problem}. Check its delimiter and quotes."
            raise DataError(message, reason="unreadable_file") from None
    # A quote that nobody closes swallows all that follows, so it shows in the last record.
    if form.text.has_odd_quotes and last is not None and _runs_over_lines(last):
        raise _unclosed_quote(path, f"near line {taken}")
    bad.extend(_misfit(path, row) for row in misfits if row.number > form.skipped_records + 1)


def _open_batches(file: IO[bytes], form: TextFormat, set_aside: Callable[[Any], str]) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # The header is read as a record: only so may its names contain line ends.
    names = [f"f{position}" for position in range(len(form.columns))]
    return arrow_csv.open_csv(
        file,
        read_options=arrow_csv.ReadOptions(
            use_threads=False,  # else misfits would have no number
            block_size=BLOCK_BYTES,
            column_names=names,
            encoding=form.text.encoding,
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
        csv.field_size_limit(1 << 30)
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


def _runs_over_lines(record: pa.Table) -> bool:
    return any("\n" in value for value in record.to_pylist()[0].values())


def _misfit(path: Path, row: Any) -> BadLine:
    lines = row.text.count("\n")
    if lines > _RUNAWAY_LINES:
        raise _unclosed_quote(path, f"row #{row.number}")
    message = f"{row.actual_columns} values, but the header has {row.expected_columns} columns"
    return BadLine(row.number, "ragged", message, row.text)


def _unclosed_quote(path: Path, detail: str) -> DataError:
    message = (
        f'{path.name}: a quote (") is opened but never closed ({detail[:200]}). '
        "Close it, or double the quotes inside the text, and run again."
    )
    return DataError(message, reason="unclosed_quote")


def _refuse_foreign(path: Path, first: bytes) -> None:
    for magic, what in _FOREIGN.items():
        if first.startswith(magic):
            raise DataError(f"{path.name} is {what}.", reason="binary_file")


def _marked_encoding(first: bytes) -> str | None:
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = first[:4096]
    # Text in European languages written as UTF-16 without a mark: every other byte is zero.
    if len(head) >= 4 and head[1::2].count(0) > 0.4 * len(head[1::2]) and not head[::2].count(0):
        return "utf-16-le"
    if len(head) >= 4 and head[::2].count(0) > 0.4 * len(head[::2]) and not head[1::2].count(0):
        return "utf-16-be"
    return None


def _looks_binary(first: bytes) -> bool:
    controls = sum(first.count(code) for code in range(32) if code not in b"\t\n\r\f\x1a\x1b")
    return b"\0" in first or controls > 0.01 * len(first)


def _scan(file: IO[bytes], encoding: str | None) -> TextFacts:
    """The facts of a text; without a marked encoding it is UTF-8 if that is valid."""
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")()
    is_valid, has_undefined, lines, quotes = True, False, 0, 0
    while block := file.read(1 << 20):
        lines += block.count(b"\n")
        quotes += block.count(b'"')
        has_undefined = has_undefined or any(code in block for code in _NOT_CP1252)
        if is_valid:
            is_valid = _decodes(decoder, block, final=False)
    is_valid = is_valid and _decodes(decoder, b"", final=True)
    fallback = "latin-1" if has_undefined else "cp1252"
    found = (encoding or "utf-8") if is_valid else fallback
    return TextFacts(found, lines, has_odd_quotes=quotes % 2 == 1)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True
