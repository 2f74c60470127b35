"""An audience as advertising platforms take it: e-mail addresses, and their SHA-256.

The list of members has no address, for the state database keeps none: it is read from the record
when the file is made, of those alone who may be written to then. Platforms compare hashes of
addresses in lower case without blanks, so that they need not be given the addresses themselves.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from redumbrella.decisions.consent import who_may_be_written_to
from redumbrella.destinations.files import FileColumn
from redumbrella.errors import NotFoundError, nearest
from redumbrella.views.audiences import AUDIENCES
from redumbrella.views.listing import every_row, list_page
from redumbrella.workspace import Workspace

AUDIENCE_FIELDS = tuple(
    FileColumn(name, "string", lambda value: value)
    for name in ("person_id", "email", "email_sha256")
)
_AT_ONCE = 5_000


def audience_rows(workspace: Workspace, audience: str) -> Iterator[dict[str, Any]]:
    """Members of an audience that may be written to and whose address is known.

    Raises NotFoundError for an unknown audience, with the nearest name.
    """
    page = list_page(workspace, AUDIENCES, AUDIENCES.query({}), with_choices=True)
    known = page.choices.get("audience", ())
    if audience not in known:
        message = f'There is no audience "{audience}".{nearest(audience, known)}'
        raise NotFoundError(message, reason="unknown_audience")
    members = list(every_row(workspace, AUDIENCES, AUDIENCES.query({"audience": audience})))
    return _rows(workspace, members)


def _rows(workspace: Workspace, members: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    settings = workspace.settings
    for start in range(0, len(members), _AT_ONCE):
        pairs = [(one["person_id"], one["lead_id"]) for one in members[start : start + _AT_ONCE]]
        reachable = who_may_be_written_to(
            workspace.lake, workspace.state, pairs, settings.list_rules.do_not_contact,
            settings.outreach,
        )  # fmt: skip
        for person, _ in pairs:
            address = "".join(reachable.address.get(person, "").lower().split())
            if address and not reachable.why_not(person, by_mail=True):
                digest = sha256(address.encode()).hexdigest()
                yield {"person_id": person, "email": address, "email_sha256": digest}
