"""Lists as files: rows come in, CSV, Parquet, JSON lines or a JSON array goes out.

Promises: a file appears complete or not at all, and text cells of a CSV are never run as formulas
by a spreadsheet; what is put in front of them for that can be taken away again. Rows are written in
batches, so that memory stays small however many there are.
"""

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from errno import EISDIR
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

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
# What begins a formula, also in full width, and what a spreadsheet may leave out before it.
_SIGN = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b"
_SKIPPED = "\x00-\x20\x7f-\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_FORMULA = re.compile(f"'*[{_SKIPPED}]*[{_SIGN}]|[\t\r\n]")
# Figures, phone numbers, and ids of one word such as -Nq3xYz: nothing in them can be called.
_HARMLESS = re.compile(
    "[+-]?[0-9]([0-9., \xa0]*[0-9])?([eE][+-]?[0-9]+)?([ \xa0]?[%€$£])?"
    "|-(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]+|[+-]{1,3}"
)
# A file that is opened with ; or tab between cells falls apart at places inside a text.
_LATER = re.compile(f"([;\t\r\n])((?:[{_SKIPPED}\"'])*[{_SIGN}][^;\t\r\n]*)")
_CALLS = re.compile(r"[(!|\[\uff08\uff01\uff5c]")


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


def csv_lines(fields: Sequence[FileColumn], rows: Iterable[Record]) -> Iterator[str]:
    """Rows as CSV text, piece by piece: a header, then one line each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([safe_cell(field.name) for field in fields])
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
    path: Path, form: Format, fields: Sequence[FileColumn], rows: Iterable[Record]
) -> int:
    """Writes rows to a file; returns how many. Raises SettingsError where it cannot be written."""
    counted = _Counted(rows)
    write_whole(path, lambda temporary: _write(temporary, form, fields, counted))
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


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula.

    So too inside it, where a formula that calls something would begin a cell if the file were
    opened with ; or tab between the cells. A text that has such an apostrophe gets another one:
    taking one away gives back what it was.
    """
    if text.isalnum():
        return text
    text = _LATER.sub(_kept_text, text)
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return "'" + text
    return text


def _kept_text(match: re.Match[str]) -> str:
    return f"{match[1]}'{match[2]}" if _CALLS.search(match[2]) else match[0]


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
