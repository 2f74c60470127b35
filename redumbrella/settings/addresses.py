"""Addresses of databases: is one that can be read only in one way?

A driver that takes a badly written address apart elsewhere than its author did would show a piece
of the password as the name of the host. Such an address is refused before a driver sees it.
"""

import re

from redumbrella.masking import shown_address

POSTGRESQL = ("postgresql://", "postgres://")
_LARGEST_PORT = 65_535
_FORM = re.compile(
    r"[a-z]+://(?:[^:@/?#\s]*(?::[^@]*)?@)?"
    r"(?:\[[0-9a-f:.%]+\]|[^\[\]@/:?#\s]*)(?::(?P<port>[^@/?#\s]*))?"
    r"(?:/[^@?#\s]*)?(?:\?[^@#\s]*)?",
    re.IGNORECASE,
)
_WRITTEN = (
    "Expected postgresql://user@host:5432/database. In the user and the password write @ as %40, "
    ": as %3A, / as %2F, ? as %3F, # as %23, % as %25 and a blank as %20."
)


def address_problem(url: str) -> str:
    """What is wrong with the address of a PostgreSQL database, without its password; '' if nothing.

    Its scheme is one of POSTGRESQL.
    """
    found = None if re.search(r"[\x00-\x1f\x7f]", url) else _FORM.fullmatch(url)
    if found is None:
        return f'"{shown_address(url)}" is no database address. {_WRITTEN}'
    port = found["port"]
    is_port = port is None or (port.isascii() and port.isdigit() and len(port) <= 5)
    if not is_port or (port is not None and not 0 < int(port) <= _LARGEST_PORT):
        return f'"{shown_address(url)}": the port must be a number from 1 to 65535. {_WRITTEN}'
    return ""
