"""The rules of automations as they were and are: every version, and which of them are on.

A rule stands in umbrella.toml or was made on the page; either way each content that it ever had is
a version here, so that an action can be traced to the words that brought it about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from redumbrella.state.bulk import mappings
from redumbrella.state.metadata import metadata

FILE, PAGE = "file", "page"

automation_versions = Table(
    "automation_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),  # from 1
    Column("content", Text, nullable=False),  # as umbrella.toml has it, JSON
    Column("origin", String, nullable=False),  # file or page
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", String, nullable=False),
    Column("is_removed", Boolean, nullable=False),
    Index("automation_versions_by_name", "name", "version", unique=True),
)

# Which rules are on, and up to where each has looked.
automation_switches = Table(
    "automation_switches",
    metadata,
    Column("name", String, primary_key=True),
    Column("is_on", Boolean, nullable=False),
    Column("since", BigInteger, nullable=False),  # what came before fires nothing
    Column("looked_until", BigInteger, nullable=False),
    Column("said", Text, nullable=False),  # why it is off, or what has to be known
    Column("set_by", String, nullable=False),
)

# One row: whether all automations are stopped.
outreach_stop = Table(
    "outreach_stop",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stopped_at", BigInteger, nullable=False),
    Column("stopped_by", String, nullable=False),
)


def newest_rules(connection: Connection) -> list[dict[str, Any]]:
    """The newest version of every rule that was not removed, `content` as a mapping, by name."""
    newest = (
        select(automation_versions.c.name, func.max(automation_versions.c.version).label("version"))
        .group_by(automation_versions.c.name)
        .subquery()
    )
    query = select(automation_versions).join(
        newest,
        (newest.c.name == automation_versions.c.name)
        & (newest.c.version == automation_versions.c.version),
    )
    found = mappings(connection, query.order_by(automation_versions.c.name))
    return [_read(row) for row in found if not row["is_removed"]]


def versions_of_rule(connection: Connection, name: str) -> list[dict[str, Any]]:
    """Every version of a rule, newest first."""
    own = select(automation_versions).where(automation_versions.c.name == name)
    found = mappings(connection, own.order_by(automation_versions.c.version.desc()))
    return [_read(row) for row in found]


def add_rule_version(
    connection: Connection,
    name: str,
    content: Mapping[str, Any],
    origin: str,
    at: int,
    by: str,
    *,
    is_removed: bool = False,
) -> int:
    """Adds a version where the newest one differs; returns the number of the newest."""
    before = versions_of_rule(connection, name)
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()
    if before:
        same = orjson.dumps(before[0]["content"], option=orjson.OPT_SORT_KEYS).decode() == text
        if same and before[0]["is_removed"] == is_removed and before[0]["origin"] == origin:
            return int(before[0]["version"])
    version = int(before[0]["version"]) + 1 if before else 1
    row = {"name": name, "version": version, "content": text, "origin": origin, "made_at": at,
           "made_by": by, "is_removed": is_removed}  # fmt: skip
    connection.execute(insert(automation_versions).values(**row))
    return version


def rule_switches(connection: Connection) -> dict[str, dict[str, Any]]:
    """By name whether a rule was switched on or off, since when, up to where it has looked."""
    return {row["name"]: row for row in mappings(connection, select(automation_switches))}


def switch_rule(
    connection: Connection, name: str, at: int, by: str, *, is_on: bool, said: str = ""
) -> None:
    """Switches a rule on or off; one that is switched on begins with what comes from now on."""
    before = rule_switches(connection).get(name)
    values: dict[str, Any] = {"is_on": is_on, "set_by": by, "said": said}
    if before is None:
        row = {"name": name, "since": at, "looked_until": at, **values}
        connection.execute(insert(automation_switches).values(**row))
        return
    if is_on and not before["is_on"]:
        values |= {"since": at, "looked_until": at}
    own = automation_switches.c.name == name
    connection.execute(update(automation_switches).where(own).values(**values))


def note_looked(connection: Connection, name: str, until: int) -> None:
    """Notes up to where a rule has looked."""
    own = automation_switches.c.name == name
    connection.execute(update(automation_switches).where(own).values(looked_until=until))


def stop_outreach(connection: Connection, at: int, by: str) -> None:
    """Stops all automations: nothing is planned or sent until they go on."""
    if stopped(connection) is None:
        row = {"id": 1, "stopped_at": at, "stopped_by": by}
        connection.execute(insert(outreach_stop).values(**row))


def resume_outreach(connection: Connection) -> None:
    """Lets automations go on."""
    connection.execute(delete(outreach_stop))


def stopped(connection: Connection) -> dict[str, Any] | None:
    """When and by whom all automations were stopped; None while they go on."""
    found = mappings(connection, select(outreach_stop))
    return found[0] if found else None


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"content": orjson.loads(row["content"])}
