"""What OpenAPI says that routes answer: the shape of what is asked for, and of every error."""

from typing import Any

from typing_extensions import TypedDict

# What a status means, for routes that can answer it.
MEANINGS = {
    400: "A parameter is unknown or impossible.",
    401: "The server needs an API key, or the token it was started with.",
    403: "Whoever asks has no right to this, or another site sent it.",
    404: "What was asked for does not exist.",
    408: "The request did not end in time.",
    409: "What is asked for does not fit what is there, such as a lead that is closed.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "The body is no JSON.",
    422: "What was sent cannot be used as it is.",
    429: "Too many wrong keys or tokens came from this address; see Retry-After.",
    431: "The headers are too large.",
    503: "The state database does not answer, or too much is asked at once; see Retry-After.",
}
_ALWAYS = (400, 401, 403, 414, 429, 431, 503)


class Problem(TypedDict):
    """A short code for machines and a message for a person."""

    reason: str
    message: str


class ErrorAnswer(TypedDict):
    """What every route answers when it cannot do what was asked."""

    error: Problem


def answers(model: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """A body of this shape, and the errors that the route can answer besides the usual ones."""
    return {200: {"model": model}, **errors(*statuses)}


def file_answer(media_type: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """A download of this media type, and the errors likewise."""
    kind = media_type.partition(";")[0]
    file = {"type": "string", "format": "binary"}
    records = {"type": "array", "items": {"type": "object"}}
    content = {kind: {"schema": records if kind == "application/json" else file}}
    return {200: {"description": "The file.", "content": content}, **errors(*statuses)}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route: the usual ones and these."""
    found = sorted({*_ALWAYS, *statuses})
    return {status: {"model": ErrorAnswer, "description": MEANINGS[status]} for status in found}
