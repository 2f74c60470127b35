"""The rules of automations in use: those of umbrella.toml and those made on the page.

A rule of the file counts as it stands there; a page cannot change it. Where both have one of the
same name, the file's counts. Rules are off until somebody switches them on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from redumbrella.errors import NotFoundError, SettingsError, nearest
from redumbrella.settings.automations import Automation, automation_of
from redumbrella.settings.settings import Settings
from redumbrella.state.rules import FILE, PAGE, newest_rules, rule_switches


@dataclass(frozen=True)
class RuleInUse:
    """A rule in use. version: 0 of one of the file that nothing has read yet. broken: why it
    cannot be understood any more; it is off then.
    """

    automation: Automation
    origin: str
    version: int
    is_on: bool
    since: int
    looked_until: int
    said: str = ""


def rules_in_use(settings: Settings, connection: Connection) -> list[RuleInUse]:
    """All rules, in the order in which they win: those of the file first, then by name."""
    switches = rule_switches(connection)
    stored = {row["name"]: row for row in newest_rules(connection)}
    rules = [
        _rule(one, FILE, _version(stored.get(one.name), one), switches)
        for one in settings.automations
    ]
    known = {one.name.casefold() for one in settings.automations}
    for name, row in stored.items():
        if row["origin"] == PAGE and name.casefold() not in known:
            try:
                found = automation_of(row["content"])
            except SettingsError:  # made by a version that knew more
                continue
            rules.append(_rule(found, PAGE, row["version"], switches))
    return rules


def rules_for_reps(settings: Settings, connection: Connection) -> list[str]:
    """The names of the rules whose mails go to reps: about a person, but no contact with it."""
    rules = (rule.automation for rule in rules_in_use(settings, connection))
    return [rule.name for rule in rules if rule.action.is_to_rep]


def rule_named(settings: Settings, connection: Connection, name: str) -> RuleInUse:
    """The rule of a name. Raises NotFoundError with the nearest one."""
    rules = rules_in_use(settings, connection)
    for rule in rules:
        if rule.automation.name.casefold() == name.strip().casefold():
            return rule
    names = [rule.automation.name for rule in rules]
    known = f"There are: {', '.join(names)}." if names else "There is none yet."
    message = f'There is no automation "{name}". {known}{nearest(name, names)}'
    raise NotFoundError(message, reason="unknown_automation")


def _version(row: Mapping[str, Any] | None, one: Automation) -> int:
    same = row is not None and row["origin"] == FILE and row["content"] == dict(one.content)
    return int(row["version"]) if row is not None and same else 0


def _rule(
    found: Automation, origin: str, version: int, switches: Mapping[str, Mapping[str, Any]]
) -> RuleInUse:
    switch = switches.get(found.name)
    if switch is None:
        return RuleInUse(found, origin, version, False, 0, 0)
    return RuleInUse(
        found, origin, version, bool(switch["is_on"]), switch["since"], switch["looked_until"],
        switch["said"],
    )  # fmt: skip
