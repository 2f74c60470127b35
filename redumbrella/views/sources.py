"""The list of sources: every file or query as it was last read, and what all of it takes."""

from sqlalchemy import Connection
from typing_extensions import TypedDict

from redumbrella.state.sources import sources
from redumbrella.views.disk import DiskUse, disk_use
from redumbrella.views.kinds import COUNT, INSTANT, TEXT
from redumbrella.views.table import Column, Query, View
from redumbrella.workspace import Workspace


class AroundSources(TypedDict):
    """What the list says besides its rows: bytes on the disk, and the same in words."""

    disk: DiskUse
    said: tuple[str, ...]


def _around(workspace: Workspace, _connection: Connection, _query: Query) -> AroundSources:
    used = disk_use(workspace)
    return {"disk": used, "said": (used.words,)}


SOURCES = View(
    name="sources",
    title="Sources",
    noun=("source", "sources"),
    table=sources,
    key=("table_name", "path"),
    columns=(
        Column("table_name", "Table", TEXT, sort="table", filter="table"),
        Column("path", "File or query", TEXT, sort="path"),
        Column("rows", "Rows", COUNT, sort="rows", falling=True),
        Column("added", "New when read", COUNT, sort="added", falling=True, secondary=True),
        Column("rejected", "Set aside", COUNT, sort="rejected", falling=True, cell="set_aside"),
        Column("size", "Bytes", COUNT, secondary=True),
        Column("ingested_at", "Read", INSTANT, sort="read", falling=True),
    ),
    order="table",
    shown=("table_name", "path", "rows", "added", "rejected", "ingested_at"),
    terminal=("table_name", "path", "rows", "added", "rejected", "ingested_at"),
    nothing=lambda _workspace, _target: "Nothing was read yet. Run `umbrella ingest` first.",
    around=_around,
    around_type=AroundSources,
)
