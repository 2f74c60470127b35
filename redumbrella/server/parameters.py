"""Parameters of an address: only known ones pass; those of a list become its query."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor, register_url_convertor

from redumbrella.errors import SettingsError
from redumbrella.server.callers import caller_of
from redumbrella.views.table import MAX_PAGE_SIZE, PAGE_SIZE, View, unknown_parameter
from redumbrella.views.table import Query as ListQuery
from redumbrella.workspace import Workspace

_PAGING = ("page", "page_size")


# These take a moment: as coroutines they do not wait for a thread that is busy with another page.
async def opened_workspace(request: Request) -> Workspace:
    """The workspace this server shows."""
    workspace = request.app.state.workspace
    assert isinstance(workspace, Workspace)
    return workspace


Opened = Annotated[Workspace, Depends(opened_workspace)]


class _AnyText(PathConvertor):
    """The rest of a path, line breaks included, which Starlette's own convertor cuts off."""

    regex = r"[\s\S]*"


register_url_convertor("text", _AnyText())


async def asked_lead(
    lead_id: str,
    inner: Annotated[
        str,
        Query(
            alias="id", description="Of an id that no path can hold: /leads/?id=.. for two dots."
        ),
    ] = "",
) -> str:
    """The id that the path gives, or, with an empty one there, the parameter."""
    return lead_id or inner


LeadId = Annotated[str, Depends(asked_lead)]


async def asked_person(
    person_id: str,
    inner: Annotated[
        str, Query(alias="id", description="Of an id that no path can hold, as of leads.")
    ] = "",
) -> str:
    """The same of a person."""
    return person_id or inner


PersonId = Annotated[str, Depends(asked_person)]


async def asked_product(
    product_id: str,
    inner: Annotated[
        str, Query(alias="id", description="Of an id that no path can hold, as of leads.")
    ] = "",
) -> str:
    """The same of a product."""
    return product_id or inner


ProductId = Annotated[str, Depends(asked_product)]


async def asked_owners(request: Request) -> tuple[str, ...] | None:
    """Whose leads the caller may see, "" for those of nobody; None for all."""
    return caller_of(request).owners


Owners = Annotated[tuple[str, ...] | None, Depends(asked_owners)]


async def only_known(request: Request) -> None:
    """Refuses a parameter that the route does not take: a misspelt one must not be ignored.

    One that is given twice must not either, for only one of them would count.
    """
    route = request.scope.get("route")
    if request.query_params and isinstance(route, APIRoute):
        known = list(_names(route.dependant))
        seen = set()
        for name, _ in request.query_params.multi_items():
            if name not in known:
                raise unknown_parameter(name, known)
            if name in seen:
                message = f'The parameter "{name}" is given twice. Give it once.'
                raise SettingsError(message, reason="duplicate_parameter")
            seen.add(name)


def _names(dependant: Dependant) -> Iterator[str]:
    """Query parameters of a route and of everything that it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from _names(other)


def list_query(view: View, *, paged: bool = True) -> Callable[..., Awaitable[ListQuery]]:
    """A dependency that makes the query of a list; its signature has the list's parameters.

    paged: whether page and page_size are among them; downloads give every matching row.
    """

    async def query(request: Request, **given: Any) -> ListQuery:
        texts = {name: str(value) for name, value in given.items()}
        return _narrowed(request, view.query(texts))

    known = {n: w for n, w in view.parameters.items() if paged or n not in _PAGING}
    return _taking(known, view, query)


def forgiving_query(view: View) -> Callable[..., tuple[ListQuery, str]]:
    """The same for a page: what was typed wrongly is told beside the list, not instead of it.

    Gives the query and '', or the whole list and what is wrong.
    """

    def query(request: Request, **given: Any) -> tuple[ListQuery, str]:
        texts = {name: str(value) for name, value in given.items()}
        try:
            return _narrowed(request, view.query(texts)), ""
        except SettingsError as refusal:
            kept = {name: texts[name] for name in ("target",) if name in texts}
            return _narrowed(request, view.query(kept)), refusal.message

    return _taking(view.parameters, view, query)


def _narrowed(request: Request, query: ListQuery) -> ListQuery:
    """The query over what the caller may see, whatever was asked."""
    return replace(query, owners=caller_of(request).owners)


def _taking(known: Mapping[str, str], view: View, query: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a dependency the parameters of a list, as its signature."""
    parameters = [Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)]
    parameters += [_parameter(name, words, view) for name, words in known.items()]
    query.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return query


def _parameter(name: str, words: str, view: View) -> Parameter:
    annotation: Any = Annotated[str, Query(description=words)]
    default: Any = view.order if name == "sort" and view.chosen is None else ""
    if name in _PAGING:
        most = MAX_PAGE_SIZE if name == "page_size" else 10**9
        annotation = Annotated[int, Query(description=words, ge=1, le=most)]
        default = PAGE_SIZE if name == "page_size" else 1
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
