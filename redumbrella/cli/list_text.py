"""A list on the terminal: a page of it comes in, a table and what is said beside it go out."""

from collections.abc import Callable, Mapping
from typing import Any

from redumbrella.cli.terminal import pasted
from redumbrella.cli.text import console, model_line, plain_table, print_trust
from redumbrella.figures import count
from redumbrella.reports.wording import base_total, products_asked, products_examined
from redumbrella.views.listing import Page
from redumbrella.views.order_only import PLACE
from redumbrella.views.table import Column
from redumbrella.views.tasks import OpenTask
from redumbrella.views.totals import total_words
from redumbrella.views.trust import trusts_among
from redumbrella.visible import visible_line

_WIDE = 110  # columns of a terminal that has room for more
_NAMES = ("lead", "customer")  # cells with the name of somebody who has an id besides
_WIDEST = {"lead": 34, "customer": 34, "bought": 38}


def print_list(page: Page, *, insist: bool = False) -> None:
    """Prints whether to trust it, the rows, how many of how many, and what the list says beside.

    insist: the page has the figures of a model that is not ready.
    """
    output = console()
    trusts = trusts_among(page.around)
    for trust in trusts:
        way = f"umbrella {page.view.name} --insist"
        print_trust(trust, insist=insist, named=len(trusts) > 1, way=way)
    for line in page.around.get("said", ()):
        output.print(pasted(line), soft_wrap=True)
    for task in page.around.get("tasks", ()):
        output.print(_task(task), soft_wrap=True)
    table = plain_table()
    columns = _columns(page, wide=output.width >= _WIDE)
    numbered = PLACE not in columns
    if numbered:
        table.add_column("#", justify="right", style="dim")
    for column in columns:
        number = column.kind.is_number or column.name == "interval"
        table.add_column(
            column.heading,
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=column.name == "interval" or column.kind.name in ("instant", "day"),
            max_width=_WIDEST.get(column.cell),
        )
    for rank, row in enumerate(page.rows, start=page.first_rank):
        cells = [_words(column, row, page) for column in columns]
        table.add_row(*([count(rank)] if numbered else []), *cells)
    output.print(table)
    output.print(_counted(page), soft_wrap=True)
    beside = _BESIDE.get(page.view.name)
    for line in [] if beside is None else beside(page):
        output.print(pasted(line), soft_wrap=True)


def _task(task: OpenTask) -> str:
    who = visible_line(task.label if task.label == task.lead_id or not task.lead_id
                       else f"{task.label} ({task.lead_id})")  # fmt: skip
    return f"Task {task.id}: {who}: {visible_line(task.text)} ({visible_line(task.why)})"


def _columns(page: Page, *, wide: bool) -> list[Column]:
    """Those of the terminal: optional ones where some row has a value, wide ones where it fits."""
    found = []
    for name in page.view.terminal:
        column = page.view.by_name[name]
        narrow = name in page.view.terminal_wide and not wide and page.query.sort != column.sort
        if column.tells([row[name] for row in page.rows]) and not narrow:
            found.append(column)
    return found


def _words(column: Column, row: Mapping[str, object], page: Page) -> str:
    """The value; of a name that is not the id also the id, which other commands ask for."""
    words = column.kind.words(column.said(row[column.name]), page.frame)
    key = page.view.key[0]
    if column.cell in _NAMES and row[key] != row["label"]:
        return f"{words} ({row[key]})"
    return words


def _counted(page: Page) -> str:
    what = "match" if page.query.filters else page.view.noun[1]
    target = f', target "{page.query.target}"' if page.query.target else ""
    words = [order.words for order in page.view.orders if order.sort == page.query.order]
    order = f", {words[0]}" if words else ""
    return f"{count(len(page.rows))} of {count(page.total)} {what}{target}{order}."


def _leads(page: Page) -> list[str]:
    return [sum_of(page.around, page.frame.currency), model_line(page.around["model"])]


def sum_of(around: Mapping[str, Any], currency: str) -> str:
    """What all rows that match bring together; empty for lists that say nothing of it."""
    expected = around.get("expected")
    return "" if expected is None else total_words(expected, currency)


def _pipeline(page: Page) -> list[str]:
    return [sum_of(page.around, page.frame.currency)]


def _cohorts(page: Page) -> list[str]:
    return list(page.around["said"])


def _customers(page: Page) -> list[str]:
    lifetime = page.around["lifetime"]
    return [] if lifetime is None else [base_total(lifetime, page.frame.currency)]


def _products(page: Page) -> list[str]:
    around = page.around
    if around["figures"] is None:
        return []
    asked = products_asked(around["people"], around["horizon_days"])
    shown = "expected_sales" in page.view.terminal
    examined = [products_examined(around["figures"]), model_line(around["model"])]
    return [asked, *examined] if shown else examined


_BESIDE: Mapping[str, Callable[[Page], list[str]]] = {
    "leads": _leads,
    "pipeline": _pipeline,
    "cohorts": _cohorts,
    "customers": _customers,
    "products": _products,
}
