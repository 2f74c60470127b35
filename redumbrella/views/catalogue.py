"""All lists, in the order of the menu. A new one is a line here.

A list called `leads` is the `View` named `LEADS` in `redumbrella.views.leads`; it is imported when
it is asked for, so that a command which needs none of them starts fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from redumbrella.errors import EngineError

if TYPE_CHECKING:
    from redumbrella.views.table import View
    from redumbrella.workspace import Workspace

# The list's name, and what it is in one line: for help, REST and the reference.
SUMMARIES = {
    "today": "Whom to contact next, why now, and what it is worth",
    "assignment": "How many leads of today's list each rep takes, and the time left",
    "leads": "The ordered list of scored leads",
    "changes": "Leads whose score moved most since a day, and what it came with",
    "pipeline": "What open leads will bring together, by stage, owner, month or product",
    "products": "What will be bought of each product",
    "recommendations": "What to offer whom: a list of products a person, and why",
    "customers": "What customers are worth, and who is leaving",
    "valuations": "What all customers together were worth, each time they were valued",
    "cohorts": "How leads with such a score did before, by band, grade and month",
    "outbox": "Every action of an automation, and what came of it",
    "tasks": "What automations left for reps to do",
    "audiences": "Whom automations put together for advertising",
    "models": "Every model that was trained",
    "sources": "Every file or query as it was last read",
    "rejected": "Rows that were set aside, with file, line and reason",
    "runs": "Every command that changed something, and how it ended",
    "audit": "Who changed what, when and from where",
}


class _Views(Mapping[str, "View"]):
    """The lists by name, imported on demand."""

    def __getitem__(self, name: str) -> View:
        if name not in SUMMARIES:
            raise KeyError(name)
        found: View = getattr(import_module(f"redumbrella.views.{name}"), name.upper())
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)


VIEWS: Mapping[str, View] = _Views()


def meaningless(workspace: Workspace) -> set[str]:
    """The pages of lists that mean nothing in this workspace."""
    found = set()
    for view in VIEWS.values():
        try:
            if not view.is_in_menu(workspace):
                found.add(view.page_address)
        except EngineError:  # the page that says so has a menu too
            found.add(view.page_address)
    return found
