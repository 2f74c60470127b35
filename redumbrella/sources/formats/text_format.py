"""How a delimited file is written: its delimiter and quotes, where its table begins and ends.

A path comes in; a `TextFormat` goes out, and with it streams of the table alone, in standard form:
quotes doubled, no NUL, no blank before a quote, nothing after the last row.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

from redumbrella.errors import DataError
from redumbrella.sources.formats.packed import open_bytes
from redumbrella.sources.formats.records import unique_names
from redumbrella.sources.formats.table_shape import (
    HEADER_WITHIN,
    filled,
    find_header,
    footer_length,
    looks_like_data,
)
from redumbrella.sources.formats.text_facts import ODD_BYTES, TextFacts, text_facts
from redumbrella.sources.formats.text_walk import TextStream, walk_text

_SAMPLE_CHARACTERS = 1 << 18
_LONGEST_NAME = 10_000
_DELIMITERS = (",", ";", "\t", "|")
_SHOWN_LINES, _SHOWN_CELL = 3, 60
_PIECE = 1 << 16
_LAST_LINES = 60  # are looked at for what stands below the table
_ESCAPE = re.compile(r'\\(["\\])')
# Python's own limit of a field, 131,072 characters, would end the reading; ours is applied later.
csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class TextFormat:
    """How a delimited file is written.

    columns: unique names. header: the names as they are written. width: values of a row, which may
    be more than there are names where each line ends with a delimiter. end: the byte where the
    table ends, if something follows. lines: how many it has. has_loose_quotes: blanks stand before
    quotes.
    """

    text: TextFacts
    delimiter: str
    columns: tuple[str, ...]
    skipped_records: int
    notes: tuple[str, ...]
    header: tuple[str, ...] = ()
    width: int = 0
    quote: str = '"'
    end: int | None = None
    lines: int = 0
    has_loose_quotes: bool = False

    @property
    def has_odd_quotes(self) -> bool:
        """Whether quotes cannot all be in pairs."""
        return self.quote == '"' and (self.text.quotes - self.text.escaped) % 2 == 1

    @property
    def is_standard(self) -> bool:
        """Whether the bytes of the file can be read as they are."""
        facts = self.text
        return not (facts.escaped or facts.nuls or facts.odd_bytes or self.has_loose_quotes)

    @property
    def encoding(self) -> str:
        """The encoding of `table_bytes`."""
        return self.text.encoding if self.is_standard else "utf-8"


def table_bytes(path: Path, form: TextFormat) -> IO[bytes]:
    """The bytes of the table, preamble included, in standard form."""
    file = open_bytes(path)
    if form.end is not None:
        file = io.BufferedReader(_Limited(file, form.end))
    if form.is_standard:
        return file
    text = _decoded(file, form.text)
    return io.BufferedReader(TextStream(_standard(text, form)), _PIECE)


def table_text(path: Path, form: TextFormat) -> TextIO:
    """The text of the table, preamble included, in standard form."""
    return io.TextIOWrapper(table_bytes(path, form), form.encoding, errors="replace", newline="")


def _decoded(file: IO[bytes], facts: TextFacts) -> TextIO:
    errors = ODD_BYTES if facts.encoding == "utf-8" else "replace"
    return io.TextIOWrapper(file, facts.encoding, errors=errors, newline="")


def _standard(text: TextIO, form: TextFormat) -> Iterator[str]:
    """Pieces of the text in standard form."""
    held = re.compile(rf'(\\+|"? *(?:{re.escape(form.delimiter)} *)?)\Z')
    left = ""
    with text:
        while piece := text.read(_PIECE):
            piece = left + piece
            # What may go on in the next piece waits for it.
            waits = held.search(piece)
            left = piece[waits.start() :] if waits else ""
            yield _in_standard_form(piece[: len(piece) - len(left)], form)
        yield _in_standard_form(left, form)


def _in_standard_form(piece: str, form: TextFormat) -> str:
    if form.text.nuls:
        piece = piece.replace("\0", "")
    if form.text.escaped:
        piece = _ESCAPE.sub(lambda found: '""' if found[1] == '"' else "\\", piece)
    if form.has_loose_quotes:
        piece = re.sub(rf'{re.escape(form.delimiter)} +(?=")', form.delimiter, piece)
        piece = re.sub(rf'" +{re.escape(form.delimiter)}', f'"{form.delimiter}', piece)
    return piece


class _Limited(io.RawIOBase):
    """The first bytes of a file, up to an end."""

    def __init__(self, file: IO[bytes], end: int) -> None:
        super().__init__()
        self._file, self._left = file, end

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Reads into a buffer; how many bytes."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        piece = self._file.read(min(len(view), self._left))
        view[: len(piece)] = piece
        self._left -= len(piece)
        return len(piece)

    def close(self) -> None:
        """Closes the file too."""
        self._file.close()
        super().close()


@dataclass(frozen=True)
class _Start:
    """The beginning of a file: its text, how it is written, and its records."""

    sample: str
    form: TextFormat
    records: list[list[str]]
    position: int  # of the line of names among the records


def inspect_delimited(path: Path, delimiter: str | None) -> TextFormat | None:
    """How a delimited file is written, or None when it is empty.

    Raises DataError when it is no text, or has no line of column names.
    """
    facts = text_facts(path)
    with open_bytes(path) as file, _decoded(file, facts) as text:
        sample = text.read(_SAMPLE_CHARACTERS).removeprefix("\ufeff")
    start = _start(sample, facts, delimiter)
    if start is None:
        return None
    header = _header(path, start)
    below = start.records[start.position + 1 :]
    if looks_like_data(header, below):
        raise _no_header(path, start, header)
    header, width = _without_ends(header, below)
    columns, renamed = unique_names(header)
    footer = _footer(facts, start, header)
    notes = [
        *_text_notes(facts),
        *_said("above the line of column names", start.records[: start.position]),
        *_said("at the end", footer.rows),
        *renamed,
    ]
    return TextFormat(
        text=facts,
        delimiter=start.form.delimiter,
        columns=columns,
        skipped_records=start.position,
        notes=tuple(notes),
        header=tuple(header),
        width=width,
        quote=start.form.quote,
        end=facts.size - footer.size if footer.size else None,
        lines=facts.lines - footer.lines,
        has_loose_quotes=start.form.has_loose_quotes,
    )


def _start(sample: str, facts: TextFacts, delimiter: str | None) -> _Start | None:
    form = TextFormat(facts, delimiter or ",", (), 0, ())
    sample = _in_standard_form(sample, form)
    first_line = sample.partition("\n")[0].strip()
    skips = int(first_line[:4].lower() == "sep=" and len(first_line) == 5)
    if skips:  # written by spreadsheets
        delimiter = delimiter or first_line[4]
        sample = sample.partition("\n")[2]
    if not sample.strip():
        return None
    delimiter = delimiter or sniff_delimiter(sample) or ","
    mark = re.escape(delimiter)
    form = TextFormat(
        facts,
        delimiter,
        (),
        skips,
        (),
        quote=_quote(sample, delimiter),
        has_loose_quotes=bool(re.search(rf'^"[^"\r\n]*" *{mark} +"[^"\r\n]*"', sample, re.M)),
    )
    sample = _in_standard_form(sample, form)
    records = _records(sample, delimiter, form.quote)
    position = find_header(records)
    assert position is not None
    if skips:
        records.insert(0, [])
        position += 1
    return _Start(sample, form, records, position)


def _records(sample: str, delimiter: str, quote: str = '"') -> list[list[str]]:
    """The first records of a sample; without the last one where the sample cuts it."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, quotechar=quote)
    records = [record for record, _ in zip(reader, range(HEADER_WITHIN), strict=False)]
    is_cut = len(sample) > _SAMPLE_CHARACTERS // 2 and 1 < len(records) < HEADER_WITHIN
    return records[:-1] if is_cut else records


