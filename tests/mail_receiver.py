"""A mail server on 127.0.0.1 for tests: it keeps what comes and answers as it is told."""

import asyncio
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = "sales@example.com", "the pass-word of 2026"


@dataclass(frozen=True)
class Arrived:
    """One mail as it arrived: its envelope and its bytes."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]

    @property
    def message(self) -> EmailMessage:
        return BytesParser(policy=default).parsebytes(self.content)


@dataclass
class MailReceiver:
    """What arrived so far, and what is answered.

    at_sender, at_recipient, at_content: answers by address, else mails are taken. `drop_at`: the
    place where the connection is cut, so many times: sender, recipient, content or answer (it was
    taken then). connections: how many there were.
    """

    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    at_sender: dict[str, str] = field(default_factory=dict)
    at_recipient: dict[str, str] = field(default_factory=dict)
    at_content: dict[str, str] = field(default_factory=dict)
    drop_at: dict[str, int] = field(default_factory=dict)
    login: str = ""
    connections: int = 0
    logins: int = 0

    def _cut(self, server: SMTP, place: str) -> bool:
        left = self.drop_at.get(place, 0)
        self.drop_at[place] = left - 1
        if left > 0:
            server.transport.abort()  # type: ignore[union-attr]
        return left > 0

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self._cut(server, "sender")
        if address in self.at_sender:
            return self.at_sender[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self._cut(server, "recipient")
        if address in self.at_recipient:
            return self.at_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self._cut(server, "content"):
            return "250 OK"
        to = tuple(envelope.rcpt_tos)
        if to[0] in self.at_content:
            return self.at_content[to[0]]
        options = tuple(envelope.mail_options)
        self.arrived.append(Arrived(envelope.mail_from, to, bytes(envelope.content), options))
        self._cut(server, "answer")
        return "250 queued as 4711"

    def authenticate(
        self, server: SMTP, session: Any, envelope: Any, how: str, data: Any
    ) -> AuthResult:
        self.logins += 1
        fits = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        message = None if fits else self.login or None
        return AuthResult(success=fits, handled=False, message=message)


@contextmanager
def mail_server(
    tls: ssl.SSLContext | None = None, *, at_once: bool = False, auth: bool = False, **options: Any
) -> Iterator[MailReceiver]:
    """A mail server on a free port. tls: it offers STARTTLS, or speaks TLS at once."""
    receiver = MailReceiver()
    loop = asyncio.new_event_loop()
    if auth:
        options |= {"authenticator": receiver.authenticate, "auth_required": True}
        options["auth_require_tls"] = tls is not None and not at_once

    def protocol() -> SMTP:
        receiver.connections += 1
        starttls = None if at_once else tls
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a password without TLS can be read
            return SMTP(receiver, hostname="mail.test", tls_context=starttls, loop=loop, **options)

    async def start() -> asyncio.AbstractServer:
        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if at_once else None)

    server = loop.run_until_complete(start())
    receiver.port = server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(server: asyncio.AbstractServer) -> None:
    server.close()
    tasks = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.02)  # what was cut is told that it was
