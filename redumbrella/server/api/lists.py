"""REST of all lists: for each, one page as JSON, and every matching row as a file."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from pydantic import BaseModel, Field, create_model
from starlette.responses import Response

from redumbrella.destinations.files import csv_lines, json_array, json_lines, write_parquet
from redumbrella.server.api.answers import answers, file_answer
from redumbrella.server.api.downloads import CHUNK, Download
from redumbrella.server.api.openapi import API
from redumbrella.server.api.responses import JsonResponse
from redumbrella.server.parameters import Opened, list_query
from redumbrella.views.catalogue import SUMMARIES, VIEWS
from redumbrella.views.listing import every_row, list_page, what_is_said
from redumbrella.views.table import Column, Query, View
from redumbrella.views.trust import trusts_among
from redumbrella.workspace import Workspace

Rows = Iterable[dict[str, Any]]
_Raw = Annotated[
    bool,
    Parameter(
        description="Texts as they are, also those that a spreadsheet would run as formulas: do "
        "not open such a file in a spreadsheet."
    ),
]


@cache
def list_routes() -> APIRouter:
    """Routes of every list in the catalogue."""
    router = APIRouter(prefix=API, default_response_class=JsonResponse)
    for view in VIEWS.values():
        _add_page(router, view)
        for form, (media_type, pieces) in _FILES.items():
            _add_file(router, view, form, media_type, pieces)
    return router


def row_model(view: View) -> type[BaseModel]:
    """The shape of one row in the JSON of a list, for OpenAPI."""
    fields: dict[str, Any] = {c.name: _field(c) for c in view.columns if c.in_list}
    return create_model(f"{view.name.capitalize().removesuffix('s')}Row", **fields)


def _field(column: Column) -> tuple[Any, Any]:
    examples = None if column.kind.example is None else [column.kind.example]
    described = Field(description=column.meaning or column.heading, examples=examples)
    return column.kind.python | None, described


def _page_model(view: View) -> type[BaseModel]:
    around = getattr(view.around_type, "__annotations__", {})
    row: Any = row_model(view)
    fields: dict[str, Any] = {
        "rows": (list[row], ...),
        "total": (int, Field(description="Rows that match the filters.")),
        "page": (int, Field(description="Page, from 1; beyond the last there are no rows.")),
        "pages": (int, ...),
        "page_size": (int, ...),
        "query": (dict[str, str | None], Field(description="What was asked.")),
        **{name: (kind, ...) for name, kind in around.items()},
    }
    return create_model(f"{view.name.capitalize()}Page", **fields)


def _add_page(router: APIRouter, view: View) -> None:
    asked = Annotated[Query, Depends(list_query(view))]

    def page(workspace: Opened, query: asked) -> JsonResponse:
        return JsonResponse(list_page(workspace, view, query).to_json())

    router.add_api_route(
        f"/{view.name}",
        page,
        name=f"list_{view.name}",
        summary=SUMMARIES[view.name],
        description=f"One page of {view.noun[1]}; filter, sort and page like the page.",
        responses=answers(_page_model(view), 404),
    )


def _add_file(
    router: APIRouter,
    view: View,
    form: str,
    media_type: str,
    pieces: Callable[[View, Rows], Iterator[str | bytes]],
) -> None:
    asked = Annotated[Query, Depends(list_query(view, paged=False))]

    headers = {"Content-Disposition": f'attachment; filename="{view.name}.{form}"'}

    def download(workspace: Opened, query: asked) -> Response:
        found = pieces(view, every_row(workspace, view, query))
        return Download(found, media_type, {**headers, **_verdict(workspace, view, query)})

    def download_csv(workspace: Opened, query: asked, *, raw: _Raw = False) -> Response:
        found = csv_lines(view.fields, every_row(workspace, view, query), raw=raw)
        return Download(found, media_type, {**headers, **_verdict(workspace, view, query)})

    router.add_api_route(
        f"/{view.name}.{form}",
        download_csv if form == "csv" else download,
        name=f"{form}_of_{view.name}",
        summary=f"All matching {view.noun[1]} as {_WORDS[form]}",
        description=f"Every matching row, with the columns of `umbrella export {view.file_name}`.",
        response_class=Download,
        responses=file_answer(media_type, 404),
    )


def _verdict(workspace: Workspace, view: View, query: Query) -> dict[str, str]:
    """The verdict beside a file, as a header: 'not ready'. None where a list has no scores."""
    trusts = trusts_among(what_is_said(workspace, view, query)) if view.of_model else []
    return {"Umbrella-Verdict": ", ".join(t.verdict for t in trusts)} if trusts else {}


def _parquet(view: View, rows: Rows) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        write_parquet(file, view.fields, rows)
        file.seek(0)
        while piece := file.read(CHUNK):
            yield piece


_WORDS = {"csv": "CSV", "json": "one JSON array", "jsonl": "JSON lines", "parquet": "Parquet"}
_FILES: dict[str, tuple[str, Callable[[View, Rows], Iterator[Any]]]] = {
    "csv": ("text/csv; charset=utf-8", lambda view, rows: csv_lines(view.fields, rows)),
    "json": ("application/json", lambda _, rows: json_array(rows)),
    "jsonl": ("application/x-ndjson", lambda _, rows: json_lines(rows)),
    "parquet": ("application/vnd.apache.parquet", _parquet),
}
