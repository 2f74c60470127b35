"""Numbers for people: from string ids, as the lake keeps them, to rows of compiled arrays.

In: Arrow columns of ids. Out: a `PersonIndex` that gives each distinct id the next number, in
order of first appearance, and looks up whole columns of ids. Promise: two ids get the same number
only if every byte is equal; an id that is unknown or missing gets -1.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from redumbrella.features.parallel import in_chunks, read_only

_CHUNK = 65_536
_EMPTY = -1
# Odd constant of multiplicative hashing: 2^64 / golden ratio (Knuth, The Art of Computer
# Programming 3, section 6.4).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class PersonIndex:
    """Distinct ids and a hash table over their bytes. Build it with `PersonIndex.of`.

    `ids` are the distinct ids; person k has the bytes text[start[k]:start[k + 1]].
    """

    ids: pa.Array
    text: NDArray[np.uint8] = field(repr=False)
    start: NDArray[np.int64] = field(repr=False)
    slot_hash: NDArray[np.uint64] = field(repr=False)
    slot_person: NDArray[np.int32] = field(repr=False)

    @classmethod
    def of(cls, ids: pa.Array | pa.ChunkedArray) -> "PersonIndex":
        """Number the distinct ids of a column (nulls are skipped), first come, first numbered."""
        distinct = _plain(pc.unique(ids).drop_null())
        text, start = _bytes(distinct)
        capacity = 1 << max(4, (2 * len(distinct)).bit_length())
        slot_hash = np.zeros(capacity, np.uint64)
        slot_person = np.full(capacity, _EMPTY, np.int32)
        _fill_table(text, start, slot_hash, slot_person)
        return cls(distinct, text, start, slot_hash, slot_person)

    def __len__(self) -> int:
        return len(self.ids)

    def index_of(
        self, ids: pa.Array | pa.ChunkedArray, *, threads: int | None = None
    ) -> NDArray[np.int32]:
        """The number of each id (n), -1 where the id is null or not among `ids`."""
        chunks = ids.chunks if isinstance(ids, pa.ChunkedArray) else [ids]
        found = np.empty(sum(len(chunk) for chunk in chunks), np.int32)
        first = 0
        for chunk in chunks:
            self._look_up(chunk, found[first : first + len(chunk)], threads)
            first += len(chunk)
        return found

    def _look_up(self, ids: pa.Array, found: NDArray[np.int32], threads: int | None) -> None:
        if pa.types.is_dictionary(ids.type):
            person = np.append(self.index_of(ids.dictionary, threads=threads), np.int32(_EMPTY))
            entry = pc.fill_null(ids.indices, len(ids.dictionary))
            np.take(person, entry.to_numpy(zero_copy_only=False), out=found)
            return
        text, start = _bytes(_plain(ids))
        in_chunks(
            lambda a, b: _find(
                a, b, text, start, self.text, self.start, self.slot_hash, self.slot_person, found
            ),
            len(ids),
            chunk=_CHUNK,
            threads=threads,
        )
        if ids.null_count:
            found[ids.is_null().to_numpy(zero_copy_only=False)] = _EMPTY


def _plain(ids: pa.Array) -> pa.Array:
    """Ids as plain strings: numbers become their digits, dictionaries their values."""
    return ids if pa.types.is_string(ids.type) else ids.cast(pa.large_string())


def _bytes(ids: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes of all ids and where each starts (n + 1)."""
    _, offsets, text = ids.buffers()
    kind = np.dtype(np.int32 if pa.types.is_string(ids.type) else np.int64)
    empty = len(ids) == 0 or offsets is None
    start = np.zeros(1, kind) if empty else np.frombuffer(offsets, kind)
    start = start[ids.offset : ids.offset + len(ids) + 1]
    values = np.zeros(0, np.uint8) if text is None else np.frombuffer(text, np.uint8)
    return read_only(values), read_only(start.astype(np.int64))


@njit(inline="always")
def _word(text, at):  # type: ignore[no-untyped-def]
    """Eight bytes as one number; written so that the compiler makes it a single load."""
    return (
        np.uint64(text[at])
        | np.uint64(text[at + np.uint64(1)]) << np.uint64(8)
        | np.uint64(text[at + np.uint64(2)]) << np.uint64(16)
        | np.uint64(text[at + np.uint64(3)]) << np.uint64(24)
        | np.uint64(text[at + np.uint64(4)]) << np.uint64(32)
        | np.uint64(text[at + np.uint64(5)]) << np.uint64(40)
        | np.uint64(text[at + np.uint64(6)]) << np.uint64(48)
        | np.uint64(text[at + np.uint64(7)]) << np.uint64(56)
    )


