"""Passwords taken out of texts: a text comes in, the same text with *** for each secret goes out.

Everything that is printed, logged or stored and may hold an address of a database passes through
here: every message of an error, what ended a run, the names of sources. Two readings:

    masked(text)            any text: what looks like a login or like password=… in it
    shown_address(value)    one value of the settings, of which all up to the last @ is the login,
                            for a password may hold blanks, quotes, / ? # and @ itself

Where in doubt, too much is hidden. Both leave alone what they hid before.
"""

import re
from urllib.parse import unquote

HIDDEN = "***"
_SCHEME = r"[a-z][a-z0-9+.\-]*:/{1,3}"
_LOGIN = re.compile(
    rf"""(?:(?<=["'])({_SCHEME})([^"'\n]*)@)|(?:({_SCHEME})([^\s<>]*)@)""", re.IGNORECASE
)
# Without a login, "user:secret" is read as a host and its port.
_PORT = re.compile(rf"""({_SCHEME}[^\s:/@?#\[\]"']+):([^\s/?#@"',;)]+)""", re.IGNORECASE)
_QUERY = re.compile(rf"""({_SCHEME}[^\s?"'<>]*\?)([^\s"'<>)]+)""", re.IGNORECASE)
_WORDS = (
    r"[\w.%-]*(?:password|passwd|passphrase|passfile|pwd|secret|token|api_?key|access_?key"
    r"|account_?key|odbc_connect)|pass|pw"
)
_QUOTED = r"""(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")"""
_KEY = re.compile(
    rf"""(?<![\w$])({_WORDS})(["']?\s*(?:=|%3d)\s*(?:{_QUOTED}|(?:\\.|[^\s&])+)"""
    rf"""|["']?(?:\s*:\s*|\s+){_QUOTED})""",
    re.IGNORECASE,
)
_CUT = re.compile(r"""["']?\s*(?:=|:|%3d)?\s*""", re.IGNORECASE)
# What an address may say after its question mark without telling a secret.
_PLAIN_KEYS = frozenset(
    [
        "application_name",
        "channel_binding",
        "client_encoding",
        "connect_timeout",
        "dbname",
        "gssencmode",
        "host",
        "hostaddr",
        "keepalives",
        "load_balance_hosts",
        "mode",
        "port",
        "require_auth",
        "service",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
        "timeout",
        "user",
    ]
)
_MOST_PORT = 65_535


def masked(text: str, *addresses: str) -> str:
    """The text without passwords; `addresses` are those whose parts a driver may quote in it."""
    for secret in sorted({s for one in addresses for s in _secrets(one)}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    if "/" in text:
        text = _PORT.sub(_port, _LOGIN.sub(_login, text))
        text = _QUERY.sub(lambda match: match[1] + _shown_query(match[2]), text)
    return _KEY.sub(_pair, text)


def shown_address(value: str) -> str:
    """A value of the settings as messages and names show it: an address without its password.

    postgresql://me:secret@host:5432/shop?sslmode=require is shown with *** for the secret. A text
    that is no address stays as it is.
    """
    scheme, divider, rest = value.partition("://")
    if not divider:
        scheme, divider, rest = re.match(r"(?s)((?:[a-z][\w+.\-]*:/)?)()(.*)", value, re.I).groups()  # type: ignore[union-attr]
    login, at, place = rest.rpartition("@")
    if at and _has_password(login):
        rest = f"{_user(login) if divider else HIDDEN}@{place}"
    found = _KEY.search(rest)
    if not divider:
        # A list of keys and values, maybe badly quoted: nothing after the first secret is safe.
        rest = f"{rest[: found.start()]}{found[1]}={HIDDEN} …" if found else rest
        return masked(scheme + rest)
    if at or "?" in rest or "#" in rest:
        head, _, query = rest.partition("?")
        head = head.partition("#")[0] if not at else head.replace("#", "%23")
        rest = head + (f"?{_shown_query(query)}" if query else "")
    return masked(f"{scheme}{divider}{rest}")


def _user(login: str) -> str:
    """The login with *** for the password; a user whose name looks odd is hidden too."""
    user = login.partition(":")[0]
    odd = re.search(r"[\s/?#\"']|%3a", user, re.IGNORECASE)
    return HIDDEN if odd else f"{user}:{HIDDEN}"


def _has_password(login: str) -> bool:
    return ":" in login or "%3a" in login.lower()


def _shown_query(query: str) -> str:
    shown = []
    for pair in query.partition("#")[0].split("&"):
        key, equals, value = pair.partition("=")
        known = unquote(key).lower() in _PLAIN_KEYS
        shown.append(f"{key}={value if known else HIDDEN}" if equals else HIDDEN)
    return "&".join(shown)


def _secrets(address: str) -> set[str]:
    """The password of an address and the values of its keys, as written and decoded."""
    login = address.partition("://")[2].rpartition("@")[0]
    found = {login.partition(":")[2]}
    for pair in address.partition("?")[2].split("&"):
        key, _, value = pair.partition("=")
        if unquote(key).lower() not in _PLAIN_KEYS:
            found.add(value)
    both = found | {unquote(one) for one in found}
    return {one for one in both if one and one != HIDDEN}


def _login(match: re.Match[str]) -> str:
    scheme, login = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f"{scheme}{_user(login) if _has_password(login) else login}@"


def _port(match: re.Match[str]) -> str:
    port = match[2].rstrip(".")
    is_port = port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _MOST_PORT
    return match[0] if is_port else f"{match[1]}:{HIDDEN}"


def _pair(match: re.Match[str]) -> str:
    between = _CUT.match(match[2])
    assert between is not None
    return f"{match[1]}{between[0]}{HIDDEN}"
