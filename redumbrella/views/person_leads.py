"""The leads of one person that are scored, as far as whoever asks may see them.

In: a person, and whose leads may be seen. Out: `PersonLead`s, for links from what is about a person
to the pages of leads; and a check for who may see only people of their own leads.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from redumbrella.columns import ORDER
from redumbrella.errors import NotFoundError
from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.targets import Target
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores
from redumbrella.state.work import is_dealt_to
from redumbrella.views.listing import owners_in
from redumbrella.workspace import Workspace

MOST = 50  # leads of one person that are looked at


@dataclass(frozen=True)
class PersonLead:
    """A scored lead, or the person's own score where the target is about people."""

    lead_id: str
    label: str
    target: str
    about_leads: bool


def leads_of_person(
    workspace: Workspace, person_id: str, owners: tuple[str, ...] | None
) -> list[PersonLead]:
    """The scored leads of a person, in order of targets.

    owners: whose leads may be seen, as in `views.table.Query`.
    """
    # A lead without a person is its own, and where people are scored the person is the lead.
    ids = sorted({*_lead_ids(workspace, person_id), person_id})
    found = []
    with workspace.state.reading() as connection:
        for target in workspace.settings.targets:
            seen = owners_in(workspace.settings, target.name, owners)
            found += _scored(connection, target, ids, person_id, seen)
    return found


def check_person_seen(workspace: Workspace, person_id: str, owners: tuple[str, ...] | None) -> None:
    """Raises NotFoundError where none of the person's leads may be seen by who sees these owners'.

    It is the same for a person who does not exist: whoever asks may not know which.
    """
    if owners is None or leads_of_person(workspace, person_id, owners):
        return
    message = (
        f'There is no person "{person_id}" among your leads. The list of leads shows those you '
        "may see."
    )
    raise NotFoundError(message, reason="unknown_person")


def _scored(
    connection: Connection,
    target: Target,
    ids: list[str],
    person_id: str,
    owners: tuple[str, ...] | None,
) -> list[PersonLead]:
    used = list_in_use(connection, scores, target.name)
    query = (
        select(used.c.lead_id, used.c.person_id, used.c.label, used.c.rep_id)
        .where(used.c.target == target.name, used.c.lead_id.in_(ids))
        .order_by(used.c.lead_id)
    )
    found = {}  # a lead that is scored for several products is one
    for lead_id, person, label, rep in connection.execute(query):
        is_theirs = owners is None or (rep or "") in owners
        if (person or lead_id) == person_id and (
            is_theirs or is_dealt_to(connection, target.name, lead_id, owners or ())
        ):
            found[lead_id] = PersonLead(lead_id, label, target.name, target.from_ is not None)
    return list(found.values())


def _lead_ids(workspace: Workspace, person_id: str) -> list[str]:
    """The newest leads of a person as the lake has them, open or closed.

    Asked of DuckDB directly and without parameters, as `views.lead` does.
    """
    if not workspace.lake.exists("leads"):
        return []
    import duckdb

    with duckdb.connect() as connection, workspace.lake.attached(connection, "leads") as view:
        columns = [row[0] for row in connection.execute(f"DESCRIBE {quoted(view)}").fetchall()]
        if "person_id" not in columns:
            return []
        found = connection.execute(
            f"SELECT lead_id FROM {quoted(view)} WHERE person_id = {literal(person_id)} "  # noqa: S608  quoted
            f"GROUP BY lead_id ORDER BY max({ORDER}) DESC, lead_id LIMIT {MOST}"
        )
        return [lead for (lead,) in found.fetchall()]
