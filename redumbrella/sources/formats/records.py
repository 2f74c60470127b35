"""The records of any source on their way in: chunks of Arrow columns, and what does not fit.

Every reader of a form (text, JSON, Parquet, workbooks, databases) hands over `Records`; what is
the same for all stands here: unique column names, and the limit of a field's length.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from redumbrella.sources.formats.text_walk import MOST_IN_FIELD

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

LONG_FIELD = "long_field"  # the reason of a row that is set aside for its length
SHOWN = 200  # characters of a row that are kept to be shown


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
class Records:
    """The records of one input.

    `chunks` must be consumed before `bad` and `notes` are complete and `lines` may be asked, which
    turns record numbers into line numbers. `delimiter` of a delimited text.
    """

    columns: tuple[str, ...]
    chunks: Iterator[Chunk]
    bad: list[BadLine]
    notes: Sequence[str]
    lines: Callable[[Sequence[int]], dict[int, int]]
    delimiter: str | None = None


def bounded(records: Records) -> Records:
    """The same records; those with a field too long to be read are set aside while reading."""
    chunks = (within_limits(chunk, records.bad) for chunk in records.chunks)
    return replace(records, chunks=chunks)


def same_lines(records: Sequence[int]) -> dict[int, int]:
    """Line numbers where the number of a record is its line."""
    return {record: record for record in records}


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
        raw = ",".join("" if value is None else str(value)[:SHOWN] for value in values)
        number = int(chunk.numbers[row])
        bad.append(BadLine(number, LONG_FIELD, long_field(name, length), raw[:SHOWN]))
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


def long_field(column: str, length: int) -> str:
    """What is wrong with a row that has a field of so many characters."""
    where = f'column "{column}"' if column else "a field"
    return (
        f"{where} holds {length:,} characters, at most {MOST_IN_FIELD:,} are read: shorten it, or "
        "leave the column out of the export"
    )


def as_text(value: object) -> str | None:
    """A plain Python value as the text that a CSV export of it would hold; NaN is none."""
    if value is None or isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, list | dict):
        return _json_text(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _number_text(value: float) -> str | None:
    if not math.isfinite(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _json_text(value: object) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except (TypeError, ValueError, RecursionError):  # numbers beyond 64 bits, odd characters
        return json.dumps(value, default=str, ensure_ascii=False)
