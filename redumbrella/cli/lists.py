"""The commands of lists: `umbrella leads`, `umbrella runs` and so on, made from their descriptions.

Each takes the list's filters as options, prints a table or, with `--json`, what REST answers.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from redumbrella.cli.list_text import print_list
from redumbrella.cli.terminal import json_option, print_json, say, workspace_option
from redumbrella.errors import NotFoundError
from redumbrella.views.catalogue import SUMMARIES, VIEWS
from redumbrella.views.listing import list_page
from redumbrella.views.order_only import order_only
from redumbrella.views.table import MAX_PAGE_SIZE, Query, View
from redumbrella.workspace import Workspace, open_workspace

INSIST = "Show the numbers of a model that is not ready, which are hidden otherwise."
_TOP = 20


def list_command(name: str) -> click.Command | None:
    """The command that shows a list of the catalogue; None for an unknown name."""
    view = VIEWS.get(name)
    if view is None:
        return None

    @click.command(name, help=_help(view))
    @workspace_option
    @top_option(view)
    @list_options(view)
    @insist_option(view)
    @json_option
    def command(workspace: Path, *, top: int, as_json: bool, **given: Any) -> None:
        insist = bool(given.pop("insist", False))
        show_list(open_workspace(workspace), view, top, given, as_json=as_json, insist=insist)

    return command


def show_list(
    workspace: Workspace,
    view: View,
    top: int,
    given: dict[str, Any],
    *,
    as_json: bool = False,
    insist: bool = False,
) -> None:
    """Prints the first rows; insist: with the figures of a model that is not ready.

    Raises NotFoundError, which says what to do, where there are none and should be some.
    """
    page = list_page(workspace, view, query_of(view, given, top))
    why = view.nothing(workspace, page.query.target) if page.is_empty else ""
    if page.is_empty and not view.is_well_empty:
        raise NotFoundError(why, reason=f"no_{view.file_name}")
    if as_json:
        print_json(page.to_json())
    elif page.is_empty:
        say(why, lines=True)
    elif not page.rows:
        say(f"No {view.noun[0]} matches. Ask for less: umbrella {view.name}")
    else:
        print_list(page if insist else order_only(workspace, page), insist=insist)


def insist_option(view: View) -> Callable[[Any], Any]:
    """Adds `--insist` where a list has figures of a model."""
    if not view.of_model:
        return lambda function: function
    return click.option("--insist", is_flag=True, help=INSIST)


def top_option(view: View) -> Callable[[Any], Any]:
    """Adds `--top N`."""
    kind, words = click.IntRange(1, MAX_PAGE_SIZE), f"How many {view.noun[1]} to show."
    return click.option("--top", type=kind, default=_TOP, show_default=True, help=words)


def list_options(view: View) -> Callable[[Any], Any]:
    """Adds the filters and the order of a list as options."""

    def add(function: Any) -> Any:
        for option in reversed(list(_options(view))):
            function = option(function)
        return function

    return add


def query_of(view: View, given: dict[str, Any], top: int | None = None) -> Query:
    """The query that the options stand for; without a minus a column runs as people first want."""
    asked = {name: str(value) for name, value in given.items() if value not in (None, False, "")}
    reverse = bool(given.get("reverse"))
    asked.pop("reverse", None)
    own = "" if view.chosen is not None else view.order.removeprefix("-")
    sort = asked.pop("sort", own if reverse else "")
    if sort:
        column = view.sorts.get(sort)
        falling = column is not None and column.falling
        asked["sort"] = f"-{sort}" if falling != reverse else sort
    if top is not None:
        asked["page_size"] = str(top)
    query = view.query(asked)
    return query if query.sort else replace(query, descending=reverse)


def _options(view: View) -> list[Callable[[Any], Any]]:
    made = []
    for name, words in view.parameters.items():
        if name in ("page", "page_size", "sort"):
            continue
        metavar = "SHARE" if name in view.least else None
        flag = "--" + name.replace("_", "-")
        made.append(click.option(flag, name, default=None, metavar=metavar, help=words))
    sort = click.Choice(list(view.sorts))
    words, default = "What decides the order.", view.order.removeprefix("-")
    if view.chosen is not None:
        made.append(click.option("--sort", type=sort, default=None,
                                 help=f"{words} Default: {view.order_words}."))  # fmt: skip
    else:
        made.append(
            click.option("--sort", type=sort, default=default, show_default=True, help=words)
        )
    made.append(click.option("--reverse", is_flag=True, help="The other way round."))
    return made


def _help(view: View) -> str:
    return f"{SUMMARIES[view.name]}.\n\nFilters narrow it; --json prints what REST answers."
