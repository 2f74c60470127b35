"""Which columns are read as words: what `check` says of the texts of leads and people.

In: a table that was read, still staged. Out: its result with a note on each field whose texts are
read, or a person's and not read. Promise: said by the rules that training goes by, of the first
values of each column.
"""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from redumbrella.features.records import MANY_SPELLINGS
from redumbrella.features.spelling import READINGS, is_name_of_person, reading_of
from redumbrella.lake.quoting import quoted
from redumbrella.sources.reading import TableRead
from redumbrella.sources.result import ColumnResult, SourceResult

LOOKED_AT = 20_000
_OF_RECORDS = ("leads", "people")


def with_word_notes(read: TableRead, result: SourceResult) -> SourceResult:
    """The result of a table with what is said of its texts."""
    if read.source.table not in _OF_RECORDS:
        return result
    return replace(result, columns=tuple(_noted(read, column) for column in result.columns))


def _noted(read: TableRead, column: ColumnResult) -> ColumnResult:
    if column.canonical or column.type != "text" or column.name not in read.typed.columns:
        return column
    values = _values(read, column.name)
    reading = reading_of(column.name, values)
    is_varied = pc.count_distinct(values).as_py() > MANY_SPELLINGS
    if reading in ("email", "phone") or (reading is not None and is_varied):
        note = f"read {READINGS[reading]}"
    elif is_varied and is_name_of_person(column.name):
        note = "not read by models: names of people"
    else:
        return column
    return replace(column, notes=(*column.notes, note))


def _values(read: TableRead, name: str) -> pa.ChunkedArray:
    typed = read.typed
    here = quoted(typed.columns[name])
    found = typed.staging.connection.execute(
        f"SELECT {here}::VARCHAR AS text FROM {quoted(typed.name)} "  # noqa: S608
        f"WHERE {here} IS NOT NULL LIMIT {LOOKED_AT}"
    )
    return found.to_arrow_table()["text"]
