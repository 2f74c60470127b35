"""Parquet as records, in batches of Arrow columns.

A file comes in; columns of plain types go out: structs become columns such as company.industry,
ids stay exact, what is no number (infinite, NaN) is missing, bytes are text where they are UTF-8.
Lists and maps are handed over as they are and become JSON later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from redumbrella.errors import DataError
from redumbrella.sources.formats.packed import is_packed, seekable_bytes
from redumbrella.sources.formats.records import Chunk, Records, same_lines, unique_names

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 50_000
_DEEPEST = 12  # structs inside structs that become columns; what is deeper stays JSON
_ID_BYTES = 16
_SECONDS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def read_parquet(path: Path) -> Records:
    """The records of a Parquet file. Raises DataError when it is damaged."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    try:
        opened = parquet.ParquetFile(seekable_bytes(path) if is_packed(path) else path)
        empty = _flat(opened.schema_arrow.empty_table())
        looks = _binary_looks(opened, empty.schema)
        names = _plain(empty, looks).column_names
    except (pa.ArrowException, OSError, ValueError, RecursionError) as problem:
        raise _not_parquet(path, problem) from None
    columns, renamed = unique_names(names)

    def chunks() -> Iterator[Chunk]:
        begin = 1
        batches = opened.iter_batches(_BATCH_ROWS)
        while True:
            try:
                batch = next(batches, None)
                rows = None if batch is None else _flat(_table(batch))
                if rows is not None:
                    _count_infinite(rows, infinite)
                    rows = _plain(rows, looks)
            except (pa.ArrowException, OSError, ValueError) as problem:
                raise _not_parquet(path, problem) from None
            if rows is None:
                notes.extend(_infinite_notes(infinite))
                return
            numbers = np.arange(begin, begin + rows.num_rows, dtype=np.int64)
            begin += rows.num_rows
            yield Chunk(rows.rename_columns(list(columns)), numbers)

    notes = [*_notes(empty.schema, looks), *renamed]
    infinite: Counter[str] = Counter()
    return Records(columns, chunks(), [], notes, same_lines)


def _not_parquet(path: Path, problem: Exception) -> DataError:
    said = " ".join(str(problem).split())
    message = f"{path.name} is not a readable Parquet file: {said}. Export it again."
    return DataError(message, reason="damaged_file")


def _table(batch: pa.RecordBatch) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def _flat(rows: pa.Table) -> pa.Table:
    """The rows with the members of structs as columns, and types of others as what they rest on."""
    import pyarrow as pa

    for _ in range(_DEEPEST):
        for position, field in enumerate(rows.schema):
            if isinstance(field.type, pa.BaseExtensionType):
                stored = [chunk.storage for chunk in rows.column(position).chunks]
                column = pa.chunked_array(stored, field.type.storage_type)
                rows = rows.set_column(position, field.name, column)
            elif pa.types.is_dictionary(field.type) and not _is_text(field.type.value_type):
                column = rows.column(position).cast(field.type.value_type)
                rows = rows.set_column(position, field.name, column)
        if not any(pa.types.is_struct(field.type) for field in rows.schema):
            break
        rows = rows.flatten()
    return rows


def _binary_looks(opened: Any, schema: pa.Schema) -> dict[str, str]:
    """What the columns of bytes hold, all rows looked at: "text", "id" of 16 bytes, or "bytes"."""
    may_be = {field.name: _first_looks(field.type) for field in schema if _is_binary(field.type)}
    roots = [
        name
        for name in opened.schema_arrow.names
        if any(column == name or column.startswith(f"{name}.") for column in may_be)
    ]
    for batch in opened.iter_batches(_BATCH_ROWS, columns=roots) if roots else ():
        rows = _flat(_table(batch))
        for name, column in zip(rows.column_names, rows.columns, strict=True):
            if name in may_be:
                may_be[name] = {look for look in may_be[name] if _CHECKS[look](column)}
    return {
        name: next((look for look in _CHECKS if look in looks), "bytes")
        for name, looks in may_be.items()
    }


def _first_looks(kind: pa.DataType) -> set[str]:
    import pyarrow as pa

    is_fixed = pa.types.is_fixed_size_binary(kind)
    return {"id"} if is_fixed else set(_CHECKS)


def _is_utf8(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    from pyarrow import compute

    try:
        texts = column.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    controls = compute.match_substring_regex(texts, r"[\x00-\x08\x0e-\x1f]")
    return not compute.any(controls).as_py()


def _holds_ids(column: pa.ChunkedArray) -> bool:
    from pyarrow import compute

    lengths = compute.unique(compute.binary_length(column).drop_null()).to_pylist()
    return lengths in ([], [_ID_BYTES])


_CHECKS = {"text": _is_utf8, "id": _holds_ids}


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind))


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    checks = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(check(kind) for check in checks) or kind == pa.binary_view()


def _plain(rows: pa.Table, looks: dict[str, str]) -> pa.Table:
    """Flat rows as types that DuckDB reads, and without columns of bytes that say nothing."""
    import pyarrow as pa

    names, columns = [], []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if looks.get(name) == "bytes" and _is_binary(column.type):
            continue
        names.append(name)
        columns.append(_plain_column(column, looks.get(name, "")))
    return pa.table(columns, names=names) if columns else pa.table({})


def _plain_column(column: pa.ChunkedArray, look: str) -> pa.ChunkedArray:
    import pyarrow as pa
    from pyarrow import compute

    kind, types = column.type, pa.types
    if _is_binary(kind):
        return column.cast(pa.binary()).cast(pa.string()) if look == "text" else _uuids(column)
    if types.is_floating(kind):
        column = column.cast(pa.float32()) if types.is_float16(kind) else column
        nothing = pa.scalar(None, column.type)
        return compute.if_else(compute.is_finite(column), column, nothing)
    if types.is_duration(kind):
        return compute.divide(column.cast(pa.int64()).cast(pa.float64()), _SECONDS[kind.unit])
    if types.is_decimal256(kind) or kind == pa.string_view():
        return column.cast(pa.string())
    return column


def _uuids(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids of 16 bytes as they are written, in five groups of hexadecimal digits."""
    import pyarrow as pa

    def written(value: bytes | None) -> str | None:
        return None if value is None else str(UUID(bytes=value))

    return pa.chunked_array([pa.array([written(v) for v in column.to_pylist()], pa.string())])


def _count_infinite(rows: pa.Table, infinite: Counter[str]) -> None:
    import pyarrow as pa
    from pyarrow import compute

    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if pa.types.is_floating(column.type) and not pa.types.is_float16(column.type):
            infinite[name] += compute.sum(compute.is_inf(column)).as_py() or 0


def _infinite_notes(infinite: Counter[str]) -> list[str]:
    return [
        f'Column "{name}" holds {count:,} infinite numbers: they count as missing.'
        for name, count in infinite.items()
        if count
    ]


def _notes(schema: pa.Schema, looks: dict[str, str]) -> list[str]:
    import pyarrow as pa

    said = {
        "bytes": "holds bytes that are no text and is left out",
        "id": "holds ids of 16 bytes: read as UUIDs",
    }
    notes = [f'Column "{name}" {said[look]}.' for name, look in looks.items() if look in said]
    return notes + [
        f'Column "{field.name}" holds durations: read as seconds.'
        for field in schema
        if pa.types.is_duration(field.type)
    ]
