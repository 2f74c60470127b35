"""Facts as the kernel reads them: each person's history side by side, in order of time.

In: columns of facts (person, instant, code, and perhaps duration, value, product, the instant the
fact became known), as arrays or as an Arrow table. Out: a `Log`, which holds person 0's facts, then
person 1's, and so on (`grouping.grouped`). Promise: the log depends only on the set of facts, never
on the order in which they came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.kernel.grouping import FactColumns, Histories, Piece, group_in_threads
from redumbrella.features.kernel.person_index import PersonIndex
from redumbrella.features.kernel.threads import available_threads, read_only

OTHER = "other"
MAX_KINDS = 500
MAX_CODES = 65_535
_FACTS_PER_PIECE = 262_144


@dataclass(frozen=True)
class Stream:
    """One kind of history: events, page views, sales interactions, purchases …

    `codes` are the names of the kinds of facts, in the order of their numbers. `has_duration` and
    `has_value` say whether facts carry a length in seconds and an amount.
    """

    name: str
    codes: tuple[str, ...]
    has_duration: bool = False
    has_value: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """Codes of a stream, `other` last, and the rare kinds that `other` stands for."""

    codes: tuple[str, ...]
    pooled: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Log:
    """A stream's facts by person and, for each person, in order of time."""

    stream: Stream
    histories: Histories

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each person's facts begin, int64 (people + 1)."""
        return self.histories.offsets

    @property
    def facts(self) -> FactColumns:
        """The columns of all facts, person 0's first; no copies."""
        return self.histories.facts

    @property
    def people(self) -> int:
        """Number of people, those without any fact included."""
        return len(self.offsets) - 1

    def __len__(self) -> int:
        return len(self.histories.records)


def learn_vocabulary(kinds: pa.Array | pa.ChunkedArray, max_kinds: int = MAX_KINDS) -> Vocabulary:
    """The codes for a column of kinds: the `max_kinds` most frequent by name, then `other`.

    `other` also receives kinds that appear later. Equal frequencies are settled by name.

    Raises:
        DataError: more than 65,534 codes are asked for.
    """
    if not 0 <= max_kinds < MAX_CODES:
        raise DataError(
            f"A stream can have at most {MAX_CODES - 1} kinds, but max_kinds is {max_kinds}. "
            "Lower it, so that the rarest kinds are pooled.",
            reason="too_many_kinds",
        )
    counted = pc.value_counts(kinds)
    names = counted.field("values").cast(pa.string()).to_pylist()
    by_count = sorted(
        (-count, name)
        for name, count in zip(names, counted.field("counts").to_pylist(), strict=True)
        if name is not None and name != OTHER
    )
    kept = sorted(name for _, name in by_count[:max_kinds])
    return Vocabulary((*kept, OTHER), tuple(sorted(name for _, name in by_count[max_kinds:])))


def encode_kinds(kinds: pa.Array | pa.ChunkedArray, codes: Sequence[str]) -> NDArray[np.int32]:
    """Number of each kind (n) within `codes`; unknown kinds are `other`, or -1 without it.

    A missing kind is -1: such a fact is not part of the stream.
    """
    numbers = {name: number for number, name in enumerate(codes)}
    unknown = numbers.get(OTHER, -1)
    chunks = kinds.chunks if isinstance(kinds, pa.ChunkedArray) else [kinds]
    encoded = []
    for chunk in chunks:
        entries = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        names = entries.dictionary.cast(pa.string()).to_pylist()
        number_of = [-1 if name is None else numbers.get(name, unknown) for name in names]
        entry = pc.fill_null(entries.indices, len(names))
        encoded.append(pa.array([*number_of, -1], pa.int32()).take(entry).to_numpy())
    if len(encoded) == 1:
        return np.asarray(encoded[0])
    return np.concatenate([np.empty(0, np.int32), *encoded])


def log_from_table(
    table: pa.Table,
    stream: Stream,
    people: PersonIndex,
    *,
    kind: str = "kind",
    person: str = "person_id",
    at: str = "at",
    duration: str = "duration_s",
    value: str = "value",
    known_at: str | None = None,
    product: NDArray[np.int32] | None = None,
    threads: int | None = None,
) -> Log:
    """Group an Arrow table of facts (any order) by the people of an index.

    The texts name the columns; `product` numbers each fact's product (n), -1 for none. Facts of
    people outside the index and facts without a kind are left out.

    Raises:
        DataError: a column is missing or a fact has no instant.
    """
    used = {"person": person, "at": at, "code": kind}
    if stream.has_duration:
        used["duration"] = duration
    if stream.has_value:
        used["value"] = value
    if known_at is not None:
        used["known_at"] = known_at
    columns = {name: _column(table, column) for name, column in used.items()}
    _require_times(columns["at"], at)
    lean = pa.table(columns)

    def read(first: int, rows: pa.RecordBatch) -> Piece:
        numbers = None if product is None else product[first : first + rows.num_rows]
        return _piece(stream, people, rows, numbers)

    batches = lean.to_batches(max_chunksize=_FACTS_PER_PIECE) or [_no_rows(lean.schema)]
    firsts = np.cumsum([0, *(len(batch) for batch in batches)]).tolist()
    tasks = [partial(read, first, batch) for first, batch in zip(firsts, batches, strict=False)]
    return Log(stream, group_in_threads(tasks, len(people), threads or available_threads()))