def sniff_delimiter(sample: str) -> str | None:
    """The delimiter under which the records of a sample agree best; None for one column."""
    best: tuple[float, bool, int, str] | None = None
    for delimiter in _DELIMITERS:
        records = _records(sample, delimiter, _quote(sample, delimiter))
        widths = [len(record) for record in records if record]
        common = Counter(width for width in widths if width > 1).most_common(1)
        position = find_header(records)
        if not common or position is None or len(records[position]) < 2:
            continue
        width, count = common[0]
        agreeing = count / len(widths)
        is_named = abs(len(records[position]) - width) <= 1
        # Nearly full agreement counts as full: reports have lines above and below.
        found = (1.0 if agreeing > 0.9 else agreeing, is_named, width, delimiter)
        best = found if best is None else max(best, found)
    return best[3] if best else None


def _quote(sample: str, delimiter: str) -> str:
    """The quotes around fields: double ones, unless a line is all in single ones."""
    if "'" not in sample:
        return '"'
    mark = re.escape(delimiter)
    whole = re.compile(rf"^'[^'\r\n]*'(?: *{mark} *'[^'\r\n]*')+\r?$", re.MULTILINE)
    return "'" if whole.search(sample) and '"' not in sample.partition("\n")[0] else '"'


def _header(path: Path, start: _Start) -> list[str]:
    """The names in their line. Raises DataError when they go on and on, or are never closed."""
    form, header = start.form, start.records[start.position]
    walked = walk_text(io.StringIO(start.sample, newline=""), form.delimiter, form.quote)
    first = next(walked)
    for _ in range(start.position - form.skipped_records):
        first = next(walked)
    line = form.skipped_records + first.line
    if first.is_open and (form.has_odd_quotes or len(first.head) < first.characters):
        raise unclosed_quote(path, form.skipped_records + first.opened)
    longest = max((len(name) for name in header), default=0)
    if longest > _LONGEST_NAME or first.characters >= _SAMPLE_CHARACTERS:
        message = (
            f"{path.name}, line {line}: a line of column names is expected, but it has "
            f"{first.characters:,} characters or more, one name {longest:,}; at most "
            f"{_SAMPLE_CHARACTERS:,} are read, {_LONGEST_NAME:,} of one name. Put a line of names "
            "first, and export fewer columns if it is one."
        )
        raise DataError(message, reason="long_header")
    return header


