"""In this room every question to a lake opens a DuckDB of its own."""

from collections.abc import Callable
from typing import Any

import duckdb
import pytest


@pytest.fixture(autouse=True)
def _own_duckdb(open_duckdb: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb, "connect", open_duckdb)
