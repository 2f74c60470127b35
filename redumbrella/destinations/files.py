"""Lists as files: rows come in, CSV, Parquet, JSON lines or a JSON array goes out.

Promises: a file appears complete or not at all, and text cells of a CSV are never run as formulas
by a spreadsheet (`spreadsheet_cells` has the rule), unless they are asked for raw; Parquet and JSON
have every text as it is. Rows are written in batches, so that memory stays small.
"""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from errno import EISDIR
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from redumbrella.destinations.spreadsheet_cells import safe_cell
from redumbrella.errors import SettingsError, said_by

Format = Literal["csv", "parquet", "jsonl"]
FORMATS: tuple[Format, ...] = ("csv", "parquet", "jsonl")
Record = Mapping[str, Any]
_FORMAT_OF: dict[str, Format] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}

_BATCH_ROWS = 5_000
_BATCH_CHARACTERS = 65_536


@dataclass(frozen=True)
class FileColumn:
    """One column of a file: its name, the name of its Arrow type, and how CSV writes a value."""

    name: str
    arrow: str
    cell: Callable[[Any], Any]


def format_of(path: Path) -> Format:
    """The format that the ending of a file's name asks for; CSV where there is none.

    Raises SettingsError for an ending that stands for no format.
    """
    ending = path.suffix.lower()
    if ending and ending not in _FORMAT_OF:
        message = f'"{path.name}" ends in no format of a file. Valid: {", ".join(_FORMAT_OF)}.'
        raise SettingsError(message, reason="unknown_format")
    return _FORMAT_OF.get(ending, "csv")


def csv_lines(
    fields: Sequence[FileColumn], rows: Iterable[Record], *, raw: bool = False
) -> Iterator[str]:
    """Rows as CSV text, piece by piece: a header, then one line each.

    raw: texts as they are, also those that a spreadsheet would run.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([field.name if raw else safe_cell(field.name) for field in fields])
    for row in rows:
        writer.writerow([_cell(field, row[field.name], raw=raw) for field in fields])
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
        "int8": pa.int8(),
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
    path: Path,
    form: Format,
    fields: Sequence[FileColumn],
    rows: Iterable[Record],
    *,
    raw: bool = False,
) -> int:
    """Writes rows to a file; returns how many. Raises SettingsError where it cannot be written.

    raw: a CSV with texts as they are, also those that a spreadsheet would run.
    """
    counted = _Counted(rows)
    write_whole(path, lambda temporary: _write(temporary, form, fields, counted, raw=raw))
    return counted.rows


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Writes to a temporary name beside the file and renames it at the end.

    A device or a pipe, such as /dev/stdout, is written to as it is: renaming would replace it by a
    file. Raises SettingsError when the place cannot be written.
    """
    temporary: Path | None = None
    try:
        if not path.name or path.is_dir():
            raise IsADirectoryError(EISDIR, "it is a folder")
        if path.exists() and not path.is_file():
            write(path)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}.part")
        write(temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as problem:  # pathlib: RuntimeError for links in a circle
        why = said_by(problem) if isinstance(problem, OSError) else str(problem)
        message = f"{path} could not be written: {why}. Name another place with -o."
        raise SettingsError(message, reason="not_writable") from None
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _cell(field: FileColumn, value: Any, *, raw: bool) -> Any:
    if value is None:
        return ""
    shown = field.cell(value)
    return safe_cell(shown) if isinstance(shown, str) and not raw else shown


def _plain(value: Any) -> Any:
    """A value as Arrow takes it: dataclasses as mappings."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _write(
    path: Path, form: Format, fields: Sequence[FileColumn], rows: Iterable[Record], *, raw: bool
) -> None:
    if form == "csv":
        with path.open("w", encoding="utf-8", newline="") as text:
            text.writelines(csv_lines(fields, rows, raw=raw))
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
