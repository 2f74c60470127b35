"""Mails to a mail server: one `Mail` in, one `Delivery` out, many over one connection; no state.

Promise: no name, subject or address can add a header, a recipient or a command; what goes over
the connection is ASCII in short lines, whatever the texts hold; a password stands in no message.
Rules: an answer 4xx is tried again, 5xx is refused for that recipient, faults of the connection are
tried again. What only a person can mend and would fail for every mail (a log-in that is refused, a
server without TLS or with a bad certificate, a sender that may not send) raises EngineError.

Standards: RFC 5321 (SMTP), 5322 and 2047 (headers), 2369 and 8058 (one-click unsubscribing), 6531
(SMTPUTF8). Headers are written here: `email.policy.SMTP` of Python 3.11 encodes a long
List-Unsubscribe into something that no mailbox reads, and takes the quotes from names.
"""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formatdate
from time import monotonic

from redumbrella.clock import to_datetime
from redumbrella.destinations.delivery import Delivery, shown_answer
from redumbrella.destinations.safe_address import tls_context
from redumbrella.errors import EngineError, said_by
from redumbrella.settings.mail import MailServer
from redumbrella.settings.mailboxes import Mailbox, one_line, read_mailbox

SECONDS = 30.0  # for each answer of the mail server
PAUSE_SECONDS = 30.0  # after a connection that failed, in which no other is tried
_LINE = 76
_LONGEST_NAME = 200
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")
_LINK = re.compile(r"https?://[!-;=?-~]{1,800}")
_POLICY = compat32.clone(linesep="\r\n", max_line_length=None)
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_TOO_LARGE = 552
_NO_LOGIN = frozenset([530, 534, 535, 538])


@dataclass(frozen=True)
class Mail:
    """One mail to one person.

    message_id: "<…@…>", given by the caller, the same on every try. to: an address, with or
    without a name. html: the same in HTML; None for text alone. unsubscribe_url: where one click
    (POST) or a visit ends such mails; None without.
    """

    message_id: str
    to: str
    subject: str
    text: str
    html: str | None = None
    unsubscribe_url: str | None = None


@dataclass
class MailConnection:
    """A mail server to send by: opened for the first mail, and again when it was dropped.

    Used as a context manager. password: that of `server.password()`; None where nobody logs in.
    """

    server: MailServer
    password: str | None = field(default=None, repr=False)
    _smtp: smtplib.SMTP | None = field(default=None, init=False, repr=False)
    _failed: tuple[float, str] | None = field(default=None, init=False, repr=False)
    _for_all: EngineError | None = field(default=None, init=False, repr=False)

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
        if problem := _unfit(mail):
            return Delivery("refused", problem)
        content = mail_bytes(self.server, mail, to, at)
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
        """The commands for one mail. Raises where the connection fails before it was handed over."""
        sender = self.server.from_
        options = [] if to.is_ascii and sender.is_ascii else ["SMTPUTF8", "BODY=8BITMIME"]
        if options and not smtp.has_extn("smtputf8"):
            said = "The mail server cannot send to addresses with letters beyond ASCII."
            return Delivery("refused", said)
        code, answer = smtp.mail(sender.address, options)
        if code != 250:
            return self._sender_refused(code, answer)
        code, answer = smtp.rcpt(to.address)
        if code not in {250, 251}:
            return self._turned_down(code, answer)
        code, answer = smtp.docmd("DATA")
        if code != 354:
            return self._turned_down(code, answer)
        smtp.send(_dotted(content))
        try:
            code, answer = smtp.getreply()
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
                f"{said} It wants a log-in: check user and password_env of [mail].", "mail_login"
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
                f"{delivery.said} It does not let {sender} send: check from and user of [mail].",
                "mail_sender",
            )
        return delivery

    def _opened(self) -> smtplib.SMTP:
        """The open connection, or a new one, logged in."""
        if self._for_all is not None:  # a log-in that is refused again and again locks accounts
            raise self._for_all
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
                f"The certificate of the mail server {self.server.server} is not valid: "
                f"{problem.verify_message}. Check server of [mail]; one of your own authority is "
                "trusted when SSL_CERT_FILE names its file.",
                "mail_security",
            ) from None
        except (OSError, smtplib.SMTPException) as problem:
            self._drop()
            self._failed = (monotonic(), self._why(problem))
            raise
        self._failed = None
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
                    f"The mail server {server.server} offers no STARTTLS on port {server.port}, so "
                    'nothing was sent. Use security = "tls" with port = 465, or ask who runs it.',
                    "mail_security",
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
            f"The mail server {self.server.server} does not log {user} in: {why}. Check user and "
            "the variable that password_env of [mail] names.",
            "mail_login",
        )

    def _concerns_all(self, message: str, reason: str) -> EngineError:
        """The error of every mail of this connection, from now on without asking the server."""
        self._drop()
        self._for_all = EngineError(message, reason=reason)
        return self._for_all

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


def mail_bytes(server: MailServer, mail: Mail, to: Mailbox, at: int | None = None) -> bytes:
    """The whole mail as it goes over the connection, with the headers of the server's settings."""
    text = MIMEText(_whole_letters(mail.text), "plain", _UTF8, policy=_POLICY)
    message: MIMEText | MIMEMultipart = text
    if mail.html is not None:
        html = MIMEText(_whole_letters(mail.html), "html", _UTF8, policy=_POLICY)
        message = MIMEMultipart("alternative", _subparts=[text, html], policy=_POLICY)
    headers = {
        "Date": formatdate(usegmt=True) if at is None else format_datetime(to_datetime(at)),
        "From": _address_header("From", server.from_),
        "To": _address_header("To", to),
        "Message-ID": mail.message_id,
        "Subject": _encoded("Subject", one_line(mail.subject)),
    }
    if server.reply_to is not None:
        headers["Reply-To"] = _address_header("Reply-To", server.reply_to)
    if mail.unsubscribe_url is not None:
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        if mail.unsubscribe_url.startswith("https://"):  # RFC 8058: one click is for https alone
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Written by hand in front of the rest: a generator would fold and encode them once more.
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return lines.encode() + message.as_bytes()


def _unfit(mail: Mail) -> str:
    """What is wrong with what the caller gave, '' if nothing."""
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        return "The Message-ID of the mail is none: expected <…@…> in ASCII without blanks."
    if mail.unsubscribe_url is not None and not _LINK.fullmatch(mail.unsubscribe_url):
        return "The address for unsubscribing is none: expected https://… in ASCII without blanks."
    return ""


def _address_header(header: str, mailbox: Mailbox) -> str:
    """A name that is quoted or encoded, so that nothing in it counts, and the address."""
    name = one_line(mailbox.name)[:_LONGEST_NAME]
    if not name:
        return mailbox.address
    if name.isascii() and "=?" not in name:  # some read encoded words within quotes too
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"\r\n <{mailbox.address}>'
    return f"{_encoded(header, name)}\r\n <{mailbox.address}>"


def _encoded(header: str, text: str) -> str:
    """A text as the value of a header: encoded words in lines of 76 where it is not plain ASCII."""
    is_plain = text.isascii() and "=?" not in text and len(header) + 2 + len(text) <= _LINE
    charset = "us-ascii" if is_plain else "utf-8"
    return Header(text, charset, maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def _whole_letters(text: str) -> str:
    """The text without halves of letters (lone surrogates), which no encoding can write."""
    return text.encode("utf-8", "replace").decode()


def _dotted(content: bytes) -> bytes:
    """The content as DATA takes it: CRLF alone ends lines, and no line is a lone dot."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"
