"""The audit as a list: who changed what, when and from where."""

from redumbrella.state.audit import audit
from redumbrella.views.kinds import COUNT, INSTANT, TEXT
from redumbrella.views.table import Column, NamedOrder, View

AUDIT = View(
    name="audit",
    title="Audit",
    noun=("change", "changes"),
    table=audit,
    key=("id",),
    columns=(
        Column(
            "at",
            "When",
            INSTANT,
            sort="at",
            sorted_by="id",
            falling=True,
            help="When it was changed. Lines are ordered as they came: a clock may be set back.",
        ),
        Column(
            "who",
            "Who",
            TEXT,
            sort="who",
            filter="who",
            help="E-mail of a user, name of a key, or the account that ran a command.",
        ),
        Column("action", "What", TEXT, sort="action", filter="action", help="What was done."),
        Column("object", "On what", TEXT, help="The user, key or run that it was done to."),
        Column("detail", "Detail", TEXT, optional=True, help="What it was changed to."),
        Column("address", "From", TEXT, help="The address it came from, or the command line."),
        Column("id", "No.", COUNT, help="Of the line; lines are never changed or removed."),
    ),
    order="-at",
    shown=("at", "who", "action", "object", "detail", "address"),
    terminal=("at", "who", "action", "object", "detail", "address"),
    nothing=lambda _workspace, _target: (
        "Nothing was changed yet: every form and every command that changes something adds a line, "
        "such as `umbrella run`."
    ),
    orders=(NamedOrder("-at", "newest first"), NamedOrder("at", "oldest first")),
    address="/settings/audit",
)
