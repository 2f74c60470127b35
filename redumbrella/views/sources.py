"""The lists of sources as they were last read, and of the rows that were set aside."""

from redumbrella.state.sources import rejected_rows, sources
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
    summary="Every file or query as it was last read",
    nothing=lambda _workspace, _target: "Nothing was read yet. Run `umbrella ingest` first.",
    menu="data",
)

REJECTED = View(
    name="rejected",
    title="Rows set aside",
    noun=("row", "rows set aside"),
    table=rejected_rows,
    key=("id",),
    columns=(
        Column("table_name", "Table", TEXT, sort="table", filter="table"),
        Column("file", "File", TEXT, sort="file", filter="file"),
        Column("line", "Line", COUNT, sort="line"),
        Column("reason", "Reason", TEXT, sort="reason", filter="reason"),
        Column("message", "What is wrong", TEXT),
        Column(
            "raw", "The row", TEXT, secondary=True, cell="raw", help="At most 2,000 characters."
        ),
    ),
    order="table",
    shown=("table_name", "file", "line", "reason", "message", "raw"),
    terminal=("table_name", "file", "line", "reason", "message"),
    summary="Rows that were set aside, with file, line and reason",
    nothing=lambda _workspace, _target: "No row was set aside.",
    is_well_empty=True,
    menu="data",
)
