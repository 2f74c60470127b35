"""Yesterday's matrix made today's, at the price of the rows that changed.

In: a matrix, the instant it was made for, and the logs and rows of a later instant. Out: the
matrix of the later instant, bit for bit what a full rebuild gives, and the rows rebuilt for it.

What changes when whole days pass and nothing else is known about a person: the two freshness
families of every cell, which count hours, and the cells of any fact that leaves a window. So a row
is rebuilt if one of its facts is new, became known meanwhile, or moved to another window; in all
other rows each freshness is put back by the hours that passed. When the time that passed is not a
whole number of days, active days may split differently, and everything is rebuilt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.grouping import instant_of
from redumbrella.features.kernel import Block, BlockWork, Rows, Work, csr
from redumbrella.features.parallel import in_chunks, read_only
from redumbrella.features.variables import DAY, HOUR, OLDEST_HOURS, bucket_of, history_end
from redumbrella.features.windows import FRESHNESS, Layout

_ROWS_PER_CHUNK = 4_096


@dataclass(frozen=True, eq=False)
class Refreshed:
    """The matrix of the later instant and the numbers of the rows that were rebuilt for it."""

    matrix: sp.csr_matrix
    rebuilt: NDArray[np.int64]


def refresh_features(
    previous: sp.csr_matrix,
    blocks: Sequence[Block],
    asked: Rows,
    as_of_before: int,
    *,
    previous_row: NDArray[np.int64] | None = None,
    changed: NDArray[np.bool_] | None = None,
    threads: int | None = None,
) -> Refreshed:
    """What `kernel.features(blocks, asked)` gives, made from a matrix of an earlier instant.

    `previous` is the matrix of the same feature sets and codes at `as_of_before` (UTC
    microseconds); `previous_row` (n) is each row's place in it, -1 for a new one, and may be left
    out if the rows are the same. `changed` (n) marks rows whose history before `as_of_before`, or
    whose product, is not what it was (a late fact in a log without `known_at`, an erasure, a merge
    of two people): only the caller can know.

    Raises:
        DataError: the matrix has other columns, or places outside it are asked for.
    """
    work = Work(blocks, asked, threads)
    place = np.arange(len(asked)) if previous_row is None else previous_row
    place = read_only(np.asarray(place, np.int64))
    if previous.shape[1] != work.n_columns or len(place) != len(asked):
        raise DataError(
            f"The earlier matrix has {previous.shape[1]} columns and the rows have {len(place)} "
            f"places in it; expected {work.n_columns} columns and {len(asked)} places. "
            "Build the matrix anew: the feature set, the codes or the people are others.",
            reason="other_matrix",
        )
    if len(place) and int(place.max()) >= previous.shape[0]:
        raise DataError(
            f"Row {int(place.max())} of the earlier matrix was asked for, but it has "
            f"{previous.shape[0]} rows. Mark new rows with -1.",
            reason="other_matrix",
        )
    stale = _stale_rows(blocks, asked, as_of_before, threads)
    stale |= place < 0
    if changed is not None:
        stale |= changed
    return _rebuild(previous, blocks, asked, as_of_before, place, stale, threads)


def _stale_rows(
    blocks: Sequence[Block], asked: Rows, as_of_before: int, threads: int | None
) -> NDArray[np.bool_]:
    """Rows (n) with a fact that is new, newly known, or in another window than before."""
    passed = asked.as_of - as_of_before
    stale = np.ascontiguousarray((passed < 0) | (passed % DAY != 0))
    for block in blocks:
        one = BlockWork(block, asked, threads)
        history = (one.wanted, one.histories, one.layout.window_of_day)
        when = (np.int64(as_of_before), asked.as_of)
        task = partial(_mark_stale, person=asked.person, when=when, history=history, stale=stale)
        in_chunks(task, len(asked), chunk=_ROWS_PER_CHUNK, threads=threads)
    return stale


def _rebuild(
    previous: sp.csr_matrix,
    blocks: Sequence[Block],
    asked: Rows,
    as_of_before: int,
    place: NDArray[np.int64],
    stale: NDArray[np.bool_],
    threads: int | None,
) -> Refreshed:
    """Stale rows by the kernel, all others copied with their freshness put back."""
    rebuilt = np.flatnonzero(stale)
    work = Work(blocks, asked.take(rebuilt), threads)
    cells = np.zeros(len(asked), np.int64)
    kept = ~stale
    cells[kept] = np.diff(previous.indptr)[place[kept]]
    cells[rebuilt] = work.count()
    indptr = np.zeros(len(asked) + 1, np.int64)
    np.cumsum(cells, out=indptr[1:])
    indices, data = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    hours = read_only((asked.as_of - as_of_before) // HOUR)
    is_freshness = np.concatenate([_freshness_columns(block.layout) for block in blocks])
    in_chunks(
        lambda first, end: _copy_rows(
            first,
            end,
            stale,
            place,
            hours,
            is_freshness,
            tuple(map(read_only, (previous.indptr, previous.indices, previous.data))),
            (indptr, indices, data),
        ),
        len(asked),
        chunk=_ROWS_PER_CHUNK,
        threads=threads,
    )
    work.write(indptr[rebuilt], indices, data)
    return Refreshed(csr(indptr, indices, data, work.n_columns), rebuilt)


def _freshness_columns(plan: Layout) -> NDArray[np.bool_]:
    """Whether each column of a block holds a freshness."""
    widths = ((plan.of_code, plan.code_width), (plan.of_stream, plan.stream_width))
    flags = []
    for block, width in widths:
        flag = np.zeros(width, np.bool_)
        for family, start, first, end in block:
            flag[start + first : start + end] = family in FRESHNESS
        flags.append(flag)
    return np.concatenate([np.tile(flags[0], plan.n_codes), flags[1]])


@njit(nogil=True, cache=True)
def _mark_stale(  # type: ignore[no-untyped-def]
    first, end, person, when, history, stale
):
    """Mark the rows first … end - 1 of which a fact counts anew or in another window."""
    before, as_of = when
    wanted, (offsets, records, (_, known_word, _), scope), window_of_day = history
    last_window = window_of_day[-1]
    for row in range(first, end):
        if stale[row] or person[row] < 0:
            continue
        low = offsets[person[row]]
        high = history_end(records, low, offsets[person[row] + 1], as_of[row])
        for j in range(high - 1, low - 1, -1):
            if scope.size and scope[j] != wanted[row]:
                continue
            if known_word and records[j, known_word] >= as_of[row]:
                continue
            at = instant_of(records, j)
            new = at >= before or (known_word and records[j, known_word] >= before)
            if new or bucket_of(before - at, window_of_day) != bucket_of(
                as_of[row] - at, window_of_day
            ):
                stale[row] = True
                break
            if not known_word and bucket_of(before - at, window_of_day) == last_window:
                break  # older facts are in the last window too


@njit(nogil=True, cache=True, error_model="numpy")
def _copy_rows(  # type: ignore[no-untyped-def]
    first, end, stale, place, hours, is_freshness, source, target
):
    """Copy the rows first … end - 1 that are not stale; each freshness loses `hours` (n)."""
    from_indptr, from_indices, from_data = source
    to_indptr, to_indices, to_data = target
    for row in range(first, end):
        if stale[row]:
            continue
        shift = to_indptr[row] - from_indptr[place[row]]
        for cell in range(from_indptr[place[row]], from_indptr[place[row] + 1]):
            column, value = from_indices[cell], from_data[cell]
            if is_freshness[column]:
                since = np.int64(round(24.0 / np.float64(value) - 24.0)) + hours[row]
                value = np.float32(24.0 / (24.0 + min(since, OLDEST_HOURS)))
            to_indices[cell + shift] = column
            to_data[cell + shift] = value
