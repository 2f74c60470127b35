"""What a form for rules can offer: the values that leads have, kinds of events, fields, names."""

from dataclasses import dataclass

from redumbrella.decisions.triggers import kinds_of_events
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
    fields, dates = _fields(workspace)
    return RuleChoices(
        where, tuple(kinds_of_events(workspace.lake)), dates, fields,
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


def _fields(workspace: Workspace) -> tuple[Choices, Choices]:
    """Fields of the record, and those of them that hold dates."""
    fields, dates = dict[str, None](), dict[str, None]()
    for table in ("leads", "people"):
        if workspace.lake.exists(table):
            for one in workspace.lake.schema(table):
                if one.name.startswith("_"):
                    continue
                fields[one.name] = None
                if str(one.type).startswith(("timestamp", "date")):
                    dates[one.name] = None
    return tuple(fields), tuple(dates)
