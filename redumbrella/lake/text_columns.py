# ruff: noqa: S608  names in SQL go through lake.quoting
"""Columns of the lake as text, where two sources do not agree on a type.

Whole numbers are written without a fraction, times as ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from redumbrella.lake.duckdb_options import BATCH_ROWS, OFFLINE
from redumbrella.lake.quoting import quoted

if TYPE_CHECKING:
    import pyarrow as pa


def select_as_text(schema: pa.Schema, columns: Sequence[str]) -> str:
    """A SELECT list of all columns, those named in `columns` as text."""
    return ", ".join(
        f"{_text_of(column)} AS {quoted(column.name)}"
        if column.name in columns
        else quoted(column.name)
        for column in schema
    )


def _text_of(column: pa.Field) -> str:
    import pyarrow as pa

    name = quoted(column.name)
    if pa.types.is_floating(column.type):
        whole = f"{name} = trunc({name}) AND abs({name}) < 1e15"
        return f"CASE WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
    if pa.types.is_timestamp(column.type):
        return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"{name}::VARCHAR"


def rows_as_text(rows: pa.Table | pa.RecordBatchReader, columns: Sequence[str]) -> Any:
    """Arrow rows with some columns turned into text."""
    import duckdb

    connection = duckdb.connect(config=OFFLINE)
    connection.execute("SET TimeZone = 'UTC'")
    schema = rows.schema
    connection.register("rows", rows)
    return connection.sql(f"SELECT {select_as_text(schema, columns)} FROM rows").to_arrow_reader(
        BATCH_ROWS
    )
