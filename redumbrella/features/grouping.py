"""Facts put side by side person by person, each person's in order of time.

In: pieces of columns of facts, in any order. Out: the same facts in one canonical order. Promise:
the order depends only on the set of facts, never on how they came, so that every sum made over
them is the same to the last bit.

It is a counting sort by person. A fact travels as a record of a few words side by side, because
facts of one moment belong to people whose histories lie far apart: a record is one place in memory
where its columns would be several.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from redumbrella.features.parallel import in_chunks

_PEOPLE_PER_CHUNK = 8_192


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


# The person of each fact (n), -1 = left out, and the facts.
Piece = tuple[NDArray[np.int32], Facts]


def grouped(
    tasks: Sequence[Callable[[], Piece]], people: int, threads: int
) -> tuple[NDArray[np.int64], Facts]:
    """Where each person's facts begin (people + 1), and the facts in the canonical order.

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
    like = max((facts for run in pieces for _, facts in run), key=lambda facts: len(facts.at))
    records = np.empty((kept, _width(like)), np.int64)

    def place(part: int, _: int) -> None:
        for person, facts in pieces[part]:
            _place(person, places[part], tuple(_as_integers(facts)), records)
        pieces[part].clear()

    in_chunks(place, slices, chunk=1, threads=threads)
    facts = Facts._make(np.empty(kept if len(column) else 0, column.dtype) for column in like)
    columns = tuple(_as_integers(facts))
    in_chunks(
        lambda first, end: _order_histories(first, end, offsets, records, columns),
        people,
        chunk=_PEOPLE_PER_CHUNK,
        threads=threads,
    )
    return offsets, facts


def _as_integers(facts: Facts) -> Facts:
    """The same memory with floats read as integers, which have one order even for NaN."""
    return facts._replace(duration=facts.duration.view(np.uint32), value=facts.value.view(np.int64))


def _width(facts: Facts) -> int:
    """Words of a record: the instant, code and duration, then what else the facts have."""
    return 2 + sum(len(column) > 0 for column in (facts.value, facts.known_at, facts.product))


@njit(nogil=True, cache=True)
def _count(person, counts):  # type: ignore[no-untyped-def]
    """Add the number of facts of each person to `counts`."""
    for p in person:
        if p >= 0:
            counts[p] += 1


@njit(nogil=True, cache=True)
def _place(person, places, facts, records):  # type: ignore[no-untyped-def]
    """Write facts as records to the next free place of their person."""
    at, code, duration, value, known_at, product = facts
    for source in range(person.size):
        p = person[source]
        if p < 0:
            continue
        target = places[p]
        places[p] = target + 1
        length = np.int64(duration[source]) if duration.size else np.int64(0)
        records[target, 0] = at[source]
        records[target, 1] = np.int64(code[source]) << 32 | length
        word = 2
        if value.size:
            records[target, word] = value[source]
            word += 1
        if known_at.size:
            records[target, word] = known_at[source]
            word += 1
        if product.size:
            records[target, word] = product[source]


@njit(nogil=True, cache=True)
def _order_histories(first, end, offsets, records, facts):  # type: ignore[no-untyped-def]
    """Put the histories of the people first … end - 1 into canonical order, as columns."""
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
    _unpack(offsets[first], offsets[end], records, facts)


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


@njit(nogil=True, cache=True)
def _unpack(low, high, records, facts):  # type: ignore[no-untyped-def]
    """Write the records low … high - 1 to the columns of the facts."""
    at, code, duration, value, known_at, product = facts
    for j in range(low, high):
        at[j] = records[j, 0]
        code[j] = records[j, 1] >> 32
        if duration.size:
            duration[j] = records[j, 1] & 0xFFFFFFFF
        word = 2
        if value.size:
            value[j] = records[j, word]
            word += 1
        if known_at.size:
            known_at[j] = records[j, word]
            word += 1
        if product.size:
            product[j] = records[j, word]
