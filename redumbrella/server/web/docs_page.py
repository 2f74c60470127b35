"""The page of the REST API, made from the OpenAPI document; it loads nothing from outside."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from redumbrella.errors import NotFoundError, nearest
from redumbrella.server.web.rendering import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Parameter:
    """One parameter of a route: its name, type, default and meaning."""

    name: str
    place: str
    kind: str
    default: str
    meaning: str


@dataclass(frozen=True)
class AnswerField:
    """One part of an answer or of a body."""

    name: str
    kind: str
    meaning: str
    example: str


@dataclass(frozen=True)
class Route:
    """One route as the page shows it."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[Parameter]
    takes: list[AnswerField]
    gives: list[AnswerField]
    media_type: str
    statuses: list[tuple[str, str]]


@router.get("/docs")
def docs(request: Request, route: str = "") -> HTMLResponse:
    """Every route under /api/v1 in a line; of one ("GET /api/v1/leads") what it takes and answers.

    All at once would weigh two hundred kilobytes.
    """
    document = request.app.openapi()
    operations = {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method not in ("head", "options")  # the same everywhere; the page says so once
    }
    if route and route not in operations:
        message = f'There is no route "{route}". All of them: /docs.' + nearest(
            route, list(operations)
        )
        raise NotFoundError(message, reason="unknown_page")
    chosen = _route(document, route, operations[route]) if route else None
    return render(request, "docs.html", section="/docs", routes=operations, chosen=chosen)


def _route(document: dict[str, Any], route: str, operation: dict[str, Any]) -> Route:
    method, _, path = route.partition(" ")
    answers = operation["responses"]
    content = answers.get("200", {}).get("content", {})
    media_type = next(iter(content), "")
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Route(
        method=method,
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        parameters=[_parameter(each) for each in operation.get("parameters", ())],
        takes=_fields(document, body.get("schema", {})),
        gives=_fields(document, content.get(media_type, {}).get("schema", {})),
        media_type=media_type,
        statuses=[(status, answer.get("description", "")) for status, answer in answers.items()],
    )


def _parameter(each: dict[str, Any]) -> Parameter:
    schema = each.get("schema", {})
    default = schema.get("default", "")
    return Parameter(
        each["name"],
        each["in"],
        _kind(schema),
        "" if default is None else str(default),
        each.get("description", ""),
    )


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[AnswerField]:
    """The fields of an object, those of the rows of a list below it as rows[].name."""
    found = []
    for name, part in _resolved(document, schema).get("properties", {}).items():
        found.append(_field(name, part))
        items = _resolved(document, part.get("items", {}))
        if name == "rows":
            inner = items.get("properties", {}).items()
            found += [_field(f"rows[].{below}", each) for below, each in inner]
    return found


def _field(name: str, part: dict[str, Any]) -> AnswerField:
    examples = (
        part.get("examples") or [part["example"]] if "example" in part else part.get("examples")
    )
    return AnswerField(
        name, _kind(part), part.get("description", ""), str(examples[0]) if examples else ""
    )


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    found = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
    assert isinstance(found, dict)
    return found


def _kind(schema: dict[str, Any]) -> str:
    """The type in a word or two: 'number or null', 'list', 'Reason'."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "object"))
