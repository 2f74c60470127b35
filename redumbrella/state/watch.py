"""Whether anybody has written to a file of SQLite's: a connection that stays open and asks for it.

`PRAGMA data_version` gives another number after each change that another connection has committed,
in this process or in another one, at the price of a look into shared memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable
from pathlib import Path
from threading import Lock
from urllib.parse import quote


class Watch:
    """Watches one file; it holds no lock and reads no row."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def mark(self) -> Hashable | None:
        """Another value after each change; None where that cannot be told, as without WAL."""
        with self._lock:
            try:
                found = self._path.stat()
                file = found.st_dev, found.st_ino
                if self._connection is None or file != self._file:  # put back from a backup
                    self._open()
                    self._file = file
                assert self._connection is not None
                (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            except (OSError, sqlite3.Error):
                self._shut()
                return None
            return (*file, found.st_mtime_ns, found.st_size, id(self._connection), version)

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._shut()

    def _open(self) -> None:
        self._shut()
        address = f"file:{quote(str(self._path))}?mode=ro"
        opened = sqlite3.connect(
            address, uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._connection = opened
        (mode,) = opened.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            raise sqlite3.OperationalError("only with WAL does nobody wait for a reader")

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