@njit(nogil=True, cache=True)
def _hash(text, first, end):  # type: ignore[no-untyped-def]
    """Multiply-and-fold hash of text[first:end], word by word; the last word may overlap."""
    at, stop = np.uint64(first), np.uint64(end)
    mixed, rest = (stop - at) * _GOLDEN, np.uint64(0)
    if stop - at < np.uint64(8):
        while at < stop:
            rest = rest << np.uint64(8) | np.uint64(text[at])
            at += np.uint64(1)
    else:
        last = stop - np.uint64(8)
        while at < last:
            mixed = (mixed ^ _word(text, at)) * _GOLDEN
            mixed ^= mixed >> np.uint64(32)
            at += np.uint64(8)
        rest = _word(text, last)
    mixed = (mixed ^ rest) * _GOLDEN
    return mixed ^ mixed >> np.uint64(32)


@njit(nogil=True, cache=True)
def _same(a, a_first, b, b_first, length):  # type: ignore[no-untyped-def]
    """Whether `length` bytes of a and b are equal, word by word; the last word may overlap."""
    at, other, done = np.uint64(a_first), np.uint64(b_first), np.uint64(0)
    if length < 8:
        while done < np.uint64(length):
            if a[at + done] != b[other + done]:
                return False
            done += np.uint64(1)
        return True
    last = np.uint64(length) - np.uint64(8)
    while done < last:
        if _word(a, at + done) != _word(b, other + done):
            return False
        done += np.uint64(8)
    return _word(a, at + last) == _word(b, other + last)


@njit(nogil=True, cache=True)
def _fill_table(text, start, slot_hash, slot_person):  # type: ignore[no-untyped-def]
    """Enter distinct ids in the table: open addressing, linear probing."""
    mask = np.uint64(slot_hash.size - 1)
    for person in range(start.size - 1):
        mixed = _hash(text, start[person], start[person + 1])
        slot = mixed & mask
        while slot_person[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slot_hash[slot] = mixed
        slot_person[slot] = person


@njit(nogil=True, cache=True)
def _find(  # type: ignore[no-untyped-def]
    first, end, text, start, known_text, known_start, slot_hash, slot_person, found
):
    """Look up the ids first … end - 1 of a column and write their numbers to `found`.

    Three loops, because the memory accesses of many rows then overlap: three times as fast as one.
    """
    mask = np.uint64(slot_hash.size - 1)
    hashes = np.empty(end - first, np.uint64)
    for row in range(first, end):
        hashes[row - first] = _hash(text, start[row], start[row + 1])
    for row in range(first, end):
        mixed = hashes[row - first]
        slot = mixed & mask
        found[row] = -1
        while slot_person[slot] >= 0:
            if slot_hash[slot] == mixed:
                found[row] = slot_person[slot]
                break
            slot = (slot + np.uint64(1)) & mask
    for row in range(first, end):
        person, length = found[row], start[row + 1] - start[row]
        # Hashes can be made to collide on purpose, so every byte is compared.
        if person >= 0 and not (
            known_start[person + 1] - known_start[person] == length
            and _same(text, start[row], known_text, known_start[person], length)
        ):
            found[row] = _find_collided(
                row, text, start, known_text, known_start, slot_hash, slot_person
            )


@njit(nogil=True, cache=True)
def _find_collided(  # type: ignore[no-untyped-def]
    row, text, start, known_text, known_start, slot_hash, slot_person
):
    """The number of one id whose hash another id has too, comparing bytes all along."""
    mask = np.uint64(slot_hash.size - 1)
    length = start[row + 1] - start[row]
    slot = _hash(text, start[row], start[row + 1]) & mask
    while slot_person[slot] >= 0:
        person = slot_person[slot]
        if known_start[person + 1] - known_start[person] == length and _same(
            text, start[row], known_text, known_start[person], length
        ):
            return person
        slot = (slot + np.uint64(1)) & mask
    return np.int32(-1)
