"""Facts put side by side person by person, each person's in order of time.

In: pieces of columns of facts, in any order. Out: `Histories`, the same facts in one canonical
order. Promise: the order depends only on the set of facts, never on how they came, so that every
sum made over them is the same to the last bit.

It is a counting sort by person. Facts of one moment belong to people whose histories lie far apart,
so a fact is kept as a record, one place in memory where its columns would be several. A record is
a few words of 64 bits: the instant; the code (upper half) and the float32 of the duration (lower
half); then, where there are any, the float64 of the value, the instant it was known, the product.
Its words as integers, one after the other, are also its place in the order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.prefetch import prefetch
from redumbrella.features.kernel.threads import in_chunks

_PEOPLE_PER_CHUNK = 8_192
_FACTS_AHEAD = 32
_LOW_HALF = 0xFFFFFFFF
_NO_DURATION = np.int64(np.float32(np.nan).view(np.uint32))


class FactColumns(NamedTuple):
    """Columns of facts, all in the same order.

    at, known_at: int64 UTC microseconds. code: uint16. duration: float32 seconds and value:
    float64, NaN where unknown. product: int32, -1 where there is none. Columns after `code` are
    empty where there is nothing of the kind.
    """

    at: NDArray[np.int64]
    code: NDArray[np.uint16]
    duration: NDArray[np.float32]
    value: NDArray[np.float64]
    known_at: NDArray[np.int64]
    product: NDArray[np.int32]


class Words(NamedTuple):
    """Which word of a record is the value, the instant it was known, the product; 0 = none."""

    value: int
    known_at: int
    product: int

    @classmethod
    def of(cls, facts: FactColumns) -> "Words":
        """The words that facts with these columns need, after the two that all have."""
        present = [len(column) > 0 for column in (facts.value, facts.known_at, facts.product)]
        after = 1 + np.cumsum(present)
        return cls(*(int(word) if has else 0 for word, has in zip(after, present, strict=True)))

    @property
    def width(self) -> int:
        """Words of a record."""
        return max(1, *self) + 1


@dataclass(frozen=True, eq=False)
class Histories:
    """Facts person by person; person p's are the records offsets[p] to offsets[p + 1].

    offsets: int64 (people + 1). records: int64 (n, words.width), little-endian; read them with
    `instant_of` and its like, or as columns with `facts`.
    """

    offsets: NDArray[np.int64]
    records: NDArray[np.int64]
    words: Words

    @property
    def facts(self) -> FactColumns:
        """The columns of all facts, without copying; a duration that nobody noted is NaN."""
        value, known_at, product = self.words
        return FactColumns(
            self.records[:, 0],
            self.records.view(np.uint16)[:, 6],
            self.records.view(np.float32)[:, 2],
            self.records.view(np.float64)[:, value] if value else np.empty(0),
            self.records[:, known_at] if known_at else np.empty(0, np.int64),
            self.records.view(np.int32)[:, 2 * product] if product else np.empty(0, np.int32),
        )


# The person of each fact (n), -1 = left out, and the facts.
Piece = tuple[NDArray[np.int32], FactColumns]


def group_in_threads(tasks: Sequence[Callable[[], Piece]], people: int, threads: int) -> Histories:
    """The facts of all pieces, in the canonical order.

    tasks: make the pieces, in the order of the facts. Each thread makes, counts and then places a
    run of neighbouring pieces, so that nothing is put together twice and the sort is stable.
    """
    slices = max(1, min(threads, len(tasks)))
    borders = [len(tasks) * part // slices for part in range(slices + 1)]
    pieces: list[list[Piece]] = [[] for _ in range(slices)]
    counts = np.zeros((slices, people), np.int64)

    def read(part: int, _: int) -> None:
        for task in tasks[borders[part] : borders[part + 1]]:
            piece = task()
            _count(piece[0], counts[part])
            pieces[part].append(piece)

    in_chunks(read, slices, chunk=1, threads=threads)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts.sum(axis=0))])
    kept = int(offsets[-1])
    # Short numbers, because each fact reads and writes one that lies anywhere.
    short = np.int32 if kept <= np.iinfo(np.int32).max else np.int64
    places = (np.cumsum(counts, axis=0) - counts + offsets[:-1]).astype(short)
    words = Words.of(max((facts for run in pieces for _, facts in run), key=lambda f: len(f.at)))
    records = np.empty((kept, words.width), np.int64)

    def place(part: int, _: int) -> None:
        for person, facts in pieces[part]:
            # Floats read as integers have one order, even NaN.
            duration, value = facts.duration.view(np.uint32), facts.value.view(np.int64)
            columns = (facts.at, facts.code, duration, value, facts.known_at, facts.product)
            _place(person, places[part], columns, tuple(words), records)
        pieces[part].clear()

    in_chunks(place, slices, chunk=1, threads=threads)
    in_chunks(
        lambda first, end: _order_histories(first, end, offsets, records),
        people,
        chunk=_PEOPLE_PER_CHUNK,
        threads=threads,
    )
    return Histories(offsets, records, words)


# Compiled code reads records with these. An instant is in UTC microseconds; a duration in seconds
# and a value are NaN where unknown. They are compiled into their callers, whose cached code does
# not notice a change here: whoever changes them deletes the *.nbi and *.nbc files of this room.


@njit(inline="always")
def instant_of(records, j):  # type: ignore[no-untyped-def]
    """When fact j happened."""
    return records[j, 0]


@njit(inline="always")
def code_of(records, j):  # type: ignore[no-untyped-def]
    """The number of fact j's kind."""
    return records[j, 1] >> 32


