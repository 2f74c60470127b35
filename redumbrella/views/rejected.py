"""The list of rows that were set aside, with file, line and reason."""

from redumbrella.state.sources import rejected_rows
from redumbrella.views.kinds import COUNT, TEXT
from redumbrella.views.table import Column, View

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
    nothing=lambda _workspace, _target: "No row was set aside.",
    is_well_empty=True,
)
