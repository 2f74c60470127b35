"""The list of sources: every file or query as it was last read."""

from redumbrella.state.sources import sources
from redumbrella.views.kinds import COUNT, INSTANT, TEXT
from redumbrella.views.table import Column, View

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
    menu="data",
)
