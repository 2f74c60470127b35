"""Mails to a mail server: one `Mail` in, one `Delivery` out, many over one connection; no state.

Promise: no address can add a recipient or a command; a password stands in no message. Rules: an
answer 4xx is tried again, 5xx is refused for that recipient, faults of the connection are tried
again. What only a person can mend and would fail for every mail (a log-in that is refused, a server
without TLS or with a bad certificate, a sender that may not send) raises EngineError.

Standards: RFC 5321 (SMTP), 4954 (AUTH), 6531 (SMTPUTF8).
"""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from redumbrella.destinations.delivery import Delivery, shown_answer
from redumbrella.destinations.mail_message import Mail, data_lines, mail_bytes, unfit
from redumbrella.destinations.safe_address import tls_context
from redumbrella.errors import EngineError, said_by
from redumbrella.settings.mail import MailServer
from redumbrella.settings.mailboxes import Mailbox, read_mailbox

SECONDS = 30.0  # for each answer of the mail server
TAKING_SECONDS = 120.0  # for the last one; RFC 5321 4.5.3.2.6 would wait ten minutes
PAUSE_SECONDS = 30.0  # after a connection that failed, in which no other is tried
MENDING_SECONDS = 600.0  # the same after what only a person can mend
_TOO_LARGE = 552
_NO_LOGIN = frozenset([530, 534, 535, 538])


