"""The page of any list: its description comes in, filters, a table to sort and a pager go out."""

from dataclasses import replace
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from redumbrella.errors import NotFoundError
from redumbrella.server.parameters import Opened, forgiving_query
from redumbrella.server.web.list_parts import parts_beside
from redumbrella.server.web.navigation import entry_of
from redumbrella.server.web.rendering import render
from redumbrella.views.catalogue import VIEWS
from redumbrella.views.kinds import SHARE
from redumbrella.views.listing import Page, is_empty, list_page
from redumbrella.views.order_only import hidden_columns, order_only
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.views.trust import trusts_among
from redumbrella.workspace import Workspace

NONE_OF_YOURS = (
    "No lead is yours, and none is without an owner. Leads come here when they are given to you; "
    "who that is says the rep of your account, which an admin sets."
)
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@cache
def list_pages() -> APIRouter:
    """A page for every list of the catalogue."""
    router = APIRouter(include_in_schema=False)
    for view in VIEWS.values():
        _add_page(router, view)
    return router


def _add_page(router: APIRouter, view: View) -> None:
    asked = Annotated[tuple[Query, str], Depends(forgiving_query(view))]

    def show(request: Request, workspace: Opened, query: asked) -> HTMLResponse:
        return _page(request, workspace, view, *query)

    def show_scores(
        request: Request, workspace: Opened, query: asked, *, insist: bool = False
    ) -> HTMLResponse:
        return _page(request, workspace, view, *query, insist=insist)

    shown = show_scores if view.of_model else show
    router.add_api_route(view.page_address, shown, name=f"page_{view.name}")


def _page(
    request: Request,
    workspace: Workspace,
    view: View,
    query: Query,
    problem: str,
    *,
    insist: bool = False,
) -> HTMLResponse:
    """The list; what is wrong with a filter is told above it, so that it can be mended.

    insist: figures of a model that is not ready are shown all the same.
    """
    status = 400 if problem else 200
    try:
        page = list_page(workspace, view, query, with_choices=True)
    except NotFoundError as refusal:
        if refusal.reason == "no_products":
            return _empty(request, view, refusal.message)
        if refusal.reason != "unknown_value":
            raise
        status, problem = 404, refusal.message
        page = list_page(workspace, view, replace(query, filters={}), with_choices=True)
    if page.is_empty:
        why = view.nothing(workspace, page.query.target)
        if page.query.owners is not None and not is_empty(
            workspace, view, replace(query, owners=None)
        ):
            why = NONE_OF_YOURS
        return _empty(request, view, why, page, workspace)
    hidden = set() if insist else hidden_columns(page)
    page = page if insist else order_only(workspace, page)
    return render(
        request,
        view.template,
        status,
        section=entry_of(view.page_address),
        trusts=trusts_among(page.around),
        insist=insist,
        hidden=hidden,
        view=page.view,
        page=page,
        problem=problem,
        given=dict(request.query_params) if problem else dict(page.query.filters),
        columns=_columns(page),
        orders=_orders(page),
        targets=_targets(workspace, view),
        top=_scale(page),
        **parts_beside(workspace, page),
    )


def _empty(
    request: Request,
    view: View,
    why: str,
    page: Page | None = None,
    workspace: Workspace | None = None,
) -> HTMLResponse:
    """A list without any row says what to do."""
    return render(
        request,
        "nothing.html",
        section=entry_of(view.page_address),
        trusts=() if page is None else trusts_among(page.around),
        view=view,
        page=page,
        why=why,
        targets=[] if workspace is None else _targets(workspace, view),
        **({} if workspace is None or page is None else parts_beside(workspace, page)),
    )


def _columns(page: Page) -> list[Column]:
    """The columns shown on this page of the list."""
    named = [page.view.by_name[name] for name in page.view.shown]
    return [c for c in named if c.tells([row[c.name] for row in page.rows])]


def _orders(page: Page) -> tuple[NamedOrder, ...]:
    """The orders in words, with the one in use even if nobody thought of it."""
    orders, used = page.view.orders, page.query.order
    if not orders or any(order.sort == used for order in orders):
        return orders
    return (*orders, NamedOrder(used, page.query.sort.replace("_", " ")))


def _targets(workspace: Workspace, view: View) -> list[str]:
    """The targets whose lists can be shown."""
    if view.target is None:
        return []
    of_products = view.name == "products"
    targets = workspace.settings.targets
    return [target.name for target in targets if not of_products or target.per == "product"]


def _scale(page: Page) -> float:
    """The end of the bars' common scale: above every interval, for shares the next round one."""
    view = page.view
    if not view.bar:
        return 1.0
    values = [next((row[n] for n in view.bar if row[n] is not None), 0.0) for row in page.rows]
    largest = max(values, default=0.0)
    if view.by_name[view.bar[0]].kind is SHARE:
        return next((top for top in _SHARES if largest <= top), 1.0)
    return largest or 1.0
