"""How DuckDB is opened over the lake, and by how many rows at a time its results are passed on."""

from typing import Any

# Rows per batch between DuckDB, Arrow and Delta: large enough to be fast, small in memory.
BATCH_ROWS = 50_000
# DuckDB may load what came with it, but fetch nothing.
OFFLINE: dict[str, Any] = {"autoinstall_known_extensions": False}
