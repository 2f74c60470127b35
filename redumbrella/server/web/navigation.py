"""The menu by what a person looks for, with the pages below each entry as tabs.

In: a workspace and who asks. Out: the entries and tabs that have something to show there and that
the caller may open; what may be opened says `server.rights` alone.
"""

from dataclasses import dataclass, replace

from redumbrella.access.roles import Caller
from redumbrella.server.rights import may_open
from redumbrella.views.catalogue import meaningless
from redumbrella.workspace import Workspace

Link = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """One entry of the menu.

    address: of its first page, by which other pages name it. tabs: every page below it that has a
    tab, the first one too. keeps_target: whether its tabs stay with the target that is looked at.
    """

    address: str
    words: str
    tabs: tuple[Link, ...] = ()
    keeps_target: bool = False


MENU = (
    Entry("/today", "Today", (
        ("/today", "List"), ("/tasks", "Tasks"), ("/assignment", "Who takes what"),
        ("/today/worth", "What it is worth"),
    ), keeps_target=True),
    Entry("/leads", "Leads", (
        ("/leads", "List"), ("/changes", "Changes"), ("/pipeline", "Pipeline"),
    ), keeps_target=True),
    Entry("/customers", "Customers", (("/customers", "List"), ("/valuations", "Over time"))),
    Entry("/products", "Products"),
    Entry("/recommendations", "Recommendations"),
    Entry("/automations", "Automations", (
        ("/automations", "Rules"), ("/outbox", "Outbox"), ("/audiences", "Audiences"),
    )),
    Entry("/models", "Models", (
        ("/models", "Report"), ("/models/cohorts", "Cohorts"), ("/models/all", "Versions"),
    ), keeps_target=True),
    Entry("/sources", "Data", (
        ("/sources", "Sources"), ("/rejected", "Rejected"), ("/runs", "Runs"),
    )),
    Entry("/settings", "Settings", (
        ("/settings", "What counts"), ("/settings/users", "Users"),
        ("/settings/keys", "API keys"), ("/settings/audit", "Audit"),
    )),
)  # fmt: skip


def entry_of(address: str) -> str:
    """The entry that a page belongs to, by its address; the address itself where none leads there.

    `/changes` belongs to `/leads`.
    """
    return next((e.address for e in MENU if address in dict(e.tabs)), address)


def entries_of(workspace: Workspace, caller: Caller) -> list[Entry]:
    """The entries that have something to show and that the caller may open, each with such tabs."""
    absent = _absent(workspace, caller)
    found = []
    for entry in MENU:
        if entry.address in absent or not may_open(caller, entry.address):
            continue
        tabs = [tab for tab in entry.tabs if tab[0] not in absent and may_open(caller, tab[0])]
        found.append(replace(entry, tabs=tuple(tabs) if len(tabs) > 1 else ()))
    return found


def _absent(workspace: Workspace, caller: Caller) -> set[str]:
    """The pages that mean nothing in this workspace."""
    targets = workspace.settings.targets
    absent = meaningless(workspace)
    if not targets:  # customers are left, whose page says what to do where there are none
        absent = (absent | {"/models"}) - {"/customers"}
    if caller.kind != "user" and not any(target.from_ is not None for target in targets):
        absent.add("/settings")
    return absent
