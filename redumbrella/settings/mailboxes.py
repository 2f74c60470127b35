"""Mailboxes: "Ana Sousa <ana@example.com>" comes in, a name and one address come out.

Promise: what is given back is one address, never a list of them, and holds no character that could
end a header or a command of SMTP. Addresses with quotes or comments, which RFC 5322 allows and
nobody has, are not taken.
"""

import re
import unicodedata
from dataclasses import dataclass

_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>", re.DOTALL)
_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\\\]]{1,64}")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_LONGEST = 254  # RFC 5321 4.5.3.1.3, less the angle brackets


@dataclass(frozen=True)
class Mailbox:
    """One address, and the name that people read with it; "" for none."""

    name: str
    local: str
    domain: str

    @property
    def address(self) -> str:
        """The address as SMTP takes it: the domain in ASCII (IDNA)."""
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether it can be mailed to without SMTPUTF8."""
        return self.local.isascii()


def read_mailbox(text: str) -> Mailbox | None:
    """The mailbox in a text with or without a name; None where there is not exactly one."""
    found = _NAMED.fullmatch(text.strip())
    name, address = (found["name"], found["address"]) if found else ("", text)
    local, at, domain = address.strip().rpartition("@")
    in_ascii = ascii_host(domain)
    if not at or in_ascii is None or not _is_local(local):
        return None
    if len(f"{local}@{in_ascii}".encode()) > _LONGEST:
        return None
    return Mailbox(one_line(name).strip('"').strip(), local, in_ascii)


def ascii_host(host: str) -> str | None:
    """The name of a host in ASCII, small letters (IDNA); None where it is none."""
    try:
        name = host.encode("idna").decode("ascii") if host.isprintable() else ""
    except UnicodeError:  # an empty or overlong part, or a letter that no name may have
        return None
    is_name = bool(name) and all(_LABEL.fullmatch(label) for label in name.split("."))
    return name.lower() if is_name and len(name) <= 253 else None


def one_line(text: str) -> str:
    """The text on one line: what breaks or steers becomes a blank, what hides is left out."""
    return " ".join("".join(map(_plain_letter, text)).split())


def _plain_letter(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind == "Cf":  # turns the order round, or is not seen; the joiners belong to scripts
        return letter if letter in "\u200c\u200d" else ""
    # Cc steers, Cs is half a letter, Zl and Zp break lines.
    return " " if kind in {"Cc", "Cs", "Zl", "Zp"} else letter


def _is_local(local: str) -> bool:
    is_form = _LOCAL.fullmatch(local) is not None and local.isprintable()
    return is_form and not local.startswith(".") and not local.endswith(".") and ".." not in local
