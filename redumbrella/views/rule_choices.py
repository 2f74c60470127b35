"""What a form for rules can offer: the values that leads have, kinds of events, fields, names."""

from dataclasses import dataclass

from redumbrella.decisions.triggers import fields_with_dates, kinds_of_events
from redumbrella.errors import NotFoundError
from redumbrella.views.audiences import AUDIENCES
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import list_page
from redumbrella.views.logged import known_reps
from redumbrella.views.table import View
from redumbrella.workspace import Workspace

Choices = tuple[str, ...]


@dataclass(frozen=True)
class RuleChoices:
    """What there is to choose from, by the key of a rule; dates: fields that hold a date."""

    where: dict[str, Choices]
    events: Choices
    dates: Choices
    fields: Choices
    reps: Choices
    webhooks: Choices
    targets: Choices
    audiences: Choices


def rule_choices(workspace: Workspace) -> RuleChoices:
    """What this workspace has."""
    settings = workspace.settings
    where = _offered(workspace, LEADS) if settings.targets else {}
    where["segment"] = _offered(workspace, CUSTOMERS).get("segment", ())
    return RuleChoices(
        where, tuple(kinds_of_events(workspace.lake)), tuple(fields_with_dates(workspace.lake)),
        _fields(workspace),
        tuple(rep for rep, _ in known_reps(workspace)) or where.get("rep", ()),
        tuple(hook.name for hook in settings.webhooks),
        tuple(target.name for target in settings.targets),
        _offered(workspace, AUDIENCES).get("audience", ()),
    )  # fmt: skip


def _offered(workspace: Workspace, view: View) -> dict[str, Choices]:
    """The values of each filter of a list."""
    try:
        page = list_page(workspace, view, view.query({"page_size": "1"}), with_choices=True)
    except NotFoundError:
        return {}
    return dict(page.choices)


def _fields(workspace: Workspace) -> Choices:
    """Fields of the record."""
    fields = dict[str, None]()
    for table in ("leads", "people"):
        if workspace.lake.exists(table):
            names = workspace.lake.schema(table).names
            fields |= dict.fromkeys(name for name in names if not name.startswith("_"))
    return tuple(fields)
