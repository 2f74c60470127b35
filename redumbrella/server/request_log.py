"""The log of requests: method, route, status and time of each answer; nothing a person sent."""

from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redumbrella.logs import log_event

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestLog:
    """Logs each answer: method, route, status and milliseconds.

    Never the address, in which ids of leads and words that were searched for stand: the route is
    the one that the code names, such as /leads/{lead_id}.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; an exception, answered further out, counts as status 500."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = monotonic(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            log_event(
                "server",
                "request",
                failed=status >= 500,
                # A client may send any word as the method.
                method=scope["method"] if scope["method"] in _METHODS else "other",
                route=getattr(scope.get("route"), "path", "none"),
                status=status,
                milliseconds=round(1_000 * (monotonic() - started), 1),
            )
