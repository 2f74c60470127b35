"""The definition of every window variable, compiled: a history and an instant in, cells out.

In: histories in order of time and rows (a person and an instant). Out: how many cells each row
has (`count_variables`), then the cells (`write_variables`). Promise: both walk each history once,
backwards from the instant, in memory that depends on the number of codes and not on the length of a
history. The steps of `write_variables` are functions for the reader alone: the compiler puts them
in place, since handing arrays over counts references, atomically, and took a third of the time.

A row is made in three steps. Each fact falls into one bucket, the smallest window that holds it
(`_add_history`). Buckets are summed up to nested windows, and the variables read from those sums
(`_measure`). The cells are written in order of column (`_write`).
"""

import math

import numpy as np

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.grouping import code_of, duration_of, instant_of, number_of
from redumbrella.features.kernel.prefetch import prefetch
from redumbrella.features.kernel.windows import (
    ACTIVE_DAYS,
    ACTIVE_DAYS_TREND,
    COUNT,
    COUNT_TREND,
    DISTINCT,
    DURATION_MEAN,
    DURATION_TOTAL,
    DURATION_TREND,
    FAMILIES,
    FIRST_SEEN,
    LAST_SEEN,
    LONG_SHARE,
    SEEN,
    SHARE,
    SHARE_TREND,
    SPREAD,
    VALUE_MAX,
    VALUE_TOTAL,
)

DAY = MICROSECONDS_PER_DAY
HOUR = DAY // 24
# Up to 900 years, whole hours come back from a float32 freshness exactly.
OLDEST_HOURS = 8_000_000
N_FAMILIES = len(FAMILIES)
ANY = 0  # the slot that counts every fact of the stream; codes take the slots after it
_TABLED = 256  # counts whose logarithm is looked up
_WORDS_PER_LINE = 8  # 64 bytes of cache
_WORDS_AHEAD = 256  # longer histories are fetched by the processor itself, as it reads on

# Per slot, `marks`: bucket of the newest fact, its age, whole days of age of the fact added last.
NEWEST, LAST_AGE, LAST_DAY = range(3)
# Per slot and window, `counts`: facts, their distinct ages in whole days, those of known duration,
# those of at least long_seconds, age of the oldest.
FACTS, DAYS, TIMED, LONG, FIRST_AGE = range(5)
# Per slot and window, `sums`: duration, value, largest value (-inf = none known).
SECONDS, VALUE, LARGEST = range(3)
# Per window, `mixture`: codes with at least one fact, sum over codes of facts x ln(facts).
CODES, FACTS_LOG_FACTS = range(2)


@njit(nogil=True, cache=True)
def history_end(records, low, high, as_of):  # type: ignore[no-untyped-def]
    """The first fact of records[low:high] that is not before as_of."""
    while low < high:
        middle = (low + high) >> 1
        if instant_of(records, middle) < as_of:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True, cache=True)
def bucket_of(age, window_of_day):  # type: ignore[no-untyped-def]
    """The smallest window that holds a fact of this age (microseconds, not below 0)."""
    return np.int64(window_of_day[min(days_of(age), window_of_day.size - 1)])