@dataclass
class MailConnection:
    """A mail server to send by: opened for the first mail, and again when it was dropped.

    Used as a context manager, by several threads if need be: one mail goes after the other.
    password: that of `server.password()`; None where nobody logs in.
    """

    server: MailServer
    password: str | None = field(default=None, repr=False)
    _smtp: smtplib.SMTP | None = field(default=None, init=False, repr=False)
    _failed: tuple[float, str] | None = field(default=None, init=False, repr=False)
    _for_all: tuple[float, EngineError] | None = field(default=None, init=False, repr=False)
    _turn: Lock = field(default_factory=Lock, init=False, repr=False)

    def __enter__(self) -> "MailConnection":
        return self

    def __exit__(self, *_: object) -> None:
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self._drop()

    def send(self, mail: Mail, at: int | None = None) -> Delivery:
        """Hands one mail to the server; `at` is its date, None for this moment.

        Raises EngineError for what concerns every mail: mail_login, mail_security, mail_sender.
        """
        to = read_mailbox(mail.to)
        if to is None:
            return Delivery("refused", "The address of the person is no e-mail address.")
        if wrong := unfit(mail):
            return Delivery("refused", wrong)
        content = mail_bytes(self.server, mail, to, at)
        with self._turn:  # the commands of two mails must not mix
            return self._over_open_connection(to, content)

    def _over_open_connection(self, to: Mailbox, content: bytes) -> Delivery:
        """Hands a mail over; once more where a connection that was open before fails."""
        for attempt in (1, 2):
            try:
                was_open = self._smtp is not None
                return self._handed_over(self._opened(), to, content)
            except (OSError, smtplib.SMTPException) as problem:
                self._drop()
                # A server may end a connection that was idle; that says nothing of this mail.
                if attempt == 2 or not was_open:
                    return Delivery("retry", self._fault(problem))
        raise AssertionError("unreachable")

    def _handed_over(self, smtp: smtplib.SMTP, to: Mailbox, content: bytes) -> Delivery:
        """The commands for one mail. Raises where the connection fails before its end is sent."""
        sender = self.server.from_
        options = [] if to.is_ascii and sender.is_ascii else ["SMTPUTF8", "BODY=8BITMIME"]
        if options and not smtp.has_extn("smtputf8"):
            said = "The mail server cannot send to addresses with letters beyond ASCII."
            return Delivery("refused", said)
        code, answer = smtp.mail(sender.address, options)
        if code != 250:
            return self._sender_refused(code, answer)
        code, answer = smtp.rcpt(to.address)
        if code in {250, 251}:
            code, answer = smtp.docmd("DATA")
            if code == 354:
                return self._sent(smtp, content)
        return self._turned_down(code, answer)

    def _sent(self, smtp: smtplib.SMTP, content: bytes) -> Delivery:
        """The content, and what the server says of it."""
        smtp.send(data_lines(content))
        try:
            if smtp.sock is not None:  # it may look into the mail before it takes it
                smtp.sock.settimeout(TAKING_SECONDS)
            code, answer = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(SECONDS)
        except (OSError, smtplib.SMTPException) as problem:
            self._drop()
            said = f"{self._fault(problem)} The mail may have arrived all the same."
            return Delivery("retry", said, in_doubt=True)
        if code != 250:
            return self._turned_down(code, answer)
        return Delivery("sent", f"The mail server took it: {self._shown(answer)}")

    def _turned_down(self, code: int, answer: bytes) -> Delivery:
        """What an answer that is no success means, with the connection ready for the next mail."""
        said = f"The mail server answered {code}: {self._shown(answer)}"
        if code in _NO_LOGIN:
            raise self._concerns_all(
                EngineError(
                    f"{said}. It wants a log-in: check user and password_env of [mail].",
                    reason="mail_login",
                )
            )
        if code == 421 or code < 400:  # it ends the connection, or has lost the thread
            self._drop()
        elif self._smtp is not None:
            try:
                self._smtp.rset()
            except (OSError, smtplib.SMTPException):
                self._drop()
        return Delivery("refused" if 500 <= code < 600 else "retry", said)

    def _sender_refused(self, code: int, answer: bytes) -> Delivery:
        delivery = self._turned_down(code, answer)
        if delivery.outcome == "refused" and code != _TOO_LARGE:
            sender = self.server.from_.address
            raise self._concerns_all(
                EngineError(
                    f"{delivery.said}. It does not let {sender} send: check from and user of "
                    "[mail].",
                    reason="mail_sender",
                )
            )
        return delivery

    def _opened(self) -> smtplib.SMTP:
        """The open connection, or a new one, logged in."""
        # A log-in that is refused again and again locks accounts.
        if self._for_all is not None and monotonic() - self._for_all[0] < MENDING_SECONDS:
            raise self._for_all[1]
        if self._smtp is not None:
            return self._smtp
        if self._failed is not None and monotonic() - self._failed[0] < PAUSE_SECONDS:
            raise OSError(self._failed[1])
        try:
            self._smtp = self._connected()
            self._smtp.ehlo_or_helo_if_needed()
            if self.server.user is not None:
                self._log_in(self._smtp, self.server.user)
        except ssl.SSLCertVerificationError as problem:
            raise self._concerns_all(
                EngineError(
                    f"The certificate of the mail server {self.server.server} is not valid: "
                    f"{problem.verify_message}. Check server of [mail]; one of your own authority "
                    "is trusted when SSL_CERT_FILE names its file.",
                    reason="mail_security",
                )
            ) from None
        except (OSError, smtplib.SMTPException) as problem:
            self._drop()
            self._failed = (monotonic(), self._why(problem))
            raise
        self._failed = self._for_all = None
        return self._smtp

    def _connected(self) -> smtplib.SMTP:
        server, name = self.server, self.server.from_.domain
        if server.security == "tls":
            return smtplib.SMTP_SSL(
                server.server, server.port, name, timeout=SECONDS, context=tls_context()
            )
        smtp = self._smtp = smtplib.SMTP(server.server, server.port, name, timeout=SECONDS)
        if server.security == "starttls":
            smtp.ehlo_or_helo_if_needed()
            if not smtp.has_extn("starttls"):
                raise self._concerns_all(
                    EngineError(
                        f"The mail server {server.server} offers no STARTTLS on port "
                        f'{server.port}, so nothing was sent. Use security = "tls" with port = '
                        "465, or ask who runs it.",
                        reason="mail_security",
                    )
                )
            smtp.starttls(context=tls_context())
        return smtp

    def _log_in(self, smtp: smtplib.SMTP, user: str) -> None:
        try:
            smtp.login(user, self.password or "")
            return
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPResponseException as refused:
            if 400 <= refused.smtp_code < 500:
                raise
            why = self._shown(refused.smtp_error)
        except smtplib.SMTPException:
            why = "it offers no log-in that is known here"
        except UnicodeError:
            why = "user and password must be ASCII"
        raise self._concerns_all(
            EngineError(
                f"The mail server {self.server.server} does not log {user} in: {why}. Check user "
                "and the variable that password_env of [mail] names.",
                reason="mail_login",
            )
        )

    def _concerns_all(self, problem: EngineError) -> EngineError:
        """The error of every mail for some minutes, in which the server is not asked again."""
        self._drop()
        self._for_all = (monotonic(), problem)
        return problem

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    def _shown(self, answer: str | bytes) -> str:
        return shown_answer(answer, self.password).removesuffix(".")

    def _why(self, problem: Exception) -> str:
        if isinstance(problem, smtplib.SMTPResponseException):
            return f"it answered {problem.smtp_code}: {self._shown(problem.smtp_error)}"
        return self._shown(said_by(problem) if isinstance(problem, OSError) else str(problem))

    def _fault(self, problem: Exception) -> str:
        place = f"{self.server.server}:{self.server.port}"
        return f"The mail server {place} did not serve: {self._why(problem)}."
