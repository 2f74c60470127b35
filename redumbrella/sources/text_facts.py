"""What a text file is before its form is known: plain or gzipped, its encoding, its quotes.

A path comes in; the facts of one look at all of it go out. A file that is no text is refused.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from redumbrella.errors import DataError

_NOT_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_FOREIGN = {
    b"PK\x03\x04": "a zip or Excel file. Open it and save the table as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an Excel file. Open it and save the table as CSV (UTF-8)",
    b"%PDF": "a PDF. Export the table as CSV instead",
    b"SQLite format 3\x00": 'a SQLite database. Use url = "sqlite:///file.db" and query = "…"',
}


@dataclass(frozen=True)
class TextFacts:
    """What one look at all of a text file tells: encoding, line ends, whether quotes pair up."""

    encoding: str
    lines: int
    has_odd_quotes: bool


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
