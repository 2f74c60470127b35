"""Lists as files: rows come in, CSV, Parquet, JSON lines or a JSON array goes out.

Promises: a file appears complete or not at all, and text cells of a CSV are never run as formulas
by a spreadsheet. Rows are written in batches, so that memory stays small however many there are.
"""

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from redumbrella.errors import SettingsError, said_by

Format = Literal["csv", "parquet", "jsonl"]
FORMATS: tuple[Format, ...] = ("csv", "parquet", "jsonl")
Record = Mapping[str, Any]

_BATCH_ROWS = 5_000
_BATCH_CHARACTERS = 65_536
_FORMULA = re.compile(r"[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


@dataclass(frozen=True)
class FileColumn:
    """One column of a file: its name, the name of its Arrow type, and how CSV writes a value."""

    name: str
    arrow: str
    cell: Callable[[Any], Any]


def csv_lines(fields: Sequence[FileColumn], rows: Iterable[Record]) -> Iterator[str]:
    """Rows as CSV text, piece by piece: a header, then one line each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([field.name for field in fields])
    for row in rows:
        writer.writerow([_cell(field, row[field.name]) for field in fields])
        if buffer.tell() > _BATCH_CHARACTERS:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def json_lines(rows: Iterable[Record]) -> Iterator[bytes]:
    """Rows as JSON, one a line; instants as ISO 8601."""
    for row in rows:
        yield orjson.dumps(row) + b"\n"


def json_array(rows: Iterable[Record]) -> Iterator[bytes]:
    """Rows as one JSON array, piece by piece."""
    start = b"["
    for row in rows:
        yield start + orjson.dumps(row)
        start = b",\n"
    yield b"]\n" if start != b"[" else b"[]\n"


def arrow_batches(fields: Sequence[FileColumn], rows: Iterable[Record]) -> Iterator[Any]:
    """Rows as Arrow tables of at most 5,000 rows; none where there are no rows."""
    import pyarrow as pa

    schema, remaining = arrow_schema(fields), iter(rows)
    while batch := list(islice(remaining, _BATCH_ROWS)):
        columns = {f.name: [_plain(row[f.name]) for row in batch] for f in fields}
        yield pa.table(columns, schema=schema)


def arrow_schema(fields: Sequence[FileColumn]) -> Any:
    """The Arrow schema of a file's columns."""
    import pyarrow as pa

    reason = pa.struct(
        [("feature", pa.string()), ("text", pa.string()), ("contribution", pa.float64())]
    )
    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "reasons": pa.list_(reason),
    }
    return pa.schema([(field.name, types[field.arrow]) for field in fields])


def write_parquet(target: Any, fields: Sequence[FileColumn], rows: Iterable[Record]) -> None:
    """Writes rows as Parquet into a path or an opened file."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, arrow_schema(fields)) as writer:
        for batch in arrow_batches(fields, rows):
            writer.write_table(batch)


def write_rows(
    path: Path, form: Format, fields: Sequence[FileColumn], rows: Iterable[Record]
) -> int:
    """Writes rows to a file; returns how many. Raises SettingsError where it cannot be written."""
    counted = _Counted(rows)
    write_whole(path, lambda temporary: _write(temporary, form, fields, counted))
    return counted.rows


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Writes to a temporary name beside the file and renames it at the end.

    Raises SettingsError when the place cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except OSError as problem:
        message = f"{path} could not be written: {said_by(problem)}. Name another place with -o."
        raise SettingsError(message, reason="not_writable") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    if _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def _cell(field: FileColumn, value: Any) -> Any:
    if value is None:
        return ""
    shown = field.cell(value)
    return safe_cell(shown) if isinstance(shown, str) else shown


def _plain(value: Any) -> Any:
    """A value as Arrow takes it: dataclasses as mappings."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _write(path: Path, form: Format, fields: Sequence[FileColumn], rows: Iterable[Record]) -> None:
    if form == "csv":
        with path.open("w", encoding="utf-8", newline="") as text:
            text.writelines(csv_lines(fields, rows))
    elif form == "jsonl":
        with path.open("wb") as file:
            file.writelines(json_lines(rows))
    else:
        write_parquet(path, fields, rows)


class _Counted:
    """Rows that count themselves while they are read once."""

    def __init__(self, rows: Iterable[Record]) -> None:
        self._rows = rows
        self.rows = 0

    def __iter__(self) -> Iterator[Record]:
        for row in self._rows:
            self.rows += 1
            yield row
