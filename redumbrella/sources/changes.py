# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What is new: the typed rows of a source against what the lake already has.

Typed rows and a table of the lake come in; counts and the rows to append go out. Records with a key
get a newer version when their content differs from the version before; facts are new when no row
with their content is known. Promise: rows that are already in the lake are never added again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redumbrella.columns import INGESTED_AT, ORDER, ROW_HASH
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import quoted
from redumbrella.sources.staging import BAD, FILE
from redumbrella.sources.validation import TypedRows
from redumbrella.sources.versions import derives_creation, keep_known_creation

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_STATUS = "_status"
_ID = "_id"  # the row's position among the typed rows, which stand in the order of reading
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Changes:
    """The good rows of a table, each marked added, changed, unchanged, identical (to an earlier
    one that is new as well) or older (than what the lake knows of the record).

    `counts` has a Counter for each file.
    """

    typed: TypedRows
    name: str
    counts: tuple[Counter[str], ...]

    @property
    def total(self) -> Counter[str]:
        """Counts over all files."""
        return sum(self.counts, Counter())

    def rows(self, lake: Lake, ingested_at: int, *, afresh: bool) -> pa.RecordBatchReader:
        """The rows to append, in the order of reading, with the INTERNAL columns.

        While it is read, nothing else may be asked of the staging connection.
        """
        import numpy as np
        import pyarrow as pa

        connection = self.typed.staging.connection
        # Delta wants the zone spelled UTC whatever the zone of the workspace is.
        connection.execute("SET TimeZone = 'UTC'")
        begin = 0 if afresh else _next_order(self.typed, lake)
        is_new = self._is_new()
        listed = ", ".join(
            f"t.{quoted(here)} AS {quoted(name)}" for name, here in self.typed.columns.items()
        )
        # DuckDB reads a table in the order in which it was filled: no sort, and no join with what
        # was found out about each row, which took half the time of reading ten million events.
        scanned = connection.sql(
            f"SELECT {listed}, make_timestamptz({ingested_at}) AS {INGESTED_AT}, "
            f"t.rowid AS {ORDER}, t.{ROW_HASH} FROM {self.typed.name} t"
        ).to_arrow_reader(_ROWS_AT_ONCE)
        place = scanned.schema.get_field_index(ORDER)

        def batches(begin: int) -> Iterator[pa.RecordBatch]:
            for batch in scanned:
                new = is_new[batch.column(place).to_numpy()]
                kept = batch.filter(pa.array(new))
                order = pa.array(np.arange(begin, begin + kept.num_rows))
                begin += kept.num_rows
                yield kept.set_column(place, scanned.schema.field(place), order)

        return pa.RecordBatchReader.from_batches(scanned.schema, batches(begin))

    def _is_new(self) -> NDArray[np.bool_]:
        """Whether each typed row is to be appended, by its position."""
        import numpy as np

        is_new = np.zeros(self.typed.count(), np.bool_)
        found = self.typed.staging.connection.sql(
            f"SELECT {_ID} FROM {self.name} WHERE {_STATUS} IN ('added', 'changed')"
        ).to_arrow_reader(_ROWS_AT_ONCE)
        for batch in found:
            is_new[batch.column(0).to_numpy()] = True
        return is_new


def find_changes(typed: TypedRows, lake: Lake, files: int, *, afresh: bool) -> Changes:
    """Compares the good rows with the lake; `afresh`: as if the lake had nothing."""
    connection = typed.staging.connection
    table = typed.table
    name = f"changes_{table.name}"
    compare = _versions if table.key else _facts
    if afresh or not lake.exists(table.name):
        connection.execute(compare(typed, name, None))
    else:
        with lake.attached(connection, table.name) as view:
            if derives_creation(typed):
                keep_known_creation(typed, view)
            connection.execute(compare(typed, name, view))
    counts = [Counter[str]() for _ in range(files)]
    found = connection.execute(
        f"SELECT {FILE}, {_STATUS}, count(*) FROM {name} GROUP BY ALL"
    ).fetchall()
    for file, status, count in found:
        counts[file][status] = count
    return Changes(typed, name, tuple(counts))


def _next_order(typed: TypedRows, lake: Lake) -> int:
    if not lake.exists(typed.table.name):
        return 0
    with lake.attached(typed.staging.connection, typed.table.name) as view:
        newest = typed.staging.one(f"SELECT max({ORDER}) FROM {view}")[0]
    return 0 if newest is None else int(newest) + 1


def _versions(typed: TypedRows, name: str, view: str | None) -> str:
    """SQL: a record is compared with its version before, in this reading or in the lake."""
    keys = [quoted(key) for key in typed.table.key]
    known = _empty(typed.table.key)
    has_update = typed.table.column("updated_at") is not None
    older = "t.updated_at < k.known_update" if has_update else "FALSE"
    if view is not None:
        update = f"arg_max(updated_at, {ORDER})" if has_update else "NULL"
        known = (
            f"SELECT {', '.join(keys)}, arg_max({ROW_HASH}, {ORDER}) AS known_hash, "
            f"{update} AS known_update FROM {view} GROUP BY {', '.join(keys)}"
        )
    by_key = ", ".join(f"t.{key}" for key in keys)
    same = " AND ".join(f"t.{key} IS NOT DISTINCT FROM k.{key}" for key in keys)
    return (
        f"CREATE TABLE {name} AS WITH known AS ({known}) "
        f"SELECT {FILE}, {_ID}, CASE WHEN older THEN 'older' WHEN before IS NULL THEN 'added' "
        f"WHEN before <> {ROW_HASH} THEN 'changed' ELSE 'unchanged' END AS {_STATUS} FROM ("
        f"SELECT t.{FILE}, t.rowid AS {_ID}, t.{ROW_HASH}, {older} AS older, coalesce("
        f"lag(t.{ROW_HASH}) OVER (PARTITION BY {by_key} ORDER BY t.rowid), k.known_hash) AS before "
        f"FROM {typed.name} t LEFT JOIN known k ON "
        f"{same} WHERE t.{BAD} IS NULL)"
    )


def _facts(typed: TypedRows, name: str, view: str | None) -> str:
    """SQL: a fact is new once, when no fact with the same content is known."""
    known = f"SELECT DISTINCT {ROW_HASH} FROM {view}" if view else f"SELECT 0 AS {ROW_HASH} LIMIT 0"
    return (
        f"CREATE TABLE {name} AS WITH known AS ({known}) "
        f"SELECT t.{FILE}, t.rowid AS {_ID}, "
        f"CASE WHEN k.{ROW_HASH} IS NOT NULL THEN 'unchanged' WHEN row_number() OVER ("
        f"PARTITION BY t.{ROW_HASH} ORDER BY t.rowid) = 1 "
        f"THEN 'added' ELSE 'identical' END AS {_STATUS} FROM {typed.name} t "
        f"LEFT JOIN known k ON t.{ROW_HASH} = k.{ROW_HASH} WHERE t.{BAD} IS NULL"
    )


def _empty(key: Sequence[str]) -> str:
    names = ", ".join(f"NULL AS {quoted(name)}" for name in key)
    return f"SELECT {names}, NULL::BIGINT AS known_hash, NULL::TIMESTAMPTZ AS known_update LIMIT 0"
