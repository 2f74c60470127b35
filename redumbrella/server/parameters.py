"""Filters in an address: query parameters come in, a checked `LeadQuery` goes out.

The list page, `/api/v1/leads` and the downloads take the same parameters.
"""

from typing import Annotated

from fastapi import Query, Request

from redumbrella.errors import SettingsError, nearest
from redumbrella.figures import parse_share
from redumbrella.views.customers import CUSTOMER_SORTS, CustomerQuery, customer_order
from redumbrella.views.leads import MAX_PAGE_SIZE, SORTS, LeadQuery, sort_order
from redumbrella.workspace import Workspace

_CUSTOMER_SORT_HELP = f"One of {', '.join(CUSTOMER_SORTS)}; a minus in front runs downwards."
_SORT_HELP = f"One of {', '.join(SORTS)}; a minus in front runs downwards."


def opened_workspace(request: Request) -> Workspace:
    """The workspace this server shows."""
    workspace = request.app.state.workspace
    assert isinstance(workspace, Workspace)
    return workspace


def lead_query(
    request: Request,
    *,
    search: Annotated[str, Query(description="Part of a lead's name or id.")] = "",
    grade: Annotated[str, Query(description="Exact grade.")] = "",
    min_probability: Annotated[
        str, Query(description="Smallest probability: 0.3, 30 or 30 %.")
    ] = "",
    source: Annotated[str, Query(description="Exact source.")] = "",
    campaign: Annotated[str, Query(description="Exact campaign id.")] = "",
    rep: Annotated[str, Query(description="Exact rep id.")] = "",
    product: Annotated[str, Query(description="Exact product id.")] = "",
    target: Annotated[str, Query(description="Target; default: the first one.")] = "",
    sort: Annotated[str, Query(description=_SORT_HELP)] = "-probability",
    page: Annotated[int, Query(ge=1, description="Page, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Leads a page.")] = 50,
) -> LeadQuery:
    """The parameters as a query.

    Raises SettingsError for an unknown parameter, sort column or share, with the nearest name.
    """
    _only_known(request, _KNOWN)
    name, descending = sort_order(sort or "-probability")
    return LeadQuery(
        search=search.strip(),
        grade=grade,
        min_probability=parse_share(min_probability, "min_probability") if min_probability else 0,
        source=source,
        campaign=campaign,
        rep=rep,
        product=product,
        target=target or None,
        sort=name,
        descending=descending,
        page=page,
        page_size=page_size,
    )


def customer_query(
    request: Request,
    *,
    search: Annotated[str, Query(description="Part of a customer's name or id.")] = "",
    segment: Annotated[str, Query(description="active, new, at risk or lost.")] = "",
    sort: Annotated[str, Query(description=_CUSTOMER_SORT_HELP)] = "-value",
    page: Annotated[int, Query(ge=1, description="Page, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Customers a page.")] = 50,
) -> CustomerQuery:
    """The parameters as a query.

    Raises SettingsError for an unknown parameter or sort column, with the nearest name.
    """
    _only_known(request, ("search", "segment", "sort", "page", "page_size"))
    name, descending = customer_order(sort or "-value")
    return CustomerQuery(
        search=search.strip(),
        segment=segment,
        sort=name,
        descending=descending,
        page=page,
        page_size=page_size,
    )


_KNOWN = (
    "search",
    "grade",
    "min_probability",
    "source",
    "campaign",
    "rep",
    "product",
    "target",
    "sort",
    "page",
    "page_size",
)


def _only_known(request: Request, known: tuple[str, ...]) -> None:
    """A misspelt filter must not silently show everything."""
    for name in request.query_params:
        if name not in known:
            message = f'Unknown parameter "{name}". Known: {", ".join(known)}.'
            raise SettingsError(message + nearest(name, known), reason="unknown_parameter")
