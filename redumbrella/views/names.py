# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""How products, campaigns and reps are called: ids come in, names go out.

A name is what [labels.values] gives, else what the table of the lake says, else the id itself.
Asked of DuckDB directly: a look-up must not wait for Arrow to load.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from redumbrella.columns import ORDER
from redumbrella.lake.quoting import literal, quoted
from redumbrella.workspace import Workspace

# Columns that hold ids, and the table that has the names of these.
NAMED = {"product_id": "products", "campaign_id": "campaigns", "rep_id": "reps"}


@dataclass(frozen=True)
class Names:
    """The names that were found, by column and id."""

    found: Mapping[tuple[str, str], str]

    def of(self, column: str, identity: str) -> str:
        """What something is called; its id where nobody knows."""
        return self.found.get((column, identity), identity)

    def known(self, column: str, identity: object) -> str | None:
        """The name of something, None where it has none."""
        return self.found.get((column, identity)) if isinstance(identity, str) else None


def names_known(workspace: Workspace, wanted: Mapping[str, Collection[str | None]]) -> Names:
    """The names of ids, by their column; empty ids are passed over."""
    import duckdb

    found: dict[tuple[str, str], str] = {}
    labels = workspace.settings.labels
    with duckdb.connect() as connection:
        for column, ids in wanted.items():
            left = []
            for identity in {one for one in ids if one}:
                given = labels.value(column, identity)
                if given is None:
                    left.append(identity)
                else:
                    found[column, identity] = given
            table = NAMED[column]
            if not left or not workspace.lake.exists(table):
                continue
            if "name" not in workspace.lake.schema(table).names:
                continue
            listed = ", ".join(map(literal, sorted(left)))
            with workspace.lake.attached(connection, table) as view:
                rows = connection.execute(
                    f"SELECT {column}, arg_max(name, {ORDER}) FROM {quoted(view)} "
                    f"WHERE {column} IN ({listed}) GROUP BY 1"
                ).fetchall()
            found |= {(column, identity): name for identity, name in rows if name}
    return Names(found)
