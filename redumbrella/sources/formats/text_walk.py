"""Delimited text walked through record by record, where Arrow cannot tell or cannot go on.

The text of a file comes in; `Walked` records go out, with their lines, the length of their longest
field and the line on which their last quote was opened. Memory is bounded: of a record beyond
MOST_IN_ROW characters only the beginning is kept. Slower than Arrow, so only asked where it failed.

Quotes are read as Arrow reads them: one at the beginning of a field opens it, two inside stand for
one, any other stands for itself.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import NamedTuple, TextIO

# Characters. DuckDB hands 2,048 rows at a time to Arrow, whose texts of one column end at 2^31
# bytes: so many of the longest fields, at four bytes a character, still fit.
MOST_IN_FIELD = 250_000
MOST_IN_ROW = 4_000_000
_PIECE = 1 << 16  # characters read at a time
_SHOWN = 200


class Walked(NamedTuple):
    """One record: its number, first and last line, what it holds.

    text: with its line end; None beyond MOST_IN_ROW characters. head: its beginning. characters,
    columns: how many it has. longest: position and characters of the longest field. opened: line on
    which the longest quoted field begins, or that which nobody closed until the end of the file
    (is_open); 0 for none.
    """

    number: int
    line: int
    last_line: int
    text: str | None
    head: str
    characters: int
    columns: int
    longest: tuple[int, int]
    opened: int
    is_open: bool
    is_torn: bool

    @property
    def is_too_long(self) -> bool:
        """Whether the record or one of its fields is beyond what is read."""
        return self.text is None or self.longest[1] > MOST_IN_FIELD


class _Fields:
    """The state between two pieces of text: where in a record and in a field it stands."""

    def __init__(self, delimiter: str, quote: str) -> None:
        self.quote = quote
        self.ends = re.compile(f"{re.escape(delimiter)}|\r\n|\r|\n")
        self.delimiter = delimiter
        self.line = 1
        self.number = 0
        self._begin()

    def _begin(self) -> None:
        self.first_line, self.opening, self.opened = self.line, 0, 0
        self.kept: list[str] = []
        self.size, self.column = 0, 0
        self.longest, self.is_torn = (0, 0), False
        self.length, self.goes_on = 0, False
        self.is_fresh, self.is_quoted, self.saw_quote = True, False, False

    def keep(self, text: str) -> None:
        """Adds text to the record, as far as a record may reach."""
        if self.size <= MOST_IN_ROW:
            self.kept.append(text)
        self.size += len(text)

    def end_field(self) -> None:
        """Counts the field that ends here."""
        if self.length > self.longest[1]:
            self.longest = (self.column, self.length)
            self.opened = self.opening or self.opened
            self.is_torn = self.goes_on
        self.column += 1
        self.opening, self.goes_on = 0, False
        self.length, self.is_fresh, self.is_quoted = 0, True, False

    def end_record(self, last_line: int, *, is_open: bool = False) -> Walked:
        """The record that ends here; the next one begins."""
        opened = self.opening if is_open else self.opened
        self.number += 1
        text = "".join(self.kept)
        found = Walked(
            number=self.number,
            line=self.first_line,
            last_line=last_line,
            text=text if self.size <= MOST_IN_ROW else None,
            head=text[:_SHOWN],
            characters=self.size,
            columns=self.column,
            longest=self.longest,
            opened=opened,
            is_open=is_open,
            is_torn=self.is_torn,
        )
        self._begin()
        return found

    def plain(self, lines: str) -> Iterator[Walked]:
        """The records of lines without any quote."""
        for line in lines.split("\n")[:-1]:
            text = line + "\n"
            sizes = [len(field) for field in line.removesuffix("\r").split(self.delimiter)]
            size = max(sizes)
            self.number += 1
            yield Walked(
                number=self.number,
                line=self.line,
                last_line=self.line,
                text=text,
                head=text[:_SHOWN],
                characters=len(text),
                columns=len(sizes),
                longest=(sizes.index(size), size),
                opened=0,
                is_open=False,
                is_torn=False,
            )
            self.line += 1
        self._begin()

    def quoted_part(self, piece: str, at: int) -> int:
        """Walks on inside quotes; the place after them, or the end of the piece."""
        while at < len(piece):
            if self.saw_quote:  # the last piece or this one ended with a quote
                self.saw_quote = False
                if piece[at] != self.quote:
                    self.is_quoted = False
                    return at
                self.length += 1
                at += 1
                continue
            end = piece.find(self.quote, at)
            stop = len(piece) if end < 0 else end
            self.length += stop - at
            self.line += _line_ends(piece, at, stop)
            self.saw_quote = end >= 0
            at = stop + (end >= 0)
        return at


def walk_text(text: TextIO, delimiter: str, quote: str = '"') -> Iterator[Walked]:
    """The records of a text, blank lines included, as Arrow counts them."""
    state = _Fields(delimiter, quote)
    while piece := _piece(text):
        at = 0
        while at < len(piece):
            if state.size == 0 and (end := _end_of_plain(piece, at, quote)) > at:
                yield from state.plain(piece[at:end])
                at = end
                continue
            begin = at
            if state.is_fresh and piece[at] == quote:
                state.is_fresh, state.is_quoted, state.opening = False, True, state.line
                at += 1
            if state.is_quoted:
                at = state.quoted_part(piece, at)
            if at >= len(piece) or state.is_quoted:
                state.keep(piece[begin:at])
                continue
            found = state.ends.search(piece, at)
            stop = found.start() if found else len(piece)
            state.is_fresh = state.is_fresh and stop == at
            state.goes_on = state.goes_on or (state.opening > 0 and stop > at)
            state.length += stop - at
            at = found.end() if found else stop
            state.keep(piece[begin:at])
            if found is None:
                continue
            state.end_field()
            if found.group() != delimiter:
                last = state.line
                state.line += 1
                yield state.end_record(last)
    is_open = state.is_quoted and not state.saw_quote
    if state.size:
        opening = state.opening
        state.end_field()
        state.opening = opening
        yield state.end_record(state.line, is_open=is_open)


def _end_of_plain(piece: str, at: int, quote: str) -> int:
    """Where the lines without a quote end, that begin at a place; the place where there are none.

    Lines that end with a lone carriage return are left to the slower way.
    """
    first = piece.find(quote, at)
    end = piece.rfind("\n", at, len(piece) if first < 0 else first) + 1
    if piece.count("\r", at, end) > piece.count("\r\n", at, end):
        return at
    return end


def _piece(text: TextIO) -> str:
    """Some text that does not end between the two characters of a line end."""
    piece = text.read(_PIECE).removeprefix("\ufeff")
    while piece.endswith("\r"):
        more = text.read(1)
        if not more:
            break
        piece += more
    return piece


def _line_ends(piece: str, first: int, end: int) -> int:
    feeds, returns = piece.count("\n", first, end), piece.count("\r", first, end)
    return feeds + returns - piece.count("\r\n", first, end)


class TextStream(io.RawIOBase):
    """Pieces of text as the bytes of a file in UTF-8."""

    def __init__(self, pieces: Iterator[str]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Reads into a buffer; how many bytes."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all of them when it is negative; none at the end."""
        parts, have = [self._left], len(self._left)
        while size < 0 or have < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece.encode("utf-8", "replace"))
            have += len(parts[-1])
        found = b"".join(parts)
        size = len(found) if size < 0 else size
        self._left = found[size:]
        return found[:size]
