"""JSON as every route answers it: any read model in, bytes out, instants as ISO 8601."""

from typing import Any

import orjson
from starlette.responses import JSONResponse, PlainTextResponse, Response

_OPTION = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class JsonResponse(JSONResponse):
    """A read model as JSON; the same bytes as `--json` prints, without the line breaks."""

    def render(self, content: Any) -> bytes:
        """Dataclasses, instants and NaN (as null) included."""
        return orjson.dumps(content, option=_OPTION)


def error_json(status: int, reason: str, message: str) -> JsonResponse:
    """Any error in the one form that all of them have."""
    return JsonResponse({"error": {"reason": reason, "message": message}}, status_code=status)


def refused(path: str, status: int, reason: str, message: str) -> Response:
    """What is refused before any route is asked: JSON under /api, a sentence elsewhere."""
    if path.startswith("/api/"):
        return error_json(status, reason, message)
    return PlainTextResponse(message + "\n", status_code=status)
