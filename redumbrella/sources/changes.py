# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What is new: the typed rows of a source against what the lake already has.

Typed rows and a table of the lake come in; counts and the rows to append go out. Records with a key
get a newer version when their content differs from the version before; so do facts with an id of
their own, all rows of which are one fact, and of several files the last that has it counts. Facts
without an id are new when no row with their content is known. Promise: rows that are already in the
lake are never added again, and no fact counts twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redumbrella.columns import INGESTED_AT, LOGGED, ORDER, REPLACES, ROW_HASH
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.lake.versions import current_facts
from redumbrella.sources.fact_versions import POSITION, STATUS, KnownFacts, compare_facts
from redumbrella.sources.staging import BAD, FILE
from redumbrella.sources.validation import TypedRows
from redumbrella.sources.versions import derives_creation, keep_known_creation

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Changes:
    """The good rows of a table, each marked added, changed, unchanged, identical (to an earlier
    one that is new as well) or older (than what a later row or the lake tells of it).

    `counts` has a Counter for each file; `replaces`: facts of the lake get a newer version.
    """

    typed: TypedRows
    name: str
    counts: tuple[Counter[str], ...]
    replaces: bool = False

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
        is_new, is_changed = self._having("added", "changed"), self._having("changed")
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
                marked = kept.set_column(place, scanned.schema.field(place), order)
                if self.replaces:
                    newer = is_changed[kept.column(place).to_numpy()]
                    marked = marked.append_column(REPLACES, pa.array(newer))
                yield marked

        schema = scanned.schema
        if self.replaces:
            schema = schema.append(pa.field(REPLACES, pa.bool_()))
        return pa.RecordBatchReader.from_batches(schema, batches(begin))

    def _having(self, *statuses: str) -> NDArray[np.bool_]:
        """Whether each typed row has one of these marks, by its position."""
        import numpy as np

        has = np.zeros(self.typed.count(), np.bool_)
        listed = ", ".join(literal(status) for status in statuses)
        found = self.typed.staging.connection.sql(
            f"SELECT {POSITION} FROM {self.name} WHERE {STATUS} IN ({listed})"
        ).to_arrow_reader(_ROWS_AT_ONCE)
        for batch in found:
            has[batch.column(0).to_numpy()] = True
        return has


def find_changes(
    typed: TypedRows, lake: Lake, files: int, *, afresh: bool, again: Collection[int] = ()
) -> Changes:
    """Compares the good rows with the lake; `afresh`: as if the lake had nothing.

    again: positions of the files that were read before under their name.
    """
    connection = typed.staging.connection
    table = typed.table
    name = f"changes_{table.name}"
    if afresh or not lake.exists(table.name):
        compare = _versions if table.key else compare_facts
        connection.execute(compare(typed, name, None))
    else:
        with lake.attached(connection, table.name) as view:
            if table.key:
                if derives_creation(typed):
                    keep_known_creation(typed, view)
                connection.execute(_versions(typed, name, view))
            else:
                names = lake.schema(table.name).names
                current = current_facts(table, names, view=view)
                if LOGGED in names:  # what was logged here says nothing of how new a file is
                    current = f"(SELECT * FROM {current} c WHERE c.{LOGGED} IS NULL)"
                known = KnownFacts(current, view, REPLACES in names, again)
                connection.execute(compare_facts(typed, name, known))
    counts = [Counter[str]() for _ in range(files)]
    found = connection.execute(
        f"SELECT {FILE}, {STATUS}, count(*) FROM {name} GROUP BY ALL"
    ).fetchall()
    for file, status, count in found:
        counts[file][status] = count
    replaces = not table.key and any(count["changed"] for count in counts)
    return Changes(typed, name, tuple(counts), replaces)


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
        f"SELECT {FILE}, {POSITION}, CASE WHEN older THEN 'older' WHEN before IS NULL THEN 'added' "
        f"WHEN before <> {ROW_HASH} THEN 'changed' ELSE 'unchanged' END AS {STATUS} FROM ("
        f"SELECT t.{FILE}, t.rowid AS {POSITION}, t.{ROW_HASH}, {older} AS older, coalesce("
        f"lag(t.{ROW_HASH}) OVER (PARTITION BY {by_key} ORDER BY t.rowid), k.known_hash) AS before "
        f"FROM {typed.name} t LEFT JOIN known k ON "
        f"{same} WHERE t.{BAD} IS NULL)"
    )


def _empty(key: Sequence[str]) -> str:
    names = ", ".join(f"NULL AS {quoted(name)}" for name in key)
    return f"SELECT {names}, NULL::BIGINT AS known_hash, NULL::TIMESTAMPTZ AS known_update LIMIT 0"