def group_facts(
    stream: Stream,
    person: NDArray[np.int32],
    at: NDArray[np.int64],
    code: NDArray[Any],
    *,
    people: int,
    duration: NDArray[Any] | None = None,
    value: NDArray[Any] | None = None,
    known_at: NDArray[np.int64] | None = None,
    product: NDArray[np.int32] | None = None,
    threads: int | None = None,
) -> Log:
    """Group facts (n each, any order, fastest in order of time) by person 0 … people - 1.

    Facts with person -1 or code -1 are left out.

    Raises:
        DataError: columns of different lengths, or a person or code that does not exist.
    """
    facts = _facts(stream, at, code, duration, value, known_at, product)
    person = np.asarray(person, np.int32)
    _check(stream, person, code, people, facts)
    person = _left_out(person, np.asarray(code))
    threads = threads or available_threads()
    borders = np.linspace(0, len(person), threads + 1 if len(person) >= _FACTS_PER_PIECE else 2)

    def cut(first: int, end: int) -> Piece:
        return person[first:end], FactColumns._make(column[first:end] for column in facts)

    tasks = [partial(cut, int(a), int(b)) for a, b in pairwise(borders)]
    return Log(stream, group_in_threads(tasks, people, threads))


def _piece(
    stream: Stream, people: PersonIndex, rows: pa.RecordBatch, product: NDArray[np.int32] | None
) -> Piece:
    """Rows of a table (columns as in `FactColumns`, and `person`), copied only where needed."""
    names = rows.schema.names
    at = rows.column("at")
    known_at = None
    if "known_at" in names:
        # A fact without that was known when it happened.
        known_at = pc.coalesce(rows.column("known_at"), at.cast(rows.column("known_at").type))
    code = encode_kinds(rows.column("code"), stream.codes)
    return _left_out(people.index_of(rows.column("person"), threads=1), code), _facts(
        stream,
        _instants(at),
        code,
        _numbers(rows.column("duration")) if "duration" in names else None,
        _numbers(rows.column("value")) if "value" in names else None,
        None if known_at is None else _instants(known_at),
        product,
    )


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in schema.types], schema=schema)


def _facts(
    stream: Stream,
    at: NDArray[Any],
    code: NDArray[Any],
    duration: NDArray[Any] | None,
    value: NDArray[Any] | None,
    known_at: NDArray[Any] | None,
    product: NDArray[Any] | None,
) -> FactColumns:
    return FactColumns(
        read_only(np.asarray(at, np.int64)),
        read_only(np.asarray(code).astype(np.uint16)),
        _optional(duration if stream.has_duration else None, np.float32),
        _optional(value if stream.has_value else None, np.float64),
        _optional(known_at, np.int64),
        _optional(product, np.int32),
    )


def _left_out(person: NDArray[np.int32], code: NDArray[Any]) -> NDArray[np.int32]:
    """Persons (n), -1 where the code is -1."""
    if len(code) and int(code.min()) < 0:
        person = np.where(code < 0, np.int32(-1), person)
    return read_only(person)


def _check(
    stream: Stream, person: NDArray[np.int32], code: NDArray[Any], people: int, facts: FactColumns
) -> None:
    lengths = {len(column) for column in (person, *facts) if len(column)}
    missing = (stream.has_duration and not len(facts.duration)) or (
        stream.has_value and not len(facts.value)
    )
    if len(lengths) > 1 or (lengths and (missing or not len(person))):
        raise DataError(
            f'The columns of the stream "{stream.name}" have different lengths '
            f"({sorted(lengths)}) or one is missing. Give one entry per fact in each column.",
            reason="column_lengths",
        )
    if lengths and (int(person.max()) >= people or int(code.max()) >= len(stream.codes)):
        raise DataError(
            f'The stream "{stream.name}" has facts with person {int(person.max())} and code '
            f"{int(code.max())}, but there are {people} people and {len(stream.codes)} codes, "
            "numbered from 0. Use the index and the codes that the stream was made with.",
            reason="unknown_number",
        )


def _optional(column: NDArray[Any] | None, dtype: type) -> NDArray[Any]:
    return read_only(np.empty(0, dtype) if column is None else np.asarray(column, dtype))


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise DataError(
            f'The table of facts has no column "{name}"; it has {table.column_names}. '
            "Map it in umbrella.toml or name another column.",
            reason="missing_column",
        )
    return table.column(name)


def _require_times(column: pa.ChunkedArray, name: str) -> None:
    if column.null_count:
        raise DataError(
            f'{column.null_count} facts have no time in the column "{name}". A fact without a '
            "time has no place in a history: correct them or leave them out.",
            reason="missing_time",
        )


def _instants(column: pa.Array) -> NDArray[np.int64]:
    """Times as UTC microseconds (n)."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return np.asarray(column.cast(pa.int64()), np.int64)


def _numbers(column: pa.Array) -> NDArray[Any]:
    """Numbers (n) with NaN for nulls; nothing is copied when there is no null."""
    if not pa.types.is_floating(column.type):
        column = column.cast(pa.float64(), safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False))
