"""Which variables are made of a stream, and where each stands in the matrix.

In: windows in days and names of families. Out: a `FeatureSet` with a version that changes whenever
a column changes its meaning, and the `Layout` of the columns of one stream. Promise: the same
settings give the same columns in the same order, for ever, or another version.

A window of w days holds the facts whose age at `as_of` is below w whole days; `all` holds every
fact before `as_of`. Windows are nested: the facts of 7 days are among those of 14 days.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import SettingsError, nearest

DEFAULT_WINDOW_DAYS = (1, 3, 7, 14, 30, 60, 90, 180, 365)
LONGEST_WINDOW_DAYS = 36_500
ALL = "all"

# Raised by hand whenever a definition in the kernel changes, so that old models notice.
DEFINITIONS = 1


class VariableFamily(NamedTuple):
    """One family of variables: what it needs of a stream and which windows it has.

    `windows`: "each" = one column per window; "pairs" = one per pair of adjacent windows;
    "all" = one column over the whole history. `of_code`: has columns for each code of the stream;
    `of_stream`: has columns for the stream as a whole (the code `any`).
    """

    name: str
    windows: Literal["each", "pairs", "all"] = "each"
    needs: Literal["", "duration", "value"] = ""
    of_code: bool = True
    of_stream: bool = True


FAMILIES = (
    VariableFamily("count"),
    VariableFamily("active_days"),
    VariableFamily("duration_total", needs="duration"),
    VariableFamily("duration_mean", needs="duration"),
    VariableFamily("long_share", needs="duration"),
    VariableFamily("share", of_stream=False),
    VariableFamily("value_total", needs="value"),
    VariableFamily("value_max", needs="value"),
    VariableFamily("last_seen"),
    VariableFamily("first_seen"),
    VariableFamily("seen", windows="all", of_stream=False),
    VariableFamily("count_trend", windows="pairs"),
    VariableFamily("active_days_trend", windows="pairs"),
    VariableFamily("duration_trend", windows="pairs", needs="duration"),
    VariableFamily("share_trend", windows="pairs", of_stream=False),
    VariableFamily("distinct", of_code=False),
    VariableFamily("spread", of_code=False),
)
FAMILY_NAMES = tuple(family.name for family in FAMILIES)
# Positions in FAMILIES, by which the kernel stores each value.
(
    COUNT,
    ACTIVE_DAYS,
    DURATION_TOTAL,
    DURATION_MEAN,
    LONG_SHARE,
    SHARE,
    VALUE_TOTAL,
    VALUE_MAX,
    LAST_SEEN,
    FIRST_SEEN,
    SEEN,
    COUNT_TREND,
    ACTIVE_DAYS_TREND,
    DURATION_TREND,
    SHARE_TREND,
    DISTINCT,
    SPREAD,
) = range(len(FAMILIES))
FRESHNESS = (LAST_SEEN, FIRST_SEEN)
# Shares of long calls make sense for conversations, not for every click.
DEFAULT_FAMILIES = tuple(name for name in FAMILY_NAMES if name != "long_share")


@dataclass(frozen=True)
class FeatureSet:
    """Windows (days, ascending; `all` is always added) and families of one stream's variables.

    `long_seconds` is the duration from which a fact counts as long (family `long_share`).

    Raises:
        SettingsError: windows that are not ascending whole days, or an unknown family.
    """

    window_days: tuple[int, ...] = DEFAULT_WINDOW_DAYS
    families: tuple[str, ...] = DEFAULT_FAMILIES
    long_seconds: float = 300.0

    def __post_init__(self) -> None:
        days = self.window_days
        ascending = all(a < b for a, b in pairwise(days))
        whole = all(isinstance(d, int) and 1 <= d <= LONGEST_WINDOW_DAYS for d in days)
        if not (ascending and whole) or len(days) > 200:
            raise SettingsError(
                f"The windows {list(days)} cannot be used: expected whole days between 1 and "
                f"{LONGEST_WINDOW_DAYS}, ascending, each once, 200 at most. "
                f"The usual ones are {list(DEFAULT_WINDOW_DAYS)}.",
                reason="bad_windows",
            )
        for name in self.families:
            if name not in FAMILY_NAMES:
                raise SettingsError(
                    f'There is no family of variables "{name}".{nearest(name, FAMILY_NAMES)} '
                    f"Valid families: {', '.join(FAMILY_NAMES)}.",
                    reason="unknown_family",
                )

    @property
    def window_names(self) -> tuple[str, ...]:
        """Names of the windows in order: `1d`, `3d`, …, `all`."""
        return (*(f"{days}d" for days in self.window_days), ALL)

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change whenever any column changes its meaning."""
        families = [name for name in FAMILY_NAMES if name in self.families]
        content = [DEFINITIONS, list(self.window_days), families, float(self.long_seconds)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


class Cells(NamedTuple):
    """The stored cells of a block, by the window that its newest fact lies in, in order of column.

    Those for window w are numbers start[w] to start[w + 1] of `column`, the column within the
    block, and of `source`, where the value stands among the values of all families: its number in
    FAMILIES x number of windows + its window.
    """

    start: NDArray[np.int64]
    column: NDArray[np.int32]
    source: NDArray[np.uint32]


class Layout(NamedTuple):
    """The columns of one stream: a block of `code_width` for each code, then the stream's block.

    `window_of_day[d]` is the smallest window that holds facts of d whole days of age; its last
    entry, the number of the last window, serves all older ages. `of_code` and `of_stream` describe
    the two kinds of blocks, one line per family: its number in FAMILIES, the column of window 0
    within the block, the first of its windows, and the one after its last.
    """

    window_of_day: NDArray[np.uint8]
    n_windows: int
    n_codes: int
    long_seconds: float
    code_width: int
    stream_width: int
    of_code: NDArray[np.int32]
    of_stream: NDArray[np.int32]
    code_cells: Cells
    stream_cells: Cells

    @property
    def n_columns(self) -> int:
        """Number of columns of the stream."""
        return self.n_codes * self.code_width + self.stream_width


def layout(feature_set: FeatureSet, n_codes: int, *, has_duration: bool, has_value: bool) -> Layout:
    """The columns of a stream with `n_codes` codes; families that need what it lacks are left out.

    Raises:
        SettingsError: the stream would have more than 2^31 - 1 columns.
    """
    present = [
        number
        for number, family in enumerate(FAMILIES)
        if family.name in feature_set.families
        and {"": True, "duration": has_duration, "value": has_value}[family.needs]
    ]
    n_windows = len(feature_set.window_days) + 1
    code_width, of_code, code_cells = _block([f for f in present if FAMILIES[f].of_code], n_windows)
    stream_width, of_stream, stream_cells = _block(
        [f for f in present if FAMILIES[f].of_stream], n_windows
    )
    if n_codes * code_width + stream_width > np.iinfo(np.int32).max:
        raise SettingsError(
            f"{n_codes} codes with {code_width} variables each are more columns than a matrix can "
            "have. Lower max_kinds, so that rare codes are pooled, or leave out families.",
            reason="too_many_columns",
        )
    longest = feature_set.window_days[-1] if feature_set.window_days else 0
    window_of_day = np.searchsorted(feature_set.window_days, np.arange(longest + 1), side="right")
    return Layout(
        window_of_day.astype(np.uint8),
        n_windows,
        n_codes,
        float(feature_set.long_seconds),
        code_width,
        stream_width,
        of_code,
        of_stream,
        code_cells,
        stream_cells,
    )


def _block(families: list[int], n_windows: int) -> tuple[int, NDArray[np.int32], Cells]:
    """Width, description and stored cells of a block (see `Layout`)."""
    first_of = {"each": 0, "pairs": 0, "all": n_windows - 1}
    end_of = {"each": n_windows, "pairs": n_windows - 1, "all": n_windows}
    first = np.array([first_of[FAMILIES[f].windows] for f in families], np.int32)
    end = np.array([end_of[FAMILIES[f].windows] for f in families], np.int32)
    width = end - first
    start = np.cumsum(width) - width - first
    block = np.stack([np.array(families, np.int32), start, first, end], axis=1)
    return int(width.sum()), np.ascontiguousarray(block, np.int32), _cells(block, n_windows)


def _cells(block: NDArray[np.integer[Any]], n_windows: int) -> Cells:
    """A block's stored cells: of every family, the windows that hold its newest fact."""
    window = np.concatenate([np.empty(0, int), *(np.arange(a, b) for _, _, a, b in block)])
    widths = block[:, 3] - block[:, 2]
    column = np.repeat(block[:, 1], widths) + window
    source = np.repeat(block[:, 0], widths) * n_windows + window
    stored = [np.flatnonzero(window >= newest) for newest in range(n_windows)]
    chosen = np.concatenate(stored)
    start = np.cumsum([0, *(len(cells) for cells in stored)])
    return Cells(start, column[chosen].astype(np.int32), source[chosen].astype(np.uint32))
