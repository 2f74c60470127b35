"""Whose an event is: that of the person it names, else of the visitor who became known later."""

from redumbrella.columns import ORDER
from redumbrella.lake.lake import Lake

_FIRST_IDENTITY = (
    "LEFT JOIN (SELECT n.anonymous_id, arg_min(n.person_id, (n.at, n.{order})) AS person_id, "
    "min(n.at) AS since FROM identities n GROUP BY 1) i ON i.anonymous_id = e.anonymous_id"
)


def person_of_event(lake: Lake) -> tuple[str, str]:
    """SQL: whose an event `e` is, and the join that this needs."""
    if not lake.exists("identities"):
        return "e.person_id", ""
    return "coalesce(e.person_id, i.person_id)", _FIRST_IDENTITY.format(order=f'"{ORDER}"')
