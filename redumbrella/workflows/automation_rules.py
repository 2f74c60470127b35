"""Rules of automations: made, changed, switched on and off, removed; and the stop of all."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from redumbrella.access.acting import acting
from redumbrella.clock import now
from redumbrella.errors import ConflictError
from redumbrella.settings.automations import automation_of
from redumbrella.settings.settings import Settings
from redumbrella.state.audit import note
from redumbrella.state.outbox import cancel_actions
from redumbrella.state.rules import (
    FILE,
    PAGE,
    add_rule_version,
    newest_rules,
    resume_outreach,
    rule_switches,
    stop_outreach,
    switch_rule,
)
from redumbrella.views.rules import RuleInUse, rule_named
from redumbrella.workspace import Workspace


def note_file_rules(workspace: Workspace, connection: Connection, at: int) -> None:
    """Keeps the rules of the file as versions, also that one is gone from it."""
    names = set()
    for one in workspace.settings.automations:
        names.add(one.name)
        add_rule_version(connection, one.name, one.content, FILE, at, "umbrella.toml")
    for row in newest_rules(connection):
        if row["origin"] == FILE and row["name"] not in names:
            add_rule_version(connection, row["name"], row["content"], FILE, at, "umbrella.toml",
                             is_removed=True)  # fmt: skip


def switch_automation(workspace: Workspace, name: str, *, is_on: bool) -> RuleInUse:
    """Switches a rule on or off; off, what it has planned is cancelled."""
    workspace.state.bring_up_to_date()
    at = now()
    with workspace.state.writing() as connection:
        note_file_rules(workspace, connection, at)
        rule = rule_named(workspace.settings, connection, name)
        name = rule.automation.name
        switch_rule(connection, name, at, acting().name, is_on=is_on)
        cancelled = 0
        if not is_on:
            cancelled = cancel_actions(connection, at, "the rule was switched off", rule=name)
        told = "on" if is_on else f"off; {cancelled} planned actions cancelled"
        note(connection, at, acting(), "automation", name, told)
        return rule_named(workspace.settings, connection, name)


def save_automation(workspace: Workspace, content: Mapping[str, Any]) -> RuleInUse:
    """Makes a rule, or a newer version of one that was made here; it is off at first.

    Raises SettingsError where it cannot be understood, ConflictError for a rule of the file.
    """
    workspace.state.bring_up_to_date()
    found = automation_of(content)
    at = now()
    with workspace.state.writing() as connection:
        _refuse_file_rule(workspace.settings, found.name)
        version = add_rule_version(connection, found.name, content, PAGE, at, acting().name)
        if found.name not in rule_switches(connection):
            switch_rule(connection, found.name, at, acting().name, is_on=False)
        note(connection, at, acting(), "automation", found.name, f"version {version}")
        return rule_named(workspace.settings, connection, found.name)


def remove_automation(workspace: Workspace, name: str) -> None:
    """Removes a rule that was made on the page; its versions and actions stay on record."""
    at = now()
    with workspace.state.writing() as connection:
        rule = rule_named(workspace.settings, connection, name)
        name = rule.automation.name
        _refuse_file_rule(workspace.settings, name)
        content = rule.automation.content
        add_rule_version(connection, name, content, PAGE, at, acting().name, is_removed=True)
        switch_rule(connection, name, at, acting().name, is_on=False)
        cancel_actions(connection, at, "the rule was removed", rule=name)
        note(connection, at, acting(), "automation", name, "removed")


def stop_automations(workspace: Workspace, *, is_stopped: bool) -> None:
    """Stops all automations, or lets them go on: nothing is planned or sent in between."""
    workspace.state.bring_up_to_date()
    at = now()
    with workspace.state.writing() as connection:
        if is_stopped:
            stop_outreach(connection, at, acting().name)
        else:
            resume_outreach(connection)
        told = "all stopped" if is_stopped else "all go on"
        note(connection, at, acting(), "automation", "all", told)


def _refuse_file_rule(settings: Settings, name: str) -> None:
    if name.casefold() in {one.name.casefold() for one in settings.automations}:
        raise ConflictError(
            f'The rule "{name}" stands in umbrella.toml: change it there, or give this one another '
            "name.",
            reason="rule_of_file",
        )
