"""What a text file is before its form is known: its encoding, its quotes, its last lines.

A path comes in; the facts of one look at all of it go out. A file that is no text is refused.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from redumbrella.errors import DataError
from redumbrella.sources.formats.packed import open_bytes, unpacking

# How bytes that are not UTF-8 are read in a text that otherwise is.
ODD_BYTES = "as-windows-1252"
_TAIL_BYTES = 1 << 15
_BLOCK = 1 << 20
_NOT_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_REPLACED, _REPLACED_BYTES = "\ufffd", "\ufffd".encode()
# A quote behind a backslash that cannot be the end of a field.
_ESCAPED_QUOTE = re.compile(rb'\\"(?![,;\t|\r\n"])')
_FOREIGN = {
    b"PK\x03\x04": "a damaged zip or Excel file. Export it again, or save the table as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel file. Open it and save the table as .xlsx or CSV (UTF-8)",
    b"%PDF": "a PDF. Export the table as CSV or Excel instead",
    b"SQLite format 3\x00": 'a SQLite database. Use url = "sqlite:///file.db" and query = "…"',
    b"PK\x05\x06": "a ZIP with no file in it. Export it again",
    b"ORC": "an ORC file. Write it as Parquet",
    b"ARROW1": "an Arrow (Feather) file. Write it as Parquet",
    b"Obj\x01": "an Avro file. Write it as Parquet or JSON lines",
    b"\x89PNG": "a picture. Export the table itself as CSV or Excel",
    b"\xff\xd8\xff": "a picture. Export the table itself as CSV or Excel",
    b"\x00\x01\x00\x00Standard": "an Access database. Export the table as CSV or Excel",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive. Unpack it, and name the file that comes out",
    b"Rar!": "a RAR archive. Unpack it, and name the file that comes out",
}
_MARKUP = re.compile(rb"\s*<(!doctype html|html|head|body|table|style|\?xml)", re.IGNORECASE)


@dataclass(frozen=True)
class TextFacts:
    """What one look at all of a text file tells.

    odd_bytes: how many bytes are not UTF-8 in a text that otherwise is. quotes: how many quotes,
    escaped: how many of them have a backslash before them, and so stand for themselves. nuls: how
    many characters are NUL. size: bytes, unpacked. tail: the last of them.
    """

    encoding: str
    lines: int
    quotes: int = 0
    escaped: int = 0
    nuls: int = 0
    odd_bytes: int = 0
    size: int = 0
    tail: bytes = b""


def text_facts(path: Path) -> TextFacts:
    """Looks at all of a text file once.

    Raises DataError when the file is no text or packed and damaged.
    """
    with unpacking(path):
        with open_bytes(path) as file:
            first = file.read(1 << 16)
        _refuse_foreign(path, first)
        encoding = _marked_encoding(first)
        if encoding is None and _looks_binary(first):
            message = (
                f"{path.name} is not a text file. Expected CSV, JSON, Parquet or an Excel workbook."
            )
            raise DataError(message, reason="binary_file")
        with open_bytes(path) as file:
            facts = _scan(file, encoding)
    if encoding not in {None, facts.encoding}:
        message = f"{path.name} begins as {encoding} and then breaks off. Export it again as UTF-8."
        raise DataError(message, reason="damaged_file")
    return facts


def _refuse_foreign(path: Path, first: bytes) -> None:
    for magic, what in _FOREIGN.items():
        if first.startswith(magic):
            raise DataError(f"{path.name} is {what}.", reason="binary_file")
    if first[257:262] == b"ustar":
        message = f"{path.name} is a tar archive. Unpack it, and name the files that come out."
        raise DataError(message, reason="binary_file")
    if _MARKUP.match(first.removeprefix(codecs.BOM_UTF8)):
        message = (
            f"{path.name} is a web page or XML, whatever its name ends with. Open it with Excel or "
            "LibreOffice and save the table as .xlsx or CSV (UTF-8)."
        )
        raise DataError(message, reason="binary_file")


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
    controls = sum(first.count(code) for code in range(32) if code not in b"\t\n\r\f\x1a\x1b\x1e")
    # A text may have a stray one: fewer than one in a hundred, and lines.
    return controls > 0.01 * len(first) or (b"\0" in first and not re.search(rb"[\r\n]", first))


@dataclass
class _Counts:
    """What has been counted so far."""

    size: int = 0
    lines: int = 0
    quotes: int = 0
    escaped: int = 0
    nuls: int = 0
    has_undefined: bool = False
    tail: bytes = b""

    def add(self, block: bytes) -> None:
        """Counts one more block."""
        self.size += len(block)
        self.lines += block.count(b"\n")
        self.quotes += block.count(b'"')
        self.nuls += block.count(b"\0")
        self.has_undefined = self.has_undefined or any(code in block for code in _NOT_CP1252)
        if b'\\"' in block:
            self.escaped += len(_ESCAPED_QUOTE.findall(block))
        self.tail = (self.tail[-_TAIL_BYTES:] + block[-_TAIL_BYTES:])[-_TAIL_BYTES:]


def _scan(file: IO[bytes], marked: str | None) -> TextFacts:
    """The facts of a text; without a marked encoding it is UTF-8 if that fits better."""
    counts = _Counts()
    fit = _Fit(marked or "utf-8")
    while block := file.read(_BLOCK):
        counts.add(block)
        fit.add(block)
    fit.end()
    encoding = marked or "utf-8"
    # Bytes of Windows-1252 hardly ever make up a character of UTF-8 by chance.
    if fit.odd and (marked or fit.further <= fit.odd):
        encoding = "latin-1" if counts.has_undefined else "cp1252"
    return TextFacts(
        encoding=encoding,
        lines=counts.lines,
        quotes=counts.quotes,
        escaped=counts.escaped,
        nuls=0 if marked else counts.nuls,
        odd_bytes=fit.odd if encoding == "utf-8" else 0,
        size=counts.size,
        tail=counts.tail,
    )


class _Fit:
    """How well bytes fit an encoding: `odd` fit nowhere, `further` are those after the first of
    a character."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._is_utf8 = encoding == "utf-8"
        self._last = b""
        self.odd = self.further = 0

    def add(self, block: bytes) -> None:
        """Looks at one more block."""
        if self._is_utf8 and block.isascii() and not self._decoder.getstate()[0]:
            self._last = b""
            return
        text = self._decoder.decode(block)
        found = text.count(_REPLACED)
        if found and self._is_utf8:  # or it was written so
            found -= (self._last + block).count(_REPLACED_BYTES)
        self.odd += max(found, 0)
        self.further += len(block) - len(text)
        self._last = block[-2:]

    def end(self) -> None:
        """Looks at what is left."""
        self.odd += self._decoder.decode(b"", final=True).count(_REPLACED)


def _odd_byte(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    odd = problem.object[problem.start : problem.end]
    return odd.decode("cp1252", "replace"), problem.end


codecs.register_error(ODD_BYTES, _odd_byte)
