"""Facts as the kernel reads them: each person's history side by side, in order of time.

In: columns of facts (person, instant, code, and perhaps duration, value, product, the instant the
fact became known). Out: a `Log`, whose arrays hold person 0's facts, then person 1's, and so on.
Promise: the log depends only on the set of facts, never on the order in which they came, so that
every sum made from it is the same to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.parallel import available_threads, in_chunks, read_only
from redumbrella.features.person_index import PersonIndex

OTHER = "other"
MAX_KINDS = 500
MAX_CODES = 65_535
_PEOPLE_PER_CHUNK = 8_192


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


class Facts(NamedTuple):
    """Columns of facts; person p's are those from offsets[p] to offsets[p + 1] in a `Log`.

    at, known_at: int64 UTC microseconds. code: uint16. duration: float32 seconds and value:
    float64, NaN where unknown. product: int32, -1 where there is none. Columns after `code` are
    empty where the stream has none.
    """

    at: NDArray[np.int64]
    code: NDArray[np.uint16]
    duration: NDArray[np.float32]
    value: NDArray[np.float64]
    known_at: NDArray[np.int64]
    product: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Log:
    """A stream's facts grouped by person and ordered by time; offsets: int64 (people + 1)."""

    stream: Stream
    offsets: NDArray[np.int64]
    facts: Facts

    @property
    def people(self) -> int:
        """Number of people, those without any fact included."""
        return len(self.offsets) - 1

    def __len__(self) -> int:
        return len(self.facts.at)


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
    encoded = [np.empty(0, np.int32)]
    for chunk in chunks:
        entries = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        names = entries.dictionary.cast(pa.string()).to_pylist()
        number_of = [-1 if name is None else numbers.get(name, unknown) for name in names]
        entry = pc.fill_null(entries.indices, len(names)).to_numpy(zero_copy_only=False)
        encoded.append(np.array([*number_of, -1], np.int32)[entry])
    return np.concatenate(encoded)


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
    return group_facts(
        stream,
        people.index_of(_column(table, person), threads=threads),
        _instants(_column(table, at), at),
        encode_kinds(_column(table, kind), stream.codes),
        people=len(people),
        duration=_numbers(_column(table, duration)) if stream.has_duration else None,
        value=_numbers(_column(table, value)) if stream.has_value else None,
        known_at=_known_instants(table, known_at, at),
        product=product,
        threads=threads,
    )


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

    Facts with person -1 or code -1 are left out. One counting sort, then histories whose facts are
    out of order or share an instant are put into the one canonical order.

    Raises:
        DataError: columns of different lengths, or a person or code that does not exist.
    """
    facts = Facts(
        read_only(np.asarray(at, np.int64)),
        read_only(np.asarray(code).astype(np.uint16)),
        _optional(duration if stream.has_duration else None, np.float32),
        _optional(value if stream.has_value else None, np.float64),
        _optional(known_at, np.int64),
        _optional(product, np.int32),
    )
    person = read_only(np.asarray(person, np.int32))
    _check(stream, person, code, people, facts)
    if len(code) and int(code.min()) < 0:
        person = read_only(np.where(code < 0, np.int32(-1), person))
    offsets, grouped = _group(person, facts, people, threads or available_threads())
    bits = _as_integers(grouped)
    in_chunks(
        lambda first, end: _order_histories(first, end, offsets, bits),
        people,
        chunk=_PEOPLE_PER_CHUNK,
        threads=threads,
    )
    return Log(stream, offsets, grouped)


def _check(
    stream: Stream, person: NDArray[np.int32], code: NDArray[Any], people: int, facts: Facts
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


def _group(
    person: NDArray[np.int32], facts: Facts, people: int, threads: int
) -> tuple[NDArray[np.int64], Facts]:
    """Stable counting sort by person: each thread counts, then places, its slice of the facts."""
    n = len(person)
    slices = max(1, min(threads, n // 100_000))
    borders = [n * part // slices for part in range(slices + 1)]
    counts = np.zeros((slices, people), np.int64)
    in_chunks(
        lambda part, _: _count(person[borders[part] : borders[part + 1]], counts[part]),
        slices,
        chunk=1,
        threads=threads,
    )
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts.sum(axis=0))])
    places = np.cumsum(counts, axis=0) - counts + offsets[:-1]
    kept = int(offsets[-1])
    grouped = Facts(*(np.empty(kept if len(column) else 0, column.dtype) for column in facts))
    in_chunks(
        lambda part, _: _place(
            borders[part], borders[part + 1], person, places[part], tuple(facts), tuple(grouped)
        ),
        slices,
        chunk=1,
        threads=threads,
    )
    return offsets, grouped


@njit(nogil=True, cache=True)
def _count(person, counts):  # type: ignore[no-untyped-def]
    """Add the number of facts of each person to `counts`."""
    for p in person:
        if p >= 0:
            counts[p] += 1


@njit(nogil=True, cache=True)
def _place(first, end, person, places, facts, grouped):  # type: ignore[no-untyped-def]
    """Copy the facts first … end - 1 to the next free place of their person."""
    at, code, duration, value, known_at, product = facts
    new_at, new_code, new_duration, new_value, new_known_at, new_product = grouped
    for source in range(first, end):
        p = person[source]
        if p < 0:
            continue
        target = places[p]
        places[p] = target + 1
        new_at[target] = at[source]
        new_code[target] = code[source]
        if duration.size:
            new_duration[target] = duration[source]
        if value.size:
            new_value[target] = value[source]
        if known_at.size:
            new_known_at[target] = known_at[source]
        if product.size:
            new_product[target] = product[source]


def _as_integers(facts: Facts) -> tuple[NDArray[Any], ...]:
    """The same memory with floats read as integers, which have one order even for NaN."""
    return tuple(
        facts._replace(duration=facts.duration.view(np.int32), value=facts.value.view(np.int64))
    )


@njit(nogil=True, cache=True)
def _order_histories(first, end, offsets, facts):  # type: ignore[no-untyped-def]
    """Put the histories of the people first … end - 1 into canonical order, where they are not."""
    at = facts[0]
    for person in range(first, end):
        low, high = offsets[person], offsets[person + 1]
        for j in range(low + 1, high):
            # Most neighbours differ in time, and then nothing else has to be read.
            if at[j - 1] >= at[j] and _compare(facts, j - 1, j) > 0:
                _order_history(low, high, facts)
                break


@njit(nogil=True, cache=True)
def _compare(facts, a, b):  # type: ignore[no-untyped-def]
    """Negative, zero or positive as fact a comes before, equals or comes after fact b."""
    at, code, duration, value, known_at, product = facts
    order = np.sign(at[a] - at[b])
    if order == 0:
        order = np.sign(np.int64(code[a]) - np.int64(code[b]))
    if order == 0 and duration.size:
        order = np.sign(np.int64(duration[a]) - np.int64(duration[b]))
    if order == 0 and value.size:
        order = np.int64(value[a] > value[b]) - np.int64(value[a] < value[b])
    if order == 0 and known_at.size:
        order = np.sign(known_at[a] - known_at[b])
    if order == 0 and product.size:
        order = np.sign(np.int64(product[a]) - np.int64(product[b]))
    return order


@njit(nogil=True, cache=True)
def _order_history(low, high, facts):  # type: ignore[no-untyped-def]
    """Merge sort of one history, so that a million facts in one instant stay affordable."""
    n = high - low
    order, other = np.arange(low, high), np.empty(n, np.int64)
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            middle, stop = min(start + width, n), min(start + 2 * width, n)
            left, right = start, middle
            for target in range(start, stop):
                if right >= stop or (
                    left < middle and _compare(facts, order[left], order[right]) <= 0
                ):
                    other[target] = order[left]
                    left += 1
                else:
                    other[target] = order[right]
                    right += 1
        order, other = other, order
        width *= 2
    at, code, duration, value, known_at, product = facts
    at[low:high] = at[order]
    code[low:high] = code[order]
    if duration.size:
        duration[low:high] = duration[order]
    if value.size:
        value[low:high] = value[order]
    if known_at.size:
        known_at[low:high] = known_at[order]
    if product.size:
        product[low:high] = product[order]


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


def _instants(column: pa.ChunkedArray, name: str) -> NDArray[np.int64]:
    """Times as UTC microseconds (n)."""
    if column.null_count:
        raise DataError(
            f'{column.null_count} facts have no time in the column "{name}". A fact without a '
            "time has no place in a history: correct them or leave them out.",
            reason="missing_time",
        )
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return np.asarray(column.cast(pa.int64()).to_numpy(), np.int64)


def _known_instants(table: pa.Table, known_at: str | None, at: str) -> NDArray[np.int64] | None:
    """When each fact became known; a fact without that was known when it happened."""
    if known_at is None:
        return None
    known = _column(table, known_at)
    return _instants(pc.coalesce(known, _column(table, at).cast(known.type)), known_at)


def _numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """Numbers (n) with NaN for nulls; nothing is copied when there is no null."""
    if pa.types.is_floating(column.type):
        return np.asarray(column.to_numpy())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy())
