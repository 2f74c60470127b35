"""What each table of the lake consists of, written down beside it: lost or altered files show.

Delta's log says which files there are, but nobody says whether the log is whole, and a bit that
flips in a page of Parquet gives other numbers without a word. A seal is a small JSON file in
`.seals`, one a table, with the length and the CRC-32 of every file of the newest version and of the
log. It is written again after every change; while a change goes on it says so, and files that it
does not know yet are let pass.

Promise: a table with a seal opens only as it was written. What is not covered: tables of a lake
that was written before there were seals have only their lengths compared, until the next `run`
seals them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from redumbrella.lake.failures import damaged, reading

FOLDER = ".seals"
LOG = "_delta_log"
_LAST = "_last_checkpoint"  # the only file of a table that is ever written again
_PIECE = 1 << 20

# Checksums of files as they are on disk, so that a server reads each file once:
# path -> ((length, time of change, number of the file), checksum).
_known: dict[Path, tuple[tuple[int, int, int], int]] = {}


@dataclass(frozen=True)
class Sum:
    """Length and CRC-32 of a file."""

    length: int
    crc: int


@dataclass(frozen=True)
class Seal:
    """One table. content: changes when its rows do, not when files are joined. log, data: files of
    the log and of the newest version by name. gone: files that are not needed any more, and when
    that was first seen (UTC microseconds). open: a change began and has not ended yet.
    """

    table: str
    content: str
    log: Mapping[str, Sum] = field(default_factory=dict)
    data: Mapping[str, Sum] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)
    open: bool = False


class Seals:
    """The seals of the tables below the folder of a lake."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> set[str]:
        """Tables that have a seal."""
        folder = self.root / FOLDER
        return {path.stem for path in folder.glob("*.json")} if folder.is_dir() else set()

    def read(self, table: str) -> Seal | None:
        """The seal of a table, None where it has none; EngineError for a damaged one."""
        with reading(self.root, table):
            try:
                content = self._path(table).read_bytes()
            except FileNotFoundError:
                return None
        try:
            stored = orjson.loads(content.split(b"\n")[0])
            whole = content == _line(stored)
        except (ValueError, TypeError):
            stored, whole = {}, False
        if not whole or stored["table"] != table:
            raise damaged(table, f"{FOLDER}/{table}.json", "is not as it was written")
        sums = {
            part: {name: Sum(*pair) for name, pair in stored[part].items()}
            for part in ("log", "data")
        }
        return Seal(**{**stored, **sums})

    def write(self, seal: Seal) -> None:
        """Puts a seal in the place of the one before."""
        path = self._path(seal.table)
        if path.parent.is_file():
            path.parent.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        document = asdict(seal)
        for part in ("log", "data"):
            sums = sorted(document[part].items())
            document[part] = {name: [s["length"], s["crc"]] for name, s in sums}
        temporary = path.with_suffix(".part")
        try:
            temporary.write_bytes(_line(document))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def forget(self, table: str) -> None:
        """Removes the seal of a table that is not there any more."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self._path(table).unlink()

    def check_log(self, seal: Seal) -> None:
        """Raises EngineError where the log is not what the seal says."""
        folder = self.root / seal.table / LOG
        found = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        if seal.open:
            # Delta itself removes old parts of its log while it writes.
            expected = {name: s for name, s in seal.log.items() if name in found and name != _LAST}
        else:
            expected = dict(seal.log)
            for name in sorted(found - set(expected) - set(seal.gone)):
                raise damaged(seal.table, f"{LOG}/{name}", "does not belong to it")
        for name, known in expected.items():
            self._check(seal.table, f"{LOG}/{name}", known)

    def check_data(self, seal: Seal, names: set[str]) -> None:
        """Raises EngineError where a file of the newest version is not what the seal says."""
        for name in sorted(names ^ set(seal.data)) if not seal.open else ():
            what = "is not in its log" if name in seal.data else "does not belong to it"
            raise damaged(seal.table, name, what)
        for name in sorted(names & set(seal.data)):
            self._check(seal.table, name, seal.data[name])

    def made(self, before: Seal, content: str, names: set[str]) -> Seal:
        """The seal after a change: files that were known keep what was written down of them."""
        folder = self.root / before.table
        log = {
            path.name: (None if path.name == _LAST else before.log.get(path.name)) or _sum(path)
            for path in (folder / LOG).iterdir()
            if not path.name.startswith(".") and path.name not in before.gone
        }
        data = {name: before.data.get(name) or _sum(folder / name) for name in names}
        return replace(before, content=content, log=log, data=data, open=False)

    def _check(self, table: str, name: str, known: Sum) -> None:
        path = self.root / table / name
        try:
            length = path.stat().st_size
            if length < known.length:
                raise damaged(table, name, "is cut off")
            if _sum(path) != known:
                raise damaged(table, name, "is not as it was written")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise damaged(table, name, "is not there") from None

    def _path(self, table: str) -> Path:
        return self.root / FOLDER / f"{table}.json"


def _line(document: Mapping[str, Any]) -> bytes:
    """A seal as bytes: one line of JSON, and its own checksum below."""
    line = orjson.dumps(document)
    return line + b"\n%d\n" % zlib.crc32(line)


def _sum(path: Path) -> Sum:
    found = path.stat()
    stamp = (found.st_size, found.st_mtime_ns, found.st_ino)
    known = _known.get(path)
    if known is None or known[0] != stamp:
        crc = 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                crc = zlib.crc32(piece, crc)
        known = _known[path] = (stamp, crc)
    return Sum(found.st_size, known[1])