def unclosed_quote(path: Path, line: int) -> DataError:
    """What is said where a quote swallows all that follows."""
    message = (
        f'{path.name}, line {line}: a quote (") is opened there but never closed. '
        "Close it, or double the quotes inside the text, and run again."
    )
    return DataError(message, reason="unclosed_quote")


def _no_header(path: Path, start: _Start, header: Sequence[str]) -> DataError:
    shown = ", ".join(f'"{cell.strip()[:_SHOWN_CELL]}"' for cell in header[:_SHOWN_LINES])
    message = (
        f"{path.name}, line {start.position + 1}: a line of column names is expected, but it looks "
        f"like a row of data ({shown}). Put a line of names above it, such as id,created,…"
    )
    return DataError(message, reason="no_header")


def _without_ends(header: list[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], int]:
    """The names without empty ones that stand for a delimiter at the end; values of a row."""
    widths = Counter(len(row) for row in rows if filled(row))
    width = widths.most_common(1)[0][0] if widths else len(header)
    names = len(header)
    if width == names + 1 and _are_numbered(rows):  # written by R, without a name for the numbers
        return ["", *header], width
    while names > 1 and rows and not header[names - 1].strip():
        if any(cell.strip() for row in rows for cell in row[names - 1 :]):
            break
        names -= 1
    if width > names and any(cell.strip() for row in rows for cell in row[names:]):
        return header, len(header)
    return header[:names], max(width, names)


def _are_numbered(rows: Sequence[Sequence[str]]) -> bool:
    firsts = [row[0] for row in rows if filled(row)]
    return len(firsts) > 1 and firsts == [str(n) for n in range(1, len(firsts) + 1)]


@dataclass(frozen=True)
class _Footer:
    """What stands below the table, and its bytes and lines."""

    rows: list[list[str]]
    size: int = 0
    lines: int = 0


def _footer(facts: TextFacts, start: _Start, header: Sequence[str]) -> _Footer:
    """The notices and totals at the end of the file."""
    encoding, errors = facts.encoding, ODD_BYTES if facts.encoding == "utf-8" else "replace"
    if encoding == "utf-16":
        is_little = facts.tail[1::2].count(0) > facts.tail[::2].count(0)
        encoding = "utf-16-le" if is_little else "utf-16-be"
    text = facts.tail.decode(encoding, errors)
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)
    above = start.position + 1 if facts.size == len(facts.tail) else 1
    rows: list[list[str]] = []
    for line in reversed(lines[above:][-_LAST_LINES:]):
        plain = _in_standard_form(line, start.form)
        if plain.count(start.form.quote) % 2:
            break  # a value of several lines ends here
        rows.append(next(iter(_records(plain, start.form.delimiter, start.form.quote)), []))
    count = footer_length(rows[::-1], header)
    below = "".join(lines[len(lines) - count :])
    if not count or not facts.tail.endswith(below.encode(encoding, "replace")):
        return _Footer([])
    return _Footer(rows[:count][::-1], len(below.encode(encoding, "replace")), below.count("\n"))


def _text_notes(facts: TextFacts) -> list[str]:
    notes = []
    if facts.encoding in {"cp1252", "latin-1"}:
        shown = "Windows-1252" if facts.encoding == "cp1252" else "Latin-1"
        notes.append(f"Not UTF-8: read as {shown}. If names look wrong, save the file as UTF-8.")
    if facts.odd_bytes:
        are = "1 byte is" if facts.odd_bytes == 1 else f"{facts.odd_bytes:,} bytes are"
        notes.append(f"{are} not UTF-8 in a text that otherwise is: read as Windows-1252.")
    if facts.nuls:
        are = "1 NUL character is" if facts.nuls == 1 else f"{facts.nuls:,} NUL characters are"
        notes.append(f"{are} left out of the text.")
    return notes


def _said(where: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """A note on lines that are no part of the table."""
    texts = [" ".join(cell.strip() for cell in row if cell.strip()) for row in rows if filled(row)]
    if not texts:
        return []
    what = "1 line" if len(texts) == 1 else f"{len(texts):,} lines"
    shown = ", ".join(f'"{text[:_SHOWN_CELL]}"' for text in texts[:_SHOWN_LINES])
    more = ", …" if len(texts) > _SHOWN_LINES else ""
    return [f"{what} {where} left out, as no part of the table: {shown}{more}."]
