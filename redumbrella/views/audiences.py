"""Audiences as a list: whom automations put together, for advertising elsewhere."""

from redumbrella.state.outreach import audiences
from redumbrella.views.kinds import INSTANT, TEXT
from redumbrella.views.table import Column, NamedOrder, View

AUDIENCES = View(
    name="audiences",
    title="Audiences",
    noun=("member", "members"),
    table=audiences,
    key=("id",),
    columns=(
        Column("audience", "Audience", TEXT, sort="audience", filter="audience",
               help="Name of the audience, as the rule has it."),
        Column("person_id", "Person", TEXT, help="Id of the person."),
        Column("label", "Who", TEXT, cell="acted_on", help="Name of the lead, else its id."),
        Column("lead_id", "Lead", TEXT, help="Id of the lead; empty for a person without one."),
        Column("rule", "Rule", TEXT, sort="rule", filter="rule", cell="rule",
               help="Name of the automation that added it."),
        Column("added_at", "Added", INSTANT, sort="added_at", sorted_by="id", falling=True,
               help="When it was added."),
        Column("rep_id", "Rep", TEXT, filter="rep", optional=True, secondary=True,
               help="Who owned the lead then."),
    ),
    order="-added_at",
    shown=("audience", "label", "person_id", "rule", "added_at", "rep_id"),
    terminal=("audience", "label", "person_id", "lead_id", "rule", "added_at"),
    nothing=lambda _workspace, _target: (
        "No audience has a member yet. Automations whose action is an audience add them: "
        "`umbrella automations` shows which there are."
    ),
    orders=(NamedOrder("-added_at", "newest first"), NamedOrder("audience", "by audience")),
    search="search",
    search_words="a person's name or id",
    owner="rep_id",
    best="added_at",
    template="audiences.html",
)  # fmt: skip
