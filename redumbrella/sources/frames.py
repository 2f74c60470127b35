"""Data frames and arrays as the typed table that features read.

In: anything that speaks the Arrow protocol (pandas, polars, pyarrow), or an array with one row a
lead. Out: an Arrow table with the columns in their order, each of one of four types: number
(float64), flag (bool), time (timestamp[us]) or text (string), and one way to say missing: null.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.errors import DataError

# With an offset from UTC or without one: Arrow reads a column of texts as one or the other.
INSTANTS = (pa.timestamp("us"), pa.timestamp("us", "UTC"))


def frame_table(frame: Any, columns: int) -> pa.Table:
    """The first `columns` columns of a data frame; pandas hands its index over after them.

    Raises DataError for a column of lists, structs or bytes.
    """
    try:
        table = pa.table(frame)
    except pa.ArrowException:  # a column of Python objects of several kinds
        parts = {str(name): _column(frame[name]) for name in frame.columns}
        return _typed(pa.table(parts))
    return _typed(table.select(list(range(columns))))


def array_table(values: NDArray[Any], names: Sequence[str]) -> pa.Table:
    """An array (n, columns) of numbers, texts or Python objects; its columns get these names."""
    return _typed(pa.table([_column(values[:, j]) for j in range(len(names))], names=list(names)))


def parsed_instants(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of a typed table with texts read as ISO 8601 instants; others stay as they are.

    Raises DataError when a text is no instant.
    """
    if not pa.types.is_string(column.type) or column.null_count == len(column):
        return column
    causes = []
    for kind in INSTANTS:
        try:
            return column.cast(kind)
        except pa.ArrowInvalid as problem:
            causes.append(str(problem))
    raise DataError(
        f'The column "{name}" is to hold instants. {causes[0]}. Write them all as 2026-11-21, as '
        "2026-11-21T08:30:00 or as 2026-11-21T08:30:00+01:00, or convert the column to datetimes.",
        reason="bad_instant",
    )


def _typed(table: pa.Table) -> pa.Table:
    named = zip(table.column_names, table.columns, strict=True)
    columns = [_of_four_types(name, column) for name, column in named]
    return pa.table(columns, names=table.column_names)


def _of_four_types(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        # Someone said that these are categories, even where they are called 1, 2, 3.
        parts = [part.dictionary.cast(pa.string()).take(part.indices) for part in column.chunks]
        column, kind = pa.chunked_array(parts, pa.string()), pa.string()
    if pa.types.is_boolean(kind):
        return column
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _finite(column.cast(pa.float64(), safe=False))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
    if pa.types.is_duration(kind):
        microseconds = column.cast(pa.duration("us"), safe=False).cast(pa.int64())
        return pc.divide(microseconds.cast(pa.float64()), float(MICROSECONDS_PER_DAY))
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if is_text or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        text = column.cast(pa.string())
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    raise DataError(
        f'The column "{name}" holds {kind}, which is neither number, text, yes or no, date nor '
        "category. Convert or drop it.",
        reason="bad_column_type",
    )


def _finite(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, pa.float64()))


def _column(values: Any) -> pa.Array:
    """One column of an array or of a pandas frame."""
    try:
        return pa.array(values, from_pandas=True)
    except pa.ArrowException:  # several kinds in one column: they have their texts in common
        return pa.array([None if _is_missing(v) else str(v) for v in values], pa.string())


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT and NA: none of them answers that it equals itself."""
    same = value == value  # noqa: PLR0124
    return value is None or not (isinstance(same, bool | np.bool_) and bool(same))
