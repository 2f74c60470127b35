"""Errors as answers: JSON under /api, a page elsewhere."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from redumbrella.errors import UmbrellaError
from redumbrella.server.api.responses import error_json
from redumbrella.server.methods import allowed_methods
from redumbrella.server.security_headers import SAFE_HEADERS
from redumbrella.server.web.rendering import render

_RETRY_SECONDS = "10"
_HEADINGS = {
    400: "That cannot be shown",
    403: "Not allowed",
    404: "Not found",
    503: "Not available now",
}


def our_error(request: Request, problem: Exception) -> Response:
    """An error of ours, with the status of its class."""
    assert isinstance(problem, UmbrellaError)
    answer = _error(request, problem.http_status, problem.reason, problem.message)
    if problem.http_status == 503:
        answer.headers["Retry-After"] = _RETRY_SECONDS
    return answer


_WRONG = {
    "int_parsing": 'must be a whole number, not "{input!s:.80}"',
    "float_parsing": 'must be a number, not "{input!s:.80}"',
    "greater_than_equal": "must be at least {ge:,}",
    "less_than_equal": "must be at most {le:,}",
    "extra_forbidden": "is not known here",
    "missing": "is missing",
}


def bad_parameter(request: Request, problem: Exception) -> Response:
    """A parameter of the wrong type: 400, naming the parameter."""
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    if first["type"] == "json_invalid":
        return _error(request, 400, "bad_parameter", "The body is no valid JSON.")
    told = _WRONG.get(first["type"], "is wrong: {msg}").format(**first.get("ctx", {}), **first)
    return _error(request, 400, "bad_parameter", f"{first['loc'][-1]} {told}.")


def http_error(request: Request, problem: Exception) -> Response:
    """What the routing refuses: unknown pages and wrong methods."""
    assert isinstance(problem, HTTPException)
    known = {404: "There is no such page.", 405: "This address cannot be used in that way."}
    message = known.get(problem.status_code, str(problem.detail))
    reason = {404: "unknown_page", 405: "wrong_method"}.get(problem.status_code, "http_error")
    answer = _error(request, problem.status_code, reason, message)
    answer.headers.update(problem.headers or {})
    if problem.status_code == 405:  # the routing names the methods of one route only
        answer.headers["Allow"] = ", ".join(allowed_methods(request.app, request.scope))
    return answer


def unexpected(request: Request, _problem: Exception) -> Response:
    """The traceback goes to the server's log, never to the reader."""
    message = "Something went wrong inside Red Umbrella. The server's log says more."
    answer = _error(request, 500, "internal", message)
    answer.headers.update(SAFE_HEADERS)  # this answer is made outside the layer that adds them
    return answer


def _error(request: Request, status: int, reason: str, message: str) -> Response:
    if request.scope["path"].startswith("/api/"):
        return error_json(status, reason, message)
    heading = _HEADINGS.get(status, "That did not work")
    return render(request, "message.html", status, heading=heading, message=message)
