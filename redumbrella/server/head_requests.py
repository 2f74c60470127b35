"""HEAD where GET works: the same head, no body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# In the scope of a request whose body nobody will read: it need not be made.
BODY_IS_KEPT_BACK = "redumbrella.body_is_kept_back"


class HeadAsGet:
    """Answers HEAD as GET would be answered and keeps the body back."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else on as it is."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        ended = False

        async def receive_until_ended() -> Message:
            # A download stops making rows that nobody will read.
            return {"type": "http.disconnect"} if ended else await receive()

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        asked = {**scope, "method": "GET", BODY_IS_KEPT_BACK: True}
        await self.app(asked, receive_until_ended, send_head)
