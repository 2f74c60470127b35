"""Files on disk: which files a `path` of the settings means, and their records in batches.

A path, glob or list comes in; `FileInput`s go out, each with a fingerprint of its content, and the
records of one as `Chunk`s of Arrow columns under their source names.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import orjson

from redumbrella.errors import DataError, nearest, said_by
from redumbrella.sources.delimited import (
    BadLine,
    Chunk,
    inspect_delimited,
    line_numbers,
    read_delimited,
    unique_names,
    within_limits,
)
from redumbrella.sources.file_order import in_order
from redumbrella.sources.text_facts import open_bytes, text_facts

FileType = Literal["delimited", "parquet", "jsonl"]

_KINDS: dict[str, FileType] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_BATCH_ROWS = 50_000


@dataclass(frozen=True)
class FileInput:
    """One file to be read. `name` is how the workspace calls it.

    `joined`: files whose columns are added to its records.
    """

    name: str
    path: Path
    kind: FileType
    joined: tuple[JoinedFile, ...] = ()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    @property
    def modified(self) -> int:
        """Last change, UTC microseconds."""
        return self.path.stat().st_mtime_ns // 1000

    def fingerprint(self) -> str:
        """A hash of the content: equal for a copy, different after any change.

        What is joined to it belongs to the content.
        """
        with reading_source(self.name), self.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        parts = [found, *(one.file.fingerprint() for one in self.joined)]
        return found if not self.joined else hashlib.sha256("".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class JoinedFile:
    """A file whose columns are added by an id: `here` in the table, `there` in this file."""

    file: FileInput
    here: str
    there: str


@dataclass(frozen=True)
class Records:
    """The records of one input.

    `chunks` must be consumed before `bad` is complete and `lines` may be asked, which turns record
    numbers into line numbers.
    """

    columns: tuple[str, ...]
    chunks: Iterator[Chunk]
    bad: list[BadLine]
    notes: tuple[str, ...]
    lines: Callable[[Sequence[int]], dict[int, int]]


def find_files(patterns: Sequence[str], root: Path) -> tuple[list[FileInput], list[str]]:
    """The files that paths and globs mean, and all problems; those of a glob in `file_order`."""
    found: dict[Path, FileInput] = {}
    problems = []
    for pattern in patterns:
        path = root / pattern
        with reading_source(pattern):
            is_folder, is_file = path.is_dir(), path.is_file()
        if is_folder:
            problems.append(f'"{pattern}" is a folder. Name its files, such as "{pattern}/*.csv".')
        elif is_file:
            found.setdefault(path.resolve(), _input(path, root))
        else:
            matches = in_order(Path(match) for match in glob.glob(str(path), recursive=True))
            files = [match for match in matches if match.is_file()]
            if not files:
                problems.append(_not_found(pattern, root))
            for match in files:
                found.setdefault(match.resolve(), _input(match, root))
    return list(found.values()), problems


def read_file(file: FileInput, delimiter: str | None) -> Records:
    """Opens the records of a file. Raises DataError when it cannot be read at all."""
    with reading_source(file.name):
        if file.kind == "delimited":
            records = _delimited(file, delimiter)
        else:
            records = bounded(_parquet(file) if file.kind == "parquet" else _jsonl(file))
    return replace(records, chunks=_guarded(file, records.chunks))


def _guarded(file: FileInput, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    with reading_source(file.name):
        yield from chunks


@contextmanager
def reading_source(name: str) -> Iterator[None]:
    """Makes one DataError of what the system says while a file is looked for or read."""
    try:
        yield
    except PermissionError:
        message = f"{name} may not be read: check its rights."
        raise DataError(message, reason="unreadable_file") from None
    except FileNotFoundError:
        message = f"{name} was there a moment ago and is gone. Put it back and run again."
        raise DataError(message, reason="missing_file") from None
    except OSError as problem:
        message = f"{name} cannot be read: {said_by(problem)}. Copy or export it again."
        raise DataError(message, reason="unreadable_file") from None


def bounded(records: Records) -> Records:
    """The same records; those with a field too long to be read are set aside while reading."""
    chunks = (within_limits(chunk, records.bad) for chunk in records.chunks)
    return replace(records, chunks=chunks)


def _input(path: Path, root: Path) -> FileInput:
    resolved = path.resolve()
    inside = resolved.is_relative_to(root.resolve())
    name = str(resolved.relative_to(root.resolve())) if inside else str(resolved)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = suffixes[-2] if len(suffixes) > 1 and suffixes[-1] == ".gz" else path.suffix.lower()
    kind = _KINDS.get(suffix, "delimited")
    if kind == "delimited" and _first_bytes(path) == b"PAR1":
        kind = "parquet"
    return FileInput(name, path, kind)


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError:
        return b""


def _not_found(pattern: str, root: Path) -> str:
    folder = (root / pattern).parent
    is_glob = glob.has_magic(pattern)
    what = f'No file matches "{pattern}"' if is_glob else f'There is no file "{pattern}"'
    if not is_glob and not folder.is_dir():
        return f"{what}: the folder {folder} does not exist."
    names = sorted(path.name for path in folder.glob("*") if path.is_file()) if not is_glob else []
    hint = nearest(Path(pattern).name, names)
    if hint or is_glob:
        return f"{what} in {root}.{hint}"
    listed = ", ".join(names[:8]) or "no files"
    return f"{what}. In {folder} there are: {listed}."


def _no_lines(records: Sequence[int]) -> dict[int, int]:
    return {record: record for record in records}


def _delimited(file: FileInput, delimiter: str | None) -> Records:
    form = inspect_delimited(file.path, delimiter)
    if form is None:
        return Records((), iter(()), [], ("The file is empty.",), _no_lines)
    bad: list[BadLine] = []
    seen = 0

    def chunks() -> Iterator[Chunk]:
        nonlocal seen
        for chunk in read_delimited(file.path, form, bad):
            seen = max(seen, int(chunk.numbers[-1]) if len(chunk.numbers) else 0)
            yield chunk
        seen = max([seen, *(line.line for line in bad)])

    def lines(records: Sequence[int]) -> dict[int, int]:
        # Without line ends inside values, the number of a record is its line.
        if form.text.lines <= seen:
            return _no_lines(records)
        return line_numbers(file.path, form, records)

    return Records(form.columns, chunks(), bad, form.notes, lines)


def _not_parquet(file: FileInput, problem: Exception) -> DataError:
    message = f"{file.name} is not a readable Parquet file: {problem}. Export it again."
    return DataError(message, reason="damaged_file")


def _parquet(file: FileInput) -> Records:
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    try:
        opened = parquet.ParquetFile(file.path)
    except (pa.ArrowException, OSError) as problem:
        raise _not_parquet(file, problem) from None
    schema = opened.schema_arrow
    readable = [name for name in schema.names if not pa.types.is_binary(schema.field(name).type)]
    notes = [
        f'Column "{name}" holds bytes and is left out.'
        for name in schema.names
        if name not in readable
    ]
    columns, renamed = unique_names(readable)

    def chunks() -> Iterator[Chunk]:
        begin = 1
        batches = opened.iter_batches(_BATCH_ROWS, columns=readable)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as problem:
                raise _not_parquet(file, problem) from None
            if batch is None:
                return
            numbers = np.arange(begin, begin + batch.num_rows, dtype=np.int64)
            begin += batch.num_rows
            yield Chunk(pa.table(batch).rename_columns(columns), numbers)

    return Records(columns, chunks(), [], (*notes, *renamed), _no_lines)


def _jsonl(file: FileInput) -> Records:
    encoding = text_facts(file.path).encoding
    bad: list[BadLine] = []
    columns = _json_columns(file, encoding)
    names, renamed = unique_names(columns)

    def chunks() -> Iterator[Chunk]:
        for numbers, records in _json_batches(file, encoding, bad):
            yield _text_chunk(columns, names, numbers, records)

    notes = tuple(renamed) if columns else ("The file is empty.",)
    return Records(names, chunks(), bad, notes, _no_lines)


def _json_columns(file: FileInput, encoding: str) -> list[str]:
    """The names that occur anywhere in the file, in order of first appearance."""
    columns: dict[str, None] = {}
    for _, records in _json_batches(file, encoding, []):
        for record in records:
            columns.update(dict.fromkeys(record))
    return list(columns)


def _json_batches(
    file: FileInput, encoding: str, bad: list[BadLine]
) -> Iterator[tuple[list[int], list[dict[str, str | None]]]]:
    import io

    numbers: list[int] = []
    records: list[dict[str, str | None]] = []
    with open_bytes(file.path) as raw, io.TextIOWrapper(raw, encoding) as text:
        for number, line in enumerate(text, start=1):
            content = line.strip().removeprefix("\ufeff")
            if not content:
                continue
            record = _json_record(content)
            if record is None:
                bad.append(BadLine(number, "bad_json", "no JSON object on this line", content))
                continue
            numbers.append(number)
            records.append(record)
            if len(records) == _BATCH_ROWS:
                yield numbers, records
                numbers, records = [], []
    if records:
        yield numbers, records


def _json_record(content: str) -> dict[str, str | None] | None:
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(parsed, dict):
        return None
    flat: dict[str, str | None] = {}
    _flatten("", parsed, flat)
    return flat


def _flatten(prefix: str, value: dict[str, Any], flat: dict[str, str | None]) -> None:
    """Objects inside objects become columns such as company.size."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            _flatten(f"{prefix}{key}.", inner, flat)
        else:
            flat[prefix + key] = as_text(inner)


def as_text(value: object) -> str | None:
    """A plain Python value as the text that a CSV export of it would hold."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=str).decode()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _text_chunk(
    columns: Sequence[str],
    names: Sequence[str],
    numbers: Sequence[int],
    records: Sequence[dict[str, str | None]],
) -> Chunk:
    import numpy as np
    import pyarrow as pa

    arrays = [
        pa.array([record.get(column) for record in records], pa.string()) for column in columns
    ]
    return Chunk(pa.table(arrays, names=list(names)), np.array(numbers, dtype=np.int64))
