"""Mails as bytes: a `Mail` and the settings of the mail server in, what goes over SMTP out.

Promise: no name, subject or text can add a header or a recipient, or end the mail; all is ASCII in
lines of less than 998 characters, whatever the texts hold (only an address beyond ASCII is not).

Standards: RFC 5322 and 2047 (headers), 2369 and 8058 (one-click unsubscribing). Headers are written
here: `email.policy.SMTP` of Python 3.11 encodes a long List-Unsubscribe into something that no
mailbox reads, and takes the quotes from names.
"""

import re
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formatdate

from redumbrella.clock import to_datetime
from redumbrella.settings.mail import MailServer
from redumbrella.settings.mailboxes import Mailbox, one_line

_LINE = 76
_LONGEST_NAME = 200
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")
_LINK = re.compile(r"https?://[!-;=?-~]{1,800}")
_POLICY = compat32.clone(linesep="\r\n", max_line_length=None)
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP


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


def mail_bytes(server: MailServer, mail: Mail, to: Mailbox, at: int | None = None) -> bytes:
    """The whole mail as it goes over the connection, with the headers of the server's settings."""
    message: MIMENonMultipart | MIMEMultipart = _part("plain", mail.text)
    if mail.html is not None:
        parts = [message, _part("html", mail.html)]
        message = MIMEMultipart("alternative", _subparts=parts, policy=_POLICY)
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


def unfit(mail: Mail) -> str:
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


def _part(kind: str, text: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", kind, policy=_POLICY)
    part.set_payload(_whole_letters(text), _UTF8)
    return part


def _whole_letters(text: str) -> str:
    """The text without halves of letters (lone surrogates), which no encoding can write."""
    return text.encode("utf-8", "replace").decode()


def data_lines(content: bytes) -> bytes:
    """The content as DATA takes it: CRLF alone ends lines, and no line is a lone dot."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"
