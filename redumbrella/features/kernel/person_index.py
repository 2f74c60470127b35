"""Numbers for people: from string ids, as the lake keeps them, to rows of compiled arrays.

In: Arrow columns of ids. Out: a `PersonIndex` that gives each distinct id the next number, in
order of first appearance, and looks up whole columns of ids. Promise: two ids get the same number
only if every byte is equal; an id that is unknown or missing gets -1.

The index is a hash table with open addressing and linear probing. A slot holds the whole id, so
that a look-up reads memory in one place: `length << 32 | number + 1` (0 = free), then the id's
bytes as words of eight, of which the last overlaps the one before it where the length is no
multiple of eight. Ids of more than 64 bytes stand there as their SHA-256.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.prefetch import prefetch
from redumbrella.features.kernel.threads import in_chunks, read_only

_CHUNK = 65_536
_LONGEST = 64
# Rows looked up together: their slots are fetched while the next ids are hashed.
_TOGETHER = 64
_UNKNOWN = np.int32(-1)
_LOW = np.uint64(0xFFFFFFFF)
# Odd constant of multiplicative hashing: 2^64 / golden ratio (Knuth, The Art of Computer
# Programming 3, section 6.4).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class PersonIndex:
    """Distinct ids and a hash table of them, `width` words a slot. Build it with `PersonIndex.of`.

    `ids` are the distinct ids in the order of their numbers.
    """

    ids: pa.Array
    slots: NDArray[np.uint64] = field(repr=False)
    width: int = field(repr=False)

    @classmethod
    def of(cls, ids: pa.Array | pa.ChunkedArray) -> "PersonIndex":
        """Number the distinct ids of a column (nulls are skipped), first come, first numbered."""
        chunks = [_plain(_fewer(chunk).drop_null()) for chunk in _chunks(ids)]
        columns = [_bytes(chunk) for chunk in chunks]
        width = 1 + max((_words(_longest(start)) for _, start in columns), default=1)
        several = min(sum(len(chunk) for chunk in chunks), 4 * _CHUNK)
        slots, people = _with_room(np.zeros(width, np.uint64), width, several), 0
        distinct = []
        for chunk, (text, start) in zip(chunks, columns, strict=True):
            for first in range(0, len(chunk), _CHUNK):
                end = min(first + _CHUNK, len(chunk))
                slots = _with_room(slots, width, people + end - first)
                new = np.empty(end - first, np.int64)
                known = _enter(first, end, text, start, slots, width, people, new)
                distinct.append(chunk.take(pa.array(new[: known - people])))
                people = known
        kind = chunks[0].type if chunks else pa.string()
        return cls(pa.chunked_array(distinct, kind).combine_chunks(), slots, width)

    def __len__(self) -> int:
        return len(self.ids)

    def index_of(
        self, ids: pa.Array | pa.ChunkedArray, *, threads: int | None = None
    ) -> NDArray[np.int32]:
        """The number of each id (n), -1 where the id is null or not among `ids`."""
        chunks = _chunks(ids)
        found = np.empty(sum(len(chunk) for chunk in chunks), np.int32)
        first = 0
        for chunk in chunks:
            self._look_up(chunk, found[first : first + len(chunk)], threads)
            first += len(chunk)
        return found

    def _look_up(self, ids: pa.Array, found: NDArray[np.int32], threads: int | None) -> None:
        if pa.types.is_dictionary(ids.type):
            person = np.append(self.index_of(ids.dictionary, threads=threads), _UNKNOWN)
            entry = pc.fill_null(ids.indices, len(ids.dictionary))
            np.take(person, entry.to_numpy(zero_copy_only=False), out=found)
            return
        text, start = _bytes(_plain(ids))
        in_chunks(
            lambda a, b: _find(a, b, text, start, self.slots, self.width, found),
            len(ids),
            chunk=_CHUNK,
            threads=threads,
        )
        if ids.null_count:
            found[ids.is_null().to_numpy(zero_copy_only=False)] = _UNKNOWN


def _chunks(ids: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return ids.chunks if isinstance(ids, pa.ChunkedArray) else [ids]


def _fewer(ids: pa.Array) -> pa.Array:
    """Each id of a dictionary once; other ids as they are."""
    return pc.unique(ids) if pa.types.is_dictionary(ids.type) else ids


def _plain(ids: pa.Array) -> pa.Array:
    """Ids as plain strings: numbers become their digits, dictionaries their values."""
    return ids if pa.types.is_string(ids.type) else ids.cast(pa.large_string())


def _bytes(ids: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.signedinteger[Any]]]:
    """The UTF-8 bytes of all ids and where each starts (n + 1); at most 64 bytes an id."""
    _, offsets, text = ids.buffers()
    kind = np.dtype(np.int32 if ids.type in {pa.string(), pa.binary()} else np.int64)
    empty = len(ids) == 0 or offsets is None
    start = np.zeros(1, kind) if empty else np.frombuffer(offsets, kind)
    start = read_only(start[ids.offset : ids.offset + len(ids) + 1])
    if _longest(start) > _LONGEST:
        return _bytes(pa.array([_digest(name) for name in ids.to_pylist()], pa.large_binary()))
    values = np.zeros(0, np.uint8) if text is None else np.frombuffer(text, np.uint8)
    return read_only(values), start


def _digest(name: str | None) -> bytes | None:
    """The bytes of an id, or the SHA-256 of a long one after a byte that no UTF-8 has."""
    text = None if name is None else name.encode()
    return text if text is None or len(text) <= _LONGEST else b"\xff" + sha256(text).digest()


def _words(length: int) -> int:
    """Words of eight bytes that an id takes."""
    return max(1, -(-length // 8))


def _with_room(slots: NDArray[np.uint64], width: int, people: int) -> NDArray[np.uint64]:
    """The table, or a larger copy, so that `people` fill no more than a quarter of it.

    Nearly everybody then stands where the search begins.
    """
    if 4 * max(people, 1) <= len(slots) // width:
        return slots
    larger = np.zeros((1 << max(4, (4 * people - 1).bit_length())) * width, np.uint64)
    _move(slots, larger, width)
    return larger


@njit(nogil=True, cache=True)
def _longest(start):  # type: ignore[no-untyped-def]
    """Bytes of the longest id."""
    longest = 0
    for row in range(start.size - 1):
        longest = max(longest, start[row + 1] - start[row])
    return longest


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


@njit(inline="always")
def _last_word(text, at, stop):  # type: ignore[no-untyped-def]
    """The last eight bytes of text[at:stop], or all of them where there are fewer."""
    if stop - at >= np.uint64(8):
        return _word(text, stop - np.uint64(8))
    rest = np.uint64(0)
    while at < stop:
        rest = rest << np.uint64(8) | np.uint64(text[at])
        at += np.uint64(1)
    return rest


@njit(inline="always")
def _mix(mixed, word):  # type: ignore[no-untyped-def]
    """One more word in a multiply-and-fold hash."""
    mixed = (mixed ^ word) * _GOLDEN
    return mixed ^ mixed >> np.uint64(32)


@njit(nogil=True, cache=True)
def _hash(text, first, end):  # type: ignore[no-untyped-def]
    """Hash of text[first:end]: of its length and of its words, as a slot holds them."""
    at, stop = np.uint64(first), np.uint64(end)
    last = _last_word(text, at, stop)
    mixed = _mix(np.uint64(0), stop - at)
    while stop - at > np.uint64(8):
        mixed = _mix(mixed, _word(text, at))
        at += np.uint64(8)
    return _mix(mixed, last)


@njit(nogil=True, cache=True)
def _hash_of_slot(slots, slot):  # type: ignore[no-untyped-def]
    """The same hash of the id in a slot."""
    length = slots[slot] >> np.uint64(32)
    mixed = _mix(np.uint64(0), length)
    for word in range(max(np.uint64(1), (length + np.uint64(7)) // np.uint64(8))):
        mixed = _mix(mixed, slots[slot + np.uint64(1) + np.uint64(word)])
    return mixed


@njit(inline="always")
def _holds(slots, slot, text, first, end):  # type: ignore[no-untyped-def]
    """Whether a slot in use holds the id text[first:end]."""
    at, stop = np.uint64(first), np.uint64(end)
    if slots[slot] >> np.uint64(32) != stop - at:
        return False
    last = _last_word(text, at, stop)
    slot += np.uint64(1)
    while stop - at > np.uint64(8):
        if slots[slot] != _word(text, at):
            return False
        slot += np.uint64(1)
        at += np.uint64(8)
    return slots[slot] == last


@njit(inline="always")
def _homes(first, end, text, start, slots, width, homes):  # type: ignore[no-untyped-def]
    """Write to `homes` where the search for each id begins, and have that memory fetched."""
    mask = np.uint64(slots.size // width - 1)
    for row in range(first, end):
        slot = (_hash(text, start[row], start[row + 1]) & mask) * np.uint64(width)
        homes[row - first] = slot
        # Both ends: a slot may lie on two lines of the cache.
        prefetch(slots, np.int64(slot))
        prefetch(slots, np.int64(slot) + width - 1)


@njit(inline="always")
def _slot_of(slots, width, home, text, first, end):  # type: ignore[no-untyped-def]
    """The slot that holds the id text[first:end], or the free one where it would stand."""
    slot = home
    while slots[slot] != 0 and not _holds(slots, slot, text, first, end):
        slot += np.uint64(width)
        if slot == slots.size:
            slot = np.uint64(0)
    return slot


@njit(nogil=True, cache=True)
def _find(first, end, text, start, slots, width, found):  # type: ignore[no-untyped-def]
    """Look up the ids first … end - 1 of a column and write their numbers to `found`."""
    homes = np.empty(_TOGETHER, np.uint64)
    for block in range(first, end, _TOGETHER):
        stop = min(block + _TOGETHER, end)
        _homes(block, stop, text, start, slots, width, homes)
        for row in range(block, stop):
            slot = _slot_of(slots, width, homes[row - block], text, start[row], start[row + 1])
            found[row] = np.int32(slots[slot] & _LOW) - 1


@njit(nogil=True, cache=True)
def _enter(first, end, text, start, slots, width, people, new):  # type: ignore[no-untyped-def]
    """Enter the ids first … end - 1 that the table of `people` lacks; `new` are their rows.

    Returns the number of people in the table now.
    """
    known = people
    homes = np.empty(_TOGETHER, np.uint64)
    for block in range(first, end, _TOGETHER):
        stop = min(block + _TOGETHER, end)
        _homes(block, stop, text, start, slots, width, homes)
        for row in range(block, stop):
            slot = _slot_of(slots, width, homes[row - block], text, start[row], start[row + 1])
            if slots[slot] == 0:
                new[known - people] = row
                known += 1
                at, after = np.uint64(start[row]), np.uint64(start[row + 1])
                last = _last_word(text, at, after)
                slots[slot] = after - at << np.uint64(32) | np.uint64(known)
                slot += np.uint64(1)
                while after - at > np.uint64(8):
                    slots[slot] = _word(text, at)
                    slot += np.uint64(1)
                    at += np.uint64(8)
                slots[slot] = last
    return known


@njit(nogil=True, cache=True)
def _move(slots, larger, width):  # type: ignore[no-untyped-def]
    """Enter everybody of a table in a larger, empty one."""
    mask = np.uint64(larger.size // width - 1)
    for slot in range(0, slots.size, width):
        if slots[slot] != 0:
            target = (_hash_of_slot(slots, np.uint64(slot)) & mask) * np.uint64(width)
            while larger[target] != 0:
                target += np.uint64(width)
                if target == larger.size:
                    target = np.uint64(0)
            for word in range(width):
                larger[target + np.uint64(word)] = slots[slot + word]
