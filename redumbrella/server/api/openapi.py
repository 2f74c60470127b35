"""The OpenAPI document: what each route takes and answers, and only the statuses it can have."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer

from redumbrella.server.api.responses import JsonResponse

API = "/api/v1"
TOKEN = HTTPBearer(
    scheme_name="token",
    description="A key of `umbrella key add`; while there are no users, the token of "
    "`umbrella serve --token`, where one is set.",
    auto_error=False,
)

_OF_THE_GATE = ("401", "414", "429", "431")

# FastAPI's own route for the document would take any parameter.
router = APIRouter(include_in_schema=False)


@router.get(f"{API}/openapi.json")
def openapi(request: Request) -> JsonResponse:
    """The document itself."""
    return JsonResponse(request.app.openapi())


def describe(app: FastAPI) -> None:
    """Gives the application its OpenAPI document, made on first use."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    for operations in found["paths"].values():
        for operation in operations.values():
            # What FastAPI would answer with 422 is answered with 400 here, see `server.errors`.
            operation["responses"].pop("422", None)
        _add_methods_of_all(operations)
    schemas = found.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return found


def _add_methods_of_all(operations: dict[str, Any]) -> None:
    """HEAD where GET is, and OPTIONS everywhere: `server.head_requests`, `server.methods`."""
    some = next(iter(operations.values()))
    common = {name: some[name] for name in ("parameters", "security") if name in some}
    # Path parameters alone: OPTIONS answers about the address, whatever is asked of it.
    inside = [each for each in common.pop("parameters", []) if each["in"] == "path"]
    statuses = some["responses"]
    operations["options"] = {
        **common,
        **({"parameters": inside} if inside else {}),
        "summary": "Which methods this address takes",
        "description": "The header Allow names them.",
        "operationId": f"options_{some['operationId']}",
        "responses": {
            "204": {"description": "See the header Allow."},
            **{code: statuses[code] for code in _OF_THE_GATE if code in statuses},
        },
    }
    if "get" in operations:
        got = operations["get"]
        bodies = {
            code: {"description": answer["description"]}
            for code, answer in got["responses"].items()
        }
        operations["head"] = {
            **got,
            "description": "The head of what GET answers, without the body.",
            "operationId": f"head_{got['operationId']}",
            "responses": bodies,
        }