@njit(inline="always")
def days_of(age):  # type: ignore[no-untyped-def]
    """Whole days of an age (microseconds, not below 0); unsigned numbers are divided faster."""
    return np.int64(np.uint64(age) // np.uint64(DAY))


@njit(inline="always")
def _fetch_history(row, end, person, offsets, records):  # type: ignore[no-untyped-def]
    """Have the history of a row fetched, if there is such a row, while the one before is at work.

    Rows come in any order of people, so that each history lies somewhere else.
    """
    if row < end and person[row] >= 0:
        width = records.shape[1]
        low, high = offsets[person[row]] * width, offsets[person[row] + 1] * width
        for word in range(low, min(high, low + _WORDS_AHEAD), _WORDS_PER_LINE):
            prefetch(records, word)


@njit(nogil=True, cache=True)
def _freshness(age):  # type: ignore[no-untyped-def]
    """1 within the last hour, 1/2 after a day, 1/8 after a week: 24 / (24 + whole hours)."""
    hours = np.uint64(age) // np.uint64(HOUR)
    return 24.0 / (24.0 + min(np.int64(hours), np.int64(OLDEST_HOURS)))


@njit(nogil=True, cache=True)
def count_variables(  # type: ignore[no-untyped-def]
    first, end, person, as_of, wanted, histories, window_of_day, n_codes, block_cells, cells
):
    """Number of cells of the rows first … end - 1, from the newest fact of each code alone.

    `histories` are the arrays of `write_variables`; `block_cells` (2, windows) are the cells of a
    code's block and of the stream's block by the window of their newest fact.
    """
    offsets, records, (_, known_word, _), scope = histories
    seen_in = np.full(n_codes, -1, np.int64)
    for row in range(first, end):
        _fetch_history(row + 1, end, person, offsets, records)
        cells[row] = 0
        p = person[row]
        if p < 0:
            continue
        low = offsets[p]
        unseen = n_codes
        for j in range(history_end(records, low, offsets[p + 1], as_of[row]) - 1, low - 1, -1):
            code = code_of(records, j)
            if seen_in[code] == row or (known_word and records[j, known_word] >= as_of[row]):
                continue
            if scope.size and scope[j] != wanted[row]:
                continue
            seen_in[code] = row
            bucket = bucket_of(as_of[row] - instant_of(records, j), window_of_day)
            if unseen == n_codes:
                cells[row] += block_cells[1, bucket]
            cells[row] += block_cells[0, bucket]
            unseen -= 1
            if unseen == 0:
                break


@njit(nogil=True, cache=True, error_model="numpy")
def write_variables(  # type: ignore[no-untyped-def]
    first,
    end,
    person,
    as_of,
    wanted,
    histories,
    window_of_day,
    code_cells,
    stream_cells,
    n_codes,
    code_width,
    long_seconds,
    longest,
    position,
    first_column,
    indices,
    data,
):
    """Cells of the rows first … end - 1; row r's start at position[r] of indices and data.

    person, as_of and wanted (n): see `kernel.Rows`. `histories` are those of
    `grouping.Histories` and what each fact is about (or nothing): a fact counts only if that
    equals the row's `wanted`. `code_cells` and `stream_cells` are plain tuples
    of `windows.Cells`. No history has more than `longest` facts.
    """
    # Tuples are taken apart once: every access to a member costs as much as the arithmetic on it.
    code_start, code_column, code_source = code_cells
    stream_start, stream_column, stream_source = stream_cells
    offsets, records, words, scope = histories
    n_windows, slots = window_of_day[-1] + 1, min(n_codes, longest) + 1
    slot_of, codes = np.zeros(n_codes, np.int32), np.empty(slots, np.int32)
    marks = np.empty((slots, 3), np.int64)
    counts = np.empty((slots, n_windows, 5), np.int64)
    sums = np.empty((slots, n_windows, 3), np.float64)
    mixture = np.empty((n_windows, 2), np.float64)
    measure = np.zeros((N_FAMILIES, n_windows), np.float32)
    measured = measure.reshape(-1)
    logs = _logarithms(_TABLED)
    totals = np.empty(n_windows, np.int64)
    first_stream_column = np.int64(first_column) + n_codes * code_width
    for row in range(first, end):
        _fetch_history(row + 1, end, person, offsets, records)
        p = person[row]
        if p < 0:
            continue
        n_seen = _add_history(
            offsets[p],
            history_end(records, offsets[p], offsets[p + 1], as_of[row]),
            as_of[row],
            wanted[row],
            records,
            words,
            scope,
            window_of_day,
            long_seconds,
            slot_of,
            codes,
            marks,
            counts,
            sums,
        )
        if n_seen == 0:
            continue
        _add_up(marks, counts, mixture, totals)
        at = position[row]
        _sort(codes, n_seen)
        for i in range(n_seen):
            code = codes[i]
            slot = slot_of[code]
            slot_of[code] = 0
            _measure(marks, counts, sums, mixture, slot, totals, logs, measure)
            column = np.int64(first_column) + code * code_width
            cells = code_start[marks[slot, NEWEST]], code_start[marks[slot, NEWEST] + 1]
            at = _write(measured, cells, code_column, code_source, column, at, indices, data)
        _measure(marks, counts, sums, mixture, ANY, totals, logs, measure)
        _measure_mixture(totals, marks[ANY, NEWEST], mixture, measure)
        cells = stream_start[marks[ANY, NEWEST]], stream_start[marks[ANY, NEWEST] + 1]
        column = first_stream_column
        _write(measured, cells, stream_column, stream_source, column, at, indices, data)


@njit(inline="always")
def _add_history(  # type: ignore[no-untyped-def]
    low,
    high,
    as_of,
    wanted,
    records,
    words,
    scope,
    window_of_day,
    long_seconds,
    slot_of,
    codes,
    marks,
    counts,
    sums,
):
    """Add the facts from low to before high, newest first, to their buckets; the codes seen.

    A fact counts if it was known before as_of and is about what is wanted.
    """
    value_word, known_word, _ = words
    n_seen, value = 0, np.nan
    for j in range(high - 1, low - 1, -1):
        if known_word and records[j, known_word] >= as_of:
            continue
        if scope.size and scope[j] != wanted:
            continue
        age = as_of - instant_of(records, j)
        day, bucket = days_of(age), bucket_of(age, window_of_day)
        duration, code = duration_of(records, j), code_of(records, j)
        if value_word:
            value = number_of(records, j, value_word)
        if n_seen == 0:
            _open(marks, counts, sums, ANY, bucket, age)
        slot = np.int64(slot_of[code])
        if slot == 0:
            codes[n_seen] = code
            n_seen += 1
            slot_of[code] = slot = np.int64(n_seen)
            _open(marks, counts, sums, slot, bucket, age)
        for s in (ANY, slot):
            counts[s, bucket, FACTS] += 1
            counts[s, bucket, DAYS] += day != marks[s, LAST_DAY]
            counts[s, bucket, FIRST_AGE] = age
            marks[s, LAST_DAY] = day
            if not math.isnan(duration):
                counts[s, bucket, TIMED] += 1
                counts[s, bucket, LONG] += duration >= long_seconds
                sums[s, bucket, SECONDS] += duration
            if not math.isnan(value):
                sums[s, bucket, VALUE] += value
                sums[s, bucket, LARGEST] = max(sums[s, bucket, LARGEST], value)
    return n_seen


@njit(inline="always")
def _open(marks, counts, sums, slot, bucket, age):  # type: ignore[no-untyped-def]
    """Start a slot with its newest fact."""
    marks[slot, NEWEST] = bucket
    marks[slot, LAST_AGE] = age
    marks[slot, LAST_DAY] = -1
    for w in range(bucket, counts.shape[1]):
        # One by one: assigning a slice is several times slower here.
        for what in range(counts.shape[2]):
            counts[slot, w, what] = 0
        sums[slot, w, SECONDS] = 0.0
        sums[slot, w, VALUE] = 0.0
        sums[slot, w, LARGEST] = -np.inf


@njit(nogil=True, cache=True)
def _logarithms(n):  # type: ignore[no-untyped-def]
    """Natural logarithms of 0 … n - 1, with 0 for 0: most counts are small."""
    logs = np.zeros(n)
    for i in range(1, n):
        logs[i] = math.log(i)
    return logs


@njit(inline="always")
def _sort(codes, n):  # type: ignore[no-untyped-def]
    """Sort codes[:n], which are few as a rule."""
    if n > 64:
        codes[:n].sort()
        return
    for i in range(1, n):
        code, j = codes[i], i
        while j > 0 and codes[j - 1] > code:
            codes[j] = codes[j - 1]
            j -= 1
        codes[j] = code


@njit(inline="always")
def _add_up(marks, counts, mixture, totals):  # type: ignore[no-untyped-def]
    """Facts of any code in each window, by which shares are divided; starts the mixture anew."""
    total = 0
    for w in range(marks[ANY, NEWEST], totals.size):
        total += counts[ANY, w, FACTS]
        totals[w] = total
        mixture[w, CODES] = 0.0
        mixture[w, FACTS_LOG_FACTS] = 0.0


@njit(inline="always")
def _measure(marks, counts, sums, mixture, slot, totals, logs, measure):  # type: ignore[no-untyped-def]
    """The variables of one slot, window by window: each also holds what the smaller ones hold."""
    newest, n_windows = marks[slot, NEWEST], counts.shape[1]
    last_seen = _freshness(marks[slot, LAST_AGE])
    facts, days, timed, long, share, first_seen = 0, 0, 0, 0, 0.0, 0.0
    seconds, value, largest = 0.0, 0.0, -np.inf
    mean, long_share, shown = 0.0, 0.0, 0.0
    for w in range(newest, n_windows):
        narrower_share = share
        fresh = counts[slot, w, FACTS]
        # Many windows hold nothing that the next smaller one does not, and divisions are slow.
        if fresh:
            narrower_facts, narrower_days, narrower_seconds = facts, days, seconds
            first_seen = _freshness(counts[slot, w, FIRST_AGE])
            facts += fresh
            days += counts[slot, w, DAYS]
            timed += counts[slot, w, TIMED]
            long += counts[slot, w, LONG]
            seconds += sums[slot, w, SECONDS]
            value += sums[slot, w, VALUE]
            largest = max(largest, sums[slot, w, LARGEST])
            mean = seconds / timed if timed else 0.0
            long_share = long / facts
            shown = largest if largest > -np.inf else 0.0
        share = facts / totals[w]

        measure[COUNT, w] = facts
        measure[ACTIVE_DAYS, w] = days
        measure[DURATION_TOTAL, w] = seconds
        measure[DURATION_MEAN, w] = mean
        measure[LONG_SHARE, w] = long_share
        measure[SHARE, w] = share
        measure[VALUE_TOTAL, w] = value
        measure[VALUE_MAX, w] = shown
        measure[LAST_SEEN, w] = last_seen
        measure[FIRST_SEEN, w] = first_seen
        measure[SEEN, w] = 1.0
        if w > newest:  # a trend is the narrower window's part of the wider one
            if fresh:
                measure[COUNT_TREND, w - 1] = narrower_facts / facts
                measure[ACTIVE_DAYS_TREND, w - 1] = narrower_days / days
                measure[DURATION_TREND, w - 1] = narrower_seconds / seconds if seconds > 0 else 0.0
            else:
                measure[COUNT_TREND, w - 1] = 1.0
                measure[ACTIVE_DAYS_TREND, w - 1] = 1.0
                measure[DURATION_TREND, w - 1] = 1.0 if seconds > 0 else 0.0
            measure[SHARE_TREND, w - 1] = narrower_share / share
        if slot != ANY:
            mixture[w, CODES] += 1
            mixture[w, FACTS_LOG_FACTS] += facts * (
                logs[facts] if facts < _TABLED else math.log(facts)
            )


@njit(inline="always")
def _measure_mixture(totals, newest, mixture, measure):  # type: ignore[no-untyped-def]
    """Number of codes, and their effective number: exp of Shannon's entropy of the shares.

    With counts n_i of total N the entropy is ln N - (sum of n_i ln n_i) / N (Shannon 1948); its
    exponential is the number of equally frequent codes with that entropy (Hill 1973, order 1).
    """
    for w in range(newest, totals.size):
        measure[DISTINCT, w] = mixture[w, CODES]
        measure[SPREAD, w] = math.exp(math.log(totals[w]) - mixture[w, FACTS_LOG_FACTS] / totals[w])


@njit(inline="always")
def _write(  # type: ignore[no-untyped-def]
    measured, cells, column_of, source_of, first_column, at, indices, data
):
    """Write the cells of a block (first and end, see `windows.Cells`); the position after them."""
    first, end = cells
    # Unsigned numbers: for others every access would ask whether to count from the end.
    start, cell, n = np.uint64(at), np.uint64(first), np.uint64(end - first)
    base = np.int32(first_column)
    for i in range(n):
        indices[start + i] = base + column_of[cell + i]
    for i in range(n):
        data[start + i] = measured[source_of[cell + i]]
    return at + end - first
