"""A list whose figures must not be shown yet: a page comes in, one of places in order goes out.

While a model is not ready its probabilities, intervals, values and grades are left out of pages and
of the terminal, unless somebody insists. What machines read keeps them, with the verdict beside.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Table, func, select

from redumbrella.state.lists import list_in_use
from redumbrella.views.kinds import COUNT
from redumbrella.views.listing import Page
from redumbrella.views.table import Column, View
from redumbrella.workspace import Workspace

PLACE = Column(
    "place", "Place", COUNT, cell="place", help="Place of the lead in the order, from 1."
)


def hidden_columns(page: Page) -> set[str]:
    """The columns of a list whose model is not ready."""
    trusts = {name: page.around.get(name) for name in set(page.view.of_model.values())}
    doubted = {name for name, trust in trusts.items() if trust and not trust.shows_numbers}
    return {column for column, name in page.view.of_model.items() if name in doubted}


def order_only(workspace: Workspace, page: Page) -> Page:
    """The page without figures of a model that is not ready; of another one the page itself."""
    hidden = hidden_columns(page)
    if not hidden:
        return page
    view, rows = _without(page.view, hidden), page.rows
    around = {name: said for name, said in page.around.items() if name != "expected"}
    if page.view.placed in hidden:
        places = _places(workspace, page)
        rows = [{**row, PLACE.name: places.get(row[page.view.placed])} for row in rows]
    return replace(page, view=view, rows=rows, around=around)


def _without(view: View, hidden: set[str]) -> View:
    """The list without these columns, their filters and their bars; sums of a list likewise."""
    if view.of is not None:
        own = set(view.of.of_model)
        view, hidden = replace(view, of=_without(view.of, own)), hidden | own
    columns = [replace(c, filter="") if c.name in hidden else c for c in view.columns]
    least = {name: column for name, column in view.least.items() if column not in hidden}
    return replace(
        view,
        columns=(*columns, PLACE),
        shown=tuple(_placed(view, hidden, view.shown)),
        terminal=tuple(_placed(view, hidden, view.terminal)),
        least=least,
        bar=() if hidden.intersection(view.bar) else view.bar,
    )


def _placed(view: View, hidden: set[str], names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if name == view.placed and name in hidden:
            yield PLACE.name
        elif name not in hidden:
            yield name


def _places(workspace: Workspace, page: Page) -> dict[Any, int]:
    """The place of each value of a page in the whole list, the largest first, from 1.

    Each count begins where the one before ended, so that an index is read once at most.
    """
    view, target = page.view, page.query.target
    assert isinstance(view.table, Table), "sums have no place"
    values = sorted({row[view.placed] for row in page.rows} - {None}, reverse=True)
    found, place, last = {}, 1, None
    with workspace.state.reading() as connection:
        used = list_in_use(connection, view.table, target or "")
        figure = used.c[view.placed]
        own = [] if target is None else [used.c.target == target]
        for value in values:
            between = [figure > value, *([] if last is None else [figure <= last])]
            query = select(func.count()).select_from(used).where(*own, *between)
            place += int(connection.execute(query).scalar_one())
            found[value], last = place, value
    return found
