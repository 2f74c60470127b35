"""One DuckDB for all questions to lakes: to open one takes a hundred times longer than a cursor.

A question sees nothing of another: its views are temporary, and it closes its cursor. Tests of the
lake open one for each question, as the product does, and so does every program that a test starts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest

from redumbrella.lake.duckdb_options import OFFLINE


@contextmanager
def ready_duckdb() -> Iterator[Callable[..., Any]]:
    """While it is open, questions to a lake go to one DuckDB; yields what opens another."""
    opened, shared = duckdb.connect, duckdb.connect(config=OFFLINE)

    def connect(*database: Any, config: dict[str, Any] | None = None, **more: Any) -> Any:
        is_of_lake = config is not None and config.keys() == {*OFFLINE, "temp_directory"}
        if is_of_lake and not database and not more:
            return shared.cursor()
        return opened(*database, config=config or {}, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", connect)
        yield opened
    shared.close()
