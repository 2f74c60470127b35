"""The bytes of a file, unpacked if it is packed: gzip, bzip2, xz, Zstandard, one file in a ZIP.

A path comes in; a stream of the bytes inside goes out. What a file is, is told by its first bytes,
not by its name. Nothing is unpacked onto the disk, and memory does not grow with the size.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from redumbrella.errors import DataError

ZIP, OLE, PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"
SQLITE = b"SQLite format 3\x00"
_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
# A table packs to a hundredth at best; what unpacks to more is made to fill a disk or memory.
_MOST_TIMES, _FREE_BYTES = 400, 1 << 30
_MOST_IN_MEMORY = 1 << 30
_LISTED = 8


def open_bytes(path: Path) -> IO[bytes]:
    """Opens what is inside a file for reading. Raises DataError for a ZIP without one table."""
    with path.open("rb") as file:
        first = file.read(8)
    if first.startswith(_GZIP):
        return gzip.open(path)  # type: ignore[return-value]
    if first.startswith(_BZIP2):
        return bz2.open(path)
    if first.startswith(_XZ):
        return lzma.open(path)
    if first.startswith(_ZSTD):
        return _zstandard(path)
    if first.startswith(ZIP) and not is_workbook(path):
        return _only_file(path)
    return path.open("rb")


def is_packed(path: Path) -> bool:
    """Whether the bytes inside a file are others than those on the disk."""
    with path.open("rb") as file:
        first = file.read(8)
    packed = first.startswith((_GZIP, _BZIP2, _XZ, _ZSTD))
    return packed or (first.startswith(ZIP) and not is_workbook(path))


def is_workbook(path: Path) -> bool:
    """Whether a file on the disk is a workbook of Excel or of an office suite."""
    with path.open("rb") as file:
        first = file.read(8)
    if first == OLE:
        return True
    return first.startswith(ZIP) and _holds_workbook(path)


def _holds_workbook(source: Path | IO[bytes]) -> bool:
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
            if names & {"xl/workbook.xml", "xl/workbook.bin"}:
                return True
            kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
            return b"opendocument.spreadsheet" in kind
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, zlib.error, EOFError):
        return False


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """Makes one DataError of what is said when a packed file is damaged."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
        message = f"{path.name} is a damaged {_packing(path)} file. Copy or export it again."
        raise DataError(message, reason="damaged_file") from None
    except OSError as problem:
        # What the system says has a number; what an unpacker says has none.
        if problem.errno is not None:
            raise
        message = f"{path.name} is a damaged {_packing(path)} file. Copy or export it again."
        raise DataError(message, reason="damaged_file") from None


def _packing(path: Path) -> str:
    with path.open("rb") as file:
        first = file.read(8)
    names = {_GZIP: "gzip", _BZIP2: "bzip2", _XZ: "xz", _ZSTD: "Zstandard", ZIP: "ZIP"}
    return next((name for magic, name in names.items() if first.startswith(magic)), "packed")


def seekable_bytes(path: Path) -> IO[bytes]:
    """What is inside a file, for readers that jump about in it: unpacked into memory if packed.

    Raises DataError when that needs too much memory.
    """
    if not is_packed(path):
        return path.open("rb")
    with unpacking(path), open_bytes(path) as file:
        content = file.read(_MOST_IN_MEMORY + 1)
    if len(content) > _MOST_IN_MEMORY:
        message = (
            f"{path.name} holds more than {_MOST_IN_MEMORY >> 20:,} MB of a kind that has to be "
            "read from the disk. Unpack it, and name the file that comes out."
        )
        raise DataError(message, reason="too_large")
    return io.BytesIO(content)


def first_bytes(path: Path, count: int) -> bytes:
    """The beginning of what is inside a file; nothing where it cannot be read."""
    try:
        with unpacking(path), open_bytes(path) as file:
            return file.read(count)
    except (OSError, DataError):
        return b""


def _zstandard(path: Path) -> IO[bytes]:
    import pyarrow as pa

    return pa.input_stream(str(path), compression="zstd")  # type: ignore[no-any-return]


def _only_file(path: Path) -> IO[bytes]:
    """The one table in a ZIP; folders and what macOS adds do not count."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        message = f"{path.name} is a damaged ZIP file. Copy or export it again."
        raise DataError(message, reason="damaged_file") from None
    with archive:
        inside = [one for one in archive.infolist() if not one.is_dir() and not _is_added(one)]
        _refuse_documents(path, inside)
        if len(inside) != 1:
            raise _not_one(path, [one.filename for one in inside])
        if inside[0].file_size > max(_FREE_BYTES, _MOST_TIMES * inside[0].compress_size):
            message = (
                f"{path.name} would unpack to {inside[0].file_size:,} bytes, more than "
                f"{_MOST_TIMES} times its size, as no table does. Unpack it yourself if it is one."
            )
            raise DataError(message, reason="too_large")
        try:
            return archive.open(inside[0])
        except (RuntimeError, NotImplementedError):
            message = (
                f"{path.name} is a ZIP with a password, or packed in a way that cannot be read. "
                "Unpack it, and name the file that comes out."
            )
            raise DataError(message, reason="damaged_file") from None


def _is_added(one: zipfile.ZipInfo) -> bool:
    parts = one.filename.split("/")
    return "__MACOSX" in parts or parts[-1].startswith(".") or parts[-1] == "Thumbs.db"


def _refuse_documents(path: Path, inside: list[zipfile.ZipInfo]) -> None:
    names = {one.filename for one in inside}
    what = ""
    if any(name.endswith(".iwa") for name in names) or "Index.zip" in names:
        what = "an Apple Numbers (or Pages) document. Export it: File > Export To > CSV or Excel"
    elif "[Content_Types].xml" in names:
        what = "an Office document without a table in it. Save the table as .xlsx or CSV (UTF-8)"
    elif "mimetype" in names and "content.xml" in names:
        what = "an OpenDocument file, but no spreadsheet. Save the table as .ods or CSV (UTF-8)"
    if what:
        raise DataError(f"{path.name} is {what}.", reason="binary_file")


def _not_one(path: Path, names: list[str]) -> DataError:
    if not names:
        return DataError(f"{path.name} is a ZIP with no file in it.", reason="empty_file")
    listed = ", ".join(sorted(names)[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    message = (
        f"{path.name} is a ZIP with {len(names):,} files ({listed}), and it is not said which is "
        "meant. Unpack it, and name the files themselves."
    )
    return DataError(message, reason="many_files")
