"""`umbrella key`: API keys of programs that use the server: add, list, revoke."""

from dataclasses import asdict
from pathlib import Path

import click

from redumbrella.access.roles import SCOPES
from redumbrella.cli.terminal import json_option, print_json, say, workspace_option
from redumbrella.cli.text import console, plain_table
from redumbrella.figures import moment
from redumbrella.views.access import list_keys
from redumbrella.workflows.manage_access import add_key, revoke_key
from redumbrella.workspace import open_workspace


@click.group("key")
def command() -> None:
    """API keys of programs: add, list, revoke.

    A program sends its key with each request: Authorization: Bearer KEY.
    """


@command.command("add")
@workspace_option
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(list(SCOPES)), multiple=True, required=True,
              help="What it may: read, write (outcomes, settings) or track (send events); can be "
                   "repeated.")  # fmt: skip
@json_option
def add(workspace: Path, *, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a key and print it: this once, for it is kept nowhere."""
    key, whole = add_key(open_workspace(workspace), name, scopes)
    if as_json:
        print_json({**asdict(key), "key": whole})
        return
    # The key alone on standard output, so that a script can take it.
    say(f"The key {key.id} of {key.name}, shown this once; copy it now:", err=True)
    say(whole)


@command.command("list")
@workspace_option
@json_option
def list_all(workspace: Path, *, as_json: bool) -> None:
    """Show the keys that were made, never the keys themselves."""
    opened = open_workspace(workspace)
    found = list_keys(opened)
    if as_json:
        print_json(found)
        return
    if not found:
        say("There are no keys. Make one: umbrella key add NAME --scope read")
        return
    table = plain_table()
    for heading in ("Id", "Name", "Scopes", "Made", "By", "Revoked"):
        table.add_column(heading, overflow="fold")
    zone = opened.settings.timezone
    for key in found:
        ended = "" if key.revoked_at is None else moment(key.revoked_at, zone)
        made = moment(key.created_at, zone)
        table.add_row(key.id, key.name, ", ".join(key.scopes), made, key.created_by, ended)
    console().print(table)


@command.command("revoke")
@workspace_option
@click.argument("key", metavar="ID")
@json_option
def revoke(workspace: Path, *, key: str, as_json: bool) -> None:
    """End the key with this id, as `umbrella key list` shows it, for good."""
    found = revoke_key(open_workspace(workspace), key)
    if as_json:
        print_json(found)
    else:
        say(f"The key {found.id} of {found.name} is revoked.")