@njit(inline="always")
def duration_of(records, j):  # type: ignore[no-untyped-def]
    """How long fact j lasted."""
    return np.uint32(records[j, 1] & _LOW_HALF).view(np.float32)


@njit(inline="always")
def number_of(records, j, word):  # type: ignore[no-untyped-def]
    """A word of fact j as the float64 that it is."""
    return np.int64(records[j, word]).view(np.float64)


@njit(nogil=True, cache=True)
def _count(person, counts):  # type: ignore[no-untyped-def]
    """Add the number of facts of each person to `counts`."""
    for p in person:
        if p >= 0:
            counts[p] += 1


@njit(nogil=True, cache=True)
def _place(person, places, facts, words, records):  # type: ignore[no-untyped-def]
    """Write facts as records to the next free place of their person."""
    at, code, duration, value, known_at, product = facts
    value_word, known_word, product_word = words
    for source in range(person.size):
        ahead = source + _FACTS_AHEAD
        if ahead < person.size and person[ahead] >= 0:
            prefetch(records, np.int64(places[person[ahead]]) * records.shape[1])
        p = person[source]
        if p < 0:
            continue
        target = places[p]
        places[p] = target + 1
        length = np.int64(duration[source]) if duration.size else _NO_DURATION
        records[target, 0] = at[source]
        records[target, 1] = np.int64(code[source]) << 32 | length
        if value_word:
            records[target, value_word] = value[source]
        if known_word:
            records[target, known_word] = known_at[source]
        if product_word:
            records[target, product_word] = product[source]


@njit(nogil=True, cache=True)
def _order_histories(first, end, offsets, records):  # type: ignore[no-untyped-def]
    """Put the histories of the people first … end - 1 into the canonical order, if they are not."""
    for person in range(first, end):
        low, high = offsets[person], offsets[person + 1]
        tied = low  # where the facts of the present instant begin
        for j in range(low + 1, high):
            # Most neighbours differ in time, and then nothing else has to be read.
            if records[j - 1, 0] < records[j, 0]:
                tied = j
            elif records[j - 1, 0] > records[j, 0]:
                _order_records(low, high, records)
                break
            elif _compare(records, j - 1, j) > 0:
                stop = j + 1
                while stop < high and records[stop, 0] == records[j, 0]:
                    stop += 1
                _order_records(tied, stop, records)


@njit(nogil=True, cache=True)
def _compare(records, a, b):  # type: ignore[no-untyped-def]
    """Negative, zero or positive as record a comes before, equals or comes after record b."""
    for word in range(records.shape[1]):
        if records[a, word] != records[b, word]:
            return -1 if records[a, word] < records[b, word] else 1
    return 0


@njit(nogil=True, cache=True)
def _order_records(low, high, records):  # type: ignore[no-untyped-def]
    """Merge sort of facts of one person, so that a million facts in one instant stay affordable."""
    n = high - low
    order, other = np.arange(low, high), np.empty(n, np.int64)
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            middle, stop = min(start + width, n), min(start + 2 * width, n)
            left, right = start, middle
            for target in range(start, stop):
                if right >= stop or (
                    left < middle and _compare(records, order[left], order[right]) <= 0
                ):
                    other[target] = order[left]
                    left += 1
                else:
                    other[target] = order[right]
                    right += 1
        order, other = other, order
        width *= 2
    records[low:high] = records[order]
