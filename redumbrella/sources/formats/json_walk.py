"""JSON walked through value by value, so that memory does not grow with the file.

A text comes in; the elements of its lists go out one after the other, each with the way to its list
and its line, and so do objects that follow each other at the top. Only one element is in memory.
Raises BrokenJsonError where the text is no JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

TOP: tuple[str, ...] = ("", "")  # where objects stand that are in no list; no key can be so
_PIECE = 1 << 20  # characters read at a time
_MOST_IN_VALUE = 1 << 26  # characters of one element
# An error so near to the end of what was read may come from the end alone.
_NEAR_END = 16
_BLANKS = " \t\r\n\ufeff\x1e"  # RFC 7464 puts the last one before each value
_DEEPEST = 20

Place = tuple[str, ...]


class BrokenJsonError(Exception):
    """The text is no JSON: on which line, and what was expected."""

    def __init__(self, line: int, said: str) -> None:
        super().__init__(said)
        self.line, self.said = line, said


class Element(NamedTuple):
    """One element of a list: the keys that lead to the list from the top, its line, its value."""

    place: Place
    line: int
    value: Any


def walk_list(text: TextIO, place: Place) -> Iterator[Element]:
    """The elements of the list at a place, or the objects at the TOP."""
    cursor = _Cursor(text)
    if place == TOP:
        while cursor.peek():
            yield Element(TOP, cursor.line(), cursor.value())
        return
    for one in _walk(cursor, ()):
        if one.place == place:
            yield one
    _refuse_more(cursor)


def walk_lists(text: TextIO) -> Iterator[Element]:
    """The elements of every list of objects or rows that can be reached through objects alone.

    Where a second value follows at the top, the objects at the top follow from there on.
    """
    cursor = _Cursor(text)
    yield from _walk(cursor, ())
    while cursor.peek():
        yield Element(TOP, cursor.line(), cursor.value())


def _walk(cursor: _Cursor, place: Place) -> Iterator[Element]:
    """The elements of the lists in the value that begins at the cursor, which moves behind it."""
    first = cursor.peek()
    if first == "[":
        yield from _elements(cursor, place)
    elif first == "{" and len(place) < _DEEPEST:
        yield from _members(cursor, place)
    else:
        cursor.value()


def _members(cursor: _Cursor, place: Place) -> Iterator[Element]:
    cursor.take("{")
    while cursor.peek() != "}":
        key = cursor.value()
        if not isinstance(key, str):
            raise BrokenJsonError(cursor.line(), "a name in quotes is expected")
        cursor.take(":")
        yield from _walk(cursor, (*place, key))
        if cursor.peek() != "}":
            cursor.take(",")
    cursor.take("}")


def _elements(cursor: _Cursor, place: Place) -> Iterator[Element]:
    cursor.take("[")
    while cursor.peek() != "]":
        line = cursor.line()
        yield Element(place, line, cursor.value())
        if cursor.peek() != "]":
            cursor.take(",")
    cursor.take("]")


def _refuse_more(cursor: _Cursor) -> None:
    if cursor.peek():
        raise BrokenJsonError(cursor.line(), "something follows after the end")


class _Cursor:
    """A place in a text of which only a part is in memory."""

    def __init__(self, text: TextIO) -> None:
        self._text, self._buffer, self._at = text, "", 0
        self._line, self._counted, self._is_end = 1, 0, False
        self._decoder = json.JSONDecoder()

    def line(self) -> int:
        """The line of the place."""
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def peek(self) -> str:
        """The next character that is no blank; none at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _BLANKS:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more(_PIECE):
                return ""

    def take(self, expected: str) -> None:
        """Moves behind a character that has to come next."""
        if self.peek() != expected:
            said = f'"{expected}" is expected' if self.peek() else "the file ends here"
            raise BrokenJsonError(self.line(), said)
        self._at += 1

    def value(self) -> Any:
        """The value that begins here; the place moves behind it."""
        size = _PIECE
        if not self.peek():
            raise BrokenJsonError(self.line(), "the file ends here")
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
                # A number may go on in the next piece.
                if end < len(self._buffer) or not self._more(size):
                    self._at = end
                    return value
            except RecursionError:
                raise BrokenJsonError(self.line(), "too many brackets inside brackets") from None
            except ValueError as problem:
                self._go_on_after(problem, size)
            size *= 2

    def _go_on_after(self, problem: ValueError, size: int) -> None:
        """Reads on where that can help. Raises BrokenJsonError where it cannot."""
        said = problem.msg if isinstance(problem, json.JSONDecodeError) else "a number is too long"
        place = problem.pos if isinstance(problem, json.JSONDecodeError) else 0
        may_help = "Unterminated string" in said or place > len(self._buffer) - _NEAR_END
        waiting = len(self._buffer) - self._at
        if may_help and waiting <= _MOST_IN_VALUE and self._more(size):
            return
        if waiting > _MOST_IN_VALUE:
            said = f"one value is longer than {_MOST_IN_VALUE:,} characters"
        elif may_help:
            said = "the file ends within a value"
        line = self.line() + self._buffer.count("\n", self._at, max(place, self._at))
        raise BrokenJsonError(line, said)

    def _more(self, size: int) -> bool:
        """Reads on and forgets what is behind; False at the end of the text."""
        piece = "" if self._is_end else self._text.read(size)
        self._is_end = not piece
        if piece:
            self.line()
            self._buffer = self._buffer[self._at :] + piece
            self._at = self._counted = 0
        return bool(piece)
