"""All lists, in the order of the menu. A new one is a line here."""

from redumbrella.errors import EngineError
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.leads import LEADS
from redumbrella.views.models import MODELS
from redumbrella.views.products import PRODUCTS
from redumbrella.views.runs import RUNS
from redumbrella.views.sources import REJECTED, SOURCES
from redumbrella.views.table import View
from redumbrella.views.valuations import VALUATIONS
from redumbrella.workspace import Workspace

VIEWS: dict[str, View] = {
    view.name: view
    for view in (LEADS, PRODUCTS, CUSTOMERS, VALUATIONS, MODELS, SOURCES, REJECTED, RUNS)
}


def in_menu(workspace: Workspace, part: str) -> list[View]:
    """The lists of one part of the menu that have something to show in this workspace."""
    found = []
    for view in VIEWS.values():
        try:
            if view.menu == part and view.is_in_menu(workspace):
                found.append(view)
        except EngineError:  # the page that says so has a menu too
            continue
    return found
