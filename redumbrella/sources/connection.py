"""The DuckDB connection in which sources are looked at before anything is written.

A time zone comes in; a connection with bounded memory goes out. What does not fit goes to a folder
that is removed at the end.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redumbrella.errors import EngineError
from redumbrella.lake.duckdb_options import OFFLINE
from redumbrella.lake.quoting import literal

MEMORY_LIMIT = 256  # megabytes, to begin with


@contextmanager
def staging_connection(timezone: str, folder: Path | None = None) -> Iterator[Any]:
    """A DuckDB connection for staging; times without an offset belong to `timezone`.

    Raises EngineError when memory and disk do not suffice.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="umbrella-", dir=folder) as spill:
        connection = duckdb.connect(
            config={
                **OFFLINE,
                "memory_limit": f"{MEMORY_LIMIT}MB",
                "temp_directory": spill,
                "threads": 2,
            }
        )
        try:
            connection.execute(f"SET TimeZone = {literal(timezone)}")
            yield connection
        except (duckdb.OutOfMemoryException, duckdb.IOException) as problem:
            what = str(problem).splitlines()[0]
            message = (
                f"Not enough memory or disk to read this ({what}). Close other programs, or free "
                f"room in {Path(spill).parent}, and run the command again."
            )
            raise EngineError(message, reason="out_of_memory") from None
        finally:
            connection.close()
