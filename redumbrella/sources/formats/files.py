# ruff: noqa: S608  names in SQL go through lake.quoting
"""Files on disk: which files a `path` of the settings means, and their records in batches.

A path, glob or list comes in; `FileInput`s go out, each with a fingerprint of its content, and the
records of one as `Chunk`s of Arrow columns under their source names.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from redumbrella.errors import DataError, nearest, said_by
from redumbrella.lake.quoting import quoted
from redumbrella.sources.formats.delimited import line_numbers, read_delimited
from redumbrella.sources.formats.file_order import sorted_as_meant
from redumbrella.sources.formats.json_records import looks_like_json, read_json
from redumbrella.sources.formats.packed import (
    OLE,
    PARQUET,
    SQLITE,
    ZIP,
    first_bytes,
    is_packed,
    is_workbook,
)
from redumbrella.sources.formats.parquet_records import read_parquet
from redumbrella.sources.formats.records import BadLine, Chunk, Records, bounded, same_lines
from redumbrella.sources.formats.spreadsheets import read_workbook
from redumbrella.sources.formats.sql import database_tables
from redumbrella.sources.formats.text_format import inspect_delimited

FileType = Literal["delimited", "parquet", "json", "workbook", "database"]

_JSON_ENDINGS = {".json", ".jsonl", ".ndjson"}
_PARQUET_ENDINGS = {".parquet", ".pq"}
_PACKED_ENDINGS = {".gz", ".bz2", ".xz", ".zst", ".zip"}
_FIRST = 1 << 12
_LISTED = 12


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
            matches = sorted_as_meant(Path(match) for match in glob.glob(str(path), recursive=True))
            files = [match for match in matches if match.is_file()]
            if not files:
                problems.append(_not_found(pattern, root))
            for match in files:
                found.setdefault(match.resolve(), _input(match, root))
    return list(found.values()), problems


def read_file(file: FileInput, delimiter: str | None, sheet: str | None = None) -> Records:
    """Opens the records of a file; `sheet` is that of a workbook, the largest table if not named.

    Raises DataError when it cannot be read at all.
    """
    with reading_source(file.name):
        if file.kind == "database":
            raise _no_file_to_read(file)
        if file.kind == "delimited":
            records = _delimited(file.path, delimiter)
        elif file.kind == "workbook":
            records = bounded(read_workbook(file.path, sheet))
        else:
            read = read_parquet if file.kind == "parquet" else read_json
            records = bounded(read(file.path))
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


def _input(path: Path, root: Path) -> FileInput:
    resolved = path.resolve()
    inside = resolved.is_relative_to(root.resolve())
    name = str(resolved.relative_to(root.resolve())) if inside else str(resolved)
    return FileInput(name, path, _kind(path))


def _kind(path: Path) -> FileType:
    """What a file is, by its first bytes; by its name where these say nothing."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = len(suffixes) > 1 and suffixes[-1] in _PACKED_ENDINGS
    suffix = suffixes[-2] if packed else path.suffix.lower()
    try:
        if is_workbook(path) or (is_packed(path) and first_bytes(path, 8).startswith((OLE, ZIP))):
            return "workbook"
    except OSError:
        return "delimited"
    first = first_bytes(path, _FIRST)
    if first.startswith(SQLITE):
        return "database"
    if first.startswith(PARQUET) or suffix in _PARQUET_ENDINGS:
        return "parquet"
    return "json" if suffix in _JSON_ENDINGS or looks_like_json(first) else "delimited"


def _no_file_to_read(file: FileInput) -> DataError:
    """What is said of a database that is named as a file."""
    tables = database_tables(file.path)
    if not tables:
        message = f"{file.name} is a SQLite database without any table."
        return DataError(message, reason="empty_file")
    listed = ", ".join(tables[:_LISTED]) + (", …" if len(tables) > _LISTED else "")
    query = json.dumps(f"select * from {quoted(tables[0])}", ensure_ascii=False)
    url = json.dumps(f"sqlite:///{file.name}", ensure_ascii=False)
    message = (
        f"{file.name} is a SQLite database with the tables: {listed}. In umbrella.toml, instead of "
        f"path:\n  url = {url}\n  query = {query}"
    )
    return DataError(message, reason="database_file")


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


def _delimited(path: Path, delimiter: str | None) -> Records:
    form = inspect_delimited(path, delimiter)
    if form is None:
        return Records((), iter(()), [], ("The file is empty.",), same_lines)
    bad: list[BadLine] = []
    notes = list(form.notes)
    seen = 0

    def chunks() -> Iterator[Chunk]:
        nonlocal seen
        for chunk in read_delimited(path, form, bad, notes):
            seen = max(seen, int(chunk.numbers[-1]) if len(chunk.numbers) else 0)
            yield chunk
        seen = max([seen, *(line.line for line in bad)])

    def lines(records: Sequence[int]) -> dict[int, int]:
        # Without line ends inside values, the number of a record is its line.
        if form.lines <= seen:
            return same_lines(records)
        return line_numbers(path, form, records)

    return Records(form.columns, chunks(), bad, notes, lines, form.delimiter)
